//! Where a site is published: the tables `[publish.NAME]` of the settings. No page reads them.
//! Credentials have no place here; they come from the environment. Knows nothing of networks.

use std::ops::Range;

use crate::fields::{Fields, Findings, Node};

/// One target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// `s3://bucket/prefix`, `gs://…`, `az://container/prefix` or `file:///folder`.
    pub to: String,
    /// Another server that speaks the store's protocol.
    pub endpoint: Option<String>,
    /// The store's region.
    pub region: Option<String>,
    /// The URL at which visitors see the site; the site's `base_url` unless given.
    pub url: Option<String>,
    /// Whose limits are kept.
    pub host: Host,
    /// What becomes of compressed variants (`x.html.gz` beside `x.html`).
    pub variants: Variants,
    /// Releases kept at least, the live one among them.
    pub keep_releases: u32,
    /// Days for which retired assets and releases are kept at least.
    pub keep_days: u32,
    /// Whether replaced bytes are kept in the store, so that a rollback can bring them back.
    pub rollback: bool,
    /// URL patterns (`*` stands for anything) that may go without a redirect.
    pub allow_gone: Vec<String>,
    /// Whether changed pages are asked for at `url` after publishing.
    pub verify: bool,
    /// Uploads at a time.
    pub uploads: u32,
    /// Whether an S3 bucket is served as a website, so that redirects are objects that say where
    /// they lead.
    pub website: bool,
    /// Who caches the site in front of the target.
    pub purge: Option<Purge>,
}

/// A host with limits of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Host {
    /// None but those of the store.
    #[default]
    Any,
    /// Cloudflare Pages.
    CloudflarePages,
    /// Netlify.
    Netlify,
    /// GitHub Pages.
    GithubPages,
}

/// What becomes of compressed variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Variants {
    /// They stay at home: the host compresses by itself. What object stores get.
    #[default]
    None,
    /// They go along as files of their own, for a web server that looks for them.
    Siblings,
    /// The gzip variant is what is stored under the plain name, with its Content-Encoding.
    Gzip,
}

/// A cache in front of the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purge {
    /// Whose it is.
    pub service: Service,
    /// Which of theirs: distribution, zone, service or pull zone.
    pub id: String,
    /// Whether pages are purged by tag where that is cheaper; objects then carry their tags.
    pub tags: bool,
    /// The metadata field that holds an object's tags.
    pub tag_field: String,
    /// Another address of the service's interface.
    pub endpoint: Option<String>,
    /// The command that purges; it reads URLs, one a line, from its standard input.
    pub command: Vec<String>,
}

/// A service that caches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Amazon CloudFront.
    CloudFront,
    /// Cloudflare.
    Cloudflare,
    /// Fastly.
    Fastly,
    /// bunny.net.
    Bunny,
    /// A command of the user's.
    Command,
}

impl Service {
    /// What stands between tags in the header that it reads.
    pub fn separator(self) -> &'static str {
        match self {
            Self::Fastly => " ",
            _ => ",",
        }
    }
}

impl Target {
    /// A target of which only the address is known.
    pub fn new(to: &str) -> Self {
        Self {
            to: to.to_owned(),
            endpoint: None,
            region: None,
            url: None,
            host: Host::Any,
            variants: if to.starts_with("file:") { Variants::Siblings } else { Variants::None },
            keep_releases: 3,
            keep_days: 30,
            rollback: true,
            allow_gone: Vec::new(),
            verify: false,
            uploads: 32,
            website: false,
            purge: None,
        }
    }

