//! The one door through which files are read that somebody else may have put there: settings, content,
//! templates, assets, pictures, secrets, and whatever lies in `.lifthill/`. A file is looked at by its
//! open handle, so that what was looked at is what is read: a named pipe, a socket or a device is refused
//! at once rather than waited for, a symbolic link is not followed, and no more is read than the file's
//! kind allows. Knows nothing of what the files hold.

use std::fmt;
use std::fs::{File, FileType, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// The most bytes of a file that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Most(pub u64);

impl Most {
    /// So many megabytes.
    pub const fn megabytes(number: u64) -> Self {
        Self(number << 20)
    }
}

/// Why something is not read, although it may be there.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Refusal {
    /// It is something else than a file, in words.
    NoFile(&'static str),
    /// It is a link, which could lead anywhere.
    Link,
    /// It holds more bytes than are read.
    TooLarge { bytes: u64, most: Most },
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoFile(what) => write!(f, "it is {what}, not a file"),
            Self::Link => f.write_str("it is a symbolic link, which is not followed"),
            Self::TooLarge { bytes, most } => {
                write!(f, "it is {}; at most {} is read here", size(*bytes), size(most.0))
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// What to say of a file that could not be read, after its name: `is a folder, not a file`.
pub fn words(error: &io::Error) -> String {
    let refusal = error.get_ref().is_some_and(|inner| inner.is::<Refusal>());
    let said = error.to_string();
    match said.strip_prefix("it ").filter(|_| refusal) {
        Some(said) => said.to_owned(),
        None => format!("cannot be read: {said}"),
    }
}

/// A number of bytes for people: megabytes, and smaller units only where there are fewer.
pub fn size(bytes: u64) -> String {
    match bytes {
        0..1_024 => format!("{bytes} bytes"),
        1_024..1_048_576 => format!("{} KB", bytes >> 10),
        _ if bytes.is_multiple_of(1 << 20) => format!("{} MB", bytes >> 20),
        _ => format!("{:.1} MB", bytes as f64 / f64::from(1 << 20)),
    }
}

/// Whether a name on the way to a file may be a symbolic link.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Links {
    Refused,
    Followed,
}

/// Opens a file; nothing that is none, and nothing behind a symbolic link.
pub fn open(path: &Path) -> io::Result<(File, Metadata)> {
    enter(path, Links::Refused)
}

/// The bytes of a file, if there are no more than `most`.
pub fn read(path: &Path, most: Most) -> io::Result<Vec<u8>> {
    let (file, metadata) = open(path)?;
    take(file, &metadata, most)
}

/// The text of a file, if there is no more than `most` of it.
pub fn read_text(path: &Path, most: Most) -> io::Result<String> {
    text(read(path, most)?)
}

/// The text of a file that the user names, wherever it lies: links are followed, as those are by which
/// secrets are mounted into containers.
pub fn read_named_text(path: &Path, most: Most) -> io::Result<String> {
    let (file, metadata) = enter(path, Links::Followed)?;
    text(take(file, &metadata, most)?)
}

/// Fails where a file of so many bytes is more than is read.
pub fn check_size(bytes: u64, most: Most) -> io::Result<()> {
    if bytes > most.0 { Err(refused(Refusal::TooLarge { bytes, most })) } else { Ok(()) }
}

fn enter(path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    through(OpenOptions::new().read(true), path, links)
}

/// Opens a file of our own as `options` say, to be changed, by the same rules: whoever has put something
/// else in its place is not obeyed.
pub fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    through(options, path, Links::Refused).map(|(file, _)| file)
}

fn through(options: &mut OpenOptions, path: &Path, links: Links) -> io::Result<(File, Metadata)> {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        // A pipe would be waited for until somebody writes to it, some devices as well.
        let waits_for_nobody = OFlags::NONBLOCK | OFlags::NOCTTY;
        let flags = if links == Links::Refused { waits_for_nobody | OFlags::NOFOLLOW } else { waits_for_nobody };
        options.custom_flags(flags.bits().cast_signed());
    }
    #[cfg(not(unix))]
    if links == Links::Refused && path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(refused(Refusal::Link));
    }
    let file = options.open(path).map_err(|error| explained(path, links, error))?;
    let metadata = file.metadata()?;
    match kind(metadata.file_type()) {
        None => Ok((file, metadata)),
        Some(what) => Err(refused(Refusal::NoFile(what))),
    }
}

