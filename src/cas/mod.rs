//! The store of made things: bytes by digest in `.lifthill/cas/`, and which action made which, so
//! that nothing is encoded or compressed twice. Knows nothing of what actions do.
//!
//! ```text
//! blobs/ab/<digest>     the bytes, named by their digest
//! actions/ab/<digest>   what an action made: u8 1 with a blob, 0 without; 16 bytes digest of the
//!                       blob (zeros without); facts; 16 bytes digest of all before
//! tmp/                  files being written
//! ```
//!
//! Laws. An [`Action`] names its operation, its inputs and the versions of the libraries that do
//! it: equal actions make equal bytes. A file is written beside and renamed, so that nobody meets
//! half of one; threads and processes may do so at once, for they would write the same. What is
//! read is verified, and what is damaged is removed: a lost, damaged or unwritable file costs its
//! making again, never an error and never a wrong byte. A blob may be the same file as an output
//! (a hard link); whoever edits that output in place damages the blob, which the next reading finds.

mod collect;

pub use collect::{Bounds, Collected, Totals};

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use anyhow::{Result, bail};

use crate::digest::{Digest, Digester};
use crate::disk::Disk;

/// The store's folder in the state's folder.
pub const FOLDER: &str = "cas";

/// What makes something: operation, inputs, library versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Action(pub Digest);

impl Action {
    /// The action that does `operation` (with its settings) to `inputs`, in that order. The
    /// `versions` are those of all libraries and of our own code that the bytes depend on.
    pub fn new<'a>(operation: &str, versions: &str, inputs: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut digester = Digester::default();
        digester.part(operation.as_bytes());
        digester.part(versions.as_bytes());
        inputs.into_iter().for_each(|input| digester.part(input));
        Self(digester.finish())
    }
}

/// What an action made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The digest of the bytes; `None` where the outcome is that there are none (a compression
    /// that is not worth it, say).
    pub blob: Option<Digest>,
    /// A few bytes of the maker's own, kept beside.
    pub facts: Vec<u8>,
}

/// What comes of making something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The bytes, if there are any.
    pub bytes: Option<Vec<u8>>,
    /// A few bytes of the maker's own.
    pub facts: Vec<u8>,
}

/// An open store; shared by threads, and with other processes.
pub struct Cas {
    root: PathBuf,
    serial: AtomicU64,
    unwritable: AtomicU64,
    writable: bool,
    disk: Disk,
}

/// An action that is used is marked as used at most this often.
const MARK_EVERY: Duration = Duration::from_secs(3600);

impl Cas {
    /// The store in the state's folder of a site. Its folders are made when something is kept.
    /// Fails where a link would lead out of the site.
    pub fn open(state_folder: &Path, disk: &Disk) -> Result<Self> {
        let root = state_folder.join(FOLDER);
        if fs::symlink_metadata(&root).is_ok_and(|metadata| metadata.is_symlink()) {
            bail!("{} is a symbolic link, which is not followed", root.display());
        }
        let (serial, unwritable) = (AtomicU64::new(0), AtomicU64::new(0));
        Ok(Self { root, serial, unwritable, writable: true, disk: disk.clone() })
    }

    /// The store, only to be read from: nothing is kept in it, marked or removed.
    pub fn look(state_folder: &Path) -> Result<Self> {
        Ok(Self { writable: false, ..Self::open(state_folder, &Disk::default())? })
    }

    /// What `action` made, kept or made now by `make`; says whether it was made now. An error is
    /// always one of `make`'s: what cannot be kept is only counted (see [`Cas::unwritable`]).
    pub fn get_or_make(&self, action: Action, make: impl FnOnce() -> Result<Made>) -> Result<(Made, bool)> {
        if let Some(made) = self.get(action) {
            return Ok((made, false));
        }
        let made = make()?;
        self.keep(action, made.bytes.as_deref(), &made.facts);
        Ok((made, true))
    }

    /// What `action` made, with its bytes; `None` where it must be made (again).
    pub fn get(&self, action: Action) -> Option<Made> {
        let entry = self.find(action)?;
        let bytes = match entry.blob {
            Some(blob) => Some(self.read(blob)?),
            None => None,
        };
        Some(Made { bytes, facts: entry.facts })
    }

    /// What `action` made, without reading the bytes, which may be gone; `None` where unknown.
    pub fn find(&self, action: Action) -> Option<Entry> {
        let path = self.path("actions", action.0);
        let bytes = fs::read(&path).ok()?;
        let entry = decode(&bytes);
        if entry.is_none() {
            self.discard(&path);
        } else if self.writable {
            self.mark_as_used(&path);
        }
        entry
    }

