//! A folder of its own for a build that is made only to be looked at. Removed when dropped; what a
//! killed process has left is removed by the next build.

use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::state;

const PREFIX: &str = "scratch-";

/// An empty folder in the state's folder of a site.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new one for the site whose state lies in `home`.
    pub fn new(home: &Path) -> Result<Self> {
        let path = nowhere(home)?;
        let folder = path.parent().unwrap_or(home);
        let made = fs::create_dir_all(folder).and_then(|()| fs::create_dir(&path));
        made.with_context(|| format!("cannot create {}", path.display()))?;
        Ok(Self(path))
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next build.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A place in the state's folder of the site at `home` where nothing is, and which nobody knows before.
pub fn nowhere(home: &Path) -> Result<PathBuf> {
    let folder = state::folder_of(home)?;
    loop {
        let number = RandomState::new().hash_one(std::process::id());
        let path = folder.join(format!("{PREFIX}{number:016x}"));
        if fs::symlink_metadata(&path).is_err() {
            return Ok(path);
        }
    }
}

/// Removes what killed processes have left. For whoever alone has the state of `home`.
pub fn remove_stale(home: &Path) -> Result<()> {
    let folder = state::folder_of(home)?;
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let gone = if is_folder { fs::remove_dir_all(entry.path()) } else { fs::remove_file(entry.path()) };
            gone.context("cannot remove what a killed build has left")?;
        }
    }
    Ok(())
}
