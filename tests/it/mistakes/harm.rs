//! Nothing that an editor writes runs in a visitor's browser, whatever page it is on; and what is left
//! out for that is said.

use super::*;

/// Pages of every kind that have a body.
const PAGES: [&str; 5] = [
    "/parks/efteling/",
    "/parks/efteling/rides/baron-1898/",
    "/companies/vekoma/",
    "/models/vekoma/boomerang/",
    "/articles/loops/",
];

/// A site in which every record with a body has this one.
fn with_body(body: &str) -> Site {
    Site::new()
        .company("vekoma", &format!("name = 'Vekoma'\n+++\n{body}"))
        .model("vekoma/boomerang", &format!("name = 'Boomerang'\n+++\n{body}"))
        .park("efteling", &format!("name = 'Efteling'\n+++\n{body}"))
        .ride("efteling/baron-1898", &format!("name = 'Baron'\ncategory = 'other'\n+++\n{body}"))
        .article("loops", &format!("title = 'Loops'\ndate = 2024-05-01\n+++\n{body}"))
}

#[test]
fn attributes_of_headings() {
    let site = with_body(
        "# one {onclick=alert(1)}\n\n## two {#name .class style=\"color:red\" onmouseover='alert(2)'}\n\n\
         three {onfocus=alert(3) tabindex=0 autofocus}\n---\n",
    );
    let built = site.build();
    for page in PAGES {
        let html = site.page(page);
        for bad in ["onclick", "alert(", "color:red", "onmouseover", "onfocus", "autofocus"] {
            assert!(!html.contains(bad), "{bad} on {page}:\n{html}");
        }
        assert!(html.contains("class=\"class\"") || html.contains("class=class"), "{html}");
    }
    built.says("warning: `onclick` of a heading is left out").says("  --> content/articles/loops.md:6:8\n");
    built.says("`autofocus` of a heading").says("`style` of a heading").says("content/models/vekoma/boomerang.md");
}

#[test]
fn html_and_addresses_that_run_something() {
    let bodies = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<a href=\"java\nscript:alert(1)\">x</a>",
        "[x](java&Tab;script:alert(1))",
        "[x](<&#1;javascript:alert(1)>)",
        "![x](data:image/svg+xml;base64,PHN2Zz4=)",
        "<javascript:alert(1)>",
        "[x][y]\n\n[y]: vbscript:alert(1)",
        "<iframe srcdoc=\"<script>alert(1)</script>\"></iframe>",
        "<math><mtext><table><mglyph><style><img src onerror=alert(1)>",
        "<form action=javascript:alert(1)><button>x</button></form>",
        "<base href=\"https://evil.example/\">",
        "<meta http-equiv=refresh content=\"0;url=javascript:alert(1)\">",
        "<link rel=stylesheet href=https://evil.example/x.css>",
    ];
    let site = small();
    for (number, body) in bodies.iter().enumerate() {
        let front = format!("title = 'A{number}'\ndate = 2024-01-01");
        site.write(&format!("content/articles/a{number}.md"), markdown(&format!("{front}\n+++\n{body}")));
    }
    let built = site.build();
    for (number, body) in bodies.iter().enumerate() {
        let html = site.page(&format!("/articles/a{number}/"));
        let main = html.split("<main").nth(1).and_then(|rest| rest.split("</main").next()).expect("a main part");
        // What is no link is only text.
        let main = main.replace("<a>javascript:alert(1)</a>", "");
        for bad in [
            "<script",
            "onerror",
            "=javascript:",
            "=\"javascript:",
            "script:alert",
            "data:",
            "<iframe",
            "<form",
            "<base",
            "<meta",
            "<link",
        ] {
            assert!(!main.contains(bad), "{body} -> {main}");
        }
        built.says(&format!("content/articles/a{number}.md:6:"));
    }
}

#[test]
fn who_trusts_html_is_given_it() {
    let site = with_body("## x {data-x=y}\n\n<p style=\"color:red\">z</p>");
    site.write("lifthill.toml", "base_url = 'https://parks.example'\n[content]\ntrust_html = true\n");
    site.build().never_says("left out");
    assert!(site.page("/articles/loops/").contains("color:red"));
    site.write("lifthill.toml", "base_url = 'https://parks.example'\n");
    site.build().says("`data-x` of a heading is left out").says("`style` of `<p>` is left out");
    assert!(!site.page("/articles/loops/").contains("color:red"));
}

#[test]
fn front_matter_that_a_template_makes_a_link_of() {
    let of = |front: &str| said_of_ride(&format!("name = 'B'\ncategory = 'other'\n{front}"));
    for front in [
        "[extra]\nlink = 'javascript:alert(1)'",
        "[extra]\nmore = [{ link = \" JAVA\\tSCRIPT:alert(1)\" }]",
        "[extra]\nlink = 'vbscript:x'",
        "[extra]\nlink = 'data:text/html,<script>alert(1)</script>'",
        "sources = ['javascript:alert(1)']",
    ] {
        assert!(of(front).contains("would run as a script"), "{front}");
    }
    for front in
        ["website = 'javascript:alert(1)'", "video = \"https://x.example/\\njavascript:\"", "website = 'http://'"]
    {
        assert!(of(front).contains("must be a web address"), "{front}");
    }
}

#[test]
fn words_stay_words_in_data_for_scripts() {
    let site = small();
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}{% block head_extra %}<script type=\"application/ld+json\">{{ ride.extra | json_encode | safe }}</script>\
         {% endblock %}",
    );
    site.write(BARON, markdown("name = 'B'\ncategory = 'other'\n[extra]\na = \"</script><script>alert(1)</script>\"\nb = \"x' y & \\\\\"\nc = [1, 2.5, true]"));
    site.build();
    let html = site.page("/parks/efteling/rides/baron-1898/");
    assert!(!html.contains("<script>alert"), "{html}");
    let data =
        html.split("ld+json").nth(1).and_then(|rest| rest.split_once('>')?.1.split("</script").next()).expect("data");
    let data: serde_json::Value = serde_json::from_str(data).expect("JSON");
    assert_eq!(data["a"], "</script><script>alert(1)</script>");
    assert_eq!(data["b"], "x' y & \\");
    assert_eq!(data["c"], serde_json::json!([1, 2.5, true]));
}

#[test]
fn an_alias_is_no_file_that_a_server_obeys() {
    for alias in
        ["/.htaccess", "/.well-known/x", "/a/.git/config", "/_headers", "/_redirects", "/_worker.js", "/web.config"]
    {
        let told = said_of_ride(&format!("name = 'B'\ncategory = 'other'\naliases = ['{alias}']"));
        assert!(told.contains(&format!("`{alias}` is not a path of this site")), "{told}");
    }
}
