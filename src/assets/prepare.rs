//! From an asset's source to the text that is named: style sheets and scripts minified, their
//! references found. What comes of it depends on the source and the tools' versions alone, so it
//! is kept in the store and never made twice. Knows nothing of other assets.

use std::ops::Range;
use std::sync::LazyLock;

use anyhow::Result;
use lightningcss::stylesheet::{MinifyOptions, ParserOptions, PrinterOptions, StyleSheet};
use serde::{Deserialize, Serialize};

use super::references::Found;
use super::{css, js};
use crate::cas::{Action, Cas, Made};
use crate::digest::Digest;
use crate::workshop::Died;

/// The digest of the locked versions of all packages that can decide a byte, and of our own ways.
static VERSIONS: LazyLock<String> =
    LazyLock::new(|| Digest::of_parts([env!("LIFTHILL_ASSETS").as_bytes(), b"ways 1"]).to_string());

/// An asset's text, ready to be named.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prepared {
    /// The text with its references as they were written.
    pub text: String,
    /// References in that text.
    pub references: Vec<Found>,
    /// References in the source, by which missing targets are told.
    pub in_source: Vec<Found>,
    /// What keeps the source from being minified: place in the source, and words.
    pub mistake: Option<(Range<usize>, String)>,
}

/// Whether a file is text in which references are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// A style sheet.
    Css,
    /// A script.
    Js,
}

impl Language {
    /// The language of an asset, by its name.
    pub fn of(path: &str) -> Option<Self> {
        match path.rsplit_once('.')?.1 {
            "css" => Some(Self::Css),
            "js" | "mjs" => Some(Self::Js),
            _ => None,
        }
    }
}

/// Prepares the source of the asset at `path`; says whether it was made now rather than found in
/// the store, and then by `make`, which is told whether to minify. What is called `….min.…` is left as it
/// is, and so is what cannot be parsed.
pub fn prepare(
    cas: &Cas,
    path: &str,
    language: Language,
    source: &str,
    minify: bool,
    make: impl FnOnce(bool) -> Result<Result<Prepared, Died>>,
) -> Result<Result<(Prepared, bool), Died>> {
    let minify = minify && !path.contains(".min.");
    let operation = match (language, minify, path.ends_with(".mjs")) {
        (Language::Css, true, _) => "css, minified",
        (Language::Css, false, _) => "css",
        (Language::Js, true, false) => "script, minified",
        (Language::Js, false, false) => "script",
        (Language::Js, true, true) => "module, minified",
        (Language::Js, false, true) => "module",
    };
    let action = Action::new(operation, &VERSIONS, [source.as_bytes()]);
    let kept = cas.get(action).and_then(|made| postcard::from_bytes(&made.bytes?).ok());
    if let Some(kept) = kept {
        return Ok(Ok((kept, false)));
    }
    let prepared = match make(minify)? {
        Ok(prepared) => prepared,
        Err(died) => return Ok(Err(died)),
    };
    let made = Made { bytes: Some(postcard::to_allocvec(&prepared)?), facts: Vec::new() };
    cas.keep(action, made.bytes.as_deref(), &made.facts);
    Ok(Ok((prepared, true)))
}

/// Prepares it now.
pub fn make(path: &str, language: Language, source: &str, minify: bool) -> Prepared {
    let references = |text: &str| match language {
        Language::Css => css::references(text),
        Language::Js => js::references(path, text),
    };
    let in_source = references(source);
    let minified = match language {
        _ if !minify => Ok(source.to_owned()),
        Language::Css => minified_css(source),
        Language::Js => js::minify(path, source),
    };
    let (text, mistake) = match minified {
        Ok(text) if text.len() < source.len() => (text, None),
        Ok(_) => (source.to_owned(), None),
        Err(mistake) => (source.to_owned(), Some(mistake)),
    };
    let references = if text == source { in_source.clone() } else { references(&text) };
    Prepared { text, references, in_source, mistake }
}

/// The style sheet, minified. No rule is dropped or rewritten for the sake of a browser.
fn minified_css(source: &str) -> Result<String, js::Mistake> {
    let sheet = StyleSheet::parse(source, ParserOptions::default()).map_err(|error| {
        let place = error.loc.map_or(0..0, |loc| {
            let at = offset(source, loc.line as usize, loc.column.saturating_sub(1) as usize);
            at..at + 1
        });
        (place, error.kind.to_string())
    })?;
    let mut sheet = sheet;
    sheet.minify(MinifyOptions::default()).map_err(|error| (0..0, error.kind.to_string()))?;
    let options = PrinterOptions { minify: true, ..PrinterOptions::default() };
    let printed = sheet.to_css(options).map_err(|error| (0..0, error.kind.to_string()))?;
    Ok(printed.code)
}

/// The byte at a line and a column in UTF-16 units, both from 0.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let mut units = 0;
    for (at, c) in text[start..].char_indices() {
        if units >= column {
            return start + at;
        }
        units += c.len_utf16();
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_that_cannot_be_parsed_is_left_alone_and_told() {
        let source = "a { color: red }\nb { color: ; }\n} c { }\n";
        let prepared = make("x.css", Language::Css, source, true);
        assert_eq!(prepared.text, source);
        assert!(prepared.mistake.is_some_and(|(place, _)| place.start > 16));
    }

    #[test]
    fn references_survive_minifying() {
        let source = "/* x */ @import url('a.css');\n.b { background: url( \"../img/c d.svg#e\" ) }\n/*# sourceMappingURL=x.css.map */";
        let prepared = make("css/x.css", Language::Css, source, true);
        let values: Vec<&str> = prepared.references.iter().map(|one| one.value.as_str()).collect();
        assert_eq!(values, ["a.css", "../img/c d.svg#e"], "{}", prepared.text);
        assert_eq!(prepared.in_source.len(), 3);
    }
}
