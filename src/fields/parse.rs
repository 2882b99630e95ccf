//! From TOML, YAML or one line of JSON to nodes with places. Knows nothing of field names.

use std::borrow::Cow;
use std::ops::Range;

use saphyr::{LoadableYamlNode, MarkedYaml, Scalar, YamlData};
use saphyr_parser::{Event, Parser};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Findings, Language, Node, Shape};

/// Deeper nesting than this is refused: it is never meant, and recursion has its limits.
const MAX_DEPTH: usize = 32;

/// Parses `source[range]` of the file as TOML. Syntax errors become diagnostics (all that the
/// parser can recover from) and the result is `None`.
pub fn toml(findings: &mut Findings<'_>, range: Range<usize>) -> Option<Node> {
    findings.language = Language::Toml;
    let text = &findings.source[range.clone()];
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().lines().next().unwrap_or("not TOML").to_owned();
        findings.note(shift(&span, range.start), message, None);
    }
    if !errors.is_empty() {
        return None;
    }
    let span = table.span();
    let shape = table_from_toml(table.into_inner(), range.start);
    Some(Node { span: shift(&span, range.start), shape })
}

fn shift(span: &Range<usize>, by: usize) -> Range<usize> {
    span.start + by..span.end + by
}

fn table_from_toml(table: DeTable<'_>, base: usize) -> Shape {
    let mut entries: Vec<_> = table
        .into_iter()
        .map(|(key, value)| {
            let span = shift(&key.span(), base);
            (key.into_inner().into_owned(), span, node_from_toml(value, base))
        })
        .collect();
    entries.sort_by_key(|(_, span, _)| span.start);
    Shape::Table(entries)
}

fn node_from_toml(value: Spanned<DeValue<'_>>, base: usize) -> Node {
    let span = shift(&value.span(), base);
    let shape = match value.into_inner() {
        DeValue::String(text) => Shape::String(text.into_owned()),
        DeValue::Integer(number) => {
            let digits: Cow<'_, str> = number.as_str().into();
            match i64::from_str_radix(&digits, number.radix()) {
                Ok(number) => Shape::Integer(number),
                Err(_) => Shape::Float(f64::INFINITY),
            }
        }
        DeValue::Float(number) => Shape::Float(number.as_str().parse().unwrap_or(f64::NAN)),
        DeValue::Boolean(value) => Shape::Bool(value),
        DeValue::Datetime(date) => Shape::Date(date.to_string()),
        DeValue::Array(items) => Shape::Array(items.into_iter().map(|item| node_from_toml(item, base)).collect()),
        DeValue::Table(table) => table_from_toml(table, base),
    };
    Node { span, shape }
}

/// Parses `source[range]` of the file as one YAML document without aliases. Errors become
/// diagnostics and the result is `None`.
pub fn yaml(findings: &mut Findings<'_>, range: Range<usize>) -> Option<Node> {
    findings.language = Language::Yaml;
    let text = &findings.source[range.clone()];
    let places = Places::new(text, range.start);
    if let Err((at, message)) = check_yaml(text) {
        findings.note(places.byte(at)..places.byte(at + 1), message, None);
        return None;
    }
    match MarkedYaml::load_from_str(text) {
        Ok(documents) => Some(match documents.into_iter().next() {
            Some(document) => node_from_yaml(document, &places),
            None => Node { span: range, shape: Shape::Table(Vec::new()) },
        }),
        Err(error) => {
            let at = places.byte(error.marker().index());
            findings.note(at..at + 1, error.info().to_owned(), None);
            None
        }
    }
}

/// Refuses aliases (an expansion bomb fits in a few lines) and deep nesting before any tree is made.
fn check_yaml(text: &str) -> Result<(), (usize, String)> {
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| (error.marker().index(), error.info().to_owned()))?;
        match event {
            Event::Alias(_) => return Err((span.start.index(), "YAML aliases are not supported here".into())),
            Event::SequenceStart(..) | Event::MappingStart(..) => depth += 1,
            Event::SequenceEnd | Event::MappingEnd => depth -= 1,
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err((span.start.index(), format!("nested deeper than {MAX_DEPTH} levels")));
        }
    }
    Ok(())
}

