//! Records from Markdown files and from rows: the fields of each kind. Knows nothing of lists of reviews or
//! photos, nor of what a record is for.

use std::ops::Range;

use super::front_matter;
use super::row_values::as_written;
use super::typed::{self, Found};
use super::{Parsed, ParsedRecord, Reading, body};
use crate::fields::{Fields, Findings, Node};
use crate::model::date::PartialDate;
use crate::model::record::{Article, Common, Company, Details, HistoryEvent, Model, NativeName, Park, Record, Ride};
use crate::model::slug::{is_slug, slugify};
use crate::model::words::{Category, Launch, ParkType, Role, Status, Track, Water};
use crate::model::{Kind, RecordId};
use crate::paths::UrlPath;
use crate::tags;
use crate::text;

/// Reads the record of `kind` in a Markdown file. `scope` is its park's or manufacturer's slug,
/// `stem` the file's name (the folder's, for a park), which is its slug unless `slug` says another.
pub fn read(kind: Kind, scope: &str, stem: &str, reading: &Reading, findings: &mut Findings<'_>) -> Parsed {
    let Some((mut fields, body)) = front_matter::split(findings) else { return Parsed::default() };
    let slug = slug(kind, stem, &mut fields, findings);
    let text = findings.source[body.clone()].trim_start();
    let offset = body.end - text.len();
    read_fields(kind, scope, slug, fields, (text.trim_end(), offset), reading, findings)
}

/// Reads the record of `kind` in a row: its columns are named as front matter is, and one is the
/// `body`.
pub fn read_row(
    kind: Kind,
    scope: &str,
    slug: &str,
    row: Node,
    reading: &Reading,
    findings: &mut Findings<'_>,
) -> Parsed {
    let mut fields = Fields::of(as_written(row), findings);
    let body = fields.text("body", findings).unwrap_or_default();
    read_fields(kind, scope, slug.to_owned(), fields, (&body, 0), reading, findings)
}

fn read_fields(
    kind: Kind,
    scope: &str,
    slug: String,
    fields: Fields,
    body: (&str, usize),
    reading: &Reading,
    findings: &mut Findings<'_>,
) -> Parsed {
    let (record, window) = whole(kind, scope, slug, fields, body, findings);
    let moments = window.moments();
    let published = window.contains(reading);
    Parsed { records: if published { vec![record] } else { Vec::new() }, moments, ..Parsed::default() }
}

/// The key of the record of `kind` in a Markdown file, whether it is to be seen or not, and where its
/// body begins and ends. Notes whatever is wrong with the file.
pub fn key_and_body(
    kind: Kind,
    scope: &str,
    stem: &str,
    findings: &mut Findings<'_>,
) -> Option<(RecordId, Range<usize>)> {
    let (mut fields, body) = front_matter::split(findings)?;
    let slug = slug(kind, stem, &mut fields, findings);
    let text = findings.source[body.clone()].trim_start();
    let offset = body.end - text.len();
    let text = text.trim_end();
    let (record, _) = whole(kind, scope, slug, fields, (text, offset), findings);
    Some((record.id, offset..offset + text.len()))
}

fn whole(
    kind: Kind,
    scope: &str,
    slug: String,
    mut fields: Fields,
    (text, offset): (&str, usize),
    findings: &mut Findings<'_>,
) -> (ParsedRecord, Window) {
    let mut found = Found::new();
    let window = Window::read(&mut fields, findings);
    let mut common = common(kind, &mut fields, findings);
    let details = match kind {
        Kind::Park => Details::Park(park(&mut fields, &mut found, findings)),
        Kind::Ride => Details::Ride(Box::new(ride(scope, &mut fields, &mut found, findings))),
        Kind::Company => Details::Company(company(&mut fields, &mut found, findings)),
        Kind::Model => {
            found.push((RecordId::new(Kind::Company, scope), 0..3));
            Details::Model(model(&mut fields, findings))
        }
        _ => Details::Article(article(&mut fields, findings)),
    };
    fields.finish(findings);
    if kind == Kind::Ride {
        found.push((RecordId::new(Kind::Park, scope), 0..3));
    }
    found.extend(body::link_candidates(text, offset));
    if let Some((at, character)) = text::forbidden(text) {
        let place = offset + at..offset + at + character.len_utf8();
        findings.is_showable(&text[at..at + character.len_utf8()], "body", &place);
    }
    if let Some(at) = body::wild_html(text) {
        findings.note(offset + at..offset + at + 1, tags::TOO_DEEP, None);
    }
    common.body = text.to_owned();
    let key = if scope.is_empty() { slug } else { format!("{scope}/{slug}") };
    let record = Record { common, details };
    (ParsedRecord { id: RecordId::new(kind, key), record, references: found, body_at: offset }, window)
}

