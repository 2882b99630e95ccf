//! A site published to a folder takes what configures its server along, release by release.

use super::{Daemon, EVERYTHING, free_port, site};

#[test]
fn a_release_brings_its_servers_configuration() {
    let site = site(EVERYTHING);
    let place = site.outside().join("www");
    let to = format!("file://{}", place.display());
    let publish = |arguments: &[&str]| {
        let (code, said, talk) = site.command(&[&["publish", &to, "--now", "2026-01-01"], arguments].concat());
        assert_eq!(code, 0, "{said}{talk}");
    };
    publish(&[]);
    let (hosting, current) = (place.join("hosting/current"), place.join("current"));
    let files = crate::tree::Tree::of(&current);
    let odd: Vec<&str> = files.files().filter(|file| file.starts_with(['.', '_'])).collect();
    assert!(odd.is_empty(), "below what visitors see: {odd:?}");
    assert!(hosting.join("Caddyfile").is_file());

    let mut number = 0;
    let mut leads = |path: &str| {
        number += 1;
        let http = format!("include {}/nginx/http.conf;", hosting.display());
        let server = format!("root {};\ninclude {}/nginx/server.conf;", current.display(), hosting.display());
        let own = site.outside().join(format!("nginx-{number}"));
        let nginx = Daemon::nginx(&own, free_port(), &http, &server);
        nginx.get("/parks/efteling/").is(200);
        nginx.get(path).status
    };
    assert_eq!(leads("/pit/"), 404);
    site.edit("content/parks/efteling/rides/baron.md", "'/mine.html'", "'/mine.html', '/pit/'");
    publish(&[]);
    assert_eq!(leads("/pit/"), 301);
    publish(&["--rollback", "--allow-gone", "*"]);
    assert_eq!(leads("/pit/"), 404);
    site.edit("lifthill.toml", "X-Folder = '1'", "X-Folder = '2'");
    publish(&[]);
    let text = std::fs::read_to_string(hosting.join("nginx/http.conf")).expect("it is there");
    assert!(text.contains("\"2\";"), "a release of nothing but a header:\n{text}");
    publish(&["--audit"]);
}

#[test]
fn a_host_that_reads_them_is_sent_its_files_and_no_other_is() {
    let site = site(EVERYTHING);
    for (host, expected) in [("any", false), ("netlify", true)] {
        let place = site.outside().join(host);
        let target = format!("[publish.{host}]\nto = 'file://{}'\nhost = '{host}'\n", place.display());
        site.edit("lifthill.toml", "[hosting]", &format!("{target}[hosting]"));
        let (code, _, talk) = site.command(&["publish", host, "--now", "2026-01-01"]);
        assert_eq!(code, 0, "{talk}");
        assert_eq!(place.join("current/_headers").is_file(), expected, "{host}");
        assert_eq!(place.join("current/_redirects").is_file(), expected, "{host}");
    }
}
