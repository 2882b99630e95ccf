//! The index: cards, the groups that they are in, the totals of those, and which pages exist
//! because of them. Applies one record after another and settles the rest at the end. Knows
//! nothing of files.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::catalog::group::{contribution, memberships};
use crate::catalog::keys;
use crate::catalog::{Cell, Group, Membership, Totals};
use crate::config::Settings;
use crate::digest::Digest;
use crate::engine::arena::PageChanges;
use crate::engine::changes::{Causes, Changes};
use crate::engine::explain::differences;
use crate::engine::sync::index_writer::Places;
use crate::engine::sync::list_pages::{Slices, Touched};
use crate::model::card::CardDetails;
use crate::model::{Card, Kind, RecordId};
use crate::site::Route;
use crate::site::routes::{country_card, per_page};
use crate::state::{Store, Table, Tables};

/// Applies cards to the state.
pub struct Index<'i, 't> {
    pub tables: &'i mut Tables<'t>,
    pub changes: &'i mut Changes,
    pub settings: &'i Settings,
    pub pages: PageChanges,
    /// Members that come and go.
    pub places: Places,
    dirty: FxHashMap<Group, Dirt>,
    /// Parks whose part in their country's totals may have changed.
    parks: FxHashSet<Box<str>>,
    /// Records that were given cards, by number: most references need no look-up, and in a first
    /// build no other record has one.
    pub met: FxHashSet<u64>,
    /// Whether the state knew nothing before.
    pub first: bool,
    /// Because of which the group that is being settled changed.
    causes: Causes,
    /// Aliases that are no URL paths, by record.
    pub bad_urls: Vec<(RecordId, String)>,
    /// Records and countries whose cards have gone.
    gone: BTreeSet<RecordId>,
}

/// What has come of all that was applied.
pub struct Settled<'i, 't> {
    /// Pages that have come to exist, and that are no more.
    pub pages: PageChanges,
    /// Records that have cards by now, by number.
    pub met: FxHashSet<u64>,
    /// Records and countries that are no more.
    pub gone: BTreeSet<RecordId>,
    pub tables: &'i mut Tables<'t>,
}

/// What has happened to a group.
#[derive(Clone, Debug, Default)]
struct Dirt {
    totals: Totals,
    /// Which members came, went, moved or look different.
    touched: Touched,
    /// Because of what.
    causes: Causes,
}

/// The part of a card that is its link.
#[derive(serde::Serialize)]
struct LinkOf<'c> {
    name: &'c str,
    url: &'c str,
}

impl<'c> LinkOf<'c> {
    fn of(card: &'c Card) -> Self {
        Self { name: &card.name, url: &card.url }
    }
}

/// What a park adds to its country.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
struct Share {
    country: Option<String>,
    rides: i64,
    coasters: i64,
}

impl<'i, 't> Index<'i, 't> {
    /// An index over `tables`, with nothing applied yet.
    pub fn new(tables: &'i mut Tables<'t>, changes: &'i mut Changes, settings: &'i Settings, first: bool) -> Self {
        Self {
            tables,
            changes,
            settings,
            pages: PageChanges::default(),
            places: Places::default(),
            dirty: FxHashMap::default(),
            parks: FxHashSet::default(),
            met: FxHashSet::default(),
            first,
            causes: Causes::default(),
            bad_urls: Vec::new(),
            gone: BTreeSet::new(),
        }
    }

    /// Whether nothing can be known of a record: in a first build, of any that was given no card yet.
    pub fn is_unknown(&self, id: &RecordId) -> bool {
        self.first && !self.met.contains(&id.short())
    }

