//! The journal: every file below `output/` that was ever ours, kept apart from the state and
//! written before the file is. It tells two things that a state may not: what a build that did not
//! come to its end has left behind, and, where the state is lost, which files are ours to remove.
//! Knows nothing of pages.
//!
//! Only ever added to, and written anew when most of it is old. A line is an event, the first half
//! of the digest of event and path, so that no damaged line names a file, and a path:
//!
//! ```text
//! +1f0c9a7e5b21d388 parks/efteling/index.html    about to be made
//! ~…                                             about to be replaced
//! *…                                             a compressed variant about to be made or replaced
//! -…                                             removed
//! =…                                             the build came to its end; in place of a path the
//!                                                number of the state, and that of the build
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Seek, SeekFrom};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::config::Settings;
use crate::digest::Digest;
use crate::door;
use crate::engine::memory::Memory;
use crate::engine::options::Ours;
use crate::engine::outputs::files;
use crate::engine::work::variants;
use crate::headers::Encoding;
use crate::output::{Output, Written};
use crate::paths::RelPath;
use crate::state::{State, Store, Table};

fn path(folder: &Path) -> PathBuf {
    folder.join("journal")
}

/// Adds the line of an event.
fn add(text: &mut String, event: char, path: &str) {
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{event}{:016x} {path}", check(event, path));
}

fn check(event: char, path: &str) -> u64 {
    Digest::of_parts([event.to_string().as_bytes(), path.as_bytes()]).short()
}

/// The event and the path of a line; `None` where it is damaged.
fn event(line: &str) -> Option<(char, &str)> {
    let event = line.chars().next()?;
    let (digits, path) = line[event.len_utf8()..].split_once(' ')?;
    (u64::from_str_radix(digits, 16).ok()? == check(event, path)).then_some((event, path))
}

/// Bytes of a journal held in memory at a time.
const PIECE: usize = 1 << 20;

/// Writes down files that the build may write, before the first is written: each with what is known
/// to stand there, and with the variants that may lie beside it.
pub fn begin(state: &State, settings: &Settings, files: impl IntoIterator<Item = (RelPath, bool)>) -> Result<()> {
    // One that somebody has taken away would leave what the state knows without a witness.
    if !path(state.folder()).exists() && state.snapshot()?.count(Table::Outputs)? > 0 {
        write_anew(state)?;
    }
    // A line that a kill has cut short must not swallow the next one.
    let mut files = files.into_iter();
    let mut rest = Some(String::from("\n"));
    let pieces = std::iter::from_fn(|| {
        let mut text = rest.take()?;
        for (file, known) in files.by_ref() {
            add(&mut text, if known { '~' } else { '+' }, file.as_str());
            variants::names(settings, &file).for_each(|variant| add(&mut text, '*', variant.as_str()));
            if text.len() >= PIECE {
                rest = Some(String::new());
                break;
            }
        }
        Some(text)
    });
    state.disk().append(&path(state.folder()), pieces).context("cannot write the journal")
}

/// What was begun is in the state, and what was `removed` is no longer ours. Where the journal has
/// become much longer than the list of outputs, it is written anew from that list.
pub fn end(state: &State, removed: &[RelPath]) -> Result<()> {
    let mut text = String::new();
    for file in removed {
        add(&mut text, '-', file.as_str());
        let variants = Encoding::ALL.into_iter().filter_map(|encoding| encoding.of_file(file));
        variants.for_each(|variant| add(&mut text, '-', variant.as_str()));
    }
    add(&mut text, '=', &moment(state)?);
    let path = path(state.folder());
    state.disk().append(&path, [&text]).context("cannot write the journal")?;
    let length = fs::symlink_metadata(&path).context("cannot look at the journal")?.len();
    let snapshot = state.snapshot()?;
    let total = snapshot.count(Table::Outputs)? + snapshot.count(Table::Compressed)?;
    if length > (1 << 16) + total * 300 { write_anew(state) } else { Ok(()) }
}

