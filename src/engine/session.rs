//! A site held open: its state, its output folder, what the last build remembers, and what it read
//! of templates and assets. On it the same steps can be run again and again; each run is a whole
//! build. Knows nothing of who asks for one.
//!
//! Laws. A run that looks only at what was touched does just what a run that looks at everything
//! would do, provided nothing else has changed: both compare the same stamps with the same state.
//! What a run looked at without coming to its end is looked at again by the next. Runs are kept
//! for this process; [`Session::settle`] makes them survive it, and until then the journal names
//! every file they may have made.

mod belief;
mod ground;
mod steps;

use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;

use crate::cas::Cas;
use crate::config::Settings;
use crate::diagnostics::Diagnostic;
use crate::engine::context::code_digest;
use crate::engine::explain::impact::{Impact, impact_in};
use crate::engine::explain::why::{Why, why_in};
use crate::engine::memory::Memory;
use crate::engine::options::{Extent, Options};
use crate::engine::outputs::held_remotely::Elsewhere;
use crate::engine::outputs::{files, journal, strangers};
use crate::engine::plan::readers::Readers;
use crate::engine::plan::trace::Trace;
use crate::engine::progress::Progress;
use crate::engine::scan::database;
use crate::engine::scan::inputs::Surroundings;
use crate::engine::scan::refusals;
use crate::engine::scan::scope::Look;
use crate::engine::threads::Threads;
use crate::engine::trust::scratch;
use crate::media::{Budget, limits};
use crate::output::Output;
use crate::paths::RelPath;
use crate::render::Templates;
use crate::report::Report;
use crate::stamp::FileId;
use crate::state::{self, Snapshot, State, Store, Table};
use crate::stop::Stop;

/// A site held open.
pub struct Session {
    options: Options,
    threads: Threads,
    state: State,
    cas: Cas,
    output: Output,
    budget: Budget,
    memory: Memory,
    /// What the last run read besides content; `None` where it must be read again.
    around: Option<Surroundings>,
    /// The templates as last loaded.
    templates: Option<Arc<Templates>>,
    /// Who reads what, once somebody has asked for it to be kept.
    readers: Option<Readers>,
    /// What has been looked at by runs that came to nothing.
    unsettled: Look,
    /// What there is to know of the database, if one is read.
    database: database::Reading,
    /// Files that runs have removed since the last settling.
    removed: Vec<RelPath>,
    /// Whether anything is kept for this process only.
    kept: bool,
    /// Outputs that may be missing.
    elsewhere: Elsewhere,
    /// What is worth knowing of the names below `content/`, as all were looked at last.
    walked: Vec<Diagnostic>,
    /// Why nothing of an earlier build could be used, until the first report has said so.
    fresh: Option<String>,
    /// The folder that `output/` was when all of it was looked at.
    output_seen: Option<FileId>,
    /// Whether the last run was one that no run goes on with.
    refused: bool,
}

impl Session {
    /// Opens the site at `options.root`. Nobody else can open it meanwhile.
    pub fn open(options: Options) -> Result<Self> {
        let threads = Threads::start(&options)?;
        refusals::refuse_links(&options.root)?;
        let (home, disk) = (options.home(), &options.disk);
        let (state, output) = match options.extent {
            Extent::Whole => (State::open(home, code_digest(), disk, options.room)?, Output::open(home, disk)?),
            Extent::Plan => (State::peek(home, code_digest(), options.room)?, Output::look(home, disk)?),
        };
        if options.extent == Extent::Whole {
            scratch::remove_stale(home)?;
        }
        let cas = match options.extent {
            Extent::Whole => Cas::open(state.folder(), disk),
            Extent::Plan => Cas::look(state.folder()),
        };
        let fresh = state.fresh().map(str::to_owned);
        let mut session = Self {
            options,
            threads,
            cas,
            state,
            output,
            budget: Budget::new(limits::IN_FLIGHT),
            memory: Memory::default(),
            around: None,
            templates: None,
            readers: None,
            unsettled: Look::Everything,
            database: database::Reading::default(),
            removed: Vec::new(),
            kept: false,
            elsewhere: Elsewhere::default(),
            walked: Vec::new(),
            fresh,
            output_seen: None,
            refused: false,
        };
        match session.remember() {
            Err(error) if session.is_past_belief(&error) => session.begin_anew(&error)?,
            remembered => remembered?,
        }
        Ok(session)
    }

