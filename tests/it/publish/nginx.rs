//! A folder target behind Debian's nginx: visitors see one release or the other, never an old page
//! for a new one.

use super::catalogue;
use crate::hosting::{Daemon, free_port};

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
    let server = format!("root {};", place.join("current").display());
    let nginx = Daemon::nginx(&site.outside().join("nginx"), free_port(), "types { text/html html; }", &server);
    let get = |path: &str, etag: Option<&str>| {
        let condition: Vec<(&str, &str)> = etag.map(|etag| ("If-None-Match", etag)).into_iter().collect();
        let answer = nginx.get_with(path, &condition);
        (answer.status, answer.header("etag").unwrap_or_default().to_owned(), answer.text())
    };
    let page = "/parks/efteling/rides/ride-3/";
    let (status, first, body) = get(page, None);
    assert!(status == 200 && body.contains("Ride 3 of efteling"), "{status} {body}");
    assert_eq!(get(page, Some(&first)).0, 304);
    site.edit("content/parks/efteling/rides/ride-3.md", "'Ride 3 of", "'Rode 3 of");
    publish(&[]);
    let (status, second, body) = get(page, Some(&first));
    assert!(status == 200 && body.contains("Rode 3 of efteling"), "{status}: the same size, another second");
    publish(&["--rollback"]);
    let (status, _, body) = get(page, Some(&second));
    assert!(status == 200 && body.contains("Ride 3 of efteling"), "{status}: back again");
}
