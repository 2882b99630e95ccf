//! Connections: a pool for one server, and a transaction on it in which everything is said. Knows
//! nothing of rows or of what changed.

use std::io;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgListener, PgPool, PgPoolOptions, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Postgres, Row, Transaction};

use super::secret::Secret;
use super::trouble::{Trouble, Whose, Why};
use crate::config::{self, Address};

/// A server that may be connected to.
#[derive(Clone)]
pub struct Server {
    /// How it is called in messages: `primary` or `replica 1`, and where its URL stands.
    pub name: String,
    secret: Secret,
    options: PgConnectOptions,
    pool: PgPool,
    settings: config::Postgres,
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum For {
    /// Reading one snapshot.
    Reading,
    /// Writing.
    Writing,
}

/// A transaction on a server. Dropped, it is rolled back.
pub struct Link {
    transaction: Transaction<'static, Postgres>,
    /// How the server is called.
    pub name: String,
    secret: Secret,
    /// Statements sent so far.
    pub statements: u64,
    /// Whose SQL is being run.
    pub whose: Whose,
    /// How long an answer is waited for.
    patience: Duration,
}

/// How much longer than a server gives itself for a statement its answer is waited for.
const GRACE: Duration = Duration::from_secs(5);

/// How long a farewell may take that nothing depends on.
const FAREWELL: Duration = Duration::from_secs(3);

/// Waits for an answer, but not for ever: who accepts a connection need not ever say anything.
async fn within<R>(patience: Duration, answer: impl Future<Output = Result<R, sqlx::Error>>) -> Result<R, sqlx::Error> {
    match tokio::time::timeout(patience, answer).await {
        Ok(answer) => answer,
        Err(_) => Err(sqlx::Error::Io(silence(patience))),
    }
}

fn silence(patience: Duration) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {} s", patience.as_secs()))
}

impl Server {
    /// The server whose URL `address` points to. Connects to nothing yet; must be called within a
    /// runtime.
    pub fn at(address: &Address, role: &str, settings: &config::Postgres, root: &Path) -> Result<Self, Trouble> {
        let secret = Secret::read(address, root)?;
        let name = format!("{role}, {address}");
        let options = PgConnectOptions::from_str(secret.expose())
            .map_err(|error| Trouble::of(&error, &name, "reading the URL", &secret))?;
        // What a pooler does not know at the start of a session it refuses: only the name is sent.
        let options = options
            .application_name("lifthill")
            .extra_float_digits(None)
            .statement_cache_capacity(0)
            .disable_statement_logging();
        let pool = PgPoolOptions::new()
            .max_connections(settings.pool_size)
            .acquire_timeout(settings.acquire_timeout)
            .idle_timeout(settings.idle_timeout)
            .max_lifetime(settings.max_lifetime)
            .test_before_acquire(true)
            .connect_lazy_with(options.clone());
        Ok(Self { name, secret, options, pool, settings: settings.clone() })
    }

    /// Begins a transaction, with limits that hold for it alone.
    pub async fn begin(&self, purpose: For) -> Result<Link, Trouble> {
        let begin = match purpose {
            For::Reading => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
            For::Writing => "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
        };
        // A connection is to be had in that time, and then an answer.
        let waits = self.settings.acquire_timeout;
        let transaction = match within(waits * 2, self.pool.begin_with(begin)).await {
            Ok(transaction) => transaction,
            Err(error) => return Err(self.cause(error).await),
        };
        let (name, secret) = (self.name.clone(), self.secret.clone());
        let mut link = Link { transaction, name, secret, statements: 1, whose: Whose::Ours, patience: waits };
        let milliseconds = |duration: std::time::Duration| duration.as_millis().to_string();
        let limits = sqlx::query(
            "SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true), \
             set_config('idle_in_transaction_session_timeout', $3, true), set_config('TimeZone', 'UTC', true), \
             set_config('extra_float_digits', '1', true), set_config('search_path', $4, true), \
             set_config('standard_conforming_strings', 'on', true)",
        )
        .bind(milliseconds(self.settings.statement_timeout))
        .bind(milliseconds(self.settings.lock_timeout))
        .bind(milliseconds(self.settings.idle_in_transaction_timeout))
        .bind("public, pg_catalog");
        link.rows("setting limits", limits).await?;
        link.patience = self.settings.statement_timeout.saturating_add(GRACE);
        Ok(link)
    }

    /// Why no connection was to be had: a pool that waited in vain does not say.
    async fn cause(&self, error: sqlx::Error) -> Trouble {
        let doing = "connecting";
        if !matches!(error, sqlx::Error::PoolTimedOut) {
            let trouble = Trouble::of(&error, &self.name, doing, &self.secret);
            let why = if trouble.why == Why::Interrupted { Why::Unreachable } else { trouble.why };
            return Trouble { why, ..trouble };
        }
        let direct = tokio::time::timeout(self.settings.acquire_timeout.min(FAREWELL), self.options.connect()).await;
        match direct {
            Ok(Err(error)) => {
                let trouble = Trouble::of(&error, &self.name, doing, &self.secret);
                Trouble { why: Why::Unreachable, ..trouble }
            }
            Ok(Ok(connection)) => {
                drop(tokio::time::timeout(FAREWELL, connection.close()).await);
                Trouble::of(&error, &self.name, doing, &self.secret)
            }
            Err(_) => Trouble::of(&error, &self.name, doing, &self.secret),
        }
    }

