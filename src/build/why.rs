//! Why a page is as it is: what it read, and why it was last rendered. Reads are made again to
//! name them; nothing is rendered to a file.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};

use super::trace::Trace;
use super::{Memory, code_digest, variants};
use crate::assets;
use crate::cas::Cas;
use crate::catalog::{Catalog, Cell, Reader, SharedValues};
use crate::config::Settings;
use crate::diagnostics::nearest;
use crate::paths::UrlPath;
use crate::render::{Sources, Templates, with_answers};
use crate::room::{Lists, Room};
use crate::site::{Failure, PageAnswers, view};
use crate::state::{State, Store, Table};

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

/// Explains the page at `url` of the site at `root`.
pub fn why(root: &Path, settings: Settings, url: &str) -> Result<Why> {
    why_in(&State::peek(root, code_digest(), Room::default())?, root, settings, url)
}

/// Explains a page from a state that is open.
pub fn why_in(state: &State, root: &Path, settings: Settings, url: &str) -> Result<Why> {
    let snapshot = state.snapshot()?;
    let memory = Memory::of_a_build(&snapshot)?;
    let with_slash = if url.starts_with('/') || url.contains("://") { url.to_owned() } else { format!("/{url}") };
    // The path as pages have it may be that of another page below the site's own.
    let trace_of = |path: &str| {
        let file = UrlPath::new(path).map(|url| url.file());
        file.map_or(Ok(None), |file| snapshot.bytes(Table::Pages, file.as_str().as_bytes(), Trace::decode))
    };
    let (with_slash, trace) = match trace_of(&with_slash)? {
        Some(trace) => (with_slash, Some(trace)),
        None => {
            let meant = settings.site.base_path.meant(&with_slash, &settings.site.base_url).to_owned();
            let trace = trace_of(&meant)?;
            (meant, trace)
        }
    };
    let file = UrlPath::new(&with_slash).with_context(|| format!("`{url}` is not a URL path of this site"))?.file();
    let Some(trace) = trace.transpose()? else {
        let mut files = Vec::new();
        snapshot.scan(Table::Pages, b"", |key, _| {
            files.push(String::from_utf8_lossy(key).into_owned());
            Ok(std::ops::ControlFlow::Continue(()))
        })?;
        let meant = nearest(file.as_str(), files.iter().map(String::as_str));
        let help = meant.map(|meant| format!("; did you mean /{}?", meant.trim_end_matches("index.html")));
        return Err(anyhow!("this site has no page {with_slash}")
            .context(format!("no trace of it{}", help.unwrap_or_default())));
    };
    let (assets, _) = assets::collect(root, &settings, &Cas::look(state.folder()))?;
    let (sources, _) = Sources::read(root, &settings.site.base_path)?;
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
        page: with_slash,
        kind: trace.facts.route.kind().to_owned(),
        rendered_in: trace.facts.rendered_in,
        last_build: memory.build,
        reason: trace.facts.reason,
        reads: names.iter().map(Cell::to_string).collect(),
        absent,
    })
}

fn is_absent(catalog: &Catalog, cell: &Cell) -> bool {
    match cell {
        Cell::Record(id) | Cell::Card(id) | Cell::Link(id) => catalog.card(id).is_ok_and(|card| card.is_none()),
        Cell::Asset(path) => catalog.assets.find(path).is_none(),
        _ => false,
    }
}
