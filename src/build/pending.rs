//! References to what has not been met yet, until all that is there has been. Knows nothing of what
//! becomes of those that lead nowhere.

use std::ops::Range;

use rustc_hash::FxHashSet;

use super::packed::Chunks;
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
        self.put(&postcard::to_allocvec(&reference).expect("plain data"));
        if self.waiting >= self.most.max(FEW) {
            let before = std::mem::take(self);
            before.each(|(id, ..), bytes| {
                if !met.contains(&id.short()) {
                    self.put(bytes);
                }
            });
            self.most = 2 * self.waiting;
        }
    }

    /// Those whose targets are not in `met`.
    pub fn finish(self, met: &FxHashSet<u64>) -> Vec<Reference> {
        let mut left = Vec::new();
        self.each(|reference, _| left.extend((!met.contains(&reference.0.short())).then_some(reference)));
        left
    }

    fn put(&mut self, bytes: &[u8]) {
        self.chunks.put(bytes);
        self.waiting += 1;
    }

    /// Hands out every reference with its bytes; chunks go one after another.
    fn each(self, mut take: impl FnMut(Reference, &[u8])) {
        for chunk in self.chunks.into_chunks() {
            let mut rest = &chunk[..];
            while !rest.is_empty() {
                let (reference, after) = postcard::take_from_bytes(rest).expect("what was packed here");
                take(reference, &rest[..rest.len() - after.len()]);
                rest = after;
            }
        }
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
        assert_eq!(pending.finish(&met), [(id(usize::MAX), "another file".to_owned(), 3..8)]);
    }
}
