//! What links may lead to while pages are made: files that are there or will be when the build is
//! done.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use rustc_hash::{FxHashMap, FxHashSet};

use super::address::Home;
use super::address::number;
use crate::catalog::{Cell, CellId};
use crate::config::Settings;
use crate::engine::outputs::files::is_picture;
use crate::engine::plan::Todo;
use crate::headers::{fits, url_of};
use crate::paths::RelPath;
use crate::site::Route;
use crate::state::{Snapshot, Store, Table};

/// What links may lead to.
pub struct Targets<'t> {
    pub(super) home: Home,
    ignore: &'t [String],
    snapshot: &'t Snapshot,
    todo: &'t Todo,
    /// Files that are no more, by number: their places in the list of them.
    removed: FxHashMap<CellId, usize>,
    /// Pages that every site has.
    always: FxHashSet<CellId>,
    /// Numbers of what was found to be there, each in the place that its bits say: most links are
    /// the same as those of other pages.
    met: Box<[AtomicU64]>,
}

/// What is known of the links of one page without looking.
#[derive(Default)]
pub struct Known {
    /// Numbers of the addresses of what it read.
    pub read: FxHashSet<CellId>,
    /// Numbers of the pictures that it shows.
    pub pictures: FxHashSet<CellId>,
}

/// Places for numbers that were met.
const PLACES: usize = 1 << 16;

impl<'t> Targets<'t> {
    /// What is there when everything in `todo` is done, where `snapshot` holds what is there before.
    pub fn new(settings: &'t Settings, snapshot: &'t Snapshot, todo: &'t Todo) -> Self {
        let always = Route::always().into_iter().filter_map(|route| Some(Cell::address(route.url()?.as_str())));
        Self {
            home: Home::of(&settings.site.base_url),
            ignore: &settings.links.ignore,
            snapshot,
            todo,
            removed: todo.removed.iter().enumerate().map(|(at, file)| (number(file.as_str()), at)).collect(),
            always: always.collect(),
            met: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Whether every site has it.
    pub(super) fn is_always(&self, number: CellId) -> bool {
        self.always.contains(&number)
    }

    /// Whether it was found to be there.
    pub(super) fn is_met(&self, number: CellId) -> bool {
        self.met[place(number)].load(Ordering::Relaxed) == number
    }

    /// The URL of a page that is no more.
    pub(super) fn gone(&self, number: CellId) -> Option<String> {
        let at = self.removed.get(&number)?;
        self.todo.removed.get(*at).map(|file| url_of(file.as_str()))
    }

    /// Whether somebody else answers for a path.
    pub(super) fn is_ignored(&self, path: &str) -> bool {
        self.ignore.iter().any(|pattern| fits(pattern, path))
    }

    /// The number of what answers for a path that no browser would change; `None` where nothing does, or
    /// where only the end of the build tells.
    pub(super) fn find(&self, path: &str) -> Result<Option<CellId>> {
        for file in files(path) {
            let number = number(file.as_str());
            if !is_picture(&file) && (self.is_met(number) || self.is_there(&file, number)?) {
                self.met[place(number)].store(number, Ordering::Relaxed);
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    fn is_there(&self, file: &RelPath, number: CellId) -> Result<bool> {
        if self.todo.due.find(file.as_str(), self.todo.due.len()).is_some() {
            return Ok(true);
        }
        let known = self.snapshot.bytes(Table::Outputs, file.as_str().as_bytes(), |_| ())?;
        Ok(known.is_some() && !self.removed.contains_key(&number))
    }
}

fn place(number: CellId) -> usize {
    (number >> 20) as usize % PLACES
}

/// The files that answer for a URL path: the page in the folder also where the slash is missing, for
/// servers add it.
pub(super) fn files(path: &str) -> impl Iterator<Item = RelPath> {
    let rest = path.trim_start_matches('/');
    let is_folder = rest.is_empty() || rest.ends_with('/');
    let file = if is_folder { None } else { RelPath::new(rest) };
    let folder = rest.strip_suffix('/').unwrap_or(rest);
    let index = if folder.is_empty() { "index.html".to_owned() } else { format!("{folder}/index.html") };
    // `//` is no root: what begins so was no path of ours.
    let ours = path.starts_with('/') && !path.starts_with("//");
    file.into_iter().chain(RelPath::new(&index)).filter(move |file| ours && !url_of(file.as_str()).starts_with("/."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_answered_by_a_file_or_the_page_in_a_folder() {
        let all = |path: &str| files(path).map(|file| file.to_string()).collect::<Vec<_>>();
        assert_eq!(all("/"), ["index.html"]);
        assert_eq!(all("/parks/"), ["parks/index.html"]);
        assert_eq!(all("/parks"), ["parks", "parks/index.html"]);
        assert_eq!(all("/a.png"), ["a.png", "a.png/index.html"]);
        for nothing in ["//parks/", "/a//b/", "/.lifthill/hosting/nginx.conf", "x"] {
            assert!(all(nothing).is_empty(), "{nothing}");
        }
    }
}
