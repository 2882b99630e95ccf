//! Digests the sources that pages depend on, so that a binary with other page code knows it; and lists the
//! locked packages that make pictures, compressed variants, style sheets and scripts, so that what
//! others made is not taken for theirs.

use std::collections::BTreeSet;
use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::Path;

fn main() {
    let mut hasher = DefaultHasher::new();
    for part in ["src", "Cargo.lock", "templates", "assets", "migrations"] {
        println!("cargo:rerun-if-changed={part}");
        // Templates and assets are readings of pages already; they are only watched.
        if part == "src" || part == "Cargo.lock" {
            digest(Path::new(part), &mut hasher);
        }
    }
    println!("cargo:rustc-env=LIFTHILL_CODE={:016x}", hasher.finish());
    let lock = fs::read_to_string("Cargo.lock").expect("the lock file lies beside the manifest");
    let packages = packages(&lock);
    for (variable, roots) in MAKERS {
        println!("cargo:rustc-env={variable}={}", words(&packages, roots));
    }
    start_fast();
}

/// Links the program to one place in memory where that can be asked for. A program that may lie anywhere
/// has to put its place into each of its tables when it starts: the entities of HTML alone are nine
/// megabytes of them, and took longer than the whole of a build without changes.
fn start_fast() {
    let target = |what: &str| std::env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo:rustc-link-arg-bins=-no-pie");
    }
}

/// What bytes are made with that are kept and named by what made them: the packages that are called. All
/// that they depend on can decide a byte as well, and is found in the lock file.
const MAKERS: [(&str, &[&str]); 4] = [
    (
        "LIFTHILL_MEDIA",
        &[
            "fast_image_resize",
            "gif",
            "image",
            "image-webp",
            "libwebp-sys",
            "moxcms",
            "png",
            "ravif",
            "thumbhash",
            "zune-jpeg",
        ],
    ),
    ("LIFTHILL_COMPRESSION", &["libdeflater", "brotlic", "zstd"]),
    (
        "LIFTHILL_ASSETS",
        &["cssparser", "lightningcss", "oxc_allocator", "oxc_codegen", "oxc_minifier", "oxc_parser", "oxc_span"],
    ),
    ("LIFTHILL_SASS", &["grass"]),
];

/// A package of the lock file.
struct Package {
    name: String,
    version: String,
    checksum: String,
    /// What it depends on: a name, and a version where there are several of that name.
    needs: Vec<String>,
}

fn packages(lock: &str) -> Vec<Package> {
    let parse = |text: &str| {
        let field = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "));
            line.unwrap_or_default().trim_matches('"').to_owned()
        };
        let (_, needs) = text.split_once("dependencies = [").unwrap_or_default();
        let needs = needs.split(']').next().unwrap_or_default().split(',');
        let needs = needs.map(|need| need.trim().trim_matches('"').to_owned()).filter(|need| !need.is_empty());
        Package { name: field("name"), version: field("version"), checksum: field("checksum"), needs: needs.collect() }
    };
    lock.split("[[package]]").skip(1).map(parse).collect()
}

/// The packages that are `roots`, and all that they depend on, in words: `gif 0.14.2 c5d8…, …`.
fn words(packages: &[Package], roots: &[&str]) -> String {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = roots.iter().map(|root| (*root).to_owned()).collect();
    while let Some(need) = open.pop() {
        let mut parts = need.split(' ');
        let (name, version) = (parts.next().unwrap_or_default(), parts.next());
        let is_meant = |package: &Package| package.name == name && version.is_none_or(|one| package.version == one);
        let mut any = false;
        for (index, package) in packages.iter().enumerate().filter(|(_, package)| is_meant(package)) {
            any = true;
            if found.insert(index) {
                open.extend(package.needs.iter().cloned());
            }
        }
        assert!(any, "`{need}` is not in the lock file; is it called otherwise now?");
    }
    let one = |index: usize| {
        let Package { name, version, checksum, .. } = &packages[index];
        format!("{name} {version} {}", &checksum[..checksum.len().min(8)])
    };
    found.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

/// Hashes a file, or the files of a folder in the order of their names. Commands only talk;
/// what they print reaches no page.
fn digest(path: &Path, hasher: &mut DefaultHasher) {
    if path.is_dir() {
        let Ok(entries) = fs::read_dir(path) else { return };
        let mut names: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
        names.sort();
        names.iter().filter(|name| !name.ends_with("cli")).for_each(|name| digest(name, hasher));
    } else if let Ok(bytes) = fs::read(path) {
        path.to_string_lossy().replace('\\', "/").hash(hasher);
        bytes.hash(hasher);
    }
}