/// When a record is to be seen.
struct Window {
    draft: bool,
    publish_on: Option<i64>,
    expires_on: Option<i64>,
}

impl Window {
    fn read(fields: &mut Fields, findings: &mut Findings<'_>) -> Self {
        Self {
            draft: fields.flag("draft", findings).unwrap_or(false),
            publish_on: typed::moment(fields, "publish_on", findings),
            expires_on: typed::moment(fields, "expires_on", findings),
        }
    }

    fn contains(&self, reading: &Reading) -> bool {
        (!self.draft || reading.drafts)
            && self.publish_on.is_none_or(|from| from <= reading.now)
            && self.expires_on.is_none_or(|until| reading.now < until)
    }

    fn moments(&self) -> Vec<i64> {
        self.publish_on.into_iter().chain(self.expires_on).collect()
    }
}

fn slug(kind: Kind, stem: &str, fields: &mut Fields, findings: &mut Findings<'_>) -> String {
    let from_file = slugify(stem);
    let Some((given, place)) = fields.text_at("slug", findings) else { return from_file };
    if !is_slug(&given) {
        let help = format!("write `{}`", findings.language.field("slug", &format!("\"{}\"", slugify(&given))));
        findings.note(
            place,
            format!("`{given}` is not a slug: lower-case letters, digits and single hyphens"),
            Some(help),
        );
        return from_file;
    }
    if kind == Kind::Park && given != from_file {
        let help = format!("rename the folder `{stem}` to `{given}` instead");
        findings.note(place, "a park's slug is the name of its folder", Some(help));
        return from_file;
    }
    given
}

fn common(kind: Kind, fields: &mut Fields, findings: &mut Findings<'_>) -> Common {
    let name = fields.required_text(if kind == Kind::Article { "title" } else { "name" }, findings);
    Common {
        name,
        description: fields.text("description", findings),
        updated: typed::date(fields, "updated", findings),
        former_names: fields.texts("former_names", findings),
        former_slugs: checked(fields.texts_at("former_slugs", findings), is_slug, "a slug", findings),
        aliases: aliases(fields, findings),
        sources: typed::no_scripts(fields.texts_at("sources", findings), "sources", findings),
        photo: fields.text("photo", findings).map(|name| text::composed(&name).into_owned()),
        native_names: native_names(fields, findings),
        history: history(fields, findings),
        extra: typed::extra(fields, findings),
        body: String::new(),
    }
}

fn checked(
    texts: Vec<(String, Range<usize>)>,
    accepts: impl Fn(&str) -> bool,
    what: &str,
    findings: &mut Findings<'_>,
) -> Vec<String> {
    let mut kept = Vec::with_capacity(texts.len());
    for (text, place) in texts {
        if accepts(&text) {
            kept.push(text);
        } else {
            findings.note(place, format!("`{text}` is not {what}"), None);
        }
    }
    kept
}

/// The URL paths that lead here. Only a last component may hold a dot, and one without is a
/// folder: so no alias can be a folder of some pages and a file of another. None is a file that some
/// server or host obeys.
fn aliases(fields: &mut Fields, findings: &mut Findings<'_>) -> Vec<String> {
    let accepts = |alias: &str| {
        let (folders, name) = alias.rsplit_once('/').unwrap_or_default();
        UrlPath::new(alias).is_some() && alias != "/" && !folders.contains('.') && !is_obeyed(name)
    };
    let aliases = checked(
        fields.texts_at("aliases", findings),
        accepts,
        "a path of this site such as `/old/place/` or `/old/place.html`",
        findings,
    );
    let is_folder = |alias: &str| !alias.ends_with('/') && !alias.rsplit('/').next().unwrap_or_default().contains('.');
    aliases.into_iter().map(|alias| if is_folder(&alias) { format!("{alias}/") } else { alias }).collect()
}

