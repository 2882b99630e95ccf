//! Circles of files: reads the `use` lines and paths of every source and follows them, also inside a folder and
//! through what a `mod.rs` passes on, to the file in which a thing stands.

use std::collections::{BTreeMap, BTreeSet};

/// The path of a module: `["media", "decode"]`.
type Module = Vec<String>;

/// The sources by module, and what their `pub use` lines pass on.
pub struct Sources {
    files: BTreeMap<Module, String>,
    texts: BTreeMap<Module, String>,
    passed_on: BTreeMap<(Module, String), Module>,
}

impl Sources {
    /// Reads `sources`: path below `src/`, and text.
    pub fn of(sources: &[(String, String)]) -> Self {
        let mut known = Self { files: BTreeMap::new(), texts: BTreeMap::new(), passed_on: BTreeMap::new() };
        for (file, text) in sources {
            known.files.insert(module(file), file.clone());
            known.texts.insert(module(file), without_tests(text));
        }
        for (own, text) in &known.texts {
            for (public, path) in uses(text) {
                let path = known.absolute(own, &path).filter(|_| public);
                known.passed_on.extend(path.map(|path| ((own.clone(), path[path.len() - 1].clone()), path)));
            }
        }
        known
    }

    /// The circles: each the files that lead to each other, sorted.
    pub fn circles(&self) -> Vec<Vec<String>> {
        let arrows: BTreeMap<&Module, BTreeSet<&Module>> =
            self.texts.keys().map(|own| (own, self.imports(own))).collect();
        let reached: BTreeMap<&Module, BTreeSet<&Module>> =
            arrows.keys().map(|own| (*own, reach(own, &arrows))).collect();
        let mut circles = BTreeSet::new();
        for (own, from_here) in &reached {
            let circle: Vec<String> = from_here
                .iter()
                .filter(|other| reached[*other].contains(own))
                .map(|other| self.files[*other].clone())
                .collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.into_iter().collect()
    }

    /// The files that a file names.
    fn imports(&self, own: &Module) -> BTreeSet<&Module> {
        let text = &self.texts[own];
        let mut paths: Vec<Module> =
            uses(text).into_iter().filter(|(public, _)| !public).map(|(_, path)| path).collect();
        paths.extend(written_out(text));
        let mut found = BTreeSet::new();
        for path in paths {
            let target = self.absolute(own, &path).and_then(|path| self.file_of(&path, 0));
            found.extend(target.filter(|target| *target != own));
        }
        found
    }

    /// A path from the crate's root; `None` where it leads out of the crate.
    fn absolute(&self, own: &Module, path: &[String]) -> Option<Module> {
        let rest = |skip: usize| path.iter().skip(skip).cloned();
        match path.first()?.as_str() {
            "crate" | "lifthill" => Some(rest(1).collect()),
            "self" => Some(own.iter().cloned().chain(rest(1)).collect()),
            "super" => {
                let up = path.iter().take_while(|part| *part == "super").count();
                Some(own.iter().take(own.len().checked_sub(up)?).cloned().chain(rest(up)).collect())
            }
            child => {
                let below: Module = own.iter().cloned().chain([child.to_owned()]).collect();
                self.files.contains_key(&below).then(|| own.iter().cloned().chain(rest(0)).collect())
            }
        }
    }

    /// The module in whose file the thing at `path` stands.
    fn file_of(&self, path: &[String], depth: usize) -> Option<&Module> {
        let (module, _) = (1..=path.len()).rev().find_map(|length| self.files.get_key_value(&path[..length]))?;
        let passed = path.get(module.len()).and_then(|name| self.passed_on.get(&(module.clone(), name.clone())));
        match passed.filter(|_| depth < 8) {
            Some(to) => self.file_of(&[to, &path[module.len() + 1..]].concat(), depth + 1),
            None => Some(module),
        }
    }
}

fn reach<'a>(from: &'a Module, arrows: &BTreeMap<&'a Module, BTreeSet<&'a Module>>) -> BTreeSet<&'a Module> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(next) = open.pop() {
        open.extend(arrows[next].iter().copied().filter(|to| reached.insert(*to)));
    }
    reached
}

/// `["media", "decode"]` for `media/decode.rs`, `["media"]` for `media/mod.rs`.
fn module(file: &str) -> Module {
    let path = file.trim_end_matches(".rs");
    path.strip_suffix("/mod").unwrap_or(path).split('/').map(str::to_owned).collect()
}

/// The text up to its unit tests, without comments.
fn without_tests(text: &str) -> String {
    let program = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
    program.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Every path that `use` lines name, and whether it is passed on.
fn uses(text: &str) -> Vec<(bool, Module)> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices("use ") {
        let line = text[..at].rsplit('\n').next().unwrap_or_default().trim();
        if !line.is_empty() && !line.starts_with("pub") {
            continue;
        }
        let tree = text[at + 4..].split(';').next().unwrap_or_default();
        found.extend(leaves(&[], tree).into_iter().map(|path| (line.starts_with("pub"), path)));
    }
    found
}

/// The paths of a tree of imports: `a::{b, c::d}` is `a::b` and `a::c::d`.
fn leaves(before: &[String], tree: &str) -> Vec<Module> {
    let tree = tree.split(" as ").next().unwrap_or_default().trim();
    let (path, group) =
        tree.split_once('{').map_or((tree, None), |(path, group)| (path, group.trim().strip_suffix('}')));
    let parts = path.split("::").map(str::trim).filter(|part| !part.is_empty() && *part != "*");
    let path: Module = before.iter().cloned().chain(parts.map(str::to_owned)).collect();
    let Some(group) = group else { return vec![path] };
    let (mut depth, mut start, mut found) = (0, 0, Vec::new());
    for (at, c) in group.char_indices().chain([(group.len(), ',')]) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                let branch = group[start..at].trim();
                start = group.len().min(at + 1);
                if branch == "self" {
                    found.push(path.clone());
                } else if !branch.is_empty() {
                    found.extend(leaves(&path, branch));
                }
            }
            _ => {}
        }
    }
    found
}

/// The paths that stand written out in the code: `crate::digest::Digest`, `child::function`.
fn written_out(text: &str) -> Vec<Module> {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    // What is passed on is not leant on.
    let code = text.split(';').filter(|piece| !piece.trim_start().starts_with("pub use "));
    let words = code
        .flat_map(|code| code.split(|c: char| !is_word(c)))
        .filter(|word| word.contains("::") && !word.ends_with("::"));
    words.map(|word| word.split("::").filter(|part| !part.is_empty()).map(str::to_owned).collect()).collect()
}

#[test]
fn paths_are_followed_to_where_things_stand() {
    let source = |file: &str, text: &str| (file.to_owned(), text.to_owned());
    let sources = [
        source("a/mod.rs", "mod b;\nmod c;\npub use b::Thing;\nuse crate::d;"),
        source("a/b.rs", "use super::c::{self, x};\npub struct Thing;"),
        source("a/c.rs", "fn f() -> crate::a::Thing { todo() }"),
        source("d.rs", "// crate::a\nuse std::fs;"),
    ];
    assert_eq!(Sources::of(&sources).circles(), [["a/b.rs", "a/c.rs"]]);
}
