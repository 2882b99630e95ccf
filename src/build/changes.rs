//! What has changed since the last build: cells, by number, with a name for those who ask why.
//! Knows nothing of pages.

use rustc_hash::FxHashMap;

use crate::catalog::{Cell, CellId};

/// The cells that changed.
#[derive(Debug, Default)]
pub struct Changes {
    cells: FxHashMap<CellId, Box<str>>,
}

impl Changes {
    /// Notes that a cell changed, came or went.
    pub fn note(&mut self, cell: &Cell) {
        self.cells.entry(cell.id()).or_insert_with(|| cell.to_string().into());
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// The numbers of the cells that changed.
    pub fn cells(&self) -> impl Iterator<Item = CellId> + '_ {
        self.cells.keys().copied()
    }

    /// The name of a changed cell; `None` for one that did not change.
    pub fn name(&self, cell: CellId) -> Option<&str> {
        self.cells.get(&cell).map(|name| &**name)
    }
}
