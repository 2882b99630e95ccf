//! One build from end to end: look, sync, plan, work, sweep, commit. A [`Session`] holds the site
//! open and runs these steps as often as it is asked to; [`build`] asks once. Each step is a file
//! beside this one, their order is in `session.rs`.

mod ahead;
mod around;
mod bodies;
mod cache;
mod changes;
mod check;
mod database;
mod dates;
mod differences;
mod doubled;
mod due;
mod elsewhere;
mod files;
mod folders;
mod history;
mod idle;
mod impact;
mod index;
mod inventory;
mod journal;
mod links;
mod look;
mod named;
mod packed;
mod pending;
mod photo_folder;
mod pictures;
mod places;
mod plan;
mod readers;
mod references;
mod refusals;
mod rows;
mod sample;
mod scan;
mod scratch;
mod see;
mod session;
mod slices;
mod strangers;
mod sync;
mod threads;
mod told;
mod trace;
mod variants;
mod verify;
mod warnings;
mod why;
mod work;

pub use cache::{Dropped, Kept, collect, kept};
pub use check::check;
pub use elsewhere::Elsewhere;
pub use files::written;
pub use history::{History, history};
pub use impact::{Impact, impact};
pub use inventory::{Held, Inventory, OutputFile, inventory};
pub use journal::Ours;
pub use look::{Look, Touched};
pub use named::page_files;
pub use refusals::lack;
pub use sample::{Sample, verify_sample};
pub use session::Session;
pub use verify::verify;
pub use why::{Why, why};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use threads::Threads;

use crate::cas::Cas;
use crate::catalog::Cell;
use crate::compress;
use crate::config::Settings;
use crate::config::hosting::HostFile;
use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::disk::Disk;
use crate::media::Budget;
use crate::output::{Output, Written};
use crate::paths::RelPath;
use crate::report::{Report, peak_memory_bytes};
use crate::room::{Lists, Room};
use crate::source;
use crate::stamp::Clockwork;
use crate::state::{State, Store, Table};
use crate::stop::Stop;
use around::Surroundings;
use changes::Changes;

/// What a build is asked to do.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The site's root.
    pub root: PathBuf,
    /// Where output and state lie, if not in the root.
    pub home: Option<PathBuf>,
    /// Where the history of its content is, if not in the root.
    pub repository: Option<PathBuf>,
    /// How far it goes.
    pub extent: Extent,
    /// Which outputs are ours where the state is lost.
    pub ours: Ours,
    /// The hands that change the disk.
    pub disk: Disk,
    /// Whether somebody has asked to stop.
    pub stop: Stop,
    /// Threads.
    pub jobs: usize,
    /// How much memory it may take.
    pub room: Room,
    /// Whether drafts are published.
    pub drafts: bool,
    /// The moment that decides what is published, seconds since 1970.
    pub now: i64,
    /// Whether a database is read in full rather than only what its change log tells.
    pub full_scan: bool,
    /// Whether the report names every page that was rendered: as long a list as the site.
    pub names: bool,
}

/// How far a build goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// To the end.
    #[default]
    Whole,
    /// To the plan: what would be done, and why. Nothing is written.
    Plan,
}

impl Options {
    /// The folder in which output and state lie.
    fn home(&self) -> &std::path::Path {
        self.home.as_deref().unwrap_or(&self.root)
    }

    /// The clock of the file system in which the state lies; that of a plan believes nothing.
    fn clock(&self, state: &State) -> Result<Clockwork> {
        if self.extent == Extent::Plan {
            return Ok(Clockwork::default());
        }
        let stamped = self.disk.anew(&state.folder().join("clock")).and_then(|file| {
            self.disk.set_len(&file, 1)?;
            file.metadata()
        });
        Ok(Clockwork::of(&stamped.context("cannot stamp a file in the state's folder")?))
    }

    /// What is held of every page that is due, once nothing is held of content files any more.
    fn lists(&self, todo: &plan::Todo) -> Lists {
        let due = todo.due.len() as u64;
        // Of a plan every page is told with its address and the reason.
        let names = match self.extent {
            Extent::Plan => 3 * due,
            Extent::Whole => due * u64::from(self.names),
        };
        Lists { files: 0, due, names }
    }
}