    /// The bytes of a blob, verified; `None` where it is lost or was damaged, and then it is gone.
    pub fn read(&self, blob: Digest) -> Option<Vec<u8>> {
        let path = self.path("blobs", blob);
        let bytes = fs::read(&path).ok()?;
        if Digest::of(&bytes) != blob {
            self.discard(&path);
            return None;
        }
        Some(bytes)
    }

    /// Keeps what `action` made; returns the digest of the bytes.
    pub fn keep(&self, action: Action, bytes: Option<&[u8]>, facts: &[u8]) -> Option<Digest> {
        let blob = bytes.map(Digest::of);
        if !self.writable {
            return blob;
        }
        let outcome = match (blob, bytes) {
            (Some(blob), Some(bytes)) => self.write("blobs", blob, bytes),
            _ => Ok(()),
        };
        let outcome = outcome.and_then(|()| {
            let path = self.path("actions", action.0);
            self.replace(&path, &encode(&Entry { blob, facts: facts.to_vec() }))
        });
        if outcome.is_err() {
            self.unwritable.fetch_add(1, Ordering::Relaxed);
        }
        blob
    }

    /// How many things could not be kept since the store was opened.
    pub fn unwritable(&self) -> u64 {
        self.unwritable.load(Ordering::Relaxed)
    }

    /// Makes `target` the blob's file: a hard link to it, or a copy (by reference, where the file
    /// system can) where there can be no link. `target` must not exist. The blob is verified first;
    /// `false` where it is lost or was damaged.
    ///
    /// A link shares its times with the blob: only for names that carry a fingerprint, whose bytes
    /// never change.
    pub fn link(&self, blob: Digest, target: &Path) -> io::Result<bool> {
        if self.read(blob).is_none() {
            return Ok(false);
        }
        let path = self.path("blobs", blob);
        match self.disk.hard_link(&path, target) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(_) => self.disk.copy(&path, target).map(|()| true),
        }
    }

    fn path(&self, part: &str, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(part).join(&name[..2]).join(name)
    }

    /// Writes a blob unless it is there; one of the wrong size is replaced.
    fn write(&self, part: &str, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.path(part, digest);
        if fs::metadata(&path).is_ok_and(|metadata| metadata.len() == bytes.len() as u64) {
            return Ok(());
        }
        self.replace(&path, bytes)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let folder = path.parent().unwrap_or(&self.root);
        self.disk.create_dir_all(folder)?;
        self.disk.create_dir_all(&self.root.join("tmp"))?;
        let (mut file, temporary) = self.temporary()?;
        let outcome = self.disk.fill(&mut file, bytes).and_then(|()| self.disk.rename(&temporary, path));
        if outcome.is_err() {
            let _ = self.disk.remove_file(&temporary);
        }
        outcome
    }

    /// A new file that nobody else writes to, whichever store of whichever process has it open.
    fn temporary(&self) -> io::Result<(File, PathBuf)> {
        loop {
            let serial = self.serial.fetch_add(1, Ordering::Relaxed);
            let path = self.root.join("tmp").join(format!("{}-{serial}", std::process::id()));
            match self.disk.create_new(&path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                opened => return opened.map(|file| (file, path)),
            }
        }
    }

    /// Removes a file that is of no use. One that cannot be removed stays useless: it is verified
    /// whenever it is read.
    fn discard(&self, path: &Path) {
        if self.writable {
            let _ = self.disk.remove_file(path);
        }
    }

    /// Used things are collected last. A mark that cannot be made costs at most a making again.
    fn mark_as_used(&self, path: &Path) {
        let now = SystemTime::now();
        let modified = fs::metadata(path).and_then(|metadata| metadata.modified());
        if matches!(modified.map(|modified| now.duration_since(modified)), Ok(Ok(age)) if age > MARK_EVERY) {
            let _ = self.disk.set_modified(path, now);
        }
    }
}

fn encode(entry: &Entry) -> Vec<u8> {
    let mut bytes = vec![u8::from(entry.blob.is_some())];
    bytes.extend_from_slice(&entry.blob.unwrap_or_default().0);
    bytes.extend_from_slice(&entry.facts);
    let check = Digest::of(&bytes);
    bytes.extend_from_slice(&check.0);
    bytes
}

fn decode(bytes: &[u8]) -> Option<Entry> {
    let (entry, check) = bytes.split_last_chunk::<16>()?;
    if Digest::of(entry).0 != *check {
        return None;
    }
    let (with_blob, rest) = entry.split_first()?;
    let (blob, facts) = rest.split_first_chunk::<16>()?;
    Some(Entry { blob: (*with_blob == 1).then_some(Digest(*blob)), facts: facts.to_vec() })
}

#[cfg(test)]
mod tests;
