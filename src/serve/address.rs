//! From the target of a request to the file below `output/` that is meant: a pure function that
//! knows no folder. What it returns is only a name; whether the site has such a file, the table of
//! outputs says.
//!
//! A path is decoded once. Whatever would mean something else to some system (a parent, a
//! backslash, a drive, a stream, a second encoding, a byte that is no text) is refused rather than
//! looked up.

use crate::paths::{BasePath, RelPath, UrlPath};

/// Longer targets are refused.
const LONGEST: usize = 4096;

/// Queries by which build tools hand out sources; a site's own files never mean anything by them.
const SOURCE_QUERIES: [&str; 4] = ["raw", "import", "inline", "html-proxy"];

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The URL path, decoded.
    pub path: String,
    /// The file that a path like this means.
    pub file: RelPath,
}

/// Why a target is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused(pub &'static str);

/// What the target of a request (path and query, as sent) asks for.
pub fn address(target: &str) -> Result<Address, Refused> {
    if target.len() > LONGEST {
        return Err(Refused("the address is too long"));
    }
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query)));
    if let Some(query) = query {
        check_query(query)?;
    }
    let path = decode(path)?;
    let url = UrlPath::new(&path).ok_or(Refused("the address is no path of a site"))?;
    if path.split('/').any(is_odd) {
        return Err(Refused("the address is no path of a site"));
    }
    Ok(Address { file: url.file(), path })
}

/// The part of a request's path, as sent, that is one of the site below `base`; `None` for what lies elsewhere.
pub fn below<'r>(path: &'r str, base: &BasePath) -> Option<&'r str> {
    if base.is_root() {
        return Some(path);
    }
    let folders = base.decoded().matches('/').count();
    let (at, _) = path.match_indices('/').nth(folders)?;
    (decode(&path[..at]).ok()? == base.decoded()).then_some(&path[at..])
}

/// Components that some file system reads as another name.
fn is_odd(component: &str) -> bool {
    component.ends_with('.')
        || component.chars().any(|c| matches!(c, '\u{200e}' | '\u{200f}' | '\u{feff}' | '\u{fffd}'))
}

fn check_query(query: &str) -> Result<(), Refused> {
    let names = query.split('&').map(|part| part.split('=').next().unwrap_or_default());
    for name in names {
        let name = decode(name)?.to_ascii_lowercase();
        if name.starts_with('?') || SOURCE_QUERIES.contains(&name.as_str()) {
            return Err(Refused("there are no sources here"));
        }
    }
    Ok(())
}

/// Decodes `%XX` once. An encoded separator, a second encoding and what is no UTF-8 are refused.
fn decode(text: &str) -> Result<String, Refused> {
    let broken = Refused("the address is not encoded properly");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let decoded = if byte == b'%' {
            let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or(broken);
            (digit()? * 16 + digit()?) as u8
        } else {
            byte
        };
        let encoded = byte == b'%';
        if decoded == b'%' || decoded == b'\\' || decoded.is_ascii_control() || (encoded && decoded == b'/') {
            return Err(broken);
        }
        bytes.push(decoded);
    }
    String::from_utf8(bytes).map_err(|_| broken)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_means_a_file() {
        let file = |target: &str| address(target).map(|address| address.file.to_string());
        assert_eq!(file("/").as_deref(), Ok("index.html"));
        assert_eq!(file("/parks/efteling/?utm_source=x").as_deref(), Ok("parks/efteling/index.html"));
        assert_eq!(file("/f%C3%AAte/").as_deref(), Ok("fête/index.html"));
        assert_eq!(file("/feed.xml").as_deref(), Ok("feed.xml"));
    }

    #[test]
    fn a_site_may_lie_below_a_path() {
        let base = BasePath::of_url("https://u.example/a/r%C3%A9po").expect("a path");
        assert_eq!(below("/a/r%c3%a9po/parks/", &base), Some("/parks/"));
        assert_eq!(below("/%61/r%C3%A9po/", &base), Some("/"));
        for elsewhere in
            ["/", "/a/", "/a/repo/", "/a/r%C3%A9po", "/a/r%C3%A9pos/x/", "/a%2fr%C3%A9po/x/", "/b/../a/r%C3%A9po/"]
        {
            assert_eq!(below(elsewhere, &base), None, "{elsewhere}");
        }
        assert_eq!(below("/parks/", &BasePath::default()), Some("/parks/"));
    }

    #[test]
    fn what_is_no_path_of_a_site_is_refused() {
        let bad = [
            "",
            "parks/",
            "//",
            "//evil/",
            "/..",
            "/../",
            "/a/../b",
            "/%2e%2e/",
            "/.%2E/x",
            "/a/./b",
            "/a//b",
            "/a%2fb",
            "/a%5cb",
            "/a\\b",
            "/%00",
            "/a%0d%0aX: y",
            "/%",
            "/%4",
            "/%zz",
            "/%c0%ae%c0%ae/",
            "/%252e%252e/",
            "/c:/x",
            "/x::$DATA",
            "/x.",
            "/x?raw",
            "/x?import&raw",
            "/x??",
            "/x?a=1&RAW",
            "/%ff",
            "/a%3Ab",
            "/x?%72aw",
        ];
        for target in bad {
            assert!(address(target).is_err(), "{target:?}");
        }
        assert!(address(&format!("/{}", "a".repeat(5000))).is_err());
    }

    #[test]
    fn whatever_is_asked_the_file_lies_inside() {
        // A plain generator: every run asks the same.
        let pieces = [
            "..",
            "%2e",
            "/",
            "\\",
            "%2f",
            "%5c",
            "%00",
            "a",
            "index.html",
            "%25",
            "::$DATA",
            "?",
            ":",
            "~",
            "%c0",
            " ",
        ];
        let mut seed = 7_u64;
        for _ in 0..200_000 {
            let mut target = String::from("/");
            for _ in 0..seed % 9 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                target.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            if let Ok(found) = address(&target) {
                assert!(RelPath::new(found.file.as_str()).is_some(), "{target}");
                assert!(!found.path.contains(['\\', '%', ':', '\0']), "{target}");
            }
        }
    }
}
