//! What is taken away under a running server, or put in the way: the next build makes it good, and so does
//! whoever asks for what is missing.

use std::fs;

use super::watching::becomes_a_clean_build;
use super::{Served, park_site};
use crate::site::{Site, ride_file};

const PYTHON: &str = "/parks/efteling/rides/python/";

/// What is done to a site, in words and in deed.
type Spoil = (&'static str, fn(&Site));

fn built(site: &Site) {
    let (code, _, said) = site.command(&["build"]);
    assert_eq!(code, 0, "{said}");
}

#[test]
fn all_output_is_taken_away() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    for word in ["Five", "Six"] {
        site.remove("output");
        site.write(
            &ride_file("efteling/python"),
            format!("+++\nname = 'Python'\ncategory = 'roller_coaster'\n+++\n{word} inversions."),
        );
        served.shows(PYTHON, &format!("{word} inversions"));
        becomes_a_clean_build(&site);
    }
    site.remove("output");
    built(&site);
    becomes_a_clean_build(&site);
    served.get("/parks/efteling/rides/baron/").is(200);
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}

#[test]
fn some_output_is_taken_away_or_stands_in_the_way_when_something_else_is_saved() {
    let spoils: [Spoil; 5] = [
        ("a park's folder", |site| site.remove("output/parks/efteling")),
        ("a page", |site| site.remove("output/parks/efteling/index.html")),
        ("a file for a folder", |site| {
            site.remove("output/parks");
            site.write("output/parks", "somebody's");
        }),
        ("a folder for a file", |site| {
            site.remove("output/robots.txt");
            fs::create_dir(site.path("output/robots.txt")).expect("a folder");
        }),
        ("other bytes", |site| site.write("output/robots.txt", "CANARY")),
    ];
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    for (number, (what, spoil)) in spoils.into_iter().enumerate() {
        eprintln!("{what}");
        spoil(&site);
        site.write(
            "content/articles/opening.md",
            format!("+++\ntitle = 'Opening'\ndate = 2026-01-01\n+++\nNo. {number}."),
        );
        served.shows("/articles/opening/", &format!("No. {number}."));
        becomes_a_clean_build(&site);
    }
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn whoever_asks_for_what_is_missing_has_it_made() {
    let site = park_site();
    let served = Served::start(&site, &["--watch"]).built();
    site.remove("output/parks/efteling/rides/python");
    assert!(served.get(PYTHON).is(200).text().contains("Four inversions"));
    site.write("output/robots.txt", "CANARY");
    assert!(!served.get("/robots.txt").is(200).text().contains("CANARY"));
    becomes_a_clean_build(&site);
}

#[test]
fn somebodys_folder_fails_its_page_alone_until_it_goes() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    let page = "output/parks/efteling/rides/python/index.html";
    site.remove(page);
    site.write(&format!("{page}/diary.txt"), "Dear diary");
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    site.edit(&ride_file("efteling/baron"), "'Baron 1898'", "'Baron 1899'");
    served.shows("/parks/efteling/rides/baron/", "Baron 1899");
    served.hears("diary.txt");
    served.get(PYTHON).is(503);
    assert_eq!(fs::read_to_string(site.path(page).join("diary.txt")).expect("it stays"), "Dear diary");
    site.remove(page);
    site.edit(&ride_file("efteling/baron"), "'Baron 1899'", "'Baron 1900'");
    served.shows(PYTHON, "Five inversions");
    becomes_a_clean_build(&site);
}

#[test]
fn the_state_is_taken_away() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    for (number, gone) in [
        ".lifthill",
        ".lifthill/state.redb",
        ".lifthill/lock",
        ".lifthill/journal",
        ".lifthill/serve.json",
        ".lifthill",
    ]
    .into_iter()
    .enumerate()
    {
        eprintln!("{gone}");
        // In one moment: the server may be writing there.
        fs::rename(site.path(gone), site.outside().join(format!("gone-{number}"))).expect("it is there");
        site.write(&ride_file("efteling/new"), format!("+++\nname = 'New'\ncategory = 'other'\n+++\nNo. {number}."));
        served.shows("/parks/efteling/rides/new/", &format!("No. {number}."));
        becomes_a_clean_build(&site);
        // The page goes with its file, although who made it was only known by what is gone.
        site.remove(&ride_file("efteling/new"));
        becomes_a_clean_build(&site);
        built(&site);
    }
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}

#[test]
fn what_was_ours_stays_ours_when_the_state_goes_with_a_record() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    fs::rename(site.path(".lifthill"), site.outside().join("gone")).expect("the state");
    site.remove(&ride_file("efteling/python"));
    becomes_a_clean_build(&site);
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}
