//! Where the site is: the folder that was named, or else the nearest one at or above where one stands;
//! and what a path that was typed means in it.

use std::path::{Component, Path, PathBuf};

use crate::{assets, config, output, render, source, state};

/// A site's own folders; what lies in them is never a site of its own.
const OWN: [&str; 5] = [source::FOLDER, render::TEMPLATES, assets::FOLDER, output::FOLDER, state::FOLDER];

/// The site's folder: just the one that was `named`, or else the nearest site at or above where one
/// stands, or else where one stands.
pub fn root(named: Option<&Path>) -> PathBuf {
    let found = || above(&std::env::current_dir().ok()?);
    named.map(Path::to_owned).or_else(found).unwrap_or_else(|| ".".into())
}

/// Whether a folder is a site's: it holds content, or settings.
pub fn is_site(folder: &Path) -> bool {
    folder.join(source::FOLDER).is_dir() || folder.join(config::FILE).is_file()
}

/// The nearest site at or above `here`, as a path from there. A folder of somebody else's is not looked
/// into, nor what is above it: who can write there would decide what is built and run here.
fn above(here: &Path) -> Option<PathBuf> {
    let owner = owner(here)?;
    let ours = here.ancestors().take_while(|folder| self::owner(folder) == Some(owner));
    let sites: Vec<(usize, &Path)> = ours.enumerate().filter(|(_, folder)| is_site(folder)).collect();
    let is_part = |folder: &Path| {
        let below = sites.iter().filter_map(|(_, site)| folder.strip_prefix(site).ok()?.components().next());
        below.into_iter().any(|first| OWN.iter().any(|own| first.as_os_str() == *own))
    };
    let (steps, _) = sites.iter().find(|(_, folder)| !is_part(folder))?;
    Some(if *steps == 0 { ".".into() } else { std::iter::repeat_n("..", *steps).collect() })
}

#[cfg(unix)]
fn owner(folder: &Path) -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(folder).ok().map(|metadata| metadata.uid())
}

/// Here folders have no owner that could be told in a word.
#[cfg(not(unix))]
fn owner(folder: &Path) -> Option<u32> {
    std::fs::metadata(folder).ok().map(|_| 0)
}

/// What `typed` may mean in the site at `root`, the likeliest first: a path from where one stands, as the
/// path in the site; and just what it says.
pub fn meanings(root: &Path, typed: &str) -> Vec<String> {
    let Ok(here) = std::env::current_dir() else { return vec![typed.to_owned()] };
    let (asked, root) = (here.join(typed), here.join(root));
    let real = |path: &Path| std::fs::canonicalize(path).ok();
    let inside = below(&plain(&root), &plain(&asked)).or_else(|| below(&real(&root)?, &real(&asked)?));
    let mut meanings = vec![typed.to_owned()];
    if let Some(inside) = inside.filter(|inside| inside != typed.trim_end_matches('/')) {
        let at = if std::fs::symlink_metadata(&asked).is_ok() { 0 } else { 1 };
        meanings.insert(at, inside);
    }
    meanings
}

/// The first answer that a meaning of `typed` has; the problem of the likeliest where none has one.
pub fn first<T>(root: &Path, typed: &str, ask: impl Fn(&str) -> anyhow::Result<T>) -> anyhow::Result<T> {
    let mut answers = meanings(root, typed).into_iter().map(|meaning| ask(&meaning));
    let likeliest = answers.next().unwrap_or_else(|| ask(typed));
    likeliest.or_else(|problem| answers.find_map(Result::ok).ok_or(problem))
}

/// The path of `asked` below `root`, with `/` between its parts; `None` where it is not below it.
fn below(root: &Path, asked: &Path) -> Option<String> {
    let parts = asked.strip_prefix(root).ok()?.components();
    let parts: Option<Vec<&str>> = parts.map(|part| part.as_os_str().to_str()).collect();
    parts.filter(|parts| !parts.is_empty()).map(|parts| parts.join("/"))
}

/// A path without `.` and `..`, by its words alone.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folders(paths: &[&str]) -> tempfile::TempDir {
        let around = tempfile::tempdir().expect("a temporary folder");
        paths.iter().for_each(|path| std::fs::create_dir_all(around.path().join(path)).expect("a folder in it"));
        around
    }

    #[test]
    fn the_nearest_site_above_is_found() {
        let around = folders(&["site/content/parks/e/rides", "site/output/articles/content", "site/inner/content"]);
        let from = |folder: &str| above(&around.path().join(folder)).map(|path| path.to_string_lossy().into_owned());
        assert_eq!(from("site").as_deref(), Some("."));
        assert_eq!(from("site/content/parks/e").as_deref(), Some("../../.."));
        assert_eq!(from("site/inner/content").as_deref(), Some(".."), "a site below another is one");
        assert_eq!(from("site/output/articles").as_deref(), Some("../.."), "a page may be called content");
        assert_eq!(from(""), None);
    }

    #[test]
    fn a_site_without_content_is_known_by_its_settings() {
        let around = folders(&["site/sql"]);
        std::fs::write(around.path().join("site").join(config::FILE), "").expect("settings");
        assert_eq!(above(&around.path().join("site/sql")), Some("..".into()));
    }

    #[test]
    fn a_path_is_one_in_the_site() {
        let at = |root: &str, asked: &str| below(&plain(Path::new(root)), &plain(Path::new(asked)));
        assert_eq!(at("/s/.", "/s/content/../content/a.md").as_deref(), Some("content/a.md"));
        assert_eq!(at("/s", "/s/../t/a.md"), None);
        assert_eq!(at("/s", "/s"), None);
    }
}
