//! What has to be looked at again: content files whose stamps are new, and outputs that are not
//! as they were left. Reads stamps, and bytes only where a stamp cannot be believed. Knows
//! nothing of what files say.

pub mod database;
pub mod dates;
pub mod idle;
pub mod inputs;
pub mod photo_folder;
pub mod refusals;
pub mod scope;
pub mod see;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::arena::Chunks;
use crate::engine::outputs::files;
use crate::leftovers::Leftovers;
use crate::model::RecordId;
use crate::output::{Output, Written};
use crate::paths::RelPath;
use crate::source::{self, Listing, Seen};
use crate::stamp::{Clockwork, Stamp};
use crate::state::{OutputSum, Snapshot, Store, Table};

/// A content file as the last build left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownFile {
    /// Its name in its folder.
    pub name: String,
    /// Its stamp when it was read.
    pub stamp: Stamp,
    /// Whether the stamp was old enough to be believed.
    pub trusted: bool,
    /// The digest of its bytes.
    pub digest: Digest,
    /// The records that it held.
    pub records: Vec<RecordId>,
    /// What it held reviews of.
    pub reviews: Vec<RecordId>,
    /// What it held photos of.
    pub photos: Vec<RecordId>,
}

/// A content file to be read.
#[derive(Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// Its path below `content/`.
    pub path: String,
    /// Its stamp now.
    pub stamp: Stamp,
    /// The digest of its bytes as the last build left it.
    pub known: Option<Digest>,
    /// Whether it must be parsed even if its bytes are as they were.
    pub again: bool,
}

/// Content files to be read, in few bytes: in a first build these are all.
#[derive(Debug, Default)]
pub struct Candidates {
    chunks: Chunks,
    number: usize,
}

impl Candidates {
    fn push(&mut self, candidate: &Candidate) {
        self.chunks.put(candidate);
        self.number += 1;
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.number
    }

    /// All of them, in order; those that were taken need no memory any more.
    pub fn take(self) -> impl Iterator<Item = Candidate> + Send {
        self.chunks.into_values()
    }
}

/// The content folder compared with what is known.
#[derive(Debug, Default)]
pub struct ContentScan {
    /// Files in all.
    pub total: u64,
    /// Files to be read, sorted by folder and name.
    pub candidates: Candidates,
    /// Files that are gone, with their paths.
    pub removed: Vec<(String, KnownFile)>,
}

/// The path of a file in a folder below `content/`.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The folder and the name of a file below `content/`.
pub fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Compares the walk with the state. `again` says which unchanged files must be read as well. What
/// was seen of a folder goes once it has been compared: both lists may be as long as the site.
pub fn content(snapshot: &Snapshot, listings: Vec<Listing>, again: impl Fn(&str) -> bool) -> Result<ContentScan> {
    let total = listings.iter().map(|listing| listing.files.len() as u64).sum();
    let mut scan = ContentScan { total, ..ContentScan::default() };
    let mut listings = listings.into_iter().peekable();
    snapshot.scan(Table::Sources, b"", |folder, value| {
        let folder = std::str::from_utf8(folder)?;
        let known: Vec<KnownFile> = postcard::from_bytes(value)?;
        while let Some(listing) = listings.next_if(|listing| listing.folder.as_str() < folder) {
            scan.compare(&listing, Vec::new(), &again);
        }
        match listings.next_if(|listing| listing.folder == folder) {
            Some(listing) => scan.compare(&listing, known, &again),
            None => scan.removed.extend(known.into_iter().map(|file| (join(folder, &file.name), file))),
        }
        Ok(ControlFlow::Continue(()))
    })?;
    listings.for_each(|listing| scan.compare(&listing, Vec::new(), &again));
    Ok(scan)
}

