//! The planner: the cheapest way to make a cache forget what changed and little else. Exact URLs
//! while they are few; then tags, then folders, each only where at most a fifth more is forgotten
//! than has changed; everything only when nothing else is possible. Asks nobody for anything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::headers::url_of;
use crate::publish::manifest::Manifest;

/// What a service can be asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Powers {
    /// Exact URLs at most, before something coarser is tried.
    pub urls: usize,
    /// Tags at most; 0 where it knows none.
    pub tags: usize,
    /// Folders at most; 0 where it knows none.
    pub folders: usize,
}

/// What a service is asked to forget.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Purging {
    /// Exact URL paths.
    pub urls: Vec<String>,
    /// Tags.
    pub tags: Vec<String>,
    /// URL paths of folders, with all that is below them.
    pub folders: Vec<String>,
    /// Everything.
    pub everything: bool,
    /// URLs that changed.
    pub changed: usize,
    /// URLs that are forgotten.
    pub forgotten: usize,
}

impl Purging {
    /// Whether there is nothing to ask for.
    pub fn is_empty(&self) -> bool {
        self.changed == 0
    }
}

/// How a service with `powers` is best asked to forget `changed` keys. `before` says what caches
/// may hold, and with which tags; `after` what is there now.
pub fn planned(changed: &BTreeSet<&str>, before: &Manifest, after: &Manifest, powers: Powers) -> Purging {
    let none = Purging { changed: changed.len(), ..Purging::default() };
    let exact = |keys: &mut dyn Iterator<Item = &str>| keys.map(url_of).collect::<Vec<_>>();
    if changed.len() <= powers.urls {
        return Purging { urls: exact(&mut changed.iter().copied()), forgotten: changed.len(), ..none };
    }
    if let Some((tags, rest, forgotten)) = by_tags(changed, before, powers) {
        let urls = exact(&mut rest.iter().copied());
        return Purging { tags, forgotten: forgotten + urls.len(), urls, ..none };
    }
    let all: BTreeSet<&str> = before.entries.keys().chain(after.entries.keys()).map(|key| &**key).collect();
    if powers.folders > 0 {
        let (folders, rest, forgotten) = by_folders(changed, &all);
        let whole_site = folders.first().is_some_and(|folder| folder == "/");
        if !whole_site && folders.len() <= powers.folders && rest.len() <= powers.urls {
            let urls = exact(&mut rest.iter().copied());
            return Purging { folders, forgotten: forgotten + urls.len(), urls, ..none };
        }
    }
    Purging { everything: true, forgotten: all.len(), ..none }
}

/// Whether forgetting `forgotten` is not much more than the `changed` among them.
fn is_close(changed: usize, forgotten: usize) -> bool {
    changed * 6 >= forgotten * 5
}

type Cover<'k> = (Vec<String>, Vec<&'k str>, usize);

/// Tags whose pages have mostly changed, widest first; what they leave over; how many they cover.
fn by_tags<'k>(changed: &BTreeSet<&'k str>, before: &'k Manifest, powers: Powers) -> Option<Cover<'k>> {
    if powers.tags == 0 {
        return None;
    }
    let mut of_tag: Vec<(usize, usize)> = vec![(0, 0); before.tags.len()];
    for (key, entry) in &before.entries {
        for tag in &entry.tags {
            let Some((hits, total)) = of_tag.get_mut(*tag as usize) else { continue };
            *total += 1;
            *hits += usize::from(changed.contains(&**key));
        }
    }
    let mut good: Vec<u32> = (0..before.tags.len() as u32).filter(|tag| of_tag[*tag as usize].0 > 0).collect();
    good.retain(|tag| is_close(of_tag[*tag as usize].0, of_tag[*tag as usize].1));
    good.sort_by_key(|tag| (std::cmp::Reverse(of_tag[*tag as usize].0), *tag));
    let mut of_good: BTreeMap<u32, Vec<&str>> = good.iter().map(|tag| (*tag, Vec::new())).collect();
    for (key, entry) in &before.entries {
        for tag in &entry.tags {
            if let Some(keys) = of_good.get_mut(tag) {
                keys.push(key);
            }
        }
    }
    let mut rest = changed.clone();
    let (mut tags, mut covered) = (Vec::new(), BTreeSet::new());
    for tag in good {
        let keys = &of_good[&tag];
        if tags.len() == powers.tags || !keys.iter().any(|key| rest.contains(key)) {
            continue;
        }
        keys.iter().for_each(|key| {
            rest.remove(key);
        });
        covered.extend(keys.iter().copied());
        tags.push(before.tags[tag as usize].to_string());
    }
    let close = is_close(changed.len(), covered.len() + rest.len());
    (close && rest.len() <= powers.urls).then(|| (tags, rest.into_iter().collect(), covered.len()))
}

