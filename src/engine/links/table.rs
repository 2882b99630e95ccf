//! Targets kept by name: which pages have them, and whether they lead anywhere.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use super::address::number;
use super::found::LARGEST;
use super::found::is_everywhere;
use super::targets::files;
use crate::catalog::CellId;
use crate::door;
use crate::output::path_of;
use crate::paths::RelPath;
use crate::render::attributes::{Role, attributes, decoded};
use crate::state::{Store, Table, Tables};

/// What is known of a target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Pages that have it.
    pub pages: u64,
    /// Whether it leads anywhere.
    pub verdict: Verdict,
}

/// Whether a target leads anywhere.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// Nobody has looked yet.
    #[default]
    Unknown,
    /// It does.
    There,
    /// It does not.
    Nowhere,
}

/// What a build changes in the table.
#[derive(Default)]
pub struct Rows {
    /// Pages that came to have a target, less those that no longer do.
    heads: BTreeMap<String, i64>,
    /// Numbers of pages whose bytes are new.
    written: FxHashSet<CellId>,
}

impl Rows {
    /// Notes that a page has other bytes than before.
    pub fn wrote(&mut self, file: &RelPath) {
        self.written.insert(number(file.as_str()));
    }

    /// Replaces the targets of a page.
    pub fn replace(
        &mut self,
        tables: &mut Tables<'_>,
        file: &str,
        before: &[String],
        after: &BTreeMap<String, String>,
    ) -> Result<()> {
        for target in before.iter().filter(|target| !after.contains_key(*target)) {
            if tables.remove(Table::Links, &row(target, file))? {
                *self.heads.entry(target.clone()).or_default() -= 1;
            }
        }
        for (target, written) in after {
            self.add(tables, file, target, written)?;
        }
        Ok(())
    }

    /// Adds a target of a page.
    pub fn add(&mut self, tables: &mut Tables<'_>, file: &str, target: &str, written: &str) -> Result<()> {
        let old = tables.replace(Table::Links, &row(target, file), written.as_bytes(), |_| ())?;
        *self.heads.entry(target.to_owned()).or_default() += i64::from(old.is_none());
        Ok(())
    }

    /// Brings the table up to date, when everything else of the build is done.
    pub fn settle(self, judge: &mut Judge<'_>, tables: &mut Tables<'_>) -> Result<()> {
        for (target, pages) in &self.heads {
            let old: Head = tables.value(Table::Links, target.as_bytes())?.unwrap_or_default();
            match old.pages.saturating_add_signed(*pages) {
                0 => drop(tables.remove(Table::Links, target.as_bytes())?),
                pages => tables.put_value(Table::Links, target.as_bytes(), &Head { pages, ..old })?,
            }
        }
        let mut start = Vec::new();
        while let Some((target, head)) = next_head(tables, &start)? {
            let verdict = judge.verdict(tables, &target, head.verdict, &self.written)?;
            if verdict != head.verdict {
                tables.put_value(Table::Links, target.as_bytes(), &Head { verdict, ..head })?;
            }
            start = after(&target);
        }
        Ok(())
    }
}

fn row(target: &str, file: &str) -> Vec<u8> {
    [target.as_bytes(), b"\0", file.as_bytes()].concat()
}

/// Where the next target may begin.
pub fn after(target: &str) -> Vec<u8> {
    [target.as_bytes(), b"\x01"].concat()
}

/// The first target at or after `start`.
pub fn next_head(store: &impl Store, start: &[u8]) -> Result<Option<(String, Head)>> {
    let mut found = None;
    store.scan(Table::Links, start, |key, value| {
        found = Some((String::from_utf8(key.to_vec())?, postcard::from_bytes(value)?));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// The first page that has a target, and the address as it writes it.
pub fn first_page(store: &impl Store, target: &str) -> Result<Option<(String, String)>> {
    let mut found = None;
    store.scan_prefix(Table::Links, &row(target, ""), |key, value| {
        let file = std::str::from_utf8(&key[target.len() + 1..])?.to_owned();
        found = Some((file, std::str::from_utf8(value)?.to_owned()));
        Ok(ControlFlow::Break(()))
    })?;
    Ok(found)
}

/// Knows what is there.
pub struct Judge<'j> {
    /// The folder around `output/`.
    home: &'j Path,
    /// The names on the page that was looked at last.
    last: Option<(RelPath, BTreeSet<String>)>,
}

impl<'j> Judge<'j> {
    /// A judge of the outputs below `home`.
    pub fn at(home: &'j Path) -> Self {
        Self { home, last: None }
    }

    fn verdict(
        &mut self,
        store: &impl Store,
        target: &str,
        known: Verdict,
        written: &FxHashSet<CellId>,
    ) -> Result<Verdict> {
        if target.starts_with('#') {
            return Ok(Verdict::Nowhere);
        }
        let (path, fragment) = target.split_once('#').unwrap_or((target, ""));
        let Some(file) = file_at(store, path)? else { return Ok(Verdict::Nowhere) };
        let is_page = file.extension() == Some("html");
        if is_everywhere(fragment) || !is_page {
            return Ok(Verdict::There);
        }
        if known != Verdict::Unknown && !written.contains(&number(file.as_str())) {
            return Ok(known);
        }
        // A page that was never made says nothing yet.
        let names = self.names(&file);
        Ok(if names.is_none_or(|names| names.contains(fragment)) { Verdict::There } else { Verdict::Nowhere })
    }

    /// The names that fragments may lead to on a page; `None` where there is no such file.
    pub fn names(&mut self, file: &RelPath) -> Option<&BTreeSet<String>> {
        if self.last.as_ref().is_none_or(|(last, _)| last != file) {
            let bytes = door::read(&path_of(self.home, file), LARGEST).ok()?;
            let html = String::from_utf8_lossy(&bytes);
            let anchors = attributes(&html).filter(|one| one.role == Role::Anchor);
            let names = anchors.map(|one| decoded(one.value).into_owned()).collect();
            self.last = Some((file.clone(), names));
        }
        self.last.as_ref().map(|(_, names)| names)
    }
}

/// The file that answers for a path: one that is there, or that a page which failed will have.
pub fn file_at(store: &impl Store, path: &str) -> Result<Option<RelPath>> {
    for file in files(path) {
        for table in [Table::Outputs, Table::Due] {
            if store.bytes(table, file.as_str().as_bytes(), |_| ())?.is_some() {
                return Ok(Some(file));
            }
        }
    }
    Ok(None)
}
