//! A folder as one value: its files with their bytes and times, and what differs between two.
//! Knows nothing of sites.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Everything below a folder, by path with `/` between its parts.
#[derive(Clone, Debug, Default)]
pub struct Tree(BTreeMap<String, Entry>);

#[derive(Clone, Debug)]
struct Entry {
    /// `None` for folders and symbolic links.
    bytes: Option<Vec<u8>>,
    modified: SystemTime,
}

/// Of a larger file only the size is compared: it is a file of zeros made for a test.
const LARGE: u64 = 4 << 20;

impl Tree {
    /// What is below `root`; nothing where there is no such folder.
    pub fn of(root: &Path) -> Self {
        Self::without(root, &[])
    }

    /// What is below `root`, but not below those of its own entries named in `left_out`.
    pub fn without(root: &Path, left_out: &[&str]) -> Self {
        let mut tree = Self::default();
        if root.is_dir() {
            tree.add(root, "", left_out);
        }
        tree
    }

    /// This folder, and another as one below it.
    pub fn with(mut self, other: &Self, prefix: &str) -> Self {
        self.0.extend(other.0.iter().map(|(path, entry)| (format!("{prefix}{path}"), entry.clone())));
        self
    }

    fn add(&mut self, folder: &Path, prefix: &str, left_out: &[&str]) {
        for entry in fs::read_dir(folder).expect("a folder that was just seen") {
            let entry = entry.expect("an entry of it");
            let name = entry.file_name().to_string_lossy().into_owned();
            if left_out.contains(&name.as_str()) {
                continue;
            }
            let path = format!("{prefix}{name}");
            let metadata = entry.path().symlink_metadata().expect("nobody else removes it");
            let bytes = metadata.is_file().then(|| match metadata.len() {
                size if size > LARGE => size.to_le_bytes().to_vec(),
                _ => fs::read(entry.path()).expect("a file that was just seen"),
            });
            let modified = metadata.modified().expect("a time");
            self.0.insert(path.clone(), Entry { bytes, modified });
            if metadata.is_dir() {
                self.add(&entry.path(), &format!("{path}/"), &[]);
            }
        }
    }

    /// The paths of all files.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter(|(_, entry)| entry.bytes.is_some()).map(|(path, _)| path.as_str())
    }

    /// The bytes of a file.
    pub fn bytes(&self, path: &str) -> Option<&[u8]> {
        self.0.get(path)?.bytes.as_deref()
    }

    /// The paths of files that are in only one of two trees or hold other bytes, each with what
    /// is different about it.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        for path in self.files().filter(|path| other.bytes(path).is_none()) {
            found.push(format!("only on the left: {path}"));
        }
        for path in other.files() {
            match (self.bytes(path), other.bytes(path)) {
                (None, _) => found.push(format!("only on the right: {path}")),
                (Some(left), Some(right)) if left != right => found.push(first_difference(path, left, right)),
                _ => {}
            }
        }
        found
    }

    /// The paths of files and folders that came, went, hold other bytes or were touched.
    pub fn touched_since(&self, before: &Self) -> Vec<String> {
        let gone = before.0.keys().filter(|path| !self.0.contains_key(*path)).map(|path| format!("gone: {path}"));
        let others = self.0.iter().filter_map(|(path, entry)| match before.0.get(path) {
            None => Some(format!("new: {path}")),
            Some(old) if old.bytes != entry.bytes => Some(format!("changed: {path}")),
            Some(old) if old.modified != entry.modified => Some(format!("touched: {path}")),
            Some(_) => None,
        });
        gone.chain(others).collect()
    }
}

/// Both sides around the first byte that differs.
fn first_difference(path: &str, left: &[u8], right: &[u8]) -> String {
    let at = left.iter().zip(right).take_while(|(a, b)| a == b).count();
    let around = |bytes: &[u8]| {
        let from = at.saturating_sub(80);
        let to = (at + 160).min(bytes.len());
        String::from_utf8_lossy(&bytes[from.min(to)..to]).into_owned()
    };
    format!("{path} differs from byte {at} on:\n    left:  …{}…\n    right: …{}…", around(left), around(right))
}
