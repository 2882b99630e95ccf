//! Sites that are not what they were: watching never does what `build` refuses, and both leave what there
//! is.

use std::fs;
use std::os::unix::fs::symlink;

use super::watching::becomes_a_clean_build;
use super::{Served, park_site};
use crate::site::{Site, ride_file};

/// A way in words and in deed, and what is said of it.
type Way = (&'static str, fn(&Site), &'static str);

/// Ways in which all content may be gone at once.
const WAYS: [Way; 5] = [
    ("moved away", |site| site.rename("content", "content.off"), "there is no such folder"),
    (
        "not mounted",
        |site| {
            site.rename("content", "content.off");
            fs::create_dir(site.path("content")).expect("an empty folder");
        },
        "holds no file any more",
    ),
    (
        "only folders",
        |site| {
            site.rename("content", "content.off");
            fs::create_dir_all(site.path("content/parks/efteling/rides")).expect("empty folders");
        },
        "holds no file any more",
    ),
    (
        "a file",
        |site| {
            site.rename("content", "content.off");
            site.write("content", "no folder");
        },
        "there is no such folder",
    ),
    (
        "a link",
        |site| {
            site.rename("content", "content.off");
            symlink("content.off", site.path("content")).expect("a link");
        },
        "content/ is a symbolic link",
    ),
];

fn give_back(site: &Site) {
    let there = site.path("content");
    match there.symlink_metadata() {
        Ok(found) if found.is_dir() => fs::remove_dir_all(there).expect("an empty folder"),
        Ok(_) => fs::remove_file(there).expect("what stands there"),
        Err(_) => {}
    }
    site.rename("content.off", "content");
}

#[test]
fn content_that_is_gone_removes_nothing_while_it_is_watched() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    let before = site.output();
    for (what, take, said) in WAYS {
        eprintln!("{what}");
        take(&site);
        served.hears(said);
        assert_eq!(site.output().touched_since(&before), Vec::<String>::new(), "{what}");
        served.get("/parks/efteling/rides/python/").is(200);
        give_back(&site);
        served.hears("No more mistakes.");
        assert_eq!(site.output().touched_since(&before), Vec::<String>::new(), "{what}, given back");
    }
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    served.shows("/parks/efteling/rides/python/", "Five inversions");
    becomes_a_clean_build(&site);
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn build_refuses_the_same() {
    for lost_state in [false, true] {
        let site = park_site();
        site.build();
        for (what, take, _) in WAYS {
            let before = site.output();
            take(&site);
            if lost_state {
                site.remove(".lifthill/state.redb");
            }
            for command in [&["build"][..], &["build", "--prune"]] {
                let (code, _, said) = site.command(command);
                assert_ne!(code, 0, "{what}: {said}");
                assert!(said.contains("content"), "{what}: {said}");
                assert_eq!(site.output().touched_since(&before), Vec::<String>::new(), "{what}: {said}");
            }
            give_back(&site);
            site.build().wrote(0);
        }
    }
}

#[test]
fn a_site_without_content_is_built_and_built_again() {
    let site = Site::new();
    site.build();
    site.remove(".lifthill/state.redb");
    site.build();
}

#[test]
fn settings_templates_and_assets_that_go_are_gone_as_in_a_build() {
    let site = park_site().file("templates/robots.txt", "# ours\n").file("assets/own.txt", "an asset");
    let mut served = Served::start(&site, &["--watch"]).built();
    for gone in ["templates", "assets", "lifthill.toml"] {
        eprintln!("{gone}");
        site.remove(gone);
        becomes_a_clean_build(&site);
    }
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}
