//! Records that come, go and move, by hand or by the clock.

use super::*;
use crate::site::{markdown, ride_file};

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
fn two_files_may_exchange_their_slugs() {
    let site = built();
    site.edit(BARON, "category", "slug = 'python'\ncategory");
    site.edit(PYTHON, "category", "slug = 'baron-1898'\ncategory");
    site.build().removed(0);
    assert!(site.page(BARON_URL).contains("Four loops."));
    assert!(site.page(PYTHON_URL).contains("A mine."));
}

#[test]
fn rides_of_one_name_keep_their_urls() {
    let site = built();
    let wildcat = |year: u32| markdown(&format!("name = 'Wildcat'\ncategory = 'roller_coaster'\nopened = {year}"));
    site.write(&ride_file("efteling/wildcat-1996"), wildcat(1996));
    site.build();
    let first = site.page("/parks/efteling/rides/wildcat-1996/");
    // One that sorts before it, and is older.
    site.write(&ride_file("efteling/wildcat-1923"), wildcat(1923));
    site.build();
    assert!(first.contains("1996") && site.page("/parks/efteling/rides/wildcat-1996/").contains("1996"));
    assert!(site.page("/parks/efteling/rides/wildcat-1923/").contains("1923"));
    site.remove(&ride_file("efteling/wildcat-1923"));
    site.build();
    assert_eq!(site.page("/parks/efteling/rides/wildcat-1996/"), first);
}
