//! Whether a database has what is to be read: tables and columns of our own, or what somebody's SQL
//! files give; and which tables those read, and whether their changes are logged. Knows nothing of
//! cursors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sqlx::{AssertSqlSafe, Column as _, Row, TypeInfo};

use super::connect::Link;
use super::cursor::get;
use super::queries::{Queries, Query};
use super::trouble::{Trouble, Why};
use crate::diagnostics::nearest;
use crate::source::Part;
use crate::source::columns::{Column, columns};

/// Checks that everything to be read is there, and completes queries with the columns that they
/// give. The error tells everything that is wrong at once.
pub async fn check(link: &mut Link, queries: &mut Queries) -> Result<(), Trouble> {
    let problems = if queries.own {
        check_tables(link).await?
    } else {
        let mut problems = Vec::new();
        for (part, query) in &mut queries.parts {
            problems.extend(check_query(link, *part, query).await?);
        }
        problems
    };
    if problems.is_empty() {
        return Ok(());
    }
    let all = problems.join("\n  ");
    Err(Trouble::new(Why::Refused, format!("database ({}): not as it must be:\n  {all}", link.name)))
}

/// What our own tables lack.
async fn check_tables(link: &mut Link) -> Result<Vec<String>, Trouble> {
    let statement = sqlx::query(
        "SELECT c.relname::text, a.attname::text, \
         format_type(coalesce(nullif(t.typbasetype, 0::oid), t.oid), NULL)::text \
         FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid JOIN pg_type AS t ON t.oid = a.atttypid \
         WHERE c.relnamespace = to_regnamespace('lifthill') AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         AND a.attnum > 0 AND NOT a.attisdropped",
    );
    let mut found: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for row in link.rows("looking at the tables", statement).await? {
        found.entry(get(&row, 0)?).or_default().insert(get(&row, 1)?, get(&row, 2)?);
    }
    let mut problems = Vec::new();
    for part in Part::ALL {
        let table = format!("lifthill.{}", part.name());
        let Some(there) = found.get(part.name()) else {
            problems.push(format!("there is no table {table}; `lifthill db migrate` makes it"));
            continue;
        };
        let elsewhere = ["former_slugs", "aliases", "history"];
        for column in columns(part).filter(|column| !elsewhere.contains(&column.name)) {
            match there.get(column.name) {
                None => problems.push(format!("{table} has no column `{}`", column.name)),
                Some(type_name) => problems.extend(wrong_type(&table, column, type_name)),
            }
        }
    }
    for table in ["history", "redirects"].into_iter().filter(|table| !found.contains_key(*table)) {
        problems.push(format!("there is no table lifthill.{table}; `lifthill db migrate` makes it"));
    }
    if problems.len() > 8 && found.is_empty() {
        return Ok(vec!["there are no tables yet; `lifthill db migrate` makes them".to_owned()]);
    }
    Ok(problems)
}

/// What somebody's query lacks or has too much.
async fn check_query(link: &mut Link, part: Part, query: &mut Query) -> Result<Vec<String>, Trouble> {
    let file = query.file.clone().unwrap_or_default();
    let doing = format!("checking {file}");
    let rows = link.rows(&doing, sqlx::query(AssertSqlSafe(query.shape()))).await?;
    let Some(row) = rows.first() else { return Ok(vec![format!("{file} gives nothing that can be checked")]) };
    let mut problems = Vec::new();
    query.columns.clear();
    let known: Vec<&Column> = columns(part).collect();
    for column in row.columns() {
        let name = column.name();
        match known.iter().find(|known| known.name == name) {
            Some(known) => problems.extend(wrong_type(&file, known, column.type_info().name())),
            None => {
                let meant = nearest(name, known.iter().map(|known| known.name));
                let help = meant.map_or_else(|| "leave it out".to_owned(), |meant| format!("did you mean `{meant}`?"));
                problems.push(format!("{file}: unknown column `{name}`; {help}"));
            }
        }
        query.columns.push(name.to_owned());
    }
    for column in known.iter().filter(|column| column.needed && !query.columns.iter().any(|name| name == column.name)) {
        problems.push(format!("{file} must give a column `{}`: {}", column.name, column.holds.wanted()));
    }
    Ok(problems)
}

fn wrong_type(place: &str, column: &Column, type_name: &str) -> Option<String> {
    let wrong = !column.holds.accepts(type_name);
    wrong.then(|| {
        format!("{place}: `{}` must be {}, and is {}", column.name, column.holds.wanted(), type_name.to_lowercase())
    })
}

/// The tables that a part's query reads, with their schemas; `None` where one of them does not log
/// its changes, so that only a comparison can tell.
pub async fn logged_tables(link: &mut Link, query: &Query) -> Result<Option<BTreeSet<String>>, Trouble> {
    let doing = "looking for triggers";
    let explain = format!("EXPLAIN (VERBOSE, FORMAT JSON) {}", query.sql);
    let rows = link.rows(doing, sqlx::query(AssertSqlSafe(explain))).await?;
    let plan: String = match rows.first() {
        // JSON on the wire is its text.
        Some(row) => row.try_get_unchecked(0).map_err(|error| link.trouble(&error, doing))?,
        None => String::new(),
    };
    let plan: Value = serde_json::from_str(&plan).unwrap_or_default();
    let mut tables = BTreeSet::new();
    relations(&plan, &mut tables);
    let names: Vec<String> = tables.iter().cloned().collect();
    let statement = sqlx::query(
        "SELECT count(DISTINCT c.oid) FROM pg_trigger AS t JOIN pg_class AS c ON c.oid = t.tgrelid \
         JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE t.tgname = 'lifthill_log_change' AND t.tgenabled IN ('O', 'A') \
         AND n.nspname || '.' || c.relname = ANY ($1::text[])",
    );
    let rows = link.rows(doing, statement.bind(names)).await?;
    let logged: i64 = match rows.first() {
        Some(row) => get(row, 0)?,
        None => 0,
    };
    Ok((!tables.is_empty() && logged == tables.len() as i64).then_some(tables))
}

fn relations(plan: &Value, found: &mut BTreeSet<String>) {
    match plan {
        Value::Array(items) => items.iter().for_each(|item| relations(item, found)),
        Value::Object(entries) => {
            if let (Some(Value::String(schema)), Some(Value::String(name))) =
                (entries.get("Schema"), entries.get("Relation Name"))
            {
                found.insert(format!("{schema}.{name}"));
            }
            entries.values().for_each(|value| relations(value, found));
        }
        _ => {}
    }
}
