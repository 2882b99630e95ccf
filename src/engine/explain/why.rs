//! Why a page is as it is: what it read, and why it was last rendered. Reads are made again to
//! name them; nothing is rendered to a file.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde::{Deserialize, Serialize};

use crate::assets;
use crate::cas::Cas;
use crate::catalog::{Catalog, Cell, Reader, SharedValues};
use crate::config::Settings;
use crate::diagnostics::nearest;
use crate::engine::context::code_digest;
use crate::engine::explain::named;
use crate::engine::memory::Memory;
use crate::engine::plan::trace::Trace;
use crate::engine::work::variants;
use crate::headers::url_of;
use crate::paths::RelPath;
use crate::render::{Sources, Templates, with_answers};
use crate::room::{Lists, Room};
use crate::site::{Failure, PageAnswers, view};
use crate::state::{Snapshot, State, Store, Table};

/// The answer to "why is this page as it is?"
#[derive(Debug, Serialize, Deserialize)]
pub struct Why {
    /// The page's URL path.
    pub page: String,
    /// The kind of page.
    pub kind: String,
    /// The number of the build that last rendered it.
    pub rendered_in: u64,
    /// The number of the last build.
    pub last_build: u64,
    /// Why it was rendered then.
    pub reason: String,
    /// What it reads, by name.
    pub reads: Vec<String>,
    /// What it asked for that is not there.
    pub absent: Vec<String>,
}

/// Explains a page of the site at `root`, by whatever it is called: a URL path, an address, a file below
/// `output/`, a record or its file.
pub fn why(root: &Path, settings: Settings, words: &str) -> Result<Why> {
    why_in(&State::peek(root, code_digest(), Room::default())?, root, settings, words)
}

/// Explains a page from a state that is open.
pub fn why_in(state: &State, root: &Path, settings: Settings, words: &str) -> Result<Why> {
    let snapshot = state.snapshot()?;
    let memory = Memory::of_a_build(&snapshot)?;
    let meant = named::pages(&snapshot, &settings, words)?;
    let Some((file, trace)) = first_of(&snapshot, &meant)? else { return Err(no_page(&snapshot, words, &meant)?) };
    let (assets, _) = assets::collect(root, &settings, &Cas::look(state.folder()), Room::default())?;
    let (sources, _) = Sources::read(root, &settings.site.base_path, Room::default())?;
    let catalog = Arc::new(Catalog {
        snapshot,
        settings,
        assets: Arc::new(assets),
        ids: sources.ids(),
        shared: SharedValues::within(Room::default().ready_cards(&Lists::default())),
    });
    let reader = Rc::new(Reader::with_names(Arc::clone(&catalog)));
    let built = view(&trace.facts.route, &reader);
    match built {
        Err(Failure::Broken(error)) => return Err(error),
        Err(Failure::Mistake(_)) => {}
        Ok(view) => {
            reader.begin_rendering();
            if let Some((setting, _)) = variants::packers(&catalog.settings, &file) {
                reader.setting(setting);
            }
            if let Some((template, context)) = view.into_context() {
                reader.template(template);
                reader.setting("minify");
                if let Ok(templates) = Templates::new(&sources, false) {
                    let answers = Rc::new(PageAnswers(Rc::clone(&reader)));
                    // A page that cannot be rendered still read what it read.
                    let _ = with_answers(answers, || templates.render(template, &context));
                }
            }
        }
    }
    let names = reader.names();
    let absent = names.iter().filter(|cell| is_absent(&catalog, cell)).map(Cell::to_string).collect();
    Ok(Why {
        page: url_of(file.as_str()),
        kind: trace.facts.route.kind().to_owned(),
        rendered_in: trace.facts.rendered_in,
        last_build: memory.build,
        reason: trace.facts.reason,
        reads: names.iter().map(Cell::to_string).collect(),
        absent,
    })
}

/// The first of these pages that there is.
pub(in crate::engine) fn first_of(snapshot: &Snapshot, meant: &[RelPath]) -> Result<Option<(RelPath, Trace)>> {
    for file in meant {
        if let Some(trace) = snapshot.bytes(Table::Pages, file.as_str().as_bytes(), Trace::decode)?.transpose()? {
            return Ok(Some((file.clone(), trace)));
        }
    }
    Ok(None)
}

/// That there is no such page, and which one may have been meant.
fn no_page(snapshot: &Snapshot, words: &str, meant: &[RelPath]) -> Result<anyhow::Error> {
    let Some(file) = meant.first() else {
        return Ok(anyhow!("this site has no page {words}: it is no path of a site"));
    };
    let help = meant_page(snapshot, file)?.map(|url| format!("; did you mean {url}?")).unwrap_or_default();
    Ok(anyhow!("this site has no page {}{help}", url_of(file.as_str())))
}

/// The URL path of the page whose file is nearest to one that is not there.
pub(in crate::engine) fn meant_page(snapshot: &Snapshot, file: &RelPath) -> Result<Option<String>> {
    let mut files = Vec::new();
    snapshot.scan(Table::Pages, b"", |key, _| {
        files.push(String::from_utf8_lossy(key).into_owned());
        Ok(std::ops::ControlFlow::Continue(()))
    })?;
    Ok(nearest(file.as_str(), files.iter().map(String::as_str)).map(url_of))
}

fn is_absent(catalog: &Catalog, cell: &Cell) -> bool {
    match cell {
        Cell::Record(id) | Cell::Card(id) | Cell::Link(id) => catalog.card(id).is_ok_and(|card| card.is_none()),
        Cell::Asset(path) => catalog.assets.find(path).is_none(),
        _ => false,
    }
}
