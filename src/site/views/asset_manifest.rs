//! The list of all assets for machines, in the shape of Vite's `manifest.json` with more to each:
//! sorted, and the same bytes for the same assets.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::catalog::Reader;
use crate::headers::content_type;
use crate::paths::RelPath;
use crate::site::view::{Failure, View};

/// One asset. The first four are Vite's.
#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    src: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    css: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assets: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integrity: Option<&'a str>,
    size: u64,
    #[serde(rename = "type")]
    content_type: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    variants: Vec<Variant>,
}

/// A compressed form.
#[derive(Serialize)]
struct Variant {
    encoding: &'static str,
    file: String,
    size: u64,
}

/// Every asset by its name.
pub fn view(reader: &Reader) -> Result<View, Failure> {
    let all = reader.assets();
    let file_of = |url: &'_ str| -> usize { url.len() - url.trim_start_matches('/').len() };
    let mut entries = BTreeMap::new();
    for name in all.names() {
        let Some(asset) = all.find(name) else { continue };
        let file = &asset.url[file_of(&asset.url)..];
        let target = RelPath::new(file);
        let urls = |paths: &'_ [String]| -> Vec<&str> {
            paths.iter().filter_map(|path| all.find(path)).map(|asset| &asset.url[file_of(&asset.url)..]).collect()
        };
        let css =
            all.bundled.get(name).map_or(Vec::new(), |one| one.css.iter().map(|url| &url[file_of(url)..]).collect());
        let variants = asset.variants.iter().map(|(encoding, size)| Variant {
            encoding: encoding.name(),
            file: format!("{file}.{}", encoding.extension()),
            size: *size,
        });
        let entry = Entry {
            file,
            src: name,
            css,
            assets: urls(&asset.references),
            integrity: asset.integrity.as_deref(),
            size: asset.size,
            content_type: target.as_ref().map_or("application/octet-stream", content_type),
            variants: variants.collect(),
        };
        entries.insert(name, entry);
    }
    let mut bytes = serde_json::to_vec_pretty(&entries).map_err(anyhow::Error::from)?;
    bytes.push(b'\n');
    Ok(View::Bytes(bytes))
}
