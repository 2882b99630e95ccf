//! The desk: one thread that holds the site open and builds it whenever somebody asks. Whatever comes
//! in (files that may have changed, a wish from another terminal, a key) only means "look again";
//! what a change means, the build decides as ever. Knows nothing of HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::Result;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use tokio::sync::oneshot;

use super::counters::Counters;
use super::holder::{BuiltElsewhere, Holder};
use super::live::{Change, Hub, MadePage};
use super::log::Log;
use super::rows::Rows;
use super::shelf::{Edition, Shelf, Telling};
use crate::config::{Given, Settings};
use crate::diagnostics::{Diagnostic, Severity};
use crate::engine::{Look, Options, Session, Touched};
use crate::headers::{is_page, url_of};
use crate::paths::RelPath;
use crate::report::{Report, counted};
use crate::stop::Stop;

/// Changes come in bursts; a burst is over after so long without another.
const QUIET: Duration = Duration::from_millis(8);

/// But a build does not wait for the end of a burst longer than this.
const LONGEST_BURST: Duration = Duration::from_millis(400);

/// What was built is made durable once nobody has asked for anything for so long.
const SETTLED: Duration = Duration::from_millis(700);

/// Everything is looked at after so long without, should an event have been lost.
const PERIOD: Duration = Duration::from_secs(45);

/// After a build of what was touched everything is looked at as soon as nobody asks for anything, but no more
/// than one part in so many of the time is spent on that.
const SPARE: u32 = 50;

/// What could not be built for want of a database or a disk is tried again after so long.
const RETRY: Duration = Duration::from_secs(2);

/// More files than this are looked for by a walk.
const MANY: usize = 2000;

/// What the desk is asked.
pub enum Wish {
    /// Something may have changed.
    Look(Look),
    /// Build, and say what came of it as JSON.
    Build(oneshot::Sender<Result<String>>),
    /// Explain a page, as JSON.
    Why(String, oneshot::Sender<Result<String>>),
    /// Say what would be looked at if something changed, as JSON.
    Impact(String, oneshot::Sender<Result<String>>),
    /// Stop.
    Stop,
}

/// Speaks to whoever started the server.
pub trait Talk: Sync {
    /// Says something.
    fn say(&self, words: &str);
    /// Shows what is wrong.
    fn diagnostic(&self, problem: &Diagnostic);
}

/// What the desk works with.
pub struct Desk<'d> {
    pub session: Session,
    /// Who we are, for commands in other terminals.
    pub holder: Holder,
    pub options: Options,
    /// What was said instead of what the settings say.
    pub given: Given,
    /// The database, if it is one of the site's sources.
    pub rows: Rows,
    /// Where others make their wishes known.
    pub wishes: Sender<Wish>,
    /// Whether it is told of changes, and has to look by itself now and then.
    pub watches: bool,
    /// Raised by whoever sends a wish that should not wait for a whole site to be built.
    pub hurry: Arc<AtomicBool>,
    pub shelf: Arc<Shelf>,
    pub hub: Arc<Hub>,
    pub counters: Arc<Counters>,
    pub log: Log,
    /// Whether the last build broke off for no fault of the site's.
    pub failed: bool,
    /// Whether a build that was hurried has left something to do.
    pub left: bool,
    /// How long it took to look at everything.
    pub full_look: Duration,
    /// Whether less was looked at since.
    pub partial: bool,
    pub talk: &'d dyn Talk,
}

