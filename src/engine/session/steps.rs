//! The steps of a run, in order: look, sync, plan, work, sweep.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use anyhow::Result;

use super::Session;
use crate::catalog::{Catalog, SharedValues};
use crate::config::Settings;
use crate::engine::changes::Changes;
use crate::engine::context::Build;
use crate::engine::links::{self, Again as LinksAgain};
use crate::engine::options::{Extent, Options};
use crate::engine::outputs::journal;
use crate::engine::plan::{self, pending_pages};
use crate::engine::progress::Progress;
use crate::engine::scan::inputs::look_around;
use crate::engine::scan::scope::{Look, Touched};
use crate::engine::scan::see::{Again, Seen, see};
use crate::engine::scan::{database, dates, refusals};
use crate::engine::sync::rows::RowsToTake;
use crate::engine::sync::{self, references, warnings};
use crate::engine::work::{self, pictures};
use crate::media::limits;
use crate::paths::RelPath;
use crate::render::Templates;
use crate::report::Report;
use crate::room::Lists;
use crate::state::{OutputSum, Store, Table};
use crate::stop::Signal;
use crate::{compress, source};

impl Session {
    /// The steps of a run. A replica that is lost while it is read is replaced; then, and where tables
    /// were written anew meanwhile, everything is read again.
    pub(super) fn attempt(
        &mut self,
        options: &Options,
        settings: &Settings,
        look: Look,
        progress: &dyn Progress,
        report: &mut Report,
    ) -> Result<()> {
        report.fresh = self.fresh.take();
        self.database.settings = self.options.home.is_none().then(|| settings.clone());
        let mut tries = database::Tries::default();
        loop {
            let done = self.steps(options, settings.clone(), look.clone(), &tries.avoid, progress, report);
            if !done.as_ref().is_err_and(|error| self.database.is_worth_another(error, &mut tries)) {
                return done;
            }
            *report = Report { fresh: report.fresh.take(), ..Report::default() };
        }
    }

