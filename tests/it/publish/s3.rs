//! S3 as moto speaks it: semantics, races, kills, credentials, machines without the bytes.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use super::server::Moto;
use super::{catalogue, urls_in};
use crate::dice::asked;
use crate::site::{Site, copy};

const SECRET: &str = "wJalrXUtnFEMI-not-a-key";

fn settings(moto: &Moto) -> String {
    format!(
        "title = 'Parks'\nbase_url = 'https://parks.example'\n[publish.live]\nto = 's3://site/www'\n\
         endpoint = '{}'\nregion = 'us-east-1'\n",
        moto.address
    )
}

fn program(around: &Path, root: &str, arguments: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lifthill"));
    program.arg("publish").args(["--root", root]).args(arguments).current_dir(around);
    program.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", SECRET);
    program
}

#[track_caller]
fn publish(site: &Site, root: &str, arguments: &[&str]) -> (i32, String) {
    let done = program(site.outside(), root, arguments).output().expect("the program runs");
    let told = String::from_utf8_lossy(&done.stdout).into_owned() + &String::from_utf8_lossy(&done.stderr);
    assert!(!told.contains(SECRET), "a credential was told:\n{told}");
    (done.status.code().expect("it was not killed"), told)
}

/// What stands in the bucket where visitors look.
fn bucket(moto: &Moto) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut start = String::new();
    loop {
        let (_, _, body) = moto.request("GET", &format!("/site?list-type=2&prefix=www/&start-after={start}"), &[]);
        let text = String::from_utf8_lossy(&body).into_owned();
        let keys: Vec<&str> = text.split("<Key>").skip(1).filter_map(|part| part.split("</Key>").next()).collect();
        for key in &keys {
            let (status, _, bytes) = moto.request("GET", &format!("/site/{key}"), &[]);
            assert_eq!(status, 200, "{key}");
            found.insert(key.trim_start_matches("www/").to_owned(), bytes);
        }
        match keys.last().filter(|_| text.contains("<IsTruncated>true")) {
            Some(last) => start = (*last).to_owned(),
            None => return found,
        }
    }
}

#[track_caller]
fn holds_the_output(moto: &Moto, site: &Site) {
    let there = bucket(moto);
    let output = site.output();
    let variant = |file: &str| [".gz", ".br", ".zst"].iter().any(|extension| file.ends_with(extension));
    for file in output.files().filter(|file| !variant(file)) {
        assert!(there.get(file).map(Vec::as_slice) == output.bytes(file), "{file} is not as it was built");
    }
    let immutable = |key: &str| key.starts_with("assets/") || key.starts_with("photos/") || key.starts_with("_deploy/");
    let surplus: Vec<_> = there.keys().filter(|key| !immutable(key) && output.bytes(key).is_none()).collect();
    assert!(surplus.is_empty(), "{surplus:?}");
}

/// A site that is live since the first of January.
fn published() -> (Moto, Site) {
    let moto = Moto::start();
    let site = catalogue();
    site.write("lifthill.toml", settings(&moto));
    assert_eq!(publish(&site, "site", &["--now", "2026-01-01"]).0, 0);
    (moto, site)
}

