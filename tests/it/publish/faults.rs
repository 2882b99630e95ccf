//! The fault matrix: every fault at every request of a deploy. Whatever happens, visitors see each
//! page with its assets, old or new; the next run converges; what changed is purged; nothing goes
//! that should not.

use std::sync::Arc;

use lifthill::publish::failure::Failure;
use object_store::memory::InMemory;

use super::stage::{Built, Run, Visitor, changed, edited, holds, live};
use super::store::{FAULTS, Fault, FaultyStore, contents, headers_in};

#[test]
fn every_fault_at_every_request() {
    let (site, old, new) = edited();
    let base = live(&site, &old);
    let visitor = Arc::new(Visitor::of(&[&old, &new]));
    let look = {
        let visitor = Arc::clone(&visitor);
        Arc::new(move |store: &InMemory| visitor.looks_at(store))
    };
    let list = |name: &str| site.outside().join(name);
    let clean = FaultyStore::new(Arc::new(base.fork()), None, look.clone());
    let run = Run::new("a", list("clean"), 2_000);
    run.publish(Arc::clone(&clean), &new).expect("a deploy without faults");
    let expected = changed(&old, &new);
    assert_eq!(run.purged(), expected, "exactly what changed is purged");
    let (requests, allowed) = (clean.requests(), clean.deleted());
    assert!(requests > 30, "{requests} requests are too few to prove anything");

    for fault in FAULTS {
        for at in 0..requests {
            let what = format!("{fault:?} at request {at}");
            let store = Arc::new(base.fork());
            let faulty = FaultyStore::new(Arc::clone(&store), Some((at, fault)), look.clone());
            let run = Run::new("a", list("faulty"), 2_000);
            let _ = std::fs::remove_file(&run.list);
            let first = run.publish(Arc::clone(&faulty), &new);
            if matches!(fault, Fault::Reset | Fault::LostAnswer | Fault::Unavailable | Fault::Timeout) {
                assert!(first.is_ok(), "{what} is worth a second attempt: {}", first.unwrap_err());
            }
            let mut purged = run.purged();
            let mut deleted: Vec<String> = faulty.deleted();
            if first.is_err() && !purged.is_empty() {
                assert!(deleted.iter().all(|key| allowed.contains(key)), "{what}");
            }
            let again = FaultyStore::new(Arc::clone(&store), None, look.clone());
            let run = Run::new("a", list("again"), 2_100);
            let _ = std::fs::remove_file(&run.list);
            run.publish(Arc::clone(&again), &new).unwrap_or_else(|failure| panic!("{what}, then: {failure}"));
            holds(&store, &new, &old, &what);
            purged.extend(run.purged());
            assert_eq!(purged, expected, "{what}: the union of purges");
            deleted.extend(again.deleted());
            assert!(deleted.iter().all(|key| allowed.contains(key)), "{what} deleted {deleted:?}");
        }
    }
}

#[test]
fn what_a_killed_deploy_has_touched_is_undone_and_purged_when_the_edit_is_taken_back() {
    let (site, old, new) = edited();
    let base = live(&site, &old);
    let visitor = Arc::new(Visitor::of(&[&old, &new]));
    let look = Arc::new(move |store: &InMemory| visitor.looks_at(store));
    for at in 0.. {
        let store = Arc::new(base.fork());
        let faulty = FaultyStore::new(Arc::clone(&store), Some((at, Fault::Kill)), look.clone());
        let run = Run::new("a", site.outside().join("killed"), 2_000);
        let _ = std::fs::remove_file(&run.list);
        let published = run.publish(faulty, &new).is_ok_and(|outcome| outcome.published);
        let seen = contents(&store);
        let run = Run::new("a", site.outside().join("back"), 2_100);
        let _ = std::fs::remove_file(&run.list);
        let healthy = FaultyStore::new(Arc::clone(&store), None, look.clone());
        run.publish(healthy, &old).unwrap_or_else(|failure| panic!("killed at {at}, then: {failure}"));
        holds(&store, &old, &new, &format!("killed at {at}"));
        let purged = run.purged();
        for (key, bytes) in old.files.iter().filter(|(key, bytes)| seen.get(*key) != Some(*bytes)) {
            let url = lifthill::headers::url_of(key);
            assert!(purged.contains(&url), "killed at {at}: {url} showed {} bytes and was not purged", bytes.len());
        }
        if published {
            assert!(at > 30, "the deploy had only {at} requests");
            return;
        }
    }
}

