//! What no build goes on with, whoever asks for it: folders that are links, and a site whose content is
//! gone. A disk that is not mounted and a folder that was moved away look like a site without pages;
//! nothing is removed because of that. Decided here alone, so that watching never does what `build`
//! refuses.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Result, bail};

use crate::assets;
use crate::config::Settings;
use crate::diagnostics::Diagnostic;
use crate::engine::scan::ContentScan;
use crate::source;
use crate::state::{Store, Table};

/// The site's own folders must be in its root: a link could lead anywhere.
pub fn refuse_links(root: &Path) -> Result<()> {
    let folders =
        [source::FOLDER, crate::render::TEMPLATES, assets::FOLDER, crate::output::FOLDER, crate::state::FOLDER];
    for folder in folders {
        if std::fs::symlink_metadata(root.join(folder)).is_ok_and(|metadata| metadata.is_symlink()) {
            bail!("{folder}/ is a symbolic link, which is not followed; make it a folder of the site");
        }
    }
    Ok(())
}

/// What is wrong with a site that is to be read from files, and has no folder of them.
pub fn lack(root: &Path, settings: &Settings) -> Option<Diagnostic> {
    let lacks = settings.source.has_files() && !root.join(source::FOLDER).is_dir();
    lacks.then(|| {
        let message = "there is no such folder; nothing is built and nothing is removed until it is there";
        Diagnostic::of_file(source::FOLDER, message)
            .help("make content/parks/<park>/index.md, or name the site's folder with --root")
    })
}

/// What is wrong where the content folder holds no file any more, though pages were made of some.
/// `is_first` says that nothing is known of the files that there were.
pub fn emptied(root: &Path, content: &ContentScan, is_first: bool, known: &impl Store) -> Result<Option<Diagnostic>> {
    let some_went = !content.removed.is_empty() || (is_first && has_pages_of_records(known)?);
    if !some_went || content.candidates.len() > 0 || source::has_files(root) {
        return Ok(None);
    }
    let message = "holds no file any more, though pages were made of some; nothing is removed";
    let help = "is it mounted? To empty the site all the same, run `lifthill clean` first";
    Ok(Some(Diagnostic::of_file(source::FOLDER, message).help(help)))
}

/// Whether any output is the page of a record: those of a site without content lie less deep.
fn has_pages_of_records(known: &impl Store) -> Result<bool> {
    let mut any = false;
    known.scan(Table::Outputs, b"", |file, _| {
        any = file.ends_with(b"/index.html") && file.iter().filter(|byte| **byte == b'/').count() > 1;
        Ok(if any { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(any)
}
