//! A Postgres as a source: reads in one snapshot what changed since the last build, and nothing
//! else. Does not know what a build does with it.
//!
//! # How a build reads
//!
//! 1. [`Reader::open`] connects (a replica if one is fit, else the primary), begins one `REPEATABLE
//!    READ READ ONLY` transaction, and learns from the change log which units may say something
//!    new. Nothing may: the build ends there, at a cost that does not depend on the number of rows.
//! 2. [`Reader::stream`] reads those units: at most one set-based statement a part, streamed.
//! 3. [`Stream::finish`] gives the [`Seen`] to be kept with the build's own state, and no sooner.
//! 4. [`register`], after the commit, tells the primary how far this reader is, so that the log can
//!    be pruned.
//!
//! # Laws
//!
//! * Log and data come from one snapshot: data is never newer or older than the cursor.
//! * On a primary the cursor is the whole snapshot. A standby's snapshot has no list of what is in
//!   progress, so there the cursor is its oldest running transaction, and what has been seen
//!   beyond it.
//! * Whatever makes a cursor doubtful (another server, timeline or log, a server that went back in
//!   time, a pruned log) costs a full comparison, never a lost change.
//! * Only statements inside explicit transactions, none of them named; settings are local to the
//!   transaction: so any pooler will do.
//! * A URL is read from the environment or a file and kept in a [`Secret`]; no message holds it.

mod audit;
mod connect;
mod cursor;
mod definitions;
mod events;
mod exchange;
mod knowledge;
mod layout;
mod migrate;
mod queries;
mod reach;
mod read;
mod schema;
mod secret;
mod servers;
mod triggers;
mod trouble;
mod words;

pub use audit::{CHUNKS, Chunks, add as add_to_chunk};
pub use cursor::Seen;
pub use events::{Event, Events};
pub use exchange::{Counts, export, import};
pub use migrate::{Applied, migrate, status};
pub use read::{Ask, Reader, Scope, Stream, Told};
pub use secret::Secret;
pub use servers::register;
pub use triggers::triggers_for;
pub use trouble::{Trouble, Why};
