//! Where records come from: content files (which there are, which have changed, what they say)
//! and rows of a database. Turns both into records by the same rules; knows nothing of the state, of
//! pages or of what anybody does with a record.

mod body;
mod columns;
mod commits;
mod front_matter;
mod layout;
mod lists;
mod pictures;
pub mod postgres;
mod records;
mod row_problems;
mod row_reading;
mod row_values;
mod rows;
mod typed;
mod walk;

pub use body::{beside, confirmed_links, link_candidates};
pub use commits::{Commits, Head};
pub use layout::{Place, place};
pub use pictures::{file_at, is_of_rows, look_at_picture, name_of};

pub use row_reading::parse_rows;
pub use rows::{Fingerprint, Heard, Part, RowStream, Unit, UnitRows, origin_name, row_unit, units_about};
pub use walk::{
    Listing, Seen, files_with_one_name, folders_with_one_slug, has_files, is_picture, keep_pictures, look, walk,
};

use std::io;
use std::ops::Range;
use std::path::Path;

use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::fields::Findings;
use crate::model::{Photo, Record, RecordId, Review};
use crate::room::Room;
use crate::text;

/// The folder of content files in a site's root.
pub const FOLDER: &str = "content";

/// A Markdown or TOML file larger than this is a mistake.
const MOST_TEXT: Most = Most::megabytes(8);

/// A file of reviews larger than this is a mistake.
const MOST_REVIEWS: Most = Most::megabytes(128);

/// A picture larger than this is not worked on.
const MOST_PICTURE: Most = Most::megabytes(256);

/// What parsing depends on besides the file.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// Seconds since 1970; decides what is published.
    pub now: i64,
    /// Whether drafts count as published.
    pub drafts: bool,
    /// The best possible rating.
    pub rating_scale: u32,
    /// Whether the pictures of rows are in a folder of the application's own.
    pub photos_apart: bool,
    /// Whether HTML in bodies is passed on as written.
    pub trust_html: bool,
}

/// What one file says.
#[derive(Debug, Default)]
pub struct Parsed {
    /// Its records (none for a draft or outside its time).
    pub records: Vec<ParsedRecord>,
    /// Approved reviews by target, newest first.
    pub reviews: Vec<(RecordId, Vec<Review>)>,
    /// Approved photos by target.
    pub photos: Vec<(RecordId, Vec<Photo>)>,
    /// Moments at which the file will say something else by itself.
    pub moments: Vec<i64>,
    /// What is wrong with it.
    pub problems: Vec<Diagnostic>,
    /// References from reviews and photos, with their places.
    pub references: Vec<(RecordId, Range<usize>)>,
}

/// A record with the places of the references in it.
#[derive(Debug)]
pub struct ParsedRecord {
    /// Its id.
    pub id: RecordId,
    /// The record.
    pub record: Record,
    /// The records that it names, and where.
    pub references: Vec<(RecordId, Range<usize>)>,
    /// Where its body begins in the file's text.
    pub body_at: usize,
}

/// A file's bytes, its digest, and the stamp that they were read under.
#[derive(Debug)]
pub struct FileBytes {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Their digest.
    pub digest: Digest,
}

/// Reads a content file, at most what there is `room` for; `None` if it has vanished. The error is a
/// diagnostic. `photos` is the folder of pictures of rows.
pub fn read(root: &Path, photos: Option<&str>, path: &str, room: Room) -> Result<Option<FileBytes>, Box<Diagnostic>> {
    match door::read(&file_at(root, photos, path), most(path, room)) {
        Ok(bytes) => Ok(Some(FileBytes { digest: Digest::of(&bytes), bytes })),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Box::new(Diagnostic::of_file(&name_of(path), door::words(&error)))),
    }
}

/// The most that is read of a content file.
fn most(path: &str, room: Room) -> Most {
    match place(path) {
        Place::Reviews(_) => room.lines(MOST_REVIEWS),
        Place::PhotoFile(_) => MOST_PICTURE,
        _ => room.text(MOST_TEXT),
    }
}

/// What the file at `path` (below `content/`) says.
pub fn parse(path: &str, bytes: &[u8], reading: &Reading) -> Parsed {
    let file = format!("{FOLDER}/{path}");
    let place = place(path);
    if matches!(place, Place::PhotoFile(_) | Place::Ignored) {
        return Parsed::default();
    }
    if let Place::Unknown(problem) = &place {
        return Parsed::failed(Diagnostic::of_file(&file, problem.message.clone()).help(problem.help.clone()));
    }
    let source = match text::decode(&file, bytes) {
        Ok(source) => source,
        Err(problem) => return Parsed::failed(*problem),
    };
    let mut findings = Findings::new(&file, source);
    let mut parsed = match &place {
        Place::Areas(park) => lists::areas(park, &mut findings),
        Place::Reviews(park) => lists::reviews(park, reading, &mut findings),
        Place::Photos(park) => {
            let folder = path.rsplit_once('/').map_or(path, |(folder, _)| folder);
            lists::photos(park, folder, &mut findings)
        }
        Place::Record(kind, scope, stem) => records::read(*kind, scope, stem, reading, &mut findings),
        Place::PhotoFile(_) | Place::Ignored | Place::Unknown(_) => Parsed::default(),
    };
    parsed.problems.extend(findings.into_problems());
    parsed
}

impl Parsed {
    fn failed(problem: Diagnostic) -> Self {
        Self { problems: vec![problem], ..Self::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_vanishes_before_it_is_read_is_no_mistake() {
        let site = tempfile::tempdir().expect("a temporary folder");
        let found = read(site.path(), None, "parks/efteling/index.md", Room::default()).expect("no problem");
        assert!(found.is_none());
    }

    #[test]
    fn a_file_too_large_is_not_read() {
        let site = tempfile::tempdir().expect("a temporary folder");
        let file = site.path().join("content/parks/efteling/index.md");
        std::fs::create_dir_all(file.parent().expect("its folder")).expect("its folder");
        std::fs::File::create(&file).and_then(|file| file.set_len(200 << 20)).expect("a sparse file");
        let said = |room| read(site.path(), None, "parks/efteling/index.md", room).expect_err("too large").message;
        assert_eq!(said(Room::default()), "is 200 MB; at most 8 MB is read here");
        assert_eq!(said(Room::of(256 << 20)), "is 200 MB; at most 512 KB is read here");
    }
}
