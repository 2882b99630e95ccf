//! The lock of a site's state: one process changes it at a time, and whoever comes second is told
//! which. The file holds the process number of whoever last had it; the lock itself is the
//! system's, so that a killed process leaves none behind.

use std::fs::{File, TryLockError};
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::disk::Disk;

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
        let mut file = disk.open(&folder.join(NAME)).with_context(context)?;
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
        let Ok(mut file) = File::open(folder.join(NAME)) else { return Ok(Self { _file: None }) };
        match file.try_lock_shared() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => busy(&mut file, folder),
            Err(TryLockError::Error(error)) => Err(error).with_context(|| format!("cannot lock {}", folder.display())),
        }
    }
}

/// Whether somebody changes the state in `folder` just now. Where the system cannot say, somebody may.
pub fn is_taken(folder: &Path) -> bool {
    let place = folder.join(NAME);
    let is_file = std::fs::symlink_metadata(&place).is_ok_and(|found| found.is_file());
    is_file && File::open(place).is_ok_and(|file| file.try_lock_shared().is_err())
}

fn busy<R>(file: &mut File, folder: &Path) -> Result<R> {
    let mut text = String::new();
    let pid = file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse::<u32>().ok());
    let pid = pid.map(|pid| format!(", pid {pid},")).unwrap_or_default();
    bail!("another lifthill process{pid} is working on this site ({})", folder.display())
}
