//! Watching: tells the desk which files of the site may have changed. Where the system cannot watch
//! (too many folders, a network drive) it asks the desk to look at everything now and then instead.
//! An event is never more than a reason to look; a lost or doubled one misleads nobody.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use notify::event::{AccessKind, AccessMode, Flag};
use notify::{ErrorKind, Event, EventKind, RecursiveMode, Watcher};

use super::counters::Counters;
use super::desk::{Talk, Wish};
use crate::config;
use crate::engine::{Look, Touched};
use crate::{assets, leftovers, render, source};

/// How often everything is looked at where nothing can be watched.
const POLL: Duration = Duration::from_secs(1);

/// What may change in a site's root.
const FOLDERS: [&str; 3] = [source::FOLDER, render::TEMPLATES, assets::FOLDER];

/// What is watched, and who is told.
pub struct Watching<'w> {
    pub root: &'w Path,
    pub wishes: Sender<Wish>,
    /// Raised with each event.
    pub hurry: Arc<AtomicBool>,
    pub counters: Arc<Counters>,
}

/// Watches until `stop` is closed.
pub fn watch(watching: &Watching<'_>, stop: &Receiver<()>, talk: &dyn Talk) {
    let wishes = &watching.wishes;
    match watch_events(watching, stop) {
        Ok(()) => {}
        Err(error) => {
            let why = match error.kind {
                ErrorKind::MaxFilesWatch => "the system's limit of watched folders is reached".to_owned(),
                _ => error.to_string(),
            };
            talk.say(&format!(
                "warning: the site's folders cannot be watched ({why}); looking at all files every {} s instead",
                POLL.as_secs()
            ));
            while let Err(RecvTimeoutError::Timeout) = stop.recv_timeout(POLL) {
                if wishes.send(Wish::Look(Look::Everything)).is_err() {
                    return;
                }
            }
        }
    }
}

fn watch_events(watching: &Watching<'_>, stop: &Receiver<()>) -> notify::Result<()> {
    let Watching { root, wishes, hurry, counters } = watching;
    if std::env::var_os("LIFTHILL_POLL").is_some() {
        return Err(notify::Error::generic("LIFTHILL_POLL is set"));
    }
    let root = root.canonicalize().map_err(notify::Error::io)?;
    let (appeared, new_folders) = crossbeam_channel::unbounded::<PathBuf>();
    let handler = {
        let (root, wishes) = (root.clone(), wishes.clone());
        let (counters, hurry) = (Arc::clone(counters), Arc::clone(hurry));
        move |event: notify::Result<Event>| {
            let Some(look) = look_for(&root, &event, &appeared) else { return };
            counters.watch_events.inc();
            // The desk is gone only at the very end.
            let _ = wishes.send(Wish::Look(look));
            hurry.store(true, Ordering::Relaxed);
        }
    };
    let mut watcher = notify::recommended_watcher(handler)?;
    watcher.watch(&root, RecursiveMode::NonRecursive)?;
    for folder in FOLDERS {
        let folder = root.join(folder);
        if folder.is_dir() {
            watcher.watch(&folder, RecursiveMode::Recursive)?;
        }
    }
    // What changed before everything was watched was told by nobody.
    let _ = wishes.send(Wish::Look(Look::Everything));
    loop {
        crossbeam_channel::select! {
            recv(stop) -> _ => return Ok(()),
            recv(new_folders) -> folder => {
                let Ok(folder) = folder else { return Ok(()) };
                if folder.is_dir() {
                    watcher.watch(&folder, RecursiveMode::Recursive)?;
                    let _ = wishes.send(Wish::Look(Look::Everything));
                }
            }
        }
    }
}

/// What to look at because of an event; `None` where it is no reason to.
fn look_for(root: &Path, event: &notify::Result<Event>, appeared: &Sender<PathBuf>) -> Option<Look> {
    let Ok(event) = event else { return Some(Look::Everything) };
    if event.attrs.flag() == Some(Flag::Rescan) {
        return Some(Look::Everything);
    }
    let reading = matches!(event.kind, EventKind::Access(kind) if kind != AccessKind::Close(AccessMode::Write));
    if reading {
        return None;
    }
    let mut look: Option<Look> = None;
    for path in &event.paths {
        let Some(one) = look_at(root, path) else { continue };
        if FOLDERS.iter().any(|folder| *path == root.join(folder)) {
            let _ = appeared.send(path.clone());
        }
        look = Some(match look {
            Some(look) => look.and(one),
            None => one,
        });
    }
    look
}

/// What to look at because something happened at `path`.
fn look_at(root: &Path, path: &Path) -> Option<Look> {
    let below = path.strip_prefix(root).ok()?;
    let mut parts = below.components().map(|part| part.as_os_str().to_string_lossy());
    let top = parts.next()?;
    let rest: Vec<_> = parts.collect();
    let hidden = |name: &str| (name.starts_with('.') && name != leftovers::WELL_KNOWN) || name.ends_with('~');
    if rest.iter().any(|name| hidden(name)) {
        return None;
    }
    let mut touched = Touched::default();
    if top == source::FOLDER {
        if rest.is_empty() || rest.iter().any(|name| name.contains('\u{fffd}')) {
            return Some(Look::Everything);
        }
        if rest.iter().any(|name| name.starts_with('_')) {
            return None;
        }
        touched.content.insert(rest.join("/"));
    } else if top == render::TEMPLATES {
        touched.templates = true;
    } else if top == assets::FOLDER {
        touched.assets = true;
    } else if top == leftovers::FILE {
        return Some(Look::Everything);
    } else if top != config::FILE {
        return None;
    }
    Some(Look::Only(touched))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_name_what_to_look_at() {
        let root = Path::new("/site");
        let content =
            |path: &str| Some(Look::Only(Touched { content: [path.to_owned()].into(), ..Touched::default() }));
        let look = |path: &str| look_at(root, Path::new(path)).map(|look| format!("{look:?}"));
        let shown = |look: Option<Look>| look.map(|look| format!("{look:?}"));
        assert_eq!(look("/site/content/parks/a/index.md"), shown(content("parks/a/index.md")));
        assert_eq!(look("/site/content"), shown(Some(Look::Everything)));
        let templates = Touched { templates: true, ..Touched::default() };
        assert_eq!(look("/site/templates/ride.html"), shown(Some(Look::Only(templates))));
        for nothing in [
            "/site/content/parks/.a.md.swp",
            "/site/content/_x/a.md",
            "/site/content/a.md~",
            "/site/output/x",
            "/site/.lifthill/state.redb",
            "/elsewhere",
        ] {
            assert_eq!(look(nothing), None, "{nothing}");
        }
    }
}
