//! Cards as ready template values, shared by all pages of one build. A value is kept with the
//! readings that made it, so that whoever is given it has read just what it would have read by
//! making it anew. Bounded by what they are given: a full shard is emptied. Knows nothing of what is in a value.

use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::Result;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::{Cell, CellId, Group};
use crate::digest::Digest;
use crate::model::{PartialDate, RecordId};
use crate::render::{Value, canonical};

/// Threads wait for each other only where they want the same shard.
const SHARDS: usize = 32;

/// What a value takes, in bytes, with its readings: the average of a synthetic site's.
const VALUE: u64 = 2_500;

/// What a link takes, in bytes, with its value.
const LINK: u64 = 500;

/// What a date takes, in bytes, with its value.
const DATE: u64 = 600;

/// What the members of a group take, in bytes: of one with a few dozen.
const MEMBERS: u64 = 2_000;

/// Members of a group that are still kept.
const MOST_MEMBERS: usize = 100;

/// Mistaken keys for which the nearest is looked for: each costs a walk through keys.
const MOST_LOOKED_FOR: usize = 64;

/// A value and the readings that made it.
pub struct SharedValue {
    pub value: Value,
    pub readings: Vec<CellId>,
    /// The digest of the value.
    pub digest: Digest,
    /// The numbers of the URLs in it.
    pub addresses: Vec<CellId>,
}

impl SharedValue {
    /// A value that was made by these readings.
    pub fn new(value: Value, readings: Vec<CellId>) -> Self {
        let digest = canonical::digest(&value);
        let mut addresses = Vec::new();
        add_addresses(&value, &mut addresses);
        Self { value, readings, digest, addresses }
    }
}

/// Adds the numbers of all URLs in a value.
fn add_addresses(value: &Value, addresses: &mut Vec<CellId>) {
    if let Some(items) = value.as_array() {
        items.iter().for_each(|item| add_addresses(item, addresses));
    }
    for (key, value) in value.as_map().into_iter().flatten() {
        match value.as_str() {
            Some(url) if key.as_str() == Some("url") => addresses.push(Cell::address(url)),
            Some(_) => {}
            None => add_addresses(value, addresses),
        }
    }
}

/// Name and URL of a record.
#[derive(Debug, Default)]
pub struct Link {
    /// Its name.
    pub name: String,
    /// The URL path of its page.
    pub url: String,
    /// The number of the URL of its page.
    pub(super) address: CellId,
    /// Both for templates, made by whoever is the first to show them.
    value: OnceLock<Value>,
}

impl Link {
    /// A link that has not been shown yet.
    pub fn new(name: String, url: String) -> Self {
        // An area is shown on its park's page.
        let address = Cell::address(url.split('#').next().unwrap_or_default());
        Self { address, name, url, value: OnceLock::new() }
    }

    /// Its value, made by `make` where nobody has made it yet.
    pub fn value(&self, make: impl FnOnce() -> Value) -> Value {
        self.value.get_or_init(make).clone()
    }
}

type Shard<K, T> = Mutex<FxHashMap<K, Arc<T>>>;

/// What is kept of one kind.
struct Shards<K, T> {
    shards: Vec<Shard<K, T>>,
    /// Values kept in one shard.
    per_shard: usize,
}

impl<K: Clone + Eq + Hash, T> Shards<K, T> {
    fn new(values: u64) -> Self {
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), per_shard: values as usize / SHARDS }
    }

    fn get(&self, key: &K) -> Option<Arc<T>> {
        self.shard(key).lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: &K, value: T) -> Arc<T> {
        let made = Arc::new(value);
        let mut shard = self.shard(key).lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.per_shard {
            shard.clear();
        }
        shard.insert(key.clone(), Arc::clone(&made));
        made
    }

    fn shard(&self, key: &K) -> &Shard<K, T> {
        let hash = FxBuildHasher.hash_one(key);
        &self.shards[(hash >> 40) as usize % SHARDS]
    }
}

/// The values of one build.
pub struct SharedValues {
    cards: Shards<RecordId, SharedValue>,
    links: Shards<RecordId, Link>,
    dates: Shards<PartialDate, Value>,
    members: Shards<Group, Vec<RecordId>>,
    /// The settings that nearly every page shows.
    pub(super) site: OnceLock<Value>,
    /// Keys that there are none of, with the nearest that there is.
    near: Mutex<FxHashMap<RecordId, Option<String>>>,
}

impl SharedValues {
    /// None yet, and never more than take so many bytes.
    pub fn within(bytes: u64) -> Self {
        let (links, dates, members) = (bytes / 8, bytes / 16, bytes / 64);
        let cards = bytes - links - dates - members;
        Self {
            cards: Shards::new(cards / VALUE),
            links: Shards::new(links / LINK),
            dates: Shards::new(dates / DATE),
            members: Shards::new(members / MEMBERS),
            site: OnceLock::new(),
            near: Mutex::default(),
        }
    }

    /// What is known of a key that there is none of; else what `find` finds, unless many have been looked for.
    pub fn near(&self, id: &RecordId, find: impl FnOnce() -> Result<Option<String>>) -> Result<Option<String>> {
        let mut known = self.near.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(near) = known.get(id) {
            return Ok(near.clone());
        }
        if known.len() == MOST_LOOKED_FOR {
            return Ok(None);
        }
        let near = find()?;
        known.insert(id.clone(), near.clone());
        Ok(near)
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

    /// The value kept for a date; else what `make` makes, which is kept.
    pub fn date(&self, date: &PartialDate, make: impl FnOnce() -> Value) -> Value {
        let kept = self.dates.get(date).unwrap_or_else(|| self.dates.keep(date, make()));
        Value::clone(&kept)
    }

    /// The members kept for a group; else what `find` finds, which is kept unless they are many.
    pub fn members(&self, group: &Group, find: impl FnOnce() -> Result<Vec<RecordId>>) -> Result<Arc<Vec<RecordId>>> {
        if let Some(members) = self.members.get(group) {
            return Ok(members);
        }
        let found = find()?;
        Ok(if found.len() > MOST_MEMBERS { Arc::new(found) } else { self.members.keep(group, found) })
    }
}
