//! `build --verify`: a page that is not as a clean build makes it is found and explained.

use std::fs;

use lifthill::digest::Digest;
use lifthill::disk::Disk;
use lifthill::engine::code_digest;
use lifthill::output::Written;
use lifthill::room::Room;
use lifthill::stamp::Stamp;
use lifthill::state::{State, Table};

use crate::site::Site;

fn efteling() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'\n+++\nFour inversions.")
        .ride("efteling/droomvlucht", "name = 'Droomvlucht'\ncategory = 'dark_ride'")
}

/// Gives a page other bytes, and makes the state believe that it wrote them: what a bug would do.
fn deceive(site: &Site, page: &str, from: &str, to: &str) {
    let file = format!("output/{page}");
    site.edit(&file, from, to);
    let (path, bytes) = (site.path(&file), fs::read(site.path(&file)).expect("the page"));
    let stamp = Stamp::of(&fs::metadata(path).expect("the page"));
    let state = State::open(&site.path(""), code_digest(), &Disk::default(), Room::default()).expect("the state");
    let draft = state.begin().expect("a draft");
    let written = Written { digest: Digest::of(&bytes), stamp };
    draft.write(|tables| tables.put_value(Table::Outputs, page.as_bytes(), &written)).expect("a row");
    draft.commit().expect("a commit");
}

const PYTHON: &str = "parks/efteling/rides/python/index.html";

#[test]
fn a_good_site_is_found_to_be_good() {
    let site = efteling();
    site.build();
    let built = site.build_with(&["--verify"]);
    built.says("files are as a clean build makes them").rendered([]);
    assert_eq!(built.number("/verified/files"), site.output().files().count() as u64);
    // A page, and a compressed form in each coding.
    site.build_with(&["--verify=1%", "--seed", "7"]).says("Verified: 4 files").says("--seed 7");
    let left = fs::read_dir(site.path(".lifthill")).expect("the state's folder");
    let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("scratch")), "{left:?}");
}

#[test]
fn a_stale_page_is_found_with_what_it_read() {
    let site = efteling();
    site.build();
    deceive(&site, PYTHON, "Four inversions", "Five inversions");
    let built = site.run(&["--verify"]);
    built.exit(1).rendered([]).says("output/parks/efteling/rides/python/index.html is not as a clean build makes it");
    built.says("Five inversions").says("record ride:efteling/python").says("1 of ");
    assert_eq!(built.text("/verified/first/file"), Some(PYTHON));
    let sampled = site.run(&["--verify=99.9%", "--seed", "1"]);
    sampled.exit(1).says(PYTHON);
}

#[test]
fn a_file_of_ours_that_no_page_claims_is_found() {
    let site = efteling();
    site.build();
    site.write("output/parks/gone/index.html", "gone, but not from here");
    deceive(&site, "parks/gone/index.html", "gone", "Gone");
    site.run(&["--verify"]).exit(1).says("output/parks/gone/index.html would not be made by a clean build");
}

#[test]
fn a_share_of_nothing_is_wrong_usage() {
    let site = efteling();
    let (code, _, stderr) = site.command(&["build", "--verify=0%"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("1% or 100%"), "{stderr}");
}

#[test]
fn a_history_on_a_copy_of_the_site_is_right_after_every_edit() {
    let site = efteling();
    let before = crate::tree::Tree::of(&site.path(""));
    let (code, out, stderr) =
        site.command(&["check", "--history", "25", "--seed", "11", "--json", "--now", "2026-01-01"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stderr.contains("25 edits") && stderr.contains("--seed 11"), "{stderr}");
    let told: serde_json::Value = serde_json::from_str(&out).expect("one JSON object");
    assert_eq!(told["edits"].as_array().map(Vec::len), Some(26));
    let (_, again, _) = site.command(&["check", "--history", "25", "--seed", "11", "--json", "--now", "2026-01-01"]);
    assert_eq!(again, out, "the same seed tells the same history");
    assert_eq!(crate::tree::Tree::of(&site.path("")).touched_since(&before), Vec::<String>::new());
}
