//! A build that dies, or meets a full disk, at any change that it makes to the disk: the next build
//! ends as a clean one would. `LIFTHILL_FAULT` names the change.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::site::{Site, copy, markdown, picture};
use crate::tree::Tree;

/// A site of some sixty pages.
fn sixty_pages() -> Site {
    let mut site = Site::new();
    for company in 0..4 {
        site = site.company(&format!("c-{company}"), &format!("name = 'Company {company}'"));
    }
    for park in 0..4 {
        site = site.park(&format!("p-{park}"), &format!("name = 'Park {park}'\ncountry = 'NL'"));
        for ride in 0..8 {
            let front = format!(
                "name = 'Ride {ride}'\ncategory = 'other'\nmanufacturers = ['c-{}']\nformer_slugs = ['was-{ride}']",
                ride % 4
            );
            site.write(&format!("content/parks/p-{park}/rides/r-{ride}.md"), markdown(&front));
        }
    }
    site
}

/// Removes, renames, adds and edits something.
fn edit(site: &Site) {
    site.remove("content/parks/p-0/rides/r-1.md");
    site.rename("content/parks/p-1/rides/r-2.md", "content/parks/p-1/rides/moved.md");
    site.write("content/parks/p-2/rides/new.md", markdown("name = 'New'\ncategory = 'other'"));
    site.edit("content/companies/c-2.md", "Company 2", "Other company");
    site.edit("lifthill.toml", "'Parks'", "'Other parks'");
}

/// Runs a build with a fault; says whether it went well all the same.
fn build_with_fault(root: &Path, fault: &str) -> bool {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.args(["build", "--jobs", "1", "--quiet", "--now", "2026-01-01", "--root"]).arg(root);
    program.env("LIFTHILL_FAULT", fault).env_remove("RUST_BACKTRACE");
    program.output().expect("the program runs").status.success()
}

fn build(root: &Path, what: &str) -> Tree {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.args(["build", "--quiet", "--now", "2026-01-01", "--root"]).arg(root);
    let done = program.output().expect("the program runs");
    assert!(done.status.success(), "{what}: the next build fails\n{}", String::from_utf8_lossy(&done.stderr));
    Tree::of(&root.join("output"))
}

/// Gives a build of `site` the fault at every change in turn, until one build makes fewer changes;
/// each time from what lies in `site`, and compares what the next build makes with `expected`.
/// Returns how many changes there were.
fn at_every_change(site: &Site, fault: &str, expected: &Tree) -> usize {
    at_changes(site, fault, expected, 1)
}

/// Like [`at_every_change`], at every seventh one; at each where `LIFTHILL_EVERY_CHANGE` is set.
fn at_some_changes(site: &Site, fault: &str, expected: &Tree) -> usize {
    let step = if std::env::var_os("LIFTHILL_EVERY_CHANGE").is_some() { 1 } else { 7 };
    at_changes(site, fault, expected, step) * step
}

