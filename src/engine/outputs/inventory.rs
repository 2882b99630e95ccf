//! The inventory: every file below `output/` as the last build left it, with the page it is and
//! the tags of what that page read. Holds the state open, so that no build changes anything
//! meanwhile. Knows nothing of where files are published.
//!
//! Tags follow from a page's trace alone, by asking which records and templates have the numbers
//! that stand in it. So they need no place in the state, and are the same whatever history led to
//! the trace.

use std::ops::ControlFlow;
use std::path::Path;

use anyhow::{Result, bail};
use rustc_hash::FxHashMap;

use crate::catalog::{Cell, CellId, keys};
use crate::digest::Digest;
use crate::disk::Disk;
use crate::engine::context::code_digest;
use crate::engine::memory::Memory;
use crate::engine::plan::trace::{self, Facts};
use crate::model::Card;
use crate::output::Written;
use crate::paths::RelPath;
use crate::room::Room;
use crate::site::Route;
use crate::state::{self, Snapshot, State, Store, Table};

/// Tags of one page at most: what CloudFront allows.
pub const MOST_TAGS: usize = 50;

/// Bytes of one page's tags at most, written with commas: what S3 allows for all metadata of an
/// object is 2 KB.
pub const MOST_TAG_BYTES: usize = 1800;

/// Every output of a site.
pub struct Inventory {
    /// The files, by path.
    pub files: Vec<OutputFile>,
    /// The names of tags; files have numbers of these.
    pub tags: Vec<Box<str>>,
    /// The number of the build that made them.
    pub build: u64,
    /// Held so that nobody builds meanwhile.
    held: Held,
}

/// While this lives, nobody builds the site.
pub struct Held {
    _state: State,
}

impl Inventory {
    /// The file at a path.
    pub fn file(&self, path: &str) -> Option<&OutputFile> {
        let found = self.files.binary_search_by(|file| file.path.as_str().cmp(path));
        found.ok().map(|index| &self.files[index])
    }

    /// Only the hold on the site.
    pub fn hold(self) -> Held {
        self.held
    }
}

/// One output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputFile {
    /// Its path below `output/`.
    pub path: RelPath,
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its size in bytes.
    pub size: u64,
    /// The kind of page; empty for a file that is no page, such as a compressed variant.
    pub kind: &'static str,
    /// Whether it is a later page of a list.
    pub later: bool,
    /// The URL path that it sends visitors to, if it is a redirect.
    pub leads_to: Option<String>,
    /// Why it was last rendered, and in which build.
    pub reason: Option<(String, u64)>,
    /// Numbers of its tags, sorted.
    pub tags: Box<[u32]>,
}

impl OutputFile {
    /// A file that is no page, or is not yet known to be one.
    fn bare(path: RelPath, written: &Written) -> Self {
        let (digest, size) = (written.digest, written.stamp.size);
        Self { path, digest, size, kind: "", later: false, leads_to: None, reason: None, tags: Box::default() }
    }
}

/// The inventory of the site at `root`. Fails where there is no finished build of this version.
pub fn inventory(root: &Path) -> Result<Inventory> {
    let mut state = State::open(root, code_digest(), &Disk::default(), Room::default())?;
    match inventory_of(&state) {
        Err(error) if state::is_damage(&error) => {
            // The next build must not believe it either.
            state.begin_anew(code_digest(), &state::could_not_be_read(&error))?;
            bail!("{}; run `lifthill build` first", state::could_not_be_read(&error))
        }
        made => made.map(|(files, tags, build)| Inventory { files, tags, build, held: Held { _state: state } }),
    }
}

/// The files, the names of their tags, and the number of the build.
type Listed = (Vec<OutputFile>, Vec<Box<str>>, u64);

fn inventory_of(state: &State) -> Result<Listed> {
    if let Some(why) = state.fresh() {
        bail!("this site has not been built yet by this version ({why}); run `lifthill build` first");
    }
    let snapshot = state.snapshot()?;
    let memory = Memory::load(&snapshot)?;
    if memory.build == 0 || memory.unfinished {
        bail!("the last build did not come to its end; run `lifthill build` first");
    }
    let mut tags = Tags::of(&snapshot, &memory)?;
    let mut files = Vec::new();
    snapshot.scan(Table::Outputs, b"", |key, value| {
        let Some(path) = RelPath::new(std::str::from_utf8(key)?) else { return Ok(ControlFlow::Continue(())) };
        let written: Written = postcard::from_bytes(value)?;
        let mut file = OutputFile::bare(path, &written);
        let page = snapshot.bytes(Table::Pages, key, |bytes| tags.of_trace(bytes))?;
        if let Some((facts, tags)) = page.transpose()? {
            file.kind = facts.route.kind();
            file.later = matches!(facts.route, Route::Later(..))
                || matches!(facts.route, Route::List(_, number) | Route::Sitemap(_, number) if number > 1);
            if let Route::Redirect(_, id) = &facts.route {
                let card: Option<Card> = snapshot.value(Table::Cards, &keys::record(id))?;
                file.leads_to = card.map(|card| card.url);
            }
            file.reason = Some((facts.reason, facts.rendered_in));
            file.tags = tags;
        }
        files.push(file);
        Ok(ControlFlow::Continue(()))
    })?;
    snapshot.scan(Table::Compressed, b"", |key, value| {
        let written: Written = postcard::from_bytes(value)?;
        files.extend(RelPath::new(std::str::from_utf8(key)?).map(|path| OutputFile::bare(path, &written)));
        Ok(ControlFlow::Continue(()))
    })?;
    files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok((files, tags.names, memory.build))
}

