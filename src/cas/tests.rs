//! What the store promises, tried: keeping, verifying, linking, collecting. Knows only its
//! public side, and where its files lie.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use super::*;

fn store() -> (tempfile::TempDir, Cas) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let cas = Cas::open(folder.path(), &Disk::default()).unwrap();
    (folder, cas)
}

fn action(name: &str) -> Action {
    Action::new("test", "1", [name.as_bytes()])
}

fn made(bytes: &[u8]) -> Made {
    Made { bytes: Some(bytes.to_vec()), facts: b"facts".to_vec() }
}

/// Makes something, or tells that it was kept.
fn make(cas: &Cas, name: &str, bytes: &[u8]) -> bool {
    let (found, anew) = cas.get_or_make(action(name), || Ok(made(bytes))).expect("nothing fails here");
    assert_eq!(found, made(bytes));
    anew
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
    let reopened = Cas::open(folder.path(), &Disk::default()).unwrap();
    assert!(!make(&reopened, "a", b"bytes"));
    assert_ne!(action("a"), Action::new("test", "2", [b"a".as_slice()]), "another library is another action");
    assert_eq!(cas.totals().unwrap(), Totals { blobs: 1, bytes: 5, actions: 1 });
}

#[test]
fn an_outcome_may_be_that_there_is_nothing() {
    let (_folder, cas) = store();
    let nothing = Made { bytes: None, facts: Vec::new() };
    assert!(cas.get_or_make(action("a"), || Ok(nothing.clone())).unwrap().1);
    assert_eq!(cas.get_or_make(action("a"), || panic!("made again")).unwrap(), (nothing, false));
}

#[test]
fn a_failure_is_not_kept() {
    let (_folder, cas) = store();
    assert!(cas.get_or_make(action("a"), || anyhow::bail!("no")).is_err());
    assert!(make(&cas, "a", b"bytes"));
}

#[test]
fn whatever_is_lost_or_damaged_is_made_again() {
    let (_folder, cas) = store();
    let (blob, entry) = (cas.path("blobs", Digest::of(b"bytes")), cas.path("actions", action("a").0));
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
    let other = Cas::open(folder.path(), &Disk::default()).unwrap();
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
    assert!(cas.link(Digest::of(b"bytes"), &target).unwrap());
    assert_eq!(fs::read(&target).unwrap(), b"bytes");
    fs::write(&target, b"scrawl").unwrap();
    assert!(!cas.link(Digest::of(b"bytes"), &folder.path().join("other")).unwrap());
    assert!(make(&cas, "a", b"bytes"));
    assert!(cas.link(Digest::of(b"bytes"), &folder.path().join("other")).unwrap());
}

#[test]
fn a_store_that_cannot_be_written_costs_only_time() {
    let (folder, cas) = store();
    fs::write(folder.path().join("cas"), b"a file where the store was").unwrap();
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
        age(cas.path("actions", action(name).0), days);
    }
    cas.keep(action("nothing"), None, b"");
    let blob = |name: &str| Digest::of(name.repeat(100).as_bytes());
    let reached = HashSet::from([blob("old and reached")]);
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
