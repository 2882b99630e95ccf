//! The files below `output/`: what the state knows of them, the journal that precedes them, and what they are for others.

pub mod cache;
pub mod files;
pub mod held_remotely;
pub mod inventory;
pub mod journal;
pub mod strangers;
