//! The settings that say which files are made beside pages and how all are sent: `[assets]`,
//! `[compress]`, `[headers]`. Knows nothing of servers.

use std::ops::Range;

use crate::diagnostics::{Diagnostic, suggestion};
use crate::fields::{Fields, Findings, Node, Shape};
use crate::paths::RelPath;

/// Which assets there are besides those below `assets/`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AssetSettings {
    /// Assets that are also published under their own name at the site's root, each with the place
    /// of the setting, for telling that there is none.
    pub copies: Vec<(String, Diagnostic)>,
    /// A bundler's `manifest.json`, by its path in the site's root.
    pub vite: Option<String>,
}

impl AssetSettings {
    /// Takes its table out of the settings file's.
    pub fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        let Some(node) = fields.take("assets") else { return };
        let mut assets = Fields::of(node, findings);
        for (name, place) in assets.texts_at("copies", findings) {
            let here = Diagnostic::at(findings.file, findings.source, place, String::new());
            self.copies.push((name, here));
        }
        self.vite = assets.text("vite", findings);
        assets.finish(findings);
    }
}

/// How a variant of a file is compressed, in the order in which servers should prefer them: for
/// text Brotli is the smallest, and zstd is smaller than gzip.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Encoding {
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// RFC 1952.
    Gzip,
}

impl Encoding {
    /// All of them, the most wanted first.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstd, Self::Gzip];

    /// Its name in `Content-Encoding`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::Gzip => "gzip",
        }
    }

    /// What a variant's file name has behind the file's, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Brotli => "br",
            Self::Zstd => "zst",
            Self::Gzip => "gz",
        }
    }

    /// The file that a variant is made of, going by its name; `None` for a name that no variant has.
    pub fn plain_of(path: &str) -> Option<&str> {
        let (plain, extension) = path.rsplit_once('.')?;
        Self::ALL.iter().any(|encoding| encoding.extension() == extension).then_some(plain)
    }

    /// The variant of a file.
    pub fn of_file(self, file: &RelPath) -> Option<RelPath> {
        RelPath::new(&format!("{file}.{}", self.extension()))
    }
}

/// A way to compress: encoding and level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packer {
    /// The encoding.
    pub encoding: Encoding,
    /// The library's level: Brotli 0 to 11, zstd 1 to 22, gzip 1 to 12 (libdeflate's).
    pub level: i32,
}

/// Which compressed variants lie beside files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompressSettings {
    /// Beside assets: they change seldom and are sent often, so it may take long.
    pub assets: Vec<Packer>,
    /// Beside pages, feeds, sitemaps and everything else.
    pub pages: Vec<Packer>,
}

/// The levels for assets: the highest that are worth their time. Gzip 12 takes a third longer than
/// 11 and gains nothing.
const ASSET_LEVELS: [i32; 3] = [11, 19, 11];
/// The levels for pages: Brotli 5 is within a fifth of Brotli 11 at a thirtieth of its time.
const PAGE_LEVELS: [i32; 3] = [5, 6, 6];
/// The lowest and highest level of each encoding.
const LEVELS: [(u32, u32); 3] = [(0, 11), (1, 22), (1, 12)];

impl Default for CompressSettings {
    fn default() -> Self {
        Self { assets: packers(&Encoding::ALL, ASSET_LEVELS), pages: Vec::new() }
    }
}

fn packers(encodings: &[Encoding], levels: [i32; 3]) -> Vec<Packer> {
    encodings.iter().map(|encoding| Packer { encoding: *encoding, level: levels[*encoding as usize] }).collect()
}

impl CompressSettings {
    fn read(&mut self, node: Node, findings: &mut Findings<'_>) {
        let mut table = Fields::of(node, findings);
        // zstd is larger than Brotli for pages and few servers send it.
        let (all, for_pages) = (Encoding::ALL, [Encoding::Brotli, Encoding::Gzip]);
        if let Some(node) = table.take("assets") {
            self.assets = packers_of(node, &all, ASSET_LEVELS, findings);
        }
        if let Some(node) = table.take("pages") {
            self.pages = packers_of(node, &for_pages, PAGE_LEVELS, findings);
        }
        table.finish(findings);
    }

    /// What decides the variants of assets.
    pub fn assets_words(&self) -> String {
        format!("{:?}", self.assets)
    }

    /// What decides the variants of pages.
    pub fn pages_words(&self) -> String {
        format!("{:?}", self.pages)
    }
}

