//! Names and values that would be something else to a server, were they not quoted; and every URL
//! answered as our own server answers it.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Daemon, EVERYTHING, free_port, site};
use crate::serving::{Answer, Served};
use crate::site::Site;

/// Aliases of the ride `python`, in which some server would find more than a name.
const ODD: [&str; 25] = [
    "/a;b/",
    "/c{d}e/",
    "/f$uri/",
    "/g'h/",
    "/i`j/",
    "/k|l&m/",
    "/n(o)[p]/",
    "/q*/",
    "/r+s^t/",
    "/café/",
    "/日本/",
    "/Case/",
    "/u,v=w@x!/",
    "/~y/",
    "/{env.SECRET}",
    "/{$SECRET}/",
    "/default/",
    "/z;}server{/",
    "/\u{a0}/",
    "/hostnames/",
    "/{path}/",
    "/site_parks_example_to/",
    "/WORD/",
    "/old;name.html",
    "/${site_parks_example_dollar}/",
];

/// What is sent as the value of a header, in which some server would find more than words.
const VALUE: &str = r#"a;b{"c": "d$uri'e"} f\g} ${'x'} $1 \n # {"#;

fn odd_site() -> Site {
    let long = ["l", "L", "~é", "é"].map(|one| format!("/{}x/", one.repeat(240 / one.len())));
    let odd = ODD
        .iter()
        .copied()
        .chain(long.iter().map(String::as_str))
        .map(|alias| format!("\"{alias}\""))
        .collect::<Vec<_>>()
        .join(", ");
    let patterns = ["/z;}server{*", "/é\\\"`'~^$(*"];
    let settings = format!(
        "{EVERYTHING}{:?} = {{ X-Odd = {VALUE:?}, X-Tick = 'a`b\\c' }}\n{:?} = 'x'\n",
        patterns[0], patterns[1]
    );
    let site = site(&settings.replace(", 'netlify'", ""));
    site.edit("content/parks/efteling/rides/python.md", "speed_kmh", &format!("aliases = [{odd}]\nspeed_kmh"));
    site.edit("content/parks/efteling/rides/baron.md", "'/Baron/'", "'/Baron/', '/case/'");
    site.build();
    site
}

fn nginx(site: &Site) -> Daemon {
    let place = |path: &str| site.path(path).display().to_string();
    let http = format!("include {};", place(".lifthill/hosting/nginx/http.conf"));
    let server = format!("root {};\ninclude {};", place("output"), place(".lifthill/hosting/nginx/server.conf"));
    Daemon::nginx(&site.outside().join("nginx"), free_port(), &http, &server)
}

fn caddy(site: &Site) -> Daemon {
    let place = |path: &str| site.path(path).display().to_string();
    let block = format!("root * {}\nimport {}", place("output"), place(".lifthill/hosting/Caddyfile"));
    Daemon::caddy(&site.outside().join("caddy"), &block)
}

