//! Which files there are, when they change, and what is refused.

use super::{EVERYTHING, site};
use crate::site::Site;

const NGINX: [&str; 2] = [".lifthill/hosting/nginx/http.conf", ".lifthill/hosting/nginx/server.conf"];

fn all(site: &Site) -> Vec<String> {
    let output = site.output();
    let of_hosts = |file: &&str| file.starts_with(".lifthill/") || file.starts_with('_');
    output.files().filter(of_hosts).map(str::to_owned).collect()
}

#[test]
fn hosts_get_their_files_and_lose_them_with_the_setting() {
    let site = site(EVERYTHING);
    site.build();
    let caddy = ".lifthill/hosting/Caddyfile";
    assert_eq!(all(&site), [caddy, NGINX[0], NGINX[1], "_headers", "_redirects"]);
    site.edit("content/parks/efteling/rides/baron.md", "'/mine.html'", "'/mine.html', '/pit/'");
    site.build().rendered([caddy, NGINX[0], "/_redirects", "/redirects.json", "/pit/"]);
    site.edit("lifthill.toml", "max-age=60", "max-age=61");
    site.build().rendered([caddy, NGINX[0], "/_headers"]).wrote(3);
    site.edit("lifthill.toml", "'nginx', 'caddy', 'netlify'", "'caddy'");
    site.build().rendered([]).wrote(0).removed(4);
    assert_eq!(all(&site), [caddy]);
    site.edit("lifthill.toml", "files = ['caddy']", "");
    site.build().rendered([]).removed(1);
    assert!(!site.path(".lifthill/hosting").exists(), "no empty folder is left");
}

#[test]
fn a_spoilt_file_is_made_again_and_why_knows_it() {
    let site = site(EVERYTHING);
    site.build();
    site.write(NGINX[0], "spoilt");
    site.remove(NGINX[1]);
    site.build().rendered([NGINX[0], NGINX[1]]).wrote(2);
    let (code, told, _) = site.command(&["why", "/_redirects"]);
    assert!(code == 0 && told.contains("(hosting)") && told.contains("setting hosting"), "{told}");
    let (code, _, talk) = site.command(&["build", "--verify"]);
    assert_eq!(code, 0, "{talk}");
}

#[test]
fn what_a_host_does_not_take_is_told_with_its_number() {
    let aliases: Vec<String> = (0..2_000).map(|number| format!("'/old/{number}/'")).collect();
    let park = format!("name = 'Efteling'\nformer_slugs = ['other']\naliases = [{}]", aliases.join(", "));
    let cloudflare = "title = 'Parks'\nbase_url = 'https://parks.example'\n[hosting]\nfiles = 'cloudflare-pages'\n";
    let site = Site::new().park("efteling", &park).file("lifthill.toml", cloudflare);
    let told = site.fails();
    assert!(told.stderr().contains("2001 redirects, Cloudflare Pages takes 2000"), "{}", told.stderr());
    site.edit("content/parks/efteling/index.md", "former_slugs = ['other']\n", "");
    site.build();
    assert_eq!(site.page("/_redirects").lines().filter(|line| line.ends_with(" /parks/efteling/ 301")).count(), 2_000);
    site.write("content/parks/efteling/index.md", crate::site::markdown("name = 'Efteling'"));

    let rules: String = (0..120).map(|number| format!("'/{number}' = 'no-store'\n")).collect();
    site.write("lifthill.toml", format!("{cloudflare}[headers]\n{rules}"));
    let told = site.fails();
    assert!(told.stderr().contains(" rules for headers, Cloudflare Pages takes 100"), "{}", told.stderr());
    site.write("lifthill.toml", format!("{cloudflare}[headers]\n'/x' = '{}'\n", "a".repeat(2_000)));
    assert!(site.fails().stderr().contains("a line has 2017 bytes, Cloudflare Pages takes 2000"));
    site.write("lifthill.toml", format!("{cloudflare}[headers]\n'/*/x/*' = 'a'\n"));
    assert!(site.fails().stderr().contains("`/*/x/*` has more than one `*`"));
    let netlify = cloudflare.replace("cloudflare-pages", "netlify");
    site.write("lifthill.toml", format!("{netlify}[headers]\n'/a(b*' = 'a'\n"));
    assert!(site.fails().stderr().contains("`/a(b*` cannot be said: Netlify would read more in it"));
}

#[test]
fn a_rule_of_cloudflare_takes_away_what_one_before_it_says() {
    let site = site(&EVERYTHING.replace("netlify", "cloudflare-pages"));
    site.build();
    let headers = site.page("/_headers");
    let at = |words: &str| headers.find(words).unwrap_or_else(|| panic!("no {words:?} in\n{headers}"));
    assert!(at("/parks/efteling/\n  X-Park: this") < at("/parks/*\n  ! X-Park\n  X-Park: yes\n  ! Referrer-Policy\n"));
    assert!(at("/assets/css/*\n  Cache-Control: public, max-age=31536000, immutable\n") > at("/*\n  X-Content"));
    assert!(headers.contains("/assets/manifest.json\n  Cache-Control: public, max-age=300"), "{headers}");
    assert!(headers.contains("/favicon.ico\n  Cache-Control: public, max-age=300"), "{headers}");
    assert!(
        headers.ends_with(
            "/feed.xml\n  Cache-Control: public, max-age=60\n  Content-Type: application/atom+xml; charset=utf-8\n"
        ),
        "{headers}"
    );
    assert_eq!(headers.matches("/feed.xml\n").count(), 1, "of two rules for one path the host takes one");
    assert!(!headers.contains("/assets/*\n"), "not all assets are kept for ever:\n{headers}");
}

#[test]
fn settings_that_cannot_be_are_told_with_their_place() {
    let site = Site::new();
    site.write(
        "lifthill.toml",
        "[hosting]\nfiles = ['ngninx', 'netlify', 'cloudflare-pages']\nroot = 'srv'\n[hosting.balancer]\n\
         backends = ['10.0.0.1:80', 'a;b:80', '[::1]:0', 'x']\nkeepalive = 0\n[security]\npolicy = 'lax'\n\
         directives = { img-src = \"'self'; script-src *\", 'a b' = 'x' }\n[headers]\n'/x' = { -Server = 'x' }\n",
    );
    let told = site.fails().problems();
    for words in [
        "lifthill.toml:2:10",
        "did you mean `nginx`?",
        "lifthill.toml:2:31",
        "read the same files",
        "lifthill.toml:3:8",
        "`a;b:80` is no address",
        "`[::1]:0` is no address",
        "`x` is no address",
        "`keepalive` must be between 1 and 10000",
        "`lax` is no policy",
        "`img-src` must be ASCII without `;` and `,`",
        "`a b` is not the name of a directive",
        "`-Server` is not the name of a header",
    ] {
        assert!(told.contains(words), "nobody said {words}:\n{told}");
    }
}

#[test]
fn nobody_is_served_what_configures_servers() {
    let site = site(EVERYTHING);
    let served = crate::serving::Served::start(&site, &[]).built();
    for file in all(&site) {
        served.get(&format!("/{file}")).is(404);
    }
}
