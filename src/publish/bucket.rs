//! Publishing to an object store: what is asked for, planned, guarded, deployed, purged and
//! verified. Knows nothing of how a site is built.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::deploy::{Before, Deployer, RELEASES, ReleaseCache, Work, alone, release, release_key};
use super::draft::{Circumstances, Draft};
use super::failure::Failure;
use super::guard::RESERVED;
use super::local::Local;
use super::manifest::{Entry, Manifest, Release};
use super::plan::{Debt, Plan, plan};
use super::purge::{Keys, Purging, purge};
use super::register::{KEY, Line, Register};
use super::remote::Remote;
use super::told::Outcome;
use super::upload::{Bytes, SAVED};
use super::{Options, Progress, verify};
use crate::config::publish::Target;

/// A store, and how it is published to.
pub struct Bucket<'b> {
    /// The store.
    pub remote: &'b Remote,
    /// Its settings.
    pub target: &'b Target,
    /// The URL at which visitors see it, without a slash at its end.
    pub url: &'b str,
    /// The folder that holds the bytes of the site.
    pub output: &'b Path,
    /// Who deploys.
    pub deployer: &'b Deployer,
    /// What is asked for.
    pub options: &'b Options,
    /// Credentials for the cache, where there is one.
    pub keys: Option<&'b Keys>,
    /// Remembers releases.
    pub cache: &'b dyn ReleaseCache,
    /// Told of every byte.
    pub progress: &'b dyn Progress,
}

/// What is to be published.
struct Wanted<'w> {
    manifest: Manifest,
    sources: &'w BTreeMap<Box<str>, Box<str>>,
    /// The release that it is a return to; its bytes are in the store.
    back_to: Option<String>,
}

