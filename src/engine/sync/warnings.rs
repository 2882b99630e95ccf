//! What is worth knowing of content, by the file or row that it is about: kept when that is read, and told
//! by every build until it is read again and says otherwise. Errors are not kept: they stop the build.
//!
//! Law: what is told depends on the content alone, not on what was read by which build.

use std::ops::ControlFlow;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use crate::diagnostics::{Diagnostic, Severity};
use crate::engine::scan::{KnownFile, join, split};
use crate::engine::sync::Sync;
use crate::leftovers;
use crate::model::slug::slugify;
use crate::report::Report;
use crate::source::{self, Parsed};
use crate::state::{Store, Table};

/// So many are kept of one file, or of what belongs together in a database; the rest is counted.
const OF_ONE: usize = 100;

/// So many are told in all; the rest is counted.
const IN_ALL: usize = 1000;

/// A warning as it is kept; its file follows from the key.
#[derive(Serialize, Deserialize)]
struct Kept {
    line: u32,
    column: u32,
    indent: u32,
    width: u32,
    message: String,
    excerpt: Option<String>,
    help: Option<String>,
}

/// All that is kept of one origin.
#[derive(Serialize, Deserialize)]
struct Of {
    kept: Vec<Kept>,
    /// How many more there were.
    more: u64,
    /// The name of the file in the same folder that it seems to be a copy of.
    copy_of: Option<String>,
}

impl Kept {
    fn of(one: &Diagnostic) -> Self {
        let Diagnostic { line, column, message, excerpt, indent, width, help, .. } = one.clone();
        Self { line, column, indent, width, message, excerpt, help }
    }

    fn told(self, file: &str) -> Diagnostic {
        let Self { line, column, indent, width, message, excerpt, help } = self;
        Diagnostic { line, column, indent, width, excerpt, help, ..Diagnostic::of_file(file, message).warning() }
    }
}

impl Sync<'_, '_, '_> {
    /// Takes note of what was found in an origin that was read: errors for this build, warnings until it
    /// is read again.
    pub(in crate::engine) fn take_problems(&mut self, origin: &str, parsed: &mut Parsed) -> Result<()> {
        let problems = std::mem::take(&mut parsed.problems).into_iter();
        let (errors, warnings): (Vec<_>, Vec<_>) = problems.partition(|one| one.severity == Severity::Error);
        self.report.tell(errors);
        let copy_of = if parsed.records.is_empty() { None } else { leftovers::original_of(split(origin).1) };
        if warnings.is_empty() && copy_of.is_none() {
            return if self.index.first { Ok(()) } else { self.forget_warnings(origin) };
        }
        let kept: Vec<Kept> = warnings.iter().take(OF_ONE).map(Kept::of).collect();
        let more = (warnings.len() - kept.len()) as u64;
        self.index.tables.put_value(Table::Warnings, origin.as_bytes(), &Of { kept, more, copy_of })
    }

    /// An origin is gone.
    pub(in crate::engine) fn forget_warnings(&mut self, origin: &str) -> Result<()> {
        self.index.tables.remove(Table::Warnings, origin.as_bytes()).map(drop)
    }
}

/// Tells everything that is kept.
pub fn report(store: &impl Store, report: &mut Report) -> Result<()> {
    let mut all: Vec<(String, Of)> = Vec::new();
    let (mut count, mut more) = (0, 0_u64);
    store.scan(Table::Warnings, b"", |origin, value| {
        let of: Of = postcard::from_bytes(value)?;
        count += of.kept.len().max(1);
        if count > IN_ALL {
            more += of.kept.len() as u64 + of.more + u64::from(of.copy_of.is_some());
        } else {
            all.push((std::str::from_utf8(origin)?.to_owned(), of));
        }
        Ok(ControlFlow::Continue(()))
    })?;
    for (origin, Of { kept, more, copy_of }) in all {
        let file = source::origin_name(&origin);
        report.tell(kept.into_iter().map(|one| one.told(&file)));
        if more > 0 {
            let message = format!("and {more} more warnings of this file");
            report.diagnostics.push(Diagnostic::of_file(&file, message).warning());
        }
        if let Some(original) = copy_of {
            report.tell(copy(store, &origin, &original)?);
        }
    }
    if more > 0 {
        let message = format!("and {more} more warnings of other files");
        report.diagnostics.push(Diagnostic::of_file(source::FOLDER, message).warning());
    }
    Ok(())
}

/// What is to be said of a copy whose original is there too.
fn copy(store: &impl Store, origin: &str, original: &str) -> Result<Option<Diagnostic>> {
    let (folder, name) = split(origin);
    let files: Vec<KnownFile> = store.value(Table::Sources, folder.as_bytes())?.unwrap_or_default();
    let slug = |name: &str| slugify(name.rsplit_once('.').map_or(name, |(stem, _)| stem));
    let twin = files.iter().find(|file| file.name != name && slug(&file.name) == slug(original));
    Ok(twin.map(|twin| {
        let twin = source::origin_name(&join(folder, &twin.name));
        let message = format!("seems to be a copy of {twin}, and becomes a page beside its page");
        let help = "keep one of the two; a name that begins with `_` leaves a file out";
        Diagnostic::of_file(&source::origin_name(origin), message).help(help).warning()
    }))
}
