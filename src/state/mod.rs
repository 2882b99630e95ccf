//! The state: what the last build knew, in one embedded database in `.lifthill/`. Stores bytes
//! under names; knows nothing of what they mean to a build.
//!
//! Laws. The state is committed once a build, after the outputs. Until then its changes are
//! visible in this process only, so a crash leaves the state of the last build. A state that
//! cannot be read, or was written by another format or other page code, is set aside and costs a
//! clean build, never an error. A file that somebody else has touched since is believed only after
//! every byte has been compared with its checksums. Keys hold no absolute path, time, user or thread count.

mod backend;
mod lock;
mod seal;
mod store;
mod tables;

pub use store::{Draft, Lent, OutputSum, Snapshot, Store, Tables};
pub use tables::Table;

use std::fs;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use redb::{Database, DatabaseError, ReadableDatabase};

use crate::digest::Digest;
use crate::disk::Disk;
use crate::door;
use crate::room::Room;
use crate::stamp::FileId;
use backend::{InMemory, OnDisk};
use lock::Lock;
use seal::FILE;

/// Whether a process holds the state of the site at `root` to change it.
pub fn is_held(root: &Path) -> bool {
    lock::is_taken(&root.join(FOLDER))
}

/// The state's folder in a site's root.
pub const FOLDER: &str = ".lifthill";

/// What a database that could not be read is set aside as.
const DAMAGED: &str = "state.damaged";

/// Changes whenever a table's keys or values do.
const FORMAT: u32 = 7;

/// The state's folder of the site at `root`, which need not be there. A link in its place is refused:
/// who made it may have meant it, and nothing is written through it.
pub fn folder_of(root: &Path) -> Result<PathBuf> {
    let folder = root.join(FOLDER);
    match fs::symlink_metadata(&folder) {
        Ok(found) if found.is_symlink() => bail!("{FOLDER}/ is a symbolic link, which is not followed"),
        Ok(found) if !found.is_dir() => bail!("{FOLDER} is not a folder; the state is kept in one, so move it away"),
        _ => Ok(folder),
    }
}

/// An open state; nobody else can open it meanwhile.
pub struct State {
    /// There until dropped.
    database: Option<Database>,
    /// The file, where changes are for it.
    file: Option<OnDisk>,
    folder: PathBuf,
    disk: Disk,
    room: Room,
    fresh: Option<String>,
    /// The files that were opened to be changed, and which they were.
    there: Vec<(PathBuf, Option<FileId>)>,
    lock: Option<Lock>,
}

impl State {
    /// Opens the state of the site at `root`, or begins an empty one where there is none that
    /// can be used. `code` identifies the page code: a state written by other code keeps only
    /// the list of outputs. Fails where another process holds the state.
    pub fn open(root: &Path, code: Digest, disk: &Disk, room: Room) -> Result<Self> {
        let folder = folder_of(root)?;
        disk.create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let lock = Lock::take(&folder, disk)?;
        let path = folder.join(FILE);
        let existed = fs::symlink_metadata(&path).is_ok();
        let believed = seal::is_whole(&folder);
        if !believed {
            seal::break_open(&folder, disk).context("cannot open the state's seal")?;
        }
        let ((database, file), reason) = match open_database(&path, disk, room, believed) {
            Ok(opened) => (opened, (!existed).then(|| "there is no earlier state".to_owned())),
            Err(OpenError::Busy) => bail!("another lifthill process is working on this site ({})", folder.display()),
            Err(OpenError::NoSpace(error)) => return Err(error).context("cannot write the state"),
            Err(OpenError::Unusable(why)) => {
                seal::break_open(&folder, disk).context("cannot open the state's seal")?;
                disk.rename_over(&path, &folder.join(DAMAGED)).context("cannot set the damaged state aside")?;
                let opened = match open_database(&path, disk, room, false) {
                    Ok(opened) => opened,
                    Err(OpenError::Busy) => bail!("another lifthill process is working on this site"),
                    Err(OpenError::NoSpace(error)) => return Err(error).context("cannot write the state"),
                    Err(OpenError::Unusable(why)) => bail!("cannot create {}: {why}", path.display()),
                };
                (opened, Some(format!("the state could not be read ({why})")))
            }
        };
        let there = files_in(&folder);
        let (database, file, lock) = (Some(database), Some(file), Some(lock));
        Self { database, file, folder, disk: disk.clone(), room, fresh: reason, there, lock }.of_this_code(code)
    }

