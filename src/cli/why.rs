//! `lifthill why PAGE`.

use anyhow::Result;
use clap::Args;

use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_content;
use super::place;
use crate::config::Settings;
use crate::engine::{Extent, Options, Silent, build, page_files, why};
use crate::paths::RelPath;
use crate::report::PlannedPage;
use crate::serve::Holder;

/// What `why` takes.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// The page: its URL path such as /parks/efteling/, its address, its file below output/, its record
    /// such as park:efteling, or that record's file
    page: String,
    #[command(flatten)]
    as_of: super::build::AsOf,
}

/// Explains a page: as it is, and what would become of it now.
pub fn run(args: &WhyArgs, global: &Global, settings: Settings, console: &Console) -> Result<Exit> {
    if lacks_content(&settings, global, console) {
        return Ok(Exit::Usage);
    }
    // A running server holds the state; it knows the answer as well, and what is due is done.
    let (known, due) = match Holder::find(&global.root) {
        Some(holder) => (place::first(&global.root, &args.page, |page| holder.ask_why(page)), Ok(None)),
        None => {
            let known = place::first(&global.root, &args.page, |page| why(&global.root, settings.clone(), page));
            let found = known.as_ref().ok().map(|why| why.page.clone());
            (known, planned(args, found, global, settings))
        }
    };
    let due = match due {
        Ok(due) => due,
        Err(error) => {
            console.problem(&format!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    let why = match (known, due) {
        (Ok(why), due) => Answer { why, due },
        (Err(_), Some(due)) => return tell_new(&due, global, console),
        (Err(error), None) => {
            console.problem(&format!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    if global.json {
        console.data(&serde_json::to_string(&why)?)?;
        return Ok(Exit::Done);
    }
    let Answer { why, due } = why;
    let ago = why.last_build - why.rendered_in;
    let when = match ago {
        0 => "in the last build".to_owned(),
        1 => "one build ago".to_owned(),
        ago => format!("{ago} builds ago"),
    };
    let mut text = format!("{} ({})\nlast rendered {when}: {}", why.page, why.kind, why.reason);
    text.push_str(&match due {
        Some(PlannedPage { certain: true, reason, .. }) => format!("\nto be rendered by the next build: {reason}"),
        Some(PlannedPage { reason, .. }) => format!("\nto be looked at by the next build: {reason}"),
        None => "\nnot due".to_owned(),
    });
    text.push_str("\nreads:");
    for name in &why.reads {
        let note = if why.absent.contains(name) { " (not there)" } else { "" };
        text.push_str(&format!("\n  {name}{note}"));
    }
    console.data(&text)?;
    Ok(Exit::Done)
}

/// Why the next build would look at the page, if it would; of a site that was never built, nothing
/// is said.
fn planned(args: &WhyArgs, found: Option<String>, global: &Global, settings: Settings) -> Result<Option<PlannedPage>> {
    let meant: Vec<RelPath> = match found {
        Some(_) => Vec::new(),
        None => {
            let files = |page: String| page_files(&global.root, &settings, &page).unwrap_or_default();
            place::meanings(&global.root, &args.page).into_iter().flat_map(files).collect()
        }
    };
    let options = Options {
        root: global.root.clone(),
        jobs: global.jobs(),
        drafts: args.as_of.drafts,
        now: args.as_of.moment(),
        room: global.room(),
        extent: Extent::Plan,
        ..Options::default()
    };
    let report = build(&options, settings, &Silent)?;
    let plan = report.plan.filter(|_| report.fresh.is_none());
    let is_meant = |due: &PlannedPage| match &found {
        Some(page) => due.page == *page,
        None => meant.iter().any(|file| file.as_str() == due.file),
    };
    Ok(plan.and_then(|plan| plan.due.into_iter().find(is_meant)))
}

/// What is known of a page, and why it is due now.
#[derive(Debug, serde::Serialize)]
struct Answer {
    #[serde(flatten)]
    why: crate::engine::Why,
    due: Option<PlannedPage>,
}

/// A page that has not been built yet.
fn tell_new(due: &PlannedPage, global: &Global, console: &Console) -> Result<Exit> {
    if global.json {
        console.data(&serde_json::to_string(&serde_json::json!({ "page": due.page, "due": due }))?)?;
    } else {
        console.data(&format!("{} ({})\nto be rendered by the next build: {}", due.page, due.kind, due.reason))?;
    }
    Ok(Exit::Done)
}
