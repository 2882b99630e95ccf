//! Links that lead nowhere, and ids that stand twice on a page: looked for on every page that is
//! rendered, and again on pages that link to what has gone.
//!
//! # What is kept, so that an incremental build finds what a clean one does
//!
//! Most of a page's links are right by construction: they are the URLs of records that it read, and
//! whose going has it rendered again. Nothing is kept of those, nor of links to pages that every
//! site has. Of its other links to pages that are there, a page's trace keeps the numbers. When a
//! page goes, the pages that keep its number are looked at again as they lie in `output/`, without
//! being rendered. What cannot be answered by a number is kept by name, in a table of its own:
//!
//! ```text
//! target             → how many pages have it, and what is known of it
//! target \0 file     → the address as that page writes it
//! ```
//!
//! A target is a URL path that leads nowhere, or is a picture's, a path with a fragment of another page, or
//! `#id` for an id that stands twice. Whether a path is there is asked of all targets in every build
//! that does anything; whether a fragment is there only where its page was written. A build that does
//! nothing tells what is known.

pub mod address;
mod again;
mod found;
mod places;
mod report;
mod table;
mod targets;

pub use again::Again;
pub use found::Found;
pub use report::report;
pub use table::Rows;
pub use targets::{Known, Targets};

use std::path::Path;

use anyhow::Result;

use crate::engine::plan::readers::Readers;
use crate::state::Tables;

/// Looks again where that is needed, and brings the table up to date, when everything else of build `number` is done.
pub fn settle(
    home: &Path,
    targets: Option<&Targets<'_>>,
    again: &Again<'_>,
    mut rows: Rows,
    number: u64,
    tables: &mut Tables<'_>,
    readers: Option<&mut Readers>,
) -> Result<()> {
    if let Some(targets) = targets {
        again::Desk { home, targets, number, tables, readers }.look(again, &mut rows)?;
    }
    rows.settle(&mut table::Judge::at(home), tables)
}
