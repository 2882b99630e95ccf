//! The texts of templates: the theme's, each known as `theme/NAME`, and the site's own over them.
//! Knows nothing of what the texts mean.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Context as _, Result};
use include_dir::{Dir, include_dir};

use super::ids::Ids;
use super::names::{THEME, label};
use super::reach::{self, Reach};
use super::rebase::{Text, rebased};
use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::paths::BasePath;
use crate::room::Room;
use crate::{overrides, text};

/// The folder of a site's own templates in its root.
pub const FOLDER: &str = "templates";

/// The most that is read of a template.
const MOST: Most = Most::megabytes(2);

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// The texts of all templates, by name.
#[derive(Clone)]
pub struct Sources {
    written: BTreeMap<String, String>,
    /// The same with the paths in them as the outside is told them, where the site lies below a path.
    below: Option<BTreeMap<String, String>>,
    base: BasePath,
    /// What every template reaches, by label, once somebody has asked.
    reach: Arc<OnceLock<BTreeMap<String, Reach>>>,
}

impl Sources {
    /// Reads the templates of the site at `root`, which lies below `base`, and says what is wrong with any.
    pub fn read(root: &Path, base: &BasePath, room: Room) -> Result<(Self, Vec<Diagnostic>)> {
        let mut sources = BTreeMap::new();
        for file in FILES.files() {
            let text = file.contents_utf8().context("a template of the theme is not UTF-8")?;
            sources.insert(format!("{THEME}{}", file.path().to_string_lossy()), text.to_owned());
        }
        let (names, mut problems) = overrides::names(root, FOLDER)?;
        for name in names {
            let shown = format!("{FOLDER}/{name}");
            if let Some(below) = name.strip_prefix(THEME) {
                let message = format!("`{THEME}` stands before the names of the theme's own templates");
                let help = format!("{FOLDER}/{below} lies over the theme's; any other folder is yours");
                problems.push(Diagnostic::of_file(&shown, message).help(help));
                continue;
            }
            let bytes = match door::read(&root.join(&shown), room.text(MOST)) {
                Ok(bytes) => bytes,
                Err(error) => {
                    problems.push(Diagnostic::of_file(&shown, door::words(&error)));
                    continue;
                }
            };
            match text::decode(&shown, &bytes) {
                Ok(text) => {
                    problems.extend(forbidden(&shown, text));
                    sources.insert(text::composed(&name).into_owned(), text.to_owned());
                }
                Err(problem) => problems.push(*problem),
            }
        }
        Ok((Self::new(sources, base), problems))
    }

    fn new(written: BTreeMap<String, String>, base: &BasePath) -> Self {
        let markup = |name: &str| name.ends_with(".html") || name.ends_with(".xml");
        let moved = |(name, text): (&String, &String)| {
            let text = text.clone();
            (name.clone(), if markup(name) { rebased(text, Text::Template, base) } else { text })
        };
        let below = (!base.is_root()).then(|| written.iter().map(moved).collect());
        Self { written, below, base: base.clone(), reach: Arc::default() }
    }

    /// Whether they are those of a site below `base`.
    pub fn are_below(&self, base: &BasePath) -> bool {
        self.base == *base
    }

    /// Every template's own name and text, as written: the theme's as `theme/NAME`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.written.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// The names of the theme's templates, of which pages are made.
    pub fn of_theme() -> impl Iterator<Item = &'static str> {
        FILES.files().filter_map(|file| file.path().to_str())
    }

    /// The site's own texts: what of the theme's is as it was is none of them.
    pub fn own(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_own = |name: &str, text: &str| {
            !name.starts_with(THEME) && FILES.get_file(name).is_none_or(|file| file.contents() != text.as_bytes())
        };
        self.iter().filter(move |(name, text)| is_own(name, text))
    }

    /// The templates that no page is made of and none of those uses.
    pub fn unused(&self) -> Vec<String> {
        if self.own().next().is_none() {
            return Vec::new();
        }
        let mut used: BTreeSet<&str> = Self::of_theme().collect();
        for name in Self::of_theme() {
            used.extend(self.reach().get(name).into_iter().flat_map(|reach| reach.files.iter().map(String::as_str)));
        }
        self.own().map(|(name, _)| name).filter(|name| !used.contains(name)).map(str::to_owned).collect()
    }

    /// All of them, as pages are made with them.
    pub(super) fn texts(&self) -> &BTreeMap<String, String> {
        self.below.as_ref().unwrap_or(&self.written)
    }

    /// The text of a template by its own name, as written.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.written.get(name).map(String::as_str)
    }

    /// Every name by which a template may be called.
    pub fn names(&self) -> impl Iterator<Item = &str> + Clone {
        self.written.keys().flat_map(|name| [Some(name.as_str()), name.strip_prefix(THEME)]).flatten()
    }

    /// One digest of all texts.
    pub fn digest(&self) -> Digest {
        Digest::of_parts(self.texts().iter().flat_map(|(name, text)| [name.as_bytes(), text.as_bytes()]))
    }

    /// The digest of every template's own text, by label.
    pub fn own_digests(&self) -> BTreeMap<String, Digest> {
        let texts = self.texts();
        let digests = texts.iter().map(|(name, text)| (label(texts, name), Digest::of(text.as_bytes())));
        digests.map(|(name, digest)| (name.to_owned(), digest)).collect()
    }

    /// What every template reaches, itself included, by label.
    pub fn reach(&self) -> &BTreeMap<String, Reach> {
        self.reach.get_or_init(|| reach::of(self.texts()))
    }

    /// The ids that pages made with a template use, by its label.
    pub fn ids(&self) -> BTreeMap<String, Ids> {
        self.reach().iter().map(|(name, reach)| (name.clone(), reach.ids.clone())).collect()
    }

    /// What a template is called among those that can change: see [`label`].
    pub fn label<'n>(&self, name: &'n str) -> &'n str {
        label(&self.written, name)
    }
}

/// Where a template lies, for people: in the site, or in the theme as `theme/NAME`.
pub fn place(name: &str) -> String {
    if name.starts_with(THEME) { name.to_owned() } else { format!("{FOLDER}/{name}") }
}

/// A character in a template that no page can show. Between pages of source code people put a form feed, which
/// HTML takes for white space.
fn forbidden(file: &str, text: &str) -> Option<Diagnostic> {
    let mut start = 0;
    loop {
        let (at, character) = text::forbidden(&text[start..])?;
        let at = start + at;
        start = at + character.len_utf8();
        if character != '\u{c}' || file.ends_with(".xml") {
            let message = format!("the character {} can stand in no page", text::shown(character));
            return Some(Diagnostic::at(file, text, at..start, message).help("remove it"));
        }
    }
}
