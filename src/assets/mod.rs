//! Assets: the embedded theme's files, any of them overridden by the site's own, style sheets and
//! scripts minified, each under a name that carries a fingerprint of its final bytes.
//!
//! Laws. An asset's final bytes hold the final names of all that it refers to, so a change renames
//! the changed asset, everything that refers to it however far away, and nothing else (`graph.rs`).
//! References are found by parsers, never by patterns (`css.rs`, `js.rs`). What is made of a source
//! is kept by the source's digest and not made again (`prepare.rs`). Knows nothing of pages.

mod apart;
mod compiled;
mod css;
mod files;
mod graph;
mod js;
mod prepare;
mod references;
mod sass;
mod svg;
mod teller;
mod vite;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use rayon::prelude::*;
use sha2::{Digest as _, Sha384};

use crate::cas::Cas;
use crate::config::{AssetSettings, Settings};
use crate::diagnostics::{Diagnostic, suggestion};
use crate::digest::{Digest, Digester};
use crate::door::{self, Most};
use crate::headers::Encoding;
use crate::leftovers;
use crate::paths::BasePath;
use crate::room::Room;
use crate::workshop::Workshop;
use files::Origin;
use graph::{Named, Node};
use prepare::{Language, Prepared, prepare};
use references::{Found, Target, is_path, target};
use teller::Teller;

pub use apart::{attempt, work as work_apart};

/// The folder of a site's own assets in its root, and of all assets in URLs.
pub const FOLDER: &str = "assets";

/// One asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asset {
    /// URL path with the fingerprint.
    pub url: String,
    /// Digest of its final bytes.
    pub digest: Digest,
    /// Size of its final bytes.
    pub size: u64,
    /// `sha384-…` of its final bytes, for style sheets and scripts.
    pub integrity: Option<String>,
    /// Paths of the assets that it refers to, sorted.
    pub references: Vec<String>,
    /// Encodings and sizes of its compressed variants; found out by whoever makes them.
    pub variants: Vec<(Encoding, u64)>,
    content: Content,
}

/// Where an asset's final bytes are.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Content {
    /// In a file below `assets/`, as they are.
    File(Origin),
    /// In a file of the bundle, by its path in the site's root.
    Bundled(String),
    /// Made in this build.
    Made(String),
}

/// A source of a bundle, as pages use it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundled {
    /// The asset that it became.
    pub asset: String,
    /// URLs of its style sheets.
    pub css: Vec<String>,
    /// URLs of the scripts that it imports.
    pub imports: Vec<String>,
}

/// All assets of a build.
#[derive(Clone, Debug, Default)]
pub struct Assets {
    /// By path below `assets/`; those of a bundle by path in its folder.
    pub by_path: BTreeMap<String, Asset>,
    /// Sources of a bundle, by name.
    pub bundled: BTreeMap<String, Bundled>,
    /// Assets that are also published under their own name, at the site's root.
    pub copies: Vec<String>,
    /// The site's root, which no page learns of.
    root: PathBuf,
    /// How much memory reading them may take.
    room: Room,
    /// The settings that they were made with.
    made_with: Option<Conditions>,
    /// Style sheets and scripts that were minified or compiled now, not found in the store.
    pub made: u64,
}

impl Assets {
    /// Every file to publish: the asset's path, and a URL of it.
    pub fn published(&self) -> BTreeSet<(String, String)> {
        let named = self.by_path.iter().map(|(path, asset)| (path.clone(), asset.url.clone()));
        named.chain(self.copies.iter().map(|path| (path.clone(), format!("/{path}")))).collect()
    }

    /// The asset that a page means by `name`: a path, or a source of the bundle.
    pub fn find(&self, name: &str) -> Option<&Asset> {
        let path = self.bundled.get(name).map_or(name, |bundled| &bundled.asset);
        self.by_path.get(path)
    }

    /// The assets whose bytes name `asset`, directly or by way of others: a change of its bytes renames
    /// and changes them too.
    pub fn that_reach(&self, asset: &str) -> BTreeSet<&str> {
        let mut found = BTreeSet::new();
        let mut open = vec![asset];
        while let Some(named) = open.pop() {
            for (path, other) in &self.by_path {
                if other.references.iter().any(|reference| reference == named) && found.insert(path.as_str()) {
                    open.push(path);
                }
            }
        }
        found
    }

