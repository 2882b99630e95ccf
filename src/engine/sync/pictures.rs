//! Pictures taken in: what is known of each, of those that rows name in a folder of the application's own
//! too, and which cannot be read. Knows nothing of the variants that are made of them.

use std::collections::BTreeMap;

use anyhow::Result;
use rayon::prelude::*;

use crate::catalog::{Cell, Picture};
use crate::diagnostics::Diagnostic;
use crate::engine::context::Build;
use crate::engine::scan::Candidate;
use crate::engine::sync::Sync;
use crate::engine::sync::prefetch::{self, Outcome};
use crate::engine::sync::references::named_by_rows;
use crate::media::Survey;
use crate::report::Report;
use crate::source::{self, Parsed, Reading};
use crate::state::{Store, Table, Tables};

impl Sync<'_, '_, '_> {
    /// A picture came, changed or went.
    pub(in crate::engine) fn picture(&mut self, path: &str, picture: Option<Picture>) -> Result<()> {
        let old: Option<Picture> = self.index.tables.value(Table::Pictures, path.as_bytes())?;
        let why = picture.as_ref().and_then(|picture| picture.found.as_ref().err().cloned());
        self.unreadable.insert(path.to_owned(), why);
        if old == picture {
            return Ok(());
        }
        match picture {
            Some(picture) => self.index.tables.put_value(Table::Pictures, path.as_bytes(), &picture)?,
            None => drop(self.index.tables.remove(Table::Pictures, path.as_bytes())?),
        }
        self.index.changes.note(&Cell::Picture(path.to_owned()));
        Ok(())
    }

    /// A picture was looked at. Returns what its file says, which is no more than a warning.
    pub(in crate::engine) fn new_picture(&mut self, path: &str, picture: Picture) -> Result<Parsed> {
        let mut parsed = Parsed::default();
        if let Ok(Survey { warning: Some(warning), .. }) = &picture.found {
            let message = format!("{warning}; it is taken to be sRGB");
            parsed.problems.push(Diagnostic::of_file(&source::name_of(path), message).warning());
        }
        let place = source::place(path);
        let key = if let source::Place::PhotoFile(key) = &place { key } else { path };
        self.picture(key, Some(picture))?;
        Ok(parsed)
    }

    /// Looks at pictures in the application's folder that rows name for the first time.
    pub(in crate::engine) fn new_pictures_of_rows(&mut self, build: &Build<'_>, reading: &Reading) -> Result<()> {
        let Some(folder) = &build.settings.photos.folder else { return Ok(()) };
        let mut new = BTreeMap::new();
        for park in &self.photo_rows {
            for path in named_by_rows(self.index.tables, park)? {
                let known = self.index.tables.bytes(Table::Pictures, path.as_bytes(), |_| ())?.is_some();
                if let Some(stamp) = source::look_at_picture(&build.options.root, folder, &path).filter(|_| !known) {
                    new.insert(path.clone(), Candidate { path, stamp, known: None, again: false });
                }
            }
        }
        let look = |candidate: &Candidate| prefetch::parse_one(build, candidate, None, reading);
        let new: Vec<Candidate> = new.into_values().collect();
        let seen: Vec<Outcome> = build.threads.working.install(|| new.par_iter().map(look).collect());
        for (candidate, outcome) in new.into_iter().zip(seen) {
            self.apply(candidate, outcome)?;
        }
        self.reading = None;
        Ok(())
    }
}

/// Pictures that cannot be read, by path below `content/`, and why.
type Unreadable = BTreeMap<String, String>;

/// Remembers which pictures cannot be read: those in `found` are known anew.
pub fn remember_unreadable(tables: &mut Tables<'_>, found: BTreeMap<String, Option<String>>) -> Result<()> {
    if found.is_empty() {
        return Ok(());
    }
    let mut all: Unreadable = tables.value(Table::Meta, b"unreadable pictures")?.unwrap_or_default();
    for (path, why) in found {
        match why {
            Some(why) => drop(all.insert(path, why)),
            None => drop(all.remove(&path)),
        }
    }
    tables.put_value(Table::Meta, b"unreadable pictures", &all)
}

/// Reports the pictures that cannot be read: in every build until they are mended, since pages do
/// without them meanwhile.
pub fn report_unreadable(store: &impl Store, report: &mut Report) -> Result<()> {
    let all: Unreadable = store.value(Table::Meta, b"unreadable pictures")?.unwrap_or_default();
    report.pictures.failed += all.len() as u64;
    report.tell(all.into_iter().map(|(path, why)| problem(&path, why)));
    report.settle_diagnostics();
    Ok(())
}

/// What is told of a picture that pages do without.
pub fn problem(picture: &str, why: String) -> Diagnostic {
    let help = "pages do without it until it is mended; begin its name with `_` to leave it out";
    Diagnostic::of_file(&source::name_of(picture), why).help(help)
}
