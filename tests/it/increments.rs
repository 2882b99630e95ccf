//! What a build redoes after an edit: exactly the pages that the edit touches.

use std::fs;
use std::time::{Duration, SystemTime};

use crate::site::{Site, copy, markdown, ride_file};

const BARON: &str = "content/parks/efteling/rides/baron-1898.md";
const PYTHON: &str = "content/parks/efteling/rides/python.md";
const TARON: &str = "content/parks/phantasialand/rides/taron.md";

const BARON_URL: &str = "/parks/efteling/rides/baron-1898/";
const DROOM_URL: &str = "/parks/efteling/rides/droomvlucht/";
const PYTHON_URL: &str = "/parks/efteling/rides/python/";
const TARON_URL: &str = "/parks/phantasialand/rides/taron/";

/// Two parks in two countries, four rides, three companies, a model, two articles, an area.
fn guide() -> Site {
    Site::new()
        .company("bolliger-mabillard", "name = 'Bolliger & Mabillard'\nroles = ['manufacturer']")
        .company("efteling-bv", "name = 'Efteling B.V.'\nroles = ['operator']")
        .company("vekoma", "name = 'Vekoma'\nroles = ['manufacturer']")
        .model("vekoma/mk-1200", "name = 'MK-1200'\ncategory = 'roller_coaster'")
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'\noperator = 'efteling-bv'\n+++\nA park in the woods.")
        .file("content/parks/efteling/areas.toml", "[[area]]\nname = 'Ruigrijk'\n")
        .park("phantasialand", "name = 'Phantasialand'\ncountry = 'DE'\n+++\nA park in a quarry.")
        .ride(
            "efteling/baron-1898",
            "name = 'Baron 1898'\ncategory = 'roller_coaster'\narea = 'Ruigrijk'\nspeed_kmh = 90.0\nmanufacturers = ['bolliger-mabillard']\n+++\nA mine.",
        )
        .ride("efteling/droomvlucht", "name = 'Droomvlucht'\ncategory = 'dark_ride'\n+++\nA dream.")
        .ride(
            "efteling/python",
            "name = 'Python'\ncategory = 'roller_coaster'\nmanufacturers = ['vekoma']\nmodel = 'vekoma/mk-1200'\n+++\nFour loops.",
        )
        .ride("phantasialand/taron", "name = 'Taron'\ncategory = 'roller_coaster'\n+++\nTwo launches.")
        .article("launches", "title = 'Launches'\ndate = '2024-05-01'\n+++\nAs on <ride:phantasialand/taron>.")
        .article("loops", "title = 'Loops'\ndate = '2024-04-01'\n+++\nAs on [this one](ride:efteling/python).")
}

fn built() -> Site {
    let site = guide();
    site.build();
    site
}

#[test]
fn the_first_build_renders_every_page() {
    let site = guide();
    let built = site.build();
    assert_eq!(built.number("/pages/rendered"), built.number("/pages/total"));
    built.wrote(built.number("/pages/total"));
    site.build().rendered([]).wrote(0);
}

#[test]
fn edited_prose_touches_only_its_page() {
    let site = built();
    site.edit(BARON, "A mine.", "A mine with a *dive*.");
    site.build().rendered([BARON_URL]).wrote(1);
    assert!(site.page(BARON_URL).contains("<em>dive</em>"));

    site.edit("content/parks/efteling/index.md", "in the woods", "in the forest");
    site.build().rendered(["/parks/efteling/"]).wrote(1);
    site.edit("content/articles/loops.md", "As on", "For instance on");
    site.build().rendered(["/articles/loops/"]).wrote(1);
}

#[test]
fn edited_prose_that_says_the_same_is_rendered_and_not_written() {
    let site = built();
    site.edit(BARON, "A mine.", "A mine.\n\n");
    site.build().rendered([]).wrote(0);
    site.edit(BARON, "A mine.", "A  mine.");
    let built = site.build();
    assert!(built.rendered_files().len() <= 1, "{:?}", built.rendered_files());
}

