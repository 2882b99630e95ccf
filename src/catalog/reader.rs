//! The reader of one page: hands out records, cards, groups and settings, and notes each as a
//! reading. There is no other way from the state to a page. Knows nothing of templates.

use std::cell::{Cell as StdCell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::cell::{Cell, CellId};
use super::group::{Group, Totals};
use super::shared::{Link, SharedValue};
use super::{Catalog, Picture, keys};
use crate::assets::{Asset, Assets};
use crate::digest::Digest;
use crate::media::Variant;
use crate::model::{Card, PartialDate, Photo, Record, RecordId, Review};
use crate::paths::{PublicPath, RelPath};
use crate::render::{Ids, Map, Value};
use crate::state::{Store, Table};

/// Reads on behalf of one page.
pub struct Reader {
    catalog: Arc<Catalog>,
    /// Readings made while the view was built, then those made by the template.
    view: RefCell<FxHashSet<CellId>>,
    template: RefCell<FxHashSet<CellId>>,
    /// Which of the two sets notes go to.
    rendering: StdCell<bool>,
    /// The files of pictures that the page shows.
    demands: RefCell<BTreeMap<RelPath, Variant>>,
    /// The numbers of the URLs of records that it was told.
    linked: RefCell<Vec<CellId>>,
    /// Readings made while a shared value is being made.
    captured: RefCell<Option<Vec<CellId>>>,
    /// Shared values that were handed out, by where their maps lie.
    handed_out: RefCell<FxHashMap<usize, Arc<SharedValue>>>,
    /// The cells by name, where somebody asked for them (`why`).
    named: Option<RefCell<Vec<Cell>>>,
}

/// What a page read: cells that went into its view, and cells that its template asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Readings {
    /// Sorted numbers of the cells that the view was built from.
    pub view: Vec<CellId>,
    /// Sorted numbers of the cells read while rendering, the template among them.
    pub template: Vec<CellId>,
}

/// One page of a group.
#[derive(Debug)]
pub struct Slice {
    /// Its members, in order.
    pub members: Vec<RecordId>,
    /// Members of the whole group.
    pub total: u32,
    /// Pages of the group, at least 1.
    pub pages: u32,
    /// This page's number, from 1.
    pub number: u32,
    /// Index of its first member, from 0.
    pub start: u32,
}

