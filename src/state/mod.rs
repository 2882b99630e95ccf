//! The state: what the last build knew, in one embedded database in `.lifthill/`. Stores bytes
//! under names; knows nothing of what they mean to a build.
//!
//! Laws. The state is committed once a build, after the outputs. Until then its changes are
//! visible in this process only, so a crash leaves the state of the last build. A state that
//! cannot be read, or was written by another format or other page code, is set aside and costs a
//! clean build, never an error. Keys hold no absolute path, time, user or thread count.

mod store;
mod tables;

pub use store::{Draft, Snapshot, Store, Tables};
pub use tables::Table;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use redb::{Database, DatabaseError, ReadableDatabase};

use crate::digest::Digest;

/// The state's folder in a site's root.
pub const FOLDER: &str = ".lifthill";

/// Changes whenever a table's keys or values do.
const FORMAT: u32 = 2;

/// Memory for the database's own pages, in bytes.
const CACHE_BYTES: usize = 48 << 20;

/// An open state; nobody else can open it meanwhile.
pub struct State {
    database: Database,
    folder: PathBuf,
    fresh: Option<String>,
}

impl State {
    /// Opens the state of the site at `root`, or begins an empty one where there is none that
    /// can be used. `code` identifies the page code: a state written by other code keeps only
    /// the list of outputs. Fails where another process holds the state.
    pub fn open(root: &Path, code: Digest) -> Result<Self> {
        let folder = root.join(FOLDER);
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join("state.redb");
        let existed = path.exists();
        let (database, reason) = match open_database(&path) {
            Ok(database) => (database, (!existed).then(|| "there is no earlier state".to_owned())),
            Err(OpenError::Busy) => bail!("another lifthill process is working on this site ({})", folder.display()),
            Err(OpenError::Unusable(why)) => {
                fs::rename(&path, folder.join("state.damaged")).context("cannot set the damaged state aside")?;
                let database = match open_database(&path) {
                    Ok(database) => database,
                    Err(OpenError::Busy) => bail!("another lifthill process is working on this site"),
                    Err(OpenError::Unusable(why)) => bail!("cannot create {}: {why}", path.display()),
                };
                (database, Some(format!("the state could not be read ({why})")))
            }
        };
        let mut state = Self { database, folder, fresh: reason };
        if state.fresh.is_none() {
            state.fresh = state.forget_what_other_code_wrote(code)?;
        }
        if state.fresh.is_some() {
            let draft = state.begin()?;
            draft.write(|tables| tables.put_value(Table::Meta, b"version", &version(code)))?;
            draft.keep_for_this_process()?;
        }
        Ok(state)
    }

    /// Why nothing of an earlier build could be used, if so.
    pub fn fresh(&self) -> Option<&str> {
        self.fresh.as_deref()
    }

    /// The state's folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Forgets everything but the list of outputs, for `reason`.
    pub fn start_afresh(&mut self, code: Digest, reason: &str) -> Result<()> {
        let draft = self.begin()?;
        draft.forget_all_but(&[Table::Outputs])?;
        draft.write(|tables| tables.put_value(Table::Meta, b"version", &version(code)))?;
        draft.keep_for_this_process()?;
        self.fresh = Some(reason.to_owned());
        Ok(())
    }

    /// What is known now, including changes kept for this process.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::new(&self.database.begin_read()?)
    }

    /// Begins a change.
    pub fn begin(&self) -> Result<Draft> {
        Ok(Draft::new(self.database.begin_write()?))
    }

    fn forget_what_other_code_wrote(&self, code: Digest) -> Result<Option<String>> {
        let known: Option<Vec<u8>> = self.snapshot()?.bytes(Table::Meta, b"version", <[u8]>::to_vec)?;
        let wanted = postcard::to_allocvec(&version(code))?;
        if known.as_ref() == Some(&wanted) {
            return Ok(None);
        }
        let same_format = known.is_some_and(|known| known.first() == wanted.first());
        let draft = self.begin()?;
        draft.forget_all_but(if same_format { &[Table::Outputs] } else { &[] })?;
        draft.keep_for_this_process()?;
        Ok(Some("the state was written by another version".to_owned()))
    }
}

fn version(code: Digest) -> (u32, Digest) {
    (FORMAT, code)
}

enum OpenError {
    Busy,
    Unusable(String),
}

/// Opens the database and every table in it. A damaged file may make the database panic.
fn open_database(path: &Path) -> Result<Database, OpenError> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(CACHE_BYTES);
        builder.create(path).map_err(|error| match error {
            DatabaseError::DatabaseAlreadyOpen => OpenError::Busy,
            other => OpenError::Unusable(other.to_string()),
        })
    }));
    let database = opened.unwrap_or_else(|_| Err(OpenError::Unusable("it is damaged".to_owned())))?;
    let tables = catch_unwind(AssertUnwindSafe(|| tables::create_missing(&database)));
    match tables {
        Ok(Ok(())) => Ok(database),
        Ok(Err(error)) => Err(OpenError::Unusable(error.to_string())),
        Err(_) => Err(OpenError::Unusable("it is damaged".to_owned())),
    }
}