#[test]
fn a_touched_file_with_its_old_bytes_is_nothing_new() {
    let site = built();
    let text = fs::read(site.path(BARON)).unwrap();
    site.write(BARON, text);
    site.build().rendered([]).wrote(0);
}

#[test]
fn a_changed_figure_touches_the_tables_that_show_it() {
    let site = built();
    site.edit(BARON, "speed_kmh = 90.0", "speed_kmh = 91.0");
    site.build().rendered([BARON_URL, "/parks/efteling/", "/rides/", "/companies/bolliger-mabillard/"]).wrote(4);
}

#[test]
fn a_figure_that_only_its_page_shows_touches_only_its_page() {
    let site = built();
    site.edit(BARON, "speed_kmh = 90.0", "speed_kmh = 90.0\ndrop_m = 37.5");
    site.build().rendered([BARON_URL]).wrote(1);
}

#[test]
fn a_new_opening_date_brings_a_ride_to_the_front_page() {
    let site = built();
    site.edit(BARON, "speed_kmh", "status = 'operating'\nopened = '2015-07-01'\nspeed_kmh");
    site.build()
        .rendered([BARON_URL, "/parks/efteling/", "/rides/", "/companies/bolliger-mabillard/", "/", "/feed.xml"])
        .wrote(6);
    assert!(site.page("/").contains("Baron 1898"));
    assert!(site.page("/feed.xml").contains("Baron 1898"));
}

#[test]
fn a_renamed_ride_touches_whoever_shows_its_name() {
    let site = built();
    site.edit(TARON, "'Taron'", "'Taron II'");
    site.build().rendered([TARON_URL, "/parks/phantasialand/", "/rides/", "/articles/launches/"]).wrote(4);
    assert!(site.page("/articles/launches/").contains("Taron II"));

    // In the middle of its park: both neighbours name it.
    site.edit("content/parks/efteling/rides/droomvlucht.md", "'Droomvlucht'", "'Droomvlucht!'");
    site.build().rendered([BARON_URL, DROOM_URL, PYTHON_URL, "/parks/efteling/", "/rides/"]).wrote(5);

    // A link with words of its own does not show the name; the page stays as it is.
    site.edit(PYTHON, "'Python'", "'Python Nieuw'");
    let built = site.build();
    built.wrote(6);
    let rendered = built.rendered_files();
    let shown = [PYTHON_URL, DROOM_URL, "/parks/efteling/", "/rides/", "/companies/vekoma/", "/models/vekoma/mk-1200/"];
    for url in shown {
        assert!(rendered.contains(&format!("{}index.html", &url[1..])), "{url} in {rendered:?}");
    }
}

#[test]
fn a_name_that_sorts_elsewhere_moves_the_ride() {
    let site = built();
    site.edit(BARON, "'Baron 1898'", "'Zeppelin'");
    site.build()
        .rendered([BARON_URL, DROOM_URL, PYTHON_URL, "/parks/efteling/", "/rides/", "/companies/bolliger-mabillard/"])
        .wrote(6);
    assert!(site.page(BARON_URL).contains("3 of 3"));
}

#[test]
fn a_renamed_company_touches_whoever_names_it() {
    let site = built();
    site.edit("content/companies/vekoma.md", "'Vekoma'", "'Vekoma Rides'");
    site.build()
        .rendered([
            "/companies/vekoma/",
            "/companies/",
            "/models/vekoma/mk-1200/",
            PYTHON_URL,
            "/parks/efteling/",
            "/rides/",
        ])
        .wrote(6);
}

#[test]
fn a_renamed_park_touches_its_rides() {
    let site = built();
    site.edit("content/parks/phantasialand/index.md", "'Phantasialand'", "'Phantasialand Brühl'");
    site.build().rendered(["/parks/phantasialand/", "/parks/", TARON_URL, "/rides/", "/countries/de/"]).wrote(5);
}