/// What could not be opened is named, where it is known why.
fn explained(path: &Path, links: Links, error: io::Error) -> io::Error {
    let looked = if links == Links::Refused { path.symlink_metadata() } else { path.metadata() };
    let Ok(metadata) = looked else { return error };
    if metadata.is_symlink() {
        return refused(Refusal::Link);
    }
    match kind(metadata.file_type()) {
        Some(what) if error.kind() != ErrorKind::PermissionDenied => refused(Refusal::NoFile(what)),
        _ => error,
    }
}

fn refused(refusal: Refusal) -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, refusal)
}

/// What is no file, in words.
fn kind(kind: FileType) -> Option<&'static str> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        if kind.is_fifo() {
            return Some("a named pipe (FIFO)");
        }
        if kind.is_socket() {
            return Some("a socket");
        }
        if kind.is_char_device() || kind.is_block_device() {
            return Some("a device");
        }
    }
    if kind.is_dir() {
        return Some("a folder");
    }
    (!kind.is_file()).then_some("something else")
}

fn take(file: File, metadata: &Metadata, most: Most) -> io::Result<Vec<u8>> {
    check_size(metadata.len(), most)?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(usize::try_from(metadata.len()).unwrap_or(usize::MAX)).map_err(io::Error::from)?;
    // It may grow while it is read, and files in /proc say that they hold nothing.
    file.take(most.0.saturating_add(1)).read_to_end(&mut bytes)?;
    check_size(bytes.len() as u64, most)?;
    Ok(bytes)
}

fn text(bytes: Vec<u8>) -> io::Result<String> {
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8 text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_up_to_its_limit() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        assert_eq!(read(&path, Most(1)).map_err(|error| error.kind()), Err(ErrorKind::NotFound));
        std::fs::write(&path, b"abc").expect("a file");
        assert_eq!(read(&path, Most(3)).expect("three bytes"), b"abc");
        let error = read(&path, Most(2)).expect_err("three are more than two");
        assert_eq!(error.to_string(), "it is 3 bytes; at most 2 bytes is read here");
        File::create(&path).and_then(|file| file.set_len(5 << 30)).expect("a sparse file");
        let error = read(&path, Most::megabytes(4)).expect_err("five gigabytes");
        assert_eq!(error.to_string(), "it is 5120 MB; at most 4 MB is read here");
        assert_eq!(words(&error), "is 5120 MB; at most 4 MB is read here");
        let error = read(folder.path(), Most(1)).expect_err("a folder");
        assert_eq!(error.to_string(), "it is a folder, not a file");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn nobody_waits_for_a_pipe_and_no_link_is_followed() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        rustix::fs::mknodat(rustix::fs::CWD, at("pipe"), rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
        let _listener = std::os::unix::net::UnixListener::bind(at("socket")).expect("a socket");
        std::fs::write(at("file"), b"abc").expect("a file");
        for (name, to) in [("link", "file"), ("dead", "nothing"), ("loop", "loop"), ("to-pipe", "pipe")] {
            std::os::unix::fs::symlink(to, at(name)).expect("a link");
        }
        let said = |name: &str| read(&at(name), Most(9)).expect_err(name).to_string();
        assert_eq!(said("pipe"), "it is a named pipe (FIFO), not a file");
        assert_eq!(said("socket"), "it is a socket, not a file");
        for name in ["link", "dead", "loop", "to-pipe"] {
            assert_eq!(said(name), "it is a symbolic link, which is not followed", "{name}");
        }
        assert_eq!(
            read(Path::new("/dev/zero"), Most(9)).expect_err("a device").to_string(),
            "it is a device, not a file"
        );
        assert_eq!(read_named_text(&at("link"), Most(9)).expect("named by the user"), "abc");
        let error = read_named_text(&at("to-pipe"), Most(9)).expect_err("a pipe");
        assert_eq!(error.to_string(), "it is a named pipe (FIFO), not a file");
        for name in ["pipe", "socket", "link", "dead"] {
            let opened = open_own(OpenOptions::new().append(true).create(true), &at(name));
            assert!(opened.is_err_and(|error| words(&error).contains("not")), "{name}");
        }
        assert!(!at("nothing").exists(), "nothing is made behind a link");
    }
}
