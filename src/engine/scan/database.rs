//! The database as one of a build's sources: what is asked of it, and what is remembered of its
//! answer. Knows nothing of SQL.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Result, anyhow};

use crate::config::Settings;
use crate::engine::memory::Memory;
use crate::engine::options::Options;
use crate::engine::sync::rows::KnownUnit;
use crate::report::Report;
use crate::source::postgres::{Ask, CHUNKS, Chunks, Reader, Seen, Stream, Told, Trouble, Why, add_to_chunk, register};
use crate::source::{Part, row_unit};
use crate::state::{Snapshot, State, Store, Table};

/// Registers anew after this long even where nothing has changed, in seconds.
const REGISTER_EVERY: i64 = 6 * 3600;

/// Connects to the database, if the settings name it as a source, and learns what has changed.
pub fn open(
    options: &Options,
    settings: &Settings,
    snapshot: &Snapshot,
    memory: &Memory,
    again: bool,
    due: &BTreeSet<String>,
    avoid: &BTreeSet<String>,
) -> Result<Reader> {
    let everything = match (again, options.full_scan) {
        (_, true) => Some("a full scan was asked for"),
        (true, _) => Some("rows are read by other settings than in the last build"),
        _ => None,
    };
    let known = |part: Part, without: &BTreeSet<String>| known_chunks(snapshot, part, without);
    let ask = Ask {
        settings: &settings.postgres,
        root: &options.root,
        seen: memory.seen.as_ref(),
        everything: everything.filter(|_| memory.seen.is_some()),
        due: due.iter().filter_map(|origin| row_unit(origin)).collect(),
        avoid,
        known: &known,
    };
    Reader::open(&ask)
}

/// Asks the database, if the settings name one, while something else is done.
pub fn meanwhile<R>(
    settings: &Settings,
    ask: impl FnOnce() -> Result<Reader> + Send,
    other: impl FnOnce() -> R,
) -> Result<(Option<Reader>, R)> {
    if !settings.source.has_rows() {
        return Ok((None, other()));
    }
    std::thread::scope(|scope| {
        let asking = scope.spawn(ask);
        let done = other();
        let reader = asking.join().map_err(|_| anyhow!("asking the database failed"))??;
        Ok((Some(reader), done))
    })
}

/// Whether the database has nothing new to tell, and there is one where there was one before.
pub fn is_quiet(reader: Option<&Reader>, memory: &Memory, settings: &Settings) -> bool {
    let dropped = memory.seen.is_some() && !settings.source.has_rows();
    !dropped && reader.is_none_or(Reader::is_quiet)
}

/// What to remember once all rows are taken in.
pub fn finish(stream: Option<Stream>, report: &mut Report) -> Option<Seen> {
    let told = stream?.finish();
    report.rows.statements = told.statements;
    Some(told.seen)
}

/// What the units of a part amounted to in the last build, without some of them.
fn known_chunks(snapshot: &Snapshot, part: Part, without: &BTreeSet<String>) -> Result<Chunks> {
    let mut chunks: Chunks = [(0, 0); CHUNKS];
    snapshot.scan_prefix(Table::Rows, &[part as u8], |key, value| {
        let key = std::str::from_utf8(&key[1..])?;
        if !without.contains(key) {
            add_to_chunk(&mut chunks, key, &postcard::from_bytes::<KnownUnit>(value)?.fingerprint);
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(chunks)
}

/// Puts what the database told into the report.
pub fn tell(told: &Told, report: &mut Report) {
    report.rows.statements += told.statements;
    // While files are looked at: a part of that phase.
    report.phases.insert("database", told.asking);
    report.rows.full.clone_from(&told.full);
    report.rows.server = Some(told.server.clone());
    report.rows.notes.extend(told.notes.iter().cloned());
    report.rows.compared.clone_from(&told.compared);
}

/// How often rows are read again that were written anew meanwhile.
const TIMES_MOVED: u32 = 3;

/// What came of reading rows in the run so far.
#[derive(Default)]
pub struct Tries {
    /// Servers that were lost.
    pub avoid: BTreeSet<String>,
    moved: u32,
}

/// What a session knows of the database that it reads.
#[derive(Default)]
pub struct Reading {
    /// The settings of the last run.
    pub settings: Option<Settings>,
    /// Which server is being read, or was last.
    pub server: Option<String>,
    /// What is worth knowing and has not been told.
    pub notes: Vec<String>,
}

impl Reading {
    /// The replica that was being read when an error came, if it was one.
    fn lost_replica(&self, error: &anyhow::Error) -> Option<String> {
        let trouble = error.downcast_ref::<Trouble>()?;
        let role = self.server.as_deref().filter(|role| role.starts_with("replica"))?;
        (trouble.why != Why::Settings).then(|| role.to_owned())
    }

    /// Whether after this error rows are to be read once more: from another server, or as they are now.
    pub fn is_worth_another(&self, error: &anyhow::Error, tries: &mut Tries) -> bool {
        let moved = error.downcast_ref::<Trouble>().is_some_and(|trouble| trouble.why == Why::Moved);
        if moved && tries.moved < TIMES_MOVED {
            tries.moved += 1;
            return true;
        }
        self.lost_replica(error).is_some_and(|role| tries.avoid.insert(role))
    }

    /// Tells the primary how far this site has read, where that is news to it. That it cannot be told
    /// harms nobody: the log is kept for longer, or pruned, which the next build will notice.
    pub fn register(&mut self, root: &Path, memory: &mut Memory, state: &State) -> Result<()> {
        let now = jiff::Timestamp::now().as_second();
        let Some(settings) = self.settings.as_ref().filter(|settings| settings.source.has_rows()) else {
            return Ok(());
        };
        let Some(seen) = memory.seen.as_mut().filter(|seen| seen.identity.epoch.is_some()) else { return Ok(()) };
        let stale = now - seen.registered_at > REGISTER_EVERY;
        if memory.unfinished || (seen.registered == Some(seen.cursor.oldest()) && !stale) {
            return Ok(());
        }
        match register(&settings.postgres, root, seen) {
            Ok(notes) => self.notes.extend(notes),
            Err(trouble) => {
                self.notes.push(format!("This reader could not be registered: {trouble}"));
                return Ok(());
            }
        }
        seen.registered_at = now;
        seen.registered = Some(seen.cursor.oldest());
        let draft = state.begin()?;
        draft.write(|tables| memory.store(tables, false))?;
        draft.commit()
    }
}
