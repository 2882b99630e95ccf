//! Work: builds the views of due pages, renders those that differ, writes those whose bytes
//! changed; then sweeps away what no page claims. Pages in parallel, never anything inside one.

pub mod pictures;
pub mod variants;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};
use rayon::prelude::*;

use crate::assets;
use crate::catalog::{Catalog, Reader};
use crate::diagnostics::Diagnostic;
use crate::engine::arena::{DuePage, DuePages};
use crate::engine::context::Build;
use crate::engine::links::{self, Found, Known, Targets};
use crate::engine::outputs::files;
use crate::engine::plan::Todo;
use crate::engine::plan::readers::Readers;
use crate::engine::plan::trace::{Facts, Trace};
use crate::engine::work::pictures::{Demanded, Demands};
use crate::engine::work::variants::Beside;
use crate::output::{Blocked, Output, Placed};
use crate::paths::RelPath;
use crate::render::{Templates, with_answers};
use crate::report::{FailedPage, Report};
use crate::site::{Failure, PageAnswers, Route, View, view};
use crate::source;
use crate::state::{Draft, OutputSum, State, Store, Table, Tables};

/// Neighbouring pages given to one thread at a time: those of one park lie in one folder, and
/// threads that create files in one folder wait for each other.
const BATCH: usize = 32;

/// What became of a page.
enum Outcome {
    /// Rendered; its trace as bytes, what its file holds now, the pictures that it shows, the
    /// compressed variants beside it where they may have changed, and its links kept by name.
    Rendered(Vec<u8>, Placed, Demanded, Option<Beside>, Relinked),
    /// Its view is as it was; its trace as bytes.
    Same(Vec<u8>),
    /// A mistake in content or templates.
    Failed(Box<(FailedPage, Diagnostic)>),
    /// Not come to, since somebody asked to stop.
    Left,
}

/// The links of a page that are kept by name: what it had, and what it has now.
#[derive(Default)]
struct Relinked {
    before: Vec<String>,
    after: BTreeMap<String, String>,
}

/// Pages recorded in one draft: the database holds a list of everything that a draft has written. Few where
/// bugs are looked for, so that small sites have several too.
const PER_DRAFT: u64 = if cfg!(debug_assertions) { 64 } else { 1 << 16 };

/// What has come of the work.
pub struct Worked {
    /// The last draft, still open.
    pub draft: Draft,
    /// Pages that were not come to, since somebody asked to stop.
    pub left: Vec<usize>,
    /// The files of pictures that pages show and no longer show.
    pub demands: Demands,
    /// The links that pages have and no longer have.
    pub links: links::Rows,
    /// Which outputs have come and gone.
    pub outputs: OutputSum,
}

