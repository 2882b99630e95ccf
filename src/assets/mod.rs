//! Assets: the embedded theme's files, any of them overridden by the site's own, each with a
//! fingerprint of its bytes in its URL. Knows nothing of pages.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use include_dir::{Dir, include_dir};

use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::paths::RelPath;

/// The folder of a site's own assets in its root, and of all assets in URLs.
pub const FOLDER: &str = "assets";

static THEME: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets");

/// One asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// URL path with the fingerprint.
    pub url: String,
    /// Digest of its bytes.
    pub digest: Digest,
}

/// Every asset by its path below `assets/`, and what is wrong with any.
pub fn collect(root: &Path) -> Result<(BTreeMap<String, Asset>, Vec<Diagnostic>)> {
    let mut assets = BTreeMap::new();
    let mut problems = Vec::new();
    let mut theme = vec![&THEME];
    while let Some(folder) = theme.pop() {
        theme.extend(folder.dirs());
        for file in folder.files() {
            add(&mut assets, &mut problems, &file.path().to_string_lossy(), file.contents());
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
            } else {
                let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {FOLDER}/{name}"))?;
                add(&mut assets, &mut problems, &name, &bytes);
            }
        }
    }
    Ok((assets, problems))
}

/// The bytes of an asset: the site's own file, else the theme's.
pub fn bytes(root: &Path, path: &str) -> Result<Vec<u8>> {
    match fs::read(root.join(FOLDER).join(path)) {
        Ok(bytes) => Ok(bytes),
        Err(error) => match THEME.get_file(path) {
            Some(file) => Ok(file.contents().to_vec()),
            None => Err(error).with_context(|| format!("cannot read {FOLDER}/{path}")),
        },
    }
}

fn add(assets: &mut BTreeMap<String, Asset>, problems: &mut Vec<Diagnostic>, path: &str, bytes: &[u8]) {
    let path = path.replace('\\', "/");
    let file = format!("{FOLDER}/{path}");
    let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'));
    if !plain || RelPath::new(&path).is_none() {
        let help = "use letters, digits, `.`, `-` and `_`";
        problems.push(Diagnostic::of_file(&file, "has a name that makes a bad URL").help(help));
        return;
    }
    let digest = Digest::of(bytes);
    let (stem, extension) =
        path.rsplit_once('.').filter(|(_, extension)| !extension.contains('/')).unwrap_or((&path, ""));
    let dot = if extension.is_empty() { "" } else { "." };
    let url = format!("/{FOLDER}/{stem}.{}{dot}{extension}", digest.hex(12));
    assets.insert(path.clone(), Asset { url, digest });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_holds_a_fingerprint() {
        let (assets, problems) = collect(Path::new("/nonexistent")).expect("the theme alone");
        assert!(problems.is_empty());
        let sheet = &assets["css/site.css"];
        assert_eq!(sheet.url, format!("/assets/css/site.{}.css", sheet.digest.hex(12)));
    }
}
