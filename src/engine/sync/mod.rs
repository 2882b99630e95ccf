//! Sync: from files and rows that changed to records, cards and groups that changed. Parses in
//! parallel, applies in order, so that the result depends on neither threads nor the order of files.

pub mod bodies;
pub mod conflicts;
pub mod folders;
pub mod index;
pub mod index_writer;
pub mod list_pages;
pub mod pictures;
pub mod prefetch;
pub mod references;
pub mod rows;
pub mod unresolved;
pub mod warnings;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use anyhow::Result;
use crossbeam_channel::Receiver;
use rustc_hash::FxHashSet;

use crate::catalog::{Cell, StoredRecord, keys};
use crate::config::{Dates, PerPage};
use crate::diagnostics::{Diagnostic, Severity};
use crate::engine::arena::PageChanges;
use crate::engine::changes::Changes;
use crate::engine::context::Build;
use crate::engine::explain::differences;
use crate::engine::memory::Memory;
use crate::engine::scan::dates;
use crate::engine::scan::inputs::Surroundings;
use crate::engine::scan::{Candidate, ContentScan, KnownFile, split};
use crate::engine::sync::conflicts::Claims;
use crate::engine::sync::folders::Folders;
use crate::engine::sync::index::{Index, Settled};
use crate::engine::sync::prefetch::Outcome;
use crate::engine::sync::rows::RowsToTake;
use crate::engine::sync::unresolved::Pending;
use crate::model::slug::slugify;
use crate::model::{Card, Kind, Photo, Record, RecordId, Review};
use crate::report::Report;
use crate::site::Route;
use crate::site::routes::per_page;
use crate::source::{self, Parsed, Part, Place, Reading, place};
use crate::stamp::Clockwork;
use crate::state::{Store, Table, Tables};

/// What sync found out.
pub struct Synced {
    /// Pages that come and go.
    pub pages: PageChanges,
    /// Moments at which the files that were parsed say something else.
    pub moments: Vec<(i64, String)>,
    /// Files that were parsed or are gone: their earlier moments no longer count.
    pub parsed: BTreeSet<String>,
    /// Records that are no more, and countries without parks.
    pub deleted: BTreeSet<RecordId>,
}

/// Files from which on a thread of its own pays.
const MANY: usize = 1024;

/// Brings the state up to date with the content files and the surroundings.
#[expect(clippy::too_many_arguments, reason = "each is one step's whole input; together they name the step")]
pub fn sync(
    build: &Build<'_>,
    tables: &mut Tables<'_>,
    content: ContentScan,
    reading: &Reading,
    clock: Clockwork,
    memory: &Memory,
    around: &Surroundings,
    rows: Option<RowsToTake<'_>>,
    changes: &mut Changes,
    report: &mut Report,
) -> Result<Synced> {
    let ContentScan { candidates, removed, total: _ } = content;
    build.progress.begin("reading", candidates.len() as u64);
    let first = memory.build == 0;
    let mut sync = Sync {
        index: Index::new(tables, changes, &build.settings, first),
        attached: FxHashSet::default(),
        clock,
        pending: Pending::default(),
        deferred: Vec::new(),
        rows_to_come: rows.is_some(),
        claims: Claims::of(build.settings.source),
        reading: None,
        moments: Vec::new(),
        parsed: BTreeSet::new(),
        photo_lists: BTreeSet::new(),
        photo_rows: BTreeSet::new(),
        unreadable: BTreeMap::new(),
        folders: Folders::default(),
        report,
    };
    sync.remove_files(&removed)?;
    drop(removed);
    if rows.is_none() {
        sync.forget_all_rows()?;
    }
    sync.surroundings(memory, around)?;

    // Files are read ahead, then parsed ahead; this thread applies them, and where that is much to do another
    // one writes down who is where in which group.
    let apart = candidates.len() > MANY || rows.is_some();
    std::thread::scope(|scope| -> Result<()> {
        let members = apart.then(|| {
            let (members, changes) = (sync.index.tables.lend(Table::Members), sync.index.places.hand_over());
            scope.spawn(move || index_writer::write_all(members, &changes))
        });
        let parsed = prefetch::parse(scope, build, candidates, reading);
        let applied = sync.apply_all(build, parsed, rows, reading);
        // Without an end of what comes the other thread would wait for more.
        sync.index.places.hand_back();
        if let Some(members) = members {
            let members = members.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            sync.index.tables.take_back(members?);
        }
        applied
    })?;
    sync.finish(build, reading)
}