    /// Opens the state of the site at `root` to look at it. What is written to it is seen by this
    /// process alone; nothing on the disk changes. Fails where another process is changing it.
    pub fn peek(root: &Path, code: Digest, room: Room) -> Result<Self> {
        let folder = folder_of(root)?;
        let lock = Lock::share(&folder)?;
        let path = folder.join(FILE);
        let (file, reason) = match door::open(&path) {
            Ok((file, _)) => (Some(file), None),
            Err(error) if error.kind() == ErrorKind::NotFound => (None, Some("there is no earlier state".to_owned())),
            Err(error) if error.kind() == ErrorKind::InvalidInput => {
                (None, Some(format!("the state could not be read ({error})")))
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let (database, reason) = match in_memory(file, room, !seal::is_whole(&folder)) {
            Ok(database) => (database, reason),
            Err(error) => {
                let nothing = in_memory(None, room, false).map_err(|error| anyhow::anyhow!("{error}"))?;
                (nothing, Some(format!("the state could not be read ({error})")))
            }
        };
        let (database, disk, lock) = (Some(database), Disk::default(), Some(lock));
        Self { database, file: None, folder, disk, room, fresh: reason, there: Vec::new(), lock }.of_this_code(code)
    }

    fn of_this_code(mut self, code: Digest) -> Result<Self> {
        if self.fresh.is_none() {
            match self.forget_what_other_code_wrote(code) {
                Err(error) if is_damage(&error) => {
                    self.begin_anew(code, &could_not_be_read(&error))?;
                    return Ok(self);
                }
                fresh => self.fresh = fresh?,
            }
        }
        if self.fresh.is_some() {
            let draft = self.begin()?;
            draft.write(|tables| begin_in(tables, code))?;
            draft.keep_for_this_process()?;
        }
        Ok(self)
    }

    fn database(&self) -> &Database {
        self.database.as_ref().expect("it is there until the state is closed")
    }

    /// Whether the files that were opened are still the ones that the state's folder holds; if not, whoever
    /// opens the state there opens another.
    pub fn is_in_place(&self) -> bool {
        self.there.iter().all(|(path, id)| FileId::at(path) == *id)
    }

    /// Whether it has not been closed.
    pub fn is_open(&self) -> bool {
        self.database.is_some()
    }

    /// The hands that change what belongs to the state.
    pub fn disk(&self) -> &Disk {
        &self.disk
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
        draft.forget_all_but(&[Table::Outputs, Table::Compressed])?;
        draft.write(|tables| begin_in(tables, code))?;
        draft.keep_for_this_process()?;
        self.fresh = Some(reason.to_owned());
        Ok(())
    }

    /// A number that no other state has.
    pub fn birth(&self) -> Result<u64> {
        Ok(self.snapshot()?.value(Table::Meta, b"birth")?.unwrap_or_default())
    }

    /// Sets everything aside that is known, for `reason`, and begins an empty state: for one whose rows
    /// make no sense although their checksums fit.
    pub fn begin_anew(&mut self, code: Digest, reason: &str) -> Result<()> {
        // A damaged file may make the database panic; it goes either way.
        let database = self.database.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(database)));
        let path = self.folder.join(FILE);
        let cannot = |error: OpenError| anyhow::anyhow!("cannot create {}: {error}", path.display());
        match self.file.take() {
            Some(file) => {
                drop(file);
                seal::break_open(&self.folder, &self.disk).context("cannot open the state's seal")?;
                let aside = self.disk.rename_over(&path, &self.folder.join(DAMAGED));
                aside.context("cannot set the damaged state aside")?;
                let (database, file) = open_database(&path, &self.disk, self.room, false).map_err(cannot)?;
                (self.database, self.file, self.there) = (Some(database), Some(file), files_in(&self.folder));
            }
            None => self.database = Some(in_memory(None, self.room, false).map_err(cannot)?),
        }
        let draft = self.begin()?;
        draft.write(|tables| begin_in(tables, code))?;
        draft.keep_for_this_process()?;
        self.fresh = Some(reason.to_owned());
        Ok(())
    }

    /// Gives back room that nothing is kept in.
    pub fn compact(&mut self) -> Result<()> {
        self.let_go()?;
        if let Some(database) = &mut self.database {
            database.compact()?;
        }
        Ok(())
    }

    /// What is known now, including changes kept for this process.
    pub fn snapshot(&self) -> Result<Snapshot> {
        Snapshot::new(&self.database().begin_read()?)
    }

    /// Begins a change.
    pub fn begin(&self) -> Result<Draft> {
        self.let_go()?;
        Ok(Draft::new(self.database().begin_write()?, self.file.clone()))
    }

    /// The file may be changed from now on. Its seal goes first, and for good: whatever a power failure
    /// makes of the file is then compared with its checksums.
    fn let_go(&self) -> Result<()> {
        if let Some(file) = self.file.as_ref().filter(|file| file.is_held()) {
            seal::break_open(&self.folder, &self.disk).context("cannot open the state's seal")?;
            file.let_go().context("cannot write the state")?;
        }
        Ok(())
    }

