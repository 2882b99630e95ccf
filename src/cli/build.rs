//! `lifthill build`.

use anyhow::{Context, Result};
use clap::Args;

use super::{Console, Exit, Global};
use crate::build::{Options, build};
use crate::config::Settings;
use crate::metrics;
use crate::model::date::{moment_text, parse_moment};
use crate::report::Report;
use crate::source;

/// What `build` takes.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// Publish drafts too
    #[arg(long, short = 'D')]
    drafts: bool,
    /// Build as of this moment: a date, or a time such as 2026-12-01T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    now: Option<i64>,
    /// Use this instead of the settings' base_url
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

fn moment(text: &str) -> Result<i64, String> {
    parse_moment(text).ok_or_else(|| "write 2026-12-01 or 2026-12-01T09:00:00Z".to_owned())
}

/// Builds the site.
pub fn run(args: &BuildArgs, global: &Global, mut settings: Settings, console: &Console) -> Result<Exit> {
    if !global.root.join(source::FOLDER).is_dir() {
        console.problem(&format!("there is no site in {}: no folder `content`", global.root.display()));
        console.say("  = help: make content/parks/<park>/index.md, or name the site's folder with --root");
        return Ok(Exit::Usage);
    }
    if let Some(url) = &args.base_url {
        let url = url.trim_end_matches('/');
        if !url.starts_with("http://") && !url.starts_with("https://") {
            console.problem(&format!("--base-url must be an absolute URL, not `{url}`"));
            return Ok(Exit::Usage);
        }
        settings.site.base_url = url.to_owned();
    }
    let clock = || jiff::Timestamp::now().as_second();
    let options = Options {
        root: global.root.clone(),
        jobs: global.jobs(),
        drafts: args.drafts,
        now: args.now.unwrap_or_else(clock),
    };
    let report = build(&options, settings, console);
    console.end_progress();
    let report = report?;
    metrics::write(&global.root, &report).context("cannot write the build's metrics")?;
    tell(&report, global, console)?;
    Ok(if report.has_errors() { Exit::SiteHasErrors } else { Exit::Done })
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
    let errors = report.diagnostics.iter().filter(|one| one.severity == crate::diagnostics::Severity::Error).count();
    if errors > 0 && report.pages.total == 0 {
        let s = if errors == 1 { "" } else { "s" };
        console.problem(&format!("{errors} mistake{s} in the site; nothing was written"));
    } else {
        console.say(&report.summary());
    }
    if let Some(moment) = report.next_change {
        console.say(&format!("Next change by itself at {}.", moment_text(moment)));
    }
    if global.json {
        console.data(&serde_json::to_string(report)?)?;
    }
    Ok(())
}
