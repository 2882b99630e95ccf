//! Builds that are killed, and builds that meet: they cost a rebuild, never a wrong page.

use std::process::Child;
use std::time::{Duration, Instant};

use redb::Database;

use crate::dice::{Dice, asked};
use crate::histories::synthetic;
use crate::site::{Site, markdown};
use crate::tree::Tree;

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
    // The kill may fall between the making of a page's folder and of the page, however deep.
    for ride in 390..400 {
        let folder = site.path(&format!("output/parks/efteling/rides/r-{ride}"));
        std::fs::create_dir_all(folder).expect("a folder as the program makes it");
    }
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

/// The content of a synthetic site in three editions, each with what a clean build makes of it.
struct Editions {
    site: Site,
    /// Files that differ between editions: what they hold in each, if they are there.
    files: Vec<(String, [Option<String>; 3])>,
    clean: [Tree; 3],
}

impl Editions {
    fn new(pages: u32) -> Self {
        let site = synthetic(pages, 7);
        let mut files = Vec::new();
        let mut rides: Vec<String> = Tree::of(&site.path("content")).files().map(str::to_owned).collect();
        rides.retain(|path| path.contains("/rides/"));
        assert!(rides.len() > 50, "a site of rides");
        for (number, ride) in rides.iter().enumerate().filter(|(number, _)| number % 10 < 3) {
            let path = format!("content/{ride}");
            let text = std::fs::read_to_string(site.path(&path)).expect("a ride");
            match number % 10 {
                // Some rides are called otherwise, some say more, and some are there only at times.
                0 => {
                    let renamed = text.replacen("\nname = \"", "\nname = \"New ", 1);
                    assert_ne!(renamed, text, "a ride has a name");
                    files.push((path, [Some(text), Some(renamed.clone()), Some(renamed)]));
                }
                1 => {
                    let new = path.replacen("/rides/", "/rides/extra-", 1);
                    let new_text = markdown(&format!("name = 'Extra {number}'\ncategory = 'other'"));
                    files.push((new, [None, Some(new_text.clone()), Some(new_text).filter(|_| number % 20 == 1)]));
                }
                _ => files.push((path, [Some(text.clone()), Some(text.clone()), Some(text + "\nMore.\n")])),
            }
        }
        let settings = std::fs::read_to_string(site.path("lifthill.toml")).expect("the settings");
        let other = settings.replacen("title = \"", "title = \"Other ", 1);
        assert_ne!(other, settings, "the site has a title");
        files.push(("lifthill.toml".to_owned(), [Some(settings.clone()), Some(settings), Some(other)]));
        let mut editions = Self { site, files, clean: Default::default() };
        for edition in 0..3 {
            editions.show(edition);
            let (clean, tree) = editions.site.build_elsewhere(&[]);
            assert_eq!(clean.code(), 0, "{}", clean.stderr());
            editions.clean[edition] = tree;
        }
        editions
    }

    /// Brings the content to an edition.
    fn show(&self, edition: usize) {
        for (path, editions) in &self.files {
            match &editions[edition] {
                Some(text) if std::fs::read_to_string(self.site.path(path)).ok().as_ref() != Some(text) => {
                    self.site.write(path, text);
                }
                None if self.site.path(path).exists() => self.site.remove(path),
                _ => {}
            }
        }
    }
}

/// `LIFTHILL_KILLS`, `LIFTHILL_PAGES` and `LIFTHILL_SEED` ask for more.
#[test]
fn a_build_killed_at_any_moment() {
    let (kills, mut dice) = (asked("LIFTHILL_KILLS", 8), Dice(asked("LIFTHILL_SEED", 1898)));
    let editions = Editions::new(asked("LIFTHILL_PAGES", 200));
    let (mut killed, mut whole) = (0, Duration::from_millis(400));
    for round in 0.. {
        if killed == kills {
            break;
        }
        let edition = dice.below(3);
        editions.show(edition);
        let moment = Duration::from_micros(dice.below(whole.as_micros() as usize) as u64);
        let start = Instant::now();
        if !kill_when(&editions.site, || start.elapsed() >= moment) {
            // It had nothing to do, or little.
            assert!(round < 20 * kills + 20, "every build is too fast to be killed");
            whole = whole.max(start.elapsed());
            continue;
        }
        killed += 1;
        let edition = if dice.below(2) == 0 { edition } else { dice.below(3) };
        editions.show(edition);
        let start = Instant::now();
        let built = editions.site.run(&[]);
        built.exit(0);
        whole = start.elapsed().mul_f64(1.1);
        let found = editions.site.output().differences(&editions.clean[edition]);
        let when = format!("after kill {killed}, {} ms into a build, edition {edition}", moment.as_millis());
        assert!(found.is_empty(), "{when}:\n{}", found.join("\n"));
        println!("{when}: as a clean build");
    }
}
