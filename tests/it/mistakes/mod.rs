//! What is said of a site with mistakes: each with its place and what to do, all in one run, and
//! nothing below `output/` the worse for it. Here is the site of these stories, and what holds for
//! all mistakes.

mod dropped;
mod fields;
mod files;
mod harm;
mod idle;
mod leftovers;
mod links;
mod lists;
mod odd_text;
mod references;
mod settings;
mod urls;
mod words;

use std::fs;

use crate::site::{Site, markdown};

const BARON: &str = "content/parks/efteling/rides/baron-1898.md";

/// One park with one ride, one company and one article.
fn small() -> Site {
    Site::new()
        .company("vekoma", "name = 'Vekoma'")
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .ride("efteling/baron-1898", "name = 'Baron 1898'\ncategory = 'roller_coaster'")
        .article("loops", "title = 'Loops'\ndate = 2024-05-01\n+++\nRound and round.")
}

/// What is said of the site, which has mistakes in its content.
#[track_caller]
fn said(site: &Site) -> String {
    let built = site.fails();
    built.exit(1);
    built.problems()
}

/// What is said of the site with this front matter for its ride.
#[track_caller]
fn said_of_ride(front: &str) -> String {
    let site = small();
    site.write(BARON, markdown(front));
    said(&site)
}

#[test]
fn everything_in_one_run() {
    let site = small()
        .file("content/articles/a.md", "+++\ntitle = 'A'\ndate = 2024-13-01\n+++\n")
        .file("content/articles/b.md", "No front matter.\n")
        .file("content/articles/c.md", "+++\ntitle = 'C'\n")
        .article("d", "title = 'D'\ndate = 2024-01-01\ntag = ['x']\n+++\nSee <ride:efteling/nowhere>.")
        .file("content/parks/efteling/reviews.jsonl", "{\"author\":\"Mia\",\"rating\":11,\"created\":\"2024-01-01\"}\n")
        .file("assets/with space.css", "");
    let built = site.fails();
    built.exit(1);
    for place in [
        "assets/with space.css",
        "content/articles/a.md:3:8",
        "content/articles/b.md:1:1",
        "content/articles/c.md:1:1",
        "content/articles/d.md:4:1",
        "content/articles/d.md:7:6",
        "content/parks/efteling/reviews.jsonl:1:26",
    ] {
        built.says(&format!("  --> {place}\n"));
    }
}

#[test]
fn a_broken_site_leaves_the_output_untouched() {
    let site = small();
    site.build();
    let before = site.output();
    site.edit("content/articles/loops.md", "Round", "Round [and](ride:no/where)");
    site.edit(BARON, "'Baron 1898'", "'Baron'");
    site.write("templates/ride.html", "mine");
    site.remove("content/companies/vekoma.md");
    site.fails().exit(1);
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    site.edit("content/articles/loops.md", "(ride:no/where)", "(ride:efteling/baron-1898)");
    site.build();
    assert!(!site.has("/companies/vekoma/"));
}

#[test]
fn only_the_output_and_the_state_are_written() {
    let site = small();
    site.build();
    let mut found: Vec<String> = fs::read_dir(site.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, [".lifthill", "content", "lifthill.toml", "output"]);
    assert!(!site.output().files().any(|file| file.ends_with(".tmp")));
}