    /// Replaces the card of a record; `None` where the record is no more.
    pub fn apply(&mut self, id: &RecordId, new: Option<&Card>) -> Result<()> {
        let key = keys::record(id);
        let encoded = new.map(postcard::to_allocvec).transpose()?;
        let met = if new.is_some() { !self.met.insert(id.short()) } else { self.met.remove(&id.short()) };
        let unknown = self.first && !met;
        let old: Option<Vec<u8>> =
            if unknown { None } else { self.tables.bytes(Table::Cards, &key, <[u8]>::to_vec)? };
        if old == encoded {
            return Ok(());
        }
        let old_card: Option<Card> = old.as_deref().map(postcard::from_bytes).transpose()?;
        self.changes.note_with(&Cell::Card(id.clone()), || match (&old_card, new) {
            (Some(old), Some(new)) => differences::fields(old, new),
            (Some(_), None) => Some("it is gone".to_owned()),
            (None, _) => (!unknown).then(|| "it is new".to_owned()),
        });
        let name_and_url = |card: &Card| (card.name.clone(), card.url.clone());
        if old_card.as_ref().map(name_and_url) != new.map(name_and_url) {
            self.changes.note_with(&Cell::Link(id.clone()), || match (&old_card, new) {
                (Some(old), Some(new)) => differences::fields(&LinkOf::of(old), &LinkOf::of(new)),
                _ => None,
            });
        }
        match &encoded {
            Some(bytes) => {
                self.tables.put(Table::Cards, &key, bytes)?;
                self.gone.remove(id);
            }
            None => {
                self.tables.remove(Table::Cards, &key)?;
                self.gone.insert(id.clone());
            }
        }
        if id.kind == Kind::Park {
            self.parks.insert(id.key.clone());
        }
        self.move_between_groups(id, old_card.as_ref().zip(old.as_deref()), new.zip(encoded.as_deref()))?;
        self.change_pages(id, old_card.as_ref(), new);
        Ok(())
    }

    fn move_between_groups(
        &mut self,
        id: &RecordId,
        old: Option<(&Card, &[u8])>,
        new: Option<(&Card, &[u8])>,
    ) -> Result<()> {
        let of = |card: Option<(&Card, &[u8])>| match card {
            Some((card, bytes)) => (memberships(id, card, Digest::of(bytes)), contribution(card)),
            None => (Vec::new(), Totals::default()),
        };
        let (before, took) = of(old);
        let (after, gives) = of(new);
        let cause = (!self.first).then(|| Cell::Card(id.clone()).id());
        for membership in &before {
            let dirt = self.dirty.entry(membership.group.clone()).or_default();
            dirt.totals = dirt.totals.plus(took, -1);
            if !membership.is_placed_among(&after) {
                dirt.touched.add(None);
                cause.into_iter().for_each(|cause| dirt.causes.add(cause));
                let key = keys::member(membership.group.digest(), &membership.sort);
                self.places.set(self.tables, key, None)?;
            }
        }
        for membership in after {
            let Membership { group, sort, .. } = &membership;
            let dirt = self.dirty.entry(group.clone()).or_default();
            dirt.totals = dirt.totals.plus(gives, 1);
            if !before.contains(&membership) {
                dirt.touched.add(membership.is_placed_among(&before).then_some(sort));
                cause.into_iter().for_each(|cause| dirt.causes.add(cause));
                let (key, value) = (keys::member(group.digest(), sort), keys::member_value(id, &membership));
                self.places.set(self.tables, key, Some(value))?;
            }
        }
        Ok(())
    }

    fn change_pages(&mut self, id: &RecordId, old: Option<&Card>, new: Option<&Card>) {
        let routes = |card: Option<&Card>| card.map_or_else(Vec::new, |card| Route::of_card(id, card));
        let (before, after) = (routes(old), routes(new));
        for route in before.iter().filter(|route| !after.contains(route)) {
            self.remove_page(route);
        }
        for route in after.into_iter().filter(|route| !before.contains(route)) {
            self.add_page(route);
        }
    }

    /// Notes a page that has come to exist.
    pub fn add_page(&mut self, route: Route) {
        match route.url() {
            Some(url) => self.pages.add(&url.file(), &route),
            None => {
                if let Route::Redirect(url, id) = route {
                    self.bad_urls.push((id, url));
                }
            }
        }
    }

