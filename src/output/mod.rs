//! Files below `output/`: written beside and renamed over something, created directly where
//! nothing stood, removed only when asked. What configures servers lies in a folder of its own
//! beside it ([`path_of`]). What stands in the way of a file is cleared or set aside (`way.rs`).
//! Knows nothing of pages or of why a file exists.

mod way;

pub use way::Blocked;

mod closer;
mod copies;

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context, Result, bail};
use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};

use crate::config::hosting;
use crate::digest::Digest;
use crate::disk::{Disk, has_other_names};
use crate::door::{self, Most};
use crate::headers::is_outside;
use crate::paths::RelPath;
use crate::stamp::Stamp;
use closer::{Closer, reserve};

/// The folder of a site's output in its root.
pub const FOLDER: &str = "output";

/// Files that keep an empty `output/` in a repository, or out of it. They are no outputs, and stay.
const KEEPERS: [&str; 3] = [".gitkeep", ".gitignore", ".keep"];

/// The place of an output of the site whose output and state are in `home`: below `output/`, but for
/// the files that configure servers, whose paths are those in `home` itself.
pub fn path_of(home: &Path, path: &RelPath) -> PathBuf {
    if is_outside(path.as_str()) { path.under(home) } else { path.under(&home.join(FOLDER)) }
}

/// What we know of a file that we wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Written {
    /// The digest of its bytes.
    pub digest: Digest,
    /// Its stamp after writing.
    pub stamp: Stamp,
}

/// What became of a file.
#[derive(Clone, Copy, Debug)]
pub struct Placed {
    /// What is known of it now.
    pub written: Written,
    /// Whether any byte was written.
    pub changed: bool,
}

/// The output folder of one build.
pub struct Output {
    root: PathBuf,
    /// The folder that `output/` is in.
    home: PathBuf,
    disk: Disk,
    /// Folders known to be real folders inside the root, so that each is looked at once.
    folders: Vec<Mutex<FxHashSet<Box<str>>>>,
    /// Numbers temporary files.
    serial: AtomicU64,
    /// Takes files that were replaced.
    replaced: Closer,
    /// Whether something was not as it was left, where nobody had looked.
    surprised: AtomicBool,
    /// What was set aside, and where it lies now.
    aside: Mutex<Vec<(String, String)>>,
}

/// Fewer threads than this wait for one folder set at a time.
const SHARDS: usize = 16;

impl Output {
    /// The output folder of the site at `root`, created if missing and changed through `disk`.
    pub fn open(root: &Path, disk: &Disk) -> Result<Self> {
        let output = Self::look(root, disk)?;
        output.begin()?;
        Ok(output)
    }

    /// The output folder of the site at `root`, which need not be there, to be looked at.
    pub fn look(root: &Path, disk: &Disk) -> Result<Self> {
        let (root, home) = (root.join(FOLDER), root.to_owned());
        if fs::symlink_metadata(&root).is_ok_and(|metadata| metadata.is_symlink()) {
            bail!("{} is a symbolic link; writing through it is refused", root.display());
        }
        Ok(Self {
            root,
            home,
            disk: disk.clone(),
            folders: (0..SHARDS).map(|_| Mutex::default()).collect(),
            serial: AtomicU64::new(0),
            replaced: Closer::default(),
            surprised: AtomicBool::new(false),
            aside: Mutex::default(),
        })
    }

    /// The output folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Tells `visit` of everything that is there, by its path below the folder: files, links and whatever
    /// else is no folder, and folders that hold nothing. Nothing behind a symbolic link; and not what keeps
    /// the folder itself in a repository.
    pub fn walk(&self, mut visit: impl FnMut(PathBuf, fs::FileType) -> Result<()>) -> Result<()> {
        let mut open = vec![PathBuf::new()];
        while let Some(below) = open.pop() {
            let Ok(entries) = fs::read_dir(self.root.join(&below)) else { continue };
            let mut is_empty = true;
            for entry in entries {
                let entry = entry.with_context(|| format!("cannot read {}", self.root.display()))?;
                let (path, kind) = (below.join(entry.file_name()), entry.file_type()?);
                is_empty = false;
                if kind.is_dir() {
                    open.push(path);
                } else if !KEEPERS.iter().any(|keeper| path.as_os_str() == *keeper) {
                    visit(path, kind)?;
                }
            }
            if is_empty && below.as_os_str() != "" {
                let kind = fs::symlink_metadata(self.root.join(&below)).map(|metadata| metadata.file_type());
                kind.map_or(Ok(()), |kind| visit(below, kind))?;
            }
        }
        Ok(())
    }

