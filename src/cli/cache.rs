//! `lifthill cache stat|gc`.

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};

use super::console::Console;
use super::exit::Exit;
use super::global::Global;
use super::lacking::lacks_site;
use crate::cas::Bounds;
use crate::config::Settings;
use crate::engine::{collect, kept};

/// What `cache` takes.
#[derive(Debug, Args)]
pub struct CacheArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Say what lies in .lifthill/, by kind
    Stat,
    /// Drop what nothing refers to, beyond the age and size of the settings
    Gc {
        /// Keep unused made things for so many days [default: the settings' cache.max_age_days]
        #[arg(long, value_name = "DAYS")]
        max_age: Option<u32>,
        /// Keep made things up to so many megabytes in all [default: the settings' cache.max_size_mb]
        #[arg(long, value_name = "MB")]
        max_size: Option<u64>,
    },
}

/// Looks at the cache, or tidies it.
pub fn run(args: &CacheArgs, global: &Global, settings: &Settings, console: &Console) -> Result<Exit> {
    if lacks_site(global, console) {
        return Ok(Exit::Usage);
    }
    match &args.what {
        What::Stat => {
            let kinds = kept(&global.root)?;
            if global.json {
                console.data(&serde_json::to_string(&kinds)?)?;
                return Ok(Exit::Done);
            }
            for (kind, kept) in &kinds {
                console.data(&format!("{kind:<14} {:>8} files {:>12} KB", kept.files, kept.bytes.div_ceil(1024)))?;
            }
        }
        What::Gc { max_age, max_size } => {
            let days = max_age.unwrap_or(settings.cache.max_age_days);
            let megabytes = max_size.unwrap_or(settings.cache.max_size_mb);
            let age = Duration::from_secs(u64::from(days) * 24 * 3600);
            let dropped = collect(&global.root, Bounds { age, bytes: megabytes << 20 })?;
            if global.json {
                console.data(&serde_json::to_string(&dropped)?)?;
                return Ok(Exit::Done);
            }
            let kilobytes = |bytes: u64| bytes.div_ceil(1024);
            let (before, after) = (dropped.before, dropped.after);
            console.say(&format!("{} KB → {} KB", kilobytes(before.bytes), kilobytes(after.bytes)));
        }
    }
    Ok(Exit::Done)
}
