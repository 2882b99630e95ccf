//! The command line: what was typed, and the exit code that comes of it. One file a verb.

mod build;
mod cache;
mod check;
mod clean;
mod console;
mod current;
mod db;
mod diff;
mod exit;
mod global;
mod impact;
mod lacking;
mod place;
mod publish;
mod serve;
mod signals;
mod why;

use clap::{Parser, Subcommand};

use crate::config::Settings;
use crate::room::{self, TooLittle};
use crate::source::postgres::{Trouble, Why};

pub use console::Console;
pub use exit::Exit;
use global::GlobalArgs;

/// A static site generator for theme park encyclopedias.
#[derive(Debug, Parser)]
#[command(name = "lifthill", version, about, max_term_width = 100)]
pub struct Typed {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Build the site into output/, redoing only what changed
    Build(build::BuildArgs),
    /// Say what a page reads and why it was last rendered
    Why(why::WhyArgs),
    /// Say which pages would be looked at if something changed
    Impact(impact::ImpactArgs),
    /// Find what is wrong with the site, without building it
    Check(check::CheckArgs),
    /// Look at what is kept between builds, or drop what is of no use
    Cache(cache::CacheArgs),
    /// Serve the site; with --watch, show every change as it happens
    Serve(serve::ServeArgs),
    /// Bring the site to where visitors are: what changed, and nothing else
    Publish(Box<publish::PublishArgs>),
    /// Say what publishing would change, page by page
    Diff(diff::DiffArgs),
    /// Make, fill and look at our tables in a Postgres
    Db(db::DbArgs),
    /// Remove what was built: the files below output/ that we wrote, and .lifthill/
    Clean,
}

/// Does what was typed. The error, if any, is for the caller to print.
pub fn run(typed: &Typed) -> anyhow::Result<Exit> {
    let global = &typed.global.meant();
    let console = Console::new(global);
    let root = &global.root;
    if global.room().is_bounded() {
        room::spare_addresses();
    }
    if !root.is_dir() {
        console.problem(&format!("there is no folder {}", root.display()));
        return Ok(Exit::Usage);
    }
    let settings = match Settings::load(root, typed.global.memory.unwrap_or_default()) {
        Ok(settings) => settings,
        Err(problems) => {
            problems.iter().for_each(|problem| console.diagnostic(problem));
            return Ok(Exit::Usage);
        }
    };
    let done = match &typed.verb {
        Verb::Build(args) => build::run(args, global, settings, &console),
        Verb::Publish(args) => publish::run(args, global, settings, &console),
        Verb::Diff(args) => diff::run(args, global, settings, &console),
        Verb::Why(args) => why::run(args, global, settings, &console),
        Verb::Impact(args) => impact::run(args, global, &settings, &console),
        Verb::Check(args) => check::run(args, global, settings, &console),
        Verb::Cache(args) => cache::run(args, global, &settings, &console),
        Verb::Serve(args) => serve::run(args, global, settings, &console),
        Verb::Db(args) => db::run(args, global, &settings, &console),
        Verb::Clean => clean::run(global, &console),
    };
    match done {
        Err(error) => {
            if error.is::<TooLittle>() {
                console.problem(&format!("{error:#}"));
                return Ok(Exit::Usage);
            }
            match error.downcast_ref::<Trouble>().map(|trouble| trouble.why) {
                Some(why) => {
                    console.problem(&format!("{error:#}"));
                    Ok(if why == Why::Settings { Exit::Usage } else { Exit::Network })
                }
                None => Err(error),
            }
        }
        done => done,
    }
}