impl Reader {
    /// A reader with nothing noted yet.
    pub fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            view: RefCell::default(),
            template: RefCell::default(),
            rendering: StdCell::new(false),
            demands: RefCell::default(),
            linked: RefCell::default(),
            captured: RefCell::default(),
            handed_out: RefCell::default(),
            named: None,
        }
    }

    /// A reader that also keeps the names of what is read.
    pub fn with_names(catalog: Arc<Catalog>) -> Self {
        Self { named: Some(RefCell::default()), ..Self::new(catalog) }
    }

    /// From now on readings are the template's.
    pub fn begin_rendering(&self) {
        self.rendering.set(true);
    }

    /// Everything noted.
    pub fn readings(&self) -> Readings {
        let sorted = |set: &RefCell<FxHashSet<CellId>>| {
            let mut ids: Vec<CellId> = set.borrow().iter().copied().collect();
            ids.sort_unstable();
            ids
        };
        Readings { view: sorted(&self.view), template: sorted(&self.template) }
    }

    /// The names of everything noted, sorted; empty unless asked for.
    pub fn names(&self) -> Vec<Cell> {
        let mut cells = self.named.as_ref().map(|cells| cells.borrow().clone()).unwrap_or_default();
        cells.sort();
        cells.dedup();
        cells
    }

    fn note(&self, cell: Cell) {
        self.note_id(cell.id());
        if let Some(named) = &self.named {
            named.borrow_mut().push(cell);
        }
    }

    fn note_id(&self, id: CellId) {
        let set = if self.rendering.get() { &self.template } else { &self.view };
        set.borrow_mut().insert(id);
        if let Some(captured) = &mut *self.captured.borrow_mut() {
            captured.push(id);
        }
    }

    /// The template value of a record's card, made by `make` unless another page has had it made
    /// in this build. Either way its readings are this page's.
    pub fn shared(&self, id: &RecordId, make: impl FnOnce() -> Result<Value>) -> Result<Value> {
        if self.named.is_some() {
            return make();
        }
        if let Some(shared) = self.catalog.shared.get(id) {
            shared.readings.iter().for_each(|cell| self.note_id(*cell));
            return Ok(self.hand_out(shared));
        }
        let shared = self.catalog.shared.make(id, || {
            let outer = self.captured.replace(Some(Vec::new()));
            let value = make();
            let readings = self.captured.replace(outer).unwrap_or_default();
            Ok(SharedValue::new(value?, readings))
        })?;
        if let Some(captured) = &mut *self.captured.borrow_mut() {
            captured.extend(&shared.readings);
        }
        Ok(self.hand_out(shared))
    }

    fn hand_out(&self, shared: Arc<SharedValue>) -> Value {
        let value = shared.value.clone();
        if let Some(map) = value.as_map() {
            self.handed_out.borrow_mut().insert(std::ptr::from_ref(map).addr(), shared);
        }
        value
    }

    /// The digest of a map, if it is that of a shared value which was handed out to this page.
    pub fn digest_of(&self, map: &Map) -> Option<Digest> {
        // What was handed out is kept, so that nothing else can come to lie in its place.
        self.handed_out.borrow().get(&std::ptr::from_ref(map).addr()).map(|shared| shared.digest)
    }

    /// The template value of a date, made by `make` unless another page has had it made.
    pub fn shared_date(&self, date: &PartialDate, make: impl FnOnce() -> Value) -> Value {
        self.catalog.shared.date(date, make)
    }

    /// A record with its prose.
    pub fn record(&self, id: &RecordId) -> Result<Option<Record>> {
        self.note(Cell::Record(id.clone()));
        self.catalog.record(id)
    }

    /// The file or unit of rows that a record came from, a part of the record.
    pub fn origin(&self, id: &RecordId) -> Result<Option<String>> {
        self.note(Cell::Record(id.clone()));
        self.catalog.origin(id)
    }

    /// The record that came from a content file, by its path below `content/`.
    pub fn record_in(&self, path: &str) -> Result<Option<RecordId>> {
        self.note(Cell::File(path.to_owned()));
        self.catalog.record_in(path)
    }

    /// The card of a record.
    pub fn card(&self, id: &RecordId) -> Result<Option<Card>> {
        self.note(Cell::Card(id.clone()));
        self.catalog.card(id)
    }

    /// The card of a member of a group whose reading covers it already.
    pub fn member_card(&self, id: &RecordId) -> Result<Option<Card>> {
        self.catalog.card(id)
    }

    /// Name and URL of a record.
    pub fn link(&self, id: &RecordId) -> Result<Option<Arc<Link>>> {
        self.note(Cell::Link(id.clone()));
        let link = self.catalog.link(id)?;
        self.linked.borrow_mut().extend(link.iter().map(|link| link.address));
        Ok(link)
    }

    /// The numbers of the URLs of all records that it was told: should one of them go, this page is
    /// made again.
    pub fn addresses(&self) -> FxHashSet<CellId> {
        let handed_out = self.handed_out.borrow();
        let shared = handed_out.values().flat_map(|shared| shared.addresses.iter().copied());
        let linked = self.linked.borrow();
        let mut all = FxHashSet::with_capacity_and_hasher(linked.len() + 4 * handed_out.len(), Default::default());
        all.extend(linked.iter().copied().chain(shared));
        all
    }

    /// The approved reviews of a record, newest first.
    pub fn reviews(&self, id: &RecordId) -> Result<Vec<Review>> {
        self.note(Cell::Reviews(id.clone()));
        Ok(self.catalog.snapshot.value(Table::Reviews, &keys::record(id))?.unwrap_or_default())
    }

    /// The approved photos of a record.
    pub fn photos(&self, id: &RecordId) -> Result<Vec<Photo>> {
        self.note(Cell::Photos(id.clone()));
        Ok(self.catalog.snapshot.value(Table::Photos, &keys::record(id))?.unwrap_or_default())
    }

    /// The totals of a group but for its ratings, which are 0 here.
    pub fn counts(&self, group: &Group) -> Result<Totals> {
        self.note(Cell::Counts(group.clone()));
        Ok(self.catalog.totals(group)?.counts())
    }

    /// The totals of a group, for who shows its ratings.
    pub fn totals(&self, group: &Group) -> Result<Totals> {
        self.note(Cell::Totals(group.clone()));
        self.catalog.totals(group)
    }

    /// All members of a group, in order. For groups that stay small, or where all are shown.
    pub fn members(&self, group: &Group) -> Result<Vec<RecordId>> {
        self.note(Cell::Group(group.clone()));
        self.collect(group, &[], usize::MAX)
    }

    /// The same for groups whose members all ask for them, one after another.
    pub fn shared_members(&self, group: &Group) -> Result<Arc<Vec<RecordId>>> {
        self.note(Cell::Group(group.clone()));
        self.catalog.shared.members(group, || self.collect(group, &[], usize::MAX))
    }

    /// The first `limit` members of a group. Notes the whole group.
    pub fn first_members(&self, group: &Group, limit: usize) -> Result<Vec<RecordId>> {
        self.note(Cell::Group(group.clone()));
        self.collect(group, &[], limit)
    }

    /// Page `number` (from 1) of a group. Where the group has more than one page, only that page
    /// and the counts are noted, so that a change elsewhere in the group does not count.
    pub fn slice(&self, group: &Group, number: u32, per_page: u32) -> Result<Slice> {
        let total = self.counts(group)?.members.max(0) as u32;
        let pages = total.div_ceil(per_page).max(1);
        let start = (number - 1) * per_page;
        let members = if pages == 1 {
            self.members(group)?
        } else {
            self.note(Cell::Slice(group.clone(), number));
            let mark = self.catalog.slice_mark(group, number)?;
            mark.map_or(Ok(Vec::new()), |mark| self.collect(group, &mark, per_page as usize))?
        };
        Ok(Slice { members, total, pages, number, start })
    }

    fn collect(&self, group: &Group, from: &[u8], limit: usize) -> Result<Vec<RecordId>> {
        let mut members = Vec::new();
        let prefix = group.digest().0;
        let start = [&prefix[..], from].concat();
        self.catalog.snapshot.scan(Table::Members, &start, |key, value| {
            if !key.starts_with(&prefix) || members.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            members.push(keys::member_id(value)?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(members)
    }

    /// The settings that nearly every page shows.
    pub fn site(&self) -> &crate::config::SiteSettings {
        self.note(Cell::Setting("site".to_owned()));
        &self.catalog.settings.site
    }

    /// What a path of the site is called by the outside: the one door through which paths become URLs. Not a reading
    /// by itself: every page with a template reads the settings that say it; others must ask for `base_path`.
    pub fn public<'p>(&self, path: &'p str) -> PublicPath<'p> {
        self.catalog.settings.site.base_path.public(path)
    }

    /// The template value of those settings, made by `make` for the first page that asks and
    /// shared by all.
    pub fn site_value(&self, make: impl FnOnce() -> Value) -> Value {
        self.note(Cell::Setting("site".to_owned()));
        self.catalog.shared.site.get_or_init(make).clone()
    }

    /// All settings, of which the page reads the one called `name`.
    pub fn setting(&self, name: &str) -> &crate::config::Settings {
        self.note(Cell::Setting(name.to_owned()));
        &self.catalog.settings
    }

    /// The name of a country.
    pub fn country_name(&self, code: &str) -> String {
        self.note(Cell::Setting(format!("countries.{code}")));
        super::country_name(&self.catalog.settings, code).to_owned()
    }

    /// A template, which the page is about to be rendered with.
    pub fn template(&self, name: &str) {
        self.note(Cell::Template(name.to_owned()));
    }

    /// The ids that pages made with a template use; none of one that there is not.
    pub fn ids_of(&self, template: &str) -> &Ids {
        static NONE: Ids = Ids::new();
        self.note(Cell::Template(template.to_owned()));
        self.catalog.ids.get(template).unwrap_or(&NONE)
    }

    /// An asset by its path below `assets/`, or by the name of its source in a bundle.
    pub fn asset(&self, name: &str) -> Option<&Asset> {
        self.note(Cell::Asset(name.to_owned()));
        self.catalog.assets.find(name)
    }

    /// The text of an asset that there is.
    pub fn asset_text(&self, name: &str) -> Result<String> {
        self.note(Cell::Asset(name.to_owned()));
        self.catalog.assets.text(name)
    }

    /// URLs of the style sheets and of the imported scripts of a source in a bundle; nothing for
    /// any other asset.
    pub fn bundled(&self, name: &str) -> (&[String], &[String]) {
        self.note(Cell::Asset(name.to_owned()));
        self.catalog.assets.bundled.get(name).map_or((&[], &[]), |bundled| (&bundled.css, &bundled.imports))
    }

    /// All assets.
    pub fn assets(&self) -> &Assets {
        self.note(Cell::Assets);
        &self.catalog.assets
    }

    /// A picture below `content/`; `None` where there is no such file.
    pub fn picture(&self, path: &str) -> Result<Option<Picture>> {
        self.note(Cell::Picture(path.to_owned()));
        self.catalog.snapshot.value(Table::Pictures, path.as_bytes())
    }

    /// Notes that the page shows the file that `variant` makes, which will be there when the build
    /// is done. Only for templates: what a view shows of a picture must not depend on it.
    pub fn demand(&self, file: RelPath, variant: Variant) {
        self.demands.borrow_mut().insert(file, variant);
    }

    /// Everything demanded.
    pub fn demands(&self) -> BTreeMap<RelPath, Variant> {
        self.demands.borrow().clone()
    }

    /// The key of the record of that kind whose key is nearest to one that there is none of, for suggestions in
    /// errors; not a reading.
    pub fn near(&self, id: &RecordId) -> Result<Option<String>> {
        self.catalog.near(id)
    }

    /// Every name of an asset, for suggestions in errors; not a reading.
    pub fn asset_names(&self) -> impl Iterator<Item = &str> + Clone {
        self.catalog.assets.names()
    }
}
