//! What the database keeps its bytes in: the state's file, changed through the site's [`Disk`];
//! or, for whoever only looks, that file with all changes kept in memory over it. Knows nothing
//! of what the bytes mean.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use rustc_hash::FxHashMap;

use crate::disk::Disk;
use crate::room::Room;

/// The state's file, in the hands of the database and of the state that holds it.
///
/// Looking changes nothing: what the database writes for its own sake (that it is open, that it was
/// closed) stays in memory until somebody begins a change. From then on everything goes to the
/// file through the site's disk, and counts among its changes. What the database wants to be durable
/// in between is held back until [`OnDisk::make_durable`]: a file that lost its power before that has no
/// seal, is compared with its checksums, and costs a clean build at worst.
#[derive(Clone, Debug)]
pub struct OnDisk(Arc<Hands>);

#[derive(Debug)]
struct Hands {
    file: FileBackend,
    disk: Disk,
    /// What has been written while nothing may change.
    held: RwLock<Option<InMemory>>,
    /// Whether the file holds what the disk may not yet.
    unsafe_yet: AtomicBool,
}

impl OnDisk {
    /// The open file `file`, changed through `disk`; as long as `held`, in memory only.
    pub fn new(file: File, disk: Disk, held: bool) -> Result<Self, DatabaseError> {
        let memory = if held { Some(file.try_clone().and_then(|file| InMemory::over(Some(file)))) } else { None };
        let memory = memory.transpose().map_err(redb::StorageError::from)?;
        let (held, unsafe_yet) = (RwLock::new(memory), AtomicBool::new(false));
        Ok(Self(Arc::new(Hands { file: FileBackend::new(file)?, disk, held, unsafe_yet })))
    }

    /// Whether all changes are in memory only.
    pub fn is_held(&self) -> bool {
        self.0.held.read().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// Lets go of what was held: the file is changed from now on.
    pub fn let_go(&self) -> io::Result<()> {
        let mut held = self.0.held.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(memory) = held.as_ref() {
            let changes = memory.changes();
            if changes.len != self.0.file.len()? {
                self.0.disk.put(&[], |_| self.0.file.set_len(changes.len))?;
            }
            let mut blocks: Vec<_> = changes.blocks.iter().collect();
            blocks.sort_unstable_by_key(|(block, _)| **block);
            for (block, bytes) in blocks {
                let size = changes.len.saturating_sub(block * BLOCK).min(BLOCK) as usize;
                self.0.disk.put(&bytes[..size], |bytes| self.0.file.write(block * BLOCK, bytes))?;
            }
            self.0.unsafe_yet.store(true, Ordering::Relaxed);
        }
        *held = None;
        Ok(())
    }

    /// Everything that was written is on the disk when this returns.
    pub fn make_durable(&self) -> io::Result<()> {
        if self.0.unsafe_yet.swap(false, Ordering::Relaxed) {
            self.0.disk.put(&[], |_| self.0.file.sync_data())?;
        }
        Ok(())
    }

    /// Does something with the file, or with what is held over it.
    fn with<R>(&self, file: impl FnOnce(&Hands) -> R, memory: impl FnOnce(&InMemory) -> R) -> R {
        match &*self.0.held.read().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => memory(held),
            None => file(&self.0),
        }
    }
}

