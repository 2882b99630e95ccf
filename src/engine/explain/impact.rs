//! Impact: which pages would be looked at if something changed, before anybody saves. Reads the
//! state of the last build; renders nothing and writes nothing.
//!
//! What is promised. Whatever is changed about one thing, each page that the next build renders
//! because of it is in the thing's impact before the change, or in its impact after it, or it is a
//! new page. Before covers all that shows the thing where it is; after covers where it has gone
//! to (another park, another maker), which nobody can know beforehand. Not all pages in an impact
//! need be rendered: that depends on what is changed.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::assets;
use crate::cas::Cas;
use crate::catalog::group::memberships;
use crate::catalog::{Cell, Group, Totals, keys};
use crate::config::{self, Settings};
use crate::diagnostics::nearest;
use crate::digest::Digest;
use crate::engine::changes::Changes;
use crate::engine::context::code_digest;
use crate::engine::explain::named;
use crate::engine::explain::why::{first_of, meant_page};
use crate::engine::memory::Memory;
use crate::engine::plan::trace::{Trace, reason, touched};
use crate::engine::scan::inputs::{Surroundings, look_around};
use crate::engine::scan::scope::Look;
use crate::engine::scan::{KnownFile, join, split};
use crate::model::card::CardDetails;
use crate::model::{Card, Kind, RecordId};
use crate::render::TEMPLATES;
use crate::report::Report;
use crate::room::Room;
use crate::site::Route;
use crate::site::routes::per_page;
use crate::source::{self, Place, place};
use crate::state::{Snapshot, State, Store, Table};

/// Which pages would be looked at.
#[derive(Debug, Serialize, Deserialize)]
pub struct Impact {
    /// What was asked about, as understood: records, templates, settings, assets, pictures.
    pub of: Vec<String>,
    /// How many pages by kind.
    pub by_kind: BTreeMap<String, u64>,
    /// The pages.
    pub pages: Vec<Reached>,
}

/// One of these pages.
#[derive(Debug, Serialize, Deserialize)]
pub struct Reached {
    /// Its URL path.
    pub page: String,
    /// Its file below `output/`.
    pub file: String,
    /// Its kind.
    pub kind: String,
    /// What it reads of it.
    pub through: String,
}

/// Says which pages of the site at `root` would be looked at if `subject` changed: a file, a
/// record such as `ride:efteling/python` or its URL, a template, an asset, a setting.
pub fn impact(root: &Path, settings: &Settings, subject: &str) -> Result<Impact> {
    impact_in(&State::peek(root, code_digest(), Room::default())?, root, settings, subject)
}

