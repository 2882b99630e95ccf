//! Builds that are killed, and builds that meet: they cost a rebuild, never a wrong page.

use std::process::Child;

use redb::Database;

use crate::site::{Site, markdown};

/// A park with so many rides that a build takes a while.
fn large() -> Site {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    for ride in 0..400 {
        let front = format!(
            "name = 'Ride {ride}'\ncategory = 'other'\n+++\nRide [the next](ride:efteling/r-{}).",
            (ride + 1) % 400
        );
        site.write(&format!("content/parks/efteling/rides/r-{ride}.md"), markdown(&front));
    }
    site
}

/// Builds until `moment` has come, and kills the program. Says whether it was still at work.
fn kill_when(site: &Site, moment: impl Fn() -> bool) -> bool {
    let mut program: Child = site.start();
    let mut at_work = || program.try_wait().expect("the program can be asked").is_none();
    while at_work() && !moment() {
        std::thread::yield_now();
    }
    let killed = at_work();
    program.kill().expect("a program of ours");
    program.wait().expect("it ends");
    killed
}

fn rides_built(site: &Site) -> usize {
    std::fs::read_dir(site.path("output/parks/efteling/rides")).map_or(0, Iterator::count)
}

#[test]
fn a_first_build_that_was_killed() {
    let site = large();
    let killed = [1, 40, 150].map(|rides| kill_when(&site, || rides_built(&site) >= rides));
    assert!(killed.contains(&true), "every build was too fast to be killed");
    // What it made and nobody wants any more goes too.
    site.remove("content/parks/efteling/rides");
    site.build();
    assert_eq!(rides_built(&site), 0);
}

#[test]
fn a_rebuild_that_was_killed() {
    let site = large();
    site.build();
    site.edit("lifthill.toml", "'Parks'", "'Other parks'");
    let changed = || site.has("/") && site.page("/404.html").contains("Other parks");
    assert!(kill_when(&site, changed), "the build was too fast to be killed");
    // The edit is taken back: all that was rewritten must be as before.
    site.edit("lifthill.toml", "'Other parks'", "'Parks'");
    site.build();
    assert!(!site.page("/404.html").contains("Other parks"));
}

#[test]
fn a_removal_that_was_killed() {
    let site = large();
    site.build();
    for ride in 0..400 {
        site.remove(&format!("content/parks/efteling/rides/r-{ride}.md"));
    }
    kill_when(&site, || rides_built(&site) < 400);
    site.write("content/parks/efteling/rides/new.md", markdown("name = 'New'\ncategory = 'other'"));
    site.build();
    assert_eq!(rides_built(&site), 1);
}

#[test]
fn one_build_at_a_time() {
    let site = large();
    site.build();
    let before = site.output();
    let held = Database::open(site.path(".lifthill/state.redb")).expect("the state, as another build would hold it");
    site.edit("lifthill.toml", "'Parks'", "'Other parks'");
    site.run(&[]).exit(3).says("another lifthill process");
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    drop(held);
    site.build();
}
