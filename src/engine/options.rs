//! What a build is asked to do. Knows nothing of how it is done.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::disk::Disk;
use crate::room::Room;
use crate::stamp::Clockwork;
use crate::state::State;
use crate::stop::Stop;

/// What a build is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The site's root.
    pub root: PathBuf,
    /// Where output and state lie, if not in the root.
    pub home: Option<PathBuf>,
    /// Where the history of its content is, if not in the root.
    pub repository: Option<PathBuf>,
    /// How far it goes.
    pub extent: Extent,
    /// Which outputs are ours where the state is lost.
    pub ours: Ours,
    /// The hands that change the disk.
    pub disk: Disk,
    /// Whether somebody has asked to stop.
    pub stop: Stop,
    /// Threads.
    pub jobs: usize,
    /// How much memory it may take.
    pub room: Room,
    /// Whether drafts are published.
    pub drafts: bool,
    /// The moment that decides what is published, seconds since 1970.
    pub now: i64,
    /// Whether a database is read in full rather than only what its change log tells.
    pub full_scan: bool,
    /// Whether the report names every page that was rendered: as long a list as the site.
    pub names: bool,
}

/// How far a build goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// To the end.
    #[default]
    Whole,
    /// To the plan: what would be done, and why. Nothing is written.
    Plan,
}

impl Options {
    /// The folder in which output and state lie.
    pub fn home(&self) -> &Path {
        self.home.as_deref().unwrap_or(&self.root)
    }

    /// The clock of the file system in which the state lies; that of a plan believes nothing.
    pub fn clock(&self, state: &State) -> Result<Clockwork> {
        if self.extent == Extent::Plan {
            return Ok(Clockwork::default());
        }
        let stamped = self.disk.anew(&state.folder().join("clock")).and_then(|file| {
            self.disk.set_len(&file, 1)?;
            file.metadata()
        });
        Ok(Clockwork::of(&stamped.context("cannot stamp a file in the state's folder")?))
    }
}

/// Which files in an output folder are ours where the state is lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ours {
    /// Those that the journal names.
    #[default]
    Named,
    /// All that are there.
    All,
}
