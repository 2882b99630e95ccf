//! Verify: whether the output is what a clean build of the same inputs would make. Either all of it
//! is made again in a scratch folder and every byte compared, or some of the pages that a build
//! did not render are. Changes nothing of the site; knows nothing of why a page differs.

use std::collections::BTreeSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Result, bail};

use super::around::look_around;
use super::look::Look;
use super::scratch::Scratch;
use super::threads::Threads;
use super::trace::Trace;
use super::{Build, Extent, Options, Progress, build, code_digest, files, pictures, why, work};
use crate::cas::Cas;
use crate::catalog::{Catalog, SharedValues};
use crate::compress;
use crate::config::Settings;
use crate::digest::Digest;
use crate::headers::url_of;
use crate::output::{self, Output};
use crate::paths::RelPath;
use crate::render::Templates;
use crate::report::{Difference, Report, Verified};
use crate::room::Lists;
use crate::site::Route;
use crate::state::{State, Store, Table};

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
        let read = |home: &Path| fs::read(output::path_of(home, file)).ok();
        let here = read(options.home()).filter(|_| ours.contains(file));
        let clean = read(scratch.path());
        if here != clean {
            verified.note(file, here.as_deref(), clean.as_deref());
        }
    }
    drop(state);
    explain(&mut verified, &options.root, settings);
    Ok(verified)
}

/// What is verified by drawing lots.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The share of the pages, above 0 and at most 1; never less than one page.
    pub share: f64,
    /// Decides which.
    pub seed: u64,
}

/// Renders some of the pages that a build did not render, and compares them with their files.
pub fn verify_sample(
    options: &Options,
    settings: Settings,
    rendered: &[String],
    sample: Sample,
    progress: &dyn Progress,
) -> Result<Verified> {
    let state = State::peek(options.home(), code_digest(), options.room)?;
    let cas = Cas::look(state.folder())?;
    let (look, mut report) = (Look::Everything, Report::default());
    let around = look_around(&options.root, &settings, &cas, None, &look, &mut report)?;
    let templates = Templates::new(&around.templates, settings.minify);
    let Ok(templates) = templates else { bail!("the templates have changed since the build") };
    let catalog = Arc::new(Catalog {
        snapshot: state.snapshot()?,
        settings: settings.clone(),
        assets: around.assets,
        ids: around.templates.ids(),
        shared: SharedValues::within(options.room.ready_cards(&Lists::default())),
    });
    let rendered: BTreeSet<&str> = rendered.iter().map(String::as_str).collect();
    let drawn = draw(&catalog, &rendered, sample)?;
    progress.begin("verifying", drawn.len() as u64);
    let threads = Threads::start(&Options { jobs: 1, ..options.clone() })?;
    let budget = pictures::budget();
    let compressed = compress::Counts::default();
    let build = Build {
        options,
        settings: settings.clone(),
        progress,
        threads: &threads,
        cas: &cas,
        budget: &budget,
        compressed,
    };
    let output = Output::look(options.home(), &options.disk)?;
    let mut verified = Verified { files: drawn.len() as u64, seed: Some(sample.seed), ..Verified::default() };
    for (file, route) in &drawn {
        options.stop.check()?;
        let made = match work::make(&build, &catalog, &templates, &output, route)? {
            Ok(bytes) => Some(bytes),
            // A page that cannot be made any more should not have been skipped.
            Err(message) => Some(message.into_bytes()),
        };
        let here = fs::read(output::path_of(options.home(), file)).ok();
        if here != made {
            verified.note(file, here.as_deref(), made.as_deref());
        }
        progress.advance(1);
    }
    drop(catalog);
    drop(state);
    explain(&mut verified, &options.root, settings);
    Ok(verified)
}

/// The pages on which the lot falls, and where it falls on none, the one nearest to it.
fn draw(catalog: &Catalog, rendered: &BTreeSet<&str>, sample: Sample) -> Result<Vec<(RelPath, Route)>> {
    let limit = (sample.share * u64::MAX as f64) as u64;
    let mut drawn = Vec::new();
    let mut nearest: Option<(u64, RelPath, Route)> = None;
    catalog.snapshot.scan(Table::Pages, b"", |key, bytes| {
        let name = std::str::from_utf8(key)?;
        let Some(file) = RelPath::new(name).filter(|_| !rendered.contains(name)) else {
            return Ok(ControlFlow::Continue(()));
        };
        // A page that failed shows what it showed before.
        if catalog.snapshot.bytes(Table::Due, key, |_| ())?.is_some() {
            return Ok(ControlFlow::Continue(()));
        }
        let lot = Digest::of_parts([&sample.seed.to_le_bytes()[..], key]).short();
        if lot <= limit {
            drawn.push((file, Trace::decode(bytes)?.facts.route));
        } else if nearest.as_ref().is_none_or(|(other, ..)| lot < *other) {
            nearest = Some((lot, file, Trace::decode(bytes)?.facts.route));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if drawn.is_empty() {
        drawn.extend(nearest.map(|(_, file, route)| (file, route)));
    }
    Ok(drawn)
}

/// Adds to the first difference what its page is known to have read.
fn explain(verified: &mut Verified, root: &Path, settings: Settings) {
    let Some(difference) = &mut verified.first else { return };
    let url = url_of(&difference.file);
    // What only one of the two builds knows has no readings here.
    if let Ok(why) = why(root, settings, &url) {
        difference.reads = why.reads;
        difference.reason = Some(why.reason);
    }
}

impl Verified {
    fn note(&mut self, file: &RelPath, here: Option<&[u8]>, clean: Option<&[u8]>) {
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
            file: file.to_string(),
            byte: at as u64,
            here: here.map(around),
            clean: clean.map(around),
            reads: Vec::new(),
            reason: None,
        });
    }
}
