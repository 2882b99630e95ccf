//! The statements that read rows: for our own tables, and for somebody else's through SQL files.
//! Each gives a unit's key and one row as JSON; there is one a part, whatever the number of rows.
//! Knows nothing of connections.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use super::trouble::{Trouble, Why};
use super::words::statement;
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::leftovers::{Entry, Leftovers};
use crate::source::Part;
use crate::source::columns::{columns, places};
use crate::text;

/// The most that is read of an SQL file.
const MOST_SQL: Most = Most::megabytes(1);

/// How each part is read.
#[derive(Clone, Debug)]
pub struct Queries {
    /// The query of each part that there is.
    pub parts: BTreeMap<Part, Query>,
    /// Whether the tables are our own.
    pub own: bool,
}

/// How one part is read.
#[derive(Clone, Debug)]
pub struct Query {
    /// A query that gives rows with the columns of the part.
    pub sql: String,
    /// The columns that it gives.
    pub columns: Vec<String>,
    /// The file that it stands in, for messages.
    pub file: Option<String>,
}

impl Queries {
    /// Queries on our own tables.
    pub fn own() -> Self {
        let query = |part: Part| {
            let columns = columns(part).map(|column| column.name.to_owned()).collect();
            (part, Query { sql: own_query(part), columns, file: None })
        };
        Self { parts: Part::ALL.into_iter().map(query).collect(), own: true }
    }

    /// Queries from the SQL files in a folder: `parks.sql`, `rides.sql` and so on; a part without a
    /// file has no rows. Their columns are not known yet.
    pub fn from_files(root: &Path, folder: &str) -> Result<Self, Trouble> {
        let mut parts = BTreeMap::new();
        let wrong = |message: String| Trouble::new(Why::Settings, format!("database: {message}"));
        let entries = std::fs::read_dir(root.join(folder))
            .map_err(|error| wrong(format!("the folder {folder} of SQL files cannot be read: {error}")))?;
        let (leftovers, _) = Leftovers::of(root);
        for entry in entries.flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if leftovers.leave_out(folder, "", &name, Entry::File) {
                continue;
            }
            let Some(stem) = name.strip_suffix(".sql") else { continue };
            let file = format!("{folder}/{name}");
            let Some(part) = Part::parse(stem) else {
                let known: Vec<&str> = Part::ALL.into_iter().map(Part::name).collect();
                let help = crate::diagnostics::suggestion(stem, known.iter().copied()).unwrap_or_default();
                return Err(wrong(format!("{file} is not the query of a part; {help}")));
            };
            let bytes = door::read(&entry.path(), MOST_SQL)
                .map_err(|error| wrong(format!("{file} cannot be read: {error}")))?;
            let text = text::decode(&file, &bytes).map_err(|problem| wrong(format!("{file} {}", problem.message)))?;
            let sql = statement(text).map_err(|second| wrong(not_one_statement(&file, text, second)))?;
            parts.insert(part, Query { sql: format!("{sql}\n"), columns: Vec::new(), file: Some(file) });
        }
        if parts.is_empty() {
            return Err(wrong(format!("the folder {folder} holds no SQL file such as parks.sql or rides.sql")));
        }
        Ok(Self { parts, own: false })
    }

    /// The digest of the queries.
    pub fn digest(&self) -> Digest {
        let text = |(part, query): (&Part, &Query)| format!("{}\n{}", part.name(), query.sql);
        let texts: Vec<String> = self.parts.iter().map(text).collect();
        Digest::of_parts(texts.iter().map(String::as_bytes))
    }
}

impl Query {
    /// Unit and row of everything. Units come together.
    pub fn all(&self, part: Part) -> String {
        format!("{}{}", self.units_and_rows(part), self.order(part))
    }

    /// Unit and row of some units, by the arrays `$1` and, for keys of two, `$2`.
    pub fn some(&self, part: Part) -> String {
        let wanted = match part {
            Part::Companies | Part::Parks | Part::Articles => "q.slug::text IN (SELECT unnest($1::text[]))",
            Part::Areas | Part::Photos => "q.park::text IN (SELECT unnest($1::text[]))",
            Part::Models => "(q.company::text, q.slug::text) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
            Part::Rides => "(q.park::text, q.slug::text) IN (SELECT * FROM unnest($1::text[], $2::text[]))",
            // A ride that is null is the park itself; either half finds its way by the index.
            Part::Reviews => {
                let rows = self.units_and_rows(part);
                let asked = "FROM unnest($1::text[], $2::text[]) AS w (park, ride)";
                return format!(
                    "{rows}\nWHERE (q.park::text, q.ride::text) IN (SELECT w.park, w.ride {asked} WHERE w.ride IS NOT NULL)\n\
                     UNION ALL\n{rows}\nWHERE q.ride IS NULL AND q.park::text IN (SELECT w.park {asked} WHERE w.ride IS NULL)\n\
                     ORDER BY 1"
                );
            }
        };
        format!("{}\nWHERE {wanted}{}", self.units_and_rows(part), self.order(part))
    }

