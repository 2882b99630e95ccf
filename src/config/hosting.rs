//! The settings that say which servers and hosts are given files of their own, and what pages may
//! load: `[hosting]`, `[security]`. Knows nothing of what stands in those files.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use crate::diagnostics::{Diagnostic, suggestion};
use crate::fields::{Fields, Findings, Shape};

/// The folder of the files that configure a server, in the site's root. It is no part of `output/`:
/// what configures a server is nothing for visitors.
pub const FOLDER: &str = ".lifthill/hosting";

/// Who is given files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Host {
    /// nginx on a machine of one's own.
    Nginx,
    /// Caddy on a machine of one's own.
    Caddy,
    /// Netlify.
    Netlify,
    /// Cloudflare Pages.
    CloudflarePages,
}

impl Host {
    /// All, with their names in settings.
    const NAMES: [(&str, Self); 4] = [
        ("nginx", Self::Nginx),
        ("caddy", Self::Caddy),
        ("netlify", Self::Netlify),
        ("cloudflare-pages", Self::CloudflarePages),
    ];
}

/// A file for a server or host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HostFile {
    /// `_headers`.
    Headers,
    /// `_redirects`.
    Redirects,
    /// What nginx includes in its `http` block.
    NginxHttp,
    /// What nginx includes in a `server` block.
    NginxServer,
    /// The same for a balancer in front of several servers: the `http` block's part.
    BalancerHttp,
    /// And the `server` block's.
    BalancerServer,
    /// What Caddy imports in a site's block.
    Caddyfile,
}

impl HostFile {
    /// Where it lies, as a URL path: below `output/`, or in [`FOLDER`].
    pub fn url(self) -> &'static str {
        match self {
            Self::Headers => "/_headers",
            Self::Redirects => "/_redirects",
            Self::NginxHttp => "/.lifthill/hosting/nginx/http.conf",
            Self::NginxServer => "/.lifthill/hosting/nginx/server.conf",
            Self::BalancerHttp => "/.lifthill/hosting/balancer/http.conf",
            Self::BalancerServer => "/.lifthill/hosting/balancer/server.conf",
            Self::Caddyfile => "/.lifthill/hosting/Caddyfile",
        }
    }
}

/// Which files are made, and what stands in them besides what the site says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostingSettings {
    /// Who is given files; sorted, each once, and not two that read the same file.
    pub hosts: Vec<Host>,
    /// Where the site lies on the server, if the files are to say so.
    pub root: Option<String>,
    /// Whether nginx has its Brotli module, which is not part of it.
    pub brotli: bool,
    /// The servers behind a balancer, if there is one.
    pub balancer: Option<Balancer>,
}

/// nginx in front of several servers that hold the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balancer {
    /// Addresses: `10.0.0.11:80`, `[fd00::1]:80`, `web-1:80`.
    pub backends: Vec<String>,
    /// So many failures within `fail_timeout_s` take a server out for as long.
    pub max_fails: u32,
    /// Seconds.
    pub fail_timeout_s: u32,
    /// Idle connections kept open to them.
    pub keepalive: u32,
}