/// Character positions (which YAML reports) to byte positions in the file.
struct Places {
    base: usize,
    /// Byte offset of every character; empty where all are ASCII.
    offsets: Vec<usize>,
    len: usize,
}

impl Places {
    fn new(text: &str, base: usize) -> Self {
        let offsets = if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { base, offsets, len: text.len() }
    }

    fn byte(&self, character: usize) -> usize {
        let at = if self.offsets.is_empty() { character } else { *self.offsets.get(character).unwrap_or(&self.len) };
        self.base + at.min(self.len)
    }
}

fn node_from_yaml(node: MarkedYaml<'_>, places: &Places) -> Node {
    let span = places.byte(node.span.start.index())..places.byte(node.span.end.index());
    let shape = match node.data {
        YamlData::Value(Scalar::Null) => Shape::Null,
        YamlData::Value(Scalar::Boolean(value)) => Shape::Bool(value),
        YamlData::Value(Scalar::Integer(value)) => Shape::Integer(value),
        YamlData::Value(Scalar::FloatingPoint(value)) => Shape::Float(value.into_inner()),
        YamlData::Value(Scalar::String(text)) => Shape::String(text.into_owned()),
        YamlData::Representation(text, ..) => Shape::String(text.into_owned()),
        YamlData::Sequence(items) => Shape::Array(items.into_iter().map(|item| node_from_yaml(item, places)).collect()),
        YamlData::Mapping(entries) => Shape::Table(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let key = node_from_yaml(key, places);
                    let name = match key.shape {
                        Shape::String(text) => text,
                        Shape::Integer(number) => number.to_string(),
                        Shape::Bool(value) => value.to_string(),
                        _ => String::new(),
                    };
                    (name, key.span, node_from_yaml(value, places))
                })
                .collect(),
        ),
        YamlData::Tagged(_, inner) => return node_from_yaml(*inner, places),
        YamlData::Alias(_) | YamlData::BadValue => Shape::Null,
    };
    Node { span, shape }
}

/// Bytes of a line in which no places are looked for.
const LONG_LINE: usize = 64 << 10;

/// Parses `source[range]`, one line, as a JSON object. Values get the place of their key or of
/// the line: JSON lines are short, and the slow search is made only for a line with a problem.
pub fn json_line(findings: &mut Findings<'_>, range: Range<usize>) -> Option<Node> {
    findings.language = Language::Json;
    let text = &findings.source[range.clone()];
    match serde_json::from_str::<serde_json::Value>(text) {
        Ok(value) => Some(node_from_json(value, text, &range)),
        Err(error) => {
            let column = error.column().saturating_sub(1).min(text.len());
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or("not JSON").to_owned();
            findings.note(range.start + column..range.start + column + 1, message, None);
            None
        }
    }
}

fn node_from_json(value: serde_json::Value, text: &str, range: &Range<usize>) -> Node {
    let span = range.clone();
    let shape = match value {
        serde_json::Value::Null => Shape::Null,
        serde_json::Value::Bool(value) => Shape::Bool(value),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(number) => Shape::Integer(number),
            None => Shape::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        serde_json::Value::String(text) => Shape::String(text),
        serde_json::Value::Array(items) => {
            Shape::Array(items.into_iter().map(|item| node_from_json(item, text, range)).collect())
        }
        serde_json::Value::Object(entries) => Shape::Table(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let quoted = format!("\"{key}\"");
                    // Of a long line all that matters is which it is: every key is looked for from its start.
                    let found = if text.len() > LONG_LINE { None } else { text.find(&quoted) };
                    let place = match found {
                        Some(at) => range.start + at..range.start + at + quoted.len(),
                        None => range.clone(),
                    };
                    let mut node = node_from_json(value, text, &place);
                    node.span = value_place(text, range, &place);
                    (key, place, node)
                })
                .collect(),
        ),
    };
    Node { span, shape }
}

/// Where the value after a key stands: from after the colon to the next comma or brace, which is
/// near enough for an underline.
fn value_place(text: &str, range: &Range<usize>, key: &Range<usize>) -> Range<usize> {
    let after = key.end - range.start;
    let rest = &text[after..];
    let start = after + rest.find(|c: char| c != ':' && !c.is_whitespace()).unwrap_or(0);
    let end = start + text[start..].find([',', '}']).unwrap_or(text.len() - start);
    range.start + start..range.start + end.max(start)
}
