//! `lifthill why PAGE`.

use anyhow::Result;
use clap::Args;

use super::{Console, Exit, Global};
use crate::build::why;
use crate::config::Settings;
use crate::serve::Holder;

/// What `why` takes.
#[derive(Debug, Args)]
pub struct WhyArgs {
    /// The page's URL path, such as /parks/efteling/
    page: String,
}

/// Explains a page.
pub fn run(args: &WhyArgs, global: &Global, settings: Settings, console: &Console) -> Result<Exit> {
    // A running server holds the state; it knows the answer as well.
    let found = match Holder::find(&global.root) {
        Some(holder) => holder.ask_why(&args.page),
        None => why(&global.root, settings, &args.page),
    };
    let why = match found {
        Ok(why) => why,
        Err(error) => {
            console.problem(&format!("{error:#}"));
            return Ok(Exit::Usage);
        }
    };
    if global.json {
        console.data(&serde_json::to_string(&why)?)?;
        return Ok(Exit::Done);
    }
    let ago = why.last_build - why.rendered_in;
    let when = match ago {
        0 => "in the last build".to_owned(),
        1 => "one build ago".to_owned(),
        ago => format!("{ago} builds ago"),
    };
    let mut text = format!("{} ({})\nlast rendered {when}: {}\nreads:", why.page, why.kind, why.reason);
    for name in &why.reads {
        let note = if why.absent.contains(name) { " (not there)" } else { "" };
        text.push_str(&format!("\n  {name}{note}"));
    }
    console.data(&text)?;
    Ok(Exit::Done)
}
