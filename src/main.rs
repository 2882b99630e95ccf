//! Parses, runs one command, prints one error chain, exits.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use lifthill::cli::{Exit, Typed, run};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
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
