//! Who serves a site: a small file in `.lifthill/`, by which a command in another terminal finds
//! the running server and asks it, since only one process can hold the state.
//!
//! One JSON object: `pid`, `address` (`127.0.0.1:1111`), `token`, `root` (which folder the site is).
//! Readable by its owner only.
//!
//! Laws. A file that says so is no server: it may have come with a copy, a restored cache or a clone of
//! somebody's repository. Only the loopback is asked; only where the file names the very folder that the
//! site is in, and somebody holds the site's state; and whoever answers has to show that he has the token
//! and serves that folder before he is told anything. Nothing that a file or an answer says reaches a
//! terminal otherwise than as plain text.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::diagnostics::Severity;
use crate::digest::Digest;
use crate::door::{self, Most};
use crate::engine::{Impact, Why};
use crate::report::Report;
use crate::stamp::FileId;
use crate::state::{self, FOLDER};

/// Bytes of the file, and of the answer to the question who answers, at most.
const SMALL: Most = Most(4096);

/// Bytes of any answer at most.
const LARGEST: u64 = 1 << 30;

/// Whoever is asked who he is has so long to say it.
const PROMPT: Duration = Duration::from_secs(2);

/// A build that a server did for somebody else.
#[derive(Debug, Serialize, Deserialize)]
pub struct BuiltElsewhere {
    /// What there is to say of it, for people.
    pub said: Vec<String>,
    /// Mistakes in the site.
    pub errors: usize,
    /// Its report, for programs.
    pub report: serde_json::Value,
}

impl BuiltElsewhere {
    /// What `report` says.
    pub fn of(report: &Report) -> Result<Self> {
        let mut said: Vec<String> = report.diagnostics.iter().map(|one| format!("{one}\n")).collect();
        said.push(report.summary());
        let errors = report.diagnostics.iter().filter(|one| one.severity == Severity::Error).count();
        Ok(Self { said, errors, report: serde_json::to_value(report)? })
    }
}

/// A running server.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Holder {
    /// Its process.
    pub pid: u32,
    /// Where it listens.
    pub address: SocketAddr,
    /// What it wants to be shown.
    pub token: String,
    /// The folder that the site is in.
    pub root: FileId,
}

/// Text as a value in a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// The file's place.
fn path(root: &Path) -> PathBuf {
    root.join(FOLDER).join("serve.json")
}

