//! Traces: what each page was built from. One value of the table of pages:
//!
//! ```text
//! u32 LE   number of readings of the view
//! u32 LE   number of readings of the template
//! u32 LE   number of pages that it links to without having read of them
//! u64 LE   cell numbers, the view's first, then the template's, then the pages', each part sorted
//! …        postcard of the rest
//! ```
//!
//! The readings stand first and bare, so that planning can look through a million traces without
//! decoding any.

use anyhow::Result;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::catalog::{CellId, Readings};
use crate::digest::Digest;
use crate::engine::changes::Changes;
use crate::paths::RelPath;
use crate::site::Route;
use crate::state::Damaged;

const TOO_SHORT: Damaged = Damaged("a trace is too short");

/// What a page was built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What it read.
    pub readings: Readings,
    /// Numbers of pages that it links to, and whose going does not touch it.
    pub links: Vec<CellId>,
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
    /// What it links to that is kept by name.
    pub named: Vec<String>,
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
        let parts = [view, template, &self.links];
        let cells = parts.iter().map(|part| part.len()).sum::<usize>();
        let mut bytes = Vec::with_capacity(HEAD + 8 * cells + 64);
        parts.iter().for_each(|part| bytes.extend_from_slice(&(part.len() as u32).to_le_bytes()));
        for cell in parts.into_iter().flatten() {
            bytes.extend_from_slice(&cell.to_le_bytes());
        }
        Ok(postcard::to_extend(&self.facts, bytes)?)
    }

    /// The trace that `bytes` hold.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let Parts { view, template, links, rest } = split(bytes).ok_or(TOO_SHORT)?;
        let readings = Readings { view: cells(view).collect(), template: cells(template).collect() };
        Ok(Self { readings, links: cells(links).collect(), facts: postcard::from_bytes(rest)? })
    }
}

/// The facts in a trace, and all numbers of cells in it.
pub fn facts_and_cells(bytes: &[u8]) -> Result<(Facts, impl Iterator<Item = CellId> + '_)> {
    let Parts { view, template, rest, .. } = split(bytes).ok_or(TOO_SHORT)?;
    Ok((postcard::from_bytes(rest)?, cells(view).chain(cells(template))))
}

/// How a trace, as bytes, is touched by `changes`; `None` where it is not.
pub fn touched(bytes: &[u8], changes: &Changes) -> Option<Touch> {
    let Parts { view, template, .. } = split(bytes)?;
    if cells(template).any(|cell| changes.has(cell)) {
        return Some(Touch::Template);
    }
    cells(view).any(|cell| changes.has(cell)).then_some(Touch::View)
}

/// Why a trace, as bytes, is touched by `changes`.
pub fn reason(bytes: &[u8], changes: &Changes) -> String {
    split(bytes).map_or_else(String::new, |parts| changes.reason(cells(parts.view).chain(cells(parts.template))))
}

/// Whether the page of a trace, as bytes, links to any of the pages with these numbers.
pub fn links_to(bytes: &[u8], pages: &FxHashSet<CellId>) -> bool {
    !pages.is_empty() && split(bytes).is_some_and(|parts| cells(parts.links).any(|page| pages.contains(&page)))
}

/// The cells that a trace, as bytes, holds; those of the view first, and the pages last.
pub fn readings(bytes: &[u8]) -> impl Iterator<Item = CellId> + '_ {
    let Parts { view, template, links, .. } = split(bytes).unwrap_or_default();
    cells(view).chain(cells(template)).chain(cells(links))
}

/// The numbers at the head of a trace, in bytes.
const HEAD: usize = 12;

/// The parts of a trace, as bytes.
#[derive(Default)]
struct Parts<'b> {
    view: &'b [u8],
    template: &'b [u8],
    links: &'b [u8],
    rest: &'b [u8],
}

fn split(bytes: &[u8]) -> Option<Parts<'_>> {
    let count = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
    let (view, template, links) = (count(0)? * 8, count(4)? * 8, count(8)? * 8);
    let (view, rest) = bytes.get(HEAD..)?.split_at_checked(view)?;
    let (template, rest) = rest.split_at_checked(template)?;
    let (links, rest) = rest.split_at_checked(links)?;
    Some(Parts { view, template, links, rest })
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
        let facts = Facts {
            route: Route::Home,
            view: None,
            rendered_in: 3,
            reason: "new".into(),
            pictures: Vec::new(),
            named: vec!["/x/".into()],
        };
        let trace = Trace { readings, links: vec![7], facts };
        let bytes = trace.encode().unwrap();
        assert_eq!(Trace::decode(&bytes).unwrap(), trace);
        assert!(links_to(&bytes, &FxHashSet::from_iter([7, 8])) && !links_to(&bytes, &FxHashSet::from_iter([8])));

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
