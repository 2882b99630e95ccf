//! From `output/` to where visitors are: exact, atomic, resumable. One publish from end to end;
//! each step is a file beside this one.
//!
//! ```text
//!  state ──local──▶ manifest ──plan──▶ changes ──guard──▶ deploy ──▶ purge ──▶ verify
//!  output/                    ▲                            │
//!                      base manifest ◀── the target ◀──────┘
//! ```
//!
//! Laws. A page that visitors can reach has its assets beside it, always: assets are sent before
//! pages and stay for releases and days after the last page that asked for them. A run that fails
//! takes nothing away. What a run may have changed is on record before it changes anything, so the
//! next run makes it certain and purges it. Of two runs at a time exactly one goes on; one that was
//! taken for dead and wakes replaces nothing newer ([`lease`] says what remains). Credentials come
//! from the environment and appear in no message, record or file.

mod answers;
pub mod bucket;
pub mod deploy;
pub mod diff;
mod draft;
mod durable;
pub mod failure;
pub mod folder;
pub mod guard;
pub mod lease;
pub mod local;
mod making;
pub mod manifest;
pub mod plan;
pub mod purge;
pub mod register;
pub mod remote;
mod stores;
pub mod told;
pub mod upload;
mod verify;
mod wire;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::config::Settings;
use crate::config::publish::Target;
use crate::disk::Disk;
use crate::door::{self, Most};
use crate::engine::{Elsewhere, Held, Inventory, inventory};
use crate::headers::HeaderRules;
use bucket::Bucket;
use deploy::{Deployer, ReleaseCache};
use failure::Failure;
use folder::Folder;
use guard::Consent;
use lease::Clock;
use local::{Local, Looks, local};
use plan::Retention;
use register::Line;
use told::{Outcome, PlanFile};

/// Told how far sending is; for progress bars.
pub trait Progress: Sync {
    /// So many bytes are going to be sent.
    fn begin_bytes(&self, phase: &'static str, total: u64);
    /// Some of them are.
    fn advance(&self, bytes: u64);
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin_bytes(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}

/// What is wanted of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// That it hold the site.
    Publish,
    /// The same, and that whatever others did to it be mended.
    Audit,
    /// That it hold an earlier release again: this one, or the one before the live one.
    Rollback(Option<String>),
    /// That what no release needs be taken away.
    Prune,
}

/// How it is wanted.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Only say what would be done.
    pub dry_run: bool,
    /// What the publisher consents to.
    pub consent: Consent,
    /// Take the target over from another deploy.
    pub take_over: bool,
    /// Where the URLs to be purged are written.
    pub purge_list: Option<PathBuf>,
    /// The plan that is meant, and no other.
    pub apply: Option<PlanFile>,
    /// The present moment, in seconds since 1970.
    pub now: i64,
}

/// The settings' name for a target, and the target.
pub struct Named<'n> {
    /// Its name.
    pub name: &'n str,
    /// Its settings.
    pub target: &'n Target,
}

/// For how long a silent deploy keeps others out.
const LEASE: Duration = Duration::from_secs(120);

/// Does what is wished for with the site at `root`.
pub fn publish(
    root: &Path,
    settings: &Settings,
    to: &Named<'_>,
    wish: &Wish,
    options: &Options,
    seen: Seen,
    progress: &dyn Progress,
) -> Result<Outcome, Failure> {
    let start = Instant::now();
    let mut outcome = match to.target.to.strip_prefix("file://") {
        Some(place) => {
            let folder =
                Folder { place: Path::new(place), target: to.target, url: url_of(settings, to.target), options };
            folder::run(&folder, root, settings, wish, progress)?
        }
        None => {
            let runtime = runtime()?;
            let places = Places::of(root, to.name)?;
            let keys = keys(to.target, options)?;
            let remote = stores::open(to.target)?.after(seen.requests);
            let deployer = deployer(to.target, options, places.owner()?);
            let bucket = Bucket {
                remote: &remote,
                target: to.target,
                url: url_of(settings, to.target),
                output: &root.join(crate::output::FOLDER),
                deployer: &deployer,
                options,
                keys: keys.as_ref(),
                cache: &places,
                progress,
            };
            match wish {
                Wish::Publish => {
                    let (local, _held) = of_site(root, settings, to.target)?;
                    runtime.block_on(bucket.publish(local, seen.before))?
                }
                Wish::Audit => {
                    let (local, _held) = of_site(root, settings, to.target)?;
                    runtime.block_on(bucket.audit(local))?
                }
                Wish::Rollback(id) => runtime.block_on(bucket.rollback(id.as_deref()))?,
                Wish::Prune => runtime.block_on(bucket.prune())?,
            }
        }
    };
    outcome.seconds = start.elapsed().as_secs_f64();
    outcome.peak_memory_bytes = crate::report::peak_memory_bytes();
    Ok(outcome)
}

