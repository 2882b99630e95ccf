//! What an earlier build left to do: pages that failed, and what a build that was stopped had not
//! come to. Kept in the state until it is done. Knows nothing of how pages are made.
//!
//! A failed page has a row of its own, by its file. What was left by a stop can be most of a site
//! and must be written down within a moment, so it lies in a few long rows, under keys that are no
//! paths: `\0`, number → pages; `\1`, number → files to be removed.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use anyhow::Result;

use crate::engine::arena::DuePages;
use crate::paths::RelPath;
use crate::site::Route;
use crate::state::{Store, Table, Tables};

/// What is still to do.
#[derive(Debug, Default)]
pub struct LeftOver {
    /// Pages that failed, or were not come to, by file.
    pub pages: BTreeMap<RelPath, LeftPage>,
    /// Files of pages that are no more.
    pub removals: Vec<RelPath>,
}

/// A page that is still to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftPage {
    /// Which page it is.
    pub route: Route,
    /// Why it is due, where it was not come to; `None` where it failed.
    pub reason: Option<String>,
}

/// Pages and files in one long row.
const ROW: usize = 10_000;

const PAGES: u8 = 0;
const REMOVALS: u8 = 1;

/// Whether anything is left to do.
pub fn any(store: &impl Store) -> Result<bool> {
    let mut any = false;
    store.scan(Table::Due, b"", |_, _| {
        any = true;
        Ok(ControlFlow::Break(()))
    })?;
    Ok(any)
}

/// Everything that is left to do.
pub fn all(store: &impl Store) -> Result<LeftOver> {
    let mut left = LeftOver::default();
    store.scan(Table::Due, b"", |key, value| {
        match key.first() {
            Some(&PAGES) => {
                for (file, route, reason) in postcard::from_bytes::<Vec<(RelPath, Route, String)>>(value)? {
                    left.pages.insert(file, LeftPage { route, reason: Some(reason) });
                }
            }
            Some(&REMOVALS) => left.removals.extend(postcard::from_bytes::<Vec<RelPath>>(value)?),
            _ => {
                if let Some(file) = RelPath::new(std::str::from_utf8(key)?) {
                    let page = LeftPage { route: postcard::from_bytes(value)?, reason: None };
                    left.pages.insert(file, page);
                }
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(left)
}

/// Writes down which of the pages and removals a stop has left, in place of what an earlier one had.
pub fn leave(tables: &mut Tables<'_>, due: &DuePages, left: &[usize], removals: &[RelPath]) -> Result<()> {
    forget_what_was_left(tables)?;
    for (number, row) in left.chunks(ROW).enumerate() {
        let pages = row.iter().map(|index| due.get(*index));
        let row: Vec<_> = pages.map(|page| (page.file, page.route, page.reason)).collect();
        tables.put_value(Table::Due, &key(PAGES, number), &row)?;
    }
    for (number, row) in removals.chunks(ROW).enumerate() {
        tables.put_value(Table::Due, &key(REMOVALS, number), &row)?;
    }
    Ok(())
}

/// Forgets what an earlier stop left; failed pages stay.
fn forget_what_was_left(tables: &mut Tables<'_>) -> Result<()> {
    let mut keys = Vec::new();
    tables.scan(Table::Due, b"", |key, _| {
        if key.first().is_some_and(|first| *first > REMOVALS) {
            return Ok(ControlFlow::Break(()));
        }
        keys.push(key.to_vec());
        Ok(ControlFlow::Continue(()))
    })?;
    for key in keys {
        tables.remove(Table::Due, &key)?;
    }
    Ok(())
}

/// The files that have never been made, of those that are due.
pub fn never_made(tables: &Tables<'_>) -> Result<Vec<RelPath>> {
    let mut never = Vec::new();
    for file in all(tables)?.pages.into_keys() {
        if tables.bytes(Table::Outputs, file.as_str().as_bytes(), |_| ())?.is_none() {
            never.push(file);
        }
    }
    Ok(never)
}

fn key(kind: u8, number: usize) -> Vec<u8> {
    [&[kind][..], &(number as u32).to_be_bytes()].concat()
}
