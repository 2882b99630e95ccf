//! What a bundler has made: the files named in Vite's `manifest.json`. They carry fingerprints
//! already and refer to each other by them, so they keep their names and bytes. Knows nothing of
//! our own assets.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::files::is_plain;
use crate::diagnostics::{Diagnostic, Problems, Text, suggestion};
use crate::door::{self, Most};
use crate::paths::RelPath;
use crate::text;

/// The most that is read of a manifest.
const MOST: Most = Most::megabytes(4);

/// One chunk of the manifest, as Vite writes it; what we have no use for is not read.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Chunk {
    file: String,
    #[serde(default)]
    css: Vec<String>,
    #[serde(default)]
    assets: Vec<String>,
    #[serde(default)]
    imports: Vec<String>,
}

/// What a page needs for one source of the bundle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its file in the bundler's folder.
    pub file: String,
    /// Style sheets of it and of all that it imports, each once, what is imported first.
    pub css: Vec<String>,
    /// Files of all that it imports, directly or not, for preloading.
    pub imports: Vec<String>,
}

/// A bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bundle {
    /// The bundler's output folder in the site's root.
    pub folder: String,
    /// Every file to publish, by its path in that folder.
    pub files: BTreeSet<String>,
    /// The bundle's sources by name.
    pub entries: BTreeMap<String, Entry>,
}

/// Reads the manifest at `path` in the site's root.
pub fn read(root: &Path, path: &str) -> Result<Bundle, Vec<Diagnostic>> {
    let Some(safe) = RelPath::new(path) else {
        return Err(vec![Diagnostic::of_file(path, "is not a path inside the site")]);
    };
    let bytes =
        door::read(&safe.under(root), MOST).map_err(|error| vec![Diagnostic::of_file(path, door::words(&error))])?;
    let text = text::decode(path, &bytes).map_err(|problem| vec![*problem])?;
    let chunks: BTreeMap<String, Chunk> = serde_json::from_str(text).map_err(|error| {
        let line: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        let at = (line + error.column().saturating_sub(1)).min(text.len());
        vec![Diagnostic::at(path, text, at..at + 1, format!("is not a Vite manifest: {error}"))]
    })?;
    let folder = safe.parent().unwrap_or_default();
    let folder = folder.strip_suffix(".vite").map_or(folder, |outer| outer.trim_end_matches('/')).to_owned();
    let mut bundle = Bundle { folder, ..Bundle::default() };
    let mut problems = Problems::default();
    let whole = Text::new(path, text);
    let mut note = |named: &str, message: String, help: &dyn Fn() -> Option<String>| {
        problems.error(|| {
            let at = text.find(&format!("\"{named}\"")).unwrap_or(0);
            Diagnostic { help: help(), ..whole.at(at..at + named.len() + 2, message) }
        });
    };
    for chunk in chunks.values() {
        for file in std::iter::once(&chunk.file).chain(&chunk.css).chain(&chunk.assets) {
            if !is_plain(file) {
                note(file, format!("`{file}` has a name that makes a bad URL"), &|| None);
            } else if !root.join(&bundle.folder).join(file).is_file() {
                note(file, format!("there is no file `{file}`"), &|| Some("build the bundle again".to_owned()));
            } else {
                bundle.files.insert(file.clone());
            }
        }
        for import in chunk.imports.iter().filter(|import| !chunks.contains_key(*import)) {
            let help = || suggestion(import, chunks.keys().map(String::as_str));
            note(import, format!("`{import}` is imported but not in the manifest"), &help);
        }
    }
    if problems.number() > 0 {
        return Err(problems.into_told(path));
    }
    bundle.entries = chunks.keys().map(|name| (name.clone(), entry(&chunks, name))).collect();
    Ok(bundle)
}

/// Imports may go in circles: each chunk is visited once.
fn entry(chunks: &BTreeMap<String, Chunk>, name: &str) -> Entry {
    let mut entry = Entry { file: chunks[name].file.clone(), css: Vec::new(), imports: Vec::new() };
    let mut seen = BTreeSet::from([name]);
    let mut open = vec![(name, 0)];
    while let Some((name, followed)) = open.last_mut() {
        let Some(chunk) = chunks.get(*name) else { break };
        if let Some(import) = chunk.imports.get(*followed) {
            *followed += 1;
            if seen.insert(import) {
                open.push((import, 0));
            }
            continue;
        }
        open.pop();
        for sheet in &chunk.css {
            if !entry.css.contains(sheet) {
                entry.css.push(sheet.clone());
            }
        }
        if !open.is_empty() {
            entry.imports.push(chunk.file.clone());
        }
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn imports_in_circles_are_followed_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |path: &str, text: &str| {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("its folder");
            fs::write(path, text).expect("a file");
        };
        for file in ["main-AAAAAAAA.js", "a-BBBBBBBB.js", "b-CCCCCCCC.js", "a-DDDDDDDD.css", "main-EEEEEEEE.css"] {
            write(&format!("web/dist/assets/{file}"), "x");
        }
        write(
            "web/dist/.vite/manifest.json",
            r#"{"src/main.ts": {"file": "assets/main-AAAAAAAA.js", "src": "src/main.ts", "isEntry": true,
                 "imports": ["_a.js"], "css": ["assets/main-EEEEEEEE.css"]},
               "_a.js": {"file": "assets/a-BBBBBBBB.js", "imports": ["_b.js"], "css": ["assets/a-DDDDDDDD.css"]},
               "_b.js": {"file": "assets/b-CCCCCCCC.js", "imports": ["_a.js"]}}"#,
        );
        let bundle = read(folder.path(), "web/dist/.vite/manifest.json").expect("a bundle");
        assert_eq!((bundle.folder.as_str(), bundle.files.len()), ("web/dist", 5));
        let main = &bundle.entries["src/main.ts"];
        assert_eq!(main.css, ["assets/a-DDDDDDDD.css", "assets/main-EEEEEEEE.css"]);
        assert_eq!(main.imports, ["assets/b-CCCCCCCC.js", "assets/a-BBBBBBBB.js"]);

        write("web/dist/.vite/manifest.json", "{\n \"x\": {\"file\": 1}}");
        let problems = read(folder.path(), "web/dist/.vite/manifest.json").expect_err("a mistake");
        assert_eq!(problems[0].line, 2);
        write("web/dist/.vite/manifest.json", "{\n \"x\": {\"file\": \"none.js\", \"imports\": [\"y\"]}}");
        let problems = read(folder.path(), "web/dist/.vite/manifest.json").expect_err("mistakes");
        assert_eq!(problems.len(), 2);
    }
}
