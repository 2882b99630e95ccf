//! The command line: what was typed, and the exit code that comes of it. One file a verb.

mod build;
mod cache;
mod check;
mod clean;
mod console;
mod current;
mod db;
mod diff;
mod impact;
mod place;
mod publish;
mod serve;
mod signals;
mod why;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::config::Settings;
use crate::engine::lack;
use crate::room::{self, Room, TooLittle};
use crate::source;
use crate::source::postgres::{Trouble, Why};
use crate::state;
use crate::stop::Signal;

pub use console::Console;

/// A static site generator for theme park encyclopedias.
#[derive(Debug, Parser)]
#[command(name = "lifthill", version, about, max_term_width = 100)]
pub struct Typed {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    verb: Verb,
}

/// What every verb takes, as typed.
#[derive(Debug, Args)]
struct GlobalArgs {
    /// The site's folder: it holds content/, and lifthill.toml, templates/ and assets/ if any
    /// [default: the nearest one at or above this folder]
    #[arg(long, global = true, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, short, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    jobs: Option<u16>,
    /// Most memory to take, such as 512M; a site that needs more is refused before it is touched
    #[arg(long, global = true, value_name = "SIZE", value_parser = Room::parse)]
    memory: Option<Room>,
    /// Print one JSON object on standard output
    #[arg(long, global = true)]
    json: bool,
    /// Say nothing but problems
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Say more: phases, and each page that was rendered
    #[arg(long, short, global = true)]
    verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
}

/// What every verb is told.
#[derive(Debug)]
pub struct Global {
    root: PathBuf,
    jobs: Option<u16>,
    memory: Option<Room>,
    json: bool,
    quiet: bool,
    verbose: bool,
    color: Color,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
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

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// All is well.
    Done,
    /// The site has errors.
    SiteHasErrors,
    /// Wrong usage or configuration.
    Usage,
    /// The file system failed.
    FileSystem,
    /// A signal stopped it.
    Stopped(Signal),
    /// A database or the network failed.
    Network,
    /// A guard or the fence refused.
    Refused,
    /// A bug of ours.
    Bug,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::SiteHasErrors => 1,
            Exit::Usage => 2,
            Exit::FileSystem => 3,
            Exit::Stopped(signal) => 128 + signal.number(),
            Exit::Network => 4,
            Exit::Refused => 5,
            Exit::Bug => 70,
        })
    }
}

/// Whether files are to be read where there are none; then that has been said.
fn lacks_content(settings: &Settings, global: &Global, console: &Console) -> bool {
    let lacks = lack(&global.root, settings).is_some();
    if lacks {
        tell_no_site(global, console);
    }
    lacks
}

/// Whether there is no folder of content files; then that has been said.
fn lacks_files(global: &Global, console: &Console) -> bool {
    let lacks = !global.root.join(source::FOLDER).is_dir();
    if lacks {
        tell_no_site(global, console);
    }
    lacks
}

/// Whether there is nothing of a site to be tidied; then that has been said.
fn lacks_site(global: &Global, console: &Console) -> bool {
    let lacks = !place::is_site(&global.root) && !global.root.join(state::FOLDER).is_dir();
    if lacks {
        tell_no_site(global, console);
    }
    lacks
}

fn tell_no_site(global: &Global, console: &Console) {
    console.problem(&format!("there is no site in {}: no folder `content`", global.root.display()));
    console.say("  = help: make content/parks/<park>/index.md, or name the site's folder with --root");
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

impl GlobalArgs {
    /// What it means where one stands.
    fn meant(&self) -> Global {
        let Self { root, jobs, memory, json, quiet, verbose, color } = self;
        let (root, jobs, memory) = (place::root(root.as_deref()), *jobs, *memory);
        Global { root, jobs, memory, json: *json, quiet: *quiet, verbose: *verbose, color: *color }
    }
}

impl Global {
    fn room(&self) -> Room {
        self.memory.unwrap_or_default()
    }

    fn jobs(&self) -> usize {
        match self.jobs {
            Some(jobs) => jobs.into(),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}
