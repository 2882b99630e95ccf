//! Templates: the embedded default theme, any of it overridden by the site's own files, loaded,
//! minified and rendered. Knows nothing of pages or of the values they are given.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};
use include_dir::{Dir, include_dir};
use tera::{Context, Tera};

use super::ids::Ids;
use super::{filters, functions, minify, reach};
use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::overrides;

/// The folder of a site's own templates in its root.
pub const FOLDER: &str = "templates";

static THEME: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// All templates of a site.
pub struct Templates {
    /// Minified where that is safe; used for every page.
    tera: Tera,
    /// As written; rendered again only to show an error's true place.
    raw: Tera,
    /// Templates whose pages have to be minified whole, since some text that they reach could
    /// not be minified by itself.
    whole: BTreeSet<String>,
    /// What they were loaded from.
    loaded_from: (Digest, bool),
}

/// A page's text.
pub struct Rendered(pub String);

/// What a template did wrong, with its place and the excerpt, as text.
#[derive(Clone, Debug)]
pub struct TemplateError(pub String);

impl Templates {
    /// Loads templates from their texts. The error holds what is wrong with them.
    pub fn new(sources: &Sources, minify_pages: bool) -> Result<Self, Vec<Diagnostic>> {
        let loaded_from = (sources.digest(), minify_pages);
        let sources = &sources.0;
        let raw = engine(sources)
            .map_err(|error| vec![Diagnostic::of_file(FOLDER, format!("templates cannot be loaded\n{error}"))])?;
        let mut as_written = BTreeSet::new();
        let mut minified = BTreeMap::new();
        for (name, source) in sources {
            let smaller = if minify_pages && name.ends_with(".html") { minify::template(source) } else { None };
            if smaller.is_none() {
                as_written.insert(name.clone());
            }
            minified.insert(name.clone(), smaller.unwrap_or_else(|| source.clone()));
        }
        // Minified text that no longer loads would be our mistake, not the user's: use it as written.
        let tera = match engine(&minified) {
            Ok(tera) => tera,
            Err(_) => {
                as_written = sources.keys().cloned().collect();
                raw.clone()
            }
        };
        let reach = reach::of(sources);
        let whole = reach
            .iter()
            .filter(|(name, reach)| minify_pages && name.ends_with(".html") && !reach.files.is_disjoint(&as_written));
        let whole = whole.map(|(name, _)| name.clone()).collect();
        Ok(Self { tera, raw, whole, loaded_from })
    }

    /// Whether loading from `sources` would give these templates.
    pub fn are(&self, sources: &Sources, minify_pages: bool) -> bool {
        self.loaded_from == (sources.digest(), minify_pages)
    }

    /// Renders a template. Functions that it calls go to the page given to
    /// [`super::with_answers`].
    pub fn render(&self, name: &str, context: &Context) -> Result<Rendered, TemplateError> {
        match self.tera.render(name, context) {
            Ok(text) => Ok(Rendered(self.finish(name, text))),
            Err(error) => {
                let error = self.raw.render(name, context).err().unwrap_or(error);
                Err(TemplateError(explain(&error)))
            }
        }
    }

    /// The templates whose pages have to be minified whole.
    pub fn minified_whole(&self) -> impl Iterator<Item = &str> {
        self.whole.iter().map(String::as_str)
    }

    fn finish(&self, name: &str, text: String) -> String {
        if self.whole.contains(name) { minify::page(&text) } else { text }
    }
}

fn explain(error: &tera::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        text.push_str(&format!("\ncaused by: {inner}"));
        source = inner.source();
    }
    text
}

fn engine(sources: &BTreeMap<String, String>) -> Result<Tera, String> {
    let mut tera = Tera::new();
    functions::register(&mut tera);
    filters::register(&mut tera);
    let all = sources.iter().map(|(name, text)| (name.as_str(), text.as_str()));
    tera.add_raw_templates(all).map_err(|error| explain(&error))?;
    Ok(tera)
}

/// The texts of all templates, by name: the theme's, and the site's own over them.
pub struct Sources(BTreeMap<String, String>);

impl Sources {
    /// Reads the templates of the site at `root`, and says what is wrong with any.
    pub fn read(root: &Path) -> Result<(Self, Vec<Diagnostic>)> {
        let (sources, problems) = read(root)?;
        Ok((Self(sources), problems))
    }

    /// One digest of all texts.
    fn digest(&self) -> Digest {
        Digest::of_parts(self.0.iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]))
    }

    /// The digest of every template's own text, by name.
    pub fn own_digests(&self) -> BTreeMap<String, Digest> {
        self.0.iter().map(|(name, text)| (name.clone(), Digest::of(text.as_bytes()))).collect()
    }

    /// The files that every template reaches, itself included, by its name.
    pub fn reached(&self) -> BTreeMap<String, BTreeSet<String>> {
        reach::of(&self.0).into_iter().map(|(name, reach)| (name, reach.files)).collect()
    }

    /// The ids that pages made with a template use, by its name.
    pub fn ids(&self) -> BTreeMap<String, Ids> {
        reach::of(&self.0).into_iter().map(|(name, reach)| (name, reach.ids)).collect()
    }

    /// The digest of every template with everything that it reaches, by name.
    pub fn digests(&self) -> BTreeMap<String, Digest> {
        reach::of(&self.0).into_iter().map(|(name, reach)| (name, reach.digest)).collect()
    }
}

fn read(root: &Path) -> Result<(BTreeMap<String, String>, Vec<Diagnostic>)> {
    let mut sources = BTreeMap::new();
    for file in THEME.files() {
        let text = file.contents_utf8().context("a template of the theme is not UTF-8")?;
        sources.insert(file.path().to_string_lossy().into_owned(), text.to_owned());
    }
    let (names, mut problems) = overrides::names(root, FOLDER)?;
    for name in names {
        let shown = format!("{FOLDER}/{name}");
        let bytes = fs::read(root.join(&shown)).with_context(|| format!("cannot read {shown}"))?;
        match String::from_utf8(bytes) {
            Ok(text) => drop(sources.insert(name, text)),
            Err(_) => problems.push(Diagnostic::of_file(&shown, "is not UTF-8 text")),
        }
    }
    Ok((sources, problems))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_theme_is_minified_when_loaded() {
        let (sources, _) = Sources::read(Path::new("/nonexistent")).expect("readable");
        let templates = Templates::new(&sources, true).expect("no mistakes");
        let whole: Vec<&str> = templates.minified_whole().collect();
        assert_eq!(whole, Vec::<&str>::new());
    }
}
