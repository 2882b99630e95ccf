//! The triggers by which a table of somebody else's says that it has changed: the SQL that makes
//! them, for a table and all that is part of it. Knows nothing of what is read from it.

use std::path::Path;

use super::connect::{For, Link, Server, runtime};
use super::cursor::get;
use super::queries::quoted;
use super::trouble::{Trouble, Why};
use crate::config;
use crate::diagnostics::nearest;

/// A table, by its schema and its name.
type Table = (String, String);

/// The SQL that logs the changes of a table: of its partitions and of what inherits from it, too. The
/// error is that there is no such table, or no way to it.
pub fn triggers_for(settings: &config::Postgres, root: &Path, table: &str) -> Result<String, Trouble> {
    let name = parse(table)?;
    runtime()?.block_on(async {
        let server = Server::at(&settings.url, "primary", settings, root)?;
        let mut link = server.begin(For::Reading).await?;
        let found = tables(&mut link, &name).await;
        link.end().await;
        server.close().await;
        Ok(script(&found?))
    })
}

fn refused(message: String) -> Trouble {
    Trouble::new(Why::Settings, message)
}

/// A name as it was typed: `table` or `schema.table`.
fn parse(table: &str) -> Result<Table, Trouble> {
    let plain = |name: &str| name.trim_matches('"').to_owned();
    let (schema, name) = match table.split('.').collect::<Vec<_>>().as_slice() {
        [name] => ("public".to_owned(), plain(name)),
        [schema, name] => (plain(schema), plain(name)),
        _ => (String::new(), String::new()),
    };
    if schema.is_empty() || name.is_empty() {
        return Err(refused(format!("`{table}` is not the name of a table: write `table` or `schema.table`")));
    }
    Ok((schema, name))
}

/// The table and whatever is part of it.
async fn tables(link: &mut Link, (schema, name): &Table) -> Result<Vec<Table>, Trouble> {
    let doing = "looking for the table";
    let shown = format!("{schema}.{name}");
    let statement = sqlx::query(
        "SELECT c.oid::bigint, c.relkind::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE n.nspname = $1 AND c.relname = $2",
    );
    let rows = link.rows(doing, statement.bind(schema).bind(name)).await?;
    let Some(row) = rows.first() else {
        let known = all(link).await?;
        let known: Vec<String> = known.into_iter().map(|(schema, name)| format!("{schema}.{name}")).collect();
        let meant = nearest(&shown, known.iter().map(String::as_str));
        let help = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
        return Err(refused(format!("there is no table {shown}{help}")));
    };
    let (oid, kind): (i64, String) = (get(row, 0)?, get(row, 1)?);
    let what = match &*kind {
        _ if schema == "pg_catalog" || schema == "information_schema" => "a catalog of Postgres",
        "r" | "p" => return parts(link, oid).await,
        "v" => {
            let read = read_by(link, oid).await?;
            let read: Vec<String> = read.into_iter().map(|(schema, name)| format!("{schema}.{name}")).collect();
            let help = "rows are written in the tables that it reads";
            return Err(refused(format!("{shown} is a view; {help}: {}", read.join(", "))));
        }
        "m" => "a materialized view, which is refreshed without any trigger",
        "f" => "a foreign table, whose rows are written elsewhere",
        "S" => "a sequence",
        "i" | "I" => "an index",
        "c" => "a type",
        _ => "none of yours",
    };
    Err(refused(format!("{shown} is {what}, and no table")))
}

/// A table, its partitions and what inherits from it, to any depth.
async fn parts(link: &mut Link, oid: i64) -> Result<Vec<Table>, Trouble> {
    let statement = sqlx::query(
        "WITH RECURSIVE part (oid, depth) AS (SELECT $1::bigint::oid, 0 \
         UNION SELECT i.inhrelid, p.depth + 1 FROM part AS p JOIN pg_inherits AS i ON i.inhparent = p.oid) \
         SELECT n.nspname::text, c.relname::text FROM part AS p JOIN pg_class AS c ON c.oid = p.oid \
         JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') \
         GROUP BY 1, 2 ORDER BY min(p.depth), 1, 2",
    );
    named(link, statement.bind(oid)).await
}

/// The tables and views that a view reads.
async fn read_by(link: &mut Link, oid: i64) -> Result<Vec<Table>, Trouble> {
    let statement = sqlx::query(
        "SELECT DISTINCT n.nspname::text, c.relname::text FROM pg_rewrite AS r JOIN pg_depend AS d \
         ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass \
         JOIN pg_class AS c ON c.oid = d.refobjid JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE r.ev_class = $1::bigint::oid AND c.oid <> r.ev_class ORDER BY 1, 2",
    );
    named(link, statement.bind(oid)).await
}

/// Every table that triggers could be made for.
async fn all(link: &mut Link) -> Result<Vec<Table>, Trouble> {
    let statement = sqlx::query(
        "SELECT n.nspname::text, c.relname::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384 AND n.nspname !~ '^pg_' ORDER BY 1, 2",
    );
    named(link, statement).await
}

async fn named(link: &mut Link, statement: super::connect::Statement<'_>) -> Result<Vec<Table>, Trouble> {
    let rows = link.rows("looking for the table", statement).await?;
    rows.iter().map(|row| Ok((get(row, 0)?, get(row, 1)?))).collect()
}

fn script(tables: &[Table]) -> String {
    let mut lines = vec![
        "-- Logs that these tables have changed; run it once as their owner, after `lifthill db migrate`.".to_owned(),
        "BEGIN;".to_owned(),
    ];
    for (schema, name) in tables {
        let on = format!("{}.{}", quoted(schema), quoted(name));
        let logged = format!("'{}'", format!("{schema}.{name}").replace('\'', "''"));
        lines.push(format!(
            "DROP TRIGGER IF EXISTS lifthill_log_change ON {on};\n\
             CREATE TRIGGER lifthill_log_change AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {on}\n    \
             FOR EACH STATEMENT EXECUTE FUNCTION lifthill.log_table({logged});\n\
             ALTER TABLE {on} ENABLE ALWAYS TRIGGER lifthill_log_change;"
        ));
    }
    lines.push("COMMIT;\n".to_owned());
    lines.join("\n")
}
