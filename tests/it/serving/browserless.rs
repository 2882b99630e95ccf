//! News for open pages, as a browser would hear it.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{PATIENCE, Served, park_site};
use crate::site::ride_file;

/// An open page.
struct Page {
    lines: std::io::Lines<BufReader<TcpStream>>,
    heard: Vec<String>,
}

impl Page {
    fn open(served: &Served, path: &str) -> Self {
        let mut stream = TcpStream::connect(served.address()).expect("the server listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        let token = served.token();
        let host = served.address();
        let request = format!("GET /__lifthill/events?page={path}&token={token} HTTP/1.1\r\nHost: {host}\r\n\r\n");
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut page = Self { lines: BufReader::new(stream).lines(), heard: Vec::new() };
        page.hears("hello");
        page
    }

    /// Waits for news of a type; returns it.
    #[track_caller]
    fn hears(&mut self, kind: &str) -> serde_json::Value {
        for line in self.lines.by_ref().map_while(Result::ok) {
            let Some(data) = line.strip_prefix("data: ") else { continue };
            let news: serde_json::Value = serde_json::from_str(data).expect("news is JSON");
            let found = news["type"].as_str().unwrap_or_default().to_owned();
            self.heard.push(found.clone());
            if found == kind {
                return news;
            }
        }
        panic!("no `{kind}` but {:?}", self.heard);
    }
}

#[test]
fn only_the_pages_that_show_a_change_hear_of_it() {
    let site = park_site();
    let served = Served::start(&site, &["--watch"]).built();
    let mut python = Page::open(&served, "/parks/efteling/rides/python/");
    let mut baron = Page::open(&served, "/parks/efteling/rides/baron/");
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    let news = python.hears("changed");
    let tag = served.get("/parks/efteling/rides/python/");
    let digest = news["digest"].as_str().expect("a digest");
    assert!(tag.header("etag").is_some_and(|tag| tag.contains(digest)), "the digest is that of the page");
    // The other hears that something was built, and nothing else.
    let built = baron.hears("built");
    assert_eq!(built["change"]["pages"][0]["url"], "/parks/efteling/rides/python/");
    let reason = built["change"]["pages"][0]["reason"].as_str().expect("a reason");
    assert!(reason.starts_with("record ride:efteling/python"), "{reason}");
    assert_eq!(baron.heard, ["hello", "built"]);
    // A page that goes is told so, and told again when it comes back.
    let text = std::fs::read_to_string(site.path(&ride_file("efteling/baron"))).expect("the ride");
    site.remove(&ride_file("efteling/baron"));
    baron.hears("gone");
    site.write(&ride_file("efteling/baron"), text);
    baron.hears("changed");
}

#[test]
fn mistakes_are_news_to_everybody() {
    let site = park_site();
    let served = Served::start(&site, &["--watch"]).built();
    let mut home = Page::open(&served, "/");
    site.write("content/articles/bad.md", "+++\ntitel = 'x'\n+++\n");
    assert!(home.hears("errors")["errors"].as_u64() > Some(0));
    site.remove("content/articles/bad.md");
    assert_eq!(home.hears("errors")["errors"], 0);
    assert!(served.get("/metrics").text().contains("lifthill_reload_clients 1"));
}

#[test]
fn open_pages_do_not_keep_the_server_from_stopping() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch"]).built();
    let _page = Page::open(&served, "/");
    let start = std::time::Instant::now();
    assert_eq!(served.stop(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(20));
}
