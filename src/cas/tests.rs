//! What the store promises, tried: keeping, verifying, linking, collecting. Knows only its
//! public side, and where its files lie.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::*;

fn store() -> (tempfile::TempDir, Cas) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cas = Cas::open(folder.path(), &Disk::default());
    (folder, cas)
}

fn action(name: &str) -> Action {
    Action::new("test", "1", [name.as_bytes()])
}

fn made(bytes: &[u8]) -> Made {
    Made { bytes: Some(bytes.to_vec()), facts: b"facts".to_vec() }
}

/// Makes something unless it is kept; says whether it was made.
fn make(cas: &Cas, name: &str, bytes: &[u8]) -> bool {
    let found = cas.get(action(name));
    if let Some(found) = &found {
        assert_eq!(*found, made(bytes));
    } else {
        assert_eq!(cas.keep(action(name), Some(bytes), b"facts"), Some(Digest::of(bytes)));
    }
    found.is_none()
}

/// The place of an entry.
fn entry(cas: &Cas, name: &str) -> PathBuf {
    cas.folders.make(&cas.disk, Part::Actions, action(name).0).expect("a folder")
}

/// The place of a blob.
fn blob(cas: &Cas, bytes: &[u8]) -> PathBuf {
    cas.folders.make(&cas.disk, Part::Blobs, Digest::of(bytes)).expect("a folder")
}

fn age(path: PathBuf, days: u64) {
    let then = SystemTime::now() - Duration::from_secs(days * 24 * 3600);
    File::options().append(true).open(path).and_then(|file| file.set_modified(then)).expect("a file to age");
}

#[test]
fn nothing_is_made_twice() {
    let (folder, cas) = store();
    assert!(make(&cas, "a", b"bytes"));
    assert!(!make(&cas, "a", b"bytes"));
    let reopened = Cas::open(folder.path(), &Disk::default());
    assert!(!make(&reopened, "a", b"bytes"));
    assert_ne!(action("a"), Action::new("test", "2", [b"a".as_slice()]), "another library is another action");
    assert_eq!(cas.totals().unwrap(), Totals { blobs: 1, bytes: 5, actions: 1 });
}

#[test]
fn an_outcome_may_be_that_there_is_nothing() {
    let (_folder, cas) = store();
    cas.keep(action("a"), None, b"");
    assert_eq!(cas.get(action("a")), Some(Made { bytes: None, facts: Vec::new() }));
}

#[test]
fn whatever_is_lost_or_damaged_is_made_again() {
    let (_folder, cas) = store();
    let (blob, entry) = (blob(&cas, b"bytes"), entry(&cas, "a"));
    for damage in [
        |path: &PathBuf| fs::remove_file(path),
        |path: &PathBuf| fs::write(path, b""),
        |path: &PathBuf| fs::write(path, b"bytez"),
        |path: &PathBuf| fs::write(path, vec![1; 33]),
    ] {
        for path in [&blob, &entry] {
            make(&cas, "a", b"bytes");
            damage(path).unwrap();
            make(&cas, "a", b"bytes");
            assert!(!make(&cas, "a", b"bytes"), "and then kept again");
        }
    }
}

#[test]
fn many_may_keep_the_same_at_once() {
    let (folder, cas) = store();
    let other = Cas::open(folder.path(), &Disk::default());
    std::thread::scope(|scope| {
        for cas in [&cas, &other, &cas, &other] {
            scope.spawn(move || {
                for index in 0..50 {
                    make(cas, &index.to_string(), &[index; 100]);
                }
            });
        }
    });
    assert_eq!(cas.totals().unwrap(), Totals { blobs: 50, bytes: 5000, actions: 50 });
    assert_eq!(cas.unwritable() + other.unwritable(), 0);
    assert_eq!(fs::read_dir(folder.path().join("cas/tmp")).unwrap().count(), 0);
}

#[test]
fn an_edited_link_is_found_out() {
    let (folder, cas) = store();
    make(&cas, "a", b"bytes");
    let target = folder.path().join("picture");
    assert!(cas.link(b"bytes", &target).unwrap());
    assert_eq!(fs::read(&target).unwrap(), b"bytes");
    fs::write(&target, b"scrawl").unwrap();
    assert!(!cas.link(b"bytes", &folder.path().join("other")).unwrap());
    assert!(make(&cas, "a", b"bytes"));
    assert!(cas.link(b"bytes", &folder.path().join("other")).unwrap());
}

#[test]
fn a_store_that_cannot_be_written_costs_only_time() {
    let (folder, cas) = store();
    fs::remove_dir(folder.path()).unwrap();
    assert!(make(&cas, "a", b"bytes"));
    assert!(make(&cas, "a", b"bytes"));
    assert_eq!(cas.unwritable(), 2);
}

#[test]
fn what_is_reached_stays_and_the_rest_goes_by_age_and_size() {
    let (_folder, cas) = store();
    let names = ["old and reached", "old", "middle", "new"];
    let days = [30, 30, 3, 0];
    for (name, days) in names.iter().zip(days) {
        make(&cas, name, name.repeat(100).as_bytes());
        age(entry(&cas, name), days);
    }
    cas.keep(action("nothing"), None, b"");
    let reached = HashSet::from([Digest::of("old and reached".repeat(100).as_bytes())]);
    let week = Duration::from_secs(7 * 24 * 3600);

    let outcome = cas.collect(&reached, Bounds { age: week, bytes: u64::MAX }).unwrap();
    assert_eq!((outcome.removed.blobs, outcome.removed.actions, outcome.left.actions), (1, 1, 4));
    assert!(cas.get(action("old")).is_none() && cas.get(action("middle")).is_some());

    // The action that was just used is younger now than the one that was not.
    let outcome = cas.collect(&reached, Bounds { age: week, bytes: 1500 + 600 }).unwrap();
    assert_eq!((outcome.removed.blobs, outcome.left.bytes), (1, 1500 + 600));
    assert!(cas.get(action("new")).is_none() && cas.get(action("old and reached")).is_some());

    cas.collect(&HashSet::new(), Bounds { age: Duration::ZERO, bytes: 0 }).unwrap();
    assert_eq!(cas.totals().unwrap().blobs, 0);
}

