//! The seal of the state: the stamp under which its file was last closed. Where it still fits,
//! nobody has touched the file since; where it does not, or where there is none, the file is
//! compared with its checksums before it is believed. Knows nothing of what the file holds.
//!
//! One line: size, modification time, change time, inode.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use super::FILE;
use crate::disk::Disk;
use crate::stamp::Stamp;

const NAME: &str = "seal";

/// Whether the file is as it was when it was closed.
pub fn is_whole(folder: &Path) -> bool {
    let sealed = fs::read_to_string(folder.join(NAME)).ok();
    sealed.is_some() && sealed == text(folder)
}

/// Takes the seal away, before the file is changed; it is off the disk when this returns.
pub fn break_open(folder: &Path, disk: &Disk) -> io::Result<()> {
    match disk.remove_file(&folder.join(NAME)) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        // Elsewhere a folder cannot be opened; there, files are removed for good at once.
        Ok(()) if cfg!(unix) => disk.put(&[], |_| fs::File::open(folder)?.sync_all()),
        Ok(()) => Ok(()),
    }
}

/// Seals the file as it is. Where that fails there is no seal that fits, and the next one to open
/// the file looks at every byte of it.
pub fn close(folder: &Path, disk: &Disk) {
    if let Some(text) = text(folder) {
        let _ = disk.write(&folder.join(NAME), text.as_bytes());
    }
}

fn text(folder: &Path) -> Option<String> {
    let stamp = Stamp::of(&fs::symlink_metadata(folder.join(FILE)).ok()?);
    Some(format!("{} {} {} {}\n", stamp.size, stamp.modified, stamp.changed, stamp.inode))
}
