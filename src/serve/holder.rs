//! Who serves a site: a small file in `.lifthill/`, by which a command in another terminal finds
//! the running server and asks it, since only one process can hold the state.
//!
//! One JSON object: `pid`, `address` (`127.0.0.1:1111`), `token`. Readable by its owner only.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::build::{Impact, Why};
use crate::diagnostics::Severity;
use crate::report::Report;
use crate::state::FOLDER;

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
}

/// Text as a value in a query.
fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn path(root: &Path) -> PathBuf {
    root.join(FOLDER).join("serve.json")
}

impl Holder {
    /// Says that this process serves the site.
    pub fn announce(&self, root: &Path) -> Result<()> {
        let beside = root.join(FOLDER).join("serve.json.tmp");
        let mut options = fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&beside).context("cannot say who serves the site")?;
        file.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(&beside, path(root)).context("cannot say who serves the site")
    }

    /// Nobody serves the site any more.
    pub fn withdraw(root: &Path) {
        // Whoever finds it all the same finds nobody there.
        let _ = fs::remove_file(path(root));
    }

    /// The server that serves the site at `root`, if one does.
    pub fn find(root: &Path) -> Option<Self> {
        let holder: Self = serde_json::from_slice(&fs::read(path(root)).ok()?).ok()?;
        TcpStream::connect_timeout(&holder.address, Duration::from_millis(500)).ok().map(|_| holder)
    }

    /// Who it is, for people.
    pub fn words(&self) -> String {
        format!("`lifthill serve` (process {}) holds this site and serves it at http://{}/", self.pid, self.address)
    }

    /// Has the server build.
    pub fn ask_build(&self) -> Result<BuiltElsewhere> {
        Ok(serde_json::from_str(&self.ask("POST", "build")?)?)
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
        let mut stream = TcpStream::connect(self.address).context("the server does not answer")?;
        let request = format!(
            "{method} /__lifthill/{path} HTTP/1.1\r\nHost: {}\r\nX-Lifthill-Token: {}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            self.address, self.token
        );
        stream.write_all(request.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("the server's answer broke off")?;
        let (head, body) = answer.split_once("\r\n\r\n").context("the server's answer makes no sense")?;
        let status = head.split(' ').nth(1).unwrap_or_default();
        match status {
            "200" => Ok(body.to_owned()),
            _ => bail!("{}", body.trim_end()),
        }
    }
}
