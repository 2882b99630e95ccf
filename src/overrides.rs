//! The site's own files that lie over the theme's, below `templates/` and `assets/`. Reads names only;
//! knows nothing of what the files are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::diagnostics::Diagnostic;
use crate::leftovers::{Entry, Leftovers, original_of};

/// The paths of all files below `folder` of the site at `root`, and what cannot be followed. Hidden
/// files and leftovers are left out; no folder at all is an empty one.
pub fn names(root: &Path, folder: &str) -> Result<(Vec<String>, Vec<Diagnostic>)> {
    let mut names = Vec::new();
    let (leftovers, mut problems) = Leftovers::of(root);
    let top = root.join(folder);
    let mut open = if top.is_dir() { vec![String::new()] } else { Vec::new() };
    while let Some(below) = open.pop() {
        let path = top.join(&below);
        for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type()?;
            let entry = if kind.is_dir() { Entry::Folder } else { Entry::File };
            if leftovers.leave_out(folder, &below, &name, entry) {
                continue;
            }
            let name = if below.is_empty() { name } else { format!("{below}/{name}") };
            if kind.is_dir() {
                open.push(name);
            } else if kind.is_symlink() {
                let file = format!("{folder}/{name}");
                problems.push(Diagnostic::of_file(&file, "is a symbolic link, which is not followed"));
            } else {
                names.push(name);
            }
        }
    }
    problems.extend(copies(folder, &names));
    Ok((names, problems))
}

/// Warns of files that seem to be copies of others beside them.
fn copies(folder: &str, names: &[String]) -> Vec<Diagnostic> {
    let copy = |path: &String| {
        let (below, name) = path.rsplit_once('/').map_or(("", path.as_str()), |(below, name)| (below, name));
        let original = original_of(name)?;
        let original = if below.is_empty() { original } else { format!("{below}/{original}") };
        names.contains(&original).then(|| {
            let message = format!("seems to be a copy of {folder}/{original}, and counts as a file of its own");
            let help = "keep one of the two; `.lifthillignore` leaves files out";
            Diagnostic::of_file(&format!("{folder}/{path}"), message).help(help).warning()
        })
    };
    names.iter().filter_map(copy).collect()
}
