//! Slices: the pages of a group that is longer than one. Each is marked with its first member and the
//! digest of all, so that a member that changes where it stands concerns one page. Knows nothing of routes.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use anyhow::Result;

use crate::catalog::keys::{self, SliceMark};
use crate::catalog::{Cell, Group};
use crate::digest::{Digest, Digester};
use crate::engine::changes::{Causes, Changes};
use crate::state::{Store, Table, Tables};

/// Which members of a group something happened to.
#[derive(Clone, Debug)]
pub enum Touched {
    /// Those at these places, which look different where they are; none at first.
    InPlace(Vec<Vec<u8>>),
    /// Some came or went, or there are too many to be looked for one by one.
    Any,
}

impl Default for Touched {
    fn default() -> Self {
        Self::InPlace(Vec::new())
    }
}

impl Touched {
    /// A member that looks different at `place`, or one that came or went.
    pub fn add(&mut self, place: Option<&Vec<u8>>) {
        match (&mut *self, place) {
            (Self::InPlace(places), Some(place)) if places.len() < 16 => places.push(place.clone()),
            _ => *self = Self::Any,
        }
    }

    /// Whether nothing happened to any.
    pub fn is_nothing(&self) -> bool {
        matches!(self, Self::InPlace(places) if places.is_empty())
    }
}

/// Marks slices in the state and notes those that changed.
pub struct Slices<'s, 't> {
    pub tables: &'s mut Tables<'t>,
    pub changes: &'s mut Changes,
    /// Because of which they change.
    pub causes: Causes,
}

impl Slices<'_, '_> {
    /// Marks all slices of a group anew; none where its `members` fit one page of `size`.
    pub fn mark(&mut self, group: &Group, members: i64, size: u32) -> Result<()> {
        let prefix = group.digest().0;
        let mut marks: Vec<SliceMark> = Vec::new();
        let mut digester = Digester::default();
        let mut count = 0_u32;
        self.tables.scan_prefix(Table::Members, &prefix, |key, value| {
            if count.is_multiple_of(size) {
                if let Some(last) = marks.last_mut() {
                    last.digest = std::mem::take(&mut digester).finish();
                }
                marks.push(SliceMark { first: key[16..].to_vec(), digest: Digest::default() });
            }
            digester.part(value);
            count += 1;
            Ok(ControlFlow::Continue(()))
        })?;
        if let Some(last) = marks.last_mut() {
            last.digest = digester.finish();
        }
        if members <= i64::from(size) {
            marks.clear();
        }
        let mut old = Vec::new();
        self.tables.scan_prefix(Table::Slices, &prefix, |_, value| {
            old.push(postcard::from_bytes::<SliceMark>(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        for index in 0..old.len().max(marks.len()) {
            let number = index as u32 + 1;
            self.replace(group, number, old.get(index), marks.get(index))?;
        }
        Ok(())
    }

    /// Marks the slices anew in which members look different at `places`, where none came or went.
    pub fn mark_around(&mut self, group: &Group, places: &[Vec<u8>], members: i64, size: u32) -> Result<()> {
        let pages = (members.max(0) as u32).div_ceil(size);
        if pages < 2 {
            return Ok(());
        }
        let mut numbers = BTreeSet::new();
        for place in places {
            match self.slice_of(group, place, pages)? {
                Some(number) => drop(numbers.insert(number)),
                None => return self.mark(group, members, size),
            }
        }
        for number in numbers {
            let Some(old) = self.known(group, number)? else { return self.mark(group, members, size) };
            let prefix = group.digest().0;
            let (mut digester, mut count) = (Digester::default(), 0);
            self.tables.scan(Table::Members, &[&prefix[..], &old.first].concat(), |key, value| {
                if count == size || !key.starts_with(&prefix) {
                    return Ok(ControlFlow::Break(()));
                }
                digester.part(value);
                count += 1;
                Ok(ControlFlow::Continue(()))
            })?;
            let new = SliceMark { first: old.first.clone(), digest: digester.finish() };
            self.replace(group, number, Some(&old), Some(&new))?;
        }
        Ok(())
    }

    /// The slice that a place is in: the last that begins at or before it.
    fn slice_of(&self, group: &Group, place: &[u8], pages: u32) -> Result<Option<u32>> {
        let (mut low, mut high) = (1, pages);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let Some(mark) = self.known(group, middle)? else { return Ok(None) };
            if mark.first.as_slice() <= place { low = middle } else { high = middle - 1 }
        }
        Ok(Some(low))
    }

    fn known(&self, group: &Group, number: u32) -> Result<Option<SliceMark>> {
        self.tables.value(Table::Slices, &keys::slice(group, number))
    }

    fn replace(
        &mut self,
        group: &Group,
        number: u32,
        before: Option<&SliceMark>,
        after: Option<&SliceMark>,
    ) -> Result<()> {
        if before == after {
            return Ok(());
        }
        if before.map(|mark| mark.digest) != after.map(|mark| mark.digest) {
            self.changes.note_because(&Cell::Slice(group.clone(), number), self.causes);
        }
        match after {
            Some(mark) => self.tables.put_value(Table::Slices, &keys::slice(group, number), mark),
            None => self.tables.remove(Table::Slices, &keys::slice(group, number)).map(drop),
        }
    }
}