impl HostingSettings {
    /// Takes its table out of the settings file's.
    pub fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        let Some(node) = fields.take("hosting") else { return };
        let mut table = Fields::of(node, findings);
        for (name, place) in table.texts_at("files", findings) {
            match Host::NAMES.iter().find(|(known, _)| *known == name) {
                Some((_, host)) => self.add(*host, place, findings),
                None => {
                    let help = suggestion(&name, Host::NAMES.map(|(known, _)| known));
                    findings.note(place, format!("`{name}` is no host that files are made for"), help);
                }
            }
        }
        self.hosts.sort();
        self.root = table.text_at("root", findings).and_then(|(root, place)| {
            let absolute = root.starts_with('/') && !root.contains(['{', '}', '$']) && !root.contains(char::is_control);
            if !absolute {
                let help = "for instance \"/srv/www/current\", without `$`, `{` and `}`".to_owned();
                findings.note(place, "`root` must be a folder by its whole path", Some(help));
            }
            absolute.then_some(root)
        });
        self.brotli = table.flag("brotli", findings).unwrap_or(self.brotli);
        self.balancer = table.take("balancer").and_then(|node| Balancer::read(Fields::of(node, findings), findings));
        table.finish(findings);
    }

    fn add(&mut self, host: Host, place: Range<usize>, findings: &mut Findings<'_>) {
        let clash = [(Host::Netlify, Host::CloudflarePages), (Host::CloudflarePages, Host::Netlify)];
        if clash.iter().any(|(one, other)| *one == host && self.hosts.contains(other)) {
            let help = "build for each in a copy of the site with other settings".to_owned();
            let message = "`netlify` and `cloudflare-pages` read the same files, each in a way of its own";
            findings.note(place, message, Some(help));
        } else if !self.hosts.contains(&host) {
            self.hosts.push(host);
        }
    }

    /// The files that are made.
    pub fn files(&self) -> Vec<HostFile> {
        let mut files = Vec::new();
        for host in &self.hosts {
            files.extend_from_slice(match host {
                Host::Nginx => &[HostFile::NginxHttp, HostFile::NginxServer],
                Host::Caddy => &[HostFile::Caddyfile],
                Host::Netlify | Host::CloudflarePages => &[HostFile::Headers, HostFile::Redirects],
            });
        }
        if self.balancer.is_some() {
            files.extend([HostFile::BalancerHttp, HostFile::BalancerServer]);
        }
        files
    }

    /// What decides the files.
    pub fn words(&self) -> String {
        format!("{self:?}")
    }
}

impl Balancer {
    fn read(mut table: Fields, findings: &mut Findings<'_>) -> Option<Self> {
        let whole = table.span();
        let mut backends = Vec::new();
        for (address, place) in table.texts_at("backends", findings) {
            if is_address(&address) {
                backends.push(address);
            } else {
                let help = "for instance \"10.0.0.11:80\", \"[fd00::1]:80\" or \"web-1:80\"".to_owned();
                findings.note(place, format!("`{address}` is no address of a server"), Some(help));
            }
        }
        if backends.is_empty() {
            findings.note(whole, "`backends` is missing: the servers behind the balancer", None);
        }
        let mut number = |name, range, default| table.integer(name, range, findings).unwrap_or(default);
        let (max_fails, fail_timeout_s) = (number("max_fails", 1..=1_000, 1), number("fail_timeout_s", 1..=3_600, 10));
        let keepalive = number("keepalive", 1..=10_000, 32);
        table.finish(findings);
        (!backends.is_empty()).then_some(Self { backends, max_fails, fail_timeout_s, keepalive })
    }
}

/// A host's name or address, and a port: nothing that a configuration file could read otherwise.
fn is_address(text: &str) -> bool {
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let plain = |host: &str| {
        host.starts_with(|c: char| c.is_ascii_alphanumeric())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
    };
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let host = bracketed.map_or_else(|| plain(host), |inner| inner.parse::<std::net::Ipv6Addr>().is_ok());
    host && port.bytes().all(|b| b.is_ascii_digit()) && port.parse::<u16>().is_ok_and(|port| port > 0)
}

/// The Content-Security-Policy of the site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PolicySettings {
    /// Whether there is one, and whether browsers only report what it forbids.
    pub mode: PolicyMode,
    /// Directives that differ from the strict ones, or are added to them.
    pub directives: Vec<(String, String)>,
    /// Style sheets and scripts below `assets/` that templates may write into pages, each with the
    /// place of the setting, for telling that there is none.
    pub inline: Vec<(String, Diagnostic)>,
}

/// Whether the policy is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PolicyMode {
    /// It is not.
    #[default]
    Off,
    /// Browsers keep to it.
    Strict,
    /// Browsers report what it would forbid.
    Report,
}

/// The directives of a policy and what they say unless the settings say otherwise: what the site
/// itself holds may be loaded, and nothing may be written into pages.
const STRICT: [(&str, &str); 12] = [
    ("default-src", "'none'"),
    ("base-uri", "'none'"),
    ("connect-src", "'self'"),
    ("font-src", "'self'"),
    ("form-action", "'self'"),
    ("frame-ancestors", "'none'"),
    ("img-src", "'self' data:"),
    ("manifest-src", "'self'"),
    ("media-src", "'self'"),
    ("object-src", "'none'"),
    ("script-src", "'self'"),
    ("style-src", "'self'"),
];

