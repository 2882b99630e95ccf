//! How a Postgres is reached and treated, as settings say. Holds no address: only where one is to be
//! found, so that no secret stands in a settings file. Knows nothing of connections.

use std::time::Duration;

use crate::fields::{Fields, Findings};

/// Where records come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Content files alone.
    #[default]
    Files,
    /// Rows alone; pictures are files all the same.
    Postgres,
    /// Both: a record stands in one of the two.
    Mixed,
}

impl Origin {
    /// The words of settings and the command line.
    pub const WORDS: [&'static str; 3] = ["files", "postgres", "mixed"];

    /// The origin that a word means.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "files" => Some(Self::Files),
            "postgres" => Some(Self::Postgres),
            "mixed" => Some(Self::Mixed),
            _ => None,
        }
    }

    /// Whether content files hold records.
    pub fn has_files(self) -> bool {
        self != Self::Postgres
    }

    /// Whether rows do.
    pub fn has_rows(self) -> bool {
        self != Self::Files
    }
}

/// Where a database's URL stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// In an environment variable.
    Env(String),
    /// In a file.
    File(String),
}

impl Address {
    /// Reads `env:NAME` or `file:PATH`.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            Some(("postgres" | "postgresql", _)) => Err(
                "a URL may hold a password: put it into an environment variable or a file, and write `env:NAME` or `file:PATH`",
            ),
            _ => Err("write `env:NAME` or `file:PATH`"),
        }
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${name}"),
            Self::File(path) => write!(f, "the URL in {path}"),
        }
    }
}

/// The `[postgres]` settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Postgres {
    /// The primary.
    pub url: Address,
    /// Standbys, the nearest first.
    pub replicas: Vec<Address>,
    /// A replica further behind than this is passed over.
    pub max_lag: Duration,
    /// A folder of SQL files, one a part, for a schema that is not ours.
    pub sql: Option<String>,
    /// Connections at most.
    pub pool_size: u32,
    /// How long to wait for a connection.
    pub acquire_timeout: Duration,
    /// An idle connection is closed after this.
    pub idle_timeout: Duration,
    /// A connection is closed after this in any case.
    pub max_lifetime: Duration,
    /// The server gives up a statement after this.
    pub statement_timeout: Duration,
    /// The server gives up waiting for a lock after this.
    pub lock_timeout: Duration,
    /// The server gives up a transaction in which we do nothing after this.
    pub idle_in_transaction_timeout: Duration,
    /// A reader that has not been seen for this long holds the change log no more.
    pub reader_expiry: Duration,
    /// How often everything is compared by digest, in case a change was not logged.
    pub audit_every: Duration,
    /// How often to ask for changes while watching.
    pub poll: Duration,
}

impl Default for Postgres {
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            url: Address::Env("DATABASE_URL".to_owned()),
            replicas: Vec::new(),
            max_lag: seconds(10),
            sql: None,
            pool_size: 4,
            acquire_timeout: seconds(10),
            idle_timeout: seconds(60),
            max_lifetime: seconds(1800),
            statement_timeout: seconds(300),
            lock_timeout: seconds(10),
            idle_in_transaction_timeout: seconds(300),
            reader_expiry: seconds(30 * 86_400),
            audit_every: seconds(86_400),
            poll: seconds(5),
        }
    }
}

impl Postgres {
    pub(super) fn read(&mut self, fields: &mut Fields, findings: &mut Findings<'_>) {
        let address = |text: &str, place, findings: &mut Findings<'_>| match Address::parse(text) {
            Ok(address) => Some(address),
            Err(help) => {
                findings.note(place, "this is not where a URL stands", Some(help.to_owned()));
                None
            }
        };
        if let Some((text, place)) = fields.text_at("url", findings)
            && let Some(url) = address(&text, place, findings)
        {
            self.url = url;
        }
        for (text, place) in fields.texts_at("replicas", findings) {
            self.replicas.extend(address(&text, place, findings));
        }
        self.sql = fields.text("sql", findings);
        self.pool_size = fields.integer("pool_size", 1..=64, findings).unwrap_or(self.pool_size);
        let mut seconds = |name, low: u32, default: &mut Duration| {
            if let Some(value) = fields.integer(name, low..=100_000_000, findings) {
                *default = Duration::from_secs(value.into());
            }
        };
        seconds("max_lag_s", 0, &mut self.max_lag);
        seconds("acquire_timeout_s", 1, &mut self.acquire_timeout);
        seconds("idle_timeout_s", 1, &mut self.idle_timeout);
        seconds("max_lifetime_s", 1, &mut self.max_lifetime);
        seconds("statement_timeout_s", 1, &mut self.statement_timeout);
        seconds("lock_timeout_s", 1, &mut self.lock_timeout);
        seconds("idle_in_transaction_timeout_s", 1, &mut self.idle_in_transaction_timeout);
        seconds("reader_expiry_s", 1, &mut self.reader_expiry);
        seconds("audit_every_s", 0, &mut self.audit_every);
        seconds("poll_s", 1, &mut self.poll);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_says_where_a_url_stands_and_is_none() {
        assert_eq!(Address::parse("env:DATABASE_URL"), Ok(Address::Env("DATABASE_URL".into())));
        assert_eq!(Address::parse("file:/run/secrets/db"), Ok(Address::File("/run/secrets/db".into())));
        assert!(Address::parse("postgres://me:secret@host/db").unwrap_err().contains("password"));
        assert!(Address::parse("DATABASE_URL").is_err());
    }
}
