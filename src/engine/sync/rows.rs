//! Rows taken in: which of a database's units say something new, and what goes with those that
//! are no more. Knows nothing of connections and SQL.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use anyhow::Result;
use rayon::prelude::*;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::catalog::{StoredRecord, keys};
use crate::diagnostics::Severity;
use crate::digest::Digest;
use crate::engine::context::Build;
use crate::engine::sync::Sync;
use crate::engine::sync::bodies;
use crate::model::{Kind, RecordId};
use crate::source::{Fingerprint, Heard, Parsed, Part, Reading, RowStream, Unit, UnitRows};
use crate::state::{Store, Table, Tables};

/// What a database has to tell in this build.
pub struct RowsToTake<'r> {
    /// The rows.
    pub stream: &'r mut dyn RowStream,
    /// Whether every unit must be parsed even where its rows are as they were.
    pub again: bool,
    /// Origins that say something else by themselves.
    pub due: &'r BTreeSet<String>,
}

/// A unit as the last build left it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KnownUnit {
    /// What its rows amounted to.
    pub fingerprint: Fingerprint,
    /// What they were about, where the unit's own name does not say: areas, and records with photos.
    pub about: Vec<RecordId>,
}

/// The records that rows of a unit name, as the state has them.
pub fn named_by(tables: &Tables<'_>, unit: &Unit) -> Result<Vec<RecordId>> {
    let known: KnownUnit = tables.value(Table::Rows, &unit.state_key())?.unwrap_or_default();
    let Some(id) = unit.record() else {
        let target = match (unit.part, unit.key.contains('/')) {
            (Part::Reviews, true) => Some(RecordId::new(Kind::Ride, unit.key.clone())),
            _ => Some(RecordId::new(Kind::Park, unit.key.clone())),
        };
        let photos = known.about.into_iter().filter(|_| unit.part == Part::Photos);
        return Ok(target.into_iter().filter(|_| unit.part != Part::Photos).chain(photos).collect());
    };
    let stored: Option<StoredRecord> = tables.value(Table::Records, &keys::record(&id))?;
    Ok(stored.map_or_else(Vec::new, |stored| {
        let links = crate::source::confirmed_links(&stored.record.common.body);
        let around = crate::engine::sync::references::around(&id, &stored);
        stored.record.references().into_iter().chain(links).chain(around).collect()
    }))
}

