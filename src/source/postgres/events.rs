//! Events: something may have changed, for whoever watches. A notification is a hint that makes it
//! quick; polling goes on all the same, for a pooler or a standby passes none on.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use sqlx::postgres::PgListener;

use super::connect::{For, Link, Server, runtime};
use super::cursor::{self, Position, Seen};
use super::trouble::Trouble;
use crate::config;

/// What a watcher hears.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// Rows have changed, or may have: build.
    Changed,
    /// The database cannot be asked just now; asking goes on.
    Lost,
    /// It can again.
    Back,
}

/// Events of a database as they come. Dropped, it stops watching.
pub struct Events {
    receiver: Receiver<Event>,
    stop: Arc<AtomicBool>,
}

impl Events {
    /// Begins to watch for what changes after `seen`, in a thread of its own. Asks every
    /// `settings.poll`, and at once when notified. Without a change log every poll is an
    /// [`Event::Changed`]: then only a build can tell.
    pub fn watch(settings: &config::Postgres, root: &Path, seen: Option<Seen>) -> Result<Self, Trouble> {
        let (sender, receiver) = bounded(16);
        let stop = Arc::new(AtomicBool::new(false));
        let runtime = runtime()?;
        let server = runtime.block_on(async { Server::at(&settings.url, "primary", settings, root) })?;
        let (poll, stopped) = (settings.poll, Arc::clone(&stop));
        let watching = std::thread::Builder::new().name("lifthill-events".to_owned());
        let spawned = watching.spawn(move || runtime.block_on(watch(&server, poll, seen, &sender, &stopped)));
        drop(spawned.map_err(|error| Trouble::new(super::Why::Unreachable, format!("database: no thread: {error}")))?);
        Ok(Self { receiver, stop })
    }

    /// The next event, within `timeout`.
    pub fn next(&self, timeout: Duration) -> Option<Event> {
        self.receiver.recv_timeout(timeout).ok()
    }

    /// The channel of events, for whoever waits for several things at once.
    pub fn channel(&self) -> &Receiver<Event> {
        &self.receiver
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn watch(server: &Server, poll: Duration, mut seen: Option<Seen>, sender: &Sender<Event>, stop: &AtomicBool) {
    let mut listener: Option<PgListener> = None;
    let mut lost = false;
    while !stop.load(Ordering::Relaxed) {
        // One connection must remain to ask with.
        if listener.is_none() && server.may_listen() {
            listener = listen(server).await;
        }
        let event = match ask(server, seen.as_ref()).await {
            Ok((changed, now)) => {
                seen = Some(now);
                match (lost, changed) {
                    (true, _) => Some(Event::Back),
                    (false, true) => Some(Event::Changed),
                    (false, false) => None,
                }
            }
            Err(_) => (!lost).then_some(Event::Lost),
        };
        lost = match event {
            Some(Event::Lost) => true,
            Some(Event::Back) => false,
            _ => lost,
        };
        if let Some(event) = event
            && sender.send(event).is_err()
        {
            return;
        }
        wait(&mut listener, poll, stop).await;
    }
}

/// A connection that listens, where the server lets us.
async fn listen(server: &Server) -> Option<PgListener> {
    let mut listener = PgListener::connect_with(server.pool()).await.ok()?;
    listener.listen("lifthill").await.ok()?;
    Some(listener)
}

/// Waits for a notification, or for as long as `poll`; in steps, so that it can be stopped.
async fn wait(listener: &mut Option<PgListener>, poll: Duration, stop: &AtomicBool) {
    const STEP: Duration = Duration::from_millis(200);
    let start = std::time::Instant::now();
    while start.elapsed() < poll && !stop.load(Ordering::Relaxed) {
        let step = STEP.min(poll.saturating_sub(start.elapsed()));
        match listener {
            Some(listening) => match tokio::time::timeout(step, listening.recv()).await {
                Ok(Ok(_)) => return,
                Ok(Err(_)) => *listener = None,
                Err(_) => {}
            },
            None => tokio::time::sleep(step).await,
        }
    }
}

/// Whether anything has been logged since `seen`, and what has been seen now.
async fn ask(server: &Server, seen: Option<&Seen>) -> Result<(bool, Seen), Trouble> {
    let mut link: Link = server.begin(For::Reading).await?;
    let position = Position::of(&mut link).await?;
    let has_log = position.identity.epoch.is_some();
    let (changed, beyond) = match seen.filter(|seen| has_log && position.doubt(seen).is_none()) {
        Some(seen) => {
            let (logged, beyond) = cursor::logged(&mut link, &position, &seen.cursor).await?;
            (!logged.is_empty(), beyond)
        }
        None => (true, std::collections::BTreeSet::new()),
    };
    let now = Seen {
        cursor: position.cursor(beyond),
        lsn: position.lsn,
        xmax: position.xmax(),
        queries: seen.map_or_else(Default::default, |seen| seen.queries),
        compared_at: position.now,
        reader: String::new(),
        registered_at: 0,
        identity: position.identity,
    };
    Ok((changed, now))
}
