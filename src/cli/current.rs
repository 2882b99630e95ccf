//! Building before something is done with what was built. Knows nothing of what that is.

use anyhow::{Context, Result};
use clap::Args;

use super::build::{AsOf, GivenArgs};
use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_content;
use super::signals;
use crate::config::Settings;
use crate::disk::Disk;
use crate::engine::{Elsewhere, Extent, Options, Ours, build_for};
use crate::metrics;
use crate::stop::Stopped;

/// How a site is built before it is published or compared.
#[derive(Debug, Args)]
pub struct CurrentArgs {
    /// Do not build first: take what stands in output/
    #[arg(long)]
    pub no_build: bool,
    #[command(flatten)]
    pub as_of: AsOf,
    #[command(flatten)]
    given: GivenArgs,
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
    args.given.given().put_over(settings);
    if args.no_build {
        return Ok(Exit::Done);
    }
    if lacks_content(settings, global, console) {
        return Ok(Exit::Usage);
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
        extent: Extent::Whole,
        disk,
        stop: signals::listen().context("cannot listen for signals")?,
        home: None,
        repository: None,
        ours: Ours::default(),
        full_scan: false,
        room: global.room(),
        names: global.verbose || global.json,
    };
    let report = build_for(&options, settings.clone(), elsewhere, console);
    console.end_progress();
    let report = match report {
        Err(error) if error.is::<Stopped>() => {
            return Ok(options.stop.asked().map_or(Exit::FileSystem, Exit::Stopped));
        }
        report => report?,
    };
    metrics::write(&global.root, &report, &options.disk).context("cannot write the build's metrics")?;
    report.diagnostics.iter().for_each(|diagnostic| console.diagnostic(diagnostic));
    console.detail(&report.summary());
    if let Some(signal) = options.stop.asked().filter(|_| report.stopped.is_some()) {
        return Ok(Exit::Stopped(signal));
    }
    Ok(if report.has_errors() { Exit::SiteHasErrors } else { Exit::Done })
}
