//! Looking at content and outputs, both at once: what a run has to read or make again. Knows nothing of
//! what comes of it.

use std::collections::BTreeSet;

use anyhow::Result;

use crate::diagnostics::{Diagnostic, Severity};
use crate::engine::scan::photo_folder;
use crate::engine::scan::scope::Look;
use crate::engine::scan::{self, ContentScan, OutputScan};
use crate::output::Output;
use crate::report::Report;
use crate::source;
use crate::stamp::Clockwork;
use crate::state::Snapshot;

/// Which unchanged content files are read as well.
pub struct Again {
    /// All of them.
    pub all: bool,
    /// These.
    pub files: BTreeSet<String>,
    /// Whether files hold records, and not only pictures.
    pub from_files: bool,
    /// The folder of the pictures that rows name, where that is one of its own.
    pub photos: Option<String>,
}

impl Again {
    /// Whether a file is.
    pub fn has(&self, path: &str) -> bool {
        self.all || self.files.contains(path)
    }
}

/// What a look at content and outputs has found.
pub struct Seen {
    /// Content.
    pub content: ContentScan,
    /// Outputs.
    pub outputs: OutputScan,
    /// What was looked at in the end.
    pub look: Look,
    /// What is worth knowing of names, where all were looked at.
    pub walked: Option<Vec<Diagnostic>>,
}

/// Looks at content and outputs; at everything where less would not be enough.
#[expect(clippy::too_many_arguments, reason = "each is one thing that is looked at, or that it is compared with")]
pub fn see(
    pool: &rayon::ThreadPool,
    root: &std::path::Path,
    snapshot: &Snapshot,
    output: &Output,
    settled: Clockwork,
    look: Look,
    again: &Again,
    report: &mut Report,
) -> Result<Seen> {
    if let Look::Only(touched) = look {
        let paths = touched.content.union(&again.files);
        let paths =
            paths.filter(|path| (again.from_files && source::row_unit(path).is_none()) || source::is_picture(path));
        if let Some(content) = scan::content_at(snapshot, root, paths, |path| again.has(path))? {
            return Ok(Seen { content, outputs: OutputScan::default(), look: Look::Only(touched), walked: None });
        }
    }
    // Both walks at once, one thread each way.
    let (mut listings, outputs) = pool.join(|| source::walk(root), || scan::outputs(snapshot, output, settled));
    if !again.from_files {
        source::keep_pictures(&mut listings);
    }
    let problems = listings.iter().flat_map(|listing| listing.problems.iter().cloned());
    let (errors, walked): (Vec<_>, Vec<_>) = problems.partition(|one| one.severity == Severity::Error);
    report.tell(errors);
    report.tell(source::folders_with_one_slug(&listings));
    if let Some(folder) = &again.photos {
        listings.extend(photo_folder::listings(snapshot, root, folder)?);
        listings.sort_unstable_by(|a, b| a.folder.cmp(&b.folder));
    }
    report.tell(source::files_with_one_name(&listings));
    let content = scan::content(snapshot, listings, |path| again.has(path))?;
    Ok(Seen { content, outputs: outputs?, look: Look::Everything, walked: Some(walked) })
}
