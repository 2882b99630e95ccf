//! The way to an output: what stands where a file or a folder of ours belongs. An empty folder goes; a
//! file or a link where a folder belongs is set aside in `.lifthill/aside/`, whoever made it; a folder
//! with somebody's files stays, and the file that belongs there cannot be made.
//!
//! Law. Only what fails is looked at: where nothing is in the way, nothing here costs anything.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use anyhow::{Context, Result};

use super::Output;
use crate::disk::Disk;
use crate::paths::RelPath;
use crate::stamp::FileId;

/// Where what stood in the way lies, in the folder that `output/` is in.
const ASIDE: &str = ".lifthill/aside";

/// Folders that one empty folder may hold; where there are more, it is somebody's.
const MOST_FOLDERS: usize = 1000;

/// Why one file cannot be made or removed though others can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blocked(String);

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Blocked {}

/// Whether an error is about one place, rather than about the disk as a whole.
fn is_of_place(error: &io::Error) -> bool {
    let of_place = [
        ErrorKind::NotFound,
        ErrorKind::AlreadyExists,
        ErrorKind::NotADirectory,
        ErrorKind::IsADirectory,
        ErrorKind::DirectoryNotEmpty,
        ErrorKind::PermissionDenied,
        ErrorKind::ResourceBusy,
        ErrorKind::CrossesDevices,
        ErrorKind::InvalidFilename,
        ErrorKind::InvalidInput,
    ];
    // Too many links, for which there is no word yet.
    of_place.contains(&error.kind()) || (cfg!(unix) && error.raw_os_error() == Some(40))
}

/// The error of something that could not be `done` with a file: about that file alone, or about all.
pub(super) fn of_place(error: io::Error, target: &Path, done: &str) -> anyhow::Error {
    let words = format!("{} cannot be {done}", target.display());
    if is_of_place(&error) {
        Blocked(format!("{words}: {error}")).into()
    } else {
        anyhow::Error::new(error).context(words)
    }
}

impl Output {
    /// Makes ready for a build: what was known of folders is known no more, and `output/` is there.
    pub fn begin(&self) -> Result<()> {
        self.forget_folders();
        let made = match fs::symlink_metadata(&self.root) {
            Ok(found) if found.is_dir() => Ok(()),
            Ok(found) if found.is_symlink() => Err(io::Error::other("it is a symbolic link")),
            Ok(_) => self.set_aside(&self.root).and_then(|()| self.disk.create_dir_all(&self.root)),
            Err(_) => self.disk.create_dir_all(&self.root),
        };
        made.with_context(|| format!("cannot create {}", self.root.display()))
    }

    /// The folder that `output/` is now; another one where it was taken away and made again.
    pub fn identity(&self) -> Option<FileId> {
        FileId::at(&self.root)
    }

    /// Whether something was found otherwise than it was left since this was last asked, where nobody had
    /// looked for it: there may be more of that kind.
    pub fn was_surprised(&self) -> bool {
        self.surprised.swap(false, Ordering::Relaxed)
    }

    /// What was set aside since this was last asked: what stood in the way, and where it lies now, by
    /// their paths in the site.
    pub fn take_aside(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.aside.lock().expect("nobody panics while holding the list"))
    }

    /// Whether a folder and all above it are real folders below `output/`.
    pub fn is_real(&self, folder: &str) -> bool {
        if folder.is_empty() || self.shard(folder).contains(folder) {
            return true;
        }
        let above = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        let real = self.is_real(above) && fs::symlink_metadata(self.folder(folder)).is_ok_and(|found| found.is_dir());
        if real {
            self.shard(folder).insert(folder.into());
        }
        real
    }

    /// Does something with a file. Where that fails because of what stands in its way, the way is cleared
    /// and it is tried once more, then as if nothing were known of the file; `done` is the word for it.
    pub(super) fn in_spite_of_all<R>(
        &self,
        path: &RelPath,
        done: &str,
        work: impl Fn(bool) -> io::Result<R>,
    ) -> Result<R> {
        let target = self.path(path);
        match work(false) {
            Err(error) if is_of_place(&error) => {
                self.surprised.store(true, Ordering::Relaxed);
                self.clear_way(path)?;
                work(true).map_err(|error| of_place(error, &target, done))
            }
            Err(error) => Err(of_place(error, &target, done)),
            Ok(result) => Ok(result),
        }
    }

    /// Clears the way to a file as far as nothing of anybody's is lost.
    fn clear_way(&self, path: &RelPath) -> Result<()> {
        self.begin()?;
        let target = self.path(path);
        let clear = || {
            for (end, _) in path.as_str().match_indices('/') {
                let folder = self.folder(&path.as_str()[..end]);
                match fs::symlink_metadata(&folder) {
                    Ok(found) if found.is_dir() => self.make_usable(&folder, &found),
                    Ok(_) => return self.set_aside(&folder),
                    // A folder that is not there is made.
                    Err(_) => return Ok(()),
                }
            }
            match fs::symlink_metadata(&target) {
                Ok(found) if found.is_dir() => remove_empty(&target, &self.disk),
                _ => Ok(()),
            }
        };
        clear().map_err(|error: io::Error| of_place(error, &target, "written"))
    }

    /// A folder of ours that we may not write to is made one that we may, if we may do that. Where not,
    /// writing will say so.
    fn make_usable(&self, folder: &Path, found: &fs::Metadata) {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = found.permissions().mode();
            if mode & 0o700 != 0o700 {
                let _ = self.disk.set_permissions(folder, fs::Permissions::from_mode(mode | 0o700));
            }
        }
        #[cfg(not(unix))]
        let _ = (folder, found);
    }

    /// Moves what stands where a folder belongs out of the way, as it is.
    fn set_aside(&self, place: &Path) -> io::Result<()> {
        let aside = self.home.join(ASIDE);
        self.disk.create_dir_all(aside.parent().unwrap_or(&self.home))?;
        self.disk.own_folder(&aside)?;
        let name = place.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let free = (1_u32..).map(|number| format!("{number}-{name}")).find(|name| !is_anything(&aside.join(name)));
        let free = free.unwrap_or(name);
        self.disk.rename(place, &aside.join(&free))?;
        let stood = place.strip_prefix(&self.home).unwrap_or(place).to_string_lossy().into_owned();
        let list = &mut self.aside.lock().expect("nobody panics while holding the list");
        list.push((stood, format!("{ASIDE}/{free}")));
        Ok(())
    }

    fn forget_folders(&self) {
        for shard in &self.folders {
            shard.lock().expect("nobody panics while holding the folder set").clear();
        }
    }
}

fn is_anything(place: &Path) -> bool {
    fs::symlink_metadata(place).is_ok()
}

/// Removes a folder that holds nothing but folders that hold nothing. Fails where it holds anything
/// else, and names it.
fn remove_empty(folder: &Path, disk: &Disk) -> io::Result<()> {
    let mut folders: Vec<PathBuf> = vec![folder.to_owned()];
    let mut next = 0;
    while let Some(open) = folders.get(next).cloned() {
        for entry in fs::read_dir(&open)? {
            let entry = entry?;
            let inside = entry.path();
            if !entry.file_type()?.is_dir() || folders.len() >= MOST_FOLDERS {
                let name = inside.strip_prefix(folder).unwrap_or(&inside).display().to_string();
                let words = format!("a folder that holds something of somebody's ({name}) stands there");
                return Err(io::Error::new(ErrorKind::DirectoryNotEmpty, words));
            }
            folders.push(inside);
        }
        next += 1;
    }
    folders.iter().rev().try_for_each(|folder| disk.remove_dir(folder))
}
