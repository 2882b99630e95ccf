//! The local manifest: what the last build left, as the objects of a release. Reads the state,
//! never the files. Knows nothing of what is published already.

use std::collections::BTreeMap;

use anyhow::Result;
use rustc_hash::FxHashMap;

use super::manifest::{Class, Entry, Headers, Manifest, dress};
use super::purge::encoded;
use crate::config::publish::{Host, Target, Variants};
use crate::engine::{Inventory, OutputFile};
use crate::headers::{self, Encoding, HeaderRules};

/// A site as it is to be published.
#[derive(Clone)]
pub struct Local {
    /// What is to be there.
    pub manifest: Manifest,
    /// The file below `output/` that a key's bytes come from, where it is not the key itself.
    pub sources: BTreeMap<Box<str>, Box<str>>,
}

/// What the looks of objects follow from.
pub struct Looks<'l> {
    /// The target's settings.
    pub target: &'l Target,
    /// What is said of files.
    pub rules: &'l HeaderRules,
    /// The URL at which visitors see the site, without a slash at its end.
    pub url: &'l str,
}

/// The local manifest of `inventory`.
pub fn local(inventory: &Inventory, looks: &Looks<'_>) -> Result<Local> {
    let Looks { target, rules, url } = *looks;
    let mut local = Local {
        manifest: Manifest { tags: inventory.tags.clone(), build: inventory.build, ..Manifest::default() },
        sources: BTreeMap::new(),
    };
    let mut known = FxHashMap::default();
    let by_path: FxHashMap<&str, &OutputFile> = inventory.files.iter().map(|file| (file.path.as_str(), file)).collect();
    let plain_of = |path: &str| {
        let plain = Encoding::plain_of(path)?;
        by_path.contains_key(plain).then(|| plain.to_owned())
    };
    let tagged = target.purge.as_ref().is_some_and(|purge| purge.tags);
    for file in &inventory.files {
        let path = file.path.as_str();
        if headers::is_for_servers(path) && !takes(target, path) {
            continue;
        }
        let variant_of = plain_of(path);
        if variant_of.is_some() && target.variants != Variants::Siblings {
            continue;
        }
        let page = variant_of.as_deref().and_then(|plain| by_path.get(plain).copied()).unwrap_or(file);
        let mut source = file;
        let said = rules.of_file(&page.path);
        let own = |wanted: &str| {
            let found = said.more.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
            found.map(|(_, value)| (*value).to_owned())
        };
        let leads = page.leads_to.as_ref().filter(|_| target.website && variant_of.is_none());
        let mut of_file = Headers {
            content_disposition: own("Content-Disposition"),
            content_language: own("Content-Language"),
            redirect: leads.map(|path| format!("{url}{}", encoded(path))),
            content_type: said.content_type.into_owned(),
            cache_control: said.cache_control.into_owned(),
            content_encoding: None,
        };
        if target.variants == Variants::Gzip
            && let Some(gzip) = by_path.get(format!("{path}.gz").as_str())
        {
            source = gzip;
            of_file.content_encoding = Some("gzip".to_owned());
            local.sources.insert(path.into(), gzip.path.as_str().into());
        }
        let class = class_of(page);
        let tags = tagged.then(|| tag_text(&inventory.tags, &page.tags, ","));
        let entry = Entry {
            digest: source.digest,
            size: source.size,
            class,
            promised: variant_of.is_none() && class == Class::Page && !page.later && !page.kind.is_empty(),
            dress: dress(&of_file, tags.as_deref()),
            headers: local.manifest.number_of(of_file, &mut known),
            tags: page.tags.clone(),
        };
        local.manifest.entries.insert(path.into(), entry);
    }
    Ok(local)
}

/// Whether a target has use for a file that tells how the site is sent: a host for its own, the folder
/// of a web server for what configures that.
fn takes(target: &Target, path: &str) -> bool {
    match headers::is_outside(path) {
        true => target.to.starts_with("file:"),
        false => matches!(target.host, Host::Netlify | Host::CloudflarePages),
    }
}

/// The names of tags as they are stored with an object.
pub fn tag_text(names: &[Box<str>], tags: &[u32], separator: &str) -> String {
    let names: Vec<&str> = tags.iter().filter_map(|tag| names.get(*tag as usize)).map(|name| &**name).collect();
    names.join(separator)
}

fn class_of(file: &OutputFile) -> Class {
    let path = file.path.as_str();
    if headers::is_fingerprinted(&file.path) {
        return if headers::content_type(&file.path).starts_with("image/") { Class::Photo } else { Class::Asset };
    }
    match file.kind {
        "sitemap" | "feed" | "redirects" | "robots" => Class::Index,
        _ if path.ends_with(".html") || path.ends_with(".html.gz") || path.ends_with(".html.br") => Class::Page,
        _ => Class::Index,
    }
}
