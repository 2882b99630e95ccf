//! The files that tell servers and hosts how a site is sent: includes for nginx, a Caddyfile, and
//! what Netlify and Cloudflare Pages read. From rules and redirects to text; knows nothing of where
//! either comes from or where files lie.
//!
//! Laws. Each file says what [`HeaderRules::of_file`] says, header by header. Whatever comes from
//! content or settings goes through the one quoting function of its format, so that no name can
//! say anything but itself; what a format cannot say is a mistake, never left out.

mod caddy;
mod nginx;
mod rules;

pub use caddy::caddyfile;
pub use nginx::{balancer_http, balancer_server, nginx_http, nginx_server};
pub use rules::{Dialect, Kept, headers_file, redirects_file};

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::headers::{FINGERPRINT_DIGITS, FINGERPRINTED_FOLDERS, HeaderRules, NAMED, TYPES};

/// The first line of every file that may hold comments.
const HEAD: &str = "# Made by lifthill build; a change of yours would be overwritten.\n";

/// Where a URL leads: two URL paths.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Redirect {
    /// The URL path that was.
    pub from: String,
    /// The URL path that is.
    pub to: String,
}

/// A word for names in a configuration, which one server may have for several sites: the host in
/// the site's address, `parks_example` for `https://parks.example`.
pub fn word(base_url: &str) -> String {
    let host = base_url.split("://").nth(1).unwrap_or(base_url).split('/').next().unwrap_or_default();
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    format!("site_{}", host.chars().map(letter).collect::<String>())
}

/// A regular expression, in what PCRE and RE2 share, for just this text. It holds letters, digits,
/// `/`, `-`, `_`, `\xHH` and what is beyond ASCII: nothing that a configuration file reads otherwise.
fn literal(text: &str) -> String {
    let special = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && !matches!(c, '/' | '-' | '_');
    text.chars().map(|c| if special(c) { format!("\\x{:02X}", u32::from(c)) } else { c.to_string() }).collect()
}

/// The same for the URL paths that fit a pattern of the settings, without anchors.
fn expression(pattern: &str) -> String {
    pattern.split('*').map(literal).collect::<Vec<_>>().join(".*")
}

/// A regular expression for URL paths of files with a fingerprint, as `is_fingerprinted` finds them;
/// begins behind the `/`, and ends at the end.
fn fingerprinted() -> String {
    let folders = FINGERPRINTED_FOLDERS.join("|");
    format!(r"(?:{folders})/(?:.*/)?[^/]*\.[0-9a-f]{{{FINGERPRINT_DIGITS}}}(?:\.[^/]*)?\z")
}

/// The URL path as it stands in a header or a list: percent-encoded but for what RFC 3986 never
/// reserves, and `/`.
fn encoded(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'/' | b'-' | b'.' | b'_' | b'~');
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The names of all headers that the rules may set, but for `Content-Type`: each once, as it is
/// written first; `Cache-Control` is the first.
fn names(rules: &HeaderRules) -> Vec<&str> {
    let own = rules.own().iter().flat_map(|own| own.headers.iter().map(|(name, _)| name.as_str()));
    let mut names: Vec<&str> = vec!["Cache-Control"];
    for name in rules.usual().map(|(name, _)| name).chain(own) {
        let known = names.iter().any(|known| known.eq_ignore_ascii_case(name));
        if !known && !name.eq_ignore_ascii_case("content-type") {
            names.push(name);
        }
    }
    names
}

/// What is said of one header unless a pattern says otherwise.
fn usual<'r>(rules: &'r HeaderRules, name: &str) -> Option<&'r str> {
    rules.usual().find(|(one, _)| one.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Every content type that is known, with the extensions of its files.
fn extensions() -> BTreeMap<&'static str, Vec<&'static str>> {
    let mut types: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    TYPES.iter().for_each(|(extension, name, _)| types.entry(name).or_default().push(extension));
    types
}

/// Patterns with what they say of one header, the first of which wins.
fn said<'r>(rules: &'r HeaderRules, name: &'r str) -> impl Iterator<Item = (Cow<'r, str>, &'r str)> {
    let own = rules.own().iter().filter_map(move |own| {
        let value = own.headers.iter().find(|(one, _)| one.eq_ignore_ascii_case(name))?;
        Some((own.pattern.as_str().into(), value.1.as_str()))
    });
    own.chain(typed().filter(move |_| name.eq_ignore_ascii_case("content-type")))
}

/// The URL paths of files whose type does not follow from their extension, with their types.
fn typed<'t>() -> impl Iterator<Item = (Cow<'t, str>, &'t str)> {
    NAMED.iter().map(|(file, name)| (format!("/{file}").into(), *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_words_and_patterns_hold_nothing_odd() {
        assert_eq!(word("https://Parks.example:8080/x"), "site_parks_example_8080");
        assert_eq!(expression("/a*.b{$}é"), r"/a.*\x2Eb\x7B\x24\x7Dé");
        let odd = expression("/;\"'`\\{}$#|()[]^+?<>&!@=,:~%");
        assert!(odd.bytes().all(|b| b.is_ascii_alphanumeric() || b"/\\".contains(&b)), "{odd}");
    }
}