#[test]
fn an_area_touches_its_park_and_its_rides() {
    let site = built();
    site.edit("content/parks/efteling/areas.toml", "name = 'Ruigrijk'", "name = 'Rough Realm'\nslug = 'ruigrijk'");
    site.build().rendered(["/parks/efteling/", BARON_URL]).wrote(2);
    site.edit("content/parks/efteling/areas.toml", "slug", "description = 'Steel and wood.'\nslug");
    site.build().rendered(["/parks/efteling/"]).wrote(1);
}

#[test]
fn a_link_to_an_area_leads_to_a_place_on_the_page() {
    let site = built();
    site.edit("content/articles/loops.md", "As on", "In [Ruigrijk](area:efteling/ruigrijk), as on");
    site.build();
    let article = site.page("/articles/loops/");
    let link = article.split("href=").find(|rest| rest.contains("/parks/efteling/#")).expect("a link to the area");
    let anchor = link.split('#').nth(1).expect("a fragment").split(['"', '>']).next().expect("its name").to_owned();
    let park = site.page("/parks/efteling/");
    let ids = [format!("id={anchor}>"), format!("id={anchor} "), format!("id=\"{anchor}\"")];
    assert!(ids.iter().any(|id| park.contains(id.as_str())), "no id `{anchor}` in {park}");
}

#[test]
fn a_new_ride_joins_its_lists() {
    let site = built();
    site.write(
        &ride_file("phantasialand/black-mamba"),
        markdown("name = 'Black Mamba'\ncategory = 'roller_coaster'\nmanufacturers = ['bolliger-mabillard']"),
    );
    site.build().rendered([
        "/parks/phantasialand/rides/black-mamba/",
        TARON_URL,
        "/parks/phantasialand/",
        "/parks/",
        "/rides/",
        "/companies/bolliger-mabillard/",
        "/companies/",
        "/countries/de/",
        "/countries/",
        "/",
        "/sitemaps/ride-1.xml",
    ]);
}

#[test]
fn a_deleted_ride_leaves_its_lists() {
    let site = built();
    site.remove(BARON);
    let built = site.build();
    built.removed(1).rendered([
        DROOM_URL,
        PYTHON_URL,
        "/parks/efteling/",
        "/parks/",
        "/rides/",
        "/companies/bolliger-mabillard/",
        "/companies/",
        "/companies/efteling-bv/",
        "/countries/nl/",
        "/countries/",
        "/",
        "/sitemaps/ride-1.xml",
    ]);
    assert!(!site.has(BARON_URL));
    assert!(!site.path("output/parks/efteling/rides/baron-1898").exists(), "an empty folder stays");
    assert!(site.output().files().all(|file| !site.page(file).contains("Baron 1898")));
}

#[test]
fn a_deleted_ride_can_leave_a_redirect() {
    let site = built();
    site.remove(BARON);
    site.edit("content/parks/efteling/index.md", "country", "aliases = ['/parks/efteling/rides/baron-1898/']\ncountry");
    site.build().removed(0);
    assert!(site.page(BARON_URL).contains("https://parks.example/parks/efteling/"));
    assert!(site.page("/redirects.json").contains("\"from\": \"/parks/efteling/rides/baron-1898/\""));
}

#[test]
fn a_moved_ride_leaves_a_redirect_where_asked() {
    let site = built();
    site.rename(BARON, &ride_file("efteling/baron"));
    site.edit(&ride_file("efteling/baron"), "category", "former_slugs = ['baron-1898']\ncategory");
    site.build().removed(0);
    assert!(site.page(BARON_URL).contains("https://parks.example/parks/efteling/rides/baron/"));
    assert!(site.page("/parks/efteling/rides/baron/").contains("A mine."));

    site.edit(&ride_file("efteling/baron"), "former_slugs = ['baron-1898']\n", "");
    site.build().removed(1).rendered(["/redirects.json"]);
    assert!(!site.has(BARON_URL));
}