/// The releases that a target can go back to, newest first; the first is live.
pub fn releases(to: &Named<'_>) -> Result<Vec<Line>, Failure> {
    match to.target.to.strip_prefix("file://") {
        Some(place) => Ok(folder::releases(Path::new(place))?),
        None => {
            let remote = stores::open(to.target)?;
            runtime()?.block_on(async { Ok(register::Held::read(&remote).await?.register.releases) })
        }
    }
}

/// What was seen of a target before the site was built for it; nothing, where nobody looked.
#[derive(Default)]
pub struct Seen {
    before: Option<deploy::Before>,
    requests: u64,
}

/// What a target holds for certain, so that a build on a machine without the bytes need not make
/// it, and how that was seen. Asks nobody where `output/` is whole: it costs nothing to look at it.
pub fn elsewhere(root: &Path, to: &Named<'_>) -> Result<(Elsewhere, Seen), Failure> {
    let state = crate::state::folder_of(root)?;
    if !state.is_dir() {
        return Ok(Default::default());
    }
    // An output that was begun without the rest stays without it.
    let sparse = state.join("publish").join("sparse");
    if !root.join(crate::output::FOLDER).is_dir() {
        let disk = Disk::default();
        let made = disk.own_folder(&state.join("publish")).and_then(|()| disk.write(&sparse, b""));
        made.with_context(|| format!("cannot write {}", sparse.display()))?;
    } else if !std::fs::symlink_metadata(&sparse).is_ok_and(|found| found.is_file()) {
        return Ok(Default::default());
    }
    if let Some(place) = to.target.to.strip_prefix("file://") {
        return Ok((held_by(&folder::live(Path::new(place))?, &BTreeSet::new()), Seen::default()));
    }
    let places = Places::of(root, to.name)?;
    let remote = stores::open(to.target)?;
    let before = runtime()?.block_on(deploy::Before::read(&remote, &places))?;
    let elsewhere = held_by(&before.base, &before.uncertain());
    Ok((elsewhere, Seen { before: Some(before), requests: remote.requests() }))
}

fn held_by(base: &manifest::Manifest, uncertain: &BTreeSet<&str>) -> Elsewhere {
    let mut elsewhere = Elsewhere::default();
    let certain = base.entries.iter().filter(|(key, _)| !uncertain.contains(&***key));
    for (key, entry) in certain {
        let gzipped = base.headers_of(entry).content_encoding.is_some();
        let file = if gzipped { format!("{key}.gz").into() } else { key.clone() };
        elsewhere.files.insert(file, entry.digest);
    }
    elsewhere
}

/// What publishing the site at `root` would change for visitors.
pub fn differences(root: &Path, settings: &Settings, to: &Named<'_>) -> Result<diff::Diff, Failure> {
    let inventory = inventory(root)?;
    let local = local_of(&inventory, settings, to.target)?;
    let live = match to.target.to.strip_prefix("file://") {
        Some(place) => folder::live(Path::new(place))?,
        None => {
            let places = Places::of(root, to.name)?;
            let remote = stores::open(to.target)?;
            runtime()?.block_on(deploy::Before::read(&remote, &places))?.base
        }
    };
    Ok(diff::diff(&live, &local.manifest, &inventory))
}

/// The site as it is to be published, and the hold on its state: nobody builds meanwhile.
pub fn of_site(root: &Path, settings: &Settings, target: &Target) -> Result<(Local, Held), Failure> {
    let inventory = inventory(root)?;
    let local = local_of(&inventory, settings, target)?;
    Ok((local, inventory.hold()))
}

