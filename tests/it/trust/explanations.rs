//! `why` and `impact`: down to the field, and as a build then does.

use serde_json::Value;

use crate::site::Site;

fn efteling() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .park("toverland", "name = 'Toverland'\ncountry = 'NL'")
        .company("vekoma", "name = 'Vekoma'")
        .ride("efteling/baron-1898", "name = 'Baron 1898'\ncategory = 'roller_coaster'\nspeed_kmh = 90.0")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'\nmanufacturers = ['vekoma']")
        .ride("toverland/fenix", "name = 'Fenix'\ncategory = 'roller_coaster'")
}

const BARON: &str = "content/parks/efteling/rides/baron-1898.md";

fn json(site: &Site, arguments: &[&str]) -> Value {
    let (code, out, stderr) = site.command(arguments);
    assert_eq!(code, 0, "{stderr}");
    serde_json::from_str(&out).expect("one JSON object")
}

#[test]
fn why_goes_back_to_the_field() {
    let site = efteling();
    site.build();
    site.edit(BARON, "speed_kmh = 90.0", "speed_kmh = 95.0");
    let through = "card of ride:efteling/baron-1898: speed_kmh 90.0 → 95.0, through rides of park:efteling";
    let before = json(&site, &["why", "/parks/efteling/", "--json"]);
    assert_eq!(before["due"]["reason"], through, "before the build");
    assert_eq!(json(&site, &["why", "/parks/toverland/", "--json"])["due"], Value::Null);
    site.build();
    let after = json(&site, &["why", "/parks/efteling/", "--json"]);
    assert_eq!((&after["reason"], &after["due"]), (&Value::from(through), &Value::Null), "after it");
    let own = json(&site, &["why", "/parks/efteling/rides/baron-1898/", "--json"]);
    let own = own["reason"].as_str().expect("a reason");
    assert!(own.starts_with("record ride:efteling/baron-1898: speed_kmh 90.0 → 95.0"), "{own}");
}

#[test]
fn settings_templates_and_new_pages_are_told_too() {
    let site = efteling();
    site.build();
    site.edit("lifthill.toml", "'Parks'", "'Other parks'");
    let why = json(&site, &["why", "/parks/efteling/", "--json"]);
    assert_eq!(why["due"]["reason"], "setting site: title Parks → Other parks");
    site.edit("lifthill.toml", "'Other parks'", "'Parks'");
    site.write(
        "templates/components.html",
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/components.html"))
            .expect("the theme")
            .replace("<table>", "<table class=\"x\">"),
    );
    let why = json(&site, &["why", "/parks/efteling/", "--json"]);
    assert_eq!(why["due"]["reason"], "template park.html: components.html was edited");
    site.write("content/parks/new/index.md", "+++\nname = 'New'\n+++\n");
    let why = json(&site, &["why", "/parks/new/", "--json"]);
    assert_eq!(why["due"]["reason"], "it is a new page");
    let (code, _, stderr) = site.command(&["why", "/parks/nowhere/"]);
    assert_eq!(code, 2, "{stderr}");
}

#[test]
fn impact_names_what_would_be_looked_at() {
    let site = efteling();
    site.build();
    let pages = |subject: &str| -> Vec<String> {
        let impact = json(&site, &["impact", subject, "--json"]);
        let pages = impact["pages"].as_array().expect("a list").iter();
        pages.map(|page| page["page"].as_str().expect("a page").to_owned()).collect()
    };
    let by_file = pages(BARON);
    assert_eq!(by_file, pages("ride:efteling/baron-1898"));
    assert_eq!(by_file, pages("/parks/efteling/rides/baron-1898/"));
    for page in
        ["/", "/rides/", "/parks/efteling/", "/parks/efteling/rides/baron-1898/", "/parks/efteling/rides/python/"]
    {
        assert!(by_file.iter().any(|found| found == page), "no {page} in {by_file:?}");
    }
    assert!(!by_file.iter().any(|page| page == "/parks/toverland/rides/fenix/"), "{by_file:?}");
    assert_eq!(pages("ride.html").len(), 3);
    assert_eq!(pages("templates/ride.html"), pages("ride.html"));
    assert!(pages("templates/base.html").len() > 10);
    assert!(pages("assets/css/site.css").len() > 10);
    assert!(pages("title").len() > 10);
    assert!(pages("extra.nothing").is_empty());
    let (code, _, stderr) = site.command(&["impact", "ride:efteling/pyton"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("did you mean `ride:efteling/python`?"), "{stderr}");
    let (_, _, stderr) = site.command(&["impact", "ride.htm"]);
    assert!(stderr.contains("did you mean `ride.html`?"), "{stderr}");
}
