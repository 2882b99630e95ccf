//! What stands in the way of an output: whatever it is, the next build makes the site whole, loses nothing
//! that is somebody's, and fails only the page whose place somebody's folder holds.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use super::*;
use crate::site::Built;

const PAGE: &str = "output/parks/efteling/rides/baron-1898/index.html";

/// Puts something in the way of a built site, and builds: the site is whole again, which every build is
/// held to.
#[track_caller]
fn heals(what: &str, spoil: impl Fn(&Site)) -> (Site, Built) {
    let site = built();
    spoil(&site);
    eprintln!("{what}");
    let built = site.build();
    (site, built)
}

fn pipe(site: &Site, path: &str) {
    let made = Command::new("mkfifo").arg(site.path(path)).status();
    assert!(made.is_ok_and(|status| status.success()), "a pipe");
}

#[test]
fn an_empty_folder_where_a_file_belongs() {
    for file in [PAGE, "output/index.html", "output/robots.txt"] {
        heals(file, |site| {
            site.remove(file);
            fs::create_dir_all(site.path(file).join("and/below/it")).expect("a folder");
        });
    }
}

#[test]
fn what_is_no_file_where_a_file_belongs() {
    heals("a link to nowhere", |site| {
        site.remove(PAGE);
        symlink("nowhere", site.path(PAGE)).expect("a link");
    });
    let (site, _) = heals("a link to somebody's file", |site| {
        site.remove(PAGE);
        fs::write(site.outside().join("diary.txt"), "Dear diary").expect("a file");
        symlink(site.outside().join("diary.txt"), site.path(PAGE)).expect("a link");
    });
    assert_eq!(fs::read_to_string(site.outside().join("diary.txt")).expect("the file"), "Dear diary");
    heals("a pipe", |site| {
        site.remove(PAGE);
        pipe(site, PAGE);
    });
}

#[test]
fn a_file_where_a_folder_belongs_is_set_aside() {
    for (folder, name) in
        [("output/parks", "parks"), ("output/parks/efteling/rides", "rides"), ("output/assets", "assets")]
    {
        let (site, built) = heals(folder, |site| {
            site.remove(folder);
            site.write(folder, "somebody's text");
        });
        built.says(folder).says("stood where a folder of the site belongs");
        let aside = format!(".lifthill/aside/1-{name}");
        assert_eq!(fs::read_to_string(site.path(&aside)).expect("it lies aside"), "somebody's text");
    }
}

#[test]
fn a_link_where_a_folder_belongs_is_not_followed() {
    heals("to nowhere", |site| {
        site.remove("output/parks/efteling");
        symlink("nowhere", site.path("output/parks/efteling")).expect("a link");
    });
    for folder in ["output/parks", "output/parks/efteling/rides", "output/articles"] {
        // What it leads to is even as it was left.
        let (site, _) = heals(folder, |site| {
            fs::rename(site.path(folder), site.outside().join("elsewhere")).expect("a moved folder");
            symlink(site.outside().join("elsewhere"), site.path(folder)).expect("a link");
        });
        assert!(site.path(folder).symlink_metadata().expect("a folder").is_dir(), "{folder} is a folder again");
        assert!(site.outside().join("elsewhere").is_dir(), "what it led to stays");
    }
}

#[test]
fn a_pipe_where_a_folder_belongs() {
    heals("a pipe", |site| {
        site.remove("output/parks");
        pipe(site, "output/parks");
    });
    heals("a pipe for all", |site| {
        site.remove("output");
        pipe(site, "output");
    });
}

#[test]
fn a_file_in_place_of_all_output() {
    let (site, _) = heals("a file", |site| {
        site.remove("output");
        site.write("output", "somebody's");
    });
    assert_eq!(fs::read_to_string(site.path(".lifthill/aside/1-output")).expect("it lies aside"), "somebody's");
}

#[test]
fn a_folder_with_somebodys_files_fails_its_page_alone() {
    let site = built();
    site.remove(PAGE);
    site.write(&format!("{PAGE}/diary/today.txt"), "Dear diary");
    site.remove("output/index.html");
    site.edit(PYTHON, "name = ", "opened = 1981\nname = ");
    let failed = site.fails();
    failed.failed(1).exit(1).says(BARON_URL).says("diary/today.txt");
    assert!(site.page(PYTHON_URL).contains("1981"), "the others are made");
    assert!(site.has("/"), "and those that were missing");
    assert_eq!(fs::read_to_string(site.path(PAGE).join("diary/today.txt")).expect("it stays"), "Dear diary");
    site.remove(PAGE);
    site.build().rendered([BARON_URL]);
    // And where the page is to go, the folder stays.
    site.remove(PAGE);
    site.write(&format!("{PAGE}/foreign.txt"), "Dear diary");
    site.remove(BARON);
    site.build();
    assert_eq!(fs::read_to_string(site.path(PAGE).join("foreign.txt")).expect("it stays"), "Dear diary");
}

/// A build by somebody who is not root, whom no permission binds.
#[track_caller]
fn build_as_nobody(site: &Site) {
    let program = env!("CARGO_BIN_EXE_lifthill");
    let root = Command::new("id").arg("-u").output().expect("id").stdout.starts_with(b"0\n");
    let done = if root {
        let given = Command::new("chown").args(["-R", "nobody"]).arg(site.outside()).status();
        assert!(given.is_ok_and(|status| status.success()), "a site of nobody's");
        let nobody = ["--reuid=nobody", "--clear-groups", program, "build", "--root"];
        Command::new("setpriv").args(nobody).arg(site.path("")).output()
    } else {
        Command::new(program).args(["build", "--root"]).arg(site.path("")).output()
    };
    let done = done.expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_folder_that_may_not_be_written_to_is_made_usable() {
    let site = built();
    build_as_nobody(&site);
    let set =
        |path: &str, mode| fs::set_permissions(site.path(path), fs::Permissions::from_mode(mode)).expect("a mode");
    for (folder, mode) in [
        ("output/parks/efteling/rides/baron-1898", 0o555),
        ("output/parks/efteling/rides", 0o500),
        ("output/parks", 0o000),
        ("output", 0o555),
    ] {
        site.edit(BARON, "name = ", &format!("# {mode:o} {folder}\nname = "));
        site.edit(BARON, "Baron 1898", "Baron  1898");
        set(folder, mode);
        build_as_nobody(&site);
        let (_, expected) = site.build_elsewhere(&[]);
        let found = site.output().differences(&expected);
        assert!(found.is_empty(), "{folder} {mode:o}: {}", found.join("\n"));
        site.edit(BARON, "Baron  1898", "Baron 1898");
    }
}
