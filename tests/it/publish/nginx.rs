//! A folder target behind Debian's nginx: visitors see one release or the other, never an old page
//! for a new one.

use std::path::Path;

use super::catalogue;
use super::server::Scribe;
use crate::hosting::{Daemon, free_port};

/// nginx in front of a folder; ends with the value.
pub struct Nginx {
    daemon: Daemon,
    pub port: u16,
}

impl Nginx {
    /// Starts it with `root`; its own files go to `own`.
    pub fn start(root: &Path, own: &Path) -> Self {
        let port = free_port();
        let daemon = Daemon::nginx(own, port, "types { text/html html; }", &format!("root {};", root.display()));
        Self { daemon, port }
    }

    /// Status, ETag and body of a page.
    pub fn get(&self, path: &str, etag: Option<&str>) -> (u16, String, String) {
        let condition: Vec<(&str, &str)> = etag.map(|etag| ("If-None-Match", etag)).into_iter().collect();
        let answer = self.daemon.get_with(path, &condition);
        (answer.status, answer.header("etag").unwrap_or_default().to_owned(), answer.text())
    }
}

#[test]
fn nginx_never_answers_with_an_old_page_for_a_new_one() {
    let site = catalogue();
    let place = site.outside().join("www");
    let to = format!("file://{}", place.display());
    let publish = |arguments: &[&str]| {
        let (code, _, talk) = site.command(&[&["publish", &to, "--now", "2026-01-01"], arguments].concat());
        assert_eq!(code, 0, "{talk}");
    };
    publish(&[]);
    let nginx = Nginx::start(&place.join("current"), &site.outside().join("nginx"));
    let page = "/parks/efteling/rides/ride-3/";
    let (status, first, body) = nginx.get(page, None);
    assert!(status == 200 && body.contains("Ride 3 of efteling"), "{status} {body}");
    assert_eq!(nginx.get(page, Some(&first)).0, 304);
    site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of", "'Rode 3 of");
    publish(&[]);
    let (status, second, body) = nginx.get(page, Some(&first));
    assert!(status == 200 && body.contains("Rode 3 of efteling"), "{status}: the same size, another second");
    publish(&["--rollback"]);
    let (status, _, body) = nginx.get(page, Some(&second));
    assert!(status == 200 && body.contains("Ride 3 of efteling"), "{status}: back again");
}

#[test]
fn changed_pages_are_asked_for_once_they_are_live() {
    let site = catalogue();
    let place = site.outside().join("www");
    let nginx = Nginx::start(&place.join("current"), &site.outside().join("nginx"));
    let shown_at = |url: &str| {
        let text = format!("[publish.live]\nto = 'file://{}'\nverify = true\nurl = '{url}'\n", place.display());
        site.write("lifthill.toml", text);
    };
    let right = format!("http://127.0.0.1:{}", nginx.port);
    shown_at(&right);
    let (code, _, talk) = site.command(&["publish", "--now", "2026-01-01"]);
    assert_eq!(code, 0, "{talk}");
    let elsewhere = Scribe::start(0);
    shown_at(&elsewhere.address);
    let ride = "content/parks/efteling/rides/ride-3.md";
    let text = std::fs::read_to_string(site.path(ride)).expect("a ride");
    site.write(ride, text + "\nNew prose.\n");
    let (code, _, talk) = site.command(&["publish", "--now", "2026-01-02"]);
    assert!(code == 4 && talk.contains("does not show what was published"), "{code} {talk}");
    let asked = elsewhere.take();
    assert!(asked.iter().any(|one| one.path == "/parks/efteling/rides/ride-3/"), "{asked:?}");
    shown_at(&right);
    let (code, _, talk) = site.command(&["publish", "--now", "2026-01-03"]);
    assert_eq!(code, 0, "what was owed is done: {talk}");
    let (code, _, talk) = site.command(&["publish", "--now", "2026-01-03"]);
    assert!(code == 0 && talk.contains("nothing to do"), "{talk}");
}
