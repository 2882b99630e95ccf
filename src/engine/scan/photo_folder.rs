//! Pictures that rows name in a folder of the application's own: looked at by name, in every build.
//! Knows nothing of what a picture shows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;

use crate::engine::scan::split;
use crate::model::Photo;
use crate::source::{self, Listing};
use crate::stamp::Stamp;
use crate::state::{Snapshot, Store, Table};

/// The pictures in the application's folder that the last build's rows named, as a walk would list
/// them.
pub fn listings(snapshot: &Snapshot, root: &Path, folder: &str) -> Result<Vec<Listing>> {
    let mut named: BTreeSet<String> = BTreeSet::new();
    snapshot.scan(Table::Photos, b"", |_, value| {
        let photos: Vec<Photo> = postcard::from_bytes(value)?;
        named.extend(photos.into_iter().map(|photo| photo.file).filter(|file| source::is_of_rows(file)));
        Ok(ControlFlow::Continue(()))
    })?;
    let mut by_folder: BTreeMap<&str, Vec<(String, Stamp)>> = BTreeMap::new();
    for file in &named {
        let (above, name) = split(file);
        if let Some(stamp) = source::look_at_picture(root, folder, file) {
            by_folder.entry(above).or_default().push((name.to_owned(), stamp));
        }
    }
    let listing = |(folder, mut files): (&str, Vec<(String, Stamp)>)| {
        files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        Listing { folder: folder.to_owned(), files, problems: Vec::new() }
    };
    Ok(by_folder.into_iter().map(listing).collect())
}
