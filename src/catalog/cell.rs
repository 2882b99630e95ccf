//! Cells: everything that a page can read and that can change by itself. Knows nothing of pages.

use std::fmt;
use std::hash::Hasher;

use super::group::Group;
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
    /// The totals of a group, ratings included.
    Totals(Group),
    /// The totals of a group but for its ratings, which change far more often and which lists do not show.
    Counts(Group),
    /// A template with everything it extends, includes and calls.
    Template(String),
    /// An asset: its URL and its bytes.
    Asset(String),
    /// All assets.
    Assets,
    /// A picture's bytes.
    Picture(String),
    /// A setting.
    Setting(String),
    /// Which record a content file holds.
    File(String),
}

/// A cell's number in a trace. Two cells share one with probability 2^-64, and then cost only
/// needless work: a trace is asked whether it holds a changed cell, never whether it does not.
pub type CellId = u64;

impl Cell {
    /// The cell's number: the same on every machine, since traces are kept and carried about.
    pub fn id(&self) -> CellId {
        let (tag, number, name) = match self {
            Self::Record(id) => (0, id.kind.number(), &*id.key),
            Self::Card(id) => (1, id.kind.number(), &*id.key),
            Self::Link(id) => (2, id.kind.number(), &*id.key),
            Self::Reviews(id) => (3, id.kind.number(), &*id.key),
            Self::Photos(id) => (4, id.kind.number(), &*id.key),
            Self::Group(group) => (5, group.tag(), group.key()),
            Self::Slice(group, page) => return mixed(7, group.tag(), *page, group.key()),
            Self::Totals(group) => (6, group.tag(), group.key()),
            Self::Counts(group) => (13, group.tag(), group.key()),
            Self::Template(name) => (8, 0, name.as_str()),
            Self::Asset(path) => (9, 0, path.as_str()),
            Self::Picture(path) => (10, 0, path.as_str()),
            Self::Assets => (12, 0, ""),
            Self::Setting(name) => (11, 0, name.as_str()),
            Self::File(path) => (15, 0, path.as_str()),
        };
        mixed(tag, number, 0, name)
    }

    /// The number of a URL path as something that links lead to: a kind of its own, which no page reads.
    pub fn address(url: &str) -> CellId {
        mixed(14, 0, 0, url)
    }
}

/// One number of four things. A page names dozens of cells, so this must cost next to nothing.
fn mixed(tag: u8, number: u8, page: u32, name: &str) -> CellId {
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write_u64(u64::from(tag) << 40 | u64::from(number) << 32 | u64::from(page));
    hasher.write(name.as_bytes());
    hasher.finish()
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
            Self::Counts(group) => write!(f, "counts of {group}"),
            Self::Template(name) => write!(f, "template {name}"),
            Self::Asset(path) => write!(f, "asset {path}"),
            Self::Assets => f.write_str("all assets"),
            Self::Picture(path) => write!(f, "picture {path}"),
            Self::Setting(name) => write!(f, "setting {name}"),
            Self::File(path) => write!(f, "the record of content/{path}"),
        }
    }
}
