//! `lifthill diff [TARGET]`.

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::console::Console;
use super::current::{CurrentArgs, bring_up_to_date};
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_site;
use super::publish::{fail, target};
use crate::config::Settings;
use crate::publish::{self, Named};

/// What `diff` takes.
#[derive(Debug, Args)]
pub struct DiffArgs {
    /// The target: a name from `[publish.NAME]` in lifthill.toml, or an address
    target: Option<String>,
    /// How to say it
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    current: CurrentArgs,
}

/// How to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// A line a page
    Text,
    /// Markdown for a pull request's comment or summary
    Github,
}

/// Tells what publishing would change for visitors.
pub fn run(args: &DiffArgs, global: &Global, mut settings: Settings, console: &Console) -> Result<Exit> {
    if lacks_site(global, console) {
        return Ok(Exit::Usage);
    }
    let (name, target) = match target(args.target.as_deref(), &settings) {
        Ok(found) => found,
        Err(problem) => {
            console.problem(&problem);
            return Ok(Exit::Usage);
        }
    };
    let to = Named { name: &name, target: &target };
    let elsewhere = match publish::elsewhere(&global.root, &to) {
        Ok((elsewhere, _)) => elsewhere,
        Err(failure) => return Ok(fail(&failure, console)),
    };
    let exit = bring_up_to_date(&args.current, global, &mut settings, &elsewhere, console)?;
    if exit != Exit::Done {
        return Ok(exit);
    }
    let diff = match publish::differences(&global.root, &settings, &to) {
        Ok(diff) => diff,
        Err(failure) => return Ok(fail(&failure, console)),
    };
    let site = target.url.as_deref().unwrap_or(&settings.site.base_url);
    match (global.json, args.format) {
        (true, _) => console.data(&serde_json::to_string(&diff)?)?,
        (false, Format::Text) => console.data(&diff.text())?,
        (false, Format::Github) => console.data(&diff.github(site))?,
    }
    Ok(Exit::Done)
}
