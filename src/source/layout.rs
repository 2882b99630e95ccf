//! Which content file is what, by its path alone. Reads no file.
//!
//! ```text
//! parks/<park>/index.md            a park; the folder's name is its slug
//! parks/<park>/areas.toml          its areas
//! parks/<park>/rides/<ride>.md     its rides
//! parks/<park>/reviews.jsonl       reviews of the park and its rides
//! parks/<park>/photos.toml         what is in its photos/ folder
//! parks/<park>/photos/<file>       the pictures
//! .rows/photos/<file>              those of rows that lie elsewhere (`pictures.rs`)
//! companies/<company>.md
//! models/<company>/<model>.md
//! articles/<article>.md
//! ```

use crate::diagnostics::nearest;
use crate::model::Kind;
use crate::model::slug::{is_slug, slugify};
use crate::text::composed;

/// What a content file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A record of a kind, in a scope (its park or manufacturer; empty without), by file stem.
    Record(Kind, String, String),
    /// The areas of a park.
    Areas(String),
    /// The reviews of a park and its rides.
    Reviews(String),
    /// The photo list of a park.
    Photos(String),
    /// A picture, by its path below `content/` as names are compared.
    PhotoFile(String),
    /// Not ours to read.
    Ignored,
    /// Nothing that belongs here.
    Unknown(Misplaced),
}

/// Why a file does not belong where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misplaced {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

/// What the file at `path` below `content/` is.
pub fn place(path: &str) -> Place {
    let parts: Vec<&str> = path.split('/').collect();
    match parts.as_slice() {
        ["parks", park, file] => match *file {
            "index.md" => record(Kind::Park, "", park),
            "areas.toml" => Place::Areas(slugify(park)),
            "reviews.jsonl" => Place::Reviews(slugify(park)),
            "photos.toml" => Place::Photos(slugify(park)),
            _ => unknown(path, file, &["index.md", "areas.toml", "reviews.jsonl", "photos.toml"]),
        },
        ["parks", park, "rides", file] => match file.strip_suffix(".md") {
            Some(stem) => record(Kind::Ride, park, stem),
            None => not_markdown(path, file),
        },
        ["parks", _, "photos", .., _] => Place::PhotoFile(composed(path).into_owned()),
        [".rows", "photos", .., _] => Place::PhotoFile(path.to_owned()),
        ["companies", file] => match file.strip_suffix(".md") {
            Some(stem) => record(Kind::Company, "", stem),
            None => not_markdown(path, file),
        },
        ["models", company, file] => match file.strip_suffix(".md") {
            Some(stem) => record(Kind::Model, company, stem),
            None => not_markdown(path, file),
        },
        ["articles", file] => match file.strip_suffix(".md") {
            Some(stem) => record(Kind::Article, "", stem),
            None => not_markdown(path, file),
        },
        [.., file] => unknown(path, file, &["parks", "companies", "models", "articles"]),
        [] => Place::Ignored,
    }
}

fn record(kind: Kind, scope: &str, stem: &str) -> Place {
    let scope = if scope.is_empty() || is_slug(scope) { scope.to_owned() } else { slugify(scope) };
    Place::Record(kind, scope, stem.to_owned())
}

fn not_markdown(path: &str, file: &str) -> Place {
    let stem = file.split('.').next().unwrap_or(file);
    Place::Unknown(Misplaced {
        message: "is not a content file: only `.md` files are read here".to_owned(),
        help: format!("rename it to `{stem}.md`, or begin the name of {path} with `_` to leave it out"),
    })
}

fn unknown(path: &str, file: &str, known: &[&str]) -> Place {
    let help = match nearest(file, known.iter().copied()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("known here: {}; begin a name with `_` to leave a file out", known.join(", ")),
    };
    Place::Unknown(Misplaced { message: format!("{path} is not part of a site's content"), help })
}

/// What is wrong with a folder below `content/` because of its name, if anything.
pub fn folder_problem(folder: &str) -> Option<String> {
    let name = folder.rsplit('/').next().unwrap_or(folder);
    let file_like = [".md", ".toml", ".jsonl"].iter().any(|extension| name.ends_with(extension));
    file_like.then(|| "is a folder, but its name is that of a content file".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_what_files_are() {
        assert_eq!(
            place("parks/efteling/rides/python.md"),
            Place::Record(Kind::Ride, "efteling".into(), "python".into())
        );
        assert_eq!(place("parks/Blackpool Pleasure Beach/areas.toml"), Place::Areas("blackpool-pleasure-beach".into()));
        assert!(matches!(place("parks/x/photos/a/b.jpg"), Place::PhotoFile(_)));
        assert!(matches!(place("parks/x/indx.md"), Place::Unknown(why) if why.help == "did you mean `index.md`?"));
        assert!(matches!(place("notes.txt"), Place::Unknown(_)));
        assert!(matches!(place("parks/x/rides/y.txt"), Place::Unknown(_)));
    }
}