#[test]
fn others_wait_for_a_living_deploy_and_take_over_from_a_dead_one() {
    let (site, old, new) = edited();
    let base = live(&site, &old);
    let nobody: Arc<dyn Fn(&InMemory) + Send + Sync> = Arc::new(|_| {});
    let store = Arc::new(base.fork());
    let list = site.outside().join("list");
    let killed = FaultyStore::new(Arc::clone(&store), Some((12, Fault::Kill)), nobody.clone());
    let run = |owner, now| Run::new(owner, list.clone(), now);
    assert!(run("a", 2_000).publish(killed, &new).is_err());
    let healthy = || FaultyStore::new(Arc::clone(&store), None, nobody.clone());
    let Err(Failure::Refused(reasons)) = run("b", 2_060).publish(healthy(), &new) else {
        panic!("a silent deploy of a minute ago keeps others out");
    };
    assert!(reasons[0].contains("--take-over"), "{reasons:?}");
    let pruning = run("b", 2_060).with(healthy(), &new.output, async |bucket| bucket.prune().await);
    assert!(matches!(pruning, Err(Failure::Refused(_))), "nor is anything pruned while it may be alive");
    assert!(run("b", 2_121).publish(healthy(), &new).expect("two minutes of silence").published);
    holds(&store, &new, &old, "taken over");
}

#[test]
fn a_rollback_brings_back_bytes_and_headers_and_purges() {
    let (site, old, _) = edited();
    let store = live(&site, &old);
    let headers = "[headers]\n'/feed.xml' = 'no-store'\n'/parks/*' = { Content-Language = 'nl' }\n";
    site.write("lifthill.toml", headers);
    let new = Built::of(&site, "dressed");
    let nobody: Arc<dyn Fn(&InMemory) + Send + Sync> = Arc::new(|_| {});
    let healthy = || FaultyStore::new(Arc::clone(&store), None, nobody.clone());
    let run = |name: &str, now| Run::new("a", site.outside().join(name), now);
    let first = headers_in(&store);
    let second = run("second", 2_000);
    second.publish(healthy(), &new).expect("a second release");
    let there = headers_in(&store);
    let feed = "feed.xml";
    assert_ne!(first[feed], there[feed]);
    assert!(there["parks/efteling/index.html"].contains("nl"), "{:?}", there["parks/efteling/index.html"]);
    let back = run("back", 3_000);
    let outcome = back.with(healthy(), &new.output, async |bucket| bucket.rollback(None).await);
    assert!(outcome.expect("a rollback").published);
    holds(&store, &old, &new, "after the rollback");
    let again = headers_in(&store);
    for (key, headers) in &first {
        assert_eq!(again.get(key), Some(headers), "the former headers of {key}");
    }
    assert_eq!(back.purged(), second.purged(), "what became new is what becomes old again");
    assert!(back.purged().is_superset(&changed(&old, &new)) && back.purged().contains("/feed.xml"));
    let forth = run("forth", 4_000);
    forth.publish(healthy(), &new).expect("forward again");
    holds(&store, &new, &old, "forward again");
    let pruned = run("prune", 4_100);
    let outcome = pruned.with(healthy(), &new.output, async |bucket| bucket.prune().await).expect("pruned");
    assert_eq!(outcome.pruned, 0, "young releases keep all they need");
    let later = run("later", 4_000 + 40 * 86_400);
    site.edit("content/parks/efteling/index.md", "'Efteling'", "'De Efteling'");
    let newer = Built::of(&site, "newer");
    later.publish(healthy(), &newer).expect("forty days later");
    let outcome = later.with(healthy(), &newer.output, async |bucket| bucket.prune().await).expect("pruned");
    assert!(outcome.pruned > 0, "old releases are let go");
    holds(&store, &newer, &old, "after pruning");
}
