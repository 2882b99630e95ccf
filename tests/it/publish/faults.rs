//! The fault matrix: every fault at every request of a deploy. Whatever happens, visitors see each
//! page with its assets, old or new; the next run converges; what changed is purged; nothing goes
//! that should not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lifthill::config::Settings;
use lifthill::config::publish::Target;
use lifthill::publish::bucket::Bucket;
use lifthill::publish::deploy::NoCache;
use lifthill::publish::failure::Failure;
use lifthill::publish::guard::Consent;
use lifthill::publish::local::Local;
use lifthill::publish::remote::{Patience, Remote};
use lifthill::publish::told::Outcome;
use lifthill::publish::{Options, Silent, deployer, of_site};
use object_store::memory::InMemory;

use super::store::{FAULTS, Fault, FaultyStore, contents};
use super::{catalogue, urls_in};
use crate::site::{Site, copy};

/// One state of a site, as it was built.
pub struct Built {
    pub local: Local,
    pub output: PathBuf,
    pub files: BTreeMap<String, Vec<u8>>,
}

impl Built {
    /// Builds a site, and keeps its output under a name.
    pub fn of(site: &Site, name: &str) -> Self {
        let built = site.run(&[]);
        assert_eq!(built.code(), 0, "{}", built.stderr());
        let output = site.outside().join(name);
        copy(&site.path("output"), &output, &[]);
        let settings = Settings::load(&site.path("")).expect("good settings");
        let (local, _held) = of_site(&site.path(""), &settings, &target()).expect("a built site");
        let tree = site.output();
        let variant = |file: &&str| [".gz", ".br", ".zst"].iter().any(|extension| file.ends_with(extension));
        let files = tree.files().filter(|file| !variant(file));
        let files = files.map(|file| (file.to_owned(), tree.bytes(file).expect("a file").to_vec())).collect();
        Self { local, output, files }
    }
}

fn target() -> Target {
    Target::new("s3://test")
}

/// A run of publishing against a store.
pub struct Run<'r> {
    pub owner: &'r str,
    pub list: PathBuf,
    pub now: i64,
}

impl Run<'_> {
    pub fn publish(&self, store: Arc<FaultyStore>, built: &Built) -> Result<Outcome, Failure> {
        self.with(store, &built.output, async |bucket| bucket.publish(&built.local).await)
    }

    pub fn with(
        &self,
        store: Arc<FaultyStore>,
        output: &Path,
        work: impl AsyncFnOnce(Bucket<'_>) -> Result<Outcome, Failure>,
    ) -> Result<Outcome, Failure> {
        let target = target();
        let options = Options {
            purge_list: Some(self.list.clone()),
            now: self.now,
            consent: Consent { deletes: None, gone: vec!["*".to_owned()] },
            ..Options::default()
        };
        let deployer = deployer(&target, &options, self.owner.to_owned());
        let patience = Patience { attempts: 3, pause: Duration::from_micros(100), request: Duration::from_millis(30) };
        let remote = Remote::new(store, "", patience, None);
        let bucket = Bucket {
            remote: &remote,
            target: &target,
            url: "https://parks.example",
            output,
            deployer: &deployer,
            options: &options,
            keys: None,
            cache: &NoCache,
            progress: &Silent,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(work(bucket))
    }

    /// The URLs that this run has asked caches to forget.
    pub fn purged(&self) -> BTreeSet<String> {
        urls_in(&std::fs::read_to_string(&self.list).unwrap_or_default())
    }
}

/// What visitors may see: every page of `old` or `new`, with all that it asks for.
struct Visitor {
    pages: BTreeMap<String, Vec<Version>>,
}

/// The bytes of a page, and the files that it asks for.
type Version = (Vec<u8>, Vec<String>);

impl Visitor {
    fn of(versions: &[&Built]) -> Self {
        let mut pages: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for built in versions {
            for (key, bytes) in built.files.iter().filter(|(key, _)| key.ends_with(".html")) {
                pages.entry(key.clone()).or_default().push((bytes.clone(), assets_of(bytes, &built.files)));
            }
        }
        Self { pages }
    }

    fn looks_at(&self, store: &InMemory) {
        let there = contents(store);
        for (key, bytes) in there.iter().filter(|(key, _)| key.ends_with(".html") && !key.starts_with("_deploy/")) {
            let versions = self.pages.get(key).unwrap_or_else(|| panic!("{key} is no page of ours"));
            let seen = versions.iter().find(|(version, _)| version == bytes);
            let (_, assets) = seen.unwrap_or_else(|| panic!("{key} is neither old nor new"));
            for asset in assets {
                assert!(there.contains_key(asset), "{key} is there and {asset}, which it shows, is not");
            }
        }
    }
}

/// The files of the site that a page names.
pub fn assets_of(page: &[u8], files: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let text = String::from_utf8_lossy(page);
    let immutable = |file: &&String| file.starts_with("assets/") || file.starts_with("photos/");
    files.keys().filter(immutable).filter(|file| text.contains(&format!("/{file}"))).cloned().collect()
}

fn is_ours(key: &str) -> bool {
    key.starts_with("_deploy/")
}

/// URLs whose bytes differ between two states.
pub fn changed(old: &Built, new: &Built) -> BTreeSet<String> {
    let keys: BTreeSet<&String> = old.files.keys().chain(new.files.keys()).collect();
    let differs = |key: &&&String| old.files.get(**key) != new.files.get(**key);
    let immutable = |key: &str| key.starts_with("photos/") || key.starts_with("assets/") && !key.ends_with(".json");
    let is_page = |key: &&&String| !immutable(key);
    let url = |key: &String| lifthill::headers::url_of(key);
    keys.iter().filter(differs).filter(is_page).map(|key| url(key)).collect()
}

/// A site before and after an edit that renames, adds, removes and restyles.
fn edited() -> (Site, Built, Built) {
    let site = catalogue();
    let old = Built::of(&site, "old");
    site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of efteling'", "'Baron'");
    site.write("assets/css/site.css", "body { color: teal }");
    site.remove("content/parks/toverland/rides/ride-5.md");
    site.write(
        "content/parks/toverland/rides/troy.md",
        crate::site::markdown("name = 'Troy'\ncategory = 'roller_coaster'"),
    );
    let new = Built::of(&site, "new");
    (site, old, new)
}

fn live(site: &Site, built: &Built) -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let run = Run { owner: "first", list: site.outside().join("first"), now: 1_000 };
    let outcome = run.publish(FaultyStore::new(Arc::clone(&store), None, Arc::new(|_| {})), built);
    assert!(outcome.expect("a first deploy").published);
    store
}

