//! What rows say. A row is read by the same rules as a file: its columns are named as front matter
//! is. Knows nothing of connections.

use super::rows::{Part, Unit, UnitRows};
use super::{Parsed, Reading, lists, records, row_problems};
use crate::diagnostics::Diagnostic;
use crate::fields::{self, Findings};
use crate::model::slug::is_slug;

/// What the rows of a unit say.
pub fn parse_rows(rows: &UnitRows, reading: &Reading) -> Parsed {
    let Unit { part, key } = &rows.unit;
    let name = row_problems::name(rows);
    let mut findings = Findings::new(&name, &rows.lines);
    if key.is_empty() || !key.split('/').all(|part| !part.is_empty()) {
        return Parsed { problems: vec![row_problems::no_key(rows)], ..Parsed::default() };
    }
    if !key.split('/').all(is_slug) {
        let message = format!("`{key}` is not a slug: lower-case letters, digits and single hyphens");
        return Parsed { problems: vec![Diagnostic::of_file(&name, message)], ..Parsed::default() };
    }
    if part.kind().is_some() && rows.fingerprint.rows > 1 {
        let message = format!("{} rows have this key", rows.fingerprint.rows);
        let problem = Diagnostic::of_file(&name, message).help("a key names one row: check the joins of the query");
        return Parsed { problems: vec![problem], ..Parsed::default() };
    }
    let mut parsed = match (part, part.kind()) {
        (_, Some(kind)) => {
            let (scope, slug) = key.rsplit_once('/').unwrap_or(("", key));
            match fields::json_line(&mut findings, 0..rows.lines.trim_end().len()) {
                Some(node) => records::read_row(kind, scope, slug, node, reading, &mut findings),
                None => Parsed::default(),
            }
        }
        (Part::Areas, _) => lists::area_rows(key, &mut findings),
        (Part::Photos, _) => lists::photo_rows(key, reading, &mut findings),
        _ => {
            let (park, ride) = key.split_once('/').map_or((&**key, None), |(park, ride)| (park, Some(ride)));
            lists::review_rows(park, ride, reading, &mut findings)
        }
    };
    let problems = findings.into_problems().into_iter().map(|problem| row_problems::of_row(problem, rows));
    parsed.problems.extend(problems);
    parsed
}
