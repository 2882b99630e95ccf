//! The seal of the state: the stamp under which its file was last closed. Where it still fits,
//! nobody has touched the file since; where it does not, or where there is none, the file is
//! compared with its checksums before it is believed. Knows nothing of what the file holds.
//!
//! One line: size, modification time, change time, inode.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::disk::Disk;
use crate::door::{self, Most};
use crate::stamp::Stamp;

const NAME: &str = "seal";

/// The file that is sealed.
pub const FILE: &str = "state.redb";

/// The most that is read of it: four numbers.
const MOST: Most = Most(200);

/// Whether the file is as it was when it was closed. Where a file system keeps whole seconds, a stamp
/// says too little: it could have been changed just after.
pub fn is_whole(folder: &Path) -> bool {
    let sealed = door::read_text(&folder.join(NAME), MOST).ok();
    let Some(stamp) = stamp(folder) else { return false };
    !stamp.is_coarse() && sealed == Some(text(&stamp))
}

/// Takes the seal away, before the file is changed; it is off the disk when this returns.
pub fn break_open(folder: &Path, disk: &Disk) -> io::Result<()> {
    let path = folder.join(NAME);
    if fs::symlink_metadata(&path).is_ok_and(|found| found.is_dir()) {
        return disk.clear(&path);
    }
    match disk.remove_file(&path) {
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
    if let Some(stamp) = stamp(folder) {
        let _ = disk.write(&folder.join(NAME), text(&stamp).as_bytes());
    }
}

fn stamp(folder: &Path) -> Option<Stamp> {
    Some(Stamp::of(&fs::symlink_metadata(folder.join(FILE)).ok()?))
}

fn text(stamp: &Stamp) -> String {
    format!("{} {} {} {}\n", stamp.size, stamp.modified, stamp.changed, stamp.inode)
}
