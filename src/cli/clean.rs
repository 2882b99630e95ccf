//! `lifthill clean`.

use anyhow::{Context, Result};

use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_site;
use crate::engine::forget;

/// Removes the outputs that we wrote, and the state.
pub fn run(global: &Global, console: &Console) -> Result<Exit> {
    if lacks_site(global, console) {
        return Ok(Exit::Usage);
    }
    let removed = forget(&global.root).context("cannot clean")?;
    console.say(&format!("{removed} files removed"));
    Ok(Exit::Done)
}
