//! What a build did, in numbers: for people, for programs, for Prometheus. Counts only; knows
//! nothing of how the work is done.

mod failures;

pub use failures::{FailedPage, Failures};

use std::collections::BTreeMap;
use std::time::Instant;

use serde::Serialize;

use crate::diagnostics::{Diagnostic, Problems, Severity};
use crate::headers::is_page;
use crate::paths::RelPath;

/// Everything a build tells. Keys are only ever added.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// Pages (HTML documents) by outcome.
    pub pages: Outcomes,
    /// Other files by outcome: assets, pictures, feeds, sitemaps and what else machines read.
    pub others: Outcomes,
    /// Files below `output/`, compressed variants included.
    pub files: FileCounts,
    /// Files below `output/` that were nobody's and were removed, where that was asked.
    pub strangers: u64,
    /// Pictures: what was done to them.
    pub pictures: PictureCounts,
    /// Bytes written below `output/`.
    pub bytes_written: u64,
    /// Style sheets and scripts compiled or minified in this build.
    pub assets_made: u64,
    /// Compressed variants.
    pub compression: CompressionCounts,
    /// One digest of all files below `output/` that are ours.
    pub output_digest: String,
    /// Wall-clock seconds of the whole build.
    pub seconds: f64,
    /// Wall-clock seconds of each phase; phases that overlap count each its own.
    pub phases: BTreeMap<&'static str, f64>,
    /// Peak resident memory of the process, in bytes; 0 where the system does not tell.
    pub peak_memory_bytes: u64,
    /// What is wrong, and worth knowing.
    pub diagnostics: Vec<Diagnostic>,
    /// Problems of which no diagnostic is held.
    #[serde(skip)]
    pub untold: Untold,
    /// Content files by outcome.
    pub content: ContentCounts,
    /// Rows of a database by outcome.
    pub rows: RowCounts,
    /// Why nothing of an earlier build was used, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fresh: Option<String>,
    /// When the output next changes by itself, seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_change: Option<i64>,
    /// The number of the signal that stopped the build, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stopped: Option<u8>,
    /// What a build would do, where only that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<Planned>,
    /// What came of comparing the output with a clean build's, where that was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verified: Option<Verified>,
    /// Files that were rendered or otherwise made, sorted.
    pub rendered: Vec<String>,
    /// Pages that could not be made, until they are among the diagnostics.
    #[serde(skip)]
    pub failures: Failures,
}

/// Problems that are only counted, and how many of each severity are held.
#[derive(Debug, Default)]
pub struct Untold {
    errors: u64,
    warnings: u64,
    held: [usize; 2],
}

/// Pages, or other files, by outcome. `total` = `rendered` + `unchanged` + `failed` + `left`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// Those that the site has.
    pub total: u64,
    /// Rendered or otherwise made in this build.
    pub rendered: u64,
    /// Of those, written, since their bytes changed.
    pub written: u64,
    /// Not made, since nothing about them may have changed.
    pub unchanged: u64,
    /// No longer part of the site, and removed.
    pub removed: u64,
    /// Not rendered because of a mistake; they keep what they were.
    pub failed: u64,
    /// Not come to, since the build was stopped; they stay due.
    pub left: u64,
}

/// What a build would do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Planned {
    /// Pages that would be looked at, by kind.
    pub by_kind: BTreeMap<&'static str, u64>,
    /// Those pages. One whose view turns out as it was is not rendered.
    pub due: Vec<PlannedPage>,
    /// Files of pages that are no more.
    pub removed: Vec<String>,
}

/// What came of comparing the output with a clean build's.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verified {
    /// Files compared.
    pub files: u64,
    /// What decided which, where not all were compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Files that differ.
    pub differences: u64,
    /// The first of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Difference>,
    /// Files below `output/` that no page claims, which a clean build would not have there.
    pub strangers: Vec<String>,
}

/// A file that is not as a clean build makes it.
#[derive(Clone, Debug, Serialize)]
pub struct Difference {
    /// The folder of the site that it is in: `output`, or `content` where something wrong is known of a
    /// picture.
    pub folder: &'static str,
    /// The file below it.
    pub file: String,
    /// The first byte that differs.
    pub byte: u64,
    /// What stands around it here; `None` where there is no such file.
    pub here: Option<String>,
    /// What a clean build has there; `None` where it makes no such file.
    pub clean: Option<String>,
    /// What the page is known to have read.
    pub reads: Vec<String>,
    /// Why it was last rendered.
    pub reason: Option<String>,
}

