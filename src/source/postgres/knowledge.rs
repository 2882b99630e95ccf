//! What is known of the queries: which columns they give, and how far their answers reach. Found out
//! once, and believed for as long as neither a query nor a definition in the database changes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::connect::Link;
use super::definitions::{self, Of};
use super::queries::Queries;
use super::reach::{self, Reach};
use super::schema;
use super::trouble::Trouble;
use crate::digest::Digest;
use crate::source::Part;

/// What is known of the queries.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Knowledge {
    /// The digest of the queries.
    pub texts: Digest,
    /// The digest of the definitions in the database.
    pub definitions: Digest,
    /// Each part that there is.
    pub parts: BTreeMap<Part, Known>,
}

/// What is known of the query of a part.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Known {
    /// The columns that it gives.
    columns: Vec<String>,
    /// How far its answer reaches.
    pub reach: Reach,
}

impl Knowledge {
    /// Why everything must be compared rather than what has changed since it was as `before`, if so.
    pub fn doubt(&self, before: &Self) -> Option<&'static str> {
        if self.texts != before.texts {
            return Some("the queries are others than in the last build");
        }
        (self.definitions != before.definitions).then_some(
            "definitions in the database (tables, views, functions, types, policies, rights, settings) have changed",
        )
    }

    /// Whether rows may change without any write to the database.
    pub fn is_open(&self) -> bool {
        self.parts.values().any(|known| matches!(known.reach, Reach::Open(_)))
    }

    /// Whether the change log, and it alone, tells what rows may have changed.
    pub fn is_logged(&self) -> bool {
        self.parts.values().all(|known| matches!(known.reach, Reach::Logged(_)))
    }

    /// The parts that are compared in every build, and why.
    pub fn compared(&self) -> impl Iterator<Item = (Part, &str)> {
        self.parts.iter().filter_map(|(part, known)| match &known.reach {
            Reach::Logged(_) => None,
            Reach::Written(why) | Reach::Open(why) => Some((*part, why.as_str())),
        })
    }
}

/// Learns what there is to know, unless it was known `before`; completes the queries with their
/// columns. The error tells everything that is wrong with them.
pub async fn learn(link: &mut Link, queries: &mut Queries, before: Option<&Knowledge>) -> Result<Knowledge, Trouble> {
    let texts = queries.digest();
    let definitions = definitions::digest(link, if queries.own { Of::OurTables } else { Of::Everything }).await?;
    if let Some(before) = before.filter(|before| before.texts == texts && before.definitions == definitions) {
        for (part, query) in &mut queries.parts {
            if let Some(known) = before.parts.get(part) {
                query.columns.clone_from(&known.columns);
            }
        }
        return Ok(before.clone());
    }
    schema::check(link, queries).await?;
    let ours = if queries.own { reach::of_our_tables(link).await? } else { BTreeMap::new() };
    let mut parts = BTreeMap::new();
    for (part, query) in &queries.parts {
        let reach = match queries.own {
            true => of_our_part(*part, &ours),
            false => reach::of_query(link, &query.sql).await?,
        };
        parts.insert(*part, Known { columns: query.columns.clone(), reach });
    }
    Ok(Knowledge { texts, definitions, parts })
}

/// A part of our own reaches as far as the tables that it is read from.
fn of_our_part(part: Part, tables: &BTreeMap<String, Reach>) -> Reach {
    let beside: &[&str] = if part.kind().is_some() { &["history", "redirects"] } else { &[] };
    let read = std::iter::once(part.name()).chain(beside.iter().copied());
    let mut reach = Reach::Logged([part.name().to_owned()].into());
    for table in read.filter_map(|name| tables.get(name)) {
        match (table, &reach) {
            (Reach::Open(_), _) | (Reach::Written(_), Reach::Logged(_)) => reach = table.clone(),
            _ => {}
        }
    }
    reach
}
