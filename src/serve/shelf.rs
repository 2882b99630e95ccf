//! What is served: the table of outputs as the last build left it, and over it what a build that is
//! under way has made meanwhile. Knows nothing of HTTP, nor of how bytes are read (`bodies`).

use std::collections::VecDeque;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rustc_hash::{FxHashMap, FxHashSet};
use serde::Deserialize;
use tokio::sync::oneshot;

use super::bodies::{self, Bodies, Body};
use super::counters::Counters;
use super::ready::Ready;
use crate::config::Settings;
use crate::config::hosting::Inlined;
use crate::digest::Digest;
use crate::engine::{self, Progress};
use crate::headers::HeaderRules;
use crate::output::{FOLDER, Written};
use crate::paths::{BasePath, RelPath};
use crate::state::{Snapshot, Store, Table};
use crate::stop::{Signal, Stop};

/// Files of an edition that are kept ready, at most.
const READY: usize = 16_384;

/// How long a request waits for a page that is being made.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is wrong with a file is told no more often than this.
const ALARMS: Duration = Duration::from_secs(2);

/// The site as one build left it.
pub struct Edition {
    snapshot: Snapshot,
    /// The path below which the site lies.
    pub base: BasePath,
    /// The list of redirects, by the site's own paths, with the digest of its file.
    redirects: (Option<Digest>, Arc<FxHashMap<String, Redirect>>),
    /// What is said of each file.
    pub rules: HeaderRules,
    /// Whether there is anything in it.
    empty: bool,
    /// Files that were asked for.
    ready: RwLock<FxHashMap<RelPath, Arc<Ready>>>,
}

/// Where a URL leads.
#[derive(Clone, Debug, Deserialize)]
pub struct Redirect {
    from: String,
    /// The URL path that it leads to.
    pub to: String,
    /// The status that says so.
    pub status: u16,
}

/// Everything that is served.
pub struct Shelf {
    bodies: Arc<Bodies>,
    edition: tokio::sync::watch::Sender<Arc<Edition>>,
    meanwhile: Mutex<Meanwhile>,
    /// Whether no build is under way, so that a request need not lock to learn that.
    idle: AtomicBool,
    /// How many files are wanted, so that a build need not lock to learn that none is.
    wanted: AtomicUsize,
    counters: Arc<Counters>,
    /// Told of a file that is not as it was left; in a plain preview nobody is.
    alarm: Option<Box<dyn Fn() + Send + Sync>>,
    alarmed: Mutex<Option<Instant>>,
}

