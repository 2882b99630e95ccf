//! Random edits with a publish after each: what visitors see is what was built, and caches are
//! asked to forget all that changed and hardly anything else. The same seed makes the same edits;
//! `LIFTHILL_SEED` and `LIFTHILL_EDITS` ask for others.

use std::collections::BTreeSet;
use std::fs;

use super::{catalogue, urls_in};
use crate::dice::asked;
use crate::site::{Site, markdown};
use crate::tree::Tree;

/// A linear congruential generator: all that is needed to choose an edit.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

fn edit(site: &Site, dice: &mut Dice, number: u64, to: &str) -> String {
    let ride = format!("content/parks/efteling/rides/ride-{}.md", dice.below(12));
    let there = site.path(&ride).exists();
    match dice.below(9) {
        0 | 1 if there => {
            let text = fs::read_to_string(site.path(&ride)).expect("a ride");
            site.write(&ride, text + &format!("\nMore prose {number}.\n"));
            format!("{ride}: more prose")
        }
        2 | 3 if there => {
            let text = format!("name = 'Renamed {number}'\ncategory = 'flat_ride'\nmanufacturers = ['vekoma']");
            site.write(&ride, markdown(&text));
            format!("{ride}: another name")
        }
        4 if there => {
            site.remove(&ride);
            format!("{ride}: gone")
        }
        5 => {
            site.write("assets/css/site.css", format!("body {{ --edit: {number} }}"));
            "another style sheet".to_owned()
        }
        6 => {
            site.write("templates/404.html", format!("Nothing here, {number}"));
            "another 404 page".to_owned()
        }
        7 => {
            site.write("lifthill.toml", settings(to, &format!("tagline = 'Edit {number}'\n")));
            "another tagline".to_owned()
        }
        _ => {
            let text = format!("name = 'New {number}'\ncategory = 'dark_ride'");
            site.write(&format!("content/parks/toverland/rides/new-{number}.md"), markdown(&text));
            format!("a new ride {number}")
        }
    }
}

fn settings(to: &str, more: &str) -> String {
    format!(
        "title = 'Parks'\nbase_url = 'https://parks.example'\n{more}[publish.live]\nto = '{to}'\nallow_gone = ['*']\n"
    )
}

#[test]
fn any_edits_are_published_and_purged_exactly() {
    let (seed, edits) = (asked("LIFTHILL_SEED", 1898), asked("LIFTHILL_EDITS", 25));
    let site = catalogue();
    let (place, list) = (site.outside().join("www"), site.outside().join("list"));
    let to = format!("file://{}", place.display());
    site.write("lifthill.toml", settings(&to, ""));
    let mut dice = Dice(seed);
    let mut before = Tree::default();
    let mut told = Vec::new();
    for edit_number in 0..edits {
        let now = format!("2026-01-{:02}T{:02}:00:00Z", edit_number / 24 + 1, edit_number % 24);
        let _ = fs::remove_file(&list);
        let list_path = list.to_str().expect("a path");
        let (code, _, talk) = site.command(&["publish", "--now", &now, "--purge-list", list_path]);
        assert_eq!(code, 0, "after {told:#?}: {talk}");
        let (live, output) = (Tree::of(&place.join("current/")), site.output());
        let immutable = |file: &str| file.starts_with("assets/") || file.starts_with("photos/");
        let surplus = |line: &&String| {
            !line.starts_with("only on the left: assets/") && !line.starts_with("only on the left: photos/")
        };
        let wrong: Vec<String> = live.differences(&output).iter().filter(surplus).cloned().collect();
        assert!(wrong.is_empty(), "after {told:#?}: {wrong:#?}");
        let files: BTreeSet<&str> = before.files().chain(output.files()).collect();
        let changed: BTreeSet<String> = files
            .into_iter()
            .filter(|file| !immutable(file) || file.ends_with(".json"))
            .filter(|file| before.bytes(file) != output.bytes(file))
            .map(lifthill::headers::url_of)
            .collect();
        let purged = urls_in(&fs::read_to_string(&list).unwrap_or_default());
        let missed: Vec<&String> = changed.difference(&purged).collect();
        assert!(missed.is_empty(), "after {told:#?}: changed and not purged: {missed:#?}");
        assert!(
            purged.len() * 5 <= changed.len() * 6,
            "after {told:#?}: {} purged, {} changed",
            purged.len(),
            changed.len()
        );
        before = output;
        told.push(edit(&site, &mut dice, edit_number, &to));
    }
}
