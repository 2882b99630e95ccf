//! The path below which a site lies at its address, and what a path of the site is called there. A path of the
//! site (`/parks/`, [`super::UrlPath`]) names a page and its file; a [`PublicPath`] is what the outside is told.

use std::borrow::Cow;
use std::fmt;

use serde::Serialize;

use super::is_plain_component;

/// The path of the site's address without the slash at its end: nothing, or `/repo`, `/a/b`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BasePath {
    /// As the user wrote it, so that all URLs begin alike.
    written: Box<str>,
    /// Percent-decoded, as requests are compared.
    decoded: Box<str>,
}

impl BasePath {
    /// The path of an absolute URL. The error says, in words, what a site cannot lie below.
    pub fn of_url(url: &str) -> Result<Self, String> {
        let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
        let written = rest.find('/').map_or("", |at| &rest[at..]).trim_end_matches('/');
        let Some(inner) = written.strip_prefix('/') else { return Ok(Self::default()) };
        let decoded = decoded(inner).ok_or_else(|| format!("`{inner}` is not encoded properly"))?;
        // Whatever has a meaning of its own in HTML, lists of pictures, style sheets or servers' files.
        let odd = |c: char| c.is_ascii_punctuation() && !"-._~!+@=/%".contains(c);
        if let Some(c) = written.chars().find(|c| odd(*c) || c.is_whitespace() || c.is_control()) {
            return Err(format!("`{c}` cannot stand in the path of a site's address"));
        }
        if let Some(part) = decoded.split('/').find(|part| !is_plain_component(part) || part.contains(odd)) {
            return Err(format!("`{part}` cannot be a folder in the path of a site's address"));
        }
        Ok(Self { written: written.into(), decoded: format!("/{decoded}").into() })
    }

    /// Whether the site lies at the root of its host.
    pub fn is_root(&self) -> bool {
        self.written.is_empty()
    }

    /// As the user wrote it: nothing, or `/repo`.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The same, percent-decoded.
    pub fn decoded(&self) -> &str {
        &self.decoded
    }

    /// What a path of the site is called by the outside.
    pub fn public<'p>(&self, path: &'p str) -> PublicPath<'p> {
        if self.is_root() { PublicPath(path.into()) } else { PublicPath(format!("{}{path}", self.written).into()) }
    }

    /// The path of the site that is meant by a decoded path which the outside asked for; `None` for what lies
    /// elsewhere.
    pub fn path_of<'p>(&self, public: &'p str) -> Option<&'p str> {
        public.strip_prefix(&*self.decoded).filter(|path| path.starts_with('/'))
    }

    /// The path of the site that is meant by a path as we tell it; `None` for what lies elsewhere.
    pub fn stripped<'p>(&self, public: &'p str) -> Option<&'p str> {
        public.strip_prefix(&*self.written).filter(|path| path.starts_with('/'))
    }

    /// The path of the site that somebody means who may know it by either name: as pages have it, as the outside
    /// has it, or as a whole URL below `base_url`.
    pub fn meant<'t>(&self, text: &'t str, base_url: &str) -> &'t str {
        let public = text.strip_prefix(base_url).filter(|rest| rest.starts_with('/'));
        public.or_else(|| self.path_of(text)).or_else(|| self.stripped(text)).unwrap_or(text)
    }
}

/// A path as the outside is told it, below the path of the site's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicPath<'p>(Cow<'p, str>);

impl PublicPath<'_> {
    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PublicPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Undoes `%XX`; `None` for half of one, for an encoded slash or percent sign, and for what is no UTF-8.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || char::from(rest.next()?).to_digit(16);
        let byte = (digit()? * 16 + digit()?) as u8;
        if matches!(byte, b'/' | b'%') {
            return None;
        }
        bytes.push(byte);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_path_or_none() {
        let path = |url: &str| BasePath::of_url(url).map(|base| base.as_str().to_owned());
        for root in ["https://u.example", "https://u.example/", "http://localhost:80"] {
            assert_eq!(path(root).as_deref(), Ok(""), "{root}");
        }
        assert_eq!(path("https://u.example/repo/").as_deref(), Ok("/repo"));
        assert_eq!(path("https://u.example/a/b-c.d").as_deref(), Ok("/a/b-c.d"));
        let base = BasePath::of_url("https://u.example/r%C3%A9po").expect("a path");
        assert_eq!((base.as_str(), base.decoded()), ("/r%C3%A9po", "/répo"));
        for bad in [
            "/..", "/a/../b", "/a//b", "/%2e%2e", "/a%2fb", "/%zz", "/%", "/a'b", "/a(b", "/a,b", "/a;b", "/%22",
            "/a%00",
        ] {
            assert!(path(&format!("https://u.example{bad}")).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_inside_and_what_the_outside_is_told_lead_to_each_other() {
        let base = BasePath::of_url("https://u.example/repo").expect("a path");
        assert_eq!(base.public("/parks/").as_str(), "/repo/parks/");
        assert_eq!(base.path_of("/repo/parks/"), Some("/parks/"));
        assert_eq!(base.path_of("/repo/"), Some("/"));
        for elsewhere in ["/repo", "/", "/parks/", "/repository/"] {
            assert_eq!(base.path_of(elsewhere), None, "{elsewhere}");
        }
        let url = "https://u.example/repo";
        for text in ["/parks/", "/repo/parks/", "https://u.example/repo/parks/"] {
            assert_eq!(base.meant(text, url), "/parks/");
        }
        assert_eq!(base.meant("park:efteling", url), "park:efteling");
        assert_eq!(BasePath::default().public("/parks/").as_str(), "/parks/");
        assert_eq!(BasePath::default().path_of("/parks/"), Some("/parks/"));
    }
}