impl Sync<'_, '_, '_> {
    /// Takes in everything that the database has to tell.
    pub(in crate::engine) fn take_rows(
        &mut self,
        build: &Build<'_>,
        rows: RowsToTake<'_>,
        reading: &Reading,
    ) -> Result<()> {
        let mut told: FxHashSet<u64> = FxHashSet::default();
        while let Some(heard) = rows.stream.next_rows()? {
            let units = match heard {
                Heard::Units(units) => units,
                Heard::AllOf(part) => {
                    self.forget_untold(part, &told)?;
                    told.clear();
                    continue;
                }
            };
            let mut changed: Vec<(UnitRows, KnownUnit)> = Vec::new();
            for unit in units {
                // In a first build nothing was told before.
                if !self.index.first && !unit.lines.is_empty() {
                    told.insert(Digest::of(&unit.unit.state_key()).short());
                }
                let known: Option<KnownUnit> = if self.index.first {
                    None
                } else {
                    self.index.tables.value(Table::Rows, &unit.unit.state_key())?
                };
                let same = known.as_ref().is_some_and(|known| known.fingerprint == unit.fingerprint);
                let gone = unit.lines.is_empty();
                self.report.rows.read += u64::from(unit.fingerprint.rows);
                if gone && known.is_some() {
                    self.forget_unit(&unit.unit, &known.unwrap_or_default())?;
                } else if !gone && (!same || rows.again || rows.due.contains(&unit.unit.origin())) {
                    changed.push((unit, known.unwrap_or_default()));
                }
            }
            self.report.rows.changed += changed.len() as u64;
            let parsed: Vec<Parsed> = build
                .threads
                .working
                .install(|| changed.par_iter().map(|(unit, _)| bodies::of_rows(unit, reading)).collect());
            for ((unit, known), parsed) in changed.into_iter().zip(parsed) {
                self.take_unit(&unit, &known, parsed)?;
            }
        }
        self.rows_to_come = false;
        Ok(())
    }

    fn take_unit(&mut self, rows: &UnitRows, known: &KnownUnit, mut parsed: Parsed) -> Result<()> {
        let unit = &rows.unit;
        let origin = unit.origin();
        if !self.index.first {
            self.parsed.insert(origin.clone());
        }
        let broken = parsed.problems.iter().any(|problem| problem.severity == Severity::Error);
        self.take_problems(&origin, &mut parsed)?;
        self.moments.extend(parsed.moments.iter().map(|moment| (*moment, origin.clone())));
        let about: Vec<RecordId> = match unit.part {
            Part::Areas => parsed.records.iter().map(|one| one.id.clone()).collect(),
            Part::Photos => parsed.photos.iter().map(|(target, _)| target.clone()).collect(),
            _ => Vec::new(),
        };
        // What broken rows no longer say may only be hidden by the mistake.
        if !broken && *known != KnownUnit::default() {
            let said = said(unit, known);
            let keeps = |id: &RecordId| {
                parsed.records.iter().any(|one| one.id == *id)
                    || parsed.reviews.iter().any(|(target, _)| target == id)
                    || parsed.photos.iter().any(|(target, _)| target == id)
            };
            let gone = said.map(|ids| ids.into_iter().filter(|id| !keeps(id)).collect::<Vec<_>>());
            self.unsay(&origin, &gone[0], &gone[1], &gone[2])?;
        }
        if unit.part == Part::Photos {
            self.photo_rows.insert(RecordId::new(Kind::Park, unit.key.clone()));
        }
        self.say(&origin, parsed)?;
        let known = KnownUnit { fingerprint: rows.fingerprint, about };
        self.index.tables.put_value(Table::Rows, &unit.state_key(), &known)
    }

    fn forget_unit(&mut self, unit: &Unit, known: &KnownUnit) -> Result<()> {
        let origin = unit.origin();
        let [records, reviews, photos] = said(unit, known);
        self.unsay(&origin, &records, &reviews, &photos)?;
        self.forget_warnings(&origin)?;
        self.report.rows.removed += 1;
        self.parsed.insert(origin);
        self.index.tables.remove(Table::Rows, &unit.state_key())?;
        Ok(())
    }

    /// Forgets the units of a part that were not told, where all were.
    fn forget_untold(&mut self, part: Part, told: &FxHashSet<u64>) -> Result<()> {
        if self.index.first {
            return Ok(());
        }
        let mut gone: Vec<(Unit, KnownUnit)> = Vec::new();
        self.index.tables.scan_prefix(Table::Rows, &[part as u8], |key, value| {
            if !told.contains(&Digest::of(key).short()) {
                gone.push((Unit::new(part, std::str::from_utf8(&key[1..])?), postcard::from_bytes(value)?));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        gone.iter().try_for_each(|(unit, known)| self.forget_unit(unit, known))
    }

    /// Takes back what all rows said: the site no longer has a database.
    pub(in crate::engine) fn forget_all_rows(&mut self) -> Result<()> {
        Part::ALL.into_iter().try_for_each(|part| self.forget_untold(part, &FxHashSet::default()))
    }
}

/// What a unit said: records, and what it held reviews and photos of.
fn said(unit: &Unit, known: &KnownUnit) -> [Vec<RecordId>; 3] {
    let none = Vec::new;
    match unit.part {
        Part::Areas => [known.about.clone(), none(), none()],
        Part::Photos => [none(), none(), known.about.clone()],
        Part::Reviews => [none(), vec![crate::engine::sync::conflicts::target(unit)], none()],
        _ => [unit.record().into_iter().collect(), none(), none()],
    }
}