fn at_changes(site: &Site, fault: &str, expected: &Tree, step: usize) -> usize {
    let lanes = 2;
    let counts: Vec<usize> = std::thread::scope(|scope| {
        let lanes: Vec<_> = (0..lanes)
            .map(|lane| {
                scope.spawn(move || {
                    let folder = tempfile::Builder::new().prefix("lifthill-fault-").tempdir().expect("a folder");
                    for (count, change) in (lane * step..).step_by(lanes * step).enumerate() {
                        let root = folder.path().join(format!("{change}"));
                        copy(&site.path(""), &root, &[]);
                        if build_with_fault(&root, &format!("{fault}@{change}")) {
                            return count;
                        }
                        let what = format!("{fault}@{change}");
                        let differences = build(&root, &what).differences(expected);
                        assert!(differences.is_empty(), "{what}:\n{}", differences.join("\n"));
                        let litter: Vec<_> = Tree::of(&root.join("output")).files().map(str::to_owned).collect();
                        assert!(!litter.iter().any(|file| file.contains(".tmp")), "{what} leaves {litter:?}");
                        fs::remove_dir_all(&root).expect("a folder of ours");
                    }
                    unreachable!("a build ends")
                })
            })
            .collect();
        lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    counts.into_iter().sum()
}

#[test]
fn a_first_build_killed_at_any_change() {
    let site = sixty_pages();
    let (_, expected) = site.build_elsewhere(&["--now", "2026-01-01"]);
    let changes = at_some_changes(&site, "kill", &expected);
    assert!(changes > 150, "only {changes} changes: the fault layer does not see them");
}

/// A site whose build also keeps what it has made: variants of a picture, and compressed files.
fn pictured() -> Site {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    let site = site.ride("efteling/python", "name = 'Python'\ncategory = 'other'");
    site.write("content/parks/efteling/photos/loop.png", picture(1));
    site.write(
        "content/parks/efteling/photos.toml",
        "[[photo]]\nfile = 'loop.png'\nride = 'python'\nalt = 'A loop.'\n",
    );
    let settings = "title = 'Parks'\nbase_url = 'https://parks.example'\n[compress]\npages = ['gzip']\n";
    site.write("lifthill.toml", settings);
    site
}

#[test]
fn a_build_that_keeps_what_it_makes_killed_at_any_change() {
    for fault in ["kill", "tear", "full"] {
        let site = pictured();
        let (_, expected) = site.build_elsewhere(&["--now", "2026-01-01"]);
        at_some_changes(&site, fault, &expected);
        site.run(&["--now", "2026-01-01"]).exit(0);
        site.write("content/parks/efteling/photos/loop.png", picture(2));
        let (_, expected) = site.build_elsewhere(&["--now", "2026-01-01"]);
        at_some_changes(&site, fault, &expected);
    }
}

#[test]
fn an_incremental_build_killed_at_every_change() {
    let site = sixty_pages();
    site.run(&["--now", "2026-01-01"]).exit(0);
    edit(&site);
    let (_, expected) = site.build_elsewhere(&["--now", "2026-01-01"]);
    let changes = at_every_change(&site, "kill", &expected);
    assert!(changes > 150, "only {changes} changes: the fault layer does not see them");
}

#[test]
fn an_incremental_build_killed_within_any_write() {
    let site = sixty_pages();
    site.run(&["--now", "2026-01-01"]).exit(0);
    edit(&site);
    let (_, expected) = site.build_elsewhere(&["--now", "2026-01-01"]);
    at_some_changes(&site, "tear", &expected);
}

#[test]
fn a_disk_that_is_full_from_any_change_on() {
    let site = sixty_pages();
    site.run(&["--now", "2026-01-01"]).exit(0);
    edit(&site);
    let (_, expected) = site.build_elsewhere(&["--now", "2026-01-01"]);
    at_some_changes(&site, "full", &expected);
}

#[test]
fn a_fault_that_nobody_understands_is_wrong_usage() {
    let site = sixty_pages();
    assert!(!build_with_fault(&site.path(""), "explode@3"));
    assert!(!site.path("output").exists());
}

/// A file system of a few hundred kilobytes, in memory. Mounting needs root; where that is not
/// given, a limit on the size of any file fills the state instead.
#[test]
fn a_small_disk_that_fills_up() {
    let site = sixty_pages();
    let (_, expected) = site.build_elsewhere(&["--now", "2026-01-01"]);
    let disk = tempfile::Builder::new().prefix("lifthill-small-").tempdir().expect("a folder");
    let mount = |options: &str| {
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(disk.path());
        mount.output().is_ok_and(|done| done.status.success())
    };
    let script = |limit: &str| {
        let program = env!("CARGO_BIN_EXE_lifthill");
        let root = disk.path().join("site");
        let line = format!("{limit} exec {program} build --quiet --now 2026-01-01 --root {}", root.display());
        Command::new("sh").args(["-c", &line]).output().expect("a shell").status.code()
    };
    if mount("size=500k") {
        copy(&site.path(""), &disk.path().join("site"), &[]);
        let mut codes = Vec::new();
        // Ever more room, and never enough until the end; what each attempt left is there for the next.
        for size in [500, 800, 1_100, 1_400] {
            let grown = Command::new("mount").args(["-o", &format!("remount,size={size}k")]).arg(disk.path()).status();
            assert!(grown.expect("mount runs").success());
            codes.push(script(""));
        }
        let grown = Command::new("mount").args(["-o", "remount,size=64m"]).arg(disk.path()).status();
        assert!(grown.expect("mount runs").success());
        let found = build(&disk.path().join("site"), "a disk that was full").differences(&expected);
        let gone = Command::new("umount").arg(disk.path()).status();
        assert!(gone.expect("umount runs").success());
        assert!(codes.iter().all(|code| [Some(0), Some(3)].contains(code)) && codes[0] == Some(3), "{codes:?}");
        assert!(found.is_empty(), "{}", found.join("\n"));
    } else {
        copy(&site.path(""), &disk.path().join("site"), &[]);
        let code = script("trap '' XFSZ; ulimit -f 200;");
        assert_eq!(code, Some(3), "a file that cannot grow is the file system's failure");
        let found = build(&disk.path().join("site"), "a disk that was full").differences(&expected);
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
