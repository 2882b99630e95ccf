//! The site's settings, from `lifthill.toml`. Every setting is a value that pages may read one by
//! one, so that an edit touches only the pages that read it. Knows nothing of pages.

mod delivery;
pub mod hosting;
mod links;
mod photos;
pub mod publish;

pub use delivery::{AssetSettings, CompressSettings, DeliverySettings, Encoding, HeaderPattern, Packer};
pub use links::{LinkCheck, LinkSettings};
pub use photos::{PhotoFormat, PhotoSettings, parse_box};

mod postgres;

pub use postgres::{Address, Origin, Postgres};

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;

use crate::diagnostics::{Diagnostic, suggestion};
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::fields::{self, Fields, Findings, Node, Shape};
use crate::paths::BasePath;
use crate::room::Room;
use crate::text;

/// The settings file's name in the site's root.
pub const FILE: &str = "lifthill.toml";

/// The most that is read of it.
const MOST: Most = Most::megabytes(4);

/// All settings of a site.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What nearly every page shows.
    pub site: SiteSettings,
    /// Quotes and dashes in bodies become typographic ones.
    pub smart_punctuation: bool,
    /// HTML in bodies is passed on as written instead of being sanitised.
    pub trust_html: bool,
    /// The best possible rating; the worst is 1.
    pub rating_scale: u32,
    /// Where dates of change come from.
    pub dates: Dates,
    /// Whether pages are minified.
    pub minify: bool,
    /// Records on one page of a list.
    pub per_page: PerPage,
    /// What `cache gc` keeps.
    pub cache: CacheBounds,
    /// Country names that differ from the built-in ones, by ISO code.
    pub countries: BTreeMap<String, String>,
    /// Where the site is published, by name.
    pub publish: BTreeMap<String, publish::Target>,
    /// Where records come from.
    pub source: Origin,
    /// How a Postgres is reached.
    pub postgres: Postgres,
    /// The user's own settings, by name, as JSON values for templates.
    pub extra: BTreeMap<String, serde_json::Value>,
    /// Which assets there are besides those below `assets/`.
    pub assets: AssetSettings,
    /// How files are sent.
    pub delivery: DeliverySettings,
    /// Which servers and hosts are given files of their own.
    pub hosting: hosting::HostingSettings,
    /// The Content-Security-Policy.
    pub policy: hosting::PolicySettings,
    /// What is done about links that lead nowhere.
    pub links: LinkSettings,
    /// What is made of photos; one setting, since a change of any makes them anew.
    pub photos: PhotoSettings,
}

/// Where the date comes from on which a record was last changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dates {
    /// From what the record itself says.
    #[default]
    Written,
    /// Where it says nothing, from the last commit of its file.
    Git,
}

impl Dates {
    /// All, with their names in settings.
    const WORDS: [(&str, Self); 2] = [("written", Self::Written), ("git", Self::Git)];
}

/// What may be kept between builds although nothing refers to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CacheBounds {
    /// Unused for so many days.
    pub max_age_days: u32,
    /// Megabytes in all.
    pub max_size_mb: u64,
}

/// What nearly every page shows; one setting, since they are read together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SiteSettings {
    /// The site's name.
    pub title: String,
    /// A few words under it.
    pub tagline: Option<String>,
    /// Absolute URL without a trailing slash.
    pub base_url: String,
    /// Its path, below which the site lies.
    #[serde(skip)]
    pub base_path: BasePath,
    /// One sentence for search engines.
    pub description: String,
    /// BCP 47 language tag.
    pub language: String,
    /// `ltr` or `rtl`.
    pub dir: String,
    /// Who publishes it.
    pub author: Option<String>,
}

/// Records on one page of a list, by list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PerPage {
    /// Parks, and the parks of a country.
    pub parks: u32,
    /// Rides, and the rides of a company or model.
    pub rides: u32,
    /// Companies.
    pub companies: u32,
    /// Articles.
    pub articles: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            site: SiteSettings {
                title: "Theme parks".to_owned(),
                tagline: None,
                base_url: "http://localhost".to_owned(),
                base_path: BasePath::default(),
                description: "Theme parks, their rides and the companies that build them.".to_owned(),
                language: "en".to_owned(),
                dir: "ltr".to_owned(),
                author: None,
            },
            smart_punctuation: true,
            trust_html: false,
            rating_scale: 10,
            dates: Dates::default(),
            minify: true,
            per_page: PerPage { parks: 50, rides: 100, companies: 50, articles: 20 },
            cache: CacheBounds { max_age_days: 30, max_size_mb: 4096 },
            countries: BTreeMap::new(),
            publish: BTreeMap::new(),
            source: Origin::default(),
            postgres: Postgres::default(),
            extra: BTreeMap::new(),
            assets: AssetSettings::default(),
            delivery: DeliverySettings::default(),
            hosting: hosting::HostingSettings::default(),
            policy: hosting::PolicySettings::default(),
            links: LinkSettings::default(),
            photos: PhotoSettings::default(),
        }
    }
}

/// What was said on the command line instead of in the settings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// The site's address, without a trailing slash.
    pub base_url: Option<String>,
    /// Where records come from.
    pub source: Option<Origin>,
}

