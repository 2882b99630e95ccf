//! How far the log has been read, on which server, and what it says since. Knows nothing of the
//! rows themselves.
//!
//! On a primary the cursor is the text of the snapshot: an entry is new if its transaction was not
//! visible then and is now. A standby's snapshot has no list of running transactions, so there the
//! cursor is its oldest running one, with the entries beyond it that have been seen; an entry is new
//! if it is not older and has not been seen. Both cursors may be read on both kinds of server, since
//! a server that has not yet replayed what the cursor has seen is not read from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use sqlx::Row;

use super::connect::Link;
use super::knowledge::Knowledge;
use super::trouble::{Trouble, Why};

/// What a reader remembers between builds. Holds no address.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// Which server, database and log.
    pub identity: Identity,
    /// How far.
    pub cursor: Cursor,
    /// The write-ahead log's position that holds everything seen.
    pub lsn: u64,
    /// The first transaction number that had not been given out.
    pub xmax: u64,
    /// What was known of the queries read with.
    pub knowledge: Knowledge,
    /// When everything was last compared, seconds since 1970.
    pub compared_at: i64,
    /// The name under which this reader is registered.
    pub reader: String,
    /// When it last registered, seconds since 1970; 0 for never.
    pub registered_at: i64,
    /// The oldest transaction that the primary's list of readers then held for it.
    pub registered: Option<u64>,
}

/// Which server, database and log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The cluster.
    pub system: String,
    /// Its timeline: another one after a failover or a restore.
    pub timeline: i32,
    /// The database in it.
    pub database: i64,
    /// The change log in that; `None` where there is none.
    pub epoch: Option<String>,
}

/// How far the log has been read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cursor {
    /// A primary's snapshot, as text.
    Snapshot(String),
    /// A standby's oldest running transaction, and the entries not older that have been seen.
    Horizon(u64, BTreeSet<i64>),
}

impl Cursor {
    /// The oldest transaction that may have entries not seen.
    pub fn oldest(&self) -> u64 {
        match self {
            Self::Snapshot(text) => text.split(':').next().and_then(|xmin| xmin.parse().ok()).unwrap_or_default(),
            Self::Horizon(xmin, _) => *xmin,
        }
    }
}

/// Where a transaction stands: what [`Seen`] will be made of.
#[derive(Clone, Debug)]
pub struct Position {
    /// Which server.
    pub identity: Identity,
    /// Whether it is a standby.
    pub standby: bool,
    /// The transaction's snapshot, as text.
    pub snapshot: String,
    /// The write-ahead log's position.
    pub lsn: u64,
    /// How far the log was pruned.
    pub pruned: u64,
    /// What the list of readers holds for this one.
    pub registered: Option<u64>,
    /// Seconds by which a standby is behind; 0 where it has replayed all it received.
    pub lag: f64,
    /// Seconds since 1970, by the server's clock.
    pub now: i64,
}

impl Position {
    /// Where `link` stands, for the reader of that name.
    pub async fn of(link: &mut Link, reader: &str) -> Result<Self, Trouble> {
        let log = sqlx::query("SELECT to_regclass('lifthill.change_log') IS NOT NULL");
        let has_log: bool = one(&link.rows("looking for the change log", log).await?, 0)?;
        let log = if has_log {
            "(SELECT epoch::text FROM lifthill.log_state), (SELECT pruned::text FROM lifthill.log_state), \
             (SELECT oldest::text FROM lifthill.readers WHERE name = $1::text)"
        } else {
            "NULL::text, '0'::text, nullif($1::text, $1::text)"
        };
        let statement = format!(
            "SELECT (SELECT system_identifier::text FROM pg_control_system()), \
             CASE WHEN pg_is_in_recovery() THEN (SELECT timeline_id FROM pg_control_checkpoint()) \
              ELSE ('x' || substr(pg_walfile_name(pg_current_wal_insert_lsn()), 1, 8))::bit(32)::int END, \
             (SELECT oid::bigint FROM pg_database WHERE datname = current_database()), \
             pg_is_in_recovery(), pg_current_snapshot()::text, \
             ((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END) \
              - '0/0'::pg_lsn)::bigint, \
             (CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 \
              ELSE coalesce(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()), 0) END)::float8, \
             extract(epoch FROM clock_timestamp())::bigint, {log}"
        );
        let rows =
            link.rows("asking where it stands", sqlx::query(sqlx::AssertSqlSafe(statement)).bind(reader)).await?;
        let pruned: String = one(&rows, 9)?;
        let registered: Option<String> = one(&rows, 10)?;
        Ok(Self {
            identity: Identity {
                system: one(&rows, 0)?,
                timeline: one(&rows, 1)?,
                database: one(&rows, 2)?,
                epoch: one(&rows, 8)?,
            },
            standby: one(&rows, 3)?,
            snapshot: one(&rows, 4)?,
            lsn: one::<i64>(&rows, 5)?.cast_unsigned(),
            pruned: pruned.parse().unwrap_or(u64::MAX),
            registered: registered.and_then(|oldest| oldest.parse().ok()),
            lag: one(&rows, 6)?,
            now: one(&rows, 7)?,
        })
    }

