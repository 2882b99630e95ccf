//! One build from end to end: sync, plan, work, sweep, commit. The only place that knows the
//! order of things; each step is a file beside this one.

mod changes;
mod index;
mod journal;
mod plan;
mod references;
mod scan;
mod sync;
mod trace;
mod why;
mod work;

pub use why::{Why, why};

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::assets;
use crate::catalog::{AssetInfo, Catalog, Cell, SharedValues};
use crate::config::Settings;
use crate::diagnostics::Diagnostic;
use crate::digest::{Digest, Digester};
use crate::output::Output;
use crate::render::{Sources, Templates};
use crate::report::{Report, peak_memory_bytes};
use crate::source;
use crate::stamp::Clockwork;
use crate::state::{State, Store, Table};
use changes::Changes;

/// What a build is asked to do.
#[derive(Clone, Debug)]
pub struct Options {
    /// The site's root.
    pub root: PathBuf,
    /// Threads.
    pub jobs: usize,
    /// Whether drafts are published.
    pub drafts: bool,
    /// The moment that decides what is published, seconds since 1970.
    pub now: i64,
}

/// Told how far a phase is; for progress bars.
pub trait Progress: Sync {
    /// A phase with `total` steps begins.
    fn begin(&self, phase: &'static str, total: u64);
    /// Some steps of it are done.
    fn advance(&self, steps: u64);
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
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.jobs.max(1))
        .thread_name(|index| format!("lifthill-{index}"))
        .build()
        .context("cannot start threads")?;
    let start = Instant::now();
    let mut report = Report::default();
    Build { options, settings, progress, pool: &pool }.run(&mut report)?;
    report.seconds = start.elapsed().as_secs_f64();
    report.peak_memory_bytes = peak_memory_bytes();
    Ok(report)
}

