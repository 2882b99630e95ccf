//! The journal: which files a build is about to make, written before it makes the first and
//! removed after the state is committed. Where one is found, a build did not come to its end: what
//! it made is not in the state, and goes, together with its half-written files. Knows nothing of
//! pages.
//!
//! One file below `output/` a line.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::plan::Todo;
use crate::output::Output;
use crate::paths::RelPath;
use crate::state::{Snapshot, State, Store, Table};

fn path(folder: &Path) -> PathBuf {
    folder.join("journal")
}

/// Writes down every file that `todo` may write, after those that are not settled yet.
pub fn begin(state: &State, todo: &Todo) -> Result<()> {
    let mut text = match fs::read_to_string(path(state.folder())) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.context("cannot read the journal")?,
    };
    for page in &todo.due {
        text.push_str(page.file.as_str());
        text.push('\n');
    }
    // Half a journal would name half a path.
    let beside = state.folder().join("journal.tmp");
    fs::write(&beside, text)
        .and_then(|()| fs::rename(&beside, path(state.folder())))
        .context("cannot write the journal")
}

/// The build came to its end.
pub fn end(state: &State) -> Result<()> {
    match fs::remove_file(path(state.folder())) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context("cannot remove the journal"),
        _ => Ok(()),
    }
}

/// Removes what a build that did not come to its end has left. Files that the state knows are
/// left to the scan of outputs.
pub fn recover(state: &State, snapshot: &Snapshot, output: &Output) -> Result<()> {
    let text = match fs::read_to_string(path(state.folder())) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).context("cannot read the journal"),
    };
    for file in text.lines().filter_map(RelPath::new) {
        output.remove_litter(&file)?;
        if snapshot.bytes(Table::Outputs, file.as_str().as_bytes(), |_| ())?.is_none() {
            output.remove(&file)?;
        }
    }
    end(state)
}