#[track_caller]
fn holds(store: &InMemory, built: &Built, retired: &Built, what: &str) {
    let there = contents(store);
    for (key, bytes) in &built.files {
        assert!(there.get(key) == Some(bytes), "{what}: {key} is not as it was built");
    }
    for key in there.keys().filter(|key| !is_ours(key) && !built.files.contains_key(*key)) {
        assert!(
            (key.starts_with("assets/") || key.starts_with("photos/")) && retired.files.contains_key(key),
            "{what}: {key} should be gone"
        );
    }
}

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
    let run = Run { owner: "a", list: list("clean"), now: 2_000 };
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
            let run = Run { owner: "a", list: list("faulty"), now: 2_000 };
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
            let run = Run { owner: "a", list: list("again"), now: 2_100 };
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
        let run = Run { owner: "a", list: site.outside().join("killed"), now: 2_000 };
        let _ = std::fs::remove_file(&run.list);
        let published = run.publish(faulty, &new).is_ok_and(|outcome| outcome.published);
        let seen = contents(&store);
        let run = Run { owner: "a", list: site.outside().join("back"), now: 2_100 };
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
    let run = |owner, now| Run { owner, list: list.clone(), now };
    assert!(run("a", 2_000).publish(killed, &new).is_err());
    let healthy = || FaultyStore::new(Arc::clone(&store), None, nobody.clone());
    let Err(Failure::Refused(reasons)) = run("b", 2_060).publish(healthy(), &new) else {
        panic!("a silent deploy of a minute ago keeps others out");
    };
    assert!(reasons[0].contains("--take-over"), "{reasons:?}");
    assert!(run("b", 2_121).publish(healthy(), &new).expect("two minutes of silence").published);
    holds(&store, &new, &old, "taken over");
}

#[test]
fn a_rollback_brings_back_bytes_and_headers_and_purges() {
    let (site, old, new) = edited();
    let store = live(&site, &old);
    let nobody: Arc<dyn Fn(&InMemory) + Send + Sync> = Arc::new(|_| {});
    let healthy = || FaultyStore::new(Arc::clone(&store), None, nobody.clone());
    let run = |name: &str, now| Run { owner: "a", list: site.outside().join(name), now };
    run("second", 2_000).publish(healthy(), &new).expect("a second release");
    let back = run("back", 3_000);
    let outcome = back.with(healthy(), &new.output, async |bucket| bucket.rollback(None).await);
    assert!(outcome.expect("a rollback").published);
    holds(&store, &old, &new, "after the rollback");
    assert_eq!(back.purged(), changed(&old, &new));
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
