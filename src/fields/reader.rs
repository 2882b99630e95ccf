//! The reader of one table: each method takes one field, checks its type, and notes what is
//! wrong; `finish` reports the keys that nobody asked for. Knows nothing of records.

use std::ops::Range;

use super::{Findings, Node, Shape};
use crate::diagnostics::{nearest, suggestion};

/// One table being read.
pub struct Fields {
    entries: Vec<Entry>,
    /// Every name asked for, for suggestions.
    asked: Vec<&'static str>,
    span: Range<usize>,
}

struct Entry {
    name: String,
    place: Range<usize>,
    value: Option<Node>,
}

impl Fields {
    /// The fields of a table node; anything else is a problem and reads as an empty table.
    pub fn of(node: Node, findings: &mut Findings<'_>) -> Self {
        let span = node.span.clone();
        let entries = match node.shape {
            Shape::Table(entries) => {
                entries.into_iter().map(|(name, place, value)| Entry { name, place, value: Some(value) }).collect()
            }
            Shape::Null => Vec::new(),
            other => {
                let table = findings.describe(&Shape::Table(Vec::new()));
                findings.note(span.clone(), format!("expected {table}, found {}", findings.describe(&other)), None);
                Vec::new()
            }
        };
        Self { entries, asked: Vec::new(), span }
    }

    /// A table without fields, at the start of the file.
    pub fn empty() -> Self {
        Self { entries: Vec::new(), asked: Vec::new(), span: 0..0 }
    }

    /// Where the table stands.
    pub fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// The value of a field as written, taken out; `None` where it is not there or null.
    pub fn take(&mut self, name: &'static str) -> Option<Node> {
        self.asked.push(name);
        let value = self.entries.iter_mut().find(|entry| entry.name == name)?.value.take()?;
        (!matches!(value.shape, Shape::Null)).then_some(value)
    }

    /// Every entry of an open table (settings such as country names), taken out.
    pub fn take_all(&mut self) -> Vec<(String, Range<usize>, Node)> {
        let taken = self.entries.iter_mut();
        taken.filter_map(|entry| Some((entry.name.clone(), entry.place.clone(), entry.value.take()?))).collect()
    }

