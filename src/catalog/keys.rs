//! The bytes of keys and small values in the state. Knows nothing of the database.

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::group::{Group, Membership};
use crate::digest::Digest;
use crate::model::{Kind, RecordId};
use crate::state::Damaged;

/// The key of a record, its card, its reviews or its photos: kind number, key.
pub fn record(id: &RecordId) -> Vec<u8> {
    [&[id.kind.number()], id.key.as_bytes()].concat()
}

/// The record that such a key names.
pub fn record_id(key: &[u8]) -> Result<RecordId> {
    let (number, key) = key.split_first().ok_or(Damaged("an empty record key"))?;
    let kind = Kind::ALL.into_iter().find(|kind| kind.number() == *number).ok_or(Damaged("an unknown kind"))?;
    Ok(RecordId::new(kind, std::str::from_utf8(key)?))
}

/// The key of a member: group digest, sort key.
pub fn member(group: Digest, sort: &[u8]) -> Vec<u8> {
    [&group.0[..], sort].concat()
}

/// The value of a member: facet digest, kind number, key.
pub fn member_value(id: &RecordId, membership: &Membership) -> Vec<u8> {
    [&membership.facet.0[..], &[id.kind.number()], id.key.as_bytes()].concat()
}

/// The record that a member's value names.
pub fn member_id(value: &[u8]) -> Result<RecordId> {
    record_id(value.get(16..).ok_or(Damaged("a member's value is too short"))?)
}

/// Where a page of a group begins, and what is on it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceMark {
    /// Sort key of the first member.
    pub first: Vec<u8>,
    /// Digest of the members' keys and facets.
    pub digest: Digest,
}

/// The key of a slice: group digest, page number from 1.
pub fn slice(group: &Group, number: u32) -> Vec<u8> {
    [&group.digest().0[..], &number.to_be_bytes()].concat()
}
