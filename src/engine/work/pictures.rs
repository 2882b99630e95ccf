//! Pictures: which variants pages show, making those that are not there, and removing those that
//! no page shows any more. Knows nothing of how a variant is made or why a page shows it.
//!
//! # What keeps an incremental build equal to a clean one
//!
//! A page's trace holds the files of the pictures that its template asked for, and a table counts,
//! for each such file, the traces that hold it. Traces and counts change together, in one draft:
//! whoever replaces a trace hands in what it no longer shows and what it now does. So the count of a
//! file is at all times the number of pages that show it; it is there while that is above 0. A clean
//! build asks for the same files, since each page's demands follow from its readings like its
//! bytes; and a file's name holds everything that its bytes follow from.
//!
//! A page that failed keeps its trace and with it the pictures that it still shows.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::engine::context::Build;
use crate::engine::outputs::files;
use crate::engine::sync::pictures::problem;
use crate::media::{self, Counts, Operation, Variant};
use crate::output::{Blocked, Output, Placed, Written};
use crate::paths::RelPath;
use crate::report::Report;
use crate::source;
use crate::state::{Store, Table, Tables};

/// What one page shows no more, and what it shows now.
#[derive(Debug, Default)]
pub struct Demanded {
    /// Files that its earlier trace held.
    pub before: Vec<RelPath>,
    /// Files that its trace holds now, with what makes them.
    pub after: BTreeMap<RelPath, Variant>,
}

/// What all pages of a build show no more and now.
#[derive(Debug, Default)]
pub struct Demands {
    changed: BTreeMap<RelPath, (Option<Variant>, i64)>,
}

/// One file in the table of variants.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredVariant {
    /// What it is made from.
    pub variant: Variant,
    /// How many pages show it.
    pub pages: u64,
}

/// What is to be made and removed.
#[derive(Debug, Default)]
pub struct Work {
    /// Files to be made.
    pub due: BTreeMap<RelPath, Variant>,
    /// Files that no page shows any more.
    pub removed: Vec<RelPath>,
}

impl Demands {
    /// Adds what one page shows no more and now.
    pub fn add(&mut self, page: Demanded) {
        for file in page.before {
            self.changed.entry(file).or_default().1 -= 1;
        }
        for (file, variant) in page.after {
            let (known, pages) = self.changed.entry(file).or_default();
            *known = Some(variant);
            *pages += 1;
        }
    }

