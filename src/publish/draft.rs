//! A release as it would be made: written down, what caches would be asked to forget, and what stands
//! against it. The same for every kind of target. Sends nothing.

use std::path::Path;

use super::Options;
use super::deploy::release_id;
use super::failure::Failure;
use super::guard;
use super::manifest::{Manifest, Release};
use super::plan::Plan;
use super::purge::{Powers, planned, powers};
use super::register::Register;
use super::told::PlanFile;
use crate::config::publish::Target;
use crate::door::{self, Most};

/// A release that may be made.
pub struct Draft {
    /// The release.
    pub release: Release,
    /// The plan, for people and programs: its changes are those of the release and not listed yet,
    /// what caches are asked to forget is.
    pub told: PlanFile,
    /// Why it must not be made, if anything.
    pub refused: Vec<String>,
}

/// What a draft follows from, besides what is to be there.
pub struct Circumstances<'c> {
    /// What is asked for.
    pub options: &'c Options,
    /// The target's settings.
    pub target: &'c Target,
    /// The target's register.
    pub register: &'c Register,
    /// What is there.
    pub base: &'c Manifest,
    /// The moment of the release, seconds since 1970.
    pub now: i64,
    /// The folder that holds the bytes.
    pub bytes: &'c Path,
    /// Bytes that the target puts before every key.
    pub prefix_bytes: usize,
    /// Whether it is a return to an earlier release, which was looked at when it was made.
    pub is_return: bool,
}

impl Circumstances<'_> {
    /// The release that makes the target hold `manifest` by what is to be done by `plan`; the changes
    /// are moved from there. Fails where it is not the one that `options.apply` asks for.
    pub fn draft(&self, mut manifest: Manifest, plan: &mut Plan) -> Result<Draft, Failure> {
        let mut consent = self.options.consent.clone();
        consent.gone.extend(self.target.allow_gone.iter().cloned());
        if self.is_return {
            consent.gone = vec!["*".to_owned()];
        }
        let broken = guard::broken_urls(self.base, &mut manifest, &consent);
        let release = Release {
            id: release_id(self.now),
            generation: self.register.generation + 1,
            at: self.now,
            changes: std::mem::take(&mut plan.changes),
            unpurged: plan.unpurged.iter().cloned().collect(),
            manifest,
        };
        let exact = Powers { urls: usize::MAX, tags: 0, folders: 0 };
        let cache = self.target.purge.as_ref().filter(|_| self.options.purge_list.is_none());
        let purging = planned(&release.touched(), self.base, &release.manifest, cache.map_or(exact, powers));
        let told = PlanFile::new(self.register, &self.target.to, &release, purging);
        if let Some(reason) = self.options.apply.as_ref().and_then(|wish| wish.differs(&told)) {
            return Err(Failure::refused(reason));
        }
        let mut refused = Vec::new();
        if !self.is_return {
            let text = |file: &str| door::read_text(&self.bytes.join(file), Most::megabytes(64)).ok();
            refused.extend(guard::host_problems(&release.manifest, self.target.host, self.prefix_bytes, text));
            refused.extend(guard::deletes(self.base, &release.manifest, &consent));
            refused.extend(broken);
        }
        Ok(Draft { release, told, refused })
    }
}
