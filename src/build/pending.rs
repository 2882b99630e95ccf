//! References to what has not been met yet, until all that is there has been. Knows nothing of what
//! becomes of those that lead nowhere.

use std::ops::Range;

use rustc_hash::FxHashSet;

use crate::model::RecordId;

/// What an origin refers to, and where in it.
pub type Reference = (RecordId, String, Range<usize>);

/// References that wait.
#[derive(Debug, Default)]
pub struct Pending {
    waiting: Vec<Reference>,
    /// How many may wait before those that have been met meanwhile are let go.
    most: usize,
}

/// As many may wait at any time.
const FEW: usize = 1 << 16;

impl Pending {
    /// Adds a reference; `met` holds the numbers of the records that have been met.
    pub fn add(&mut self, (id, origin, place): (RecordId, &str, Range<usize>), met: &FxHashSet<u64>) {
        if met.contains(&id.short()) {
            return;
        }
        self.waiting.push((id, origin.to_owned(), place));
        if self.waiting.len() >= self.most.max(FEW) {
            self.waiting.retain(|(id, ..)| !met.contains(&id.short()));
            self.most = 2 * self.waiting.len();
        }
    }

    /// Those whose targets were not there, at least when they were last looked at.
    pub fn finish(self) -> Vec<Reference> {
        self.waiting
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
            pending.add((id(number), "file", 0..1), &met);
            met.extend((number > 0).then(|| id(number - 1).short()));
            assert!(pending.waiting.len() <= FEW);
        }
        pending.add((id(7), "file", 0..1), &met);
        met.insert(id(3 * FEW - 1).short());
        let nowhere: Vec<_> = pending.finish().into_iter().filter(|(id, ..)| !met.contains(&id.short())).collect();
        assert_eq!(nowhere, []);
    }
}
