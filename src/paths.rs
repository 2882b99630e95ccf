//! Paths inside a site: relative, `/`-separated, never leaving their root. Knows nothing of files.

mod base;

pub use base::{BasePath, PublicPath};

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

/// A relative path of plain components: no `.`, `..`, empty or absolute part, no backslash,
/// colon or control character, so that joining it to a root can only lead inside that root,
/// on every system.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RelPath(Box<str>);

impl RelPath {
    /// Checks `path` and returns it, or `None` where it is not a safe relative path.
    pub fn new(path: &str) -> Option<Self> {
        let safe = !path.is_empty() && path.split('/').all(is_plain_component);
        safe.then(|| Self(path.into()))
    }

    /// The path as text, `/`-separated.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// This path below `root`.
    pub fn under(&self, root: &Path) -> PathBuf {
        root.join(&*self.0)
    }

    /// The path without its last component; `None` for a single component.
    pub fn parent(&self) -> Option<&str> {
        self.0.rsplit_once('/').map(|(parent, _)| parent)
    }

    /// The last component.
    pub fn file_name(&self) -> &str {
        self.0.rsplit_once('/').map_or(&*self.0, |(_, name)| name)
    }

    /// The file name's part after its last dot, if any.
    pub fn extension(&self) -> Option<&str> {
        self.file_name().rsplit_once('.').map(|(_, extension)| extension)
    }
}

/// Whether `component` may be one component of a path that we make: printable, at most 255
/// bytes, nothing that any file system reads as a separator, a drive or a parent.
pub fn is_plain_component(component: &str) -> bool {
    !component.is_empty()
        && component.len() <= 255
        && component != "."
        && component != ".."
        && !component.chars().any(|c| c.is_control() || matches!(c, '/' | '\\' | ':'))
}

impl AsRef<[u8]> for RelPath {
    fn as_ref(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RelPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A URL path of the site, such as `/parks/efteling/` or `/sitemap.xml`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UrlPath(Box<str>);

impl UrlPath {
    /// Checks `path`: it starts with `/`, its components are plain, and at most the last may be
    /// empty (a folder). Returns `None` otherwise.
    pub fn new(path: &str) -> Option<Self> {
        let rest = path.strip_prefix('/')?;
        let inner = rest.strip_suffix('/').unwrap_or(rest);
        let safe = rest.is_empty() || (!inner.is_empty() && inner.split('/').all(is_plain_component));
        let printable = !path.contains(['?', '#', '"', '<', '>', ' ', '%']);
        (safe && printable).then(|| Self(path.into()))
    }

    /// The URL path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The file below `output/` that a web server sends for this URL: `index.html` in its
    /// folder, or the file itself.
    pub fn file(&self) -> RelPath {
        let rest = &self.0[1..];
        if rest.is_empty() || rest.ends_with('/') {
            RelPath(format!("{rest}index.html").into())
        } else {
            RelPath(rest.into())
        }
    }
}

impl fmt::Display for UrlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UrlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_leaves_its_root() {
        for bad in ["", "/a", "a/", "a//b", "../a", "a/../b", "a/./b", "a\\b", "C:/x", "a\0b", "a\nb"] {
            assert!(RelPath::new(bad).is_none(), "{bad:?}");
        }
        assert_eq!(RelPath::new("a/b.md").unwrap().extension(), Some("md"));
    }

    #[test]
    fn urls_name_their_file() {
        let file = |url: &str| UrlPath::new(url).map(|url| url.file().as_str().to_owned());
        assert_eq!(file("/").as_deref(), Some("index.html"));
        assert_eq!(file("/parks/efteling/").as_deref(), Some("parks/efteling/index.html"));
        assert_eq!(file("/sitemap.xml").as_deref(), Some("sitemap.xml"));
        for bad in ["parks/", "//x/", "/../x", "/a b/", "/a/../b/", "/a?b", "/%2e%2e/"] {
            assert_eq!(file(bad), None, "{bad:?}");
        }
    }
}
