//! Cards as ready template values, shared by all pages of one build. A value is kept with the
//! readings that made it, so that whoever is given it has read just what it would have read by
//! making it anew. Bounded by what they are given: a full shard is emptied. Knows nothing of what is in a value.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::CellId;
use crate::model::RecordId;
use crate::render::Value;

/// Threads wait for each other only where they want the same shard.
const SHARDS: usize = 32;

/// What a value takes, in bytes, with its readings: the average of a synthetic site's.
const VALUE: u64 = 2_500;

/// What a link takes, in bytes, with its value.
const LINK: u64 = 500;

/// A value and the readings that made it.
pub struct SharedValue {
    pub value: Value,
    pub readings: Vec<CellId>,
}

/// Name and URL of a record.
#[derive(Debug, Default)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// The URL path of its page.
    pub url: String,
    /// Both for templates, made by whoever is the first to show them.
    value: OnceLock<Value>,
}

impl Link {
    /// A link that has not been shown yet.
    pub fn new(name: String, url: String) -> Self {
        Self { name, url, value: OnceLock::new() }
    }

    /// Its value, made by `make` where nobody has made it yet.
    pub fn value(&self, make: impl FnOnce() -> Value) -> Value {
        self.value.get_or_init(make).clone()
    }
}

type Shard<T> = Mutex<FxHashMap<RecordId, Arc<T>>>;

/// What is kept of one kind.
struct Shards<T> {
    shards: Vec<Shard<T>>,
    /// Values kept in one shard.
    per_shard: usize,
}

impl<T> Shards<T> {
    fn new(values: u64) -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), per_shard: values as usize / SHARDS }
    }

    fn get(&self, id: &RecordId) -> Option<Arc<T>> {
        self.shard(id).lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn keep(&self, id: &RecordId, value: T) -> Arc<T> {
        let made = Arc::new(value);
        let mut shard = self.shard(id).lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.per_shard {
            shard.clear();
        }
        shard.insert(id.clone(), Arc::clone(&made));
        made
    }

    fn shard(&self, id: &RecordId) -> &Shard<T> {
        use std::hash::BuildHasher;
        let hash = FxBuildHasher.hash_one(id);
        &self.shards[(hash >> 40) as usize % SHARDS]
    }
}

/// The values of one build.
pub struct SharedValues {
    cards: Shards<SharedValue>,
    links: Shards<Link>,
    /// The settings that nearly every page shows.
    pub(super) site: OnceLock<Value>,
}

impl SharedValues {
    /// None yet, and never more than take so many bytes.
    pub fn within(bytes: u64) -> Self {
        let links = bytes / 8;
        Self { cards: Shards::new((bytes - links) / VALUE), links: Shards::new(links / LINK), site: OnceLock::new() }
    }

    /// The value kept for a record.
    pub fn get(&self, id: &RecordId) -> Option<Arc<SharedValue>> {
        self.cards.get(id)
    }

    /// Makes a value and keeps it; returns it with its readings.
    pub fn make(&self, id: &RecordId, make: impl FnOnce() -> Result<SharedValue>) -> Result<Arc<SharedValue>> {
        Ok(self.cards.keep(id, make()?))
    }

    /// The link kept for a record; else what `find` finds, which is kept.
    pub fn link(&self, id: &RecordId, find: impl FnOnce() -> Result<Option<Link>>) -> Result<Option<Arc<Link>>> {
        match self.links.get(id) {
            Some(link) => Ok(Some(link)),
            None => Ok(find()?.map(|link| self.links.keep(id, link))),
        }
    }
}