/// Compares only the files at `paths` with the state. `None` where that is not enough: a folder came
/// or went, or something is there that is no file.
pub fn content_at<'p>(
    snapshot: &Snapshot,
    root: &Path,
    paths: impl Iterator<Item = &'p String>,
    again: impl Fn(&str) -> bool,
) -> Result<Option<ContentScan>> {
    let mut by_folder: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for path in paths {
        let (folder, name) = split(path);
        by_folder.entry(folder).or_default().insert(name);
    }
    let mut scan = ContentScan::default();
    let (leftovers, _) = Leftovers::of(root);
    for (folder, names) in by_folder {
        let known: Vec<KnownFile> = snapshot.value(Table::Sources, folder.as_bytes())?.unwrap_or_default();
        let new_folder = known.is_empty();
        let mut known: BTreeMap<String, KnownFile> = known.into_iter().map(|file| (file.name.clone(), file)).collect();
        for name in names {
            let path = join(folder, name);
            let known = known.remove(name);
            match source::look(root, &path, &leftovers) {
                Seen::LeftOut => {}
                Seen::Odd => return Ok(None),
                Seen::File(_) if new_folder => return Ok(None),
                // Only a walk sees whether another name differs in nothing but how accents are written.
                Seen::File(_) if known.is_none() && !name.is_ascii() => return Ok(None),
                Seen::File(stamp) => {
                    scan.total += 1;
                    let same = known.as_ref().is_some_and(|file| file.trusted && file.stamp == stamp);
                    let again = again(&path);
                    if !same || again {
                        let known = known.map(|file| file.digest);
                        scan.candidates.push(&Candidate { path, stamp, known, again });
                    }
                }
                Seen::Gone if was_folder(snapshot, &path)? => return Ok(None),
                Seen::Gone => scan.removed.extend(known.map(|file| (path, file))),
            }
        }
    }
    Ok(Some(scan))
}