impl Holder {
    /// Says that this process serves the site.
    pub fn announce(&self, root: &Path) -> Result<()> {
        let failed = "cannot say who serves the site";
        let (place, beside) = (path(root), root.join(FOLDER).join("serve.json.tmp"));
        clear(&beside).context(failed)?;
        let mut options = fs::OpenOptions::new();
        // What somebody has put there meanwhile, a link for instance, is not written through.
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).context(failed)?;
        file.write_all(&serde_json::to_vec(self)?).context(failed)?;
        if place.is_dir() {
            clear(&place).context(failed)?;
        }
        fs::rename(&beside, place).context(failed)
    }

    /// Says so again where it is said no more.
    pub fn keep_announced(&self, root: &Path) -> Result<()> {
        if Self::read(root).is_some_and(|said| said.token == self.token) { Ok(()) } else { self.announce(root) }
    }

    /// This process serves the site no more.
    pub fn withdraw(&self, root: &Path) {
        if Self::read(root).is_some_and(|said| said.token == self.token) {
            // Whoever finds it all the same finds nobody there.
            let _ = fs::remove_file(path(root));
        }
    }

    /// What the file says; nothing where it is no file, or could not be one of ours.
    fn read(root: &Path) -> Option<Self> {
        serde_json::from_slice(&door::read(&path(root), SMALL).ok()?).ok()
    }

    /// The folder that is at `root` now.
    pub fn root_of(root: &Path) -> Option<FileId> {
        FileId::at(&root.canonicalize().ok()?)
    }

    /// The server that serves the site at `root`, if one does.
    pub fn find(root: &Path) -> Option<Self> {
        let holder = Self::read(root)?;
        let is_here = holder.address.ip().is_loopback() && Self::root_of(root).as_ref() == Some(&holder.root);
        (is_here && state::is_held(root) && holder.is_there()).then_some(holder)
    }

    /// Whether whoever listens there is this server, and serves this folder still.
    fn is_there(&self) -> bool {
        use std::hash::{BuildHasher, RandomState};
        let nonce = format!("{:016x}{:016x}", RandomState::new().hash_one(0), RandomState::new().hash_one(1));
        let asked = || -> Result<String> {
            let stream = TcpStream::connect_timeout(&self.address, PROMPT)?;
            stream.set_read_timeout(Some(PROMPT))?;
            stream.set_write_timeout(Some(PROMPT))?;
            self.ask_by(stream, "GET", &format!("holder?nonce={nonce}"), None, SMALL.0)
        };
        asked().is_ok_and(|answer| answer == self.proof(&nonce))
    }

    /// What only this server can say to `nonce`.
    pub fn proof(&self, nonce: &str) -> String {
        let root = serde_json::to_vec(&self.root).unwrap_or_default();
        let pid = self.pid.to_le_bytes();
        Digest::of_parts([self.token.as_bytes(), nonce.as_bytes(), &pid[..], &root[..]]).to_string()
    }

    /// Who it is, for people.
    pub fn words(&self) -> String {
        format!("`lifthill serve` (process {}) holds this site and serves it at http://{}/", self.pid, self.address)
    }

    /// Has the server build.
    pub fn ask_build(&self) -> Result<BuiltElsewhere> {
        let mut built: BuiltElsewhere = serde_json::from_str(&self.ask("POST", "build")?)?;
        built.said.iter_mut().for_each(|line| *line = plain(line));
        Ok(built)
    }

    /// Has the server explain a page.
    pub fn ask_why(&self, page: &str) -> Result<Why> {
        Ok(serde_json::from_str(&self.ask("GET", &format!("why?page={}", encoded(page)))?)?)
    }

    /// Has the server say what would be looked at if something changed.
    pub fn ask_impact(&self, subject: &str) -> Result<Impact> {
        Ok(serde_json::from_str(&self.ask("GET", &format!("impact?of={}", encoded(subject)))?)?)
    }

    /// Asks the server; the answer is the body of its response.
    fn ask(&self, method: &str, path: &str) -> Result<String> {
        let stream = TcpStream::connect(self.address).context("the server does not answer")?;
        self.ask_by(stream, method, path, Some(&self.token), LARGEST)
    }

    fn ask_by(
        &self,
        mut stream: TcpStream,
        method: &str,
        path: &str,
        token: Option<&str>,
        most: u64,
    ) -> Result<String> {
        let token = token.map(|token| format!("X-Lifthill-Token: {token}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} /__lifthill/{path} HTTP/1.1\r\nHost: {}\r\n{token}Content-Length: 0\r\nConnection: close\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.take(most).read_to_string(&mut answer).context("the server's answer broke off")?;
        ensure!((answer.len() as u64) < most, "the server's answer has no end");
        let (head, body) = answer.split_once("\r\n\r\n").context("the server's answer makes no sense")?;
        match head.split(' ').nth(1).unwrap_or_default() {
            "200" => Ok(body.to_owned()),
            _ => bail!("{}", plain(body.trim_end())),
        }
    }
}

/// Text that does nothing to a terminal but stand there.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && !matches!(c, '\n' | '\t') { '\u{fffd}' } else { c }).collect()
}

/// Makes sure that nothing is at `place`; a folder that holds anything stays, and is an error.
fn clear(place: &Path) -> std::io::Result<()> {
    let folder = fs::symlink_metadata(place).is_ok_and(|found| found.is_dir());
    match if folder { fs::remove_dir(place) } else { fs::remove_file(place) } {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