#[test]
fn objects_have_their_headers_and_a_second_run_has_nothing_to_do() {
    let moto = Moto::start();
    let site = catalogue();
    site.write("lifthill.toml", settings(&moto));
    let (code, told) = publish(&site, "site", &["--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
    holds_the_output(&moto, &site);
    let header = |key: &str, name: &str| {
        let (_, headers, _) = moto.request("HEAD", &format!("/site/www/{key}"), &[]);
        headers.into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
    };
    assert_eq!(header("index.html", "content-type").as_deref(), Some("text/html; charset=utf-8"));
    assert_eq!(header("index.html", "cache-control").as_deref(), Some("public, max-age=0, must-revalidate"));
    let sheet = site.output().files().find(|file| file.starts_with("assets/css/site.")).map(str::to_owned);
    let sheet = sheet.expect("a style sheet");
    assert_eq!(header(&sheet, "cache-control").as_deref(), Some("public, max-age=31536000, immutable"));

    let (code, told) = publish(&site, "site", &["--json", "--now", "2026-01-01"]);
    let outcome: serde_json::Value = serde_json::from_str(told.lines().next().expect("JSON")).expect("JSON");
    assert_eq!((code, outcome["published"].as_bool()), (0, Some(false)));
    assert!(outcome["requests"].as_u64().expect("a number") <= 5, "{told}");

    let ride = site.path("content/parks/efteling/rides/ride-4.md");
    let text = std::fs::read_to_string(&ride).expect("a ride");
    std::fs::write(&ride, text + "\nNew prose.\n").expect("an edit");
    let (code, told) = publish(&site, "site", &["--json", "--now", "2026-01-01"]);
    let outcome: serde_json::Value = serde_json::from_str(told.lines().next().expect("JSON")).expect("JSON");
    assert_eq!((code, outcome["objects"].as_u64()), (0, Some(1)), "{told}");
    assert!(outcome["requests"].as_u64().expect("a number") <= 8, "one changed page: {told}");

    site.edit("content/parks/efteling/rides/ride-3.md", "'flat_ride'", "'flat_ride'\nupdated = '2025-01-01'\n");
    site.write("assets/css/site.css", "body { color: teal }");
    let list = site.outside().join("list");
    let (code, told) = publish(&site, "site", &["--now", "2026-01-02", "--purge-list", list.to_str().expect("a path")]);
    assert_eq!(code, 0, "{told}");
    holds_the_output(&moto, &site);
    assert!(bucket(&moto).contains_key(&sheet), "yesterday's pages still ask for it");
    assert!(urls_in(&std::fs::read_to_string(list).expect("a list")).contains("/parks/efteling/rides/ride-3/"));

    let (code, told) = publish(&site, "site", &["--rollback", "--now", "2026-01-03"]);
    assert_eq!(code, 0, "{told}");
    let (code, told) = publish(&site, "site", &["--now", "2026-01-04"]);
    assert!(code == 0 && told.contains("published"), "{told}");
    holds_the_output(&moto, &site);

    moto.request("DELETE", "/site/www/robots.txt", &[]);
    moto.request("PUT", "/site/www/foreign.txt", b"not ours");
    let (code, told) = publish(&site, "site", &["--audit", "--now", "2026-01-05"]);
    assert!(code == 0 && told.contains("robots.txt is missing"), "{told}");
    assert!(told.contains("foreign.txt is not ours; it stays"), "{told}");
    moto.request("DELETE", "/site/www/foreign.txt", &[]);
    holds_the_output(&moto, &site);

    for (key, bytes) in bucket(&moto).iter().filter(|(key, _)| key.starts_with("_deploy/")) {
        let bytes = if bytes.starts_with(b"LHR2") {
            zstd::stream::decode_all(&bytes[4..]).expect("a frame")
        } else {
            bytes.clone()
        };
        assert!(!String::from_utf8_lossy(&bytes).contains(SECRET), "{key} holds a credential");
    }
    let state = crate::tree::Tree::of(&site.path(".lifthill"));
    for file in state.files() {
        let bytes = state.bytes(file).unwrap_or_default();
        assert!(!String::from_utf8_lossy(bytes).contains(SECRET), ".lifthill/{file} holds a credential");
    }
}

#[test]
fn a_change_of_headers_alone_is_seen_and_applied() {
    let (moto, site) = published();
    let own = "[headers]\n'/feed.xml' = 'public, max-age=60'\n";
    site.write("lifthill.toml", settings(&moto).replace("[publish.live]", &format!("{own}[publish.live]")));
    let (code, told) = publish(&site, "site", &["--dry-run", "--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    assert!(told.contains("h feed.xml") && told.contains("1 with other headers"), "{told}");
    assert_eq!(publish(&site, "site", &["--now", "2026-01-02"]).0, 0);
    let (_, headers, _) = moto.request("HEAD", "/site/www/feed.xml", &[]);
    assert!(headers.contains(&("cache-control".to_owned(), "public, max-age=60".to_owned())), "{headers:?}");
}

#[test]
fn a_change_of_headers_alone_is_applied_without_the_bytes() {
    let (moto, site) = published();
    copy(&site.path(""), &site.outside().join("fresh"), &["output"]);
    let own = "[headers]\n'/parks/*' = { Content-Language = 'nl', Content-Disposition = 'inline' }\n";
    let text = settings(&moto).replace("[publish.live]", &format!("{own}[publish.live]"));
    std::fs::write(site.outside().join("fresh/lifthill.toml"), text).expect("settings");
    let (code, told) = publish(&site, "fresh", &["--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    let (_, headers, _) = moto.request("HEAD", "/site/www/parks/efteling/index.html", &[]);
    for (name, value) in [("content-language", "nl"), ("content-disposition", "inline")] {
        assert!(headers.contains(&(name.to_owned(), value.to_owned())), "{headers:?}");
    }
    holds_the_output(&moto, &site);
}

#[test]
fn redirects_of_a_website_are_objects_that_lead_elsewhere() {
    let moto = Moto::start();
    let site = catalogue();
    site.edit("content/parks/efteling/rides/ride-3.md", "'flat_ride'", "'flat_ride'\nformer_slugs = ['ride-x']");
    site.write("lifthill.toml", settings(&moto) + "website = true\n");
    let (code, told) = publish(&site, "site", &["--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
    let leads_to = |key: &str| {
        let (status, headers, _) = moto.request("HEAD", &format!("/site/www/{key}"), &[]);
        assert_eq!(status, 200, "{key}");
        headers.into_iter().find(|(name, _)| name == "x-amz-website-redirect-location").map(|(_, value)| value)
    };
    let old = "parks/efteling/rides/ride-x/index.html";
    assert_eq!(leads_to(old).as_deref(), Some("https://parks.example/parks/efteling/rides/ride-3/"));
    assert_eq!(leads_to("parks/efteling/rides/ride-3/index.html"), None);
    holds_the_output(&moto, &site);
    site.write("lifthill.toml", settings(&moto));
    assert_eq!(publish(&site, "site", &["--now", "2026-01-02"]).0, 0);
    assert_eq!(leads_to(old), None, "a page like any other");
}

#[test]
fn large_files_go_in_parts_and_are_whole() {
    let moto = Moto::start();
    let site = catalogue();
    site.write("lifthill.toml", settings(&moto));
    let mut bytes = vec![0_u8; 20 << 20];
    bytes.iter_mut().enumerate().for_each(|(at, byte)| *byte = ((at * at) >> 7) as u8);
    site.write("assets/film.mp4", &bytes);
    let (code, told) = publish(&site, "site", &["--now", "2026-01-01"]);
    assert_eq!(code, 0, "{told}");
    let film = site.output().files().find(|file| file.starts_with("assets/film.")).map(str::to_owned);
    let (_, headers, there) = moto.request("GET", &format!("/site/www/{}", film.expect("the film")), &[]);
    assert!(there == bytes, "{} bytes arrived", there.len());
    let header = |wanted: &str| headers.iter().find(|(name, _)| name == wanted).map(|(_, value)| value.as_str());
    assert!(header("etag").is_some_and(|tag| tag.trim_matches('"').ends_with("-3")), "three parts: {headers:?}");
    assert_eq!(header("content-type"), Some("video/mp4"));
    assert_eq!(header("cache-control"), Some("public, max-age=31536000, immutable"));
    let (_, told) = publish(&site, "site", &["--now", "2026-01-01"]);
    assert!(told.contains("nothing to do"), "{told}");
}

#[test]
fn of_two_deploys_at_a_time_exactly_one_wins() {
    let (_moto, site) = published();
    copy(&site.path(""), &site.outside().join("twin"), &[".lifthill/publish"]);
    let _ = std::fs::remove_dir_all(site.outside().join("twin/.lifthill/publish"));
    let rounds = asked("LIFTHILL_ROUNDS", 12);
    for round in 0..rounds {
        let now = format!("2026-01-02T00:{:02}:{:02}Z", round / 60, round % 60);
        let start = |root: &str| {
            let file = site.outside().join(root).join("content/parks/efteling/rides/ride-3.md");
            let text = format!("name = 'Ride {round} of {root}'\ncategory = 'flat_ride'\nmanufacturers = ['vekoma']");
            std::fs::write(file, crate::site::markdown(&text)).expect("an edit");
            let mut program = program(site.outside(), root, &["--now", &now]);
            program.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs")
        };
        let both = [start("site"), start("twin")].map(|child| child.wait_with_output().expect("it ends"));
        let codes = both.each_ref().map(|done| done.status.code());
        let told = both.each_ref().map(|done| String::from_utf8_lossy(&done.stderr).into_owned());
        let winners = codes.iter().filter(|code| **code == Some(0)).count();
        if winners == 2 {
            // One after the other is no race; the second one saw the first.
            let (_, lines) = publish(&site, "site", &["--list"]);
            assert!(lines.lines().count() >= 2, "{lines}");
            continue;
        }
        assert_eq!(winners, 1, "round {round}: {codes:?} {told:#?}");
        let loser = codes.iter().position(|code| *code != Some(0)).expect("a loser");
        assert_eq!(codes[loser], Some(5), "round {round}: {}", told[loser]);
        assert!(told[loser].contains("another deploy"), "{}", told[loser]);
    }
}

#[test]
fn a_killed_deploy_is_gone_on_with() {
    let (moto, site) = published();
    for (round, pause) in [50, 150, 300, 500].into_iter().enumerate() {
        site.write("templates/404.html", format!("Round {round}"));
        site.write("assets/css/site.css", format!("body {{ --round: {round} }}"));
        assert_eq!(site.run(&[]).code(), 0);
        let mut child = program(site.outside(), "site", &["--now", "2026-01-02", "--no-build", "--quiet"])
            .spawn()
            .expect("the program runs");
        std::thread::sleep(Duration::from_millis(pause));
        // It may have come to its end by itself.
        let _ = child.kill();
        child.wait().expect("it ends");
        let (code, told) = publish(&site, "site", &["--now", "2026-01-02"]);
        assert_eq!(code, 0, "round {round}: {told}");
        holds_the_output(&moto, &site);
    }
}

#[test]
fn a_machine_without_the_bytes_renders_and_sends_only_what_changed() {
    let moto = Moto::start();
    let site = catalogue();
    site.write("lifthill.toml", settings(&moto) + "[compress]\npages = ['gzip']\n");
    site.write("content/parks/efteling/photos/gate.png", super::crawl::picture(40));
    site.write("content/parks/efteling/photos.toml", "[[photo]]\nfile = 'gate.png'\nalt = 'The gate.'\n");
    assert_eq!(publish(&site, "site", &["--now", "2026-01-01"]).0, 0);
    let fresh = site.outside().join("fresh");
    copy(&site.path(""), &fresh, &["output"]);
    let ride = fresh.join("content/parks/efteling/rides/ride-3.md");
    let text = std::fs::read_to_string(&ride).expect("a ride");
    std::fs::write(&ride, text + "\nNew prose.\n").expect("an edit");
    let (code, told) = publish(&site, "fresh", &["--now", "2026-01-02"]);
    assert_eq!(code, 0, "{told}");
    let made: Vec<String> = crate::tree::Tree::of(&fresh.join("output")).files().map(str::to_owned).collect();
    assert!(made.iter().any(|file| file == "parks/efteling/rides/ride-3/index.html"), "{made:?}");
    let plain = made.iter().filter(|file| file.ends_with(".html") || file.ends_with(".xml")).count();
    assert!(plain <= 3, "the rest is not made: {made:?}");
    let again = |file: &&String| file.starts_with("photos/") || file.starts_with("assets/") && !file.ends_with(".json");
    assert_eq!(made.iter().find(again), None, "neither photos nor assets nor their variants are made again");
    let packed = |file: &&String| file.ends_with(".gz") && !file.contains("ride-3");
    assert_eq!(made.iter().find(packed), None, "nor variants of pages");
    site.edit("content/parks/efteling/rides/ride-3.md", "\n", "\n");
    std::fs::copy(&ride, site.path("content/parks/efteling/rides/ride-3.md")).expect("the same edit");
    assert_eq!(site.run(&[]).code(), 0);
    holds_the_output(&moto, &site);
}
