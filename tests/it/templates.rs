//! Templates of one's own: over the theme's, on top of it, and what is said where they are wrong.

use crate::site::{Built, Site, markdown};

const PYTHON: &str = "/parks/efteling/rides/python/";

const BARON: &str = "/parks/efteling/rides/baron-1898/";

const FRAME: &str = "{% extends \"base.html\" %}{% block main %}";

fn guide() -> Site {
    Site::new()
        .company("vekoma", "name = 'Vekoma'\nroles = ['manufacturer']")
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .ride(
            "efteling/baron-1898",
            "name = 'Baron 1898'\ncategory = 'roller_coaster'\nopened = 2015\nheight_m = 37.5\nmin_height_cm = 132",
        )
        .ride(
            "efteling/python",
            "name = 'Python'\ncategory = 'roller_coaster'\nmanufacturers = ['vekoma']\nopened = 1981",
        )
        .article("loops", "title = 'Loops'\ndate = '2024-04-01'\n+++\nFour of them.")
}

fn built() -> Site {
    let site = guide();
    site.build();
    site
}

/// A site whose page for lost visitors says `text`.
fn lost(text: &str) -> Site {
    guide().file("templates/404.html", format!("{FRAME}{text}{{% endblock main %}}"))
}

fn errors(built: &Built) -> usize {
    built.stderr().lines().filter(|line| line.trim_start().starts_with("--> ")).count()
}

#[test]
fn the_themes_own_file_can_be_extended() {
    let site = built();
    let plain = site.page(BARON);
    site.write(
        "templates/ride.html",
        "{% extends \"theme/ride.html\" %}{% block ride_facts_extra %}<p>More of {{ ride.name }}.</p>{% endblock %}",
    );
    site.build().rendered([BARON, PYTHON]).wrote(2);
    let page = site.page(BARON);
    assert!(page.contains("More of Baron 1898."), "{page}");
    assert!(page.contains("37.5 m") && page.len() > plain.len(), "the theme's own is there too");

    // The theme's file goes on to extend what the site has.
    site.write(
        "templates/base.html",
        "{% extends \"theme/base.html\" %}{% block footer %}{{ super() }}<p>My footer.</p>{% endblock %}",
    );
    let all: Vec<String> = site.output().files().filter(|file| file.ends_with(".html")).map(str::to_owned).collect();
    assert_eq!(site.build().rendered_files(), all);
    let page = site.page(BARON);
    assert!(page.contains("My footer.") && page.contains("Data under open licences") && page.contains("More of"));

    // Either file alone touches just the pages that use it.
    site.edit("templates/ride.html", "More of", "Much more of");
    site.build().rendered([BARON, PYTHON]).wrote(2);
    site.remove("templates/base.html");
    assert_eq!(site.build().rendered_files(), all);
    site.remove("templates/ride.html");
    site.build().rendered([BARON, PYTHON]).wrote(2);
    assert_eq!(site.page(BARON), plain);
}

#[test]
fn every_file_of_the_theme_has_a_name_of_its_own() {
    let site = built();
    let (feed, lost, parks) = (site.page("/feed.xml"), site.page("/404.html"), site.page("/parks/"));
    site.write("templates/feed.xml", "{% include \"theme/feed.xml\" %}<!-- mine -->");
    site.build().rendered(["/feed.xml"]).wrote(1);
    let extended = site.page("/feed.xml");
    assert!(extended.starts_with(feed.trim_end()) && extended.ends_with("<!-- mine -->"), "{extended}");
    site.write("templates/404.html", "{% extends \"theme/404.html\" %}{% block footer %}<p>Lost.</p>{% endblock %}");
    site.build().rendered(["/404.html"]).wrote(1);
    assert!(site.page("/404.html").contains("<p>Lost.</p>") && lost.contains("may have moved"));
    site.write("templates/robots.txt", "{% include \"theme/robots.txt\" %}# mine\n");
    site.build().rendered(["/robots.txt"]);
    assert!(site.page("/robots.txt").contains("Sitemap: https://parks.example/sitemap.xml"));
    // Named in full, the theme's base knows nothing of the site's.
    site.write("templates/base.html", "<p>Bare.</p>{% block main %}{% endblock main %}{% block head_extra %}{% endblock %}{% block og_type %}{% endblock %}{% block footer %}{% endblock %}");
    site.write(
        "templates/park_list.html",
        "{% extends \"theme/base.html\" %}{% block main %}<p>All.</p>{% endblock main %}",
    );
    site.build();
    assert!(site.page("/parks/").contains("<nav") && parks.contains("<nav"), "{}", site.page("/parks/"));
    assert!(site.page("/rides/").starts_with("<p>Bare.</p>"), "{}", site.page("/rides/"));
    site.edit("templates/base.html", "Bare", "Quite bare");
    let rendered = site.build().rendered_files();
    assert!(rendered.contains(&"rides/index.html".to_owned()) && !rendered.contains(&"parks/index.html".to_owned()));
}

