//! References that lead nowhere: found when a record names what is not there, and when what
//! records name has gone. Knows nothing of how pages are built.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;

use anyhow::Result;

use crate::catalog::{StoredRecord, keys};
use crate::diagnostics::{Diagnostic, Problems, Text, nearest};
use crate::engine::plan::Todo;
use crate::engine::sync::unresolved::Reference as Waiting;
use crate::model::record::Details;
use crate::model::slug::slugify;
use crate::model::{Kind, Photo, RecordId};
use crate::report::Report;
use crate::room::Room;
use crate::site::Route;
use crate::source::{self, Reading, confirmed_links};
use crate::state::{Store, Table, Tables};

/// Reports those of `pending` that are still not there.
pub fn report_dangling(
    root: &Path,
    tables: &Tables<'_>,
    pending: impl Iterator<Item = Waiting>,
    report: &mut Report,
) -> Result<()> {
    // A file with mistakes in it holds its record all the same: naming it is no second mistake.
    let broken: BTreeSet<Broken> =
        report.diagnostics.iter().filter_map(|problem| broken_by_path(&problem.file)).collect();
    let mut by_file: BTreeMap<String, Vec<(RecordId, Range<usize>)>> = BTreeMap::new();
    for (id, path, place) in pending {
        let there = tables.bytes(Table::Cards, &keys::record(&id), |_| ())?.is_some();
        if !there && !broken.contains(&Broken::of(&id)) {
            by_file.entry(path).or_default().push((id, place));
        }
    }
    for (path, dangling) in by_file {
        report_in_file(root, tables, &path, &dangling, report)?;
    }
    Ok(())
}

/// What a file with mistakes in it holds all the same.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Broken {
    Record(RecordId),
    AreasOf(String),
}

impl Broken {
    fn of(id: &RecordId) -> Self {
        match id.kind {
            Kind::Area => Self::AreasOf(id.parent_key().to_owned()),
            _ => Self::Record(id.clone()),
        }
    }
}

/// What a content file must hold, by its path.
fn broken_by_path(file: &str) -> Option<Broken> {
    let path = file.strip_prefix(source::FOLDER)?.strip_prefix('/')?;
    match source::place(path) {
        source::Place::Record(kind, scope, stem) => {
            let slug = slugify(&stem);
            let key = if scope.is_empty() { slug } else { format!("{scope}/{slug}") };
            Some(Broken::Record(RecordId::new(kind, key)))
        }
        source::Place::Areas(park) => Some(Broken::AreasOf(park)),
        _ => None,
    }
}

