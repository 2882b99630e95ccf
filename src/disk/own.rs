//! What is ours, and what somebody else has put in its place: links, pipes, folders, and files that
//! have a second name elsewhere. Nothing is written through any of these; they are put out of the way,
//! so that whatever a clone or a restored cache brings along costs at most a making again. Knows one
//! name at a time: the folder that it is in must be a real one ([`Disk::own_folder`]).
//!
//! What holds nothing of its own (a link, a pipe, an empty folder, one name of several) is removed.
//! What may be dear to somebody (a file where a folder belongs, a folder that is not empty) is renamed
//! to `NAME.foreign`.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::{Disk, Needs};
use crate::door;

impl Disk {
    /// Opens a file of ours, to be changed in place, with `options` that may make it. What is no file is
    /// put out of the way; a file that has other names is copied first, for those are somebody else's (a
    /// backup that saves room, or a victim).
    pub fn own(&self, path: &Path, options: &mut OpenOptions) -> io::Result<File> {
        match fs::symlink_metadata(path) {
            Ok(found) if !found.is_file() => self.clear(path)?,
            Ok(found) if has_other_names(&found) => self.part_from_others(path)?,
            _ => {}
        }
        let file = self.change(Needs::Space, || unled(options).open(path))?;
        let opened = file.metadata()?;
        if !opened.is_file() || has_other_names(&opened) {
            let message = format!("{} was replaced by something else meanwhile", path.display());
            return Err(io::Error::other(message));
        }
        Ok(file)
    }

    /// Makes a file, in the place of whatever has its name.
    pub fn anew(&self, path: &Path) -> io::Result<File> {
        match self.create_new(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made,
        }
        match fs::symlink_metadata(path) {
            Ok(found) if found.is_file() => self.remove_file(path)?,
            _ => self.clear(path)?,
        }
        self.create_new(path)
    }

    /// Makes a folder unless it is there; what is there and is none is put out of the way.
    pub fn own_folder(&self, path: &Path) -> io::Result<()> {
        match self.create_dir(path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made,
        }
        if fs::symlink_metadata(path)?.is_dir() {
            return Ok(());
        }
        self.clear(path)?;
        self.create_dir(path)
    }

    /// Renames a file over whatever has the other name.
    pub fn rename_over(&self, from: &Path, to: &Path) -> io::Result<()> {
        match self.rename(from, to) {
            Err(_) if fs::symlink_metadata(to).is_ok_and(|found| found.is_dir()) => {}
            renamed => return renamed,
        }
        self.clear(to)?;
        self.rename(from, to)
    }

    /// Puts out of the way what stands where something of ours belongs.
    pub fn clear(&self, path: &Path) -> io::Result<()> {
        let found = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if found.is_dir() && self.remove_dir(path).is_ok() {
            return Ok(());
        }
        if !found.is_dir() && (!found.is_file() || has_other_names(&found)) {
            return self.remove_file(path);
        }
        self.rename(path, &aside(path))
    }

    /// Leaves a file's other names to whoever has them.
    fn part_from_others(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("tmp");
        let mut copy = self.anew(&beside)?;
        let (mut shared, _) = door::open(path)?;
        self.change(Needs::Space, || io::copy(&mut shared, &mut copy))?;
        self.rename(&beside, path)
    }
}

/// A name that nothing has yet, for what is put aside.
fn aside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = (1..).map(|number: u64| match number {
        1 => path.with_file_name(format!("{name}.foreign")),
        _ => path.with_file_name(format!("{name}.foreign-{number}")),
    });
    names.into_iter().find(|name| fs::symlink_metadata(name).is_err()).unwrap_or_else(|| path.to_owned())
}

/// Whether a file has other names than the one under which it was found.
pub fn has_other_names(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::nlink(metadata) > 1;
    #[cfg(not(unix))]
    false
}

/// Options with which no link is followed and no pipe is waited for.
pub(super) fn unled(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.bits().cast_signed());
    }
    options
}

