//! The memory of a build: what the next one has to know of it besides records and pages.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};
use serde::{Deserialize, Serialize};

use super::changes::Changes;
use super::context::Build;
use super::explain::previous_inputs;
use super::links::address;
use super::scan::OutputScan;
use super::scan::inputs::Surroundings;
use super::scan::scope::Look;
use crate::catalog::Cell;
use crate::config::Settings;
use crate::config::hosting::HostFile;
use crate::digest::Digest;
use crate::source;
use crate::stamp::Clockwork;
use crate::state::{Store, Table, Tables};

/// What one build remembers for the next, besides records and pages.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    /// How many builds there have been; 0 before the first was finished.
    pub build: u64,
    /// Whether the build that wrote this went on to the end.
    pub unfinished: bool,
    /// Settings, templates and assets: name of the cell, digest.
    pub cells: BTreeMap<String, Digest>,
    /// What is needed to tell what is different about settings and templates.
    pub told: previous_inputs::Told,
    /// What content was parsed with, besides the moment.
    pub parsing: Option<Parsing>,
    /// The moment of the build.
    pub now: i64,
    /// Moments at which a file says something else, sorted.
    pub moments: Vec<(i64, String)>,
    /// Path and URL of every published asset; one may have two URLs.
    pub asset_urls: BTreeSet<(String, String)>,
    /// The files for servers and hosts.
    pub host_files: BTreeSet<HostFile>,
    /// Page sizes: parks, rides, companies, articles.
    pub per_page: Option<[u32; 4]>,
    /// Whether content files hold records; `None` before the first build.
    pub from_files: Option<bool>,
    /// The file system's clock when the last output had been written.
    pub settled: Clockwork,
    /// What links were looked at with; `None` where nobody looked.
    pub links: Option<Digest>,
    /// How far a database has been read.
    pub seen: Option<source::postgres::Seen>,
    /// How many of the outputs are pages.
    pub pages: i64,
    /// What was checked out when the dates of commits were last asked for; nothing where they are not.
    pub commits: Option<String>,
}

/// What rows and files are read by besides the moment: drafts, the rating scale, whether HTML is trusted, and the
/// folder of the photos of rows.
pub type Parsing = (bool, u32, bool, Option<String>);

/// With what content is read.
pub fn parsing(reading: &source::Reading, settings: &Settings) -> Parsing {
    (reading.drafts, reading.rating_scale, reading.trust_html, settings.photos.folder.clone())
}

impl Memory {
    /// That of the last build; an empty one where there was none.
    pub fn load(store: &impl Store) -> Result<Self> {
        Ok(store.value(Table::Meta, b"memory")?.unwrap_or_default())
    }

    /// That of a site that has been built; fails where it has not been.
    pub fn of_a_build(store: &impl Store) -> Result<Self> {
        let memory = Self::load(store)?;
        if memory.build == 0 {
            bail!("this site has not been built yet by this version; run `lifthill build` first");
        }
        Ok(memory)
    }

    /// Keeps it, and whether the build goes on after that.
    pub fn store(&self, tables: &mut Tables<'_>, unfinished: bool) -> Result<()> {
        tables.put_value(Table::Meta, b"memory", &Self { unfinished, ..self.clone() })
    }

    /// The memory of the build that is now beginning.
    pub fn after(&self, build: &Build<'_>, around: &Surroundings, reading: &source::Reading) -> Self {
        let sizes = build.settings.per_page;
        let cells = around.cells(&build.settings);
        Self {
            build: self.build + 1,
            unfinished: true,
            cells: cells.iter().map(|(name, (_, digest))| (name.clone(), *digest)).collect(),
            told: previous_inputs::told(&build.settings, &around.templates),
            parsing: Some(parsing(reading, &build.settings)),
            now: reading.now,
            moments: self.moments.clone(),
            asset_urls: around.assets.published(),
            host_files: build.settings.hosting.files().into_iter().collect(),
            per_page: Some([sizes.parks, sizes.rides, sizes.companies, sizes.articles]),
            from_files: Some(build.settings.source.has_files()),
            settled: Clockwork::default(),
            links: address::looked_with(&build.settings),
            seen: self.seen.clone(),
            pages: self.pages,
            commits: self.commits.clone(),
        }
    }

    /// Notes settings, templates and assets that are other than in this memory.
    pub fn compare(&self, settings: &Settings, around: &Surroundings, changes: &mut Changes) {
        let cells = &around.cells(settings);
        let mut now = None;
        for (name, (cell, digest)) in cells {
            if self.cells.get(name) != Some(digest) {
                let now = now.get_or_insert_with(|| previous_inputs::told(settings, &around.templates));
                changes.note_with(cell, || previous_inputs::detail(cell, &self.told, now, &around.templates));
            }
        }
        for name in self.cells.keys().filter(|name| !cells.contains_key(*name)) {
            let cell = [
                name.strip_prefix("setting ").map(|name| Cell::Setting(name.to_owned())),
                name.strip_prefix("template ").map(|name| Cell::Template(name.to_owned())),
                name.strip_prefix("asset ").map(|path| Cell::Asset(path.to_owned())),
            ];
            cell.iter().flatten().for_each(|cell| changes.note(cell));
        }
    }

    /// Files that say something else at `now` than at the moment of this memory.
    pub fn files_due(&self, now: i64) -> BTreeSet<String> {
        let (from, to) = (self.now.min(now), self.now.max(now));
        let passed = self.moments.iter().filter(|(moment, _)| (from + 1..=to).contains(moment));
        passed.map(|(_, path)| path.clone()).collect()
    }

    /// How many of the outputs are pages, as the build finds them: counted where it looks at all.
    pub fn outputs(&self, look: &Look, outputs: &OutputScan) -> i64 {
        if matches!(look, Look::Everything) { outputs.known.pages } else { self.pages }
    }

    /// The next moment at which a file says something else.
    pub fn next_moment(&self, now: i64) -> Option<i64> {
        self.moments.iter().map(|(moment, _)| *moment).find(|moment| *moment > now)
    }

    /// Replaces the moments of files that were read.
    pub fn replace_moments(&mut self, parsed: &BTreeSet<String>, new: Vec<(i64, String)>) {
        self.moments.retain(|(_, path)| !parsed.contains(path));
        self.moments.extend(new);
        self.moments.sort();
    }
}
