//! Fields with a meaning in the domain: dates, words of an enumeration, keys, references, URLs,
//! coordinates. Knows nothing of which record has which.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::diagnostics::suggestion;
use crate::fields::{Fields, Findings, Node, Shape};
use crate::model::date::parse_moment;
use crate::model::record::{Coordinates, Extra};
use crate::model::slug::{is_slug, slugify};
use crate::model::{Kind, PartialDate, RecordId, Reference, country};

/// A date with precision, from text, a TOML date or a bare year.
pub fn date(fields: &mut Fields, name: &'static str, findings: &mut Findings<'_>) -> Option<PartialDate> {
    date_at(fields, name, findings).map(|(date, _)| date)
}

/// A date and where it stands.
pub fn date_at(
    fields: &mut Fields,
    name: &'static str,
    findings: &mut Findings<'_>,
) -> Option<(PartialDate, Range<usize>)> {
    let node = fields.take(name)?;
    let text = match node.shape {
        Shape::String(text) if text.trim().is_empty() => return None,
        Shape::String(text) => text.trim().to_owned(),
        Shape::Date(text) => text.get(..10).unwrap_or(&text).to_owned(),
        Shape::Integer(year) => year.to_string(),
        other => {
            findings.note(node.span, format!("`{name}` must be a date, found {}", findings.describe(&other)), None);
            return None;
        }
    };
    match PartialDate::parse(&text) {
        Ok(date) => Some((date, node.span)),
        Err(message) => {
            findings.note(node.span, message, None);
            None
        }
    }
}

/// A moment (`publish_on`, `expires_on`): seconds since 1970.
pub fn moment(fields: &mut Fields, name: &'static str, findings: &mut Findings<'_>) -> Option<i64> {
    let node = fields.take(name)?;
    let seconds = match &node.shape {
        Shape::String(text) | Shape::Date(text) => parse_moment(text),
        _ => None,
    };
    if seconds.is_none() {
        let help = "write 2026-12-01 or 2026-12-01T09:00:00Z".to_owned();
        findings.note(node.span, format!("`{name}` must be a date or a time with its zone"), Some(help));
    }
    seconds
}

/// A word of an enumeration.
pub fn word<T>(
    fields: &mut Fields,
    name: &'static str,
    words: &'static [&'static str],
    parse: fn(&str) -> Option<T>,
    findings: &mut Findings<'_>,
) -> Option<T> {
    let (text, span) = fields.text_at(name, findings)?;
    word_of(&text, span, name, words, parse, findings)
}

/// A list of words of an enumeration.
pub fn word_list<T>(
    fields: &mut Fields,
    name: &'static str,
    words: &'static [&'static str],
    parse: fn(&str) -> Option<T>,
    findings: &mut Findings<'_>,
) -> Vec<T> {
    let texts = fields.texts_at(name, findings);
    texts.into_iter().filter_map(|(text, span)| word_of(&text, span, name, words, parse, findings)).collect()
}

fn word_of<T>(
    text: &str,
    span: Range<usize>,
    name: &str,
    words: &'static [&'static str],
    parse: fn(&str) -> Option<T>,
    findings: &mut Findings<'_>,
) -> Option<T> {
    let value = parse(text);
    if value.is_none() {
        let help = suggestion(text, words.iter().copied());
        findings.note(span, format!("`{text}` is not a known `{name}`"), help);
    }
    value
}

/// References found while reading a record, with their places.
pub type Found = Vec<(RecordId, Range<usize>)>;

/// The key of a record of `kind`: a slug (or two), with or without the `kind:` before it.
pub fn key(
    fields: &mut Fields,
    name: &'static str,
    kind: Kind,
    found: &mut Found,
    findings: &mut Findings<'_>,
) -> Option<String> {
    let (text, span) = fields.text_at(name, findings)?;
    key_of(&text, span, name, kind, found, findings)
}

/// Keys of records of `kind`.
pub fn keys(
    fields: &mut Fields,
    name: &'static str,
    kind: Kind,
    found: &mut Found,
    findings: &mut Findings<'_>,
) -> Vec<String> {
    let texts = fields.texts_at(name, findings);
    let mut keys: Vec<String> = Vec::with_capacity(texts.len());
    let mut known = BTreeSet::new();
    for (text, span) in texts {
        if let Some(key) = key_of(&text, span, name, kind, found, findings)
            && known.insert(key.clone())
        {
            keys.push(key);
        }
    }
    keys
}

fn key_of(
    text: &str,
    span: Range<usize>,
    name: &str,
    kind: Kind,
    found: &mut Found,
    findings: &mut Findings<'_>,
) -> Option<String> {
    if text.is_empty() {
        return None;
    }
    let key = text.strip_prefix(kind.word()).and_then(|rest| rest.strip_prefix(':')).unwrap_or(text);
    let depth = if kind == Kind::Model { 2 } else { 1 };
    if key.split('/').count() != depth || !key.split('/').all(is_slug) {
        let help = match kind {
            Kind::Model => "a model is named by manufacturer and slug, for instance `vekoma/boomerang`".to_owned(),
            _ => format!("a {} is named by its slug, here probably `{}`", kind.word(), slugify(key)),
        };
        findings.note(span, format!("`{text}` in `{name}` is not the slug of a {}", kind.word()), Some(help));
        return None;
    }
    found.push((RecordId::new(kind, key), span));
    Some(key.to_owned())
}