impl Given {
    /// Puts it over the settings.
    pub fn put_over(&self, settings: &mut Settings) {
        if let Some(url) = &self.base_url {
            settings.site.base_url.clone_from(url);
            // What was given was looked at when it was read.
            settings.site.base_path = BasePath::of_url(url).unwrap_or_default();
        }
        settings.source = self.source.unwrap_or(settings.source);
    }
}

impl Settings {
    /// Reads the settings below `root`, at most what there is `room` for; all defaults where there is no file.
    /// The error holds every problem in the file.
    pub fn load(root: &Path, room: Room) -> Result<Self, Vec<Diagnostic>> {
        let bytes = match door::read(&root.join(FILE), room.text(MOST)) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(vec![Diagnostic::of_file(FILE, door::words(&error))]),
        };
        Self::parse(text::decode(FILE, &bytes).map_err(|problem| vec![*problem])?)
    }

    /// Reads settings from the text of a settings file.
    pub fn parse(source: &str) -> Result<Self, Vec<Diagnostic>> {
        let mut findings = Findings::new(FILE, source);
        let mut settings = Self::default();
        if let Some(node) = fields::toml(&mut findings, 0..source.len()) {
            settings.read(&mut Fields::of(node, &mut findings), &mut findings);
        }
        if findings.number() == 0 { Ok(settings) } else { Err(findings.into_problems()) }
    }

    fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        self.site.read(fields, findings);
        if let Some((word, place)) = fields.text_at("source", findings) {
            match Origin::parse(&word) {
                Some(source) => self.source = source,
                None => {
                    let help = suggestion(&word, Origin::WORDS);
                    findings.note(place, format!("`{word}` is not a known `source`"), help);
                }
            }
        }
        if let Some(node) = fields.take("postgres") {
            let mut postgres = Fields::of(node, findings);
            self.postgres.read(&mut postgres, findings);
            postgres.finish(findings);
        }
        if let Some(node) = fields.take("content") {
            let mut content = Fields::of(node, findings);
            self.smart_punctuation = content.flag("smart_punctuation", findings).unwrap_or(self.smart_punctuation);
            self.trust_html = content.flag("trust_html", findings).unwrap_or(self.trust_html);
            self.rating_scale = content.integer("rating_scale", 2..=100, findings).unwrap_or(self.rating_scale);
            if let Some((word, place)) = content.text_at("dates", findings) {
                match Dates::WORDS.iter().find(|(name, _)| *name == word) {
                    Some((_, dates)) => self.dates = *dates,
                    None => {
                        let help = suggestion(&word, Dates::WORDS.map(|(name, _)| name));
                        findings.note(place, format!("`{word}` is not a known `dates`"), help);
                    }
                }
            }
            content.finish(findings);
        }
        if let Some(node) = fields.take("output") {
            let mut output = Fields::of(node, findings);
            self.minify = output.flag("minify", findings).unwrap_or(self.minify);
            output.finish(findings);
        }
        if let Some(node) = fields.take("lists") {
            let mut lists = Fields::of(node, findings);
            let mut size = |name, default| lists.integer(name, 1..=10_000, findings).unwrap_or(default);
            self.per_page = PerPage {
                parks: size("parks", self.per_page.parks),
                rides: size("rides", self.per_page.rides),
                companies: size("companies", self.per_page.companies),
                articles: size("articles", self.per_page.articles),
            };
            lists.finish(findings);
        }
        if let Some(node) = fields.take("cache") {
            let mut cache = Fields::of(node, findings);
            let days = cache.integer("max_age_days", 0..=100_000, findings);
            self.cache.max_age_days = days.unwrap_or(self.cache.max_age_days);
            let size = cache.integer("max_size_mb", 0..=1_000_000_000, findings);
            self.cache.max_size_mb = size.map_or(self.cache.max_size_mb, u64::from);
            cache.finish(findings);
        }
        if let Some(node) = fields.take("countries") {
            for (code, place, node) in Fields::of(node, findings).take_all() {
                if code.len() != 2 || !code.bytes().all(|b| b.is_ascii_uppercase()) {
                    let help = Some("two capital letters, for instance `NL`".to_owned());
                    findings.note(place, format!("`{code}` is not a country code"), help);
                } else if let Shape::String(name) = node.shape {
                    if findings.is_showable(&name, &code, &node.span) {
                        self.countries.insert(code, name);
                    }
                } else {
                    findings.note(node.span, format!("`{code}` must be text"), None);
                }
            }
        }
        if let Some(node) = fields.take("publish") {
            for (name, _, node) in Fields::of(node, findings).take_all() {
                self.publish.insert(name, publish::Target::read(node, findings));
            }
        }
        if let Some(node) = fields.take("extra") {
            for (name, _, node) in Fields::of(node, findings).take_all() {
                let value = json_of(node, &name, findings);
                self.extra.insert(name, value);
            }
        }
        self.assets.read(fields, findings);
        self.delivery.read(fields, findings);
        self.hosting.read(fields, findings);
        self.policy.read(fields, findings);
        self.photos.read(fields, findings);
        self.links.read(fields, findings);
        std::mem::replace(fields, Fields::empty()).finish(findings);
    }

    /// Every setting that a page can read, with the digest of its value.
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        let values = self.values().into_iter();
        values.map(|(name, value)| (name, Digest::of(value.to_string().as_bytes()))).collect()
    }

    /// Every setting that a page can read, with its value.
    pub fn values(&self) -> BTreeMap<String, serde_json::Value> {
        let mut values = BTreeMap::new();
        let mut add = |name: &str, value: serde_json::Value| {
            values.insert(name.to_owned(), value);
        };
        add("site", serde_json::to_value(&self.site).unwrap_or_default());
        add("base_path", self.site.base_path.as_str().into());
        add("smart_punctuation", self.smart_punctuation.into());
        add("trust_html", self.trust_html.into());
        add("rating_scale", self.rating_scale.into());
        add("minify", self.minify.into());
        add("photos", serde_json::to_value(&self.photos).unwrap_or_default());
        add("lists.parks", self.per_page.parks.into());
        add("lists.rides", self.per_page.rides.into());
        add("lists.companies", self.per_page.companies.into());
        add("lists.articles", self.per_page.articles.into());
        add("compress.assets", self.delivery.compress.assets_words().into());
        add("compress.pages", self.delivery.compress.pages_words().into());
        add("headers", format!("{:?}", self.delivery.headers).into());
        add("hosting", self.hosting.words().into());
        add("security", self.policy.words().into());
        for (code, name) in &self.countries {
            add(&format!("countries.{code}"), name.as_str().into());
        }
        for (name, value) in &self.extra {
            add(&format!("extra.{name}"), value.clone());
        }
        values
    }
}