/// The same, from a state that is open.
pub fn impact_in(state: &State, root: &Path, settings: &Settings, subject: &str) -> Result<Impact> {
    let snapshot = state.snapshot()?;
    Memory::of_a_build(&snapshot)?;
    let around = look_around(
        root,
        settings,
        &Cas::look(state.folder()),
        None,
        &Look::Everything,
        Room::default(),
        &mut Report::default(),
    )?;
    let asked = Asked { snapshot: &snapshot, settings, around: &around };
    let mut reach = Reach::default();
    asked.resolve(subject, &mut reach)?;
    let mut found = Impact { of: reach.of.into_iter().collect(), by_kind: BTreeMap::new(), pages: Vec::new() };
    asked.snapshot.scan(Table::Pages, b"", |file, bytes| {
        if reach.everything || touched(bytes, &reach.cells).is_some() {
            let route = Trace::decode(bytes)?.facts.route;
            let through = reason(bytes, &reach.cells).replace(" changed", "");
            let kind = route.kind().to_owned();
            *found.by_kind.entry(kind.clone()).or_default() += 1;
            found.pages.push(Reached {
                page: route.url().map(|url| url.to_string()).unwrap_or_default(),
                file: String::from_utf8_lossy(file).into_owned(),
                kind,
                through,
            });
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// What may change when the subject does.
#[derive(Default)]
struct Reach {
    of: BTreeSet<String>,
    cells: Changes,
    /// Whether all content would be read anew.
    everything: bool,
}

/// What an answer is found in.
struct Asked<'a> {
    snapshot: &'a Snapshot,
    settings: &'a Settings,
    around: &'a Surroundings,
}

impl Asked<'_> {
    fn resolve(&self, subject: &str, reach: &mut Reach) -> Result<()> {
        let subject = named::bare(subject);
        if subject == config::FILE {
            self.settings.values().keys().for_each(|name| self.setting(name, reach));
            return Ok(());
        }
        let below = |folder: &str| subject.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'));
        if let Some(path) = below(source::FOLDER) {
            return self.file(path, reach);
        }
        let reached = self.around.templates.reach();
        let template = below(TEMPLATES).unwrap_or(subject);
        if reached.contains_key(template) || below(TEMPLATES).is_some() {
            reach.of.insert(format!("template {template}"));
            reach.cells.note(&Cell::Template(template.to_owned()));
            for (name, _) in reached.iter().filter(|(_, reached)| reached.files.contains(template)) {
                reach.cells.note(&Cell::Template(name.clone()));
            }
            return Ok(());
        }
        let asset = below(assets::FOLDER).unwrap_or(subject);
        if self.around.assets.find(asset).is_some() || below(assets::FOLDER).is_some() {
            self.asset(asset, reach);
            return Ok(());
        }
        let setting = subject.strip_prefix("setting ").unwrap_or(subject);
        let values = self.settings.values();
        if values.contains_key(setting) || setting.starts_with("extra.") || setting.starts_with("countries.") {
            self.setting(setting, reach);
            return Ok(());
        }
        if values.get("site").is_some_and(|site| site.get(setting).is_some()) {
            self.setting("site", reach);
            if setting == "base_url" {
                self.setting("base_path", reach);
                reach.cells.note(&Cell::Assets);
                self.around.assets.names().for_each(|name| reach.cells.note(&Cell::Asset(name.to_owned())));
                reached.keys().for_each(|name| reach.cells.note(&Cell::Template(name.clone())));
            }
            return Ok(());
        }
        if let Some(id) = RecordId::parse(subject) {
            return if self.card(&id)?.is_some() { self.record(&id, reach) } else { self.unknown(&id) };
        }
        let meant = named::pages(self.snapshot, self.settings, subject)?;
        if let Some((_, trace)) = first_of(self.snapshot, &meant)? {
            match trace.facts.route {
                Route::Record(id) | Route::Later(id, _) | Route::Redirect(_, id) => self.record(&id, reach)?,
                Route::Asset(asset, _) => self.asset(&asset, reach),
                _ => bail!("{subject} is no record's page: ask about what it is made from"),
            }
            return Ok(());
        }
        let names = values.into_keys().chain(reached.keys().cloned());
        let names: Vec<String> = names.chain(self.around.assets.names().map(str::to_owned)).collect();
        let mut near = nearest(subject, names.iter().map(String::as_str)).map(str::to_owned);
        if let (None, Some(page)) = (&near, meant.first()) {
            near = meant_page(self.snapshot, page)?;
        }
        let help = near.map(|near| format!("; did you mean `{near}`?"));
        bail!("`{subject}` is no file, record, template, asset or setting of this site{}", help.unwrap_or_default())
    }

    fn asset(&self, asset: &str, reach: &mut Reach) {
        reach.of.insert(format!("asset {asset}"));
        reach.cells.note(&Cell::Asset(asset.to_owned()));
        reach.cells.note(&Cell::Assets);
        for other in self.around.assets.that_reach(asset) {
            reach.cells.note(&Cell::Asset(other.to_owned()));
        }
    }

    fn unknown(&self, id: &RecordId) -> Result<()> {
        let mut keys_there = Vec::new();
        self.snapshot.scan_prefix(Table::Cards, &[id.kind.number()], |key, _| {
            keys_there.push(keys::record_id(key)?.key.to_string());
            Ok(ControlFlow::Continue(()))
        })?;
        let help = nearest(&id.key, keys_there.iter().map(String::as_str));
        let help = help.map(|meant| format!("; did you mean `{}:{meant}`?", id.kind.word()));
        bail!("there is no {id} in the last build{}", help.unwrap_or_default())
    }

    /// A content file, or all that lie in a folder, by the path below `content/`.
    fn file(&self, path: &str, reach: &mut Reach) -> Result<()> {
        let mut inside = Vec::new();
        self.snapshot.scan_prefix(Table::Sources, path.as_bytes(), |folder, value| {
            let folder = std::str::from_utf8(folder)?;
            if folder.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
                let files: Vec<KnownFile> = postcard::from_bytes(value)?;
                inside.extend(files.into_iter().map(|file| (join(folder, &file.name), file)));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if !inside.is_empty() {
            return inside.iter().try_for_each(|(path, file)| self.known_file(path, file, reach));
        }
        let (folder, name) = split(path);
        let known: Vec<KnownFile> = self.snapshot.value(Table::Sources, folder.as_bytes())?.unwrap_or_default();
        let Some(file) = known.iter().find(|file| file.name == name) else {
            let meant = nearest(name, known.iter().map(|file| file.name.as_str()));
            let help = meant.map(|meant| format!("; did you mean {}/{folder}/{meant}?", source::FOLDER));
            bail!("{}/{path} was not part of the last build{}", source::FOLDER, help.unwrap_or_default());
        };
        self.known_file(path, file, reach)
    }

    fn known_file(&self, path: &str, file: &KnownFile, reach: &mut Reach) -> Result<()> {
        if let Place::PhotoFile(picture) = place(path) {
            reach.of.insert(format!("picture {picture}"));
            reach.cells.note(&Cell::Picture(picture.clone()));
        }
        reach.cells.note(&Cell::File(path.to_owned()));
        for id in file.records.iter().chain(&file.reviews).chain(&file.photos) {
            self.record(id, reach)?;
        }
        Ok(())
    }

    fn setting(&self, name: &str, reach: &mut Reach) {
        reach.of.insert(format!("setting {name}"));
        reach.cells.note(&Cell::Setting(name.to_owned()));
        if let Some(code) = name.strip_prefix("countries.") {
            let id = RecordId::new(Kind::Country, code);
            [Cell::Card(id.clone()), Cell::Link(id)].iter().for_each(|cell| reach.cells.note(cell));
            for group in [Group::Countries, Group::Sitemap(Kind::Country)] {
                reach.cells.note(&Cell::Group(group.clone()));
                reach.cells.note(&Cell::Slice(group, 1));
            }
        }
        // The best possible rating decides how reviews are read.
        reach.everything |= name == "rating_scale";
    }

    fn card(&self, id: &RecordId) -> Result<Option<Card>> {
        self.snapshot.value(Table::Cards, &keys::record(id))
    }

    /// Everything that may change when anything about a record does.
    fn record(&self, id: &RecordId, reach: &mut Reach) -> Result<()> {
        if !reach.of.insert(id.to_string()) {
            return Ok(());
        }
        let own = [Cell::Record, Cell::Card, Cell::Link, Cell::Reviews, Cell::Photos];
        own.into_iter().for_each(|cell| reach.cells.note(&cell(id.clone())));
        let Some(card) = self.card(id)? else { return Ok(()) };
        for membership in memberships(id, &card, Digest::default()) {
            self.group(membership.group, reach)?;
        }
        match &card.details {
            CardDetails::Ride(_) => {
                let park = RecordId::new(Kind::Park, id.parent_key());
                if let Some(CardDetails::Park { country: Some(code), .. }) = self.card(&park)?.map(|card| card.details)
                {
                    reach.cells.note(&Cell::Counts(Group::ParksOfCountry(code)));
                }
            }
            // A country comes with its first park and goes with its last.
            CardDetails::Park { country: Some(code), .. } => {
                let country = RecordId::new(Kind::Country, code.as_str());
                let of = std::mem::take(&mut reach.of);
                self.record(&country, reach)?;
                reach.of = of;
            }
            _ => {}
        }
        Ok(())
    }

    /// A group, its totals, and all of its pages: a member may move anywhere in it.
    fn group(&self, group: Group, reach: &mut Reach) -> Result<()> {
        let totals: Totals =
            self.snapshot.value(Table::Totals, &group.digest().0).context("totals")?.unwrap_or_default();
        if let Some(size) = per_page(&group, &self.settings.per_page) {
            // One more, should a member be added.
            let pages = (totals.members.max(0) as u32).div_ceil(size) + 1;
            (1..=pages).for_each(|number| reach.cells.note(&Cell::Slice(group.clone(), number)));
        }
        reach.cells.note(&Cell::Totals(group.clone()));
        reach.cells.note(&Cell::Counts(group.clone()));
        reach.cells.note(&Cell::Group(group));
        Ok(())
    }
}
