//! Servers on loopback that the tests start themselves: one that stands in for a cache's interface
//! and writes down what it is asked, and moto, which speaks S3.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Asked {
    pub method: String,
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }
}

/// A server that says yes, but for the first few requests, and writes everything down.
pub struct Scribe {
    pub address: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Scribe {
    /// A server whose first `refusals` answers are 503.
    pub fn start(refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let book = Arc::clone(&asked);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answered = answer(stream, &book, refusals);
                // A client that went away has no complaint.
                let _ = answered;
            }
        });
        Self { address, asked }
    }

    /// Everything asked since the last time somebody looked.
    pub fn take(&self) -> Vec<Asked> {
        std::mem::take(&mut self.asked.lock().expect("the book"))
    }
}

/// The next request of a connection, and its body; `None` where there is no more.
pub fn heard(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<(Asked, Vec<u8>)>> {
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ');
    let (method, path) = (words.next().unwrap_or_default().to_owned(), words.next().unwrap_or_default().to_owned());
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let asked = Asked { method, path, headers, body: String::new() };
    let mut body = vec![0; asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0)];
    reader.read_exact(&mut body)?;
    Ok(Some((Asked { body: String::from_utf8_lossy(&body).into_owned(), ..asked }, body)))
}

/// Waits until a server listens.
pub fn until_it_listens(port: u16, name: &str) {
    let begun = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{name} does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn answer(stream: TcpStream, book: &Mutex<Vec<Asked>>, refusals: usize) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    let Some((request, _)) = heard(&mut reader)? else { return Ok(()) };
    let mut asked = book.lock().expect("the book");
    asked.push(request);
    let status = if asked.len() <= refusals { "503 Service Unavailable" } else { "200 OK" };
    drop(asked);
    let mut stream = reader.into_inner();
    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}")
}

/// moto, an S3 of its own; ends with the value.
pub struct Moto {
    child: Child,
    pub address: String,
}

impl Moto {
    /// Starts moto with a bucket called `site`. `./test` makes its environment and names it in
    /// `LIFTHILL_MOTO`.
    pub fn start() -> Self {
        let program = std::env::var("LIFTHILL_MOTO").unwrap_or_else(|_| "moto_server".to_owned());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port").port();
        let mut moto = Command::new(&program);
        moto.args(["-H", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
        let child = moto.spawn().unwrap_or_else(|error| {
            panic!("{program} cannot be started ({error}); run ./test, or set LIFTHILL_MOTO to moto_server's place")
        });
        let moto = Self { child, address: format!("http://127.0.0.1:{port}") };
        until_it_listens(port, "moto");
        moto.request("PUT", "/site", &[]);
        moto
    }

    /// A request with a signature of the right form: status, headers, body.
    pub fn request(&self, method: &str, path: &str, body: &[u8]) -> (u16, Vec<(String, String)>, Vec<u8>) {
        self.request_of("s3", method, path, body)
    }

    /// The same of another of Amazon's services.
    pub fn request_of(
        &self,
        service: &str,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> (u16, Vec<(String, String)>, Vec<u8>) {
        let place = self.address.trim_start_matches("http://");
        let mut stream = TcpStream::connect(place).expect("moto is there");
        let length = body.len();
        let signature = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/us-east-1/{service}/aws4_request, \
             SignedHeaders=host, Signature=00"
        );
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {place}\r\nAuthorization: {signature}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
        )
        .and_then(|()| stream.write_all(body))
        .expect("a request");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let headers = lines.filter_map(|line| line.split_once(": "));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
        (status.expect("a status"), headers, answer[end + 4..].to_vec())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
