//! One deploy to an object store, from fence to farewell. Knows nothing of who caches what: it is
//! handed a purge.
//!
//! 1. **Fence.** The register is replaced, on condition, by one that names this deploy and its
//!    debt. Whoever loses that race has written nothing.
//! 2. **Journal.** The release, its changes included, is written before the first of its objects.
//! 3. **Send.** Assets, photos, pages, indexes: each class only when the one before is there.
//! 4. **Pointer.** The register is replaced again: the release is live, its end is still owed.
//! 5. **Remove** pages that are gone; **purge** what caches may hold; **verify**; take away what
//!    has been retired long enough.
//! 6. **Farewell.** The register is replaced a last time: nothing is owed, nobody deploys.
//!
//! Any failure before 4 stops there, with the debt on record: the next deploy treats what it may
//! have changed as uncertain, sends it again and purges it. A failure after 4 leaves 5 owed. Where
//! 5 is nothing, 4 and 6 are one.
//!
//! Of two deploys at a time one loses at 1. One that sleeps while its lease runs out, and is taken
//! for dead, replaces nothing newer when it wakes: [`super::lease`] says why, and what remains.

use std::collections::BTreeSet;
use std::time::Duration;

use object_store::PutPayload;

use super::Progress;
use super::failure::Failure;
use super::lease::{Clock, Lease, STRAGGLERS};
use super::manifest::{Action, Headers, Manifest, Release};
use super::plan::{Debt, Plan};
use super::register::{DebtLine, Deploy, Held, Line, Register};
use super::remote::{Object, Remote, Write};
use super::upload::{Sending, Source, is_later};
use crate::digest::Digest;

/// Seconds of work after which a sign of life is due.
const SHORT_WORK: i64 = 20;

/// Where releases are kept.
pub const RELEASES: &str = "_deploy/releases/";

/// Who deploys, and how.
#[derive(Clone, Debug)]
pub struct Deployer {
    /// A random name that a site's folder keeps: a deploy of our own that was killed does not
    /// keep us out.
    pub owner: String,
    /// For how long a silent deploy of others keeps us out.
    pub lease: Duration,
    /// Whether we take the target over from a deploy of others that may still be alive.
    pub take_over: bool,
    /// Uploads at a time.
    pub at_a_time: usize,
    /// Whether replaced bytes are kept.
    pub keep: bool,
    /// Tells how long others have been silent, and we.
    pub clock: Clock,
    /// The moment of the release, in seconds since 1970.
    pub now: i64,
    /// Releases are kept in the register for so long.
    pub retention: super::plan::Retention,
}

/// What was there before.
pub struct Before {
    /// The register.
    pub held: Held,
    /// What is live.
    pub base: Manifest,
    /// What is owed.
    pub debts: Vec<Debt>,
}

/// What a deploy did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deployed {
    /// Objects sent.
    pub objects: u64,
    /// Bytes sent.
    pub bytes: u64,
}

impl Before {
    /// Reads what is there. `cached` may know a release by name and digest; it is given every
    /// release that it did not.
    pub async fn read(remote: &Remote, cache: &dyn ReleaseCache) -> Result<Self, Failure> {
        let held = Held::read(remote).await?;
        let base = match held.register.releases.first() {
            None => Manifest::default(),
            Some(line) => release(remote, line, cache).await?.manifest,
        };
        let mut debts = Vec::new();
        for line in &held.register.debts {
            // A deploy that was stopped before its journal stood has changed nothing.
            let Some(found) = remote.get(&release_key(&line.id)).await? else { continue };
            let release = Release::decode(&found.bytes).map_err(|error| {
                let lost = format!("the record of unfinished release {} is damaged; {AUDIT}", line.id);
                Failure::Local(error.context(lost))
            })?;
            debts.push(Debt { release, moved: line.moved, done: line.done });
        }
        Ok(Self { held, base, debts })
    }

    /// Every key that may be other than the base says.
    pub fn uncertain(&self) -> BTreeSet<&str> {
        let open = self.debts.iter().filter(|debt| !debt.moved);
        open.flat_map(|debt| debt.release.changes.iter().map(|change| &*change.key)).collect()
    }

