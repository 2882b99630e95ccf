//! Rows of a database: which of them belong together. Knows nothing of connections, nor of what a
//! row says.
//!
//! A *unit* is what changes together: the row of one record, or all rows of a park's areas or
//! photos, or all reviews of one park or ride. Its text is its rows as JSON, one a line, without
//! the columns that say which unit it is.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::FOLDER;
use crate::digest::Digest;
use crate::model::{Kind, RecordId};

/// What rows are about. The numbers stand in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Part {
    /// Companies.
    Companies,
    /// Models of ride.
    Models,
    /// Parks.
    Parks,
    /// Areas, by park.
    Areas,
    /// Rides.
    Rides,
    /// Articles.
    Articles,
    /// Reviews, by park or ride.
    Reviews,
    /// Photos, by park.
    Photos,
}

impl Part {
    /// Every part, in the order in which they are read.
    pub const ALL: [Self; 8] = [
        Self::Companies,
        Self::Models,
        Self::Parks,
        Self::Areas,
        Self::Rides,
        Self::Articles,
        Self::Reviews,
        Self::Photos,
    ];

    /// Its name: that of the table, of the SQL file and in the change log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Companies => "companies",
            Self::Models => "models",
            Self::Parks => "parks",
            Self::Areas => "areas",
            Self::Rides => "rides",
            Self::Articles => "articles",
            Self::Reviews => "reviews",
            Self::Photos => "photos",
        }
    }

    /// The part of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// The kind of its records, where a unit is one record.
    pub fn kind(self) -> Option<Kind> {
        match self {
            Self::Companies => Some(Kind::Company),
            Self::Models => Some(Kind::Model),
            Self::Parks => Some(Kind::Park),
            Self::Rides => Some(Kind::Ride),
            Self::Articles => Some(Kind::Article),
            Self::Areas | Self::Reviews | Self::Photos => None,
        }
    }
}

/// Rows that belong together. Prints as it is called in messages: `rides efteling/python`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit {
    /// What they are about.
    pub part: Part,
    /// Which one: a record's key, or that of the park or ride that they are about.
    pub key: Box<str>,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "postgres: {} {}", self.part.name(), self.key)
    }
}

/// How the origin of what rows say begins; no content file's path does.
const ORIGIN: &str = "postgres:";

impl Unit {
    /// The unit of `part` and `key`.
    pub fn new(part: Part, key: impl Into<Box<str>>) -> Self {
        Self { part, key: key.into() }
    }

    /// The record that its one row is, if it is one.
    pub fn record(&self) -> Option<RecordId> {
        self.part.kind().map(|kind| RecordId::new(kind, self.key.clone()))
    }

    /// The origin of what it says, as the state keeps it.
    pub fn origin(&self) -> String {
        format!("{ORIGIN}{}:{}", self.part.name(), self.key)
    }

    /// Its key in the state.
    pub fn state_key(&self) -> Vec<u8> {
        [&[self.part as u8], self.key.as_bytes()].concat()
    }
}

/// The unit that an origin names; `None` for a content file.
pub fn row_unit(origin: &str) -> Option<Unit> {
    let (part, key) = origin.strip_prefix(ORIGIN)?.split_once(':')?;
    Some(Unit::new(Part::parse(part)?, key))
}

/// How an origin is called in messages: a file in the site's root, or rows.
pub fn origin_name(origin: &str) -> String {
    row_unit(origin).map_or_else(|| format!("{FOLDER}/{origin}"), |unit| unit.to_string())
}

/// The units whose rows say something about a record without being it.
pub fn units_about(id: &RecordId) -> Vec<Unit> {
    match id.kind {
        Kind::Park | Kind::Ride | Kind::Area => {
            vec![Unit::new(Part::Reviews, id.key.clone()), Unit::new(Part::Photos, id.parent_key())]
        }
        _ => Vec::new(),
    }
}

/// The rows of one unit as they are now.
#[derive(Debug)]
pub struct UnitRows {
    /// Which.
    pub unit: Unit,
    /// The SQL file that gave them, if somebody wrote one.
    pub file: Option<Arc<str>>,
    /// One JSON object a line; empty where there are no rows any more.
    pub lines: String,
    /// What they amount to.
    pub fingerprint: Fingerprint,
}

/// What rows amount to, whatever their order: how many, and the sum of a part of each one's
/// SHA-256. A database can work it out as well, for many rows at once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Number of rows.
    pub rows: u32,
    /// Sum of the first seven bytes of each row's SHA-256, as a big-endian number, modulo 2^64.
    pub sum: u64,
    /// The digest of the rows in the order in which they were read.
    pub digest: Digest,
}

/// What a database tells, bit by bit.
#[derive(Debug)]
pub enum Heard {
    /// Some units as they are now.
    Units(Vec<UnitRows>),
    /// All units of a part have been told since the last such word: what was not told is gone.
    AllOf(Part),
}

/// A database being read.
pub trait RowStream {
    /// What it tells next; `None` at the end. The error is about the database.
    fn next_rows(&mut self) -> anyhow::Result<Option<Heard>>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_names_its_unit() {
        let unit = Unit::new(Part::Rides, "efteling/python");
        assert_eq!(row_unit(&unit.origin()), Some(unit.clone()));
        assert_eq!(unit.to_string(), "postgres: rides efteling/python");
        assert_eq!(row_unit("parks/efteling/index.md"), None);
        assert_eq!(origin_name("parks/efteling/index.md"), "content/parks/efteling/index.md");
    }
}
