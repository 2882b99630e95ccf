//! Outputs that are copies of a file of the site, made a piece at a time: never held as a whole. Knows
//! nothing of what is in them.

use std::io::{self, Read};
use std::path::Path;

use anyhow::{Context, Result};

use super::{Output, Placed, Written};
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::paths::RelPath;
use crate::stamp::Stamp;

/// Bytes that are copied at a time.
const PIECE: usize = 1 << 20;

impl Output {
    /// As [`Output::place`], for a file that holds what the one at `source` does, whose `size` and
    /// `digest` were found before. Fails where that has become another since.
    pub fn place_copy(
        &self,
        path: &RelPath,
        source: &Path,
        (digest, size): (Digest, u64),
        known: Option<&Written>,
    ) -> Result<Placed> {
        if let Some(known) = known.filter(|known| known.digest == digest) {
            return Ok(Placed { written: *known, changed: false });
        }
        self.make_folder(path.parent().unwrap_or_default())?;
        if let Some(stamp) = self.stamp(path).filter(|stamp| stamp.size == size)
            && self.holds(path, &Written { digest, stamp })
        {
            return Ok(Placed { written: Written { digest, stamp }, changed: false });
        }
        let target = self.path(path);
        let temporary = self.temporary(target.parent().unwrap_or(&self.root));
        let outcome = self.copy(source, size, &temporary).and_then(|copied| {
            let same = copied == digest;
            same.then(|| self.disk.rename(&temporary, &target)).transpose()?;
            Ok(same)
        });
        if !matches!(outcome, Ok(true)) {
            // It has failed already; what is left of it is only litter.
            let _ = self.disk.remove_file(&temporary);
        }
        let same = outcome.with_context(|| format!("cannot copy {} to {}", source.display(), target.display()))?;
        anyhow::ensure!(same, "{} was changed while it was copied; build again", source.display());
        let stamp =
            std::fs::symlink_metadata(&target).with_context(|| format!("cannot look at {}", target.display()))?;
        Ok(Placed { written: Written { digest, stamp: Stamp::of(&stamp) }, changed: true })
    }

    /// Copies a file of `size` bytes; returns the digest of what was copied.
    fn copy(&self, source: &Path, size: u64, target: &Path) -> io::Result<Digest> {
        let (mut from, metadata) = door::open(source)?;
        door::check_size(metadata.len(), Most(size))?;
        let mut to = self.disk.create_new(target)?;
        let mut hasher = blake3::Hasher::new();
        let mut piece = Vec::with_capacity(PIECE);
        let mut left = size;
        while left > 0 {
            piece.clear();
            let read = (&mut from).take(left.min(PIECE as u64)).read_to_end(&mut piece)?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            hasher.update(&piece);
            self.disk.fill(&mut to, &piece)?;
            left -= read as u64;
        }
        Ok(Digest::from_hash(&hasher.finalize()))
    }
}
