//! A bound on what is decoded at one moment: threads wait until there is room. Knows nothing of
//! pictures.

use std::sync::{Condvar, Mutex, PoisonError};

/// So many bytes, given out and given back.
pub struct Budget {
    most: u64,
    used: Mutex<u64>,
    freed: Condvar,
}

/// Bytes that are given back when this goes.
pub struct Share<'b> {
    budget: &'b Budget,
    bytes: u64,
}

impl Budget {
    /// At most `most` bytes at once.
    pub fn new(most: u64) -> Self {
        Self { most, used: Mutex::new(0), freed: Condvar::new() }
    }

    /// Waits until `bytes` fit. What would never fit is given everything, alone. A thread must
    /// not ask again while it holds a share.
    pub fn take(&self, bytes: u64) -> Share<'_> {
        let bytes = bytes.min(self.most);
        let mut used = self.used.lock().unwrap_or_else(PoisonError::into_inner);
        while *used + bytes > self.most {
            used = self.freed.wait(used).unwrap_or_else(PoisonError::into_inner);
        }
        *used += bytes;
        Share { budget: self, bytes }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.used.lock().unwrap_or_else(PoisonError::into_inner) -= self.bytes;
        self.budget.freed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn no_more_is_out_than_there_is() {
        let budget = Budget::new(10);
        let (out, most) = (AtomicU64::new(0), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for index in 0..8_u64 {
                let (budget, out, most) = (&budget, &out, &most);
                scope.spawn(move || {
                    for round in 0..100 {
                        let bytes = 1 + (index * 7 + round) % 12;
                        let _share = budget.take(bytes);
                        let now = out.fetch_add(bytes.min(10), Ordering::SeqCst) + bytes.min(10);
                        most.fetch_max(now, Ordering::SeqCst);
                        out.fetch_sub(bytes.min(10), Ordering::SeqCst);
                    }
                });
            }
        });
        assert!(most.into_inner() <= 10);
    }
}
