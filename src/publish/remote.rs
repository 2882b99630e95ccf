//! An object store as publishing uses it: whole objects with headers, conditional writes, copies,
//! removals, listings. Tries again with growing, jittered pauses. Knows nothing of releases.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt};
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, CopyOptions, Error, GetOptions, MultipartUpload, ObjectMeta, ObjectStore, PutMode,
    PutMultipartOptions, PutOptions, PutPayload, UpdateVersion,
};

use super::answers::{Where, meaning, nowhere};
use super::failure::Failure;
use super::manifest::Headers;
use super::wire::{BodyMd5, RedirectTo};

/// How patient we are with a server.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Attempts in all.
    pub attempts: u32,
    /// The first pause; each one after it is up to twice as long.
    pub pause: Duration,
    /// The longest that one request may take.
    pub request: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { attempts: 6, pause: Duration::from_millis(200), request: Duration::from_secs(120) }
    }
}

/// A bucket, or a folder in one.
#[derive(Clone)]
pub struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: String,
    patience: Patience,
    requests: Arc<AtomicU64>,
    tag_field: Option<String>,
    /// Whether an MD5 goes along with each whole object.
    md5: bool,
    /// Where it is, for people.
    place: Where,
}

/// Bytes of an object with their version.
pub struct Found {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Names this state of the object in a conditional write.
    pub version: UpdateVersion,
}

/// An object to be written.
pub struct Object<'o> {
    /// Its key.
    pub key: &'o str,
    /// Its bytes.
    pub bytes: &'o PutPayload,
    /// The headers it is stored with.
    pub headers: &'o Headers,
    /// Its tags, as text.
    pub tags: &'o str,
}

/// What became of one attempt to write an object.
pub enum Put {
    /// It is written.
    Done(UpdateVersion),
    /// The condition did not hold.
    Refused,
    /// It may or may not be written; another attempt may do better.
    Failed(Failure),
}

/// On what condition an object is written.
#[derive(Clone, Debug)]
pub enum Write {
    /// Always.
    Always,
    /// Where nothing stands.
    New,
    /// Where just this version stands.
    Over(UpdateVersion),
}

