//! Which server is read: the nearest replica that is fit, else the primary; and the primary's list
//! of readers. Knows nothing of rows.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::connect::{For, Link, Server, runtime};
use super::cursor::{Position, Seen, get};
use super::trouble::{Trouble, Why};
use crate::config;

/// A transaction on the server that was chosen.
pub struct Chosen {
    /// The transaction.
    pub link: Link,
    /// Where it stands.
    pub position: Position,
    /// `primary`, or `replica` and its place in the settings.
    pub role: String,
    /// Why others were passed over.
    pub notes: Vec<String>,
}

/// How long to wait for a standby to replay what has been seen elsewhere.
const CATCH_UP: Duration = Duration::from_secs(2);

/// Begins to read on the nearest server that is fit. Servers in `avoid` are not asked.
pub async fn choose(
    settings: &config::Postgres,
    root: &Path,
    seen: Option<&Seen>,
    avoid: &BTreeSet<String>,
) -> Result<Chosen, Trouble> {
    let mut notes = Vec::new();
    for (index, address) in settings.replicas.iter().enumerate() {
        let role = format!("replica {}", index + 1);
        if avoid.contains(&role) {
            notes.push(format!("{role} was lost"));
            continue;
        }
        let server = Server::at(address, &role, settings, root)?;
        match fit(&server, settings, seen).await {
            Ok(Ok((link, position))) => return Ok(Chosen { link, position, role, notes }),
            Ok(Err(why)) => notes.push(format!("{role} was passed over: {why}")),
            Err(trouble) => notes.push(format!("{role} was passed over: {trouble}")),
        }
    }
    let server = Server::at(&settings.url, "primary", settings, root)?;
    let mut link = server.begin(For::Reading).await?;
    let reader = seen.map_or("", |seen| &seen.reader);
    let mut position = Position::of(&mut link, reader).await?;
    if position.standby && seen.is_some() {
        // It is a standby that is called the primary: it may be behind what another has shown us.
        let statements = link.statements;
        drop(link);
        match fit(&server, settings, seen).await? {
            Ok(found) => (link, position) = found,
            Err(why) => return Err(Trouble::new(Why::Unreachable, format!("database ({}): {why}", server.name))),
        }
        link.statements += statements;
    }
    Ok(Chosen { link, position, role: "primary".to_owned(), notes })
}

/// A transaction on a standby that has replayed what has been seen and is not too far behind; or why
/// it is not fit. What it had replayed is asked before the transaction begins that reads.
async fn fit(
    server: &Server,
    settings: &config::Postgres,
    seen: Option<&Seen>,
) -> Result<Result<(Link, Position), String>, Trouble> {
    let start = Instant::now();
    let reader = seen.map_or("", |seen| &seen.reader);
    let mut statements = 0;
    loop {
        let mut link = server.begin(For::Reading).await?;
        let before = Position::of(&mut link, reader).await?;
        statements += link.statements;
        drop(link);
        let seen_here = seen.filter(|seen| seen.identity.system == before.identity.system);
        let behind = seen_here.is_some_and(|seen| before.standby && before.lsn < seen.lsn);
        if before.lag > settings.max_lag.as_secs_f64() {
            return Ok(Err(format!(
                "it is {:.0} s behind, and `max_lag_s` is {}",
                before.lag,
                settings.max_lag.as_secs()
            )));
        }
        if !behind {
            let mut link = server.begin(For::Reading).await?;
            let position = Position::of(&mut link, reader).await?;
            link.statements += statements;
            return Ok(Ok((link, position)));
        }
        if start.elapsed() > CATCH_UP.min(settings.max_lag) {
            return Ok(Err("it has not yet replayed what the last build has seen".to_owned()));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Tells the primary how far this reader is, strikes readers that have been away for too long off
/// the list, and prunes the log below the oldest that remains. Returns what is worth knowing.
pub fn register(settings: &config::Postgres, root: &Path, seen: &Seen) -> Result<Vec<String>, Trouble> {
    let runtime = runtime()?;
    runtime.block_on(async {
        let server = Server::at(&settings.url, "primary", settings, root)?;
        let mut link = server.begin(For::Writing).await?;
        let doing = "registering this reader";
        let list = sqlx::query(
            "INSERT INTO lifthill.readers (name, oldest) VALUES ($1, $2::xid8) \
             ON CONFLICT (name) DO UPDATE SET oldest = excluded.oldest, seen_at = now()",
        );
        link.execute(doing, list.bind(&seen.reader).bind(seen.cursor.oldest().to_string())).await?;
        let expire = sqlx::query(
            "DELETE FROM lifthill.readers WHERE seen_at < now() - make_interval(secs => $1) \
             RETURNING name, (now()::date - seen_at::date)::int",
        );
        let mut notes = Vec::new();
        for row in link.rows(doing, expire.bind(settings.reader_expiry.as_secs_f64())).await? {
            let (name, days) = (get::<String>(&row, 0)?, get::<i32>(&row, 1)?);
            notes.push(format!(
                "Reader {name} of the change log has not been seen for {days} days and holds it no more; it will compare everything when it comes back."
            ));
        }
        let low = sqlx::query("SELECT oldest::text FROM lifthill.readers ORDER BY oldest LIMIT 1");
        if let Some(row) = link.rows(doing, low).await?.first() {
            let low: String = get(row, 0)?;
            let prune = sqlx::query("DELETE FROM lifthill.change_log WHERE xid < $1::xid8");
            link.execute(doing, prune.bind(&low)).await?;
            let note = sqlx::query("UPDATE lifthill.log_state SET pruned = $1::xid8 WHERE pruned < $1::xid8");
            link.execute(doing, note.bind(&low)).await?;
        }
        link.commit().await?;
        server.close().await;
        Ok(notes)
    })
}
