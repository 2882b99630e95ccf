//! One build from end to end: look, sync, plan, work, sweep, commit. A [`Session`] holds the site
//! open and runs these steps as often as it is asked to; [`build`] asks once. Each step is a file
//! beside this one, their order is in `session.rs`.

mod arena;
mod changes;
mod context;
mod explain;
mod links;
mod memory;
mod options;
mod outputs;
mod plan;
mod progress;
mod scan;
mod session;
mod sync;
mod threads;
mod trust;
mod work;

pub use context::code_digest;
pub use explain::impact::{Impact, impact};
pub use explain::named::page_files;
pub use explain::why::{Why, why};
pub use options::{Extent, Options, Ours};
pub use outputs::cache::{Dropped, Kept, collect, kept};
pub use outputs::files::written;
pub use outputs::held_remotely::Elsewhere;
pub use outputs::inventory::{Held, Inventory, OutputFile, inventory};
pub use progress::{Progress, Silent};
pub use scan::refusals::lack;
pub use scan::scope::{Look, Touched};
pub use session::Session;
pub use trust::check::check;
pub use trust::history::{History, history};
pub use trust::sample::{Sample, verify_sample};
pub use trust::verify::verify;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context, Result};

use crate::config::Settings;
use crate::disk::Disk;
use crate::output::Output;
use crate::report::{Report, peak_memory_bytes};
use crate::room::Room;
use crate::stamp::Clockwork;
use crate::state::State;

/// Builds the site at `options.root` with `settings`. What is wrong with the site is in the
/// report; an error is about the file system or the state.
pub fn build(options: &Options, settings: Settings, progress: &dyn Progress) -> Result<Report> {
    build_for(options, settings, &Elsewhere::default(), progress)
}

/// Builds as [`build`] does, but for files whose bytes are elsewhere already: they are not made
/// only because they are missing.
pub fn build_for(
    options: &Options,
    settings: Settings,
    elsewhere: &Elsewhere,
    progress: &dyn Progress,
) -> Result<Report> {
    let start = Instant::now();
    let mut session = Session::open(options.clone())?;
    session.spare(elsewhere.clone());
    let opened = start.elapsed().as_secs_f64();
    let mut report = session.run(options.now, settings, Look::Everything, progress)?;
    report.phases.insert("open", opened);
    if options.ours == Ours::All {
        session.prune(&mut report)?;
    }
    if options.extent == Extent::Whole {
        report.timed("commit", |_| session.settle())?;
        report.rows.notes.extend(session.take_notes());
    }
    if report.files.written > 0 {
        Clockwork::let_tick_pass();
    }
    report.seconds = start.elapsed().as_secs_f64();
    report.peak_memory_bytes = peak_memory_bytes();
    Ok(report)
}

/// Removes every output that we wrote, and the state. Returns how many files went.
pub fn forget(root: &Path) -> Result<u64> {
    let disk = Disk::default();
    let mut ours = BTreeSet::new();
    let output = Output::open(root, &disk)?;
    {
        let state = State::open(root, code_digest(), &disk, Room::default())?;
        ours.extend(outputs::journal::ours(state.folder(), &output)?);
        ours.extend(outputs::files::names(&state.snapshot()?)?);
    }
    let mut removed = 0;
    for file in ours {
        removed += u64::from(output.remove(&file)?);
    }
    std::fs::remove_dir_all(root.join(crate::state::FOLDER)).context("cannot remove the state")?;
    Ok(removed)
}
