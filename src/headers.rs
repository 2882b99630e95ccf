//! What a web server says of an output file besides its bytes: its type, how long it may be kept,
//! the site's own headers. Decided here once, for our own server, for publishing and for the
//! configuration files of others. Knows nothing of where files lie or who sends them.
//!
//! 1. The site's own `[headers]`: header by header, the first pattern that fits the URL wins.
//! 2. A name that carries a fingerprint never means other bytes: keep it for a year, never ask.
//! 3. A page is asked for each time, and answered with 304 while it is the same.
//! 4. Everything else (feeds, sitemaps, search indexes, a favicon) is kept for a few minutes.

use std::borrow::Cow;

pub use crate::config::Encoding;
use crate::config::hosting::{FOLDER, HostFile, Inlined};
use crate::config::{HeaderPattern, Settings};
use crate::paths::RelPath;

/// `Cache-Control` of a file whose name carries a fingerprint.
pub const IMMUTABLE: &str = "public, max-age=31536000, immutable";
/// `Cache-Control` of a page.
pub const REVALIDATE: &str = "public, max-age=0, must-revalidate";
/// `Cache-Control` of everything else.
pub const SHORT: &str = "public, max-age=300, must-revalidate";

/// Sent with every file: no guessing of types, no telling other sites which page was read.
pub const SECURITY: [(&str, &str); 2] =
    [("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "strict-origin-when-cross-origin")];

/// Hexadecimal digits of a fingerprint in a name.
pub const FINGERPRINT_DIGITS: usize = 12;

/// The folders below `output/` in which names may carry a fingerprint of ours.
pub const FINGERPRINTED_FOLDERS: [&str; 2] = ["assets", "photos"];

/// Extension, type, and whether it is worth compressing. Sorted by extension.
pub const TYPES: [(&str, &str, Packing); 45] = [
    ("atom", "application/atom+xml; charset=utf-8", Packing::Loose),
    ("avif", "image/avif", Packing::Packed),
    ("bmp", "image/bmp", Packing::Loose),
    ("br", "application/octet-stream", Packing::Packed),
    ("css", "text/css; charset=utf-8", Packing::Loose),
    ("csv", "text/csv; charset=utf-8", Packing::Loose),
    ("eot", "application/vnd.ms-fontobject", Packing::Loose),
    ("gif", "image/gif", Packing::Packed),
    ("gz", "application/gzip", Packing::Packed),
    ("html", "text/html; charset=utf-8", Packing::Loose),
    ("ico", "image/x-icon", Packing::Loose),
    ("ics", "text/calendar; charset=utf-8", Packing::Loose),
    ("jpeg", "image/jpeg", Packing::Packed),
    ("jpg", "image/jpeg", Packing::Packed),
    ("js", "text/javascript; charset=utf-8", Packing::Loose),
    ("json", "application/json", Packing::Loose),
    ("jsonld", "application/ld+json", Packing::Loose),
    ("jxl", "image/jxl", Packing::Packed),
    ("map", "application/json", Packing::Loose),
    ("md", "text/markdown; charset=utf-8", Packing::Loose),
    ("mjs", "text/javascript; charset=utf-8", Packing::Loose),
    ("mov", "video/quicktime", Packing::Packed),
    ("mp3", "audio/mpeg", Packing::Packed),
    ("mp4", "video/mp4", Packing::Packed),
    ("ogg", "audio/ogg", Packing::Packed),
    ("opus", "audio/ogg", Packing::Packed),
    ("otf", "font/otf", Packing::Loose),
    ("pdf", "application/pdf", Packing::Packed),
    ("png", "image/png", Packing::Packed),
    ("rss", "application/rss+xml; charset=utf-8", Packing::Loose),
    ("svg", "image/svg+xml", Packing::Loose),
    ("tif", "image/tiff", Packing::Packed),
    ("tiff", "image/tiff", Packing::Packed),
    ("ttf", "font/ttf", Packing::Loose),
    ("txt", "text/plain; charset=utf-8", Packing::Loose),
    ("wasm", "application/wasm", Packing::Loose),
    ("webm", "video/webm", Packing::Packed),
    ("webmanifest", "application/manifest+json", Packing::Loose),
    ("webp", "image/webp", Packing::Packed),
    ("woff", "font/woff", Packing::Packed),
    ("woff2", "font/woff2", Packing::Packed),
    ("xml", "application/xml; charset=utf-8", Packing::Loose),
    ("xsl", "application/xslt+xml; charset=utf-8", Packing::Loose),
    ("zip", "application/zip", Packing::Packed),
    ("zst", "application/zstd", Packing::Packed),
];

/// Files whose type follows from their whole path below `output/`, not from its extension.
pub const NAMED: [(&str, &str); 1] = [("feed.xml", "application/atom+xml; charset=utf-8")];

/// Whether a type's bytes are compressed already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Compressing it may be worth while.
    Loose,
    /// Compressing it again never is.
    Packed,
}

/// Everything a server says of one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileHeaders<'r> {
    /// `Content-Type`.
    pub content_type: Cow<'r, str>,
    /// `Cache-Control`.
    pub cache_control: Cow<'r, str>,
    /// All others: names as they are written, each once.
    pub more: Vec<(&'r str, &'r str)>,
}

