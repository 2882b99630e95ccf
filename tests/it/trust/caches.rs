//! What a CI machine restores between builds, in whole, in part or too old; and the same bytes
//! wherever and however a site is built.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::site::{Site, copy};
use crate::tree::Tree;

fn park() -> Site {
    let mut site =
        Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'").company("vekoma", "name = 'Vekoma'");
    for ride in 0..6 {
        let front = format!("name = 'Ride {ride}'\ncategory = 'other'\nmanufacturers = ['vekoma']\n+++\nProse {ride}.");
        site = site.ride(&format!("efteling/r-{ride}"), &front);
    }
    site
}

/// A fresh clone of a site: its inputs in another folder, with other times and inodes.
fn clone(of: &Site) -> Site {
    let site = Site::new();
    fs::remove_dir_all(site.path("")).expect("an empty site");
    copy(&of.path(""), &site.path(""), &["output", ".lifthill"]);
    site
}

/// What a CI machine restores: a copy, with new times.
fn restore(from: &Site, to: &Site, folder: &str) {
    copy(&from.path(folder), &to.path(folder), &[]);
}

#[test]
fn both_restored_onto_a_fresh_clone_renders_nothing() {
    let built = park();
    built.build();
    let site = clone(&built);
    restore(&built, &site, ".lifthill");
    restore(&built, &site, "output");
    site.build().rendered([]).wrote(0);
}

#[test]
fn only_the_state_restored_makes_the_files_again() {
    let built = park();
    built.build();
    let files = built.output().files().count();
    let site = clone(&built);
    restore(&built, &site, ".lifthill");
    site.build().wrote(files as u64);
}

#[test]
fn only_the_output_restored_writes_nothing() {
    let built = park();
    built.build();
    let site = clone(&built);
    restore(&built, &site, "output");
    site.build().wrote(0);
}

#[test]
fn only_an_older_output_restored_is_pruned_when_asked() {
    let built = park();
    built.build();
    let site = clone(&built);
    restore(&built, &site, "output");
    site.remove("content/parks/efteling/rides/r-3.md");
    site.run(&[]).exit(0);
    assert!(site.has("/parks/efteling/rides/r-3/"), "what is not known to be ours stays");
    site.remove(".lifthill");
    site.build_with(&["--prune"]);
    assert!(!site.has("/parks/efteling/rides/r-3/"));
}

#[test]
fn restored_from_an_older_commit() {
    let built = park();
    built.build();
    let site = clone(&built);
    restore(&built, &site, ".lifthill");
    restore(&built, &site, "output");
    site.remove("content/parks/efteling/rides/r-3.md");
    site.edit("content/parks/efteling/rides/r-1.md", "Prose 1", "Other prose");
    let built = site.build();
    assert!(!site.has("/parks/efteling/rides/r-3/"));
    assert!(built.rendered_files().iter().any(|file| file.contains("r-1")));
    assert!(!built.rendered_files().iter().any(|file| file == "404.html"), "{:?}", built.rendered_files());
}

#[test]
fn a_partly_restored_cache() {
    let built = park();
    built.build();
    for gone in [".lifthill/state.redb", ".lifthill/journal", ".lifthill/seal", "output/parks", "output/index.html"] {
        let site = clone(&built);
        restore(&built, &site, ".lifthill");
        restore(&built, &site, "output");
        site.remove(gone);
        site.remove("content/parks/efteling/rides/r-3.md");
        site.build();
        assert!(!site.has("/parks/efteling/rides/r-3/"), "without {gone}");
    }
    // State and output of two moments.
    let site = clone(&built);
    restore(&built, &site, "output");
    built.edit("content/parks/efteling/rides/r-1.md", "Ride 1", "Rode 1");
    built.remove("content/parks/efteling/rides/r-2.md");
    built.build();
    restore(&built, &site, ".lifthill");
    site.remove("content/parks/efteling/rides/r-2.md");
    site.run(&[]).exit(0);
    let (_, expected) = site.build_elsewhere(&[]);
    let differences = site.output().differences(&expected);
    // What the older output holds of a page that the newer state has already forgotten is not known to be ours.
    let ours: Vec<_> =
        differences.iter().filter(|one| !one.contains("only on the left: parks/efteling/rides/r-2")).collect();
    assert!(ours.is_empty(), "{ours:?}");
}

#[test]
fn the_state_names_no_machine() {
    let site = park();
    site.build();
    let place = site.path("").to_string_lossy().into_owned();
    for file in ["state.redb", "journal"] {
        let bytes = fs::read(site.path(".lifthill").join(file)).expect("a file of the state");
        let found = bytes.windows(place.len()).any(|window| window == place.as_bytes());
        assert!(!found, "{file} holds the folder's place");
    }
}

