//! Telling how far a build is. Knows nothing of what it does.

use crate::output::Written;
use crate::paths::RelPath;

/// Told how far a build is, by several threads at once; for progress bars, and for those who wait
/// for a page.
pub trait Progress: Sync {
    /// A phase with `total` steps begins.
    fn begin(&self, phase: &'static str, total: u64);
    /// Some steps of it are done.
    fn advance(&self, steps: u64);
    /// A file below `output/` that somebody waits for: if it is due it comes next.
    fn wanted(&self) -> Option<RelPath> {
        None
    }
    /// A file is now as this build leaves it: what it holds if it was made anew, `None` if it is as
    /// it was.
    fn made(&self, _: &RelPath, _: Option<&Written>) {}
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &'static str, _: u64) {}
    fn advance(&self, _: u64) {}
}
