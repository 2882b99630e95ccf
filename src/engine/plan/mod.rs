//! Plan: which pages are due and why, and which are no more. Renders nothing.

pub mod pending_pages;
pub mod readers;
pub mod trace;

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use anyhow::Result;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use crate::catalog::CellId;
use crate::diagnostics::Diagnostic;
use crate::engine::arena::{At, DuePage, DuePages, NewPages, Packed, PageChanges};
use crate::engine::changes::Changes;
use crate::engine::context::Build;
use crate::engine::links::address;
use crate::engine::options::{Extent, Options};
use crate::engine::outputs::files;
use crate::engine::plan::readers::Readers;
use crate::engine::plan::trace::{Touch, Trace, links_to, reason, touched};
use crate::engine::scan::OutputScan;
use crate::output::Written;
use crate::paths::RelPath;
use crate::report::{Planned, PlannedPage, Report};
use crate::room::Lists;
use crate::site::Route;
use crate::source;
use crate::state::{Snapshot, Store, Table, Tables};

/// The work of a build.
#[derive(Debug, Default)]
pub struct Todo {
    /// Pages to look at, by file.
    pub due: DuePages,
    /// Files of pages that are no more.
    pub removed: Vec<RelPath>,
    /// Pages, due or not, that link to what is no more.
    pub links_broken: Vec<RelPath>,
    /// Files whose compressed variants must be looked at; `None` for those of all files.
    repack: Option<BTreeSet<RelPath>>,
}

/// Decides what is to be done. `snapshot` is the state before the build, whose traces still hold; `readers` only
/// spares looking through those of pages that read nothing of what changed.
#[expect(clippy::too_many_arguments, reason = "each is one step's whole input; together they name the step")]
pub fn plan(
    build: &Build<'_>,
    snapshot: &Snapshot,
    tables: &mut Tables<'_>,
    changes: &Changes,
    pages: PageChanges,
    outputs: &OutputScan,
    readers: Option<&Readers>,
    first: bool,
    report: &mut Report,
) -> Result<Todo> {
    // Before anything is said of these files: a page that is made anew is known by its new bytes.
    for (file, written) in &outputs.restamped {
        files::put(tables, Table::Outputs, file, written)?;
    }
    for (variant, written) in &outputs.restamped_variants {
        files::put(tables, Table::Compressed, variant, written)?;
    }
    let unpacked = &outputs.unpacked;
    let repack_all = first || changes.repacks();
    let altered: BTreeSet<&RelPath> = outputs.altered.iter().collect();
    let (NewPages { packed, mut claims }, removed) = pages.settle();
    report_conflicts(tables, &packed, &claims, &removed, report)?;
    claims.dedup_by(|a, b| packed.file(*a) == packed.file(*b));

    let mut todo =
        Todo { due: DuePages::of(packed), repack: (!repack_all).then(|| unpacked.clone()), ..Todo::default() };
    for claim in claims {
        todo.add_new(tables, &altered, claim)?;
    }
    // They come sorted by file.
    let new = todo.due.len();
    let is_new = |due: &DuePages, file: &RelPath| due.find(file.as_str(), new).is_some();
    let crate::engine::plan::pending_pages::LeftOver { pages: mut left_over, removals } =
        crate::engine::plan::pending_pages::all(tables)?;
    let gone = removed.iter().chain(&removals).filter(|file| !is_new(&todo.due, file));
    let gone: FxHashSet<CellId> = gone.map(|file| address::number(file.as_str())).collect();
    let odd: BTreeSet<&str> = altered.iter().copied().chain(unpacked).map(|file| file.as_str()).collect();
    let mut consider = |name: &str, bytes: &[u8]| {
        let Some(file) = RelPath::new(name) else { return anyhow::Ok(()) };
        if links_to(bytes, &gone) && !removed.contains(&file) {
            todo.links_broken.push(file.clone());
        }
        let hit = match touched(bytes, changes) {
            _ if altered.contains(&file) => Some(("its file is missing or was altered".to_owned(), true)),
            _ if unpacked.contains(&file) => {
                Some(("a compressed form of it is missing or was altered".to_owned(), true))
            }
            Some(touch) => Some((reason(bytes, changes), touch == Touch::Template)),
            None => None,
        };
        if let Some((reason, render)) = hit
            && !removed.contains(&file)
            && !is_new(&todo.due, &file)
        {
            // What a page that was left last showed may be older than the view in its trace.
            let left = left_over.remove(&file).is_some();
            todo.add(tables, &altered, file, Trace::decode(bytes)?.facts.route, reason, render || left)?;
        }
        Ok(())
    };
    let mut look_at =
        |file: &str| tables.bytes(Table::Pages, file.as_bytes(), |bytes| consider(file, bytes))?.unwrap_or(Ok(()));
    odd.iter().try_for_each(|file| look_at(file))?;
    if let Some(readers) = readers {
        let mut files = readers.touched_by(changes, &gone);
        files.retain(|file| !odd.contains(file));
        files.sort_unstable();
        files.into_iter().try_for_each(look_at)?;
    } else if !changes.is_empty() || !gone.is_empty() {
        for stretches in stretches(&outputs.marks).chunks(STRETCHES_AT_ONCE) {
            let find = |stretch: &Stretch<'_>| touched_in(snapshot, *stretch, changes, &gone);
            let found: Result<Vec<_>> = build.threads.working.install(|| stretches.par_iter().map(find).collect());
            let mut files = found?.into_iter().flatten().filter(|file| !odd.contains(&**file));
            files.try_for_each(|file| look_at(&file))?;
        }
    }
    for (file, left) in left_over {
        if !is_new(&todo.due, &file) && !removed.contains(&file) {
            let reason = left.reason.unwrap_or_else(|| "it failed in an earlier build".to_owned());
            todo.add(tables, &altered, file, left.route, reason, true)?;
        }
    }
    let removed: BTreeSet<&RelPath> = removed.iter().chain(&removals).collect();
    todo.removed = removed.into_iter().filter(|file| !is_new(&todo.due, file)).cloned().collect();
    todo.due.sort();
    if first {
        todo.remove_unclaimed(tables)?;
    }
    build.progress.begin("rendering", todo.due.len() as u64);
    Ok(todo)
}

