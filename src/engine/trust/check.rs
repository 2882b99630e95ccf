//! Check: what is wrong with a site's content and templates, and what a host would dislike of its
//! output, without building it or touching what was built.

use std::collections::BTreeMap;

use anyhow::Result;

use crate::config::Settings;
use crate::diagnostics::{Diagnostic, Severity};
use crate::engine::build;
use crate::engine::options::Extent;
use crate::engine::options::Options;
use crate::engine::progress::Progress;
use crate::engine::trust::scratch;
use crate::report::Report;

/// Entries of one folder beyond which hosts refuse a site: Netlify takes 54,000.
pub const MOST_IN_A_FOLDER: u64 = 54_000;

/// Reads everything and plans a first build, all in memory. What is wrong is in the report, and its
/// pages are counted as a build counts them.
pub fn check(options: &Options, settings: Settings, progress: &dyn Progress) -> Result<Report> {
    // A folder that is not there: no earlier state spares any reading.
    let options = Options { home: Some(scratch::nowhere(&options.root)?), extent: Extent::Plan, ..options.clone() };
    let mut report = build(&options, settings, progress)?;
    report.fresh = None;
    if let Some(plan) = report.plan.take() {
        // Which pictures pages show is only known once they are rendered.
        plan.due.iter().for_each(|page| report.outcomes(&page.file).total += 1);
        let files = plan.due.iter().map(|page| page.file.as_str());
        let crowded: Vec<_> =
            entries_by_folder(files).into_iter().filter(|(_, count)| *count > MOST_IN_A_FOLDER).collect();
        for (folder, count) in crowded {
            let message =
                format!("would hold {count} entries; some hosts take at most {MOST_IN_A_FOLDER} in one folder");
            let mut warning = Diagnostic::of_file(&format!("output/{folder}"), message);
            warning.severity = Severity::Warning;
            report.diagnostics.push(warning);
        }
    }
    Ok(report)
}

/// How many files and folders lie in each folder. `files` are sorted, so that a new name at any
/// depth is one that differs from the file before.
fn entries_by_folder<'f>(files: impl Iterator<Item = &'f str>) -> BTreeMap<&'f str, u64> {
    let mut counts = BTreeMap::new();
    let mut before: Option<&str> = None;
    for file in files {
        let common = before.map_or(0, |before| before.bytes().zip(file.bytes()).take_while(|(a, b)| a == b).count());
        let mut start = 0;
        for part in file.split('/') {
            let end = start + part.len();
            // The same name up to here only if the file before went on with a `/` too.
            let same = before.is_some_and(|before| common > end && before.as_bytes().get(end) == Some(&b'/'));
            if !same {
                *counts.entry(file[..start].trim_end_matches('/')).or_default() += 1;
            }
            start = end + 1;
        }
        before = Some(file);
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_s_entries_are_counted_once() {
        let files = ["a/b/c", "a/b/d", "a/be/f", "a/g", "h", "ha/i"];
        let counts: Vec<_> = entries_by_folder(files.into_iter()).into_iter().collect();
        assert_eq!(counts, [("", 3), ("a", 3), ("a/b", 2), ("a/be", 1), ("ha", 1)]);
    }
}
