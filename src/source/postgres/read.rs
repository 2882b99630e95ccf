//! Reading: one transaction from the question what changed to the last row. Knows what is asked and
//! in which order; the statements are in `queries.rs`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use anyhow::Result;
use crossbeam_channel::{Receiver, Sender, bounded};
use futures_util::TryStreamExt;
use sqlx::AssertSqlSafe;
use tokio::runtime::Runtime;

use super::audit::{self, Chunks};
use super::connect::{Link, runtime};
use super::cursor::{self, Logged, Position, Seen, get};
use super::knowledge::{Knowledge, Known, learn};
use super::queries::Queries;
use super::reach::Reach;
use super::servers::{Chosen, choose};
use super::trouble::{Trouble, Whose, Why};
use crate::config;
use crate::digest::{Digest, Digester};
use crate::source::{Fingerprint, Heard, Part, RowStream, Unit, UnitRows};

/// What a build asks of a database.
pub struct Ask<'a> {
    /// How it is reached.
    pub settings: &'a config::Postgres,
    /// The site's root.
    pub root: &'a Path,
    /// What the last build saw.
    pub seen: Option<&'a Seen>,
    /// Why everything must be read, whatever has changed.
    pub everything: Option<&'static str>,
    /// Units that say something else by themselves.
    pub due: Vec<Unit>,
    /// Servers that were lost in this build.
    pub avoid: &'a BTreeSet<String>,
    /// What the units of a part amounted to in the last build, without some of them.
    pub known: &'a dyn Fn(Part, &BTreeSet<String>) -> Result<Chunks>,
}

/// What is to be read of a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Nothing.
    Nothing,
    /// These units.
    Units(BTreeSet<String>),
    /// All of it, to be compared.
    Everything,
}

/// A database about to be read.
pub struct Reader {
    open: Open,
    queries: Queries,
    scopes: BTreeMap<Part, Scope>,
    told: Told,
}

/// What a database has told, besides rows.
#[derive(Clone, Debug)]
pub struct Told {
    /// What to remember once the build is committed.
    pub seen: Seen,
    /// Why everything was read, if so.
    pub full: Option<String>,
    /// Which server was read.
    pub server: String,
    /// Statements sent, transaction control included.
    pub statements: u64,
    /// Seconds until it was known what has changed, connecting included.
    pub asking: f64,
    /// What is worth knowing.
    pub notes: Vec<String>,
    /// Parts that are compared in every build, and why.
    pub compared: BTreeMap<&'static str, String>,
}

/// More changed units of a part than this are read with all others.
const MANY: usize = 50_000;

impl Reader {
    /// Connects, begins a transaction and learns what has changed.
    pub fn open(ask: &Ask<'_>) -> Result<Self> {
        let runtime = runtime()?;
        let opened = runtime.block_on(open(ask))?;
        let (link, queries, scopes, told) = opened;
        Ok(Self { open: Open { runtime, link: Some(link) }, queries, scopes, told })
    }

    /// Whether nothing has changed.
    pub fn is_quiet(&self) -> bool {
        self.scopes.values().all(|scope| *scope == Scope::Nothing)
    }

    /// What has been told so far.
    pub fn told(&self) -> Told {
        Told { statements: self.open.statements(), ..self.told.clone() }
    }

    /// Begins to read.
    pub fn stream(self) -> Stream {
        let (sender, receiver) = bounded(2);
        let Self { mut open, queries, scopes, told } = self;
        let reading = std::thread::Builder::new().name("lifthill-rows".to_owned()).spawn(move || {
            if let Some(link) = &mut open.link
                && let Err(trouble) = open.runtime.block_on(read(link, &queries, &scopes, &sender))
            {
                drop(sender.send(Err(trouble)));
            }
            open.statements()
        });
        Stream { receiver, reading, told }
    }
}

/// A transaction with the runtime that drives it; dropped, it is ended there.
struct Open {
    runtime: Runtime,
    link: Option<Link>,
}

impl Open {
    fn statements(&self) -> u64 {
        self.link.as_ref().map_or(0, |link| link.statements)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if let Some(link) = self.link.take() {
            self.runtime.block_on(link.end());
        }
    }
}

