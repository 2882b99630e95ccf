//! The store's folders: real ones, or none. A link to elsewhere is not gone through; what stands in the
//! place of a folder is put out of the way when something is to be kept there. Knows nothing of files.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::digest::Digest;
use crate::disk::Disk;

/// A part of the store, in which files lie by the first byte of their digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Bytes.
    Blobs,
    /// What made which.
    Actions,
}

impl Part {
    /// The name of its folder.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blobs => "blobs",
            Self::Actions => "actions",
        }
    }
}

/// The folders of a store, each looked at once.
#[derive(Debug)]
pub struct Folders {
    root: PathBuf,
    /// By part: a bit for each first byte, set where the folder is known to be a real one.
    real: [[AtomicU64; 4]; 2],
}

impl Folders {
    /// Those of the store at `root`.
    pub fn of(root: PathBuf) -> Self {
        Self { root, real: Default::default() }
    }

    /// The place of a file; `None` where its folder is not there, or is none.
    pub fn find(&self, part: Part, digest: Digest) -> Option<PathBuf> {
        let folder = self.folder(part, digest);
        if !self.is_known(part, digest) {
            let above = [&*self.root, &*self.part(part)].into_iter().all(is_real);
            if !above || !is_real(&folder) {
                return None;
            }
            self.know(part, digest);
        }
        Some(folder.join(digest.to_string()))
    }

    /// The place of a file, in a folder that is made if it is not there.
    pub fn make(&self, disk: &Disk, part: Part, digest: Digest) -> io::Result<PathBuf> {
        let folder = self.folder(part, digest);
        if !self.is_known(part, digest) {
            for folder in [&*self.root, &*self.part(part), &*folder] {
                disk.own_folder(folder)?;
            }
            self.know(part, digest);
        }
        Ok(folder.join(digest.to_string()))
    }

    /// The folder of files that are being written, made if it is not there.
    pub fn temporary(&self, disk: &Disk) -> io::Result<PathBuf> {
        let folder = self.root.join("tmp");
        if !is_real(&folder) {
            disk.own_folder(&folder)?;
        }
        Ok(folder)
    }

    /// The folder of files that are being written; `None` where there is none.
    pub fn existing_temporary(&self) -> Option<PathBuf> {
        let folder = self.root.join("tmp");
        (is_real(&self.root) && is_real(&folder)).then_some(folder)
    }

    /// The folder of a part; `None` where there is none.
    pub fn existing(&self, part: Part) -> Option<PathBuf> {
        let folder = self.part(part);
        (is_real(&self.root) && is_real(&folder)).then_some(folder)
    }

    fn part(&self, part: Part) -> PathBuf {
        self.root.join(part.name())
    }

    fn folder(&self, part: Part, digest: Digest) -> PathBuf {
        self.part(part).join(digest.hex(2))
    }

    fn is_known(&self, part: Part, digest: Digest) -> bool {
        let (word, bit) = place(digest);
        self.real[part as usize][word].load(Ordering::Relaxed) & bit != 0
    }

    fn know(&self, part: Part, digest: Digest) {
        let (word, bit) = place(digest);
        self.real[part as usize][word].fetch_or(bit, Ordering::Relaxed);
    }
}

/// The bit of a digest's first byte.
fn place(digest: Digest) -> (usize, u64) {
    let first = digest.0[0];
    (usize::from(first / 64), 1 << (first % 64))
}

fn is_real(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|found| found.is_dir())
}
