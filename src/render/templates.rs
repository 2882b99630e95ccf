//! Templates: loaded, minified and rendered. Knows nothing of pages or of the values they are given.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::OnceLock;

use rayon::prelude::*;
use tera::{Context, Tera};

use super::names::THEME;
use super::sources::Sources;
use super::{calls, filters, functions, minify, trouble};
use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::door;
use crate::text;

/// Bytes of a page at most.
const LONGEST_PAGE: usize = 64 << 20;

/// All templates of a site.
pub struct Templates {
    /// Minified where that is safe; used for every page.
    tera: Tera,
    /// As written, once an error's true place has to be shown: what is wrong then is rendered again.
    raw: OnceLock<Option<Tera>>,
    /// What both are made of.
    sources: Sources,
    /// Templates whose pages have to be minified whole, since some text that they reach could
    /// not be minified by itself.
    whole: BTreeSet<String>,
    /// What they were loaded from.
    loaded_from: (Digest, bool),
}

/// A page's text.
pub struct Rendered(pub String);

impl Templates {
    /// Loads templates from their texts. The error holds what is wrong with them.
    pub fn new(sources: &Sources, minify_pages: bool) -> Result<Self, Vec<Diagnostic>> {
        let loaded_from = (sources.digest(), minify_pages);
        let (mistakes, minified) = rayon::join(|| calls::mistakes(sources), || Minified::of(sources, minify_pages));
        let Minified { tera, as_written } = match minified {
            // Minifying keeps every template tag: what loads so would load as it is written.
            Some(minified) if mistakes.is_empty() => minified,
            _ => {
                let loaded = engine(sources.iter()).map_err(|error| trouble::of_loading(&error, sources));
                let problems: Vec<_> = loaded.err().into_iter().flatten().chain(mistakes).collect();
                if !problems.is_empty() {
                    return Err(problems);
                }
                // Minified text that no longer loads would be our mistake, not the user's: use it as written.
                let texts = sources.texts().iter().map(|(name, text)| (name.as_str(), text.as_str()));
                let tera = engine(texts).map_err(|error| trouble::of_loading(&error, sources))?;
                Minified { tera, as_written: sources.iter().map(|(name, _)| sources.label(name).to_owned()).collect() }
            }
        };
        let whole = sources
            .reach()
            .iter()
            .filter(|(name, reach)| minify_pages && name.ends_with(".html") && !reach.files.is_disjoint(&as_written));
        let whole = whole.map(|(name, _)| name.clone()).collect();
        Ok(Self { tera, raw: OnceLock::new(), sources: sources.clone(), whole, loaded_from })
    }

    /// Whether loading from `sources` would give these templates.
    pub fn are(&self, sources: &Sources, minify_pages: bool) -> bool {
        self.loaded_from == (sources.digest(), minify_pages)
    }

    /// Renders a template. Functions that it calls go to the page given to
    /// [`super::with_answers`]. The error is what a template did wrong, with its place.
    pub fn render(&self, name: &str, context: &Context) -> Result<Rendered, Box<Diagnostic>> {
        match render(&self.tera, name, context) {
            Ok(text) => Ok(Rendered(self.finish(name, text))),
            Err(error) => {
                let raw = self.raw.get_or_init(|| engine(self.sources.iter()).ok());
                let error = raw.as_ref().and_then(|raw| render(raw, name, context).err()).unwrap_or(error);
                Err(Box::new(trouble::of_rendering(&error, name, &self.sources)))
            }
        }
    }

    /// The templates whose pages have to be minified whole.
    pub fn minified_whole(&self) -> impl Iterator<Item = &str> {
        self.whole.iter().map(String::as_str)
    }

    fn finish(&self, name: &str, text: String) -> String {
        let text = if self.whole.contains(name) { minify::page(&text) } else { text };
        // Entities in bodies and escapes in templates make characters that nobody has written as such.
        let replaced = match text::without_forbidden(&text) {
            Cow::Owned(replaced) => Some(replaced),
            Cow::Borrowed(_) => None,
        };
        replaced.unwrap_or(text)
    }
}

/// Templates of which as many are minified as can be.
struct Minified {
    tera: Tera,
    /// The labels of the others.
    as_written: BTreeSet<String>,
}

impl Minified {
    /// Minifies templates; `None` where they do not load then.
    fn of(sources: &Sources, minify_pages: bool) -> Option<Self> {
        let smaller = |name: &str, source: &str| match minify_pages && name.ends_with(".html") {
            true => minify::template(source),
            false => None,
        };
        let texts = sources.texts().into_par_iter().map(|(name, source)| {
            (name.as_str(), smaller(name, source).map_or(Cow::Borrowed(source.as_str()), Cow::Owned))
        });
        let texts: Vec<(&str, Cow<'_, str>)> = texts.collect();
        let as_written = texts.iter().filter(|(_, text)| matches!(text, Cow::Borrowed(_)));
        let as_written = as_written.map(|(name, _)| sources.label(name).to_owned()).collect();
        let tera = engine(texts.iter().map(|(name, text)| (*name, text.as_ref()))).ok()?;
        Some(Self { tera, as_written })
    }
}

/// The text that a template makes, as long as it is no longer than a page may be.
fn render(tera: &Tera, name: &str, context: &Context) -> Result<String, tera::Error> {
    let mut page = Bounded(Vec::with_capacity(16 << 10));
    tera.render_to(name, context, &mut page)?;
    Ok(String::from_utf8(page.0)?)
}

/// A page in the making. A template that writes for ever fails.
struct Bounded(Vec<u8>);

impl Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > LONGEST_PAGE {
            let size = door::size(LONGEST_PAGE as u64);
            return Err(io::Error::other(format!("the page becomes longer than {size}: does its template end?")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    /// All at once, without asking how much of it was written: templates write a word at a time.
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write(bytes).map(drop)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Names that the site has no template for mean the theme's, and components of the site's go before the theme's.
fn engine<'s>(texts: impl Iterator<Item = (&'s str, &'s str)>) -> Result<Tera, tera::Error> {
    let mut tera = Tera::new();
    functions::register(&mut tera);
    filters::register(&mut tera);
    tera.set_fallback_prefixes([THEME])?;
    tera.add_raw_templates(texts)?;
    Ok(tera)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::paths::BasePath;
    use crate::room::Room;

    #[test]
    fn the_theme_is_minified_when_loaded() {
        let (sources, _) =
            Sources::read(Path::new("/nonexistent"), &BasePath::default(), Room::default()).expect("readable");
        let templates = Templates::new(&sources, true).expect("no mistakes");
        let whole: Vec<&str> = templates.minified_whole().collect();
        assert_eq!(whole, Vec::<&str>::new());
    }
}