/// Told how far a build is, by several threads at once; for progress bars, and for those who wait
/// for a page.
pub trait Progress: Sync {
    /// A phase with `total` steps begins.
    fn begin(&self, phase: &'static str, total: u64);
    /// Some steps of it are done.
    fn advance(&self, steps: u64);
    /// A file below `output/` that somebody waits for: if it is due it comes next.
    fn wanted(&self) -> Option<RelPath> {
        None
    }
    /// A file is now as this build leaves it: what it holds if it was made anew, `None` if it is as
    /// it was.
    fn made(&self, _: &RelPath, _: Option<&Written>) {}
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}

/// The digest of the code that pages depend on, made when it was compiled.
pub fn code_digest() -> Digest {
    Digest::of(env!("LIFTHILL_CODE").as_bytes())
}

/// Builds the site at `options.root` with `settings`. What is wrong with the site is in the
/// report; an error is about the file system or the state.
pub fn build(options: &Options, settings: Settings, progress: &dyn Progress) -> Result<Report> {
    build_for(options, settings, &Elsewhere::default(), progress)
}

/// Builds as [`build`] does, but for files whose bytes are elsewhere already: they are not made
/// only because they are missing.
pub fn build_for(
    options: &Options,
    settings: Settings,
    elsewhere: &Elsewhere,
    progress: &dyn Progress,
) -> Result<Report> {
    let start = Instant::now();
    let mut session = Session::open(options.clone())?;
    session.spare(elsewhere.clone());
    let opened = start.elapsed().as_secs_f64();
    let mut report = session.run(options.now, settings, Look::Everything, progress)?;
    report.phases.insert("open", opened);
    if options.ours == Ours::All {
        session.prune(&mut report)?;
    }
    if options.extent == Extent::Whole {
        report.timed("commit", |_| session.settle())?;
        report.rows.notes.extend(session.take_notes());
    }
    if report.files.written > 0 {
        Clockwork::let_tick_pass();
    }
    report.seconds = start.elapsed().as_secs_f64();
    report.peak_memory_bytes = peak_memory_bytes();
    Ok(report)
}

/// Removes every output that we wrote, and the state. Returns how many files went.
pub fn forget(root: &std::path::Path) -> Result<u64> {
    let disk = Disk::default();
    let mut ours = BTreeSet::new();
    let output = Output::open(root, &disk)?;
    {
        let state = State::open(root, code_digest(), &disk, Room::default())?;
        ours.extend(journal::ours(state.folder(), &output)?);
        ours.extend(files::names(&state.snapshot()?)?);
    }
    let mut removed = 0;
    for file in ours {
        removed += u64::from(output.remove(&file)?);
    }
    std::fs::remove_dir_all(root.join(crate::state::FOLDER)).context("cannot remove the state")?;
    Ok(removed)
}

/// What every step needs.
struct Build<'b> {
    options: &'b Options,
    settings: Settings,
    progress: &'b dyn Progress,
    threads: &'b Threads,
    /// What was made by earlier builds.
    cas: &'b Cas,
    /// Bounds what is decoded at one moment.
    budget: &'b Budget,
    /// What was compressed.
    compressed: compress::Counts,
}

/// What one build remembers for the next, besides records and pages.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Memory {
    /// How many builds there have been; 0 before the first was finished.
    build: u64,
    /// Whether the build that wrote this went on to the end.
    unfinished: bool,
    /// Settings, templates and assets: name of the cell, digest.
    cells: BTreeMap<String, Digest>,
    /// What is needed to tell what is different about settings and templates.
    told: told::Told,
    /// What content was parsed with, besides the moment.
    parsing: Option<Parsing>,
    /// The moment of the build.
    now: i64,
    /// Moments at which a file says something else, sorted.
    moments: Vec<(i64, String)>,
    /// Path and URL of every published asset; one may have two URLs.
    asset_urls: BTreeSet<(String, String)>,
    /// The files for servers and hosts.
    host_files: BTreeSet<HostFile>,
    /// Page sizes: parks, rides, companies, articles.
    per_page: Option<[u32; 4]>,
    /// Whether content files hold records; `None` before the first build.
    from_files: Option<bool>,
    /// The file system's clock when the last output had been written.
    settled: Clockwork,
    /// What links were looked at with; `None` where nobody looked.
    links: Option<Digest>,
    /// How far a database has been read.
    seen: Option<crate::source::postgres::Seen>,
    /// How many of the outputs are pages.
    pages: i64,
    /// What was checked out when the dates of commits were last asked for; nothing where they are not.
    commits: Option<String>,
}