/// A reference to any record (`ride:efteling/baron-1898`), or just words.
pub fn reference(
    fields: &mut Fields,
    name: &'static str,
    found: &mut Found,
    findings: &mut Findings<'_>,
) -> Option<Reference> {
    let (text, span) = fields.text_at(name, findings)?;
    if text.is_empty() {
        return None;
    }
    match RecordId::parse(&text) {
        Some(id) => {
            found.push((id.clone(), span));
            Some(Reference::To(id))
        }
        None => Some(Reference::Named(text)),
    }
}

/// A web address: http or https.
pub fn web_url(fields: &mut Fields, name: &'static str, findings: &mut Findings<'_>) -> Option<String> {
    let (text, span) = fields.text_at(name, findings)?;
    if text.is_empty() {
        return None;
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    if rest.is_none_or(|rest| rest.is_empty() || rest.contains(|c: char| c.is_whitespace() || "\"<>\\".contains(c))) {
        let help = Some(format!("for instance https://{}", text.trim_start_matches('/')));
        findings.note(span, format!("`{name}` must be a web address"), help);
        return None;
    }
    Some(text)
}

/// An ISO 3166-1 alpha-2 country code.
pub fn country_code(fields: &mut Fields, name: &'static str, findings: &mut Findings<'_>) -> Option<String> {
    let (text, span) = fields.text_at(name, findings)?;
    if text.is_empty() {
        return None;
    }
    let code = text.to_ascii_uppercase();
    if country::name(&code).is_none() {
        let by_name =
            country::codes().find(|code| country::name(code).is_some_and(|name| name.eq_ignore_ascii_case(&text)));
        let help = match by_name {
            Some(code) => format!("did you mean `{code}`?"),
            None => "two letters, for instance `NL`".to_owned(),
        };
        findings.note(span, format!("`{text}` is not an ISO 3166-1 country code"), Some(help));
        return None;
    }
    Some(code)
}

/// `latitude` and `longitude`: both or neither.
pub fn coordinates(fields: &mut Fields, findings: &mut Findings<'_>) -> Option<Coordinates> {
    let latitude = fields.number("latitude", -90.0..=90.0, findings);
    let longitude = fields.number("longitude", -180.0..=180.0, findings);
    match (latitude, longitude) {
        (Some(latitude), Some(longitude)) => Some(Coordinates { latitude, longitude }),
        _ => None,
    }
}

/// Texts none of which runs as a script where a template makes a link of it.
pub fn no_scripts(texts: Vec<(String, Range<usize>)>, name: &str, findings: &mut Findings<'_>) -> Vec<String> {
    let checked = texts.into_iter().filter(|(text, place)| is_no_script(text, name, place, findings));
    checked.map(|(text, _)| text).collect()
}

/// Whether a text is no address that a browser would run; else that is noted.
fn is_no_script(text: &str, name: &str, place: &Range<usize>, findings: &mut Findings<'_>) -> bool {
    // Browsers leave out white space and control characters.
    let start: String = text.chars().filter(|c| !c.is_control() && *c != ' ').take(16).collect();
    let start = start.to_ascii_lowercase();
    let script = ["javascript:", "vbscript:", "data:text/", "data:image/svg", "data:applicat"];
    let found = script.iter().find(|script| start.starts_with(**script));
    if let Some(found) = found {
        let scheme = found.split(':').next().unwrap_or_default();
        let message = format!("`{name}` begins with `{scheme}:`, and would run as a script where it is made a link");
        findings.note(place.clone(), message, Some("write a web address, or other words".to_owned()));
    }
    found.is_none()
}

/// The `[extra]` table. What is in it may be anything but what no page can show, or what would run.
pub fn extra(fields: &mut Fields, findings: &mut Findings<'_>) -> BTreeMap<String, Extra> {
    let Some(node) = fields.take("extra") else { return BTreeMap::new() };
    let span = node.span.clone();
    match extra_of(node, "extra", findings) {
        Extra::Table(table) => table,
        _ => {
            let table = findings.language.table("extra");
            findings.note(span, format!("`extra` must be {table}"), None);
            BTreeMap::new()
        }
    }
}

fn extra_of(node: Node, name: &str, findings: &mut Findings<'_>) -> Extra {
    match node.shape {
        Shape::Null => Extra::Null,
        Shape::Bool(value) => Extra::Bool(value),
        Shape::Integer(value) => Extra::Integer(value),
        Shape::Float(value) => Extra::Float(value),
        Shape::String(text) | Shape::Date(text) => {
            if findings.is_showable(&text, name, &node.span) {
                is_no_script(&text, name, &node.span, findings);
            }
            Extra::Text(text)
        }
        Shape::Array(items) => Extra::List(items.into_iter().map(|item| extra_of(item, name, findings)).collect()),
        Shape::Table(entries) => {
            let mut table = BTreeMap::new();
            for (key, place, node) in entries {
                findings.is_showable(&key, name, &place);
                let value = extra_of(node, &format!("{name}.{key}"), findings);
                table.insert(key, value);
            }
            Extra::Table(table)
        }
    }
}