#[test]
fn a_file_may_change_its_name_and_keep_its_slug() {
    let site = built();
    site.rename(BARON, &ride_file("efteling/de-baron"));
    site.edit(&ride_file("efteling/de-baron"), "category", "slug = 'baron-1898'\ncategory");
    site.build().removed(0).wrote(0);
}

#[test]
fn two_rides_may_change_places() {
    let site = built();
    site.rename(BARON, "content/parks/efteling/rides/x.md");
    site.rename(PYTHON, BARON);
    site.rename("content/parks/efteling/rides/x.md", PYTHON);
    site.build().removed(0);
    assert!(site.page(BARON_URL).contains("Four loops."));
    assert!(site.page(PYTHON_URL).contains("A mine."));
}

#[test]
fn an_alias_may_move_to_another_record() {
    let site = built();
    site.edit(BARON, "category", "aliases = ['/best/']\ncategory");
    site.build();
    site.edit(BARON, "aliases = ['/best/']\n", "");
    site.edit(TARON, "category", "aliases = ['/best/']\ncategory");
    site.build().removed(0).rendered(["/best/", "/redirects.json"]);
    assert!(site.page("/best/").contains("/parks/phantasialand/rides/taron/"));
    site.remove("content/parks/phantasialand/rides/taron.md");
    site.edit("content/articles/launches.md", "As on <ride:phantasialand/taron>.", "As everywhere.");
    site.build().removed(2);
}

#[test]
fn a_park_in_a_new_country_brings_the_country() {
    let site = built();
    site.write("content/parks/liseberg/index.md", markdown("name = 'Liseberg'\ncountry = 'SE'"));
    site.build().rendered([
        "/parks/liseberg/",
        "/countries/se/",
        "/countries/",
        "/parks/",
        "/",
        "/sitemaps/park-1.xml",
        "/sitemaps/country-1.xml",
    ]);
    assert!(site.page("/countries/").contains("Sweden"));

    site.remove("content/parks/liseberg");
    site.build().removed(2).rendered([
        "/countries/",
        "/parks/",
        "/",
        "/sitemaps/park-1.xml",
        "/sitemaps/country-1.xml",
    ]);
    assert!(!site.has("/countries/se/"));
}

#[test]
fn the_last_article_leaves_the_sitemap() {
    let site = built();
    site.remove("content/articles");
    site.build().removed(3).rendered(["/articles/", "/", "/feed.xml", "/sitemap.xml"]);
    assert!(!site.has("/sitemaps/article-1.xml"));
}

#[test]
fn a_park_may_move_to_another_country() {
    let site = built();
    site.edit("content/parks/phantasialand/index.md", "'DE'", "'BE'");
    site.build().removed(1).rendered([
        "/parks/phantasialand/",
        "/parks/",
        "/countries/",
        "/countries/be/",
        "/",
        "/sitemaps/country-1.xml",
    ]);
}

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
    expected.push("/assets/css/site.*.css");
    built.rendered_all(&expected).removed(1);
    assert_eq!(site.output().files().filter(|file| file.starts_with("assets/css/")).count(), 1);

    site.write("assets/unused.txt", "Nobody names me.");
    site.build().rendered(["/assets/unused.*.txt"]).wrote(1);
    site.remove("assets");
    site.build().removed(2);
}

fn review(ride: &str, created: &str, rating: &str) -> String {
    format!(
        "{{\"ride\":\"{ride}\",\"author\":\"Mia\",\"rating\":{rating},\"text\":\"Good.\",\"created\":\"{created}\"}}\n"
    )
}

