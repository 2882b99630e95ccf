//! Requests that should never have been sent: none gets a byte from outside the table of outputs.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::{Served, park_site};

/// Ways to leave a folder, to name a source, to mean another file; each was once a hole somewhere.
fn targets() -> Vec<String> {
    let ups = [
        "..",
        "%2e%2e",
        "%2E%2E",
        ".%2e",
        "%2e.",
        "..%00",
        "%252e%252e",
        "%c0%ae%c0%ae",
        "%e0%80%ae%e0%80%ae",
        "..;",
        "..%5c",
        "..\\",
        "....//",
        "%uff0e%uff0e",
        "..%c0%af",
        "..%ef%bc%8f",
        ".. ",
        "..%20",
        "...",
    ];
    let files =
        ["secret.txt", "lifthill.toml", "content/parks/efteling/index.md", ".lifthill/state.redb", "etc/passwd"];
    let starts = ["/", "/parks/", "/assets/", "//", "/parks/efteling/"];
    let mut all = Vec::new();
    for up in ups {
        for file in files {
            for start in starts {
                all.push(format!("{start}{up}/{file}"));
            }
        }
    }
    let lone = [
        "/secret.txt",
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/@fs/etc/passwd",
        "/@fs/etc/passwd?raw",
        "/@fs/etc/passwd?raw??",
        "/@fs/etc/passwd?import&raw",
        "/@fs/etc/passwd?raw&url",
        "/@id/secret.txt?import",
        "/index.html?raw",
        "/index.html?import&raw",
        "/index.html??",
        "/index.html?%72aw",
        "/index.html?inline",
        "/index.html?html-proxy&index=0",
        "/index.html::$DATA",
        "/index.html:1:$DATA",
        "/lifthill.toml::$INDEX_ALLOCATION",
        "/LIFTHI~1.TOM",
        "/c:/windows/win.ini",
        "/file:///etc/passwd",
        "/%00",
        "/index.html%00.png",
        "/index.html%0d%0aX-Injected: 1",
        "/%0aSet-Cookie:x",
        "/index.html%",
        "/%zz",
        "/%c0%af",
        "/.git/config",
        "/.env",
        "/.lifthill/serve.json",
        "/.lifthill/journal",
        "/templates/base.html",
        "/output/index.html",
        "/./secret.txt",
        "/parks/./../secret.txt",
        "/con",
        "/nul.txt",
        "/aux/",
        "/index.html.",
        "/index.html%2e",
        "/__lifthill/../secret.txt",
        "/__lifthill/%2e%2e/secret.txt",
        "/__lifthill/why?page=/",
        "/__lifthill/overlay",
        "/__lifthill/events?page=/",
        "/__lifthill/build",
        "/__lifthill/client.js.map",
        "/proc/self/environ",
        "/%5c%5chost%5cshare",
        "/\u{2025}/secret.txt",
        "/%e2%80%a5/secret.txt",
        "/%ff%fe",
        "/parks/efteling/%2findex.html",
        "/parks//efteling/",
    ];
    all.extend(lone.map(str::to_owned));
    all.push(format!("/{}", "a".repeat(9000)));
    all.push(format!("/{}secret.txt", "../".repeat(400)));
    all
}

#[test]
fn no_hostile_request_gets_a_byte_from_outside() {
    let site = park_site();
    site.write("secret.txt", "CANARY");
    std::fs::write(site.outside().join("secret.txt"), "CANARY").expect("a secret");
    site.write("lifthill.toml", "title = 'Parks'\nbase_url = 'https://parks.example'\n# CANARY\n");
    let served = Served::start(&site, &["--watch"]).built();
    let targets = targets();
    assert!(targets.len() >= 300, "{}", targets.len());
    for target in targets {
        let answer = served.get(&target);
        // A line that is no request at all is answered by hanging up.
        let refused = matches!(answer.status, 400 | 403 | 404) || (answer.status == 0 && target.contains(' '));
        assert!(refused, "{target:?} was answered with {}\n{}", answer.status, answer.text());
        let text = answer.text();
        assert!(!text.contains("CANARY") && !text.contains("root:"), "{target:?} leaked:\n{text}");
        assert_eq!(answer.header("x-injected"), None, "{target:?}");
    }
}

