//! Manifests: everything that a release consists of, key by key, and what the next release must
//! know of earlier ones. Knows nothing of networks or files.
//!
//! A release as stored: four bytes `LHR2`, then `postcard` of [`Release`] in one zstd frame.
//! Digests are ours (BLAKE3, 16 bytes), which is what is compared; the SHA-256 that stores check
//! is made while bytes are sent and needs no place here.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::headers::is_for_servers;

const MAGIC: &[u8; 4] = b"LHR2";

/// When an object is sent: whatever refers to it comes later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Class {
    /// A file whose name holds its fingerprint.
    Asset,
    /// A picture whose name holds its fingerprint.
    Photo,
    /// A page.
    Page,
    /// What machines read to find pages: sitemaps, feeds, search.
    Index,
}

impl Class {
    /// All, in the order of sending.
    pub const ALL: [Self; 4] = [Self::Asset, Self::Photo, Self::Page, Self::Index];

    /// Whether the name holds the fingerprint, so that the bytes under it never change.
    pub fn is_immutable(self) -> bool {
        matches!(self, Self::Asset | Self::Photo)
    }
}

/// The headers that an object is stored with.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Headers {
    /// Content-Type.
    pub content_type: String,
    /// Cache-Control.
    pub cache_control: String,
    /// Content-Encoding, where the bytes are encoded.
    pub content_encoding: Option<String>,
    /// Content-Disposition, where the site's own settings give one.
    pub content_disposition: Option<String>,
    /// Content-Language, likewise.
    pub content_language: Option<String>,
    /// The URL that the object's sends visitors to, where the store can do that.
    pub redirect: Option<String>,
}

/// One object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// When it is sent.
    pub class: Class,
    /// Whether its URL is promised to stay: a page, but not a later page of a list.
    pub promised: bool,
    /// Number of its headers.
    pub headers: u32,
    /// A digest of its headers, and of its tags where objects carry them.
    pub dress: u64,
    /// Numbers of its tags.
    pub tags: Box<[u32]>,
}

/// An immutable object that no page refers to any more, but yesterday's pages may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Retired {
    /// The object as it was.
    pub entry: Entry,
    /// The generation that no longer had it.
    pub generation: u64,
    /// When, in seconds since 1970.
    pub at: i64,
}

/// Everything that is to be there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Objects by key.
    pub entries: BTreeMap<Box<str>, Entry>,
    /// Headers by number.
    pub headers: Vec<Headers>,
    /// Tags by number.
    pub tags: Vec<Box<str>>,
    /// Retired objects by key.
    pub retired: BTreeMap<Box<str>, Retired>,
    /// Promised URLs' keys that are gone with the publisher's consent.
    pub gone: BTreeSet<Box<str>>,
    /// The number of the build that made it.
    pub build: u64,
}

impl Manifest {
    /// The objects' bytes in all.
    pub fn bytes(&self) -> u64 {
        self.entries.values().map(|entry| entry.size).sum()
    }

    /// A digest of what is to be there, headers and tags included.
    pub fn digest(&self) -> Digest {
        let mut digester = crate::digest::Digester::default();
        for (key, entry) in &self.entries {
            digester.part(key.as_bytes());
            digester.part(&entry.digest.0);
            digester.part(&entry.dress.to_le_bytes());
        }
        for key in &self.gone {
            digester.part(key.as_bytes());
        }
        digester.finish()
    }

    /// The names of an entry's tags.
    pub fn tags_of<'m>(&'m self, entry: &'m Entry) -> impl Iterator<Item = &'m str> {
        entry.tags.iter().filter_map(|tag| self.tags.get(*tag as usize)).map(|tag| &**tag)
    }

    /// The headers of an entry.
    pub fn headers_of(&self, entry: &Entry) -> Headers {
        self.headers.get(entry.headers as usize).cloned().unwrap_or_default()
    }

    /// The number of some headers, which are added if new.
    pub fn number_of(&mut self, headers: Headers, known: &mut FxHashMap<Headers, u32>) -> u32 {
        if let Some(number) = known.get(&headers) {
            return *number;
        }
        let number = self.headers.len() as u32;
        self.headers.push(headers.clone());
        known.insert(headers, number);
        number
    }
}

/// The digest that [`Entry::dress`] holds.
pub fn dress(headers: &Headers, tags: Option<&str>) -> u64 {
    let Headers { content_type, cache_control, content_encoding, content_disposition, content_language, redirect } =
        headers;
    let others = [content_encoding, content_disposition, content_language, redirect];
    let others = others.map(|value| value.as_deref().unwrap_or_default());
    let parts = [content_type, cache_control, tags.unwrap_or_default()].into_iter().chain(others);
    Digest::of_parts(parts.map(str::as_bytes)).short()
}

/// What a release does to one key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// New under this key.
    Add,
    /// Other bytes.
    Replace,
    /// The same bytes with other headers.
    Redress,
    /// Sent or taken away by a release that did not come to its end: made certain again.
    Mend,
    /// Gone from the site, and taken away once the release is live.
    Remove,
    /// Retired long enough; taken away last of all.
    Expire,
}

/// One change, in the order of sending.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The object's key.
    pub key: Box<str>,
    /// What is done.
    pub action: Action,
    /// When.
    pub class: Class,
}

/// A release: what it consists of, and how it came from the one before. It is written before the
/// first of its objects is sent, and so is the journal too.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Its name.
    pub id: String,
    /// How many releases there have been, this one included.
    pub generation: u64,
    /// When it was begun, in seconds since 1970.
    pub at: i64,
    /// What it changes, in the order of sending.
    pub changes: Vec<Change>,
    /// Keys that earlier releases changed without having purged them.
    pub unpurged: Vec<Box<str>>,
    /// Everything that it consists of.
    pub manifest: Manifest,
}

impl Release {
    /// The release as stored.
    pub fn encode(&self) -> Result<Vec<u8>> {
        let plain = postcard::to_allocvec(self)?;
        let mut bytes = MAGIC.to_vec();
        bytes.extend(zstd::bulk::compress(&plain, 3).context("cannot compress a manifest")?);
        Ok(bytes)
    }

    /// The release that `bytes` hold.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let Some(frame) = bytes.strip_prefix(MAGIC) else {
            bail!("this is no manifest, or one of another version");
        };
        let plain = zstd::stream::decode_all(frame).context("a manifest is damaged")?;
        postcard::from_bytes(&plain).context("a manifest is damaged")
    }

    /// Keys whose URLs a cache may hold in an older form.
    pub fn touched(&self) -> BTreeSet<&str> {
        let changed = self
            .changes
            .iter()
            .filter(|change| may_be_cached(change) && !is_for_servers(&change.key))
            .map(|change| &*change.key);
        changed.chain(self.unpurged.iter().map(|key| &**key)).collect()
    }
}

/// A new fingerprinted name was never asked for before, and one that is retired stays right.
fn may_be_cached(change: &Change) -> bool {
    match change.action {
        Action::Add => !change.class.is_immutable(),
        Action::Replace | Action::Redress | Action::Remove => true,
        Action::Mend => !change.class.is_immutable(),
        Action::Expire => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_survives_and_damage_is_noticed() {
        let release = Release {
            id: "r1".into(),
            generation: 1,
            at: 5,
            changes: Vec::new(),
            unpurged: vec!["index.html".into()],
            manifest: Manifest::default(),
        };
        let mut bytes = release.encode().unwrap();
        assert_eq!(Release::decode(&bytes).unwrap(), release);
        assert!(Release::decode(b"<html>").is_err());
        bytes.truncate(bytes.len() - 3);
        assert!(Release::decode(&bytes).is_err());
    }
}