#[test]
fn a_review_touches_its_ride_and_the_ranking() {
    let site = built();
    let reviews = "content/parks/efteling/reviews.jsonl";
    site.write(reviews, review("python", "2024-06-01", "8"));
    site.build().rendered([
        PYTHON_URL,
        "/parks/efteling/",
        "/rides/",
        "/companies/vekoma/",
        "/models/vekoma/mk-1200/",
        "/",
    ]);
    let ranking = site.page("/rides/");
    assert!(ranking.find("Python") < ranking.find("Baron 1898"), "rated rides come first");

    // The same average and number: only the review's own words changed.
    site.edit(reviews, "Good.", "Very good.");
    site.build().rendered([PYTHON_URL]).wrote(1);

    site.write(reviews, review("python", "2024-06-01", "8") + &review("baron-1898", "2024-06-02", "9.5"));
    site.build();
    let ranking = site.page("/rides/");
    assert!(ranking.find("Baron 1898") < ranking.find("Python"), "better rides come first");

    let pending = review("python", "2024-06-03", "1").replace("\"author\"", "\"state\":\"pending\",\"author\"");
    site.write(reviews, review("python", "2024-06-01", "8") + &review("baron-1898", "2024-06-02", "9.5") + &pending);
    site.build().rendered([]);
    site.remove(reviews);
    site.build();
    assert!(!site.page(PYTHON_URL).contains("Very good"));
}

#[test]
fn reviews_of_a_park_touch_it() {
    let site = built();
    let line = "{\"author\":\"Bo\",\"rating\":7,\"text\":\"Nice.\",\"created\":\"2024-01-01\"}\n";
    site.write("content/parks/efteling/reviews.jsonl", line);
    let built = site.build();
    for file in ["parks/efteling/index.html", "parks/index.html", "countries/nl/index.html"] {
        assert!(built.rendered_files().iter().any(|one| one == file), "{file} in {:?}", built.rendered_files());
    }
}

#[test]
fn drafts_stay_out() {
    let site = built();
    site.write("content/articles/soon.md", markdown("title = 'Soon'\ndate = '2024-06-01'\ndraft = true"));
    site.build().rendered([]);
    assert!(!site.has("/articles/soon/"));
    site.build_with(&["--drafts"]).rendered([
        "/articles/soon/",
        "/articles/",
        "/",
        "/feed.xml",
        "/sitemaps/article-1.xml",
    ]);
    site.build().removed(1);
    assert!(!site.has("/articles/soon/"));
    site.edit("content/articles/soon.md", "draft = true", "draft = false");
    site.build().rendered(["/articles/soon/", "/articles/", "/", "/feed.xml", "/sitemaps/article-1.xml"]);
}

#[test]
fn the_clock_publishes_and_withdraws() {
    let site = built();
    let times = "publish_on = '2030-01-01'\nexpires_on = '2030-02-01T12:00:00Z'";
    site.write("content/articles/sale.md", markdown(&format!("title = 'Sale'\ndate = '2024-06-01'\n{times}")));
    let at = |time: &str| site.build_with(&["--now", time]).rendered_files().len();

    assert_eq!(at("2029-12-31"), 0);
    site.build_with(&["--now", "2029-12-31T23:59:59Z"]).rendered([]).says("2030-01-01 00:00 UTC");
    assert!(!site.has("/articles/sale/"));
    site.build_with(&["--now", "2030-01-01"])
        .rendered(["/articles/sale/", "/articles/", "/", "/feed.xml", "/sitemaps/article-1.xml"])
        .says("2030-02-01 12:00 UTC");
    assert_eq!(at("2030-02-01T11:59:59Z"), 0);
    site.build_with(&["--now", "2030-02-01T12:00:00Z"]).removed(1).never_says("Next change");
    assert!(!site.has("/articles/sale/"));
    assert_eq!(at("2031-01-01"), 0);
    // Clocks may be set back.
    assert!(at("2030-01-15") > 0);
    assert!(site.has("/articles/sale/"));
    site.build_with(&["--now", "2029-01-01"]).removed(1);
}

#[test]
fn a_ride_may_expire() {
    let site = built();
    site.edit(TARON, "category", "expires_on = '2040-01-01'\ncategory");
    site.edit("content/articles/launches.md", "As on <ride:phantasialand/taron>.", "As everywhere.");
    site.build_with(&["--now", "2039-12-31"]);
    site.build_with(&["--now", "2040-01-01"]).removed(1);
    assert!(!site.page("/parks/phantasialand/").contains("Taron"));
}

