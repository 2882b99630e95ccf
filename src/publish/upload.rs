//! Sending objects: many at a time, in the order of their classes, with bounded memory; every byte
//! is held against the digest in the manifest before it is sent. Knows nothing of what comes after.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::stream::{FuturesUnordered, StreamExt};
use object_store::PutPayload;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;

use super::Progress;
use super::failure::Failure;
use super::local::tag_text;
use super::manifest::{Action, Change, Class, Entry, Headers, Manifest};
use super::plan::Plan;
use super::remote::{Remote, Write};
use crate::digest::Digest;

/// Where replaced bytes are kept, by digest.
pub const SAVED: &str = "_deploy/saved/";

/// Larger objects are sent in parts of this size.
const PART: u64 = 8 << 20;

/// Bytes held in memory at a time, in units of [`UNIT`].
const UNITS: u32 = 96;
const UNIT: u64 = 1 << 20;

/// Where the bytes of an object are.
#[derive(Clone, Debug)]
pub enum Bytes {
    /// A file.
    File(PathBuf),
    /// Kept in the store since they were replaced.
    Saved,
}

/// Says where the bytes of a key are.
pub type Source<'s> = dyn Fn(&str, &Entry) -> Bytes + Sync + 's;

/// What sending needs to know.
pub struct Sending<'s> {
    /// The target.
    pub remote: &'s Remote,
    /// What is there, as far as is known.
    pub base: &'s Manifest,
    /// What is to be there.
    pub manifest: &'s Manifest,
    /// What is done.
    pub plan: &'s Plan,
    /// Keys that an earlier release may have changed.
    pub uncertain: &'s dyn Fn(&str) -> bool,
    /// Where bytes come from.
    pub source: &'s Source<'s>,
    /// Uploads at a time.
    pub at_a_time: usize,
    /// Whether bytes that are replaced are kept.
    pub keep: bool,
    /// Told of every byte.
    pub progress: &'s dyn Progress,
}

/// How far sending is.
pub struct Sent {
    done: Vec<bool>,
    first_open: usize,
    /// Objects sent.
    pub objects: u64,
    /// Bytes sent.
    pub bytes: u64,
}

impl Sent {
    /// How many changes, from the first, are done without a gap.
    pub fn done(&self) -> u64 {
        self.first_open as u64
    }

    fn note(&mut self, index: usize) {
        self.done[index] = true;
        while self.done.get(self.first_open) == Some(&true) {
            self.first_open += 1;
        }
    }
}

