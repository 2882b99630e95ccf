//! The hands with which a build changes the disk: every write, rename, removal and sync of the
//! output and the state goes through a [`Disk`]. It also fails on purpose, where a test asks: each
//! change has a number, and at a given one the process is killed or the disk is full. Knows
//! nothing of what is written.
//!
//! A name is not believed to be ours because it should be: what a clone or a restored cache has put
//! there may be a link to somebody's file, or that file under a second name. See [`Disk::own`].
//!
//! The layer is always compiled, so that what is tested is what is shipped, and inert unless
//! `LIFTHILL_FAULT` is set when the program starts:
//!
//! ```text
//! kill@N    the process dies before change N
//! tear@N    the process dies when half of change N is done, if it is a write; else after it
//! error@N   change N fails for want of space, and no other
//! full@N    change N and all later ones that need space fail
//! ```

mod own;

pub use own::has_other_names;

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use crate::door;

/// The variable that asks for a fault.
pub const FAULT_VARIABLE: &str = "LIFTHILL_FAULT";

/// Changes files and folders; the default one does just that.
#[derive(Clone, Debug, Default)]
pub struct Disk(Option<Arc<Fault>>);

#[derive(Debug)]
struct Fault {
    kind: Kind,
    at: u64,
    /// Changes begun so far.
    begun: AtomicU64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Kill,
    Tear,
    Error,
    Full,
}

/// What a change needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Space,
    Nothing,
}

/// Whether a change is done whole.
enum Begun {
    Whole,
    /// Half of it, and then the process dies.
    Half,
}

impl Disk {
    /// A disk with the fault that the environment asks for, if any. The error says how to ask.
    pub fn from_environment() -> Result<Self, String> {
        std::env::var(FAULT_VARIABLE).map_or(Ok(Self::default()), |text| Self::with_fault(&text))
    }

    /// A disk with the fault that `text` describes.
    pub fn with_fault(text: &str) -> Result<Self, String> {
        let (kind, at) = text.split_once('@').unwrap_or((text, ""));
        let kind = match kind {
            "kill" => Some(Kind::Kill),
            "tear" => Some(Kind::Tear),
            "error" => Some(Kind::Error),
            "full" => Some(Kind::Full),
            _ => None,
        };
        let fault = kind.zip(at.parse().ok()).map(|(kind, at)| Fault { kind, at, begun: AtomicU64::new(0) });
        let wrong = || format!("{FAULT_VARIABLE} is kill@N, tear@N, error@N or full@N, not `{text}`");
        Ok(Self(Some(Arc::new(fault.ok_or_else(wrong)?))))
    }

    /// Whether a fault has been asked for.
    pub fn is_faulty(&self) -> bool {
        self.0.is_some()
    }

    fn begin(&self, needs: Needs) -> io::Result<Begun> {
        let Some(fault) = &self.0 else { return Ok(Begun::Whole) };
        let number = fault.begun.fetch_add(1, Ordering::SeqCst);
        let reached = number == fault.at;
        match fault.kind {
            Kind::Kill if reached => std::process::abort(),
            Kind::Tear if reached => Ok(Begun::Half),
            Kind::Error if reached => Err(no_space()),
            Kind::Full if number >= fault.at && needs == Needs::Space => Err(no_space()),
            _ => Ok(Begun::Whole),
        }
    }

    fn change<R>(&self, needs: Needs, work: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
        let begun = self.begin(needs)?;
        let done = work();
        match begun {
            Begun::Whole => done,
            Begun::Half => std::process::abort(),
        }
    }

    /// Does one change of `bytes`, given to `work` whole or in part.
    pub fn put<R>(&self, bytes: &[u8], work: impl FnOnce(&[u8]) -> io::Result<R>) -> io::Result<R> {
        match self.begin(Needs::Space)? {
            Begun::Whole => work(bytes),
            Begun::Half => {
                // The process dies here whatever comes of it.
                let _ = work(&bytes[..bytes.len() / 2]);
                std::process::abort()
            }
        }
    }

    /// Sets when a file was last modified.
    pub fn set_modified(&self, path: &Path, time: SystemTime) -> io::Result<()> {
        let mut options = OpenOptions::new();
        self.change(Needs::Nothing, || own::unled(options.append(true)).open(path)?.set_modified(time))
    }

