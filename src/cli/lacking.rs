//! What there is no site for, said before anything is done.

use super::console::Console;
use super::global::Global;
use super::place;
use crate::config::Settings;
use crate::engine::lack;
use crate::{source, state};

/// Whether files are to be read where there are none; then that has been said.
pub fn lacks_content(settings: &Settings, global: &Global, console: &Console) -> bool {
    let lacks = lack(&global.root, settings).is_some();
    if lacks {
        tell_no_site(global, console);
    }
    lacks
}

/// Whether there is no folder of content files; then that has been said.
pub fn lacks_files(global: &Global, console: &Console) -> bool {
    let lacks = !global.root.join(source::FOLDER).is_dir();
    if lacks {
        tell_no_site(global, console);
    }
    lacks
}

/// Whether there is nothing of a site to be tidied; then that has been said.
pub fn lacks_site(global: &Global, console: &Console) -> bool {
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
