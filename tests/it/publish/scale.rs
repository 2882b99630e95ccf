//! Many objects: the work of a deploy follows the change. `LIFTHILL_OBJECTS=100000` with
//! `--no-capture` also prints times and memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use lifthill::digest::Digest;
use lifthill::publish::local::Local;
use lifthill::publish::manifest::{Class, Entry, Headers, Manifest};
use lifthill::report::peak_memory_bytes;
use object_store::memory::InMemory;

use super::stage::{Built, Remembers, Run};
use super::store::FaultyStore;
use crate::dice::asked;

/// A site of `objects` pages that all have the same bytes.
fn site(objects: usize, folder: &std::path::Path) -> Built {
    let bytes = b"<!doctype html><title>Ride</title><p>A page like any other.".to_vec();
    std::fs::write(folder.join("page"), &bytes).expect("a page");
    let headers = Headers { content_type: "text/html".into(), cache_control: "no-cache".into(), ..Headers::default() };
    let mut manifest = Manifest { headers: vec![headers], ..Manifest::default() };
    let mut sources: BTreeMap<Box<str>, Box<str>> = BTreeMap::new();
    for number in 0..objects {
        let key: Box<str> = format!("parks/park-{}/rides/ride-{number}/index.html", number / 40).into();
        sources.insert(key.clone(), "page".into());
        let entry = Entry {
            digest: Digest::of(&bytes),
            size: bytes.len() as u64,
            class: Class::Page,
            promised: true,
            headers: 0,
            dress: 1,
            tags: Box::default(),
        };
        manifest.entries.insert(key, entry);
    }
    let local = Local { manifest, sources };
    Built { local, output: folder.to_owned(), files: BTreeMap::new() }
}

#[test]
fn the_requests_of_a_deploy_follow_the_change() {
    let objects = asked("LIFTHILL_OBJECTS", 5_000);
    let folder = tempfile::tempdir().expect("a folder");
    let mut built = site(objects, folder.path());
    let store = Arc::new(InMemory::new());
    let (memory, mut now) = (Remembers::default(), 1_000);
    let mut publish = |built: &Built, what: &str| {
        now += 1;
        let faulty = FaultyStore::new(Arc::clone(&store), None, Arc::new(|_| {}));
        let run = Run { cache: &memory, ..Run::new("a", folder.path().join("list"), now) };
        let start = Instant::now();
        let outcome = run.publish(Arc::clone(&faulty), built).expect("a deploy");
        let (seconds, peak) = (start.elapsed().as_secs_f64(), peak_memory_bytes() >> 20);
        println!("{objects} objects, {what}: {seconds:.2} s, {} requests, peak {peak} MB", faulty.requests());
        (outcome, faulty.requests())
    };
    let before = peak_memory_bytes();
    let (outcome, requests) = publish(&built, "the first time");
    assert_eq!((outcome.objects, requests), (objects as u64, objects + 5), "one request an object");
    println!("{} MB before", before >> 20);
    let (outcome, requests) = publish(&built, "nothing changed");
    assert!(!outcome.published && requests <= 5, "{requests} requests for nothing");
    std::fs::write(folder.path().join("other"), "<!doctype html><title>Other</title>").expect("a page");
    let key = "parks/park-1/rides/ride-44/index.html";
    built.local.sources.insert(key.into(), "other".into());
    let entry = built.local.manifest.entries.get_mut(key).expect("a page");
    entry.digest = Digest::of(b"<!doctype html><title>Other</title>");
    let (outcome, requests) = publish(&built, "one page changed");
    assert_eq!(outcome.objects, 1);
    assert!(requests <= 8, "{requests} requests for one page");
}
