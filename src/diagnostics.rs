//! Problems found in a user's files: where, what, and what to do about it. A problem is data,
//! not an error: many are collected in one run. Knows nothing of consoles or exit codes.

mod bounds;
mod text;

pub use bounds::Problems;
pub use text::Text;

use std::borrow::Cow;
use std::fmt::{self, Write as _};
use std::ops::Range;

use serde::Serialize;

use crate::secrets;

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
    /// How many characters of the excerpt stand before what is meant.
    #[serde(skip)]
    pub indent: u32,
    /// How many characters of the excerpt are meant.
    #[serde(skip)]
    pub width: u32,
    /// What the user may do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// The pages that cannot be made because of it, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pages: Option<String>,
    /// How many problems it stands for: one, but where many are only counted.
    #[serde(skip_serializing_if = "is_one")]
    pub number: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it so")]
fn is_one(number: &u64) -> bool {
    *number == 1
}

impl Diagnostic {
    /// A problem with `file` as a whole.
    pub fn of_file(file: &str, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.to_owned(),
            line: 0,
            column: 0,
            message: told(message.into()),
            excerpt: None,
            indent: 0,
            width: 0,
            help: None,
            pages: None,
            number: 1,
        }
    }

    /// A problem at a byte range of `source`, the text of `file`.
    pub fn at(file: &str, source: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        Text::new(file, source).at(span, message)
    }

    /// The same problem with a suggestion.
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(told(help.into()));
        self
    }

    /// The same problem as a warning.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

/// What is said is for people: longer than this it is cut, and what may be a secret is left out.
const MESSAGE_BYTES: usize = 4_000;

fn told(message: String) -> String {
    let mut message = message;
    if message.len() > MESSAGE_BYTES {
        message.truncate(floor_char_boundary(&message, MESSAGE_BYTES));
        message.push('…');
    }
    match secrets::masked(&message) {
        Cow::Owned(masked) => masked,
        Cow::Borrowed(_) => message,
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
                excerpt.chars().take(self.indent as usize).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let room = excerpt.chars().count().saturating_sub(self.indent as usize).max(1);
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
/// Nobody means a known word by a longer one.
const LONGEST_WORD: usize = 128;

/// The known word nearest to `word`, if one is near enough to have been meant.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Comparing takes memory and time by the product of both lengths.
    if word.len() > LONGEST_WORD {
        return None;
    }
    let lower = word.to_lowercase();
    known
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST_WORD)
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
    fn of_a_long_line_the_offending_part_is_shown() {
        let source = format!("{}wrong{}", "æ".repeat(5_000), "b".repeat(5_000));
        let diagnostic = Diagnostic::at("f", &source, 10_000..10_005, "x");
        assert_eq!(diagnostic.column, 5_001);
        let excerpt: Vec<char> = diagnostic.excerpt.expect("an excerpt").chars().collect();
        let from = diagnostic.indent as usize;
        assert_eq!(excerpt[from..from + diagnostic.width as usize].iter().collect::<String>(), "wrong");
        assert!(excerpt.len() < 200);
        let loud = Diagnostic::of_file("f", "x".repeat(100_000)).help("y".repeat(100_000));
        assert!(loud.message.len() + loud.help.map_or(0, |help| help.len()) < 10_000);
    }

    #[test]
    fn no_secret_is_in_what_is_said() {
        let source = "[postgres]\nurl = 'postgres://u:hunter2@h'  # wrong\n";
        let at = source.find("wrong").expect("it is there");
        for file in ["lifthill.toml", "content/articles/x.md"] {
            let shown = Diagnostic::at(file, source, at..at + 5, "`postgres://u:hunter2@h` is no `url`")
                .help("write `token = \"hunter2\"`");
            assert!(
                !format!("{shown} {}", serde_json::to_string(&shown).expect("JSON")).contains("hunter2"),
                "{shown}"
            );
            insta::allow_duplicates! {
                insta::assert_snapshot!(shown.to_string().split_once('\n').expect("lines").1.split_once('\n').expect("lines").1, @r"
                   |
                 2 | url = 'postgres://…@h'  # wrong
                   |                           ^^^^^
                  = help: write `token = …`
                ");
            }
        }
        let source = "password = \"\"\"\nhunter2\n\"\"\"\n";
        let shown = Diagnostic::at("lifthill.toml", source, 15..22, "x").to_string();
        assert!(!shown.contains("hunter2") && shown.contains("^"), "{shown}");
    }

    #[test]
    fn suggests_only_what_is_near() {
        assert_eq!(nearest("manufacturer", ["manufacturers", "model"]), Some("manufacturers"));
        assert_eq!(nearest("zzzz", ["manufacturers", "model"]), None);
    }
}
