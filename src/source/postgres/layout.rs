//! Content files as rows, and rows as content files. What a file says becomes columns of the same
//! names; how it is laid out is kept beside them, so that it comes back byte for byte while it still
//! says what the rows say. Knows nothing of connections.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::{Map, Value, json};

use crate::diagnostics::{Diagnostic, Severity};
use crate::digest::Digest;
use crate::fields::{self, Fields, Findings, Node, Shape};
use crate::model::Kind;
use crate::model::date::parse_moment;
use crate::source::columns::{Column, Holds, columns};
use crate::source::{FOLDER, Part, Place, Reading, front_matter, place, records};

/// A row, by column.
pub type Row = Map<String, Value>;

/// What a content file says, as rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Laid {
    /// What its rows are about.
    pub part: Option<Part>,
    /// The record's key, or the park's.
    pub key: String,
    /// The rows of the part's table.
    pub rows: Vec<Row>,
    /// What happened to the record.
    pub history: Vec<Row>,
    /// What leads to it.
    pub redirects: Vec<Row>,
    /// What stands before and after the body.
    pub around: (String, String),
}

/// The rows of the content file at `path` below `content/`; `None` for a picture. The error is what
/// is wrong with it.
pub fn rows_of(path: &str, text: &str, rating_scale: u32) -> Result<Option<Laid>, Vec<Diagnostic>> {
    let file = format!("{FOLDER}/{path}");
    let source = text.strip_prefix('\u{feff}').unwrap_or(text);
    let reading = Reading { now: 0, drafts: true, rating_scale, photos_apart: false, trust_html: true };
    let mut findings = Findings::new(&file, source);
    let laid = match place(path) {
        Place::PhotoFile(_) | Place::Ignored => return Ok(None),
        Place::Record(kind, scope, stem) => record(kind, &scope, &stem, &mut findings),
        found @ (Place::Areas(_) | Place::Reviews(_) | Place::Photos(_) | Place::Unknown(_)) => {
            let problems = crate::source::parse(path, text.as_bytes(), &reading).problems;
            if problems.iter().any(|problem| problem.severity == Severity::Error) {
                return Err(problems);
            }
            list(&found, path, &mut findings)
        }
    };
    if source.contains('\0') {
        findings.note(0..0, "a database cannot hold the character U+0000", None);
    }
    if findings.has_errors() {
        return Err(findings.into_problems());
    }
    let bom = if text.len() > source.len() { "\u{feff}" } else { "" };
    Ok(laid.map(|laid| Laid { around: (format!("{bom}{}", laid.around.0), laid.around.1.clone()), ..laid }))
}

fn record(kind: Kind, scope: &str, stem: &str, findings: &mut Findings<'_>) -> Option<Laid> {
    let (id, body) = records::key_and_body(kind, scope, stem, findings)?;
    let part = Part::ALL.into_iter().find(|part| part.kind() == Some(kind))?;
    let source = findings.source;
    let (mut fields, _) = front_matter::split(findings)?;
    let mut row = Row::new();
    let [mut history, mut redirects] = [Vec::new(), Vec::new()];
    for column in columns(part) {
        let Some(node) = fields.take(column.name) else { continue };
        match column.name {
            "history" => history = events(part, &id.key, node, findings),
            "former_slugs" | "aliases" => {
                let name = if column.name == "aliases" { "alias" } else { "former_slug" };
                for text in texts(node) {
                    let position = redirects.len();
                    redirects.push(object([
                        ("part", json!(part.name())),
                        ("key", json!(id.key)),
                        ("position", json!(position)),
                        (
                            name,
                            json!(if name == "alias" && !text.starts_with('/') { format!("/{text}") } else { text }),
                        ),
                    ]));
                }
            }
            _ => insert(&mut row, column, node, findings),
        }
    }
    row.insert("slug".to_owned(), json!(id.slug()));
    match part {
        Part::Rides => drop(row.insert("park".to_owned(), json!(scope))),
        Part::Models => drop(row.insert("company".to_owned(), json!(scope))),
        _ => {}
    }
    row.insert("body".to_owned(), json!(source[body.clone()]));
    let around = (source[..body.start].to_owned(), source[body.end..].to_owned());
    Some(Laid { part: Some(part), key: id.key.to_string(), rows: vec![row], history, redirects, around })
}

