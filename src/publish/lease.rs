//! The lease: how long a deploy may believe that nobody else deploys. Knows nothing of what is sent.
//!
//! A deploy says in the register, every fifth of its lease, that it lives; others leave it alone
//! until it has been silent for a whole lease. It may be stopped for longer than that without
//! knowing (a laptop's lid, a frozen virtual machine), and go on when somebody else has long
//! published something newer. What it still does then must not be seen by visitors:
//!
//! 1. Nothing that visitors see is written or removed unless the register was replaced by this very
//!    deploy within the last half of a lease, by a clock that runs on while the machine sleeps. The
//!    other half is for clocks that differ. After a pause it therefore asks first, and ends.
//! 2. A request that was already on its way into the network when the pause began cannot be called
//!    back. So a page is only ever replaced as the version that stood there before the lease was
//!    looked at (`If-Match`), and only ever added where nothing stands (`If-None-Match`): whatever
//!    another deploy wrote in between refuses it. Names with a fingerprint need no condition, for
//!    under them no other bytes are right.
//! 3. What no condition can refuse: a page that the newer site does not have; a removal; and, in
//!    stores whose ETags follow from the bytes (S3's), a page that has the same bytes again as
//!    before. These are at most as many as were on their way at that moment, and Amazon and Azure
//!    refuse a request whose signature is older than a quarter of an hour. So whoever takes over
//!    from a silent deploy leaves its debt in the register until [`STRAGGLERS`] have passed since its
//!    last sign of life, and the next run makes certain once more, and purges, what it may have
//!    touched.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::failure::Failure;

/// For how long after its last sign of life a deploy's requests may still arrive, in seconds: a
/// signature is good for fifteen minutes, and clocks differ.
pub const STRAGGLERS: i64 = 20 * 60;

/// The time of day, in seconds since 1970.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> i64 + Send + Sync>);

impl Clock {
    /// The machine's.
    pub fn of_the_machine() -> Self {
        Self::new(|| jiff::Timestamp::now().as_second())
    }

    /// Another one.
    pub fn new(seconds: impl Fn() -> i64 + Send + Sync + 'static) -> Self {
        Self(Arc::new(seconds))
    }

    /// Now.
    pub fn now(&self) -> i64 {
        (self.0)()
    }
}

impl std::fmt::Debug for Clock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a clock at {}", self.now())
    }
}

/// A lease as its holder knows it.
pub struct Lease {
    clock: Clock,
    /// For how long after a renewal it is certain, in seconds.
    certain_for: i64,
    /// Until when it is certain.
    until: AtomicI64,
    lost: AtomicBool,
    /// Somebody waits for a renewal.
    doubt: Notify,
    /// It was renewed or lost.
    told: Notify,
}

impl Lease {
    /// A lease of `length` that was taken by a write that began at `since`.
    pub fn taken(clock: Clock, length: Duration, since: i64) -> Self {
        let certain_for = (length.as_secs() / 2) as i64;
        Self {
            clock,
            certain_for,
            until: AtomicI64::new(since + certain_for),
            lost: AtomicBool::new(false),
            doubt: Notify::new(),
            told: Notify::new(),
        }
    }

    /// Says that it was renewed by a write that began at `since`.
    pub fn renewed(&self, since: i64) {
        self.until.store(since + self.certain_for, Ordering::SeqCst);
        self.told.notify_waiters();
    }

    /// Says that it could not be renewed. Whoever waits to write does not.
    pub fn lose(&self) {
        self.lost.store(true, Ordering::SeqCst);
        self.told.notify_waiters();
    }

    /// Whether nobody else can be deploying at this moment.
    pub fn is_certain(&self) -> bool {
        !self.lost.load(Ordering::SeqCst) && self.clock.now() < self.until.load(Ordering::SeqCst)
    }

    /// Ends when nobody else can be deploying: at once, or after a renewal by whoever heeds
    /// [`Lease::doubted`]. Fails where the lease is lost.
    pub async fn certain(&self) -> Result<(), Failure> {
        loop {
            let told = self.told.notified();
            tokio::pin!(told);
            // From here on no renewal is missed.
            told.as_mut().enable();
            if self.is_certain() {
                return Ok(());
            }
            if self.lost.load(Ordering::SeqCst) {
                return Err(Failure::refused("this deploy no longer has the target"));
            }
            self.doubt.notify_one();
            told.await;
        }
    }

    /// Ends when somebody waits for a renewal.
    pub async fn doubted(&self) {
        self.doubt.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    #[test]
    fn a_lease_is_certain_for_half_its_length_after_each_renewal() {
        let time = Arc::new(AtomicI64::new(1_000));
        let clock = {
            let time = Arc::clone(&time);
            Clock::new(move || time.load(Ordering::SeqCst))
        };
        let lease = Lease::taken(clock, Duration::from_secs(120), 1_000);
        assert!(lease.certain().now_or_never().is_some_and(|certain| certain.is_ok()));
        time.store(1_060, Ordering::SeqCst);
        assert!(lease.certain().now_or_never().is_none(), "it waits to be renewed");
        assert!(lease.doubted().now_or_never().is_some(), "and asks for it");
        lease.renewed(1_059);
        assert!(lease.is_certain());
        lease.lose();
        assert!(lease.certain().now_or_never().is_some_and(|certain| certain.is_err()));
    }
}