/// Rows on their way.
pub struct Stream {
    receiver: Receiver<Result<Heard, Trouble>>,
    reading: std::io::Result<JoinHandle<u64>>,
    told: Told,
}

impl RowStream for Stream {
    fn next_rows(&mut self) -> Result<Option<Heard>> {
        match self.receiver.recv() {
            Ok(Ok(heard)) => Ok(Some(heard)),
            Ok(Err(trouble)) => Err(trouble.into()),
            Err(_) if self.reading.is_err() => {
                Err(Trouble::new(Why::Unreachable, "database: no thread to read in").into())
            }
            Err(_) => Ok(None),
        }
    }
}

impl Stream {
    /// Which server is read.
    pub fn server(&self) -> &str {
        &self.told.server
    }

    /// What was told, once everything has been read.
    pub fn finish(self) -> Told {
        drop(self.receiver);
        let statements = self.reading.ok().and_then(|reading| reading.join().ok()).unwrap_or_default();
        Told { statements, ..self.told }
    }
}

type Opened = (Link, Queries, BTreeMap<Part, Scope>, Told);

async fn open(ask: &Ask<'_>) -> Result<Opened> {
    let start = Instant::now();
    let Chosen { mut link, position, role, notes } = choose(ask.settings, ask.root, ask.seen, ask.avoid).await?;
    let mut queries = match &ask.settings.sql {
        Some(folder) => Queries::from_files(ask.root, folder)?,
        None => Queries::own(),
    };
    let before = ask.seen.filter(|seen| seen.identity == position.identity).map(|seen| &seen.knowledge);
    let knowledge = learn(&mut link, &mut queries, before).await?;
    let now = position.now;

    let mut full = ask.everything.map(str::to_owned);
    let (mut scopes, mut beyond) = (BTreeMap::new(), BTreeSet::new());
    match ask.seen {
        None => full = full.or_else(|| Some("nothing has been read before".to_owned())),
        Some(seen) => {
            full = full.or_else(|| position.doubt(seen));
            full = full.or_else(|| knowledge.doubt(&seen.knowledge).map(str::to_owned));
        }
    }
    let mut compared_at = ask.seen.map_or(now, |seen| seen.compared_at);
    match ask.seen.filter(|_| full.is_none()) {
        Some(seen) => {
            let logged = match position.identity.epoch {
                Some(_) => {
                    let (logged, seqs) = cursor::logged(&mut link, &position, &seen.cursor).await?;
                    beyond = seqs;
                    logged
                }
                None => Logged::new(),
            };
            scopes = scopes_of(&knowledge, &queries, logged, &position);
            for unit in &ask.due {
                let scope = scopes.entry(unit.part).or_insert(Scope::Nothing);
                match scope {
                    Scope::Nothing => *scope = Scope::Units(BTreeSet::from([unit.key.to_string()])),
                    Scope::Units(keys) => drop(keys.insert(unit.key.to_string())),
                    Scope::Everything => {}
                }
            }
            if now - seen.compared_at >= ask.settings.audit_every.as_secs().cast_signed() {
                full = audit(&mut link, &queries, &mut scopes, ask).await?;
                compared_at = now;
            }
        }
        None => {
            scopes.extend(Part::ALL.into_iter().map(|part| (part, Scope::Everything)));
            compared_at = now;
            if position.identity.epoch.is_some() && position.standby {
                beyond = cursor::beyond_horizon(&mut link, &position).await?;
            }
        }
    }
    let seen = Seen {
        cursor: position.cursor(beyond),
        lsn: position.lsn.max(ask.seen.filter(|seen| seen.identity == position.identity).map_or(0, |seen| seen.lsn)),
        xmax: position.xmax(),
        knowledge,
        compared_at,
        reader: ask.seen.map_or_else(reader_name, |seen| seen.reader.clone()),
        registered_at: ask.seen.map_or(0, |seen| seen.registered_at),
        registered: ask.seen.and_then(|seen| seen.registered),
        identity: position.identity,
    };
    let statements = link.statements;
    let compared = seen.knowledge.compared().map(|(part, why)| (part.name(), why.to_owned())).collect();
    let told = Told { seen, full, server: role, statements, asking: start.elapsed().as_secs_f64(), notes, compared };
    Ok((link, queries, scopes, told))
}