/// Pages from a file on, up to another.
type Stretch<'m> = (&'m str, Option<&'m str>);

/// Stretches looked through before what was found is dealt with: it is held that long.
const STRETCHES_AT_ONCE: usize = 8;

/// All pages, cut at the marks.
fn stretches(marks: &[RelPath]) -> Vec<Stretch<'_>> {
    let starts = std::iter::once("").chain(marks.iter().map(RelPath::as_str));
    let ends = marks.iter().map(|mark| Some(mark.as_str())).chain([None]);
    starts.zip(ends).collect()
}

/// The pages of a stretch that read anything that changed, or link to anything that is gone.
fn touched_in(
    snapshot: &Snapshot,
    (start, end): Stretch<'_>,
    changes: &Changes,
    gone: &FxHashSet<CellId>,
) -> Result<Vec<Box<str>>> {
    let mut found = Vec::new();
    snapshot.scan(Table::Pages, start.as_bytes(), |key, bytes| {
        if end.is_some_and(|end| key >= end.as_bytes()) {
            return Ok(ControlFlow::Break(()));
        }
        if touched(bytes, changes).is_some() || links_to(bytes, gone) {
            found.push(std::str::from_utf8(key)?.into());
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

impl Todo {
    /// What is held of every page that is due, once nothing is held of content files any more.
    pub fn lists(&self, options: &Options) -> Lists {
        let due = self.due.len() as u64;
        // Of a plan every page is told with its address and the reason.
        let names = match options.extent {
            Extent::Plan => 3 * due,
            Extent::Whole => due * u64::from(options.names),
        };
        Lists { files: 0, due, names }
    }

    /// The work in words.
    pub fn planned(&self) -> Planned {
        let mut planned = Planned::default();
        for page in self.due.iter() {
            let kind = page.route.kind();
            *planned.by_kind.entry(kind).or_default() += 1;
            planned.due.push(PlannedPage {
                page: page.route.url().map(|url| url.to_string()).unwrap_or_default(),
                file: page.file.to_string(),
                kind,
                reason: page.reason.clone(),
                certain: page.render || page.known.is_none(),
            });
        }
        planned.removed = self.removed.iter().map(RelPath::to_string).collect();
        planned
    }

    fn add(
        &mut self,
        tables: &Tables<'_>,
        altered: &BTreeSet<&RelPath>,
        file: RelPath,
        route: Route,
        reason: String,
        render: bool,
    ) -> Result<()> {
        let (known, repack) = self.known(tables, altered, &file)?;
        self.due.add(&DuePage { file, route, reason, render, known, repack });
        Ok(())
    }

    fn add_new(&mut self, tables: &Tables<'_>, altered: &BTreeSet<&RelPath>, page: At) -> Result<()> {
        let Some(file) = RelPath::new(self.due.packed(page)) else { return Ok(()) };
        let (known, repack) = self.known(tables, altered, &file)?;
        self.due.add_at(page, "it is a new page", true, known, repack);
        Ok(())
    }

    /// What a file holds, and whether its compressed variants must be looked at.
    fn known(
        &self,
        tables: &Tables<'_>,
        altered: &BTreeSet<&RelPath>,
        file: &RelPath,
    ) -> Result<(Option<Written>, bool)> {
        let known: Option<Written> = tables.value(Table::Outputs, file.as_str().as_bytes())?;
        let known = known.filter(|_| !altered.contains(file));
        let repack = known.is_none() || self.repack.as_ref().is_none_or(|files| files.contains(file));
        Ok((known, repack))
    }

    /// A first build knows from an older state only which files were ours: those that no page
    /// claims now go. Which pictures are claimed is only known when all pages are rendered.
    fn remove_unclaimed(&mut self, tables: &Tables<'_>) -> Result<()> {
        let claimed = |file: &RelPath| self.due.find(file.as_str(), self.due.len()).is_some();
        let mut unclaimed = Vec::new();
        tables.scan(Table::Outputs, b"", |key, _| {
            let file = RelPath::new(std::str::from_utf8(key)?);
            unclaimed.extend(file.filter(|file| !claimed(file) && !files::is_picture(file)));
            Ok(ControlFlow::Continue(()))
        })?;
        self.removed.extend(unclaimed);
        Ok(())
    }
}

/// Two pages cannot have one file.
fn report_conflicts(
    tables: &Tables<'_>,
    packed: &Packed,
    claims: &[At],
    removed: &BTreeSet<RelPath>,
    report: &mut Report,
) -> Result<()> {
    for of_file in claims.chunk_by(|a, b| packed.file(*a) == packed.file(*b)) {
        let file = packed.file(of_file[0]);
        let holder = tables.bytes(Table::Pages, file.as_bytes(), Trace::decode)?.transpose()?;
        if of_file.len() == 1 && holder.is_none() {
            continue;
        }
        let mut claims: Vec<Route> = of_file.iter().map(|claim| packed.page(*claim).1).collect();
        let stays = |file: &str| RelPath::new(file).is_none_or(|file| !removed.contains(&file));
        if let Some(holder) = holder.filter(|_| stays(file)) {
            claims.push(holder.facts.route);
        }
        claims.sort();
        claims.dedup();
        if claims.len() > 1 {
            let claimed: Vec<String> = claims.iter().map(|route| describe(tables, route)).collect::<Result<_>>()?;
            let place = claims.iter().find_map(|route| origin(tables, route).transpose()).transpose()?;
            let url = claims[0].url().map(|url| url.to_string()).unwrap_or_default();
            let message = format!("two pages want the URL {url}: {}", claimed.join(" and "));
            let file = place.map_or_else(|| source::FOLDER.to_owned(), |origin| source::origin_name(&origin));
            report.tell([Diagnostic::of_file(&file, message).help("change an alias, a former slug or a slug")]);
        }
    }
    Ok(())
}

fn origin(tables: &Tables<'_>, route: &Route) -> Result<Option<String>> {
    let (Route::Record(id) | Route::Redirect(_, id) | Route::Later(id, _)) = route else { return Ok(None) };
    let key = crate::catalog::keys::record(id);
    let stored: Option<crate::catalog::StoredRecord> = tables.value(Table::Records, &key)?;
    Ok(stored.map(|stored| stored.origin))
}

fn describe(tables: &Tables<'_>, route: &Route) -> Result<String> {
    let place = origin(tables, route)?.map(|origin| format!(" ({})", source::origin_name(&origin))).unwrap_or_default();
    Ok(match route {
        Route::Record(id) | Route::Later(id, _) => format!("{id}{place}"),
        Route::Redirect(_, id) => format!("an alias of {id}{place}"),
        other => format!("the site's {}", other.kind()),
    })
}