/// `true`, `false`, a list of encodings, or a table of encodings and levels.
fn packers_of(node: Node, usual: &[Encoding], levels: [i32; 3], findings: &mut Findings<'_>) -> Vec<Packer> {
    let known = Encoding::ALL.map(Encoding::name);
    let named = |name: &str, place: Range<usize>, findings: &mut Findings<'_>| {
        let found = Encoding::ALL.into_iter().find(|one| one.name() == name);
        if found.is_none() {
            findings.note(place, format!("`{name}` is no encoding"), suggestion(name, known));
        }
        found
    };
    let mut found: Vec<Packer> = Vec::new();
    match node.shape {
        Shape::Bool(true) => found = packers(usual, levels),
        Shape::Bool(false) => {}
        Shape::Array(items) => {
            for item in items {
                match item.shape {
                    Shape::String(name) => {
                        found.extend(named(&name, item.span, findings).map(|one| packers(&[one], levels)[0]));
                    }
                    other => findings.note(item.span, format!("expected text, found {}", other.describe()), None),
                }
            }
        }
        Shape::Table(entries) => {
            for (name, place, node) in entries {
                let Some(encoding) = named(&name, place, findings) else { continue };
                let (low, high) = LEVELS[encoding as usize];
                match node.shape {
                    Shape::Integer(level) if (i64::from(low)..=i64::from(high)).contains(&level) => {
                        found.push(Packer { encoding, level: level as i32 });
                    }
                    _ => findings.note(node.span, format!("the level of `{name}` is from {low} to {high}"), None),
                }
            }
        }
        other => {
            let help = Some("true, false, a list such as [\"br\", \"gzip\"], or levels: { br = 11 }".to_owned());
            findings.note(node.span, format!("cannot be {}", other.describe()), help);
        }
    }
    found.sort_by_key(|packer| packer.encoding);
    found.dedup_by_key(|packer| packer.encoding);
    found
}

/// How files are sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliverySettings {
    /// The site's own headers, in the order written; the first that fits a URL wins.
    pub headers: Vec<HeaderPattern>,
    /// Which compressed variants lie beside files.
    pub compress: CompressSettings,
}

/// One line of `[headers]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderPattern {
    /// A URL path in which `*` stands for anything.
    pub pattern: String,
    /// Names as written, and values.
    pub headers: Vec<(String, String)>,
}

impl DeliverySettings {
    /// Takes its tables out of the settings file's.
    pub fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        if let Some(node) = fields.take("compress") {
            self.compress.read(node, findings);
        }
        if let Some(node) = fields.take("headers") {
            for (pattern, place, node) in Fields::of(node, findings).take_all() {
                if !pattern.starts_with(['/', '*']) || pattern.contains(|c: char| c.is_control() || c.is_whitespace()) {
                    let help = Some("for instance \"/feed.xml\", \"/photos/*\" or \"*.pdf\"".to_owned());
                    findings.note(place, format!("`{pattern}` is not a pattern of URL paths"), help);
                    continue;
                }
                let headers = headers_of(node, findings);
                self.headers.push(HeaderPattern { pattern, headers });
            }
        }
    }
}

/// A text alone is `Cache-Control`; a table has a line for each header.
fn headers_of(node: Node, findings: &mut Findings<'_>) -> Vec<(String, String)> {
    if let Shape::String(value) = node.shape {
        return header("Cache-Control", node.span.clone(), value, node.span, findings).into_iter().collect();
    }
    let mut headers = Vec::new();
    for (name, place, node) in Fields::of(node, findings).take_all() {
        match node.shape {
            Shape::String(value) => headers.extend(header(&name, place, value, node.span, findings)),
            other => findings.note(node.span, format!("`{name}` must be text, found {}", other.describe()), None),
        }
    }
    headers
}

/// A header, if its name is a token and its value is one line of visible ASCII (RFC 9110, 5.1 and
/// 5.5): no more can be sent through every server.
fn header(
    name: &str,
    place: Range<usize>,
    value: String,
    value_place: Range<usize>,
    findings: &mut Findings<'_>,
) -> Option<(String, String)> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !name.starts_with(|c: char| c.is_ascii_alphanumeric()) || !name.bytes().all(plain) {
        findings.note(place, format!("`{name}` is not the name of a header"), None);
        return None;
    }
    if !value.bytes().all(|b| (b' '..=b'~').contains(&b)) {
        findings.note(value_place, format!("`{name}` must be one line of ASCII"), None);
        return None;
    }
    Some((name.to_owned(), value.trim().to_owned()))
}
