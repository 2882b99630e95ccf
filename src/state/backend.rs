//! What the database keeps its bytes in: the state's file, changed through the site's [`Disk`];
//! or, for whoever only looks, that file with all changes kept in memory over it. Knows nothing
//! of what the bytes mean.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};

use redb::backends::FileBackend;
use redb::{BackendError, DatabaseError, StorageBackend};
use rustc_hash::FxHashMap;

use crate::disk::Disk;

/// The state's file. Its changes count among those of the disk, so that a fault can strike any.
#[derive(Debug)]
pub struct OnDisk {
    file: FileBackend,
    disk: Disk,
}

impl OnDisk {
    /// The open file `file`, changed through `disk`.
    pub fn new(file: File, disk: Disk) -> Result<Self, DatabaseError> {
        Ok(Self { file: FileBackend::new(file)?, disk })
    }
}

impl StorageBackend for OnDisk {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.put(&[], |_| self.file.set_len(len))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.disk.put(&[], |_| self.file.sync_data())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.disk.put(data, |data| self.file.write(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        self.file.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}

/// Bytes that are changed in one piece: a page of the database.
const BLOCK: u64 = 4096;

/// A file that is only read, under changes that only this process sees.
#[derive(Debug)]
pub struct InMemory {
    file: Option<File>,
    changes: Mutex<Changes>,
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
        Ok(Self { file, changes: Mutex::new(Changes { blocks: FxHashMap::default(), len, of_file: len }) })
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
        for (block, inside, range) in parts(offset, out.len()) {
            let out = &mut out[range];
            let size = out.len();
            match changes.blocks.get(&block) {
                Some(bytes) => out.copy_from_slice(&bytes[inside..inside + size]),
                None => out.copy_from_slice(&self.block(block, changes.of_file)?[inside..inside + size]),
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