    /// From now on outputs whose bytes are `elsewhere` may be missing.
    pub fn spare(&mut self, elsewhere: Elsewhere) {
        self.elsewhere = elsewhere;
    }

    /// One build: look, sync, plan, work, sweep, as of the moment `now`. What is wrong with the
    /// site is in the report; an error is about the file system or the state.
    pub fn run(&mut self, now: i64, settings: Settings, look: Look, progress: &dyn Progress) -> Result<Report> {
        let start = Instant::now();
        let mut report = Report::default();
        refusals::refuse_links(&self.options.root)?;
        let lack = refusals::lack(&self.options.root, &settings);
        self.refused = lack.is_some();
        if let Some(lack) = lack {
            self.look_later(look);
            report.diagnostics.push(lack);
            return Ok(report);
        }
        let look = self.make_sure(look)?;
        if self.memory.unfinished {
            self.forget_unfinished()?;
        }
        let options = Options { now, ..self.options.clone() };
        let look = std::mem::replace(&mut self.unsettled, Look::Everything).and(look);
        let mut done = self.attempt(&options, &settings, look, progress, &mut report);
        if let Err(error) = &done
            && self.is_past_belief(error)
        {
            self.begin_anew(error)?;
            report = Report::default();
            done = self.attempt(&options, &settings, Look::Everything, progress, &mut report);
        }
        // What was decoded and then shown by no page.
        self.budget.clear();
        self.tell_surprises(&mut report);
        report.bound_diagnostics();
        report.seconds = start.elapsed().as_secs_f64();
        done.map(|()| report)
    }

    /// Makes everything that was kept for this process survive it; then tells a database how far it
    /// has been read.
    pub fn settle(&mut self) -> Result<()> {
        // A state that was taken away is nobody's any more; the next run begins another.
        if !self.state.is_in_place() {
            return Ok(());
        }
        if self.kept {
            self.state.begin()?.commit()?;
            journal::end(&self.state, &self.removed)?;
            self.removed.clear();
            self.kept = false;
        }
        self.database.register(&self.options.root, &mut self.memory, &self.state)
    }

    /// Removes everything below `output/` that no page claims, after a run without mistakes; in a plan
    /// only says what that is.
    pub fn prune(&self, report: &mut Report) -> Result<()> {
        if report.has_errors() || report.stopped.is_some() {
            return Ok(());
        }
        strangers::prune(&self.output, &self.state.snapshot()?, report)
    }

    /// What became known of the database since this was last asked.
    pub fn take_notes(&mut self) -> Vec<String> {
        std::mem::take(&mut self.database.notes)
    }

    /// Keeps in memory from now on who reads what, so that a run costs what it changes. Worth its
    /// reading of all traces where many runs are to come.
    pub fn keep_readers(&mut self) -> Result<()> {
        if self.readers.is_none() {
            self.readers = Some(Readers::load(&self.state.snapshot()?)?);
        }
        Ok(())
    }

    /// What is known now.
    pub fn snapshot(&self) -> Result<Snapshot> {
        self.state.snapshot()
    }

    /// One digest of all outputs, as the last run left them.
    pub fn output_digest(&self) -> Result<String> {
        Ok(files::sum(&self.state.snapshot()?)?.digest.finish().to_string())
    }

    /// Why a page was last rendered, by its file; `None` where there is no such page.
    pub fn reason(&self, file: &RelPath) -> Option<String> {
        let snapshot = self.state.snapshot().ok()?;
        let trace = snapshot.bytes(Table::Pages, file.as_str().as_bytes(), Trace::decode).ok()??;
        trace.ok().map(|trace| trace.facts.reason)
    }

    /// Seconds from `now` until the output changes by itself.
    pub fn next_change(&self, now: i64) -> Option<u64> {
        self.memory.next_moment(now).map(|moment| moment.abs_diff(now))
    }

    /// Runs from now on stop when `stop` says so.
    pub fn heed(&mut self, stop: Stop) {
        self.options.stop = stop;
    }

    /// The next run also looks at what `look` does.
    pub fn look_later(&mut self, look: Look) {
        self.unsettled = std::mem::replace(&mut self.unsettled, Look::Everything).and(look);
    }

    /// Explains the page at `url`.
    pub fn why(&self, settings: Settings, url: &str) -> Result<Why> {
        why_in(&self.state, &self.options.root, settings, url)
    }

    /// Says what would be looked at if `subject` changed.
    pub fn impact(&self, settings: &Settings, subject: &str) -> Result<Impact> {
        impact_in(&self.state, &self.options.root, settings, subject)
    }
}