/// The rules of one site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeaderRules {
    own: Vec<HeaderPattern>,
    /// The Content-Security-Policy, if there is one.
    policy: Option<(&'static str, String)>,
}

impl HeaderRules {
    /// The rules that `settings` say. `hashes` are those of the scripts and style sheets that pages
    /// may hold.
    pub fn new(settings: &Settings, hashes: &[(Inlined, String)]) -> Self {
        Self { own: settings.delivery.headers.clone(), policy: settings.policy.header(hashes) }
    }

    /// The site's own patterns, in order.
    pub fn own(&self) -> &[HeaderPattern] {
        &self.own
    }

    /// What is said with every file unless a pattern says otherwise, besides type and `Cache-Control`.
    pub fn usual(&self) -> impl Iterator<Item = (&str, &str)> {
        SECURITY.into_iter().chain(self.policy.iter().map(|(name, value)| (*name, value.as_str())))
    }

    /// What is said of a file, by its path below `output/`.
    pub fn of_file(&self, file: &RelPath) -> FileHeaders<'_> {
        let mut found = FileHeaders {
            content_type: content_type(file).into(),
            cache_control: cache_control(file).into(),
            more: Vec::new(),
        };
        let mut set: Vec<&str> = Vec::new();
        let url = url_of(file.as_str());
        for (name, value) in self.own.iter().filter(|own| fits(&own.pattern, &url)).flat_map(|own| &own.headers) {
            if set.iter().any(|earlier| earlier.eq_ignore_ascii_case(name)) {
                continue;
            }
            set.push(name);
            if name.eq_ignore_ascii_case("content-type") {
                found.content_type = value.as_str().into();
            } else if name.eq_ignore_ascii_case("cache-control") {
                found.cache_control = value.as_str().into();
            } else {
                found.more.push((name, value));
            }
        }
        found.more.extend(self.usual().filter(|(name, _)| !set.iter().any(|own| own.eq_ignore_ascii_case(name))));
        found
    }
}

/// Whether a file only tells a server or host how the site is sent, and is nothing for visitors.
pub fn is_for_servers(file: &str) -> bool {
    is_outside(file) || [HostFile::Headers, HostFile::Redirects].iter().any(|host| host.url()[1..] == *file)
}

/// Whether a file of ours lies not below `output/`, but in the folder of what configures servers.
pub fn is_outside(file: &str) -> bool {
    file.strip_prefix(FOLDER).is_some_and(|rest| rest.starts_with('/'))
}

/// Whether the file at a path below `output/` is a page: a document for people to read. All others are
/// there for pages, for machines or for servers.
pub fn is_page(path: impl AsRef<[u8]>) -> bool {
    path.as_ref().ends_with(b".html")
}

/// The URL path under which the file at `path` below `output/` is seen: a folder's `index.html` is the folder.
pub fn url_of(path: &str) -> String {
    match path.strip_suffix("index.html") {
        Some(folder) if folder.is_empty() || folder.ends_with('/') => format!("/{folder}"),
        _ => format!("/{path}"),
    }
}

/// The type of a file, from its name.
pub fn content_type(file: &RelPath) -> &'static str {
    if let Some((_, name)) = NAMED.iter().find(|(path, _)| *path == file.as_str()) {
        return name;
    }
    known(file).map_or("application/octet-stream", |(_, name, _)| name)
}

/// Whether compressing a file of this type may be worth while; never for unknown types.
pub fn is_compressible(file: &RelPath) -> bool {
    known(file).is_some_and(|(_, _, packing)| *packing == Packing::Loose)
}

fn known(file: &RelPath) -> Option<&'static (&'static str, &'static str, Packing)> {
    let extension = file.extension()?.to_ascii_lowercase();
    let at = TYPES.binary_search_by(|(one, ..)| (*one).cmp(&extension)).ok()?;
    Some(&TYPES[at])
}

