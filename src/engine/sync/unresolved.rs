//! References to what has not been met yet, until all that is there has been. Knows nothing of what
//! becomes of those that lead nowhere.

use std::ops::Range;

use rustc_hash::FxHashSet;

use crate::engine::arena::Chunks;
use crate::model::RecordId;

/// What an origin refers to, and where in it.
pub type Reference = (RecordId, String, Range<usize>);

/// References that wait, in few bytes: in the middle of a first build there may be as many as pages.
#[derive(Debug, Default)]
pub struct Pending {
    chunks: Chunks,
    /// How many wait.
    waiting: usize,
    /// How many may wait before those that have been met meanwhile are let go.
    most: usize,
}

/// As many may wait at any time.
const FEW: usize = 1 << 16;

impl Pending {
    /// Adds a reference; `met` holds the numbers of the records that have been met.
    pub fn add(&mut self, reference: (&RecordId, &str, Range<usize>), met: &FxHashSet<u64>) {
        if met.contains(&reference.0.short()) {
            return;
        }
        self.chunks.put(&reference);
        self.waiting += 1;
        if self.waiting >= self.most.max(FEW) {
            for waiting in std::mem::take(self).finish(met) {
                self.chunks.put(&waiting);
                self.waiting += 1;
            }
            self.most = 2 * self.waiting;
        }
    }

    /// Those whose targets are not in `met`.
    pub fn finish(self, met: &FxHashSet<u64>) -> impl Iterator<Item = Reference> {
        self.chunks.into_values().filter(|(id, ..): &Reference| !met.contains(&id.short()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Kind;

    #[test]
    fn what_has_been_met_no_longer_waits() {
        let (mut pending, mut met) = (Pending::default(), FxHashSet::default());
        let id = |number: usize| RecordId::new(Kind::Park, format!("p-{number}"));
        for number in 0..3 * FEW {
            pending.add((&id(number), "file", 0..1), &met);
            met.extend((number > 0).then(|| id(number - 1).short()));
            assert!(pending.waiting <= FEW);
        }
        pending.add((&id(7), "file", 0..1), &met);
        met.insert(id(3 * FEW - 1).short());
        pending.add((&id(usize::MAX), "another file", 3..8), &met);
        assert_eq!(pending.finish(&met).collect::<Vec<_>>(), [(id(usize::MAX), "another file".to_owned(), 3..8)]);
    }
}