pub(in crate::engine) struct Sync<'s, 'i, 't> {
    pub(in crate::engine) index: Index<'i, 't>,
    clock: Clockwork,
    /// What reviews or photos have been attached to in this sync.
    attached: FxHashSet<u64>,
    /// References to what was not there when they were met.
    pending: Pending,
    /// Records whose key another file still holds that has not been read yet.
    deferred: Vec<(String, RecordId, Record)>,
    /// Whether rows are still to be taken in.
    pub(in crate::engine) rows_to_come: bool,
    /// Who has said what of whom, where both files and rows may.
    claims: Claims,
    /// The file that is being read; files come sorted by folder and name.
    pub(in crate::engine) reading: Option<String>,
    pub(in crate::engine) moments: Vec<(i64, String)>,
    pub(in crate::engine) parsed: BTreeSet<String>,
    /// Photo lists that may name a picture that is not there.
    photo_lists: BTreeSet<String>,
    /// Records whose photos, as rows tell them, may name a picture that is not there.
    pub(in crate::engine) photo_rows: BTreeSet<RecordId>,
    /// Pictures that were looked at or are gone, and why they cannot be read, if so.
    pub(in crate::engine) unreadable: BTreeMap<String, Option<String>>,
    /// Files of folders as they are now known.
    folders: Folders,
    pub(in crate::engine) report: &'s mut Report,
}

impl<'s> Sync<'s, '_, '_> {
    /// Takes in files as they are parsed, then rows.
    fn apply_all(
        &mut self,
        build: &Build<'_>,
        parsed: Receiver<Vec<(Candidate, Outcome)>>,
        rows: Option<RowsToTake<'_>>,
        reading: &Reading,
    ) -> Result<()> {
        for batch in parsed {
            build.options.stop.check()?;
            let read = batch.len() as u64;
            for (candidate, outcome) in batch {
                self.apply(candidate, outcome)?;
            }
            build.progress.advance(read);
        }
        self.reading = None;
        if let Some(rows) = rows {
            self.take_rows(build, rows, reading)?;
        }
        self.index.places.flush(self.index.tables)
    }

    fn remove_files(&mut self, removed: &[(String, KnownFile)]) -> Result<()> {
        self.report.content.removed = removed.len() as u64;
        for (path, file) in removed {
            self.forget(path, file)?;
            self.forget_warnings(path)?;
            self.holds(path, &file.records, &[]);
            self.parsed.insert(path.clone());
            self.folders.forget(path);
        }
        Ok(())
    }

    /// Takes back everything that a file said.
    fn forget(&mut self, path: &str, file: &KnownFile) -> Result<()> {
        self.unsay(path, &file.records, &file.reviews, &file.photos)?;
        if let Place::PhotoFile(picture) = place(path) {
            self.picture(&picture, None)?;
            if source::is_of_rows(path) {
                self.photo_rows.extend(crate::engine::sync::references::parks_with_photos(self.index.tables)?);
                return Ok(());
            }
            let park = path.split("/photos/").next().unwrap_or_default();
            self.photo_lists.insert(format!("{park}/photos.toml"));
            self.photo_rows.extend(park.strip_prefix("parks/").map(|park| RecordId::new(Kind::Park, slugify(park))));
        }
        Ok(())
    }

