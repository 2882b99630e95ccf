//! What publishing tells: plans, outcomes, lists to purge, as values for people and programs. Does
//! nothing.

use std::path::Path;

use anyhow::Context;
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::manifest::{Action, Change, Class, Release};
use super::plan::Counts;
use super::purge::Purging;
use super::register::Register;

/// A plan as a file: what `--dry-run --json` prints and `--apply` reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// Version of this format.
    pub format: u32,
    /// The target's address.
    pub target: String,
    /// Names the state of the target that the plan is made for.
    pub remote: String,
    /// The release that is live there.
    pub live: Option<String>,
    /// The digest of everything that is to be there.
    pub manifest: String,
    /// Objects that are to be there.
    pub objects: u64,
    /// Bytes to be sent.
    pub bytes: u64,
    /// The changes, in numbers.
    pub counts: Counts,
    /// The changes, in the order of sending.
    pub changes: Vec<PlannedChange>,
    /// URLs that caches are asked to forget, in numbers and words.
    #[serde(skip_deserializing)]
    pub purge: Purging,
}

/// One change of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedChange {
    /// The object's key.
    pub key: String,
    /// What is done.
    pub action: Action,
    /// When.
    pub class: Class,
    /// Bytes to be sent.
    pub bytes: u64,
}

const FORMAT: u32 = 1;

impl PlanFile {
    /// The plan of `release` for a target whose register says `register`, with no change listed.
    pub fn new(register: &Register, target: &str, release: &Release, purge: Purging) -> Self {
        Self {
            format: FORMAT,
            target: target.to_owned(),
            remote: register.writer.clone(),
            live: register.releases.first().map(|line| line.id.clone()),
            manifest: release.manifest.digest().to_string(),
            objects: release.manifest.entries.len() as u64,
            bytes: release.changes.iter().map(|change| bytes_of(release, change)).sum(),
            counts: Counts::of(&release.changes),
            changes: Vec::new(),
            purge,
        }
    }

    /// Lists the changes of `release`, in the order of sending.
    pub fn list(&mut self, release: &Release) {
        let planned = |change: &Change| PlannedChange {
            key: change.key.to_string(),
            action: change.action,
            class: change.class,
            bytes: bytes_of(release, change),
        };
        self.changes = release.changes.iter().map(planned).collect();
    }

    /// Why this plan cannot be applied where `found` would be the plan now.
    pub fn differs(&self, found: &Self) -> Option<String> {
        if self.format != found.format {
            return Some("the plan was made by another version of lifthill".to_owned());
        }
        if self.target != found.target {
            return Some(format!("the plan is for {}, not for {}", self.target, found.target));
        }
        if self.remote != found.remote {
            let live = found.live.as_deref().unwrap_or("nothing");
            return Some(format!("the target has moved since the plan was made: {live} is live now"));
        }
        (self.manifest != found.manifest).then(|| "the site has changed since the plan was made".to_owned())
    }
}

/// Bytes to be sent for a change.
fn bytes_of(release: &Release, change: &Change) -> u64 {
    match change.action {
        Action::Remove | Action::Expire => 0,
        _ => release.manifest.entries.get(&change.key).map_or(0, |entry| entry.size),
    }
}

/// What publishing came to.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Whether a release went live.
    pub published: bool,
    /// The release that is live.
    pub live: Option<String>,
    /// Objects sent.
    pub objects: u64,
    /// Bytes sent.
    pub bytes: u64,
    /// Requests to the store.
    pub requests: u64,
    /// What was planned.
    pub plan: Option<PlanFile>,
    /// Why it would be refused (only where nothing was to be done).
    pub refusals: Vec<String>,
    /// What an audit found.
    pub findings: Vec<String>,
    /// Kept bytes and records that were taken away.
    pub pruned: u64,
    /// Wall-clock seconds.
    pub seconds: f64,
    /// Peak resident memory, in bytes.
    pub peak_memory_bytes: u64,
}

/// Writes the URLs that caches must forget, one a line.
pub fn write_purge_list(file: &Path, site: &str, purging: &Purging) -> Result<(), Failure> {
    let mut text = String::new();
    for url in &purging.urls {
        text.push_str(&format!("{site}{}\n", super::purge::encoded(url)));
    }
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}