fn list(found: &Place, path: &str, findings: &mut Findings<'_>) -> Option<Laid> {
    let source = findings.source;
    let (part, park, name) = match found {
        Place::Areas(park) => (Part::Areas, park, "area"),
        Place::Photos(park) => (Part::Photos, park, "photo"),
        Place::Reviews(park) => (Part::Reviews, park, ""),
        _ => return None,
    };
    if part == Part::Photos && !path.starts_with(&format!("parks/{park}/")) {
        let help = Some(format!("rename the park's folder to `{park}`"));
        findings.note(0..0, "pictures of rows are looked for in the folder that is named by the park's slug", help);
    }
    let mut nodes: Vec<(Node, String)> = Vec::new();
    if part == Part::Reviews {
        let mut start = 0;
        for line in source.split_inclusive('\n') {
            let place = start..start + line.trim_end().len();
            start += line.len();
            if !place.is_empty() {
                let text = source[place.clone()].to_owned();
                nodes.extend(fields::json_line(findings, place).map(|node| (node, text)));
            }
        }
    } else if let Some(node) = fields::toml(findings, 0..source.len()) {
        let items = Fields::of(node, findings).items(name);
        nodes.extend(items.into_iter().map(|node| (node, String::new())));
    }
    let mut rows: Vec<Row> = Vec::new();
    for (position, (node, line)) in nodes.into_iter().enumerate() {
        let place = node.span.clone();
        let mut fields = Fields::of(node, findings);
        let mut row = Row::new();
        for column in columns(part) {
            if let Some(node) = fields.take(column.name) {
                insert(&mut row, column, node, findings);
            }
        }
        row.insert("park".to_owned(), json!(park));
        match part {
            Part::Reviews => {
                row.entry("id").or_insert_with(|| json!(Digest::of(line.as_bytes()).hex(16)));
                row.entry("state").or_insert_with(|| json!("approved"));
                if rows.iter().any(|other| other["id"] == row["id"]) {
                    findings.note(place, "two reviews of this park have one `id`, or are the same", None);
                }
            }
            _ => drop(row.insert("position".to_owned(), json!(position))),
        }
        if part == Part::Areas && !row.contains_key("slug") {
            let name = row.get("name").and_then(Value::as_str).unwrap_or_default();
            row.insert("slug".to_owned(), json!(crate::model::slug::slugify(name)));
        }
        rows.push(row);
    }
    let around = (source.to_owned(), String::new());
    Some(Laid { part: Some(part), key: park.clone(), rows, around, ..Laid::default() })
}

fn events(part: Part, key: &str, node: Node, findings: &mut Findings<'_>) -> Vec<Row> {
    let items = match node.shape {
        Shape::Array(items) => items,
        _ => vec![node],
    };
    let mut rows = Vec::new();
    for (position, item) in items.into_iter().enumerate() {
        let mut fields = Fields::of(item, findings);
        let mut row = object([("part", json!(part.name())), ("key", json!(key)), ("position", json!(position))]);
        for (name, holds) in
            [("date", Holds::Date), ("type", Holds::Text), ("title", Holds::Text), ("text", Holds::Text)]
        {
            if let Some(node) = fields.take(name) {
                insert(&mut row, &Column { name, holds, needed: false }, node, findings);
            }
        }
        rows.push(row);
    }
    rows
}