/// What the log's entries mean for each part.
fn scopes_of(
    knowledge: &Knowledge,
    queries: &Queries,
    mut logged: Logged,
    position: &Position,
) -> BTreeMap<Part, Scope> {
    let scope = |(part, known): (&Part, &Known)| {
        let scope = match &known.reach {
            // Without a log, or beyond what it tells, only a comparison can tell.
            _ if position.identity.epoch.is_none() => Scope::Everything,
            Reach::Written(_) | Reach::Open(_) => Scope::Everything,
            Reach::Logged(_) if queries.own => match logged.remove(part.name()) {
                Some(None) => Scope::Everything,
                Some(Some(keys)) if keys.len() > MANY => Scope::Everything,
                Some(Some(keys)) => Scope::Units(keys),
                None => Scope::Nothing,
            },
            Reach::Logged(entries) if entries.iter().any(|entry| logged.contains_key(entry)) => Scope::Everything,
            Reach::Logged(_) => Scope::Nothing,
        };
        (*part, scope)
    };
    knowledge.parts.iter().map(scope).collect()
}

/// Compares what every part amounts to, but for what is read anyway. A part that differs is read
/// in full.
async fn audit(
    link: &mut Link,
    queries: &Queries,
    scopes: &mut BTreeMap<Part, Scope>,
    ask: &Ask<'_>,
) -> Result<Option<String>> {
    let mut differing = Vec::new();
    for (part, query) in &queries.parts {
        let without = match scopes.get(part) {
            Some(Scope::Everything) => continue,
            Some(Scope::Units(keys)) => keys.clone(),
            _ => BTreeSet::new(),
        };
        let known = (ask.known)(*part, &without)?;
        if audit::of_database(link, *part, query, &without).await? != known {
            differing.push(part.name());
            scopes.insert(*part, Scope::Everything);
        }
    }
    Ok((!differing.is_empty())
        .then(|| format!("the audit found changes that were not logged, in {}", differing.join(", "))))
}

/// A name for a new reader.
fn reader_name() -> String {
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let parts = [time.to_le_bytes().to_vec(), std::process::id().to_le_bytes().to_vec()];
    Digest::of_parts(parts.iter().map(Vec::as_slice)).hex(12)
}

/// Units sent on together.
const BATCH: usize = 512;

/// Bytes of rows sent on together, roughly.
const BATCH_BYTES: usize = 1 << 20;

/// Nobody wants to hear more.
struct Unheard;

async fn read(
    link: &mut Link,
    queries: &Queries,
    scopes: &BTreeMap<Part, Scope>,
    sender: &Sender<Result<Heard, Trouble>>,
) -> Result<(), Trouble> {
    for (part, scope) in scopes {
        let query = queries.parts.get(part);
        let file = query.and_then(|query| query.file.as_deref()).map(Arc::from);
        let mut batches =
            Batches { sender, part: *part, file, units: Vec::new(), bytes: 0, current: None, missing: BTreeSet::new() };
        let doing = match query.and_then(|query| query.file.as_deref()) {
            Some(file) => format!("reading {} by {file}", part.name()),
            None => format!("reading {}", part.name()),
        };
        link.whose = if queries.own { Whose::Ours } else { Whose::Theirs };
        let sql = match (scope, query) {
            (Scope::Nothing, _) => continue,
            (_, None) => None,
            (Scope::Everything, Some(query)) => Some(query.all(*part)),
            (Scope::Units(_), Some(query)) => Some(query.some(*part)),
        };
        if let Some(sql) = sql {
            let mut statement = sqlx::query(AssertSqlSafe(sql));
            if let Scope::Units(keys) = scope {
                batches.missing.clone_from(keys);
                let (one, two): (Vec<String>, Vec<Option<String>>) = keys
                    .iter()
                    .map(|key| match key.split_once('/') {
                        Some((one, two)) => (one.to_owned(), Some(two.to_owned())),
                        None => (key.clone(), None),
                    })
                    .unzip();
                let joined = matches!(part, Part::Models | Part::Rides | Part::Reviews);
                statement = statement.bind(one);
                if joined {
                    statement = statement.bind(two);
                }
            }
            let mut rows = link.stream(&doing, statement);
            while let Some(row) = rows.try_next().await? {
                if batches.row(get(&row, 0)?, get(&row, 1)?).is_err() {
                    return Ok(());
                }
            }
        }
        if batches.end(*scope == Scope::Everything).is_err() {
            return Ok(());
        }
    }
    link.whose = Whose::Ours;
    unmoved(link).await
}

