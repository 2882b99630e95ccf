//! Stopping a build from outside: a flag that the work looks at between two pages. Knows nothing
//! of builds, nor of how a process is told.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};

/// Whether somebody has asked to stop. Copies share one flag.
#[derive(Clone, Debug, Default)]
pub struct Stop(Arc<Flags>);

#[derive(Debug, Default)]
struct Flags {
    /// The number of the signal.
    asked: AtomicU8,
    writing: AtomicBool,
}

/// The signals that ask politely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// What `kill` sends.
    Terminate,
}

impl Signal {
    /// Its number, 2 or 15; programs end with 128 more.
    pub fn number(self) -> u8 {
        match self {
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }
}

/// The error of work that was stopped before anything came of it.
#[derive(Clone, Copy, Debug)]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("stopped before anything was written")
    }
}

impl std::error::Error for Stopped {}

impl Stop {
    /// Asks to stop because of `signal`; the first one counts.
    pub fn ask(&self, signal: Signal) {
        // A second signal changes nothing.
        let _ = self.0.asked.compare_exchange(0, signal.number(), Ordering::Relaxed, Ordering::Relaxed);
    }

    /// The signal by which somebody asked, if so.
    pub fn asked(&self) -> Option<Signal> {
        match self.0.asked.load(Ordering::Relaxed) {
            0 => None,
            2 => Some(Signal::Interrupt),
            _ => Some(Signal::Terminate),
        }
    }

    /// An error once somebody has asked to stop.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.asked().is_some() { Err(Stopped) } else { Ok(()) }
    }

    /// Says that from now on there is something to lose: whoever raised the flag must wait for the
    /// work to end by itself.
    pub fn begin_writing(&self) {
        self.0.writing.store(true, Ordering::Relaxed);
    }

    /// Whether there is something to lose.
    pub fn is_writing(&self) -> bool {
        self.0.writing.load(Ordering::Relaxed)
    }
}
