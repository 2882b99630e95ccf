//! The stat walk: every file below `content/` with its stamp, folders in parallel. Reads no file.
//! Knows nothing of earlier builds.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use rayon::prelude::*;

use super::FOLDER;
use super::layout::{Place, place};
use crate::diagnostics::Diagnostic;
use crate::leftovers::{Entry, Leftovers};
use crate::model::slug::{is_slug, slugify};
use crate::stamp::Stamp;
use crate::text::composed;

/// The files of one folder.
#[derive(Debug)]
pub struct Listing {
    /// The folder below `content/`, `/`-separated; empty for `content/` itself.
    pub folder: String,
    /// File names with their stamps, sorted by name.
    pub files: Vec<(String, Stamp)>,
    /// What cannot be read or followed.
    pub problems: Vec<Diagnostic>,
}

/// Walks `content/` below `root`. Hidden files, those that begin with `_` and leftovers are left out.
/// Folders come in no particular order; the caller sorts. No `content/` at all is an empty walk.
pub fn walk(root: &Path) -> Vec<Listing> {
    let top = root.join(FOLDER);
    if !top.exists() {
        return Vec::new();
    }
    let (leftovers, problems) = Leftovers::of(root);
    let mut listings = walk_folder(&top, String::new(), &leftovers);
    if let Some(first) = listings.first_mut() {
        first.problems.extend(problems);
    }
    listings.sort_unstable_by(|a, b| a.folder.cmp(&b.folder));
    listings
}

/// Whether a walk finds any file.
pub fn has_files(root: &Path) -> bool {
    walk(root).iter().any(|listing| !listing.files.is_empty())
}

/// What a walk would see at one path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Nothing: names like this are left out.
    LeftOut,
    /// Nothing is there.
    Gone,
    /// A file.
    File(Stamp),
    /// Something else, or a way there that only a walk can judge.
    Odd,
}

/// Looks at one path below `content/` as a walk would.
pub fn look(root: &Path, path: &str, leftovers: &Leftovers) -> Seen {
    if path.split('/').any(is_set_apart) || leftovers.leave_out_path(FOLDER, path) {
        return Seen::LeftOut;
    }
    let mut place = root.join(FOLDER);
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        place.push(part);
        match fs::symlink_metadata(&place) {
            Ok(metadata) if metadata.is_file() && parts.peek().is_none() => return Seen::File(Stamp::of(&metadata)),
            Ok(metadata) if metadata.is_dir() && parts.peek().is_some() => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Seen::Gone,
            _ => return Seen::Odd,
        }
    }
    Seen::Odd
}

/// Whether whoever wrote a file has set it apart by its name.
fn is_set_apart(name: &str) -> bool {
    name.starts_with(['.', '_'])
}

/// Leaves only pictures: where records come from a database, no other file is looked at.
pub fn keep_pictures(listings: &mut [Listing]) {
    for listing in listings {
        let Listing { folder, files, .. } = listing;
        files.retain(|(name, _)| is_picture(&format!("{folder}/{name}")));
    }
}

/// Whether the file at `path` below `content/` is a picture.
pub fn is_picture(path: &str) -> bool {
    matches!(place(path), Place::PhotoFile(_))
}

/// Two files whose names differ only in how accents are written would be one on another system.
pub fn files_with_one_name(listings: &[Listing]) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    for listing in listings {
        let odd = |(name, _): &&(String, Stamp)| !name.is_ascii() && composed(name) != *name;
        for (name, _) in listing.files.iter().filter(odd) {
            let twin = composed(name);
            let alike = listing.files.iter().any(|(other, _)| other != name && composed(other) == twin);
            if alike {
                let message = format!("there are two files {twin}, whose names differ only in how accents are written");
                let path = if listing.folder.is_empty() { name.clone() } else { format!("{}/{name}", listing.folder) };
                problems.push(Diagnostic::of_file(&format!("{FOLDER}/{path}"), message).help("remove one of them"));
            }
        }
    }
    problems
}