    /// The digest of everything that a page can learn of `name`.
    pub fn digest(&self, name: &str) -> Option<Digest> {
        let asset = self.find(name)?;
        let mut parts = vec![asset.url.as_bytes(), &asset.digest.0];
        if let Some(bundled) = self.bundled.get(name) {
            parts.extend(bundled.css.iter().chain(&bundled.imports).map(|url| url.as_bytes()));
        }
        Some(Digest::of_parts(parts))
    }

    /// The digest of everything that a page can learn of all of them.
    pub fn digest_of_all(&self) -> Digest {
        let mut digester = Digester::default();
        for name in self.names() {
            digester.part(name.as_bytes());
            digester.part(&self.digest(name).unwrap_or_default().0);
        }
        for asset in self.by_path.values() {
            digester.part(format!("{:?}", asset.variants).as_bytes());
        }
        self.copies.iter().for_each(|copy| digester.part(copy.as_bytes()));
        digester.finish()
    }

    /// Whether collecting them again with `settings` would make the same of the same files.
    pub fn are_made_with(&self, settings: &Settings) -> bool {
        self.made_with.as_ref() == Some(&conditions(settings))
    }

    /// Every name that a page can ask for.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.by_path.keys().chain(self.bundled.keys()).map(String::as_str)
    }

    /// The final text of an asset, for pages that hold it.
    pub fn text(&self, name: &str) -> Result<String> {
        let bytes = self.bytes(&self.root, name)?.into_owned();
        String::from_utf8(bytes).with_context(|| format!("the asset {name} is no text"))
    }

    /// The final bytes of an asset.
    pub fn bytes(&self, root: &Path, path: &str) -> Result<Cow<'_, [u8]>> {
        let asset = self.by_path.get(path).with_context(|| format!("there is no asset {path}"))?;
        match &asset.content {
            Content::Made(text) => Ok(text.as_bytes().into()),
            Content::File(origin) => {
                files::read(root, path, *origin, self.room).with_context(|| format!("cannot read {FOLDER}/{path}"))
            }
            // Its size was looked at when it was listed.
            Content::Bundled(file) => {
                let bytes = door::read(&root.join(file), Most(asset.size));
                Ok(bytes.with_context(|| format!("cannot read {file}"))?.into())
            }
        }
    }

    /// The file, by its path in the site's root, that an asset is a copy of and that need not be held as a
    /// whole to be copied.
    pub fn copied_from(&self, path: &str) -> Option<String> {
        match &self.by_path.get(path)?.content {
            Content::File(Origin::Own) if files::is_copied(path) => Some(format!("{FOLDER}/{path}")),
            Content::Bundled(file) if files::is_copied(path) => Some(file.clone()),
            _ => None,
        }
    }
}

/// The settings that decide what becomes of the files.
#[derive(Clone, Debug, PartialEq)]
struct Conditions {
    minify: bool,
    assets: AssetSettings,
    compress: String,
    base: BasePath,
}

fn conditions(settings: &Settings) -> Conditions {
    Conditions {
        minify: settings.minify,
        assets: settings.assets.clone(),
        compress: settings.delivery.compress.assets_words(),
        base: settings.site.base_path.clone(),
    }
}

/// An asset on its way.
struct Raw<'f> {
    path: &'f str,
    origin: Origin,
    source: Source,
    /// The text that was prepared: the file's, or what Sass made of it.
    text: Option<Cow<'f, str>>,
    /// Whether the text is all of the file: no byte order mark was before it.
    whole: bool,
    /// Whether it was prepared now.
    made: bool,
}

/// What an asset is made from.
enum Source {
    Text(Prepared),
    Bytes(Digest, u64),
}

