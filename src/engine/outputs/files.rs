//! The files below `output/` that are ours, as the state knows them: those of pages and pictures, and
//! their compressed forms, which are a table of their own. Looks at no file.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use anyhow::Result;

use crate::digest::Digest;
use crate::headers::is_page;
use crate::media;
use crate::output::Written;
use crate::paths::RelPath;
use crate::state::{OutputSum, Store, Table, Tables};

/// The tables of files.
pub const TABLES: [Table; 2] = [Table::Outputs, Table::Compressed];

/// What is known of a file, by its path below `output/`.
pub fn written(store: &impl Store, path: &str) -> Result<Option<Written>> {
    for table in TABLES {
        if let Some(written) = store.value(table, path.as_bytes())? {
            return Ok(Some(written));
        }
    }
    Ok(None)
}

/// All of them.
pub fn names(store: &impl Store) -> Result<BTreeSet<RelPath>> {
    let mut names = BTreeSet::new();
    for table in TABLES {
        store.scan(table, b"", |path, _| {
            names.extend(RelPath::new(std::str::from_utf8(path)?));
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(names)
}

/// Notes what a file holds now.
pub fn put(tables: &mut Tables<'_>, table: Table, file: &RelPath, written: &Written) -> Result<()> {
    let key = file.as_str().as_bytes();
    let bytes = postcard::to_allocvec(written)?;
    let old = tables.replace(table, key, &bytes, |old| postcard::from_bytes::<Written>(old))?.transpose()?;
    old.into_iter().for_each(|old| take(&mut tables.outputs, table, key, &old));
    add(&mut tables.outputs, table, key, written);
    Ok(())
}

/// Forgets a file; says whether it was known.
pub fn remove(tables: &mut Tables<'_>, table: Table, file: &RelPath) -> Result<bool> {
    let key = file.as_str().as_bytes();
    let old = tables.take(table, key, |old| postcard::from_bytes::<Written>(old))?.transpose()?;
    old.iter().for_each(|old| take(&mut tables.outputs, table, key, old));
    Ok(old.is_some())
}

/// The sum of all.
pub fn sum(store: &impl Store) -> Result<OutputSum> {
    let mut all = OutputSum::default();
    for table in TABLES {
        store.scan(table, b"", |path, value| {
            add(&mut all, table, path, &postcard::from_bytes(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(all)
}

/// Adds a file that is not in the sum.
pub fn add(sum: &mut OutputSum, table: Table, path: &[u8], written: &Written) {
    sum.digest.add(member(table, path, written));
    sum.pages += pages(table, path);
}

/// Takes a file out of the sum.
fn take(sum: &mut OutputSum, table: Table, path: &[u8], written: &Written) {
    sum.digest.remove(member(table, path, written));
    sum.pages -= pages(table, path);
}

/// How many pages a file is: one or none.
fn pages(table: Table, path: &[u8]) -> i64 {
    i64::from(table == Table::Outputs && is_page(path))
}

/// What stands in the digest of all for a file: its path, whether it is a compressed form, and what it holds.
fn member(table: Table, path: &[u8], written: &Written) -> Digest {
    let mut bytes = Vec::with_capacity(path.len() + 17);
    bytes.push(u8::from(table == Table::Compressed));
    bytes.extend_from_slice(path);
    bytes.extend_from_slice(&written.digest.0);
    Digest::of(&bytes)
}

/// Whether a file below `output/` is one of a picture.
pub fn is_picture(file: &RelPath) -> bool {
    file.as_str().strip_prefix(media::FOLDER).is_some_and(|rest| rest.starts_with('/'))
}