/// Whether there were files in or below `path`.
fn was_folder(snapshot: &Snapshot, path: &str) -> Result<bool> {
    let below = format!("{path}/");
    let mut any = snapshot.bytes(Table::Sources, path.as_bytes(), |_| ())?.is_some();
    snapshot.scan_prefix(Table::Sources, below.as_bytes(), |_, _| {
        any = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(any)
}

impl ContentScan {
    /// The files that are read or gone.
    pub fn paths(&self) -> BTreeSet<String> {
        let read = self.candidates.chunks.values().map(|candidate: Candidate| candidate.path);
        read.chain(self.removed.iter().map(|(path, _)| path.clone())).collect()
    }

    /// Whether nothing needs to be read.
    pub fn is_quiet(&self) -> bool {
        self.candidates.len() == 0 && self.removed.is_empty()
    }

    /// Both sides are sorted by name.
    fn compare(&mut self, listing: &Listing, known: Vec<KnownFile>, again: &impl Fn(&str) -> bool) {
        let mut known = known.into_iter().peekable();
        for (name, stamp) in &listing.files {
            while let Some(gone) = known.next_if(|file| file.name < *name) {
                self.removed.push((join(&listing.folder, &gone.name), gone));
            }
            let earlier = known.next_if(|file| file.name == *name);
            let same = earlier.as_ref().is_some_and(|file| file.trusted && file.stamp == *stamp);
            let path = join(&listing.folder, name);
            let again = again(&path);
            if !same || again {
                let known = earlier.map(|file| file.digest);
                self.candidates.push(&Candidate { path, stamp: *stamp, known, again });
            }
        }
        self.removed.extend(known.map(|gone| (join(&listing.folder, &gone.name), gone)));
    }
}

/// The outputs compared with what is known.
#[derive(Debug, Default)]
pub struct OutputScan {
    /// Files that are missing or hold other bytes.
    pub altered: Vec<RelPath>,
    /// Files with the right bytes under another stamp.
    pub restamped: Vec<(RelPath, Written)>,
    /// Files of which a compressed variant is missing or holds other bytes.
    pub unpacked: BTreeSet<RelPath>,
    /// Compressed variants with the right bytes under another stamp.
    pub restamped_variants: Vec<(RelPath, Written)>,
    /// All of them, as known.
    pub known: OutputSum,
    /// Some of their paths in order, some way apart, for whoever wants to go through all in parallel.
    pub marks: Vec<RelPath>,
}

impl OutputScan {
    /// Whether everything is as it was left.
    pub fn is_quiet(&self) -> bool {
        let Self { altered, restamped, unpacked, restamped_variants, known: _, marks: _ } = self;
        altered.is_empty() && restamped.is_empty() && unpacked.is_empty() && restamped_variants.is_empty()
    }
}

/// Outputs looked at in one go by one thread.
const BATCH: usize = 512;

/// Outputs held at a time. Few where bugs are looked for, so that small sites have several marks too.
const HELD: usize = if cfg!(debug_assertions) { 16 } else { 64 * BATCH };

/// Looks at every output that we wrote, and at every compressed variant. `settled` is the clock when the
/// last of them had been written.
pub fn outputs(snapshot: &Snapshot, output: &Output, settled: Clockwork) -> Result<OutputScan> {
    let (scan, ways) = outputs_by(snapshot, output, settled, Ways::Shared)?;
    if ways == Ways::Shared { Ok(scan) } else { Ok(outputs_by(snapshot, output, settled, Ways::Each)?.0) }
}

/// Which of the folders on the way to files are looked at, lest they be links: what lies behind one is not
/// ours.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ways {
    /// Those that several pages share: a page is mostly alone in its own.
    Shared,
    /// All, for something else than a folder was found on the way.
    Each,
}

fn outputs_by(snapshot: &Snapshot, output: &Output, settled: Clockwork, mut ways: Ways) -> Result<(OutputScan, Ways)> {
    let mut scan = OutputScan::default();
    let (mut known, marks) = odd_in(Table::Outputs, snapshot, output, settled, &mut ways, |path, found| match found {
        Some(written) => scan.restamped.push((path, written)),
        None => scan.altered.push(path),
    })?;
    let (variants, _) = odd_in(Table::Compressed, snapshot, output, settled, &mut ways, |path, found| match found {
        Some(written) => scan.restamped_variants.push((path, written)),
        None => {
            let file = path.as_str().rsplit_once('.').and_then(|(file, _)| RelPath::new(file));
            scan.unpacked.extend(file);
        }
    })?;
    known.merge(variants);
    Ok((OutputScan { known, marks, ..scan }, ways))
}

/// Tells `odd` of every file of a table that is not as it was left; all of them as known, and marks.
fn odd_in(
    table: Table,
    snapshot: &Snapshot,
    output: &Output,
    settled: Clockwork,
    ways: &mut Ways,
    mut odd: impl FnMut(RelPath, Option<Written>),
) -> Result<(OutputSum, Vec<RelPath>)> {
    let (mut known, mut marks) = (OutputSum::default(), Vec::new());
    let mut held: Vec<(RelPath, Written)> = Vec::new();
    let mut look_at = |held: &mut Vec<(RelPath, Written)>| {
        let asked = *ways;
        let look = |batch: &[(RelPath, Written)]| -> (OutputSum, Vec<_>, bool) {
            let mut known = OutputSum::default();
            batch.iter().for_each(|(path, written)| files::add(&mut known, table, path.as_str().as_bytes(), written));
            let mut way = Way { ways: asked, folder: "".into(), is_link: false, any: false };
            let look =
                |(path, written): &(RelPath, Written)| look(output, path, written, way.is_real(output, path), settled);
            let odd = batch.iter().filter_map(look).collect();
            (known, odd, way.any)
        };
        let found: Vec<_> = held.par_chunks(BATCH).map(look).collect();
        for (some, found, any_link) in found {
            *ways = if any_link { Ways::Each } else { *ways };
            known.merge(some);
            found.into_iter().for_each(|(path, found)| odd(path, found));
        }
        held.clear();
    };
    snapshot.scan(table, b"", |path, value| {
        let written: Written = postcard::from_bytes(value)?;
        held.extend(RelPath::new(std::str::from_utf8(path)?).map(|path| (path, written)));
        if held.len() >= HELD {
            marks.extend(held.last().map(|(path, _)| path.clone()));
            look_at(&mut held);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    look_at(&mut held);
    Ok((known, marks))
}

/// The folder on the way to the file that was looked at last. Files come in order: one look does for all
/// pages of a park.
struct Way {
    ways: Ways,
    folder: Box<str>,
    is_link: bool,
    /// Whether any was one.
    any: bool,
}

impl Way {
    /// Whether the way to a file leads through folders of ours.
    fn is_real(&mut self, output: &Output, path: &RelPath) -> bool {
        let own = path.parent().unwrap_or_default();
        let alone = self.ways == Ways::Shared && path.file_name().starts_with("index.html");
        let folder = if alone { own.rsplit_once('/').map_or("", |(above, _)| above) } else { own };
        if *self.folder != *folder {
            self.is_link = !output.is_real(folder);
            self.any |= self.is_link;
            self.folder = folder.into();
        }
        !self.is_link
    }
}

/// `None` where the file is as it was left; else what it is known to hold now, if the same bytes.
fn look(
    output: &Output,
    path: &RelPath,
    written: &Written,
    is_there: bool,
    settled: Clockwork,
) -> Option<(RelPath, Option<Written>)> {
    let stamp = output.stamp(path).filter(|_| is_there);
    if stamp == Some(written.stamp) && settled.vouches_for(&written.stamp) {
        return None;
    }
    let same_size = stamp.filter(|stamp| stamp.size == written.stamp.size);
    let same = same_size.filter(|_| output.holds(path, written));
    Some((path.clone(), same.map(|stamp| Written { digest: written.digest, stamp })))
}
