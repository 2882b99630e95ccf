//! A site below a path of its host, as project pages at GitHub and GitLab are: a crawler follows every address in
//! everything that was written, and none is dead and none leads outside.

use std::collections::{BTreeMap, BTreeSet};

use crate::hosting::{Daemon, free_port};
use crate::serving::{Answer, Served};
use crate::site::{Site, picture};

const HOST: &str = "https://u.example";

/// A site with something of every kind that names an address, below `base_url`.
fn guide(base_url: &str, more: &str) -> Site {
    let own = "{% extends \"theme/article.html\" %}{% block footer %}<p><a href=\"/countries/\">written</a> \
               <a href=\"{{ url(to='park:efteling') }}\">by key</a> <a href=\"{{ url(to='/rides/') }}\">by path</a> \
               <a href=\"{{ page.url }}\">this</a> <img src=\"{{ asset(path='img/loop.svg') }}\" alt=\"\"> \
               <a href=\"{{ absolute_url(path=page.url) }}\">whole</a></p>{% endblock %}";
    let body = "See [the park](/parks/efteling/), <ride:efteling/python>, ![a loop](/img/plain.svg) and\n\n\
                <p><a href='/companies/vekoma/'>Vekoma</a> <img src=/img/plain.svg srcset=\"/img/plain.svg 1x, /img/plain.svg 2x\" alt=x></p>\n\n\
                | a |\n|---|\n| [b](/articles/) |\n\nBut `[x](/nowhere/)` and [elsewhere](//other.example/) stay.";
    let mut site = Site::new()
        .file("lifthill.toml", format!("title = 'Parks'\nbase_url = '{base_url}'\n[lists]\nrides = 2\n{more}"))
        .company("vekoma", "name = 'Vekoma'\nroles = ['manufacturer']")
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'\noperator = 'vekoma'\nformer_slugs = ['sprookjesbos']")
        .park("parks", "name = 'Parks'\ncountry = 'NL'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'\nmanufacturers = ['vekoma']\nopened = 1981")
        .article("loops", &format!("title = 'Loops'\ndate = '2024-04-01'\n+++\n{body}"))
        .file("content/parks/efteling/photos/gate.png", picture(7))
        .file("content/parks/efteling/photos.toml", "[[photo]]\nfile = 'gate.png'\nalt = 'The gate.'\n")
        .file("templates/article.html", own)
        .file("assets/img/loop.svg", "<svg xmlns='http://www.w3.org/2000/svg'></svg>")
        .file("assets/img/plain.svg", "<svg xmlns='http://www.w3.org/2000/svg'><g/></svg>")
        .file("assets/js/a.js", "import '/assets/js/b.js'; import './c.js';\n")
        .file("assets/js/b.js", "document.title += '.';\n")
        .file("assets/js/c.js", "document.title += ',';\n")
        .file("assets/css/own.css", "a { background: url(/assets/img/loop.svg) } b { background: url('../img/loop.svg') } c { background: url(/img/plain.svg) }")
        .file("templates/model.html", "{% extends \"theme/model.html\" %}{% block head_extra %}<link rel=\"stylesheet\" href=\"{{ asset(path='css/own.css') }}\"><script type=\"module\" src=\"{{ asset(path='js/a.js') }}\"></script>{% endblock %}")
        .model("vekoma/mk-1200", "name = 'MK-1200'\ncategory = 'roller_coaster'");
    for number in 0..5 {
        site = site.ride(&format!("efteling/ride-{number}"), &format!("name = 'Ride {number}'\ncategory = 'other'"));
    }
    site
}

/// The copies of assets that the guide's pages link to by a plain path.
const COPIES: &str = "[assets]\ncopies = ['img/plain.svg']\n";

