//! `lifthill build`.

use anyhow::{Context, Result};
use clap::Args;

use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_content;
use super::signals;
use crate::config::{Given, Origin, Settings};
use crate::disk::Disk;
use crate::engine::{Extent, Options, Ours, Sample, build, verify, verify_sample};
use crate::metrics;
use crate::model::date::{moment_text, parse_moment};
use crate::paths::BasePath;
use crate::report::{Report, Verified, told_apart};
use crate::serve::Holder;
use crate::stop::Stopped;

/// What `build` takes.
#[derive(Debug, Args)]
pub struct BuildArgs {
    #[command(flatten)]
    as_of: AsOf,
    /// Say what would be done, and why; write nothing
    #[arg(long)]
    dry_run: bool,
    /// Take all of output/ for ours: remove what no page claims, whoever put it there
    #[arg(long)]
    prune: bool,
    /// Compare the output with a clean build's, byte for byte; with a share such as 1%, only that
    /// share of the pages that were not rendered
    #[arg(long, value_name = "SHARE", num_args = 0..=1, require_equals = true, default_missing_value = "100%", value_parser = share, conflicts_with = "dry_run")]
    verify: Option<f64>,
    /// Decides which pages are compared [default: another one each time]
    #[arg(long, value_name = "NUMBER", requires = "verify")]
    seed: Option<u64>,
    /// Compare all rows of the database rather than read what its change log tells
    #[arg(long)]
    full_scan: bool,
    #[command(flatten)]
    given: GivenArgs,
}

/// What may be said instead of what the settings say.
#[derive(Debug, Args)]
pub struct GivenArgs {
    /// Use this instead of the settings' base_url
    #[arg(long, value_name = "URL", value_parser = absolute)]
    base_url: Option<String>,
    /// Where records come from, instead of the settings' source: files, postgres or mixed
    #[arg(long, value_name = "SOURCE", value_parser = origin)]
    source: Option<Origin>,
}

impl GivenArgs {
    /// What was said.
    pub fn given(&self) -> Given {
        Given { base_url: self.base_url.clone(), source: self.source }
    }
}

/// What decides what is published.
#[derive(Debug, Args)]
pub struct AsOf {
    /// Publish drafts too
    #[arg(long, short = 'D')]
    pub drafts: bool,
    /// Build as of this moment: a date, or a time such as 2026-12-01T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    now: Option<i64>,
}

impl AsOf {
    /// The moment, seconds since 1970.
    pub fn moment(&self) -> i64 {
        self.now.unwrap_or_else(|| jiff::Timestamp::now().as_second())
    }
}

/// An absolute URL, without a slash at its end.
fn absolute(text: &str) -> Result<String, String> {
    let is_absolute = text.starts_with("http://") || text.starts_with("https://");
    if !is_absolute {
        return Err("write an absolute URL".to_owned());
    }
    BasePath::of_url(text).map(|_| text.trim_end_matches('/').to_owned())
}

fn origin(text: &str) -> Result<Origin, String> {
    Origin::parse(text).ok_or_else(|| format!("one of: {}", Origin::WORDS.join(", ")))
}

/// A moment, as typed.
pub(super) fn moment(text: &str) -> Result<i64, String> {
    parse_moment(text).ok_or_else(|| "write 2026-12-01 or 2026-12-01T09:00:00Z".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').and_then(|number| number.parse::<f64>().ok());
    let share = number.map(|percent| percent / 100.0).filter(|share| *share > 0.0 && *share <= 1.0);
    share.ok_or_else(|| "write a share such as 1% or 100%".to_owned())
}

/// Builds the site.
pub fn run(args: &BuildArgs, global: &Global, mut settings: Settings, console: &Console) -> Result<Exit> {
    args.given.given().put_over(&mut settings);
    if lacks_content(&settings, global, console) {
        return Ok(Exit::Usage);
    }
    if let Some(holder) = Holder::find(&global.root) {
        return through(&holder, args, global, console);
    }
    let disk = match Disk::from_environment() {
        Ok(disk) => disk,
        Err(wrong) => {
            console.problem(&wrong);
            return Ok(Exit::Usage);
        }
    };
    let options = Options {
        root: global.root.clone(),
        jobs: global.jobs(),
        drafts: args.as_of.drafts,
        now: args.as_of.moment(),
        extent: if args.dry_run { Extent::Plan } else { Extent::Whole },
        disk,
        ours: if args.prune { Ours::All } else { Ours::Named },
        stop: signals::listen().context("cannot listen for signals")?,
        home: None,
        repository: None,
        full_scan: args.full_scan,
        room: global.room(),
        names: global.verbose || global.json || args.verify.is_some(),
    };
    let report = build(&options, settings.clone(), console);
    console.end_progress();
    let mut report = match report {
        Err(error) if error.is::<Stopped>() => {
            console.say("Stopped; nothing was written.");
            return Ok(options.stop.asked().map_or(Exit::FileSystem, Exit::Stopped));
        }
        report => report?,
    };
    if options.extent == Extent::Plan {
        return tell_plan(&report, global, console);
    }
    if let Some(share) = args.verify.filter(|_| !report.has_errors() && report.stopped.is_none()) {
        let verified = if share < 1.0 {
            let sample = Sample { share, seed: args.seed.unwrap_or_else(any_seed) };
            verify_sample(&options, settings, &report.rendered, sample, console)
        } else {
            verify(&options, settings, console)
        };
        console.end_progress();
        report.verified = Some(verified.context("cannot verify the output")?);
    }
    metrics::write(&global.root, &report, &options.disk).context("cannot write the build's metrics")?;
    tell(&report, global, console)?;
    if let Some(signal) = options.stop.asked().filter(|_| report.stopped.is_some()) {
        console.say("Stopped; what is done is kept, and the rest stays due.");
        return Ok(Exit::Stopped(signal));
    }
    let different = report.verified.as_ref().is_some_and(|verified| !verified.is_good());
    Ok(if report.has_errors() || different { Exit::SiteHasErrors } else { Exit::Done })
}

/// A seed that is another one each time.
pub fn any_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id()) % 1_000_000_000
}

