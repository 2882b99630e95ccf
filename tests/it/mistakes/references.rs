//! References to what is not there, or no longer.

use std::fs;

use insta::assert_snapshot;

use super::*;
use crate::site::{markdown, picture};

#[test]
fn a_reference_to_nothing_in_front_matter() {
    let front = "name = 'Baron'\ncategory = 'other'\nmanufacturers = ['vekomo']\nmodel = 'vekoma/mk-1200'\narea = 'Ruigrijk'\nreplaced = 'ride:efteling/baron-1889'";
    assert_snapshot!(said_of_ride(front), @r"
    error: there is no company `vekomo`
      --> content/parks/efteling/rides/baron-1898.md:4:18
       |
     4 | manufacturers = ['vekomo']
       |                  ^^^^^^^^
      = help: did you mean `vekoma`?

    error: there is no model `vekoma/mk-1200`
      --> content/parks/efteling/rides/baron-1898.md:5:9
       |
     5 | model = 'vekoma/mk-1200'
       |         ^^^^^^^^^^^^^^^^

    error: there is no area `efteling/ruigrijk`
      --> content/parks/efteling/rides/baron-1898.md:6:8
       |
     6 | area = 'Ruigrijk'
       |        ^^^^^^^^^^

    error: there is no ride `efteling/baron-1889`
      --> content/parks/efteling/rides/baron-1898.md:7:12
       |
     7 | replaced = 'ride:efteling/baron-1889'
       |            ^^^^^^^^^^^^^^^^^^^^^^^^^^
      = help: did you mean `efteling/baron-1898`?
    ");
}

#[test]
fn a_reference_to_nothing_in_a_body() {
    let site = small();
    let body = "As on [it](ride:efteling/baron-1899) and <park:eftelin>,\nnot `[code](ride:no/such)`.\n\n    <ride:no/such>\n\n[a]: company:vekomo\n[b][a]";
    site.write("content/articles/loops.md", markdown(&format!("title = 'Loops'\ndate = 2024-05-01\n+++\n{body}")));
    assert_snapshot!(said(&site), @r"
    error: there is no ride `efteling/baron-1899`
      --> content/articles/loops.md:6:12
       |
     6 | As on [it](ride:efteling/baron-1899) and <park:eftelin>,
       |            ^^^^^^^^^^^^^^^^^^^^^^^^
      = help: did you mean `efteling/baron-1898`?

    error: there is no park `eftelin`
      --> content/articles/loops.md:6:43
       |
     6 | As on [it](ride:efteling/baron-1899) and <park:eftelin>,
       |                                           ^^^^^^^^^^^^
      = help: did you mean `efteling`?

    error: there is no company `vekomo`
      --> content/articles/loops.md:11:6
        |
     11 | [a]: company:vekomo
        |      ^^^^^^^^^^^^^^
      = help: did you mean `vekoma`?
    ");
}

#[test]
fn a_ride_without_its_park_and_a_model_without_its_maker() {
    let site = small()
        .ride("eftelling/python", "name = 'Python'\ncategory = 'other'")
        .model("vekomo/mk-1200", "name = 'MK-1200'");
    assert_snapshot!(said(&site), @r"
    error: there is no company `vekomo`, the manufacturer by its folder
      --> content/models/vekomo/mk-1200.md:1:1
       |
     1 | +++
       | ^^^
      = help: did you mean `vekoma`?

    error: there is no park `eftelling`: its folder needs an index.md
      --> content/parks/eftelling/rides/python.md:1:1
       |
     1 | +++
       | ^^^
      = help: did you mean `efteling`?
    ");
}

#[test]
fn a_deleted_company_that_is_still_named() {
    let site = small().model("vekoma/mk-1200", "name = 'MK-1200'");
    site.edit(BARON, "category", "manufacturers = ['vekoma']\ncategory");
    site.edit("content/articles/loops.md", "Round", "By [Vekoma](company:vekoma): round");
    site.build();
    let company = fs::read(site.path("content/companies/vekoma.md")).unwrap();
    site.remove("content/companies/vekoma.md");
    assert_snapshot!(said(&site), @r"
    error: there is no company `vekoma`
      --> content/articles/loops.md:6:13
       |
     6 | By [Vekoma](company:vekoma): round and round.
       |             ^^^^^^^^^^^^^^

    error: there is no company `vekoma`, the manufacturer by its folder
      --> content/models/vekoma/mk-1200.md:1:1
       |
     1 | +++
       | ^^^

    error: there is no company `vekoma`
      --> content/parks/efteling/rides/baron-1898.md:3:18
       |
     3 | manufacturers = ['vekoma']
       |                  ^^^^^^^^
    ");
    // Again the same, as nothing of it was kept.
    site.fails().exit(1).says(BARON);
    assert!(site.has("/companies/vekoma/"));

    site.write("content/companies/vekoma.md", company);
    site.build().rendered([]).wrote(0);
}

#[test]
fn a_deleted_thing_is_missed_wherever_it_is_named() {
    for (file, text) in [
        ("content/companies/mack.md", "name = 'Mack'\nparent = 'vekoma'"),
        ("content/parks/toverland/index.md", "name = 'Toverland'\noperator = 'vekoma'"),
        ("content/parks/toverland/index.md", "name = 'Toverland'\nowner = 'vekoma'"),
        ("content/parks/efteling/rides/python.md", "name = 'Python'\ncategory = 'other'\ndesigners = ['vekoma']"),
        (
            "content/parks/efteling/rides/python.md",
            "name = 'Python'\ncategory = 'other'\nreplaced_by = 'company:vekoma'",
        ),
        ("content/models/vekoma/mk-1200.md", "name = 'MK-1200'"),
        ("content/companies/mack.md", "name = 'Mack'\n+++\nUnlike <company:vekoma>."),
    ] {
        let site = small().file(file, markdown(text));
        site.build();
        site.remove("content/companies/vekoma.md");
        site.fails().exit(1).says(file).says("there is no company `vekoma`");
    }
}

#[test]
fn a_country_without_parks_is_missed_wherever_it_is_named() {
    let wales = "name = 'Oakwood'\ncountry = 'GB'";
    let site = small()
        .park("oakwood", wales)
        .file("content/companies/mack.md", markdown("name = 'Mack'\n+++\nUnlike <country:GB>."))
        .file("content/articles/loops.md", markdown("title = 'Loops'\ndate = 2024-05-01\n+++\nSeen in <country:GB>."));
    site.build();
    site.remove("content/parks/oakwood/index.md");
    // Of all who name it, not only of whom is read again.
    site.write("content/companies/mack.md", markdown("name = 'Mack'\n+++\nUnlike others, in <country:GB>."));
    let is_missed = |site: &Site| {
        let built = site.fails();
        built.exit(1).says("companies/mack.md:5:20").says("articles/loops.md").says("there is no country `GB`");
    };
    is_missed(&site);
    site.write("content/parks/oakwood/index.md", markdown(&wales.replace("GB", "IE")));
    is_missed(&site);
    site.write("content/parks/oakwood/index.md", markdown(wales));
    site.build();
}

#[test]
fn a_deleted_park_is_missed_by_its_files() {
    for (file, text) in [
        ("content/parks/walibi/areas.toml", "[[area]]\nname = 'West'\n"),
        ("content/parks/walibi/reviews.jsonl", "{\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\"}\n"),
        ("content/parks/walibi/photos.toml", "[[photo]]\nfile = 'a.jpg'\n"),
        ("content/parks/walibi/rides/untamed.md", "+++\nname = 'Untamed'\ncategory = 'other'\n+++\n"),
    ] {
        let site = small().park("walibi", "name = 'Walibi'").file(file, text);
        site.write("content/parks/walibi/photos/a.jpg", picture(1));
        site.build();
        site.remove("content/parks/walibi/index.md");
        site.fails().exit(1).says(file).says("there is no park `walibi`");
    }
}

#[test]
fn a_deleted_ride_or_area_is_missed_by_what_is_left_of_it() {
    let site = small()
        .file("content/parks/efteling/areas.toml", "[[area]]\nname = 'Ruigrijk'\n")
        .file(
            "content/parks/efteling/reviews.jsonl",
            "{\"ride\":\"baron-1898\",\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\"}\n",
        )
        .file(
            "content/parks/efteling/photos.toml",
            "[[photo]]\nfile = 'a.jpg'\nride = 'baron-1898'\n[[photo]]\nfile = 'b.jpg'\narea = 'Ruigrijk'\n",
        )
        .file("content/parks/efteling/photos/a.jpg", picture(1))
        .file("content/parks/efteling/photos/b.jpg", picture(2));
    site.build();
    site.remove(BARON);
    site.fails().says("reviews.jsonl:1:").says("photos.toml:3:");
    site.write(BARON, markdown("name = 'Baron 1898'\ncategory = 'roller_coaster'\narea = 'ruigrijk'"));
    site.build();
    site.remove("content/parks/efteling/areas.toml");
    site.fails().says("photos.toml:6:").says("baron-1898.md:4:");
}

#[test]
fn a_thing_that_goes_while_another_file_changes_too() {
    let site = small().article("second", "title = 'Second'\ndate = 2024-01-01\n+++\nBy <company:vekoma>.");
    site.edit("content/articles/loops.md", "Round", "By <company:vekoma>: round");
    site.build();
    site.remove("content/companies/vekoma.md");
    site.edit("content/articles/loops.md", "round", "round and");
    site.fails().says("content/articles/loops.md").says("content/articles/second.md");
}

#[test]
fn a_broken_file_is_not_a_deleted_one() {
    let review = "{\"ride\":\"baron-1898\",\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\"}\n";
    let site = small().file("content/parks/efteling/reviews.jsonl", review);
    site.edit("content/articles/loops.md", "Round", "As on <ride:efteling/baron-1898>: round");
    site.build();
    site.edit(BARON, "category", "name = 'Again'\ncategory");
    site.fails().exit(1).says("duplicate key").never_says("there is no ride");
}

#[test]
fn a_thing_that_becomes_a_draft_or_expires_is_missed() {
    let site = small();
    site.edit("content/articles/loops.md", "date", "expires_on = '2030-01-01'\ndate");
    site.write("content/companies/mack.md", markdown("name = 'Mack'\n+++\nSee <article:loops>."));
    site.build_with(&["--now", "2029-12-31"]);
    site.fails_with(&["--now", "2030-01-01"]).exit(1).says("content/companies/mack.md:5:").says("`loops`");
    site.build_with(&["--now", "2029-12-31"]).rendered([]);

    site.edit("content/parks/efteling/index.md", "country", "draft = true\ncountry");
    site.fails_with(&["--now", "2029-12-31"]).exit(1).says(BARON).says("there is no park `efteling`");
    site.build_with(&["--now", "2029-12-31", "--drafts"]);
}
