//! A bound on what is decoded at one moment: threads wait until there is room. What was decoded and
//! will soon be wanted again is kept in what room is left, and gives way. Knows nothing of pictures.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use crate::digest::Digest;

/// So many bytes, given out and given back; and things kept meanwhile, by digest.
pub struct Budget<T> {
    most: AtomicU64,
    state: Mutex<State<T>>,
    freed: Condvar,
}

struct State<T> {
    /// Given out, and held by what is kept.
    used: u64,
    kept: BTreeMap<Digest, (u64, T)>,
}

/// Bytes that are given back when this goes.
pub struct Share<'b, T> {
    budget: &'b Budget<T>,
    bytes: u64,
}

impl<T> Budget<T> {
    /// At most `most` bytes at once.
    pub fn new(most: u64) -> Self {
        let most = AtomicU64::new(most);
        Self { most, state: Mutex::new(State { used: 0, kept: BTreeMap::new() }), freed: Condvar::new() }
    }

    /// At most `most` bytes from now on; what is kept beyond goes.
    pub fn set_most(&self, most: u64) {
        if self.most.swap(most, Ordering::Relaxed) > most {
            self.clear();
        }
    }

    /// Bytes that may be given out.
    pub fn most(&self) -> u64 {
        self.most.load(Ordering::Relaxed)
    }

    /// Waits until `bytes` fit, and hands out what is kept of `digest`, if it still is. What would
    /// never fit is given everything, alone. A thread must not ask again while it holds a share.
    pub fn take(&self, bytes: u64, digest: Digest) -> (Share<'_, T>, Option<T>) {
        let most = self.most();
        let bytes = bytes.min(most);
        let mut state = self.lock();
        loop {
            let own = state.kept.get(&digest).map_or(0, |(bytes, _)| *bytes);
            if state.used - own + bytes <= most {
                let kept = state.let_go(digest);
                state.used += bytes;
                return (Share { budget: self, bytes }, kept);
            }
            match state.kept.keys().copied().find(|other| *other != digest) {
                Some(other) => drop(state.let_go(other)),
                None => state = self.freed.wait(state).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }

    /// Keeps a thing of so many bytes if there is room for it.
    pub fn keep(&self, digest: Digest, bytes: u64, thing: T) {
        let mut state = self.lock();
        if state.used + bytes <= self.most() && !state.kept.contains_key(&digest) {
            state.used += bytes;
            state.kept.insert(digest, (bytes, thing));
        }
    }

    /// Lets go of all that is kept.
    pub fn clear(&self) {
        let mut state = self.lock();
        let bytes: u64 = state.kept.values().map(|(bytes, _)| bytes).sum();
        state.used -= bytes;
        state.kept.clear();
        self.freed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> State<T> {
    fn let_go(&mut self, digest: Digest) -> Option<T> {
        let (bytes, thing) = self.kept.remove(&digest)?;
        self.used -= bytes;
        Some(thing)
    }
}

impl<T> Drop for Share<'_, T> {
    fn drop(&mut self) {
        self.budget.lock().used -= self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thing that says how much room it takes while it is there.
    struct Thing<'c>(&'c AtomicU64, u64);

    impl<'c> Thing<'c> {
        fn new(room: &'c AtomicU64, bytes: u64) -> Self {
            room.fetch_add(bytes, Ordering::SeqCst);
            Self(room, bytes)
        }
    }

    impl Drop for Thing<'_> {
        fn drop(&mut self) {
            self.0.fetch_sub(self.1, Ordering::SeqCst);
        }
    }

    #[test]
    fn no_more_is_out_than_there_is() {
        let (out, kept, most) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
        let budget = Budget::new(10);
        std::thread::scope(|scope| {
            for index in 0..8_u64 {
                let (budget, out, kept, most) = (&budget, &out, &kept, &most);
                scope.spawn(move || {
                    for round in 0..100 {
                        let bytes = 1 + (index * 7 + round) % 12;
                        let digest = Digest::of(&[(round % 5) as u8]);
                        let (share, thing) = budget.take(bytes, digest);
                        drop(thing);
                        let now = out.fetch_add(bytes.min(10), Ordering::SeqCst) + bytes.min(10);
                        most.fetch_max(now, Ordering::SeqCst);
                        out.fetch_sub(bytes.min(10), Ordering::SeqCst);
                        drop(share);
                        budget.keep(digest, 3, Thing::new(kept, 3));
                    }
                });
            }
        });
        assert!(most.into_inner() <= 10);
        assert_eq!(kept.load(Ordering::SeqCst), budget.lock().used);
        assert!(kept.load(Ordering::SeqCst) <= 10);
    }

    #[test]
    fn what_is_kept_is_handed_out_once_and_gives_way() {
        let budget = Budget::new(10);
        let [one, two, three] = [b"1", b"2", b"3"].map(|name| Digest::of(name));
        budget.keep(one, 4, "one");
        budget.keep(two, 4, "two");
        budget.keep(three, 4, "there is no room for three");
        // Ten fit only once both have gone, and then there is room for nothing.
        let (share, found) = budget.take(7, one);
        assert_eq!(found, Some("one"));
        budget.keep(one, 4, "one again");
        drop(share);
        assert_eq!([one, two, three].map(|digest| budget.take(1, digest).1), [None; 3]);
        budget.keep(one, 4, "one again");
        budget.clear();
        assert_eq!(budget.take(10, one).1, None);
    }
}