/// Whether some server or host takes a file of this name for settings of its own.
fn is_obeyed(name: &str) -> bool {
    const NAMES: [&str; 7] =
        ["_headers", "_redirects", "_routes.json", "_worker.js", "cname", "web.config", "staticwebapp.config.json"];
    name.starts_with('.') || NAMES.contains(&name.to_ascii_lowercase().as_str())
}

fn native_names(fields: &mut Fields, findings: &mut Findings<'_>) -> Vec<NativeName> {
    let mut names = Vec::new();
    for node in fields.items("native_names") {
        let mut entry = Fields::of(node, findings);
        let name = entry.required_text("name", findings);
        let lang = entry.text("lang", findings).unwrap_or_else(|| "und".to_owned());
        let dir = entry.text("dir", findings).unwrap_or_else(|| "ltr".to_owned());
        if dir != "ltr" && dir != "rtl" {
            findings.note(entry.span(), "`dir` must be `ltr` or `rtl`", None);
        }
        entry.finish(findings);
        names.push(NativeName { name, lang, dir });
    }
    names
}

fn history(fields: &mut Fields, findings: &mut Findings<'_>) -> Vec<HistoryEvent> {
    let mut events = Vec::new();
    for node in fields.items("history") {
        let mut entry = Fields::of(node, findings);
        let date = typed::date(&mut entry, "date", findings);
        if date.is_none() {
            findings.note(entry.span(), "an event needs a `date`", None);
        }
        let event_type = entry.text("type", findings);
        let title = entry.required_text("title", findings);
        let text = entry.text("text", findings);
        entry.finish(findings);
        events.extend(date.map(|date| HistoryEvent { date, event_type, title, text }));
    }
    events.sort_by_key(|event| event.date);
    events
}

fn status(fields: &mut Fields, findings: &mut Findings<'_>) -> Status {
    typed::word(fields, "status", Status::WORDS, Status::parse, findings).unwrap_or(Status::Unknown)
}

/// `opened` and `closed`, which must not contradict each other.
fn lifetime(fields: &mut Fields, findings: &mut Findings<'_>) -> (Option<PartialDate>, Option<PartialDate>) {
    let opened = typed::date(fields, "opened", findings);
    let closed = typed::date_at(fields, "closed", findings);
    if let (Some(opened), Some((closed, place))) = (opened, &closed)
        && closed.surely_before(&opened)
    {
        findings.note(place.clone(), format!("closed ({closed}) before it opened ({opened})"), None);
    }
    (opened, closed.map(|(date, _)| date))
}

fn park(fields: &mut Fields, found: &mut Found, findings: &mut Findings<'_>) -> Park {
    let (opened, closed) = lifetime(fields, findings);
    Park {
        park_type: typed::word(fields, "type", ParkType::WORDS, ParkType::parse, findings),
        status: status(fields, findings),
        opened,
        closed,
        country: typed::country_code(fields, "country", findings),
        region: fields.text("region", findings),
        city: fields.text("city", findings),
        street: fields.text("street", findings),
        postal_code: fields.text("postal_code", findings),
        coordinates: typed::coordinates(fields, findings),
        timezone: fields.text("timezone", findings),
        operator: typed::key(fields, "operator", Kind::Company, found, findings),
        owner: typed::key(fields, "owner", Kind::Company, found, findings),
        website: typed::web_url(fields, "website", findings),
        size_ha: fields.number("size_ha", 0.0..=200_000.0, findings),
        season: fields.text("season", findings),
        travelling: fields.flag("travelling", findings).unwrap_or(false),
    }
}

