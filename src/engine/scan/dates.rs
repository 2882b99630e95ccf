//! The dates of content files' last commits as an input of a build, where the settings ask for them: what is
//! known of them, what is news, and which files must be read again because of it. Knows nothing of how
//! they are found.
//!
//! Law. What the state knows is what a clean build would find. The history is asked only where something
//! else is checked out than at the last build; then whatever has another day is read again.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::Result;

use crate::config::{self, Dates, Settings};
use crate::diagnostics::{Diagnostic, Severity};
use crate::engine::memory::Memory;
use crate::model::PartialDate;
use crate::report::Report;
use crate::source::{Commits, Head};
use crate::state::{Snapshot, Store, Table, Tables};

/// What is other than at the last build.
pub struct News {
    /// What is checked out now; nothing where nobody asks any more.
    pub key: Option<String>,
    commits: Commits,
}

/// Looks at what is checked out in the clone around `root`; `None` where all is as it was, or where it
/// cannot be told, which then is in the report.
pub fn look(root: &Path, settings: &Settings, memory: &Memory, report: &mut Report) -> Option<News> {
    if settings.dates == Dates::Written {
        let commits = Commits { all: true, ..Commits::default() };
        return memory.commits.is_some().then_some(News { key: None, commits });
    }
    let mut ask = || {
        let head = Head::of(root)?;
        if head.is_shallow() {
            report.diagnostics.push(shallow());
        }
        let key = head.key();
        if memory.commits.as_ref() == Some(&key) {
            return Ok(None);
        }
        let commits = head.commits(root, memory.commits.as_deref())?;
        Ok(Some(News { key: Some(key), commits }))
    };
    ask().unwrap_or_else(|problem: String| {
        report.diagnostics.push(Diagnostic::of_file(config::FILE, format!("`dates = \"git\"` {problem}")));
        None
    })
}

fn shallow() -> Diagnostic {
    let message = "this clone is shallow: files that were last changed before it begins have no date";
    let mut warning =
        Diagnostic::of_file(config::FILE, message).help("`git fetch --unshallow`, or `fetch-depth: 0` in a workflow");
    warning.severity = Severity::Warning;
    warning
}

impl News {
    /// The files whose date is another day than the state knows.
    pub fn changed(&self, snapshot: &Snapshot) -> Result<BTreeSet<String>> {
        let mut changed = BTreeSet::new();
        for (path, time) in &self.commits.times {
            let known: Option<i64> = snapshot.value(Table::Dates, path.as_bytes())?;
            if known.map(day) != Some(day(self.now(known, *time))) {
                changed.insert(path.to_string());
            }
        }
        if self.commits.all {
            snapshot.scan(Table::Dates, b"", |path, _| {
                let path = std::str::from_utf8(path)?;
                if !self.commits.times.contains_key(path) {
                    changed.insert(path.to_owned());
                }
                Ok(ControlFlow::Continue(()))
            })?;
        }
        Ok(changed)
    }

    /// The time that a file has now, if it had one that is `known`.
    fn now(&self, known: Option<i64>, time: i64) -> i64 {
        known.filter(|_| !self.commits.all).map_or(time, |known| known.max(time))
    }

    /// Makes the state know them.
    pub fn store(&self, tables: &mut Tables<'_>) -> Result<()> {
        if self.commits.all {
            let mut gone = Vec::new();
            tables.scan(Table::Dates, b"", |path, _| {
                let stays = std::str::from_utf8(path).is_ok_and(|path| self.commits.times.contains_key(path));
                gone.extend((!stays).then(|| path.to_vec()));
                Ok(ControlFlow::Continue(()))
            })?;
            gone.iter().try_for_each(|path| tables.remove(Table::Dates, path).map(|_| ()))?;
        }
        for (path, time) in &self.commits.times {
            let known: Option<i64> = tables.value(Table::Dates, path.as_bytes())?;
            let now = self.now(known, *time);
            if known != Some(now) {
                tables.put_value(Table::Dates, path.as_bytes(), &now)?;
            }
        }
        Ok(())
    }
}

/// The day of a file's last commit, by its path below `content/`, if the state knows one.
pub fn of_file(tables: &Tables<'_>, path: &str) -> Result<Option<PartialDate>> {
    Ok(tables.value::<i64>(Table::Dates, path.as_bytes())?.and_then(day))
}

/// The day of a moment, in UTC.
fn day(time: i64) -> Option<PartialDate> {
    let moment = jiff::Timestamp::from_second(time).ok()?;
    PartialDate::parse(&moment.strftime("%Y-%m-%d").to_string()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_that_of_greenwich_and_odd_times_have_none() {
        assert_eq!(day(1_767_225_599).and_then(|day| day.iso()).as_deref(), Some("2025-12-31"));
        assert_eq!(day(1_767_225_600).and_then(|day| day.iso()).as_deref(), Some("2026-01-01"));
        assert_eq!(day(i64::MAX), None);
        assert_eq!(day(-60_000_000_000), None, "years run from 1000");
    }
}
