//! The making of one release's folder: hard links to what is unchanged, copies of what is not. Knows
//! nothing of when it becomes live.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};
use rayon::prelude::*;

use super::Progress;
use super::durable::{FEW, sync_all_below, sync_folder};
use super::manifest::{Action, Entry, Manifest, Release};
use crate::config::hosting;
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::headers::Encoding;
use crate::paths::RelPath;

/// What helps where something of the live release was taken away.
pub const AUDIT: &str = "`lifthill publish --audit` mends it";

/// Where the bytes of objects are.
pub struct Bytes {
    /// What is sent.
    pub sent: PathBuf,
    /// What configures the web server.
    pub hosting: PathBuf,
}

/// The place of an object of the release `id` in the folder at `place`.
pub fn object(place: &Path, id: &str, key: &str) -> PathBuf {
    match of_hosting(key) {
        Some(file) => place.join("hosting").join(id).join(file),
        None => place.join("releases").join(id).join(key),
    }
}

/// The path of what configures a web server below the folder of such files.
fn of_hosting(key: &str) -> Option<&str> {
    key.strip_prefix(hosting::FOLDER)?.strip_prefix('/')
}

/// The making of one release's folder.
pub struct Making<'m> {
    /// The folder of all releases.
    pub place: &'m Path,
    /// The live release.
    pub live: Option<&'m str>,
    /// What it consists of.
    pub base: &'m Manifest,
    /// The release to be made.
    pub release: &'m Release,
    /// The file that an object's bytes come from, where it is not its key.
    pub sources: BTreeMap<Box<str>, Box<str>>,
    /// Where those files are.
    pub bytes: Bytes,
    /// The release that this is a return to.
    pub back_to: Option<&'m str>,
    /// Told of every byte.
    pub progress: &'m dyn Progress,
}

impl Making<'_> {
    /// Makes the folder; returns how many files were copied, and their bytes.
    pub fn make(&self) -> Result<(u64, u64)> {
        let releases = self.place.join("releases");
        let partial = releases.join(format!(".{}.partial", self.release.id));
        let live = self.live;
        let manifest = &self.release.manifest;
        let target_of = |key: &str| match of_hosting(key) {
            Some(_) => object(self.place, &self.release.id, key),
            None => partial.join(key),
        };
        let keys = manifest.entries.keys().chain(manifest.retired.keys());
        let folders: BTreeSet<PathBuf> =
            keys.filter_map(|key| Some(target_of(key).parent()?.to_owned())).chain([partial.clone()]).collect();
        for folder in &folders {
            fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        }
        let mended: BTreeSet<&str> =
            self.release.changes.iter().filter(|one| one.action == Action::Mend).map(|one| &*one.key).collect();
        let is_there = |key: &str, digest: Digest| {
            let base = self.base;
            let old = base.entries.get(key).or_else(|| base.retired.get(key).map(|retired| &retired.entry));
            old.is_some_and(|old| old.digest == digest) && !mended.contains(key)
        };
        let copies = manifest.entries.iter().filter(|(key, entry)| !is_there(key, entry.digest));
        let (total, bytes) = copies.fold((0, 0), |(count, sum), (_, entry)| (count + 1, sum + entry.size));
        self.progress.begin_bytes("copying", bytes);
        let retired = manifest.retired.iter().map(|(key, retired)| (key, &retired.entry));
        let all: Vec<_> = manifest.entries.iter().chain(retired).collect();
        all.par_iter().try_for_each(|(key, entry)| -> Result<()> {
            let target = target_of(key);
            if let Some(live) = live.filter(|_| is_there(key, entry.digest)) {
                let source = object(self.place, live, key);
                // A file has only so many links; one more copy begins anew.
                if fs::hard_link(&source, &target).is_ok() {
                    return Ok(());
                }
                let lost = || format!("the live release lacks {key}; {AUDIT}: cannot copy {}", source.display());
                fs::copy(&source, &target).with_context(lost)?;
                let modified = fs::metadata(&source)?.modified()?;
                File::options().write(true).open(&target)?.set_modified(modified)?;
                return Ok(());
            }
            let copy = self.copy(key, entry, &target, live)?;
            if total <= FEW {
                copy.sync_all().with_context(|| format!("cannot write {}", target.display()))?;
            }
            self.progress.advance(entry.size);
            Ok(())
        })?;
        if total > FEW {
            sync_all_below(&partial)?;
        }
        fs::rename(&partial, releases.join(&self.release.id)).context("cannot name the release's folder")?;
        sync_folder(&releases)?;
        Ok((total, bytes))
    }

    /// Copies a file, held against its digest. Its time is later than that of what stood there,
    /// by a whole second: web servers tell versions apart by size and second.
    fn copy(&self, key: &str, entry: &Entry, target: &Path, live: Option<&str>) -> Result<File> {
        let source = match of_hosting(key) {
            Some(file) => self.bytes.hosting.join(file),
            None => self.bytes.sent.join(self.sources.get(key).map_or(key, |source| &**source)),
        };
        if RelPath::new(key).is_none() {
            bail!("{key} is no path of a file");
        }
        let bytes = door::read(&source, Most(entry.size)).with_context(|| match self.back_to {
            Some(id) => format!("release {id} is no longer whole, another may be (`--list`): no {}", source.display()),
            None => format!("cannot read {}", source.display()),
        })?;
        if Digest::of(&bytes) != entry.digest {
            bail!("{} is not as the build left it; run `lifthill build` and publish again", source.display());
        }
        fs::write(target, &bytes).with_context(|| format!("cannot write {}", target.display()))?;
        let plain = Encoding::plain_of(key).unwrap_or(key);
        let stood =
            live.and_then(|live| fs::metadata(object(self.place, live, plain)).and_then(|file| file.modified()).ok());
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(self.release.at.max(0) as u64);
        let modified = stood.map_or(now, |stood| now.max(stood + Duration::from_secs(1)));
        let file = File::options().write(true).open(target)?;
        file.set_modified(modified)?;
        Ok(file)
    }
}