/// Works through `todo.due` and records what came of it in `state`, in as many drafts as it takes.
#[expect(clippy::too_many_arguments, reason = "each is one step's whole input; together they name the step")]
pub fn work(
    build: &Build<'_>,
    catalog: &Arc<Catalog>,
    templates: &Templates,
    output: &Output,
    todo: &Todo,
    targets: Option<&Targets<'_>>,
    number: u64,
    state: &State,
    mut readers: Option<&mut Readers>,
    report: &mut Report,
) -> Result<Worked> {
    let mut left = Vec::new();
    let mut demands = Demands::default();
    let mut outputs = OutputSum::default();
    let mut links = links::Rows::default();
    let pages = todo.due.len();
    let queue = Queue { due: &todo.due, taken: (0..pages).map(|_| AtomicBool::new(false)).collect() };
    let queue = &queue;
    let had_variants = catalog.snapshot.count(Table::Compressed)? > 0;
    let (sender, receiver) = crossbeam_channel::bounded::<Vec<(usize, DuePage, Result<Outcome>)>>(64);
    let draft = std::thread::scope(|scope| -> Result<Draft> {
        scope.spawn(move || {
            build.threads.working.install(|| {
                (0..pages.div_ceil(BATCH)).into_par_iter().for_each_with(sender, |sender, batch| {
                    let worker = Worker { build, catalog, templates, output, targets, number };
                    let mut done = Vec::with_capacity(BATCH);
                    for index in batch * BATCH..pages.min((batch + 1) * BATCH) {
                        // What somebody waits for goes before what is next.
                        while let Some(file) = build.progress.wanted() {
                            match queue.index(&file) {
                                Some(wanted) => done.extend(queue.take(wanted).map(|page| {
                                    let outcome = worker.page(&page);
                                    (wanted, page, outcome)
                                })),
                                None => build.progress.made(&file, None),
                            }
                        }
                        done.extend(queue.take(index).map(|page| {
                            let outcome = worker.page_unless_stopped(&page);
                            (index, page, outcome)
                        }));
                    }
                    // The receiver is gone only when the build has already failed.
                    let _ = sender.send(done);
                });
            });
        });
        let mut batches = receiver.into_iter();
        loop {
            let draft = state.begin()?;
            let mut recorded = 0;
            draft.write(|tables| {
                for batch in batches.by_ref() {
                    let pages = batch.len() as u64;
                    for (index, page, outcome) in batch {
                        let outcome = outcome?;
                        if matches!(outcome, Outcome::Left) {
                            left.push(index);
                            continue;
                        }
                        let readers = readers.as_deref_mut();
                        let (demands, links) = (&mut demands, &mut links);
                        record(build, &page, outcome, output, had_variants, tables, readers, demands, links, report)?;
                    }
                    build.progress.advance(pages);
                    recorded += pages;
                    if recorded >= PER_DRAFT {
                        break;
                    }
                }
                outputs.merge(tables.outputs);
                Ok(())
            })?;
            if recorded < PER_DRAFT {
                return Ok(draft);
            }
            draft.keep_for_this_process()?;
        }
    })?;
    report.rendered.sort();
    report.settle_diagnostics();
    Ok(Worked { draft, left, demands, links, outputs })
}

/// The pages of a build, each of which is taken once.
struct Queue<'q> {
    due: &'q DuePages,
    taken: Vec<AtomicBool>,
}

impl Queue<'_> {
    fn index(&self, file: &RelPath) -> Option<usize> {
        self.due.find(file.as_str(), self.due.len())
    }

    /// A page, unless somebody has taken it.
    fn take(&self, index: usize) -> Option<DuePage> {
        (!self.taken[index].swap(true, Ordering::Relaxed)).then(|| self.due.get(index))
    }
}

#[expect(clippy::too_many_arguments, reason = "each is one thing that an outcome is recorded in")]
fn record(
    build: &Build<'_>,
    page: &DuePage,
    outcome: Outcome,
    output: &Output,
    had_variants: bool,
    tables: &mut Tables<'_>,
    readers: Option<&mut Readers>,
    demands: &mut Demands,
    links: &mut links::Rows,
    report: &mut Report,
) -> Result<()> {
    let key = page.file.as_str().as_bytes();
    if let (Some(readers), Outcome::Rendered(trace, ..) | Outcome::Same(trace)) = (readers, &outcome) {
        let replace = |old: Option<&[u8]>, readers: &mut Readers| readers.replace(page.file.as_str(), old, Some(trace));
        if tables.bytes(Table::Pages, key, |old| replace(Some(old), readers))?.is_none() {
            replace(None, readers);
        }
    }
    match outcome {
        Outcome::Rendered(trace, placed, demanded, beside, relinked) => {
            demands.add(demanded);
            links.replace(tables, page.file.as_str(), &relinked.before, &relinked.after)?;
            report.outcomes(&page.file).rendered += 1;
            if build.options.names {
                report.rendered.push(page.file.to_string());
            }
            if placed.changed {
                report.outcomes(&page.file).written += 1;
                report.file_written(placed.written.stamp.size);
                links.wrote(&page.file);
            }
            tables.put(Table::Pages, key, &trace)?;
            files::put(tables, Table::Outputs, &page.file, &placed.written)?;
            tables.remove(Table::Due, key)?;
            // A first build without compression must not look for what cannot be there.
            if let Some(beside) = beside.filter(|beside| had_variants || !beside.is_empty()) {
                variants::record(&page.file, &beside, output, tables, report)?;
            }
        }
        Outcome::Same(trace) => {
            tables.put(Table::Pages, key, &trace)?;
            tables.remove(Table::Due, key)?;
        }
        Outcome::Failed(problem) => {
            report.outcomes(&page.file).failed += 1;
            report.failures.add(problem.0, problem.1);
            tables.put_value(Table::Due, key, &page.route)?;
        }
        Outcome::Left => {}
    }
    Ok(())
}

