//! The cache: what lies in `.lifthill/`, by kind, and dropping what is of no use any more. Nothing
//! in it is needed for a right build, only for a quick one.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::cas::{self, Bounds, Cas};
use crate::disk::Disk;
use crate::engine::context::code_digest;
use crate::engine::trust::scratch;
use crate::output::Written;
use crate::room::Room;
use crate::state::{self, State, Store, Table};

/// Files of one kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kept {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// What was dropped.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Dropped {
    /// The cache before.
    pub before: Kept,
    /// The cache after.
    pub after: Kept,
    /// What went of the store of made things.
    pub made: cas::Totals,
}

/// What lies in the state's folder of the site at `root`, by kind.
pub fn kept(root: &Path) -> Result<BTreeMap<&'static str, Kept>> {
    let mut kinds = BTreeMap::new();
    let folder = state::folder_of(root)?;
    if folder.is_dir() {
        add(&folder, None, &mut kinds)?;
    }
    Ok(kinds)
}

/// Drops what nothing refers to: half-written files, what killed builds and damaged states have
/// left, room that the state no longer needs, and made things beyond `bounds` that no output is.
pub fn collect(root: &Path, bounds: Bounds) -> Result<Dropped> {
    let before = sum(&kept(root)?);
    let folder = state::folder_of(root)?;
    let mut dropped = Dropped { before, after: before, ..Dropped::default() };
    if !folder.is_dir() {
        return Ok(dropped);
    }
    let mut state = State::open(root, code_digest(), &Disk::default(), Room::default())?;
    scratch::remove_stale(root)?;
    for entry in fs::read_dir(&folder).context("cannot read the state's folder")? {
        let path = entry?.path();
        let useless = kind(&path) == "damaged state" || path.extension().is_some_and(|extension| extension == "tmp");
        if useless && path.is_file() {
            fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))?;
        }
    }
    if folder.join("cas").is_dir() {
        let mut reached = HashSet::new();
        state.snapshot()?.scan(Table::Outputs, b"", |_, value| {
            reached.insert(postcard::from_bytes::<Written>(value)?.digest);
            Ok(ControlFlow::Continue(()))
        })?;
        dropped.made = Cas::open(&folder, &Disk::default()).collect(&reached, bounds)?.removed;
    }
    state.compact().context("cannot compact the state")?;
    drop(state);
    dropped.after = sum(&kept(root)?);
    Ok(dropped)
}

fn sum(kinds: &BTreeMap<&'static str, Kept>) -> Kept {
    let add = |sum: Kept, one: &Kept| Kept { files: sum.files + one.files, bytes: sum.bytes + one.bytes };
    kinds.values().fold(Kept::default(), add)
}

fn add(folder: &Path, within: Option<&'static str>, kinds: &mut BTreeMap<&'static str, Kept>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let kind = within.unwrap_or_else(|| kind(&entry.path()));
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            add(&entry.path(), Some(kind), kinds)?;
        } else {
            let kept = kinds.entry(kind).or_default();
            kept.files += 1;
            kept.bytes += metadata.len();
        }
    }
    Ok(())
}

/// What something in the state's folder is, by its name.
fn kind(path: &Path) -> &'static str {
    match path.file_name().map(|name| name.to_string_lossy()).as_deref() {
        Some("state.redb" | "seal") => "state",
        Some("state.damaged") => "damaged state",
        Some("journal") => "journal",
        Some("metrics") => "metrics",
        Some("cas") => "made things",
        Some("lock" | "clock") => "locks",
        Some(name) if name.starts_with("scratch-") => "scratch",
        _ => "other",
    }
}
