//! Guards: what is refused before anything is written. Host limits, keys that cannot live beside
//! each other, too many removals, URLs that break. Sends nothing.

use std::collections::BTreeMap;

use unicode_normalization::UnicodeNormalization;

use super::manifest::Manifest;
use crate::config::publish::Host;
use crate::diagnostics::nearest;
use crate::headers::{fits, url_of};

/// The folder in a target that holds our own records.
pub const RESERVED: &str = "_deploy/";

/// Removals that are always allowed.
pub const FREE_DELETES: u64 = 256;

/// Broken URLs that are told with where they may lead, at most.
const SUGGESTED: usize = 50;

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
        // Looking for one takes a while in a large site, and nobody reads thousands.
        let meant = if problems.len() < SUGGESTED { suggestion(key, manifest) } else { None };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::Digest;
    use crate::publish::manifest::{Class, Entry};

    fn manifest(keys: impl IntoIterator<Item = String>) -> Manifest {
        let mut manifest = Manifest::default();
        for key in keys {
            let entry = Entry {
                digest: Digest::default(),
                size: 1,
                class: Class::Page,
                promised: true,
                headers: 0,
                dress: 0,
                tags: Box::default(),
            };
            manifest.entries.insert(key.into(), entry);
        }
        manifest
    }

    fn problems(keys: &[&str], host: Host, text: &str) -> Vec<String> {
        let manifest = manifest(keys.iter().map(|key| (*key).to_owned()));
        host_problems(&manifest, host, 10, |_| Some(text.to_owned()))
    }

    #[test]
    fn keys_that_cannot_live_beside_each_other_are_found() {
        assert_eq!(problems(&["a/x", "b/x"], Host::Any, "").len(), 0);
        assert_eq!(problems(&["a/Python", "a/python"], Host::Any, "").len(), 1, "case");
        assert_eq!(problems(&["caf\u{e9}", "cafe\u{301}"], Host::Any, "").len(), 1, "how accents are written");
        assert_eq!(problems(&[&"x".repeat(1015)], Host::Any, "").len(), 1, "1,024 bytes with what stands before");
        assert_eq!(problems(&["_deploy/x"], Host::Any, "").len(), 1);
    }

    #[test]
    fn a_host_takes_so_many_files_and_rules() {
        let many = manifest((0..100_001).map(|number| format!("{}/{number}", number % 3)));
        let found = host_problems(&many, Host::CloudflarePages, 0, |_| None);
        assert_eq!(found, ["100001 files, Cloudflare Pages takes 100000"]);
        let full = manifest((0..54_001).map(|number| format!("rides/{number}")));
        let found = host_problems(&full, Host::Netlify, 0, |_| None);
        assert_eq!(found, ["54001 files in /rides, Netlify takes 54000"]);
        let rules = "# no rule\n/a /b\n".repeat(2_101);
        assert!(problems(&["a"], Host::CloudflarePages, &rules)[0].contains("2101 redirect rules"));
        let mut large = manifest(["film.mp4".to_owned()]);
        large.entries.values_mut().for_each(|entry| entry.size = 26 << 20);
        assert_eq!(host_problems(&large, Host::CloudflarePages, 0, |_| None).len(), 1);
    }

    #[test]
    fn a_twentieth_or_256_may_go_and_more_with_consent() {
        let base = manifest((0..1_000).map(|number| number.to_string()));
        let after = |gone: usize| manifest((gone..1_000).map(|number| number.to_string()));
        let none = Consent::default();
        assert_eq!(deletes(&base, &after(256), &none), None);
        let refusal = deletes(&base, &after(257), &none).expect("too many");
        assert!(refusal.contains("--allow-deletes 257"), "{refusal}");
        assert_eq!(deletes(&base, &after(257), &Consent { deletes: Some(257), ..none.clone() }), None);
        assert!(deletes(&base, &after(258), &Consent { deletes: Some(257), ..none }).is_some());
    }

    #[test]
    fn a_url_that_breaks_is_told_with_what_it_may_have_become() {
        let page = |key: &str| format!("parks/{key}/index.html");
        let base = manifest([page("efteling/rides/python"), page("efteling")]);
        let mut after = manifest([page("efteling"), page("kaatsheuvel/rides/python")]);
        let found = broken_urls(&base, &mut after, &Consent::default());
        let line = "/parks/efteling/rides/python/ was published and would be gone; \
                    perhaps it should lead to /parks/kaatsheuvel/rides/python/";
        assert_eq!(found, [line]);
        let consent = Consent { gone: vec!["/parks/*/rides/*".to_owned()], ..Consent::default() };
        assert!(broken_urls(&base, &mut after, &consent).is_empty());
        assert_eq!(after.gone.len(), 1, "consent is remembered");
        let mut later = manifest([page("efteling"), page("kaatsheuvel/rides/python")]);
        assert!(broken_urls(&after, &mut later, &Consent::default()).is_empty());
        assert_eq!(later.gone.len(), 1);
    }
}
