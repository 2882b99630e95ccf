//! The lock of a site's state: one process changes it at a time, and whoever comes second is told
//! which. The file holds the process number of whoever last had it; the lock itself is the
//! system's, so that a killed process leaves none behind. What stands in the place of the file and is
//! none of ours is replaced, by one process at a time.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::disk::{Disk, has_other_names};
use crate::door;

/// Held while it lives.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

/// The lock's file in the state's folder.
pub const NAME: &str = "lock";

impl Lock {
    /// Takes the lock of the state in `folder`. Fails where another process has it.
    pub fn take(folder: &Path, disk: &Disk) -> Result<Self> {
        let context = || format!("cannot lock {}", folder.display());
        let path = folder.join(NAME);
        let _turn = turn(folder);
        // A file that a backup shares is held by whoever had it before there was a second name.
        if let Ok((mut shared, found)) = door::open(&path)
            && has_other_names(&found)
            && matches!(shared.try_lock(), Err(TryLockError::WouldBlock))
        {
            return busy(&mut shared, folder);
        }
        let mut file = disk.open(&path).with_context(context)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return busy(&mut file, folder),
            Err(TryLockError::Error(error)) => return Err(error).with_context(context),
        }
        // Only for people: a full disk must not keep anybody from trying.
        let number = format!("{}\n", std::process::id());
        let _ = disk.set_len(&file, 0).and_then(|()| disk.fill(&mut file, number.as_bytes()));
        Ok(Self { _file: Some(file) })
    }

    /// Shares the lock with others who only look. Writes nothing, not even the file.
    pub fn share(folder: &Path) -> Result<Self> {
        let Ok((mut file, _)) = door::open(&folder.join(NAME)) else { return Ok(Self { _file: None }) };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => busy(&mut file, folder),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", folder.display())),
        }
    }
}

/// The turn to replace what stands in the place of the lock's file, until it is dropped; `None` where
/// the system has no such thing.
fn turn(folder: &Path) -> Option<File> {
    let opened = File::open(folder).ok().filter(|_| cfg!(unix))?;
    opened.lock().ok().map(|()| opened)
}

/// Whether somebody changes the state in `folder` just now. Where the system cannot say, somebody may.
pub fn is_taken(folder: &Path) -> bool {
    door::open(&folder.join(NAME)).is_ok_and(|(file, _)| file.try_lock_shared().is_err())
}

fn busy<R>(file: &mut File, folder: &Path) -> Result<R> {
    let mut text = String::new();
    let pid = file.take(20).read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok());
    let pid = pid.map(|pid| format!(", pid {pid},")).unwrap_or_default();
    bail!("another lifthill process{pid} is working on this site ({})", folder.display())
}
