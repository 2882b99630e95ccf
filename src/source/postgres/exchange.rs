//! Import and export: content files into our own tables, and back. One transaction each. Knows
//! nothing of what changed since when.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use super::connect::{For, Link, Server, runtime};
use super::cursor::get;
use super::layout::{Laid, Row, comparable, path_of, rows_of, written};
use super::queries::{Queries, quoted};
use super::trouble::Trouble;
use crate::config;
use crate::diagnostics::Diagnostic;
use crate::door::{self, Most};
use crate::room::Room;
use crate::source::columns::columns;
use crate::source::{FOLDER, Part, walk};

/// How much was exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Counts {
    /// Content files read or written.
    pub files: u64,
    /// Rows new or changed, or read.
    pub rows: u64,
    /// Rows removed, since their file no longer says so.
    pub removed: u64,
    /// Files that were as they had to be.
    pub unchanged: u64,
}

/// Rows sent together.
const BATCH: usize = 500;

/// Content files into our own tables: what is there is updated where it differs, and what a file no
/// longer says of its record or park goes. Records without a file stay. `advance` is told of every
/// file. Mistakes in files are in the result, and then nothing was written.
pub fn import(
    settings: &config::Postgres,
    root: &Path,
    rating_scale: u32,
    advance: &dyn Fn(u64),
) -> Result<(Counts, Vec<Diagnostic>)> {
    let mut problems = Vec::new();
    let mut counts = Counts::default();
    let runtime = runtime()?;
    let listings = walk(root);
    runtime.block_on(async {
        let server = Server::at(&settings.url, "primary", settings, root)?;
        let mut link = server.begin(For::Writing).await?;
        let mut waiting: BTreeMap<Part, Vec<Laid>> = BTreeMap::new();
        let mut parks: BTreeSet<String> = BTreeSet::new();
        let mut listed: BTreeSet<(Part, String)> = BTreeSet::new();
        for listing in &listings {
            problems.extend(listing.problems.iter().cloned());
            for (name, _) in &listing.files {
                let path = if listing.folder.is_empty() { name.clone() } else { format!("{}/{name}", listing.folder) };
                if matches!(crate::source::place(&path), crate::source::Place::PhotoFile(_)) {
                    continue;
                }
                let bytes = match crate::source::read(root, None, &path, Room::default()) {
                    Ok(file) => file.map(|file| file.bytes).with_context(|| format!("{FOLDER}/{path} has gone"))?,
                    Err(problem) => {
                        problems.push(*problem);
                        continue;
                    }
                };
                let laid = match String::from_utf8(bytes) {
                    Ok(text) => rows_of(&path, &text, rating_scale),
                    Err(_) => Err(vec![Diagnostic::of_file(&format!("{FOLDER}/{path}"), "is not UTF-8 text")]),
                };
                counts.files += 1;
                advance(1);
                let laid = match laid {
                    Ok(Some(laid)) => laid,
                    Ok(None) => continue,
                    Err(found) => {
                        problems.extend(found);
                        continue;
                    }
                };
                let Some(part) = laid.part else { continue };
                match part {
                    Part::Parks => drop(parks.insert(laid.key.clone())),
                    Part::Areas | Part::Photos | Part::Reviews => drop(listed.insert((part, laid.key.clone()))),
                    _ => {}
                }
                keep_layout(&mut link, &path, &laid, &mut counts).await?;
                let batch = waiting.entry(part).or_default();
                batch.push(laid);
                if batch.iter().map(|laid| laid.rows.len()).sum::<usize>() >= BATCH {
                    let batch = std::mem::take(batch);
                    send(&mut link, part, batch, &mut counts).await?;
                }
            }
        }
        for (part, batch) in waiting {
            send(&mut link, part, batch, &mut counts).await?;
        }
        // A park whose file is there and whose list is not has none.
        for part in [Part::Areas, Part::Photos, Part::Reviews] {
            let without: Vec<&String> =
                parks.iter().filter(|park| !listed.contains(&(part, (*park).clone()))).collect();
            let sql = format!("DELETE FROM lifthill.{} WHERE park = ANY ($1::text[])", part.name());
            counts.removed += link.execute("removing rows", sqlx::query(AssertSqlSafe(sql)).bind(without)).await?;
        }
        if problems.is_empty() {
            link.commit().await?;
        } else {
            link.end().await;
        }
        server.close().await;
        anyhow::Ok(())
    })?;
    Ok((counts, problems))
}

async fn keep_layout(link: &mut Link, path: &str, laid: &Laid, _: &mut Counts) -> Result<(), Trouble> {
    let sql = "INSERT INTO lifthill.layouts AS t (part, key, path, head, tail) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (part, key) DO UPDATE SET path = excluded.path, head = excluded.head, tail = excluded.tail \
               WHERE (t.path, t.head, t.tail) IS DISTINCT FROM (excluded.path, excluded.head, excluded.tail)";
    let part = laid.part.map_or("", Part::name);
    let statement = sqlx::query(sql).bind(part).bind(&laid.key).bind(path).bind(&laid.around.0).bind(&laid.around.1);
    link.execute("keeping layouts", statement).await.map(drop)
}