impl SiteSettings {
    fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        if let Some(title) = fields.text("title", findings) {
            self.title = title;
        }
        self.tagline = fields.text("tagline", findings);
        if let Some((url, place)) = fields.text_at("base_url", findings) {
            let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            match rest {
                Some(rest) if rest.split('/').next().is_some_and(|host| host.contains('@')) => {
                    let help = Some("every page shows it: leave the name and the password out".to_owned());
                    findings.note(place, "`base_url` must be without credentials", help);
                }
                Some(rest) if !rest.is_empty() && !rest.contains(['"', '<', '>', ' ', '?', '#']) => {
                    match BasePath::of_url(&url) {
                        Ok(path) => self.base_path = path,
                        Err(why) => findings.note(place, why, Some("use letters, digits, `-` and `_`".to_owned())),
                    }
                    self.base_url = url.trim_end_matches('/').to_owned();
                }
                _ => findings.note(
                    place,
                    "`base_url` must be an absolute URL",
                    Some("for instance https://parks.example".to_owned()),
                ),
            }
        }
        if let Some(description) = fields.text("description", findings) {
            self.description = description;
        }
        if let Some((language, place)) = fields.text_at("language", findings) {
            if language
                .split('-')
                .all(|part| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
            {
                self.language = language;
            } else {
                findings.note(place, "`language` must be a language tag such as `en` or `nl-BE`", None);
            }
        }
        match fields.text_at("dir", findings) {
            Some((dir, _)) if dir == "ltr" || dir == "rtl" => self.dir = dir,
            Some((_, place)) => findings.note(place, "`dir` must be `ltr` or `rtl`", None),
            None => {}
        }
        self.author = fields.text("author", findings);
    }
}

fn json_of(node: Node, name: &str, findings: &mut Findings<'_>) -> serde_json::Value {
    use serde_json::Value;
    match node.shape {
        Shape::Null => Value::Null,
        Shape::Bool(value) => value.into(),
        Shape::Integer(value) => value.into(),
        Shape::Float(value) => value.into(),
        Shape::String(text) | Shape::Date(text) => {
            findings.is_showable(&text, name, &node.span);
            text.into()
        }
        Shape::Array(items) => items.into_iter().map(|item| json_of(item, name, findings)).collect(),
        Shape::Table(entries) => {
            let value = |(key, _, node)| {
                let value = json_of(node, name, findings);
                (key, value)
            };
            Value::Object(entries.into_iter().map(value).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_problem_is_found_in_one_run() {
        let problems = Settings::parse("titel = 'x'\nbase_url = 'parks'\n[lists]\nrides = 0\n").unwrap_err();
        let messages: Vec<_> = problems.iter().map(|problem| problem.message.as_str()).collect();
        assert_eq!(
            messages,
            [
                "`base_url` must be an absolute URL",
                "`rides` must be between 1 and 10000, found 0",
                "unknown key `titel`"
            ]
        );
        assert_eq!(problems[2].help.as_deref(), Some("did you mean `title`?"));
    }

    #[test]
    fn an_edit_changes_only_its_own_digest() {
        let before = Settings::parse("[extra]\nb = 1\na = 2").unwrap().digests();
        let after = Settings::parse("[extra]\na = 2\nb = 3").unwrap().digests();
        let changed: Vec<_> = after.iter().filter(|(name, digest)| before.get(*name) != Some(*digest)).collect();
        assert_eq!(changed.len(), 1);
        assert_eq!(changed[0].0, "extra.b");
    }
}
