//! `lifthill db`: our own tables in a Postgres, and what goes into and out of them.

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};
use serde_json::json;

use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_files;
use crate::config::Settings;
use crate::engine::Progress;
use crate::source::{FOLDER, postgres};

/// What `db` takes.
#[derive(Debug, Args)]
pub struct DbArgs {
    #[command(subcommand)]
    verb: DbVerb,
}

#[derive(Debug, Subcommand)]
enum DbVerb {
    /// Make our tables, or bring them up to date
    Migrate,
    /// Say which migrations the database has, and what its change log holds
    Status,
    /// Put the content files into our tables, updating what differs
    Import,
    /// Write what our tables hold as content files
    Export {
        /// Write below this folder instead of content/
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Print the SQL that logs the changes of a table of your own
    Triggers {
        /// The table, with its schema if that is not public
        #[arg(long = "for", value_name = "TABLE")]
        table: String,
    },
}

/// Does what was typed.
pub fn run(args: &DbArgs, global: &Global, settings: &Settings, console: &Console) -> Result<Exit> {
    let (root, postgres) = (&global.root, &settings.postgres);
    match &args.verb {
        DbVerb::Migrate => {
            let before = postgres::migrate(postgres, root)?;
            let new: Vec<_> = before.iter().filter(|one| !one.applied).collect();
            for one in &new {
                console.say(&format!("Applied {} {}.", one.version, one.name));
            }
            if new.is_empty() {
                console.say("The database is up to date.");
            }
            if global.json {
                console.data(&json!({ "applied": new }).to_string())?;
            }
        }
        DbVerb::Status => return status(global, settings, console),
        // Without a folder of files every row would be one that no file says any more.
        DbVerb::Import if lacks_files(global, console) => return Ok(Exit::Usage),
        DbVerb::Import => {
            console.begin("importing", 0);
            let imported = postgres::import(postgres, root, settings.rating_scale, &|files| console.advance(files));
            console.end_progress();
            let (counts, problems) = imported?;
            problems.iter().for_each(|problem| console.diagnostic(problem));
            if !problems.is_empty() {
                let s = if problems.len() == 1 { "" } else { "s" };
                console.problem(&format!("{} mistake{s} in the content; nothing was imported", problems.len()));
                return Ok(Exit::SiteHasErrors);
            }
            let (files, rows, removed) = (counts.files, counts.rows, counts.removed);
            console.say(&format!("{files} files: {rows} rows new or changed, {removed} removed."));
            if global.json {
                console.data(&serde_json::to_string(&counts)?)?;
            }
        }
        DbVerb::Export { to } => {
            let folder = to.clone().unwrap_or_else(|| root.join(FOLDER));
            let counts = postgres::export(postgres, root, &folder, settings.rating_scale)?;
            let (files, rows, unchanged) = (counts.files, counts.rows, counts.unchanged);
            console.say(&format!("{rows} rows: {files} files, {unchanged} of them unchanged."));
            if global.json {
                console.data(&serde_json::to_string(&counts)?)?;
            }
        }
        DbVerb::Triggers { table } => {
            console.data(postgres::triggers_for(postgres, root, table)?.trim_end())?;
        }
    }
    Ok(Exit::Done)
}

fn status(global: &Global, settings: &Settings, console: &Console) -> Result<Exit> {
    let (found, log) = postgres::status(&settings.postgres, &global.root)?;
    for one in &found {
        let word = if one.applied { "applied" } else { "missing" };
        console.say(&format!("{word}  {} {}", one.version, one.name));
    }
    if let Some((entries, readers)) = log {
        let s = if readers == 1 { "" } else { "s" };
        console.say(&format!("The change log holds {entries} entries for {readers} reader{s}."));
    }
    let missing = found.iter().any(|one| !one.applied);
    if missing {
        console.say("  = help: `lifthill db migrate` applies what is missing");
    }
    if global.json {
        let log = log.map(|(entries, readers)| json!({ "entries": entries, "readers": readers }));
        console.data(&json!({ "migrations": found, "log": log }).to_string())?;
    }
    Ok(if missing { Exit::Network } else { Exit::Done })
}
