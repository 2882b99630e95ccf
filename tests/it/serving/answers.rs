//! What a preview answers: the table of outputs, as a production server would.

use super::{Served, park_site};
use crate::site::{Site, ride_file};

#[test]
fn every_output_is_served_byte_for_byte_and_nothing_else() {
    let site = park_site();
    let served = Served::start(&site, &[]).built();
    let output = site.output();
    for file in output.files() {
        let path = format!("/{}", file.strip_suffix("index.html").unwrap_or(file));
        if served.get(&path).status == 301 {
            continue; // a redirect's page is for servers that know no redirects
        }
        let answer = served.get(&path).is(200);
        assert_eq!(answer.body, output.bytes(file).expect("a file"), "{path}");
        assert!(answer.header("etag").is_some_and(|tag| tag.starts_with('"')), "{path} has a strong tag");
        assert_eq!(answer.header("access-control-allow-origin"), None);
    }
    assert!(!served.get("/").text().contains("__lifthill"), "a plain preview holds no script");
    for nothing in ["/lifthill.toml", "/content/parks/efteling/index.md", "/.lifthill/state.redb", "/parks/nowhere/"] {
        let answer = served.get(nothing).is(404);
        assert_eq!(answer.body, output.bytes("404.html").expect("the page for what is not there"));
    }
}

#[test]
fn folders_redirects_conditions_heads_and_ranges() {
    let site = park_site();
    let served = Served::start(&site, &[]).built();
    assert_eq!(served.get("/parks/efteling").is(301).header("location"), Some("/parks/efteling/"));
    assert_eq!(served.get("/parks/sprookjesbos/").is(301).header("location"), Some("/parks/efteling/"));
    let page = served.get("/parks/efteling/").is(200);
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(page.header("cache-control"), Some("public, max-age=0, must-revalidate"));
    let tag = page.header("etag").expect("a tag").to_owned();
    for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
        let answer = served.ask("GET", "/parks/efteling/", &[("If-None-Match", &known)]).is(304);
        assert!(answer.body.is_empty());
    }
    served.ask("GET", "/parks/efteling/", &[("If-None-Match", "\"other\"")]).is(200);
    let head = served.ask("HEAD", "/parks/efteling/", &[]).is(200);
    assert!(head.body.is_empty());
    assert_eq!(head.header("content-length"), page.header("content-length"));
    let part = served.ask("GET", "/parks/efteling/", &[("Range", "bytes=1-4")]).is(206);
    assert_eq!(part.body, page.body[1..5]);
    assert_eq!(part.header("content-range"), Some(format!("bytes 1-4/{}", page.body.len()).as_str()));
    served.ask("GET", "/parks/efteling/", &[("Range", "bytes=99999999-")]).is(416);
    served.ask("GET", "/parks/efteling/", &[("Range", "bytes=1-4"), ("If-Range", "\"old\"")]).is(200);
    assert_eq!(served.ask("POST", "/", &[]).is(405).header("allow"), Some("GET, HEAD"));
    let sheet = page.text();
    let sheet = sheet.split("/assets/").nth(1).and_then(|rest| rest.split(['"', '>', ' ']).next()).expect("an asset");
    let sheet = served.get(&format!("/assets/{sheet}")).is(200);
    assert_eq!(sheet.header("cache-control"), Some("public, max-age=31536000, immutable"));
}

#[test]
fn an_altered_file_is_not_served_as_ours() {
    let site = park_site();
    site.build();
    let served = Served::start(&site, &[]).built();
    site.write("output/robots.txt", "CANARY");
    let answer = served.get("/robots.txt").is(503);
    assert!(!answer.text().contains("CANARY"), "{}", answer.text());
}

#[test]
fn numbers_are_there_for_prometheus() {
    let site = park_site();
    let served = Served::start(&site, &["--watch"]).built();
    served.get("/parks/efteling/").is(200);
    served.get("/parks/nowhere/").is(404);
    let text = served.get("/metrics").is(200).text();
    for line in [
        "lifthill_http_requests_total{method=\"GET\",endpoint=\"park\",status=\"200\"} 1",
        "lifthill_http_requests_total{method=\"GET\",endpoint=\"404\",status=\"404\"} 1",
        "# TYPE lifthill_response_time_seconds histogram",
        "lifthill_reload_clients 0",
    ] {
        assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
    }
    let series = text.lines().filter(|line| !line.starts_with('#')).count();
    assert!(series < 500, "{series} series");
}

