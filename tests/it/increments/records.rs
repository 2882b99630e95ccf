//! Edits of what records say.

use std::fs;
use std::time::{Duration, SystemTime};

use super::*;

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