impl Desk<'_> {
    /// Builds, and then whatever is wished for until told to stop.
    pub fn run(mut self, wishes: &Receiver<Wish>) {
        let mut asked = Some(Look::Everything);
        let mut first = true;
        let mut looked = Instant::now();
        loop {
            if let Some(look) = asked.take() {
                if matches!(look, Look::Everything) {
                    looked = Instant::now();
                }
                // What is wrong has been said and shown.
                let left = self.build(look, first).is_ok_and(|report| report.stopped.is_some());
                first = false;
                if left && wishes.is_empty() {
                    asked = Some(Look::Only(Touched::default()));
                    continue;
                }
                self.left = left;
                if self.watches && self.session.keep_readers().is_err() {
                    self.talk.say("warning: who reads what cannot be kept; changes will take longer");
                }
            }
            let wish = match wishes.recv_timeout(SETTLED) {
                Ok(wish) => wish,
                Err(RecvTimeoutError::Timeout) => {
                    if let Err(error) = self.session.settle() {
                        self.talk.say(&format!("error: {error:#}"));
                    }
                    let due = match (self.watches, self.failed) {
                        (true, false) => self.period().saturating_sub(looked.elapsed()),
                        (true, true) => RETRY,
                        (false, _) => Duration::MAX,
                    };
                    let next =
                        self.session.next_change(now()).map_or(Duration::MAX, |wait| Duration::from_secs(wait.max(1)));
                    match wishes.recv_timeout(due.min(next).min(Duration::from_secs(3600))) {
                        Ok(wish) => wish,
                        Err(RecvTimeoutError::Timeout) if due <= next && self.watches => Wish::Look(Look::Everything),
                        Err(RecvTimeoutError::Timeout) => Wish::Look(Look::Only(Touched::default())),
                        Err(RecvTimeoutError::Disconnected) => Wish::Stop,
                    }
                }
                Err(RecvTimeoutError::Disconnected) => Wish::Stop,
            };
            match wish {
                Wish::Stop => break,
                Wish::Look(look) => match gather(look, wishes) {
                    (look, None) => asked = Some(look),
                    (look, Some(Wish::Look(more))) => asked = Some(look.and(more)),
                    (look, Some(other)) => {
                        let _ = self.build(look, false);
                        if !self.grant(other) {
                            break;
                        }
                    }
                },
                other => {
                    if !self.grant(other) {
                        break;
                    }
                }
            }
            if self.left && asked.is_none() {
                asked = Some(Look::Only(Touched::default()));
            }
        }
        if let Err(error) = self.session.settle() {
            self.talk.say(&format!("error: {error:#}"));
        }
    }

    /// Everything is looked at so long after it last was: soon where it takes little, for what somebody does
    /// to outputs is told by nobody.
    fn period(&self) -> Duration {
        if self.partial { PERIOD.min(self.full_look * SPARE) } else { PERIOD }
    }

    /// Grants a wish from elsewhere; says whether to go on.
    fn grant(&mut self, wish: Wish) -> bool {
        match wish {
            Wish::Stop => return false,
            Wish::Look(look) => drop(self.build(look, false)),
            Wish::Build(answer) => {
                let built = self.build(Look::Everything, false).and_then(|mut report| {
                    self.session.settle()?;
                    if report.output_digest.is_empty() {
                        report.output_digest = self.session.output_digest()?;
                    }
                    Ok(serde_json::to_string(&BuiltElsewhere::of(&report)?)?)
                });
                // Whoever asked may have gone.
                let _ = answer.send(built);
            }
            Wish::Why(page, answer) => {
                let why = self.readable().and_then(|settings| self.session.why(settings, &page));
                let _ = answer.send(why.and_then(|why| Ok(serde_json::to_string(&why)?)));
            }
            Wish::Impact(subject, answer) => {
                let impact = self.readable().and_then(|settings| self.session.impact(&settings, &subject));
                let _ = answer.send(impact.and_then(|impact| Ok(serde_json::to_string(&impact)?)));
            }
        }
        true
    }

    fn settings(&self) -> Result<Settings, Vec<Diagnostic>> {
        let mut settings = Settings::load(&self.options.root, self.options.room)?;
        self.given.put_over(&mut settings);
        Ok(settings)
    }

    /// The settings, where they have no mistakes.
    fn readable(&self) -> Result<Settings> {
        self.settings().map_err(|_| anyhow::anyhow!("the settings have mistakes"))
    }

    /// One build, and telling everybody of it.
    fn build(&mut self, look: Look, first: bool) -> Result<Report> {
        let start = Instant::now();
        self.counters.looked(&look);
        let everything = matches!(look, Look::Everything);
        if Holder::root_of(&self.options.root).as_ref() != Some(&self.holder.root) {
            self.shelf.end(None);
            self.failed = true;
            let words = "is not the one that was opened: it was moved away or replaced; start the server again";
            let problem = Diagnostic::of_file("the site's folder", words);
            self.tell(&Report { diagnostics: vec![problem], ..Report::default() }, start, first);
            anyhow::bail!("the site's folder {words}");
        }
        let settings = match self.settings() {
            Ok(settings) => settings,
            Err(problems) => {
                self.session.look_later(look);
                self.shelf.end(None);
                let report = Report { diagnostics: problems, ..Report::default() };
                self.tell(&report, start, first);
                return Ok(report);
            }
        };
        if self.watches {
            self.rows.follow(&settings, &self.options.root, &self.wishes, &self.counters);
        }
        let open = self.hub.open();
        self.shelf.begin(open.iter().cloned());
        let tell = |file: &RelPath, digest| self.hub.tell(file, Some(digest));
        let stop = Stop::default();
        self.session.heed(stop.clone());
        self.hurry.store(false, Ordering::Relaxed);
        let progress = Telling { shelf: &self.shelf, open, hurry: &self.hurry, stop, tell: &tell };
        let done = self.session.run(now(), settings.clone(), look, &progress);
        let before = self.shelf.edition();
        let edition =
            self.session.snapshot().and_then(|it| Edition::new(&self.options.root, it, &settings, Some(&before)));
        self.failed = done.is_err() || edition.is_err() || self.session.is_refused();
        let took = done.as_ref().ok().and_then(|report| report.phases.get("look")).copied().unwrap_or_default();
        self.partial = !everything;
        if everything {
            self.full_look = Duration::try_from_secs_f64(took).unwrap_or_default();
        }
        if let Err(error) = self.holder.keep_announced(&self.options.root) {
            self.talk.say(&format!("warning: {error:#}; other commands will not find this server"));
        }
        let report = match (done, edition) {
            (Ok(report), Ok(edition)) => {
                self.shelf.end(Some(edition));
                report
            }
            (Err(error), _) | (_, Err(error)) => {
                self.shelf.end(None);
                let problem = Diagnostic::of_file("the site", format!("cannot be built: {error:#}"));
                self.tell(&Report { diagnostics: vec![problem], ..Report::default() }, start, first);
                return Err(error);
            }
        };
        self.tell(&report, start, first);
        Ok(report)
    }

    fn tell(&mut self, report: &Report, start: Instant, first: bool) {
        let milliseconds = start.elapsed().as_secs_f64() * 1000.0;
        let before = self.hub.standing();
        let errors = usize::try_from(report.errors()).unwrap_or(usize::MAX);
        let made = [&report.pages, &report.others].iter().map(|counts| counts.rendered + counts.removed).sum::<u64>();
        let something = made > 0 || errors > 0 || first;
        let change = something.then(|| self.change(report, milliseconds, errors, first));
        let said = change.as_ref().map(|change| change.summary.clone());
        let shelf = &self.shelf;
        self.hub.built(report.diagnostics.clone(), change, |file| {
            shelf.written(file).ok().flatten().map(|written| written.digest)
        });
        if before.problems != report.diagnostics {
            // Of what stands as before only mistakes are said again.
            let again = |one: &&Diagnostic| one.severity == Severity::Error || !before.problems.contains(one);
            report.diagnostics.iter().filter(again).for_each(|problem| self.talk.diagnostic(problem));
            if errors == 0 && before.problems.iter().any(|one| one.severity == Severity::Error) {
                self.talk.say("No more mistakes.");
            }
        }
        if let Some(change) = said.filter(|_| made > 0 || first) {
            self.talk.say(&change);
        }
        self.counters.built(report);
        self.log.built(report, milliseconds);
    }

    /// `/parks/efteling/ +3 pages · 14 ms`
    fn change(&self, report: &Report, milliseconds: f64, errors: usize, first: bool) -> Change {
        const SHOWN: usize = 8;
        let open = self.hub.open();
        let files = report.rendered.iter().filter_map(|file| RelPath::new(file));
        // What somebody looks at comes first, then pages, then what belongs to them.
        let rank = |file: &RelPath| (!open.contains(file), !is_page(file));
        let ranks = [(false, false), (false, true), (true, false), (true, true)];
        let ranked = ranks.into_iter().flat_map(|wanted| files.clone().filter(move |file| rank(file) == wanted));
        let pages: Vec<MadePage> = ranked
            .take(SHOWN)
            .map(|file| MadePage { reason: self.session.reason(&file).unwrap_or_default(), url: url_of(file.as_str()) })
            .collect();
        let time = if milliseconds < 1000.0 {
            format!("{milliseconds:.0} ms")
        } else {
            format!("{:.1} s", milliseconds / 1000.0)
        };
        let (rendered, others) = (report.pages.rendered, report.others.rendered);
        let mut parts = Vec::new();
        match pages.first() {
            _ if first => parts.push(report.summary()),
            Some(page) => {
                // The first one is named, and is a page if there is one.
                let more = [
                    (rendered.saturating_sub(1), "page"),
                    (others.saturating_sub(u64::from(rendered == 0)), "other file"),
                ];
                let more = more.iter().filter(|(count, _)| *count > 0).map(|(count, word)| counted(*count, word));
                let more: Vec<String> = more.collect();
                let plus = if more.is_empty() { "" } else { " +" };
                parts.push(format!("{}{plus}{}", page.url, more.join(", ")));
            }
            None => {}
        }
        let removed = report.pages.removed + report.others.removed;
        if removed > 0 && !first {
            parts.push(format!("{removed} removed"));
        }
        if errors > 0 {
            parts.push(format!("{errors} mistake{}", if errors == 1 { "" } else { "s" }));
        }
        if !first {
            parts.push(time);
        }
        let more = (rendered + others).saturating_sub(pages.len() as u64);
        Change { summary: parts.join(" · "), pages, more }
    }
}

/// Adds to a look whatever comes in the same burst; also returns the first wish that is not one.
fn gather(mut look: Look, wishes: &Receiver<Wish>) -> (Look, Option<Wish>) {
    let start = Instant::now();
    while start.elapsed() < LONGEST_BURST {
        match wishes.recv_timeout(QUIET) {
            Ok(Wish::Look(more)) => look = look.and(more),
            Ok(other) => return (look, Some(other)),
            Err(_) => break,
        }
    }
    if matches!(&look, Look::Only(touched) if touched.content.len() > MANY) {
        look = Look::Everything;
    }
    (look, None)
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
