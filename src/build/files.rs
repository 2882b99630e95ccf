//! The files below `output/` that are ours, as the state knows them: those of pages and pictures, and
//! their compressed forms, which are a table of their own. Looks at no file.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use anyhow::Result;

use crate::digest::{Digest, Digester};
use crate::output::Written;
use crate::paths::RelPath;
use crate::state::{Store, Table};

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

/// One digest of all: paths and digests, table by table in path order.
pub fn digest(store: &impl Store) -> Result<Digest> {
    let mut digester = Digester::default();
    for table in TABLES {
        store.scan(table, b"", |path, value| {
            add(&mut digester, path, &postcard::from_bytes(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
    }
    Ok(digester.finish())
}

/// Adds a file to the digest of all, for whoever goes through the tables anyway.
pub fn add(digester: &mut Digester, path: &[u8], written: &Written) {
    digester.part(path);
    digester.part(&written.digest.0);
}
