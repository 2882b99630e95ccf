//! What has changed since the last build: cells, by number, with what is known of why, for those
//! who ask. Knows nothing of pages.

use rustc_hash::FxHashMap;

use crate::catalog::{Cell, CellId};

/// The cells that changed.
#[derive(Debug, Default)]
pub struct Changes {
    cells: FxHashMap<CellId, Change>,
    /// Changes whose details are kept.
    detailed: usize,
    /// Whether nothing is kept: where every page is new, nobody asks what it had read.
    unkept: bool,
}

#[derive(Debug)]
struct Change {
    name: Box<str>,
    /// What exactly changed.
    detail: Option<Box<str>>,
    /// The cells because of which it changed: the first few.
    causes: Causes,
}

/// Cells because of which another changed: the first few, and how many there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Causes {
    first: [CellId; 2],
    count: u32,
}

impl Causes {
    /// Adds a cell.
    pub fn add(&mut self, cell: CellId) {
        if self.first[..(self.count as usize).min(2)].contains(&cell) {
            return;
        }
        if let Some(slot) = self.first.get_mut(self.count as usize) {
            *slot = cell;
        }
        self.count += 1;
    }
}

/// Changes told in detail: an edit by hand has fewer, and an edit of everything needs no list.
const DETAILS: usize = 10_000;

/// The longest reason that a page keeps, in bytes.
const LONGEST: usize = 300;

impl Changes {
    /// Nothing yet, after so many builds.
    pub fn after(builds: u64) -> Self {
        Self { unkept: builds == 0, ..Self::default() }
    }

    /// Notes that a cell changed, came or went.
    pub fn note(&mut self, cell: &Cell) {
        self.note_because(cell, Causes::default());
    }

    /// Notes that a cell changed because of others.
    pub fn note_because(&mut self, cell: &Cell, causes: Causes) {
        if self.unkept {
            return;
        }
        let change = || Change { name: cell.to_string().into(), detail: None, causes };
        self.cells.entry(cell.id()).or_insert_with(change);
    }

    /// Notes that a cell changed, and how.
    pub fn note_with(&mut self, cell: &Cell, detail: impl FnOnce() -> Option<String>) {
        if self.unkept {
            return;
        }
        let detail = if self.detailed < DETAILS { detail() } else { None };
        self.detailed += usize::from(detail.is_some());
        let change =
            Change { name: cell.to_string().into(), detail: detail.map(Into::into), causes: Causes::default() };
        self.cells.entry(cell.id()).or_insert(change);
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.cells.is_empty()
    }

    /// Whether what decides compressed variants changed.
    pub fn repacks(&self) -> bool {
        ["compress.assets", "compress.pages"]
            .iter()
            .any(|name| self.cells.contains_key(&Cell::Setting((*name).to_owned()).id()))
    }

    /// The numbers of the cells that changed.
    pub fn cells(&self) -> impl Iterator<Item = CellId> + '_ {
        self.cells.keys().copied()
    }

    /// Whether a cell changed.
    pub fn has(&self, cell: CellId) -> bool {
        self.cells.contains_key(&cell)
    }

    /// Why whoever read `cells` has to be looked at again, in at most [`LONGEST`] bytes. What
    /// changed by itself is told before what changed because of something else.
    pub fn reason(&self, cells: impl Iterator<Item = CellId>) -> String {
        let mut changed: Vec<&Change> = cells.filter_map(|cell| self.cells.get(&cell)).collect();
        let order =
            |change: &&Change| (change.causes.count > 0, change.detail.is_none(), !change.name.starts_with("record"));
        changed.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name)));
        let mut told: Vec<String> = Vec::new();
        for change in changed.iter().take(8) {
            if change.causes.count > 0 && !told.is_empty() {
                break;
            }
            let words = self.words(change);
            let detail = change.detail.as_deref().unwrap_or("\n");
            // The same field, once more as part of a card or a name.
            if told.len() < 2 && !told.iter().any(|other| *other == words || other.ends_with(detail)) {
                told.push(words);
            }
        }
        let mut reason = told.join("; ");
        if reason.len() > LONGEST {
            let end = (0..=LONGEST - 3).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
            reason.truncate(end);
            reason.push('…');
        }
        reason
    }

    fn words(&self, change: &Change) -> String {
        let plain = |change: &Change| match &change.detail {
            Some(detail) => format!("{}: {detail}", change.name),
            None => format!("{} changed", change.name),
        };
        let known = change.causes.first[..(change.causes.count as usize).min(2)].iter();
        let causes: Vec<String> = known.filter_map(|cause| self.cells.get(cause)).map(plain).collect();
        if causes.is_empty() {
            return plain(change);
        }
        let more = match change.causes.count as usize - causes.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        format!("{}{more}, through {}", causes.join("; "), change.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Group;
    use crate::model::{Kind, RecordId};

    #[test]
    fn a_reason_goes_back_to_the_field() {
        let mut changes = Changes::default();
        let baron = Cell::Card(RecordId::new(Kind::Ride, "efteling/baron-1898"));
        let rides = Cell::Group(Group::RidesOfPark("efteling".into()));
        changes.note_with(&baron, || Some("speed_kmh 90 → 95".into()));
        let mut causes = Causes::default();
        causes.add(baron.id());
        causes.add(baron.id());
        changes.note_because(&rides, causes);
        assert_eq!(
            changes.reason([rides.id()].into_iter()),
            "card of ride:efteling/baron-1898: speed_kmh 90 → 95, through rides of park:efteling"
        );
        assert_eq!(changes.reason([baron.id()].into_iter()), "card of ride:efteling/baron-1898: speed_kmh 90 → 95");
    }
}