    /// Why another deploy keeps us out, if it does.
    pub fn kept_out(&self, deployer: &Deployer) -> Option<String> {
        let deploy = self.held.register.deploy.as_ref()?;
        let silent = deployer.clock.now().saturating_sub(deploy.renewed);
        if deployer.take_over || deploy.owner == deployer.owner || silent >= deployer.lease.as_secs() as i64 {
            return None;
        }
        Some(format!(
            "another deploy ({}) has had the target since {} and gave a sign of life {} s ago. \
             If it is dead: --take-over",
            deploy.id,
            crate::model::date::moment_text(deploy.begun),
            silent.max(0)
        ))
    }
}

/// Removes what is not needed, while nobody deploys: the register names us meanwhile. Returns how
/// many objects `surplus` found.
pub async fn alone(
    remote: &Remote,
    before: Before,
    deployer: &Deployer,
    surplus: impl AsyncFnOnce(&Register) -> Result<Vec<String>, Failure>,
) -> Result<u64, Failure> {
    if let Some(reason) = before.kept_out(deployer) {
        return Err(Failure::refused(reason));
    }
    let Before { mut held, .. } = before;
    let began = deployer.clock.now();
    let id = release_id(deployer.now);
    let deploy = Deploy { id, owner: deployer.owner.clone(), begun: began, renewed: began };
    held.swap(remote, Register { deploy: Some(deploy), ..held.register.clone() }).await?;
    let removed = async {
        let keys = surplus(&held.register).await?;
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        for keys in keys.chunks(1000) {
            let mut register = held.register.clone();
            let now = deployer.clock.now();
            if let Some(deploy) = register.deploy.as_mut().filter(|deploy| now - deploy.renewed > SHORT_WORK) {
                deploy.renewed = now;
                held.swap(remote, register).await?;
            }
            remote.delete(keys).await?;
        }
        Ok(keys.len() as u64)
    };
    let removed = removed.await;
    held.swap(remote, Register { deploy: None, ..held.register.clone() }).await?;
    removed
}

/// A place that remembers releases, so that they need not be fetched.
pub trait ReleaseCache: Sync {
    /// The stored form of a release.
    fn get(&self, id: &str) -> Option<Vec<u8>>;
    /// Remembers the stored form of a release.
    fn put(&self, id: &str, bytes: &[u8]);
}

/// Remembers nothing.
pub struct NoCache;

impl ReleaseCache for NoCache {
    fn get(&self, _: &str) -> Option<Vec<u8>> {
        None
    }
    fn put(&self, _: &str, _: &[u8]) {}
}

/// What helps where the target's records are lost.
const AUDIT: &str = "`lifthill publish --audit` makes a new one";

/// The key of a release.
pub fn release_key(id: &str) -> String {
    format!("{RELEASES}{id}")
}

/// A release by its line in the register; its bytes must be those that the register names.
pub async fn release(remote: &Remote, line: &Line, cache: &dyn ReleaseCache) -> Result<Release, Failure> {
    let right = |bytes: &[u8]| Digest::of(bytes).to_string() == line.digest;
    if let Some(bytes) = cache.get(&line.id).filter(|bytes| right(bytes)) {
        return Ok(Release::decode(&bytes)?);
    }
    let found = remote.get(&release_key(&line.id)).await?;
    match found.filter(|found| right(&found.bytes)) {
        Some(found) => {
            cache.put(&line.id, &found.bytes);
            Ok(Release::decode(&found.bytes)?)
        }
        None => Err(Failure::Local(anyhow::anyhow!(
            "the target's record of release {} is missing or damaged; {AUDIT}",
            line.id
        ))),
    }
}