    fn steps(
        &mut self,
        options: &Options,
        settings: Settings,
        look: Look,
        avoid: &BTreeSet<String>,
        progress: &dyn Progress,
        report: &mut Report,
    ) -> Result<()> {
        let root = &options.root;
        let snapshot = self.state.snapshot()?;
        let memory = &self.memory;

        let looking = Instant::now();
        let reading = source::Reading {
            now: options.now,
            drafts: options.drafts,
            rating_scale: settings.rating_scale,
            trust_html: settings.trust_html,
            photos_apart: settings.photos.folder.is_some(),
        };
        let news = dates::look(options.repository.as_deref().unwrap_or(root), &settings, memory, report);
        let redated = news.as_ref().filter(|_| memory.build > 0).map(|news| news.changed(&snapshot)).transpose()?;
        let again = Again {
            all: memory.parsing != Some(crate::engine::memory::parsing(&reading, &settings)),
            files: memory.files_due(options.now).into_iter().chain(redated.unwrap_or_default()).collect(),
            from_files: settings.source.has_files(),
            photos: settings.photos.folder.clone(),
        };
        let other_source = memory.from_files.is_some_and(|before| before != again.from_files);
        let look = if again.all || other_source { Look::Everything } else { look };
        // A database is asked while the files are looked at.
        let ask = || database::open(options, &settings, &snapshot, memory, again.all, &again.files, avoid);
        let settled = memory.settled;
        let see = || see(&self.threads.waiting, root, &snapshot, &self.output, settled, look, &again, report);
        let (database, seen) = database::meanwhile(&settings, ask, see)?;
        let Seen { mut content, mut outputs, look, walked } = seen?;
        self.walked = walked.unwrap_or_else(|| std::mem::take(&mut self.walked));
        report.tell(self.walked.iter().cloned());
        self.elsewhere.spare(&snapshot, &self.output, &mut outputs)?;
        if let Some(reader) = &database {
            database::tell(&reader.told(), report);
        }
        let known = self.around.take();
        let room = options.room;
        let look_at = || look_around(root, &settings, &self.cas, known, &look, room, report);
        let around = self.threads.working.install(look_at)?;
        report.tell(around.warnings(root, &settings));
        let lists = Lists { files: content.total, due: content.candidates.len() as u64, names: 0 };
        self.budget.set_most(options.room.pictures(&lists, limits::IN_FLIGHT)?);
        report.phases.insert("look", looking.elapsed().as_secs_f64());
        report.content.total = content.total;
        if again.from_files {
            let emptied = refusals::emptied(root, &content, memory.build == 0, &snapshot)?;
            self.refused = emptied.is_some();
            report.tell(emptied);
        }
        // What could not be looked at is not gone.
        if report.has_errors() {
            content.removed.clear();
        }

        let mut changes = Changes::after(memory.build);
        memory.compare(&settings, &around, &mut changes);
        let has_due = pending_pages::any(&snapshot)? || pictures::unmade(&snapshot)? > 0;
        let quiet = content.is_quiet() && database::is_quiet(database.as_ref(), memory, &settings);
        let look_at_links = links::address::looked_with(&settings);
        let looked = memory.links == look_at_links;
        let settled = memory.build > 0 && quiet && changes.is_empty() && !has_due && news.is_none() && looked;
        if settled && outputs.is_quiet() {
            if report.has_errors() {
                return Ok(());
            }
            warnings::report(&snapshot, report)?;
            sync::pictures::report_unreadable(&snapshot, report)?;
            links::report(&snapshot, root, options.home(), &settings, &around.templates, report)?;
            report.plan = (options.extent == Extent::Plan).then(Default::default);
            report.count(memory.outputs(&look, &outputs), snapshot.count(Table::Outputs)?, &[]);
            report.compression.files = snapshot.count(Table::Compressed)?;
            report.output_digest = outputs.known.digest.finish().to_string();
            report.next_change = memory.next_moment(options.now);
            self.around = Some(around);
            self.unsettled = Look::Only(Touched::default());
            return Ok(());
        }
        let trouble_looking = report.has_errors();
        // Where nothing comes of it the next run looks there again, or at everything if that is much.
        let touched = (content.candidates.len() <= MANY).then(|| content.paths());
        let compressed = compress::Counts::default();
        let (threads, cas, budget) = (&self.threads, &self.cas, &self.budget);
        let build = Build { options, settings, progress, threads, cas, budget, compressed };

        // Sync and plan in one draft: a mistake in the content leaves the state as it was.
        let known = self.templates.take().filter(|templates| templates.are(&around.templates, build.settings.minify));
        let templates = match known {
            Some(templates) => Some(templates),
            None => match threads.working.install(|| Templates::new(&around.templates, build.settings.minify)) {
                Ok(templates) => Some(Arc::new(templates)),
                Err(problems) => {
                    report.tell(problems);
                    None
                }
            },
        };
        self.templates.clone_from(&templates);
        drop(snapshot);
        options.stop.check()?;
        let clock = options.clock(&self.state)?;
        let draft = self.state.begin()?;
        let syncing = Instant::now();
        let mut todo = plan::Todo::default();
        let mut memory_after = memory.after(&build, &around, &reading);
        let mut stream = database.map(source::postgres::Reader::stream);
        self.database.server = stream.as_ref().map(|stream| stream.server().to_owned());
        let kept = draft.write(|tables| {
            if let Some(news) = &news {
                news.store(tables)?;
                memory_after.commits.clone_from(&news.key);
            }
            let due = &again.files;
            let rows = stream.as_mut().map(|stream| RowsToTake { stream, again: again.all, due });
            let outcome =
                sync::sync(&build, tables, content, &reading, clock, memory, &around, rows, &mut changes, report)?;
            memory_after.seen = database::finish(stream.take(), report);
            memory_after.replace_moments(&outcome.parsed, outcome.moments);
            let (pages, readers, first) = (outcome.pages, self.readers.as_ref(), memory.build == 0);
            todo =
                plan::plan(&build, &self.state.snapshot()?, tables, &changes, pages, &outputs, readers, first, report)?;
            budget.set_most(options.room.pictures(&todo.lists(options), limits::IN_FLIGHT)?);
            references::check_deleted(root, tables, &outcome.deleted, &todo, &reading, report)?;
            let kept = !report.has_errors();
            warnings::report(tables, report)?;
            sync::pictures::report_unreadable(tables, report)?;
            memory_after.store(tables, true)?;
            Ok(kept)
        })?;
        report.phases.insert("sync", syncing.elapsed().as_secs_f64());
        let Some(templates) = templates.filter(|_| kept) else {
            if let Some(content) = touched.filter(|_| !trouble_looking && outputs.is_quiet()) {
                self.unsettled = Look::Only(Touched { content, templates: true, assets: true });
            }
            return Ok(());
        };
        if options.extent == Extent::Plan {
            report.plan = Some(todo.planned());
            return Ok(());
        }
        options.stop.check()?;
        options.stop.begin_writing();
        draft.keep_for_this_process()?;
        self.memory = memory_after.clone();
        self.kept = true;
        let files = todo.due.iter().map(|page| (page.file, page.known.is_some()));
        journal::begin(&self.state, &build.settings, files)?;

        // Work on what is due, and keep what came of it.
        let catalog = Arc::new(Catalog {
            snapshot: self.state.snapshot()?,
            settings: build.settings.clone(),
            assets: Arc::clone(&around.assets),
            ids: around.templates.ids(),
            shared: SharedValues::within(options.room.ready_cards(&todo.lists(options))),
        });
        let working = Instant::now();
        let (output, number) = (&self.output, memory_after.build);
        let mut readers = self.readers.as_mut();
        let now = readers.as_deref_mut();
        let targets = links::Targets::new(&build.settings, &catalog.snapshot, &todo);
        let looking = look_at_links.map(|_| &targets);
        let work::Worked { draft, left, mut demands, mut links, outputs: placed } =
            work::work(&build, &catalog, &templates, output, &todo, looking, number, &self.state, now, report)?;
        let mut stayed: BTreeSet<RelPath> = BTreeSet::new();
        draft.write(|tables| {
            let now = readers.as_deref_mut();
            let kept = work::sweep(&build, output, &todo, tables, now, &mut demands, &mut links, report)?;
            pending_pages::leave(tables, &todo.due, &left, &kept)?;
            stayed.extend(kept.iter().cloned());
            left.iter().for_each(|index| report.outcomes(todo.due.get(*index).file).left += 1);
            let wanted = demands.settle(tables, &outputs.altered, number == 1)?;
            journal::begin(&self.state, &build.settings, wanted.due.keys().map(|file| (file.clone(), false)))?;
            pictures::make(&build, output, &wanted, tables, &outputs.altered, report)?;
            self.removed.extend(wanted.removed);
            let again = if looked || number == 1 { LinksAgain::Broken(&todo.links_broken) } else { LinksAgain::All };
            let home = options.home();
            links::settle(home, looking, &again, links, number, tables, readers)?;
            // What a stop has left undone may be what others link to.
            if left.is_empty() && kept.is_empty() {
                links::report(tables, root, home, &build.settings, &around.templates, report)?;
            }
            memory_after.settled = options.clock(&self.state)?;
            let mut all = OutputSum { pages: memory_after.outputs(&look, &outputs), ..outputs.known };
            [placed, tables.outputs].into_iter().for_each(|changed| all.merge(changed));
            memory_after.pages = all.pages;
            memory_after.store(tables, false)?;
            if matches!(look, Look::Everything) {
                report.output_digest = all.digest.finish().to_string();
            }
            report.count(all.pages, tables.count(Table::Outputs)?, &pending_pages::never_made(tables)?);
            report.compression.files = tables.count(Table::Compressed)?;
            Ok(())
        })?;
        draft.keep_for_this_process()?;
        // Thousands of small things take as long to put away as a small site to build; nobody waits for that.
        if let Some(Catalog { shared, .. }) = Arc::into_inner(catalog) {
            threads.working.spawn(move || drop(shared));
        }
        report.phases.insert("work", working.elapsed().as_secs_f64());
        report.compression.made += build.compressed.made.load(Ordering::Relaxed);
        report.compression.from_cache += build.compressed.from_cache.load(Ordering::Relaxed);
        report.next_change = memory_after.next_moment(options.now);
        report.stopped = options.stop.asked().map(Signal::number);
        self.removed.extend(todo.removed.into_iter().filter(|file| !stayed.contains(file)));
        memory_after.unfinished = false;
        self.memory = memory_after;
        self.around = Some(around);
        self.unsettled = Look::Only(Touched::default());
        Ok(())
    }
}

/// Files so many that it is not worth listing them: everything is looked at instead.
const MANY: usize = 10_000;