#[test]
fn one_component_can_be_replaced() {
    let site = built();
    let cards = "{% component article_cards(items: array, limit: number = 0) -%}<b>{{ items | length }} of them</b>{%- endcomponent article_cards %}";
    site.write("templates/components.html", cards);
    site.build().rendered(["/", "/articles/"]).wrote(2);
    assert!(site.page("/articles/").contains("<b>1 of them</b>"), "{}", site.page("/articles/"));
    assert!(site.page("/rides/").contains("<table>"), "the theme's others are there");
    // So it can from a file of any name, and beside what the theme's file says.
    site.rename("templates/components.html", "templates/mine.html");
    site.build().rendered([]);
    site.write("templates/components.html", "{% include \"theme/components.html\" %}");
    site.build().rendered([]);
}

#[test]
fn the_themes_names_are_the_themes() {
    let site = built();
    site.write("templates/theme/ride.html", "mine");
    site.fails().exit(1).says("templates/theme/ride.html").says("templates/ride.html lies over the theme's");
    site.remove("templates/theme");
    site.write("templates/ride.html", "{% extends \"ride.html\" %}");
    site.fails().exit(1).says("templates/ride.html:1:4").says("the theme's own is called `theme/ride.html`");
}

#[test]
fn one_mistake_in_many_pages_is_one_error() {
    let mut site = guide();
    for number in 0..40 {
        site = site.ride(&format!("efteling/ride-{number:02}"), &format!("name = 'Ride {number}'\ncategory = 'other'"));
    }
    site.build();
    let theme = include_str!("../../templates/components.html");
    site.write("templates/components.html", theme.replace("{{ r.category_name }}", "{{ r.category_nmae }}"));
    let line = theme.lines().position(|line| line.contains("{{ r.category_name }}")).expect("a line") + 1;
    let failed = site.fails();
    failed.exit(1).says("Field `category_nmae` is not defined").says("did you mean `category_name`?");
    failed.says(&format!("templates/components.html:{line}:")).says("other pages, first /");
    assert_eq!(errors(&failed), 1, "{}", failed.stderr());
    assert!(failed.stderr().lines().count() < 12, "{}", failed.stderr());

    // What each kind of page has besides makes no difference.
    site.remove("templates");
    let base = include_str!("../../templates/base.html");
    site.write("templates/base.html", base.replace("{{ page.title }}", "{{ pgae.title }}"));
    let failed = site.fails();
    failed.says("Variable `pgae` is not defined").says("did you mean `page`?").says("templates/base.html:10:");
    assert_eq!(errors(&failed), 1, "{}", failed.stderr());

    // Nor does a value in the message.
    site.remove("templates");
    site.write(
        "templates/ride.html",
        format!("{FRAME}{{{{ url(to=\"ride:\" ~ ride.key ~ \"x\") }}}}{{% endblock main %}}"),
    );
    let failed = site.fails();
    failed.says("there is no ride:efteling/baron-1898x; did you mean `ride:efteling/baron-1898`?");
    failed
        .says("and 41 other pages, first /parks/efteling/rides/python/")
        .says("also here: there is no ride:efteling/");
    assert_eq!(errors(&failed), 1, "{}", failed.stderr());

    // The theme's own file is called so.
    site.remove("templates");
    site.write("templates/components.html", "{% component words(items: array) -%}{{ items.x }}{%- endcomponent words %}{% component date(x: map) %}{% endcomponent date %}");
    site.fails().says("theme/article.html:");
}

#[test]
fn every_template_that_cannot_be_loaded_is_told_of_with_its_place() {
    let site = built();
    site.write("templates/ride.html", "{% extends \"base.html\" %}\n{% block main %}{{ ride.name }");
    site.write("templates/park.html", "<p>\n{% if park.name %}x");
    let failed = site.fails();
    failed.exit(1).says("templates/ride.html:2:").says("templates/park.html:2:");
    assert_eq!(errors(&failed), 2, "{}", failed.stderr());
    site.remove("templates/park.html");
    for (text, said, place, help) in [
        ("{{ 1 | metrs }}", "Unknown filter `metrs`", "1:8", "did you mean `metres`?"),
        ("<p>\n {{ ulr(to='park:efteling') }}", "Unknown function `ulr`", "2:5", "did you mean `url`?"),
        ("{% if x is definde %}{% endif %}", "Unknown test `definde`", "1:", "did you mean `defined`?"),
        ("{{ <dat d={x} /> }}", "Unknown component `dat`", "1:", "did you mean `date`?"),
        (
            "\n{% include \"componets.html\" %}",
            "Unknown template `componets.html`",
            "2:",
            "did you mean `components.html`?",
        ),
        ("{% extends \"bass.html\" %}", "there is no template `bass.html`", "1:13", "did you mean `base.html`?"),
        (
            "{% extends \"theme/bas.html\" %}",
            "there is no template `theme/bas.html`",
            "1:13",
            "did you mean `theme/base.html`?",
        ),
        ("{% include \"ride.html\" %}", "includes itself", "1:4", ""),
    ] {
        site.write("templates/ride.html", text);
        let failed = site.fails();
        failed.exit(1).says(said).says(&format!("templates/ride.html:{place}")).says(help);
        assert_eq!(errors(&failed), 1, "{}", failed.stderr());
    }
}