#[test]
fn a_replaced_photo_touches_whoever_shows_it() {
    let site = built();
    site.write("content/parks/efteling/photos/loop.jpg", b"\xff\xd8 one");
    site.build().rendered(["/photos/loop.*.jpg"]);
    site.write(
        "content/parks/efteling/photos.toml",
        "[[photo]]\nfile = 'loop.jpg'\nride = 'python'\nalt = 'A loop.'\n",
    );
    let built = site.build();
    assert!(built.rendered_files().contains(&"parks/efteling/rides/python/index.html".to_owned()));
    assert!(site.page(PYTHON_URL).contains("A loop."));

    site.write("content/parks/efteling/photos/loop.jpg", b"\xff\xd8 two");
    let built = site.build();
    built.removed(1);
    assert!(built.rendered_files().contains(&"parks/efteling/rides/python/index.html".to_owned()));
    let picture = site.output().files().find(|file| file.starts_with("photos/")).expect("a picture").to_owned();
    assert!(site.page(PYTHON_URL).contains(&picture));

    site.edit("content/parks/efteling/photos.toml", "A loop.", "The loop.");
    site.build();
    assert!(site.page(PYTHON_URL).contains("The loop."));
    site.remove("content/parks/efteling/photos.toml");
    site.build().removed(0);
    assert!(!site.page(PYTHON_URL).contains("The loop."));
    site.remove("content/parks/efteling/photos");
    site.build().removed(1).rendered([]);
}

#[test]
fn two_parks_may_hold_the_same_picture() {
    let site = guide()
        .file("content/parks/efteling/photos/map.png", b"the same bytes")
        .file("content/parks/phantasialand/photos/map.png", b"the same bytes");
    site.build();
    site.remove("content/parks/efteling/photos");
    site.build();
    assert!(site.output().files().any(|file| file.starts_with("photos/map.")));
}

#[test]
fn the_main_photo_is_the_one_named() {
    let site = guide()
        .file("content/parks/efteling/photos/a.jpg", b"short name")
        .file("content/parks/efteling/photos/extra.jpg", b"long name")
        .file("content/parks/efteling/photos/ra.jpg", b"another that ends alike")
        .file(
            "content/parks/efteling/photos.toml",
            "[[photo]]\nfile = 'extra.jpg'\n[[photo]]\nfile = 'ra.jpg'\n[[photo]]\nfile = 'a.jpg'\n",
        );
    site.edit("content/parks/efteling/index.md", "country", "photo = 'a.jpg'\ncountry");
    site.write("templates/park.html", "<p>{% if park.photo %}{{ park.photo.file }}{% endif %}</p>");
    site.build();
    assert!(site.page("/parks/efteling/").contains("photos/a.jpg"), "{}", site.page("/parks/efteling/"));
}

#[test]
fn a_park_whose_folder_is_no_slug_shows_its_photos() {
    let site = Site::new()
        .park("Alton Towers", "name = 'Alton Towers'")
        .file("content/parks/Alton Towers/photos/gate.jpg", b"a gate")
        .file("content/parks/Alton Towers/photos.toml", "[[photo]]\nfile = 'gate.jpg'\nalt = 'The gate.'\n");
    site.build();
    assert!(site.page("/parks/alton-towers/").contains("The gate."));
}

#[test]
fn an_output_deleted_by_hand_comes_back() {
    let site = built();
    let page = site.page(BARON_URL);
    site.remove("output/parks/efteling/rides/baron-1898/index.html");
    site.build().rendered([BARON_URL]).wrote(1);
    assert_eq!(site.page(BARON_URL), page);

    let count = site.output().files().count();
    site.remove("output");
    let built = site.build();
    assert_eq!(built.number("/files/written"), count as u64);
}

