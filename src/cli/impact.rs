//! `lifthill impact FILE|RECORD|TEMPLATE|ASSET|SETTING`.

use anyhow::Result;
use clap::Args;

use super::{Console, Exit, Global};
use crate::build::impact;
use crate::config::Settings;
use crate::serve::Holder;

/// What `impact` takes.
#[derive(Debug, Args)]
pub struct ImpactArgs {
    /// A file of the site, a record such as ride:efteling/python or its URL path, a template, an
    /// asset, or a setting such as extra.slogan
    subject: String,
}

/// Lists the pages.
pub fn run(args: &ImpactArgs, global: &Global, settings: &Settings, console: &Console) -> Result<Exit> {
    // A running server holds the state; it knows the answer as well.
    let impact = match Holder::find(&global.root) {
        Some(holder) => holder.ask_impact(&args.subject),
        None => impact(&global.root, settings, &args.subject),
    };
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
    console.say(&format!("{}: {} pages would be looked at{kinds}", impact.of.join(", "), impact.pages.len()));
    Ok(Exit::Done)
}
