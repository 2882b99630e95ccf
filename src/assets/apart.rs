//! The parsers of style sheets and scripts, asked by way of a workshop: what people write into a file may
//! be nested so deeply, or go on for so long, that only another process can be let do it.

use std::collections::BTreeMap;
use std::io;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::prepare::{self, Language, Prepared};
use super::sass;
use crate::workshop::{Died, Workshop};

/// What may be asked.
#[derive(Serialize, Deserialize)]
enum Job<'j> {
    /// A style sheet or script.
    Prepare { path: &'j str, language: Language, source: &'j str, minify: bool },
    /// A style sheet in Sass, with all that it may include.
    Compile { path: &'j str, sheets: BTreeMap<&'j str, &'j [u8]> },
}

/// Does what was asked. An answer that cannot be written down is an empty one, which is none.
pub fn work(job: &[u8]) -> Vec<u8> {
    let answer = match postcard::from_bytes(job) {
        Ok(Job::Prepare { path, language, source, minify }) => {
            postcard::to_allocvec(&prepare::make(path, language, source, minify))
        }
        Ok(Job::Compile { path, sheets }) => {
            let sheets = sheets.into_iter().map(|(path, bytes)| (path.to_owned(), bytes)).collect();
            postcard::to_allocvec(&sass::compile(&sass::Sheets(sheets), path))
        }
        Err(error) => Err(error),
    };
    answer.unwrap_or_default()
}

/// As [`prepare::make`].
pub fn prepare(
    workshop: &Workshop,
    path: &str,
    language: Language,
    source: &str,
    minify: bool,
) -> Result<Result<Prepared, Died>> {
    ask(workshop, &Job::Prepare { path, language, source, minify })
}

/// As [`sass::compile`].
pub fn compile(
    workshop: &Workshop,
    sheets: &sass::Sheets<'_>,
    path: &str,
) -> Result<Result<Result<String, sass::Mistake>, Died>> {
    let sheets = sheets.0.iter().map(|(path, bytes)| (path.as_str(), *bytes)).collect();
    ask(workshop, &Job::Compile { path, sheets })
}

/// Has a text worked on as an asset's at `path` would be, and says what the work died of, if it did: for those
/// who try what parsers survive.
pub fn attempt(workshop: &Workshop, path: &str, text: &str) -> Result<Option<Died>> {
    let Some(language) = Language::of(path) else {
        let sheets = sass::Sheets(BTreeMap::from([(path.to_owned(), text.as_bytes())]));
        return Ok(compile(workshop, &sheets, path)?.err());
    };
    Ok(prepare(workshop, path, language, text, true)?.err())
}

fn ask<R: for<'r> Deserialize<'r>>(workshop: &Workshop, job: &Job<'_>) -> Result<Result<R, Died>> {
    let job = postcard::to_allocvec(job).context("a text cannot be handed on")?;
    let asked = workshop.ask(&job).map_err(|error: io::Error| anyhow::anyhow!("cannot start a process: {error}"))?;
    match asked {
        Ok(answer) => Ok(Ok(postcard::from_bytes(&answer).context("a worker's answer makes no sense")?)),
        Err(died) => Ok(Err(died)),
    }
}
