//! Files that do nothing, though whoever put them there thought that they would: templates that nothing uses,
//! and what other generators read. Reads names only; knows nothing of what the files say.

use std::path::Path;

use crate::diagnostics::{Diagnostic, nearest};
use crate::render::{Sources, TEMPLATES};

/// Files and folders in a site's root that other generators read, and what to do here instead.
const OF_OTHERS: [(&[&str], &str); 7] = [
    (
        &["static/"],
        "what visitors are to be given goes into `assets/`; `copies` in `[assets]` names what keeps its address",
    ),
    (
        &["layouts/", "_layouts/", "_includes/", "themes/", "archetypes/"],
        "templates go into `templates/`, under the names of those that they replace",
    ),
    (&["_posts/"], "articles go into `content/articles/`"),
    (&["_data/", "_sass/"], "records go into `content/`, style sheets into `assets/`"),
    (
        &[
            "hugo.toml",
            "hugo.yaml",
            "hugo.yml",
            "hugo.json",
            "_config.yml",
            "_config.yaml",
            "_config.toml",
            "config.toml",
            "zola.toml",
            "mkdocs.yml",
            "eleventy.config.js",
            ".eleventy.js",
            "lifthill.yaml",
            "lifthill.yml",
            "lifthill.json",
        ],
        "settings go into `lifthill.toml`",
    ),
    (
        &["robots.txt", "sitemap.xml", "feed.xml", "404.html"],
        "it is made; a template of that name in `templates/` replaces it",
    ),
    (
        &["favicon.ico", "apple-touch-icon.png", "_headers", "_redirects"],
        "files go into `assets/`, and those that keep their address into `copies` in `[assets]`; `[hosting]` makes files for hosts",
    ),
];

/// So many templates are named.
const NAMED: usize = 20;

/// Warns of each.
pub fn told(root: &Path, templates: &Sources) -> Vec<Diagnostic> {
    let mut told = Vec::new();
    for (names, help) in OF_OTHERS {
        for name in names {
            let (plain, is_folder) = name.strip_suffix('/').map_or((*name, false), |folder| (folder, true));
            let there = std::fs::symlink_metadata(root.join(plain));
            if there.is_ok_and(|metadata| metadata.is_dir() == is_folder) {
                told.push(Diagnostic::of_file(name, "does nothing: nobody reads it here").help(help).warning());
            }
        }
    }
    let unused = templates.unused();
    for name in unused.iter().take(NAMED) {
        let message = "does nothing: no page is made of it, and no template uses it";
        let one = Diagnostic::of_file(&format!("{TEMPLATES}/{name}"), message).warning();
        told.push(match nearest(name, Sources::of_theme()) {
            Some(meant) => one.help(format!("did you mean `{meant}`?")),
            None => one.help(
                "a template is used under the name of one of the theme's, or when one of those extends or includes it",
            ),
        });
    }
    if unused.len() > NAMED {
        let message = format!("and {} more templates that do nothing", unused.len() - NAMED);
        told.push(Diagnostic::of_file(TEMPLATES, message).warning());
    }
    told
}