/// Which tag a cell number stands for.
struct Tags {
    names: Vec<Box<str>>,
    of_cell: FxHashMap<CellId, u32>,
    /// The coarse tag that stands in for a fine one where a page has too many; itself if none.
    coarse: Vec<u32>,
    of_kind: FxHashMap<&'static str, u32>,
}

impl Tags {
    fn of(snapshot: &Snapshot, memory: &Memory) -> Result<Self> {
        let mut tags = Self {
            names: Vec::new(),
            of_cell: FxHashMap::default(),
            coarse: Vec::new(),
            of_kind: FxHashMap::default(),
        };
        for name in memory.cells.keys().filter_map(|name| name.strip_prefix("template ")) {
            let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
            let tag = tags.add(plain(&format!("template-{stem}")), None);
            tags.of_cell.insert(Cell::Template(name.to_owned()).id(), tag);
        }
        snapshot.scan(Table::Cards, b"", |key, _| {
            let id = keys::record_id(key)?;
            let coarse = tags.coarse_of(id.kind.word());
            let tag = tags.add(plain(&format!("{}-{}", id.kind.word(), id.key)), Some(coarse));
            for cell in [Cell::Record(id.clone()), Cell::Card(id.clone()), Cell::Reviews(id.clone()), Cell::Photos(id)]
            {
                tags.of_cell.insert(cell.id(), tag);
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(tags)
    }

    fn add(&mut self, name: String, coarse: Option<u32>) -> u32 {
        let number = self.names.len() as u32;
        self.names.push(name.into());
        self.coarse.push(coarse.unwrap_or(number));
        number
    }

    fn coarse_of(&mut self, word: &'static str) -> u32 {
        match self.of_kind.get(word) {
            Some(number) => *number,
            None => {
                let number = self.add(format!("many-{word}"), None);
                self.of_kind.insert(word, number);
                number
            }
        }
    }

    /// What is known of a page, and its tags: fine ones, or coarse ones where it read too much.
    fn of_trace(&mut self, bytes: &[u8]) -> Result<(Facts, Box<[u32]>)> {
        let (facts, cells) = trace::facts_and_cells(bytes)?;
        let kind = self.kind_tag(facts.route.kind());
        let mut fine: Vec<u32> = cells.filter_map(|cell| self.of_cell.get(&cell).copied()).chain([kind]).collect();
        settle(&mut fine);
        if !self.fits(&fine) {
            let own = match &facts.route {
                Route::Record(id) | Route::Later(id, _) => self.of_cell.get(&Cell::Card(id.clone()).id()).copied(),
                _ => None,
            };
            for tag in fine.iter_mut().filter(|tag| Some(**tag) != own) {
                *tag = self.coarse[*tag as usize];
            }
            settle(&mut fine);
        }
        Ok((facts, fine.into()))
    }

    fn kind_tag(&mut self, kind: &'static str) -> u32 {
        // A page's kind is a tag of its own, apart from the coarse ones of what it read.
        let key = KINDS.iter().find(|(word, _)| *word == kind).map_or("page", |(_, tag)| *tag);
        match self.of_kind.get(key) {
            Some(number) => *number,
            None => {
                let number = self.add(key.to_owned(), None);
                self.of_kind.insert(key, number);
                number
            }
        }
    }

    fn fits(&self, tags: &[u32]) -> bool {
        let bytes: usize = tags.iter().map(|tag| self.names[*tag as usize].len() + 1).sum();
        tags.len() <= MOST_TAGS && bytes <= MOST_TAG_BYTES
    }
}

/// The tags of pages by what they are.
const KINDS: [(&str, &str); 8] = [
    ("redirect", "kind-redirect"),
    ("sitemap", "kind-sitemap"),
    ("feed", "kind-feed"),
    ("asset", "kind-asset"),
    ("picture", "kind-picture"),
    ("park_list", "kind-list"),
    ("ride_list", "kind-list"),
    ("company_list", "kind-list"),
];

fn settle(tags: &mut Vec<u32>) {
    tags.sort_unstable();
    tags.dedup();
}

/// A tag that every service takes: printable ASCII without commas or spaces, at most 100 bytes. A
/// name that is not so is known by its digest.
fn plain(name: &str) -> String {
    let text = name.replace(['/', '_'], "-").to_ascii_lowercase();
    let ok = text.len() <= 100 && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
    if ok {
        text
    } else {
        let kind = text.split('-').next().unwrap_or_default().chars().filter(char::is_ascii_alphanumeric);
        format!("{}-{}", kind.take(60).collect::<String>(), Digest::of(name.as_bytes()).hex(16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_plain() {
        assert_eq!(plain("ride-efteling/baron-1898"), "ride-efteling-baron-1898");
        assert!(plain("ride-é/x").starts_with("ride-"));
        assert!(plain(&"x".repeat(300)).len() <= 120);
    }
}
