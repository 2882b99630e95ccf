//! A sample: some of what builds have left, made again and compared. Nothing is taken from the site's
//! store, for what is there could have been put there by anybody: pages, style sheets, scripts, what is
//! known of pictures, their variants and compressed variants are made as a first build makes them. The
//! records of the state are believed; only a whole verification reads all content again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::{Context, Result, bail};

use crate::cas::Cas;
use crate::catalog::{Catalog, Picture, SharedValues};
use crate::compress;
use crate::config::Settings;
use crate::digest::Digest;
use crate::disk::Disk;
use crate::door::{self, Most};
use crate::engine::context::Build;
use crate::engine::context::code_digest;
use crate::engine::options::Options;
use crate::engine::plan::trace::Trace;
use crate::engine::progress::Progress;
use crate::engine::scan::inputs::look_around;
use crate::engine::scan::scope::Look;
use crate::engine::threads::Threads;
use crate::engine::trust::scratch::Scratch;
use crate::engine::trust::verify::{bytes_of, explain, strangers_of};
use crate::engine::work;
use crate::engine::work::pictures::StoredVariant;
use crate::engine::work::variants;
use crate::headers::Encoding;
use crate::media::{self, Budget, limits};
use crate::output::Output;
use crate::paths::RelPath;
use crate::render::Templates;
use crate::report::{Report, Verified};
use crate::room::Lists;
use crate::site::Route;
use crate::source;
use crate::state::{State, Store, Table};

/// What is verified by drawing lots.
#[derive(Clone, Copy, Debug)]
pub struct Sample {
    /// The share of the files, above 0 and at most 1; never less than one of a kind (page, picture,
    /// variant of a picture, file with compressed variants).
    pub share: f64,
    /// Decides which.
    pub seed: u64,
}

/// Makes some of what is there again, and compares. Of pages only those that the build before has not
/// `rendered`, and assets, which may have come from the store.
pub fn verify_sample(
    options: &Options,
    settings: Settings,
    rendered: &[String],
    sample: Sample,
    progress: &dyn Progress,
) -> Result<Verified> {
    let state = State::peek(options.home(), code_digest(), options.room)?;
    let scratch = Scratch::new(options.home())?;
    let cas = Cas::open(scratch.path(), &Disk::default());
    let (look, mut report) = (Look::Everything, Report::default());
    let around = look_around(&options.root, &settings, &cas, None, &look, options.room, &mut report)?;
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
    let drawn = Drawn::of(&catalog, &rendered, sample)?;
    progress.begin("verifying", drawn.len());
    let threads = Threads::start(&Options { jobs: 1, ..options.clone() })?;
    let budget = Budget::new(limits::IN_FLIGHT);
    budget.set_most(options.room.pictures(&Lists::default(), limits::IN_FLIGHT)?);
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
    let mut check = Check { build: &build, verified: Verified { seed: Some(sample.seed), ..Verified::default() } };
    check.pages(&catalog, &templates, &drawn.pages)?;
    check.pictures(&drawn.pictures)?;
    check.variants(&drawn.variants)?;
    check.compressed(&catalog, &drawn.compressed)?;
    let mut verified = check.verified;
    drop(catalog);
    verified.strangers = strangers_of(&state, options)?;
    drop(state);
    explain(&mut verified, &options.root, settings);
    Ok(verified)
}

/// What the lot fell on.
struct Drawn {
    pages: Vec<(RelPath, Route)>,
    /// Pictures below `content/`, with what is known of them.
    pictures: Vec<(String, Picture)>,
    variants: Vec<(RelPath, StoredVariant)>,
    /// Files that may have compressed variants.
    compressed: Vec<RelPath>,
}

impl Drawn {
    fn of(catalog: &Catalog, rendered: &BTreeSet<&str>, sample: Sample) -> Result<Self> {
        let snapshot = &catalog.snapshot;
        let pages = draw(snapshot, Table::Pages, sample, |key, bytes| {
            // A page that failed shows what it showed before.
            if snapshot.bytes(Table::Due, key.as_bytes(), |_| ())?.is_some() {
                return Ok(None);
            }
            let Some(file) = RelPath::new(key) else { return Ok(None) };
            let route = Trace::decode(bytes)?.facts.route;
            let is_new = rendered.contains(key) && !matches!(route, Route::Asset(..));
            Ok((!is_new).then_some((file, route)))
        })?;
        let pictures = draw(snapshot, Table::Pictures, sample, |path, bytes| {
            Ok(Some((path.to_owned(), postcard::from_bytes(bytes)?)))
        })?;
        let variants = draw(snapshot, Table::Variants, sample, |file, bytes| {
            let variant = postcard::from_bytes(bytes)?;
            Ok(RelPath::new(file).map(|file| (file, variant)))
        })?;
        let compressed = draw(snapshot, Table::Outputs, sample, |file, _| {
            let file = RelPath::new(file);
            Ok(file.filter(|file| variants::packers(&catalog.settings, file).is_some_and(|(_, all)| !all.is_empty())))
        })?;
        Ok(Self { pages, pictures, variants, compressed })
    }

    fn len(&self) -> u64 {
        (self.pages.len() + self.pictures.len() + self.variants.len() + self.compressed.len()) as u64
    }
}