    /// Why everything must be compared rather than what the log tells since `seen`, if so.
    pub fn doubt(&self, seen: &Seen) -> Option<String> {
        let (then, now) = (&seen.identity, &self.identity);
        if then.system != now.system || then.database != now.database {
            return Some("it is another database than the last build read".to_owned());
        }
        if then.timeline != now.timeline {
            let (then, now) = (then.timeline, now.timeline);
            return Some(format!("the server is on timeline {now}, after {then}: a failover or a restore"));
        }
        if then.epoch != now.epoch {
            return Some("the change log is another one than the last build read".to_owned());
        }
        if self.lsn < seen.lsn && !self.standby {
            return Some("the server has gone back in time".to_owned());
        }
        // A standby may not know yet.
        if self.registered < seen.registered && !self.standby {
            return Some("the list of readers is not as this one left it: a restore, or a long absence".to_owned());
        }
        let oldest = seen.cursor.oldest();
        (self.pruned > oldest).then(|| {
            "the change log was pruned beyond the last build: this reader had not been seen for too long".to_owned()
        })
    }

    /// The cursor of this position. `seen` are the entries visible now that are not older than the
    /// snapshot's oldest running transaction.
    pub fn cursor(&self, seen: BTreeSet<i64>) -> Cursor {
        if self.standby { Cursor::Horizon(self.xmin(), seen) } else { Cursor::Snapshot(self.snapshot.clone()) }
    }

    /// The snapshot's oldest running transaction.
    pub fn xmin(&self) -> u64 {
        self.snapshot.split(':').next().and_then(|xmin| xmin.parse().ok()).unwrap_or_default()
    }

    /// The first transaction number that had not been given out.
    pub fn xmax(&self) -> u64 {
        self.snapshot.split(':').nth(1).and_then(|xmax| xmax.parse().ok()).unwrap_or_default()
    }
}

/// What the log says: keys by part; `None` for anything in the part.
pub type Logged = BTreeMap<String, Option<BTreeSet<String>>>;

/// The entries that are new since `cursor`, and, for the next cursor on a standby, those seen that
/// its horizon does not cover.
pub async fn logged(link: &mut Link, position: &Position, cursor: &Cursor) -> Result<(Logged, BTreeSet<i64>), Trouble> {
    let doing = "reading the change log";
    let mut logged = Logged::new();
    let rows = match cursor {
        Cursor::Snapshot(snapshot) => {
            let statement = sqlx::query(
                "SELECT seq, xid::text, part, key FROM lifthill.change_log \
                 WHERE xid >= pg_snapshot_xmin($1::pg_snapshot) AND NOT pg_visible_in_snapshot(xid, $1::pg_snapshot)",
            );
            link.rows(doing, statement.bind(snapshot)).await?
        }
        Cursor::Horizon(xmin, _) => {
            let statement =
                sqlx::query("SELECT seq, xid::text, part, key FROM lifthill.change_log WHERE xid >= $1::xid8");
            link.rows(doing, statement.bind(xmin.to_string())).await?
        }
    };
    let known = match cursor {
        Cursor::Horizon(_, seen) => seen.clone(),
        Cursor::Snapshot(_) => BTreeSet::new(),
    };
    for row in &rows {
        if known.contains(&get(row, 0)?) {
            continue;
        }
        let part: String = get(row, 2)?;
        match get::<Option<String>>(row, 3)? {
            Some(key) => {
                if let Some(keys) = logged.entry(part).or_insert_with(|| Some(BTreeSet::new())) {
                    keys.insert(key);
                }
            }
            None => drop(logged.insert(part, None)),
        }
    }
    let beyond = if position.standby { beyond_horizon(link, position).await? } else { BTreeSet::new() };
    Ok((logged, beyond))
}

/// The visible entries that are not older than a standby's oldest running transaction.
pub async fn beyond_horizon(link: &mut Link, position: &Position) -> Result<BTreeSet<i64>, Trouble> {
    let statement = sqlx::query("SELECT seq FROM lifthill.change_log WHERE xid >= $1::xid8");
    let rows = link.rows("reading the change log", statement.bind(position.xmin().to_string())).await?;
    rows.iter().map(|row| get(row, 0)).collect()
}

/// A column of a row of a statement of our own.
pub fn get<'r, T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>>(
    row: &'r sqlx::postgres::PgRow,
    column: usize,
) -> Result<T, Trouble> {
    row.try_get(column)
        .map_err(|error| Trouble::new(Why::Refused, format!("database: an answer not understood: {error}")))
}

fn one<'r, T: sqlx::Decode<'r, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>>(
    rows: &'r [sqlx::postgres::PgRow],
    column: usize,
) -> Result<T, Trouble> {
    match rows.first() {
        Some(row) => get(row, column),
        None => Err(Trouble::new(Why::Refused, "database: an answer without a row")),
    }
}