/// The lines that name every file of a state.
pub fn testimony(state: &State) -> Result<String> {
    let mut text = String::new();
    for (table, event) in [(Table::Outputs, '+'), (Table::Compressed, '*')] {
        state.snapshot()?.scan(table, b"", |file, _| {
            add(&mut text, event, std::str::from_utf8(file)?);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(text)
}

/// Says of files that they are ours, where the state that knew it was taken away; what it knew besides is
/// lost.
pub fn adopt(state: &State, testimony: &str) -> Result<()> {
    let mut text = format!("\n{testimony}");
    // The end of a build of no state that there is: none is believed because of it.
    add(&mut text, '=', "adopted");
    state.disk().create_dir_all(state.folder()).context("cannot create the state's folder")?;
    state.disk().append(&path(state.folder()), [&text]).context("cannot write the journal")
}

fn write_anew(state: &State) -> Result<()> {
    let mut text = testimony(state)?;
    add(&mut text, '=', &moment(state)?);
    state.disk().replace(&path(state.folder()), text.as_bytes()).context("cannot write the journal anew")
}

/// Where the last build did not come to its end, removes what it left: half-written files, and
/// those that the state does not know. Files that it knows are left to the scan of outputs.
pub fn recover(state: &State, output: &Output) -> Result<()> {
    if !matches!(end_of(state.folder())?, End::Open) {
        return Ok(());
    }
    let snapshot = state.snapshot()?;
    // Files and folders that are there: no more are held, whatever a journal says.
    let (mut open, mut folders): (BTreeSet<RelPath>, BTreeSet<String>) = Default::default();
    let read = each_event(state.folder(), |event, file| match (event, RelPath::new(file)) {
        ('=', _) => {
            open.clear();
            folders.clear();
        }
        (_, Some(file)) => {
            let folder = output.nearest_folder(&file);
            if !folders.contains(folder) {
                folders.insert(folder.to_owned());
            }
            open.extend(output.stamp(&file).map(|_| file));
        }
        _ => {}
    })?;
    for file in &open {
        if files::written(&snapshot, file.as_str())?.is_none() {
            output.remove(file)?;
        }
    }
    folders.iter().try_for_each(|folder| output.remove_litter(folder))?;
    if read == Extent::Part {
        return write_anew(state);
    }
    let mut end = String::from("\n");
    add(&mut end, '=', &moment(state)?);
    state.disk().append(&path(state.folder()), [&end]).context("cannot write the journal")
}

/// Gives a state that knows nothing the files that are ours, so that those that no page claims are
/// removed. What they hold is not known.
pub fn restore(state: &State, output: &Output, which: Ours) -> Result<()> {
    let mut ours = events(state.folder(), output)?;
    if which == Ours::All {
        for file in output.files()? {
            let plain = Encoding::plain_of(file.as_str()).and_then(RelPath::new);
            let beside = plain.is_some_and(|file| output.stamp(&file).is_some());
            ours.entry(file).or_insert(if beside { '*' } else { '+' });
        }
    }
    let draft = state.begin()?;
    draft.write(|tables| {
        for (file, event) in &ours {
            let key = file.as_str().as_bytes();
            let table = if *event == '*' { Table::Compressed } else { Table::Outputs };
            if tables.bytes(table, key, |_| ())?.is_none() {
                files::put(tables, table, file, &Written::default())?;
            }
        }
        Ok(())
    })?;
    draft.keep_for_this_process()
}

/// The files in `output` that are ours, by the journal in `folder`.
pub fn ours(folder: &Path, output: &Output) -> Result<BTreeSet<RelPath>> {
    Ok(events(folder, output)?.into_keys().collect())
}

/// The files that are ours and there, each with its last event. No more are held than there are,
/// whatever a journal says.
fn events(folder: &Path, output: &Output) -> Result<BTreeMap<RelPath, char>> {
    let mut ours = BTreeMap::new();
    each_event(folder, |event, file| match (event, RelPath::new(file)) {
        ('+' | '~' | '*', Some(file)) if output.stamp(&file).is_some() => drop(ours.insert(file, event)),
        ('-', Some(file)) => drop(ours.remove(&file)),
        _ => {}
    })?;
    Ok(ours)
}

/// How much of a journal was read.
#[derive(PartialEq, Eq)]
enum Extent {
    All,
    /// Up to where it was no journal any more.
    Part,
}

/// The longest line that is looked at: paths are shorter.
const LONGEST: u64 = 1 << 16;

/// So many bytes without a line, and what is there was not written by us.
const NO_JOURNAL: u64 = 64 << 20;

/// Visits the events of a journal, one line at a time. A damaged journal is read as far as it can be.
fn each_event(folder: &Path, mut visit: impl FnMut(char, &str)) -> Result<Extent> {
    let Some(file) = opened(folder)? else { return Ok(Extent::All) };
    let mut file = BufReader::with_capacity(1 << 18, file);
    let mut line = Vec::new();
    // Bytes of the line that have been skipped.
    let mut skipped = 0;
    loop {
        line.clear();
        let read = file.by_ref().take(LONGEST).read_until(b'\n', &mut line).context("cannot read the journal")?;
        if read == 0 {
            return Ok(Extent::All);
        }
        let whole = line.pop_if(|byte| *byte == b'\n').is_some() || (read as u64) < LONGEST;
        if whole && skipped == 0 {
            std::str::from_utf8(&line).ok().and_then(event).into_iter().for_each(|(event, file)| visit(event, file));
        }
        skipped = if whole { 0 } else { skipped + read as u64 };
        if skipped > NO_JOURNAL {
            return Ok(Extent::Part);
        }
    }
}

/// The journal's file; `None` where there is none, or something else in its place.
fn opened(folder: &Path) -> Result<Option<fs::File>> {
    match door::open(&path(folder)) {
        Ok((file, _)) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::InvalidInput) => Ok(None),
        Err(error) => Err(error).context("cannot read the journal"),
    }
}

/// Whether journal and state are of one moment. Where one of them was put there without the other,
/// the state does not know all that is ours. A journal that is not there, or that tells of a build
/// that did not come to its end, says nothing against a state.
pub fn fits(state: &State) -> Result<bool> {
    Ok(match end_of(state.folder())? {
        End::Missing | End::Open => true,
        End::At(found) => found == moment(state)?,
    })
}

fn moment(state: &State) -> Result<String> {
    Ok(format!("{:016x}-{}", state.birth()?, Memory::load(&state.snapshot()?)?.build))
}

/// What the last line of a journal says.
enum End {
    /// There is no journal.
    Missing,
    /// The last build did not come to its end.
    Open,
    /// It did, at this moment.
    At(String),
}

fn end_of(folder: &Path) -> Result<End> {
    let Some(mut file) = opened(folder)? else { return Ok(End::Missing) };
    let mut read_end = || -> std::io::Result<Vec<u8>> {
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(100)))?;
        let mut end = Vec::new();
        file.read_to_end(&mut end)?;
        Ok(end)
    };
    let end = String::from_utf8_lossy(&read_end().context("cannot read the journal")?).into_owned();
    let last = end.strip_suffix('\n').and_then(|end| end.rsplit('\n').next());
    Ok(match last.and_then(event) {
        Some(('=', moment)) => End::At(moment.to_owned()),
        _ => End::Open,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_damaged_line_names_no_file() {
        let mut text = String::new();
        add(&mut text, '+', "parks/efteling/index.html");
        let line = text.trim_end();
        assert_eq!(event(line), Some(('+', "parks/efteling/index.html")));
        for at in 0..line.len() {
            let mut bytes = line.as_bytes().to_vec();
            bytes[at] ^= 1;
            let damaged = String::from_utf8_lossy(&bytes).into_owned();
            assert_eq!(event(&damaged), None, "{damaged}");
            assert_eq!(event(&line[..at]), None, "{}", &line[..at]);
        }
    }
}
