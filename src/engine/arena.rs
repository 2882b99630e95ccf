//! Lists that may be as long as the site: bytes one after another, without an allocation each; and
//! pages, as files and routes, packed into them. Knows nothing of why a page is in a list.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::output::Written;
use crate::paths::RelPath;
use crate::site::Route;

/// Bytes taken from the system at a time; a list never has to move what it holds.
const CHUNK: usize = 1 << 16;

/// Values as bytes, one after another.
#[derive(Debug, Default)]
pub struct Chunks {
    filled: Vec<Vec<u8>>,
    scratch: Vec<u8>,
}

/// Where a value begins in its [`Chunks`].
#[derive(Clone, Copy, Debug)]
pub struct At {
    chunk: u32,
    start: u32,
}

impl Chunks {
    /// Adds a value.
    pub fn put(&mut self, value: &impl Serialize) -> At {
        let scratch = std::mem::take(&mut self.scratch);
        let bytes = postcard::to_extend(value, scratch).expect("plain data");
        let room = self.filled.last().map_or(0, |chunk| chunk.capacity() - chunk.len());
        if room < bytes.len() {
            self.filled.push(Vec::with_capacity(CHUNK.max(bytes.len())));
        }
        let number = self.filled.len() - 1;
        let chunk = &mut self.filled[number];
        let at = At { chunk: number as u32, start: chunk.len() as u32 };
        chunk.extend_from_slice(&bytes);
        self.scratch = bytes;
        self.scratch.clear();
        at
    }

    /// The bytes of a value, and what came after it.
    fn from(&self, at: At) -> &[u8] {
        &self.filled[at.chunk as usize][at.start as usize..]
    }

    /// The values that were put here, in that order.
    pub fn values<T: DeserializeOwned>(&self) -> impl Iterator<Item = T> {
        self.filled.iter().flat_map(values_in)
    }

    /// The values that were put here, in that order; what has been taken goes, many at a time.
    pub fn into_values<T: DeserializeOwned>(self) -> impl Iterator<Item = T> {
        self.filled.into_iter().flat_map(values_in)
    }
}

fn values_in<T: DeserializeOwned>(chunk: impl std::borrow::Borrow<Vec<u8>>) -> impl Iterator<Item = T> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &chunk.borrow()[start..];
        let (value, after) = (!rest.is_empty()).then(|| postcard::take_from_bytes(rest).expect(OURS))?;
        start += rest.len() - after.len();
        Some(value)
    })
}

/// Files with their routes, one after another.
#[derive(Debug, Default)]
pub struct Packed {
    chunks: Chunks,
}

const OURS: &str = "what was packed here can be unpacked";

impl Packed {
    /// Adds a page.
    pub fn put(&mut self, file: &RelPath, route: &Route) -> At {
        self.chunks.put(&(file, route))
    }

    /// The file of a page.
    pub fn file(&self, at: At) -> &str {
        postcard::take_from_bytes(self.chunks.from(at)).expect(OURS).0
    }

    /// A page: its file, and which it is.
    pub fn page(&self, at: At) -> (RelPath, Route) {
        postcard::take_from_bytes(self.chunks.from(at)).expect(OURS).0
    }
}

/// A page to be looked at.
#[derive(Clone, Debug)]
pub struct DuePage {
    /// Its file below `output/`.
    pub file: RelPath,
    /// Which page it is.
    pub route: Route,
    /// Why it is due, for people.
    pub reason: String,
    /// Whether it must be rendered even if its view is as it was.
    pub render: bool,
    /// What its file holds, where that is known and was not altered.
    pub known: Option<Written>,
    /// Whether its compressed variants must be looked at even if its bytes are as they were.
    pub repack: bool,
}

/// Pages to be looked at.
#[derive(Debug, Default)]
pub struct DuePages {
    packed: Packed,
    pages: Vec<Due>,
    reasons: Vec<Box<str>>,
    known: Vec<Written>,
}