fn ride(park: &str, fields: &mut Fields, found: &mut Found, findings: &mut Findings<'_>) -> Ride {
    let before = findings.number();
    let category = typed::word(fields, "category", Category::WORDS, Category::parse, findings);
    if category.is_none() && findings.number() == before {
        let help = format!("one of: {}", Category::WORDS.join(", "));
        findings.note(fields.span().start..fields.span().start, "`category` is missing", Some(help));
    }
    let (opened, closed) = lifetime(fields, findings);
    let area = fields.text_at("area", findings).filter(|(name, _)| !name.is_empty());
    if let Some((name, place)) = &area {
        found.push((RecordId::new(Kind::Area, format!("{park}/{}", slugify(name))), place.clone()));
    }
    let mut flag = |name| fields.flag(name, findings).unwrap_or(false);
    let (single_rider, fast_pass, indoor) = (flag("single_rider"), flag("fast_pass"), flag("indoor"));
    let (vr, kiddie, wheelchair_transfer) = (flag("vr"), flag("kiddie"), flag("wheelchair_transfer"));
    let mut number = |name, most| fields.number(name, 0.0..=most, findings);
    let (height_m, drop_m) = (number("height_m", 400.0), number("drop_m", 400.0));
    let (length_m, speed_kmh) = (number("length_m", 100_000.0), number("speed_kmh", 500.0));
    let (max_angle_deg, gforce) = (number("max_angle_deg", 180.0), number("gforce", 15.0));
    let (min_height_cm, max_height_cm) = (number("min_height_cm", 250.0), number("max_height_cm", 250.0));
    let cost = number("cost", 1e13);
    let mut count = |name, most| fields.integer(name, 0..=most, findings);
    let (inversions, duration_s) = (count("inversions", 30), count("duration_s", 100_000));
    let (capacity_per_hour, min_age) = (count("capacity_per_hour", 100_000), count("min_age", 120));
    let (trains, cars_per_train) = (count("trains", 1000), count("cars_per_train", 1000));
    let (seats_per_car, riders_per_train) = (count("seats_per_car", 1000), count("riders_per_train", 10_000));
    Ride {
        category: category.unwrap_or(Category::Other),
        kinds: fields.texts("kinds", findings),
        area: area.map(|(name, _)| name),
        status: status(fields, findings),
        opened,
        closed,
        manufacturers: typed::keys(fields, "manufacturers", Kind::Company, found, findings),
        designers: typed::keys(fields, "designers", Kind::Company, found, findings),
        model: typed::key(fields, "model", Kind::Model, found, findings),
        height_m,
        drop_m,
        length_m,
        speed_kmh,
        inversions,
        max_angle_deg,
        gforce,
        duration_s,
        capacity_per_hour,
        acceleration: fields.text("acceleration", findings),
        track: typed::word(fields, "track", Track::WORDS, Track::parse, findings),
        layout: fields.text("layout", findings),
        launch: typed::word_list(fields, "launch", Launch::WORDS, Launch::parse, findings),
        restraint: fields.text("restraint", findings),
        trains,
        cars_per_train,
        seats_per_car,
        riders_per_train,
        min_height_cm,
        max_height_cm,
        min_age,
        single_rider,
        fast_pass,
        indoor,
        vr,
        kiddie,
        wheelchair_transfer,
        water: typed::word(fields, "water", Water::WORDS, Water::parse, findings),
        cost,
        currency: fields.text("currency", findings),
        theme: fields.text("theme", findings),
        replaced: typed::reference(fields, "replaced", found, findings),
        replaced_by: typed::reference(fields, "replaced_by", found, findings),
        coordinates: typed::coordinates(fields, findings),
        website: typed::web_url(fields, "website", findings),
        video: typed::web_url(fields, "video", findings),
    }
}

fn model(fields: &mut Fields, findings: &mut Findings<'_>) -> Model {
    Model {
        category: typed::word(fields, "category", Category::WORDS, Category::parse, findings),
        kinds: fields.texts("kinds", findings),
    }
}

fn company(fields: &mut Fields, found: &mut Found, findings: &mut Findings<'_>) -> Company {
    Company {
        legal_name: fields.text("legal_name", findings),
        roles: typed::word_list(fields, "roles", Role::WORDS, Role::parse, findings),
        country: typed::country_code(fields, "country", findings),
        founded: typed::date(fields, "founded", findings),
        closed: typed::date(fields, "closed", findings),
        website: typed::web_url(fields, "website", findings),
        parent: typed::key(fields, "parent", Kind::Company, found, findings),
        person: fields.flag("person", findings).unwrap_or(false),
    }
}

fn article(fields: &mut Fields, findings: &mut Findings<'_>) -> Article {
    let before = findings.number();
    let date = typed::date(fields, "date", findings);
    if date.is_none() && findings.number() == before {
        findings.note(
            fields.span().start..fields.span().start,
            "`date` is missing",
            Some("when it was published".into()),
        );
    }
    // A file without a date has a problem noted and goes no further than this value.
    let placeholder = || PartialDate::parse("1000").expect("a year of four digits parses");
    Article {
        date: date.unwrap_or_else(placeholder),
        author: fields.text("author", findings),
        tags: fields.texts("tags", findings),
    }
}
