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

/// A value and the readings that made it.
pub struct SharedValue {
    pub value: Value,
    pub readings: Vec<CellId>,
}

type Shard = Mutex<FxHashMap<RecordId, Arc<SharedValue>>>;

/// The values of one build.
pub struct SharedValues {
    shards: Vec<Shard>,
    /// Values kept in one shard.
    per_shard: usize,
    /// The settings that nearly every page shows.
    pub(super) site: OnceLock<Value>,
}

impl SharedValues {
    /// None yet, and never more than take so many bytes.
    pub fn within(bytes: u64) -> Self {
        let per_shard = (bytes / VALUE) as usize / SHARDS;
        Self { shards: (0..SHARDS).map(|_| Shard::default()).collect(), per_shard, site: OnceLock::new() }
    }

    /// The value kept for a record.
    pub fn get(&self, id: &RecordId) -> Option<Arc<SharedValue>> {
        self.shard(id).lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    /// Makes a value and keeps it; returns it with its readings.
    pub fn make(&self, id: &RecordId, make: impl FnOnce() -> Result<SharedValue>) -> Result<Arc<SharedValue>> {
        let made = Arc::new(make()?);
        let mut shard = self.shard(id).lock().unwrap_or_else(PoisonError::into_inner);
        if shard.len() >= self.per_shard {
            shard.clear();
        }
        shard.insert(id.clone(), Arc::clone(&made));
        Ok(made)
    }

    fn shard(&self, id: &RecordId) -> &Shard {
        use std::hash::BuildHasher;
        let hash = FxBuildHasher.hash_one(id);
        &self.shards[(hash >> 40) as usize % SHARDS]
    }
}
