//! Whether a database has what is to be read: tables and columns of our own, or what somebody's SQL
//! files give. Knows nothing of cursors.

use std::collections::BTreeMap;

use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
use sqlx::{AssertSqlSafe, Column as _, Row};

use super::connect::Link;
use super::cursor::get;
use super::queries::{Queries, Query, line_and_column};
use super::trouble::{Trouble, Whose, Why};
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

fn wrong_type(place: &str, column: &Column, type_name: &str) -> Option<String> {
    let wrong = !column.holds.accepts(type_name);
    wrong.then(|| {
        format!("{place}: `{}` must be {}, and is {}", column.name, column.holds.wanted(), type_name.to_lowercase())
    })
}

/// What somebody's query lacks or has too much.
async fn check_query(link: &mut Link, part: Part, query: &mut Query) -> Result<Vec<String>, Trouble> {
    let file = query.file.clone().unwrap_or_default();
    let given = shape(link, query, &file).await?;
    let types = types(link, &given).await?;
    let known: Vec<&Column> = columns(part).collect();
    let mut problems = Vec::new();
    query.columns.clear();
    for (name, oid) in given {
        if query.columns.contains(&name) {
            problems.push(format!("{file}: two columns are called `{name}`; give one another name, or leave it out"));
            continue;
        }
        let type_name = types.get(&oid).map_or("unknown", String::as_str);
        match known.iter().find(|known| known.name == name) {
            Some(column) => problems.extend(wrong_column(link, query, &file, column, type_name).await?),
            None => problems.push(unknown_column(&file, &name, &known)),
        }
        query.columns.push(name);
    }
    for column in known.iter().filter(|column| column.needed && !query.columns.iter().any(|name| name == column.name)) {
        problems.push(format!("{file} must give a column `{}`: {}", column.name, column.holds.wanted()));
    }
    Ok(problems)
}

/// The columns that a query gives, and the ids of their types.
async fn shape(link: &mut Link, query: &Query, file: &str) -> Result<Vec<(String, i64)>, Trouble> {
    let doing = format!("checking {file}");
    let (before, sql) = query.shape();
    link.whose = Whose::Theirs;
    let row = link.plain_row(&sql).await.map_err(|error| {
        let place = place_of(&error, before, &query.sql).map(|(line, column)| format!("{file}:{line}:{column}"));
        link.trouble(&error, &place.map_or_else(|| doing.clone(), |place| format!("checking {place}")))
    })?;
    link.whose = Whose::Ours;
    let Some(row) = row else {
        return Err(Trouble::new(Why::Refused, format!("database: {doing}: it gives nothing that can be checked")));
    };
    let given = row.columns().iter().map(|column| {
        let oid = column.type_info().oid().map_or(0, |oid| i64::from(oid.0));
        (column.name().to_owned(), oid)
    });
    Ok(given.collect())
}

/// Where in somebody's text an error is, if the server says so: line and column.
fn place_of(error: &sqlx::Error, before: &str, sql: &str) -> Option<(usize, usize)> {
    let told = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    let Some(PgErrorPosition::Original(position)) = told.position() else { return None };
    let character = position.checked_sub(1 + before.chars().count())?;
    // After its end: what is missing there.
    let end = sql.trim_end().len();
    let at = sql.char_indices().nth(character).map_or(end, |(at, _)| at.min(end));
    Some(line_and_column(sql, at))
}

/// The names of types, by their ids, as [`Holds::accepts`] knows them: that of the type beneath a
/// domain, `text` for an enumeration and whatever else is text of a kind.
async fn types(link: &mut Link, given: &[(String, i64)]) -> Result<BTreeMap<i64, String>, Trouble> {
    let statement = sqlx::query(
        "WITH RECURSIVE d (first, oid) AS (SELECT oid, oid FROM pg_type WHERE oid::bigint = ANY ($1::bigint[]) \
         UNION ALL SELECT d.first, t.typbasetype FROM d JOIN pg_type AS t ON t.oid = d.oid WHERE t.typtype = 'd') \
         SELECT d.first::bigint, CASE WHEN t.typcategory = 'A' THEN coalesce(e.typname, t.typname) || '[]' \
          WHEN t.typtype = 'e' THEN 'text' WHEN t.typcategory = 'S' AND t.oid >= 16384 THEN 'text' \
          WHEN t.typtype = 'c' OR t.oid = 'record'::regtype THEN 'record' \
          WHEN t.oid = 'timestamp'::regtype THEN 'timestamp without time zone' ELSE t.typname END::text \
         FROM d JOIN pg_type AS t ON t.oid = d.oid LEFT JOIN pg_type AS e ON e.oid = t.typelem WHERE t.typtype <> 'd'",
    );
    let oids: Vec<i64> = given.iter().map(|(_, oid)| *oid).collect();
    let mut types = BTreeMap::new();
    for row in link.rows("looking at types", statement.bind(oids)).await? {
        types.insert(get(&row, 0)?, get(&row, 1)?);
    }
    Ok(types)
}

/// What is wrong with a column of somebody's query: its type. A column that never holds anything has
/// none: `NULL AS height_m` is called text.
async fn wrong_column(
    link: &mut Link,
    query: &Query,
    file: &str,
    column: &Column,
    type_name: &str,
) -> Result<Option<String>, Trouble> {
    let Some(wrong) = wrong_type(file, column, type_name) else { return Ok(None) };
    if type_name == "text" || type_name == "text[]" {
        let doing = format!("checking {file}");
        link.whose = Whose::Theirs;
        let found = link.rows(&doing, sqlx::query(AssertSqlSafe(query.holds_any(column.name)))).await?;
        link.whose = Whose::Ours;
        if !found.first().map_or(Ok(true), |row| get(row, 0))? {
            return Ok(None);
        }
    }
    let cast = column.holds.cast(type_name);
    Ok(Some(format!("{wrong}; write `{} AS {}`", cast, column.name)))
}

fn unknown_column(file: &str, name: &str, known: &[&Column]) -> String {
    if name == "?column?" {
        return format!("{file}: a column has no name; write `… AS` and one of {}", names(known));
    }
    let may_be_extra = known.iter().any(|column| column.name == "extra");
    let help = match nearest(name, known.iter().map(|known| known.name)) {
        Some(meant) if may_be_extra => {
            format!("did you mean `{meant}`? What is your own may go into `jsonb_build_object('{name}', …) AS extra`")
        }
        Some(meant) => format!("did you mean `{meant}`?"),
        None if may_be_extra => format!("what is your own may go into `jsonb_build_object('{name}', …) AS extra`"),
        None => format!("leave it out; known here: {}", names(known)),
    };
    format!("{file}: unknown column `{name}`; {help}")
}

fn names(known: &[&Column]) -> String {
    known.iter().map(|column| column.name).collect::<Vec<_>>().join(", ")
}
