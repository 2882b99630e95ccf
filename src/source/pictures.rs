//! Pictures of rows in a folder of the application's own, which the settings name: read, and never
//! written. Only what rows name there is looked at. Knows nothing of rows.
//!
//! Such a picture goes by a path as if it stood below `content/`, in a folder that no content file
//! can be in.

use std::fs;
use std::path::{Path, PathBuf};

use super::FOLDER;
use crate::stamp::Stamp;

/// The folder of such pictures, as if it were below `content/`, where hidden folders are left out.
pub const OF_ROWS: &str = ".rows/photos";

/// The file of a picture below the folder of the application's own; `None` for one in `content/`.
fn below(path: &str) -> Option<&str> {
    path.strip_prefix(OF_ROWS)?.strip_prefix('/')
}

/// Whether a picture is in the application's folder.
pub fn is_of_rows(path: &str) -> bool {
    below(path).is_some()
}

/// Where a content file is. `folder` is that of the pictures of rows.
pub fn file_at(root: &Path, folder: Option<&str>, path: &str) -> PathBuf {
    match (below(path), folder) {
        (Some(file), Some(folder)) => root.join(folder).join(file),
        _ => root.join(FOLDER).join(path),
    }
}

/// How a content file is called in messages.
pub fn name_of(path: &str) -> String {
    match below(path) {
        Some(file) => format!("{file} in the folder of photos"),
        None => format!("{FOLDER}/{path}"),
    }
}

/// The stamp of a picture in the application's folder; `None` where there is no such file, or only by
/// way of a link.
pub fn look_at_picture(root: &Path, folder: &str, path: &str) -> Option<Stamp> {
    let mut place = root.join(folder);
    let mut parts = below(path)?.split('/').peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        let metadata = fs::symlink_metadata(&place).ok()?;
        match parts.peek() {
            Some(_) if metadata.is_dir() => {}
            None if metadata.is_file() => return Some(Stamp::of(&metadata)),
            _ => return None,
        }
    }
    None
}
