//! Outputs that are elsewhere: files whose bytes a target holds already, and which therefore need
//! not stand in `output/`. Knows nothing of targets.
//!
//! Law. Only a file that is missing is spared, and only where what is elsewhere has just the bytes
//! that the state knows it by. A page that is due is built all the same, and written if its bytes
//! are others. A compressed variant and its plain file follow each other: a target may hold only
//! one of the two.

use anyhow::Result;
use rustc_hash::FxHashMap;

use crate::digest::Digest;
use crate::engine::outputs::files;
use crate::engine::scan::OutputScan;
use crate::headers::Encoding;
use crate::output::Output;
use crate::state::Snapshot;

/// The digests of files that are elsewhere, by path below `output/`.
#[derive(Clone, Debug, Default)]
pub struct Elsewhere {
    /// Path, digest.
    pub files: FxHashMap<Box<str>, Digest>,
}

impl Elsewhere {
    /// Takes out of `scan` what need not be made.
    pub(in crate::engine) fn spare(&self, snapshot: &Snapshot, output: &Output, scan: &mut OutputScan) -> Result<()> {
        if self.files.is_empty() {
            return Ok(());
        }
        let holds = |path: &str| -> Result<bool> {
            let Some(there) = self.files.get(path) else { return Ok(false) };
            Ok(files::written(snapshot, path)?.is_some_and(|known| known.digest == *there))
        };
        let mut altered = Vec::new();
        for path in scan.altered.drain(..) {
            let name = path.as_str();
            let plain = Encoding::plain_of(name).unwrap_or(name);
            let is_elsewhere = holds(name)? || holds(plain)? || holds(&format!("{plain}.gz"))?;
            if !is_elsewhere || output.stamp(&path).is_some() {
                altered.push(path);
            }
        }
        scan.altered = altered;
        let mut unpacked = std::collections::BTreeSet::new();
        for path in std::mem::take(&mut scan.unpacked) {
            if !holds(path.as_str())? || output.stamp(&path).is_some() {
                unpacked.insert(path);
            }
        }
        scan.unpacked = unpacked;
        Ok(())
    }
}
