//! Random sessions: edits by the dice while the site is watched, one at a time and in bursts. Whatever
//! they are, the output becomes a clean build's by events alone.

use super::watching::becomes_a_clean_build;
use super::{Served, park_site};
use crate::dice::{Dice, asked};
use crate::site::{Site, ride_file};

fn ride(park: usize, ride: usize) -> String {
    ride_file(&format!("park-{park}/ride-{ride}"))
}

/// One edit, such as an editor, a script or a checkout would make.
fn edit(site: &Site, dice: &mut Dice, serial: usize) -> String {
    let (park, number) = (dice.below(3), dice.below(5));
    let file = ride(park, number);
    let there = site.path(&file).exists();
    match dice.below(10) {
        0..=2 => {
            site.write(&file, format!("+++\nname = 'Ride {number}'\ncategory = 'other'\n+++\n\nProse {serial}.\n"));
            format!("prose of {file}")
        }
        3 => {
            site.write(&file, format!("+++\nname = 'Name {serial}'\ncategory = 'dark_ride'\n+++\n"));
            format!("name of {file}")
        }
        4 if there => {
            site.remove(&file);
            format!("{file} goes")
        }
        5 if there => {
            let to = ride(dice.below(3), 100 + serial);
            site.rename(&file, &to);
            format!("{file} becomes {to}")
        }
        6 => {
            // Written beside and renamed, as editors do.
            let beside = format!("{file}~");
            site.write(&beside, format!("+++\nname = 'Saved {serial}'\ncategory = 'other'\n+++\n"));
            site.rename(&beside, &file);
            format!("{file} saved by renaming")
        }
        7 => {
            let (from, to) = (format!("content/parks/park-{park}"), format!("content/parks/moved-{serial}"));
            site.rename(&from, &to);
            site.write(&format!("{from}/index.md"), format!("+++\nname = 'Park {serial}'\n+++\n"));
            format!("{from} moves to {to}")
        }
        8 => {
            site.write("templates/robots.txt", format!("# {serial}\n"));
            "a template".to_owned()
        }
        _ => {
            site.write("assets/own.txt", format!("asset {serial}"));
            "an asset".to_owned()
        }
    }
}

#[test]
fn any_session_ends_as_a_clean_build_would() {
    let seed = asked("LIFTHILL_SEED", 1898);
    let edits = asked("LIFTHILL_EDITS", 24);
    let site = park_site();
    for park in 0..3 {
        site.write(&format!("content/parks/park-{park}/index.md"), format!("+++\nname = 'Park {park}'\n+++\n"));
    }
    let mut served = Served::start(&site, &["--watch"]).built();
    let mut dice = Dice(seed);
    let mut serial = 0;
    while serial < edits {
        for _ in 0..[1, 1, 2, 8][dice.below(4)] {
            serial += 1;
            eprintln!("{seed}: {}", edit(&site, &mut dice, serial));
        }
        becomes_a_clean_build(&site);
    }
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}