/// A path as a browser asks for it.
fn asked(path: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"/-._~".contains(&b);
    path.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Headers that servers choose by themselves.
const OWN: [&str; 9] = [
    "date",
    "server",
    "etag",
    "last-modified",
    "connection",
    "content-length",
    "accept-ranges",
    "keep-alive",
    "transfer-encoding",
];

/// What is said of an answer's body, but for `left_out`.
fn said(answer: &Answer, left_out: &[&str]) -> BTreeMap<String, String> {
    let told = |name: &str| !OWN.contains(&name) && !left_out.contains(&name);
    let headers = answer.headers();
    let names: Vec<&String> = headers.iter().map(|(name, _)| name).collect();
    assert!(names.is_sorted_by(|a, b| a < b), "a header is sent twice: {headers:?}");
    headers.into_iter().filter(|(name, _)| told(name)).collect()
}

/// Every URL of the site, with whether it is a redirect.
fn urls(site: &Site) -> BTreeMap<String, bool> {
    let list: Vec<Value> = serde_json::from_str(&site.page("/redirects.json")).expect("a list");
    let redirects: Vec<&str> = list.iter().filter_map(|one| one["from"].as_str()).collect();
    let output = site.output();
    let shown = output.files().filter(|file| !file.starts_with(".lifthill/") && !file.starts_with('_'));
    let url = |file: &str| format!("/{}", file.strip_suffix("index.html").unwrap_or(file));
    let plain = |url: &str| [".br", ".gz", ".zst"].iter().find_map(|one| url.strip_suffix(one)).map(str::to_owned);
    let of_redirect = |url: &str| redirects.contains(&url.trim_end_matches("index.html"));
    shown
        .map(url)
        .filter(|url| !plain(url).is_some_and(|plain| of_redirect(&plain)))
        .map(|url| (url.clone(), of_redirect(&url)))
        .collect()
}

/// Holds a server to what ours answers, for every URL, encoding and condition.
#[track_caller]
fn answers_as_ours(site: &Site, server: &Daemon, encodings: &[&str], is_caddy: bool) {
    let ours = Served::start(site, &[]).built();
    let (mut pages, mut moved) = (0, 0);
    for (url, redirect) in urls(site) {
        let path = asked(&url);
        if redirect {
            for path in [path.as_str(), path.strip_suffix('/').unwrap_or(&path)] {
                let (expected, found) = (ours.get(path).is(301), server.get(path).is(301));
                for name in ["location", "cache-control"] {
                    assert_eq!(found.header(name), expected.header(name), "{path}: {name}");
                }
            }
            moved += 1;
            continue;
        }
        for encoding in encodings {
            let asking: &[(&str, &str)] = if encoding.is_empty() { &[] } else { &[("Accept-Encoding", encoding)] };
            let expected = ours.ask("GET", &path, asking).is(200);
            let found = server.get_with(&path, asking).is(200);
            let left_out: &[&str] =
                if is_caddy && found.header("content-encoding").is_none() { &["vary"] } else { &[] };
            assert_eq!(said(&found, left_out), said(&expected, left_out), "{path} as {encoding:?}");
            assert!(found.body == expected.body, "{path} as {encoding:?} holds other bytes");
            let tag = found.header("etag").unwrap_or_else(|| panic!("{path} has no tag"));
            let again = server.get_with(&path, &[asking, &[("If-None-Match", tag)]].concat()).is(304);
            assert_eq!(again.header("cache-control"), expected.header("cache-control"), "{path}");
            assert!(again.body.is_empty());
        }
        pages += 1;
    }
    assert!(pages > 30 && moved > 28, "{pages} pages, {moved} redirects");
    for nothing in ["/nowhere", "/parks/nowhere/", "/photos/", "/assets/x.0123456789ab.css", "/_headers", "/_redirects"]
    {
        let (expected, found) = (ours.get(nothing).is(404), server.get(nothing).is(404));
        assert_eq!(said(&found, &["vary"]), said(&expected, &["vary"]), "{nothing}");
        assert!(found.body == expected.body, "{nothing} shows another page");
    }
    let folder = server.get("/parks");
    assert_eq!((folder.status, folder.header("location")), (if is_caddy { 308 } else { 301 }, Some("/parks/")));
}

#[test]
fn nginx_answers_as_our_own_server_does() {
    let site = odd_site();
    let nginx = nginx(&site);
    answers_as_ours(&site, &nginx, &["", "br", "gzip", "gzip, br", "gzip;q=0", "identity"], false);
    let zstd = nginx.get_with("/parks/efteling/rides/python/", &[("Accept-Encoding", "zstd")]).is(200);
    assert_eq!(zstd.header("content-encoding"), None, "it has no zstd");
    for other in ["/DEFAULT/", "/baron/", "/CASE/"] {
        nginx.get(other).is(404);
    }
}

#[test]
fn caddy_answers_as_our_own_server_does() {
    let site = odd_site();
    let caddy = caddy(&site);
    answers_as_ours(&site, &caddy, &["", "br", "gzip", "zstd", "gzip, zstd, br", "identity"], true);
    caddy.get("/DEFAULT/").is(404);
}

#[test]
fn a_value_arrives_as_it_was_written() {
    let site = odd_site();
    for server in [nginx(&site), caddy(&site)] {
        let answer = server.get(&asked("/z;}server{/")).is(301);
        assert_eq!(answer.header("x-odd"), Some(VALUE.trim()));
        assert_eq!(answer.header("x-tick"), Some("a`b\\c"));
    }
}

#[test]
fn what_a_caddyfile_cannot_say_is_a_mistake() {
    let site = site("[hosting]\nfiles = ['caddy']\n[headers]\n'/x' = { X = '{$HOME \"x\"}' }\n");
    for (from, to, words) in [
        ("", "", "which puts environment variables in"),
        ("'{$HOME \"x\"}'", "\"`\\\\\"", "which has no quotes for it"),
        ("\"`\\\\\"", "'a {http.request.uri} b'", "Caddy would put something in for `{http.request.uri}`"),
    ] {
        site.edit("lifthill.toml", from, to);
        let told = site.fails();
        assert!(told.stderr().contains(words), "{}", told.stderr());
    }
}

#[test]
fn pages_without_variants_are_compressed_on_their_way() {
    let site = site("[hosting]\nfiles = ['nginx', 'caddy']\n");
    site.build();
    for server in [nginx(&site), caddy(&site)] {
        let plain = server.get("/parks/efteling/rides/python/").is(200);
        let packed = server.get_with("/parks/efteling/rides/python/", &[("Accept-Encoding", "gzip")]).is(200);
        assert_eq!(packed.header("content-encoding"), Some("gzip"));
        assert_eq!(packed.header("content-type"), Some("text/html; charset=utf-8"));
        assert!(packed.body.len() < plain.body.len() / 2);
        let tag = packed.header("etag").expect("a tag").to_owned();
        let asking = [("Accept-Encoding", "gzip"), ("If-None-Match", tag.as_str())];
        server.get_with("/parks/efteling/rides/python/", &asking).is(304);
    }
}
