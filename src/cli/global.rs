//! What every verb takes, whatever it does.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::place;
use crate::room::Room;

/// What every verb takes, as typed.
#[derive(Debug, Args)]
pub struct GlobalArgs {
    /// The site's folder: it holds content/, and lifthill.toml, templates/ and assets/ if any
    /// [default: the nearest one at or above this folder]
    #[arg(long, global = true, value_name = "FOLDER")]
    pub root: Option<PathBuf>,
    /// Threads [default: one a core]
    #[arg(long, short, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub jobs: Option<u16>,
    /// Most memory to take, such as 512M; a site that needs more is refused before it is touched
    #[arg(long, global = true, value_name = "SIZE", value_parser = Room::parse)]
    pub memory: Option<Room>,
    /// Print one JSON object on standard output
    #[arg(long, global = true)]
    pub json: bool,
    /// Say nothing but problems
    #[arg(long, short, global = true)]
    pub quiet: bool,
    /// Say more: phases, and each page that was rendered
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    pub color: Color,
}

/// What every verb is told.
#[derive(Debug)]
pub struct Global {
    /// The site's folder.
    pub root: PathBuf,
    /// Threads that were asked for.
    pub jobs: Option<u16>,
    /// Memory that was asked for.
    pub memory: Option<Room>,
    /// Whether data is wanted rather than talk.
    pub json: bool,
    /// Whether only problems are told.
    pub quiet: bool,
    /// Whether more is told.
    pub verbose: bool,
    /// When to use colour.
    pub color: Color,
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

impl GlobalArgs {
    /// What it means where one stands.
    pub fn meant(&self) -> Global {
        let Self { root, jobs, memory, json, quiet, verbose, color } = self;
        let (root, jobs, memory) = (place::root(root.as_deref()), *jobs, *memory);
        Global { root, jobs, memory, json: *json, quiet: *quiet, verbose: *verbose, color: *color }
    }
}

impl Global {
    /// How much memory it may take.
    pub fn room(&self) -> Room {
        self.memory.unwrap_or_default()
    }

    /// How many threads it may have.
    pub fn jobs(&self) -> usize {
        match self.jobs {
            Some(jobs) => jobs.into(),
            None => std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}