    /// Every file that is there; nothing behind a symbolic link.
    pub fn files(&self) -> Result<Vec<RelPath>> {
        let mut files = Vec::new();
        self.walk(|path, kind| {
            files.extend(path.to_str().filter(|_| kind.is_file()).and_then(RelPath::new));
            Ok(())
        })?;
        Ok(files)
    }

    /// Removes something that nobody claims, by its path below the folder, and the folders that it leaves
    /// empty.
    pub fn remove_stranger(&self, path: &Path, kind: fs::FileType) -> Result<()> {
        let target = self.root.join(path);
        let removed = if kind.is_dir() { self.disk.remove_dir(&target) } else { self.disk.remove_file(&target) };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", target.display()));
            }
            _ => {}
        }
        for folder in path.ancestors().skip(1).filter(|folder| folder.as_os_str() != "") {
            if self.disk.remove_dir(&self.root.join(folder)).is_err() {
                break;
            }
            let name = folder.to_string_lossy();
            self.shard(&name).remove(&*name);
        }
        Ok(())
    }

    /// The place of a file.
    fn path(&self, path: &RelPath) -> PathBuf {
        path_of(&self.home, path)
    }

    /// The place of a folder that an output lies in, however far below.
    fn folder(&self, folder: &str) -> PathBuf {
        if is_of_servers(folder) { self.home.join(folder) } else { self.root.join(folder) }
    }

    /// The stamp of a file; `None` where there is no such file.
    pub fn stamp(&self, path: &RelPath) -> Option<Stamp> {
        let metadata = fs::symlink_metadata(self.path(path)).ok()?;
        metadata.is_file().then(|| Stamp::of(&metadata))
    }

    /// Whether a file still holds the bytes we wrote, by reading it; no more than there were.
    pub fn holds(&self, path: &RelPath, written: &Written) -> bool {
        let most = written.stamp.size;
        let read = door::open(&self.path(path)).and_then(|(file, metadata)| {
            door::check_size(metadata.len(), Most(most))?;
            Digest::of_reader(file.take(most))
        });
        read.is_ok_and(|(found, _)| found == written.digest)
    }

    /// Whether a file is as we left it, by its stamp, and by its bytes where a stamp says too little.
    pub fn is_as_left(&self, path: &RelPath, written: &Written) -> bool {
        self.stamp(path) == Some(written.stamp) && (!written.stamp.is_coarse() || self.holds(path, written))
    }

    /// Makes the file hold `bytes`. Where it holds them already, nothing is written and nothing
    /// changes its times; `known` spares reading it. The caller has made sure that `known` is
    /// what stands there.
    pub fn place(&self, path: &RelPath, bytes: &[u8], known: Option<&Written>) -> Result<Placed> {
        let digest = Digest::of(bytes);
        if let Some(known) = known.filter(|known| known.digest == digest) {
            return Ok(Placed { written: *known, changed: false });
        }
        self.in_spite_of_all(path, "written", |again| self.put(path, bytes, digest, known.filter(|_| !again)))
    }

    /// Writes the file, where nothing stands in its way.
    fn put(&self, path: &RelPath, bytes: &[u8], digest: Digest, known: Option<&Written>) -> io::Result<Placed> {
        let target = self.path(path);
        let folder = path.parent().unwrap_or_default();
        if known.is_some() {
            self.find_folder(folder)?;
        } else {
            self.make_folder(folder)?;
            match self.disk.create_new(&target) {
                Ok(file) => {
                    let stamp = self.fill(file, bytes).inspect_err(|_| {
                        // Half a file is worse than none; if it cannot go, the journal knows of it.
                        let _ = self.disk.remove_file(&target);
                    });
                    return Ok(Placed { written: Written { digest, stamp: stamp? }, changed: true });
                }
                Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
            if let Some(stamp) = self.same_bytes(path, bytes) {
                return Ok(Placed { written: Written { digest, stamp }, changed: false });
            }
        }
        // What we know to stand there is a file; where it is one no more, it is not waited for.
        let old = known.and_then(|_| door::open(&target).ok());
        if old.is_none() {
            // Only a file is replaced by renaming another over it: nothing is begun beside a folder.
            if !self.is_for_servers(&target) && fs::symlink_metadata(&target).is_ok_and(|found| found.is_dir()) {
                return Err(ErrorKind::IsADirectory.into());
            }
            self.surprised.fetch_or(known.is_some(), Ordering::Relaxed);
        }
        let stamp = self.replace(&target, bytes)?;
        if let Some((old, _)) = old {
            self.replaced.close(old);
        }
        Ok(Placed { written: Written { digest, stamp }, changed: true })
    }

    /// Like [`Output::place`], for a file whose bytes are kept elsewhere under a name that never means
    /// others: `link` makes the file given to it share them, or says `false`.
    pub fn place_link(
        &self,
        path: &RelPath,
        bytes: &[u8],
        known: Option<&Written>,
        link: impl FnOnce(&[u8], &Path) -> io::Result<bool>,
    ) -> Result<Placed> {
        let digest = Digest::of(bytes);
        if let Some(known) = known.filter(|known| known.digest == digest) {
            return Ok(Placed { written: *known, changed: false });
        }
        if self.make_folder(path.parent().unwrap_or_default()).is_err() {
            return self.place(path, bytes, None);
        }
        if let Some(stamp) = self.same_bytes(path, bytes) {
            return Ok(Placed { written: Written { digest, stamp }, changed: false });
        }
        let target = self.path(path);
        let temporary = self.temporary(target.parent().unwrap_or(&self.root));
        let linked = link(bytes, &temporary).and_then(|linked| {
            if !linked {
                return Ok(None);
            }
            self.disk.rename(&temporary, &target)?;
            // Where both were the same file already, renaming leaves both names.
            if temporary.exists() {
                self.disk.remove_file(&temporary)?;
            }
            fs::symlink_metadata(&target).map(Some)
        });
        match linked {
            Ok(Some(metadata)) => {
                let stamp = Stamp::of(&metadata);
                Ok(Placed { written: Written { digest, stamp }, changed: true })
            }
            // What cannot be shared can still be written.
            Ok(None) => self.place(path, bytes, None),
            Err(_) => {
                // What is left of it is only litter.
                let _ = self.disk.remove_file(&temporary);
                self.place(path, bytes, None)
            }
        }
    }

    /// As [`Output::place`], for a file that is a form of the one at `of`: it has that file's time
    /// of modification, from which servers tell whether a visitor's copy is still good.
    pub fn place_beside(&self, path: &RelPath, bytes: &[u8], known: Option<&Written>, of: &RelPath) -> Result<Placed> {
        let placed = self.place(path, bytes, known)?;
        let target = self.path(path);
        let as_old = || {
            let wanted = fs::symlink_metadata(self.path(of))?.modified()?;
            let found = fs::symlink_metadata(&target)?;
            if found.modified()? == wanted {
                return Ok(placed);
            }
            // Another name of the same file would get another time as well.
            if has_other_names(&found) {
                self.replace(&target, bytes)?;
            }
            self.disk.set_modified(&target, wanted)?;
            let stamp = Stamp::of(&fs::symlink_metadata(&target)?);
            Ok(Placed { written: Written { stamp, ..placed.written }, ..placed })
        };
        as_old().map_err(|error| way::of_place(error, &target, "given its time"))
    }

    /// Removes a file that we wrote and the folders that it leaves empty. A file that is already
    /// gone is no error; says whether there was one.
    pub fn remove(&self, path: &RelPath) -> Result<bool> {
        let target = self.path(path);
        if !self.is_inside(path) {
            return Ok(false);
        }
        if fs::symlink_metadata(&target).is_ok_and(|metadata| metadata.is_dir()) {
            return Ok(false);
        }
        let removed = self.in_spite_of_all(path, "removed", |_| match self.disk.remove_file(&target) {
            Ok(()) => Ok(true),
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(false),
            Err(error) => Err(error),
        })?;
        self.remove_empty(path.parent());
        Ok(removed)
    }

    /// Removes a folder below the root if it is empty, and those above it that are empty then.
    fn remove_empty(&self, folder: Option<&str>) {
        for name in and_above(folder) {
            if self.disk.remove_dir(&self.folder(name)).is_err() {
                break;
            }
            self.shard(name).remove(name);
        }
    }

    /// The folder that a file lies in, or the nearest above it that is there.
    pub fn nearest_folder<'a>(&self, path: &'a RelPath) -> &'a str {
        and_above(path.parent()).find(|name| self.is_folder(name)).unwrap_or_default()
    }

    /// Removes what a killed build has left in a folder: half-written files, and the folder where nothing
    /// came to lie in it.
    pub fn remove_litter(&self, folder: &str) -> Result<()> {
        if !and_above(Some(folder)).all(|name| self.is_folder(name)) {
            return Ok(());
        }
        let Ok(entries) = fs::read_dir(self.folder(folder)) else { return Ok(()) };
        for entry in entries {
            let entry = entry.with_context(|| format!("cannot read {}", self.folder(folder).display()))?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if name.starts_with(".lifthill-") && name.ends_with(".tmp") && !is_folder {
                self.disk.remove_file(&entry.path()).with_context(|| format!("cannot remove {name}"))?;
            }
        }
        self.remove_empty(Some(folder));
        Ok(())
    }

    fn shard(&self, folder: &str) -> std::sync::MutexGuard<'_, FxHashSet<Box<str>>> {
        let index = folder.bytes().fold(0_usize, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.folders[index % SHARDS].lock().expect("nobody panics while holding the folder set")
    }

    /// As [`Output::make_folder`], where the folder is most likely there.
    fn find_folder(&self, folder: &str) -> io::Result<()> {
        if folder.is_empty() || self.shard(folder).contains(folder) {
            return Ok(());
        }
        let parent = folder.rsplit_once('/').map_or("", |(parent, _)| parent);
        self.find_folder(parent)?;
        if !fs::symlink_metadata(self.folder(folder)).is_ok_and(|found| found.is_dir()) {
            return self.make_folder(folder);
        }
        self.shard(folder).insert(folder.into());
        Ok(())
    }

    /// Makes a folder and those above it, refusing to pass through anything but real folders.
    fn make_folder(&self, folder: &str) -> io::Result<()> {
        if folder.is_empty() || self.shard(folder).contains(folder) {
            return Ok(());
        }
        if let Some((parent, _)) = folder.rsplit_once('/') {
            self.make_folder(parent)?;
        }
        let path = self.folder(folder);
        match self.disk.create_dir(&path) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let is_folder = fs::symlink_metadata(&path)?.is_dir();
                if !is_folder && is_of_servers(folder) {
                    self.disk.own_folder(&path)?;
                } else if !is_folder {
                    return Err(ErrorKind::NotADirectory.into());
                }
            }
            Err(error) => return Err(error),
        }
        self.shard(folder).insert(folder.into());
        Ok(())
    }

    fn is_inside(&self, path: &RelPath) -> bool {
        and_above(path.parent()).all(|name| self.is_folder(name))
    }

    fn is_folder(&self, name: &str) -> bool {
        fs::symlink_metadata(self.folder(name)).is_ok_and(|metadata| metadata.is_dir())
    }

    /// The stamp of the file if it holds just `bytes`.
    fn same_bytes(&self, path: &RelPath, bytes: &[u8]) -> Option<Stamp> {
        let (file, found) = door::open(&self.path(path)).ok()?;
        let before = Stamp::of(&found);
        if before.size != bytes.len() as u64 {
            return None;
        }
        let mut found = Vec::with_capacity(bytes.len());
        file.take(before.size + 1).read_to_end(&mut found).ok()?;
        (found == bytes).then_some(before)
    }

    /// Whether a file lies in `.lifthill/`, where all is ours: whatever stands in its place makes way.
    fn is_for_servers(&self, target: &Path) -> bool {
        target.starts_with(self.home.join(hosting::FOLDER))
    }

    fn temporary(&self, folder: &Path) -> PathBuf {
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        folder.join(format!(".lifthill-{}-{serial}.tmp", std::process::id()))
    }

    fn replace(&self, target: &Path, bytes: &[u8]) -> io::Result<Stamp> {
        let temporary = self.temporary(target.parent().unwrap_or(&self.root));
        let outcome = self
            .disk
            .anew(&temporary)
            .and_then(|file| {
                reserve(&file, bytes.len());
                self.fill(file, bytes)
            })
            .and_then(|_| match self.is_for_servers(target) {
                true => self.disk.rename_over(&temporary, target),
                false => self.disk.rename(&temporary, target),
            })
            .and_then(|()| fs::symlink_metadata(target));
        match outcome {
            Ok(metadata) => Ok(Stamp::of(&metadata)),
            Err(error) => {
                // The write has failed already; what is left of it is only litter.
                let _ = self.disk.remove_file(&temporary);
                Err(error)
            }
        }
    }

    fn fill(&self, mut file: File, bytes: &[u8]) -> io::Result<Stamp> {
        self.disk.fill(&mut file, bytes)?;
        Ok(Stamp::of(&file.metadata()?))
    }
}

/// Whether a folder is one of what configures servers: in `.lifthill/`, where all is ours.
fn is_of_servers(folder: &str) -> bool {
    folder.split('/').next() == hosting::FOLDER.split('/').next()
}

/// A folder and those above it, from the inside out; the root is none of them.
fn and_above(folder: Option<&str>) -> impl Iterator<Item = &str> {
    std::iter::successors(folder.filter(|name| !name.is_empty()), |name| {
        name.rsplit_once('/').map(|(parent, _)| parent)
    })
}
