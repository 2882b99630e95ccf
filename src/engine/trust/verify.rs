//! Verify: whether the output is what a clean build of the same inputs would make. All of it is made
//! again in a scratch folder, with a store of its own, and every byte compared; see `sample.rs` for
//! less. Changes nothing of the site; knows nothing of why a page differs.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Result, bail};

use crate::config::Settings;
use crate::door;
use crate::engine::build;
use crate::engine::context::code_digest;
use crate::engine::explain::why::why;
use crate::engine::options::Extent;
use crate::engine::options::Options;
use crate::engine::outputs::files;
use crate::engine::outputs::strangers;
use crate::engine::progress::Progress;
use crate::engine::trust::scratch::Scratch;
use crate::headers::url_of;
use crate::output;
use crate::paths::RelPath;
use crate::report::{Difference, Verified};
use crate::state::State;

/// Builds the site anew in a scratch folder and compares every file with what `options` built.
pub fn verify(options: &Options, settings: Settings, progress: &dyn Progress) -> Result<Verified> {
    // Nobody may build meanwhile: what is compared must stay as it is.
    let state = State::peek(options.home(), code_digest(), options.room)?;
    let scratch = Scratch::new(options.home())?;
    let clean = Options { home: Some(scratch.path().to_owned()), extent: Extent::Whole, ..options.clone() };
    let report = build(&clean, settings.clone(), progress)?;
    if let Some(problem) = report.diagnostics.iter().find(|_| report.has_errors()) {
        bail!("a clean build finds mistakes that this one did not: {}", problem.message);
    }
    options.stop.check()?;
    let ours = files::names(&state.snapshot()?)?;
    let expected = files::names(&State::peek(scratch.path(), code_digest(), options.room)?.snapshot()?)?;
    let mut verified = Verified { files: expected.len() as u64, ..Verified::default() };
    for file in ours.union(&expected) {
        let clean = bytes_of(scratch.path(), file, u64::MAX);
        let most = clean.as_ref().map_or(0, |clean| clean.len() as u64);
        let here = bytes_of(options.home(), file, most).filter(|_| ours.contains(file));
        if here != clean {
            verified.note(file, here.as_deref(), clean.as_deref());
        }
    }
    verified.strangers = strangers_of(&state, options)?;
    drop(state);
    explain(&mut verified, &options.root, settings);
    Ok(verified)
}

/// The bytes of an output of the site whose output lies in `home`; `None` where there is no such file. Of
/// one that is longer than `most`, only enough to see that it is.
pub fn bytes_of(home: &Path, file: &RelPath, most: u64) -> Option<Vec<u8>> {
    let (file, _): (File, _) = door::open(&output::path_of(home, file)).ok()?;
    let mut bytes = Vec::new();
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

/// What lies below `output/` although no page claims it.
pub fn strangers_of(state: &State, options: &Options) -> Result<Vec<String>> {
    let output = output::Output::look(options.home(), &options.disk)?;
    Ok(strangers::names(&strangers::find(&output, &state.snapshot()?)?))
}

/// Adds to the first difference what its page is known to have read.
pub fn explain(verified: &mut Verified, root: &Path, settings: Settings) {
    let Some(difference) = &mut verified.first else { return };
    if difference.folder != output::FOLDER {
        return;
    }
    let url = url_of(&difference.file);
    // What only one of the two builds knows has no readings here.
    if let Ok(why) = why(root, settings, &url) {
        difference.reads = why.reads;
        difference.reason = Some(why.reason);
    }
}

impl Verified {
    /// Counts an output that is not as a clean build makes it.
    pub fn note(&mut self, file: &RelPath, here: Option<&[u8]>, clean: Option<&[u8]>) {
        self.note_in(output::FOLDER, file.as_str(), here, clean);
    }

    /// Counts a file in a folder of the site of which something else is known than a clean build finds.
    pub fn note_in(&mut self, folder: &'static str, file: &str, here: Option<&[u8]>, clean: Option<&[u8]>) {
        self.differences += 1;
        if self.first.is_some() {
            return;
        }
        let (left, right) = (here.unwrap_or_default(), clean.unwrap_or_default());
        let at = left.iter().zip(right).take_while(|(a, b)| a == b).count();
        let around = |bytes: &[u8]| {
            let (from, to) = (at.saturating_sub(60), (at + 100).min(bytes.len()));
            String::from_utf8_lossy(&bytes[from.min(to)..to]).into_owned()
        };
        self.first = Some(Difference {
            folder,
            file: file.to_owned(),
            byte: at as u64,
            here: here.map(around),
            clean: clean.map(around),
            reads: Vec::new(),
            reason: None,
        });
    }
}
