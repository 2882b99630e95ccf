//! Pictures that rows name in a folder of the application's own: looked at by name, in every build.
//! Knows nothing of what a picture shows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;

use crate::engine::context::Build;
use crate::engine::scan::{Candidate, split};
use crate::engine::sync::Sync;
use crate::engine::sync::prefetch::{self, Outcome};
use crate::engine::sync::references::named_by_rows;
use crate::model::Photo;
use crate::source::{self, Listing, Reading};
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

impl Sync<'_, '_, '_> {
    /// Looks at pictures in the application's folder that rows name for the first time.
    pub(in crate::engine) fn new_pictures_of_rows(&mut self, build: &Build<'_>, reading: &Reading) -> Result<()> {
        let Some(folder) = &build.settings.photos.folder else { return Ok(()) };
        let mut new = BTreeMap::new();
        for park in &self.photo_rows {
            for path in named_by_rows(self.index.tables, park)? {
                let known = self.index.tables.bytes(Table::Pictures, path.as_bytes(), |_| ())?.is_some();
                if let Some(stamp) = source::look_at_picture(&build.options.root, folder, &path).filter(|_| !known) {
                    new.insert(path.clone(), Candidate { path, stamp, known: None, again: false });
                }
            }
        }
        let look = |candidate: &Candidate| prefetch::parse_one(build, candidate, None, reading);
        let new: Vec<Candidate> = new.into_values().collect();
        let seen: Vec<Outcome> = build.threads.working.install(|| new.par_iter().map(look).collect());
        for (candidate, outcome) in new.into_iter().zip(seen) {
            self.apply(candidate, outcome)?;
        }
        self.reading = None;
        Ok(())
    }
}
