//! A text in which problems are found: its lines, and what of it may not be shown, are found once. Knows
//! nothing of what the problems are.

use std::cell::OnceCell;
use std::ops::Range;

use super::{Diagnostic, Severity, floor_char_boundary, told};
use crate::secrets;

/// An excerpt is for people: of a longer line so many characters are shown.
const EXCERPT_CHARS: usize = 160;

/// Of those, before what is meant.
const BEFORE_CHARS: usize = 60;

/// Of a longer line only so many bytes around what is meant are looked at for secrets.
const NEAR_BYTES: usize = 8 << 10;

/// The settings file: what is secret in it may go on over several lines.
const SETTINGS: &str = "lifthill.toml";

/// A file's text.
pub struct Text<'a> {
    /// The file's path relative to the site root.
    pub file: &'a str,
    /// The whole text.
    pub text: &'a str,
    /// Where every line starts.
    starts: OnceCell<Vec<usize>>,
    /// What may not be shown of settings.
    secrets: OnceCell<Vec<Range<usize>>>,
}

impl<'a> Text<'a> {
    /// The text of `file`.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, starts: OnceCell::new(), secrets: OnceCell::new() }
    }

    /// A problem at a byte range of it.
    pub fn at(&self, span: Range<usize>, message: impl Into<String>) -> Diagnostic {
        let start = floor_char_boundary(self.text, span.start);
        let end = floor_char_boundary(self.text, span.end.max(start));
        let index = self.starts().partition_point(|line| *line <= start).max(1) - 1;
        let line_start = self.starts()[index];
        let line_end = self.starts().get(index + 1).map_or(self.text.len(), |next| next - 1);
        let line = &self.text[line_start..line_end];
        let (meant, until) = (start - line_start, end.min(line_end).max(start) - line_start);
        let (excerpt, indent, width) = self.excerpt(line_start, line.trim_end_matches('\r'), meant..until);
        Diagnostic {
            severity: Severity::Error,
            file: self.file.to_owned(),
            line: u32::try_from(index + 1).unwrap_or(u32::MAX),
            column: u32::try_from(line[..meant].chars().count() + 1).unwrap_or(u32::MAX),
            message: told(message.into()),
            excerpt: Some(excerpt),
            indent,
            width,
            help: None,
            pages: None,
            number: 1,
        }
    }

    fn starts(&self) -> &[usize] {
        self.starts.get_or_init(|| {
            let ends = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
            std::iter::once(0).chain(ends).collect()
        })
    }

    /// What is shown of a line that starts at `line_start`, around its bytes `meant`; and how many characters
    /// of that stand before those, and are those.
    fn excerpt(&self, line_start: usize, line: &str, meant: Range<usize>) -> (String, u32, u32) {
        let meant = meant.start.min(line.len())..meant.end.min(line.len());
        let from = floor_char_boundary(line, meant.start.saturating_sub(NEAR_BYTES));
        let to = floor_char_boundary(line, meant.start.saturating_add(NEAR_BYTES));
        let near = &line[from..to];
        let mut hidden = secrets::in_line(near);
        let (first, last) = (line_start + from, line_start + to);
        let known = self.known_secrets().iter().filter(|range| range.start < last && range.end > first);
        hidden.extend(known.map(|range| range.start.max(first) - first..range.end.min(last) - first));
        let hidden = secrets::apart(hidden);
        // Each character, and whether it is meant; a secret is meant where any of it is.
        let mut shown: Vec<(char, bool)> = Vec::new();
        let is_meant = |range: Range<usize>| range.start + from < meant.end && range.end + from > meant.start;
        let mut hidden = hidden.into_iter().peekable();
        let mut chars = near.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            if let Some(secret) = hidden.next_if(|secret| secret.start <= at) {
                while chars.next_if(|(next, _)| *next < secret.end).is_some() {}
                shown.push(('…', is_meant(secret)));
            } else {
                shown.push((c, is_meant(at..at + c.len_utf8())));
            }
        }
        let before = shown.iter().position(|(_, meant)| *meant);
        let before = before.unwrap_or_else(|| near[..meant.start - from].chars().count().min(shown.len()));
        let width = shown[before..].iter().take_while(|(_, meant)| *meant).count().max(1);
        let skipped = if from > 0 || before + width > EXCERPT_CHARS { before.saturating_sub(BEFORE_CHARS) } else { 0 };
        let mut excerpt = String::new();
        let mut indent = before - skipped;
        if skipped > 0 {
            excerpt.push('…');
            indent += 1;
        }
        excerpt.extend(shown[skipped..].iter().take(EXCERPT_CHARS).map(|(c, _)| c));
        if shown.len() - skipped > EXCERPT_CHARS || to < line.len() {
            excerpt.push('…');
        }
        (excerpt, indent as u32, width as u32)
    }

    fn known_secrets(&self) -> &[Range<usize>] {
        self.secrets.get_or_init(|| match self.file {
            SETTINGS => secrets::in_settings(self.text),
            _ => Vec::new(),
        })
    }
}