/// Removes every output that we wrote, and the state. Returns how many files went.
pub fn forget(root: &std::path::Path) -> Result<u64> {
    let mut files = Vec::new();
    {
        let state = State::open(root, code_digest())?;
        state.snapshot()?.scan(Table::Outputs, b"", |path, _| {
            files.extend(crate::paths::RelPath::new(std::str::from_utf8(path)?));
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
    }
    let output = Output::open(root)?;
    let mut removed = 0;
    for file in files {
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
    pool: &'b rayon::ThreadPool,
}

impl Build<'_> {
    fn run(self, report: &mut Report) -> Result<()> {
        let root = &self.options.root;
        refuse_links(root)?;
        let mut state = report.timed("open", |_| State::open(root, code_digest()))?;
        let mut memory = Memory::load(&state.snapshot()?)?;
        if memory.unfinished {
            state.start_afresh(code_digest(), "the last build did not come to its end")?;
            memory = Memory::default();
        }
        report.fresh = state.fresh().map(str::to_owned);
        let output = Output::open(root)?;
        let snapshot = state.snapshot()?;
        journal::recover(&state, &snapshot, &output)?;

        // Look: both walks at once, one thread each way.
        let looking = Instant::now();
        let (listings, outputs) = self.pool.join(|| source::walk(root), || scan::outputs(&snapshot, &output));
        let outputs = outputs?;
        let (assets, asset_problems) = assets::collect(root)?;
        let (templates, template_problems) = Sources::read(root)?;
        report.diagnostics.extend(asset_problems.into_iter().chain(template_problems));
        report.diagnostics.extend(listings.iter().flat_map(|listing| listing.problems.iter().cloned()));
        report.diagnostics.extend(source::folders_with_one_slug(&listings));
        let assets = assets.into_iter().map(|(path, asset)| (path, AssetInfo { url: asset.url, digest: asset.digest }));
        let around = Surroundings { assets: assets.collect(), templates };
        let reading = source::Reading {
            now: self.options.now,
            drafts: self.options.drafts,
            rating_scale: self.settings.rating_scale,
        };
        let all_again = memory.parsing != Some((reading.drafts, reading.rating_scale));
        let due_files = memory.files_due(self.options.now);
        let mut content = scan::content(&snapshot, &listings, |path| all_again || due_files.contains(path))?;
        report.phases.insert("look", looking.elapsed().as_secs_f64());
        report.content.total = content.total;
        // What could not be looked at is not gone.
        if report.has_errors() {
            content.removed.clear();
        }

        let cells = around.cells(&self.settings);
        let mut changes = Changes::default();
        memory.compare(&cells, &mut changes);
        let has_due = plan::has_due(&snapshot)?;
        let settled = memory.build > 0 && content.is_quiet() && changes.is_empty() && !has_due;
        if settled && outputs.altered.is_empty() && outputs.restamped.is_empty() {
            if report.has_errors() {
                return Ok(());
            }
            report.pages.total = outputs.total;
            report.pages.unchanged = outputs.total;
            report.output_digest = outputs.digest.to_string();
            report.next_change = memory.next_moment(self.options.now);
            return Ok(());
        }

        // Sync and plan in one draft: a mistake in the content leaves the state as it was.
        let templates = Templates::new(&around.templates, self.settings.minify);
        if let Err(problems) = &templates {
            report.diagnostics.extend(problems.iter().cloned());
        }
        drop(snapshot);
        let clock = Clockwork::read(state.folder()).context("cannot stamp a file in the state's folder")?;
        let draft = state.begin()?;
        let syncing = Instant::now();
        let mut todo = plan::Todo::default();
        let mut memory_after = memory.after(&self, &around, &reading);
        let kept = draft.write(|tables| {
            let outcome = sync::sync(&self, tables, &content, &reading, clock, &memory, &around, &mut changes, report)?;
            memory_after.replace_moments(&outcome.parsed, outcome.moments);
            todo = plan::plan(&self, tables, &changes, &outcome.pages, &outputs, memory.build == 0, report)?;
            references::check_deleted(root, tables, &outcome.deleted, &todo, &reading, report)?;
            report.settle_diagnostics();
            memory_after.store(tables, true)?;
            Ok(!report.has_errors())
        })?;
        report.phases.insert("sync", syncing.elapsed().as_secs_f64());
        let Some(templates) = templates.ok().filter(|_| kept) else { return Ok(()) };
        draft.keep_for_this_process()?;
        journal::begin(&state, &todo)?;

        // Work on what is due, and commit what came of it.
        let catalog = Arc::new(Catalog {
            snapshot: state.snapshot()?,
            settings: self.settings.clone(),
            assets: around.assets,
            shared: SharedValues::default(),
        });
        let working = Instant::now();
        let commit = state.begin()?;
        commit.write(|tables| {
            work::work(&self, &catalog, &templates, &output, &todo, memory_after.build, tables, report)?;
            work::sweep(&output, &todo, tables, report)?;
            memory_after.store(tables, false)?;
            let (total, digest) = output_digest(tables)?;
            report.output_digest = digest.to_string();
            report.pages.total = total + plan::never_made(tables)?;
            Ok(())
        })?;
        report.phases.insert("work", working.elapsed().as_secs_f64());
        report.timed("commit", |_| commit.commit())?;
        journal::end(&state)?;
        let pages = &mut report.pages;
        pages.unchanged = pages.total.saturating_sub(pages.rendered + pages.failed);
        report.next_change = memory_after.next_moment(self.options.now);
        if report.files.written > 0 {
            Clockwork::let_tick_pass();
        }
        Ok(())
    }
}

/// The site's own folders must be in its root: a link could lead anywhere.
fn refuse_links(root: &std::path::Path) -> Result<()> {
    let folders =
        [source::FOLDER, crate::render::TEMPLATES, assets::FOLDER, crate::output::FOLDER, crate::state::FOLDER];
    for folder in folders {
        if std::fs::symlink_metadata(root.join(folder)).is_ok_and(|metadata| metadata.is_symlink()) {
            bail!("{folder}/ is a symbolic link, which is not followed; make it a folder of the site");
        }
    }
    Ok(())
}

/// Number of outputs, and one digest of all: paths and digests in path order.
fn output_digest(store: &impl Store) -> Result<(u64, Digest)> {
    let mut digester = Digester::default();
    let mut total = 0;
    store.scan(Table::Outputs, b"", |path, value| {
        let written: crate::output::Written = postcard::from_bytes(value)?;
        digester.part(path);
        digester.part(&written.digest.0);
        total += 1;
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok((total, digester.finish()))
}

/// What pages read besides content.
struct Surroundings {
    assets: BTreeMap<String, AssetInfo>,
    templates: Sources,
}

impl Surroundings {
    /// Every setting, template and asset with its digest, by the name of its cell.
    fn cells(&self, settings: &Settings) -> BTreeMap<String, (Cell, Digest)> {
        let settings = settings.digests().into_iter().map(|(name, digest)| (Cell::Setting(name), digest));
        let templates = self.templates.digests().into_iter().map(|(name, digest)| (Cell::Template(name), digest));
        let assets = self.assets.iter().map(|(path, asset)| (Cell::Asset(path.clone()), asset.digest));
        settings.chain(templates).chain(assets).map(|(cell, digest)| (cell.to_string(), (cell, digest))).collect()
    }
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
    /// Drafts and rating scale that content was parsed with.
    parsing: Option<(bool, u32)>,
    /// The moment of the build.
    now: i64,
    /// Moments at which a file says something else, sorted.
    moments: Vec<(i64, String)>,
    /// The URL of every asset, by path.
    asset_urls: BTreeMap<String, String>,
    /// Page sizes: parks, rides, companies, articles.
    per_page: Option<[u32; 4]>,
}

impl Memory {
    fn load(store: &impl Store) -> Result<Self> {
        Ok(store.value(Table::Meta, b"memory")?.unwrap_or_default())
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
            parsing: Some((reading.drafts, reading.rating_scale)),
            now: reading.now,
            moments: self.moments.clone(),
            asset_urls: around.assets.iter().map(|(path, asset)| (path.clone(), asset.url.clone())).collect(),
            per_page: Some([sizes.parks, sizes.rides, sizes.companies, sizes.articles]),
        }
    }

    fn compare(&self, cells: &BTreeMap<String, (Cell, Digest)>, changes: &mut Changes) {
        for (name, (cell, digest)) in cells {
            if self.cells.get(name) != Some(digest) {
                changes.note(cell);
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
