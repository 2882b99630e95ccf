//! What can go wrong with a database, said so that its owner knows what to do. Knows nothing of
//! rows.

use std::fmt;

use super::secret::Secret;

/// Something is wrong with a database or the way to it.
#[derive(Debug)]
pub struct Trouble {
    /// What, for somebody who branches on it.
    pub why: Why,
    pub(super) message: String,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No connection could be made, or not now.
    Unreachable,
    /// A connection was lost, or the server gave up what it was doing.
    Interrupted,
    /// The server is there and refuses: a password, a permission, a missing table, a statement.
    Refused,
    /// A table was emptied or written anew while it was read: what was read of it may be nothing.
    Moved,
    /// The settings are wrong.
    Settings,
}

/// Whose SQL was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// Ours.
    Ours,
    /// That of a file that somebody wrote.
    Theirs,
}

impl Trouble {
    /// A trouble of our own finding.
    pub fn new(why: Why, message: impl Into<String>) -> Self {
        Self { why, message: message.into() }
    }

    /// What an error of the driver means. `server` is how the server is called, `doing` what was
    /// being done ("reading rides").
    pub fn of(error: &sqlx::Error, server: &str, doing: &str, secret: &Secret) -> Self {
        Self::in_sql(error, server, doing, secret, Whose::Ours)
    }

    /// The same where it matters whose SQL it was.
    pub fn in_sql(error: &sqlx::Error, server: &str, doing: &str, secret: &Secret, whose: Whose) -> Self {
        let (why, said) = match error {
            sqlx::Error::Database(error) if whose == Whose::Theirs => of_their_sql(error.as_ref()),
            sqlx::Error::Database(error) => of_server(error.as_ref()),
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
                (Why::Unreachable, format!("{error}; is the server running, and are host and port right?"))
            }
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let what = "a certificate or key that the URL names, or the server's socket, is not there";
                (Why::Unreachable, format!("{error}: {what}"))
            }
            // What rustls refuses comes as one.
            sqlx::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => of_tls(error),
            sqlx::Error::Io(error) => (Why::Interrupted, format!("the connection was lost: {error}")),
            sqlx::Error::Tls(error) => of_tls(error),
            sqlx::Error::PoolTimedOut => (Why::Unreachable, "no connection was to be had in time".to_owned()),
            sqlx::Error::Protocol(said) => (Why::Interrupted, said.clone()),
            sqlx::Error::BeginFailed => (Why::Interrupted, "no transaction could be begun".to_owned()),
            sqlx::Error::Configuration(error) => (Why::Settings, format!("not the URL of a Postgres: {error}")),
            other => (Why::Refused, other.to_string()),
        };
        let message = format!("database ({server}): {doing}: {said}");
        Self { why, message: secret.redact(&message) }
    }
}

/// What it means that a connection could not be made secure.
fn of_tls(error: &dyn fmt::Display) -> (Why, String) {
    let said = error.to_string();
    let help = if said.contains("certificate") {
        "`sslrootcert` in the URL names the authority that the server's certificate must be by"
    } else {
        "`sslmode` in the URL says what is asked for"
    };
    (Why::Unreachable, format!("no secure connection: {said}; {help}"))
}

/// What an error in somebody's own SQL means: our tables are no part of it, and the server knows best.
fn of_their_sql(error: &dyn sqlx::error::DatabaseError) -> (Why, String) {
    let code = error.code().unwrap_or_default();
    if matches!(code.get(..2), Some("53" | "55" | "57" | "40" | "25")) || code == "42501" {
        return of_server(error);
    }
    let told = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
    let more = told.map(|told| [told.detail(), told.hint()]).unwrap_or_default().into_iter().flatten();
    let said: Vec<&str> = std::iter::once(error.message()).chain(more).collect();
    (Why::Refused, format!("{} [{code}]", said.join("; ")))
}

/// What a server's own error means.
fn of_server(error: &dyn sqlx::error::DatabaseError) -> (Why, String) {
    let said = error.message().to_owned();
    let code = error.code().unwrap_or_default();
    let (why, help) = match &*code {
        "28000" if said.contains("no encryption") => {
            (Why::Refused, "if the server wants TLS: leave `sslmode=disable` out of the URL")
        }
        "28P01" | "28000" => (Why::Refused, "check user and password in the URL"),
        "3D000" => (Why::Refused, "there is no such database; create it first"),
        "42P01" | "3F000" => (Why::Refused, "`lifthill db migrate` makes the tables"),
        "42703" => (Why::Refused, "`lifthill db status` shows what is missing"),
        "42501" => (Why::Refused, "grant the right to this user"),
        "53300" => (Why::Unreachable, "all connections are taken; try again later"),
        "55P03" => (Why::Refused, "somebody holds a lock on a table; `lock_timeout_s` says how long to wait"),
        "57014" => (Why::Interrupted, "`statement_timeout_s` says how long a statement may take"),
        "40001" => (Why::Interrupted, "a standby's recovery took precedence"),
        "57P01" | "57P02" | "57P03" => (Why::Interrupted, "the server is stopping or starting; try again later"),
        "25P03" => (Why::Interrupted, "`idle_in_transaction_timeout_s` says how long we may pause"),
        "25006" => (Why::Refused, "this is a standby or a read-only user; writing needs the primary"),
        _ => (Why::Refused, ""),
    };
    let code = if code.is_empty() { String::new() } else { format!(" [{code}]") };
    (why, if help.is_empty() { format!("{said}{code}") } else { format!("{said}{code}; {help}") })
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Trouble {}
