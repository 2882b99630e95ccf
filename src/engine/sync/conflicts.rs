//! Reviews and photos of one record that stand both in a file and in rows: a mistake, for neither
//! could be shown without hiding the other. Knows nothing of records, which say where they come
//! from themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use anyhow::Result;

use crate::config::Origin;
use crate::diagnostics::Diagnostic;
use crate::engine::scan::{KnownFile, join};
use crate::engine::sync::rows::KnownUnit;
use crate::model::{Kind, RecordId};
use crate::source::{self, Parsed, Part, Unit, row_unit};
use crate::state::{Store, Table, Tables};

/// What has been said of which record in one sync, where both files and rows may speak.
#[derive(Debug)]
pub struct Claims {
    /// Whether both may: otherwise nothing is noted.
    mixed: bool,
    by_files: BTreeSet<(Part, RecordId)>,
    by_rows: BTreeSet<(Part, RecordId)>,
}

impl Claims {
    /// Nothing yet, where records come from `origin`.
    pub fn of(origin: Origin) -> Self {
        Self { mixed: origin == Origin::Mixed, by_files: BTreeSet::new(), by_rows: BTreeSet::new() }
    }

    /// Notes what an origin says. Reviews by rows count even where none is approved: one record's
    /// are kept in one place.
    pub fn note(&mut self, origin: &str, parsed: &Parsed) {
        if !self.mixed {
            return;
        }
        let unit = row_unit(origin);
        let claims = if unit.is_some() { &mut self.by_rows } else { &mut self.by_files };
        claims.extend(unit.filter(|unit| unit.part == Part::Reviews).map(|unit| (Part::Reviews, target(&unit))));
        claims.extend(parsed.reviews.iter().map(|(id, _)| (Part::Reviews, id.clone())));
        claims.extend(parsed.photos.iter().map(|(id, _)| (Part::Photos, id.clone())));
    }

    /// Whether a file now says what the rows of `origin` no longer do: they do not take it away.
    pub fn is_now_by_file(&self, origin: &str, part: Part, id: &RecordId) -> bool {
        self.mixed && row_unit(origin).is_some() && self.by_files.contains(&(part, id.clone()))
    }

    /// The mistakes, once the state holds what all files and rows say.
    pub fn mistakes(&self, tables: &Tables<'_>) -> Result<Vec<Diagnostic>> {
        if self.by_files.is_empty() && self.by_rows.is_empty() {
            return Ok(Vec::new());
        }
        let mut in_files: BTreeMap<(Part, RecordId), String> = BTreeMap::new();
        tables.scan_prefix(Table::Sources, b"parks/", |folder, value| {
            let folder = std::str::from_utf8(folder)?;
            for file in postcard::from_bytes::<Vec<KnownFile>>(value)? {
                let path = join(folder, &file.name);
                let reviews = file.reviews.into_iter().map(|id| (Part::Reviews, id));
                let photos = file.photos.into_iter().map(|id| (Part::Photos, id));
                in_files.extend(reviews.chain(photos).map(|claim| (claim, path.clone())));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        let mut mistakes = Vec::new();
        for claim in self.by_files.union(&self.by_rows) {
            let (part, id) = claim;
            if let Some(path) = in_files.get(claim)
                && let Some(unit) = rows_about(tables, *part, id)?
            {
                let (file, what) = (source::origin_name(path), part.name());
                let message = format!("{what} of {id} stand both in {file} and in {unit}");
                let help = format!("keep all {what} of one record in one of the two");
                mistakes.push(Diagnostic::of_file(&file, message).help(help));
            }
        }
        Ok(mistakes)
    }
}

/// The park or ride that a unit of reviews is about.
pub fn target(unit: &Unit) -> RecordId {
    let kind = if unit.key.contains('/') { Kind::Ride } else { Kind::Park };
    RecordId::new(kind, unit.key.clone())
}

/// The unit whose rows say something of a record, if there is one.
fn rows_about(tables: &Tables<'_>, part: Part, id: &RecordId) -> Result<Option<Unit>> {
    let unit = match part {
        Part::Photos => Unit::new(part, id.parent_key()),
        _ => Unit::new(part, id.key.clone()),
    };
    let known: Option<KnownUnit> = tables.value(Table::Rows, &unit.state_key())?;
    Ok(known.filter(|known| part != Part::Photos || known.about.contains(id)).map(|_| unit))
}
