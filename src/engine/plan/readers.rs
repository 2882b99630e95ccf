//! Who reads what: for every cell the pages whose traces hold it, in memory, so that a session finds
//! the pages touched by a change without looking through every trace. It only says where to look:
//! whether a page is touched is decided by its trace, as ever. Knows nothing of why a cell changed.
//!
//! Law: it holds at least the pages that a scan of all traces would find.

use std::ops::ControlFlow;

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::CellId;
use crate::engine::changes::Changes;
use crate::engine::plan::trace;
use crate::state::{Store, Table};

/// Pages by number, so that a cell's readers take four bytes each.
#[derive(Default)]
pub struct Readers {
    /// File of each page, by number; freed numbers are empty.
    files: Vec<Box<str>>,
    numbers: FxHashMap<Box<str>, u32>,
    free: Vec<u32>,
    /// The pages that read a cell, sorted.
    of: FxHashMap<CellId, Vec<u32>>,
}

impl Readers {
    /// Reads every trace once.
    pub fn load(store: &impl Store) -> Result<Self> {
        let mut readers = Self::default();
        store.scan(Table::Pages, b"", |key, value| {
            let file = std::str::from_utf8(key)?;
            let number = readers.number(file);
            for cell in trace::readings(value) {
                let pages = readers.of.entry(cell).or_default();
                // Numbers come in order here; a cell in both parts of a trace comes twice.
                if pages.last() != Some(&number) {
                    pages.push(number);
                }
            }
            Ok(ControlFlow::Continue(()))
        })?;
        readers.of.values_mut().for_each(Vec::shrink_to_fit);
        Ok(readers)
    }

    /// The files of all pages that read any changed cell, or link to a page in `gone`, in no particular order.
    pub fn touched_by(&self, changes: &Changes, gone: &FxHashSet<CellId>) -> Vec<&str> {
        let cells = changes.cells().chain(gone.iter().copied());
        let mut pages: Vec<u32> =
            cells.filter_map(|cell| self.of.get(&cell)).flat_map(|pages| pages.iter().copied()).collect();
        pages.sort_unstable();
        pages.dedup();
        pages.into_iter().map(|number| &*self.files[number as usize]).collect()
    }

    /// Replaces what a page reads: from its old trace, as bytes, to its new one.
    pub fn replace(&mut self, file: &str, old: Option<&[u8]>, new: Option<&[u8]>) {
        let cells = |trace: Option<&[u8]>| {
            let mut cells: Vec<CellId> = trace.into_iter().flat_map(trace::readings).collect();
            cells.sort_unstable();
            cells.dedup();
            cells
        };
        let (before, after) = (cells(old), cells(new));
        let number = self.number(file);
        for cell in after.iter().filter(|cell| before.binary_search(cell).is_err()) {
            let pages = self.of.entry(*cell).or_default();
            if let Err(at) = pages.binary_search(&number) {
                pages.insert(at, number);
            }
        }
        for cell in before.iter().filter(|cell| after.binary_search(cell).is_err()) {
            let Some(pages) = self.of.get_mut(cell) else { continue };
            if let Ok(at) = pages.binary_search(&number) {
                pages.remove(at);
            }
            if pages.is_empty() {
                self.of.remove(cell);
            }
        }
        if new.is_none() {
            self.numbers.remove(file);
            self.files[number as usize] = Box::default();
            self.free.push(number);
        }
    }

    fn number(&mut self, file: &str) -> u32 {
        if let Some(number) = self.numbers.get(file) {
            return *number;
        }
        let number = match self.free.pop() {
            Some(number) => number,
            None => {
                self.files.push(Box::default());
                self.files.len() as u32 - 1
            }
        };
        self.files[number as usize] = file.into();
        self.numbers.insert(file.into(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{Cell, Group, Readings};
    use crate::site::Route;
    use trace::{Facts, Trace};

    fn trace_of(view: &[Group], template: &[Group]) -> Vec<u8> {
        let ids = |groups: &[Group]| groups.iter().map(|group| Cell::Group(group.clone()).id()).collect();
        let readings = Readings { view: ids(view), template: ids(template) };
        let facts = Facts {
            route: Route::Home,
            view: None,
            rendered_in: 1,
            reason: String::new(),
            pictures: Vec::new(),
            named: Vec::new(),
        };
        Trace { readings, links: Vec::new(), facts }.encode().expect("a trace")
    }

    fn change(group: Group) -> Changes {
        let mut changes = Changes::default();
        changes.note(&Cell::Group(group));
        changes
    }

    #[test]
    fn pages_are_found_by_what_their_traces_hold_now() {
        let mut readers = Readers::default();
        let (first, second) = (trace_of(&[Group::Parks], &[Group::Parks]), trace_of(&[Group::Rides], &[]));
        readers.replace("a", None, Some(&first));
        readers.replace("b", None, Some(&first));
        assert_eq!(readers.touched_by(&change(Group::Parks), &FxHashSet::default()), ["a", "b"]);
        readers.replace("a", Some(&first), Some(&second));
        assert_eq!(readers.touched_by(&change(Group::Parks), &FxHashSet::default()), ["b"]);
        assert_eq!(readers.touched_by(&change(Group::Rides), &FxHashSet::default()), ["a"]);
        readers.replace("b", Some(&first), None);
        assert!(readers.touched_by(&change(Group::Parks), &FxHashSet::default()).is_empty());
        readers.replace("c", None, Some(&second));
        assert_eq!(readers.files.len(), 2, "a freed number is used again");
    }
}
