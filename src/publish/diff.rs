//! What publishing would change, page by page, with reasons: for people, programs and pull
//! requests. Changes nothing.

use std::collections::BTreeMap;

use serde::Serialize;

use super::manifest::{Class, Manifest};
use crate::engine::Inventory;
use crate::headers::url_of;

/// What changes between what is live and what was built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Diff {
    /// New pages.
    pub added: Vec<PageChange>,
    /// Pages with other bytes or headers.
    pub changed: Vec<PageChange>,
    /// Pages that are gone.
    pub removed: Vec<PageChange>,
    /// Pages that stand at another URL now.
    pub moved: Vec<PageChange>,
    /// Files that are no pages: assets, photos, feeds and the like.
    pub files: u64,
}

/// One page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PageChange {
    /// Its URL path.
    pub url: String,
    /// Where it stood before, if it moved.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Why, as far as is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What differs between `live` and `local`, which is made of the files in `inventory`.
pub fn diff(live: &Manifest, local: &Manifest, inventory: &Inventory) -> Diff {
    let mut diff = Diff::default();
    let is_redirect = |key: &str| inventory.file(key).is_some_and(|file| file.kind == "redirect");
    let reason = |key: &str| {
        let (reason, build) = inventory.file(key)?.reason.as_ref()?;
        (*build > live.build || live.build == 0 || live.build > local.build).then(|| reason.clone())
    };
    let page = |key: &str| PageChange { url: url_of(key), from: None, reason: reason(key) };
    let name = |key: &str| key.trim_end_matches("/index.html").rsplit('/').next().unwrap_or_default().to_owned();
    let mut gone: BTreeMap<String, &str> = BTreeMap::new();
    for (key, old) in &live.entries {
        match local.entries.get(key) {
            Some(new) if new.digest == old.digest && new.dress == old.dress => {}
            _ if old.class != Class::Page => diff.files += 1,
            Some(_) if is_redirect(key) && old.promised => {
                gone.insert(name(key), key);
            }
            Some(_) => diff.changed.push(page(key)),
            None => {
                gone.insert(name(key), key);
            }
        }
    }
    for (key, new) in local.entries.iter().filter(|(key, _)| !live.entries.contains_key(*key)) {
        if new.class != Class::Page {
            diff.files += 1;
            continue;
        }
        if is_redirect(key) {
            continue;
        }
        match gone.remove(&name(key)).filter(|_| new.promised) {
            Some(from) => diff.moved.push(PageChange { from: Some(url_of(from)), ..page(key) }),
            None => diff.added.push(page(key)),
        }
    }
    for key in gone.into_values() {
        match local.entries.contains_key(key) {
            true => diff.changed.push(PageChange { reason: Some("it leads elsewhere now".to_owned()), ..page(key) }),
            false => diff.removed.push(page(key)),
        }
    }
    for list in [&mut diff.added, &mut diff.changed, &mut diff.removed, &mut diff.moved] {
        list.sort_by(|a, b| a.url.cmp(&b.url));
    }
    diff
}

/// Characters of a comment on GitHub at most, less some room for what others add.
const COMMENT: usize = 60_000;

/// Pages named under each heading at most.
const NAMED: usize = 200;

impl Diff {
    /// Whether nothing differs.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// One line in numbers.
    pub fn summary(&self) -> String {
        let parts = [
            (self.added.len(), "added"),
            (self.changed.len(), "changed"),
            (self.moved.len(), "moved"),
            (self.removed.len(), "removed"),
        ];
        let told: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let pages = if told.is_empty() { "no page changes".to_owned() } else { format!("pages: {}", told.join(", ")) };
        match self.files {
            0 => pages,
            1 => format!("{pages}; 1 other file"),
            files => format!("{pages}; {files} other files"),
        }
    }

    /// As plain text, every page in a line.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for (sign, pages) in [('+', &self.added), ('~', &self.changed), ('>', &self.moved), ('-', &self.removed)] {
            for page in pages {
                text.push_str(&format!("{sign} {}", page.url));
                if let Some(from) = &page.from {
                    text.push_str(&format!(" (was {from})"));
                }
                if let Some(reason) = &page.reason {
                    text.push_str(&format!(": {reason}"));
                }
                text.push('\n');
            }
        }
        text.push_str(&self.summary());
        text
    }

    /// As Markdown for a pull request, pages linked below `site`, within the platform's limits.
    pub fn github(&self, site: &str) -> String {
        let mut text = format!("### Site changes\n\n{}\n", self.summary());
        let parts =
            [("Added", &self.added), ("Changed", &self.changed), ("Moved", &self.moved), ("Removed", &self.removed)];
        for (heading, pages) in parts.into_iter().filter(|(_, pages)| !pages.is_empty()) {
            let mut part = format!("\n<details><summary>{heading}: {}</summary>\n\n", pages.len());
            let mut named = 0;
            for page in pages.iter().take(NAMED) {
                let mut line = match heading {
                    "Removed" => format!("- {}", code(&page.url)),
                    _ => format!("- [{}]({site}{})", code(&page.url), super::purge::encoded(&page.url)),
                };
                if let Some(from) = &page.from {
                    line.push_str(&format!(" (was {})", code(from)));
                }
                if let Some(reason) = &page.reason {
                    line.push_str(&format!(": {}", code(reason)));
                }
                if text.len() + part.len() + line.len() > COMMENT {
                    break;
                }
                part.push_str(&line);
                part.push('\n');
                named += 1;
            }
            if named < pages.len() {
                part.push_str(&format!("- … and {} more\n", pages.len() - named));
            }
            part.push_str("\n</details>\n");
            text.push_str(&part);
        }
        text
    }
}

/// Text that Markdown leaves alone.
fn code(text: &str) -> String {
    format!("`{}`", text.replace('`', "'").replace(['\n', '\r'], " "))
}
