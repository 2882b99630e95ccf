//! The files that assets are made from: the embedded theme's, any of them overridden by the site's
//! own. Knows nothing of what is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};

use super::FOLDER;
use crate::diagnostics::Diagnostic;
use crate::paths::RelPath;

static THEME: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets");

/// Where an asset's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The embedded theme.
    Theme,
    /// The site's own folder.
    Own,
}

/// Every file below `assets/`, and what is wrong with any.
pub fn list(root: &Path) -> Result<(BTreeMap<String, Origin>, Vec<Diagnostic>)> {
    let mut files = BTreeMap::new();
    let mut problems = Vec::new();
    let mut theme = vec![&THEME];
    while let Some(folder) = theme.pop() {
        theme.extend(folder.dirs());
        for file in folder.files() {
            files.insert(file.path().to_string_lossy().replace('\\', "/"), Origin::Theme);
        }
    }
    let folder = root.join(FOLDER);
    let mut open = if folder.is_dir() { vec![String::new()] } else { Vec::new() };
    while let Some(below) = open.pop() {
        let path = folder.join(&below);
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
                problems.push(Diagnostic::of_file(
                    &format!("{FOLDER}/{name}"),
                    "is a symbolic link, which is not followed",
                ));
            } else if is_plain(&name) {
                files.insert(name, Origin::Own);
            } else {
                let help = "use letters, digits, `.`, `-` and `_`";
                let problem = Diagnostic::of_file(&format!("{FOLDER}/{name}"), "has a name that makes a bad URL");
                problems.push(problem.help(help));
            }
        }
    }
    Ok((files, problems))
}

/// Whether a path can be part of a URL as it is.
pub fn is_plain(path: &str) -> bool {
    let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'));
    plain && RelPath::new(path).is_some()
}

/// The bytes of a file below `assets/`.
pub fn read(root: &Path, path: &str, origin: Origin) -> Result<Cow<'static, [u8]>> {
    match (origin, THEME.get_file(path)) {
        (Origin::Theme, Some(file)) => Ok(file.contents().into()),
        _ => {
            let bytes = fs::read(root.join(FOLDER).join(path));
            Ok(bytes.with_context(|| format!("cannot read {FOLDER}/{path}"))?.into())
        }
    }
}
