//! Guards: what is refused before anything is written. Host limits, keys that cannot live beside
//! each other, too many removals, URLs that break. Sends nothing.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::manifest::{Action, Manifest};
use super::plan::Plan;
use crate::config::publish::Host;
use crate::diagnostics::nearest;
use crate::headers::fits;

/// The folder in a target that holds our own records.
pub const RESERVED: &str = "_deploy/";

/// Removals that are always allowed.
pub const FREE_DELETES: u64 = 256;

/// What the publisher consents to.
#[derive(Clone, Debug, Default)]
pub struct Consent {
    /// So many removals, however many that is of the whole.
    pub deletes: Option<u64>,
    /// Patterns of URLs that may break.
    pub gone: Vec<String>,
}

/// What a host takes.
struct Limits {
    name: &'static str,
    files: Option<u64>,
    files_in_a_folder: Option<u64>,
    file_bytes: Option<u64>,
    redirects: Option<u64>,
    header_rules: Option<u64>,
    all_bytes: Option<u64>,
}

/// Limits as documented by the hosts in 2026.
fn limits(host: Host) -> Limits {
    let none = Limits {
        name: "the store",
        files: None,
        files_in_a_folder: None,
        file_bytes: Some(5 << 40),
        redirects: None,
        header_rules: None,
        all_bytes: None,
    };
    match host {
        Host::Any => none,
        Host::CloudflarePages => Limits {
            name: "Cloudflare Pages",
            files: Some(100_000),
            file_bytes: Some(25 << 20),
            redirects: Some(2_100),
            header_rules: Some(100),
            ..none
        },
        Host::Netlify => Limits { name: "Netlify", files_in_a_folder: Some(54_000), ..none },
        Host::GithubPages => {
            Limits { name: "GitHub Pages", file_bytes: Some(100 << 20), all_bytes: Some(1 << 30), ..none }
        }
    }
}

/// Everything about `manifest` that its host cannot take, in words. `prefix` is the length of what
/// stands before each key, in bytes; `text` reads a small file of the output.
pub fn host_problems(
    manifest: &Manifest,
    host: Host,
    prefix: usize,
    text: impl Fn(&str) -> Option<String>,
) -> Vec<String> {
    let limits = limits(host);
    let mut problems = Vec::new();
    let mut folded: BTreeMap<String, &str> = BTreeMap::new();
    let mut folders: BTreeMap<&str, u64> = BTreeMap::new();
    for (key, entry) in &manifest.entries {
        if key.len() + prefix > 1024 {
            problems.push(format!("{key}: the key is {} bytes long, 1,024 are the most", key.len() + prefix));
        }
        if key.starts_with(RESERVED) {
            problems.push(format!("{key}: `{RESERVED}` is where publishing keeps its own records"));
        }
        if let Some(most) = limits.file_bytes.filter(|most| entry.size > *most) {
            problems.push(format!("{key} has {} bytes, {} takes {most} a file", entry.size, limits.name));
        }
        let fold: String = key.nfc().flat_map(char::to_lowercase).collect();
        if let Some(other) = folded.insert(fold, key) {
            problems.push(format!("{other} and {key} differ only in case or in how accents are written"));
        }
        *folders.entry(key.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default() += 1;
    }
    let mut at_most = |what: &str, found: u64, most: Option<u64>| {
        if let Some(most) = most.filter(|most| found > *most) {
            problems.push(format!("{found} {what}, {} takes {most}", limits.name));
        }
    };
    at_most("files", manifest.entries.len() as u64, limits.files);
    at_most("bytes", manifest.bytes(), limits.all_bytes);
    for (folder, files) in &folders {
        at_most(&format!("files in /{folder}"), *files, limits.files_in_a_folder);
    }
    let rules = |file: &str, rule: fn(&str) -> bool| {
        let lines = text(file).unwrap_or_default();
        lines.lines().filter(|line| !line.trim().is_empty() && !line.starts_with('#') && rule(line)).count() as u64
    };
    at_most("redirect rules in _redirects", rules("_redirects", |_| true), limits.redirects);
    at_most("header rules in _headers", rules("_headers", |line| !line.starts_with([' ', '\t'])), limits.header_rules);
    problems
}

/// Refuses a plan that takes away more than 5 % of what is there and more than 256 objects.
pub fn deletes(base: &Manifest, manifest: &Manifest, consent: &Consent) -> Option<String> {
    let gone = base.entries.keys().filter(|key| !manifest.entries.contains_key(*key)).count() as u64;
    let share = base.entries.len() as u64 / 20;
    let allowed = consent.deletes.unwrap_or(0).max(FREE_DELETES.max(share));
    (gone > allowed).then(|| {
        format!(
            "{gone} of {} objects would go; at most {allowed} may. If that is meant: --allow-deletes {gone}",
            base.entries.len()
        )
    })
}

/// Promised URLs that would break, each with where it may lead instead. URLs that break with
/// consent are noted in `manifest`.
pub fn broken_urls(base: &Manifest, manifest: &mut Manifest, consent: &Consent) -> Vec<String> {
    manifest.gone = base.gone.iter().filter(|key| !manifest.entries.contains_key(*key)).cloned().collect();
    let promised = base.entries.iter().filter(|(_, entry)| entry.promised).map(|(key, _)| key);
    let missing: Vec<&Box<str>> = promised.filter(|key| !manifest.entries.contains_key(*key)).collect();
    let mut problems = Vec::new();
    for key in missing {
        let url = url_of(key);
        if consent.gone.iter().any(|pattern| fits(pattern, &url)) {
            manifest.gone.insert(key.clone());
            continue;
        }
        let meant = suggestion(key, manifest);
        let meant = meant.map_or_else(String::new, |meant| format!("; perhaps it should lead to {}", url_of(meant)));
        problems.push(format!("{url} was published and would be gone{meant}"));
    }
    problems
}

/// The page that a lost URL most probably became: the one of the same name elsewhere, or the one
/// with the nearest name in the same folder.
fn suggestion<'m>(key: &str, manifest: &'m Manifest) -> Option<&'m str> {
    let slug = |key: &str| key.trim_end_matches("/index.html").rsplit('/').next().unwrap_or_default().to_owned();
    let pages = || manifest.entries.iter().filter(|(_, entry)| entry.promised).map(|(key, _)| &**key);
    let name = slug(key);
    if let Some(same) = pages().find(|other| slug(other) == name) {
        return Some(same);
    }
    let folder = key.trim_end_matches("/index.html").rsplit_once('/').map_or("", |(folder, _)| folder);
    nearest(key, pages().filter(|other| other.starts_with(folder)))
}

/// The URL path of a key.
pub fn url_of(key: &str) -> String {
    match key.strip_suffix("index.html") {
        Some(folder) if folder.is_empty() || folder.ends_with('/') => format!("/{folder}"),
        _ => format!("/{key}"),
    }
}

/// How many keys a plan takes away at once; for messages.
pub fn removals(plan: &Plan) -> u64 {
    plan.changes.iter().filter(|change| change.action == Action::Remove).count() as u64
}
