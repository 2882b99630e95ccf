//! Cells: everything that a page can read and that can change by itself. Knows nothing of pages.

use std::cell::RefCell;
use std::fmt::{self, Write};

use super::group::Group;
use crate::digest::Digest;
use crate::model::RecordId;

/// One thing that can be read. What is not there is a cell too: asking for a missing record is
/// a reading that its arrival changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cell {
    /// A whole record, prose included.
    Record(RecordId),
    /// The card of a record.
    Card(RecordId),
    /// The name and URL of a record, the smallest part of its card.
    Link(RecordId),
    /// The approved reviews of a record.
    Reviews(RecordId),
    /// The approved photos of a record.
    Photos(RecordId),
    /// The members of a group, their order, and what the group holds of each.
    Group(Group),
    /// One page of a group that is longer than a page.
    Slice(Group, u32),
    /// The totals of a group.
    Totals(Group),
    /// A template with everything it extends, includes and calls.
    Template(String),
    /// An asset's bytes.
    Asset(String),
    /// A picture's bytes.
    Picture(String),
    /// A setting.
    Setting(String),
}

/// A cell's number in a trace. Two cells share one with probability 2^-64, and then cost only
/// needless work: a trace is asked whether it holds a changed cell, never whether it does not.
pub type CellId = u64;

impl Cell {
    /// The cell's number.
    pub fn id(&self) -> CellId {
        thread_local! {
            /// Cells are numbered a few dozen times a page; their names need no new memory each time.
            static NAME: RefCell<String> = const { RefCell::new(String::new()) };
        }
        NAME.with_borrow_mut(|name| {
            name.clear();
            // Writing to a string cannot fail.
            let _ = write!(name, "{self}");
            Digest::of(name.as_bytes()).short()
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(id) => write!(f, "record {id}"),
            Self::Card(id) => write!(f, "card of {id}"),
            Self::Link(id) => write!(f, "name and URL of {id}"),
            Self::Reviews(id) => write!(f, "reviews of {id}"),
            Self::Photos(id) => write!(f, "photos of {id}"),
            Self::Group(group) => write!(f, "{group}"),
            Self::Slice(group, number) => write!(f, "page {number} of {group}"),
            Self::Totals(group) => write!(f, "totals of {group}"),
            Self::Template(name) => write!(f, "template {name}"),
            Self::Asset(path) => write!(f, "asset {path}"),
            Self::Picture(path) => write!(f, "picture {path}"),
            Self::Setting(name) => write!(f, "setting {name}"),
        }
    }
}