    /// For chunks of keys: how many rows there are, and the sum of their digests; without the units in `$1`.
    pub fn audit(&self, part: Part) -> String {
        format!(
            "SELECT (get_byte(sha256(convert_to(u.unit, 'UTF8')), 0) & 63)::int, count(*), \
             mod(sum(('x' || encode(substr(sha256(convert_to(u.line, 'UTF8')), 1, 7), 'hex'))::bit(56)::bigint), \
             18446744073709551616)::text \
             FROM ({}) AS u (unit, line) WHERE u.unit <> ALL ($1::text[]) GROUP BY 1",
            self.units_and_rows(part)
        )
    }

    /// A query for one row, whose columns tell what the query gives: what stands before its text, and
    /// the whole.
    pub fn shape(&self) -> (&'static str, String) {
        let before = "SELECT q.* FROM (SELECT 1) AS one LEFT JOIN (SELECT * FROM (";
        (before, format!("{before}{}) AS r LIMIT 0) AS q ON true", self.sql))
    }

    /// Whether a column ever holds something.
    pub fn holds_any(&self, column: &str) -> String {
        format!("SELECT EXISTS (SELECT FROM ({}) AS q WHERE q.{} IS NOT NULL)", self.sql, quoted(column))
    }

    fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|name| name == column)
    }

    fn units_and_rows(&self, part: Part) -> String {
        let mut listed = String::new();
        for column in self
            .columns
            .iter()
            .filter(|column| !places(part).contains(&column.as_str()) || (part == Part::Areas && *column == "slug"))
        {
            let comma = if listed.is_empty() { "" } else { ", " };
            write!(listed, "{comma}q.{}", quoted(column)).expect("writing to a String cannot fail");
        }
        let unit = match part {
            Part::Companies | Part::Parks | Part::Articles => "q.slug::text",
            Part::Models => "q.company::text || '/' || q.slug::text",
            Part::Rides => "q.park::text || '/' || q.slug::text",
            Part::Areas | Part::Photos => "q.park::text",
            Part::Reviews => "q.park::text || coalesce('/' || q.ride::text, '')",
        };
        format!(
            "SELECT coalesce({unit}, '') AS unit, \
             json_strip_nulls(row_to_json((SELECT r FROM (SELECT {listed}) AS r)))::text AS line\nFROM ({}) AS q",
            self.sql
        )
    }

    fn order(&self, part: Part) -> &'static str {
        match part {
            Part::Areas if self.has("position") => "\nORDER BY q.park, q.position, q.slug",
            Part::Photos if self.has("position") => "\nORDER BY q.park, q.position, q.file",
            Part::Areas => "\nORDER BY q.park, q.name",
            Part::Photos => "\nORDER BY q.park, q.file",
            Part::Reviews => "\nORDER BY q.park, q.ride",
            // A query of somebody else's may give one key twice; then the two must meet.
            Part::Rides | Part::Models if self.file.is_some() => "\nORDER BY 1",
            _ if self.file.is_some() => "\nORDER BY 1",
            _ => "",
        }
    }
}

/// A name for SQL.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Reads one of our own tables, with what other tables say of its rows.
fn own_query(part: Part) -> String {
    let name = part.name();
    let key = match part {
        Part::Models => "t.key",
        Part::Rides => "t.park || '/' || t.slug",
        _ => "t.slug",
    };
    let mut listed = Vec::new();
    for column in columns(part) {
        let of_redirects = |value: &str| {
            format!(
                "(SELECT array_agg(r.{value} ORDER BY r.position) FROM lifthill.redirects AS r \
                 WHERE r.part = '{name}' AND r.key = {key} AND r.{value} IS NOT NULL)"
            )
        };
        listed.push(match column.name {
            "former_slugs" => format!("{} AS former_slugs", of_redirects("former_slug")),
            "aliases" => format!("{} AS aliases", of_redirects("alias")),
            "history" => format!(
                "(SELECT json_agg(json_strip_nulls(json_build_object('date', h.date, 'type', h.type, 'title', h.title, \
                 'text', h.text)) ORDER BY h.position) FROM lifthill.history AS h \
                 WHERE h.part = '{name}' AND h.key = {key}) AS history"
            ),
            name => format!("t.{}", quoted(name)),
        });
    }
    format!("SELECT {} FROM lifthill.{name} AS t", listed.join(", "))
}

/// What is wrong with a file whose text is not one statement.
fn not_one_statement(file: &str, text: &str, second: Option<usize>) -> String {
    match second {
        Some(at) => {
            let (line, column) = line_and_column(text, at);
            format!("{file}:{line}:{column}: a second statement begins here; a file is one SELECT")
        }
        None => format!("{file} holds no statement; a file is one SELECT"),
    }
}

/// The line and column of a byte, from 1, in characters.
pub fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