/// Whether a file's name carries a fingerprint of its bytes, as `css/site.b94b6a35e1db.css` does.
pub fn is_fingerprinted(file: &RelPath) -> bool {
    let folder = file.as_str().split_once('/').map_or("", |(folder, _)| folder);
    let name = file.file_name();
    let is_fingerprint = |part: &str| {
        part.len() == FINGERPRINT_DIGITS && part.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
    };
    FINGERPRINTED_FOLDERS.contains(&folder) && name.split('.').skip(1).any(is_fingerprint)
}

/// `Cache-Control` of a file that the site's own patterns say nothing of.
fn cache_control(file: &RelPath) -> &'static str {
    if is_fingerprinted(file) {
        IMMUTABLE
    } else if file.extension() == Some("html") {
        REVALIDATE
    } else {
        SHORT
    }
}

/// Whether a URL path fits a pattern, in which `*` stands for anything.
pub fn fits(pattern: &str, url: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| url.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str) -> RelPath {
        RelPath::new(path).expect("a path")
    }

    #[test]
    fn types_are_sorted_for_the_search() {
        assert!(TYPES.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_fingerprint_is_for_ever_and_a_page_for_now() {
        let rules = HeaderRules::default();
        let cache = |path: &str| rules.of_file(&file(path)).cache_control.into_owned();
        assert_eq!(cache("assets/css/site.b94b6a35e1db.css"), IMMUTABLE);
        assert_eq!(cache("photos/gull.ec0dc1a5f5b5.png"), IMMUTABLE);
        assert_eq!(cache("parks/index.html"), REVALIDATE);
        assert_eq!(cache("feed.xml"), SHORT);
        assert_eq!(cache("parks/x.b94b6a35e1db.css"), SHORT, "names are ours only where we make them");
        assert_eq!(cache("assets/css/site.css"), SHORT);
    }

    #[test]
    fn a_feed_is_a_feed_and_other_xml_is_not() {
        assert_eq!(content_type(&file("feed.xml")), "application/atom+xml; charset=utf-8");
        assert_eq!(content_type(&file("news.atom")), "application/atom+xml; charset=utf-8");
        assert_eq!(content_type(&file("sitemap.xml")), "application/xml; charset=utf-8");
        assert_eq!(content_type(&file("assets/feed.xml")), "application/xml; charset=utf-8");
        assert!(
            NAMED.iter().all(|(_, named)| TYPES.iter().any(|(_, name, _)| name == named)),
            "told in lists of types"
        );
        assert!(is_compressible(&file("feed.xml")));
    }

    #[test]
    fn the_first_pattern_that_fits_wins_header_by_header() {
        let text = "[headers]\n'/feed.xml' = 'no-store'\n'*.xml' = { Cache-Control = 'x', Content-Type = 'text/xml' }\n'/*' = { referrer-policy = 'no-referrer' }\n";
        let rules = HeaderRules::new(&Settings::parse(text).expect("settings"), &[]);
        let said = rules.of_file(&file("feed.xml")).clone();
        assert_eq!((&*said.cache_control, &*said.content_type), ("no-store", "text/xml"));
        assert_eq!(said.more, [("referrer-policy", "no-referrer"), ("X-Content-Type-Options", "nosniff")]);
        assert_eq!(rules.of_file(&file("sitemaps/site.xml")).cache_control, "x");
        assert_eq!(rules.of_file(&file("a/index.html")).cache_control, REVALIDATE);
    }

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, url, expected) in [
            ("/a", "/a", true),
            ("/a", "/ab", false),
            ("/a/*", "/a/", true),
            ("*.pdf", "/x/y.pdf", true),
            ("*.pdf", "/x/y.pdfx", false),
            ("/*/b/*.c", "/a/b/x.c", true),
            ("/a*a", "/a", false),
        ] {
            assert_eq!(fits(pattern, url), expected, "{pattern} {url}");
        }
    }

    #[test]
    fn a_bad_header_is_told_with_its_place() {
        let text = "[headers]\nfeed = 'x'\n'/*' = { 'X Y' = 'a', A = \"b\\nc\", B = 1 }\n";
        let problems = Settings::parse(text).expect_err("mistakes");
        let told: Vec<_> = problems.iter().map(|one| (one.line, one.message.as_str())).collect();
        assert_eq!(
            told,
            [
                (2, "`feed` is not a pattern of URL paths"),
                (3, "`X Y` is not the name of a header"),
                (3, "`A` must be one line of ASCII"),
                (3, "`B` must be text, found a whole number"),
            ]
        );
    }
}
