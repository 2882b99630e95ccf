//! A server that others can reach: they may read the site, and nothing more unless the user names them.

use super::{Served, park_site};

/// What a proxy says on behalf of somebody else.
const OTHERS: [&[(&str, &str)]; 4] = [
    &[("X-Forwarded-For", "203.0.113.7")],
    &[("Forwarded", "for=203.0.113.7")],
    &[("Via", "1.1 proxy")],
    &[("X-Real-IP", "203.0.113.7")],
];

#[test]
fn others_get_the_site_and_nothing_that_edits_it() {
    let site = park_site();
    let served = Served::start(&site, &["--watch", "--host", "0.0.0.0"]).built();
    site.write("content/articles/draft.md", "+++\ntitel = 'SECRET'\ndraft = true\n+++\n");
    let token = served.token();
    let overlay = format!("/__lifthill/overlay?token={token}");
    served.shows(&overlay, "SECRET");
    for other in OTHERS {
        let page = served.ask("GET", "/parks/efteling/", other).is(200);
        let text = page.text();
        assert!(!text.contains(&token) && !text.contains("__lifthill"), "{other:?}: {text}");
        assert_eq!(page.body, std::fs::read(site.path("output/parks/efteling/index.html")).expect("the page"));
        assert!(!served.ask("GET", "/nowhere/", other).is(404).text().contains(&token), "{other:?}");
        let with_token = [other, &[("X-Lifthill-Token", token.as_str())]].concat();
        for (method, path) in [
            ("GET", "/metrics"),
            ("GET", overlay.as_str()),
            ("GET", "/__lifthill/client.js"),
            ("GET", "/__lifthill/holder?nonce=1"),
            ("GET", "/__lifthill/why?page=/"),
            ("GET", "/__lifthill/impact?of=ride:efteling/python"),
            ("GET", &format!("/__lifthill/events?page=/&token={token}")),
            ("POST", "/__lifthill/build"),
        ] {
            let answer = served.ask(method, path, &with_token).is(403);
            assert!(!answer.text().contains("SECRET"), "{other:?} {path}");
        }
    }
    served.get("/metrics").is(200);
}

#[test]
fn whom_the_user_names_may_edit() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch", "--host", "0.0.0.0", "--allow-edit", "127.0.0.0/8"]);
    assert!(served.hears("= note:").contains("this machine and 127.0.0.0/8 can build"));
    let served = served.built();
    for other in OTHERS {
        assert!(served.ask("GET", "/", other).is(200).text().contains("data-token"), "the proxy was named");
        served.ask("GET", "/metrics", other).is(200);
    }
    let (code, _, said) = park_site().command(&["serve", "--allow-edit", "somebody"]);
    assert!(code == 2 && said.contains("write an address or a network"), "{said}");
}

#[test]
fn the_warning_says_what_is_open() {
    let site = park_site();
    let mut served = Served::start(&site, &["--watch", "--host", "0.0.0.0", "--drafts"]);
    assert!(served.hears("warning: listening on 0.0.0.0").contains("can read the site, drafts included"));
    let note = served.hears("= note:");
    assert!(note.contains("only this machine can build") && note.contains("/metrics"), "{note}");
}