/// Removes the files of pages that are no more. Returns those that are still there: it did not come to
/// them, since somebody asked to stop, or they could not be removed.
#[expect(clippy::too_many_arguments, reason = "each is one thing that a removal is recorded in")]
pub fn sweep(
    build: &Build<'_>,
    output: &Output,
    todo: &Todo,
    tables: &mut Tables<'_>,
    mut readers: Option<&mut Readers>,
    demands: &mut Demands,
    links: &mut links::Rows,
    report: &mut Report,
) -> Result<Vec<RelPath>> {
    let had_variants = tables.count(Table::Compressed)? > 0;
    let mut kept = Vec::new();
    for (index, file) in todo.removed.iter().enumerate() {
        if build.options.stop.asked().is_some() {
            kept.extend_from_slice(&todo.removed[index..]);
            break;
        }
        let key = file.as_str().as_bytes();
        if tables.bytes(Table::Outputs, key, |_| ())?.is_some() {
            match output.remove(file) {
                Err(error) if error.is::<Blocked>() => {
                    report.diagnostics.push(Diagnostic::of_file(&format!("output/{file}"), format!("{error:#}")));
                    kept.push(file.clone());
                    continue;
                }
                removed => report.files.removed += u64::from(removed?),
            }
        }
        if let Some(trace) = tables.bytes(Table::Pages, key, Trace::decode)?.transpose()? {
            demands.add(Demanded { before: trace.facts.pictures, after: BTreeMap::new() });
            links.replace(tables, file.as_str(), &trace.facts.named, &BTreeMap::new())?;
        }
        if let Some(readers) = readers.as_deref_mut() {
            tables.bytes(Table::Pages, key, |old| readers.replace(file.as_str(), Some(old), None))?;
        }
        let ours = files::remove(tables, Table::Outputs, file)?;
        let page = tables.remove(Table::Pages, key)?;
        tables.remove(Table::Due, key)?;
        if had_variants {
            variants::remove_all(file, output, tables, report)?;
        }
        report.outcomes(file).removed += u64::from(ours || page);
    }
    Ok(kept)
}

/// The bytes of a page as they would be made now, or why it cannot be made.
pub fn make(
    build: &Build<'_>,
    catalog: &Arc<Catalog>,
    templates: &Templates,
    output: &Output,
    route: &Route,
) -> Result<Result<Vec<u8>, String>> {
    let worker = Worker { build, catalog, templates, output, targets: None, number: 0 };
    let reader = Rc::new(Reader::new(Arc::clone(catalog)));
    match view(route, &reader) {
        Ok(view) => Ok(worker.bytes(view, &reader)?.map_err(|problem| problem.to_string())),
        Err(Failure::Mistake(message)) => Ok(Err(message)),
        Err(Failure::Broken(error)) => Err(error),
    }
}

/// The links of a page that was just made.
fn links_on(page: &DuePage, html: &str, reader: &Reader, demanded: &Demanded, targets: &Targets<'_>) -> Result<Found> {
    let pictures = demanded.after.keys().map(|file| links::address::number(file.as_str())).collect();
    Found::on(html, &page.file, &Known { read: reader.addresses(), pictures }, targets)
}

/// What a page is made of.
enum Made {
    Text(String),
    Bytes(Vec<u8>),
}