    pub(super) fn read(node: Node, findings: &mut Findings<'_>) -> Self {
        let mut fields = Fields::of(node, findings);
        let start = fields.span();
        let mut target = Self::new("");
        match fields.text_at("to", findings) {
            Some((to, place)) => {
                if let Some(problem) = wrong_address(&to) {
                    findings.note(
                        place,
                        problem,
                        Some("for instance `s3://bucket/prefix` or `file:///srv/www`".into()),
                    );
                }
                target = Self::new(&to);
            }
            None => findings.note(start.clone(), "`to` is missing: the address of the target", None),
        }
        target.endpoint = url(&mut fields, "endpoint", findings);
        target.region = fields.text("region", findings);
        target.url = url(&mut fields, "url", findings);
        let hosts = [
            ("any", Host::Any),
            ("cloudflare-pages", Host::CloudflarePages),
            ("netlify", Host::Netlify),
            ("github-pages", Host::GithubPages),
        ];
        target.host = one_of(&mut fields, "host", &hosts, findings).unwrap_or(target.host);
        let variants = [("none", Variants::None), ("siblings", Variants::Siblings), ("gzip", Variants::Gzip)];
        target.variants = one_of(&mut fields, "variants", &variants, findings).unwrap_or(target.variants);
        let mut number = |name, range, default| fields.integer(name, range, findings).unwrap_or(default);
        target.keep_releases = number("keep_releases", 1..=10_000, target.keep_releases);
        target.keep_days = number("keep_days", 0..=3_650, target.keep_days);
        target.uploads = number("uploads", 1..=256, target.uploads);
        target.rollback = fields.flag("rollback", findings).unwrap_or(target.rollback);
        target.verify = fields.flag("verify", findings).unwrap_or(target.verify);
        target.website = fields.flag("website", findings).unwrap_or(target.website);
        if target.website && !target.to.starts_with("s3:") {
            findings.note(start.clone(), "`website` is for S3: no other store has objects that are redirects", None);
        }
        target.allow_gone = fields.texts("allow_gone", findings);
        target.purge = fields.take("purge").map(|node| Purge::read(node, findings));
        fields.finish(findings);
        target
    }
}

impl Purge {
    fn read(node: Node, findings: &mut Findings<'_>) -> Self {
        let mut fields = Fields::of(node, findings);
        let start = fields.span();
        let services = [
            ("cloudfront", Service::CloudFront),
            ("cloudflare", Service::Cloudflare),
            ("fastly", Service::Fastly),
            ("bunny", Service::Bunny),
            ("command", Service::Command),
        ];
        let service = one_of(&mut fields, "service", &services, findings);
        if service.is_none() {
            findings.note(start.clone(), "`service` is missing: who caches the site", None);
        }
        let service = service.unwrap_or(Service::Command);
        let purge = Self {
            service,
            id: fields.text("id", findings).unwrap_or_default(),
            tags: fields.flag("tags", findings).unwrap_or(false),
            tag_field: fields.text("tag_field", findings).unwrap_or_else(|| "cache-tag".to_owned()),
            endpoint: url(&mut fields, "endpoint", findings),
            command: fields.texts("command", findings),
        };
        if service == Service::Command && purge.command.is_empty() {
            findings.note(start, "`command` is missing: what purges the cache", None);
        } else if service != Service::Command && purge.id.is_empty() {
            let help = "the distribution, zone, service or pull zone".to_owned();
            findings.note(start, "`id` is missing: which cache is purged", Some(help));
        }
        fields.finish(findings);
        purge
    }
}

/// What is wrong with a target's address, if anything.
pub fn wrong_address(to: &str) -> Option<String> {
    let Some((scheme, rest)) = to.split_once("://") else { return Some(format!("`{to}` is no address of a target")) };
    match scheme {
        "s3" | "gs" | "az" if rest.is_empty() || rest.starts_with('/') => Some(format!("`{to}` names no bucket")),
        "s3" | "gs" | "az" if rest.contains(['@', '?', '#']) => {
            Some("an address holds no credentials or parameters".to_owned())
        }
        "file" if !rest.starts_with('/') || rest.trim_matches('/').is_empty() => {
            Some(format!("`{to}` names no folder by its whole path"))
        }
        "s3" | "gs" | "az" | "file" => None,
        other => Some(format!("`{other}` is none of s3, gs, az and file")),
    }
}

fn one_of<T: Copy>(
    fields: &mut Fields,
    name: &'static str,
    known: &[(&'static str, T)],
    findings: &mut Findings<'_>,
) -> Option<T> {
    let (word, place): (String, Range<usize>) = fields.text_at(name, findings)?;
    let found = known.iter().find(|(known, _)| *known == word).map(|(_, value)| *value);
    if found.is_none() {
        let words = known.iter().map(|(word, _)| *word);
        findings.note(place, format!("`{word}` is no {name}"), crate::diagnostics::suggestion(&word, words));
    }
    found
}

fn url(fields: &mut Fields, name: &'static str, findings: &mut Findings<'_>) -> Option<String> {
    let (url, place) = fields.text_at(name, findings)?;
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.contains([' ', '@', '?', '#', '"', '<', '>'])) {
        findings.note(place, format!("`{name}` must be an absolute URL without credentials"), None);
    }
    Some(url.trim_end_matches('/').to_owned())
}
