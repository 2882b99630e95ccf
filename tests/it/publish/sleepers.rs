//! A deploy that sleeps while its lease runs out. Another one takes the target over and publishes
//! something newer; then the sleeper wakes, with requests under way that it cannot call back.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use lifthill::publish::failure::Failure;
use lifthill::publish::lease::Clock;
use object_store::memory::InMemory;

use super::stage::{Built, Run, edited, is_ours, live};
use super::store::{Etags, FaultyStore, contents};

/// Two minutes of silence, and a little.
const LEASE: i64 = 125;

/// A deploy of `slept` that falls asleep at request `at`; of `other` by somebody else meanwhile.
/// Returns how the sleeper ended.
fn sleeps(
    store: &Arc<InMemory>,
    at: usize,
    etags: Etags,
    slept: &Built,
    other: &Arc<Built>,
    list: &std::path::Path,
) -> Result<bool, Failure> {
    let time = Arc::new(AtomicI64::new(2_000));
    let clock = {
        let time = Arc::clone(&time);
        Clock::new(move || time.load(Ordering::SeqCst))
    };
    let meanwhile = {
        let (store, other, list) = (Arc::clone(store), Arc::clone(other), list.to_owned());
        move || {
            time.fetch_add(LEASE, Ordering::SeqCst);
            let published = std::thread::spawn(move || {
                let run = Run::new("b", list, 2_000 + LEASE);
                run.publish(FaultyStore::sleepy(store, usize::MAX, etags, || {}), &other).map(|done| done.published)
            });
            assert!(published.join().expect("the other deploy").expect("the other deploy goes through"));
        }
    };
    let sleeper = FaultyStore::sleepy(Arc::clone(store), at, etags, meanwhile);
    let run = Run { clock, ..Run::new("a", list.with_extension("slept"), 2_000) };
    run.publish(sleeper, slept).map(|done| done.published)
}

/// What visitors see that is not what was built.
fn wrong(store: &InMemory, built: &Built) -> BTreeMap<String, &'static str> {
    let there = contents(store);
    let immutable = |key: &str| key.starts_with("assets/") || key.starts_with("photos/");
    let surplus = there.keys().filter(|key| !is_ours(key) && !immutable(key) && !built.files.contains_key(*key));
    let mut wrong: BTreeMap<String, &str> = surplus.map(|key| (key.clone(), "should not be there")).collect();
    for (key, bytes) in built.files.iter().filter(|(key, bytes)| there.get(*key) != Some(*bytes)) {
        wrong.insert(key.clone(), if there.contains_key(key) { "is another" } else { "is missing" });
        assert!(!bytes.is_empty());
    }
    wrong
}

/// Requests that only read what is there, before the deploy begins.
const READING: usize = 2;

/// Sleeps at each request in turn, until it is never reached.
fn everywhere(mut try_at: impl FnMut(usize) -> Result<bool, Failure>) {
    for at in READING.. {
        match try_at(at) {
            // It had ended before the request at which it was to sleep.
            Ok(true) => return assert!(at > 30, "the deploy had only {at} requests"),
            Ok(false) => panic!("asleep at {at}: it found nothing to do"),
            Err(Failure::Refused(reasons)) => {
                assert!(reasons.iter().any(|reason| reason.contains("deploy")), "asleep at {at}: {reasons:?}");
            }
            Err(other) => panic!("asleep at {at}: {other}"),
        }
    }
}

#[test]
fn a_sleeper_changes_nothing_that_a_newer_deploy_has_written() {
    let (site, old, slept) = edited();
    let base = live(&site, &old);
    // The one who goes on knows the sleeper's edit, and has made another.
    site.edit("content/parks/efteling/rides/ride-3.md", "'Baron'", "'Baron 1898'");
    let newer = Arc::new(Built::of(&site, "newer"));
    let list = site.outside().join("list");
    for etags in [Etags::Writes, Etags::Bytes] {
        everywhere(|at| {
            let store = Arc::new(base.fork());
            let ended = sleeps(&store, at, etags, &slept, &newer, &list);
            if ended.is_err() {
                assert_eq!(wrong(&store, &newer), BTreeMap::new(), "asleep at {at}, {etags:?}");
            }
            ended
        });
    }
}

#[test]
fn what_no_condition_can_refuse_is_made_good_by_the_next_run() {
    let (site, old, slept) = edited();
    let base = live(&site, &old);
    // The one who goes on knows nothing of the sleeper's edit, and has made another.
    copy_back(&site);
    site.edit("content/parks/efteling/rides/ride-7.md", "'Ride 7 of efteling'", "'Python'");
    let other = Arc::new(Built::of(&site, "other"));
    let list = site.outside().join("list");
    let mut stale = 0;
    for etags in [Etags::Writes, Etags::Bytes] {
        everywhere(|at| {
            let store = Arc::new(base.fork());
            let ended = sleeps(&store, at, etags, &slept, &other, &list);
            if ended.is_ok() {
                return ended;
            }
            let seen = wrong(&store, &other);
            stale += seen.len();
            assert!(seen.len() <= 32, "asleep at {at}, {etags:?}: no more than were under way: {seen:?}");
            let replaced = seen.values().any(|what| *what == "is another");
            assert!(etags == Etags::Bytes || !replaced, "asleep at {at}: a version is a version: {seen:?}");
            let again = Run::new("c", list.with_extension("again"), 2_000 + 2 * LEASE);
            let healthy = FaultyStore::sleepy(Arc::clone(&store), usize::MAX, etags, || {});
            again.publish(healthy, &other).unwrap_or_else(|failure| panic!("asleep at {at}, then: {failure}"));
            assert_eq!(wrong(&store, &other), BTreeMap::new(), "asleep at {at}, {etags:?}, and the next run");
            let purged = again.purged();
            for key in seen.keys() {
                let url = lifthill::headers::url_of(key);
                assert!(purged.contains(&url), "asleep at {at}, {etags:?}: {url} was not purged");
            }
            ended
        });
    }
    assert!(stale > 0, "nothing was ever stale, so nothing was made good");
}

/// Takes the edit of [`edited`] back.
fn copy_back(site: &crate::site::Site) {
    site.edit("content/parks/efteling/rides/ride-3.md", "'Baron'", "'Ride 3 of efteling'");
    site.remove("assets/css/site.css");
    site.remove("content/parks/toverland/rides/troy.md");
    let ride = "name = 'Ride 5 of toverland'\ncategory = 'flat_ride'\nmanufacturers = ['vekoma']";
    site.write("content/parks/toverland/rides/ride-5.md", crate::site::markdown(ride));
}