    /// Whether a connection may be spent on listening.
    pub fn may_listen(&self) -> bool {
        self.settings.pool_size > 1
    }

    /// A session that is notified on `channel`; `None` where the server passes no notifications on. A
    /// pooler in transaction mode would take a LISTEN, and leave it to whoever gets the connection next:
    /// it is known by what it does to a setting of the session's start. The error is that there is
    /// no connection.
    pub async fn listener(&self, channel: &str) -> Result<Option<PgListener>, Trouble> {
        let options = self.options.clone().options([("lifthill.listens", "on")]);
        let pool = PgPoolOptions::new().max_connections(1).acquire_timeout(self.settings.acquire_timeout);
        let pool = pool.idle_timeout(None).max_lifetime(None).connect_lazy_with(options);
        let mut listener = match PgListener::connect_with(&pool).await {
            Ok(listener) => listener,
            // PgBouncer does not know what we set.
            Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some("08P01") => return Ok(None),
            Err(error) => return Err(self.cause(error).await),
        };
        listener.eager_reconnect(false);
        let asked = sqlx::raw_sql("SELECT current_setting('lifthill.listens', true)");
        let waits = self.settings.acquire_timeout;
        let own =
            within(waits, asked.fetch_one(&mut listener)).await.and_then(|row| row.try_get::<Option<String>, _>(0));
        if !matches!(own, Ok(Some(text)) if text == "on") || within(waits, listener.listen(channel)).await.is_err() {
            return Ok(None);
        }
        Ok(Some(listener))
    }

    /// Closes all connections.
    pub async fn close(self) {
        let _ = tokio::time::timeout(FAREWELL, self.pool.close()).await;
    }
}

/// A statement and its arguments.
pub type Statement<'q> = Query<'q, Postgres, PgArguments>;

impl Link {
    /// Sends a statement and returns all its rows. Never a named statement: a pooler may hand the
    /// next one to another connection.
    pub async fn rows(&mut self, doing: &str, statement: Statement<'_>) -> Result<Vec<PgRow>, Trouble> {
        self.statements += 1;
        let rows = within(self.patience, statement.persistent(false).fetch_all(&mut *self.transaction)).await;
        rows.map_err(|error| self.trouble(&error, doing))
    }

    /// Sends a statement whose columns may be of any type, known or not, and returns its first row. The
    /// error is the driver's, which knows where in the statement it is.
    pub async fn plain_row(&mut self, sql: &str) -> Result<Option<PgRow>, sqlx::Error> {
        self.statements += 1;
        // Asked for as text, no type needs to be looked up: that would be a statement between two halves.
        let asked = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        within(self.patience, asked.fetch_optional(&mut *self.transaction)).await
    }

    /// Sends a statement and returns how many rows it touched.
    pub async fn execute(&mut self, doing: &str, statement: Statement<'_>) -> Result<u64, Trouble> {
        self.statements += 1;
        let done = within(self.patience, statement.persistent(false).execute(&mut *self.transaction)).await;
        done.map(|done| done.rows_affected()).map_err(|error| Trouble::of(&error, &self.name, doing, &self.secret))
    }

    /// Sends a statement and hands on its rows as they come.
    pub fn stream<'s>(&'s mut self, doing: &'s str, statement: Statement<'s>) -> BoxStream<'s, Result<PgRow, Trouble>> {
        self.statements += 1;
        let (name, secret, whose, patience) = (&self.name, &self.secret, self.whose, self.patience);
        let rows = statement.persistent(false).fetch(&mut *self.transaction);
        let rows = futures_util::stream::unfold(rows, move |mut rows| async move {
            let row = match tokio::time::timeout(patience, rows.next()).await {
                Ok(row) => row?,
                Err(_) => Err(sqlx::Error::Io(silence(patience))),
            };
            Some((row, rows))
        });
        rows.map_err(move |error| Trouble::in_sql(&error, name, doing, secret, whose)).boxed()
    }

    /// Sends a script of several statements.
    pub async fn script(&mut self, doing: &str, sql: &str) -> Result<(), Trouble> {
        self.statements += 1;
        let script = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        let done = within(self.patience, script.execute(&mut *self.transaction)).await;
        done.map(drop).map_err(|error| Trouble::of(&error, &self.name, doing, &self.secret))
    }

    /// What an error in this transaction means.
    pub fn trouble(&self, error: &sqlx::Error, doing: &str) -> Trouble {
        Trouble::in_sql(error, &self.name, doing, &self.secret, self.whose)
    }

    /// Ends the transaction and keeps nothing. A connection that is gone has ended it already.
    pub async fn end(self) {
        drop(tokio::time::timeout(FAREWELL, self.transaction.rollback()).await);
    }

    /// Ends the transaction and keeps what it wrote.
    pub async fn commit(self) -> Result<(), Trouble> {
        let Self { transaction, name, secret, patience, .. } = self;
        within(patience, transaction.commit()).await.map_err(|error| Trouble::of(&error, &name, "committing", &secret))
    }
}

/// A runtime for one thread.
pub fn runtime() -> Result<tokio::runtime::Runtime, Trouble> {
    let made = tokio::runtime::Builder::new_current_thread().enable_all().build();
    made.map_err(|error| Trouble::new(Why::Unreachable, format!("database: no runtime: {error}")))
}
