//! Reading and writing the tables: a snapshot for many readers, a draft for the one writer.
//! Knows nothing of what the bytes mean.

use std::ops::{Bound, ControlFlow};

use anyhow::{Context, Result};
use redb::{Durability, ReadOnlyTable, ReadTransaction, ReadableTable, ReadableTableMetadata, WriteTransaction};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backend::OnDisk;
use super::tables::Table;
use crate::digest::SetDigest;
use crate::room::TooLittle;

/// Something that tables can be read from.
pub trait Store {
    /// The value under `key`, as bytes, given to `read`; `None` where there is none.
    fn bytes<R>(&self, table: Table, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>>;

    /// Visits keys and values in key order from `start` (included) until told to stop.
    fn scan(
        &self,
        table: Table,
        start: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()>;

    /// How many keys a table has.
    fn count(&self, table: Table) -> Result<u64>;

    /// The value under `key`.
    fn value<T: DeserializeOwned>(&self, table: Table, key: &[u8]) -> Result<Option<T>> {
        let decoded = self.bytes(table, key, |bytes| postcard::from_bytes(bytes))?;
        decoded.transpose().with_context(|| format!("a value in table {table:?} cannot be decoded"))
    }

    /// Visits every key that begins with `prefix`, in order, until told to stop.
    fn scan_prefix(
        &self,
        table: Table,
        prefix: &[u8],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        self.scan(
            table,
            prefix,
            |key, value| {
                if key.starts_with(prefix) { visit(key, value) } else { Ok(ControlFlow::Break(())) }
            },
        )
    }
}

type ReadTable = ReadOnlyTable<&'static [u8], &'static [u8]>;
type WriteTable<'t> = redb::Table<'t, &'static [u8], &'static [u8]>;

/// What was known at one moment; shared by all readers.
pub struct Snapshot {
    tables: Vec<ReadTable>,
}

impl Snapshot {
    pub(super) fn new(transaction: &ReadTransaction) -> Result<Self> {
        let tables = Table::ALL.iter().map(|table| transaction.open_table(table.definition()));
        Ok(Self { tables: tables.collect::<Result<_, _>>()? })
    }
}

impl Store for Snapshot {
    fn bytes<R>(&self, table: Table, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        bytes_in(&self.tables[table as usize], key, read)
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        scan_in(&self.tables[table as usize], start, visit)
    }

    fn count(&self, table: Table) -> Result<u64> {
        Ok(self.tables[table as usize].len()?)
    }
}

/// A change in the making. Dropped without a commit, it never happened.
pub struct Draft {
    transaction: WriteTransaction,
    file: Option<OnDisk>,
}

impl Draft {
    pub(super) fn new(transaction: WriteTransaction, file: Option<OnDisk>) -> Self {
        Self { transaction, file }
    }

    /// Opens all tables for writing and hands them to `work`.
    pub fn write<R>(&self, work: impl FnOnce(&mut Tables<'_>) -> Result<R>) -> Result<R> {
        let tables = Table::ALL.iter().map(|table| self.transaction.open_table(table.definition()));
        let tables = tables.map(|table| table.map(Some)).collect::<Result<_, _>>()?;
        work(&mut Tables { tables, outputs: OutputSum::default() }).map_err(plainly)
    }

    /// Empties every table but those in `kept`.
    pub fn forget_all_but(&self, kept: &[Table]) -> Result<()> {
        for table in Table::ALL.iter().filter(|table| !kept.contains(table)) {
            self.transaction.delete_table(table.definition())?;
            self.transaction.open_table(table.definition())?;
        }
        Ok(())
    }

    /// Makes the change visible in this process; a crash forgets it.
    pub fn keep_for_this_process(mut self) -> Result<()> {
        self.transaction.set_durability(Durability::None)?;
        Ok(self.transaction.commit()?)
    }

    /// Makes this change, and all kept ones before it, survive a crash.
    pub fn commit(mut self) -> Result<()> {
        self.transaction.set_durability(Durability::Immediate)?;
        self.transaction.set_quick_repair(true);
        self.transaction.commit()?;
        self.file.map_or(Ok(()), |file| file.make_durable()).context("cannot write the state")
    }
}

/// The error that the database has wrapped in its own, where it is about memory.
fn plainly(error: anyhow::Error) -> anyhow::Error {
    let inside = match error.downcast_ref() {
        Some(redb::StorageError::Io(error)) => error.get_ref().and_then(|error| error.downcast_ref::<TooLittle>()),
        _ => None,
    };
    inside.cloned().map_or(error, Into::into)
}

/// All tables, open for writing.
pub struct Tables<'t> {
    /// By number; nothing where one is lent.
    tables: Vec<Option<WriteTable<'t>>>,
    /// Which outputs have come and gone since the tables were opened; kept by whoever writes them.
    pub outputs: OutputSum,
}

/// All outputs in two numbers, or what has come to them and gone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputSum {
    /// The digest of all.
    pub digest: SetDigest,
    /// How many of them are pages.
    pub pages: i64,
}

impl OutputSum {
    /// Does what was done to `other` since it was empty.
    pub fn merge(&mut self, other: Self) {
        self.digest.merge(other.digest);
        self.pages += other.pages;
    }
}

/// A table that another thread may write to until it is given back.
pub struct Lent<'t> {
    table: Table,
    open: WriteTable<'t>,
}

