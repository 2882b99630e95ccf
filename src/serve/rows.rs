//! Rows: asks the desk to look when a database may have something new to tell, and when it has gone
//! or come back, so that what is wrong is shown and goes again. Knows nothing of what a row is.

use std::path::Path;
use std::sync::Arc;

use crossbeam_channel::Sender;

use super::counters::Counters;
use super::desk::Wish;
use crate::config::{Postgres, Settings};
use crate::engine::{Look, Touched};
use crate::source::postgres::Events;

/// The database that is listened to, if one is.
#[derive(Default)]
pub struct Rows(Option<(Postgres, Events)>);

impl Rows {
    /// Listens to the database that the settings name from now on. One that cannot be listened to is
    /// tried again with the next build, which also says what is wrong with it.
    pub fn follow(&mut self, settings: &Settings, root: &Path, wishes: &Sender<Wish>, counters: &Arc<Counters>) {
        let wanted = settings.source.has_rows().then_some(&settings.postgres);
        if self.0.as_ref().map(|(followed, _)| followed) == wanted {
            return;
        }
        self.0 = None;
        let Some(wanted) = wanted else { return };
        // What is there already, the build under way reads; from then on its cursor loses nothing.
        let Ok(events) = Events::watch(wanted, root) else { return };
        let channel = events.channel().clone();
        let (wishes, counters) = (wishes.clone(), Arc::clone(counters));
        // Ends with the events, or with the desk. A build that is under way is not hurried: without a
        // change log every asking is an event, and a large site would never be done.
        std::thread::spawn(move || {
            while channel.recv().is_ok() {
                counters.watch_events.inc();
                if wishes.send(Wish::Look(Look::Only(Touched::default()))).is_err() {
                    return;
                }
            }
        });
        self.0 = Some((wanted.clone(), events));
    }
}
