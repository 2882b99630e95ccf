//! Style sheets in Sass become assets: which files are compiled, and what each becomes. What was compiled
//! from the same files is in the store. Knows nothing of what is in them.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;

use super::files::{self, Origin};
use super::{Assets, FOLDER, apart, sass};
use crate::cas::{Action, Cas};
use crate::diagnostics::Diagnostic;
use crate::digest::Digest;
use crate::door;
use crate::text;
use crate::workshop::Workshop;

/// Style sheets in Sass by the path of what they became, with their text.
pub type Compiled = BTreeMap<String, (String, String)>;

/// Style sheets that may include each other, by path.
pub type Sheets = BTreeMap<String, Cow<'static, [u8]>>;

/// Compiles every `.scss` and `.sass` file that is no partial, and takes them out of `files`.
/// Returns also all files that they may have come from.
pub fn compile(
    root: &Path,
    files: &mut BTreeMap<String, Origin>,
    cas: &Cas,
    workshop: &Workshop,
    assets: &mut Assets,
    problems: &mut Vec<Diagnostic>,
) -> Result<(Sheets, Compiled)> {
    let is_sass = |path: &String| path.ends_with(".scss") || path.ends_with(".sass");
    let mut compiled = Compiled::new();
    if !files.keys().any(is_sass) {
        return Ok((BTreeMap::new(), compiled));
    }
    let mut sheets = BTreeMap::new();
    for (path, origin) in files.iter().filter(|(path, _)| is_sass(path) || path.ends_with(".css")) {
        match files::read(root, path, *origin, assets.room) {
            Ok(bytes) => drop(sheets.insert(path.clone(), text::unmarked(bytes))),
            // A style sheet that is not to be compiled is told of where it is read.
            Err(_) if path.ends_with(".css") => {}
            Err(error) => problems.push(Diagnostic::of_file(&format!("{FOLDER}/{path}"), door::words(&error))),
        }
    }
    let visible = sass::Sheets(sheets.iter().map(|(path, bytes)| (path.clone(), &**bytes)).collect());
    // Any of the files may be included by any other.
    let all = Digest::of_parts(sheets.iter().flat_map(|(path, bytes)| [path.as_bytes(), &**bytes]));
    let sources: Vec<(String, Origin)> =
        files.iter().filter(|(path, _)| is_sass(path)).map(|(path, origin)| (path.clone(), *origin)).collect();
    for (path, origin) in sources {
        files.remove(&path);
        // What could not be read has been told of.
        if !sheets.contains_key(&path) || path.rsplit('/').next().is_some_and(|name| name.starts_with('_')) {
            continue;
        }
        let action = Action::new("sass", concat!("1; ", env!("LIFTHILL_SASS")), [path.as_bytes(), &all.0]);
        let kept = cas.get(action).and_then(|made| String::from_utf8(made.bytes?).ok());
        let css = match kept {
            Some(css) => css,
            None => match apart::compile(workshop, &visible, &path)? {
                Ok(Ok(css)) => {
                    assets.made += 1;
                    cas.keep(action, Some(css.as_bytes()), &[]);
                    css
                }
                Ok(Err(mistake)) => {
                    problems.push(mistake.told(&visible, FOLDER));
                    String::new()
                }
                Err(died) => {
                    problems.push(Diagnostic::of_file(&format!("{FOLDER}/{path}"), died.to_string()));
                    String::new()
                }
            },
        };
        let stem = path.rsplit_once('.').map_or(path.as_str(), |(stem, _)| stem);
        let became = format!("{stem}.css");
        let twice =
            compiled.contains_key(&became) || (origin == Origin::Own && files.get(&became) == Some(&Origin::Own));
        if twice {
            let message = format!("becomes {became}, which another file is already");
            problems.push(Diagnostic::of_file(&format!("{FOLDER}/{path}"), message).help("rename one of them"));
        }
        files.insert(became.clone(), origin);
        compiled.insert(became, (path, css));
    }
    Ok((sheets, compiled))
}