    /// Takes back records of an origin, and what it said of others.
    pub(in crate::engine) fn unsay(
        &mut self,
        origin: &str,
        records: &[RecordId],
        reviews: &[RecordId],
        photos: &[RecordId],
    ) -> Result<()> {
        for id in records {
            self.remove_record(origin, id)?;
        }
        for target in reviews {
            if !self.claims.is_now_by_file(origin, Part::Reviews, target) {
                self.attach::<Review>(Table::Reviews, target, Cell::Reviews, &[])?;
            }
        }
        for target in photos {
            if !self.claims.is_now_by_file(origin, Part::Photos, target) {
                self.attach::<Photo>(Table::Photos, target, Cell::Photos, &[])?;
            }
        }
        Ok(())
    }

    /// Removes a record unless another file has taken its key meanwhile.
    fn remove_record(&mut self, path: &str, id: &RecordId) -> Result<()> {
        let key = keys::record(id);
        let stored: Option<StoredRecord> = self.index.tables.value(Table::Records, &key)?;
        if stored.is_none_or(|stored| stored.origin != path) {
            return Ok(());
        }
        self.index.tables.remove(Table::Records, &key)?;
        self.index.changes.note(&Cell::Record(id.clone()));
        self.index.apply(id, None)
    }

    /// Settings, assets and the pages that every site has.
    fn surroundings(&mut self, memory: &Memory, around: &Surroundings) -> Result<()> {
        if memory.build == 0 {
            for route in Route::always() {
                self.index.add_page(route);
            }
        }
        let published = around.assets.published();
        let route = |(path, url): &(String, String)| Route::Asset(path.clone(), url.clone());
        for gone in memory.asset_urls.difference(&published) {
            self.index.remove_page(&route(gone));
        }
        for new in published.difference(&memory.asset_urls) {
            self.index.add_page(route(new));
        }
        let files = self.index.settings.hosting.files().into_iter().collect();
        for gone in memory.host_files.difference(&files) {
            self.index.remove_page(&Route::Hosting(*gone));
        }
        for new in files.difference(&memory.host_files) {
            self.index.add_page(Route::Hosting(*new));
        }
        let sizes =
            memory.per_page.map(|[parks, rides, companies, articles]| PerPage { parks, rides, companies, articles });
        if let Some(sizes) = sizes.filter(|sizes| *sizes != self.index.settings.per_page) {
            self.index.resize_pages(|group| per_page(group, &sizes))?;
        }
        if memory.build > 0 {
            self.index.rename_countries()?;
        }
        Ok(())
    }

    pub(in crate::engine) fn apply(&mut self, candidate: Candidate, outcome: Outcome) -> Result<()> {
        let path = &candidate.path;
        self.reading = Some(path.clone());
        self.report.content.read += 1;
        let (digest, mut parsed) = match outcome {
            Outcome::Vanished => {
                if let Some(known) = self.known_file(&candidate)? {
                    self.forget(path, &known)?;
                    self.forget_warnings(path)?;
                    self.holds(path, &known.records, &[]);
                }
                self.parsed.insert(path.clone());
                return self.remember(&candidate, None);
            }
            Outcome::Unreadable(problem) => {
                self.report.tell([*problem]);
                return Ok(());
            }
            Outcome::TooLarge(little) => return Err(little.into()),
            Outcome::Same(digest) => {
                if let Some(known) = self.known_file(&candidate)? {
                    self.remember(&candidate, Some(KnownFile { digest, ..known }))?;
                }
                return Ok(());
            }
            Outcome::Parsed(digest, parsed) => (digest, *parsed),
            Outcome::Picture(picture, decoded) => {
                self.report.pictures.surveyed += u64::from(decoded);
                let digest = picture.digest;
                (digest, self.new_picture(path, *picture)?)
            }
        };
        self.report.content.parsed += 1;
        if candidate.known.is_some() {
            self.parsed.insert(path.clone());
        }
        let broken = parsed.problems.iter().any(|problem| problem.severity == Severity::Error);
        self.take_problems(path, &mut parsed)?;
        self.moments.extend(parsed.moments.iter().map(|moment| (*moment, path.clone())));

        let file = KnownFile {
            name: split(path).1.to_owned(),
            stamp: candidate.stamp,
            trusted: false,
            digest,
            records: parsed.records.iter().map(|one| one.id.clone()).collect(),
            reviews: parsed.reviews.iter().map(|(target, _)| target.clone()).collect(),
            photos: parsed.photos.iter().map(|(target, _)| target.clone()).collect(),
        };
        let known = self.known_file(&candidate)?;
        self.holds(path, known.as_ref().map_or(&[], |known| &known.records), &file.records);
        if let Some(mut gone) = known {
            gone.records.retain(|id| !file.records.contains(id));
            gone.reviews.retain(|id| !file.reviews.contains(id));
            gone.photos.retain(|id| !file.photos.contains(id));
            // What a broken file no longer says may only be hidden by the mistake.
            if !broken && !matches!(place(path), Place::PhotoFile(_)) {
                self.forget(path, &gone)?;
            }
        }
        if let Place::Photos(_) = place(path) {
            self.photo_lists.insert(path.clone());
        }
        self.say(path, parsed)?;
        self.remember(&candidate, Some(file))
    }

