//! What is said of bodies beyond what their fields say: what of them visitors are not given. Brings together
//! who reads bodies and who makes HTML of them; knows neither's rules.

use crate::diagnostics::Diagnostic;
use crate::render::safe_html::{self, Dropped};
use crate::source::{self, Parsed, Reading, UnitRows};
use crate::text;

const HELP: &str = "`trust_html = true` in `[content]` passes everything on as it is written";

/// What a content file says, bodies looked through.
pub fn of_file(path: &str, bytes: &[u8], reading: &Reading) -> Parsed {
    let mut parsed = source::parse(path, bytes, reading);
    if reading.trust_html || parsed.records.is_empty() {
        return parsed;
    }
    let file = format!("{}/{path}", source::FOLDER);
    let text = text::decode(&file, bytes).unwrap_or_default();
    for record in &parsed.records {
        let (named, more) = safe_html::dropped(&record.record.common.body);
        for Dropped { place, what } in named {
            let place = record.body_at + place.start..record.body_at + place.end;
            parsed.problems.push(Diagnostic::at(&file, text, place, left_out(&what)).help(HELP).warning());
        }
        if more > 0 {
            parsed.problems.push(Diagnostic::of_file(&file, and_more(more)).warning());
        }
    }
    parsed
}

/// What rows say, bodies looked through.
pub fn of_rows(rows: &UnitRows, reading: &Reading) -> Parsed {
    let mut parsed = source::parse_rows(rows, reading);
    if reading.trust_html {
        return parsed;
    }
    let name = rows.unit.to_string();
    for record in &parsed.records {
        let body = &record.record.common.body;
        let (named, more) = safe_html::dropped(body);
        for Dropped { place, what } in named {
            let line = body[..place.start].matches('\n').count() + 1;
            let message = format!("{}, in line {line} of its body", left_out(&what));
            parsed.problems.push(Diagnostic::of_file(&name, message).help(HELP).warning());
        }
        if more > 0 {
            parsed.problems.push(Diagnostic::of_file(&name, and_more(more)).warning());
        }
    }
    parsed
}

fn left_out(what: &str) -> String {
    format!("{what} is left out: only harmless HTML is passed on")
}

fn and_more(more: usize) -> String {
    format!("{more} more pieces of HTML are left out")
}