#[test]
fn an_output_altered_by_hand_is_restored() {
    let site = built();
    let file = "output/parks/efteling/rides/baron-1898/index.html";
    site.edit(file, "Baron 1898", "Baron 1989");
    site.build().rendered([BARON_URL]).wrote(1);
    assert!(!site.page(BARON_URL).contains("Baron 1989"));

    // With its old time set again.
    let modified = fs::metadata(site.path(file)).unwrap().modified().unwrap();
    site.edit(file, "Baron 1898", "Baron 1989");
    fs::File::options().write(true).open(site.path(file)).unwrap().set_modified(modified).unwrap();
    site.build().rendered([BARON_URL]).wrote(1);
}

#[test]
fn a_content_file_with_its_old_time_and_size_is_read() {
    let site = built();
    let modified = SystemTime::now() - Duration::from_secs(3600);
    let set_time = || fs::File::options().write(true).open(site.path(BARON)).unwrap().set_modified(modified).unwrap();
    set_time();
    site.build().rendered([]);
    site.edit(BARON, "A mine.", "A well.");
    set_time();
    site.build().rendered([BARON_URL]).wrote(1);
}

#[test]
fn a_touched_output_is_left_as_it_is() {
    let site = built();
    let file = site.path("output/index.html");
    fs::File::options().write(true).open(&file).unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    site.build().rendered([]).wrote(0);
    assert_eq!(fs::metadata(&file).unwrap().modified().unwrap(), SystemTime::UNIX_EPOCH);
}

#[test]
fn foreign_files_are_never_touched() {
    let site = built();
    site.write("output/foreign.txt", "Not yours.");
    site.write("output/parks/efteling/rides/baron-1898/foreign.txt", "Not yours either.");
    site.build().rendered([]);
    site.remove(BARON);
    site.build().removed(1);
    assert_eq!(site.page("/foreign.txt"), "Not yours.");
    assert_eq!(site.page("/parks/efteling/rides/baron-1898/foreign.txt"), "Not yours either.");
}

#[test]
fn one_thread_and_eight_make_the_same_site() {
    let (one, eight) = (guide(), guide());
    let first = one.build_with(&["--jobs", "1"]);
    let second = eight.build_with(&["--jobs", "8"]);
    assert_eq!(one.output().differences(&eight.output()), Vec::<String>::new());
    assert_eq!(first.text("/output_digest"), second.text("/output_digest"));
    one.build_with(&["--jobs", "8"]).rendered([]);
}

#[test]
fn a_copy_with_its_state_renders_nothing() {
    let site = built();
    let other = Site::new();
    other.remove("content");
    other.remove("lifthill.toml");
    copy(&site.path(""), &other.path(""), &[]);
    other.build().rendered([]).wrote(0);
}

#[test]
fn a_lost_state_costs_work_but_no_byte() {
    let site = built();
    let before = site.output();
    site.remove(".lifthill");
    let built = site.build();
    assert_eq!(built.number("/pages/rendered"), built.number("/pages/total"));
    built.wrote(0);
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
}

#[test]
fn a_broken_state_costs_work_but_no_byte() {
    for broken in [&b""[..], b"not a database at all", &[0; 10_000]] {
        let site = built();
        let before = site.output();
        site.write(".lifthill/state.redb", broken);
        site.build().wrote(0);
        assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    }
}

#[test]
fn a_state_cut_short_costs_work_but_no_byte() {
    let site = built();
    let state = fs::read(site.path(".lifthill/state.redb")).unwrap();
    for length in [state.len() / 2, state.len() - 1, 4096, 100] {
        site.write(".lifthill/state.redb", &state[..length]);
        let before = site.output();
        site.build().wrote(0);
        assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    }
}