    /// Notes that a file holds other records than before.
    fn holds(&mut self, path: &str, before: &[RecordId], now: &[RecordId]) {
        if before != now {
            self.index.changes.note(&Cell::File(path.to_owned()));
        }
    }

    /// What the last build knew of a file that is read now.
    fn known_file(&mut self, candidate: &Candidate) -> Result<Option<KnownFile>> {
        match candidate.known {
            Some(_) => self.folders.known(self.index.tables, &candidate.path),
            None => Ok(None),
        }
    }

    /// Takes in what an origin (a file, or the rows of a unit) says.
    pub(in crate::engine) fn say(&mut self, origin: &str, parsed: Parsed) -> Result<()> {
        self.claims.note(origin, &parsed);
        for (target, reviews) in &parsed.reviews {
            self.attach(Table::Reviews, target, Cell::Reviews, reviews)?;
        }
        for (target, photos) in &parsed.photos {
            self.attach(Table::Photos, target, Cell::Photos, photos)?;
        }
        self.refer(origin, parsed.references);
        for mut one in parsed.records {
            self.refer(origin, one.references);
            if self.index.settings.dates == Dates::Git && one.record.common.updated.is_none() {
                one.record.common.updated = dates::of_file(self.index.tables, origin)?;
            }
            self.put_record(origin, one.id, one.record)?;
        }
        Ok(())
    }

    fn remember(&mut self, candidate: &Candidate, file: Option<KnownFile>) -> Result<()> {
        let file =
            file.map(|file| KnownFile { stamp: candidate.stamp, trusted: self.clock.trusts(&candidate.stamp), ..file });
        self.folders.remember(self.index.tables, &candidate.path, file)
    }

    fn refer(&mut self, origin: &str, references: Vec<(RecordId, Range<usize>)>) {
        references.into_iter().for_each(|(id, place)| self.pending.add((&id, origin, place), &self.index.met));
    }

    fn put_record(&mut self, path: &str, id: RecordId, record: Record) -> Result<()> {
        let key = keys::record(&id);
        let unknown = self.index.is_unknown(&id);
        let old: Option<StoredRecord> = if unknown { None } else { self.index.tables.value(Table::Records, &key)? };
        if let Some(old) = old.as_ref().filter(|old| old.origin != path) {
            // Should the other file be read in this sync, then after this one; else nothing is lost by waiting.
            let unread = self.reading.as_deref().is_some_and(|path| split(path) < split(&old.origin));
            if unread || (self.rows_to_come && source::row_unit(&old.origin).is_some()) {
                self.deferred.push((path.to_owned(), id, record));
                return Ok(());
            }
            self.report.tell([said_twice(&id, path, &old.origin)]);
            return Ok(());
        }
        let stored = StoredRecord { origin: path.to_owned(), record };
        if old.as_ref().is_none_or(|old| old.record != stored.record) {
            let detail = || old.as_ref().and_then(|old| differences::fields(&old.record, &stored.record));
            self.index.changes.note_with(&Cell::Record(id.clone()), detail);
            self.index.tables.put_value(Table::Records, &key, &stored)?;
        }
        self.make_card(&id, &stored.record)
    }