/// A page that would be looked at.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedPage {
    /// Its URL path.
    pub page: String,
    /// Its file below `output/`.
    pub file: String,
    /// Its kind.
    pub kind: &'static str,
    /// Why.
    pub reason: String,
    /// Whether it would be rendered even if its view is as it was.
    pub certain: bool,
}

/// Files below `output/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FileCounts {
    /// Created or replaced.
    pub written: u64,
    /// Removed.
    pub removed: u64,
}

/// What was done to pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PictureCounts {
    /// Looked at for the first time, which decodes them once.
    pub surveyed: u64,
    /// Decoded (again) to make variants of them.
    pub decoded: u64,
    /// Variants encoded.
    pub encoded: u64,
    /// Variants whose bytes were kept from an earlier build.
    pub kept: u64,
    /// Pictures that cannot be read, and variants that could not be made.
    pub failed: u64,
}

/// Compressed variants of files below `output/`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CompressionCounts {
    /// Variants that lie beside files.
    pub files: u64,
    /// Compressed in this build.
    pub made: u64,
    /// Needed in this build and found in the store.
    pub from_cache: u64,
}

/// Content files by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ContentCounts {
    /// Files looked at.
    pub total: u64,
    /// Read, since their stamp was new or too young.
    pub read: u64,
    /// Parsed, since their bytes were new.
    pub parsed: u64,
    /// Gone since the last build.
    pub removed: u64,
}

/// Rows of a database by outcome.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RowCounts {
    /// Rows read.
    pub read: u64,
    /// Units (records, and what belongs to one) that said something new.
    pub changed: u64,
    /// Units that are no more.
    pub removed: u64,
    /// Statements sent, transaction control included.
    pub statements: u64,
    /// Why everything was read rather than what changed, if so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub full: Option<String>,
    /// Which server told: `primary`, or a replica by its place in the settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<String>,
    /// What is worth knowing of the database.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// Parts whose rows are compared in every build, and why.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub compared: BTreeMap<&'static str, String>,
}

impl RowCounts {
    /// A line for every part that is compared in every build, saying why.
    pub fn compared(&self) -> impl Iterator<Item = String> {
        self.compared.iter().map(|(part, why)| format!("Compared in every build: {part}, since {why}."))
    }

    /// One line and the notes: `Rows from primary: 3 read, 1 changed, 0 removed.`; nothing without a
    /// database.
    pub fn summary(&self) -> Option<String> {
        let server = self.server.as_ref()?;
        let (read, changed, removed) = (self.read, self.changed, self.removed);
        let mut text = format!("Rows from {server}: {read} read, {changed} changed, {removed} removed.");
        if let Some(why) = &self.full {
            text.push_str(&format!("\nEverything was compared: {why}."));
        }
        for note in &self.notes {
            text.push_str(&format!("\n{note}"));
        }
        Some(text)
    }
}

impl Report {
    /// Counts a file that was written below `output/`, of so many bytes.
    pub fn file_written(&mut self, bytes: u64) {
        self.files.written += 1;
        self.bytes_written += bytes;
    }

    /// The counts that a file belongs to, by its path below `output/`.
    pub fn outcomes(&mut self, file: impl AsRef<[u8]>) -> &mut Outcomes {
        if is_page(file) { &mut self.pages } else { &mut self.others }
    }

    /// Counts what there is, once it is known what became of all that was due: `files` below
    /// `output/`, of which so many are `pages`, and those that were `never_made`.
    pub fn count(&mut self, pages: i64, files: u64, never_made: &[RelPath]) {
        self.pages.total = pages.max(0).unsigned_abs();
        self.others.total = files.saturating_sub(self.pages.total);
        never_made.iter().for_each(|file| self.outcomes(file).total += 1);
        for counts in [&mut self.pages, &mut self.others] {
            counts.unchanged = counts.total.saturating_sub(counts.rendered + counts.failed + counts.left);
        }
    }