/// A build that is under way.
#[derive(Default)]
struct Meanwhile {
    /// Whether one is.
    building: bool,
    /// Whether it is making pages by now.
    making: bool,
    /// What it has made so far.
    made: FxHashMap<RelPath, Written>,
    wanted: VecDeque<RelPath>,
    waiting: FxHashMap<RelPath, Vec<oneshot::Sender<()>>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Edition {
    /// The site as `snapshot` knows it; `before` spares reading again what is the same.
    pub fn new(root: &Path, snapshot: Snapshot, settings: &Settings, before: Option<&Self>) -> Result<Self> {
        let list: Option<Written> = snapshot.value(Table::Outputs, b"redirects.json")?;
        let digest = list.map(|list| list.digest);
        let base = settings.site.base_path.clone();
        let same = |before: &&Self| before.redirects.0 == digest && before.base == base;
        let redirects = match before.filter(same) {
            Some(before) => Arc::clone(&before.redirects.1),
            None => Arc::new(list.map(|list| redirects(root, &list, &base)).transpose()?.unwrap_or_default()),
        };
        let empty = snapshot.count(Table::Outputs)? == 0;
        let rules = HeaderRules::new(settings, &hashes(root, &snapshot, settings)?);
        Ok(Self { snapshot, redirects: (digest, redirects), base, rules, empty, ready: RwLock::default() })
    }

    /// Where the URL path leads, if it is a redirect; with and without a slash at its end.
    pub fn redirect(&self, path: &str) -> Option<&Redirect> {
        let all = &self.redirects.1;
        all.get(path).or_else(|| match path.strip_suffix('/') {
            Some(bare) => all.get(bare),
            None => all.get(&format!("{path}/")),
        })
    }

    /// What the table says of a file.
    pub fn written(&self, file: &RelPath) -> Result<Option<Written>> {
        engine::written(&self.snapshot, file.as_str())
    }

    /// A file, ready to be served; `None` where there is no such file.
    fn ready(&self, file: &RelPath) -> Result<Option<Arc<Ready>>> {
        let known = self.ready.read().unwrap_or_else(PoisonError::into_inner).get(file).map(Arc::clone);
        if known.is_some() {
            return Ok(known);
        }
        let Some(written) = self.written(file)? else { return Ok(None) };
        let ready = Arc::new(Ready::of(self, file, written)?);
        let mut all = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= READY {
            all.clear();
        }
        all.insert(file.clone(), Arc::clone(&ready));
        Ok(Some(ready))
    }

    /// What the table says of the compressed form of a file.
    pub fn compressed(&self, form: &RelPath) -> Result<Option<Written>> {
        self.snapshot.value(Table::Compressed, form.as_str().as_bytes())
    }
}

/// The hashes of the scripts and style sheets that pages may hold, from the list of assets.
fn hashes(root: &Path, snapshot: &Snapshot, settings: &Settings) -> Result<Vec<(Inlined, String)>> {
    let list: Option<Written> = snapshot.value(Table::Outputs, b"assets/manifest.json")?;
    let Some(list) = list.filter(|_| !settings.policy.inline.is_empty()) else { return Ok(Vec::new()) };
    let Some(bytes) = bodies::read_whole(&root.join(FOLDER).join("assets/manifest.json"), &list) else {
        return Ok(Vec::new());
    };
    let all: serde_json::Value = serde_json::from_slice(&bytes).context("assets/manifest.json cannot be read")?;
    let hash = |name: &String| Some((Inlined::of(name)?, all.get(name)?.get("integrity")?.as_str()?.to_owned()));
    Ok(settings.policy.inline.iter().filter_map(|(name, _)| hash(name)).collect())
}

/// The redirects that this list holds; an altered list is no list of ours.
fn redirects(root: &Path, list: &Written, base: &BasePath) -> Result<FxHashMap<String, Redirect>> {
    let Some(bytes) = bodies::read_whole(&root.join(FOLDER).join("redirects.json"), list) else {
        return Ok(FxHashMap::default());
    };
    let all: Vec<Redirect> = serde_json::from_slice(&bytes).context("redirects.json cannot be read")?;
    Ok(all.into_iter().filter_map(|one| Some((base.stripped(&one.from)?.to_owned(), one))).collect())
}

impl Shelf {
    /// A shelf with one edition on it, before the first build: who asks for what an empty site has
    /// not yet waits for that.
    pub fn new(
        root: &Path,
        edition: Edition,
        counters: Arc<Counters>,
        alarm: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> Self {
        Self {
            bodies: Arc::new(Bodies::of(root.join(FOLDER))),
            edition: tokio::sync::watch::Sender::new(Arc::new(edition)),
            meanwhile: Mutex::new(Meanwhile { building: true, ..Meanwhile::default() }),
            idle: AtomicBool::new(false),
            wanted: AtomicUsize::new(0),
            counters,
            alarm,
            alarmed: Mutex::default(),
        }
    }

    /// The site as the last build left it.
    pub fn edition(&self) -> Arc<Edition> {
        Arc::clone(&self.edition.borrow())
    }

    /// What a file holds now; `None` where the site has no such file.
    pub fn written(&self, file: &RelPath) -> Result<Option<Written>> {
        let made = lock(&self.meanwhile).made.get(file).copied();
        match made {
            Some(written) => Ok(Some(written)),
            None => self.edition().written(file),
        }
    }

    /// A file, ready to be served, waiting for it if a build is about to make it.
    pub async fn current(&self, file: &RelPath) -> Result<Option<Arc<Ready>>> {
        if self.idle.load(Ordering::Acquire) {
            return self.edition().ready(file);
        }
        if let Some(waiting) = self.wait_for(file)
            && tokio::time::timeout(PATIENCE, waiting).await.is_err()
        {
            anyhow::bail!("the site is still being built");
        }
        let (made, edition) = (lock(&self.meanwhile).made.get(file).copied(), self.edition());
        match made {
            Some(written) => Ok(Some(Arc::new(Ready::made(&edition, file, written)))),
            None => edition.ready(file),
        }
    }

    /// Asks for a file, where a build may be about to make it anew.
    fn wait_for(&self, file: &RelPath) -> Option<oneshot::Receiver<()>> {
        let empty = self.edition.borrow().empty;
        let mut meanwhile = lock(&self.meanwhile);
        let unsure = meanwhile.building && (meanwhile.making || empty) && !meanwhile.made.contains_key(file);
        if !unsure {
            return None;
        }
        let (sender, receiver) = oneshot::channel();
        let waiting = meanwhile.waiting.entry(file.clone()).or_default();
        waiting.push(sender);
        if waiting.len() == 1 {
            meanwhile.wanted.push_back(file.clone());
            self.wanted.fetch_add(1, Ordering::Relaxed);
        }
        Some(receiver)
    }

    /// A build begins. `first` are the files that it should see to before all others.
    pub fn begin(&self, first: impl IntoIterator<Item = RelPath>) {
        let mut meanwhile = lock(&self.meanwhile);
        self.idle.store(false, Ordering::Release);
        meanwhile.building = true;
        meanwhile.wanted.extend(first);
        self.wanted.store(meanwhile.wanted.len(), Ordering::Relaxed);
    }

    /// A build makes pages from now on.
    pub fn making(&self) {
        lock(&self.meanwhile).making = true;
    }

    /// A build is over; `edition` is the site as it left it, if it changed anything.
    pub fn end(&self, edition: Option<Edition>) {
        if let Some(edition) = edition {
            self.edition.send_replace(Arc::new(edition));
        }
        // Whoever waits finds the new edition, or that there is nothing.
        let done = std::mem::take(&mut *lock(&self.meanwhile));
        self.wanted.store(0, Ordering::Relaxed);
        self.idle.store(true, Ordering::Release);
        drop(done);
    }

    /// A file that somebody waits for.
    pub fn wanted(&self) -> Option<RelPath> {
        if self.wanted.load(Ordering::Relaxed) == 0 {
            return None;
        }
        let mut meanwhile = lock(&self.meanwhile);
        let next = meanwhile.wanted.pop_front();
        self.wanted.store(meanwhile.wanted.len(), Ordering::Relaxed);
        next
    }

    /// A file is as the build leaves it.
    pub fn made(&self, file: &RelPath, written: Option<&Written>) {
        let mut meanwhile = lock(&self.meanwhile);
        if let Some(written) = written {
            meanwhile.made.insert(file.clone(), *written);
        }
        // Dropping the senders tells those who wait.
        meanwhile.waiting.remove(file);
    }

    /// The bytes that `written` names, from memory or from disk. `None` where the file on disk holds
    /// others.
    pub async fn body(&self, file: &RelPath, written: &Written) -> Option<Body> {
        let held = self.bodies.held(file, written);
        self.counters.asked(held.is_some());
        match held {
            Some(held) => Some(held),
            None => self.bodies.read(file, written).await,
        }
    }

    /// Has a file that is not as it was left made anew, where somebody sees to that, and waits until it
    /// may be. Says whether it is worth looking again.
    pub async fn mended(&self) -> bool {
        let Some(alarm) = &self.alarm else { return false };
        let mut editions = self.edition.subscribe();
        let wait = lock(&self.alarmed).map_or(Duration::ZERO, |last| ALARMS.saturating_sub(last.elapsed()));
        // What comes of an alarm of just now may do.
        if !wait.is_zero() && matches!(tokio::time::timeout(wait, editions.changed()).await, Ok(Ok(()))) {
            return true;
        }
        *lock(&self.alarmed) = Some(Instant::now());
        alarm();
        matches!(tokio::time::timeout(PATIENCE, editions.changed()).await, Ok(Ok(())))
    }
}

/// Tells the shelf how far a build is, and which open pages are there already.
pub struct Telling<'t> {
    /// What is served.
    pub shelf: &'t Shelf,
    /// Pages that are open in a browser.
    pub open: FxHashSet<RelPath>,
    /// Raised when something else has to be seen to first.
    pub hurry: &'t AtomicBool,
    /// Stops the build between two pages; what it had not come to stays due.
    pub stop: Stop,
    /// Told of an open page that was made anew.
    pub tell: &'t (dyn Fn(&RelPath, Digest) + Sync),
}

impl Progress for Telling<'_> {
    fn begin(&self, phase: &'static str, _: u64) {
        if phase == "rendering" {
            self.shelf.making();
        }
    }

    fn advance(&self, _: u64) {}

    fn wanted(&self) -> Option<RelPath> {
        self.shelf.wanted()
    }

    fn made(&self, file: &RelPath, written: Option<&Written>) {
        self.shelf.made(file, written);
        if self.hurry.load(Ordering::Relaxed) {
            self.stop.ask(Signal::Interrupt);
        }
        if let Some(written) = written.filter(|_| self.open.contains(file)) {
            (self.tell)(file, written.digest);
        }
    }
}