#[test]
fn an_entry_answers_only_what_it_was_made_for() {
    let (folder, cas) = store();
    make(&cas, "a", b"bytes of a");
    make(&cas, "b", b"bytes of b");
    let (a, b, aside) = (entry(&cas, "a"), entry(&cas, "b"), folder.path().join("aside"));
    fs::rename(&a, &aside).and_then(|()| fs::rename(&b, &a)).and_then(|()| fs::rename(&aside, &b)).unwrap();
    assert_eq!((cas.get(action("a")), cas.get(action("b"))), (None, None), "exchanged");
    assert!(make(&cas, "a", b"bytes of a") && make(&cas, "b", b"bytes of b"));

    let old = [&[1][..], &Digest::of(b"bytes of b").0, b"facts"].concat();
    fs::write(&a, [&old[..], &Digest::of(&old).0].concat()).unwrap();
    assert_eq!(cas.get(action("a")), None, "of the format before");
    let mut newer = fs::read(&b).unwrap();
    newer[0] += 1;
    let end = newer.len() - 16;
    let check = Digest::of(&newer[..end]).0;
    newer[end..].copy_from_slice(&check);
    fs::write(&b, newer).unwrap();
    assert_eq!(cas.get(action("b")), None, "of a later format");
}

#[test]
fn blobs_that_were_exchanged_are_made_again() {
    let (folder, cas) = store();
    make(&cas, "a", b"bytes of a");
    make(&cas, "b", b"bytes of b");
    let (a, b, aside) = (blob(&cas, b"bytes of a"), blob(&cas, b"bytes of b"), folder.path().join("aside"));
    fs::rename(&a, &aside).and_then(|()| fs::rename(&b, &a)).and_then(|()| fs::rename(&aside, &b)).unwrap();
    assert!(!cas.link(b"bytes of a", &folder.path().join("linked")).unwrap());
    assert!(make(&cas, "a", b"bytes of a") && make(&cas, "b", b"bytes of b"));
    // One that has become huge is not read at all.
    File::options().write(true).open(&a).and_then(|file| file.set_len(64 << 30)).unwrap();
    assert!(make(&cas, "a", b"bytes of a"));
}

/// What is put in the place of a store's file or folder: given that place and a victim.
#[cfg(unix)]
type Plant = fn(&Path, &Path) -> io::Result<()>;

#[cfg(unix)]
const PLANTS: [(&str, Plant); 5] = [
    ("a link", |at, victim| std::os::unix::fs::symlink(victim, at)),
    ("a dead link", |at, _| std::os::unix::fs::symlink("nowhere", at)),
    ("a second name", |at, victim| if victim.is_dir() { fs::create_dir(at) } else { fs::hard_link(victim, at) }),
    ("a folder", |at, _| fs::create_dir_all(at.join("with/folders"))),
    ("a pipe", |at, _| Ok(rustix::fs::mknodat(rustix::fs::CWD, at, rustix::fs::FileType::Fifo, 0o600.into(), 0)?)),
];

#[cfg(unix)]
#[test]
fn whatever_stands_where_a_file_belongs_is_not_believed() {
    for (what, plant) in PLANTS {
        let (folder, cas) = store();
        make(&cas, "a", b"bytes");
        let victim = folder.path().join("victim");
        fs::write(&victim, b"bytes").unwrap();
        for at in [blob(&cas, b"bytes"), entry(&cas, "a")] {
            fs::remove_file(&at).unwrap();
            plant(&at, &victim).unwrap();
            let kept = cas.get(action("a"));
            assert!(kept.is_none() || what == "a second name", "{what} at {}", at.display());
            cas.keep(action("a"), Some(b"bytes"), b"facts");
            assert_eq!(cas.get(action("a")), Some(made(b"bytes")), "{what} at {}", at.display());
        }
        assert_eq!(fs::read(&victim).unwrap(), b"bytes", "{what}");
        assert_eq!(cas.unwritable(), 0, "{what}");
    }
}

#[cfg(unix)]
#[test]
fn whatever_stands_where_a_folder_belongs_is_not_gone_through() {
    for (what, plant) in PLANTS {
        for part in ["cas", "cas/blobs", "cas/actions", "cas/tmp", "cas/blobs/SHARD"] {
            let (folder, other) = store();
            make(&other, "a", b"bytes");
            let shard = Digest::of(b"bytes").hex(2);
            let at = folder.path().join(part.replace("SHARD", &shard));
            let victim = folder.path().join("victim");
            fs::rename(&at, &victim).unwrap();
            plant(&at, &victim).unwrap();
            let listed = || fs::read_dir(&victim).unwrap().count();
            let before = listed();
            // Opened again, as the next build does.
            let cas = Cas::open(folder.path(), &Disk::default());
            assert!(part == "cas/tmp" || cas.get(action("a")).is_none(), "{what} at {part}");
            cas.keep(action("a"), Some(b"bytes"), b"facts");
            assert_eq!(cas.get(action("a")), Some(made(b"bytes")), "{what} at {part}");
            cas.collect(&HashSet::new(), Bounds { age: Duration::ZERO, bytes: 0 }).unwrap();
            assert_eq!(listed(), before, "{what} at {part}");
            assert_eq!(cas.unwritable(), 0, "{what} at {part}");
        }
    }
}