/// Two folders of parks or models whose names make one slug would be one park. Most folders are
/// named by their slug; only the others need a look.
pub fn folders_with_one_slug(listings: &[Listing]) -> Vec<Diagnostic> {
    let mut by_slug: BTreeMap<String, &str> = BTreeMap::new();
    let mut problems = Vec::new();
    for listing in listings {
        let Some((above, name)) = listing.folder.split_once('/') else { continue };
        if name.contains('/') || is_slug(name) || !["parks", "models"].contains(&above) {
            continue;
        }
        let slug = format!("{above}/{}", slugify(name));
        let other = match listings.binary_search_by(|other| other.folder.as_str().cmp(&slug)) {
            Ok(at) => Some(listings[at].folder.as_str()),
            Err(_) => by_slug.insert(slug.clone(), &listing.folder),
        };
        if let Some(other) = other {
            let (first, second) = (other.min(&listing.folder), other.max(&listing.folder));
            let message = format!("two folders have the slug {slug}: {FOLDER}/{first} and {FOLDER}/{second}");
            problems.push(Diagnostic::of_file(&format!("{FOLDER}/{second}"), message).help("rename one of them"));
        }
    }
    problems
}

fn walk_folder(path: &Path, folder: String, leftovers: &Leftovers) -> Vec<Listing> {
    let mut listing = Listing { folder, files: Vec::new(), problems: Vec::new() };
    let mut folders = Vec::new();
    match fs::read_dir(path) {
        Ok(entries) => {
            for entry in entries {
                let outcome = entry.and_then(|entry| look_at(&entry, &mut listing, &mut folders, leftovers));
                if let Err(error) = outcome {
                    listing.problem("", format!("cannot be read: {error}"));
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => listing.problem("", format!("cannot be read: {error}")),
    }
    listing.files.sort_unstable_by(|a, b| a.0.cmp(&b.0));
    // There may be as many folders as there are parks, and most hold a file or two.
    listing.files.shrink_to_fit();
    let below: Vec<Listing> = match folders.len() {
        0 => Vec::new(),
        1 => folders.into_iter().flat_map(|name| listing.descend(path, &name, leftovers)).collect(),
        _ => folders.par_iter().flat_map_iter(|name| listing.descend(path, name, leftovers)).collect(),
    };
    std::iter::once(listing).chain(below).collect()
}

fn look_at(
    entry: &fs::DirEntry,
    listing: &mut Listing,
    folders: &mut Vec<String>,
    leftovers: &Leftovers,
) -> io::Result<()> {
    let name = entry.file_name();
    let Some(name) = name.to_str() else {
        listing.problem(&name.to_string_lossy(), "has a name that is not UTF-8".to_owned());
        return Ok(());
    };
    if is_set_apart(name) {
        if matches!(name, "_index.md" | "_index.html" | "_index.markdown") {
            let help =
                "a park's page is `index.md` in its folder; lists are made, by templates such as `ride_list.html`";
            listing.problem(name, "does nothing: a name that begins with `_` is left out".to_owned());
            let told = listing.problems.pop().map(|problem| problem.help(help).warning());
            listing.problems.extend(told);
        }
        return Ok(());
    }
    let file_type = entry.file_type()?;
    let kind = if file_type.is_dir() { Entry::Folder } else { Entry::File };
    if leftovers.leave_out(FOLDER, &listing.folder, name, kind) {
        return Ok(());
    }
    if file_type.is_symlink() {
        listing.problem(name, "is a symbolic link, which is not followed".to_owned());
    } else if file_type.is_dir() {
        folders.push(name.to_owned());
    } else if file_type.is_file() {
        match entry.metadata() {
            Ok(metadata) => listing.files.push((name.to_owned(), Stamp::of(&metadata))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    } else {
        listing.problem(name, "is neither a file nor a folder".to_owned());
    }
    Ok(())
}

impl Listing {
    fn descend(&self, path: &Path, name: &str, leftovers: &Leftovers) -> Vec<Self> {
        let folder = if self.folder.is_empty() { name.to_owned() } else { format!("{}/{name}", self.folder) };
        if let Some(problem) = super::layout::folder_problem(&folder) {
            let mut listing = Self { folder, files: Vec::new(), problems: Vec::new() };
            listing.problem("", problem);
            return vec![listing];
        }
        walk_folder(&path.join(name), folder, leftovers)
    }

    fn problem(&mut self, name: &str, message: String) {
        let parts = [FOLDER, &self.folder, name];
        let path: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let mut diagnostic = Diagnostic::of_file(&path.join("/"), message);
        if diagnostic.message.contains("symbolic link") {
            diagnostic = diagnostic.help("copy the file here, or give it a name that begins with `_`");
        }
        self.problems.push(diagnostic);
    }
}
