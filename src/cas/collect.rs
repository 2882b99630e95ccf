//! Collecting what is no longer of use from the store: by reachability, age and size. Knows
//! nothing of who reaches what; that is told.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};
use serde::Serialize;

use super::folders::Part;
use super::{Action, Cas, MOST_OF_ENTRY, decode};
use crate::digest::Digest;
use crate::door;

/// What may stay although nothing reaches it.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Unused for at most so long.
    pub age: Duration,
    /// At most so many bytes in all, those that are reached included.
    pub bytes: u64,
}

/// What is in the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Blobs.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Actions whose outcome is known.
    pub actions: u64,
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Collected {
    /// What is left.
    pub left: Totals,
    /// What went.
    pub removed: Totals,
}

/// Something half written is nobody's after so long.
const ABANDONED: Duration = Duration::from_secs(24 * 3600);

struct Blob {
    digest: Digest,
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Cas {
    /// What is in the store, by its files' names and sizes.
    pub fn totals(&self) -> Result<Totals> {
        let mut totals = Totals::default();
        self.each(Part::Blobs, |_, _, metadata| {
            totals.blobs += 1;
            totals.bytes += metadata.len();
        })?;
        self.each(Part::Actions, |_, _, _| totals.actions += 1)?;
        Ok(totals)
    }

    /// Removes blobs that are not in `reached` and unused for longer than `bounds.age`, and more of
    /// the longest unused ones until all fit into `bounds.bytes`; then the actions whose blobs are
    /// gone. What is in `reached` (the digests of all outputs, say) always stays. A blob that
    /// another process wants meanwhile is only made again.
    pub fn collect(&self, reached: &HashSet<Digest>, bounds: Bounds) -> Result<Collected> {
        let now = SystemTime::now();
        let age = |used: SystemTime| now.duration_since(used).unwrap_or_default();
        let mut outcome = Collected::default();

        // A blob was last used when one of its actions was.
        let mut actions: BTreeMap<PathBuf, (Option<Digest>, SystemTime)> = BTreeMap::new();
        self.each(Part::Actions, |action, path, metadata| {
            let bytes = door::read(path, MOST_OF_ENTRY).ok();
            let blob = bytes.and_then(|bytes| decode(Action(action), &bytes)).map(|entry| entry.blob);
            let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            match blob {
                Some(blob) => drop(actions.insert(path.to_owned(), (blob, used))),
                // Damaged: old enough to go, whatever the bounds.
                None => drop(actions.insert(path.to_owned(), (Some(Digest::default()), SystemTime::UNIX_EPOCH))),
            }
        })?;
        let mut last_used: BTreeMap<Digest, SystemTime> = BTreeMap::new();
        for (blob, used) in actions.values() {
            if let Some(blob) = blob {
                let last = last_used.entry(*blob).or_insert(*used);
                *last = (*last).max(*used);
            }
        }
        let mut blobs = Vec::new();
        self.each(Part::Blobs, |digest, path, metadata| {
            let written = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let used = last_used.get(&digest).copied().unwrap_or(written);
            blobs.push(Blob { digest, path: path.to_owned(), bytes: metadata.len(), used });
        })?;
        blobs.sort_by_key(|blob| (blob.used, blob.digest));
        let mut total: u64 = blobs.iter().map(|blob| blob.bytes).sum();
        let mut kept = HashSet::new();
        for blob in blobs {
            let unwanted = age(blob.used) > bounds.age || total > bounds.bytes;
            if unwanted && !reached.contains(&blob.digest) {
                remove(&blob.path)?;
                total -= blob.bytes;
                outcome.removed.blobs += 1;
                outcome.removed.bytes += blob.bytes;
            } else {
                kept.insert(blob.digest);
            }
        }
        outcome.left.blobs = kept.len() as u64;
        outcome.left.bytes = total;
        for (path, (blob, used)) in actions {
            let stays = match blob {
                Some(blob) => kept.contains(&blob),
                None => age(used) <= bounds.age,
            };
            if stays {
                outcome.left.actions += 1;
            } else {
                remove(&path)?;
                outcome.removed.actions += 1;
            }
        }
        self.remove_abandoned(now)?;
        Ok(outcome)
    }

    fn remove_abandoned(&self, now: SystemTime) -> Result<()> {
        let Some(folder) = self.folders.existing_temporary() else { return Ok(()) };
        for (path, metadata) in files(&folder)? {
            let old = metadata.modified().is_ok_and(|at| now.duration_since(at).unwrap_or_default() > ABANDONED);
            if old {
                remove(&path)?;
            }
        }
        Ok(())
    }

    /// Visits every file of a part of the store.
    fn each(&self, part: Part, mut visit: impl FnMut(Digest, &Path, &fs::Metadata)) -> Result<()> {
        let Some(root) = self.folders.existing(part) else { return Ok(()) };
        let entries = fs::read_dir(&root).with_context(|| format!("cannot read {}", root.display()))?;
        for shard in entries {
            let shard = shard.with_context(|| format!("cannot read {}", root.display()))?;
            if !shard.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            for (path, metadata) in files(&shard.path())? {
                let digest = path.file_name().and_then(|name| parse(name.to_str()?));
                if let Some(digest) = digest {
                    visit(digest, &path, &metadata);
                }
            }
        }
        Ok(())
    }
}

/// The files of a folder. One that goes meanwhile was collected by another process.
fn files(folder: &Path) -> Result<Vec<(PathBuf, fs::Metadata)>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("cannot read {}", folder.display()))?;
        if let Ok(metadata) = entry.metadata()
            && metadata.is_file()
        {
            found.push((entry.path(), metadata));
        }
    }
    Ok(found)
}

fn remove(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

fn parse(name: &str) -> Option<Digest> {
    let mut digest = Digest::default();
    if name.len() != 32 || !name.is_ascii() {
        return None;
    }
    for (index, byte) in digest.0.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&name[2 * index..2 * index + 2], 16).ok()?;
    }
    Some(digest)
}
