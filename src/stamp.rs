//! Stamps: what a file system says about a file without reading it, and when that may be
//! believed. Knows nothing of what the files hold.

use std::fs::Metadata;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// Size, times and inode of a file. Equal stamps mean equal bytes only where the stamp was old
/// enough when the bytes were read (see [`Clockwork`]). The change time is what makes this safe:
/// restoring an older file, or setting its modification time back, still moves it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// Modification time, nanoseconds since 1970.
    pub modified: i64,
    /// Inode change time, nanoseconds since 1970; 0 where the system has none.
    pub changed: i64,
    /// Inode number; 0 where the system has none.
    pub inode: u64,
}

impl Stamp {
    /// The stamp in a file's metadata.
    pub fn of(metadata: &Metadata) -> Self {
        #[cfg(unix)]
        let (changed, inode) = {
            use std::os::unix::fs::MetadataExt;
            (metadata.ctime() * 1_000_000_000 + metadata.ctime_nsec(), metadata.ino())
        };
        #[cfg(not(unix))]
        let (changed, inode) = (0, 0);
        let modified = metadata.modified().map_or(0, nanoseconds);
        Self { size: metadata.len(), modified, changed, inode }
    }

    fn latest(&self) -> i64 {
        self.modified.max(self.changed)
    }

    /// Whether it may be of a file system that keeps only whole seconds, or two of them: such stamps have no
    /// fractions. (Of others, one in a million has none.)
    pub fn is_coarse(&self) -> bool {
        self.latest() % 1_000_000 == 0
    }
}

/// Which file or folder something is, whatever it is called: a copy is another one, what was only moved is
/// the same. Where the system has no numbers for that, it is the place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileId {
    device: u64,
    inode: u64,
    place: Option<std::path::PathBuf>,
}

impl FileId {
    /// What is at `path` itself; `None` where nothing is.
    pub fn at(path: &Path) -> Option<Self> {
        let found = path.symlink_metadata().ok()?;
        let place = if cfg!(unix) { None } else { Some(path.canonicalize().ok()?) };
        Some(Self { place, ..Self::of(&found) })
    }

    /// What is open.
    pub fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        let (device, inode) = {
            use std::os::unix::fs::MetadataExt;
            (found.dev(), found.ino())
        };
        #[cfg(not(unix))]
        let (device, inode) = {
            let _ = found;
            (0, 0)
        };
        Self { device, inode, place: None }
    }
}

fn nanoseconds(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => since.as_nanos() as i64,
        Err(before) => -(before.duration().as_nanos() as i64),
    }
}

/// Decides whether a stamp is old enough to be believed: a second write within one tick of the
/// file system's clock leaves the stamp as it was. Compares against the clock that stamped the
/// files, not against ours: they may differ on a network drive.
/// The default one believes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clockwork {
    now: i64,
}

/// Longer than a tick of any kernel's file clock (10 ms at most).
const FINE_TICK: i64 = 50_000_000;

/// File systems that keep whole seconds (or two of them) show it in a stamp without fractions.
const COARSE_TICK: i64 = 2_100_000_000;

impl Clockwork {
    /// The file system's clock, as it has stamped a file just now.
    pub fn of(just_now: &Metadata) -> Self {
        Self { now: Stamp::of(just_now).latest() }
    }

    /// Whether bytes read after this clock was read may be known by `stamp` from now on.
    pub fn trusts(&self, stamp: &Stamp) -> bool {
        let tick = if stamp.is_coarse() { COARSE_TICK } else { FINE_TICK };
        stamp.latest().saturating_add(tick) < self.now
    }

    /// Whether the stamp of a file that we wrote before this clock was read still tells that nobody has
    /// changed it since. A clock that ticks often has been waited for ([`Clockwork::let_tick_pass`]);
    /// one that keeps seconds has not, and what was written in its last one must be read.
    pub fn vouches_for(&self, stamp: &Stamp) -> bool {
        !stamp.is_coarse() || self.trusts(stamp)
    }

    /// Lets the file system's clock move on, so that whatever is written after the build gets
    /// another stamp than what the build wrote.
    pub fn let_tick_pass() {
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn young_coarse_and_future_stamps_are_not_believed() {
        let clock = Clockwork { now: 10_000_000_000_000_007 };
        let stamped = |age: i64| Stamp { modified: clock.now - age, ..Stamp::default() };
        assert!(!clock.trusts(&stamped(0)));
        assert!(!clock.trusts(&stamped(10_000_000)));
        assert!(clock.trusts(&stamped(60_000_001)));
        assert!(!clock.trusts(&stamped(1_000_000_007)), "whole seconds are a coarse clock");
        assert!(!clock.trusts(&stamped(-5_000_000_000)), "the future");
        let restored = Stamp { modified: 5, changed: clock.now, ..Stamp::default() };
        assert!(!clock.trusts(&restored), "an old modification time with a new change time");
    }

    #[test]
    fn what_was_written_in_the_last_coarse_second_is_not_vouched_for() {
        let clock = Clockwork { now: 1_000_000_000_000 };
        let stamped = |modified: i64| Stamp { modified, changed: modified, ..Stamp::default() };
        for (age, vouched) in [(0, false), (1_000_000_000, false), (2_000_000_000, false), (3_000_000_000, true)] {
            assert_eq!(clock.vouches_for(&stamped(clock.now - age)), vouched, "{age} nanoseconds old");
        }
        assert!(clock.vouches_for(&stamped(clock.now - 1)), "a fine clock has been waited for");
        assert!(!Clockwork::default().vouches_for(&stamped(5_000_000_000)), "the first build of a state");
        let tens_of_milliseconds = stamped(clock.now - 10_000_000);
        assert!(!clock.vouches_for(&tens_of_milliseconds), "FAT's other clock");
    }
}
