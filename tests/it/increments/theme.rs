//! Edits of templates and assets.

use std::fs;

use super::*;
use crate::site::markdown;

#[test]
fn a_template_touches_exactly_the_pages_that_reach_it() {
    let site = built();
    let own = "{% extends \"base.html\" %}{% block main %}<h1>{{ ride.name }}, mine</h1>{% endblock main %}";
    site.write("templates/ride.html", own);
    site.build().rendered([BARON_URL, DROOM_URL, PYTHON_URL, TARON_URL]).wrote(4);
    assert!(site.page(BARON_URL).contains("Baron 1898, mine"));

    site.write("templates/extra.html", "<p>Nobody asks for me.</p>");
    site.build().rendered([]);
    site.edit("templates/ride.html", "{% endblock", "{% include \"extra.html\" %}{% endblock");
    site.build().rendered([BARON_URL, DROOM_URL, PYTHON_URL, TARON_URL]).wrote(4);
    site.edit("templates/extra.html", "Nobody asks", "Rides ask");
    site.build().rendered([BARON_URL, DROOM_URL, PYTHON_URL, TARON_URL]).wrote(4);

    site.remove("templates");
    site.build().rendered([BARON_URL, DROOM_URL, PYTHON_URL, TARON_URL]).wrote(4);
    assert!(!site.page(BARON_URL).contains("mine</h1>"));
}

#[test]
fn a_component_touches_exactly_the_pages_that_call_it() {
    let site = built();
    let theme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/components.html")).unwrap();
    site.write("templates/components.html", &theme);
    site.build().rendered([]);
    assert!(theme.contains("<ul class=\"posts\">"), "the theme's component changed; the test must too");
    site.edit("templates/components.html", "<ul class=\"posts\">", "<ul class=\"posts mine\">");
    site.build().rendered(["/", "/articles/"]).wrote(2);
}

#[test]
fn the_frame_touches_every_page() {
    let site = built();
    let theme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/base.html")).unwrap();
    site.write("templates/base.html", theme.replace("</body>", "<!-- --><p>Mine.</p></body>"));
    let built = site.build();
    let all: Vec<String> = site.output().files().filter(|file| file.ends_with(".html")).map(str::to_owned).collect();
    assert_eq!(built.rendered_files(), all);
}

#[test]
fn an_asset_touches_the_pages_that_name_it() {
    let site = built();
    site.write("assets/css/site.css", "body { color: teal }");
    let built = site.build();
    let users: Vec<String> = site
        .output()
        .files()
        .filter(|file| file.ends_with(".html") && site.page(file).contains("site."))
        .map(str::to_owned)
        .collect();
    let mut expected: Vec<&str> = users.iter().map(String::as_str).collect();
    expected.extend(["/assets/css/site.*.css", "/assets/manifest.json"]);
    built.rendered_all(&expected).removed(1);
    assert_eq!(site.output().files().filter(|file| file.starts_with("assets/css/")).count(), 1);

    site.write("assets/unused.txt", "Nobody names me.");
    site.build().rendered(["/assets/unused.*.txt", "/assets/manifest.json"]).wrote(2);
    site.remove("assets");
    site.build().removed(2);
}

#[test]
fn a_template_function_reads_what_it_returns() {
    let site = built();
    let own = "{% extends \"base.html\" %}{% block main %}{% for r in rides(park='phantasialand', sort='speed', limit=1) %}<p>{{ r.name }} {{ r.speed_kmh }}</p>{% endfor %}{% set p = park(key='nowhere', optional=true) %}{% if p %}{{ p.name }}{% endif %}{% endblock main %}";
    site.write("templates/404.html", own);
    site.build().rendered(["/404.html"]);
    site.edit(BARON, "speed_kmh = 90.0", "speed_kmh = 91.0");
    assert!(!site.build().rendered_files().contains(&"404.html".to_owned()));
    site.edit(TARON, "category", "speed_kmh = 117\ncategory");
    site.build().rendered([TARON_URL, "/parks/phantasialand/", "/rides/", "/404.html"]);
    assert!(site.page("/404.html").contains("Taron 117"));
    site.write("content/parks/nowhere/index.md", markdown("name = 'Nowhere'"));
    site.build();
    assert!(site.page("/404.html").contains("Nowhere"));
}

#[test]
fn extra_fields_reach_the_templates() {
    let site = built();
    site.edit(BARON, "category", "extra = { train = 'gold', seats = [18, 2.5] }\ncategory");
    let own = "{% extends \"base.html\" %}{% block main %}{{ ride.name }} {% if ride.extra.train %}{{ ride.extra.train }} {{ ride.extra.seats[1] }}{% endif %}{% endblock main %}";
    site.write("templates/ride.html", own);
    site.build();
    assert!(site.page(BARON_URL).contains("gold 2.5"));
    site.edit(BARON, "gold", "silver");
    site.build().rendered([BARON_URL]);
}

#[test]
fn templates_may_lie_in_folders() {
    let site = built();
    let own = "{% extends \"base.html\" %}{% block main %}{% include \"parts/note.html\" %}{% endblock main %}";
    site.write("templates/404.html", own);
    site.write("templates/parts/note.html", "<p>Lost.</p>");
    site.build().rendered(["/404.html"]);
    site.edit("templates/parts/note.html", "Lost", "Quite lost");
    site.build().rendered(["/404.html"]).wrote(1);
    assert!(site.page("/404.html").contains("Quite lost."));
}

#[test]
fn a_component_of_ones_own_touches_its_callers() {
    let site = built();
    site.write("templates/own.html", "{% component shout(text: string) %}<b>{{ text }}!</b>{% endcomponent shout %}");
    let own = "{% extends \"base.html\" %}{% block main %}{{ <shout text={page.heading} /> }}{% endblock main %}";
    site.write("templates/404.html", own);
    site.write("templates/article.html", own);
    site.build().rendered(["/404.html", "/articles/launches/", "/articles/loops/"]);
    site.edit("templates/own.html", "!", "!!");
    site.build().rendered(["/404.html", "/articles/launches/", "/articles/loops/"]).wrote(3);
    assert!(site.page("/articles/loops/").contains("Loops!!"));
}

#[test]
fn no_clock_environment_or_chance_reaches_a_page() {
    for call in ["now()", "get_env(name='HOME')", "get_random(start=0, end=9)"] {
        let site = built();
        site.write("templates/404.html", format!("<p>{{{{ {call} }}}}</p>"));
        site.fails().exit(1).says("404.html");
    }
}