    /// Whether any diagnostic is an error.
    pub fn has_errors(&self) -> bool {
        self.untold.errors > 0 || self.diagnostics.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    /// How many mistakes there are, those that are only counted too.
    pub fn errors(&self) -> u64 {
        let told = self.diagnostics.iter().filter(|one| one.severity == Severity::Error).map(|one| one.number);
        told.sum::<u64>() + self.untold.errors
    }

    /// Adds problems, as long as there are few of their kind; more are only counted, however many there are.
    pub fn tell(&mut self, problems: impl IntoIterator<Item = Diagnostic>) {
        for problem in problems {
            let (held, untold) = match problem.severity {
                Severity::Error => (&mut self.untold.held[0], &mut self.untold.errors),
                Severity::Warning => (&mut self.untold.held[1], &mut self.untold.warnings),
            };
            if *held < Problems::MOST_IN_ALL {
                *held += 1;
                self.diagnostics.push(problem);
            } else {
                *untold += problem.number;
            }
        }
    }

    /// Leaves as many diagnostics as anybody reads, errors before warnings, and a count of the others.
    pub fn bound_diagnostics(&mut self) {
        let mut untold = std::mem::take(&mut self.untold);
        if self.diagnostics.len() > Problems::MOST_IN_ALL {
            self.diagnostics.sort_by_key(|one| one.severity);
            for one in self.diagnostics.drain(Problems::MOST_IN_ALL..) {
                match one.severity {
                    Severity::Error => untold.errors += one.number,
                    Severity::Warning => untold.warnings += one.number,
                }
            }
            self.settle_diagnostics();
        }
        for (severity, number) in [(Severity::Error, untold.errors), (Severity::Warning, untold.warnings)] {
            if number > 0 {
                self.diagnostics.push(Diagnostic::of_more("the site", severity, number, "in all"));
            }
        }
    }

    /// Sorts diagnostics by place and drops repeated ones. Failed pages become some of them.
    pub fn settle_diagnostics(&mut self) {
        self.diagnostics.extend(self.failures.take());
        let key = |one: &Diagnostic| (one.file.clone(), one.number > 1, one.line, one.column, one.message.clone());
        self.diagnostics.sort_by_cached_key(key);
        self.diagnostics.dedup();
    }

    /// Runs `work` and adds its time to `phase`.
    pub fn timed<R>(&mut self, phase: &'static str, work: impl FnOnce(&mut Self) -> R) -> R {
        let start = Instant::now();
        let result = work(self);
        *self.phases.entry(phase).or_default() += start.elapsed().as_secs_f64();
        result
    }

    /// One line: `1,842 pages: 3 rendered, 1,839 unchanged; 22 other files: 1 made · 0.21 s`.
    pub fn summary(&self) -> String {
        let (pages, others) = (&self.pages, &self.others);
        let mut line = format!(
            "{}: {} rendered, {} unchanged{}; {}: {} made{}",
            counted(pages.total, "page"),
            grouped(pages.rendered),
            grouped(pages.unchanged),
            pages.rest(),
            counted(others.total, "other file"),
            grouped(others.rendered),
            others.rest(),
        );
        if self.strangers > 0 {
            line.push_str(&format!("; {} removed", counted(self.strangers, "stranger")));
        }
        line.push_str(&format!(" · {:.2} s", self.seconds));
        line
    }
}

impl Verified {
    /// Whether all is as a clean build makes it, and nothing more is there.
    pub fn is_good(&self) -> bool {
        self.differences == 0 && self.strangers.is_empty()
    }
}

impl Outcomes {
    /// What else there is to say, if anything: `, 1 removed, 2 failed`.
    fn rest(&self) -> String {
        let counts = [(self.removed, "removed"), (self.failed, "failed"), (self.left, "not come to")];
        let counts = counts.into_iter().filter(|(count, _)| *count > 0);
        counts.map(|(count, word)| format!(", {} {word}", grouped(count))).collect()
    }
}

/// A number and what it counts: `1,842 pages`, `1 page`.
pub fn counted(count: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Pages and other files, told apart: `3 pages and 1 other file`.
pub fn told_apart<'f>(files: impl Iterator<Item = &'f str>) -> String {
    let (mut pages, mut others) = (0, 0);
    files.for_each(|file| if is_page(file) { pages += 1 } else { others += 1 });
    match (counted(pages, "page"), others) {
        (pages, 0) => pages,
        (pages, others) => format!("{pages} and {}", counted(others, "other file")),
    }
}

/// A number in groups of three digits.
fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Peak resident memory of this process in bytes; 0 where the system does not tell.
pub fn peak_memory_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches("kB").trim().parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}
