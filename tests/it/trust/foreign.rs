//! What a clone of somebody's repository or a restored cache may bring along in `.lifthill/` and
//! `output/`: links to files outside, second names of them, pipes, folders, garbage. Nothing is written
//! or read through any of it, and the next build ends as a clean one would.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::site::{Site, copy, markdown, picture};
use crate::tree::Tree;

/// A site with everything that is kept: pages, a picture, compressed variants, files for a server.
fn site() -> Site {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    let site = site.ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'\n+++\nFour inversions.");
    site.write("content/parks/efteling/photos/loop.png", picture(1));
    site.write(
        "content/parks/efteling/photos.toml",
        "[[photo]]\nfile = 'loop.png'\nride = 'python'\nalt = 'A loop.'\n",
    );
    let settings = "title = 'Parks'\nbase_url = 'https://parks.example'\n[compress]\npages = ['gzip']\n[hosting]\nfiles = ['nginx']\n";
    site.write("lifthill.toml", settings);
    site
}

/// The same built site again and again, without building it each time.
struct Again {
    original: Site,
    /// What a clean build of the edited site makes.
    expected: Tree,
}

impl Again {
    fn new() -> Self {
        let original = site();
        original.run(&[]).exit(0);
        let edited = Site::new();
        fs::remove_dir_all(edited.path("")).expect("an empty site");
        copy(&original.path(""), &edited.path(""), &["output", ".lifthill"]);
        edit(&edited);
        let (_, expected) = edited.build_elsewhere(&[]);
        Self { original, expected }
    }

    fn site(&self) -> Site {
        let site = Site::new();
        fs::remove_dir_all(site.path("")).expect("an empty site");
        copy(&self.original.path(""), &site.path(""), &[]);
        site
    }

    /// Plants something in a built site, edits it, and builds it twice: both go well, the output is that
    /// of a clean build, and nobody has touched the victim.
    #[track_caller]
    fn survives(&self, what: &str, plant: impl FnOnce(&Site, &Path)) {
        let site = self.site();
        let victim = site.outside().join("victim");
        fs::create_dir(&victim).expect("a victim");
        fs::write(victim.join("precious"), "precious\n".repeat(1000)).expect("its file");
        plant(&site, &victim);
        let before = Tree::of(&victim);
        edit(&site);
        for turn in ["first", "second"] {
            let (code, stderr) = build(&site);
            assert_eq!(code, Some(0), "{what}, the {turn} build:\n{stderr}");
        }
        let mut found = site.output().differences(&self.expected);
        // What may be dear to somebody was put aside, and is still there.
        found.retain(|one| !(one.starts_with("only on the left") && one.contains(".foreign/dear")));
        assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
        assert!(before.differences(&Tree::of(&victim)).is_empty(), "{what}: the victim was touched");
        assert_eq!(Tree::of(&victim).touched_since(&before), Vec::<String>::new(), "{what}: the victim was touched");
    }
}

fn edit(site: &Site) {
    site.write("content/parks/efteling/rides/new.md", markdown("name = 'New'\ncategory = 'other'"));
    site.edit("content/parks/efteling/rides/python.md", "Four", "Five");
}

/// A build that may not wait for anybody: a pipe without a writer would keep it for ever.
fn build(site: &Site) -> (Option<i32>, String) {
    run(site, &["build"])
}

fn run(site: &Site, arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = Command::new("timeout");
    program.args(["60", env!("CARGO_BIN_EXE_lifthill")]).args(arguments).args(["--root"]).arg(site.path(""));
    let done = program.stdin(Stdio::null()).output().expect("the program runs");
    (done.status.code(), String::from_utf8_lossy(&done.stderr).into_owned())
}

/// Removes what is there, and makes the folder that it was in.
fn make_way(at: &Path) {
    if fs::symlink_metadata(at).is_ok_and(|found| found.is_dir()) {
        fs::remove_dir_all(at).expect("a folder of ours");
    } else if fs::symlink_metadata(at).is_ok() {
        fs::remove_file(at).expect("a file of ours");
    }
    fs::create_dir_all(at.parent().expect("a folder")).expect("its folder");
}

/// Puts something at a place, given a victim with a file in it.
type Plant = fn(&Path, &Path);

const PLANTS: [(&str, Plant); 9] = [
    ("a link to a file", |at, victim| symlink(victim.join("precious"), at).expect("a link")),
    ("a link to a folder", |at, victim| symlink(victim, at).expect("a link")),
    ("a link to nothing", |at, victim| symlink(victim.join("not-there"), at).expect("a link")),
    ("a link to itself", |at, _| symlink(at, at).expect("a link")),
    ("a second name of a file", |at, victim| fs::hard_link(victim.join("precious"), at).expect("a name")),
    ("a folder with something in it", |at, _| {
        fs::create_dir(at).and_then(|()| fs::write(at.join("dear"), "to somebody")).expect("a folder");
    }),
    ("a pipe", |at, _| {
        let made = Command::new("mkfifo").arg(at).status().expect("mkfifo runs");
        assert!(made.success());
    }),
    ("an empty file", |at, _| fs::write(at, "").expect("a file")),
    ("garbage", |at, _| fs::write(at, [0xff, 0, b'\n', 1, 0xfe].repeat(5000)).expect("a file")),
];

