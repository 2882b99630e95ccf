//! A served site: what it answers, whom it refuses, and that watching it ends as a clean build would.

mod answers;
mod beside;
mod browserless;
mod greedy;
mod healing;
mod hostile;
mod load;
mod network;
mod own_root;
mod refusals;
mod rows;
mod sessions;
mod terminal;
mod watching;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use crate::site::Site;

/// How long anything may take before a test gives up on it.
const PATIENCE: Duration = Duration::from_secs(40);

/// A running `lifthill serve`, stopped when dropped.
pub struct Served {
    child: Child,
    address: SocketAddr,
    said: Receiver<String>,
    heard: Vec<String>,
}

/// What the server answered.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    head: String,
    pub body: Vec<u8>,
}

impl Served {
    /// Serves the site on a free port.
    #[track_caller]
    pub fn start(site: &Site, arguments: &[&str]) -> Self {
        Self::start_with(site, arguments, &[])
    }

    /// Serves the site with more environment variables.
    #[track_caller]
    pub fn start_with(site: &Site, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let port = if arguments.contains(&"--port") { &[][..] } else { &["--port", "0"] };
        Self::begun(site.spawn(&[&["serve"], port, arguments].concat(), variables))
    }

    /// Serves the site from a shell script that runs `$0` with `$@`.
    #[track_caller]
    pub fn start_by(script: &str, site: &Site, arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        Self::begun(site.spawn_by(script, &[&["serve", "--port", "0"], arguments].concat(), variables))
    }

    #[track_caller]
    fn begun(mut child: Child) -> Self {
        let lines = BufReader::new(child.stderr.take().expect("its standard error")).lines();
        let (sender, said) = channel();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let address = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut served = Self { child, address, said, heard: Vec::new() };
        let line = served.hears("Serving http://");
        let address = line.split("http://").nth(1).and_then(|rest| rest.split('/').next()).expect("its address");
        served.address = address.parse().expect("an address");
        served
    }

    /// Waits until the server has said this; returns the line.
    #[track_caller]
    pub fn hears(&mut self, words: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while let Ok(line) = self.said.recv_timeout(end.saturating_duration_since(Instant::now())) {
            self.heard.push(line.clone());
            if line.contains(words) {
                return line;
            }
        }
        panic!("nobody said `{words}`:\n{}", self.heard.join("\n"));
    }

    /// Whether it has said this by now.
    pub fn has_said(&mut self, words: &str) -> bool {
        self.heard.extend(self.said.try_iter());
        self.heard.iter().any(|line| line.contains(words))
    }

    /// Waits until the first build is over.
    #[track_caller]
    pub fn built(mut self) -> Self {
        self.hears(" pages: ");
        self
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[])
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        ask(self.address, method, path, headers)
    }

    /// Sends bytes and reads until the server closes the connection.
    pub fn send(&self, head: &[u8], rest: &[u8]) -> Answer {
        send(self.address, head, rest)
    }

    /// Waits until a page says this.
    #[track_caller]
    pub fn shows(&self, path: &str, words: &str) {
        let end = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path);
            if answer.text().contains(words) {
                return;
            }
            assert!(Instant::now() < end, "{path} never said `{words}`: {}\n{}", answer.status, answer.text());
            std::thread::yield_now();
        }
    }

    /// The token of this run, as its pages hold it.
    #[track_caller]
    pub fn token(&self) -> String {
        let page = self.get("/").text();
        let token = page.split("data-token=\"").nth(1).and_then(|rest| rest.split('"').next());
        token.expect("a page with a token").to_owned()
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("its standard input is ours");
        writeln!(input, "{line}").expect("it reads");
    }

    /// Asks it to stop, and waits until it has; returns its exit code.
    pub fn stop(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        let _ = std::process::Command::new("kill").args(["-TERM", &pid]).status();
        self.ends()
    }

    /// Waits until it has ended; returns its exit code.
    pub fn ends(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Ok(Some(status)) = self.child.try_wait() {
                return status.code();
            }
            std::thread::yield_now();
        }
        None
    }
}

/// Asks any server for something.
pub fn ask(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        request.push_str(&format!("Host: {address}\r\n"));
    }
    headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
    send(address, request.as_bytes(), b"\r\n")
}

fn send(address: SocketAddr, head: &[u8], rest: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    stream.write_all(&[head, rest].concat()).expect("the server reads");
    let mut bytes = Vec::new();
    // The server may refuse what it has not read to the end.
    let _ = stream.read_to_end(&mut bytes);
    Answer::parse(&bytes)
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A body that was sent in pieces, each after its length.
fn joined(mut rest: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = rest.windows(2).position(|two| two == b"\r\n") {
        let length = std::str::from_utf8(&rest[..end]).ok().and_then(|digits| usize::from_str_radix(digits, 16).ok());
        let length = length.expect("the length of a piece");
        whole.extend_from_slice(&rest[end + 2..end + 2 + length]);
        rest = &rest[end + 4 + length..];
    }
    whole
}

impl Answer {
    fn parse(bytes: &[u8]) -> Self {
        let end = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap_or(bytes.len());
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default();
        let mut answer = Self { status, head, body: bytes.get(end + 4..).unwrap_or_default().to_vec() };
        if answer.header("transfer-encoding") == Some("chunked") {
            answer.body = joined(&answer.body);
        }
        answer
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value).next()
    }

    /// Every header, its name in small letters; sorted.
    pub fn headers(&self) -> Vec<(String, String)> {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut all: Vec<_> = lines.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
        all.sort();
        all
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.text());
        self
    }
}

/// A small site with something of every kind.
pub fn park_site() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'\nformer_slugs = ['sprookjesbos']")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'\n+++\nFour inversions.")
        .ride("efteling/baron", "name = 'Baron 1898'\ncategory = 'roller_coaster'")
        .article("opening", "title = 'Opening'\ndate = 2026-01-01\n+++\nIt opens.")
}
