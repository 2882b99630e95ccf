//! The bytes of files, from memory or from disk, handed out only if they are those that the table names:
//! by digest, or for large files by stamp. Knows nothing of HTTP or of which files there are.
//!
//! # What it takes of memory
//!
//! Files that are asked for often are held, up to [`HELD`] bytes. What was handed out lives until the
//! last reader has it all, however slow he is; so all that is alive is counted, and where it would be more
//! than [`ALIVE`], a file is handed out open instead, to be read a piece at a time. Some of that is kept for
//! small files, which do not wait for large ones either: those are what most ask for. The pieces that all
//! readers together have before them are at most [`PIECES`] bytes, or [`SMALLEST`] for each.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use rustc_hash::FxHashMap;
use tokio::sync::Semaphore;

use crate::digest::Digest;
use crate::door;
use crate::output::Written;
use crate::paths::RelPath;
use crate::stamp::Stamp;

/// Files larger than this are not held in memory.
const LARGE: u64 = 2 << 20;

/// Files up to this are small.
const SMALL: u64 = 256 << 10;

/// Bytes held in memory for files that are asked for often.
const HELD: usize = 48 << 20;

/// Bytes of files that are held or still being sent.
const ALIVE: usize = 64 << 20;

/// What of it is kept for small files.
const FOR_SMALL: usize = 16 << 20;

/// Bytes of pieces of open files.
const PIECES: usize = 8 << 20;

/// Bytes of a piece, at least and at most.
const SMALLEST: usize = 8 << 10;
const LARGEST: usize = 64 << 10;

/// Files read from the disk at one moment: small ones, and others.
const READERS: [usize; 2] = [8, 2];

/// The bytes of a file.
pub enum Body {
    /// All of them.
    Held(Bytes),
    /// Too many to hold.
    Open(OpenFile),
}

/// All files' bytes.
pub struct Bodies {
    output: PathBuf,
    held: Mutex<Held>,
    alive: Arc<AtomicUsize>,
    open: Arc<AtomicUsize>,
    readers: [Semaphore; 2],
}

#[derive(Default)]
struct Held {
    bytes: usize,
    files: FxHashMap<RelPath, (Digest, Bytes)>,
}

/// Bytes that are counted as long as anybody has them.
struct Counted {
    bytes: Vec<u8>,
    alive: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Counted {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(self.bytes.len(), Ordering::Relaxed);
    }
}

impl Bodies {
    /// Those of the files below `output`.
    pub fn of(output: PathBuf) -> Self {
        let (alive, open) = (Arc::default(), Arc::default());
        Self { output, held: Mutex::default(), alive, open, readers: READERS.map(Semaphore::new) }
    }

    /// The bytes that `written` names, where they are in memory.
    pub fn held(&self, file: &RelPath, written: &Written) -> Option<Body> {
        let held = self.lock();
        let (digest, bytes) = held.files.get(file)?;
        (*digest == written.digest).then(|| Body::Held(bytes.clone()))
    }

    /// The bytes that `written` names, from the disk. `None` where the file holds others.
    pub async fn read(self: &Arc<Self>, file: &RelPath, written: &Written) -> Option<Body> {
        // It is never closed.
        let _turn = self.readers[usize::from(written.stamp.size > SMALL)].acquire().await.ok()?;
        let (bodies, file, written) = (Arc::clone(self), file.clone(), *written);
        tokio::task::spawn_blocking(move || bodies.read_now(&file, &written)).await.ok()?
    }

    fn read_now(&self, path: &RelPath, written: &Written) -> Option<Body> {
        let (mut file, stamp) = open(&path.under(&self.output)).ok()?;
        if stamp.size != written.stamp.size {
            return None;
        }
        if stamp.size > LARGE {
            return (stamp == written.stamp).then(|| Body::Open(self.hand_out(file, stamp.size)));
        }
        let size = stamp.size as usize;
        let most = if stamp.size > SMALL { ALIVE - FOR_SMALL } else { ALIVE };
        let is_room = || self.alive.load(Ordering::Relaxed) + size <= most;
        if !is_room() {
            self.let_go_of_large();
        }
        if !is_room() && stamp.size <= SMALL {
            *self.lock() = Held::default();
        }
        if !is_room() {
            return (digest_of(&mut file).ok()? == written.digest).then(|| Body::Open(self.hand_out(file, stamp.size)));
        }
        let mut bytes = Vec::with_capacity(size);
        file.take(stamp.size).read_to_end(&mut bytes).ok()?;
        if Digest::of(&bytes) != written.digest {
            return None;
        }
        self.alive.fetch_add(bytes.len(), Ordering::Relaxed);
        let bytes = Bytes::from_owner(Counted { bytes, alive: Arc::clone(&self.alive) });
        self.hold(path, written.digest, &bytes);
        Some(Body::Held(bytes))
    }

    /// Holds only what is small from now on; who is sent something else has it to the end.
    fn let_go_of_large(&self) {
        let held = &mut *self.lock();
        held.files.retain(|_, (_, bytes)| bytes.len() as u64 <= SMALL);
        held.bytes = held.files.values().map(|(_, bytes)| bytes.len()).sum();
    }

    fn hold(&self, path: &RelPath, digest: Digest, bytes: &Bytes) {
        let mut held = self.lock();
        if held.bytes + bytes.len() > HELD {
            *held = Held::default();
        }
        held.bytes += bytes.len();
        if let Some((_, old)) = held.files.insert(path.clone(), (digest, bytes.clone())) {
            held.bytes -= old.len();
        }
    }

    fn hand_out(&self, file: File, length: u64) -> OpenFile {
        self.open.fetch_add(1, Ordering::Relaxed);
        OpenFile { file, length, open: Arc::clone(&self.open) }
    }

    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that is sent a piece at a time.
pub struct OpenFile {
    file: File,
    /// Its bytes.
    pub length: u64,
    open: Arc<AtomicUsize>,
}

impl OpenFile {
    /// At most `left` bytes, from `at` on: fewer, the more files are being sent.
    pub fn piece(&mut self, at: u64, left: u64) -> io::Result<Vec<u8>> {
        let share = PIECES / self.open.load(Ordering::Relaxed).max(1);
        let size = left.min(share.clamp(SMALLEST, LARGEST) as u64);
        let mut piece = vec![0; size as usize];
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut piece)?;
        Ok(piece)
    }
}

impl Drop for OpenFile {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// All bytes of a small file, where they are those that are named; for lists that the server itself reads.
pub fn read_whole(path: &Path, written: &Written) -> Option<Vec<u8>> {
    let (file, stamp) = open(path).ok()?;
    if stamp.size != written.stamp.size {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(stamp.size).read_to_end(&mut bytes).ok()?;
    (Digest::of(&bytes) == written.digest).then_some(bytes)
}

fn digest_of(file: &mut File) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    hasher.update_reader(file)?;
    Ok(Digest::from_hash(&hasher.finalize()))
}

/// Opens a real file where it should be: nothing behind a link, and nothing that would be waited for.
fn open(path: &Path) -> io::Result<(File, Stamp)> {
    door::open(path).map(|(file, found)| (file, Stamp::of(&found)))
}
