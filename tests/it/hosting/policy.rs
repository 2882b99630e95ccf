//! The Content-Security-Policy: in every file for servers and from our own, with the hashes of what
//! pages may hold.

use sha2::Digest;

use super::{EVERYTHING, site};
use crate::serving::Served;

/// The header for pages.
fn policy(served: &Served) -> String {
    served.get("/").is(200).header("content-security-policy").expect("a policy").to_owned()
}

#[test]
fn the_policy_is_the_same_everywhere() {
    let site = site(EVERYTHING);
    site.build();
    let served = Served::start(&site, &[]).built();
    let policy = policy(&served);
    assert!(policy.starts_with("default-src 'none'; ") && policy.contains("; script-src 'self'; "), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    for file in ["output/_headers", ".lifthill/hosting/Caddyfile", ".lifthill/hosting/nginx/http.conf"] {
        let text = std::fs::read_to_string(site.path(file)).expect("a file");
        assert!(text.contains(&policy), "{file} does not hold {policy}:\n{text}");
    }
    site.edit(
        "lifthill.toml",
        "policy = 'strict'",
        "policy = 'report'\ndirectives = { img-src = '*', report-to = 'x' }",
    );
    site.build();
    let text = std::fs::read_to_string(site.path("output/_headers")).expect("a file");
    let line = text.lines().find(|line| line.contains("Content-Security-Policy-Report-Only: ")).expect("a policy");
    assert!(line.contains("; img-src *;") && line.ends_with("; report-to x"), "{line}");
}

#[test]
fn what_a_page_holds_is_named_by_its_hash() {
    let site =
        site(&EVERYTHING.replace("policy = 'strict'", "policy = 'strict'\ninline = ['js/menu.js', 'css/first.css']"));
    site.write("assets/css/first.css", "body { margin: 0 }\n");
    site.write(
        "templates/404.html",
        "<!doctype html><html lang=en><head><title>Lost</title><style>{{ inline(path='css/first.css') }}</style></head>\
         <body><p>Lost</p><script>{{ inline(path='js/menu.js') }}</script></body></html>",
    );
    site.build();
    let page = site.page("/404.html");
    let between = |start: &str, end: &str| {
        page.split(start)
            .nth(1)
            .and_then(|rest| rest.split(end).next())
            .unwrap_or_else(|| panic!("no {start} in {page}"))
    };
    let served = Served::start(&site, &[]).built();
    let policy = policy(&served);
    drop(served);
    for (directive, text) in
        [("style-src", between("<style>", "</style>")), ("script-src", between("<script>", "</script>"))]
    {
        assert!(!text.is_empty());
        let hash = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, sha2::Sha384::digest(text));
        let expected = format!("{directive} 'self' 'sha384-{hash}'");
        assert!(policy.contains(&expected), "{expected} is not in {policy}");
        assert!(site.page("/_headers").contains(&expected));
    }
    site.edit("assets/css/first.css", "0", "1px");
    site.build().rendered([
        ".lifthill/hosting/Caddyfile",
        ".lifthill/hosting/nginx/http.conf",
        "/_headers",
        "/404.html",
        "/assets/manifest.json",
        "/assets/css/first.*.css",
    ]);
    site.edit("lifthill.toml", ", 'css/first.css'", "");
    let told = site.fails();
    assert!(told.stderr().contains("the policy forbids assets/css/first.css in pages"), "{}", told.stderr());
    site.edit("lifthill.toml", "'js/menu.js'", "'js/menu.js', 'css/first.css', 'css/none.css'");
    assert!(site.fails().stderr().contains("security.inline names css/none.css"));
}

#[test]
fn no_page_holds_a_style_or_script_of_its_own() {
    let site = site(EVERYTHING);
    site.build();
    let output = site.output();
    let pages = output.files().filter(|file| file.ends_with(".html"));
    for (file, text) in pages.map(|file| (file, site.page(file))) {
        for odd in [" style=", "<style", "<script", " onclick", " onload"] {
            assert!(!text.contains(odd), "{file} holds {odd}");
        }
    }
    assert!(
        site.page("/articles/opening/").contains("class=\"right\"")
            || site.page("/articles/opening/").contains("class=right")
    );
    assert!(site.page("/parks/efteling/").contains("<rect"), "the colour of a photo that is still loading");
}

#[test]
fn a_watched_page_may_load_what_watching_needs() {
    let site = site(EVERYTHING);
    let served = Served::start(&site, &["--watch"]).built();
    let policy = policy(&served);
    for part in ["connect-src 'self'", "script-src 'self'", "frame-src 'self'", "style-src 'self'"] {
        assert!(policy.contains(part), "{part} is not in {policy}");
    }
}
