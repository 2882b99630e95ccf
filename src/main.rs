//! Parses, runs one command, prints one error chain, exits.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use lifthill::assets;
use lifthill::cli::{Exit, Typed, run};
use lifthill::workshop;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    if let Some(done) = workshop::enter(assets::work_apart) {
        return done;
    }
    let typed = Typed::parse();
    match std::panic::catch_unwind(|| run(&typed)) {
        Ok(Ok(exit)) => exit.into(),
        Ok(Err(error)) => {
            // Standard error may be closed; then there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            Exit::FileSystem.into()
        }
        Err(_) => Exit::Bug.into(),
    }
}
