//! Sending objects: many at a time, in the order of their classes, with bounded memory; every byte
//! is held against the digest in the manifest before it is sent. What visitors see is replaced only
//! as the version that was found there while the lease was certain. Knows nothing of what comes
//! after.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, anyhow};
use futures_util::stream::{FuturesUnordered, StreamExt};
use object_store::{MultipartUpload, PutPayload};
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;

use super::Progress;
use super::failure::Failure;
use super::lease::Lease;
use super::local::tag_text;
use super::manifest::{Action, Change, Class, Entry, Headers, Manifest};
use super::plan::Plan;
use super::remote::{Object, Pauses, Put, Remote, Write};
use crate::digest::Digest;
use crate::door::{self, Most};

/// Where replaced bytes are kept, by digest.
pub const SAVED: &str = "_deploy/saved/";

/// Larger objects are sent in parts of this size.
const PART: u64 = 8 << 20;

/// What visitors see is sent whole up to this size, since only whole objects are written under a
/// condition.
const WHOLE: u64 = 64 << 20;

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
    /// What is done, in this order.
    pub changes: &'s [Change],
    /// What is known of that.
    pub plan: &'s Plan,
    /// Keys that an earlier release may have changed.
    pub uncertain: &'s dyn Fn(&str) -> bool,
    /// Where bytes come from.
    pub source: &'s Source<'s>,
    /// Uploads at a time.
    pub at_a_time: usize,
    /// Whether bytes that are replaced are kept.
    pub keep: bool,
    /// Whether nobody else deploys.
    pub lease: &'s Lease,
    /// What stands between the names of tags.
    pub separator: &'s str,
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
        let changes = self.changes;
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
                let due = async {
                    tokio::select! {
                        _ = ticks.tick() => {}
                        () = self.lease.doubted() => {}
                    }
                };
                tokio::select! {
                    biased;
                    () = due, if failure.is_none() => {
                        failure = renew(sent.done()).await.err();
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
                if failure.is_some() {
                    // Nobody renews it from here on, so nobody may wait for that.
                    self.lease.lose();
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
        let sent = self.changes.iter().filter(|change| !is_later(change.action));
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
        let source = (self.source)(key, entry);
        let whole = if change.class.is_immutable() { PART } else { WHOLE };
        let parts = match &source {
            Bytes::File(path) if entry.size > whole => Some(path),
            _ => None,
        };
        let held = if parts.is_some() { PART } else { entry.size };
        let units = held.div_ceil(UNIT).clamp(1, u64::from(UNITS)) as u32;
        let _room = memory.acquire_many(units).await.map_err(|closed| Failure::Local(closed.into()))?;
        if let Some(path) = parts {
            self.in_parts(key, entry, path).await?;
            self.progress.advance(entry.size);
            return Ok(Some(entry.size));
        }
        let bytes = self.bytes_of(key, entry, source).await?;
        if Digest::of(&bytes) != entry.digest {
            return Err(altered(key));
        }
        let (headers, bytes) = (self.manifest.headers_of(entry), PutPayload::from(bytes));
        let tags = tag_text(&self.manifest.tags, &entry.tags, self.separator);
        let object = Object { key, bytes: &bytes, headers: &headers, tags: &tags };
        match (change.class.is_immutable(), change.action) {
            (true, Action::Add) if !(self.uncertain)(key) => self.unless_there(&object).await?,
            (true, _) => self.remote.put(&object, &Write::Always).await.map(|_| ())?,
            (false, action) => self.visibly(&object, action == Action::Add).await?,
        }
        self.progress.advance(entry.size);
        Ok(Some(entry.size))
    }

    async fn bytes_of(&self, key: &str, entry: &Entry, source: Bytes) -> Result<Vec<u8>, Failure> {
        match source {
            Bytes::Saved => self.saved(key, entry).await,
            Bytes::File(path) => match read(path.clone(), Most(entry.size)).await {
                Ok(bytes) => Ok(bytes),
                // A machine without the bytes; only the headers are to change.
                Err(error) if error.kind() == ErrorKind::NotFound && self.is_there(key, entry) => {
                    self.saved(key, entry).await
                }
                Err(error) => {
                    Err(Failure::Local(anyhow::Error::new(error).context(format!("cannot read {}", path.display()))))
                }
            },
        }
    }

    /// Whether the target has these bytes under this key already.
    fn is_there(&self, key: &str, entry: &Entry) -> bool {
        self.base.entries.get(key).is_some_and(|old| old.digest == entry.digest)
    }

    /// Writes an object whose name holds its fingerprint, unless it is there.
    async fn unless_there(&self, object: &Object<'_>) -> Result<(), Failure> {
        let put = self.remote.put(object, &Write::New).await?;
        // Under a name with a fingerprint nothing else can stand; but does anything?
        if put.is_none() && !self.remote.has(object.key).await? {
            self.remote.put(object, &Write::Always).await?;
        }
        Ok(())
    }

    /// Writes what visitors see, over just what stands there now.
    async fn visibly(&self, object: &Object<'_>, is_new: bool) -> Result<(), Failure> {
        let mut pauses = Pauses::new(self.remote.patience());
        let mut write = if is_new { Write::New } else { self.over(object.key).await? };
        for attempt in 1.. {
            self.lease.certain().await?;
            let failure = match self.remote.put_once(object, &write).await? {
                Put::Done(_) => return Ok(()),
                Put::Refused => Failure::refused(format!("{} is being written by somebody else", object.key)),
                Put::Failed(failure) => failure,
            };
            if attempt >= self.remote.patience().attempts {
                return Err(failure);
            }
            pauses.rest().await;
            write = self.over(object.key).await?;
        }
        unreachable!("attempts are counted from one without end")
    }

    async fn over(&self, key: &str) -> Result<Write, Failure> {
        Ok(self.remote.version(key).await?.map_or(Write::New, Write::Over))
    }

    /// Keeps what stands under a key, as the base knows it, before it is replaced or removed. What
    /// an unfinished release may have replaced was kept by it first.
    pub async fn save(&self, key: &str) -> Result<(), Failure> {
        let Some(old) = self.base.entries.get(key).filter(|old| self.keep && !old.class.is_immutable()) else {
            return Ok(());
        };
        let kept = format!("{SAVED}{}", old.digest);
        if !(self.uncertain)(key) {
            // An object that somebody took away by hand cannot be kept, and need not be.
            return self.remote.copy(key, &kept).await.map(|_| ());
        }
        if self.remote.has(&kept).await? {
            return Ok(());
        }
        match self.remote.get(key).await?.filter(|found| Digest::of(&found.bytes) == old.digest) {
            Some(found) => self.keep_bytes(&kept, found.bytes).await,
            None => Ok(()),
        }
    }

    /// Keeps what stands under a key that is about to go, even where only an earlier release, whose
    /// removals were left undone, knew what it is.
    pub async fn save_before_removal(&self, key: &str) -> Result<(), Failure> {
        if !self.keep || self.base.entries.contains_key(key) {
            return self.save(key).await;
        }
        let Some(found) = self.remote.get(key).await? else { return Ok(()) };
        let kept = format!("{SAVED}{}", Digest::of(&found.bytes));
        self.keep_bytes(&kept, found.bytes).await
    }

    async fn keep_bytes(&self, kept: &str, bytes: Vec<u8>) -> Result<(), Failure> {
        let (bytes, headers) = (PutPayload::from(bytes), Headers::default());
        let object = Object { key: kept, bytes: &bytes, headers: &headers, tags: "" };
        self.remote.put(&object, &Write::Always).await.map(|_| ())
    }

    /// The bytes that a rollback brings back.
    async fn saved(&self, key: &str, entry: &Entry) -> Result<Vec<u8>, Failure> {
        for place in [format!("{SAVED}{}", entry.digest), key.to_owned()] {
            if let Some(found) = self.remote.get(&place).await?
                && Digest::of(&found.bytes) == entry.digest
            {
                return Ok(found.bytes);
            }
        }
        Err(Failure::Local(anyhow!(
            "the former bytes of {key} are no longer in the target: that release is not whole any more. Go back to \
             another (`--list`), or publish the site as it is now with `--audit`"
        )))
    }

    /// Sends a file part by part; all of them again where one fails.
    async fn in_parts(&self, key: &str, entry: &Entry, path: &Path) -> Result<(), Failure> {
        let tags = tag_text(&self.manifest.tags, &entry.tags, self.separator);
        let headers = self.manifest.headers_of(entry);
        let mut pauses = Pauses::new(self.remote.patience());
        for attempt in 1.. {
            let mut parts = self.remote.begin_parts(key, &headers, &tags).await?;
            let failure = match self.parts(key, entry, path, &mut *parts).await {
                Ok(()) => return Ok(()),
                Err(failure) => failure,
            };
            // The failure is what is told; parts left behind expire with the store's own rules.
            let _ = parts.abort().await;
            if attempt >= self.remote.patience().attempts || !matches!(failure, Failure::Network(_)) {
                return Err(failure);
            }
            pauses.rest().await;
        }
        unreachable!("attempts are counted from one without end")
    }

    async fn parts(
        &self,
        key: &str,
        entry: &Entry,
        path: &Path,
        parts: &mut dyn MultipartUpload,
    ) -> Result<(), Failure> {
        let context = || format!("cannot read {}", path.display());
        let (file, _) = door::open(path).with_context(context)?;
        let mut file = tokio::fs::File::from_std(file);
        let mut hasher = blake3::Hasher::new();
        loop {
            let mut part = Vec::with_capacity(PART as usize);
            (&mut file).take(PART).read_to_end(&mut part).await.with_context(context)?;
            if part.is_empty() {
                break;
            }
            hasher.update(&part);
            self.remote.within(&format!("cannot write a part of {key}"), parts.put_part(part.into())).await?;
        }
        if Digest::from_hash(&hasher.finalize()) != entry.digest {
            return Err(altered(key));
        }
        self.lease.certain().await?;
        self.remote.within(&format!("cannot finish {key}"), parts.complete()).await.map(|_| ())
    }
}

/// The bytes of an output, of which no more is read than the build has written.
async fn read(path: PathBuf, most: Most) -> std::io::Result<Vec<u8>> {
    tokio::task::spawn_blocking(move || door::read(&path, most)).await?
}

/// Whether an action waits until the release is live.
pub fn is_later(action: Action) -> bool {
    matches!(action, Action::Remove | Action::Expire)
}

fn altered(key: &str) -> Failure {
    Failure::Local(anyhow!("output/{key} is not as the build left it; run `lifthill build` and publish again"))
}