impl Made {
    fn into_bytes(self) -> Vec<u8> {
        match self {
            Self::Text(text) => text.into_bytes(),
            Self::Bytes(bytes) => bytes,
        }
    }
}

/// Builds one page after another on one thread.
struct Worker<'w> {
    build: &'w Build<'w>,
    catalog: &'w Arc<Catalog>,
    templates: &'w Templates,
    output: &'w Output,
    /// What links may lead to, where somebody looks at them.
    targets: Option<&'w Targets<'w>>,
    number: u64,
}

impl Worker<'_> {
    fn page_unless_stopped(&self, page: &DuePage) -> Result<Outcome> {
        if self.build.options.stop.asked().is_some() { Ok(Outcome::Left) } else { self.page(page) }
    }

    /// A panic while a page is built is a bug of ours; it costs that page, not the build.
    fn page(&self, page: &DuePage) -> Result<Outcome> {
        let outcome = catch_unwind(AssertUnwindSafe(|| self.build(page))).unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            let message = format!("a bug of lifthill's: {}", words.unwrap_or("panic without words"));
            Ok(self.failed(page, self.mistake(page, message)))
        });
        let written = match &outcome {
            Ok(Outcome::Rendered(_, placed, ..)) => Some(&placed.written),
            _ => None,
        };
        self.build.progress.made(&page.file, written);
        outcome
    }

    fn build(&self, page: &DuePage) -> Result<Outcome> {
        let reader = Rc::new(Reader::new(Arc::clone(self.catalog)));
        let view = match view(&page.route, &reader) {
            Ok(view) => view,
            Err(Failure::Mistake(message)) => return Ok(self.failed(page, self.mistake(page, message))),
            Err(Failure::Broken(error)) => return Err(error.context(format!("cannot build {}", page.file))),
        };
        let digest = view.digest(&reader);
        let old =
            self.catalog.snapshot.bytes(Table::Pages, page.file.as_str().as_bytes(), Trace::decode)?.transpose()?;
        let (shown_before, named_before) =
            old.as_ref().map(|old| (old.facts.pictures.clone(), old.facts.named.clone())).unwrap_or_default();
        let old = old.filter(|old| old.facts.route == page.route);
        if let Some(old) = old.filter(|old| !page.render && page.known.is_some() && old.facts.view == Some(digest)) {
            let readings = crate::catalog::Readings { view: reader.readings().view, template: old.readings.template };
            return Ok(Outcome::Same(Trace { readings, links: old.links, facts: old.facts }.encode()?));
        }
        reader.begin_rendering();
        if let Some((setting, _)) = variants::packers(&self.build.settings, &page.file) {
            reader.setting(setting);
        }
        let demanded = || Demanded { before: shown_before, after: reader.demands() };
        let (placed, bytes, demanded, found) = match self.copy(&view, page).transpose() {
            Some(placed) => (placed, Vec::new(), demanded(), Found::default()),
            None => {
                let made = match view {
                    template @ View::Template { .. } => self.render(template, &reader).map(Made::Text),
                    other => self.bytes(other, &reader)?.map(Made::Bytes),
                };
                let made = match made {
                    Ok(made) => made,
                    Err(problem) => return Ok(self.failed(page, *problem)),
                };
                let demanded = demanded();
                let found = match (&made, self.targets) {
                    (Made::Text(html), Some(targets)) if page.file.extension() == Some("html") => {
                        links_on(page, html, &reader, &demanded, targets)?
                    }
                    _ => Found::default(),
                };
                let bytes = made.into_bytes();
                (self.output.place(&page.file, &bytes, page.known.as_ref()), bytes, demanded, found)
            }
        };
        let placed = match placed {
            Err(error) if error.is::<Blocked>() => return Ok(self.blocked(page, &error)),
            placed => placed?,
        };
        let facts = Facts {
            route: page.route.clone(),
            view: Some(digest),
            rendered_in: self.number,
            reason: page.reason.clone(),
            pictures: demanded.after.keys().cloned().collect(),
            named: found.named.keys().cloned().collect(),
        };
        let beside = match variants::place(self.build, self.catalog, self.output, page, &bytes, &placed) {
            Err(error) if error.is::<Blocked>() => return Ok(self.blocked(page, &error)),
            beside => beside?,
        };
        let trace = Trace { readings: reader.readings(), links: found.numbers, facts }.encode()?;
        let relinked = Relinked { before: named_before, after: found.named };
        Ok(Outcome::Rendered(trace, placed, demanded, beside, relinked))
    }

    /// The bytes that a view becomes, or what its template does wrong.
    fn bytes(&self, view: View, reader: &Rc<Reader>) -> Result<Result<Vec<u8>, Box<Diagnostic>>> {
        match view {
            View::Bytes(bytes) => Ok(Ok(bytes)),
            View::File(path, _) => self.file(&path).map(Ok),
            template @ View::Template { .. } => Ok(self.render(template, reader).map(String::into_bytes)),
        }
    }

    fn render(&self, view: View, reader: &Rc<Reader>) -> Result<String, Box<Diagnostic>> {
        let Some((template, context)) = view.into_context() else { return Ok(String::new()) };
        reader.template(template);
        reader.setting("minify");
        let answers = Rc::new(PageAnswers(Rc::clone(reader)));
        with_answers(answers, || self.templates.render(template, &context)).map(|rendered| rendered.0)
    }

    /// Places an asset that is a copy of a file and has no compressed variants; `None` for all else.
    fn copy(&self, view: &View, page: &DuePage) -> Result<Option<Placed>> {
        let View::File(path, digest) = view else { return Ok(None) };
        let assets = &self.catalog.assets;
        let Some(asset) = path.strip_prefix(assets::FOLDER).and_then(|rest| rest.strip_prefix('/')) else {
            return Ok(None);
        };
        let Some((source, size)) = assets.copied_from(asset).zip(assets.by_path.get(asset).map(|one| one.size)) else {
            return Ok(None);
        };
        let source = self.build.options.root.join(source);
        self.output.place_copy(&page.file, &source, (*digest, size), page.known.as_ref()).map(Some)
    }

    /// The bytes of an asset, by its path in the root.
    fn file(&self, path: &str) -> Result<Vec<u8>> {
        let asset = path.strip_prefix(assets::FOLDER).and_then(|rest| rest.strip_prefix('/'));
        let asset = asset.with_context(|| format!("{path} is no asset"))?;
        Ok(self.catalog.assets.bytes(&self.build.options.root, asset)?.into_owned())
    }

    fn blocked(&self, page: &DuePage, error: &anyhow::Error) -> Outcome {
        self.failed(page, self.mistake(page, format!("{error:#}")))
    }

    fn failed(&self, page: &DuePage, problem: Diagnostic) -> Outcome {
        let url = page.route.url().map(|url| url.to_string()).unwrap_or_default();
        Outcome::Failed(Box::new((FailedPage { url, origin: self.origin_of(page) }, problem)))
    }

    /// A mistake that has no place but the page's own.
    fn mistake(&self, page: &DuePage, message: String) -> Diagnostic {
        let url = page.route.url().map(|url| url.to_string()).unwrap_or_default();
        Diagnostic::of_file(&self.origin_of(page).unwrap_or_else(|| format!("page {url}")), message)
    }

    fn origin_of(&self, page: &DuePage) -> Option<String> {
        let (Route::Record(id) | Route::Later(id, _)) = &page.route else { return None };
        self.origin(id).map(|origin| source::origin_name(&origin))
    }

    fn origin(&self, id: &crate::model::RecordId) -> Option<String> {
        let key = crate::catalog::keys::record(id);
        let stored: Option<crate::catalog::StoredRecord> = self.catalog.snapshot.value(Table::Records, &key).ok()?;
        stored.map(|stored| stored.origin)
    }
}