/// The values of the attributes that hold addresses, each address apart.
fn addresses(html: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["href", "src", "srcset", "poster", "content", "action"] {
        for (at, _) in html.match_indices(&format!("{name}=")) {
            if !html[..at].ends_with(|c: char| c.is_whitespace() || c == '"' || c == '\'') {
                continue;
            }
            let rest = &html[at + name.len() + 1..];
            let value = match rest.chars().next() {
                Some(quote @ ('"' | '\'')) => rest[1..].split(quote).next(),
                _ => rest.split(|c: char| c.is_whitespace() || c == '>').next(),
            };
            let value = value.unwrap_or_default();
            match name {
                "srcset" => found.extend(value.split(", ").filter_map(|one| one.split(' ').next()).map(str::to_owned)),
                "content" => found.extend(value.split_once("url=").map(|(_, url)| url.to_owned())),
                _ => found.push(value.to_owned()),
            }
        }
    }
    found
}

/// Every address in a file of the site, by what kind of file it is.
fn addresses_in(path: &str, text: &str) -> Vec<String> {
    let between = |open: &str, close: &str| -> Vec<String> {
        text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).map(str::to_owned).collect()
    };
    let quotes = |c: char| c == '"' || c == '\'';
    let file = path.rsplit('/').next().unwrap_or_default();
    match file.rsplit_once('.').map(|(_, extension)| extension) {
        None | Some("html") => addresses(text),
        Some("css") => between("url(", ")").iter().map(|url| url.trim_matches(quotes).to_owned()).collect(),
        Some("js") => [between("import\"", "\""), between("import '", "'")].concat(),
        Some("xml") => [addresses(text), between("<loc>", "</loc>"), between("<id>", "</id>")].concat(),
        Some("txt") => text.split_whitespace().filter(|word| word.starts_with("http")).map(str::to_owned).collect(),
        Some("json") if file == "redirects.json" => between("\": \"", "\""),
        _ => Vec::new(),
    }
}

