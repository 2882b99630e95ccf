//! The house: a file imports only from the floors below its own, is of a length that can be read,
//! and says at its head what it is. Reads the sources; knows nothing of what they do.

mod circles;

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of each floor, lowest first. On the ground floor and the third a module may import
/// those named before it; on the others nobody imports a neighbour.
const FLOORS: [(&[&str], Neighbours); 8] = [
    (
        &[
            "digest",
            "paths",
            "stamp",
            "door",
            "disk",
            "room",
            "stop",
            "secrets",
            "diagnostics",
            "text",
            "leftovers",
            "fields",
            "config",
            "headers",
            "overrides",
            "report",
            "cas",
            "tags",
            "workshop",
        ],
        Neighbours::Earlier,
    ),
    (&["model"], Neighbours::None),
    (&["source", "state", "render", "media", "assets", "compress", "hosting", "output"], Neighbours::None),
    (&["catalog", "site"], Neighbours::Earlier),
    (&["engine"], Neighbours::None),
    (&["serve", "publish", "metrics"], Neighbours::None),
    (&["cli"], Neighbours::None),
    (&["main", "lib"], Neighbours::Earlier),
];

/// Which modules of its own floor a module may import.
#[derive(Clone, Copy, PartialEq)]
enum Neighbours {
    None,
    Earlier,
}

/// Where a module lives: its floor, and its place on it.
fn place(module: &str) -> Option<(usize, usize)> {
    let on = |floor: usize| FLOORS[floor].0.iter().position(|name| *name == module);
    (0..FLOORS.len()).find_map(|floor| Some((floor, on(floor)?)))
}

/// Every Rust file of the program, with its path below `src/`.
fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut open: Vec<PathBuf> = vec![root.clone()];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("a folder of src/") {
            let path = entry.expect("an entry of it").path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(&root).expect("below src/").to_string_lossy().replace('\\', "/");
                found.push((name, fs::read_to_string(&path).expect("a source")));
            }
        }
    }
    found.sort();
    found
}

/// The module of a file: `site` for `site/views/park.rs`.
fn module_of(file: &str) -> &str {
    file.split(['/', '.']).next().unwrap_or(file)
}

/// The modules that a source names after `crate::` (or the library's name), outside comments, with
/// the numbers of the lines.
fn imports(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//")) {
        for start in ["crate::", "lifthill::"] {
            for (at, _) in line.match_indices(start) {
                let rest = &line[at + start.len()..];
                let names = rest.strip_prefix('{').map_or(rest, |group| group.split('}').next().unwrap_or(group));
                let several = rest.starts_with('{');
                for name in names.split(',').take(if several { usize::MAX } else { 1 }) {
                    let name: String =
                        name.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    found.push((index + 1, name));
                }
            }
        }
    }
    found
}

#[test]
fn a_file_imports_only_from_floors_below() {
    let mut wrong = Vec::new();
    for (file, text) in sources() {
        let own = module_of(&file);
        let Some((floor, rank)) = place(own) else {
            wrong.push(format!("src/{file} lives on no floor"));
            continue;
        };
        for (line, name) in imports(&text).into_iter().filter(|(_, name)| name != own) {
            let allowed = place(&name).is_some_and(|(other, place)| {
                other < floor || (other == floor && place < rank && FLOORS[floor].1 == Neighbours::Earlier)
            });
            if !allowed {
                wrong.push(format!("src/{file}:{line} imports `{name}`, which is not below `{own}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Rooms in which files still lead to each other. There is to be none; no other may join them.
const CIRCULAR: [&str; 8] = ["disk", "assets/", "source/", "output/", "serve/", "publish/", "site/", "engine/sync/"];

#[test]
fn files_lead_to_each_other_in_no_other_room() {
    let is_known = |circle: &Vec<String>| CIRCULAR.iter().any(|room| circle.iter().all(|file| file.starts_with(room)));
    let circles = circles::Sources::of(&sources()).circles();
    let wrong: Vec<String> = circles.iter().filter(|circle| !is_known(circle)).map(|circle| circle.join(" ")).collect();
    assert!(wrong.is_empty(), "these lead to each other:\n{}", wrong.join("\n"));
    let is_circular = |room: &&&str| circles.iter().any(|circle| circle.iter().all(|file| file.starts_with(**room)));
    let open: Vec<&&str> = CIRCULAR.iter().filter(|room| !is_circular(room)).collect();
    assert!(open.is_empty(), "these have become open: {open:?}");
}

#[test]
fn a_file_can_be_read_in_one_sitting() {
    let lengths = sources().into_iter().map(|(file, text)| (text.lines().count(), file));
    let long: Vec<_> = lengths.filter(|(lines, _)| *lines > 500).collect();
    assert!(long.is_empty(), "longer than 500 lines: {long:?}");
}

#[test]
fn a_file_says_what_it_is() {
    let silent: Vec<String> =
        sources().into_iter().filter(|(_, text)| !text.starts_with("//! ")).map(|(file, _)| file).collect();
    assert!(silent.is_empty(), "no `//!` in the first line: {silent:?}");
}

#[test]
fn imports_are_found_wherever_they_stand() {
    let text = "use crate::model::{Card, Kind};\n// crate::cli\nuse crate::{build, site::Route};\nlet x = crate::digest::Digest::of(b\"\");";
    let found: Vec<String> = imports(text).into_iter().map(|(line, name)| format!("{line} {name}")).collect();
    assert_eq!(found, ["1 model", "3 build", "3 site", "4 digest"]);
}

/// A program that may lie anywhere puts its place into nine megabytes of tables when it starts.
#[test]
#[cfg(all(target_os = "linux", target_env = "gnu", target_endian = "little"))]
fn the_program_starts_where_it_lies() {
    let mut head = [0; 18];
    let mut program = fs::File::open(env!("CARGO_BIN_EXE_lifthill")).expect("the program");
    std::io::Read::read_exact(&mut program, &mut head).expect("the head of an ELF file");
    assert_eq!(head[16], 2, "ET_EXEC");
}
