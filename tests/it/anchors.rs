//! One id stands once on a page: what a body calls its headings, notes and marks never takes a
//! name that the page's templates use, and links within the body follow.

use std::collections::BTreeMap;

use crate::site::Site;

/// How often each id and name stands on a page.
fn anchors(page: &str) -> BTreeMap<String, u32> {
    let mut counts = BTreeMap::new();
    for name in ["id=", "<a name="] {
        for (at, _) in page.match_indices(name) {
            let before = page[..at].chars().next_back();
            if name == "id=" && !before.is_some_and(|c| c.is_whitespace() || c == '"') {
                continue;
            }
            let value = page[at + name.len()..].trim_start_matches('"');
            let end = value.find(|c: char| c == '"' || c == '>' || c.is_whitespace()).unwrap_or(value.len());
            *counts.entry(value[..end].to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

/// The page at `url`, on which no id may stand twice.
#[track_caller]
fn page(site: &Site, url: &str) -> String {
    let page = site.page(url);
    let twice: Vec<_> = anchors(&page).into_iter().filter(|(_, count)| *count > 1).collect();
    assert!(twice.is_empty(), "ids of {url} that stand more than once: {twice:?}\n{page}");
    page
}

const PARK: &str = "name = 'Efteling'\ncountry = 'NL'\n+++\n";

#[test]
fn a_body_takes_no_id_of_the_theme() {
    let site = Site::new()
        .park("efteling", &format!("{PARK}## Rides\n## Facts\n## Main\n## Reviews\n## Areas\nSee [rides](#rides)."))
        .ride(
            "efteling/python",
            "name = 'Python'\ncategory = 'roller_coaster'\n+++\n# Facts\n## History\n## Sources\n## Main",
        )
        .company("vekoma", "name = 'Vekoma'\n+++\n## Models\n## Rides\n## Facts")
        .model("vekoma/boomerang", "name = 'Boomerang'\n+++\n## Rides")
        .article("main", "title = 'Main'\ndate = 2024-05-01\n+++\n## Main\n[up](#main)");
    site.build();
    let park = page(&site, "/parks/efteling/");
    assert!(
        park.contains("<h2 id=\"rides-1\">Rides</h2>") && park.contains("<a href=\"#rides-1\">rides</a>"),
        "{park}"
    );
    let ride = page(&site, "/parks/efteling/rides/python/");
    assert!(ride.contains("<h2 id=\"facts-1\">Facts</h2>"), "{ride}");
    page(&site, "/companies/vekoma/");
    page(&site, "/models/vekoma/boomerang/");
    assert!(page(&site, "/articles/main/").contains("<a href=\"#main-1\">up</a>"));
}

#[test]
fn a_name_that_is_free_stays() {
    let site = Site::new().park("efteling", &format!("{PARK}## Opening\n[x](#opening) [f](#facts)"));
    site.build();
    let park = page(&site, "/parks/efteling/");
    assert!(park.contains("<h2 id=\"opening\">") && park.contains("href=\"#opening\""), "{park}");
    assert!(park.contains("<a href=\"#facts\">f</a>"), "a link to what the theme shows stays:\n{park}");
}

#[test]
fn ids_written_by_hand_are_no_exception() {
    let body = "<p id=\"main\">raw</p>\n\n<a name=\"rides\">x</a> <b id=\"twice\">1</b> <i id=\"twice\">2</i>\n\n## Facts {#facts}\n";
    let site = Site::new().park("efteling", &format!("{PARK}{body}"));
    site.build();
    page(&site, "/parks/efteling/");
    site.write("lifthill.toml", "base_url = 'https://parks.example'\n[content]\ntrust_html = true\n");
    site.build();
    page(&site, "/parks/efteling/");
}

#[test]
fn notes_and_headings_do_not_meet() {
    let body = "## Fn 1\nA note[^1] and one more[^main].\n\n## Note\n## Note 2\n## Note\n\n[^1]: One.\n[^main]: Two.\n";
    let site = Site::new().park("efteling", &format!("{PARK}{body}"));
    site.build();
    let park = page(&site, "/parks/efteling/");
    assert!(park.contains("<a href=\"#fn-1\">") && park.contains("id=\"fn-1\""), "{park}");
}

#[test]
fn the_areas_of_a_park_keep_theirs() {
    let site = Site::new()
        .park(
            "efteling",
            &format!("{PARK}## Area Marerijk\nIn [Marerijk](area:efteling/marerijk), [text](#area-marerijk)."),
        )
        .file("content/parks/efteling/areas.toml", "[[area]]\nname = 'Marerijk'\n");
    site.build();
    let park = page(&site, "/parks/efteling/");
    assert!(park.contains("<h2 id=\"text-area-marerijk\">") && park.contains("<li id=\"area-marerijk\">"), "{park}");
    assert!(
        park.contains("href=\"/parks/efteling/#area-marerijk\">Marerijk")
            && park.contains("href=\"#text-area-marerijk\">text"),
        "{park}"
    );
}

#[test]
fn a_template_of_the_site_has_the_first_word() {
    let site = Site::new().park("efteling", &format!("{PARK}## Tickets\n[t](#tickets)"));
    site.build();
    assert!(page(&site, "/parks/efteling/").contains("<h2 id=\"tickets\">"));
    let template = "{% extends \"base.html\" %}{% block main %}<h1>{{ park.name }}</h1><div id='tickets'></div>{{ park.body_html | safe }}{% endblock main %}";
    site.write("templates/park.html", template);
    site.build().rendered(["/parks/efteling/"]);
    let park = page(&site, "/parks/efteling/");
    assert!(park.contains("<h2 id=\"tickets-1\">") && park.contains("<a href=\"#tickets-1\">"), "{park}");
}