/// What an address in the file at `path` leads to on the site's host; `None` for other hosts and places in the file.
fn resolved(path: &str, address: &str) -> Option<String> {
    let address = address.strip_prefix(HOST).unwrap_or(address).split('#').next().unwrap_or_default();
    if address.is_empty() || address.starts_with("//") || address.contains(':') {
        return None;
    }
    if address.starts_with('/') {
        return Some(address.to_owned());
    }
    let mut parts: Vec<&str> = path.rsplit_once('/').map_or("", |(folder, _)| folder).split('/').collect();
    for part in address.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// As a browser asks for it.
fn asked(path: &str) -> String {
    path.bytes().map(|b| if b.is_ascii_graphic() { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// Follows every address from the front page, sitemap, feed and lists on, and returns what was found, by path.
#[track_caller]
fn crawl(base: &str, get: impl Fn(&str) -> Answer) -> BTreeMap<String, String> {
    let starts = ["/", "/sitemap.xml", "/feed.xml", "/robots.txt", "/redirects.json", "/models/vekoma/mk-1200/"];
    let mut open: Vec<(String, String)> = starts.map(|path| ("start".to_owned(), format!("{base}{path}"))).to_vec();
    let mut found = BTreeMap::new();
    let mut seen = BTreeSet::new();
    while let Some((from, path)) = open.pop() {
        assert!(path.starts_with(&format!("{base}/")), "{from} leads outside, to {path}");
        if !seen.insert(path.clone()) {
            continue;
        }
        let answer = get(&asked(&path));
        if matches!(answer.status, 301 | 308) {
            let to = answer.header("location").expect("a place").to_owned();
            let to = to.strip_prefix(HOST).unwrap_or(&to).to_owned();
            assert!(
                to.starts_with(&asked(&format!("{base}/"))) || to.starts_with(&format!("{base}/")),
                "{path} leads to {to}"
            );
            assert_eq!(get(&to).status, 200, "{path} leads to {to}");
            continue;
        }
        assert_eq!(answer.status, 200, "{from} has a dead address: {path}");
        let text = answer.text();
        open.extend(
            addresses_in(&path, &text).iter().filter_map(|one| resolved(&path, one)).map(|to| (path.clone(), to)),
        );
        found.insert(path, text);
    }
    found
}

/// That the crawl came everywhere.
#[track_caller]
fn came_everywhere(found: &BTreeMap<String, String>, base: &str) {
    for path in [
        "/parks/efteling/",
        "/parks/parks/",
        "/parks/efteling/rides/python/",
        "/companies/vekoma/",
        "/countries/nl/",
        "/articles/loops/",
        "/rides/page/2/",
        "/img/plain.svg",
        "/sitemaps/ride-1.xml",
    ] {
        assert!(found.contains_key(&format!("{base}{path}")), "{path} was not found: {:?}", found.keys());
    }
    for kind in [".css", ".webp", ".svg", ".js"] {
        assert!(found.keys().any(|path| path.ends_with(kind)), "no {kind}: {:?}", found.keys());
    }
    assert!(found.keys().filter(|path| path.contains("/assets/js/")).count() >= 3, "{:?}", found.keys());
    let article = &found[&format!("{base}/articles/loops/")];
    for words in
        ["written</a>", "by key</a>", "by path</a>", "whole</a>", "Vekoma</a>", "//other.example/", "[x](/nowhere/)"]
    {
        assert!(article.contains(words), "{words}: {article}");
    }
}

#[test]
fn no_address_is_dead_and_none_leads_outside() {
    for (base_url, base) in [
        ("https://u.example/repo/", "/repo"),
        ("https://u.example/a/b-c", "/a/b-c"),
        ("https://u.example/r%C3%A9po/", "/r%C3%A9po"),
        ("https://u.example/répo", "/répo"),
        ("https://u.example/parks", "/parks"),
    ] {
        let site = guide(base_url, COPIES);
        site.build();
        assert!(site.has("/parks/efteling/") && !site.path("output/repo").exists(), "the path is no folder of output/");
        let served = Served::start(&site, &["--allow-host", "u.example"]);
        came_everywhere(&crawl(base, |path| served.get(path)), base);
        let lost = served.get(&asked(&format!("{base}/nowhere/"))).is(404).text();
        for to in addresses(&lost).iter().filter_map(|one| resolved(&format!("{base}/nowhere/"), one)) {
            assert!(to.starts_with(&format!("{base}/")), "the page for what is not there leads to {to}");
            served.get(&asked(&to)).is(200);
        }
    }
}

#[test]
fn a_site_at_the_root_knows_of_no_path() {
    let (root, below) = (guide("https://u.example", COPIES), guide("https://u.example/repo/", COPIES));
    root.build();
    below.build();
    let names = |site: &Site| -> BTreeSet<String> {
        let plain = |file: &str| !file.ends_with(".br") && !file.ends_with(".gz") && !file.ends_with(".zst");
        site.output().files().filter(|file| plain(file) && !file.starts_with("assets/")).map(str::to_owned).collect()
    };
    assert_eq!(names(&root), names(&below));
    let served = Served::start(&root, &["--allow-host", "u.example"]);
    came_everywhere(&crawl("", |path| served.get(path)), "");
    // A page below the path is the page at the root with the path before its own addresses.
    for page in ["/", "/parks/efteling/", "/articles/loops/", "/404.html", "/rides/"] {
        let strip = |text: String| -> String {
            let text = text.replace("/repo/", "/");
            // What an asset holds has its name.
            text.split('.').filter(|part| !(part.len() == 12 && part.bytes().all(|b| b.is_ascii_hexdigit()))).collect()
        };
        assert_eq!(strip(below.page(page)), strip(root.page(page)), "{page}");
    }
}

#[test]
fn another_path_is_another_site_and_the_same_as_a_clean_one() {
    let site = guide("https://u.example/repo/", COPIES);
    site.build();
    assert!(site.page("/").contains("/repo/parks/"));
    site.edit("lifthill.toml", "/repo/", "/other/path/");
    site.build();
    assert!(site.page("/").contains("/other/path/parks/") && !site.page("/").contains("/repo/"));
    assert!(
        site.page("/redirects.json").contains("\"/other/path/parks/sprookjesbos/\""),
        "{}",
        site.page("/redirects.json")
    );
    site.build_with(&["--base-url", "https://u.example/third/"]);
    assert!(site.page("/articles/loops/").contains("/third/parks/efteling/"));
    assert!(site.page("/sitemaps/park-1.xml").contains("<loc>https://u.example/third/parks/efteling/</loc>"));
    site.edit("lifthill.toml", "/other/path/", "");
    site.build();
    assert!(!site.page("/").contains("/other/path/") && !site.page("/").contains("/third/"));
    // The title is no path.
    site.edit("lifthill.toml", "title = 'Parks'", "title = 'All parks'");
    let rendered = site.build().rendered_files();
    assert!(!rendered.contains(&"redirects.json".to_owned()), "{rendered:?}");
}

#[test]
fn a_path_that_cannot_be_one_is_refused() {
    let site = guide("https://u.example/repo/", COPIES);
    for bad in ["/a//b", "/../x", "/a/%2e%2e", "/a,b", "/a;b", "/%zz", "/a(b)", "/%2F", "/$x"] {
        site.edit("lifthill.toml", "https://u.example/repo/", &format!("https://u.example{bad}"));
        site.fails().exit(2).says("lifthill.toml:2:");
        site.edit("lifthill.toml", &format!("https://u.example{bad}"), "https://u.example/repo/");
        site.run(&["--base-url", &format!("https://u.example{bad}")]).exit(2);
    }
    site.build();
}

#[test]
fn a_server_serves_below_the_path() {
    let site = guide("https://u.example/repo/", COPIES);
    let served = Served::start(&site, &["--watch"]).built();
    let location = |path: &str, status: u16| {
        let answer = served.get(path).is(status);
        answer.header("location").expect("a place").to_owned()
    };
    assert_eq!(location("/", 302), "/repo/");
    assert_eq!(location("/repo", 301), "/repo/");
    assert_eq!(location("/repo/parks", 301), "/repo/parks/");
    assert_eq!(location("/repo/parks/sprookjesbos/", 301), "/repo/parks/efteling/");
    for outside in ["/parks/", "/feed.xml", "/repository/", "/repo%2fparks/", "/repo/../parks/"] {
        assert!(matches!(served.get(outside).status, 400 | 404), "{outside}");
    }
    let page = served.get("/repo/parks/").is(200).text();
    assert!(page.contains("<script src=\"/repo/__lifthill/client.js\""), "{page}");
    served.get("/repo/__lifthill/client.js").is(200);
    let token = page.split("data-token=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a token");
    let overlay = served.get(&format!("/repo/__lifthill/overlay?token={token}")).is(200).text();
    assert!(!overlay.contains("=\"/__lifthill"), "{overlay}");
    served.get("/repo/__lifthill/overlay").is(403);
    site.edit("content/parks/efteling/rides/python.md", "name = 'Python'", "name = 'Pythons'");
    served.shows("/repo/parks/efteling/rides/python/", "Pythons");
    // Another terminal finds the server where it is.
    let (code, out, _) = site.command(&["why", "/repo/parks/efteling/"]);
    assert!(code == 0 && out.starts_with("/parks/efteling/ (park)"), "{out}");
    // Another path is another place.
    site.edit("lifthill.toml", "/repo/", "/moved/");
    served.shows("/moved/parks/efteling/", "/moved/parks/");
    served.get("/repo/parks/").is(404);
}

#[test]
fn pages_are_known_by_both_names() {
    let site = guide("https://u.example/repo/", COPIES);
    site.build();
    for name in ["/parks/efteling/", "/repo/parks/efteling/", "https://u.example/repo/parks/efteling/"] {
        let (code, out, talk) = site.command(&["why", name]);
        assert!(code == 0 && out.starts_with("/parks/efteling/ (park)"), "{name}: {out}{talk}");
        let (code, out, talk) = site.command(&["impact", name]);
        assert!(code == 0 && out.contains("/parks/efteling/"), "{name}: {out}{talk}");
    }
    let site = guide("https://u.example/parks/", COPIES);
    site.build();
    let (_, out, _) = site.command(&["why", "/parks/parks/"]);
    assert!(out.starts_with("/parks/parks/ (park)"), "a page's own path goes first: {out}");
}

#[test]
fn servers_and_hosts_are_told_of_the_path() {
    let settings = "[hosting]\nfiles = ['nginx', 'caddy', 'netlify']\nroot = 'ROOT'\nbrotli = true\n\
                    [headers]\n'/feed.xml' = { Content-Type = 'application/x-feed' }\n'/parks/*' = { X-Park = 'yes' }\n";
    let site = guide("https://u.example/parks/", COPIES);
    let root = site.path("output");
    let settings = settings.replace("ROOT", root.to_str().expect("a path of letters"));
    let text =
        format!("title = 'Parks'\nbase_url = 'https://u.example/parks/'\n[lists]\nrides = 2\n{settings}{COPIES}");
    site.write("lifthill.toml", text);
    site.run(&[]).exit(0);
    let redirects = site.page("/_redirects");
    assert!(redirects.contains("/parks/parks/sprookjesbos/ /parks/parks/efteling/ 301!"), "{redirects}");
    let headers = site.page("/_headers");
    assert!(
        headers.lines().filter(|line| !line.starts_with([' ', '#'])).all(|line| line.starts_with("/parks/")),
        "{headers}"
    );
    assert!(headers.contains("\n/parks/parks/*\n  X-Park: yes\n"), "{headers}");

    let part =
        |name: &str| std::fs::read_to_string(site.path(".lifthill/hosting").join(name)).expect("a file for a server");
    let (http, server) = (part("nginx/http.conf"), part("nginx/server.conf"));
    let nginx = Daemon::nginx(&site.outside().join("nginx"), free_port(), &http, &server);
    let caddy = Daemon::caddy(&site.outside().join("caddy"), &part("Caddyfile"));
    for (name, daemon) in [("nginx", &nginx), ("caddy", &caddy)] {
        println!("{name}");
        came_everywhere(&crawl("/parks", |path| daemon.get(path)), "/parks");
        let location = |path: &str| daemon.get(path).header("location").unwrap_or_default().to_owned();
        assert_eq!(location("/"), "/parks/", "{name}");
        assert_eq!(location("/parks"), "/parks/", "{name}");
        assert_eq!(location("/parks/parks/sprookjesbos/"), "/parks/parks/efteling/", "{name}");
        let feed = daemon.get("/parks/feed.xml").is(200);
        assert_eq!(feed.header("content-type"), Some("application/x-feed"), "{name}");
        assert_eq!(daemon.get("/parks/parks/efteling/").is(200).header("x-park"), Some("yes"), "{name}");
        assert_eq!(daemon.get("/parks/rides/").is(200).header("x-park"), None, "{name}");
        assert!(daemon.get("/parks/nowhere/").is(404).text().contains("no page at this address"), "{name}");
        for outside in ["/feed.xml", "/rides/", "/parks/_redirects"] {
            daemon.get(outside).is(404);
        }
    }
}

#[test]
fn project_pages_are_the_folder_as_it_is() {
    let site = guide("https://u.example/repo/", COPIES);
    let place = site.outside().join("pages");
    let target =
        format!("\n[publish.pages]\nto = 'file://{}'\nhost = 'github-pages'\nvariants = 'none'\n", place.display());
    site.write(
        "lifthill.toml",
        format!("title = 'Parks'\nbase_url = 'https://u.example/repo/'\n[lists]\nrides = 2\n{COPIES}{target}"),
    );
    let (code, _, talk) = site.command(&["publish", "pages"]);
    assert_eq!(code, 0, "{talk}");
    // Such a host redirects nobody, but for folders; pages that redirect do.
    let current = place.join("current");
    let server = format!(
        "location /repo/ {{ alias {}/; index index.html; error_page 404 /repo/404.html; }} absolute_redirect off;",
        current.display()
    );
    let types = "types { text/html html; text/css css; text/javascript js; image/svg+xml svg; image/webp webp; }";
    let nginx = Daemon::nginx(&site.outside().join("nginx"), free_port(), types, &server);
    came_everywhere(&crawl("/repo", |path| nginx.get(path)), "/repo");
    let moved = nginx.get("/repo/parks/sprookjesbos/").is(200).text();
    assert!(moved.contains("url=/repo/parks/efteling/"), "{moved}");
}
