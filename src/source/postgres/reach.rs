//! How far a part's answer reaches: whether everything that it depends on is known, and which
//! entries of the change log then tell that it may be another one. What is not understood counts
//! as unknown; rows are then compared in every build.
//!
//! From the words of a query to everything that they may name, and on to the words of those: the
//! bodies of functions in SQL and PL/pgSQL, of views, of policies. A name too many costs a
//! comparison, never a change.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::connect::Link;
use super::cursor::get;
use super::trouble::Trouble;
use super::words::Words;

/// How it can be known that rows are as they were.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Reach {
    /// They are unless one of these entries is in the change log, or a definition has changed.
    Logged(BTreeSet<String>),
    /// Any write to the database may change them: why.
    Written(String),
    /// They may change by themselves: why.
    Open(String),
}

/// Functions of Postgres that are not immutable only for what we set or watch: time zone, formats
/// of dates and numbers, search configuration, labels of enumerations.
const STEADY: [&str; 58] = [
    "array_to_json",
    "array_to_string",
    "concat",
    "concat_ws",
    "convert",
    "convert_from",
    "convert_to",
    "date",
    "date_part",
    "date_trunc",
    "enum_first",
    "enum_last",
    "enum_range",
    "extract",
    "format",
    "format_type",
    "generate_series",
    "in_range",
    "json_agg",
    "json_build_array",
    "json_build_object",
    "json_object_agg",
    "json_populate_record",
    "json_populate_recordset",
    "json_to_record",
    "json_to_recordset",
    "jsonb_agg",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object_agg",
    "jsonb_populate_record",
    "jsonb_populate_recordset",
    "jsonb_to_record",
    "jsonb_to_recordset",
    "length",
    "make_timestamptz",
    "money",
    "numeric",
    "overlaps",
    "plainto_tsquery",
    "phraseto_tsquery",
    "quote_literal",
    "quote_nullable",
    "row_to_json",
    "time",
    "timestamp",
    "timestamptz",
    "timetz",
    "timezone",
    "to_char",
    "to_date",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "websearch_to_tsquery",
];

/// Functions of extensions that are not immutable only for files that nobody edits.
const STEADY_EXTENSIONS: [&str; 1] = ["unaccent"];

/// The reach of a query.
pub async fn of_query(link: &mut Link, sql: &str) -> Result<Reach, Trouble> {
    let mut search = Search { words: Words::new(), ..Search::default() };
    search.words.read(sql);
    search.functions_wanted.extend(unwritten(link).await?);
    loop {
        if let Some(why) = search.words.open.take() {
            return Ok(Reach::Open(why));
        }
        let before = (search.relations.len(), search.functions.len());
        search.relations(link).await?;
        search.functions(link).await?;
        if let Some(why) = search.words.open.take() {
            return Ok(Reach::Open(why));
        }
        if before == (search.relations.len(), search.functions.len()) {
            break;
        }
    }
    Ok(match search.unlogged {
        Some(why) => Reach::Written(why),
        None => Reach::Logged(search.entries),
    })
}

/// What has been found of what a query reaches.
#[derive(Default)]
struct Search {
    words: Words,
    relations: BTreeSet<i64>,
    relations_wanted: BTreeSet<i64>,
    functions: BTreeSet<i64>,
    functions_wanted: BTreeSet<i64>,
    entries: BTreeSet<String>,
    unlogged: Option<String>,
}

/// Objects of these schemas need no schema before their name; `$1` are the names that occur.
const IN_REACH: &str = "(n.nspname IN ('public', 'pg_catalog') OR n.nspname = ANY ($1::text[]))";

impl Search {
    fn opens(&mut self, why: String) {
        self.words.open.get_or_insert(why);
    }