fn object<const N: usize>(entries: [(&str, Value); N]) -> Row {
    entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Puts a value into its column; what is empty is left out.
fn insert(row: &mut Row, column: &Column, node: Node, findings: &mut Findings<'_>) {
    const KEYS: [(&str, &str); 4] =
        [("operator", "company:"), ("owner", "company:"), ("parent", "company:"), ("model", "model:")];
    let span = node.span.clone();
    let value = match (column.holds, node.shape) {
        (Holds::List, shape) => json!(texts(Node { span: span.clone(), shape })),
        (Holds::Date, Shape::Integer(year)) => json!(year.to_string()),
        (Holds::Date, Shape::Date(text)) => json!(text.get(..10).unwrap_or(&text)),
        (Holds::Date, Shape::String(text)) => json!(text.trim().get(..10).unwrap_or(text.trim())),
        (Holds::Moment, Shape::String(text) | Shape::Date(text)) => json!(moment(&text)),
        (Holds::Json, shape) => match json_of(shape) {
            Some(value) => value,
            None => {
                findings.note(span, format!("`{}` holds a number that JSON cannot", column.name), None);
                return;
            }
        },
        (_, Shape::String(text)) => {
            let prefix = KEYS.iter().find(|(name, _)| *name == column.name).map_or("", |(_, prefix)| prefix);
            let text = text.trim();
            json!(text.strip_prefix(prefix).unwrap_or(text))
        }
        (_, shape) => json_of(shape).unwrap_or_default(),
    };
    let empty = value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
    if !empty {
        row.insert(column.name.to_owned(), value);
    }
}

fn moment(text: &str) -> Option<String> {
    let seconds = parse_moment(text)?;
    jiff::Timestamp::from_second(seconds).ok().map(|moment| moment.to_string())
}

fn texts(node: Node) -> Vec<String> {
    let items = match node.shape {
        Shape::Array(items) => items,
        _ => vec![node],
    };
    let texts = items.into_iter().filter_map(|item| match item.shape {
        Shape::String(text) => Some(text.trim().to_owned()).filter(|text| !text.is_empty()),
        _ => None,
    });
    texts.collect()
}

fn json_of(shape: Shape) -> Option<Value> {
    Some(match shape {
        Shape::Null => Value::Null,
        Shape::Bool(value) => value.into(),
        Shape::Integer(value) => value.into(),
        Shape::Float(value) => Value::Number(serde_json::Number::from_f64(value)?),
        Shape::String(text) | Shape::Date(text) => text.into(),
        Shape::Array(items) => Value::Array(items.into_iter().map(|item| json_of(item.shape)).collect::<Option<_>>()?),
        Shape::Table(entries) => Value::Object(
            entries.into_iter().map(|(name, _, node)| Some((name, json_of(node.shape)?))).collect::<Option<_>>()?,
        ),
    })
}

/// Rows in a form in which equal ones are equal: without nulls, numbers as numbers, moments as seconds.
pub fn comparable(part: Part, rows: &[Row]) -> Vec<BTreeMap<String, String>> {
    let holds: BTreeMap<&str, Holds> = columns(part).map(|column| (column.name, column.holds)).collect();
    let value = |name: &str, value: &Value| match (holds.get(name), value) {
        (Some(Holds::Number), value) => value.as_f64().map_or_else(|| value.to_string(), |number| number.to_string()),
        (Some(Holds::Moment), Value::String(text)) => {
            parse_moment(text).map_or_else(|| text.clone(), |at| at.to_string())
        }
        (_, value) => value.to_string(),
    };
    let given = |row: &Row| {
        let given =
            row.iter().filter(|(_, value)| !value.is_null() && value.as_str() != Some("") && **value != json!([]));
        given.map(|(name, one)| (name.clone(), value(name, one))).collect()
    };
    let mut rows: Vec<BTreeMap<String, String>> = rows.iter().map(given).collect();
    if part == Part::Reviews {
        rows.sort();
    }
    rows
}

/// The path of the file that a record or a park's list is written to.
pub fn path_of(part: Part, key: &str) -> String {
    match part {
        Part::Companies => format!("companies/{key}.md"),
        Part::Models => format!("models/{key}.md"),
        Part::Parks => format!("parks/{key}/index.md"),
        Part::Rides => format!("parks/{}.md", key.replacen('/', "/rides/", 1)),
        Part::Articles => format!("articles/{key}.md"),
        Part::Areas => format!("parks/{key}/areas.toml"),
        Part::Reviews => format!("parks/{key}/reviews.jsonl"),
        Part::Photos => format!("parks/{key}/photos.toml"),
    }
}

/// A file that says what rows say, in our own layout.
pub fn written(part: Part, rows: &[Row]) -> String {
    match part {
        Part::Areas => {
            rows.iter().map(|row| format!("[[area]]\n{}\n", entries(part, row, &["park", "position"]))).collect()
        }
        Part::Photos => {
            rows.iter().map(|row| format!("[[photo]]\n{}\n", entries(part, row, &["park", "position"]))).collect()
        }
        Part::Reviews => rows.iter().map(review_line).collect(),
        _ => rows.first().map_or_else(String::new, |row| record_file(part, row)),
    }
}

fn review_line(row: &Row) -> String {
    let mut line = Row::new();
    for column in columns(Part::Reviews).filter(|column| column.name != "park") {
        if let Some(value) = row.get(column.name).filter(|value| !value.is_null()) {
            line.insert(column.name.to_owned(), value.clone());
        }
    }
    format!("{}\n", Value::Object(line))
}

fn record_file(part: Part, row: &Row) -> String {
    let tables = ["native_names", "history", "extra"];
    let mut text = format!(
        "+++\n{}",
        entries(part, row, &["slug", "park", "company", "body", "native_names", "history", "extra"])
    );
    for name in tables {
        match row.get(name) {
            Some(Value::Array(items)) => {
                for item in items.iter().filter_map(Value::as_object) {
                    write!(text, "\n[[{name}]]\n").expect("writing to a String cannot fail");
                    item.iter().for_each(|(key, value)| entry(&mut text, key, value));
                }
            }
            Some(Value::Object(table)) => {
                write!(text, "\n[{name}]\n").expect("writing to a String cannot fail");
                table.iter().for_each(|(key, value)| entry(&mut text, key, value));
            }
            _ => {}
        }
    }
    text.push_str("+++\n");
    let body = row.get("body").and_then(Value::as_str).unwrap_or_default();
    if !body.is_empty() {
        write!(text, "\n{body}\n").expect("writing to a String cannot fail");
    }
    text
}

fn entries(part: Part, row: &Row, without: &[&str]) -> String {
    let mut text = String::new();
    let keep_slug = part == Part::Areas;
    for column in columns(part).filter(|column| !without.contains(&column.name) || (keep_slug && column.name == "slug"))
    {
        if let Some(value) = row.get(column.name) {
            entry(&mut text, column.name, value);
        }
    }
    text
}

fn entry(text: &mut String, key: &str, value: &Value) {
    if !value.is_null() && *value != json!([]) {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        let key = if plain { key.to_owned() } else { quoted(key) };
        writeln!(text, "{key} = {}", toml_of(value)).expect("writing to a String cannot fail");
    }
}

fn toml_of(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(toml_of).collect::<Vec<_>>().join(", ")),
        Value::Object(table) => {
            let entries = table.iter().filter(|(_, value)| !value.is_null());
            let entries: Vec<String> =
                entries.map(|(key, value)| format!("{} = {}", quoted(key), toml_of(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
    }
}

fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a String cannot fail"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
