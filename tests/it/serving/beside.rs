//! Commands beside a running server: they work through it, or say who holds the site.

use super::{Served, park_site};
use crate::site::ride_file;

#[test]
fn build_why_and_impact_work_through_the_server() {
    let site = park_site();
    let mut served = Served::start(&site, &[]).built();
    site.edit(&ride_file("efteling/python"), "Four", "Five");
    let (code, stdout, stderr) = site.command(&["build", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("a report");
    assert_eq!(report["rendered"], serde_json::json!(["parks/efteling/rides/python/index.html"]));
    assert!(served.get("/parks/efteling/rides/python/").text().contains("Five inversions"));
    let (code, stdout, stderr) = site.command(&["why", "/parks/efteling/rides/python/"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.contains("in the last build: record ride:efteling/python"), "{stdout}");
    let (code, _, stderr) = site.command(&["why", "/parks/eftelin/"]);
    assert!(code != 0 && stderr.contains("no page"), "{stderr}");
    let (code, through, stderr) = site.command(&["impact", "ride:efteling/python", "--json"]);
    assert_eq!(code, 0, "{stderr}");
    let (code, _, stderr) = site.command(&["impact", "ride:efteling/pithon"]);
    assert!(code == 2 && stderr.contains("did you mean `ride:efteling/python`?"), "{stderr}");
    site.write("content/articles/bad.md", "+++\ntitel = 'x'\n+++\n");
    let (code, _, stderr) = site.command(&["build"]);
    assert!(code == 1 && stderr.contains("did you mean `title`?"), "{stderr}");
    site.remove("content/articles/bad.md");
    assert_eq!(served.stop(), Some(0));
    assert!(!site.path(".lifthill/serve.json").exists());
    let (_, alone, _) = site.command(&["impact", "ride:efteling/python", "--json"]);
    assert_eq!(through, alone, "the server says what the command says by itself");
    site.build();
}

#[test]
fn what_cannot_be_done_beside_it_says_who_holds_the_site() {
    let site = park_site();
    let served = Served::start(&site, &[]).built();
    for command in [&["serve", "--port", "0"][..], &["build", "--drafts"]] {
        let (code, _, stderr) = site.command(command);
        assert_ne!(code, 0, "{command:?}");
        assert!(stderr.contains(&format!("http://{}/", served.address())), "{command:?}: {stderr}");
        assert!(stderr.contains("(process "), "{command:?}: {stderr}");
    }
}

#[test]
fn a_server_that_was_killed_holds_nobody_up() {
    let site = park_site();
    drop(Served::start(&site, &["--watch"]).built());
    assert!(site.path(".lifthill/serve.json").exists());
    site.build();
}

#[test]
fn the_next_free_port_is_taken() {
    let (one, other) = (park_site(), park_site());
    let first = Served::start(&one, &[]).built();
    let port = first.address().port().to_string();
    let second = Served::start(&other, &["--port", &port]).built();
    assert!(second.address().port() > first.address().port());
    second.get("/").is(200);
}
