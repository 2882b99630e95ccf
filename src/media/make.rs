//! Making variants: one picture is decoded once, for all that is wanted of it, unless its pixels are
//! still there from when it was surveyed, and never again for what is kept. Knows nothing of where bytes go.

use std::collections::{BTreeMap, BTreeSet};

use super::animation;
use super::decode::{decode, header};
use super::encode::encode;
use super::resize::{Light, resize};
use super::strip::strip;
use super::variant::{Coding, Operation};
use super::{Budget, Picture, Size};
use crate::cas::Cas;
use crate::digest::Digest;

/// What making took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Pictures decoded.
    pub decoded: u64,
    /// Variants encoded.
    pub encoded: u64,
    /// Variants that had been made before.
    pub kept: u64,
}

/// The bytes of a variant, or why there are none, in words for the picture's owner.
pub type Outcome = Result<Vec<u8>, String>;

/// Makes each of `operations` of the picture with the digest `source`, and hands out each by its
/// index as soon as it is made: nothing holds more than one. `read` gives the picture's bytes, and
/// is asked only where something has to be made.
pub fn make(
    cas: &Cas,
    budget: &Budget,
    source: Digest,
    operations: &[Operation],
    read: impl FnOnce() -> Outcome,
    mut done: impl FnMut(usize, Outcome),
) -> Counts {
    let mut counts = Counts::default();
    let mut missing = Vec::new();
    for (index, operation) in operations.iter().enumerate() {
        match cas.get(operation.action(source)).and_then(|made| made.bytes) {
            Some(bytes) => {
                counts.kept += 1;
                done(index, Ok(bytes));
            }
            None => missing.push(index),
        }
    }
    if missing.is_empty() {
        return counts;
    }
    // Largest first: each smaller one is scaled from one already there.
    missing.sort_by_key(|index| (std::cmp::Reverse(operations[*index].pixels()), *index));
    let bytes = read().and_then(|bytes| {
        let same = Digest::of(&bytes) == source;
        if same { Ok(bytes) } else { Err("was changed while the site was built".to_owned()) }
    });
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(why) => {
            missing.into_iter().for_each(|index| done(index, Err(why.clone())));
            return counts;
        }
    };
    let (share, decoded) = match header(&bytes) {
        Ok(header) => {
            let (share, surveyed) = budget.take(header.decoded_bytes(), source);
            (Ok(share), surveyed.map(Ok))
        }
        Err(why) => (Err(why), None),
    };
    let mut kitchen = Kitchen { bytes: &bytes, decoded, sizes: BTreeMap::new(), counts: &mut counts };
    let mut made_now = BTreeSet::new();
    for index in missing {
        // Two files may want the same of pictures that are alike.
        if !made_now.insert(operations[index])
            && let Some(bytes) = cas.get(operations[index].action(source)).and_then(|made| made.bytes)
        {
            kitchen.counts.kept += 1;
            done(index, Ok(bytes));
            continue;
        }
        let outcome = share.as_ref().map_err(Clone::clone).and_then(|_| kitchen.one(&operations[index]));
        if let Ok(made) = &outcome {
            cas.keep(operations[index].action(source), Some(made), b"");
        }
        done(index, outcome);
    }
    counts
}

/// One picture at work.
struct Kitchen<'k> {
    bytes: &'k [u8],
    decoded: Option<Result<Picture, String>>,
    /// Scaled pictures, by whether light was mixed linearly and by size.
    sizes: BTreeMap<(bool, Size), Picture>,
    counts: &'k mut Counts,
}

impl Kitchen<'_> {
    fn one(&mut self, operation: &Operation) -> Outcome {
        match *operation {
            Operation::Original { metadata: true } => Ok(self.bytes.to_vec()),
            Operation::Original { metadata: false } => strip(self.bytes),
            Operation::Encoded { size, linear, coding } => {
                let header = header(self.bytes)?;
                let light = if linear { Light::Linear } else { Light::Stored };
                if matches!(coding, Coding::WebP { animated: true, .. }) && animation::moves(self.bytes, &header)? {
                    self.counts.decoded += 1;
                    self.counts.encoded += 1;
                    return animation::animate(self.bytes, &header, (size.width, size.height), light, coding);
                }
                if self.decoded.is_none() {
                    self.counts.decoded += 1;
                    self.decoded = Some(decode(self.bytes, &header).map(|decoded| decoded.picture));
                }
                self.counts.encoded += 1;
                encode(self.scaled(size, light)?, coding)
            }
        }
    }

    /// The picture at a size, scaled from the smallest that is at least twice as large, or from
    /// the picture itself.
    fn scaled(&mut self, size: Size, light: Light) -> Result<&Picture, String> {
        let whole = match &self.decoded {
            Some(Ok(whole)) => whole,
            Some(Err(why)) => return Err(why.clone()),
            None => return Err("was not decoded".to_owned()),
        };
        if (size.width, size.height) == (whole.width, whole.height) {
            return Ok(whole);
        }
        let key = (light == Light::Linear, size);
        if !self.sizes.contains_key(&key) {
            let near = self.sizes.iter().filter(|((linear, from), _)| {
                *linear == key.0 && from.width >= 2 * size.width && from.height >= 2 * size.height
            });
            let from = near.map(|(_, picture)| picture).min_by_key(|picture| picture.width).unwrap_or(whole);
            let made = resize(from, size.width, size.height, light)?;
            self.sizes.insert(key, made);
        }
        Ok(&self.sizes[&key])
    }
}
