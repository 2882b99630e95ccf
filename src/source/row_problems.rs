//! What is wrong with rows, said so that whoever keeps them finds the row and the value: a row has a
//! name, and no lines or columns. Knows nothing of what makes it wrong.

use super::columns::columns;
use super::rows::{Part, UnitRows};
use crate::diagnostics::Diagnostic;

/// A longer value is cut.
const VALUE_CHARS: usize = 80;

/// How rows are called: `postgres: rides efteling/python (sql/rides.sql)`.
pub fn name(rows: &UnitRows) -> String {
    format!("{}{}", rows.unit, by_file(rows))
}

fn by_file(rows: &UnitRows) -> String {
    rows.file.as_ref().map_or_else(String::new, |file| format!(" ({file})"))
}

/// Rows whose key is null or empty, or has an empty part.
pub fn no_key(rows: &UnitRows) -> Diagnostic {
    let first: String = rows.lines.lines().next().unwrap_or_default().chars().take(120).collect();
    let message = format!("a row has no key: `slug`, `park` or `company` is null or empty in {first}");
    Diagnostic::of_file(&format!("postgres: {}{}", rows.unit.part.name(), by_file(rows)), message)
}

/// A problem in one line of a unit's text, as one of a row.
pub fn of_row(problem: Diagnostic, rows: &UnitRows) -> Diagnostic {
    // What only counts others is about no row.
    if problem.number > 1 {
        return Diagnostic { file: rows.unit.to_string(), ..problem };
    }
    let line = rows.lines.lines().nth((problem.line as usize).saturating_sub(1)).unwrap_or_default();
    let value = value(line, &problem);
    let said = |text: &str| problem.message.contains(text.trim_matches('"'));
    let message = match &value {
        Some(value) if !said(value) => format!("{} ({})", problem.message, shorten(value)),
        _ => problem.message.clone(),
    };
    // What a file's writer should write in a file is of no use here.
    let help = problem.help.filter(|help| !help.starts_with("write ") || !help.contains(" = "));
    let cast = value.and_then(|value| cast(rows, &problem.message, &value));
    let file = format!("{}{}{}", rows.unit, row_name(rows.unit.part, line), by_file(rows));
    Diagnostic { file, line: 0, column: 0, excerpt: None, message, help: cast.or(help), ..problem }
}

/// The value that a problem is about; `None` where it is about the row.
fn value(line: &str, problem: &Diagnostic) -> Option<String> {
    let from = (problem.column as usize).checked_sub(1)?;
    let value: String = line.chars().skip(from).take(problem.width as usize).collect();
    let whole = value.len() >= line.trim_end().len() || value.starts_with('{');
    // A key is told by the message.
    let key = line.chars().nth(from + problem.width as usize) == Some(':');
    (!whole && !key && !value.is_empty()).then_some(value)
}

fn shorten(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARS) {
        Some((at, _)) => format!("{}…", &value[..at]),
        None => value.to_owned(),
    }
}

/// Which row of a unit it is, where a unit has several.
fn row_name(part: Part, line: &str) -> String {
    let named = match part {
        Part::Areas => "slug",
        Part::Photos => "file",
        Part::Reviews => "id",
        _ => return String::new(),
    };
    let row: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    match &row[named] {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => format!(", {named} {text}"),
        other => format!(", {named} {other}"),
    }
}

/// The cast that would do, where the value is of another type than its column must be.
fn cast(rows: &UnitRows, message: &str, value: &str) -> Option<String> {
    let file = rows.file.as_ref()?;
    let named = message.split('`').nth(1)?;
    let column = columns(rows.unit.part).find(|column| column.name == named)?;
    let cast = column.holds.cast_of(value)?;
    Some(format!("a cast in {file} would do: `{cast} AS {named}`"))
}
