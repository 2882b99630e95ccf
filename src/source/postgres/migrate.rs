//! Our own tables: made and changed by the migrations in `migrations/`, which are part of the
//! program. Knows nothing of what stands in them.

use std::path::Path;

use include_dir::{Dir, include_dir};
use sqlx::SqlSafeStr;
use sqlx::migrate::{Migrate, Migration, MigrationType, Migrator};

use super::connect::{For, Server, runtime};
use super::cursor::get;
use super::trouble::{Trouble, Why};
use crate::config;

static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/migrations");

/// Where it is kept which migrations were applied.
const TABLE: &str = "lifthill.migrations";

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
fn migrator() -> Migrator {
    let mut migrations = Vec::new();
    for file in FILES.files() {
        let name = file.path().file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let (number, name) = name.split_once('_').unwrap_or((name, ""));
        let (Ok(version), Some(text)) = (number.parse(), file.contents_utf8()) else { continue };
        let sql = sqlx::AssertSqlSafe(text.to_owned()).into_sql_str();
        migrations.push(Migration::new(version, name.replace('_', " ").into(), MigrationType::Simple, sql, false));
    }
    let mut migrator = Migrator::with_migrations(migrations);
    migrator.dangerous_set_table_name(TABLE);
    migrator.create_schema("lifthill");
    // A session's lock would outlive us behind a pooler; ours is the transaction's.
    migrator.set_locking(false);
    migrator
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
        let done = migrator().run_direct(None, &mut **link.transaction(), false).await;
        done.map_err(|error| match &error {
            sqlx::migrate::MigrateError::Execute(error) | sqlx::migrate::MigrateError::ExecuteMigration(error, _) => {
                link.trouble(error, doing)
            }
            other => Trouble::new(Why::Refused, format!("database ({}): migrating: {other}", link.name)),
        })?;
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

async fn applied(link: &mut super::connect::Link) -> Result<Vec<Applied>, Trouble> {
    let doing = "looking at the migrations";
    let there = link.rows(doing, sqlx::query("SELECT to_regclass('lifthill.migrations') IS NOT NULL")).await?;
    let there = there.first().is_some_and(|row| get(row, 0).unwrap_or(false));
    let done = if there {
        let transaction = &mut **link.transaction();
        let listed = transaction.list_applied_migrations(TABLE).await;
        let listed = listed.map_err(|error| Trouble::new(Why::Refused, format!("database: {doing}: {error}")))?;
        listed.into_iter().map(|one| one.version).collect()
    } else {
        Vec::new()
    };
    let all = migrator();
    let known = all.iter().map(|one| Applied {
        version: one.version,
        name: one.description.to_string(),
        applied: done.contains(&one.version),
    });
    Ok(known.collect())
}
