//! Our own tables: made and changed by the migrations in `migrations/`, which are part of the
//! program. Knows nothing of what stands in them.
//!
//! Checksums and the table of what was applied are sqlx's, so that its own tools understand them. The
//! statements are ours: sqlx names its own, and leaves them to whoever gets a pooler's connection next.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};
use sqlx::migrate::{Migration, MigrationType};
use sqlx::{AssertSqlSafe, SqlSafeStr};

use super::connect::{For, Link, Server, runtime};
use super::cursor::get;
use super::trouble::{Trouble, Why};
use crate::config;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Where it is kept which migrations were applied.
const TABLE: &str = "CREATE SCHEMA IF NOT EXISTS lifthill;
CREATE TABLE IF NOT EXISTS lifthill.migrations (
    version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz NOT NULL DEFAULT now(),
    success boolean NOT NULL, checksum bytea NOT NULL, execution_time bigint NOT NULL
);";

/// A migration, and whether it was applied.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// Its name.
    pub name: String,
    /// Whether the database has it.
    pub applied: bool,
}

/// Every migration, in order.
fn all() -> Vec<Migration> {
    let mut migrations = Vec::new();
    for file in FILES.files() {
        let name = file.path().file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let (number, name) = name.split_once('_').unwrap_or((name, ""));
        let (Ok(version), Some(text)) = (number.parse(), file.contents_utf8()) else { continue };
        let sql = AssertSqlSafe(text.to_owned()).into_sql_str();
        migrations.push(Migration::new(version, name.replace('_', " ").into(), MigrationType::Simple, sql, false));
    }
    migrations.sort();
    migrations
}

/// Applies what has not been applied, all or nothing. Returns every migration and whether it was
/// applied before.
pub fn migrate(settings: &config::Postgres, root: &Path) -> Result<Vec<Applied>, Trouble> {
    runtime()?.block_on(async {
        let server = Server::at(&settings.url, "primary", settings, root)?;
        let mut link = server.begin(For::Writing).await?;
        let doing = "migrating";
        link.rows(doing, sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('lifthill migrations', 0))"))
            .await?;
        let before = applied(&mut link).await?;
        if before.iter().any(|one| !one.applied) {
            link.script(doing, TABLE).await?;
        }
        for (migration, _) in all().iter().zip(&before).filter(|(_, before)| !before.applied) {
            link.script(doing, migration.sql.as_str()).await?;
            let note = sqlx::query(
                "INSERT INTO lifthill.migrations (version, description, success, checksum, execution_time) \
                 VALUES ($1, $2, true, $3, -1)",
            );
            let note = note.bind(migration.version).bind(&*migration.description).bind(&*migration.checksum);
            link.execute(doing, note).await?;
        }
        link.commit().await?;
        server.close().await;
        Ok(before)
    })
}

/// Every migration, and whether it was applied; and how many entries and readers the change log has.
pub type Status = (Vec<Applied>, Option<(i64, i64)>);

/// What the database has.
pub fn status(settings: &config::Postgres, root: &Path) -> Result<Status, Trouble> {
    runtime()?.block_on(async {
        let server = Server::at(&settings.url, "primary", settings, root)?;
        let mut link = server.begin(For::Reading).await?;
        let found = applied(&mut link).await?;
        let mut log = None;
        if found.iter().all(|one| one.applied) {
            let count = "SELECT (SELECT count(*) FROM lifthill.change_log), (SELECT count(*) FROM lifthill.readers)";
            let rows = link.rows("counting the change log", sqlx::query(count)).await?;
            if let Some(row) = rows.first() {
                log = Some((get(row, 0)?, get(row, 1)?));
            }
        }
        link.end().await;
        server.close().await;
        Ok((found, log))
    })
}

/// Every migration, and whether the database has it. The error is that it has others than ours.
async fn applied(link: &mut Link) -> Result<Vec<Applied>, Trouble> {
    let doing = "looking at the migrations";
    let there = link.rows(doing, sqlx::query("SELECT to_regclass('lifthill.migrations') IS NOT NULL")).await?;
    let mut done: BTreeMap<i64, Vec<u8>> = BTreeMap::new();
    if there.first().is_some_and(|row| get(row, 0).unwrap_or(false)) {
        let listed = sqlx::query("SELECT version, checksum FROM lifthill.migrations WHERE success");
        for row in link.rows(doing, listed).await? {
            done.insert(get(&row, 0)?, get(&row, 1)?);
        }
    }
    let mut known = Vec::new();
    for one in all() {
        let found = done.remove(&one.version);
        if found.as_ref().is_some_and(|checksum| *checksum != *one.checksum) {
            let message = format!("migration {} is not the one that was applied", one.version);
            return Err(Trouble::new(Why::Refused, format!("database ({}): {message}", link.name)));
        }
        known.push(Applied { version: one.version, name: one.description.to_string(), applied: found.is_some() });
    }
    match done.keys().next() {
        Some(version) => {
            let message = format!("it has migration {version}, which this program does not know; use a newer Lifthill");
            Err(Trouble::new(Why::Refused, format!("database ({}): {message}", link.name)))
        }
        None => Ok(known),
    }
}
