//! Where in the site's own files an address stands that a page writes. Nobody has kept that: it is
//! searched for in the text that the page was made from.

use std::ops::Range;
use std::path::Path;

use anyhow::Result;
use percent_encoding::percent_decode_str;

use super::found::LARGEST;
use crate::catalog::{StoredRecord, keys};
use crate::diagnostics::Diagnostic;
use crate::door;
use crate::engine::plan::trace::Trace;
use crate::headers::url_of;
use crate::paths::BasePath;
use crate::render::{Sources, THEME, template_place};
use crate::site::Route;
use crate::source::{self, row_unit};
use crate::state::{Store, Table};

/// The texts that pages are made from.
pub struct Texts<'t> {
    /// The site's root.
    pub root: &'t Path,
    /// All templates.
    pub templates: &'t Sources,
    /// The path that the site lies below.
    pub base: &'t BasePath,
}

/// Who is likely to have written an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// A record's file: one page has it.
    Content,
    /// A template: several have it.
    Template,
}

impl Texts<'_> {
    /// A mistake at the place where the page `file` has `written` from, or about that page.
    pub fn mistake(
        &self,
        store: &impl Store,
        file: &str,
        written: &str,
        writer: Writer,
        message: &str,
    ) -> Result<Diagnostic> {
        let origin = origin(store, file)?;
        let in_content =
            |origin: &Option<String>| origin.as_ref().and_then(|origin| self.in_content(origin, written, message));
        let found = match writer {
            Writer::Content => in_content(&origin).or_else(|| self.in_templates(written, message)),
            Writer::Template => self.in_templates(written, message).or_else(|| in_content(&origin)),
        };
        if let Some(found) = found {
            return Ok(found);
        }
        let rows = origin.filter(|origin| row_unit(origin).is_some());
        let place = rows.map_or_else(|| format!("page {}", url_of(file)), |origin| source::origin_name(&origin));
        Ok(Diagnostic::of_file(&place, message))
    }

    fn in_content(&self, origin: &str, written: &str, message: &str) -> Option<Diagnostic> {
        let file = format!("{}/{origin}", source::FOLDER);
        let bytes = row_unit(origin).is_none().then(|| door::read(&self.root.join(&file), LARGEST).ok())??;
        let text = String::from_utf8_lossy(&bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        Some(Diagnostic::at(&file, text, place(text, written)?, message))
    }

    fn in_templates(&self, written: &str, message: &str) -> Option<Diagnostic> {
        // Those of the theme come last: another may lie over one.
        let (theme, own): (Vec<_>, Vec<_>) = self.templates.iter().partition(|(name, _)| name.starts_with(THEME));
        let mut all = own.into_iter().chain(theme);
        let found = all.find_map(|(name, text)| Some((place(text, written)?, template_place(name), text)));
        found.map(|(place, name, text)| Diagnostic::at(&name, text, place, message))
    }
}

/// The file or unit of rows that a record's page is made from.
pub fn origin(store: &impl Store, file: &str) -> Result<Option<String>> {
    let trace = store.bytes(Table::Pages, file.as_bytes(), Trace::decode)?.transpose()?;
    let Some(Route::Record(id) | Route::Later(id, _)) = trace.map(|trace| trace.facts.route) else { return Ok(None) };
    let stored: Option<StoredRecord> = store.value(Table::Records, &keys::record(&id))?;
    Ok(stored.map(|stored| stored.origin))
}

/// Where an address stands in a text: as written, or before Markdown encoded it.
fn place(text: &str, written: &str) -> Option<Range<usize>> {
    let plain = percent_decode_str(written).decode_utf8().unwrap_or_default();
    let standing = |word: &str| {
        let all = text.match_indices(word).map(|(at, _)| at..at + word.len());
        let mut alone = all.filter(|range| {
            let before = text[..range.start].chars().next_back();
            let after = text[range.end..].chars().next();
            before.is_none_or(|c| c.is_whitespace() || "\"'(<=,{".contains(c))
                && after.is_none_or(|c| c.is_whitespace() || "\"')>,}".contains(c))
        });
        alone.next()
    };
    [written, &*plain].into_iter().filter(|word| !word.is_empty()).find_map(standing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_where_it_stands_alone() {
        let text = "/nope/x and /nope/ in text, then [x](/nope/) and <a href='/nope/'>";
        assert_eq!(place(text, "/nope/"), Some(12..18));
        assert_eq!(place("[x](/nope/)", "/nope/"), Some(4..10));
        assert_eq!(place("[x](/café/)", "/caf%C3%A9/"), Some(4..11));
        assert_eq!(place("[x](/nope/x/)", "/nope/"), None);
        assert_eq!(place("[x]: ../python\n", "../python"), Some(5..14));
    }
}
