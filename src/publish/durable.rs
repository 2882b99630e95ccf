//! Making durable what was written to a folder. Knows nothing of what is in it.

use std::fs::{self, File};
use std::path::Path;

use anyhow::{Context, Result};

/// Replaces a file in one step: a reader must never meet half of it.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let beside = path.with_extension("new");
    let written = File::create(&beside).and_then(|mut file| {
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&beside, path)).with_context(|| format!("cannot write {}", path.display()))
}

/// So many files are made durable one by one. More of them are all at once, which is much faster,
/// but waits for whatever else is being written on that file system.
pub const FEW: u64 = 500;

/// Makes all files below a folder durable.
#[cfg(target_os = "linux")]
pub fn sync_all_below(path: &Path) -> Result<()> {
    let folder = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    rustix::fs::syncfs(&folder).with_context(|| format!("cannot write {}", path.display()))
}

/// Makes all files below a folder durable.
#[cfg(not(target_os = "linux"))]
pub fn sync_all_below(path: &Path) -> Result<()> {
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => sync_all_below(&entry.path())?,
            false => File::options().write(true).open(entry.path())?.sync_all()?,
        }
    }
    Ok(())
}

/// Makes the names in a folder durable.
pub fn sync_folder(path: &Path) -> Result<()> {
    let opened = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    opened.sync_all().with_context(|| format!("cannot write {}", path.display()))
}