    /// Looks at the tables and views that the words may name, and at the parts of those.
    async fn relations(&mut self, link: &mut Link) -> Result<(), Trouble> {
        let sql = format!(
            "SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text, c.relpersistence::text, \
             coalesce(am.amname, 'heap')::text, CASE WHEN c.relkind = 'v' THEN pg_get_viewdef(c.oid) END, \
             (SELECT string_agg(pg_get_expr(p.polqual, p.polrelid), E'\n') FROM pg_policy AS p \
              WHERE p.polrelid = c.oid AND c.relrowsecurity), \
             (SELECT string_agg(pg_get_expr(d.adbin, d.adrelid), E'\n') FROM pg_attrdef AS d JOIN pg_attribute AS a \
              ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.adrelid = c.oid AND a.attgenerated = 'v'), \
             ARRAY (SELECT i.inhrelid::bigint FROM pg_inherits AS i WHERE i.inhparent = c.oid), \
             EXISTS (SELECT FROM pg_subscription_rel AS s WHERE s.srrelid = c.oid), \
             {TRIGGERS} \
             FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace LEFT JOIN pg_am AS am ON am.oid = c.relam \
             WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
             AND ((c.relname = ANY ($1::text[]) AND {IN_REACH}) OR c.oid::bigint = ANY ($2::bigint[])) ORDER BY 2, 3"
        );
        let statement = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(list(&self.words.names));
        let wanted: Vec<i64> = self.relations_wanted.iter().copied().collect();
        for row in link.rows(LOOKING, statement.bind(wanted)).await? {
            if !self.relations.insert(get(&row, 0)?) {
                continue;
            }
            let (schema, table): (String, String) = (get(&row, 1)?, get(&row, 2)?);
            let name = if schema == "public" { table } else { format!("{schema}.{table}") };
            for text in [get::<Option<String>>(&row, 6)?, get(&row, 7)?, get(&row, 8)?].into_iter().flatten() {
                self.words.read(&text);
            }
            self.relations_wanted.extend(get::<Vec<i64>>(&row, 9)?);
            let entries: Vec<String> = get(&row, 11)?;
            let unlogged = match (&*get::<String>(&row, 3)?, &*get::<String>(&row, 4)?, &*get::<String>(&row, 5)?) {
                _ if schema == "pg_catalog" || schema == "information_schema" => {
                    self.opens(format!("{name} is a catalog of Postgres"));
                    continue;
                }
                ("f", ..) => {
                    self.opens(format!("{name} is a foreign table"));
                    continue;
                }
                ("S", ..) => {
                    self.opens(format!("{name} is a sequence"));
                    continue;
                }
                ("v", ..) => continue,
                ("m", ..) => format!("{name} is a materialized view"),
                (_, "u", _) => format!("{name} is unlogged, and empty after a crash"),
                (_, _, method) if method != "heap" => format!("{name} is kept by {method}"),
                _ if get(&row, 10)? => format!("{name} is filled by a subscription, which fires no trigger"),
                _ if entries.is_empty() => {
                    format!("{name} has no trigger; `lifthill db triggers --for {name}` makes one")
                }
                _ => {
                    self.entries.extend(entries.into_iter().map(|entry| format!("table {entry}")));
                    continue;
                }
            };
            self.unlogged.get_or_insert(unlogged);
        }
        Ok(())
    }

    /// Looks at the functions that the words may call, and at those of which others are made.
    async fn functions(&mut self, link: &mut Link) -> Result<(), Trouble> {
        self.functions_wanted.extend(operators(link, &self.words).await?);
        let sql = format!(
            "SELECT p.oid::bigint, p.proname::text, p.provolatile::text, l.lanname::text, p.prosrc, \
             CASE WHEN p.oid >= 16384 AND p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END, \
             array_to_string(p.proconfig, ' '), \
             EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'), \
             ARRAY (SELECT f::oid::bigint FROM pg_aggregate AS a, unnest(ARRAY[a.aggtransfn, a.aggfinalfn, a.aggcombinefn, \
              a.aggserialfn, a.aggdeserialfn, a.aggmtransfn, a.aggminvtransfn, a.aggmfinalfn]) AS f \
              WHERE p.prokind = 'a' AND p.oid >= 16384 AND a.aggfnoid = p.oid AND f <> 0), \
             p.oid >= 16384 \
             FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang \
             WHERE (p.proname = ANY ($2::text[]) OR (p.proname = ANY ($1::text[]) AND p.pronargs = 1 \
              AND EXISTS (SELECT FROM pg_type AS t WHERE t.oid = p.proargtypes[0] AND t.typtype = 'c' AND t.oid >= 16384))) \
             AND {IN_REACH} OR p.oid::bigint = ANY ($3::bigint[]) ORDER BY p.proname, p.oid"
        );
        let statement = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(list(&self.words.names));
        let wanted: Vec<i64> = self.functions_wanted.iter().copied().collect();
        for row in link.rows(LOOKING, statement.bind(list(&self.words.called)).bind(wanted)).await? {
            if !self.functions.insert(get(&row, 0)?) {
                continue;
            }
            let (name, steadiness): (String, String) = (get(&row, 1)?, get(&row, 2)?);
            let (language, body): (String, String) = (get(&row, 3)?, get(&row, 4)?);
            let (of_extension, of_users): (bool, bool) = (get(&row, 7)?, get(&row, 9)?);
            let parts: Vec<i64> = get(&row, 8)?;
            match (&*language, &*steadiness) {
                _ if !parts.is_empty() => self.functions_wanted.extend(parts),
                (_, "i") if !of_users => {}
                (_, "s") if !of_users && STEADY.contains(&name.as_str()) => {}
                _ if !of_users => self.opens(format!("{name}() changes by itself, or may")),
                ("sql" | "plpgsql", _) => {
                    for text in [Some(body), get(&row, 5)?, get(&row, 6)?].into_iter().flatten() {
                        self.read_body(&language, &name, &text);
                    }
                }
                ("internal", "i") => {}
                ("c", "i") if of_extension => {}
                ("c", "s") if of_extension && STEADY_EXTENSIONS.contains(&name.as_str()) => {}
                _ => self.opens(format!("{name}() is a function of which nothing is known, in {language}")),
            }
        }
        Ok(())
    }

