//! Purging caches in front of a target: what to ask for, and whom. What changed comes from the
//! release's own record, never from the memory of the run that made it. Knows nothing of stores.

mod planner;
mod services;

pub use planner::{Powers, Purging, planned};
pub use services::{Keys, encoded, keys_of, powers, purge};