#[derive(Clone, Copy, Debug)]
struct Due {
    at: At,
    reason: u32,
    known: Option<NonZeroU32>,
    render: bool,
    repack: bool,
}

impl DuePages {
    /// None yet; those of `packed` can be added without their bytes.
    pub fn of(packed: Packed) -> Self {
        Self { packed, ..Self::default() }
    }

    /// The file of a page that is packed, due or not.
    pub fn packed(&self, at: At) -> &str {
        self.packed.file(at)
    }

    /// Adds a page.
    pub fn add(&mut self, page: &DuePage) {
        let at = self.packed.put(&page.file, &page.route);
        self.add_at(at, &page.reason, page.render, page.known, page.repack);
    }

    /// Adds a page that is packed already.
    pub fn add_at(&mut self, at: At, reason: &str, render: bool, known: Option<Written>, repack: bool) {
        // Neighbours are mostly due for one reason.
        if self.reasons.last().is_none_or(|last| **last != *reason) {
            self.reasons.push(reason.into());
        }
        let reason = self.reasons.len() as u32 - 1;
        self.known.extend(known);
        let known = known.and_then(|_| NonZeroU32::new(self.known.len() as u32));
        self.pages.push(Due { at, reason, known, render, repack });
    }

    /// Sorts them by file.
    pub fn sort(&mut self) {
        let packed = &self.packed;
        self.pages.sort_by(|a, b| packed.file(a.at).cmp(packed.file(b.at)));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// One of them.
    pub fn get(&self, index: usize) -> DuePage {
        let due = self.pages[index];
        let (file, route) = self.packed.page(due.at);
        let known = due.known.map(|known| self.known[known.get() as usize - 1]);
        let reason = self.reasons[due.reason as usize].to_string();
        DuePage { file, route, reason, render: due.render, known, repack: due.repack }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = DuePage> + '_ {
        (0..self.len()).map(|index| self.get(index))
    }

    /// Which of the first `sorted` pages has a file, where those are sorted by file.
    pub fn find(&self, file: &str, sorted: usize) -> Option<usize> {
        self.pages[..sorted].binary_search_by(|page| self.packed.file(page.at).cmp(file)).ok()
    }
}

/// Pages that come and go.
#[derive(Debug, Default)]
pub struct PageChanges {
    packed: Packed,
    /// What was added, and what was taken back, in that order.
    events: Vec<(At, bool)>,
    /// Files of pages that are no longer.
    removed: BTreeSet<RelPath>,
}

/// New pages, sorted by file.
#[derive(Debug)]
pub struct NewPages {
    /// Where they are.
    pub packed: Packed,
    /// Every claim on every file; several on one file are a mistake.
    pub claims: Vec<At>,
}

impl PageChanges {
    /// A page has come to exist.
    pub fn add(&mut self, file: &RelPath, route: &Route) {
        self.events.push((self.packed.put(file, route), true));
    }

    /// A page is no more, whether it was there before or had come to exist just now.
    pub fn remove(&mut self, file: RelPath, route: &Route) {
        if !self.events.is_empty() {
            self.events.push((self.packed.put(&file, route), false));
        }
        self.removed.insert(file);
    }

    /// The pages that are new after all that, and the files of those that went.
    pub fn settle(mut self) -> (NewPages, BTreeSet<RelPath>) {
        let packed = &self.packed;
        // Stable: what happened to one file stays in its order.
        self.events.sort_by(|a, b| packed.file(a.0).cmp(packed.file(b.0)));
        let mut claims: Vec<At> = Vec::new();
        for of_file in self.events.chunk_by(|a, b| packed.file(a.0) == packed.file(b.0)) {
            let first = claims.len();
            for (at, added) in of_file {
                if *added {
                    claims.push(*at);
                } else {
                    let (_, gone) = packed.page(*at);
                    claims.extract_if(first.., |claim| packed.page(*claim).1 == gone).for_each(drop);
                }
            }
        }
        (NewPages { packed: self.packed, claims }, self.removed)
    }
}