impl StorageBackend for OnDisk {
    fn len(&self) -> io::Result<u64> {
        self.with(|hands| hands.file.len(), InMemory::len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        match &*self.0.held.read().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => held.read(offset, out),
            None => self.0.file.read(offset, out),
        }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.with(|hands| hands.disk.put(&[], |_| hands.file.set_len(len)), |held| held.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let to_file = |hands: &Hands| {
            hands.unsafe_yet.store(true, Ordering::Relaxed);
            hands.disk.put(data, |data| hands.file.write(offset, data))
        };
        self.with(to_file, |held| held.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.0.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.file.query_lock_range(start, end)
    }
}

/// Bytes that are changed in one piece: a page of the database.
const BLOCK: u64 = 4096;

/// A file that is only read, under changes that only this process sees.
#[derive(Debug)]
pub struct InMemory {
    file: Option<File>,
    changes: Mutex<Changes>,
    room: Room,
}

#[derive(Debug)]
struct Changes {
    blocks: FxHashMap<u64, Box<[u8]>>,
    len: u64,
    /// Bytes of the file that still count: what lies behind was cut off.
    of_file: u64,
}

impl InMemory {
    /// Changes over `file`, or over nothing.
    pub fn over(file: Option<File>) -> io::Result<Self> {
        let len = file.as_ref().map_or(Ok(0), |file| file.metadata().map(|metadata| metadata.len()))?;
        let changes = Mutex::new(Changes { blocks: FxHashMap::default(), len, of_file: len });
        Ok(Self { file, changes, room: Room::default() })
    }

    /// Bounds how much may be changed: beyond what `room` has for a plan, writing fails with
    /// [`TooLittle`](crate::room::TooLittle).
    pub fn within(self, room: Room) -> Self {
        Self { room, ..self }
    }

    fn changes(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A block of the file; zeros where it ends. For whoever holds the changes: the file has one
    /// place from which it is read.
    fn block(&self, number: u64, of_file: u64) -> io::Result<Box<[u8]>> {
        let mut block = vec![0; BLOCK as usize].into_boxed_slice();
        let start = number * BLOCK;
        let there = of_file.saturating_sub(start).min(BLOCK) as usize;
        if let Some(mut file) = self.file.as_ref().filter(|_| there > 0) {
            file.seek(SeekFrom::Start(start))?;
            file.read_exact(&mut block[..there])?;
        }
        Ok(block)
    }
}

/// The parts of `length` bytes from `offset` on that lie in one block each: block, offset in it, bytes.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (u64, usize, std::ops::Range<usize>)> {
    let mut done = 0;
    std::iter::from_fn(move || {
        let at = offset + done as u64;
        let (block, inside) = (at / BLOCK, (at % BLOCK) as usize);
        let size = (BLOCK as usize - inside).min(length - done);
        let part = (size > 0).then_some((block, inside, done..done + size));
        done += size;
        part
    })
}

impl StorageBackend for InMemory {
    fn len(&self) -> io::Result<u64> {
        Ok(self.changes().len)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let changes = self.changes();
        if offset + out.len() as u64 > changes.len {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let there = changes.of_file.saturating_sub(offset).min(out.len() as u64) as usize;
        if let Some(mut file) = self.file.as_ref().filter(|_| there > 0) {
            file.seek(SeekFrom::Start(offset))?;
            file.read_exact(&mut out[..there])?;
        }
        out[there..].fill(0);
        if changes.blocks.is_empty() {
            return Ok(());
        }
        for (block, inside, range) in parts(offset, out.len()) {
            if let Some(bytes) = changes.blocks.get(&block) {
                out[range.clone()].copy_from_slice(&bytes[inside..inside + range.len()]);
            }
        }
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut changes = self.changes();
        if len < changes.len {
            changes.of_file = changes.of_file.min(len);
            changes.blocks.retain(|block, _| block * BLOCK < len);
            if let Some(bytes) = changes.blocks.get_mut(&(len / BLOCK)) {
                bytes[(len % BLOCK) as usize..].fill(0);
            }
        }
        changes.len = len;
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut changes = self.changes();
        for (block, inside, range) in parts(offset, data.len()) {
            if !changes.blocks.contains_key(&block) {
                let held = (changes.blocks.len() as u64 + 1) * BLOCK;
                self.room.check_plan(held).map_err(io::Error::other)?;
                let bytes = self.block(block, changes.of_file)?;
                changes.blocks.insert(block, bytes);
            }
            if let Some(bytes) = changes.blocks.get_mut(&block) {
                bytes[inside..inside + range.len()].copy_from_slice(&data[range]);
            }
        }
        changes.len = changes.len.max(offset + data.len() as u64);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_lie_over_a_file_that_stays_as_it_was() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        let before: Vec<u8> = (0..10_000_u32).map(|number| number as u8).collect();
        std::fs::write(&path, &before).expect("a file");
        let memory = InMemory::over(Some(File::open(&path).expect("the file"))).expect("its length");
        memory.write(4_090, &[7; 5_000]).expect("in memory");
        let mut found = vec![0; 10_000];
        memory.read(0, &mut found).expect("within it");
        let mut expected = before.clone();
        expected[4_090..9_090].fill(7);
        assert_eq!(found, expected);
        memory.set_len(4_100).and_then(|()| memory.set_len(9_000)).expect("cut, and longer again");
        let mut found = vec![1; 4_900];
        memory.read(4_100, &mut found).expect("within it");
        assert_eq!(found, vec![0; 4_900], "what was cut off does not come back");
        assert!(memory.read(8_999, &mut [0; 2]).is_err());
        assert_eq!(std::fs::read(&path).expect("the file"), before);
    }
}