impl Lent<'_> {
    /// Puts bytes under a key, or removes it.
    pub fn set(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<()> {
        match value {
            Some(value) => drop(self.open.insert(key, value)?),
            None => drop(self.open.remove(key)?),
        }
        Ok(())
    }
}

const LENT: &str = "nobody asks for a table while it is lent";

impl<'t> Tables<'t> {
    /// Lends a table, which nobody else may ask for until it is given back.
    pub fn lend(&mut self, table: Table) -> Lent<'t> {
        Lent { table, open: self.tables[table as usize].take().expect(LENT) }
    }

    /// Takes a table back.
    pub fn take_back(&mut self, lent: Lent<'t>) {
        self.tables[lent.table as usize] = Some(lent.open);
    }

    fn table(&self, table: Table) -> &WriteTable<'t> {
        self.tables[table as usize].as_ref().expect(LENT)
    }

    fn table_mut(&mut self, table: Table) -> &mut WriteTable<'t> {
        self.tables[table as usize].as_mut().expect(LENT)
    }

    /// Puts bytes under a key, replacing what was there.
    pub fn put(&mut self, table: Table, key: &[u8], value: &[u8]) -> Result<()> {
        self.table_mut(table).insert(key, value)?;
        Ok(())
    }

    /// Puts bytes under a key; what `read` makes of those that were there.
    pub fn replace<R>(
        &mut self,
        table: Table,
        key: &[u8],
        value: &[u8],
        read: impl FnOnce(&[u8]) -> R,
    ) -> Result<Option<R>> {
        Ok(self.table_mut(table).insert(key, value)?.map(|old| read(old.value())))
    }

    /// Removes a key; what `read` makes of the bytes that were there.
    pub fn take<R>(&mut self, table: Table, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        Ok(self.table_mut(table).remove(key)?.map(|old| read(old.value())))
    }

    /// Puts a value under a key.
    pub fn put_value(&mut self, table: Table, key: &[u8], value: &impl Serialize) -> Result<()> {
        self.put(table, key, &postcard::to_allocvec(value)?)
    }

    /// Removes a key; says whether it was there.
    pub fn remove(&mut self, table: Table, key: &[u8]) -> Result<bool> {
        Ok(self.table_mut(table).remove(key)?.is_some())
    }
}

impl Store for Tables<'_> {
    fn bytes<R>(&self, table: Table, key: &[u8], read: impl FnOnce(&[u8]) -> R) -> Result<Option<R>> {
        bytes_in(self.table(table), key, read)
    }

    fn scan(
        &self,
        table: Table,
        start: &[u8],
        visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
    ) -> Result<()> {
        scan_in(self.table(table), start, visit)
    }

    fn count(&self, table: Table) -> Result<u64> {
        Ok(self.table(table).len()?)
    }
}

fn bytes_in<R>(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    key: &[u8],
    read: impl FnOnce(&[u8]) -> R,
) -> Result<Option<R>> {
    Ok(table.get(key)?.map(|guard| read(guard.value())))
}

fn scan_in(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    start: &[u8],
    mut visit: impl FnMut(&[u8], &[u8]) -> Result<ControlFlow<()>>,
) -> Result<()> {
    let bounds: (Bound<&[u8]>, Bound<&[u8]>) = (Bound::Included(start), Bound::Unbounded);
    for entry in table.range::<&[u8]>(bounds)? {
        let (key, value) = entry?;
        if visit(key.value(), value.value())?.is_break() {
            break;
        }
    }
    Ok(())
}
