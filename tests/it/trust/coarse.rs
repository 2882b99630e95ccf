//! A file system that keeps whole seconds: what is changed in the second in which it was written has the
//! stamp that it had, and is noticed all the same.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::site::{Site, copy};
use crate::tree::Tree;

/// An ext4 whose inodes have no room for fractions of seconds, mounted while it lives.
struct Coarse(TempDir);

impl Coarse {
    /// Mounting needs root, which those who test everything have.
    fn mount() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("lifthill-coarse-").tempdir().expect("a folder");
        let (image, at) = (folder.path().join("image"), folder.path().join("at"));
        fs::File::create(&image).and_then(|file| file.set_len(64 << 20)).expect("an image");
        fs::create_dir(&at).expect("a folder");
        let did = |done: std::io::Result<Output>| done.is_ok_and(|done| done.status.success());
        let made = did(Command::new("mkfs.ext4").args(["-q", "-I", "128"]).arg(&image).output());
        let mounted = made && did(Command::new("mount").args(["-o", "loop"]).args([&image, &at]).output());
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> std::path::PathBuf {
        self.0.path().join("at")
    }
}

impl Drop for Coarse {
    fn drop(&mut self) {
        let gone = Command::new("umount").arg(self.path()).status();
        assert!(gone.is_ok_and(|status| status.success()) || std::thread::panicking(), "it can be unmounted");
    }
}

fn site() -> Site {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    let settings = "title = 'Parks'\nbase_url = 'https://parks.example'\n[compress]\npages = ['gzip']\n";
    site.write("lifthill.toml", settings);
    site.ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'\n+++\nFour inversions.")
}

fn build(root: &Path) -> String {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.args(["build", "--json", "--now", "2026-01-01", "--root"]).arg(root);
    let done = program.output().expect("the program runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// Everything that a stamp says.
fn stamp(path: &Path) -> (u64, i64, i64, i64, i64, u64) {
    let found = fs::metadata(path).expect("a file");
    (found.len(), found.mtime(), found.mtime_nsec(), found.ctime(), found.ctime_nsec(), found.ino())
}

/// Writes over the last byte of a file, in place.
fn scrawl(path: &Path) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = fs::File::options().write(true).open(path).expect("a file");
    file.seek(SeekFrom::End(-1)).and_then(|_| file.write_all(b"~")).expect("one byte");
}

/// Builds at `root`, and changes a file in the second in which it was written; tried until it is so.
fn change_in_the_second_of_writing(root: &Path, file: &str) {
    for turn in 0..50 {
        // Something to be written: every page shows the site's title.
        let settings = fs::read_to_string(root.join("lifthill.toml")).expect("the settings");
        let title = settings.lines().next().expect("a title").to_owned();
        fs::write(root.join("lifthill.toml"), settings.replace(&title, &format!("title = 'Parks {turn:02}'")))
            .expect("the settings");
        build(root);
        let path = root.join(file);
        let before = stamp(&path);
        scrawl(&path);
        if stamp(&path) == before {
            return;
        }
        build(root);
    }
    panic!("{file} never keeps its stamp");
}

#[test]
fn what_is_changed_in_the_second_of_its_writing_is_noticed() {
    let Some(disk) = Coarse::mount() else {
        // The rule itself is tried in `stamp.rs`, whoever tests; only the file system is missing here.
        eprintln!("no file system can be mounted here: what is changed within a second is not tried on one");
        return;
    };
    let root = disk.path().join("site");
    copy(&site().path(""), &root, &[]);
    for file in ["output/parks/efteling/rides/python/index.html", "output/parks/efteling/index.html.gz"] {
        change_in_the_second_of_writing(&root, file);
        build(&root);
        let clean = disk.path().join("clean");
        copy(&root, &clean, &["output", ".lifthill"]);
        build(&clean);
        let found = Tree::of(&root.join("output")).differences(&Tree::of(&clean.join("output")));
        assert!(found.is_empty(), "{file}:\n{}", found.join("\n"));
        fs::remove_dir_all(&clean).expect("the clean site");
    }
    // The state itself, altered in the second in which it was sealed, is compared with its checksums.
    change_in_the_second_of_writing(&root, ".lifthill/state.redb");
    build(&root);
}