#[test]
fn an_older_state_is_no_danger() {
    let site = built();
    let old = fs::read(site.path(".lifthill/state.redb")).unwrap();
    site.edit(BARON, "A mine.", "A deep mine.");
    site.remove(PYTHON);
    site.edit("content/articles/loops.md", "As on [this one](ride:efteling/python).", "As nowhere.");
    site.build();
    site.write(".lifthill/state.redb", old);
    site.build();
    assert!(!site.has(PYTHON_URL));
}

#[test]
fn a_page_that_fails_keeps_its_old_output() {
    let site = built();
    let before = site.page(TARON_URL);
    let wrong = "{% extends \"base.html\" %}{% block main %}{{ ride.name }}{% if ride.name == \"Taron\" %}{{ asset(path='no.png') }}{% endif %}{% endblock main %}";
    site.write("templates/ride.html", wrong);
    let built = site.fails();
    built.exit(1).failed(1).rendered([BARON_URL, DROOM_URL, PYTHON_URL]).wrote(3);
    built.says("/parks/phantasialand/rides/taron/").says("ride.html").says("no.png");
    assert_eq!(site.page(TARON_URL), before);

    // It stays due, whatever else happens.
    site.fails().exit(1).failed(1).rendered([]);
    site.edit(BARON, "A mine.", "A deep mine.");
    site.fails().exit(1).failed(1).rendered([BARON_URL]);
    site.write("assets/no.png", "a picture");
    site.build().rendered([TARON_URL, "/assets/no.*.png"]).failed(0);
    assert!(site.page(TARON_URL).contains("/assets/no."));
}

#[test]
fn a_page_that_failed_is_rendered_though_its_view_is_as_it_was() {
    let site = built();
    let wrong =
        "{% extends \"base.html\" %}{% block main %}{{ ride.name }} {{ asset(path='no.png') }}{% endblock main %}";
    site.write("templates/ride.html", wrong);
    site.fails().exit(1).failed(4).rendered([]);
    // Something that the ride's view read changes, and makes no difference to it.
    site.edit(BARON, "speed_kmh = 90.0", "speed_kmh = 91.0");
    site.write("assets/no.png", "a picture");
    site.build();
    assert!(site.page(PYTHON_URL).contains("/assets/no."));
}

#[test]
fn a_page_that_fails_when_new_is_counted() {
    let site = guide();
    let wrong = "{% extends \"base.html\" %}{% block main %}{{ asset(path='no.png') }}{% endblock main %}";
    site.write("templates/article.html", wrong);
    let first = site.fails();
    first.exit(1).failed(2);
    let second = site.fails();
    second.exit(1).failed(2).rendered([]);
    assert_eq!(first.number("/pages/total"), second.number("/pages/total"));
    for built in [first, second] {
        let sum = ["rendered", "unchanged", "failed"].map(|outcome| built.number(&format!("/pages/{outcome}")));
        assert_eq!(sum.iter().sum::<u64>(), built.number("/pages/total"));
    }
    site.remove("templates");
    site.build().rendered(["/articles/launches/", "/articles/loops/"]);
}

#[test]
fn a_failed_page_may_go() {
    let site = built();
    site.write("templates/article.html", "{{ asset(path='no.png') }}");
    site.fails().failed(2);
    site.remove("content/articles");
    site.build().failed(0);
    assert!(!site.has("/articles/loops/"));
}

#[test]
fn a_template_that_cannot_be_loaded_leaves_the_site() {
    let site = built();
    site.write("templates/ride.html", "{% extends \"base.html\" %}\n{% block main %}{{ ride.name }");
    site.fails().exit(1).says("ride.html").says("2:");
    site.remove("templates");
    site.build().rendered([]);
}

#[test]
fn a_template_function_reads_what_it_returns() {
    let site = built();
    let own = "{% extends \"base.html\" %}{% block main %}{% for r in rides(park='phantasialand', sort='speed', limit=1) %}<p>{{ r.name }} {{ r.speed_kmh }}</p>{% endfor %}{% set p = park(key='nowhere') %}{% if p %}{{ p.name }}{% endif %}{% endblock main %}";
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
