//! Publishing to a folder of a web server's machine: each release a folder of its own, made of
//! hard links to what is unchanged and copies of what is not, and one symbolic link, `current`,
//! that is replaced in one step. Knows nothing of networks but the purge at the end.
//!
//! ```text
//! current            → releases/20261124T235959Z-1a2b3c4d
//! releases/<id>/     what the web server sends
//! hosting/current    → <id>
//! hosting/<id>/      what configures the web server, where the settings ask for it
//! manifests/<id>     the release as a record
//! register.json      releases in order, and what is owed
//! lock               held while somebody deploys
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

use super::bucket::earlier;
use super::draft::{Circumstances, Draft};
use super::durable::{replace, sync_folder};
use super::failure::Failure;
use super::making::{AUDIT, Bytes, Making, object};
use super::manifest::{Manifest, Release};
use super::plan::{Debt, plan};
use super::purge::{Keys, purge};
use super::register::{DebtLine, Line, Register};
use super::told::{Outcome, write_purge_list};
use super::{Options, Progress, Wish, keys, of_site, retention, runtime, verify};
use crate::config::Settings;
use crate::config::hosting;
use crate::config::publish::Target;
use crate::digest::Digest;

/// A folder, and how it is published to.
pub struct Folder<'f> {
    /// The folder.
    pub place: &'f Path,
    /// Its settings.
    pub target: &'f Target,
    /// The URL at which visitors see it, without a slash at its end.
    pub url: &'f str,
    /// What is asked for.
    pub options: &'f Options,
}

/// What is there.
struct There {
    register: Register,
    base: Manifest,
    debts: Vec<Debt>,
}

/// What is to be there, and where its bytes are.
struct Wanted {
    manifest: Manifest,
    sources: BTreeMap<Box<str>, Box<str>>,
    bytes: Bytes,
    back_to: Option<String>,
    uncertain: BTreeSet<Box<str>>,
}

/// Does what is wished for.
pub fn run(
    folder: &Folder<'_>,
    root: &Path,
    settings: &Settings,
    wish: &Wish,
    progress: &dyn Progress,
) -> Result<Outcome, Failure> {
    let keys = keys(folder.target, folder.options)?;
    let _lock = if folder.options.dry_run { None } else { Some(folder.lock()?) };
    let (there, lost) = folder.read_for(wish)?;
    let mut findings = Vec::new();
    let mut wanted = match wish {
        Wish::Publish | Wish::Audit => {
            let (local, _held) = of_site(root, settings, folder.target)?;
            Wanted {
                manifest: local.manifest,
                sources: local.sources,
                bytes: Bytes { sent: root.join(crate::output::FOLDER), hosting: root.join(hosting::FOLDER) },
                back_to: None,
                uncertain: BTreeSet::new(),
            }
        }
        Wish::Rollback(id) => {
            let line = earlier(&there.register.releases, id.as_deref())?.clone();
            folder.return_to(line)?
        }
        Wish::Prune => match there.register.releases.first() {
            None => return Ok(Outcome::default()),
            Some(live) => folder.return_to(live.clone())?,
        },
    };
    if *wish == Wish::Audit {
        (wanted.uncertain, findings) = folder.damaged(&there)?;
    }
    let mut outcome = folder.make(there, wanted, keys.as_ref(), progress)?;
    outcome.findings = lost.into_iter().chain(findings).collect();
    Ok(outcome)
}

/// The releases in a folder, newest first; the first is live.
pub fn releases(place: &Path) -> Result<Vec<Line>> {
    Ok(register(place)?.releases)
}

/// The manifest of the live release; an empty one where nothing is live.
pub fn live(place: &Path) -> Result<Manifest> {
    match register(place)?.releases.first() {
        None => Ok(Manifest::default()),
        Some(line) => Ok(stored(place, &line.id)?.manifest),
    }
}

fn stored(place: &Path, id: &str) -> Result<Release> {
    let path = place.join("manifests").join(id);
    let read = || Release::decode(&fs::read(&path)?);
    read().with_context(|| format!("the record of release {id} is missing or damaged; {AUDIT}: {}", path.display()))
}

fn register(place: &Path) -> Result<Register> {
    let file = place.join("register.json");
    let mut register: Register = match fs::read(&file) {
        Ok(bytes) => serde_json::from_slice(&bytes).with_context(|| format!("{} is damaged", file.display()))?,
        Err(error) if error.kind() == ErrorKind::NotFound => Register::default(),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    };
    // The link decides: a release that was written down and never became live is none.
    let live = fs::read_link(place.join("current")).ok();
    let live = live.as_ref().and_then(|path| path.file_name()).map(|name| name.to_string_lossy().into_owned());
    let at = register.releases.iter().position(|line| Some(&line.id) == live.as_ref());
    register.releases.drain(..at.unwrap_or(register.releases.len()));
    register.generation = register.releases.first().map_or(0, |line| line.generation);
    register.debts.retain(|debt| Some(&debt.id) == live.as_ref());
    Ok(register)
}