/// Fails where a table has another file than the snapshot knows: TRUNCATE and ALTER TABLE leave an
/// older snapshot nothing to read, and no error.
async fn unmoved(link: &mut Link) -> Result<(), Trouble> {
    let statement = sqlx::query(
        "SELECT c.oid::regclass::text FROM pg_class AS c WHERE c.oid >= 16384 AND c.relkind IN ('r', 'm') \
         AND c.relpersistence <> 't' AND c.relfilenode <> 0 AND pg_relation_filenode(c.oid) IS DISTINCT FROM c.relfilenode \
         ORDER BY 1 LIMIT 1",
    );
    let rows = link.rows("looking for tables that were written anew", statement).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let table: String = get(row, 0)?;
    let message =
        format!("database ({}): {table} was emptied or written anew while it was read; build again", link.name);
    Err(Trouble::new(Why::Moved, message))
}

/// Rows gathered into units, and units into batches.
struct Batches<'s> {
    sender: &'s Sender<Result<Heard, Trouble>>,
    part: Part,
    file: Option<Arc<str>>,
    units: Vec<UnitRows>,
    bytes: usize,
    current: Option<Gathered>,
    /// Units asked for that have not come.
    missing: BTreeSet<String>,
}

struct Gathered {
    key: String,
    lines: String,
    rows: u32,
    sum: u64,
    digester: Digester,
}

impl Batches<'_> {
    fn row(&mut self, key: String, line: &str) -> Result<(), Unheard> {
        if self.current.as_ref().is_some_and(|current| current.key != key) {
            self.close_unit()?;
        }
        let empty = || Gathered { key, lines: String::new(), rows: 0, sum: 0, digester: Digester::default() };
        let current = self.current.get_or_insert_with(empty);
        current.lines.push_str(line);
        current.lines.push('\n');
        current.rows += 1;
        current.sum = current.sum.wrapping_add(audit::weight(line));
        current.digester.part(line.as_bytes());
        Ok(())
    }

    fn close_unit(&mut self) -> Result<(), Unheard> {
        let Some(Gathered { key, lines, rows, sum, digester }) = self.current.take() else { return Ok(()) };
        self.missing.remove(&key);
        self.bytes += lines.len();
        let fingerprint = Fingerprint { rows, sum, digest: digester.finish() };
        let file = self.file.clone();
        self.units.push(UnitRows { unit: Unit::new(self.part, key), file, lines, fingerprint });
        if self.units.len() >= BATCH || self.bytes >= BATCH_BYTES { self.send() } else { Ok(()) }
    }

    fn send(&mut self) -> Result<(), Unheard> {
        self.bytes = 0;
        let units = std::mem::take(&mut self.units);
        self.sender.send(Ok(Heard::Units(units))).map_err(|_| Unheard)
    }

    fn end(mut self, everything: bool) -> Result<(), Unheard> {
        self.close_unit()?;
        for key in std::mem::take(&mut self.missing) {
            let unit = Unit::new(self.part, key);
            let (file, lines) = (self.file.clone(), String::new());
            self.units.push(UnitRows { unit, file, lines, fingerprint: Fingerprint::default() });
        }
        self.send()?;
        if everything { self.sender.send(Ok(Heard::AllOf(self.part))).map_err(|_| Unheard) } else { Ok(()) }
    }
}
