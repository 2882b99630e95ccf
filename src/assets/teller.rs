//! What is wrong with the text of one asset, said at its place in the file that the user wrote.

use std::collections::BTreeSet;

use super::FOLDER;
use super::compiled::Sheets;
use super::prepare::Prepared;
use super::references::{Form, Target, target};
use crate::diagnostics::{Diagnostic, Problems, suggestion};

/// Tells what is wrong with one asset's text.
pub(super) struct Teller<'a> {
    pub path: &'a str,
    /// The text that was prepared: the file's, or what Sass made of it.
    pub text: &'a str,
    pub names: &'a [&'a str],
    pub sheets: &'a Sheets,
}

impl Teller<'_> {
    /// `sass` is the file that the text was compiled from, if it was.
    pub fn tell(&self, prepared: &Prepared, sass: Option<&str>, told: &mut Vec<Diagnostic>) {
        let mut problems = Problems::default();
        if let Some((place, words)) = &prepared.mistake {
            let message = format!("cannot be minified and is sent as it is: {words}");
            problems.warning(|| self.at(place.clone(), "", sass, message));
        }
        let kept: BTreeSet<&str> = prepared.references.iter().map(|found| found.value.as_str()).collect();
        for found in &prepared.in_source {
            let message = match target(self.path, &found.value) {
                Target::Elsewhere => continue,
                Target::Outside => format!("`{}` leads outside {FOLDER}/", found.value),
                Target::Asset { path, .. } if self.names.binary_search(&path.as_str()).is_err() => {
                    format!("there is no file {FOLDER}/{path}")
                }
                Target::Asset { .. } => continue,
            };
            let map = found.form == Form::Bare && found.value.ends_with(".map");
            if map && !kept.contains(found.value.as_str()) {
                continue;
            }
            let problem = || {
                let problem = self.at(found.place.clone(), &found.value, sass, message);
                let help = match target(self.path, &found.value) {
                    Target::Asset { path, .. } => suggestion(&path, self.names.iter().copied()),
                    _ => None,
                };
                Diagnostic { help, ..problem }
            };
            if map { problems.warning(problem) } else { problems.error(problem) }
        }
        told.extend(problems.into_told(&format!("{FOLDER}/{}", self.path)));
    }

    /// A problem at a place in the text; in Sass, where the words first stand, for the compiled
    /// text is nobody's file.
    fn at(&self, place: std::ops::Range<usize>, words: &str, sass: Option<&str>, message: String) -> Diagnostic {
        let Some(sheet) = sass else {
            return Diagnostic::at(&format!("{FOLDER}/{}", self.path), self.text, place, message);
        };
        let others = self.sheets.keys().map(String::as_str).filter(|other| *other != sheet && !other.ends_with(".css"));
        for file in std::iter::once(sheet).chain(others) {
            let text = self.sheets.get(file).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
            if let Some(at) = text.find(words).filter(|_| !words.is_empty()) {
                return Diagnostic::at(&format!("{FOLDER}/{file}"), text, at..at + words.len(), message);
            }
        }
        Diagnostic::of_file(&format!("{FOLDER}/{sheet}"), message)
    }
}