/// Builds the site at `root` in odd surroundings; returns the digest that it prints.
fn digest_of(root: &Path, jobs: &str, surroundings: &[(&str, &str)], umask: &str) -> String {
    let line = format!(
        "umask {umask}; exec {} build --json --quiet --now 2026-01-01 --jobs {jobs} --root {}",
        env!("CARGO_BIN_EXE_lifthill"),
        root.display()
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", &line]).envs(surroundings.iter().copied());
    let done = shell.output().expect("a shell");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let report: Value = serde_json::from_slice(&done.stdout).expect("one JSON object");
    report["output_digest"].as_str().expect("a digest").to_owned()
}

/// Threads, variables, umask.
type Surroundings = (&'static str, &'static [(&'static str, &'static str)], &'static str);

#[test]
fn the_same_bytes_in_any_surroundings() {
    let site = park();
    let first = site.build_with(&["--now", "2026-01-01"]).text("/output_digest").expect("a digest").to_owned();
    let expected = site.output();
    let odd: [Surroundings; 5] = [
        ("1", &[("TZ", "America/St_Johns"), ("LANG", "tr_TR.UTF-8"), ("LC_ALL", "tr_TR.UTF-8")], "077"),
        ("2", &[("TZ", ":/nonexistent"), ("HOME", "/nonexistent"), ("LANG", "C")], "022"),
        ("16", &[("HOME", "/"), ("COLUMNS", "20"), ("NO_COLOR", "1")], "000"),
        ("3", &[("SOURCE_DATE_EPOCH", "1"), ("USER", "nobody")], "027"),
        ("16", &[("LC_NUMERIC", "de_DE.UTF-8"), ("TMPDIR", "/")], "002"),
    ];
    for (turn, (jobs, surroundings, umask)) in odd.into_iter().enumerate() {
        let elsewhere = tempfile::tempdir().expect("a folder");
        let root = elsewhere.path().join("some/where").join(turn.to_string());
        shuffled_copy(&site.path(""), &root, turn);
        assert_eq!(
            digest_of(&root, jobs, surroundings, umask),
            first,
            "with {jobs} threads, {surroundings:?}, {umask}"
        );
        let differences = Tree::of(&root.join("output")).differences(&expected);
        assert!(differences.is_empty(), "{differences:?}");
    }
}

/// Copies a site's inputs, making the files in another order each turn.
fn shuffled_copy(from: &Path, to: &Path, turn: usize) {
    let tree = Tree::without(from, &["output", ".lifthill"]);
    let mut files: Vec<&str> = tree.files().collect();
    files.sort_by_key(|file| lifthill::digest::Digest::of_parts([file.as_bytes(), &turn.to_le_bytes()]).short());
    for file in files {
        let target = to.join(file);
        fs::create_dir_all(target.parent().expect("a folder")).expect("its folder");
        fs::write(&target, tree.bytes(file).expect("its bytes")).expect("the file");
    }
}

#[test]
fn what_is_kept_is_told_and_tidied() {
    let site = park();
    site.build();
    site.write(".lifthill/state.damaged", "x".repeat(100_000));
    site.write(".lifthill/journal.tmp", "half");
    let stat: Value = serde_json::from_str(&site.command(&["cache", "stat", "--json"]).1).expect("one JSON object");
    assert_eq!(stat["damaged state"]["bytes"], 100_000);
    assert!(stat["state"]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    let (code, out, _) = site.command(&["cache", "gc", "--json"]);
    let dropped: Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(code, 0);
    assert!(dropped["before"]["bytes"].as_u64() >= dropped["after"]["bytes"].as_u64().map(|bytes| bytes + 100_000));
    assert!(!site.path(".lifthill/journal.tmp").exists());
    site.build().rendered([]);
}

#[test]
fn check_finds_mistakes_and_builds_nothing() {
    let site = park();
    let (code, _, stderr) = site.command(&["check"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!site.path("output").exists() && !site.path(".lifthill").exists());
    assert!(stderr.contains("8 files"), "{stderr}");
    site.build();
    site.edit("content/parks/efteling/rides/r-1.md", "category", "categorie");
    let before = Tree::of(&site.path(""));
    let (code, _, stderr) = site.command(&["check"]);
    assert_eq!(code, 1);
    assert!(stderr.contains("unknown key `categorie`"), "{stderr}");
    assert_eq!(Tree::of(&site.path("")).touched_since(&before), Vec::<String>::new());
}