#[test]
fn the_log_holds_a_line_a_request_and_only_if_asked_for() {
    let site = park_site();
    let mut served = Served::start(&site, &["--log", "site/logs"]).built();
    served.get("/parks/efteling/").is(200);
    assert_eq!(served.stop(), Some(0));
    let folder = std::fs::read_dir(site.path("logs")).expect("a folder of logs");
    let file = folder.map(|file| file.expect("a log").path()).next().expect("today's");
    let text = std::fs::read_to_string(file).expect("its text");
    let lines: Vec<serde_json::Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let request = lines.iter().find(|line| line["path"] == "/parks/efteling/").expect("the request");
    assert_eq!((&request["status"], &request["endpoint"]), (&200.into(), &"park".into()));
    assert!(lines.iter().any(|line| line["kind"] == "build"));
}

/// A site whose pages are compressed by `packers`, and a page that gains from it.
fn with_a_long_article(packers: &str) -> Site {
    let words = "Words about wood, steel and air. ".repeat(200);
    park_site()
        .article("long", &format!("title = 'Long'\ndate = 2026-01-02\n+++\nFirst. {words}"))
        .file("lifthill.toml", format!("base_url = 'https://parks.example'\n[compress]\npages = {packers}\n"))
}

#[test]
fn compressed_variants_go_to_whoever_takes_them() {
    let site = with_a_long_article("['br', 'gzip']");
    let mut served = Served::start(&site, &[]).built();
    let output = site.output();
    let (page, file) = ("/articles/long/", "articles/long/index.html");
    let mut tags = std::collections::BTreeSet::new();
    for (accepted, encoding, variant) in [
        ("", None, file.to_owned()),
        ("identity", None, file.to_owned()),
        ("gzip", Some("gzip"), format!("{file}.gz")),
        ("gzip, br", Some("br"), format!("{file}.br")),
        ("gzip, br;q=0.2", Some("gzip"), format!("{file}.gz")),
        ("br;q=0, gzip;q=0", None, file.to_owned()),
        ("zstd", None, file.to_owned()),
    ] {
        let asked = if accepted.is_empty() { vec![] } else { vec![("Accept-Encoding", accepted)] };
        let answer = served.ask("GET", page, &asked).is(200);
        assert_eq!(answer.header("content-encoding"), encoding, "{accepted}");
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"), "{accepted}");
        assert_eq!(answer.header("content-type"), Some("text/html; charset=utf-8"), "{accepted}");
        assert_eq!(answer.body, output.bytes(&variant).expect("the variant"), "{accepted}");
        let tag = answer.header("etag").expect("a tag").to_owned();
        let again = [&asked[..], &[("If-None-Match", &tag)]].concat();
        served.ask("GET", page, &again).is(304);
        tags.insert(tag);
        let head = served.ask("HEAD", page, &asked).is(200);
        assert_eq!(head.header("content-length"), Some(answer.body.len().to_string().as_str()));
    }
    assert_eq!(tags.len(), 3, "each form has a tag of its own: {tags:?}");
    // A sheet of the theme comes in all three; nobody's wish is a surprise.
    let sheet = site.page("/assets/manifest.json");
    let sheet: serde_json::Value = serde_json::from_str(&sheet).expect("a manifest");
    let sheet = format!("/{}", sheet["css/site.css"]["file"].as_str().expect("a sheet"));
    assert_eq!(served.ask("GET", &sheet, &[("Accept-Encoding", "zstd")]).header("content-encoding"), Some("zstd"));
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_page_made_anew_is_never_answered_with_its_old_variant() {
    let site = with_a_long_article("['gzip']");
    let mut served = Served::start(&site, &[]).built();
    let gzip = [("Accept-Encoding", "gzip")];
    let before = served.ask("GET", "/articles/long/", &gzip).is(200);
    site.edit("content/articles/long.md", "First.", "Second.");
    let (code, _, said) = site.command(&["build"]);
    assert_eq!(code, 0, "{said}");
    let after = served.ask("GET", "/articles/long/", &gzip).is(200);
    assert_ne!(before.body, after.body);
    assert_eq!(after.body, site.output().bytes("articles/long/index.html.gz").expect("the variant"));
    assert!(served.get("/articles/long/").text().contains("Second."));
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn a_page_is_made_at_once_while_the_site_is_being_built() {
    let site = park_site();
    for number in 0..1500 {
        let text = format!("+++\nname = 'Ride {number}'\ncategory = 'other'\n+++\n");
        site.write(&ride_file(&format!("efteling/ride-{number:04}")), text);
    }
    // One thread, and the page that would come last.
    let mut served = Served::start(&site, &["--jobs", "1"]);
    let page = served.get("/parks/efteling/rides/ride-1499/").is(200);
    assert!(page.text().contains("Ride 1499"));
    assert!(!served.has_said(" pages: "), "the whole site was built before the first page was answered");
    let mut served = served.built();
    assert_eq!(page.body, site.output().bytes("parks/efteling/rides/ride-1499/index.html").expect("the page"));
    assert_eq!(served.stop(), Some(0));
}