    fn forget_what_other_code_wrote(&self, code: Digest) -> Result<Option<String>> {
        let known: Option<Vec<u8>> = self.snapshot()?.bytes(Table::Meta, b"version", <[u8]>::to_vec)?;
        let wanted = postcard::to_allocvec(&version(code))?;
        if known.as_ref() == Some(&wanted) {
            return Ok(None);
        }
        let same_format = known.is_some_and(|known| known.first() == wanted.first());
        let draft = self.begin()?;
        draft.forget_all_but(if same_format { &[Table::Outputs, Table::Compressed] } else { &[] })?;
        draft.keep_for_this_process()?;
        Ok(Some("the state was written by another version".to_owned()))
    }
}

/// The files of a state that is open to be changed, and which they are.
fn files_in(folder: &Path) -> Vec<(PathBuf, Option<FileId>)> {
    [FILE, lock::NAME].map(|name| folder.join(name)).map(|path| (path.clone(), FileId::at(&path))).to_vec()
}

/// The first rows of a state: what wrote it, and a number that no other state has.
fn begin_in(tables: &mut Tables<'_>, code: Digest) -> Result<()> {
    use std::hash::{BuildHasher, RandomState};
    tables.put_value(Table::Meta, b"version", &version(code))?;
    tables.put_value(Table::Meta, b"birth", &RandomState::new().hash_one(std::process::id()))
}

fn version(code: Digest) -> (u32, Digest) {
    (FORMAT, code)
}

impl State {
    /// Lets go of the files and of the lock. The database writes its last bytes when it is closed; only
    /// then can the file be sealed. A state that is closed because of a bug is not, nor one that is in its
    /// place no more: the next one to open what is there looks at every byte.
    pub fn close(&mut self) {
        drop(self.database.take());
        let file = self.file.take();
        let changed = file.filter(|file| !file.is_held() && !std::thread::panicking() && self.is_in_place());
        if changed.is_some_and(|file| file.make_durable().is_ok()) {
            seal::close(&self.folder, &self.disk);
        }
        self.lock = None;
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.close();
    }
}

/// The error of rows that make no sense, although their checksums fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damaged(pub &'static str);

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Damaged {}

/// Whether an error is about a state that makes no sense: one that costs a rebuild.
pub fn is_damage(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let of_database = matches!(cause.downcast_ref(), Some(redb::StorageError::Corrupted(_)));
        of_database || cause.is::<Damaged>() || cause.is::<postcard::Error>() || cause.is::<std::str::Utf8Error>()
    })
}

/// Why a state was set aside, for people.
pub fn could_not_be_read(error: &anyhow::Error) -> String {
    format!("the state could not be read ({error:#})")
}

#[derive(Debug)]
enum OpenError {
    Busy,
    NoSpace(std::io::Error),
    Unusable(String),
}

impl std::fmt::Display for OpenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Busy => f.write_str("another process has it"),
            Self::NoSpace(error) => write!(f, "{error}"),
            Self::Unusable(why) => f.write_str(why),
        }
    }
}

impl From<DatabaseError> for OpenError {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::DatabaseAlreadyOpen => Self::Busy,
            // A full disk says nothing about what is on it.
            DatabaseError::Storage(redb::StorageError::Io(error)) if error.kind() == ErrorKind::StorageFull => {
                Self::NoSpace(error)
            }
            other => Self::Unusable(other.to_string()),
        }
    }
}

/// Opens the state's file; where it is not `believed`, every byte of it is compared with its checksums.
fn open_database(path: &Path, disk: &Disk, room: Room, believed: bool) -> Result<(Database, OnDisk), OpenError> {
    let file =
        disk.open(path).map_err(|error| OpenError::from(DatabaseError::from(redb::StorageError::from(error))))?;
    let on_disk = OnDisk::new(file, disk.clone(), believed)?;
    Ok((database_in(on_disk.clone(), room, !believed)?, on_disk))
}

/// Opens a database whose changes stay in memory, over a file or over nothing.
fn in_memory(file: Option<fs::File>, room: Room, check: bool) -> Result<Database, OpenError> {
    let memory = InMemory::over(file).map_err(|error| OpenError::Unusable(error.to_string()))?;
    database_in(memory.within(room), room, check)
}

/// Opens the database and every table in it; `check` has every byte of it compared with its
/// checksums. A damaged file may make the database panic.
fn database_in(backend: impl redb::StorageBackend, room: Room, check: bool) -> Result<Database, OpenError> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let mut builder = redb::Builder::new();
        builder.set_cache_size(room.state_cache() as usize).set_check_integrity_on_open(check);
        builder.create_with_backend(backend).map_err(OpenError::from)
    }));
    let database = opened.unwrap_or_else(|_| Err(OpenError::Unusable("it is damaged".to_owned())))?;
    let tables = catch_unwind(AssertUnwindSafe(|| tables::create_missing(&database)));
    match tables {
        Ok(Ok(())) => Ok(database),
        Ok(Err(error)) => Err(OpenError::Unusable(error.to_string())),
        Err(_) => Err(OpenError::Unusable("it is damaged".to_owned())),
    }
}