    fn make_card(&mut self, id: &RecordId, record: &Record) -> Result<()> {
        if self.index.first && !self.attached.contains(&id.short()) {
            return self.index.apply(id, Some(&Card::of(id, record, &[], &[])));
        }
        let key = keys::record(id);
        let reviews: Vec<Review> = self.index.tables.value(Table::Reviews, &key)?.unwrap_or_default();
        let photos: Vec<Photo> = self.index.tables.value(Table::Photos, &key)?.unwrap_or_default();
        let card = Card::of(id, record, &reviews, &photos);
        self.index.apply(id, Some(&card))
    }

    /// Replaces the reviews or photos of a record, and with them its card.
    fn attach<T: serde::Serialize>(
        &mut self,
        table: Table,
        target: &RecordId,
        cell: fn(RecordId) -> Cell,
        things: &[T],
    ) -> Result<()> {
        let unknown = self.attached.insert(target.short()) && self.index.first;
        let key = keys::record(target);
        let new = postcard::to_allocvec(things)?;
        let old: Option<Vec<u8>> = if unknown { None } else { self.index.tables.bytes(table, &key, <[u8]>::to_vec)? };
        if old.as_ref() == Some(&new) || (old.is_none() && things.is_empty()) {
            return Ok(());
        }
        if things.is_empty() {
            self.index.tables.remove(table, &key)?;
        } else {
            self.index.tables.put(table, &key, &new)?;
        }
        // A list begins with its length.
        let before =
            old.as_deref().map_or(Ok((0, &[][..])), postcard::take_from_bytes::<u64>).map(|(length, _)| length);
        let detail = || before.ok().map(|before| format!("{before} → {}", things.len()));
        self.index.changes.note_with(&cell(target.clone()), detail);
        if self.index.is_unknown(target) {
            return Ok(());
        }
        let stored: Option<StoredRecord> = self.index.tables.value(Table::Records, &key)?;
        match stored {
            Some(stored) => self.make_card(target, &stored.record),
            None => Ok(()),
        }
    }

    fn finish(mut self, build: &Build<'_>, reading: &Reading) -> Result<Synced> {
        self.new_pictures_of_rows(build, reading)?;
        for (path, id, record) in std::mem::take(&mut self.deferred) {
            self.put_record(&path, id, record)?;
        }
        self.folders.store(self.index.tables)?;
        self.report.tell(self.claims.mistakes(self.index.tables)?);
        let Self { index, pending, moments, parsed, photo_lists, photo_rows, unreadable, report, .. } = self;
        for (id, url) in &index.bad_urls {
            let message = format!("{id} has an alias that is not a path of this site: `{url}`");
            report.tell([Diagnostic::of_file(source::FOLDER, message)]);
        }
        let Settled { pages, met, gone, tables } = index.settle()?;
        pictures::remember_unreadable(tables, unreadable)?;
        crate::engine::sync::references::report_dangling(&build.options.root, tables, pending.finish(&met), report)?;
        crate::engine::sync::references::check_pictures(&build.options.root, tables, reading, &photo_lists, report)?;
        crate::engine::sync::references::check_photo_rows(tables, &photo_rows, report)?;
        Ok(Synced { pages, moments, parsed, deleted: gone })
    }
}

/// One key in two places: files, rows, or one of each.
fn said_twice(id: &RecordId, one: &str, other: &str) -> Diagnostic {
    let (first, second) = (source::origin_name(one.min(other)), source::origin_name(one.max(other)));
    let rows = [one, other].iter().filter(|origin| source::row_unit(origin).is_some()).count();
    let (two, help) = match rows {
        0 => ("two files are", "give one of them another `slug`, or rename its file"),
        1 => ("a file and a row are both", "keep one of the two: remove the file, or the row"),
        _ => ("two rows are", "give one of them another `slug`"),
    };
    Diagnostic::of_file(&second, format!("{two} {id}: {first} and {second}")).help(help)
}
