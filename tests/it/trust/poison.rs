//! A store whose entries somebody has exchanged, or made to point at other bytes. What is exchanged is not
//! believed. What has checksums that fit cannot be told from what is ours, but by making it anew, which
//! verifying does.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use lifthill::digest::Digest;

use crate::site::{Site, picture};
use crate::tree::Tree;

/// A site with two photos.
fn site() -> Site {
    let site = Site::new().park("efteling", "name = 'Efteling'\ncountry = 'NL'");
    let mut list = String::new();
    for (number, name) in [(1, "loop"), (3, "drop")] {
        site.write(&format!("content/parks/efteling/photos/{name}.png"), picture(number));
        list.push_str(&format!("[[photo]]\nfile = '{name}.png'\nalt = 'A {name}.'\n"));
    }
    site.write("content/parks/efteling/photos.toml", list);
    site
}

/// The files of a part of the store.
fn files_of(site: &Site, part: &str) -> Vec<PathBuf> {
    let root = site.path(".lifthill/cas").join(part);
    Tree::of(&root).files().map(|file| root.join(file)).collect()
}

/// Where the digest of a blob stands in an entry, and its length after it; see `src/cas/mod.rs`.
const BLOB: std::ops::Range<usize> = 18..34;
const LENGTH: std::ops::Range<usize> = 34..42;

/// Changes an entry, and makes its checksum fit.
fn forge(path: &PathBuf, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(path).expect("an entry");
    let end = bytes.len() - 16;
    assert_eq!(Digest::of(&bytes[..end]).0, bytes[end..], "an entry is as its format says");
    bytes.truncate(end);
    change(&mut bytes);
    let check = Digest::of(&bytes);
    bytes.extend_from_slice(&check.0);
    fs::write(path, bytes).expect("an entry");
}

/// Makes every entry that tells of the bytes of one output tell of those of another.
fn repoint(site: &Site, from: &str, to: &str) {
    let bytes = |file: &str| fs::read(site.path("output").join(file)).expect("an output");
    let (from, to) = (Digest::of(&bytes(from)), bytes(to));
    let is_of = |path: &PathBuf| fs::read(path).expect("an entry").get(BLOB) == Some(&from.0[..]);
    let entries: Vec<_> = files_of(site, "actions").into_iter().filter(is_of).collect();
    assert!(!entries.is_empty(), "nothing in the store tells of this file");
    for entry in entries {
        forge(&entry, |bytes| {
            bytes[BLOB].copy_from_slice(&Digest::of(&to).0);
            bytes[LENGTH].copy_from_slice(&(to.len() as u64).to_le_bytes());
        });
    }
}

/// Outputs with this extension, by what their names begin with.
fn outputs(site: &Site, extension: &str) -> BTreeMap<String, String> {
    let tree = site.output();
    let named = |file: &str| {
        let name = file.rsplit('/').next()?.split(['-', '.']).next()?;
        Some((name.to_owned(), file.to_owned()))
    };
    tree.files().filter(|file| file.ends_with(extension)).filter_map(named).collect()
}

/// Both ways of verifying find that a file of the output is not as it should be.
#[track_caller]
fn is_found_out(site: &Site, file: &str) {
    site.run(&[]).exit(0);
    site.run(&["--verify=99.9%", "--seed", "1"]).exit(1).says(file);
    site.run(&["--verify"]).exit(1);
}

#[test]
fn entries_that_were_exchanged_are_not_believed() {
    let site = site();
    site.run(&[]).exit(0);
    let expected = site.output();
    for part in ["actions", "blobs"] {
        let files = files_of(&site, part);
        let contents: Vec<_> = files.iter().map(|file| fs::read(file).expect("a file of the store")).collect();
        for (index, file) in files.iter().enumerate() {
            fs::write(file, &contents[(index + 1) % files.len()]).expect("a file of the store");
        }
        site.remove("output");
        site.run(&[]).exit(0);
        let found = site.output().differences(&expected);
        assert!(found.is_empty(), "{part}:\n{}", found.join("\n"));
        site.remove("output");
        site.remove(".lifthill/state.redb");
        site.build();
    }
}

#[test]
fn entries_that_were_cut_off_or_say_nothing_are_made_again() {
    let spoil: [fn(&PathBuf); 4] = [
        |entry| fs::write(entry, "").expect("an entry"),
        |entry| {
            let bytes = fs::read(entry).expect("an entry");
            fs::write(entry, &bytes[..bytes.len() / 2]).expect("half an entry");
        },
        // One that tells of no bytes where there are always some.
        |entry| forge(entry, |bytes| bytes[17] = 0),
        // One that tells of more bytes than anybody has.
        |entry| forge(entry, |bytes| bytes[LENGTH].copy_from_slice(&u64::MAX.to_le_bytes())),
    ];
    for (turn, spoil) in spoil.into_iter().enumerate() {
        let site = site();
        site.run(&[]).exit(0);
        let expected = site.output();
        files_of(&site, "actions").iter().for_each(spoil);
        site.remove("output");
        for round in ["first", "second"] {
            let built = site.run(&[]);
            assert_eq!(built.code(), 0, "turn {turn}, the {round} build:\n{}", built.stderr());
        }
        if turn < 3 {
            let found = site.output().differences(&expected);
            assert!(found.is_empty(), "turn {turn}:\n{}", found.join("\n"));
        }
    }
}

#[test]
fn another_photo_s_pixels_are_found_out() {
    let site = site();
    site.run(&[]).exit(0);
    let photos = outputs(&site, ".webp");
    repoint(&site, &photos["loop"], &photos["drop"]);
    site.remove(&format!("output/{}", photos["loop"]));
    is_found_out(&site, &photos["loop"]);
}

#[test]
fn other_bytes_of_a_compressed_file_are_found_out() {
    let site = site();
    site.run(&[]).exit(0);
    let (brotli, zstd) = (outputs(&site, ".css.br")["site"].clone(), outputs(&site, ".css.zst")["site"].clone());
    repoint(&site, &brotli, &zstd);
    site.remove(&format!("output/{brotli}"));
    is_found_out(&site, &brotli);
}

#[test]
fn what_is_wrongly_known_of_a_picture_is_found_out() {
    let site = site();
    site.run(&[]).exit(0);
    // Of pictures only facts are kept, no bytes: what is known of one is told of the other.
    let about = |path: &PathBuf| fs::read(path).expect("an entry").get(17) == Some(&0);
    let entries: Vec<_> = files_of(&site, "actions").into_iter().filter(about).collect();
    let other = fs::read(&entries[1]).expect("an entry");
    forge(&entries[0], |bytes| {
        bytes.truncate(42);
        bytes.extend_from_slice(&other[42..other.len() - 16]);
    });
    site.remove("output");
    site.remove(".lifthill/state.redb");
    is_found_out(&site, "content/parks/efteling/photos/");
}

#[test]
fn a_good_site_with_pictures_is_found_to_be_good_whatever_is_drawn() {
    let site = site();
    site.run(&[]).exit(0);
    for (share, seed) in [("1%", "1"), ("50%", "2"), ("99.9%", "3")] {
        let verify = format!("--verify={share}");
        site.run(&[&verify, "--seed", seed]).exit(0).says("files are as a clean build makes them");
    }
    site.run(&["--verify"]).exit(0);
    let left = fs::read_dir(site.path(".lifthill")).expect("the state's folder");
    let left: Vec<_> = left.map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with("scratch")), "{left:?}");
}