    /// Brings the table up to date and says what is to be done. `altered` are outputs that are not
    /// as they were left; `first` says that older outputs are only known by their names.
    pub fn settle(self, tables: &mut Tables<'_>, altered: &[RelPath], first: bool) -> Result<Work> {
        let mut work = Work::default();
        for (file, (variant, pages)) in self.changed {
            let key = file.as_str().as_bytes();
            let stored: Option<StoredVariant> = tables.value(Table::Variants, key)?;
            let before = stored.as_ref().map_or(0, |stored| stored.pages);
            let pages = before.saturating_add_signed(pages);
            let Some(variant) = variant.or(stored.map(|stored| stored.variant)) else { continue };
            if pages == 0 {
                tables.remove(Table::Variants, key)?;
                work.removed.push(file);
                continue;
            }
            tables.put_value(Table::Variants, key, &StoredVariant { variant: variant.clone(), pages })?;
            if before == 0 {
                work.due.insert(file, variant);
            }
        }
        for file in altered {
            let stored: Option<StoredVariant> = tables.value(Table::Variants, file.as_str().as_bytes())?;
            work.due.extend(stored.map(|stored| (file.clone(), stored.variant)));
        }
        if unmade(tables)? > 0 {
            tables.scan(Table::Variants, b"", |key, value| {
                if tables.bytes(Table::Outputs, key, |_| ())?.is_none() {
                    let file = RelPath::new(std::str::from_utf8(key)?);
                    let stored: StoredVariant = postcard::from_bytes(value)?;
                    work.due.extend(file.map(|file| (file, stored.variant)));
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        if first {
            let prefix = format!("{}/", media::FOLDER);
            tables.scan_prefix(Table::Outputs, prefix.as_bytes(), |key, _| {
                if tables.bytes(Table::Variants, key, |_| ())?.is_none() {
                    work.removed.extend(RelPath::new(std::str::from_utf8(key)?));
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(work)
    }
}

/// How many variants could not be made by an earlier build.
pub fn unmade(store: &impl Store) -> Result<u64> {
    Ok(store.value(Table::Meta, b"variants not made")?.unwrap_or(0))
}

/// One picture and what is wanted of it.
struct Job<'w> {
    picture: &'w str,
    source: Digest,
    wanted: Vec<(&'w RelPath, Operation)>,
}

/// Makes what is due, on all threads, largest first, and removes what is shown no more. A picture
/// that cannot be made fails alone, and stays due. Once somebody has asked to stop, no other picture
/// is begun; what is made by then is kept.
pub fn make(
    build: &Build<'_>,
    output: &Output,
    work: &Work,
    tables: &mut Tables<'_>,
    altered: &[RelPath],
    report: &mut Report,
) -> Result<()> {
    let altered: BTreeSet<&RelPath> = altered.iter().collect();
    let jobs = jobs(&work.due);
    let mut known: BTreeMap<&RelPath, Written> = BTreeMap::new();
    for file in work.due.keys().filter(|file| !altered.contains(file)) {
        let written: Option<Written> = tables.value(Table::Outputs, file.as_str().as_bytes())?;
        known.extend(written.map(|written| (file, written)));
    }
    build.progress.begin("encoding", work.due.len() as u64);
    let (next, known, jobs) = (&AtomicUsize::new(0), &known, &jobs);
    let (sender, receiver) = crossbeam_channel::bounded::<Made<'_>>(64);
    let (mut failed, mut made_now) = (0, 0);
    std::thread::scope(|scope| -> Result<()> {
        scope.spawn(move || {
            build.threads.working.scope(|pool| {
                for _ in 0..build.threads.working.current_num_threads() {
                    let sender = sender.clone();
                    pool.spawn(move |_| {
                        while build.options.stop.asked().is_none()
                            && let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed))
                        {
                            do_job(build, output, known, job, &sender);
                        }
                    });
                }
            });
        });
        for made in receiver {
            match made {
                Made::File(file, Ok(placed)) => {
                    record(build, file, &placed?, tables, report)?;
                    made_now += 1;
                }
                Made::File(file, Err(why)) => {
                    failed += 1;
                    build.progress.made(file, None);
                    let variant = &work.due[file];
                    report.tell([problem(&variant.picture, format!("{why}; /{file} is missing"))]);
                }
                Made::All(counts) => {
                    report.pictures.decoded += counts.decoded;
                    report.pictures.encoded += counts.encoded;
                    report.pictures.kept += counts.kept;
                }
            }
        }
        Ok(())
    })?;
    report.pictures.failed += failed;
    // What failed, and what a stop has left, is tried again by the next build.
    tables.put_value(Table::Meta, b"variants not made", &(work.due.len() as u64 - made_now))?;
    for file in &work.removed {
        let ours = files::remove(tables, Table::Outputs, file)?;
        if ours && output.remove(file)? {
            report.files.removed += 1;
        }
        report.outcomes(file).removed += u64::from(ours);
    }
    report.rendered.sort();
    report.settle_diagnostics();
    Ok(())
}

/// What a job tells.
enum Made<'w> {
    /// A file: what became of it, or why it cannot be made.
    File(&'w RelPath, Result<Result<Placed>, String>),
    /// All of a picture.
    All(Counts),
}

fn jobs(due: &BTreeMap<RelPath, Variant>) -> Vec<Job<'_>> {
    // Pictures that are alike are one.
    let mut by_source: BTreeMap<Digest, Job<'_>> = BTreeMap::new();
    for (file, variant) in due {
        let Variant { picture, source, operation, .. } = variant;
        let job = by_source.entry(*source).or_insert_with(|| Job { picture, source: *source, wanted: Vec::new() });
        job.wanted.push((file, *operation));
    }
    let mut jobs: Vec<Job<'_>> = by_source.into_values().collect();
    let pixels = |job: &Job<'_>| job.wanted.iter().map(|(_, operation)| operation.pixels()).sum::<u64>();
    jobs.sort_by_cached_key(|job| (std::cmp::Reverse(pixels(job)), job.picture.to_owned()));
    jobs
}

fn do_job<'w>(
    build: &Build<'_>,
    output: &Output,
    known: &BTreeMap<&RelPath, Written>,
    job: &Job<'w>,
    sender: &crossbeam_channel::Sender<Made<'w>>,
) {
    let operations: Vec<Operation> = job.wanted.iter().map(|(_, operation)| *operation).collect();
    let photos = build.settings.photos.folder.as_deref();
    let read = || {
        let file = source::read(&build.options.root, photos, job.picture, build.options.room)
            .map_err(|problem| problem.message)?;
        let bytes = file.map(|file| file.bytes).ok_or("is not there any more")?;
        let room = build.check_room(job.picture, media::needs(&bytes));
        room.map(|()| bytes).map_err(|little| format!("cannot be worked on: {little}"))
    };
    // The receiver is gone only when the build has already failed.
    let send = |made| drop(sender.send(made));
    let counts = media::make(build.cas, build.budget, job.source, &operations, read, |index, outcome| {
        let (file, _) = job.wanted[index];
        let link = |bytes: &[u8], target: &std::path::Path| build.cas.link(bytes, target);
        let placed = outcome.and_then(|bytes| match output.place_link(file, &bytes, known.get(file), link) {
            Err(error) if error.is::<Blocked>() => Err(format!("{error:#}")),
            placed => Ok(placed),
        });
        send(Made::File(file, placed));
    });
    send(Made::All(counts));
}

fn record(
    build: &Build<'_>,
    file: &RelPath,
    placed: &Placed,
    tables: &mut Tables<'_>,
    report: &mut Report,
) -> Result<()> {
    report.outcomes(file).rendered += 1;
    if build.options.names {
        report.rendered.push(file.to_string());
    }
    if placed.changed {
        report.outcomes(file).written += 1;
        report.file_written(placed.written.stamp.size);
    }
    files::put(tables, Table::Outputs, file, &placed.written)?;
    build.progress.made(file, Some(&placed.written));
    build.progress.advance(1);
    Ok(())
}
