//! Events: something may have changed, for whoever watches. A notification is a hint that makes it
//! quick; polling goes on all the same, for a pooler or a standby passes none on.
//!
//! Every server that a build may read is watched by itself: a build that comes too early, since the
//! replica that it reads has not replayed the change yet, is followed by that replica's own event.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use futures_util::future::join_all;
use sqlx::postgres::PgListener;
use tokio::sync::{Notify, oneshot};

use super::connect::{For, Link, Server, runtime};
use super::cursor::{self, Position, Seen};
use super::knowledge::{Knowledge, learn};
use super::queries::Queries;
use super::trouble::{Trouble, Why};
use crate::config;
use crate::digest::Digest;

/// What a watcher hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Rows have changed, or may have: build.
    Changed,
    /// A server cannot be asked just now, and why, to be shown; asking goes on.
    Lost(String),
    /// It can again; rows may have changed meanwhile: build.
    Back,
}

/// Events of a database as they come. Dropped, it stops watching.
pub struct Events {
    receiver: Receiver<Event>,
    /// Dropped, it ends the thread that watches.
    _stop: oneshot::Sender<()>,
}

/// The channel on which our triggers notify.
const CHANNEL: &str = "lifthill";

/// How often a server is asked that was lost.
const RETRY: Duration = Duration::from_secs(1);

/// Notifications that come together are one hint.
const SETTLE: Duration = Duration::from_millis(20);

/// How often, and for how often, a replica is asked after the primary gave a hint.
const CATCH_UP: (Duration, u32) = (Duration::from_millis(100), 20);

impl Events {
    /// Begins to watch, in a thread of its own. Every server tells [`Event::Changed`] once at the
    /// start, for nobody knows what changed before. Asks every `settings.poll`, and at once when
    /// notified. Where the change log does not tell, every write to the database is an
    /// [`Event::Changed`]. Connects only afterwards: the error is about the settings.
    pub fn watch(settings: &config::Postgres, root: &Path) -> Result<Self, Trouble> {
        let (sender, receiver) = bounded(16);
        let (stop, stopped) = oneshot::channel();
        let runtime = runtime()?;
        let server = |address, role: &str| {
            let server = runtime.block_on(async { Server::at(address, role, settings, root) })?;
            let (settings, root) = (settings.clone(), root.to_owned());
            Ok(Watched { server, settings, root, seen: None, sender: sender.clone() })
        };
        let primary = server(&settings.url, "primary")?;
        let replicas = settings.replicas.iter().enumerate();
        let replicas = replicas.map(|(index, address)| server(address, &format!("replica {}", index + 1)));
        let replicas = replicas.collect::<Result<Vec<_>, Trouble>>()?;
        let watching = move || {
            runtime.block_on(async {
                let hint = Notify::new();
                let replicas = join_all(replicas.into_iter().map(|replica| replica.follow(&hint)));
                tokio::select! {
                    _ = async { tokio::join!(primary.listen(&hint), replicas) } => {}
                    _ = stopped => {}
                }
            });
        };
        let spawned = std::thread::Builder::new().name("lifthill-events".to_owned()).spawn(watching);
        drop(spawned.map_err(|error| Trouble::new(Why::Unreachable, format!("database: no thread: {error}")))?);
        Ok(Self { receiver, _stop: stop })
    }

    /// The next event, within `timeout`.
    pub fn next(&self, timeout: Duration) -> Option<Event> {
        self.receiver.recv_timeout(timeout).ok()
    }

    /// The channel of events, for whoever waits for several things at once. It ends with this value.
    pub fn channel(&self) -> &Receiver<Event> {
        &self.receiver
    }
}

/// Nobody wants to hear more.
struct Unheard;

/// A server that is watched.
struct Watched {
    server: Server,
    settings: config::Postgres,
    root: PathBuf,
    seen: Option<(Seen, Stood)>,
    sender: Sender<Event>,
}

/// Where a server stood: while it stands there, nothing has been written. A primary's snapshot moves
/// with every transaction that writes; a standby's need not, but what it has replayed does.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Mark {
    Primary(String),
    Standby(u64),
}

/// Where a server stood, and by which queries it was asked.
type Stood = (Mark, Option<Digest>);

impl Watched {
    /// Watches the primary until nobody listens to us any more; passes notifications on as hints.
    async fn listen(mut self, hint: &Notify) {
        let mut listener = None;
        // A pooler or a standby is not asked to notify a second time.
        let mut may_notify = self.server.may_listen();
        let mut lost = false;
        loop {
            if may_notify && listener.is_none() {
                listener = match self.server.listener(CHANNEL).await {
                    Ok(heard) => {
                        may_notify = heard.is_some();
                        heard
                    }
                    // Unreachable: the question below says so.
                    Err(_) => None,
                };
            }
            if self.tell(&mut lost).await.is_err() {
                return;
            }
            // Back, it may be another server that does.
            may_notify = may_notify || (lost && self.server.may_listen());
            let pause = if lost { RETRY.min(self.settings.poll) } else { self.settings.poll };
            if notified(&mut listener, pause).await {
                hint.notify_waiters();
            }
        }
    }

