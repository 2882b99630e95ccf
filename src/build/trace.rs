//! Traces: what each page was built from. One value of the table of pages:
//!
//! ```text
//! u32 LE   number of readings of the view
//! u32 LE   number of readings of the template
//! u64 LE   cell numbers, the view's first, each part sorted
//! …        postcard of the rest
//! ```
//!
//! The readings stand first and bare, so that planning can look through a million traces without
//! decoding any.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::changes::Changes;
use crate::catalog::{CellId, Readings};
use crate::digest::Digest;
use crate::paths::RelPath;
use crate::site::Route;
use crate::state::Damaged;

const TOO_SHORT: Damaged = Damaged("a trace is too short");

/// What a page was built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What it read.
    pub readings: Readings,
    /// The rest.
    pub facts: Facts,
}

/// What is known of a page besides its readings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which page it is.
    pub route: Route,
    /// The digest of its view; `None` where it has never been rendered.
    pub view: Option<Digest>,
    /// The number of the build that last rendered it.
    pub rendered_in: u64,
    /// Why that build did.
    pub reason: String,
    /// The files of pictures that it shows, sorted.
    pub pictures: Vec<RelPath>,
}

/// How a trace is touched by changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Something that only its view was built from changed.
    View,
    /// Something that its template asked for, or the template itself, changed.
    Template,
}

impl Trace {
    /// The trace as bytes.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let Readings { view, template } = &self.readings;
        let mut bytes = Vec::with_capacity(8 + 8 * (view.len() + template.len()) + 64);
        bytes.extend_from_slice(&(view.len() as u32).to_le_bytes());
        bytes.extend_from_slice(&(template.len() as u32).to_le_bytes());
        for cell in view.iter().chain(template) {
            bytes.extend_from_slice(&cell.to_le_bytes());
        }
        Ok(postcard::to_extend(&self.facts, bytes)?)
    }

    /// The trace that `bytes` hold.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let (view, template, rest) = split(bytes).ok_or(TOO_SHORT)?;
        let readings = Readings { view: cells(view).collect(), template: cells(template).collect() };
        Ok(Self { readings, facts: postcard::from_bytes(rest)? })
    }
}

/// The facts in a trace, and all numbers of cells in it.
pub fn facts_and_cells(bytes: &[u8]) -> Result<(Facts, impl Iterator<Item = CellId> + '_)> {
    let (view, template, rest) = split(bytes).ok_or(TOO_SHORT)?;
    Ok((postcard::from_bytes(rest)?, cells(view).chain(cells(template))))
}

/// How a trace, as bytes, is touched by `changes`; `None` where it is not.
pub fn touched(bytes: &[u8], changes: &Changes) -> Option<Touch> {
    let (view, template, _) = split(bytes)?;
    if cells(template).any(|cell| changes.has(cell)) {
        return Some(Touch::Template);
    }
    cells(view).any(|cell| changes.has(cell)).then_some(Touch::View)
}

/// Why a trace, as bytes, is touched by `changes`.
pub fn reason(bytes: &[u8], changes: &Changes) -> String {
    split(bytes).map_or_else(String::new, |(view, template, _)| changes.reason(cells(view).chain(cells(template))))
}

/// The cells that a trace, as bytes, holds; those of the view first.
pub fn readings(bytes: &[u8]) -> impl Iterator<Item = CellId> + '_ {
    let (view, template, _) = split(bytes).unwrap_or_default();
    cells(view).chain(cells(template))
}

type Parts<'b> = (&'b [u8], &'b [u8], &'b [u8]);

fn split(bytes: &[u8]) -> Option<Parts<'_>> {
    let count = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let (view, template) = (count(0)? * 8, count(4)? * 8);
    let rest = bytes.get(8 + view + template..)?;
    Some((&bytes[8..8 + view], &bytes[8 + view..8 + view + template], rest))
}

fn cells(bytes: &[u8]) -> impl Iterator<Item = CellId> + '_ {
    bytes.chunks_exact(8).map(|chunk| CellId::from_le_bytes(chunk.try_into().expect("chunks of eight bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Cell, Group};

    #[test]
    fn a_trace_survives_and_is_touched_by_what_it_read() {
        let readings = Readings {
            view: vec![Cell::Group(Group::Parks).id()],
            template: vec![Cell::Template("home.html".into()).id()],
        };
        let facts =
            Facts { route: Route::Home, view: None, rendered_in: 3, reason: "new".into(), pictures: Vec::new() };
        let trace = Trace { readings, facts };
        let bytes = trace.encode().unwrap();
        assert_eq!(Trace::decode(&bytes).unwrap(), trace);

        let mut changes = Changes::default();
        changes.note(&Cell::Group(Group::Rides));
        assert_eq!(touched(&bytes, &changes), None);
        changes.note(&Cell::Group(Group::Parks));
        assert_eq!(touched(&bytes, &changes), Some(Touch::View));
        changes.note(&Cell::Template("home.html".into()));
        assert_eq!(touched(&bytes, &changes), Some(Touch::Template));
        assert_eq!(reason(&bytes, &changes), "all parks changed; template home.html changed");
    }
}
