//! Threads: as many as were asked for where something is computed, more where they wait for a disk,
//! which answers many questions at once hardly later than one. Knows nothing of what they do.

use anyhow::{Context, Result};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::engine::options::Options;

/// Questions that a disk is asked at once: a solid one answers many in the time of two.
const AT_ONCE: usize = 8;

/// The same where addresses count: every thread takes some.
const FEW: usize = 4;

/// Bytes of stack for a thread that only looks and reads.
const STACK: usize = 1 << 20;

const CANNOT: &str = "cannot start threads";

/// The threads of a session.
pub struct Threads {
    /// For what is computed.
    pub working: ThreadPool,
    /// For looking at files and reading them.
    pub waiting: ThreadPool,
}

impl Threads {
    /// Starts as many as `options` ask for.
    pub fn start(options: &Options) -> Result<Self> {
        let jobs = options.jobs.max(1);
        let working = ThreadPoolBuilder::new().num_threads(jobs).thread_name(|index| format!("lifthill-{index}"));
        let most = if options.room.is_bounded() { FEW } else { AT_ONCE };
        let waiting = ThreadPoolBuilder::new().num_threads(most.max(jobs)).stack_size(STACK);
        let waiting = waiting.thread_name(|index| format!("disk-{index}"));
        let (working, waiting) = (working.build(), waiting.build());
        Ok(Self { working: working.context(CANNOT)?, waiting: waiting.context(CANNOT)? })
    }
}
