//! What a build redoes after an edit: exactly the pages that the edit touches. Here is the site of
//! these stories, and its first build.

mod arrivals;
mod failures;
mod obstacles;
mod outputs;
mod records;
mod reviews_and_photos;
mod settings;
mod theme;

use crate::site::Site;

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
    assert_eq!(built.files("rendered"), built.files("total"));
    built.wrote(built.files("total") + built.number("/compression/files"));
    site.build().rendered([]).wrote(0);
}

fn review(ride: &str, created: &str, rating: &str) -> String {
    format!(
        "{{\"ride\":\"{ride}\",\"author\":\"Mia\",\"rating\":{rating},\"text\":\"Good.\",\"created\":\"{created}\"}}\n"
    )
}
