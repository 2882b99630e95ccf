//! The store of made things: bytes by digest in `.lifthill/cas/`, and which action made which, so
//! that nothing is encoded or compressed twice. Knows nothing of what actions do.
//!
//! ```text
//! blobs/ab/<digest>     the bytes, named by their digest
//! actions/ab/<digest>   what an action made: u8 format (2); 16 bytes digest of the action; u8 1 with a
//!                       blob, 0 without; 16 bytes digest of the blob; u64 LE its length (zeros without);
//!                       facts; 16 bytes digest of all before
//! tmp/                  files being written
//! ```
//!
//! Laws. An [`Action`] names its operation, its inputs and the versions of the libraries that do
//! it: equal actions make equal bytes. A file is written beside and renamed, so that nobody meets
//! half of one; threads and processes may do so at once, for they would write the same. What is
//! read is verified, and what is damaged is removed: a lost, damaged or unwritable file costs its
//! making again, never an error and never a wrong byte. An entry says which action it answers, so that
//! one under another's name is damaged. A blob may be the same file as an output (a hard link); whoever
//! edits that output in place damages the blob, which the next reading finds. No link is followed.
//!
//! Checksums keep out accidents and other sites' entries, not somebody who writes entries of his own
//! making with checksums that fit: `build --verify` makes everything without the store for that reason.

mod collect;
mod folders;

pub use collect::{Bounds, Collected, Totals};

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::digest::{Digest, Digester};
use crate::disk::{Disk, has_other_names};
use crate::door::{self, Most};
use folders::{Folders, Part};

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
    /// How many bytes there are.
    pub length: u64,
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
    folders: Folders,
    serial: AtomicU64,
    unwritable: AtomicU64,
    writable: bool,
    disk: Disk,
}

/// An action that is used is marked as used at most this often.
const MARK_EVERY: Duration = Duration::from_secs(3600);

/// The most that is read of an entry.
const MOST_OF_ENTRY: Most = Most::megabytes(1);

/// The most that is read of a blob: more than of any file that something is made of.
const MOST_OF_BLOB: Most = Most::megabytes(256);

impl Cas {
    /// The store in the state's folder of a site. Its folders are made when something is kept.
    pub fn open(state_folder: &Path, disk: &Disk) -> Self {
        let folders = Folders::of(state_folder.join(FOLDER));
        let (serial, unwritable) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { folders, serial, unwritable, writable: true, disk: disk.clone() }
    }

    /// The store, only to be read from: nothing is kept in it, marked or removed.
    pub fn look(state_folder: &Path) -> Self {
        Self { writable: false, ..Self::open(state_folder, &Disk::default()) }
    }

    /// What `action` made, with its bytes; `None` where it must be made (again).
    pub fn get(&self, action: Action) -> Option<Made> {
        let entry = self.find(action)?;
        let bytes = match entry.blob {
            Some(blob) => Some(self.read(blob, entry.length)?),
            None => None,
        };
        Some(Made { bytes, facts: entry.facts })
    }

    /// What `action` made, without reading the bytes, which may be gone; `None` where unknown.
    pub fn find(&self, action: Action) -> Option<Entry> {
        let path = self.folders.find(Part::Actions, action.0)?;
        let bytes = self.bytes(&path, MOST_OF_ENTRY)?;
        let entry = decode(action, &bytes);
        if entry.is_none() {
            self.discard(&path);
        } else if self.writable {
            self.mark_as_used(&path);
        }
        entry
    }

    /// The bytes of a blob, verified; `None` where it is lost or was damaged, and then it is gone.
    fn read(&self, blob: Digest, length: u64) -> Option<Vec<u8>> {
        let path = self.folders.find(Part::Blobs, blob)?;
        let bytes = self.bytes(&path, MOST_OF_BLOB.min(Most(length)))?;
        if Digest::of(&bytes) != blob {
            self.discard(&path);
            return None;
        }
        Some(bytes)
    }