    /// Makes a file that must not be there yet.
    pub fn create_new(&self, path: &Path) -> io::Result<File> {
        self.change(Needs::Space, || OpenOptions::new().write(true).create_new(true).open(path))
    }

    /// Writes to an open file.
    pub fn fill(&self, file: &mut File, bytes: &[u8]) -> io::Result<()> {
        self.put(bytes, |bytes| file.write_all(bytes))
    }

    /// Makes a new file hold `bytes`, whatever stood there before; a killed process may leave a part of
    /// them.
    pub fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = self.anew(path)?;
        self.fill(&mut file, bytes)
    }

    /// Makes a file hold `bytes`, or leaves it as it was, whatever happens; on the disk before
    /// this returns. Goes by a file beside it with the extension `tmp`.
    pub fn replace(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let beside = path.with_extension("tmp");
        let mut file = self.anew(&beside)?;
        self.fill(&mut file, bytes)?;
        self.change(Needs::Space, || file.sync_data())?;
        self.rename_over(&beside, path)
    }

    /// Adds `pieces` at the end of a file, made if missing; on the disk before this returns.
    pub fn append(&self, path: &Path, pieces: impl IntoIterator<Item = impl AsRef<[u8]>>) -> io::Result<()> {
        let mut file = self.own(path, OpenOptions::new().append(true).create(true))?;
        for piece in pieces {
            self.fill(&mut file, piece.as_ref())?;
        }
        self.change(Needs::Space, || file.sync_data())
    }

    /// Renames a file over another.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(Needs::Nothing, || fs::rename(from, to))
    }

    /// Sets who may do what with a file or a folder.
    pub fn set_permissions(&self, path: &Path, permissions: fs::Permissions) -> io::Result<()> {
        self.change(Needs::Nothing, || fs::set_permissions(path, permissions))
    }

    /// Removes a file.
    pub fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change(Needs::Nothing, || fs::remove_file(path))
    }

    /// Removes an empty folder.
    pub fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.change(Needs::Nothing, || fs::remove_dir(path))
    }

    /// Makes a folder.
    pub fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.change(Needs::Space, || fs::create_dir(path))
    }

    /// Makes a folder and those above it, unless they are there.
    pub fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        self.change(Needs::Space, || fs::create_dir_all(path))
    }

    /// Gives a file a second name.
    pub fn hard_link(&self, file: &Path, name: &Path) -> io::Result<()> {
        self.change(Needs::Space, || fs::hard_link(file, name))
    }

    /// Copies a file to a name that nothing has yet.
    pub fn copy(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut target = self.create_new(to)?;
        let (mut source, _) = door::open(from)?;
        self.change(Needs::Space, || io::copy(&mut source, &mut target).map(drop))
    }

    /// Opens a file of ours to be changed in place, made if missing.
    pub fn open(&self, path: &Path) -> io::Result<File> {
        self.own(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))
    }

    /// Sets the length of an open file.
    pub fn set_len(&self, file: &File, length: u64) -> io::Result<()> {
        self.change(Needs::Space, || file.set_len(length))
    }

    /// Makes what was written to an open file survive a power cut.
    pub fn sync(&self, file: &File) -> io::Result<()> {
        self.change(Needs::Space, || file.sync_data())
    }
}

fn no_space() -> io::Error {
    io::Error::from(io::ErrorKind::StorageFull)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_still_removes_and_one_error_is_one() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("file");
        let disk = Disk::with_fault("full@2").expect("a fault");
        disk.write(&path, b"ab").expect("room for changes 0 and 1");
        assert_eq!(disk.write(&path, b"cd").map_err(|error| error.kind()), Err(io::ErrorKind::StorageFull));
        disk.remove_file(&path).expect("needs no room");

        let disk = Disk::with_fault("error@0").expect("a fault");
        assert!(disk.write(&path, b"ab").is_err());
        disk.replace(&path, b"ab").expect("the next one is well");
        assert_eq!(fs::read(&path).expect("the file"), b"ab");
        assert!(Disk::with_fault("kill").is_err());
    }
}