/// What rows and files are read by besides the moment: drafts, the rating scale, whether HTML is trusted, and the
/// folder of the photos of rows.
type Parsing = (bool, u32, bool, Option<String>);

fn parsing(reading: &source::Reading, settings: &Settings) -> Parsing {
    (reading.drafts, reading.rating_scale, reading.trust_html, settings.photos.folder.clone())
}

impl Memory {
    fn load(store: &impl Store) -> Result<Self> {
        Ok(store.value(Table::Meta, b"memory")?.unwrap_or_default())
    }

    /// That of a site that has been built; fails where it has not been.
    fn of_a_build(store: &impl Store) -> Result<Self> {
        let memory = Self::load(store)?;
        if memory.build == 0 {
            bail!("this site has not been built yet by this version; run `lifthill build` first");
        }
        Ok(memory)
    }

    fn store(&self, tables: &mut crate::state::Tables<'_>, unfinished: bool) -> Result<()> {
        tables.put_value(Table::Meta, b"memory", &Self { unfinished, ..self.clone() })
    }

    /// The memory of the build that is now beginning.
    fn after(&self, build: &Build<'_>, around: &Surroundings, reading: &source::Reading) -> Self {
        let sizes = build.settings.per_page;
        let cells = around.cells(&build.settings);
        Self {
            build: self.build + 1,
            unfinished: true,
            cells: cells.iter().map(|(name, (_, digest))| (name.clone(), *digest)).collect(),
            told: told::told(&build.settings, &around.templates),
            parsing: Some(parsing(reading, &build.settings)),
            now: reading.now,
            moments: self.moments.clone(),
            asset_urls: around.assets.published(),
            host_files: build.settings.hosting.files().into_iter().collect(),
            per_page: Some([sizes.parks, sizes.rides, sizes.companies, sizes.articles]),
            from_files: Some(build.settings.source.has_files()),
            settled: Clockwork::default(),
            links: links::looked_with(&build.settings),
            seen: self.seen.clone(),
            pages: self.pages,
            commits: self.commits.clone(),
        }
    }

    /// Notes settings, templates and assets that are other than in this memory.
    fn compare(&self, settings: &Settings, around: &Surroundings, changes: &mut Changes) {
        let cells = &around.cells(settings);
        let mut now = None;
        for (name, (cell, digest)) in cells {
            if self.cells.get(name) != Some(digest) {
                let now = now.get_or_insert_with(|| told::told(settings, &around.templates));
                changes.note_with(cell, || told::detail(cell, &self.told, now, &around.templates));
            }
        }
        for name in self.cells.keys().filter(|name| !cells.contains_key(*name)) {
            let cell = [
                name.strip_prefix("setting ").map(|name| Cell::Setting(name.to_owned())),
                name.strip_prefix("template ").map(|name| Cell::Template(name.to_owned())),
                name.strip_prefix("asset ").map(|path| Cell::Asset(path.to_owned())),
            ];
            cell.iter().flatten().for_each(|cell| changes.note(cell));
        }
    }

    /// Files that say something else at `now` than at the moment of this memory.
    fn files_due(&self, now: i64) -> BTreeSet<String> {
        let (from, to) = (self.now.min(now), self.now.max(now));
        let passed = self.moments.iter().filter(|(moment, _)| (from + 1..=to).contains(moment));
        passed.map(|(_, path)| path.clone()).collect()
    }

    /// How many of the outputs are pages, as the build finds them: counted where it looks at all.
    fn outputs(&self, look: &Look, outputs: &scan::OutputScan) -> i64 {
        if matches!(look, Look::Everything) { outputs.known.pages } else { self.pages }
    }

    fn next_moment(&self, now: i64) -> Option<i64> {
        self.moments.iter().map(|(moment, _)| *moment).find(|moment| *moment > now)
    }

    fn replace_moments(&mut self, parsed: &BTreeSet<String>, new: Vec<(i64, String)>) {
        self.moments.retain(|(_, path)| !parsed.contains(path));
        self.moments.extend(new);
        self.moments.sort();
    }
}

/// A mistake in the site's content, at no particular place.
fn mistake(file: &str, message: impl Into<String>) -> Diagnostic {
    Diagnostic::of_file(file, message)
}
