//! The only way to read: hands out records, cards and groups to pages and notes each reading.
//! Also says which groups a card is in. Knows nothing of routes, views or files.

mod cell;
pub mod group;
pub mod keys;
mod reader;
mod shared;

pub use cell::{Cell, CellId};
pub use group::{Group, Membership, Totals};
pub use reader::{Reader, Readings, Slice};
pub use shared::{Link, SharedValues};

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::assets::Assets;
use crate::config::Settings;
use crate::diagnostics::nearest;
use crate::digest::Digest;
use crate::media::Survey;
use crate::model::country;
use crate::model::slug::slugify;
use crate::model::{Card, Record, RecordId};
use crate::render::Ids;
use crate::source;
use crate::state::{Snapshot, Store, Table};

/// Keys that a mistaken one is compared with.
const KEYS_LOOKED_THROUGH: usize = 20_000;

/// A picture below `content/`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// Its file, where that is not written as names are compared.
    pub file: Option<String>,
    /// The digest of its bytes.
    pub digest: Digest,
    /// What is known of it; the error says, in words for its owner, why it cannot be read.
    pub found: Result<Survey, String>,
}

/// A record with the file it came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredRecord {
    /// The file below `content/`, or the unit of rows.
    pub origin: String,
    /// The record.
    pub record: Record,
}

/// Everything pages can read, as of one moment.
pub struct Catalog {
    /// The state.
    pub snapshot: Snapshot,
    /// The settings.
    pub settings: Settings,
    /// The assets.
    pub assets: Arc<Assets>,
    /// The ids that pages made with a template use, by its name.
    pub ids: BTreeMap<String, Ids>,
    /// Cards as ready template values.
    pub shared: SharedValues,
}

/// The name of a country: the site's own, else the everyday English one, else the code.
pub fn country_name<'a>(settings: &'a Settings, code: &'a str) -> &'a str {
    settings.countries.get(code).map(String::as_str).or_else(|| country::name(code)).unwrap_or(code)
}

impl Catalog {
    /// A record; not a reading.
    pub fn record(&self, id: &RecordId) -> Result<Option<Record>> {
        let stored: Option<StoredRecord> = self.snapshot.value(Table::Records, &keys::record(id))?;
        Ok(stored.map(|stored| stored.record))
    }

    /// The file or unit of rows that a record came from; not a reading.
    fn origin(&self, id: &RecordId) -> Result<Option<String>> {
        let origin = |bytes: &[u8]| postcard::take_from_bytes::<String>(bytes).map(|(origin, _)| origin);
        Ok(self.snapshot.bytes(Table::Records, &keys::record(id), origin)?.transpose()?)
    }

    /// The record that came from a content file, by its path below `content/`; not a reading.
    fn record_in(&self, path: &str) -> Result<Option<RecordId>> {
        let source::Place::Record(kind, scope, stem) = source::place(path) else { return Ok(None) };
        let in_scope = if scope.is_empty() { String::new() } else { format!("{scope}/") };
        let usual = RecordId::new(kind, format!("{in_scope}{}", slugify(&stem)));
        if self.origin(&usual)?.as_deref() == Some(path) {
            return Ok(Some(usual));
        }
        // A file may say what its record is called.
        let mut found = None;
        let prefix = [&[kind.number()], in_scope.as_bytes()].concat();
        self.snapshot.scan_prefix(Table::Records, &prefix, |key, bytes| {
            let (origin, _) = postcard::take_from_bytes::<&str>(bytes)?;
            if origin != path {
                return Ok(ControlFlow::Continue(()));
            }
            found = Some(keys::record_id(key)?);
            Ok(ControlFlow::Break(()))
        })?;
        Ok(found)
    }

    /// A card; not a reading.
    pub fn card(&self, id: &RecordId) -> Result<Option<Card>> {
        self.snapshot.value(Table::Cards, &keys::record(id))
    }

    /// Name and URL of a record; not a reading. They are the first two fields of its card, and the
    /// rest is not decoded.
    fn link(&self, id: &RecordId) -> Result<Option<Arc<Link>>> {
        self.shared.link(id, || {
            let decoded = self.snapshot.bytes(Table::Cards, &keys::record(id), |bytes| {
                postcard::take_from_bytes::<(String, String)>(bytes).map(|((name, url), _)| Link::new(name, url))
            })?;
            decoded.transpose().context("a card in the state cannot be decoded")
        })
    }

    /// The key nearest to one that there is none of, among the first of its kind; none where too many have been
    /// looked for.
    fn near(&self, id: &RecordId) -> Result<Option<String>> {
        self.shared.near(id, || {
            let mut keys = Vec::new();
            self.snapshot.scan(Table::Cards, &[id.kind.number()], |key, _| {
                let other = keys::record_id(key)?;
                if other.kind != id.kind || keys.len() == KEYS_LOOKED_THROUGH {
                    return Ok(ControlFlow::Break(()));
                }
                keys.push(other.key);
                Ok(ControlFlow::Continue(()))
            })?;
            Ok(nearest(&id.key, keys.iter().map(|key| &**key)).map(str::to_owned))
        })
    }

    /// The totals of a group; not a reading.
    pub fn totals(&self, group: &Group) -> Result<Totals> {
        Ok(self.snapshot.value(Table::Totals, &group.digest().0)?.unwrap_or_default())
    }

    /// The sort key of the first member of a page of a group.
    fn slice_mark(&self, group: &Group, number: u32) -> Result<Option<Vec<u8>>> {
        let mark: Option<keys::SliceMark> = self.snapshot.value(Table::Slices, &keys::slice(group, number))?;
        Ok(mark.map(|mark| mark.first))
    }
}