#[cfg(all(test, unix))]
mod tests {
    use std::io::Write;
    use std::os::unix::fs::symlink;

    use super::*;

    /// Puts something at a name in a folder, given a victim beside it.
    type Plant = fn(&Path, &Path) -> io::Result<()>;

    /// What may stand in the place of a file of ours.
    const PLANTS: [(&str, Plant); 7] = [
        ("a link to a file", |at, victim| symlink(victim, at)),
        ("a link to nothing", |at, _| symlink("nowhere", at)),
        ("a link to itself", |at, _| symlink(at, at)),
        ("a second name of a file", |at, victim| fs::hard_link(victim, at)),
        ("a folder", |at, _| fs::create_dir(at)),
        ("a folder with something in it", |at, _| {
            fs::create_dir(at)?;
            fs::write(at.join("dear"), "to somebody")
        }),
        ("a pipe", |at, _| {
            let kind = rustix::fs::FileType::Fifo;
            Ok(rustix::fs::mknodat(rustix::fs::CWD, at, kind, 0o600.into(), 0)?)
        }),
    ];

    fn with_each(check: impl Fn(&str, &Path)) {
        for (what, plant) in PLANTS {
            let folder = tempfile::tempdir().expect("a temporary folder");
            let victim = folder.path().join("victim");
            fs::write(&victim, "precious").expect("a victim");
            let at = folder.path().join("ours");
            plant(&at, &victim).expect(what);
            check(what, &at);
            assert_eq!(fs::read_to_string(&victim).expect("the victim"), "precious", "{what}");
            assert!(fs::symlink_metadata(&at).expect("ours").nlink() == 1 || at.is_dir(), "{what}");
        }
    }

    use std::os::unix::fs::MetadataExt;

    #[test]
    fn whatever_stands_where_a_file_belongs_nothing_is_written_through_it() {
        let disk = Disk::default();
        with_each(|what, at| {
            disk.write(at, b"ours").expect(what);
            assert_eq!(fs::read(at).expect(what), b"ours", "{what}");
        });
        with_each(|what, at| {
            disk.replace(at, b"ours").expect(what);
            assert_eq!(fs::read(at).expect(what), b"ours", "{what}");
        });
        with_each(|what, at| {
            disk.append(at, [b"ours"]).expect(what);
            let kept = fs::read_to_string(at).expect(what);
            assert!(kept == "ours" || (kept == "preciousours" && what.contains("second name")), "{what}: {kept}");
        });
        with_each(|what, at| {
            disk.open(at).and_then(|mut file| file.write_all(b"ours")).expect(what);
            assert!(fs::read_to_string(at).expect(what).starts_with("ours"), "{what}");
        });
    }

    #[test]
    fn whatever_stands_where_a_folder_belongs_nothing_is_put_behind_it() {
        let disk = Disk::default();
        with_each(|what, at| {
            disk.own_folder(at).expect(what);
            assert!(fs::symlink_metadata(at).expect(what).is_dir(), "{what}");
        });
        let folder = tempfile::tempdir().expect("a temporary folder");
        let at = folder.path().join("ours");
        for turn in ["ours.foreign", "ours.foreign-2"] {
            fs::write(&at, turn).expect("a file where a folder belongs");
            disk.own_folder(&at).expect("a folder");
            assert_eq!(fs::read_to_string(folder.path().join(turn)).expect("kept"), turn);
            fs::remove_dir(&at).expect("an empty folder");
        }
    }

    #[test]
    fn times_are_set_of_files_only() {
        let disk = Disk::default();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let (victim, at) = (folder.path().join("victim"), folder.path().join("ours"));
        fs::write(&victim, "precious").expect("a victim");
        let before = fs::metadata(&victim).expect("the victim").modified().expect("a time");
        symlink(&victim, &at).expect("a link");
        assert!(disk.set_modified(&at, std::time::UNIX_EPOCH).is_err());
        assert_eq!(fs::metadata(&victim).expect("the victim").modified().expect("a time"), before);
    }
}
