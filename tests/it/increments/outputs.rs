//! What becomes of outputs and of the state that others touched, copied or lost.

use std::fs;
use std::time::SystemTime;

use super::*;
use crate::site::copy;

#[test]
fn an_output_deleted_by_hand_comes_back() {
    let site = built();
    let page = site.page(BARON_URL);
    site.remove("output/parks/efteling/rides/baron-1898/index.html");
    site.build().rendered([BARON_URL]).wrote(1);
    assert_eq!(site.page(BARON_URL), page);

    let count = site.output().files().count();
    site.remove("output");
    let built = site.build();
    assert_eq!(built.number("/files/written"), count as u64);
}

#[test]
fn an_output_altered_by_hand_is_restored() {
    let site = built();
    let file = "output/parks/efteling/rides/baron-1898/index.html";
    site.edit(file, "Baron 1898", "Baron 1989");
    site.build().rendered([BARON_URL]).wrote(1);
    assert!(!site.page(BARON_URL).contains("Baron 1989"));

    // With its old time set again.
    let modified = fs::metadata(site.path(file)).unwrap().modified().unwrap();
    site.edit(file, "Baron 1898", "Baron 1989");
    fs::File::options().write(true).open(site.path(file)).unwrap().set_modified(modified).unwrap();
    site.build().rendered([BARON_URL]).wrote(1);
}

#[test]
fn a_touched_output_is_left_as_it_is() {
    let site = built();
    let file = site.path("output/index.html");
    fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    site.build().rendered([]).wrote(0);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
}

#[test]
fn outputs_that_were_restored_and_an_edit_in_one_build() {
    let site = built();
    copy(&site.path("output"), &site.path("output-restored"), &[]);
    site.remove("output");
    site.rename("output-restored", "output");
    site.edit(BARON, "Baron 1898", "Baron 1900");
    site.build();
    site.build().rendered([]);
}

#[test]
fn foreign_files_are_never_touched() {
    let site = built();
    site.write("output/foreign.txt", "Not yours.");
    site.write("output/parks/efteling/rides/baron-1898/foreign.txt", "Not yours either.");
    site.build().rendered([]);
    site.remove(BARON);
    site.build().removed(1);
    assert_eq!(site.page("/foreign.txt"), "Not yours.");
    assert_eq!(site.page("/parks/efteling/rides/baron-1898/foreign.txt"), "Not yours either.");
}

#[test]
fn one_thread_and_eight_make_the_same_site() {
    let (one, eight) = (guide(), guide());
    let first = one.build_with(&["--jobs", "1"]);
    let second = eight.build_with(&["--jobs", "8"]);
    assert_eq!(one.output().differences(&eight.output()), Vec::<String>::new());
    assert_eq!(first.text("/output_digest"), second.text("/output_digest"));
    one.build_with(&["--jobs", "8"]).rendered([]);
}

#[test]
fn a_copy_with_its_state_renders_nothing() {
    let site = built();
    let other = Site::new();
    other.remove("content");
    other.remove("lifthill.toml");
    copy(&site.path(""), &other.path(""), &[]);
    other.build().rendered([]).wrote(0);
}

#[test]
fn a_lost_state_costs_work_but_no_byte() {
    let site = built();
    let before = site.output();
    site.remove(".lifthill");
    let built = site.build();
    assert_eq!(built.files("rendered"), built.files("total"));
    built.wrote(0);
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
}

#[test]
fn a_broken_state_costs_work_but_no_byte() {
    for broken in [&b""[..], b"not a database at all", &[0; 10_000]] {
        let site = built();
        let before = site.output();
        site.write(".lifthill/state.redb", broken);
        site.build().wrote(0);
        assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    }
}

#[test]
fn a_state_cut_short_costs_work_but_no_byte() {
    let site = built();
    let state = fs::read(site.path(".lifthill/state.redb")).unwrap();
    for length in [state.len() / 2, state.len() - 1, 4096, 100] {
        site.write(".lifthill/state.redb", &state[..length]);
        let before = site.output();
        site.build().wrote(0);
        assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    }
}

#[test]
fn an_older_state_is_no_danger() {
    let site = built();
    let old = fs::read(site.path(".lifthill/state.redb")).unwrap();
    site.edit(BARON, "A mine.", "A deep mine.");
    site.remove(PYTHON);
    site.edit("content/articles/loops.md", "As on [this one](ride:efteling/python).", "As nowhere.");
    site.build();
    site.write(".lifthill/state.redb", old);
    site.build();
    assert!(!site.has(PYTHON_URL));
}
