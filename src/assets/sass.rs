//! Style sheets written in Sass, compiled. Sees only the files that it is given: nothing is read
//! from a disk. Knows nothing of what becomes of the CSS.

use std::collections::BTreeMap;
use std::io;
use std::ops::Range;
use std::path::{Component, Path};

use grass::{ErrorKind, Options, OutputStyle};
use serde::{Deserialize, Serialize};

use crate::diagnostics::Diagnostic;

/// The files of one folder, by path: all that a style sheet may include.
#[derive(Debug, Default)]
pub struct Sheets<'a>(pub BTreeMap<String, &'a [u8]>);

impl Sheets<'_> {
    fn file(&self, path: &Path) -> Option<&[u8]> {
        self.0.get(&plain(path)?).copied()
    }
}

/// A path below the folder, without `.` and `..`; `None` where it leads outside.
fn plain(path: &Path) -> Option<String> {
    let mut parts = Vec::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(parts.pop()?),
            Component::Normal(name) => parts.push(name.to_str()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(parts.join("/"))
}

impl grass::Fs for Sheets<'_> {
    fn is_dir(&self, path: &Path) -> bool {
        plain(path).is_some_and(|folder| {
            let folder = format!("{folder}/");
            self.0.range(folder.clone()..).next().is_some_and(|(file, _)| file.starts_with(&folder))
        })
    }

    fn is_file(&self, path: &Path) -> bool {
        self.file(path).is_some()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.file(path).map(<[u8]>::to_vec).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// What is wrong with a style sheet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mistake {
    /// The file that it is in: the style sheet, or one that it includes.
    file: String,
    /// The bytes that are meant, where that is known.
    place: Option<Range<usize>>,
    message: String,
}

impl Mistake {
    /// For people. `folder` is what the files lie in.
    pub fn told(&self, sheets: &Sheets<'_>, folder: &str) -> Diagnostic {
        let file = format!("{folder}/{}", self.file);
        let text = sheets.file(Path::new(&self.file)).and_then(|bytes| std::str::from_utf8(bytes).ok());
        match self.place.clone().zip(text) {
            Some((place, text)) => Diagnostic::at(&file, text, place, &*self.message),
            None => Diagnostic::of_file(&file, &*self.message),
        }
    }
}

/// The CSS of the style sheet at `path`.
pub fn compile(sheets: &Sheets<'_>, path: &str) -> Result<String, Mistake> {
    let options = Options::default().fs(sheets).quiet(true).style(OutputStyle::Expanded).allows_charset(false);
    grass::from_path(path, &options).map_err(|error| {
        let whole = |message: String| Mistake { file: path.to_owned(), place: None, message };
        match error.kind() {
            ErrorKind::ParseError { message, loc, .. } => {
                let file = plain(Path::new(loc.file.name())).unwrap_or_else(|| path.to_owned());
                let text = loc.file.source();
                let start = offset(text, loc.begin.line, loc.begin.column);
                let end = offset(text, loc.end.line, loc.end.column);
                Mistake { file, place: Some(start..end), message }
            }
            ErrorKind::IoError(error) => whole(format!("cannot be read: {error}")),
            ErrorKind::FromUtf8Error(_) => whole("is not UTF-8 text, or includes what is not".to_owned()),
            _ => whole("cannot be compiled".to_owned()),
        }
    })
}

/// The byte at a line and a column in characters, both from 0.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    text[start..].char_indices().nth(column).map_or(text.len(), |(at, _)| start + at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sheets<'a>(files: &[(&str, &'a str)]) -> Sheets<'a> {
        Sheets(files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes())).collect())
    }

    #[test]
    fn includes_come_from_the_same_folder_only() {
        let good = sheets(&[
            ("css/site.scss", "@use '../base/colours' as c; a { b { color: c.$red } }"),
            ("base/_colours.scss", "$red: #f00;"),
        ]);
        let css = compile(&good, "css/site.scss").expect("CSS");
        assert_eq!(css, "a b {\n  color: #f00;\n}\n");
        for outside in ["../../../etc/passwd", "/etc/passwd"] {
            let text = format!("@import '{outside}';");
            let sheets = sheets(&[("site.scss", text.as_str())]);
            let error = compile(&sheets, "site.scss").expect_err("refused").told(&sheets, "assets");
            assert_eq!((error.file.as_str(), error.line), ("assets/site.scss", 1), "{error}");
        }
    }

    #[test]
    fn a_mistake_in_an_included_file_is_told_there() {
        let bad = sheets(&[("site.scss", "@use 'part';\n"), ("_part.scss", "a {\n  b: 1px + $none;\n}\n")]);
        let error = compile(&bad, "site.scss").expect_err("a mistake").told(&bad, "assets");
        assert_eq!((error.file.as_str(), error.line, error.column), ("assets/_part.scss", 2, 12), "{error}");
    }
}