/// A table that rows go into.
struct Table {
    name: &'static str,
    /// The columns that identify a row.
    key: &'static [&'static str],
    /// The columns that say what a row is part of: rows of the same whole that are not told go.
    whole: &'static [&'static str],
    columns: Vec<String>,
}

fn table(part: Part) -> Table {
    let elsewhere = ["former_slugs", "aliases", "history"];
    let own = columns(part).map(|column| column.name).filter(|name| !elsewhere.contains(name));
    let (key, whole): (&[&str], &[&str]) = match part {
        Part::Companies | Part::Parks | Part::Articles => (&["slug"], &[]),
        Part::Models => (&["company", "slug"], &[]),
        Part::Rides => (&["park", "slug"], &[]),
        Part::Areas => (&["park", "slug"], &["park"]),
        Part::Photos => (&["park", "position"], &["park"]),
        Part::Reviews => (&["park", "id"], &["park"]),
    };
    Table { name: part.name(), key, whole, columns: own.map(str::to_owned).collect() }
}

fn beside(name: &'static str, more: &[&str]) -> Table {
    let columns = ["part", "key", "position"].iter().chain(more).map(|name| (*name).to_owned()).collect();
    Table { name, key: &["part", "key", "position"], whole: &["part", "key"], columns }
}

async fn send(link: &mut Link, part: Part, batch: Vec<Laid>, counts: &mut Counts) -> Result<(), Trouble> {
    let wholes: Vec<Row> = batch.iter().map(|laid| whole_of(part, &laid.key)).collect();
    let [mut rows, mut history, mut redirects] = [Vec::new(), Vec::new(), Vec::new()];
    for laid in batch {
        rows.extend(laid.rows);
        history.extend(laid.history);
        redirects.extend(laid.redirects);
    }
    put(link, &table(part), rows, &wholes, counts).await?;
    if part.kind().is_some() {
        put(link, &beside("history", &["date", "type", "title", "text"]), history, &wholes, counts).await?;
        put(link, &beside("redirects", &["former_slug", "alias"]), redirects, &wholes, counts).await?;
    }
    Ok(())
}

fn whole_of(part: Part, key: &str) -> Row {
    let value = if part.kind().is_some() { json!({"part": part.name(), "key": key}) } else { json!({"park": key}) };
    match value {
        Value::Object(row) => row,
        _ => Row::new(),
    }
}

/// Makes a table hold `rows`, and of each of the `wholes` nothing else.
async fn put(
    link: &mut Link,
    table: &Table,
    rows: Vec<Row>,
    wholes: &[Row],
    counts: &mut Counts,
) -> Result<(), Trouble> {
    let name = table.name;
    let list = |names: &[String], before: &str| {
        names.iter().map(|name| format!("{before}{}", quoted(name))).collect::<Vec<_>>().join(", ")
    };
    let equal = |names: &[&str]| {
        names.iter().map(|name| format!("n.{0} = t.{0}", quoted(name))).collect::<Vec<_>>().join(" AND ")
    };
    let told = json!(rows).to_string();
    if !table.whole.is_empty() {
        let sql = format!(
            "DELETE FROM lifthill.{name} AS t USING jsonb_populate_recordset(NULL::lifthill.{name}, $2::jsonb) AS w \
             WHERE {} AND NOT EXISTS (SELECT FROM jsonb_populate_recordset(NULL::lifthill.{name}, $1::jsonb) AS n WHERE {})",
            equal(table.whole).replace("n.", "w."),
            equal(table.key),
        );
        let statement = sqlx::query(AssertSqlSafe(sql)).bind(&told).bind(json!(wholes).to_string());
        counts.removed += link.execute(&format!("removing {name}"), statement).await?;
    }
    if rows.is_empty() {
        return Ok(());
    }
    let rest: Vec<String> = table.columns.iter().filter(|name| !table.key.contains(&name.as_str())).cloned().collect();
    let key: Vec<String> = table.key.iter().map(|name| (*name).to_owned()).collect();
    let set = rest.iter().map(|name| format!("{0} = excluded.{0}", quoted(name))).collect::<Vec<_>>().join(", ");
    // A body is never null; a row without one has an empty one.
    let given = table.columns.iter().map(|name| match name.as_str() {
        "body" => "coalesce(n.body, '')".to_owned(),
        name => format!("n.{}", quoted(name)),
    });
    let sql = format!(
        "INSERT INTO lifthill.{name} AS t ({}) SELECT {} FROM jsonb_populate_recordset(NULL::lifthill.{name}, $1::jsonb) AS n \
         ON CONFLICT ({}) DO UPDATE SET {set} WHERE ({}) IS DISTINCT FROM ({})",
        list(&table.columns, ""),
        given.collect::<Vec<_>>().join(", "),
        list(&key, ""),
        list(&rest, "t."),
        list(&rest, "excluded."),
    );
    let doing = format!("writing {name}");
    counts.rows += link.execute(&doing, sqlx::query(AssertSqlSafe(sql)).bind(&told)).await?;
    Ok(())
}

