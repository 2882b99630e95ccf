//! The site's own files that lie over the theme's, below `templates/` and `assets/`. Reads names only;
//! knows nothing of what the files are.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::diagnostics::Diagnostic;

/// The paths of all files below `folder` of the site at `root`, and what cannot be followed. Hidden
/// files and those that editors leave behind are left out; no folder at all is an empty one.
pub fn names(root: &Path, folder: &str) -> Result<(Vec<String>, Vec<Diagnostic>)> {
    let mut names = Vec::new();
    let mut problems = Vec::new();
    let top = root.join(folder);
    let mut open = if top.is_dir() { vec![String::new()] } else { Vec::new() };
    while let Some(below) = open.pop() {
        let path = top.join(&below);
        for entry in fs::read_dir(&path).with_context(|| format!("cannot read {}", path.display()))? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || name.ends_with('~') {
                continue;
            }
            let name = if below.is_empty() { name } else { format!("{below}/{name}") };
            let kind = entry.file_type()?;
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
    Ok((names, problems))
}