/// Every asset of the site at `root`, and what is wrong with any.
pub fn collect(root: &Path, settings: &Settings, cas: &Cas, room: Room) -> Result<(Assets, Vec<Diagnostic>)> {
    let (mut files, mut problems) = files::list(root)?;
    let made_with = Some(conditions(settings));
    let mut assets = Assets { made_with, root: root.to_owned(), room, ..Assets::default() };
    let workshop = Workshop::new(work_apart, room);
    let (sheets, compiled) = compiled::compile(root, &mut files, cas, &workshop, &mut assets, &mut problems)?;

    let raw = files
        .par_iter()
        .map(|(path, origin)| -> Result<(Option<Raw<'_>>, Vec<Diagnostic>)> {
            let file = format!("{FOLDER}/{path}");
            let unread = |error: io::Error| (None, vec![Diagnostic::of_file(&file, door::words(&error))]);
            let as_it_is = |digest, size| {
                let source = Source::Bytes(digest, size);
                Raw { path, origin: *origin, source, text: None, whole: true, made: false }
            };
            if *origin == Origin::Own && files::is_copied(path) {
                let read = files::digest(root, &file, room);
                return Ok(read.map_or_else(unread, |(digest, size)| (Some(as_it_is(digest, size)), Vec::new())));
            }
            let bytes: Cow<'_, [u8]> = match compiled.get(path) {
                Some((_, css)) => css.as_bytes().into(),
                None => match files::read(root, path, *origin, room) {
                    Ok(bytes) => bytes,
                    Err(error) => return Ok(unread(error)),
                },
            };
            let raw = as_it_is(Digest::of(&bytes), bytes.len() as u64);
            let Some(language) = Language::of(path) else { return Ok((Some(raw), drawing(path, *origin, &bytes))) };
            let (text, whole) = match files::text(path, bytes) {
                Ok(read) => read,
                Err(problem) => return Ok((Some(raw), vec![*problem])),
            };
            let make = |minify| match origin {
                // Our own are known to be harmless.
                Origin::Theme if !compiled.contains_key(path) => Ok(Ok(prepare::make(path, language, &text, minify))),
                _ => apart::prepare(&workshop, path, language, &text, minify),
            };
            Ok(match prepare(cas, path, language, &text, settings.minify, make)? {
                Ok((one, made)) => {
                    (Some(Raw { source: Source::Text(one), text: Some(text), whole, made, ..raw }), Vec::new())
                }
                Err(died) => {
                    let file = compiled.get(path).map_or(path, |(sheet, _)| sheet);
                    (None, vec![Diagnostic::of_file(&format!("{FOLDER}/{file}"), died.to_string())])
                }
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let (raw, told): (Vec<Option<Raw<'_>>>, Vec<_>) = raw.into_iter().unzip();
    let raw: Vec<Raw<'_>> = raw.into_iter().flatten().collect();
    problems.extend(told.into_iter().flatten());
    assets.made += raw.iter().filter(|one| one.made).count() as u64;

    let base = &settings.site.base_path;
    let below = !base.is_root();
    let names: Vec<&str> = raw.iter().map(|one| one.path).collect();
    let mut nodes = Vec::with_capacity(raw.len());
    for Raw { path, source, text, .. } in &raw {
        let (digest, text_made, links, others) = match source {
            Source::Bytes(digest, _) => (*digest, None, Vec::new(), Vec::new()),
            Source::Text(one) => {
                let teller = Teller { path, text: text.as_deref().unwrap_or_default(), names: &names, sheets: &sheets };
                let in_sass = compiled.get(*path).map(|(sheet, _)| sheet.as_str());
                teller.tell(one, in_sass, &mut problems);
                let links = one.references.iter().filter_map(|found| Some((found, link(path, found, &names)?)));
                let links: Vec<_> = links.collect();
                let is_link = |found: &Found| links.iter().any(|(link, _)| link.place == found.place);
                let others = one.references.iter().filter(|found| below && is_path(&found.value) && !is_link(found));
                let others = others.collect();
                (Digest::of(one.text.as_bytes()), Some(one.text.as_str()), links, others)
            }
        };
        nodes.push(Node { path, digest, text: text_made, links, others, base });
    }
    let named = graph::name(&nodes);
    let references: Vec<Vec<String>> = nodes
        .iter()
        .map(|node| node.links.iter().map(|(_, to)| names[*to].to_owned()).collect::<BTreeSet<_>>())
        .map(|paths| paths.into_iter().collect())
        .collect();
    drop(nodes);
    for ((Raw { path, origin, source, text, whole, .. }, named), references) in
        raw.into_iter().zip(named).zip(references)
    {
        let own = text.filter(|_| whole && !compiled.contains_key(path));
        let asset = finish(path, origin, source, own.as_deref(), named, references);
        assets.by_path.insert(path.to_owned(), asset);
    }
    if let Some(manifest) = &settings.assets.vite {
        match vite::read(root, manifest) {
            Ok(bundle) => take_bundle(root, bundle, &mut assets, &mut problems)?,
            Err(told) => problems.extend(told),
        }
    }
    for (name, problem) in &settings.assets.copies {
        if assets.by_path.contains_key(name) {
            assets.copies.push(name.clone());
        } else {
            let help = suggestion(name, names.iter().copied());
            problems.push(Diagnostic { help, message: format!("there is no file {FOLDER}/{name}"), ..problem.clone() });
        }
    }
    Ok((assets, problems))
}

/// What is to be said of the site's own drawing: what in it runs.
fn drawing(path: &str, origin: Origin, bytes: &[u8]) -> Vec<Diagnostic> {
    if origin == Origin::Theme || !path.to_ascii_lowercase().ends_with(".svg") {
        return Vec::new();
    }
    svg::active(&format!("{FOLDER}/{path}"), &String::from_utf8_lossy(bytes))
}

fn finish(
    path: &str,
    origin: Origin,
    source: Source,
    own_text: Option<&str>,
    named: Named,
    references: Vec<String>,
) -> Asset {
    let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    // What is known by its address keeps it, and lies where that says.
    let is_well_known = path.starts_with(leftovers::WELL_KNOWN);
    let url = if is_well_known { format!("/{path}") } else { format!("/{FOLDER}/{folder}{}", named.name) };
    let (content, size, integrity) = match source {
        Source::Bytes(_, size) => (Content::File(origin), size, None),
        Source::Text(prepared) => {
            let text = named.text.unwrap_or(prepared.text);
            let (size, integrity) = (text.len() as u64, Some(integrity(text.as_bytes())));
            let content = if own_text == Some(text.as_str()) { Content::File(origin) } else { Content::Made(text) };
            (content, size, integrity)
        }
    };
    Asset { url, digest: named.digest, size, integrity, references, variants: Vec::new(), content }
}

/// The value of an `integrity` attribute.
pub fn integrity(bytes: &[u8]) -> String {
    format!("sha384-{}", base64::engine::general_purpose::STANDARD.encode(Sha384::digest(bytes)))
}

fn link(path: &str, found: &Found, names: &[&str]) -> Option<usize> {
    match target(path, &found.value) {
        Target::Asset { path, .. } => names.binary_search(&path.as_str()).ok(),
        _ => None,
    }
}

/// Adds the files of a bundle under the names that they have.
fn take_bundle(root: &Path, bundle: vite::Bundle, assets: &mut Assets, problems: &mut Vec<Diagnostic>) -> Result<()> {
    for file in &bundle.files {
        let place = if bundle.folder.is_empty() { file.clone() } else { format!("{}/{file}", bundle.folder) };
        let read = match Language::of(file) {
            None => files::digest(root, &place, assets.room).map(|(digest, size)| (digest, size, None)),
            Some(_) => door::read(&root.join(&place), Most::megabytes(64))
                .map(|bytes| (Digest::of(&bytes), bytes.len() as u64, Some(integrity(&bytes)))),
        };
        let (digest, size, integrity) = match read {
            Ok(read) => read,
            Err(error) => {
                problems.push(Diagnostic::of_file(&place, door::words(&error)));
                continue;
            }
        };
        let asset = Asset {
            url: format!("/{file}"),
            digest,
            size,
            integrity,
            references: Vec::new(),
            variants: Vec::new(),
            content: Content::Bundled(place.clone()),
        };
        if assets.by_path.insert(file.clone(), asset).is_some() {
            problems.push(Diagnostic::of_file(&place, format!("has the name of {FOLDER}/{file}")));
        }
    }
    let urls = |files: Vec<String>| files.into_iter().map(|file| format!("/{file}")).collect();
    for (name, entry) in bundle.entries {
        let bundled = Bundled { asset: entry.file, css: urls(entry.css), imports: urls(entry.imports) };
        assets.bundled.insert(name, bundled);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_holds_a_fingerprint_of_the_final_bytes() {
        let folder = tempfile::tempdir().expect("a folder");
        let cas = Cas::open(folder.path(), &crate::disk::Disk::default());
        let (assets, problems) =
            collect(folder.path(), &Settings::default(), &cas, Room::default()).expect("the theme alone");
        assert!(problems.is_empty(), "{problems:?}");
        let sheet = &assets.by_path["css/site.css"];
        let bytes = assets.bytes(folder.path(), "css/site.css").expect("its bytes");
        assert_eq!(sheet.url, format!("/assets/css/site.{}.css", Digest::of(&bytes).hex(12)));
        assert_eq!(sheet.integrity.as_deref(), Some(integrity(&bytes).as_str()));
        assert!(assets.made > 0);
        let (again, _) = collect(folder.path(), &Settings::default(), &cas, Room::default()).expect("the same again");
        assert_eq!((again.by_path, again.made), (assets.by_path, 0), "an unchanged asset is not made again");
    }
}
