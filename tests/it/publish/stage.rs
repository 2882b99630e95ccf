//! What the tests of deploys stand on: a site before and after an edit, runs against a store in
//! memory, and a visitor who looks at it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use lifthill::config::Settings;
use lifthill::config::publish::Target;
use lifthill::publish::bucket::Bucket;
use lifthill::publish::deploy::{Deployer, NoCache, ReleaseCache};
use lifthill::publish::failure::Failure;
use lifthill::publish::guard::Consent;
use lifthill::publish::lease::Clock;
use lifthill::publish::local::Local;
use lifthill::publish::remote::{Patience, Remote};
use lifthill::publish::told::Outcome;
use lifthill::publish::{Options, Silent, deployer, of_site};
use lifthill::room::Room;
use object_store::memory::InMemory;

use super::store::{FaultyStore, contents};
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
        let settings = Settings::load(&site.path(""), Room::default()).expect("good settings");
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
    /// The time of day as the deploy sees it.
    pub clock: Clock,
    /// What its machine remembers.
    pub cache: &'r dyn ReleaseCache,
}

/// A machine that remembers the last release.
#[derive(Default)]
pub struct Remembers(std::sync::Mutex<Option<(String, Vec<u8>)>>);

impl ReleaseCache for Remembers {
    fn get(&self, id: &str) -> Option<Vec<u8>> {
        let last = self.0.lock().unwrap();
        last.as_ref().filter(|(known, _)| known == id).map(|(_, bytes)| bytes.clone())
    }

    fn put(&self, id: &str, bytes: &[u8]) {
        *self.0.lock().unwrap() = Some((id.to_owned(), bytes.to_vec()));
    }
}

impl<'r> Run<'r> {
    /// A run at a moment at which time stands still.
    pub fn new(owner: &'r str, list: PathBuf, now: i64) -> Self {
        Self { owner, list, now, clock: Clock::new(move || now), cache: &NoCache }
    }

    pub fn publish(&self, store: Arc<FaultyStore>, built: &Built) -> Result<Outcome, Failure> {
        self.with(store, &built.output, async |bucket| bucket.publish(built.local.clone(), None).await)
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
        let deployer = Deployer { clock: self.clock.clone(), ..deployer(&target, &options, self.owner.to_owned()) };
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
            cache: self.cache,
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
pub struct Visitor {
    pages: BTreeMap<String, Vec<Version>>,
}

/// The bytes of a page, and the files that it asks for.
type Version = (Vec<u8>, Vec<String>);

impl Visitor {
    pub fn of(versions: &[&Built]) -> Self {
        let mut pages: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for built in versions {
            for (key, bytes) in built.files.iter().filter(|(key, _)| key.ends_with(".html")) {
                pages.entry(key.clone()).or_default().push((bytes.clone(), assets_of(bytes, &built.files)));
            }
        }
        Self { pages }
    }

    pub fn looks_at(&self, store: &InMemory) {
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

pub fn is_ours(key: &str) -> bool {
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
pub fn edited() -> (Site, Built, Built) {
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

pub fn live(site: &Site, built: &Built) -> Arc<InMemory> {
    let store = Arc::new(InMemory::new());
    let run = Run::new("first", site.outside().join("first"), 1_000);
    let outcome = run.publish(FaultyStore::new(Arc::clone(&store), None, Arc::new(|_| {})), built);
    assert!(outcome.expect("a first deploy").published);
    store
}

#[track_caller]
pub fn holds(store: &InMemory, built: &Built, retired: &Built, what: &str) {
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