#[test]
fn a_link_out_of_the_output_is_not_followed() {
    let site = park_site();
    site.build();
    let secret = site.outside().join("secret.txt");
    std::fs::write(&secret, "CANARY").expect("a secret");
    let served = Served::start(&site, &[]).built();
    site.remove("output/robots.txt");
    std::os::unix::fs::symlink(&secret, site.path("output/robots.txt")).expect("a link");
    assert!(!served.get("/robots.txt").text().contains("CANARY"));
}

#[test]
fn only_our_own_names_and_pages_are_answered() {
    let site = park_site();
    let served = Served::start(&site, &["--watch", "--allow-host", "preview.example"]).built();
    let port = served.address().port();
    for ours in
        [format!("localhost:{port}"), format!("127.0.0.1:{port}"), "preview.example".into(), "parks.example".into()]
    {
        served.ask("GET", "/", &[("Host", &ours)]).is(200);
    }
    for foreign in
        ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "192.168.1.1", "169.254.169.254"]
    {
        served.ask("GET", "/", &[("Host", foreign)]).is(403);
        served.ask("GET", "/metrics", &[("Host", foreign)]).is(403);
    }
    served.send(b"GET / HTTP/1.1\r\nConnection: close\r\n", b"\r\n").is(400);
    served.ask("GET", "http://evil.example/", &[]).is(403);
    // News, overlay and commands: another site's pages have no token, and their origin gives them away.
    let token = served.token();
    let with_token = format!("/__lifthill/overlay?token={token}");
    served.ask("GET", &with_token, &[]).is(200);
    served.ask("GET", &with_token, &[("Origin", "http://evil.example")]).is(403);
    served.ask("GET", &with_token, &[("Origin", "null")]).is(403);
    served.ask("GET", &with_token, &[("Sec-Fetch-Site", "cross-site")]).is(403);
    served.ask("GET", "/__lifthill/overlay", &[]).is(403);
    served.ask("GET", "/__lifthill/events?page=/&token=guessed", &[]).is(403);
    served.ask("POST", &format!("/__lifthill/build?token={token}"), &[]).is(404);
    served.ask("POST", "/__lifthill/build", &[("X-Lifthill-Token", "guessed")]).is(403);
}

#[test]
fn broken_requests_are_refused_and_the_next_is_answered() {
    let site = park_site();
    let served = Served::start(&site, &[]).built();
    let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    let long = format!("X: {}\r\n", "y".repeat(100_000));
    for rest in [many.as_str(), &long, "no colon\r\n", "Host : x\r\n", "\0\r\n", "Content-Length: a\r\n"] {
        let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{rest}");
        let answer = served.send(head.as_bytes(), b"\r\n");
        assert!(matches!(answer.status, 0 | 400 | 431), "{rest:.20} was answered with {}", answer.status);
    }
    served.get("/").is(200);
}

#[test]
fn the_slow_and_the_idle_do_not_stop_it() {
    let site = park_site();
    let served = Served::start(&site, &[]).built();
    let mut idle = Vec::new();
    for number in 0..400 {
        let mut stream = TcpStream::connect(served.address()).expect("the server listens");
        if number % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: loc").expect("the server reads");
        }
        idle.push(stream);
    }
    served.get("/parks/efteling/").is(200);
    // A kept connection is answered again and again.
    let mut kept = TcpStream::connect(served.address()).expect("the server listens");
    for _ in 0..3 {
        kept.write_all(b"HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("the server reads");
        let mut bytes = [0; 4096];
        let count = kept.read(&mut bytes).expect("an answer");
        assert!(bytes[..count].starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&bytes[..count]));
    }
}