    fn read_body(&mut self, language: &str, name: &str, text: &str) {
        let mut words = Words::default();
        words.read(text);
        if language == "plpgsql" && words.names.contains("execute") {
            words.open.get_or_insert_with(|| format!("{name}() executes what it puts together"));
        }
        if words.names.contains("$user") {
            words.open.get_or_insert_with(|| format!("{name}() looks into another schema for every user"));
        }
        if let Some(why) = words.open.take() {
            self.opens(format!("in {name}(): {why}"));
        }
        self.words.names.extend(words.names);
        self.words.called.extend(words.called);
        self.words.operators.extend(words.operators);
    }
}

const LOOKING: &str = "looking at what the queries read";

/// What the change log calls the table that `c` is, by each of its triggers that would miss nothing.
const TRIGGERS: &str = "ARRAY (SELECT DISTINCT convert_from(btrim(t.tgargs, '\\x00'::bytea), getdatabaseencoding()) FROM pg_trigger AS t \
     WHERE t.tgrelid = c.oid AND t.tgfoid = to_regproc('lifthill.log_table') AND t.tgnargs = 1 AND t.tgenabled IN ('O', 'A') \
     AND t.tgtype & 60 = 60 AND t.tgqual IS NULL AND t.tgattr = ''::int2vector)";

/// The functions of the operators that may be meant, without those that Postgres has itself: what
/// these depend on besides their operands we set or watch.
async fn operators(link: &mut Link, words: &Words) -> Result<Vec<i64>, Trouble> {
    let sql = format!(
        "SELECT DISTINCT o.oprcode::oid::bigint FROM pg_operator AS o JOIN pg_namespace AS n ON n.oid = o.oprnamespace \
         WHERE o.oprname = ANY ($2::text[]) AND o.oprcode >= 16384 AND {IN_REACH}"
    );
    let statement = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(list(&words.names)).bind(list(&words.operators));
    link.rows(LOOKING, statement).await?.iter().map(|row| get(row, 0)).collect()
}

/// The functions that Postgres calls where none is written: casts, and comparisons for sorting and
/// joining.
async fn unwritten(link: &mut Link) -> Result<Vec<i64>, Trouble> {
    let statement = sqlx::query(
        "SELECT castfunc::bigint FROM pg_cast WHERE oid >= 16384 AND castfunc <> 0 \
         UNION SELECT p.amproc::oid::bigint FROM pg_amproc AS p JOIN pg_opfamily AS f ON f.oid = p.amprocfamily \
          JOIN pg_am AS m ON m.oid = f.opfmethod WHERE p.oid >= 16384 AND m.amname IN ('btree', 'hash') \
         UNION SELECT o.oprcode::oid::bigint FROM pg_amop AS p JOIN pg_operator AS o ON o.oid = p.amopopr \
          JOIN pg_am AS m ON m.oid = p.amopmethod WHERE p.oid >= 16384 AND o.oprcode <> 0 AND m.amname IN ('btree', 'hash')",
    );
    link.rows(LOOKING, statement).await?.iter().map(|row| get(row, 0)).collect()
}

fn list(names: &BTreeSet<String>) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

/// The reach of our own tables, by name: whether each is a plain table that logs every change.
pub async fn of_our_tables(link: &mut Link) -> Result<BTreeMap<String, Reach>, Trouble> {
    let statement = sqlx::query(
        "SELECT c.relname::text, c.relkind = 'r', c.relpersistence = 'p', row_security_active(c.oid), \
         EXISTS (SELECT FROM pg_inherits AS i WHERE i.inhparent = c.oid), \
         coalesce((SELECT bit_or(t.tgtype::int) FROM pg_trigger AS t WHERE t.tgrelid = c.oid \
          AND t.tgfoid = to_regproc('lifthill.log_change') AND t.tgenabled IN ('O', 'A')), 0) & 60 = 60 \
         FROM pg_class AS c WHERE c.relnamespace = to_regnamespace('lifthill') AND c.relkind IN ('r', 'p', 'v', 'm', 'f')",
    );
    let mut found = BTreeMap::new();
    for row in link.rows("looking for triggers", statement).await? {
        let name: String = get(&row, 0)?;
        let reach = match (get(&row, 1)?, get(&row, 2)?, get(&row, 3)?, get(&row, 4)?, get(&row, 5)?) {
            (false, ..) => Reach::Open(format!("lifthill.{name} is not a plain table")),
            (_, _, true, ..) => Reach::Open(format!("lifthill.{name} has row-level policies")),
            (_, _, _, true, _) => Reach::Open(format!("lifthill.{name} has tables that inherit from it")),
            (_, false, ..) => Reach::Written(format!("lifthill.{name} is unlogged, and empty after a crash")),
            (.., false) => {
                Reach::Written(format!("lifthill.{name} does not log its changes: triggers are missing or off"))
            }
            _ => Reach::Logged(BTreeSet::new()),
        };
        found.insert(name, reach);
    }
    Ok(found)
}
