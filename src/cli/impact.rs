//! `lifthill impact FILE|RECORD|TEMPLATE|ASSET|SETTING`.

use anyhow::Result;
use clap::Args;

use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_content;
use super::place;
use crate::config::Settings;
use crate::engine::impact;
use crate::report::told_apart;
use crate::serve::Holder;

/// What `impact` takes.
#[derive(Debug, Args)]
pub struct ImpactArgs {
    /// A file or folder of the site, a record such as ride:efteling/python or its page by any name, a
    /// template, an asset, or a setting such as extra.slogan
    subject: String,
}

/// Lists the pages.
pub fn run(args: &ImpactArgs, global: &Global, settings: &Settings, console: &Console) -> Result<Exit> {
    if lacks_content(settings, global, console) {
        return Ok(Exit::Usage);
    }
    // A running server holds the state; it knows the answer as well.
    let holder = Holder::find(&global.root);
    let impact = place::first(&global.root, &args.subject, |subject| match &holder {
        Some(holder) => holder.ask_impact(subject),
        None => impact(&global.root, settings, subject),
    });
    let impact = match impact {
        Ok(impact) => impact,
        Err(error) => {
            console.problem(&format!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    if global.json {
        console.data(&serde_json::to_string(&impact)?)?;
        return Ok(Exit::Done);
    }
    for page in &impact.pages {
        console.data(&format!("{}  {}", page.page, page.through))?;
    }
    let kinds: Vec<String> = impact.by_kind.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    let kinds = if kinds.is_empty() { String::new() } else { format!(" ({})", kinds.join(", ")) };
    let reached = told_apart(impact.pages.iter().map(|page| page.file.as_str()));
    console.say(&format!("{}: {reached} would be looked at{kinds}", impact.of.join(", ")));
    Ok(Exit::Done)
}
