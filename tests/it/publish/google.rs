//! A stand-in for Google Cloud Storage's XML interface: objects with generations, conditions on
//! them, copies, listings, uploads in parts, MD5 checked. No emulator that could be had answers
//! object_store's requests: those there are speak the JSON interface.

use std::collections::BTreeMap;
use std::io::{BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};

use super::server::{Asked, heard};

/// The server; its objects live as long as the process.
pub struct Google {
    pub address: String,
}

#[derive(Clone, Default)]
struct Object {
    bytes: Vec<u8>,
    headers: Vec<(String, String)>,
    generation: u64,
}

/// Headers, and the parts that have come.
type Upload = (Vec<(String, String)>, BTreeMap<u32, Vec<u8>>);

#[derive(Default)]
struct Bucket {
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Upload>,
    generations: u64,
}

struct Request {
    method: String,
    key: String,
    query: BTreeMap<String, String>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

type Answer = (&'static str, Vec<(String, String)>, Vec<u8>);

impl Google {
    /// A server with a bucket called `site`.
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("its address"));
        let bucket = Arc::new(Mutex::new(Bucket::default()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let bucket = Arc::clone(&bucket);
                // A client that went away has no complaint.
                std::thread::spawn(move || drop(serve(stream, &bucket)));
            }
        });
        Self { address }
    }
}

fn serve(stream: TcpStream, bucket: &Mutex<Bucket>) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    while let Some(request) = read(&mut reader)? {
        let head = request.method == "HEAD";
        let (status, headers, body) = bucket.lock().expect("the bucket").answer(request);
        write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\n", body.len())?;
        for (name, value) in headers {
            write!(stream, "{name}: {value}\r\n")?;
        }
        stream.write_all(b"\r\n")?;
        if !head {
            stream.write_all(&body)?;
        }
    }
    Ok(())
}

fn read(reader: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let Some((Asked { method, path: target, headers, .. }, body)) = heard(reader)? else { return Ok(None) };
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let query = query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (plain(k), plain(v))).collect();
    let key = plain(path.trim_start_matches("/site").trim_start_matches('/'));
    Ok(Some(Request { method, key, query, headers, body }))
}

fn plain(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, more)) = rest.split_first() {
        let code = (*first == b'%').then(|| std::str::from_utf8(&more[..2]).expect("two digits"));
        bytes.push(code.map_or(*first, |code| u8::from_str_radix(code, 16).expect("hexadecimal digits")));
        rest = if code.is_some() { &more[2..] } else { more };
    }
    String::from_utf8(bytes).expect("UTF-8")
}

impl Request {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The headers that an object keeps.
    fn kept(&self) -> Vec<(String, String)> {
        let kept = ["content-type", "cache-control", "content-encoding", "content-disposition", "content-language"];
        let keeps = |name: &str| kept.contains(&name) || name.starts_with("x-goog-meta-");
        self.headers.iter().filter(|(name, _)| keeps(name)).cloned().collect()
    }
}

impl Bucket {
    fn answer(&mut self, request: Request) -> Answer {
        let upload = request.query.get("uploadId").cloned();
        match (request.method.as_str(), upload) {
            ("GET", _) if request.key.is_empty() => self.list(&request.query),
            ("GET" | "HEAD", _) => match self.objects.get(&request.key) {
                Some(object) => ("200 OK", object.told(), object.bytes.clone()),
                None => nothing(),
            },
            ("DELETE", Some(upload)) => {
                self.uploads.remove(&upload);
                ("204 No Content", Vec::new(), Vec::new())
            }
            ("DELETE", None) => match self.objects.remove(&request.key) {
                Some(_) => ("204 No Content", Vec::new(), Vec::new()),
                None => nothing(),
            },
            ("PUT", Some(upload)) => {
                let number = request.query["partNumber"].parse().expect("a number");
                let Some((_, parts)) = self.uploads.get_mut(&upload) else { return nothing() };
                parts.insert(number, request.body);
                ("200 OK", vec![("ETag".into(), format!("\"part-{number}\""))], Vec::new())
            }
            ("PUT", None) => self.put(request),
            ("POST", Some(upload)) => {
                let Some((headers, parts)) = self.uploads.remove(&upload) else { return nothing() };
                let bytes = parts.into_values().flatten().collect();
                let told = self.keep(request.key, headers, bytes);
                let tag = told.iter().find(|(name, _)| name == "ETag").map(|(_, tag)| tag.clone()).unwrap_or_default();
                let body = format!("<CompleteMultipartUploadResult><ETag>{tag}</ETag></CompleteMultipartUploadResult>");
                ("200 OK", told, body.into_bytes())
            }
            ("POST", None) => {
                self.generations += 1;
                let id = format!("upload-{}", self.generations);
                self.uploads.insert(id.clone(), (request.kept(), BTreeMap::new()));
                let body =
                    format!("<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>");
                ("200 OK", Vec::new(), body.into_bytes())
            }
            _ => ("405 Method Not Allowed", Vec::new(), Vec::new()),
        }
    }