    /// The bytes of a file of the store. What is none, or holds more than it may, goes.
    fn bytes(&self, path: &Path, most: Most) -> Option<Vec<u8>> {
        let bytes = door::read(path, most);
        if bytes.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput) {
            self.discard(path);
        }
        bytes.ok()
    }

    /// Keeps what `action` made; returns the digest of the bytes.
    pub fn keep(&self, action: Action, bytes: Option<&[u8]>, facts: &[u8]) -> Option<Digest> {
        let blob = bytes.map(Digest::of);
        if !self.writable {
            return blob;
        }
        let outcome = match (blob, bytes) {
            (Some(blob), Some(bytes)) => self.write(blob, bytes),
            _ => Ok(()),
        };
        let outcome = outcome.and_then(|()| {
            let path = self.folders.make(&self.disk, Part::Actions, action.0)?;
            let length = bytes.map_or(0, |bytes| bytes.len() as u64);
            self.replace(&path, &encode(action, &Entry { blob, length, facts: facts.to_vec() }))
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

    /// Makes `target` the file of the blob with these bytes: a hard link to it, or a copy (by reference,
    /// where the file system can) where there can be no link. `target` must not exist. The blob is
    /// verified first; `false` where it is lost or was damaged.
    ///
    /// A link shares its times with the blob: only for names that carry a fingerprint, whose bytes
    /// never change.
    pub fn link(&self, bytes: &[u8], target: &Path) -> io::Result<bool> {
        let blob = Digest::of(bytes);
        let found = self.read(blob, bytes.len() as u64).and_then(|_| self.folders.find(Part::Blobs, blob));
        let Some(path) = found else { return Ok(false) };
        match self.disk.hard_link(&path, target) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Err(error),
            Err(_) => self.disk.copy(&path, target).map(|()| true),
        }
    }

    /// Writes a blob unless it is there; one of the wrong size is replaced.
    fn write(&self, digest: Digest, bytes: &[u8]) -> io::Result<()> {
        let path = self.folders.make(&self.disk, Part::Blobs, digest)?;
        let is_there = |found: fs::Metadata| found.is_file() && found.len() == bytes.len() as u64;
        if fs::symlink_metadata(&path).is_ok_and(is_there) {
            return Ok(());
        }
        self.replace(&path, bytes)
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let (mut file, temporary) = self.temporary()?;
        let outcome = self.disk.fill(&mut file, bytes).and_then(|()| self.disk.rename_over(&temporary, path));
        if outcome.is_err() {
            let _ = self.disk.remove_file(&temporary);
        }
        outcome
    }

    /// A new file that nobody else writes to, whichever store of whichever process has it open.
    fn temporary(&self) -> io::Result<(File, PathBuf)> {
        loop {
            let serial = self.serial.fetch_add(1, Ordering::Relaxed);
            let path = self.folders.temporary(&self.disk)?.join(format!("{}-{serial}", std::process::id()));
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
        let Ok(found) = fs::symlink_metadata(path) else { return };
        let age = found.modified().ok().and_then(|modified| now.duration_since(modified).ok());
        if age.is_some_and(|age| age > MARK_EVERY) && !has_other_names(&found) {
            let _ = self.disk.set_modified(path, now);
        }
    }
}

/// The format of entries.
const FORMAT: u8 = 2;

fn encode(action: Action, entry: &Entry) -> Vec<u8> {
    let mut bytes = vec![FORMAT];
    bytes.extend_from_slice(&action.0.0);
    bytes.push(u8::from(entry.blob.is_some()));
    bytes.extend_from_slice(&entry.blob.unwrap_or_default().0);
    bytes.extend_from_slice(&entry.length.to_le_bytes());
    bytes.extend_from_slice(&entry.facts);
    let check = Digest::of(&bytes);
    bytes.extend_from_slice(&check.0);
    bytes
}

/// What `bytes` say that `action` made; `None` where they are damaged, or say it of another one.
fn decode(action: Action, bytes: &[u8]) -> Option<Entry> {
    let (entry, check) = bytes.split_last_chunk::<16>()?;
    let (format, rest) = entry.split_first()?;
    let (of, rest) = rest.split_first_chunk::<16>()?;
    if *format != FORMAT || *of != action.0.0 || Digest::of(entry).0 != *check {
        return None;
    }
    let (with_blob, rest) = rest.split_first()?;
    let (blob, rest) = rest.split_first_chunk::<16>()?;
    let (length, facts) = rest.split_first_chunk::<8>()?;
    let blob = (*with_blob == 1).then_some(Digest(*blob));
    Some(Entry { blob, length: u64::from_le_bytes(*length), facts: facts.to_vec() })
}

#[cfg(test)]
mod tests;
