//! Addresses as pages write them, where in the site they lead, and the numbers of what they lead to. Knows
//! nothing of what is there.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use crate::catalog::{Cell, CellId};
use crate::config::{LinkCheck, Settings};
use crate::digest::Digest;
use crate::headers::url_of;

/// Where the site is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// Scheme, host and path, without a slash at the end.
    base_url: String,
    /// Its host, with the port.
    host: String,
    /// Its path, without a slash at the end.
    path: String,
}

/// Where an address leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Leads {
    /// Out of the site, or to nothing that is a page: nobody can say whether it is there.
    Away,
    /// To a fragment of the page itself.
    Here(String),
    /// To a path of the site, and a fragment of what is there.
    To(String, Option<String>),
}

/// No path of a site is as long.
const LONGEST: usize = 2_000;

impl Home {
    /// The home of a site with this base URL.
    pub fn of(base_url: &str) -> Self {
        let rest = base_url.split_once("://").map_or("", |(_, rest)| rest);
        let (host, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        Self { base_url: base_url.to_owned(), host: host.to_owned(), path: path.trim_end_matches('/').to_owned() }
    }

    /// The path of an address, if it can be looked up as it is written. Most can.
    pub fn plain<'w>(&self, written: &'w str) -> Option<&'w str> {
        match written.as_bytes() {
            [b'/', b'/', ..] | [b'#', ..] => None,
            [b'/', ..] => Some(self.below(written)),
            _ => written.strip_prefix(self.base_url.as_str()),
        }
    }

    /// A path without that of the site.
    fn below<'w>(&self, path: &'w str) -> &'w str {
        if self.path.is_empty() {
            return path;
        }
        path.strip_prefix(self.path.as_str()).filter(|rest| rest.starts_with('/')).unwrap_or(path)
    }

    /// Where an address leads that the page at the URL path `page` writes.
    pub fn leads(&self, page: &str, written: &str) -> Leads {
        let written = written.trim_matches(|c: char| c <= ' ');
        let (address, fragment) = written.split_once('#').map_or((written, None), |(path, rest)| (path, Some(rest)));
        let fragment = fragment.map(|fragment| percent_decode_str(fragment).decode_utf8_lossy().into_owned());
        let address = address.split('?').next().unwrap_or_default();
        if address.is_empty() {
            return Leads::Here(fragment.unwrap_or_default());
        }
        let path = match scheme(address) {
            Some("http" | "https" | "HTTP" | "HTTPS") => {
                self.path_of(address.split_once(':').map_or("", |(_, rest)| rest))
            }
            Some(_) => return Leads::Away,
            None if address.starts_with("//") => self.path_of(address),
            None if address.starts_with('/') => Some(Cow::Borrowed(self.below(address))),
            None => {
                let folder = page.rfind('/').map_or("/", |at| &page[..=at]);
                Some(Cow::Owned(format!("{folder}{address}")))
            }
        };
        let Some(path) = path else { return Leads::Away };
        let decoded = percent_decode_str(&path).decode_utf8_lossy();
        // A `#` that was written as `%23` must not look like the beginning of a fragment.
        let mut path = normal(&decoded).replace('#', "%23").replace(char::is_control, "\u{fffd}");
        if path.len() > LONGEST {
            path.truncate((0..=LONGEST).rev().find(|at| path.is_char_boundary(*at)).unwrap_or(0));
        }
        Leads::To(path, fragment.filter(|fragment| !fragment.is_empty()))
    }

    /// The path of `//host/path`, where the host is ours and the path is the site's.
    fn path_of<'w>(&self, address: &'w str) -> Option<Cow<'w, str>> {
        let rest = address.strip_prefix("//")?;
        let (host, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        if !host.eq_ignore_ascii_case(&self.host) {
            return None;
        }
        match path.strip_prefix(self.path.as_str())? {
            "" => Some(Cow::Borrowed("/")),
            below if below.starts_with('/') => Some(Cow::Borrowed(below)),
            _ => None,
        }
    }
}

/// The scheme of an address that has one.
fn scheme(address: &str) -> Option<&str> {
    let (scheme, _) = address.split_once(':')?;
    let rest = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.bytes().all(rest)).then_some(scheme)
}

/// A path without `.` and `..`, as browsers read it.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let mut all = path.split('/').skip(1).peekable();
    while let Some(part) = all.next() {
        let last = all.peek().is_none();
        match part {
            "." | ".." => {
                if part == ".." {
                    parts.pop();
                }
                if last {
                    parts.push("");
                }
            }
            _ => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// What looking at links depends on besides pages; `None` where nobody looks.
pub fn looked_with(settings: &Settings) -> Option<Digest> {
    let links = &settings.links;
    let parts = [settings.site.base_url.as_str()].into_iter().chain(links.ignore.iter().map(String::as_str));
    (links.check != LinkCheck::Off).then(|| Digest::of_parts(parts.map(str::as_bytes)))
}

/// The number of a file below `output/` as a target of links.
pub fn number(file: &str) -> CellId {
    Cell::address(&url_of(file))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leads(base: &str, written: &str) -> String {
        match Home::of(base).leads("/parks/e/rides/python/", written) {
            Leads::Away => "away".to_owned(),
            Leads::Here(fragment) => format!("#{fragment}"),
            Leads::To(path, None) => path,
            Leads::To(path, Some(fragment)) => format!("{path} #{fragment}"),
        }
    }

    #[test]
    fn addresses_are_read_as_browsers_do() {
        for (written, expected) in [
            ("/rides/", "/rides/"),
            ("../baron", "/parks/e/rides/baron"),
            ("../../", "/parks/e/"),
            ("..", "/parks/e/rides/"),
            ("x/./y.jpg?v=1#a", "/parks/e/rides/python/x/y.jpg #a"),
            ("../../../../../../etc/passwd", "/etc/passwd"),
            ("", "#"),
            ("?page=2", "#"),
            ("#caf%C3%A9", "#café"),
            ("/caf%C3%A9/%23/", "/café/%23/"),
            ("https://parks.example/rides/#x", "/rides/ #x"),
            ("HTTPS://Parks.Example", "/"),
            ("//parks.example/rides/", "/rides/"),
            ("https://parks.example.evil/rides/", "away"),
            ("//other.example/", "away"),
            ("mailto:a@b.example", "away"),
            ("tel:+31", "away"),
            ("javascript:x", "away"),
            ("data:image/png;base64,x", "away"),
            ("a/b:c", "/parks/e/rides/python/a/b:c"),
        ] {
            assert_eq!(leads("https://parks.example", written), expected, "{written}");
        }
    }

    #[test]
    fn a_site_below_a_path_knows_its_own() {
        let base = "https://u.example/repo";
        assert_eq!(leads(base, "/repo/rides/"), "/rides/");
        assert_eq!(leads(base, "/rides/"), "/rides/");
        assert_eq!(leads(base, "https://u.example/repo"), "/");
        assert_eq!(leads(base, "https://u.example/other/"), "away");
        assert_eq!(leads(base, "https://u.example/repository/"), "away");
        assert_eq!(Home::of(base).plain("/repo/rides/"), Some("/rides/"));
        assert_eq!(Home::of(base).plain("https://u.example/repo/rides/"), Some("/rides/"));
        assert_eq!(Home::of(base).plain("//u.example/repo/rides/"), None);
    }
}