fn local_of(inventory: &Inventory, settings: &Settings, target: &Target) -> Result<Local, Failure> {
    let rules = HeaderRules::new(settings, &[]);
    Ok(local(inventory, &Looks { target, rules: &rules, url: url_of(settings, target) })?)
}

/// Who deploys.
pub fn deployer(target: &Target, options: &Options, owner: String) -> Deployer {
    Deployer {
        owner,
        lease: LEASE,
        take_over: options.take_over,
        at_a_time: target.uploads as usize,
        keep: target.rollback,
        clock: Clock::of_the_machine(),
        now: options.now,
        retention: retention(target),
    }
}

fn retention(target: &Target) -> Retention {
    Retention { releases: target.keep_releases, days: target.keep_days }
}

fn keys(target: &Target, options: &Options) -> Result<Option<purge::Keys>, Failure> {
    let wanted = target.purge.as_ref().filter(|_| !options.dry_run && options.purge_list.is_none());
    wanted.map(|cache| purge::keys_of(cache, |name| std::env::var(name).ok())).transpose()
}

fn url_of<'u>(settings: &'u Settings, target: &'u Target) -> &'u str {
    target.url.as_deref().unwrap_or(&settings.site.base_url)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    stores::choose_cryptography();
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).max_blocking_threads(8).enable_all().build();
    Ok(runtime.context("cannot start the network's threads")?)
}

/// The most that is read of a release that we have seen: some hundred bytes an object.
const MOST_OF_RELEASE: Most = Most::megabytes(1024);

/// What a site's folder remembers of a target, in `.lifthill/publish/NAME/`: our name, and the
/// releases we have seen. All of it may be lost.
struct Places {
    folder: PathBuf,
}

impl Places {
    fn of(root: &Path, name: &str) -> Result<Self, Failure> {
        let state = crate::state::folder_of(root)?;
        let publish = state.join("publish");
        let folder = publish.join(crate::digest::Digest::of(name.as_bytes()).hex(16));
        let disk = Disk::default();
        let made = disk.create_dir_all(&state).and_then(|()| disk.own_folder(&publish));
        let made = made.and_then(|()| disk.own_folder(&folder));
        made.with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(Self { folder })
    }

    /// Our name in this place: a random one that the folder keeps, bound to the machine and the
    /// folder. A copy of the folder elsewhere, as CI machines make them, is somebody else; two runs
    /// in one folder at a time cannot be, since the state is held.
    fn owner(&self) -> Result<String, Failure> {
        let file = self.folder.join("owner");
        let known = door::read_text(&file, Most(32)).ok().filter(|name| name.len() == 32);
        let name = match known {
            Some(name) => name,
            None => {
                let name = format!("{:016x}{:016x}", remote::random(), remote::random());
                let written = Disk::default().write(&file, name.as_bytes());
                written.with_context(|| format!("cannot write {}", file.display()))?;
                name
            }
        };
        let place = std::fs::canonicalize(&self.folder).unwrap_or_else(|_| self.folder.clone());
        let machine = ["/proc/sys/kernel/random/boot_id", "/etc/machine-id", "/proc/sys/kernel/hostname"]
            .map(|file| std::fs::read(file).unwrap_or_default());
        let parts = [name.as_bytes(), place.as_os_str().as_encoded_bytes()];
        let parts = parts.into_iter().chain(machine.iter().map(Vec::as_slice));
        Ok(crate::digest::Digest::of_parts(parts).to_string())
    }
}

impl ReleaseCache for Places {
    fn get(&self, id: &str) -> Option<Vec<u8>> {
        let file = self.folder.join(format!("{id}.release"));
        crate::paths::is_plain_component(id).then(|| door::read(&file, MOST_OF_RELEASE).ok())?
    }

    /// Only the last release is worth keeping; one that is half written is not the right one.
    fn put(&self, id: &str, bytes: &[u8]) {
        if !crate::paths::is_plain_component(id) {
            return;
        }
        for entry in std::fs::read_dir(&self.folder).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().ends_with(".release") {
                let _ = std::fs::remove_file(entry.path());
            }
        }
        let _ = Disk::default().write(&self.folder.join(format!("{id}.release")), bytes);
    }
}