impl Remote {
    /// The part of `store` whose keys begin with `prefix`. Tags go into the metadata field
    /// `tag_field`, if any.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: &str, patience: Patience, tag_field: Option<String>) -> Self {
        let prefix = match prefix.trim_matches('/') {
            "" => String::new(),
            prefix => format!("{prefix}/"),
        };
        Self { store, prefix, patience, requests: Arc::default(), tag_field, md5: false, place: Where::default() }
    }

    /// The same, called by where it is.
    pub fn at(self, place: Where) -> Self {
        Self { place, ..self }
    }

    /// The same, and an MD5 is sent with each whole object, for the store to check.
    pub fn with_md5(self) -> Self {
        Self { md5: true, ..self }
    }

    /// Requests made so far, those made again included.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// The same, after so many requests that others made for the same purpose.
    pub fn after(self, requests: u64) -> Self {
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self
    }

    /// Bytes that stand before each key.
    pub fn prefix_bytes(&self) -> usize {
        self.prefix.len()
    }

    /// How patient this one is.
    pub fn patience(&self) -> Patience {
        self.patience
    }

    /// The object under a key; `None` where there is none.
    pub async fn get(&self, key: &str) -> Result<Option<Found>, Failure> {
        let path = self.path(key)?;
        let what = &format!("cannot read {key}");
        self.again(what, || async {
            let result = match self.store.get_opts(&path, GetOptions::default()).await {
                Err(error @ Error::NotFound { .. }) if self.means(what, &error).is_none() => return Ok(None),
                other => other?,
            };
            let version = version_of(&result.meta);
            Ok(Some(Found { bytes: result.bytes().await?.to_vec(), version }))
        })
        .await
    }

    /// Whether there is an object under a key.
    pub async fn has(&self, key: &str) -> Result<bool, Failure> {
        Ok(self.version(key).await?.is_some())
    }

    /// The version of the object under a key; `None` where there is none.
    pub async fn version(&self, key: &str) -> Result<Option<UpdateVersion>, Failure> {
        let path = self.path(key)?;
        self.again(&format!("cannot look for {key}"), || async {
            match self.store.get_opts(&path, GetOptions::new().with_head(true)).await {
                Err(Error::NotFound { .. }) => Ok(None),
                other => other.map(|found| Some(version_of(&found.meta))),
            }
        })
        .await
    }

    /// Writes a whole object. `Ok(None)` where the condition did not hold, if only because an
    /// attempt whose answer was lost had succeeded.
    pub async fn put(&self, object: &Object<'_>, write: &Write) -> Result<Option<UpdateVersion>, Failure> {
        let mut pauses = Pauses::new(self.patience);
        for attempt in 1.. {
            match self.put_once(object, write).await? {
                Put::Done(version) => return Ok(Some(version)),
                Put::Refused => return Ok(None),
                Put::Failed(failure) if attempt >= self.patience.attempts => return Err(failure),
                Put::Failed(_) => pauses.rest().await,
            }
        }
        unreachable!("attempts are counted from one without end")
    }

    /// Writes a whole object in one attempt.
    pub async fn put_once(&self, object: &Object<'_>, write: &Write) -> Result<Put, Failure> {
        let path = self.path(object.key)?;
        let mode = match write {
            Write::Always => PutMode::Overwrite,
            Write::New => PutMode::Create,
            Write::Over(version) => PutMode::Update(version.clone()),
        };
        let conditional = !matches!(write, Write::Always);
        let attributes = self.attributes(object.headers, object.tags);
        let mut options = PutOptions { mode, attributes, ..PutOptions::default() };
        if let Some(location) = &object.headers.redirect {
            options.extensions.insert(RedirectTo(location.clone()));
        }
        if self.md5 {
            options.extensions.insert(BodyMd5::of(object.bytes));
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let what = format!("cannot write {}", object.key);
        let sent = self.store.put_opts(&path, object.bytes.clone(), options);
        let error = match tokio::time::timeout(self.patience.request, sent).await {
            Ok(Ok(put)) => return Ok(Put::Done(UpdateVersion { e_tag: put.e_tag, version: put.version })),
            Ok(Err(error)) => error,
            Err(late) => return Ok(Put::Failed(Failure::network(&format!("{what} (no answer)"), &late))),
        };
        if let Some(failure) = self.means(&what, &error) {
            return Err(failure);
        }
        if let Some(failure) = nowhere(&what, &error, &self.place).filter(|_| matches!(write, Write::New)) {
            return Err(failure);
        }
        match error {
            Error::AlreadyExists { .. } | Error::Precondition { .. } if conditional => Ok(Put::Refused),
            // The store had no such object where a certain version was to be replaced.
            Error::NotFound { .. } if conditional => Ok(Put::Refused),
            error if is_hopeless(&error) => Err(Failure::network(&what, &error)),
            error => Ok(Put::Failed(Failure::network(&what, &error))),
        }
    }

    /// Begins an object that is sent in parts.
    pub async fn begin_parts(
        &self,
        key: &str,
        headers: &Headers,
        tags: &str,
    ) -> Result<Box<dyn MultipartUpload>, Failure> {
        let path = self.path(key)?;
        self.again(&format!("cannot begin to write {key}"), || async {
            let attributes = self.attributes(headers, tags);
            self.store.put_multipart_opts(&path, PutMultipartOptions { attributes, ..Default::default() }).await
        })
        .await
    }

    /// Copies an object within the store; says whether there was one.
    pub async fn copy(&self, from: &str, to: &str) -> Result<bool, Failure> {
        let (source, target) = (self.path(from)?, self.path(to)?);
        self.again(&format!("cannot copy {from}"), || async {
            match self.store.copy_opts(&source, &target, CopyOptions::default()).await {
                Err(Error::NotFound { .. }) => Ok(false),
                other => other.map(|()| true),
            }
        })
        .await
    }

    /// Removes objects; those that are not there are no error.
    pub async fn delete(&self, keys: &[&str]) -> Result<(), Failure> {
        for keys in keys.chunks(1000) {
            let paths = keys.iter().map(|key| self.path(key)).collect::<Result<Vec<_>, _>>()?;
            self.again("cannot remove objects", || async {
                let stream = futures_util::stream::iter(paths.clone()).map(Ok).boxed();
                let mut removed = self.store.delete_stream(stream);
                while let Some(one) = removed.next().await {
                    match one {
                        Ok(_) | Err(Error::NotFound { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(())
            })
            .await?;
        }
        Ok(())
    }

    /// Every object below `folder`, by key.
    pub async fn list(&self, folder: &str) -> Result<Vec<(String, ObjectMeta)>, Failure> {
        let below = format!("{}{folder}", self.prefix);
        let path = (!below.is_empty()).then(|| Path::parse(below.trim_end_matches('/'))).transpose();
        let path = path.map_err(|error| Failure::Local(error.into()))?;
        let found: Vec<ObjectMeta> = self
            .again("cannot list the store", || async { self.store.list(path.as_ref()).try_collect().await })
            .await?;
        let keys = found.into_iter().filter_map(|meta| {
            let key = meta.location.as_ref().strip_prefix(&self.prefix)?.to_owned();
            Some((key, meta))
        });
        Ok(keys.collect())
    }

    fn path(&self, key: &str) -> Result<Path, Failure> {
        Path::parse(format!("{}{key}", self.prefix))
            .map_err(|error| Failure::Local(anyhow::Error::from(error).context(format!("{key} cannot be a key"))))
    }

    fn attributes(&self, headers: &Headers, tags: &str) -> Attributes {
        let mut attributes = Attributes::new();
        if !headers.content_type.is_empty() {
            attributes.insert(Attribute::ContentType, headers.content_type.clone().into());
        }
        if !headers.cache_control.is_empty() {
            attributes.insert(Attribute::CacheControl, headers.cache_control.clone().into());
        }
        let others = [
            (Attribute::ContentEncoding, &headers.content_encoding),
            (Attribute::ContentDisposition, &headers.content_disposition),
            (Attribute::ContentLanguage, &headers.content_language),
        ];
        for (attribute, value) in others {
            if let Some(value) = value {
                attributes.insert(attribute, value.clone().into());
            }
        }
        if let Some(field) = self.tag_field.as_ref().filter(|_| !tags.is_empty()) {
            attributes.insert(Attribute::Metadata(field.clone().into()), tags.to_owned().into());
        }
        attributes
    }

    /// What comes of one request, within the time that one may take.
    pub async fn within<T>(
        &self,
        what: &str,
        request: impl Future<Output = object_store::Result<T>>,
    ) -> Result<T, Failure> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        match tokio::time::timeout(self.patience.request, request).await {
            Ok(done) => done.map_err(|error| self.failure(what, &error)),
            Err(late) => Err(Failure::network(&format!("{what} (no answer)"), &late)),
        }
    }

    /// What an error means, where that is for the settings or the environment to mend.
    fn means(&self, what: &str, error: &Error) -> Option<Failure> {
        meaning(what, error, &self.place)
    }

    fn failure(&self, what: &str, error: &Error) -> Failure {
        self.means(what, error).unwrap_or_else(|| Failure::network(what, error))
    }

    async fn again<T, F: Future<Output = object_store::Result<T>>>(
        &self,
        what: &str,
        attempt: impl Fn() -> F,
    ) -> Result<T, Failure> {
        let mut pauses = Pauses::new(self.patience);
        for number in 1.. {
            self.requests.fetch_add(1, Ordering::Relaxed);
            let error = match tokio::time::timeout(self.patience.request, attempt()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(error)) if is_hopeless(&error) || self.means(what, &error).is_some() => {
                    return Err(self.failure(what, &error));
                }
                Ok(Err(error)) => Failure::network(what, &error),
                Err(late) => Failure::network(&format!("{what} (no answer)"), &late),
            };
            if number >= self.patience.attempts {
                return Err(error);
            }
            pauses.rest().await;
        }
        unreachable!("attempts are counted from one without end")
    }
}

/// Whether trying again is of no use.
fn is_hopeless(error: &Error) -> bool {
    !matches!(error, Error::Generic { .. })
}

fn version_of(meta: &ObjectMeta) -> UpdateVersion {
    UpdateVersion { e_tag: meta.e_tag.clone(), version: meta.version.clone() }
}

/// Growing, jittered pauses: between half and all of a time that doubles.
pub struct Pauses {
    next: Duration,
    dice: u64,
}

/// No pause is longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);

impl Pauses {
    /// The first pause comes before the second attempt.
    pub fn new(patience: Patience) -> Self {
        Self { next: patience.pause, dice: random() }
    }

    /// Waits.
    pub async fn rest(&mut self) {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let share = 0.5 + (self.dice >> 40) as f64 / (1_u64 << 25) as f64;
        tokio::time::sleep(self.next.mul_f64(share)).await;
        self.next = (self.next * 2).min(LONGEST_PAUSE);
    }
}

/// A number that nobody can foresee: the seed that the standard library asks the system for.
pub fn random() -> u64 {
    use std::hash::{BuildHasher, Hasher};
    std::hash::RandomState::new().build_hasher().finish()
}
