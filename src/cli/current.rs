//! Building before something is done with what was built. Knows nothing of what that is.

use anyhow::{Context, Result};
use clap::Args;

use super::build::moment;
use super::{Console, Exit, Global, signals};
use crate::build::{Elsewhere, Extent, Options, Ours, build_for};
use crate::config::Settings;
use crate::disk::Disk;
use crate::metrics;
use crate::stop::Stopped;

/// How a site is built before it is published or compared.
#[derive(Debug, Args)]
pub struct CurrentArgs {
    /// Do not build first: take what stands in output/
    #[arg(long)]
    pub no_build: bool,
    /// Build drafts too
    #[arg(long, short = 'D')]
    drafts: bool,
    /// Take this for the present moment: a date, or a time such as 2026-12-01T09:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    now: Option<i64>,
    /// Use this instead of the settings' base_url
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
}

impl CurrentArgs {
    /// The present moment, in seconds since 1970.
    pub fn moment(&self) -> i64 {
        self.now.unwrap_or_else(|| jiff::Timestamp::now().as_second())
    }
}

/// Brings `output/` up to date; what is `elsewhere` need not be made. Says what is wrong with the
/// site, and nothing if all is well.
pub fn bring_up_to_date(
    args: &CurrentArgs,
    global: &Global,
    settings: &mut Settings,
    elsewhere: &Elsewhere,
    console: &Console,
) -> Result<Exit> {
    if let Some(url) = &args.base_url {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            console.problem(&format!("--base-url must be an absolute URL, not `{url}`"));
            return Ok(Exit::Usage);
        }
        settings.site.base_url = url.trim_end_matches('/').to_owned();
    }
    if args.no_build {
        return Ok(Exit::Done);
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
        drafts: args.drafts,
        now: args.moment(),
        extent: Extent::Whole,
        disk,
        stop: signals::listen().context("cannot listen for signals")?,
        home: None,
        ours: Ours::default(),
        full_scan: false,
    };
    let report = build_for(&options, settings.clone(), elsewhere, console);
    console.end_progress();
    let report = match report {
        Err(error) if error.is::<Stopped>() => {
            return Ok(options.stop.asked().map_or(Exit::FileSystem, Exit::Stopped));
        }
        report => report?,
    };
    metrics::write(&global.root, &report).context("cannot write the build's metrics")?;
    report.diagnostics.iter().for_each(|diagnostic| console.diagnostic(diagnostic));
    console.detail(&report.summary());
    if let Some(signal) = options.stop.asked().filter(|_| report.stopped.is_some()) {
        return Ok(Exit::Stopped(signal));
    }
    Ok(if report.has_errors() { Exit::SiteHasErrors } else { Exit::Done })
}
