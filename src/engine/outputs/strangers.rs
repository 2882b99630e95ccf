//! Strangers: what lies below `output/` and is nobody's, since no page claims it and the state does not
//! know it. A build leaves them, for it cannot know who put them there, unless it is told that all is its
//! own; only then do they go.

use std::fs::FileType;
use std::path::{Path, PathBuf};

use anyhow::Result;

use crate::engine::outputs::files;
use crate::output::Output;
use crate::paths::RelPath;
use crate::report::Report;
use crate::state::Store;

/// Every stranger, and every folder that holds nothing.
pub fn find(output: &Output, store: &impl Store) -> Result<Vec<(PathBuf, FileType)>> {
    let mut strangers = Vec::new();
    output.walk(|path, kind| {
        let name = path.to_str().and_then(RelPath::new).filter(|_| kind.is_file());
        let known = name.map(|name| files::written(store, name.as_str())).transpose()?.flatten();
        if known.is_none() {
            strangers.push((path, kind));
        }
        Ok(())
    })?;
    strangers.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(strangers)
}

/// The names of those that are no folders.
pub fn names(strangers: &[(PathBuf, FileType)]) -> Vec<String> {
    strangers.iter().filter(|(_, kind)| !kind.is_dir()).map(|(path, _)| shown(path)).collect()
}

/// Removes every stranger; in a plan only says which they are.
pub fn prune(output: &Output, store: &impl Store, report: &mut Report) -> Result<()> {
    let found = find(output, store)?;
    match &mut report.plan {
        Some(plan) => plan.removed.extend(names(&found)),
        None => report.strangers = remove(output, &found)?,
    }
    report.files.removed += report.strangers;
    Ok(())
}

/// Removes them; says how many files went.
pub fn remove(output: &Output, strangers: &[(PathBuf, FileType)]) -> Result<u64> {
    strangers.iter().try_for_each(|(path, kind)| output.remove_stranger(path, *kind))?;
    Ok(strangers.iter().filter(|(_, kind)| !kind.is_dir()).count() as u64)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/")
}