/// Our own tables into content files below `folder`. Files that are as they must be are not
/// touched; nothing is removed.
pub fn export(settings: &config::Postgres, root: &Path, folder: &Path, rating_scale: u32) -> Result<Counts> {
    let mut counts = Counts::default();
    let runtime = runtime()?;
    runtime.block_on(async {
        let server = Server::at(&settings.url, "primary", settings, root)?;
        let mut link = server.begin(For::Reading).await?;
        let queries = Queries::own();
        for (part, query) in &queries.parts {
            let sql = export_query(*part, &query.sql);
            let doing = format!("reading {}", part.name());
            let mut found = link.stream(&doing, sqlx::query(AssertSqlSafe(sql)));
            while let Some(row) = found.try_next().await? {
                let (key, lines): (String, String) = (get(&row, 0)?, get(&row, 1)?);
                let layout: (Option<String>, Option<String>, Option<String>) =
                    (get(&row, 2)?, get(&row, 3)?, get(&row, 4)?);
                let rows: Vec<Row> = serde_json::from_str(&lines).context("a row is not the JSON it must be")?;
                let (path, text) = file_of(*part, &key, &rows, layout, rating_scale);
                counts.files += 1;
                counts.rows += rows.len() as u64;
                counts.unchanged += u64::from(!write(folder, &path, &text)?);
            }
        }
        link.end().await;
        server.close().await;
        anyhow::Ok(())
    })?;
    Ok(counts)
}

/// One row a file: key, rows as a JSON array, and the layout that was kept.
fn export_query(part: Part, sql: &str) -> String {
    let key = match part {
        Part::Models => "q.company || '/' || q.slug",
        Part::Rides => "q.park || '/' || q.slug",
        Part::Areas | Part::Photos | Part::Reviews => "q.park::text",
        _ => "q.slug::text",
    };
    let order = match part {
        Part::Areas | Part::Photos => " ORDER BY q.position",
        Part::Reviews => " ORDER BY q.created, q.id",
        _ => "",
    };
    format!(
        "SELECT f.key, f.rows, l.path, l.head, l.tail FROM \
         (SELECT {key} AS key, json_agg(json_strip_nulls(row_to_json(q)){order})::text AS rows FROM ({sql}) AS q GROUP BY 1) AS f \
         LEFT JOIN lifthill.layouts AS l ON l.part = '{}' AND l.key = f.key",
        part.name()
    )
}

type Layout = (Option<String>, Option<String>, Option<String>);

/// Path and text of a file: as it was laid out where that still says what the rows say.
fn file_of(part: Part, key: &str, rows: &[Row], layout: Layout, rating_scale: u32) -> (String, String) {
    if let (Some(path), Some(head), Some(tail)) = layout {
        let body =
            rows.first().filter(|_| part.kind().is_some()).and_then(|row| row.get("body")).and_then(Value::as_str);
        let text = format!("{head}{}{tail}", body.unwrap_or_default());
        if crate::paths::RelPath::new(&path).is_some() && says(&path, &text, part, rows, rating_scale) {
            return (path, text);
        }
    }
    (path_of(part, key), written(part, rows))
}

fn says(path: &str, text: &str, part: Part, rows: &[Row], rating_scale: u32) -> bool {
    let Ok(Some(laid)) = rows_of(path, text, rating_scale) else { return false };
    let mut told = laid.rows;
    if let Some(row) = told.first_mut().filter(|_| part.kind().is_some()) {
        let without = |row: &Row| {
            let kept = row.iter().filter(|(name, _)| !["part", "key", "position"].contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        };
        let paths = |name: &str| laid.redirects.iter().filter_map(|row| row.get(name).cloned()).collect::<Vec<Value>>();
        row.insert("history".to_owned(), json!(laid.history.iter().map(without).collect::<Vec<_>>()));
        row.insert("former_slugs".to_owned(), json!(paths("former_slug")));
        row.insert("aliases".to_owned(), json!(paths("alias")));
    }
    laid.part == Some(part) && comparable(part, &told) == comparable(part, rows)
}

/// Writes a file unless it holds just that; says whether it was written.
fn write(folder: &Path, path: &str, text: &str) -> Result<bool> {
    let file = folder.join(path);
    if door::read(&file, Most(text.len() as u64)).is_ok_and(|bytes| bytes == text.as_bytes()) {
        return Ok(false);
    }
    let parent = file.parent().context("a file has a folder")?;
    std::fs::create_dir_all(parent).with_context(|| format!("cannot create the folder of {path}"))?;
    std::fs::write(&file, text).with_context(|| format!("cannot write {path}"))?;
    Ok(true)
}