    /// Text with its place; surrounding white space is removed, control characters are a problem.
    pub fn text_at(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Option<(String, Range<usize>)> {
        let node = self.take(name)?;
        let span = node.span.clone();
        Some((text_of(node, name, findings)?, span))
    }

    /// Text; an empty text reads as none.
    pub fn text(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Option<String> {
        self.text_at(name, findings).map(|(text, _)| text).filter(|text| !text.is_empty())
    }

    /// Text that must be there.
    pub fn required_text(&mut self, name: &'static str, findings: &mut Findings<'_>) -> String {
        let had = self.entries.iter().any(|entry| entry.name == name);
        let before = findings.number();
        let text = self.text(name, findings);
        if text.is_none() && findings.number() == before {
            let problem = if had { "is empty" } else { "is missing" };
            let mistyped = self
                .entries
                .iter()
                .filter(|entry| entry.value.is_some())
                .find(|entry| nearest(&entry.name, [name]).is_some() && entry.name.len() > 2)
                .map(|entry| format!("`{}` was probably meant to be `{name}`", entry.name));
            let start = self.span.start;
            let first_line = findings.source[start..].find('\n').map_or(self.span.end, |at| start + at);
            findings.note(start..first_line.max(start), format!("`{name}` {problem}"), mistyped);
        }
        text.unwrap_or_default()
    }

    /// A number within `range`, as a float.
    pub fn number(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<f64>,
        findings: &mut Findings<'_>,
    ) -> Option<f64> {
        let node = self.take(name)?;
        let number = match node.shape {
            Shape::Integer(number) => number as f64,
            Shape::Float(number) => number,
            other => {
                let help = match &other {
                    Shape::String(text) if text.trim().parse::<f64>().is_ok() => {
                        Some(format!("write `{}` without quotes", findings.language.field(name, text.trim())))
                    }
                    _ => None,
                };
                findings.note(
                    node.span,
                    format!("`{name}` must be a number, found {}", findings.describe(&other)),
                    help,
                );
                return None;
            }
        };
        if !number.is_finite() || !range.contains(&number) {
            let (low, high) = (range.start(), range.end());
            findings.note(node.span, format!("`{name}` must be between {low} and {high}, found {number}"), None);
            return None;
        }
        Some(number)
    }

    /// A whole number within `range`.
    pub fn integer(
        &mut self,
        name: &'static str,
        range: std::ops::RangeInclusive<u32>,
        findings: &mut Findings<'_>,
    ) -> Option<u32> {
        let node = self.take(name)?;
        match node.shape {
            Shape::Integer(number) => {
                let fits = u32::try_from(number).ok().filter(|number| range.contains(number));
                if fits.is_none() {
                    let (low, high) = (range.start(), range.end());
                    findings.note(
                        node.span,
                        format!("`{name}` must be between {low} and {high}, found {number}"),
                        None,
                    );
                }
                fits
            }
            other => {
                findings.note(
                    node.span,
                    format!("`{name}` must be a whole number, found {}", findings.describe(&other)),
                    None,
                );
                None
            }
        }
    }

    /// true or false; `None` where not given.
    pub fn flag(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Option<bool> {
        let node = self.take(name)?;
        match node.shape {
            Shape::Bool(value) => Some(value),
            other => {
                // YAML 1.2 knows no other words for them.
                let meant = match &other {
                    Shape::String(word) if ["yes", "on", "y"].contains(&word.to_lowercase().as_str()) => Some("true"),
                    Shape::String(word) if ["no", "off", "n"].contains(&word.to_lowercase().as_str()) => Some("false"),
                    _ => None,
                };
                let help = meant.map(|word| format!("write `{}`", findings.language.field(name, word)));
                let found = findings.describe(&other);
                findings.note(node.span, format!("`{name}` must be true or false, found {found}"), help);
                None
            }
        }
    }

    /// The items of a list; one value that is not a list counts as a list of itself.
    pub fn items(&mut self, name: &'static str) -> Vec<Node> {
        match self.take(name) {
            None => Vec::new(),
            Some(Node { shape: Shape::Array(items), .. }) => items,
            Some(single) => vec![single],
        }
    }

    /// A list of texts with their places.
    pub fn texts_at(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Vec<(String, Range<usize>)> {
        let items = self.items(name).into_iter();
        items
            .filter_map(|node| {
                let span = node.span.clone();
                Some((text_of(node, name, findings)?, span))
            })
            .filter(|(text, _)| !text.is_empty())
            .collect()
    }

    /// A list of texts.
    pub fn texts(&mut self, name: &'static str, findings: &mut Findings<'_>) -> Vec<String> {
        self.texts_at(name, findings).into_iter().map(|(text, _)| text).collect()
    }

    /// Reports every key that nobody asked for, with the nearest known one.
    pub fn finish(self, findings: &mut Findings<'_>) {
        let asked = self.asked;
        let left = self.entries.into_iter().filter(|entry| entry.value.is_some());
        for entry in left.filter(|entry| !asked.iter().any(|name| *name == entry.name)) {
            if findings.is_full() {
                findings.note(entry.place, "", None);
                continue;
            }
            let message = if entry.name.is_empty() {
                "a key must be text".to_owned()
            } else {
                format!("unknown key `{}`", entry.name)
            };
            let help = match nearest(&entry.name, asked.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None if asked.contains(&"extra") => {
                    format!("keys of your own go into {}", findings.language.table("extra"))
                }
                None => suggestion(&entry.name, asked.iter().copied()).unwrap_or_else(|| "remove it".to_owned()),
            };
            findings.note(entry.place, message, Some(help));
        }
    }
}

fn text_of(node: Node, name: &str, findings: &mut Findings<'_>) -> Option<String> {
    match node.shape {
        Shape::String(text) => findings.is_showable(&text, name, &node.span).then(|| text.trim().to_owned()),
        other => {
            let help = match other {
                Shape::Integer(_) | Shape::Float(_) | Shape::Bool(_) | Shape::Date(_) => {
                    let written = findings.source.get(node.span.clone()).unwrap_or_default();
                    Some(format!("write it in quotes: `{}`", findings.language.field(name, &format!("\"{written}\""))))
                }
                _ => None,
            };
            findings.note(node.span, format!("`{name}` must be text, found {}", findings.describe(&other)), help);
            None
        }
    }
}
