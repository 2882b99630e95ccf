//! Digests the sources that pages depend on, so that a binary with other page code knows it.

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
    println!("cargo:rustc-env=LIFTHILL_MEDIA={}", versions(&MEDIA));
}

/// The libraries that pictures are made with.
const MEDIA: [&str; 10] =
    ["fast_image_resize", "gif", "image", "image-webp", "libwebp-sys", "moxcms", "png", "rav1e", "ravif", "zune-jpeg"];

/// The locked versions of packages, in words: `gif 0.14.2, image 0.25.10, …`.
fn versions(names: &[&str]) -> String {
    let lock = fs::read_to_string("Cargo.lock").unwrap_or_default();
    let packages = lock.split("[[package]]").filter_map(|package| {
        let field = |name: &str| {
            let line = package.lines().find_map(|line| line.strip_prefix(name))?;
            Some(line.trim_matches([' ', '=', '"']).to_owned())
        };
        Some((field("name")?, field("version")?))
    });
    let wanted = packages.filter(|(name, _)| names.contains(&name.as_str()));
    let words: Vec<String> = wanted.map(|(name, version)| format!("{name} {version}")).collect();
    words.join(", ")
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