    fn put(&mut self, request: Request) -> Answer {
        let there = self.objects.get(&request.key).map_or(0, |object| object.generation);
        let wanted = request.header("x-goog-if-generation-match").map(|text| text.parse().expect("a number"));
        if wanted.is_some_and(|wanted: u64| wanted != there) {
            return ("412 Precondition Failed", Vec::new(), b"<Error><Code>PreconditionFailed</Code></Error>".to_vec());
        }
        if let Some(source) = request.header("x-goog-copy-source") {
            let source = plain(source.trim_start_matches('/').trim_start_matches("site/"));
            let Some(source) = self.objects.get(&source).cloned() else { return nothing() };
            let told = self.keep(request.key, source.headers, source.bytes);
            return ("200 OK", told, b"<CopyObjectResult></CopyObjectResult>".to_vec());
        }
        let right = STANDARD.encode(Md5::digest(&request.body));
        if request.header("content-md5") != Some(&*right) {
            return ("400 Bad Request", Vec::new(), b"<Error><Code>BadDigest</Code></Error>".to_vec());
        }
        let headers = request.kept();
        let told = self.keep(request.key, headers, request.body);
        ("200 OK", told, Vec::new())
    }

    fn keep(&mut self, key: String, headers: Vec<(String, String)>, bytes: Vec<u8>) -> Vec<(String, String)> {
        self.generations += 1;
        let object = Object { bytes, headers, generation: self.generations };
        let told = object.told();
        self.objects.insert(key, object);
        told
    }

    /// At most ten a page, so that pages are turned.
    fn list(&self, query: &BTreeMap<String, String>) -> Answer {
        let (prefix, after) = (query.get("prefix"), query.get("continuation-token"));
        let mut found = self.objects.iter().filter(|(key, _)| prefix.is_none_or(|prefix| key.starts_with(prefix)));
        let mut text = "<ListBucketResult>".to_owned();
        let mut last = None;
        for (key, object) in found.by_ref().skip_while(|(key, _)| after.is_some_and(|after| *key <= after)).take(10) {
            text.push_str(&format!(
                "<Contents><Key>{key}</Key><Size>{}</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified>\
                 <ETag>\"{}\"</ETag></Contents>",
                object.bytes.len(),
                object.generation
            ));
            last = Some(key);
        }
        if let Some(last) = last.filter(|_| found.next().is_some()) {
            text.push_str(&format!("<NextContinuationToken>{last}</NextContinuationToken>"));
        }
        ("200 OK", Vec::new(), (text + "</ListBucketResult>").into_bytes())
    }
}

impl Object {
    fn told(&self) -> Vec<(String, String)> {
        let own = [
            ("ETag".to_owned(), format!("\"{}\"", self.generation)),
            ("Last-Modified".to_owned(), "Thu, 01 Jan 2026 00:00:00 GMT".to_owned()),
            ("x-goog-generation".to_owned(), self.generation.to_string()),
        ];
        self.headers.iter().cloned().chain(own).collect()
    }
}

fn nothing() -> Answer {
    ("404 Not Found", Vec::new(), b"<Error><Code>NoSuchKey</Code></Error>".to_vec())
}
