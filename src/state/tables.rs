//! The tables of the state and their formats. Values are `postcard` unless said otherwise.

use anyhow::Result;
use redb::{Database, ReadableDatabase, TableDefinition, TableHandle};

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Table {
    /// Name → value: format version, settings and template digests, scheduled moments, totals.
    Meta,
    /// Folder below `content/` → its files with stamps, digests and what they produced.
    Sources,
    /// Part number, key of a unit of rows → what its rows said: digest, number, sum, records.
    Rows,
    /// Kind number, key → record with the file or rows it came from.
    Records,
    /// Kind number, key → card.
    Cards,
    /// Kind number, key → approved reviews, newest first.
    Reviews,
    /// Kind number, key → approved photos.
    Photos,
    /// Picture below `content/` → digest of its bytes, what is known of it or why it cannot be read.
    Pictures,
    /// File below `output/` of a picture's variant → what it is made from, how many pages show it.
    Variants,
    /// Group digest (16 bytes), sort key → facet digest (16 bytes), kind number, key.
    Members,
    /// Group digest → totals of the group.
    Totals,
    /// Group digest, page number (4 bytes, big-endian) → first member's sort key, digest.
    Slices,
    /// URL path → route, view digest, readings, reason.
    Pages,
    /// File below `output/` → stamp and digest.
    Outputs,
    /// Compressed form of a file below `output/` → stamp and digest.
    Compressed,
    /// URL path → why it is still due.
    Due,
    /// File below `content/`, or origin of rows → what is worth knowing of it.
    Warnings,
    /// Markdown file below `content/` → the time of its last commit, in seconds since 1970.
    Dates,
    /// What links lead to and what cannot be answered by a number → pages, whether it is there; the
    /// same, `\0`, file below `output/` → the address as written (bare text).
    Links,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 19] = [
        Self::Meta,
        Self::Sources,
        Self::Rows,
        Self::Records,
        Self::Cards,
        Self::Reviews,
        Self::Photos,
        Self::Pictures,
        Self::Variants,
        Self::Members,
        Self::Totals,
        Self::Slices,
        Self::Pages,
        Self::Outputs,
        Self::Compressed,
        Self::Due,
        Self::Warnings,
        Self::Dates,
        Self::Links,
    ];

    pub(super) fn definition(self) -> TableDefinition<'static, &'static [u8], &'static [u8]> {
        TableDefinition::new(match self {
            Self::Meta => "meta",
            Self::Sources => "sources",
            Self::Rows => "rows",
            Self::Records => "records",
            Self::Cards => "cards",
            Self::Reviews => "reviews",
            Self::Photos => "photos",
            Self::Pictures => "pictures",
            Self::Variants => "variants",
            Self::Members => "members",
            Self::Totals => "totals",
            Self::Slices => "slices",
            Self::Pages => "pages",
            Self::Outputs => "outputs",
            Self::Compressed => "compressed",
            Self::Due => "due",
            Self::Warnings => "warnings",
            Self::Dates => "dates",
            Self::Links => "links",
        })
    }
}

/// Creates the tables that are not there, so that reading never meets a missing one.
pub(super) fn create_missing(database: &Database) -> Result<()> {
    let present = database.begin_read()?.list_tables()?.count();
    let missing = present < Table::ALL.len();
    if missing {
        let transaction = database.begin_write()?;
        for table in Table::ALL {
            transaction.open_table(table.definition())?;
        }
        transaction.commit()?;
    }
    let read = database.begin_read()?;
    for table in Table::ALL {
        let definition = table.definition();
        read.open_table(definition).map_err(|error| anyhow::anyhow!("table {}: {error}", definition.name()))?;
    }
    Ok(())
}