impl PolicySettings {
    /// Takes its table out of the settings file's.
    pub fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        let Some(node) = fields.take("security") else { return };
        let mut table = Fields::of(node, findings);
        if let Some((word, place)) = table.text_at("policy", findings) {
            let known = [("strict", PolicyMode::Strict), ("report", PolicyMode::Report), ("off", PolicyMode::Off)];
            match known.iter().find(|(name, _)| *name == word) {
                Some((_, mode)) => self.mode = *mode,
                None => {
                    let help = suggestion(&word, known.map(|(name, _)| name));
                    findings.note(place, format!("`{word}` is no policy"), help);
                }
            }
        }
        for (name, place) in table.texts_at("inline", findings) {
            let here = Diagnostic::at(findings.file, findings.source, place, String::new());
            self.inline.push((name, here));
        }
        if let Some(node) = table.take("directives") {
            for (name, place, node) in Fields::of(node, findings).take_all() {
                if name.is_empty() || !name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-') {
                    findings.note(place, format!("`{name}` is not the name of a directive"), None);
                    continue;
                }
                match node.shape {
                    Shape::String(value)
                        if value.bytes().all(|b| (b' '..=b'~').contains(&b) && !b",;".contains(&b)) =>
                    {
                        self.directives.push((name, value.trim().to_owned()));
                    }
                    Shape::String(_) => {
                        findings.note(node.span, format!("`{name}` must be ASCII without `;` and `,`"), None);
                    }
                    other => {
                        findings.note(node.span, format!("`{name}` must be text, found {}", other.describe()), None);
                    }
                }
            }
        }
        table.finish(findings);
    }

    /// What a directive says unless the settings say otherwise.
    pub fn strict(directive: &str) -> Option<&'static str> {
        STRICT.iter().find(|(name, _)| *name == directive).map(|(_, value)| *value)
    }

    /// The header: its name and its value; `None` where there is no policy. `hashes` are those of the
    /// scripts and style sheets that pages may hold, as `sha384-…`.
    pub fn header(&self, hashes: &[(Inlined, String)]) -> Option<(&'static str, String)> {
        let name = match self.mode {
            PolicyMode::Off => return None,
            PolicyMode::Strict => "Content-Security-Policy",
            PolicyMode::Report => "Content-Security-Policy-Report-Only",
        };
        let own = |directive: &str| self.directives.iter().find(|(name, _)| name == directive).map(|(_, value)| value);
        let mut parts = Vec::new();
        for (directive, strict) in STRICT {
            let mut part = format!("{directive} {}", own(directive).map_or(strict, String::as_str));
            let of = hashes.iter().filter(|(kind, _)| kind.directive() == directive);
            of.for_each(|(_, hash)| part.push_str(&format!(" '{hash}'")));
            parts.push(part.trim_end().to_owned());
        }
        let more = self.directives.iter().filter(|(name, _)| STRICT.iter().all(|(strict, _)| strict != name));
        parts.extend(more.map(|(name, value)| format!("{name} {value}").trim_end().to_owned()));
        Some((name, parts.join("; ")))
    }

    /// What decides the policy, but for the hashes.
    pub fn words(&self) -> String {
        let names: Vec<&str> = self.inline.iter().map(|(name, _)| name.as_str()).collect();
        format!("{:?} {:?} {names:?}", self.mode, self.directives)
    }
}

/// What is written into pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inlined {
    /// A `<script>`.
    Script,
    /// A `<style>`.
    Style,
}

impl Inlined {
    /// What an asset becomes in a page; `None` for those that have no place in one.
    pub fn of(name: &str) -> Option<Self> {
        match name.rsplit_once('.')?.1 {
            "js" | "mjs" => Some(Self::Script),
            "css" => Some(Self::Style),
            _ => None,
        }
    }

    fn directive(self) -> &'static str {
        match self {
            Self::Script => "script-src",
            Self::Style => "style-src",
        }
    }
}