/// A running server holds the state: it builds, and we say what came of it.
fn through(holder: &Holder, args: &BuildArgs, global: &Global, console: &Console) -> Result<Exit> {
    let given = args.given.given() != Given::default();
    let as_it_likes = args.as_of.drafts || args.as_of.now.is_some() || given || args.full_scan;
    if as_it_likes || args.dry_run || args.verify.is_some() || args.prune {
        console.problem(&format!("{}; it builds only as it was started", holder.words()));
        return Ok(Exit::Usage);
    }
    let built = holder.ask_build()?;
    built.said.iter().for_each(|line| console.say(line));
    if global.json {
        console.data(&built.report.to_string())?;
    }
    Ok(if built.errors > 0 { Exit::SiteHasErrors } else { Exit::Done })
}

fn tell(report: &Report, global: &Global, console: &Console) -> Result<()> {
    report.diagnostics.iter().for_each(|diagnostic| console.diagnostic(diagnostic));
    for (phase, seconds) in &report.phases {
        console.detail(&format!("{phase:>8} {seconds:.3} s"));
    }
    report.rendered.iter().for_each(|file| console.detail(&format!("rendered {file}")));
    if let Some(fresh) = report.fresh.as_deref().filter(|_| global.verbose) {
        console.say(&format!("Built everything: {fresh}."));
    }
    let errors = report.errors();
    if errors > 0 && report.pages.total + report.others.total == 0 {
        let s = if errors == 1 { "" } else { "s" };
        console.problem(&format!("{errors} mistake{s} in the site; nothing was written"));
    } else {
        console.say(&report.summary());
        if let Some(rows) = report.rows.summary() {
            console.say(&rows);
            report.rows.compared().for_each(|line| console.detail(&line));
        }
    }
    if let Some(verified) = &report.verified {
        tell_verified(verified, console);
    }
    if let Some(moment) = report.next_change {
        console.say(&format!("Next change by itself at {}.", moment_text(moment)));
    }
    if global.json {
        console.data(&serde_json::to_string(report)?)?;
    }
    Ok(())
}

/// The plan as data: a line a page, and the counts as talk.
fn tell_plan(report: &Report, global: &Global, console: &Console) -> Result<Exit> {
    report.diagnostics.iter().for_each(|diagnostic| console.diagnostic(diagnostic));
    if global.json {
        console.data(&serde_json::to_string(report)?)?;
    }
    let Some(plan) = &report.plan else { return Ok(Exit::SiteHasErrors) };
    if !global.json {
        for page in &plan.due {
            console.data(&format!("{}  {}", page.page, page.reason))?;
        }
        for file in &plan.removed {
            console.data(&format!("{file}  would be removed"))?;
        }
    }
    let kinds: Vec<String> = plan.by_kind.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    let due = told_apart(plan.due.iter().map(|page| page.file.as_str()));
    console.say(&format!("{due} due{kinds}, {} to be removed", plan.removed.len()));
    Ok(if report.has_errors() { Exit::SiteHasErrors } else { Exit::Done })
}

/// Strangers that are named at most.
const NAMED: usize = 20;

/// What nobody claims.
fn tell_strangers(strangers: &[String], console: &Console) {
    for stranger in strangers.iter().take(NAMED) {
        console.problem(&format!("no page claims output/{stranger}"));
    }
    if strangers.len() > NAMED {
        console.problem(&format!("… and {} more", strangers.len() - NAMED));
    }
    if !strangers.is_empty() {
        console.problem_detail("  = help: `lifthill build --prune` removes what no page claims\n");
    }
}

/// The first difference with all that is known of its page.
pub fn tell_verified(verified: &Verified, console: &Console) {
    let drawn = verified.seed.map(|seed| format!(", drawn with --seed {seed}")).unwrap_or_default();
    tell_strangers(&verified.strangers, console);
    let Some(first) = &verified.first else {
        console.say(&format!("Verified: {} files are as a clean build makes them{drawn}.", verified.files));
        return;
    };
    let what = match (&first.here, &first.clean) {
        (Some(_), None) => "would not be made by a clean build".to_owned(),
        (None, _) => "is missing, and a clean build makes it".to_owned(),
        _ => format!("is not as a clean build makes it, from byte {} on", first.byte),
    };
    console.problem(&format!("{}/{} {what}", first.folder, first.file));
    for (side, text) in [(" here", &first.here), ("clean", &first.clean)] {
        if let Some(text) = text {
            console.problem_detail(&format!("  {side}: …{}…", text.replace('\n', "⏎")));
        }
    }
    if let Some(reason) = &first.reason {
        console.problem_detail(&format!("  last rendered since {reason}; it read:"));
    }
    first.reads.iter().for_each(|read| console.problem_detail(&format!("    {read}")));
    let (differences, files) = (verified.differences, verified.files);
    console.problem_detail(&format!("  {differences} of {files} files differ{drawn}; this is a bug of lifthill's\n"));
}
