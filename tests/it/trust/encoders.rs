//! What is kept is named by what made it: every locked package that can decide a byte counts, taken from
//! the lock file.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

/// Lists of packages as they were compiled in.
const LISTS: [(&str, &str); 4] = [
    ("pictures", env!("LIFTHILL_MEDIA")),
    ("compression", env!("LIFTHILL_COMPRESSION")),
    ("assets", env!("LIFTHILL_ASSETS")),
    ("sass", env!("LIFTHILL_SASS")),
];

/// Name and version of each package of a list.
fn packages(list: &str) -> BTreeSet<(String, String)> {
    let one = |words: &str| {
        let mut words = words.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    list.split(", ").filter_map(one).collect()
}

fn read(file: &str) -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    fs::read_to_string(path).expect("a file of ours").parse().expect("TOML")
}

/// What each locked package depends on.
fn locked() -> BTreeMap<(String, String), Vec<String>> {
    let lock = read("Cargo.lock");
    let text = |value: &toml::Value| value.as_str().expect("text").to_owned();
    let package = |package: &toml::Value| {
        let needs = package.get("dependencies").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        ((text(&package["name"]), text(&package["version"])), needs.iter().map(text).collect())
    };
    lock["package"].as_array().expect("packages").iter().map(package).collect()
}

#[test]
fn what_the_makers_depend_on_counts_however_deep() {
    let locked = locked();
    for (what, list) in LISTS {
        let found = packages(list);
        for package in &found {
            let needs = locked.get(package).unwrap_or_else(|| panic!("{what}: {package:?} is not locked"));
            for need in needs {
                let (name, version) =
                    need.split_once(' ').map_or((need.as_str(), None), |(name, rest)| (name, rest.split(' ').next()));
                let counts = found.iter().any(|(one, at)| one == name && version.is_none_or(|version| version == at));
                assert!(counts, "{what}: {} depends on {need}, which does not count", package.0);
            }
        }
    }
}

#[test]
fn those_that_were_forgotten_once_count() {
    let names =
        |number: usize| -> BTreeSet<String> { packages(LISTS[number].1).into_iter().map(|one| one.0).collect() };
    let pictures = names(0);
    let wanted = ["thumbhash", "avif-serialize", "pxfm", "av-scenechange", "v_frame", "zune-core", "rav1e", "fdeflate"];
    for name in wanted {
        assert!(pictures.contains(name), "{name}");
    }
    assert!(["zstd-sys", "libdeflate-sys", "brotlic-sys"].iter().all(|name| names(1).contains(*name)));
    assert!(
        ["lightningcss", "oxc_minifier", "oxc_ast", "parcel_selectors"].iter().all(|name| names(2).contains(*name))
    );
    assert!(names(3).contains("grass_compiler"));
}

/// Crates that these modules use, but whose versions decide no byte of what they make.
const OTHERS: [&str; 7] = ["anyhow", "base64", "include_dir", "postcard", "rayon", "serde", "sha2"];

#[test]
fn a_crate_that_a_maker_calls_counts() {
    let manifest = read("Cargo.toml");
    let dependencies = manifest["dependencies"].as_table().expect("dependencies");
    for (folder, lists) in [("src/media", &LISTS[..1]), ("src/compress.rs", &LISTS[1..2]), ("src/assets", &LISTS[2..])]
    {
        let counted: BTreeSet<String> =
            lists.iter().flat_map(|(_, list)| packages(list)).map(|package| package.0).collect();
        let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
        for name in dependencies.keys().filter(|name| !OTHERS.contains(&name.as_str())) {
            let called = sources.contains(&format!("{}::", name.replace('-', "_")));
            let own = format!("crate::{}::", name.replace('-', "_"));
            let called = called && sources.replace(&own, "").contains(&format!("{}::", name.replace('-', "_")));
            assert!(!called || counted.contains(name), "{folder} calls {name}, which does not count");
        }
    }
}

/// The text of a source, or of all sources in a folder, without what only tests use.
fn sources(path: &Path) -> String {
    if path.is_file() {
        let text = fs::read_to_string(path).expect("a source");
        return text.split("#[cfg(test)]").next().unwrap_or_default().to_owned();
    }
    let entries = fs::read_dir(path).expect("a folder of sources");
    entries.map(|entry| sources(&entry.expect("an entry").path())).collect()
}