/// The rows of a table on which the lot falls, and where it falls on none, the one nearest to it. What
/// `take` makes `None` of is not drawn.
fn draw<T>(
    store: &impl Store,
    table: Table,
    sample: Sample,
    mut take: impl FnMut(&str, &[u8]) -> Result<Option<T>>,
) -> Result<Vec<T>> {
    let limit = (sample.share * u64::MAX as f64) as u64;
    let mut drawn = Vec::new();
    let mut nearest: Option<(u64, T)> = None;
    store.scan(table, b"", |key, bytes| {
        let lot = Digest::of_parts([&sample.seed.to_le_bytes()[..], key]).short();
        let is_near = drawn.is_empty() && nearest.as_ref().is_none_or(|(other, _)| lot < *other);
        if lot > limit && !is_near {
            return Ok(ControlFlow::Continue(()));
        }
        match take(std::str::from_utf8(key)?, bytes)? {
            Some(row) if lot <= limit => drawn.push(row),
            Some(row) => nearest = Some((lot, row)),
            None => {}
        }
        Ok(ControlFlow::Continue(()))
    })?;
    if drawn.is_empty() {
        drawn.extend(nearest.map(|(_, row)| row));
    }
    Ok(drawn)
}

/// Compares what was drawn with what is made now.
struct Check<'c> {
    build: &'c Build<'c>,
    verified: Verified,
}

impl Check<'_> {
    fn pages(&mut self, catalog: &Arc<Catalog>, templates: &Templates, drawn: &[(RelPath, Route)]) -> Result<()> {
        let output = Output::look(self.build.options.home(), &self.build.options.disk)?;
        for (file, route) in drawn {
            let made = match work::make(self.build, catalog, templates, &output, route)? {
                Ok(bytes) => bytes,
                // A page that cannot be made any more should not have been skipped.
                Err(message) => message.into_bytes(),
            };
            self.compare(file, Some(&made))?;
        }
        Ok(())
    }

    /// What is known of pictures decides which variants pages show.
    fn pictures(&mut self, drawn: &[(String, Picture)]) -> Result<()> {
        for (path, known) in drawn {
            let bytes = self.content(known.file.as_deref().unwrap_or(path))?;
            let digest = Digest::of(&bytes);
            let (found, _) = media::survey(self.build.cas, self.build.budget, digest, &bytes);
            self.build.budget.clear();
            let now = Picture { file: known.file.clone(), digest, found };
            self.verified.files += 1;
            if now != *known {
                let words = |picture: &Picture| format!("{picture:?}").into_bytes();
                self.verified.note_in(source::FOLDER, path, Some(&words(known)), Some(&words(&now)));
            }
            self.step()?;
        }
        Ok(())
    }

    fn variants(&mut self, drawn: &[(RelPath, StoredVariant)]) -> Result<()> {
        for (file, StoredVariant { variant, .. }) in drawn {
            let read = || self.content(&variant.picture).map_err(|error| format!("{error:#}"));
            let mut made = None;
            let Build { cas, budget, .. } = self.build;
            media::make(cas, budget, variant.source, &[variant.operation], read, |_, outcome| made = outcome.ok());
            self.build.budget.clear();
            self.compare(file, made.as_deref())?;
        }
        Ok(())
    }

    /// A plain file with all of its variants: one that is missing is as wrong as one that is another.
    fn compressed(&mut self, catalog: &Catalog, drawn: &[RelPath]) -> Result<()> {
        for file in drawn {
            let packers = variants::packers(&self.build.settings, file).map_or(&[][..], |(_, packers)| packers);
            let plain = bytes_of(self.build.options.home(), file, u64::MAX).unwrap_or_default();
            let made = compress::variants(self.build.cas, &plain, packers, &self.build.compressed)?;
            for encoding in Encoding::ALL {
                let Some(variant) = encoding.of_file(file) else { continue };
                let expected = made.iter().find(|made| made.encoding == encoding).map(|made| &*made.bytes);
                let key = variant.as_str().as_bytes();
                let is_ours = catalog.snapshot.bytes(Table::Compressed, key, |_| ())?.is_some();
                // A page may have just such a name.
                if expected.is_some() || is_ours {
                    self.compare(&variant, expected)?;
                }
            }
        }
        Ok(())
    }

    fn content(&self, path: &str) -> Result<Vec<u8>> {
        let folder = self.build.settings.photos.folder.as_deref();
        let bytes = door::read(&source::file_at(&self.build.options.root, folder, path), Most(limits::BYTES));
        bytes.with_context(|| format!("cannot read {}", source::name_of(path)))
    }

    /// Compares an output with what it should be.
    fn compare(&mut self, file: &RelPath, made: Option<&[u8]>) -> Result<()> {
        let here = bytes_of(self.build.options.home(), file, made.map_or(0, |made| made.len() as u64));
        self.verified.files += 1;
        if here.as_deref() != made {
            self.verified.note(file, here.as_deref(), made);
        }
        self.step()
    }

    fn step(&self) -> Result<()> {
        self.build.progress.advance(1);
        Ok(self.build.options.stop.check()?)
    }
}
