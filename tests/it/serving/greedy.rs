//! Readers that take nothing of what they asked for, and files that grow behind the server's back: what is
//! held for them is bounded, and everybody else is answered. Counts bytes, not time; `benches/slow_readers.py`
//! is the large form.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Served, park_site};
use crate::site::Site;

/// A site with a page of about 100 kB, and so many files of 1 MB.
fn large_site(files: usize) -> Site {
    let words = "Words about wood, steel and air, and of what they are to each other. ".repeat(1500);
    let site = park_site().article("long", &format!("title = 'Long'\ndate = 2026-01-02\n+++\n{words}"));
    for number in 0..files {
        let mut state = number as u64 + 1;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 56) as u8
        })
        .take(1 << 20)
        .collect();
        site.write(&format!("assets/noise-{number}.bin"), noise);
    }
    site
}

/// A number that the server tells.
fn number(served: &Served, name: &str) -> u64 {
    let text = served.get("/metrics").is(200).text();
    let lines = text.lines().filter_map(|line| line.strip_prefix(name)?.rsplit(' ').next()?.parse::<f64>().ok());
    lines.sum::<f64>() as u64
}

/// Waits until a number has come to rest: it is the same so many times one after another.
fn at_rest(served: &Served, name: &str) -> u64 {
    let (mut last, mut same) = (number(served, name), 0);
    while same < 100 {
        let now = number(served, name);
        same = if now == last { same + 1 } else { 0 };
        last = now;
    }
    last
}

/// Megabytes that the server has had at most.
fn most_megabytes(served: &Served) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", served.pid())).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.split_whitespace().next().and_then(|kilobytes| kilobytes.parse::<u64>().ok()).expect("a number") / 1024
}

fn ask_for(served: &Served, path: &str, times: usize) -> TcpStream {
    let mut stream = TcpStream::connect(served.address()).expect("the server listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(request.repeat(times).as_bytes()).expect("it fits into what the system keeps");
    stream
}

const ANSWERED: &str = "lifthill_http_requests_total{method=\"GET\",endpoint=\"article\"";

#[test]
fn what_is_asked_for_ahead_is_answered_one_at_a_time() {
    for arguments in [&[][..], &["--watch"]] {
        let site = large_site(0);
        let served = Served::start(&site, arguments).built();
        let size = served.get("/articles/long/").is(200).body.len();
        assert!(size > 90_000, "{size}");
        let before = most_megabytes(&served);
        let greedy = ask_for(&served, "/articles/long/", 4000);
        let answered = at_rest(&served, ANSWERED);
        assert!(answered < 400, "{answered} of 4000 answers were made for somebody who takes none");
        let grown = most_megabytes(&served) - before;
        assert!(grown < 60, "{grown} MB more");
        served.get("/articles/long/").is(200);
        drop(greedy);
    }
}

#[test]
fn many_who_take_nothing_hold_little() {
    let site = large_site(150);
    let served = Served::start(&site, &[]).built();
    let manifest: serde_json::Value = serde_json::from_str(&site.page("/assets/manifest.json")).expect("a manifest");
    let files: Vec<String> = (0..150)
        .map(|number| format!("/{}", manifest[format!("noise-{number}.bin")]["file"].as_str().expect("a file")))
        .collect();
    let whole = served.get(&files[7]).is(200);
    let before = most_megabytes(&served);
    let slow: Vec<TcpStream> = (0..300).map(|reader| ask_for(&served, &files[reader % files.len()], 1)).collect();
    at_rest(&served, "lifthill_http_requests_total{method=\"GET\",endpoint=\"asset\"");
    let grown = most_megabytes(&served) - before;
    assert!(grown < 170, "{grown} MB more, of 150 MB of files and as much again");
    served.get("/parks/efteling/").is(200);
    // Whoever takes it after all gets just what the file holds.
    for reader in [7, 157, 299] {
        let mut stream = &slow[reader];
        let wanted = fs::read(site.path("output").join(&files[reader % files.len()][1..])).expect("the file");
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("a head");
            head.push(byte[0]);
        }
        let mut body = vec![0; wanted.len()];
        stream.read_exact(&mut body).expect("a body");
        assert!(body == wanted, "reader {reader} got other bytes");
    }
    assert!(whole.body == fs::read(site.path("output").join(&files[7][1..])).expect("the file"));
}

#[test]
fn a_file_that_has_grown_is_not_read() {
    let site = park_site();
    site.build();
    for grown in ["robots.txt", "parks/efteling/index.html", "404.html", "redirects.json", "assets/manifest.json"] {
        let file = site.path("output").join(grown);
        let before = fs::read(&file).expect("an output");
        let mut served = Served::start(&site, &[]).built();
        let large = fs::File::options().append(true).open(&file).expect("an output");
        large.set_len(6 << 30).expect("a sparse file");
        served.get(&format!("/{grown}").replace("index.html", "")).is(503);
        served.get("/nowhere/").is(404);
        served.get("/").is(200);
        let peak = most_megabytes(&served);
        assert!(peak < 400, "{grown}: {peak} MB");
        assert_eq!(served.stop(), Some(0));
        fs::write(&file, before).expect("as it was");
        site.build();
    }
}
