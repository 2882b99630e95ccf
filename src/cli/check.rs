//! `lifthill check`.

use anyhow::{Context, Result};
use clap::Args;

use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_content;
use crate::config::Settings;
use crate::engine::{Options, check, history};
use crate::report::counted;

/// What `check` takes.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Make so many random edits to a copy of the site, and verify the build after each
    #[arg(long, value_name = "EDITS")]
    history: Option<u64>,
    /// Decides which edits [default: others each time]
    #[arg(long, value_name = "NUMBER", requires = "history")]
    seed: Option<u64>,
    #[command(flatten)]
    as_of: super::build::AsOf,
}

/// Finds what is wrong with the site.
pub fn run(args: &CheckArgs, global: &Global, settings: Settings, console: &Console) -> Result<Exit> {
    if lacks_content(&settings, global, console) {
        return Ok(Exit::Usage);
    }
    let options = Options {
        root: global.root.clone(),
        jobs: global.jobs(),
        drafts: args.as_of.drafts,
        now: args.as_of.moment(),
        room: global.room(),
        ..Options::default()
    };
    if let Some(edits) = args.history {
        return tell_history(&options, edits, args.seed.unwrap_or_else(super::build::any_seed), global, console);
    }
    let report = check(&options, settings, console);
    console.end_progress();
    let report = report?;
    report.diagnostics.iter().for_each(|diagnostic| console.diagnostic(diagnostic));
    if global.json {
        console.data(&serde_json::to_string(&report)?)?;
    }
    if report.has_errors() {
        console.say("The site has mistakes.");
        return Ok(Exit::SiteHasErrors);
    }
    let warnings: u64 = report.diagnostics.iter().map(|one| one.number).sum();
    let (pages, files) = (counted(report.pages.total, "page"), counted(report.content.total, "file"));
    console.say(&format!("{pages} from {files}, {}", counted(warnings, "warning")));
    Ok(Exit::Done)
}

/// The history, edit by edit, and whether every build of it was right.
fn tell_history(options: &Options, edits: u64, seed: u64, global: &Global, console: &Console) -> Result<Exit> {
    let copy = std::env::temp_dir().join(format!("lifthill-history-{}", std::process::id()));
    std::fs::create_dir(&copy).context("cannot make a folder for the copy")?;
    let told = history(options, &copy, edits, seed, &|line| console.say(line));
    std::fs::remove_dir_all(&copy).context("cannot remove the copy")?;
    let told = told?;
    if global.json {
        console.data(&serde_json::to_string(&told)?)?;
    }
    if let Some(verified) = &told.difference {
        super::build::tell_verified(verified, console);
        console.problem(&format!("`lifthill check --history {edits} --seed {seed}` tells this history again"));
        return Ok(Exit::SiteHasErrors);
    }
    console.say(&format!(
        "{edits} edits, {} of them mistakes: every build as a clean one (--seed {seed}).",
        told.mistakes
    ));
    Ok(Exit::Done)
}