impl Sending<'_> {
    /// Sends everything that has to be there before the release is live. `renew` is called now and
    /// then with what is done. After a failure nothing more is begun, what is under way is waited
    /// for, and the failure is returned.
    pub async fn send(
        &self,
        every: Duration,
        mut renew: impl AsyncFnMut(u64) -> Result<(), Failure>,
    ) -> Result<Sent, (Failure, u64)> {
        let changes = &self.plan.changes;
        let until = changes.iter().position(|change| is_later(change.action)).unwrap_or(changes.len());
        let mut sent = Sent { done: vec![false; until], first_open: 0, objects: 0, bytes: 0 };
        let memory = Semaphore::new(UNITS as usize);
        let mut ticks = tokio::time::interval(every);
        ticks.tick().await;
        let mut failure = None;
        for class in Class::ALL {
            let mut waiting = (0..until).filter(|index| changes[*index].class == class);
            let mut under_way = FuturesUnordered::new();
            loop {
                while failure.is_none() && under_way.len() < self.at_a_time {
                    let Some(index) = waiting.next() else { break };
                    let (change, memory) = (&changes[index], &memory);
                    under_way.push(async move { (index, self.change(change, memory).await) });
                }
                if under_way.is_empty() {
                    break;
                }
                tokio::select! {
                    biased;
                    _ = ticks.tick(), if failure.is_none() => {
                        if let Err(error) = renew(sent.done()).await {
                            failure = Some(error);
                        }
                    }
                    Some((index, outcome)) = under_way.next() => match outcome {
                        Ok(bytes) => {
                            sent.objects += u64::from(bytes.is_some());
                            sent.bytes += bytes.unwrap_or(0);
                            sent.note(index);
                        }
                        Err(error) => failure = failure.or(Some(error)),
                    },
                }
            }
            if let Some(failure) = failure {
                return Err((failure, sent.done()));
            }
        }
        Ok(sent)
    }

    /// Bytes that sending will take.
    pub fn bytes(&self) -> u64 {
        let sent = self.plan.changes.iter().filter(|change| !is_later(change.action));
        sent.filter_map(|change| self.manifest.entries.get(&change.key)).map(|entry| entry.size).sum()
    }

    async fn change(&self, change: &Change, memory: &Semaphore) -> Result<Option<u64>, Failure> {
        let key = &*change.key;
        let Some(entry) = self.manifest.entries.get(key) else { return Ok(None) };
        if self.plan.sent.contains(key) {
            self.progress.advance(entry.size);
            return Ok(None);
        }
        if matches!(change.action, Action::Replace | Action::Mend) {
            self.save(key).await?;
        }
        let write = match change.action {
            Action::Add if change.class.is_immutable() && !(self.uncertain)(key) => Write::New,
            _ => Write::Always,
        };
        let units = entry.size.min(PART).div_ceil(UNIT).clamp(1, u64::from(UNITS)) as u32;
        let _room = memory.acquire_many(units).await.map_err(|closed| Failure::Local(closed.into()))?;
        let tags = tag_text(&self.manifest.tags, &entry.tags);
        match (self.source)(key, entry) {
            Bytes::File(path) if entry.size > PART => self.in_parts(key, entry, &tags, path).await?,
            Bytes::File(path) => {
                let bytes = tokio::fs::read(&path).await.with_context(|| format!("cannot read {}", path.display()))?;
                self.whole(key, entry, &tags, bytes, &write).await?;
            }
            Bytes::Saved => {
                let Some(bytes) = self.saved(key, entry).await? else { return Ok(None) };
                self.whole(key, entry, &tags, bytes, &write).await?;
            }
        }
        self.progress.advance(entry.size);
        Ok(Some(entry.size))
    }

    /// Keeps what stands under a key, as the base knows it, before it is replaced or removed. What
    /// an unfinished release may have replaced was kept by it first.
    pub async fn save(&self, key: &str) -> Result<(), Failure> {
        let Some(old) = self.base.entries.get(key).filter(|old| self.keep && !old.class.is_immutable()) else {
            return Ok(());
        };
        let kept = format!("{SAVED}{}", old.digest);
        if (self.uncertain)(key) && self.remote.has(&kept).await? {
            return Ok(());
        }
        // An object that somebody took away by hand cannot be kept, and need not be.
        self.remote.copy(key, &kept).await.map(|_| ())
    }

    /// Keeps what stands under a key that is about to go, even where only an earlier release, whose
    /// removals were left undone, knew what it is.
    pub async fn save_before_removal(&self, key: &str) -> Result<(), Failure> {
        if !self.keep || self.base.entries.contains_key(key) {
            return self.save(key).await;
        }
        let Some(found) = self.remote.get(key).await? else { return Ok(()) };
        let kept = format!("{SAVED}{}", Digest::of(&found.bytes));
        let bytes = PutPayload::from(found.bytes);
        self.remote.put(&kept, &bytes, &Headers::default(), "", &Write::Always).await.map(|_| ())
    }

    /// The bytes that a rollback brings back; `None` where they still stand under the key.
    async fn saved(&self, key: &str, entry: &Entry) -> Result<Option<Vec<u8>>, Failure> {
        for place in [format!("{SAVED}{}", entry.digest), key.to_owned()] {
            if let Some(found) = self.remote.get(&place).await?
                && Digest::of(&found.bytes) == entry.digest
            {
                return Ok(Some(found.bytes));
            }
        }
        Err(Failure::Local(anyhow!("the former bytes of {key} are no longer in the target")))
    }

    async fn whole(&self, key: &str, entry: &Entry, tags: &str, bytes: Vec<u8>, write: &Write) -> Result<(), Failure> {
        if Digest::of(&bytes) != entry.digest {
            return Err(altered(key));
        }
        let (headers, bytes) = (self.manifest.headers_of(entry), PutPayload::from(bytes));
        let put = self.remote.put(key, &bytes, &headers, tags, write).await?;
        // Under a name with a fingerprint nothing else can stand; but does anything?
        if put.is_none() && !self.remote.has(key).await? {
            self.remote.put(key, &bytes, &headers, tags, &Write::Always).await?;
        }
        Ok(())
    }

    async fn in_parts(&self, key: &str, entry: &Entry, tags: &str, path: PathBuf) -> Result<(), Failure> {
        let context = || format!("cannot read {}", path.display());
        let mut file = tokio::fs::File::open(&path).await.with_context(context)?;
        let headers = self.manifest.headers_of(entry);
        let mut parts = self.remote.begin_parts(key, &headers, tags).await?;
        let mut hasher = blake3::Hasher::new();
        let outcome = async {
            loop {
                let mut part = Vec::with_capacity(PART as usize);
                (&mut file).take(PART).read_to_end(&mut part).await.with_context(context)?;
                if part.is_empty() {
                    break;
                }
                hasher.update(&part);
                let sent = parts.put_part(PutPayload::from(part));
                sent.await.map_err(|error| Failure::network(&format!("cannot write a part of {key}"), &error))?;
            }
            if Digest::from_hash(&hasher.finalize()) != entry.digest {
                return Err(altered(key));
            }
            let done = parts.complete().await;
            done.map(|_| ()).map_err(|error| Failure::network(&format!("cannot finish {key}"), &error))
        }
        .await;
        if outcome.is_err() {
            // The failure is what is told; parts left behind expire with the store's own rules.
            let _ = parts.abort().await;
        }
        outcome
    }
}

/// Whether an action waits until the release is live.
pub fn is_later(action: Action) -> bool {
    matches!(action, Action::Remove | Action::Expire)
}

fn altered(key: &str) -> Failure {
    Failure::Local(anyhow!("output/{key} is not as the build left it; run `lifthill build` and publish again"))
}
