//! Watching: a change is served as soon as it is built, and after any session the output is a clean
//! build's.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::{Served, park_site};
use crate::site::{Site, ride_file};
use crate::tree::Tree;

const PYTHON: &str = "/parks/efteling/rides/python/";

/// Waits until the output is what a clean build of the inputs makes, by events alone.
#[track_caller]
pub fn becomes_a_clean_build(site: &Site) {
    let (clean, expected) = site.build_elsewhere(&[]);
    assert_eq!(clean.code(), 0, "{}", clean.stderr());
    is_soon(site, &expected);
}

#[track_caller]
fn is_soon(site: &Site, expected: &Tree) {
    // Well below the time after which everything is looked at anyway.
    let end = Instant::now() + Duration::from_secs(20);
    loop {
        // A file may go while the folder is read; then it is not over yet.
        let looked = catch_unwind(AssertUnwindSafe(|| site.output().differences(expected)));
        let found = looked.unwrap_or_else(|_| vec!["it is being changed".to_owned()]);
        if found.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "not as a clean build (right) makes it:\n{}", found.join("\n"));
        std::thread::yield_now();
    }
}

#[test]
fn a_change_is_served_and_the_output_is_a_clean_builds() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    site.edit(&ride_file("efteling/python"), "Four inversions.", "Four inversions, painted yellow.");
    served.shows(PYTHON, "painted yellow");
    assert!(served.hears("/rides/python/").contains("ms"));
    site.write("templates/robots.txt", "# our own\n");
    served.shows("/robots.txt", "# our own");
    site.write("lifthill.toml", "title = 'Another name'\nbase_url = 'https://parks.example'\n");
    served.shows("/", "Another name");
    site.write("assets/extra.txt", "an asset");
    site.remove(&ride_file("efteling/baron"));
    becomes_a_clean_build(&site);
    served.get("/parks/efteling/rides/baron/").is(404);
    let page = served.get(PYTHON).text();
    assert!(page.contains("/__lifthill/client.js"), "{page}");
    assert!(!site.page(PYTHON).contains("__lifthill"), "the script is in the output");
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}

#[test]
fn the_list_of_what_is_left_out_and_what_is_well_known_are_watched() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    site.write(".lifthillignore", "python.md\n");
    becomes_a_clean_build(&site);
    served.get(PYTHON).is(404);
    site.write(".lifthillignore", "# nothing\n");
    becomes_a_clean_build(&site);
    served.get(PYTHON).is(200);
    site.write("assets/.well-known/security.txt", "Contact: mailto:a@parks.example\n");
    served.shows("/.well-known/security.txt", "Contact: mailto:a@parks.example");
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}

#[test]
fn editors_and_bursts_and_moved_folders() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    // Saved by writing beside and renaming, with a swap file.
    let file = ride_file("efteling/python");
    let beside = file.replace("python.md", ".python.md.swp");
    site.write(&beside, "swap");
    let text = std::fs::read_to_string(site.path(&file)).expect("the ride").replace("Four", "Fourteen");
    site.write(&format!("{file}~"), text);
    site.rename(&format!("{file}~"), &file);
    site.remove(&beside);
    served.shows(PYTHON, "Fourteen inversions");
    // A burst: a checkout of another branch.
    for number in 0..300 {
        site.write(
            &ride_file(&format!("efteling/new-{number}")),
            format!("+++\nname = 'New {number}'\ncategory = 'other'\n+++\n"),
        );
    }
    becomes_a_clean_build(&site);
    // A folder moves, another goes.
    site.rename("content/parks/efteling", "content/parks/fantasy");
    becomes_a_clean_build(&site);
    site.write("content/parks/other/index.md", "+++\nname = 'Other'\n+++\n");
    becomes_a_clean_build(&site);
    site.remove("content/parks/fantasy");
    becomes_a_clean_build(&site);
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}

#[test]
fn a_mistake_keeps_the_last_good_page_until_it_is_mended() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    let file = ride_file("efteling/python");
    let good = std::fs::read_to_string(site.path(&file)).expect("the ride");
    site.write(&file, good.replace("category", "categry"));
    served.hears("unknown key `categry`");
    let overlay = format!("/__lifthill/overlay?token={}", served.token());
    let shown = served.get(&overlay).is(200);
    assert!(shown.text().contains("content/parks/efteling/rides/python.md:3:1"), "{}", shown.text());
    assert!(shown.header("content-security-policy").is_some_and(|policy| policy.starts_with("default-src 'none'")));
    served.get(PYTHON).is(200);
    // Another edit meanwhile does not hide the mistake, and is not lost either.
    site.edit("content/articles/opening.md", "It opens.", "It opens soon.");
    served.shows(&overlay, "categry");
    site.write(&file, &good);
    served.hears("No more mistakes.");
    served.shows("/articles/opening/", "It opens soon.");
    becomes_a_clean_build(&site);
    // A template that fails, and settings that do.
    site.write("templates/ride.html", "{% if %}");
    served.shows(&overlay, "templates");
    site.remove("templates/ride.html");
    served.hears("No more mistakes.");
    site.write("lifthill.toml", "titel = 'x'\n");
    served.shows(&overlay, "did you mean `title`");
    site.write("lifthill.toml", "title = 'Parks'\nbase_url = 'https://parks.example'\n");
    served.hears("No more mistakes.");
    becomes_a_clean_build(&site);
}

#[test]
fn where_nothing_can_be_watched_everything_is_looked_at() {
    let site = park_site();
    let mut served = Served::start_with(&site, &["--watch"], &[("LIFTHILL_POLL", "1")]);
    served.hears("cannot be watched");
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    served.shows(PYTHON, "Five inversions");
    becomes_a_clean_build(&site);
}

/// A user of its own for the system to count, who may watch no more than four folders.
const FEW_WATCHES: &str = "exec unshare --user --map-root-user sh -c 'echo 4 > /proc/sys/user/max_inotify_watches; exec \"$0\" \"$@\"' \"$0\" \"$@\"";

#[test]
fn the_systems_limit_of_watched_folders_is_said_and_lived_with() {
    let site = park_site();
    let mut served = Served::start_by(FEW_WATCHES, &site, &["--watch"], &[]);
    served.hears("limit of watched folders is reached");
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    served.shows(PYTHON, "Five inversions");
    becomes_a_clean_build(&site);
}

#[test]
fn a_checkout_of_more_files_than_are_looked_for_one_by_one() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    for number in 0..2100 {
        let text = format!("+++\nname = 'New {number}'\ncategory = 'other'\n+++\n");
        site.write(&ride_file(&format!("efteling/new-{number}")), text);
    }
    becomes_a_clean_build(&site);
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}