impl Folder<'_> {
    fn lock(&self) -> Result<File, Failure> {
        for folder in ["", "releases", "manifests"] {
            let path = self.place.join(folder);
            fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
        }
        let path = self.place.join("lock");
        let lock = File::create(&path).with_context(|| format!("cannot create {}", path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(lock),
            Err(TryLockError::WouldBlock) => {
                Err(Failure::refused(format!("another deploy is working on {}", self.place.display())))
            }
            Err(TryLockError::Error(error)) => Err(Failure::Local(error.into())),
        }
    }

    fn read(&self) -> Result<There> {
        let current = self.place.join("current");
        if fs::symlink_metadata(&current).is_ok_and(|metadata| !metadata.is_symlink()) {
            bail!("{} is not a link of ours; move it away first", current.display());
        }
        let register = register(self.place)?;
        let base = match register.releases.first() {
            None => Manifest::default(),
            Some(line) => self.release(&line.id)?.manifest,
        };
        let owed = |debt: &DebtLine| Ok(Debt { release: self.release(&debt.id)?, moved: true, done: 0 });
        let debts = register.debts.iter().map(owed).collect::<Result<_>>()?;
        Ok(There { register, base, debts })
    }

    /// What is there. Whoever audits takes a live release whose record is lost for one without files, and
    /// is told so.
    fn read_for(&self, wish: &Wish) -> Result<(There, Option<String>)> {
        match self.read() {
            Ok(there) => Ok((there, None)),
            Err(error) if *wish == Wish::Audit => {
                let register = Register { debts: Vec::new(), ..register(self.place)? };
                let there = There { register, base: Manifest::default(), debts: Vec::new() };
                Ok((there, Some(format!("{error:#}"))))
            }
            Err(error) => Err(error),
        }
    }

    fn release(&self, id: &str) -> Result<Release> {
        stored(self.place, id)
    }

    fn return_to(&self, line: Line) -> Result<Wanted> {
        Ok(Wanted {
            manifest: self.release(&line.id)?.manifest,
            sources: BTreeMap::new(),
            bytes: Bytes { sent: object(self.place, &line.id, ""), hosting: self.place.join("hosting").join(&line.id) },
            back_to: Some(line.id),
            uncertain: BTreeSet::new(),
        })
    }

    /// Files of the live release that are missing or hold other bytes.
    fn damaged(&self, there: &There) -> Result<(BTreeSet<Box<str>>, Vec<String>)> {
        let Some(live) = there.register.releases.first() else { return Ok(Default::default()) };
        let mut found: Vec<(Box<str>, String)> = there
            .base
            .entries
            .par_iter()
            .filter_map(|(key, entry)| {
                let finding = match fs::read(object(self.place, &live.id, key)) {
                    Ok(bytes) if Digest::of(&bytes) == entry.digest => return None,
                    Ok(_) => "holds other bytes",
                    Err(_) => "is missing",
                };
                Some((key.clone(), format!("{key} {finding}")))
            })
            .collect();
        found.sort();
        Ok(found.into_iter().unzip())
    }

    fn make(
        &self,
        there: There,
        wanted: Wanted,
        keys: Option<&Keys>,
        progress: &dyn Progress,
    ) -> Result<Outcome, Failure> {
        let now = self.options.now;
        let generation = there.register.generation + 1;
        let Wanted { mut manifest, sources, bytes, back_to, uncertain } = wanted;
        let mut debts = there.debts.clone();
        if !uncertain.is_empty() {
            let sent = uncertain.into_iter().filter(|key| manifest.entries.contains_key(key));
            debts.push(Debt::of_doubt(sent));
        }
        let mut plan = plan(&there.base, &mut manifest, &debts, retention(self.target), generation, now);
        let draft = Circumstances {
            options: self.options,
            target: self.target,
            register: &there.register,
            base: &there.base,
            now,
            bytes: &bytes.sent,
            prefix_bytes: 0,
            is_return: back_to.is_some(),
        };
        let nothing = plan.is_empty();
        let Draft { release, mut told, refused } = draft.draft(manifest, &mut plan)?;
        told.list(&release);
        let purging = told.purge.clone();
        let live = there.register.releases.first().map(|line| line.id.clone());
        let mut outcome = Outcome { plan: Some(told), live, ..Outcome::default() };
        if self.options.dry_run {
            outcome.refusals = refused;
            return Ok(outcome);
        }
        if !refused.is_empty() {
            return Err(Failure::Refused(refused));
        }
        if nothing && there.register.generation > 0 {
            self.point_hosting(outcome.live.as_deref().unwrap_or_default())?;
            return Ok(outcome);
        }
        self.clear(&there.register)?;
        let making = Making {
            place: self.place,
            live: there.register.releases.first().map(|line| line.id.as_str()),
            base: &there.base,
            release: &release,
            sources,
            bytes,
            back_to: back_to.as_deref(),
            progress,
        };
        (outcome.objects, outcome.bytes) = making.make()?;
        let mut register = self.point(&there.register, &release, back_to)?;
        outcome.published = true;
        outcome.live = Some(release.id.clone());
        if let Some(file) = &self.options.purge_list {
            write_purge_list(file, self.url, &purging)?;
        }
        let patience = super::remote::Patience::default();
        if let (Some(cache), Some(keys)) = (&self.target.purge, keys) {
            runtime()?.block_on(purge(cache, keys, self.url, &release.id, &purging, patience))?;
        }
        if self.target.verify {
            runtime()?.block_on(verify::pages(&release, self.url, patience))?;
        }
        register.debts.clear();
        self.write(&register)?;
        self.clear(&register)?;
        Ok(outcome)
    }

    /// Writes the release down, then makes it live in one step.
    fn point(&self, before: &Register, release: &Release, back_to: Option<String>) -> Result<Register> {
        let stored = release.encode()?;
        replace(&self.place.join("manifests").join(&release.id), &stored)?;
        let mut register = before.clone();
        register.format = 1;
        register.generation = release.generation;
        register.writer.clone_from(&release.id);
        let line = Line {
            id: release.id.clone(),
            generation: release.generation,
            at: release.at,
            digest: Digest::of(&stored).to_string(),
            objects: release.manifest.entries.len() as u64,
            bytes: release.manifest.bytes(),
            back_to,
        };
        register.releases.insert(0, line);
        register.debts = vec![DebtLine { moved: true, ..DebtLine::new(&release.id) }];
        self.write(&register)?;
        let beside = self.place.join(".current.new");
        match fs::remove_file(&beside) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error).context("cannot remove a link"),
            _ => {}
        }
        link(&Path::new("releases").join(&release.id), &beside)?;
        fs::rename(&beside, self.place.join("current")).context("cannot replace the link `current`")?;
        sync_folder(self.place)?;
        self.point_hosting(&release.id)?;
        let retention = retention(self.target);
        let (generation, now) = (register.generation, self.options.now);
        register.releases.retain(|line| !retention.is_over(line.generation, line.at, generation, now));
        Ok(register)
    }

    /// Makes what configures the web server that of the release `id`, if there is any.
    fn point_hosting(&self, id: &str) -> Result<()> {
        let folder = self.place.join("hosting");
        let (current, beside) = (folder.join("current"), folder.join(".current.new"));
        let gone = |path: &Path| match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("cannot remove a link"),
            _ => Ok(()),
        };
        if !folder.join(id).is_dir() {
            return gone(&current);
        }
        if fs::read_link(&current).is_ok_and(|there| there == Path::new(id)) {
            return Ok(());
        }
        gone(&beside)?;
        link(Path::new(id), &beside)?;
        fs::rename(&beside, &current).context("cannot replace the link `hosting/current`")?;
        sync_folder(&folder)
    }

    fn write(&self, register: &Register) -> Result<()> {
        replace(&self.place.join("register.json"), &serde_json::to_vec_pretty(register)?)
    }

    /// Removes folders and records of releases that the register does not know: half-made ones and
    /// those whose time is over.
    fn clear(&self, register: &Register) -> Result<()> {
        // What visitors see now stays until they see something else, whatever the register says.
        let live = fs::read_link(self.place.join("current")).ok();
        let live = live.as_ref().and_then(|path| path.file_name()?.to_str());
        let known: BTreeSet<&str> = register.releases.iter().map(|line| line.id.as_str()).chain(live).collect();
        for folder in ["releases", "manifests", "hosting"] {
            let path = self.place.join(folder);
            if folder == "hosting" && !path.exists() {
                continue;
            }
            for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
                let entry = entry?;
                if known.contains(&*entry.file_name().to_string_lossy()) || entry.file_name() == "current" {
                    continue;
                }
                let gone = match entry.file_type()?.is_dir() {
                    true => fs::remove_dir_all(entry.path()),
                    false => fs::remove_file(entry.path()),
                };
                gone.with_context(|| format!("cannot remove {}", entry.path().display()))?;
            }
        }
        Ok(())
    }
}

#[cfg(unix)]
fn link(to: &Path, at: &Path) -> Result<()> {
    std::os::unix::fs::symlink(to, at).with_context(|| format!("cannot make the link {}", at.display()))
}

#[cfg(not(unix))]
fn link(_: &Path, at: &Path) -> Result<()> {
    bail!("{} cannot be made: this system has no links that can be replaced in one step", at.display())
}