    /// Watches a replica until nobody listens to us any more.
    async fn follow(mut self, hint: &Notify) {
        let mut lost = false;
        let mut soon = 0;
        loop {
            if self.tell(&mut lost).await.is_err() {
                return;
            }
            soon = u32::saturating_sub(soon, 1);
            let pause = match (lost, soon) {
                (true, _) => RETRY.min(self.settings.poll),
                (_, 0) => self.settings.poll,
                _ => CATCH_UP.0,
            };
            if tokio::time::timeout(pause, hint.notified()).await.is_ok() {
                soon = CATCH_UP.1;
            }
        }
    }

    /// Asks, and tells what came of it.
    async fn tell(&mut self, lost: &mut bool) -> Result<(), Unheard> {
        let event = match (self.ask().await, *lost) {
            (Ok(_), true) => Some(Event::Back),
            (Ok(true), false) => Some(Event::Changed),
            (Ok(false), false) | (Err(_), true) => None,
            (Err(trouble), false) => Some(Event::Lost(trouble.to_string())),
        };
        match &event {
            Some(Event::Lost(_)) => *lost = true,
            Some(Event::Back) => *lost = false,
            _ => {}
        }
        event.map_or(Ok(()), |event| self.sender.send(event).map_err(|_| Unheard))
    }

    /// Whether anything may have changed since this was last asked.
    async fn ask(&mut self) -> Result<bool, Trouble> {
        let mut link = self.server.begin(For::Reading).await?;
        let asked = self.ask_in(&mut link).await;
        link.end().await;
        let (changed, seen) = asked?;
        self.seen = Some(seen);
        Ok(changed)
    }

    async fn ask_in(&self, link: &mut Link) -> Result<(bool, (Seen, Stood)), Trouble> {
        let position = Position::of(link, "").await?;
        let mark = match position.standby {
            true => Mark::Standby(position.lsn),
            false => Mark::Primary(position.snapshot.clone()),
        };
        let mark = (mark, self.queries().map(|queries| queries.digest()));
        if let Some((seen, before)) = &self.seen
            && seen.identity == position.identity
            && *before == mark
        {
            // Nothing is written; but what reaches beyond the data may be another all the same.
            return Ok((seen.knowledge.is_open(), (seen.clone(), mark)));
        }
        let has_log = position.identity.epoch.is_some();
        let known = self.seen.as_ref().map(|(seen, _)| seen);
        let (logged, beyond) = match known.filter(|seen| has_log && position.doubt(seen).is_none()) {
            Some(seen) => {
                let (logged, beyond) = cursor::logged(link, &position, &seen.cursor).await?;
                (logged.is_empty().then_some(seen), beyond)
            }
            None if has_log && position.standby => (None, cursor::beyond_horizon(link, &position).await?),
            None => (None, std::collections::BTreeSet::new()),
        };
        // Last: an error in somebody's query ends the transaction.
        let knowledge = self.learn(link, known.map(|seen| &seen.knowledge)).await;
        let quiet = logged
            .zip(knowledge.as_ref())
            .is_some_and(|(seen, now)| now.is_logged() && now.doubt(&seen.knowledge).is_none());
        let seen = Seen {
            cursor: position.cursor(beyond),
            lsn: position.lsn,
            xmax: position.xmax(),
            knowledge: knowledge.unwrap_or_default(),
            compared_at: position.now,
            reader: String::new(),
            registered_at: 0,
            registered: None,
            identity: position.identity,
        };
        Ok((!quiet, (seen, mark)))
    }

    /// What there is to know of the queries. What is wrong with them the build says.
    async fn learn(&self, link: &mut Link, before: Option<&Knowledge>) -> Option<Knowledge> {
        let mut queries = self.queries()?;
        learn(link, &mut queries, before).await.ok()
    }

    /// The queries as they are now: somebody may be writing them.
    fn queries(&self) -> Option<Queries> {
        match &self.settings.sql {
            Some(folder) => Queries::from_files(&self.root, folder).ok(),
            None => Some(Queries::own()),
        }
    }
}

/// Waits for a notification, or for as long as `pause`; whether there was one.
async fn notified(listener: &mut Option<PgListener>, pause: Duration) -> bool {
    let Some(listening) = listener else {
        tokio::time::sleep(pause).await;
        return false;
    };
    match tokio::time::timeout(pause, listening.try_recv()).await {
        Err(_) => return false,
        Ok(Ok(Some(_))) => {}
        // The connection is gone, and with it what was said meanwhile.
        Ok(_) => {
            *listener = None;
            return false;
        }
    }
    while let Ok(Ok(Some(_))) = tokio::time::timeout(SETTLE, listening.try_recv()).await {}
    true
}
