//! A folder of its own for a build that is made only to be looked at. Removed when dropped; what a
//! killed process has left is removed by the next build.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::state;

const PREFIX: &str = "scratch-";

/// An empty folder in the state's folder of a site.
pub struct Scratch(PathBuf);

impl Scratch {
    /// A new one for the site whose state lies in `home`.
    pub fn new(home: &Path) -> Result<Self> {
        let path = home.join(state::FOLDER).join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&path).with_context(|| format!("cannot create {}", path.display()))?;
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

/// Removes what killed processes have left. For whoever alone has the state of `home`.
pub fn remove_stale(home: &Path) -> Result<()> {
    let folder = home.join(state::FOLDER);
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(PREFIX) {
            fs::remove_dir_all(entry.path()).context("cannot remove what a killed build has left")?;
        }
    }
    Ok(())
}
