//! Problems found in a user's files: where, what, and what to do about it. A problem is data,
//! not an error: many are collected in one run. Knows nothing of consoles or exit codes.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::Serialize;

/// How much a problem matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The site cannot be built from this; the build ends with exit code 1.
    Error,
    /// Worth knowing; the build goes on.
    Warning,
}

/// One problem with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnostic {
    /// How much it matters.
    pub severity: Severity,
    /// The file, relative to the site's root, `/`-separated.
    pub file: String,
    /// Line from 1; 0 where the problem is the file itself.
    pub line: u32,
    /// Column from 1, in characters; 0 where the problem is the file itself.
    pub column: u32,
    /// What is wrong, in one sentence.
    pub message: String,
    /// The offending line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub excerpt: Option<String>,
    /// How many characters of the excerpt are meant, from `column`.
    #[serde(skip)]
    pub width: u32,
    /// What the user may do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The pages that cannot be made because of it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<String>,
}

impl Diagnostic {
    /// A problem with `file` as a whole.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: message.into(),
            excerpt: None,
            width: 0,
            help: None,
            pages: None,
        }
    }

    /// A problem at a byte range of `source`, the text of `file`.
    pub fn at(file: &str, source: &str, span: std::ops::Range<usize>, message: impl Into<String>) -> Self {
        let start = floor_char_boundary(source, span.start);
        let end = floor_char_boundary(source, span.end.max(start));
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |at| start + at);
        let line = source[..start].bytes().filter(|b| *b == b'\n').count() as u32 + 1;
        let column = source[line_start..start].chars().count() as u32 + 1;
        let shown_end = end.min(line_end).max(start);
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line,
            column,
            message: message.into(),
            excerpt: Some(shorten(source[line_start..line_end].trim_end_matches('\r'))),
            width: source[start..shown_end].chars().count().max(1) as u32,
            help: None,
            pages: None,
        }
    }

    /// The same problem with a suggestion.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The same problem as a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// An excerpt is for people: a line longer than this is cut.
const EXCERPT_CHARS: usize = 160;

fn shorten(line: &str) -> String {
    match line.char_indices().nth(EXCERPT_CHARS) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.to_owned(),
    }
}

fn floor_char_boundary(source: &str, index: usize) -> usize {
    let mut index = index.min(source.len());
    while !source.is_char_boundary(index) {
        index -= 1;
    }
    index
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{word}: {}", printable(&self.message))?;
        if self.line == 0 {
            write!(f, "  --> {}", printable(&self.file))?;
        } else {
            write!(f, "  --> {}:{}:{}", printable(&self.file), self.line, self.column)?;
        }
        if let Some(excerpt) = self.excerpt.as_deref().map(printable) {
            let number = self.line.to_string();
            let gutter = " ".repeat(number.len());
            let before: String =
                excerpt.chars().take(self.column as usize - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let room = excerpt.chars().count().saturating_sub(self.column as usize - 1).max(1);
            write!(f, "\n {gutter} |\n {number} | {excerpt}\n {gutter} | {before}")?;
            for _ in 0..(self.width as usize).min(room) {
                f.write_char('^')?;
            }
        }
        if let Some(help) = &self.help {
            write!(f, "\n  = help: {}", printable(help))?;
        }
        if let Some(pages) = &self.pages {
            write!(f, "\n  = fails: {pages}")?;
        }
        Ok(())
    }
}

/// A text in which nothing is left that a terminal, or the log of a build, would obey. Messages of several lines
/// keep them.
fn printable(text: &str) -> Cow<'_, str> {
    let obeyed = |c: char| (c.is_control() && !matches!(c, '\n' | '\t')) || ('\u{202a}'..='\u{202e}').contains(&c);
    if text.contains(obeyed) {
        text.chars().map(|c| if obeyed(c) { '\u{fffd}' } else { c }).collect::<String>().into()
    } else {
        Cow::Borrowed(text)
    }
}

/// The known word nearest to `word`, if one is near enough to have been meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&lower, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.chars().count().min(word.chars().count()) / 3)
        .min_by_key(|(distance, candidate)| (*distance, *candidate))
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?" for the known word nearest to `word`, or else the list of known words
/// where that is short.
pub fn suggestion<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(meant) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{meant}`?"));
    }
    let all: Vec<&str> = known.into_iter().take(17).collect();
    (!all.is_empty() && all.len() < 17).then(|| format!("known here: {}", all.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_line_column_excerpt_and_help() {
        let source = "name = 'Python'\nmanufacturer = 'vekoma'\n";
        let shown = Diagnostic::at("rides/python.md", source, 16..28, "unknown key `manufacturer`")
            .help("did you mean `manufacturers`?")
            .to_string();
        insta::assert_snapshot!(shown, @r"
        error: unknown key `manufacturer`
          --> rides/python.md:2:1
           |
         2 | manufacturer = 'vekoma'
           | ^^^^^^^^^^^^
          = help: did you mean `manufacturers`?
        ");
    }

    #[test]
    fn a_terminal_obeys_nothing_of_what_is_shown() {
        let shown =
            Diagnostic::at("a\u{1b}[2Jb", "x\u{1b}]0;y\u{7}\tz", 0..1, "`\u{9b}1m`").help("\r\u{202e}").to_string();
        assert!(!shown.contains(|c: char| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
        assert!(!shown.contains('\u{202e}'));
    }

    #[test]
    fn a_span_beyond_the_text_is_its_end() {
        let diagnostic = Diagnostic::at("f", "æ", 1..99, "x");
        assert_eq!((diagnostic.line, diagnostic.column), (1, 1));
    }

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(nearest("manufacturer", ["manufacturers", "model"]), Some("manufacturers"));
        assert_eq!(nearest("zzzz", ["manufacturers", "model"]), None);
    }
}