    /// Notes a page that is no more.
    pub fn remove_page(&mut self, route: &Route) {
        if let Some(url) = route.url() {
            self.pages.remove(url.file(), route);
        }
    }

    /// Settles totals, countries, slices and list pages, once all records are applied.
    pub fn settle(mut self) -> Result<Settled<'i, 't>> {
        let first = std::mem::take(&mut self.dirty);
        for group in first.keys() {
            if let Group::RidesOfPark(park) = group {
                self.parks.insert(park.as_str().into());
            }
        }
        self.settle_groups(first)?;
        self.share_out_parks()?;
        let second = std::mem::take(&mut self.dirty);
        let countries: Vec<String> = second
            .keys()
            .filter_map(|group| if let Group::ParksOfCountry(code) = group { Some(code.clone()) } else { None })
            .collect();
        self.settle_groups(second)?;
        self.settle_countries(countries)?;
        let third = std::mem::take(&mut self.dirty);
        self.settle_groups(third)?;
        Ok(Settled { pages: self.pages, met: self.met, gone: self.gone, tables: self.tables })
    }

    fn settle_groups(&mut self, dirty: FxHashMap<Group, Dirt>) -> Result<()> {
        self.places.flush(self.tables)?;
        let mut dirty: Vec<(Group, Dirt)> = dirty.into_iter().collect();
        dirty.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        for (group, dirt) in dirty {
            let key = group.digest().0;
            let old: Totals = self.tables.value(Table::Totals, &key)?.unwrap_or_default();
            let new = old.plus(dirt.totals, 1);
            if new != old {
                self.changes.note_because(&Cell::Totals(group.clone()), dirt.causes);
                if new.counts() != old.counts() {
                    self.changes.note_because(&Cell::Counts(group.clone()), dirt.causes);
                }
                if new.is_empty() {
                    self.tables.remove(Table::Totals, &key)?;
                } else {
                    self.tables.put_value(Table::Totals, &key, &new)?;
                }
            }
            if !dirt.touched.is_nothing() {
                self.changes.note_because(&Cell::Group(group.clone()), dirt.causes);
                self.causes = dirt.causes;
                if let Some(size) = per_page(&group, &self.settings.per_page) {
                    match dirt.touched {
                        Touched::InPlace(places) if old.members == new.members => {
                            self.slices().mark_around(&group, &places, new.members, size)?;
                        }
                        _ => self.cut(&group, old.members, new.members, size)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn slices(&mut self) -> Slices<'_, 't> {
        Slices { tables: self.tables, changes: self.changes, causes: self.causes }
    }

    /// Works out anew every slice of a group, and which of its pages exist.
    fn cut(&mut self, group: &Group, old_members: i64, members: i64, size: u32) -> Result<()> {
        if members > i64::from(size) || old_members > i64::from(size) {
            self.slices().mark(group, members, size)?;
        }
        let before = Route::numbers(group, old_members, size);
        let after = Route::numbers(group, members, size);
        for number in before.clone().filter(|number| !after.contains(number)) {
            if let Some(route) = Route::of_group(group, number) {
                self.remove_page(&route);
            }
        }
        for number in after.filter(|number| !before.contains(number)) {
            if let Some(route) = Route::of_group(group, number) {
                self.add_page(route);
            }
        }
        Ok(())
    }

    /// Cuts every group anew whose page size is one of the changed settings.
    pub fn resize_pages(&mut self, old_sizes: impl Fn(&Group) -> Option<u32>) -> Result<()> {
        self.places.flush(self.tables)?;
        let mut groups = vec![Group::Parks, Group::Rides, Group::Companies, Group::Articles];
        self.tables.scan(Table::Cards, b"", |key, _| {
            let id = keys::record_id(key)?;
            groups.extend(match id.kind {
                Kind::Company => Some(Group::RidesOfCompany(id.key.into())),
                Kind::Model => Some(Group::RidesOfModel(id.key.into())),
                Kind::Country => Some(Group::ParksOfCountry(id.key.into())),
                _ => None,
            });
            Ok(ControlFlow::Continue(()))
        })?;
        for group in groups {
            let Some(size) = per_page(&group, &self.settings.per_page) else { continue };
            let Some(old_size) = old_sizes(&group).filter(|old| *old != size) else { continue };
            let totals: Totals = self.tables.value(Table::Totals, &group.digest().0)?.unwrap_or_default();
            for number in Route::numbers(&group, totals.members, old_size) {
                if let Some(route) = Route::of_group(&group, number) {
                    self.remove_page(&route);
                }
            }
            let mut stale = Vec::new();
            self.tables.scan_prefix(Table::Slices, &group.digest().0, |key, _| {
                stale.push(key.to_vec());
                Ok(ControlFlow::Continue(()))
            })?;
            for (index, key) in stale.iter().enumerate() {
                self.tables.remove(Table::Slices, key)?;
                self.changes.note(&Cell::Slice(group.clone(), index as u32 + 1));
            }
            self.cut(&group, 0, totals.members, size)?;
        }
        Ok(())
    }

    /// Moves what parks add to their countries' totals.
    fn share_out_parks(&mut self) -> Result<()> {
        let mut parks: Vec<Box<str>> = std::mem::take(&mut self.parks).into_iter().collect();
        parks.sort_unstable();
        for park in parks {
            let id = RecordId::new(Kind::Park, park);
            let key = Digest::of_parts([b"share of a park".as_slice(), id.key.as_bytes()]).0;
            let old: Share = self.tables.value(Table::Totals, &key)?.unwrap_or_default();
            let card: Option<Card> = self.tables.value(Table::Cards, &keys::record(&id))?;
            let new = match card.map(|card| card.details) {
                Some(CardDetails::Park { country, .. }) => {
                    let group = Group::RidesOfPark(id.key.to_string());
                    let totals: Totals = self.tables.value(Table::Totals, &group.digest().0)?.unwrap_or_default();
                    Share { country, rides: totals.members, coasters: totals.coasters }
                }
                _ => Share::default(),
            };
            if new == old {
                continue;
            }
            for (share, times) in [(&old, -1), (&new, 1)] {
                if let Some(country) = &share.country {
                    let counted = Totals { rides: share.rides, coasters: share.coasters, ..Totals::default() };
                    let dirt = self.dirty.entry(Group::ParksOfCountry(country.clone())).or_default();
                    dirt.totals = dirt.totals.plus(counted, times);
                    dirt.causes.add(Cell::Counts(Group::RidesOfPark(id.key.to_string())).id());
                    dirt.causes.add(Cell::Card(id.clone()).id());
                }
            }
            if new == Share::default() {
                self.tables.remove(Table::Totals, &key)?;
            } else {
                self.tables.put_value(Table::Totals, &key, &new)?;
            }
        }
        Ok(())
    }

    /// A country exists while it has parks, and is called what the settings say.
    fn settle_countries(&mut self, codes: Vec<String>) -> Result<()> {
        for code in codes {
            let totals: Totals =
                self.tables.value(Table::Totals, &Group::ParksOfCountry(code.clone()).digest().0)?.unwrap_or_default();
            let card = (totals.members > 0).then(|| country_card(&code, self.settings));
            self.apply(&RecordId::new(Kind::Country, code), card.as_ref())?;
        }
        Ok(())
    }

    /// Gives every country the name that the settings say, after those changed.
    pub fn rename_countries(&mut self) -> Result<()> {
        let mut codes = Vec::new();
        self.tables.scan_prefix(Table::Cards, &[Kind::Country.number()], |key, _| {
            codes.push(keys::record_id(key)?.key.to_string());
            Ok(ControlFlow::Continue(()))
        })?;
        self.settle_countries(codes)
    }
}