/// Every name that is used in `.lifthill/`.
const NAMES: [&str; 22] = [
    "lock",
    "seal",
    "clock",
    "state.redb",
    "state.damaged",
    "state.tmp",
    "journal",
    "journal.tmp",
    "metrics",
    "metrics/build.tmp",
    "metrics/build.json",
    "metrics/build.prom",
    "cas",
    "cas/tmp",
    "cas/blobs",
    "cas/actions",
    "hosting",
    "hosting/nginx",
    "hosting/nginx/http.conf",
    "scratch-1",
    "check",
    "publish",
];

#[test]
fn whatever_stands_at_one_name_costs_a_making_again_at_most() {
    let again = Again::new();
    let (names, plants) = (NAMES.len(), PLANTS.len());
    // Each name meets some plants, each plant some names; all of them where time is no matter.
    let step = if std::env::var_os("LIFTHILL_EVERY_CHANGE").is_some() { 1 } else { 5 };
    std::thread::scope(|scope| {
        for lane in 0..2 {
            let again = &again;
            scope.spawn(move || {
                for number in (0..names * plants).filter(|number| number % step == 0).skip(lane).step_by(2) {
                    let (name, (what, plant)) = (NAMES[number % names], PLANTS[number / names]);
                    again.survives(&format!("{what} at {name}"), |site, victim| {
                        let at = site.path(".lifthill").join(name);
                        make_way(&at);
                        plant(&at, victim);
                    });
                }
            });
        }
    });
}

#[test]
fn whatever_stands_at_all_names_costs_a_making_again_at_most() {
    let again = Again::new();
    for (what, plant) in PLANTS {
        again.survives(&format!("{what} everywhere"), |site, victim| {
            for name in NAMES.iter().filter(|name| !NAMES.iter().any(|other| other.starts_with(&format!("{name}/")))) {
                let at = site.path(".lifthill").join(name);
                make_way(&at);
                plant(&at, victim);
            }
        });
    }
}

#[test]
fn half_written_files_in_the_output_are_never_those_of_others() {
    let again = Again::new();
    again.survives("names of half-written files", |site, victim| {
        let page = site.path("output/parks/efteling/rides/python");
        symlink(victim.join("precious"), page.join(".lifthill-1-1.tmp")).expect("a link");
        fs::create_dir(page.join(".lifthill-2-2.tmp")).expect("a folder");
        // An end that is not one: what the build before has left is looked for.
        let journal = fs::read_to_string(site.path(".lifthill/journal")).expect("the journal");
        let open = journal.trim_end().rsplit_once("\n=").expect("its end").0;
        site.write(".lifthill/journal", format!("{open}\n"));
        fs::remove_file(page.join(".lifthill-1-1.tmp")).expect("the link");
        fs::remove_dir(page.join(".lifthill-2-2.tmp")).expect("the folder");
    });
}

#[test]
fn what_only_looks_waits_for_no_pipe_and_follows_no_link() {
    let again = Again::new();
    for (what, plant) in PLANTS {
        let site = again.site();
        let victim = site.outside().join("victim");
        fs::create_dir(&victim).and_then(|()| fs::write(victim.join("precious"), "precious")).expect("a victim");
        for name in ["lock", "seal", "journal", "state.redb", "cas", "metrics"] {
            let at = site.path(".lifthill").join(name);
            make_way(&at);
            plant(&at, &victim);
        }
        let before = Tree::of(&site.path(""));
        for arguments in [&["build", "--dry-run"][..], &["check"], &["cache", "stat"], &["why", "/parks/efteling/"]] {
            let (code, stderr) = run(&site, arguments);
            assert!(matches!(code, Some(0..=3)), "{what}: {arguments:?} ends with {code:?}\n{stderr}");
        }
        assert_eq!(Tree::of(&site.path("")).touched_since(&before), Vec::<String>::new(), "{what}");
        let (code, stderr) = run(&site, &["cache", "gc", "--max-size", "0"]);
        assert_eq!(code, Some(0), "{what}: cache gc\n{stderr}");
        let (code, stderr) = run(&site, &["clean"]);
        assert_eq!(code, Some(0), "{what}: clean\n{stderr}");
        assert!(!site.path(".lifthill").exists());
        assert_eq!(fs::read_to_string(victim.join("precious")).expect("the victim"), "precious", "{what}");
    }
}

/// A backup that saves room shares files with what it is a backup of.
#[test]
fn a_backup_that_shares_its_files_stays_as_it_was() {
    let again = Again::new();
    let site = again.site();
    let backup = site.outside().join("backup");
    let linked = Command::new("cp").arg("-al").args([site.path(""), backup.clone()]).status().expect("cp runs");
    assert!(linked.success());
    let before: Vec<_> = Tree::of(&backup)
        .files()
        .map(|file| (file.to_owned(), Tree::of(&backup).bytes(file).map(<[u8]>::to_vec)))
        .collect();
    site.remove("content/parks/efteling/rides/python.md");
    site.write("content/parks/efteling/rides/python.md", markdown("name = 'Python'\ncategory = 'roller_coaster'"));
    let (code, stderr) = build(&site);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(!stderr.contains("Built everything"), "what the state knew is still of use:\n{stderr}");
    let after = Tree::of(&backup);
    for (file, bytes) in before {
        assert!(after.bytes(&file).map(<[u8]>::to_vec) == bytes, "{file} of the backup was changed");
    }
}