/// Everything that one deploy consists of.
pub struct Work<'w> {
    /// The target.
    pub remote: &'w Remote,
    /// What it does, and what is to be there.
    pub release: &'w Release,
    /// The changes in it, with what is known of them.
    pub plan: &'w Plan,
    /// The release that this is a return to.
    pub back_to: Option<String>,
    /// Who does it.
    pub deployer: &'w Deployer,
    /// Whether something follows once the release is live.
    pub has_farewell: bool,
    /// What stands between the names of tags.
    pub separator: &'w str,
    /// Where bytes come from.
    pub source: &'w Source<'w>,
    /// Remembers the release.
    pub cache: &'w dyn ReleaseCache,
    /// Told of every byte.
    pub progress: &'w dyn Progress,
}

impl Work<'_> {
    /// Deploys. `farewell` is what follows once the release is live and what is gone is removed:
    /// purge and verify.
    pub async fn deploy(
        &self,
        mut before: Before,
        farewell: impl AsyncFnOnce(&Release) -> Result<(), Failure>,
    ) -> Result<Deployed, Failure> {
        if let Some(reason) = before.kept_out(self.deployer) {
            return Err(Failure::refused(reason));
        }
        let stored = self.release.encode()?;
        let uncertain: BTreeSet<String> = before.uncertain().into_iter().map(str::to_owned).collect();
        let id = &self.release.id;

        // 1. Fence.
        let mut register = before.held.register.clone();
        let begun = self.deployer.clock.now();
        register.mistrust_silent(&self.deployer.owner, STRAGGLERS);
        register.deploy = Some(Deploy { id: id.clone(), owner: self.deployer.owner.clone(), begun, renewed: begun });
        register.debts.push(DebtLine::new(id));
        before.held.swap(self.remote, register).await?;
        let lease = Lease::taken(self.deployer.clock.clone(), self.deployer.lease, begun);

        // 2. Journal, 3. send.
        let is_uncertain = |key: &str| uncertain.contains(key);
        let sending = Sending {
            remote: self.remote,
            base: &before.base,
            manifest: &self.release.manifest,
            changes: &self.release.changes,
            plan: self.plan,
            uncertain: &is_uncertain,
            source: self.source,
            at_a_time: self.deployer.at_a_time,
            keep: self.deployer.keep,
            lease: &lease,
            separator: self.separator,
            progress: self.progress,
        };
        self.progress.begin_bytes("uploading", sending.bytes());
        let mut held = before.held;
        let (key, payload, headers) = (release_key(id), PutPayload::from(stored.clone()), record_headers());
        let journal = Object { key: &key, bytes: &payload, headers: &headers, tags: "" };
        let journal = self.remote.put(&journal, &Write::Always).await;
        let sent = match journal {
            Err(failure) => Err((failure, 0)),
            Ok(_) => {
                sending.send(self.deployer.lease / 5, async |done| self.renew(&mut held, &lease, done).await).await
            }
        };
        let sent = match sent {
            Ok(sent) => sent,
            Err((failure, done)) => {
                self.give_up(&mut held, done).await;
                return Err(failure);
            }
        };

        // 4. Pointer.
        if let Err(failure) = self.point(&mut held, &stored).await {
            self.give_up(&mut held, sent.done()).await;
            return Err(failure);
        }
        self.cache.put(id, &stored);

        // 5. Remove, purge, verify, expire; 6. farewell.
        if self.owes() {
            let ended = async {
                self.remove(&sending, &mut held).await?;
                farewell(self.release).await?;
                self.expire(&lease, &mut held).await
            };
            if let Err(failure) = ended.await {
                self.give_up(&mut held, sent.done()).await;
                return Err(failure);
            }
            let mut register = Register { deploy: None, ..held.register.clone() };
            register.debts.retain(|debt| debt.id != *id);
            held.swap(self.remote, register).await?;
        }
        Ok(Deployed { objects: sent.objects, bytes: sent.bytes })
    }

    /// Whether anything is left to do once the release is live.
    fn owes(&self) -> bool {
        self.has_farewell || self.release.changes.iter().any(|change| is_later(change.action))
    }

    async fn renew(&self, held: &mut Held, lease: &Lease, done: u64) -> Result<(), Failure> {
        let mut register = held.register.clone();
        let now = self.deployer.clock.now();
        if let Some(deploy) = &mut register.deploy {
            deploy.renewed = now;
        }
        self.note_done(&mut register, done);
        held.swap(self.remote, register).await?;
        lease.renewed(now);
        Ok(())
    }

    /// Makes certain that nobody else deploys.
    async fn hold(&self, held: &mut Held, lease: &Lease) -> Result<(), Failure> {
        if lease.is_certain() { Ok(()) } else { self.renew(held, lease, 0).await }
    }

    /// Leaves word of what is owed, so that the next deploy need not wait. Where even that fails,
    /// the register still names this deploy and its debt.
    async fn give_up(&self, held: &mut Held, done: u64) {
        let mut register = Register { deploy: None, ..held.register.clone() };
        self.note_done(&mut register, done);
        let _ = held.swap(self.remote, register).await;
    }

    fn note_done(&self, register: &mut Register, done: u64) {
        if let Some(debt) = register.debts.iter_mut().find(|debt| debt.id == self.release.id) {
            debt.done = debt.done.max(done);
        }
    }

    async fn point(&self, held: &mut Held, stored: &[u8]) -> Result<(), Failure> {
        let mut register = held.register.clone();
        let line = Line {
            id: self.release.id.clone(),
            generation: self.release.generation,
            at: self.release.at,
            digest: Digest::of(stored).to_string(),
            objects: self.release.manifest.entries.len() as u64,
            bytes: self.release.manifest.bytes(),
            back_to: self.back_to.clone(),
        };
        register.generation = self.release.generation;
        register.releases.insert(0, line);
        let (retention, now) = (self.deployer.retention, self.deployer.now);
        let generation = register.generation;
        register.releases.retain(|line| !retention.is_over(line.generation, line.at, generation, now));
        let clock = self.deployer.clock.now();
        register.debts.retain(|debt| debt.mistrusted_until.is_some_and(|until| until > clock));
        // What it had done may be other by now.
        register.debts.iter_mut().for_each(|debt| debt.done = 0);
        match self.owes() {
            true => register.debts.push(DebtLine { moved: true, ..DebtLine::new(&self.release.id) }),
            false => register.deploy = None,
        }
        held.swap(self.remote, register).await
    }

    /// Takes away what is gone from the site, keeping its bytes.
    async fn remove(&self, sending: &Sending<'_>, held: &mut Held) -> Result<(), Failure> {
        let gone: Vec<&str> = self.keys(Action::Remove).collect();
        for keys in gone.chunks(self.deployer.at_a_time.max(1)) {
            self.hold(held, sending.lease).await?;
            futures_util::future::try_join_all(keys.iter().map(|key| sending.save_before_removal(key))).await?;
        }
        self.delete(&gone, sending.lease, held).await
    }

    /// Takes away what has been retired long enough.
    async fn expire(&self, lease: &Lease, held: &mut Held) -> Result<(), Failure> {
        self.delete(&self.keys(Action::Expire).collect::<Vec<_>>(), lease, held).await
    }

    async fn delete(&self, keys: &[&str], lease: &Lease, held: &mut Held) -> Result<(), Failure> {
        for keys in keys.chunks(1000) {
            self.hold(held, lease).await?;
            self.remote.delete(keys).await?;
        }
        Ok(())
    }

    fn keys(&self, action: Action) -> impl Iterator<Item = &str> {
        self.release.changes.iter().filter(move |change| change.action == action).map(|change| &*change.key)
    }
}

/// Headers of our own records.
fn record_headers() -> Headers {
    Headers {
        content_type: "application/octet-stream".to_owned(),
        cache_control: "no-store".to_owned(),
        ..Headers::default()
    }
}

/// A name for a release: when, and which of those then.
pub fn release_id(now: i64) -> String {
    let moment = jiff::Timestamp::from_second(now).unwrap_or_default();
    format!("{}-{:08x}", moment.strftime("%Y%m%dT%H%M%SZ"), super::remote::random() as u32)
}
