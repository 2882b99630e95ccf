//! The files that assets are made from: the embedded theme's, any of them overridden by the site's
//! own. Knows nothing of what is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;

use anyhow::Result;
use include_dir::{Dir, include_dir};

use super::FOLDER;
use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::headers::is_compressible;
use crate::overrides;
use crate::paths::RelPath;
use crate::room::Room;
use crate::text;

static THEME: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/assets");

/// Where an asset's bytes come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The embedded theme.
    Theme,
    /// The site's own folder.
    Own,
}

/// Every file below `assets/`, and what is wrong with any.
pub fn list(root: &Path) -> Result<(BTreeMap<String, Origin>, Vec<Diagnostic>)> {
    let mut files = BTreeMap::new();
    let mut theme = vec![&THEME];
    while let Some(folder) = theme.pop() {
        theme.extend(folder.dirs());
        for file in folder.files() {
            files.insert(file.path().to_string_lossy().replace('\\', "/"), Origin::Theme);
        }
    }
    let (names, mut problems) = overrides::names(root, FOLDER)?;
    for name in names {
        if is_plain(&name) {
            files.insert(name, Origin::Own);
        } else {
            let help = "use letters, digits, `.`, `-` and `_`";
            let problem = Diagnostic::of_file(&format!("{FOLDER}/{name}"), "has a name that makes a bad URL");
            problems.push(problem.help(help));
        }
    }
    Ok((files, problems))
}

/// Whether a path can be part of a URL as it is.
pub fn is_plain(path: &str) -> bool {
    let plain = path.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/'));
    plain && RelPath::new(path).is_some()
}

/// The bytes of a file below `assets/`.
pub fn read(root: &Path, path: &str, origin: Origin, room: Room) -> io::Result<Cow<'static, [u8]>> {
    match (origin, THEME.get_file(path)) {
        (Origin::Theme, Some(file)) => Ok(file.contents().into()),
        _ => Ok(door::read(&root.join(FOLDER).join(path), most(path, room))?.into()),
    }
}

/// The digest of a file below the root, which is never held as a whole, and its size.
pub fn digest(root: &Path, file: &str, room: Room) -> io::Result<(Digest, u64)> {
    let (open, metadata) = door::open(&root.join(file))?;
    let most = most(file, room);
    door::check_size(metadata.len(), most)?;
    let (digest, size) = Digest::of_reader(open.take(most.0.saturating_add(1)))?;
    door::check_size(size, most)?;
    Ok((digest, size))
}

/// Whether a file is only ever copied: nothing is looked for in it, and it is never compressed.
pub fn is_copied(path: &str) -> bool {
    !is_parsed(path) && RelPath::new(path).is_none_or(|path| !is_compressible(&path))
}

fn is_parsed(path: &str) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    matches!(extension, "css" | "scss" | "sass" | "js" | "mjs")
}

/// The most that is read of a file, by what becomes of it: a style sheet or a script is worked on, a text is
/// compressed, and the rest is copied a piece at a time.
fn most(path: &str, room: Room) -> Most {
    if is_parsed(path) {
        room.lines(Most::megabytes(16))
    } else if is_copied(path) {
        Most::megabytes(1024)
    } else {
        room.lines(Most::megabytes(64))
    }
}

/// The text of a style sheet or script, and whether it is all of the file. What is no UTF-8 is published as it is.
pub fn text<'b>(path: &str, bytes: Cow<'b, [u8]>) -> Result<(Cow<'b, str>, bool), Box<Diagnostic>> {
    let file = format!("{FOLDER}/{path}");
    let as_it_is = |problem: Box<Diagnostic>| {
        let message = format!("{}; it is published as it is", problem.message);
        Box::new(Diagnostic { message, ..*problem }.warning())
    };
    let length = bytes.len();
    let text: Cow<'b, str> = match bytes {
        Cow::Borrowed(bytes) => text::decode(&file, bytes).map_err(as_it_is)?.into(),
        Cow::Owned(bytes) => text::decode(&file, &bytes).map_err(as_it_is)?.to_owned().into(),
    };
    let whole = text.len() == length;
    Ok((text, whole))
}
