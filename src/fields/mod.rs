//! Typed reading of tables that people wrote (front matter, settings, photo lists), from TOML,
//! YAML or JSON, with the place of every value kept. Every problem becomes a diagnostic and
//! reading goes on, so that one run shows them all. Does not know what the fields mean.

mod parse;
mod reader;

pub use parse::{json_line, toml, yaml};
pub use reader::Fields;

use std::ops::Range;

use crate::diagnostics::{Diagnostic, Problems, Text};
use crate::text;

/// A value with the bytes of the file it stands in.
#[derive(Clone, Debug)]
pub struct Node {
    /// Byte range in the whole file.
    pub span: Range<usize>,
    /// The value.
    pub shape: Shape,
}

/// What was written.
#[derive(Clone, Debug)]
pub enum Shape {
    /// Nothing: an empty YAML value or JSON null.
    Null,
    /// true or false.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A number with a fraction.
    Float(f64),
    /// Text.
    String(String),
    /// A TOML date or date-time, as written.
    Date(String),
    /// Values in order.
    Array(Vec<Node>),
    /// Keys (with the place of each) and values, in the order of the format's parser.
    Table(Vec<(String, Range<usize>, Node)>),
}

impl Shape {
    /// The kind of value in a reader's words, for "expected …, found …".
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "true/false",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::String(_) => "text",
            Self::Date(_) => "a date",
            Self::Array(_) => "a list",
            Self::Table(_) => "a table",
        }
    }
}

/// The language that a table is written in, for messages that speak it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// TOML.
    #[default]
    Toml,
    /// YAML.
    Yaml,
    /// JSON, of a file or of a row.
    Json,
}

impl Language {
    /// A field as it would be written.
    pub fn field(self, name: &str, value: &str) -> String {
        match self {
            Self::Toml => format!("{name} = {value}"),
            Self::Yaml => format!("{name}: {value}"),
            Self::Json => format!("\"{name}\": {value}"),
        }
    }

    /// The table of a name as it would be called.
    pub fn table(self, name: &str) -> String {
        match self {
            Self::Toml => format!("an `[{name}]` table"),
            Self::Yaml => format!("a mapping `{name}:`"),
            Self::Json => format!("an object `{name}`"),
        }
    }
}

/// A file being read, and the problems found in it so far.
pub struct Findings<'a> {
    /// The language of what was parsed last.
    pub language: Language,
    /// The file's path relative to the site root.
    pub file: &'a str,
    /// The file's whole text.
    pub source: &'a str,
    text: Text<'a>,
    problems: Problems,
}

impl<'a> Findings<'a> {
    /// No problems yet in `file`, whose text is `source`.
    pub fn new(file: &'a str, source: &'a str) -> Self {
        Self {
            language: Language::default(),
            file,
            source,
            text: Text::new(file, source),
            problems: Problems::default(),
        }
    }

    /// How many problems there are so far.
    pub fn number(&self) -> u64 {
        self.problems.number()
    }

    /// Whether another mistake would only be counted.
    pub fn is_full(&self) -> bool {
        self.problems.is_full()
    }

    /// The problems, as far as they are told.
    pub fn into_problems(self) -> Vec<Diagnostic> {
        self.problems.into_told(self.file)
    }

    /// Notes a problem at a byte range.
    pub fn note(&mut self, span: Range<usize>, message: impl Into<String>, help: Option<String>) {
        let text = &self.text;
        self.problems.error(|| {
            let problem = text.at(span, message);
            match help {
                Some(help) => problem.help(help),
                None => problem,
            }
        });
    }

    /// The kind of a value in the words of the language.
    pub fn describe(&self, shape: &Shape) -> &'static str {
        match (shape, self.language) {
            (Shape::Table(_), Language::Yaml) => "a mapping",
            (Shape::Table(_), Language::Json) => "an object",
            _ => shape.describe(),
        }
    }

    /// Notes something worth knowing at a byte range.
    pub fn warn(&mut self, span: Range<usize>, message: impl Into<String>) {
        let text = &self.text;
        self.problems.warning(|| text.at(span, message));
    }

    /// Whether a text holds only characters that pages, feeds and data can hold; else that is noted.
    pub fn is_showable(&mut self, text: &str, name: &str, span: &Range<usize>) -> bool {
        let Some((_, character)) = text::forbidden(text) else { return true };
        let message = format!("`{name}` holds the character {}, which no page can show", text::shown(character));
        self.note(span.clone(), message, Some("remove it".to_owned()));
        false
    }

    /// Whether any problem so far is an error.
    pub fn has_errors(&self) -> bool {
        self.problems.errors() > 0
    }
}
