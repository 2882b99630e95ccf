//! The recipes in README: their YAML can be read, and their commands do what is said, with stand-ins
//! for what is not here.

use std::path::Path;
use std::process::Command;

use saphyr::{LoadableYamlNode, Yaml};

use super::catalogue;
use super::nginx::Nginx;
use super::server::Moto;

/// The blocks of one language in the recipes.
fn blocks(language: &str) -> Vec<String> {
    let readme = include_str!("../../../README.md");
    let (_, after) = readme.split_once("### Recipes\n").expect("recipes");
    let (recipes, _) = after.split_once("\n## ").expect("something after them");
    let fence = format!("```{language}\n");
    let parts = recipes.split(&*fence).skip(1);
    parts.filter_map(|part| part.split_once("```")).map(|(block, _)| block.to_owned()).collect()
}

/// Every `run` and `script` in a document, in order.
fn commands(node: &Yaml<'_>, found: &mut Vec<String>) {
    if let Some(mapping) = node.as_mapping() {
        for (key, value) in mapping {
            match (key.as_str(), value.as_str(), value.as_vec()) {
                (Some("run"), Some(command), _) => found.push(command.to_owned()),
                (Some("script"), _, Some(list)) => {
                    found.extend(list.iter().filter_map(Yaml::as_str).map(str::to_owned))
                }
                _ => commands(value, found),
            }
        }
    }
    for item in node.as_vec().into_iter().flatten() {
        commands(item, found);
    }
}

/// A shell in which `lifthill` is the program under test.
fn shell(command: &str, folder: &Path) -> Command {
    let program = Path::new(env!("CARGO_BIN_EXE_lifthill")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = Command::new("sh");
    shell.args(["-ec", command]).current_dir(folder).env("PATH", path);
    shell.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "not-a-key-at-all");
    shell
}

#[track_caller]
fn runs(command: &str, folder: &Path) {
    let summary = folder.join("../summary.md");
    let done = shell(command, folder).env("GITHUB_STEP_SUMMARY", summary).output().expect("a shell");
    assert!(done.status.success(), "{command}: {}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn ci_files_can_be_read_and_their_commands_run() {
    let moto = Moto::start();
    let site = catalogue();
    let pages = site.outside().join("pages");
    let settings = format!(
        "base_url = 'https://parks.example'\n[publish.live]\nto = 's3://site/www'\nendpoint = '{}'\nregion = 'us-east-1'\n{}",
        moto.address,
        blocks("toml").concat().replace("/tmp/site", &pages.display().to_string())
    );
    site.write("lifthill.toml", settings);
    let mut all = Vec::new();
    let files = blocks("yaml");
    for text in &files {
        let documents = Yaml::load_from_str(text).unwrap_or_else(|error| panic!("{error}:\n{text}"));
        let before = all.len();
        documents.iter().for_each(|document| commands(document, &mut all));
        assert!(all.len() > before, "no command in\n{text}");
    }
    assert_eq!(files.len(), 3, "GitHub to S3, GitLab, GitHub Pages");
    for command in &all {
        assert!(command.starts_with("lifthill "), "{command}");
        runs(command, &site.path(""));
    }
    let summary = std::fs::read_to_string(site.outside().join("summary.md")).expect("a summary");
    assert!(summary.contains("### Site changes"), "{summary}");
    assert_eq!(moto.request("HEAD", "/site/www/index.html", &[]).0, 200);
    for file in ["index.html", "404.html", "parks/efteling/index.html"] {
        assert!(pages.join("current").join(file).is_file(), "{file} is in the folder for GitHub");
    }
}

#[test]
fn a_folder_is_copied_to_a_host_release_by_release() {
    let site = catalogue();
    site.write("lifthill.toml", "base_url = 'https://parks.example'\n");
    let (here, there) = (site.outside().join("here"), site.outside().join("there"));
    std::fs::create_dir_all(&there).expect("the host's folder");
    let script = blocks("sh").concat();
    for words in ["lifthill publish file:///var/tmp/www", "web:/srv/www/", "--delete"] {
        assert!(script.contains(words), "{script}");
    }
    let script = script.replace("/var/tmp/www", &here.display().to_string());
    let script = script.replace("web:/srv/www", &there.display().to_string());
    let nginx = Nginx::start(&there.join("current"), &site.outside().join("nginx"));
    runs(&script, &site.path(""));
    let page = "/parks/efteling/rides/ride-3/";
    let (status, first, body) = nginx.get(page, None);
    assert!(status == 200 && body.contains("Ride 3 of efteling"), "{status}");
    site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of", "'Rode 3 of");
    runs(&script, &site.path(""));
    let (status, _, body) = nginx.get(page, Some(&first));
    assert!(status == 200 && body.contains("Rode 3 of efteling"), "{status}: the new page, not 304");
    let releases = |folder: &Path| std::fs::read_dir(folder.join("releases")).expect("releases").count();
    assert_eq!((releases(&here), releases(&there)), (2, 2));
}
