//! Edits of `lifthill.toml`.

use super::*;

#[test]
fn the_title_touches_every_page_that_shows_it() {
    let site = built();
    site.edit("lifthill.toml", "'Parks'", "'All parks'");
    let built = site.build();
    let shown: Vec<String> = site
        .output()
        .files()
        .filter(|file| (file.ends_with(".html") || *file == "feed.xml") && site.page(file).contains("All parks"))
        .map(str::to_owned)
        .collect();
    let rendered = built.rendered_files();
    assert!(shown.len() > 10 && shown.iter().all(|file| rendered.contains(file)), "{shown:?} in {rendered:?}");
    built.wrote(shown.len() as u64);
}

#[test]
fn the_base_url_touches_every_page() {
    let site = built();
    site.edit("lifthill.toml", "parks.example", "guide.example");
    site.build();
    assert!(site.output().files().all(|file| !site.page(file).contains("parks.example")));
}

#[test]
fn the_length_of_a_list_touches_that_list() {
    let site = built();
    site.edit("lifthill.toml", "title", "lists.rides = 3\ntitle");
    let built = site.build();
    let rendered = built.rendered_files();
    for file in ["rides/index.html", "rides/page/2/index.html"] {
        assert!(rendered.iter().any(|one| one == file), "{file} in {rendered:?}");
    }
    built.wrote(2);
    assert!(site.page("/rides/page/2/").contains("Taron"));

    site.edit("lifthill.toml", "lists.rides = 3", "lists.rides = 1");
    site.build();
    assert!(site.has("/rides/page/4/"));
    site.edit(BARON, "speed_kmh = 90.0", "speed_kmh = 92.0");
    site.build().rendered([BARON_URL, "/parks/efteling/", "/rides/", "/companies/bolliger-mabillard/"]);

    site.edit("lifthill.toml", "lists.rides = 1\n", "");
    site.build().removed(3);
    assert!(!site.has("/rides/page/2/"));
}

#[test]
fn a_long_list_changes_only_where_it_changed() {
    let site = built();
    site.edit("lifthill.toml", "title", "lists.rides = 2\ntitle");
    site.build();
    site.edit(PYTHON, "category", "height_m = 29\ncategory");
    site.build().rendered([
        PYTHON_URL,
        "/parks/efteling/",
        "/rides/page/2/",
        "/companies/vekoma/",
        "/models/vekoma/mk-1200/",
    ]);
}

#[test]
fn the_rating_scale_touches_the_pages_that_show_ratings() {
    let site = guide().file("content/parks/efteling/reviews.jsonl", review("python", "2024-06-01", "8"));
    site.build();
    site.edit("lifthill.toml", "title", "content.rating_scale = 20\ntitle");
    let built = site.build();
    for url in [PYTHON_URL, "/parks/efteling/", "/rides/", "/companies/vekoma/"] {
        let file = format!("{}index.html", &url[1..]);
        assert!(built.rendered_files().contains(&file), "{url} in {:?}", built.rendered_files());
    }
    assert!(!built.rendered_files().iter().any(|file| file.contains("taron") || file.contains("articles")));
    assert!(site.page(PYTHON_URL).contains("of 20"));
}

#[test]
fn a_setting_of_ones_own_touches_the_pages_that_read_it() {
    let site = built();
    site.edit("lifthill.toml", "title", "extra.mood = 'dull'\nextra.other = 1\ntitle");
    site.build().rendered([]);
    let own = "{% extends \"base.html\" %}{% block main %}<h1>{{ ride.name }}: {{ setting(name='extra.foo') }}</h1>{% endblock main %}";
    site.write("templates/ride.html", own);
    site.build();
    // What is not there is a reading too.
    site.edit("lifthill.toml", "extra.mood", "extra.foo = 'merry'\nextra.mood");
    site.build().rendered([BARON_URL, DROOM_URL, PYTHON_URL, TARON_URL]).wrote(4);
    assert!(site.page(BARON_URL).contains("Baron 1898: merry"));
    site.edit("lifthill.toml", "'dull'", "'lively'");
    site.build().rendered([]);
    site.edit("lifthill.toml", "extra.foo = 'merry'\n", "");
    site.build().rendered([BARON_URL, DROOM_URL, PYTHON_URL, TARON_URL]).wrote(4);
}

#[test]
fn a_countrys_name_touches_whoever_shows_it() {
    let site = built();
    site.edit("lifthill.toml", "title", "countries.NL = 'Holland'\ntitle");
    site.build()
        .rendered(["/countries/nl/", "/countries/", "/parks/efteling/", "/parks/", "/companies/efteling-bv/", "/"])
        .wrote(6);
    site.edit("lifthill.toml", "countries.NL = 'Holland'\n", "");
    site.build().wrote(6);
    assert!(site.page("/countries/").contains("Netherlands"));
}

#[test]
fn settings_of_bodies_touch_pages_with_bodies() {
    let site = built();
    site.edit(BARON, "A mine.", "A \"mine\" <i style=\"x\">deep</i>.");
    site.build().rendered([BARON_URL]);
    site.edit("lifthill.toml", "title", "content.smart_punctuation = false\ntitle");
    site.build().wrote(1);
    site.edit("lifthill.toml", "title", "content.trust_html = true\ntitle");
    site.build().wrote(1);
}

#[test]
fn the_minify_setting_touches_every_page() {
    let site = built();
    let small = site.page(BARON_URL).len();
    site.edit("lifthill.toml", "title", "output.minify = false\ntitle");
    site.build();
    assert!(site.page(BARON_URL).len() > small, "the page is still minified");
}

#[test]
fn the_base_url_may_be_given_for_one_build() {
    let site = built();
    let before = site.output();
    site.build_with(&["--base-url", "https://preview.example/"]);
    assert!(site.page("/").contains("https://preview.example/"));
    assert!(site.output().files().all(|file| !site.page(file).contains("parks.example")));
    site.build();
    assert_eq!(site.output().differences(&before), Vec::<String>::new());
}

#[test]
fn a_scale_that_ratings_do_not_fit_is_a_mistake_until_it_is_taken_back() {
    let site = guide().file("content/parks/efteling/reviews.jsonl", review("python", "2024-06-01", "8"));
    site.build();
    site.edit("lifthill.toml", "title", "content.rating_scale = 5\ntitle");
    site.fails().exit(1).says("content/parks/efteling/reviews.jsonl:1:").says("from 1 to 5");
    site.edit("lifthill.toml", "content.rating_scale = 5\n", "");
    site.build().rendered([]);
}