#[test]
fn a_misspelt_argument_is_told_where_it_stands() {
    for (call, said, help) in [
        ("rides(prak=\"efteling\")", "`rides` takes no argument `prak`", "did you mean `park`?"),
        ("articles(tag=\"x\")", "`articles` takes no argument `tag`", "known here: sort, limit"),
        ("parks(contry='NL')", "`parks` takes no argument `contry`", "did you mean `country`?"),
        ("companies(roles='operator')", "`companies` takes no argument `roles`", "did you mean `role`?"),
        ("park(keys='efteling')", "`park` takes no argument `keys`", "did you mean `key`?"),
        ("url(path='park:efteling')", "`url` takes no argument `path`", "known here: to"),
        ("asset(name='css/site.css')", "`asset` takes no argument `name`", "known here: path"),
        ("setting(nmae='title')", "`setting` takes no argument `nmae`", "did you mean `name`?"),
        ("3 | count(on='ride', many='rides')", "`count` takes no argument `on`", "did you mean `one`?"),
        ("3 | metres(places=2)", "`metres` takes no argument `places`", "it takes none"),
        ("'abc' | truncate(lenght=2)", "`truncate` takes no argument `lenght`", "did you mean `length`?"),
        ("'abc' is starting_with(pattern='a')", "`starting_with` takes no argument `pattern`", "known here: pat"),
        ("range(start=1, stop=3)", "`range` takes no argument `stop`", "known here: start, end, step_by"),
    ] {
        // A call that no page comes to is looked at too.
        let site = lost(&format!("\n{{% if page.nothing %}}{{{{ {call} }}}}{{% endif %}}"));
        let failed = site.fails();
        failed.exit(1).says(said).says(help).says("templates/404.html:2:");
        assert_eq!(errors(&failed), 1, "{call}: {}", failed.stderr());
    }
}

#[test]
fn a_value_that_names_nothing_is_told_where_it_stands() {
    for (call, said) in [
        ("park(key='eftelin')", "there is no park `eftelin`; did you mean `efteling`?"),
        ("ride(key='efteling/pyton')", "there is no ride `efteling/pyton`; did you mean `efteling/python`?"),
        ("rides(park='eftelin')", "there is no park `eftelin`; did you mean `efteling`?"),
        ("rides(manufacturer='vekomo')", "there is no company `vekomo`; did you mean `vekoma`?"),
        ("parks(country='Netherlands')", "there is no country `Netherlands`; did you mean `NL`?"),
        ("rides(category='rollercoaster')", "there is no category `rollercoaster`; did you mean `roller_coaster`?"),
        ("companies(role='manufacturers')", "there is no role `manufacturers`; did you mean `manufacturer`?"),
        ("rides(sort='sped')", "cannot sort rides by `sped`; did you mean `speed`?"),
        ("companies(sort='height')", "cannot sort companies by `height`; known here: name"),
        ("rides(limit='3')", "`limit` must be a whole number, not of the type string"),
        ("rides(limit=0 - 1)", "`limit` cannot be -1"),
        ("rides(park=5)", "`park` must be a text"),
        ("rides(park='efteling', manufacturer='vekoma')", "`park` and `manufacturer` cannot be given together"),
        ("park()", "the argument `key` is missing"),
        ("url(to='park:eftelin')", "there is no park:eftelin; did you mean `park:efteling`?"),
        ("absolute_url(path='parks/')", "`path` must begin with `/`"),
        ("image(photo='x')", "`photo` must be a photo"),
    ] {
        let site = lost(&format!("\n{{{{ {call} }}}}"));
        let failed = site.fails();
        failed.exit(1).failed(1).says(said).says("templates/404.html:2:");
        assert_eq!(errors(&failed), 1, "{call}: {}", failed.stderr());
    }
}

#[test]
fn what_is_asked_for_rightly_is_answered() {
    let text = "{% set p = park(key='efteling') %}{% set n = park(key='nowhere', optional=true) %}\
                {% set r = rides(park='efteling', category='Roller-Coaster', sort='opened', limit=1) %}\
                {{ p.name }};{% if n %}{{ n.name }}{% endif %};{% for one in r %}{{ one.name }}{% endfor %};\
                {{ parks(country='nl') | length }};{{ parks(country='BE') | length }};\
                {{ companies(role='manufacturer') | length }};{{ articles(limit=0) | length }}";
    let site = lost(text);
    site.build();
    let page = site.page("/404.html");
    assert!(page.contains("Efteling;;Baron 1898;1;0;1;0"), "{page}");
    // A park that is not there yet is a reading, and so is one whose rides are shown.
    site.write("content/parks/nowhere/index.md", markdown("name = 'Nowhere'"));
    site.build();
    assert!(site.page("/404.html").contains("Efteling;Nowhere;"), "{}", site.page("/404.html"));
    site.remove("content/parks/efteling");
    site.fails().failed(1).says("there is no park `efteling`");
}