/// The widest folders whose pages have mostly changed; what they leave over; how many they cover.
fn by_folders<'k>(changed: &BTreeSet<&'k str>, all: &BTreeSet<&str>) -> Cover<'k> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for key in all.iter().copied().chain(changed.iter().copied().filter(|key| !all.contains(key))) {
        let hit = usize::from(changed.contains(key));
        for folder in folders_of(key) {
            let (hits, total) = counts.entry(folder).or_default();
            *hits += hit;
            *total += 1;
        }
    }
    let (mut folders, mut rest, mut covered) = (BTreeSet::new(), Vec::new(), 0);
    for key in changed.iter().copied() {
        let widest = folders_of(key).find(|folder| {
            let (hits, total) = counts[folder];
            hits > 1 && is_close(hits, total)
        });
        match widest {
            Some(folder) => {
                if folders.insert(format!("/{folder}")) {
                    covered += counts[folder].1;
                }
            }
            None => rest.push(key),
        }
    }
    (folders.into_iter().collect(), rest, covered)
}

/// The folders that a key is in, the widest (the site itself) first, each with its slash.
fn folders_of(key: &str) -> impl Iterator<Item = &str> {
    std::iter::once("").chain(key.match_indices('/').map(|(at, _)| &key[..=at]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::publish::manifest::{Class, Entry};

    fn site() -> Manifest {
        let mut manifest = Manifest { tags: vec!["park-a".into(), "template-ride".into()], ..Manifest::default() };
        for (park, rides) in [("a", 30), ("b", 60)] {
            for ride in 0..rides {
                let tags: Vec<u32> = if park == "a" { vec![0, 1] } else { vec![1] };
                let entry = Entry {
                    digest: crate::digest::Digest::default(),
                    size: 1,
                    class: Class::Page,
                    promised: true,
                    headers: 0,
                    dress: 0,
                    tags: tags.into(),
                };
                manifest.entries.insert(format!("parks/{park}/rides/{ride:02}/index.html").into(), entry);
            }
        }
        manifest
    }

    fn changed(site: &Manifest, part: &str) -> Vec<String> {
        site.entries.keys().filter(|key| key.contains(part)).map(|key| key.to_string()).collect()
    }

    const POWERS: Powers = Powers { urls: 10, tags: 5, folders: 5 };

    #[test]
    fn few_urls_are_named() {
        let site = site();
        let keys = changed(&site, "a/rides/0");
        let purging = planned(&keys.iter().map(String::as_str).collect(), &site, &site, POWERS);
        assert_eq!((purging.urls.len(), purging.forgotten), (10, 10));
        assert_eq!(purging.urls[0], "/parks/a/rides/00/");
    }

    #[test]
    fn the_pages_of_a_park_are_named_by_its_tag_or_its_folder() {
        let site = site();
        let keys = changed(&site, "parks/a/");
        let keys: BTreeSet<&str> = keys.iter().map(String::as_str).collect();
        let purging = planned(&keys, &site, &site, POWERS);
        assert_eq!((purging.tags, purging.forgotten), (vec!["park-a".to_owned()], 30));
        let purging = planned(&keys, &site, &site, Powers { tags: 0, ..POWERS });
        assert_eq!((purging.folders, purging.forgotten), (vec!["/parks/a/".to_owned()], 30));
    }

    #[test]
    fn everything_only_where_nothing_else_will_do() {
        let site = site();
        let scattered: Vec<String> = site.entries.keys().step_by(3).map(|key| key.to_string()).collect();
        let keys = scattered.iter().map(String::as_str).collect();
        assert!(planned(&keys, &site, &site, POWERS).everything);
        assert!(!planned(&keys, &site, &site, Powers { urls: 100, ..POWERS }).everything);
    }
}