fn report_in_file(
    root: &Path,
    tables: &Tables<'_>,
    path: &str,
    dangling: &[(RecordId, Range<usize>)],
    report: &mut Report,
) -> Result<()> {
    if let Some(unit) = source::row_unit(path) {
        let ids: Vec<&RecordId> = dangling.iter().map(|(id, _)| id).collect();
        return report_in_row(tables, &unit, &ids, report);
    }
    let file = format!("{}/{path}", source::FOLDER);
    let bytes = bytes_of(root, path);
    let text = String::from_utf8_lossy(&bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let body = text.splitn(3, if text.starts_with("+++") { "+++" } else { "---" }).nth(2).unwrap_or_default();
    let body_start = text.len() - body.len();
    let confirmed: BTreeSet<RecordId> = confirmed_links(body.trim()).into_iter().collect();
    let whole = Text::new(&file, text);
    let mut problems = Problems::default();
    for (id, place) in dangling {
        // What only looked like a link, in code for instance, is none.
        if path.ends_with(".md") && place.start >= body_start && !confirmed.contains(id) {
            continue;
        }
        let message = match id.kind {
            Kind::Park if place.end <= 3 => format!("there is no park `{}`: its folder needs an index.md", id.key),
            Kind::Company if place.end <= 3 => {
                format!("there is no company `{}`, the manufacturer by its folder", id.key)
            }
            kind => format!("there is no {} `{}`", kind.word(), id.key),
        };
        let help = if problems.is_full() { None } else { suggest(tables, id)? };
        problems.error(|| match help {
            Some(help) => whole.at(place.clone(), message).help(help),
            None => whole.at(place.clone(), message),
        });
    }
    report.tell(problems.into_told(&file));
    Ok(())
}

/// Reports records that a row names and that are not there. What only its body names must really
/// be a link.
fn report_in_row(tables: &Tables<'_>, unit: &source::Unit, dangling: &[&RecordId], report: &mut Report) -> Result<()> {
    let mut named = Vec::new();
    let mut links = Vec::new();
    if let Some(id) = unit.record()
        && let Some(stored) = tables.value::<StoredRecord>(Table::Records, &keys::record(&id))?
    {
        named.extend(stored.record.references().into_iter().chain(around(&id, &stored)));
        links.extend(confirmed_links(&stored.record.common.body));
    }
    for id in dangling.iter().copied().filter(|id| unit.record().is_none() || named.contains(id) || links.contains(id))
    {
        let message = format!("there is no {} `{}`", id.kind.word(), id.key);
        let mut diagnostic = Diagnostic::of_file(&unit.to_string(), message);
        diagnostic.help = suggest(tables, id)?;
        report.tell([diagnostic]);
    }
    Ok(())
}

/// The park, manufacturer or area that a record is part of.
pub(in crate::engine) fn around(id: &RecordId, stored: &StoredRecord) -> Vec<RecordId> {
    let scope = match id.kind {
        Kind::Ride | Kind::Area => Some(RecordId::new(Kind::Park, id.parent_key())),
        Kind::Model => Some(RecordId::new(Kind::Company, id.parent_key())),
        _ => None,
    };
    let area = match &stored.record.details {
        Details::Ride(ride) => {
            ride.area.as_ref().map(|area| RecordId::new(Kind::Area, format!("{}/{}", id.parent_key(), slugify(area))))
        }
        _ => None,
    };
    scope.into_iter().chain(area).collect()
}

/// The nearest key of the same kind, and scope where it has one.
fn suggest(tables: &Tables<'_>, id: &RecordId) -> Result<Option<String>> {
    let mut prefix = vec![id.kind.number()];
    if id.key.contains('/') {
        prefix.extend_from_slice(id.parent_key().as_bytes());
        prefix.push(b'/');
    }
    let mut keys_there = Vec::new();
    tables.scan_prefix(Table::Cards, &prefix, |key, _| {
        keys_there.push(keys::record_id(key)?.key.to_string());
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(nearest(&id.key, keys_there.iter().map(String::as_str)).map(|meant| format!("did you mean `{meant}`?")))
}

/// Reports references to records that have gone, from pages that showed them.
pub fn check_deleted(
    root: &Path,
    tables: &Tables<'_>,
    gone: &BTreeSet<RecordId>,
    todo: &Todo,
    reading: &Reading,
    report: &mut Report,
) -> Result<()> {
    if gone.is_empty() {
        return Ok(());
    }
    let mut files: BTreeSet<String> = BTreeSet::new();
    for page in todo.due.iter() {
        let Route::Record(id) = &page.route else { continue };
        let stored: Option<StoredRecord> = tables.value(Table::Records, &keys::record(id))?;
        let Some(stored) = stored else { continue };
        let named = stored.record.references().into_iter().chain(confirmed_links(&stored.record.common.body));
        let part_of = around(id, &stored);
        if named.chain(part_of).any(|id| gone.contains(&id)) {
            files.insert(stored.origin);
        }
    }
    for park in gone.iter().filter(|id| id.kind == Kind::Park) {
        for kind in [Kind::Area, Kind::Ride] {
            let prefix = [&[kind.number()], park.key.as_bytes(), b"/"].concat();
            tables.scan_prefix(Table::Records, &prefix, |_, value| {
                files.insert(postcard::from_bytes::<StoredRecord>(value)?.origin);
                Ok(std::ops::ControlFlow::Continue(()))
            })?;
        }
    }
    for id in gone {
        let key = keys::record(id);
        for (table, list) in [(Table::Reviews, "reviews.jsonl"), (Table::Photos, "photos.toml")] {
            if tables.bytes(table, &key, |_| ())?.is_some() {
                files.extend(source::units_about(id).into_iter().map(|unit| unit.origin()));
                files.insert(format!("{}/{list}", park_folder(tables, id.parent_key())?));
            }
        }
    }
    for path in files {
        if let Some(unit) = source::row_unit(&path) {
            let known = tables.bytes(Table::Rows, &unit.state_key(), |_| ())?.is_some();
            let named = crate::engine::sync::rows::named_by(tables, &unit)?;
            let dangling: Vec<&RecordId> = named.iter().filter(|id| known && gone.contains(id)).collect();
            report_in_row(tables, &unit, &dangling, report)?;
            continue;
        }
        let bytes = bytes_of(root, &path);
        let parsed = source::parse(&path, &bytes, reading);
        let references = parsed.records.into_iter().flat_map(|one| one.references).chain(parsed.references);
        let dangling: Vec<(RecordId, Range<usize>)> = references.filter(|(id, _)| gone.contains(id)).collect();
        report_in_file(root, tables, &path, &dangling, report)?;
    }
    Ok(())
}

/// The bytes of a content file that was read before; none where it has gone since.
fn bytes_of(root: &Path, path: &str) -> Vec<u8> {
    let file = source::read(root, None, path, Room::default());
    file.ok().flatten().map(|file| file.bytes).unwrap_or_default()
}

/// The folder of a park below `content/`: named by its key, or by a name that makes it.
fn park_folder(tables: &Tables<'_>, key: &str) -> Result<String> {
    let usual = format!("parks/{key}");
    if tables.bytes(Table::Sources, usual.as_bytes(), |_| ())?.is_some() {
        return Ok(usual);
    }
    let mut found = None;
    tables.scan_prefix(Table::Sources, b"parks/", |folder, _| {
        let folder = std::str::from_utf8(folder)?;
        let name = folder.split('/').nth(1).unwrap_or_default();
        if slugify(name) == key {
            found = Some(format!("parks/{name}"));
            return Ok(std::ops::ControlFlow::Break(()));
        }
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(found.unwrap_or(usual))
}

/// Reports pictures that photo lists name but that are not there.
pub fn check_pictures(
    root: &Path,
    tables: &Tables<'_>,
    reading: &Reading,
    lists: &BTreeSet<String>,
    report: &mut Report,
) -> Result<()> {
    for path in lists {
        let file = format!("{}/{path}", source::FOLDER);
        let bytes = bytes_of(root, path);
        let parsed = source::parse(path, &bytes, reading);
        let text = String::from_utf8_lossy(&bytes);
        let whole = Text::new(&file, &text);
        let mut problems = Problems::default();
        for photo in parsed.photos.iter().flat_map(|(_, photos)| photos) {
            if tables.bytes(Table::Pictures, photo.file.as_bytes(), |_| ())?.is_some() {
                continue;
            }
            let name = photo.file.rsplit("/photos/").next().unwrap_or(&photo.file);
            let message = format!("there is no picture {}/{}", source::FOLDER, photo.file);
            problems.error(|| match text.find(name) {
                Some(at) => whole.at(at..at + name.len(), message),
                None => Diagnostic::of_file(&file, message),
            });
        }
        report.tell(problems.into_told(&file));
    }
    Ok(())
}

/// Reports pictures that rows about these records, and about what is in them, name but that are not there.
pub fn check_photo_rows(tables: &Tables<'_>, about: &BTreeSet<RecordId>, report: &mut Report) -> Result<()> {
    for park in about {
        let unit = source::Unit::new(source::Part::Photos, park.key.clone());
        if tables.bytes(Table::Rows, &unit.state_key(), |_| ())?.is_none() {
            continue;
        }
        for file in named_by_rows(tables, park)? {
            if tables.bytes(Table::Pictures, file.as_bytes(), |_| ())?.is_none() {
                let message = format!("there is no picture {}", source::name_of(&file));
                report.tell([Diagnostic::of_file(&unit.to_string(), message)]);
            }
        }
    }
    Ok(())
}

/// The pictures that are named for a park and what is in it.
pub fn named_by_rows(tables: &Tables<'_>, park: &RecordId) -> Result<Vec<String>> {
    let mut named = Vec::new();
    for key in [keys::record(park), below(Kind::Ride, park), below(Kind::Area, park)] {
        tables.scan_prefix(Table::Photos, &key, |found, value| {
            if key.ends_with(b"/") || found == key.as_slice() {
                named.extend(postcard::from_bytes::<Vec<Photo>>(value)?.into_iter().map(|photo| photo.file));
            }
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    Ok(named)
}

/// The parks of which rows tell photos.
pub fn parks_with_photos(tables: &Tables<'_>) -> Result<Vec<RecordId>> {
    let mut parks = Vec::new();
    tables.scan_prefix(Table::Rows, &[source::Part::Photos as u8], |key, _| {
        parks.push(RecordId::new(Kind::Park, std::str::from_utf8(&key[1..])?));
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(parks)
}

/// The prefix of the keys of what is in a park.
fn below(kind: Kind, park: &RecordId) -> Vec<u8> {
    [&[kind.number()], park.key.as_bytes(), b"/"].concat()
}
