//! What a database's definitions amount to: tables, views, functions, types, policies, rights and the
//! settings that rows are read under. No trigger of a table tells that one of them has changed, and
//! any of them may change what rows say.
//!
//! A row of a system catalog is told by its id and by the transaction that wrote it, which is the
//! same on every replica. What the catalogs note of a table's size and statistics is left out.

use super::connect::Link;
use super::cursor::get;
use super::trouble::Trouble;
use crate::digest::Digest;

/// Tables, views and composite types, without those that one session keeps for itself.
const RELATIONS: &str = "SELECT c.oid, concat_ws(':', c.oid, c.relname, c.relnamespace, c.relowner, c.relkind, \
     c.relpersistence, coalesce(c.relam, 0), c.relrowsecurity, c.relforcerowsecurity, c.relispartition, c.relhassubclass, c.relhasrules, c.relnatts, \
     c.relacl, c.reloptions) AS what \
     FROM pg_class AS c WHERE c.oid >= 16384 AND c.relpersistence <> 't' AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'c')";

/// A system catalog, and which of its rows count.
type Catalog = (&'static str, &'static str);

/// Catalogs with rows about a table or view: the column that says about which.
const OF_RELATIONS: [Catalog; 2] = [("pg_attribute", "attrelid"), ("pg_trigger", "tgrelid")];

/// More of them, which say nothing of a plain table without policies; ours are read by the log only
/// while they are that.
const OF_OTHER_RELATIONS: [Catalog; 4] =
    [("pg_attrdef", "adrelid"), ("pg_rewrite", "ev_class"), ("pg_policy", "polrelid"), ("pg_inherits", "inhrelid")];

/// Catalogs with rows about something else: which of them are the database's own.
const OTHERS: [Catalog; 17] = [
    ("pg_proc", "oid >= 16384"),
    ("pg_type", "oid >= 16384 AND typrelid = 0 AND typelem = 0"),
    ("pg_enum", "true"),
    ("pg_constraint", "contypid <> 0"),
    ("pg_namespace", "oid >= 16384 AND nspname !~ '^pg_(toast_)?temp_'"),
    ("pg_aggregate", "aggfnoid >= 16384"),
    ("pg_operator", "oid >= 16384"),
    ("pg_cast", "oid >= 16384"),
    ("pg_opclass", "oid >= 16384"),
    ("pg_amop", "oid >= 16384"),
    ("pg_amproc", "oid >= 16384"),
    ("pg_collation", "oid >= 16384"),
    ("pg_extension", "true"),
    ("pg_ts_config_map", "mapcfg >= 16384"),
    ("pg_ts_dict", "oid >= 16384"),
    ("pg_auth_members", "true"),
    ("pg_db_role_setting", "true"),
];

/// Settings that decide how a value is written or compared. Others of that kind we set ourselves.
const SETTINGS: [&str; 12] = [
    "DateStyle",
    "IntervalStyle",
    "lc_collate",
    "lc_ctype",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "bytea_output",
    "xmlbinary",
    "default_text_search_config",
    "transform_null_equals",
    "timezone_abbreviations",
];

/// Which definitions may change what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Those of our own tables.
    OurTables,
    /// Every one in the database: somebody's SQL may use any.
    Everything,
}

/// The digest of the definitions, in one statement.
pub async fn digest(link: &mut Link, of: Of) -> Result<Digest, Trouble> {
    let statement = sqlx::query(sqlx::AssertSqlSafe(statement(of)));
    let rows = link.rows("looking at the definitions", statement).await?;
    let mut parts: Vec<String> = Vec::with_capacity(rows.len());
    for row in &rows {
        parts.push(format!("{} {} {}", get::<String>(row, 0)?, get::<i64>(row, 1)?, get::<String>(row, 2)?));
    }
    parts.sort_unstable();
    Ok(Digest::of_parts(parts.iter().map(String::as_bytes)))
}

fn statement(of: Of) -> String {
    let sum = "count(*), coalesce(sum(hashtextextended(what, 0)::numeric), 0)::text";
    let (ours, more, others): (&str, &[Catalog], &[Catalog]) = match of {
        Of::OurTables => (" AND c.relnamespace = to_regnamespace('lifthill')", &[], &[]),
        Of::Everything => ("", &OF_OTHER_RELATIONS, &OTHERS),
    };
    let mut parts = vec![format!("SELECT 'pg_class', {sum} FROM relations")];
    for (catalog, column) in OF_RELATIONS.iter().chain(more) {
        parts.push(format!(
            "SELECT '{catalog}', {sum} FROM (SELECT concat_ws(':', x.{column}, x.ctid, x.xmin) AS what \
             FROM {catalog} AS x JOIN relations AS r ON r.oid = x.{column}) AS rows"
        ));
    }
    for (catalog, filter) in others {
        parts.push(format!(
            "SELECT '{catalog}', {sum} FROM (SELECT concat_ws(':', x.ctid, x.xmin) AS what FROM {catalog} AS x \
             WHERE {filter}) AS rows"
        ));
    }
    let settings: Vec<String> = SETTINGS.iter().map(|name| format!("current_setting('{name}', true)")).collect();
    parts.push(format!(
        "SELECT concat_ws(' ', rolname, rolsuper, rolinherit, rolbypassrls, session_user, version(), {}), 0::bigint, ''::text \
         FROM pg_roles WHERE rolname = current_user",
        settings.join(", ")
    ));
    format!("WITH relations AS MATERIALIZED ({RELATIONS}{ours}) {}", parts.join(" UNION ALL "))
}
