//! The open pages: who shows what, and telling just those that something they show has changed.
//! A page that lost its connection says on its return what it shows, and is told then. Knows
//! nothing of how pages are made or of what a browser does with the news.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::Stream;
use rustc_hash::FxHashSet;
use serde::Serialize;
use tokio::sync::{mpsc, watch};

use crate::diagnostics::{Diagnostic, Severity};
use crate::digest::Digest;
use crate::paths::RelPath;

/// News that one open page may wait for; a page that falls behind is let go, and comes back.
const BACKLOG: usize = 64;

/// How the site stands.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// What is wrong with it.
    pub problems: Vec<Diagnostic>,
    /// What was last built.
    pub change: Change,
}

/// One build, as the status panel shows it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Change {
    /// One line.
    pub summary: String,
    /// The first few pages that were made anew, and why.
    pub pages: Vec<MadePage>,
    /// How many more there were.
    pub more: u64,
}

/// A page that was made anew.
#[derive(Clone, Debug, Serialize)]
pub struct MadePage {
    /// Its URL path.
    pub url: String,
    /// Why.
    pub reason: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum News {
    /// What a page that has just connected should show.
    Hello { digest: Option<String>, errors: usize, change: Change },
    /// The page holds something else now.
    Changed { digest: String },
    /// The page is no longer part of the site.
    Gone,
    /// So many errors are in the site now.
    Errors { errors: usize },
    /// Something was built.
    Built { change: Change },
}

struct Client {
    file: RelPath,
    shown: Option<Digest>,
    news: mpsc::Sender<News>,
}

/// Every open page.
pub struct Hub {
    clients: Mutex<Vec<Client>>,
    standing: watch::Sender<Arc<Standing>>,
}

impl Default for Hub {
    fn default() -> Self {
        Self { clients: Mutex::default(), standing: watch::Sender::new(Arc::default()) }
    }
}

impl Hub {
    /// How the site stands.
    pub fn standing(&self) -> Arc<Standing> {
        Arc::clone(&self.standing.borrow())
    }

    /// The files of all open pages.
    pub fn open(&self) -> FxHashSet<RelPath> {
        self.clients().iter().filter(|client| !client.news.is_closed()).map(|client| client.file.clone()).collect()
    }

    /// How many pages are open.
    pub fn count(&self) -> usize {
        self.clients().iter().filter(|client| !client.news.is_closed()).count()
    }

    /// A page connects. `now` is what its file holds.
    pub fn join(
        &self,
        file: RelPath,
        now: Option<Digest>,
    ) -> Sse<impl Stream<Item = Result<Event, Infallible>> + use<>> {
        let (news, receiver) = mpsc::channel(BACKLOG);
        let standing = self.standing();
        let digest = now.map(|digest| digest.to_string());
        let hello = News::Hello { digest, errors: errors(&standing.problems), change: standing.change.clone() };
        // There is room for the first.
        let _ = news.try_send(hello);
        self.clients().push(Client { file, shown: now, news });
        let stream = futures_util::stream::unfold(receiver, |mut receiver| async {
            let news = receiver.recv().await?;
            let data = serde_json::to_string(&news).unwrap_or_default();
            Some((Ok(Event::default().data(data)), receiver))
        });
        Sse::new(stream).keep_alive(KeepAlive::new().interval(Duration::from_secs(20)))
    }

    /// A file holds something else now, or nothing.
    pub fn tell(&self, file: &RelPath, now: Option<Digest>) {
        for client in self.clients().iter_mut().filter(|client| client.file == *file && client.shown != now) {
            client.shown = now;
            let news = now.map_or(News::Gone, |digest| News::Changed { digest: digest.to_string() });
            let _ = client.news.try_send(news);
        }
    }

    /// A build is over: tells every open page what it shows now, and all how the site stands. `change`
    /// is what was built, if anything was.
    pub fn built(&self, problems: Vec<Diagnostic>, change: Option<Change>, now: impl Fn(&RelPath) -> Option<Digest>) {
        for file in self.open() {
            self.tell(&file, now(&file));
        }
        let mut news = Vec::new();
        let before = self.standing();
        if before.problems != problems {
            news.push(News::Errors { errors: errors(&problems) });
        }
        news.extend(change.iter().map(|change| News::Built { change: change.clone() }));
        let change = change.unwrap_or_else(|| before.change.clone());
        self.standing.send_replace(Arc::new(Standing { problems, change }));
        let mut clients = self.clients();
        // Whoever is gone, or has fallen behind, comes back by itself.
        clients.retain(|client| {
            !client.news.is_closed() && news.iter().all(|news| client.news.try_send(news.clone()).is_ok())
        });
    }

    /// Lets every page go.
    pub fn close(&self) {
        self.clients().clear();
    }

    fn clients(&self) -> MutexGuard<'_, Vec<Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn errors(problems: &[Diagnostic]) -> usize {
    problems.iter().filter(|problem| problem.severity == Severity::Error).count()
}