impl Bucket<'_> {
    /// Makes the store hold `local`. What was `seen` there before the site was built is not asked for
    /// again: what was built may follow from it.
    pub async fn publish(&self, local: Local, seen: Option<Before>) -> Result<Outcome, Failure> {
        let before = match seen {
            Some(before) => before,
            None => Before::read(self.remote, self.cache).await?,
        };
        let wanted = Wanted { manifest: local.manifest, sources: &local.sources, back_to: None };
        self.make(before, wanted).await
    }

    /// Lists the store, and makes certain whatever is missing, has another size or was written
    /// since the last deploy, while making the store hold `local`.
    pub async fn audit(&self, local: Local) -> Result<Outcome, Failure> {
        let (mut before, lost) = match Before::read(self.remote, self.cache).await {
            Ok(before) => (before, None),
            Err(Failure::Local(error)) => {
                let held = super::register::Held::read(self.remote).await?;
                (Before { held, base: Manifest::default(), debts: Vec::new() }, Some(format!("{error:#}")))
            }
            Err(other) => return Err(other),
        };
        let listed = self.remote.list("").await?;
        let ended = listed.iter().find(|(key, _)| key == KEY).map(|(_, meta)| meta.last_modified);
        let mut findings: Vec<String> = lost.into_iter().collect();
        let mut doubtful: BTreeSet<Box<str>> = BTreeSet::new();
        let there: BTreeMap<&str, _> = listed.iter().map(|(key, meta)| (key.as_str(), meta)).collect();
        for (key, entry) in &before.base.entries {
            let finding = match there.get(&**key) {
                None => "is missing".to_owned(),
                Some(meta) if meta.size != entry.size => format!("has {} bytes, not {}", meta.size, entry.size),
                Some(meta) if ended.is_some_and(|ended| (meta.last_modified - ended).num_milliseconds() > 1500) => {
                    "was written by somebody else since the last deploy".to_owned()
                }
                Some(_) => continue,
            };
            findings.push(format!("{key} {finding}"));
            doubtful.insert(key.clone());
        }
        let empty = before.base.entries.is_empty();
        for key in there.keys().filter(|key| !key.starts_with(RESERVED)) {
            let known = before.base.entries.contains_key(*key) || before.base.retired.contains_key(*key);
            if !known && !local.manifest.entries.contains_key(*key) {
                findings.push(format!("{key} is not ours; it stays"));
            }
            if !known && empty {
                doubtful.insert((*key).into());
            }
        }
        let sent = doubtful.into_iter().filter(|key| local.manifest.entries.contains_key(key));
        before.debts.push(Debt::of_doubt(sent));
        let wanted = Wanted { manifest: local.manifest, sources: &local.sources, back_to: None };
        let mut outcome = self.make(before, wanted).await?;
        outcome.findings.extend(findings);
        Ok(outcome)
    }

    /// Makes the store hold an earlier release again: `id`, or the one before the live one.
    pub async fn rollback(&self, id: Option<&str>) -> Result<Outcome, Failure> {
        let before = Before::read(self.remote, self.cache).await?;
        let line = earlier(&before.held.register.releases, id)?.clone();
        let former = release(self.remote, &line, self.cache).await?;
        let sources = BTreeMap::new();
        let wanted = Wanted { manifest: former.manifest, sources: &sources, back_to: Some(line.id) };
        self.make(before, wanted).await
    }

    /// The releases that can be gone back to, newest first; the first is live.
    pub async fn list(&self) -> Result<Vec<Line>, Failure> {
        Ok(super::register::Held::read(self.remote).await?.register.releases)
    }

    /// Takes away kept bytes and records that no release in the register needs, and what has been
    /// retired long enough.
    pub async fn prune(&self) -> Result<Outcome, Failure> {
        let before = Before::read(self.remote, self.cache).await?;
        let sources = BTreeMap::new();
        let manifest = before.base.clone();
        let back_to = before.held.register.releases.first().map(|line| line.id.clone());
        if back_to.is_none() {
            return Ok(Outcome::default());
        }
        let mut outcome = self.make(before, Wanted { manifest, sources: &sources, back_to }).await?;
        if self.options.dry_run {
            return Ok(outcome);
        }
        let before = Before::read(self.remote, self.cache).await?;
        let surplus = async |register: &Register| self.surplus(register).await;
        outcome.pruned = alone(self.remote, before, self.deployer, surplus).await?;
        outcome.requests = self.remote.requests();
        Ok(outcome)
    }

    /// Kept bytes and records that no release in `register` needs.
    async fn surplus(&self, register: &Register) -> Result<Vec<String>, Failure> {
        let mut needed: BTreeSet<String> = register.releases.iter().map(|line| release_key(&line.id)).collect();
        needed.extend(register.debts.iter().map(|debt| release_key(&debt.id)));
        for line in &register.releases {
            let kept = release(self.remote, line, self.cache).await?;
            needed.extend(kept.manifest.entries.values().map(|entry| format!("{SAVED}{}", entry.digest)));
        }
        let mut surplus = Vec::new();
        for folder in [SAVED, RELEASES] {
            let keys = self.remote.list(folder).await?.into_iter().map(|(key, _)| key);
            surplus.extend(keys.filter(|key| !needed.contains(key)));
        }
        Ok(surplus)
    }

    async fn make(&self, before: Before, wanted: Wanted<'_>) -> Result<Outcome, Failure> {
        let generation = before.held.register.generation + 1;
        let now = self.deployer.now;
        let Wanted { mut manifest, sources, back_to } = wanted;
        let mut plan = plan(&before.base, &mut manifest, &before.debts, self.deployer.retention, generation, now);
        let looked = !self.options.dry_run && self.options.apply.is_none();
        if looked && plan.is_empty() && before.held.register.debts.is_empty() && before.held.register.generation > 0 {
            if let Some(file) = &self.options.purge_list {
                super::told::write_purge_list(file, self.url, &Purging::default())?;
            }
            return Ok(Outcome {
                requests: self.remote.requests(),
                live: before.held.register.releases.first().map(|line| line.id.clone()),
                ..Outcome::default()
            });
        }
        let draft = Circumstances {
            options: self.options,
            target: self.target,
            register: &before.held.register,
            base: &before.base,
            now,
            bytes: self.output,
            prefix_bytes: self.remote.prefix_bytes(),
            is_return: back_to.is_some(),
        };
        let Draft { release, mut told, refused } = draft.draft(manifest, &mut plan)?;
        let mut outcome = Outcome::default();
        if self.options.dry_run {
            told.list(&release);
            outcome.plan = Some(told);
            outcome.refusals = refused;
            outcome.requests = self.remote.requests();
            return Ok(outcome);
        }
        if !refused.is_empty() {
            return Err(Failure::Refused(refused));
        }
        outcome.findings.extend(self.taken_over(&before));
        let deployed = self.deploy(before, &release, &plan, sources, back_to, &told.purge).await?;
        told.list(&release);
        outcome.plan = Some(told);
        outcome.objects = deployed.objects;
        outcome.bytes = deployed.bytes;
        outcome.requests = self.remote.requests();
        outcome.published = true;
        outcome.live = Some(release.id);
        Ok(outcome)
    }

    /// Word of a deploy of others that has been silent for too long.
    fn taken_over(&self, before: &Before) -> Option<String> {
        let silent = before.held.register.deploy.as_ref().filter(|deploy| deploy.owner != self.deployer.owner)?;
        let id = &silent.id;
        Some(format!("deploy {id} has fallen silent; the next publish makes certain what it may still do"))
    }

    async fn deploy(
        &self,
        before: Before,
        release: &Release,
        plan: &Plan,
        sources: &BTreeMap<Box<str>, Box<str>>,
        back_to: Option<String>,
        purging: &Purging,
    ) -> Result<super::deploy::Deployed, Failure> {
        let back = back_to.is_some();
        let source = |key: &str, _: &Entry| match back {
            true => Bytes::Saved,
            false => Bytes::File(self.output.join(sources.get(key).map_or(key, |source| &**source))),
        };
        let work = Work {
            remote: self.remote,
            release,
            plan,
            back_to,
            deployer: self.deployer,
            has_farewell: self.options.purge_list.is_some() || self.keys.is_some() || self.target.verify,
            separator: self.target.purge.as_ref().map_or(",", |cache| cache.service.separator()),
            source: &source,
            cache: self.cache,
            progress: self.progress,
        };
        work.deploy(before, async |release| {
            if let Some(file) = &self.options.purge_list {
                super::told::write_purge_list(file, self.url, purging)?;
            }
            if let (Some(cache), Some(keys)) = (&self.target.purge, self.keys) {
                purge(cache, keys, self.url, &release.id, purging, self.remote.patience()).await?;
            }
            if self.target.verify {
                verify::pages(release, self.url, self.remote.patience()).await?;
            }
            Ok(())
        })
        .await
    }
}

/// The release called `id`, or the one before the live one; where that is itself a return, the one
/// before what it returned to.
pub fn earlier<'l>(lines: &'l [Line], id: Option<&str>) -> Result<&'l Line, Failure> {
    let live = lines.first().ok_or_else(|| Failure::Usage("nothing has been published yet".to_owned()))?;
    let found = match id {
        Some(id) => lines.iter().find(|line| line.id == id),
        None => {
            let from = live.back_to.as_deref().unwrap_or(&live.id);
            lines.iter().skip_while(|line| line.id != from).nth(1)
        }
    };
    let found = found.ok_or_else(|| match id {
        Some(id) => {
            Failure::Usage(format!("there is no release {id}; `lifthill publish --list` shows those there are"))
        }
        None => Failure::Usage("there is no earlier release to go back to".to_owned()),
    })?;
    if found.id == live.id {
        return Err(Failure::Usage(format!("release {} is live already", found.id)));
    }
    Ok(found)
}
