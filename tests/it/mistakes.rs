//! What is said of a site with mistakes: each with its place and what to do, all in one run, and
//! nothing below `output/` the worse for it.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::process::Command;

use insta::assert_snapshot;

use crate::site::{Site, markdown, ride_file};

const BARON: &str = "content/parks/efteling/rides/baron-1898.md";

/// One park with one ride, one company and one article.
fn small() -> Site {
    Site::new()
        .company("vekoma", "name = 'Vekoma'")
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'")
        .ride("efteling/baron-1898", "name = 'Baron 1898'\ncategory = 'roller_coaster'")
        .article("loops", "title = 'Loops'\ndate = 2024-05-01\n+++\nRound and round.")
}

/// What is said of the site, which has mistakes in its content.
#[track_caller]
fn said(site: &Site) -> String {
    let built = site.fails();
    built.exit(1);
    built.problems()
}

/// What is said of the site with this front matter for its ride.
#[track_caller]
fn said_of_ride(front: &str) -> String {
    let site = small();
    site.write(BARON, markdown(front));
    said(&site)
}

#[test]
fn an_unknown_key() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'other'\nmanufacturer = ['vekoma']\nmascot = 'Gull'"), @r"
    error: unknown key `manufacturer`
      --> content/parks/efteling/rides/baron-1898.md:4:1
       |
     4 | manufacturer = ['vekoma']
       | ^^^^^^^^^^^^
      = help: did you mean `manufacturers`?

    error: unknown key `mascot`
      --> content/parks/efteling/rides/baron-1898.md:5:1
       |
     5 | mascot = 'Gull'
       | ^^^^^^
      = help: keys of your own go into an `[extra]` table
    ");
}

#[test]
fn a_wrong_type() {
    let front = "name = 1898\ncategory = 'other'\nspeed_kmh = '90'\ninversions = 2.5\nkinds = [1]\nindoor = 'yes'\nopened = true";
    assert_snapshot!(said_of_ride(front), @r#"
    error: `name` must be text, found a whole number
      --> content/parks/efteling/rides/baron-1898.md:2:8
       |
     2 | name = 1898
       |        ^^^^
      = help: write it in quotes: `name = "1898"`

    error: `speed_kmh` must be a number, found text
      --> content/parks/efteling/rides/baron-1898.md:4:13
       |
     4 | speed_kmh = '90'
       |             ^^^^
      = help: write `speed_kmh = 90` without quotes

    error: `inversions` must be a whole number, found a number
      --> content/parks/efteling/rides/baron-1898.md:5:14
       |
     5 | inversions = 2.5
       |              ^^^

    error: `kinds` must be text, found a whole number
      --> content/parks/efteling/rides/baron-1898.md:6:10
       |
     6 | kinds = [1]
       |          ^
      = help: write it in quotes: `kinds = "1"`

    error: `indoor` must be true or false, found text
      --> content/parks/efteling/rides/baron-1898.md:7:10
       |
     7 | indoor = 'yes'
       |          ^^^^^

    error: `opened` must be a date, found true/false
      --> content/parks/efteling/rides/baron-1898.md:8:10
       |
     8 | opened = true
       |          ^^^^
    "#);
}

#[test]
fn a_number_out_of_range() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'other'\nheight_m = -3\nspeed_kmh = nan\ninversions = 99"), @r"
    error: `height_m` must be between 0 and 400, found -3
      --> content/parks/efteling/rides/baron-1898.md:4:12
       |
     4 | height_m = -3
       |            ^^

    error: `speed_kmh` must be between 0 and 500, found NaN
      --> content/parks/efteling/rides/baron-1898.md:5:13
       |
     5 | speed_kmh = nan
       |             ^^^

    error: `inversions` must be between 0 and 30, found 99
      --> content/parks/efteling/rides/baron-1898.md:6:14
       |
     6 | inversions = 99
       |              ^^
    ");
}

#[test]
fn a_word_that_is_none() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'rollercoaster'\nstatus = 'open'\nlaunch = ['chain']"), @r"
    error: `rollercoaster` is not a known `category`
      --> content/parks/efteling/rides/baron-1898.md:3:12
       |
     3 | category = 'rollercoaster'
       |            ^^^^^^^^^^^^^^^
      = help: did you mean `roller_coaster`?

    error: `open` is not a known `status`
      --> content/parks/efteling/rides/baron-1898.md:4:10
       |
     4 | status = 'open'
       |          ^^^^^^
      = help: known here: operating, closing, closed_temporarily, sbno, under_construction, planned, cancelled, closed, relocated, demolished, unknown

    error: `chain` is not a known `launch`
      --> content/parks/efteling/rides/baron-1898.md:5:11
       |
     5 | launch = ['chain']
       |           ^^^^^^^
      = help: known here: chain_lift, cable_lift, tire, lim, lsm, hydraulic, pneumatic, flywheel, catapult, gravity, ferris_wheel_lift, vertical_lift, elevator_lift, spiral_lift, other
    ");
}

#[test]
fn a_date_that_is_none() {
    let front = "name = 'Baron'\ncategory = 'other'\nopened = '1984-13'\nclosed = 'May 1984'\nupdated = '1985s'\npublish_on = 'soon'";
    assert_snapshot!(said_of_ride(front), @r"
    error: `1984-13` has no month 13
      --> content/parks/efteling/rides/baron-1898.md:4:10
       |
     4 | opened = '1984-13'
       |          ^^^^^^^^^

    error: `May 1984` is not a date; write 1984-05-12, 1984-05, 1984 or 1980s
      --> content/parks/efteling/rides/baron-1898.md:5:10
       |
     5 | closed = 'May 1984'
       |          ^^^^^^^^^^

    error: `1985s` is not a decade; did you mean 1980s?
      --> content/parks/efteling/rides/baron-1898.md:6:11
       |
     6 | updated = '1985s'
       |           ^^^^^^^

    error: `publish_on` must be a date or a time with its zone
      --> content/parks/efteling/rides/baron-1898.md:7:14
       |
     7 | publish_on = 'soon'
       |              ^^^^^^
      = help: write 2026-12-01 or 2026-12-01T09:00:00Z
    ");
}

#[test]
fn an_end_before_the_beginning() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = 'other'\nopened = '1984'\nclosed = '1983-12'"), @r"
    error: closed (December 1983) before it opened (1984)
      --> content/parks/efteling/rides/baron-1898.md:5:10
       |
     5 | closed = '1983-12'
       |          ^^^^^^^^^
    ");
}

#[test]
fn a_missing_name_category_or_date() {
    let site =
        small().article("new", "author = 'Mia'").park("nameless", "country = 'BE'").park("mistyped", "nmae = 'X'");
    site.write(BARON, markdown("name = 'Baron'"));
    let built = site.fails();
    built.exit(1).says("`title` is missing\n  --> content/articles/new.md:2:1");
    built.says("`date` is missing\n  --> content/articles/new.md:2:1");
    built.says("`category` is missing\n  --> content/parks/efteling/rides/baron-1898.md:2:1");
    built.says("`name` is missing\n  --> content/parks/nameless/index.md:2:1");
    built.says("`name` is missing\n  --> content/parks/mistyped/index.md:2:1");
    built.says("`nmae` was probably meant to be `name`");
}

#[test]
fn a_country_a_slug_and_an_address_that_are_none() {
    let site = small();
    site.write(
        "content/parks/efteling/index.md",
        markdown("name = 'Efteling'\ncountry = 'Netherlands'\noperator = 'Efteling BV'\nwebsite = 'efteling.com'\nformer_slugs = ['De Efteling']\naliases = ['efteling']"),
    );
    assert_snapshot!(said(&site), @r"
    error: `Netherlands` is not an ISO 3166-1 country code
      --> content/parks/efteling/index.md:3:11
       |
     3 | country = 'Netherlands'
       |           ^^^^^^^^^^^^^
      = help: did you mean `NL`?

    error: `Efteling BV` in `operator` is not the slug of a company
      --> content/parks/efteling/index.md:4:12
       |
     4 | operator = 'Efteling BV'
       |            ^^^^^^^^^^^^^
      = help: a company is named by its slug, here probably `efteling-bv`

    error: `website` must be a web address
      --> content/parks/efteling/index.md:5:11
       |
     5 | website = 'efteling.com'
       |           ^^^^^^^^^^^^^^
      = help: for instance https://efteling.com

    error: `De Efteling` is not a slug
      --> content/parks/efteling/index.md:6:17
       |
     6 | former_slugs = ['De Efteling']
       |                 ^^^^^^^^^^^^^

    error: `efteling` is not a path of this site such as `/old/place/` or `/old/place.html`
      --> content/parks/efteling/index.md:7:12
       |
     7 | aliases = ['efteling']
       |            ^^^^^^^^^^
    ");
}

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
fn two_files_with_one_slug() {
    let site = small().ride("efteling/second", "name = 'Second'\ncategory = 'other'\nslug = 'baron-1898'");
    assert_snapshot!(said(&site), @r"
    error: two files are ride:efteling/baron-1898: content/parks/efteling/rides/baron-1898.md and content/parks/efteling/rides/second.md
      --> content/parks/efteling/rides/second.md
      = help: give one of them another `slug`, or rename its file
    ");

    // Found as well when the second comes later, and gone when one of them goes.
    let site = small();
    site.build();
    site.write("content/companies/Vekoma.md", markdown("name = 'Another Vekoma'"));
    site.fails().exit(1).says("content/companies/vekoma.md").says("content/companies/Vekoma.md");
    site.remove("content/companies/vekoma.md");
    site.build();
    assert!(site.page("/companies/vekoma/").contains("Another Vekoma"));
}

#[test]
fn two_folders_of_one_park() {
    let site = small().park("Efteling", "name = 'The Efteling'");
    said(&site);
    site.fails().says("content/parks/Efteling/index.md").says("content/parks/efteling/index.md");
}

#[test]
fn two_files_of_reviews_for_one_park() {
    let review = |author: &str| format!("{{\"author\":\"{author}\",\"rating\":7,\"created\":\"2024-01-01\"}}\n");
    let site = small()
        .file("content/parks/Efteling/reviews.jsonl", review("Mia"))
        .file("content/parks/efteling/reviews.jsonl", review("Bo"));
    site.try_build(&[]);
    // Whatever the program makes of that, it must be what a clean build makes of it.
    site.write("content/parks/Efteling/reviews.jsonl", review("Eve"));
    site.try_build(&[]);
    site.remove("content/parks/Efteling");
    site.build();
    assert!(site.page("/parks/efteling/").contains("Bo"));
}

#[test]
fn two_pages_with_one_url() {
    let site = small()
        .ride("efteling/python", "name = 'Python'\ncategory = 'other'\nformer_slugs = ['baron-1898']")
        .article("a", "title = 'A'\ndate = 2024-05-01\naliases = ['/old/', '/robots.txt']")
        .article("b", "title = 'B'\ndate = 2024-05-01\naliases = ['/old/']");
    assert_snapshot!(said(&site), @r"
    error: two pages want the URL /old/: an alias of article:a (content/articles/a.md) and an alias of article:b (content/articles/b.md)
      --> content/articles/a.md
      = help: change an alias, a former slug or a slug

    error: two pages want the URL /robots.txt: an alias of article:a (content/articles/a.md) and the site's robots
      --> content/articles/a.md
      = help: change an alias, a former slug or a slug

    error: two pages want the URL /parks/efteling/rides/baron-1898/: ride:efteling/baron-1898 (content/parks/efteling/rides/baron-1898.md) and an alias of ride:efteling/python (content/parks/efteling/rides/python.md)
      --> content/parks/efteling/rides/baron-1898.md
      = help: change an alias, a former slug or a slug
    ");
}

#[test]
fn an_alias_that_comes_later() {
    let site = small();
    site.build();
    site.edit("content/articles/loops.md", "date", "aliases = ['/companies/vekoma/']\ndate");
    assert_snapshot!(said(&site), @r"
    error: two pages want the URL /companies/vekoma/: company:vekoma (content/companies/vekoma.md) and an alias of article:loops (content/articles/loops.md)
      --> content/companies/vekoma.md
      = help: change an alias, a former slug or a slug
    ");
}

#[test]
fn an_alias_that_is_a_folder_of_other_pages() {
    for alias in ["/parks/efteling", "/parks", "/feed.xml/", "/404.html/old/"] {
        let site = small();
        site.edit("content/articles/loops.md", "date", &format!("aliases = ['{alias}']\ndate"));
        site.fails().exit(1).says(alias.trim_end_matches('/')).says("content/articles/loops.md");
    }
    let site = small();
    site.edit("content/articles/loops.md", "date", "aliases = ['/old.html', '/old.html/page/']\ndate");
    site.fails().exit(1).says("content/articles/loops.md");
    // Without a dot in it, an alias is a folder whether it says so or not.
    site.edit("content/articles/loops.md", "'/old.html', '/old.html/page/'", "'/old', '/old/page/'");
    site.build();
    assert!(site.has("/old/") && site.has("/old/page/"));
}

#[test]
fn bytes_that_are_not_utf_8() {
    let site = small();
    site.write(BARON, b"+++\nname = 'Baron'\ncategory = 'other'\n+++\n\nna\xc3\xafve \xff!\n");
    assert_snapshot!(said(&site), @r"
    error: byte 0xff is not UTF-8
      --> content/parks/efteling/rides/baron-1898.md:6:7
       |
     6 | naïve �!
       |       ^
      = help: save the file as UTF-8
    ");
}

#[test]
fn a_file_of_200_megabytes() {
    let site = small();
    let file = fs::File::create(site.path("content/articles/large.md")).unwrap();
    file.set_len(200 << 20).unwrap();
    assert_snapshot!(said(&site), @r"
    error: is 200 MB; at most 8 MB is read here
      --> content/articles/large.md
    ");
}

#[test]
fn a_folder_named_like_a_file() {
    let site = small();
    fs::create_dir_all(site.path("content/parks/phantasialand/index.md")).unwrap();
    fs::create_dir_all(site.path("content/companies/mack.md/x")).unwrap();
    assert_snapshot!(said(&site), @r"
    error: is a folder, but its name is that of a content file
      --> content/companies/mack.md

    error: is a folder, but its name is that of a content file
      --> content/parks/phantasialand/index.md
    ");
}

#[test]
fn what_is_neither_file_nor_folder() {
    let site = small();
    let pipe = site.path("content/articles/pipe.md");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let built = site.run(&[]);
    built.exit(1);
    assert_snapshot!(built.problems(), @r"
    error: is neither a file nor a folder
      --> content/articles/pipe.md
    ");
}

#[test]
fn a_file_name_that_is_not_utf_8() {
    let site = small();
    let name = std::ffi::OsStr::from_bytes(b"caf\xe9.md");
    fs::write(site.path("content/articles").join(name), markdown("title = 'Café'\ndate = 2024-01-01")).unwrap();
    site.fails().exit(1).says("not UTF-8").says("content/articles/caf");
}

#[test]
fn a_file_that_belongs_nowhere() {
    let site = small()
        .file("content/parks/efteling/indx.md", "")
        .file("content/parks/efteling/rides/baron.markdown", "")
        .file("content/notes.txt", "")
        .file("content/_notes.txt", "")
        .file("content/.DS_Store", "")
        .file("content/articles/loops.md~", "");
    assert_snapshot!(said(&site), @r"
    error: notes.txt is not part of a site's content
      --> content/notes.txt
      = help: known here: parks, companies, models, articles; begin a name with `_` to leave a file out

    error: parks/efteling/indx.md is not part of a site's content
      --> content/parks/efteling/indx.md
      = help: did you mean `index.md`?

    error: is not a content file: only `.md` files are read here
      --> content/parks/efteling/rides/baron.markdown
      = help: rename it to `baron.md`, or begin the name of parks/efteling/rides/baron.markdown with `_` to leave it out
    ");
}

#[test]
fn a_link_out_of_the_content() {
    let site = small();
    fs::write(site.outside().join("secret.md"), markdown("title = 'Secret'\ndate = 2024-01-01")).unwrap();
    symlink("../../../secret.md", site.path("content/articles/secret.md")).unwrap();
    symlink("../../..", site.path("content/parks/everything")).unwrap();
    assert_snapshot!(said(&site), @r"
    error: is a symbolic link, which is not followed
      --> content/articles/secret.md
      = help: copy the file here, or give it a name that begins with `_`

    error: is a symbolic link, which is not followed
      --> content/parks/everything
      = help: copy the file here, or give it a name that begins with `_`
    ");
    assert!(!site.has("/articles/secret/"));
}

#[test]
fn a_link_out_of_the_templates_assets_and_photos() {
    let site = small();
    fs::write(site.outside().join("secret"), "a secret").unwrap();
    for folder in ["templates", "assets", "content/parks/efteling/photos"] {
        fs::create_dir_all(site.path(folder)).unwrap();
        symlink(site.outside().join("secret"), site.path(folder).join("secret.txt")).unwrap();
    }
    assert_snapshot!(said(&site), @r"
    error: is a symbolic link, which is not followed
      --> assets/secret.txt

    error: is a symbolic link, which is not followed
      --> content/parks/efteling/photos/secret.txt
      = help: copy the file here, or give it a name that begins with `_`

    error: is a symbolic link, which is not followed
      --> templates/secret.txt
    ");
}

/// A folder outside the site, with a file of each kind that the site could use.
fn elsewhere(site: &Site, name: &str) {
    let folder = site.outside().join("elsewhere").join(name);
    fs::create_dir_all(folder.join("articles")).unwrap();
    fs::write(folder.join("articles/secret.md"), markdown("title = 'Secret'\ndate = 2024-01-01")).unwrap();
    fs::write(folder.join("404.html"), "A secret.").unwrap();
}

#[test]
fn a_folder_of_the_site_that_is_a_link_out_of_it() {
    for folder in ["templates", "assets", "content"] {
        let site = small();
        elsewhere(&site, folder);
        if site.path(folder).exists() {
            site.remove(folder);
        }
        symlink(site.outside().join("elsewhere").join(folder), site.path(folder)).unwrap();
        let built = site.run(&[]);
        assert_ne!(built.code(), 0, "{folder}/ leads out of the site, and nobody minds");
        assert!(!site.output().files().any(|file| site.page(file).contains("ecret")), "{folder}");
    }
}

#[test]
fn an_output_folder_that_is_a_link_is_refused() {
    let site = small();
    fs::create_dir_all(site.outside().join("elsewhere")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path("output")).unwrap();
    let built = site.run(&[]);
    built.exit(3).says("symbolic link");
    assert_eq!(fs::read_dir(site.outside().join("elsewhere")).unwrap().count(), 0);
}

#[test]
fn a_folder_in_the_output_that_is_a_link_is_refused() {
    let site = small();
    fs::create_dir_all(site.outside().join("elsewhere")).unwrap();
    fs::create_dir_all(site.path("output")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path("output/parks")).unwrap();
    site.run(&[]).exit(3).says("parks");
    assert_eq!(fs::read_dir(site.outside().join("elsewhere")).unwrap().count(), 0);

    // Later as well, when something there is to be written or removed.
    let site = small();
    site.build();
    site.rename("output/parks", "output/was");
    fs::rename(site.path("output/was"), site.outside().join("elsewhere")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path("output/parks")).unwrap();
    site.remove(BARON);
    site.run(&[]).exit(3).says("parks");
    assert!(site.outside().join("elsewhere/efteling/rides/baron-1898/index.html").exists());
}

#[test]
fn a_file_in_the_output_that_is_a_link_is_replaced() {
    let site = small();
    site.build();
    let page = site.page("/articles/loops/");
    let outside = site.outside().join("precious");
    fs::write(&outside, &page).unwrap();
    site.remove("output/articles/loops/index.html");
    symlink(&outside, site.path("output/articles/loops/index.html")).unwrap();
    site.edit("content/articles/loops.md", "Round", "Round, round");
    site.build();
    assert!(site.path("output/articles/loops/index.html").symlink_metadata().unwrap().is_file());
    assert_eq!(fs::read_to_string(outside).unwrap(), page);
}

#[test]
fn a_state_folder_that_is_a_link_is_refused() {
    let site = small();
    fs::create_dir_all(site.outside().join("elsewhere")).unwrap();
    symlink(site.outside().join("elsewhere"), site.path(".lifthill")).unwrap();
    site.run(&[]).exit(3).says(".lifthill");
}

#[test]
fn a_folder_where_a_page_should_be() {
    let site = small();
    site.write("output/articles/loops/index.html/foreign.txt", "Not yours.");
    let built = site.run(&[]);
    assert!([1, 3].contains(&built.code()), "{}", built.stderr());
    built.says("articles/loops/index.html");
    assert_eq!(site.page("/articles/loops/index.html/foreign.txt"), "Not yours.");
    site.remove("output/articles/loops/index.html");
    site.build();
}

#[test]
fn settings_with_mistakes() {
    let site = small().file(
        "lifthill.toml",
        "titel = 'Parks'\nbase_url = 'parks.example'\nlanguage = 'nl_BE'\ndir = 'up'\n[lists]\nrides = 0\nparks = 'many'\n[countries]\nHolland = 'Nowhere'\n[content]\nrating_scale = 1\n",
    );
    let built = site.fails();
    built.exit(2).says("unknown key `titel`").says("did you mean `title`?");
    for place in ["1:1", "2:12", "3:12", "4:7", "6:9", "7:9", "9:1", "11:16"] {
        built.says(&format!("  --> lifthill.toml:{place}\n"));
    }
    assert!(!site.path("output").exists());
}

#[test]
fn settings_that_cannot_be_read() {
    let site = small().file("lifthill.toml", "title = 'Parks'\nbase_url = \"https://parks.example\n");
    let built = site.fails();
    built.exit(2);
    assert_snapshot!(built.problems(), @r#"
    error: invalid basic string, expected `"`
      --> lifthill.toml:2:34
       |
     2 | base_url = "https://parks.example
       |                                  ^
    "#);
    site.write("lifthill.toml", b"title = '\xff'");
    site.fails().exit(2).says("lifthill.toml").says("UTF-8");
}

#[test]
fn no_content() {
    let site = small();
    site.remove("content");
    let built = site.fails();
    built.exit(2);
    assert_snapshot!(built.problems(), @r"
    error: there is no site in site: no folder `content`
      = help: make content/parks/<park>/index.md, or name the site's folder with --root
    ");
    assert!(!site.path("output").exists() && !site.path(".lifthill").exists());

    // A site that loses its content keeps its pages.
    let site = small();
    site.build();
    site.rename("content", "contents");
    site.fails().exit(2);
    assert!(site.has("/articles/loops/"));
    site.rename("contents", "content");
    site.build().rendered([]);
}

#[test]
fn an_empty_content_folder_is_an_empty_site() {
    let site = Site::new();
    site.build();
    assert!(site.has("/") && site.has("/404.html") && site.has("/sitemap.xml"));
}

#[test]
fn wrong_usage() {
    let site = small();
    for arguments in [&["--now", "yesterday"][..], &["--base-url", "parks"], &["--jobs", "0"], &["--wat"]] {
        site.run(arguments).exit(2);
    }
    assert!(!site.path("output").exists());
}

#[test]
fn everything_in_one_run() {
    let site = small()
        .file("content/articles/a.md", "+++\ntitle = 'A'\ndate = 2024-13-01\n+++\n")
        .file("content/articles/b.md", "No front matter.\n")
        .file("content/articles/c.md", "+++\ntitle = 'C'\n")
        .article("d", "title = 'D'\ndate = 2024-01-01\ntag = ['x']\n+++\nSee <ride:efteling/nowhere>.")
        .file("content/parks/efteling/reviews.jsonl", "{\"author\":\"Mia\",\"rating\":11,\"created\":\"2024-01-01\"}\n")
        .file("assets/with space.css", "");
    let built = site.fails();
    built.exit(1);
    for place in [
        "assets/with space.css",
        "content/articles/a.md:3:8",
        "content/articles/b.md:1:1",
        "content/articles/c.md:1:1",
        "content/articles/d.md:4:1",
        "content/articles/d.md:7:6",
        "content/parks/efteling/reviews.jsonl:1:26",
    ] {
        built.says(&format!("  --> {place}\n"));
    }
}

#[test]
fn toml_that_is_none() {
    assert_snapshot!(said_of_ride("name = 'Baron'\ncategory = other\nkinds = ['a' 'b']"), @r"
    error: string values must be quoted, expected literal string
      --> content/parks/efteling/rides/baron-1898.md:3:12
       |
     3 | category = other
       |            ^^^^^

    error: missing comma between array elements, expected `,`
      --> content/parks/efteling/rides/baron-1898.md:4:14
       |
     4 | kinds = ['a' 'b']
       |              ^
    ");
    assert_snapshot!(said_of_ride("name = 'Baron'\nname = 'Python'"), @r"
    error: duplicate key
      --> content/parks/efteling/rides/baron-1898.md:3:1
       |
     3 | name = 'Python'
       | ^^^^
    ");
}

#[test]
fn yaml_that_is_none() {
    let said_of = |front: &str| {
        let site = small();
        site.write(BARON, format!("---\n{front}\n---\n\nProse.\n"));
        said(&site)
    };
    assert_snapshot!(said_of("name: 'Baron\ncategory: other"), @r"
    error: invalid indentation in quoted scalar
      --> content/parks/efteling/rides/baron-1898.md:2:7
       |
     2 | name: 'Baron
       |       ^
    ");
    assert_snapshot!(said_of("name: Baron\ncategory: other\nspeed_kmh: fast\nmanufacturer: vekoma\nkinds: [a, {b: c}]"), @r"
    error: `speed_kmh` must be a number, found text
      --> content/parks/efteling/rides/baron-1898.md:4:12
       |
     4 | speed_kmh: fast
       |            ^^^^

    error: unknown key `manufacturer`
      --> content/parks/efteling/rides/baron-1898.md:5:1
       |
     5 | manufacturer: vekoma
       | ^^^^^^^^^^^^
      = help: did you mean `manufacturers`?

    error: `kinds` must be text, found a table
      --> content/parks/efteling/rides/baron-1898.md:6:12
       |
     6 | kinds: [a, {b: c}]
       |            ^^^^^
    ");
    assert_snapshot!(said_of("name: &n Baron\ncategory: other\ntheme: *n"), @r"
    error: YAML aliases are not supported here
      --> content/parks/efteling/rides/baron-1898.md:4:8
       |
     4 | theme: *n
       |        ^
    ");
    assert_snapshot!(said_of("- name\n- category"), @r"
    error: `category` is missing
      --> content/parks/efteling/rides/baron-1898.md:2:1
       |
     2 | - name
       | ^
      = help: one of: roller_coaster, dark_ride, flat_ride, water_ride, transport, other

    error: `name` is missing
      --> content/parks/efteling/rides/baron-1898.md:2:1
       |
     2 | - name
       | ^^^^^^

    error: expected a table, found a list
      --> content/parks/efteling/rides/baron-1898.md:2:1
       |
     2 | - name
       | ^^^^^^
    ");
    assert_snapshot!(said_of("name: Naïve\ncategory: ümlaut"), @r"
    error: `ümlaut` is not a known `category`
      --> content/parks/efteling/rides/baron-1898.md:3:11
       |
     3 | category: ümlaut
       |           ^^^^^^
      = help: known here: roller_coaster, dark_ride, flat_ride, water_ride, transport, other
    ");
}

#[test]
fn nesting_without_end() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(5000), close.repeat(5000));
    let site = small();
    site.write(BARON, markdown(&format!("name = 'Baron'\ncategory = 'other'\nextra = {{ a = {} }}", deep("[", "]"))));
    site.fails().exit(1).says(BARON);
    site.write(BARON, format!("---\nname: Baron\ncategory: other\nextra: {{ a: {} }}\n---\n", deep("[", "]")));
    site.fails().exit(1).says(BARON);
    site.write(BARON, markdown("name = 'Baron'\ncategory = 'other'"));
    site.write("content/parks/efteling/reviews.jsonl", format!("{{\"author\":{}}}\n", deep("[", "]")));
    site.fails().exit(1).says("reviews.jsonl");
    site.remove("content/parks/efteling/reviews.jsonl");
    site.write(BARON, markdown(&format!("name = 'Baron'\ncategory = 'other'\n+++\n{}x", "> ".repeat(5000))));
    site.try_build(&[]);
    site.write(BARON, markdown(&format!("name = 'Baron'\ncategory = 'other'\n+++\n{}", deep("<div>", "</div>"))));
    site.try_build(&[]);
}

#[test]
fn reviews_with_mistakes() {
    let lines = [
        "{\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":11,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":7.3,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":7,\"creatd\":\"2024-01-01\"}",
        "{\"author\":\"\",\"rating\":7,\"created\":\"2024-01-01\"}",
        "{\"author\":\"Mia\",\"rating\":7,\"created\":\"2024-01-01\",\"state\":\"aproved\"}",
        "{\"author\":\"Mia\",\"rating\":7,\"created\":\"2024-01-01\",\"ride\":\"baron\"}",
        "{\"author\":\"Mia\",\"rating\":7,",
        "[]",
        "{\"author\":\"Mia\",\"rating\":0.5,\"created\":\"2024-01-01\"}",
    ];
    let site = small().file("content/parks/efteling/reviews.jsonl", lines.join("\n"));
    let built = site.fails();
    built.exit(1).never_says("reviews.jsonl:1:");
    for line in 2..=lines.len() {
        built.says(&format!("  --> content/parks/efteling/reviews.jsonl:{line}:"));
    }
    built.says("did you mean `created`?").says("did you mean `approved`?").says("did you mean `efteling/baron-1898`?");
}

#[test]
fn photos_with_mistakes() {
    let site = small().file(
        "content/parks/efteling/photos.toml",
        "[[photo]]\nalt = 'No file.'\n\n[[photo]]\nfile = '../../../secret.jpg'\n\n[[photo]]\nfile = 'a.jpg'\nride = 'baron'\ncaptoin = 'A train.'\n\n[[photos]]\nfile = 'b.jpg'\n",
    );
    assert_snapshot!(said(&site), @r"
    error: a photo needs its `file`
      --> content/parks/efteling/photos.toml:1:1
       |
     1 | [[photo]]
       | ^^^^^^^^^

    error: `../../../secret.jpg` is not a file name
      --> content/parks/efteling/photos.toml:5:8
       |
     5 | file = '../../../secret.jpg'
       |        ^^^^^^^^^^^^^^^^^^^^^

    error: there is no picture content/parks/efteling/photos/a.jpg
      --> content/parks/efteling/photos.toml:8:9
       |
     8 | file = 'a.jpg'
       |         ^^^^^

    error: there is no ride `efteling/baron`
      --> content/parks/efteling/photos.toml:9:8
       |
     9 | ride = 'baron'
       |        ^^^^^^^
      = help: did you mean `efteling/baron-1898`?

    error: unknown key `captoin`
      --> content/parks/efteling/photos.toml:10:1
        |
     10 | captoin = 'A train.'
        | ^^^^^^^
      = help: did you mean `caption`?

    error: unknown key `photos`
      --> content/parks/efteling/photos.toml:12:3
        |
     12 | [[photos]]
        |   ^^^^^^
      = help: did you mean `photo`?
    ");
}

#[test]
fn a_photo_without_its_picture() {
    let site = small()
        .file("content/parks/efteling/photos.toml", "[[photo]]\nfile = 'a.jpg'\n")
        .file("content/parks/efteling/photos/a.jpg", "a picture");
    site.build();
    site.rename("content/parks/efteling/photos/a.jpg", "content/parks/efteling/photos/b.jpg");
    site.fails().exit(1).says("content/parks/efteling/photos.toml:2:").says("content/parks/efteling/photos/a.jpg");
    site.rename("content/parks/efteling/photos/b.jpg", "content/parks/efteling/photos/a.jpg");
    site.build().rendered([]);
}

#[test]
fn areas_with_mistakes() {
    let site = small().file(
        "content/parks/efteling/areas.toml",
        "[[area]]\nname = 'Ruigrijk'\n\n[[area]]\nname = 'Ruigrijk!'\n\n[[area]]\nslug = 'No Slug'\nname = 'X'\n\n[[area]]\ndescription = 'Nameless.'\n",
    );
    let built = site.fails();
    built.exit(1);
    for place in ["4:1", "8:8", "11:1"] {
        built.says(&format!("  --> content/parks/efteling/areas.toml:{place}\n"));
    }
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
fn a_deleted_park_is_missed_by_its_files() {
    for (file, text) in [
        ("content/parks/walibi/areas.toml", "[[area]]\nname = 'West'\n"),
        ("content/parks/walibi/reviews.jsonl", "{\"author\":\"Mia\",\"rating\":8,\"created\":\"2024-01-01\"}\n"),
        ("content/parks/walibi/photos.toml", "[[photo]]\nfile = 'a.jpg'\n"),
        ("content/parks/walibi/rides/untamed.md", "+++\nname = 'Untamed'\ncategory = 'other'\n+++\n"),
    ] {
        let site = small().park("walibi", "name = 'Walibi'").file(file, text);
        site.write("content/parks/walibi/photos/a.jpg", "a picture");
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
        .file("content/parks/efteling/photos/a.jpg", "a picture")
        .file("content/parks/efteling/photos/b.jpg", "another");
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
fn a_broken_site_leaves_the_output_untouched() {
    let site = small();
    site.build();
    let before = site.output();
    site.edit("content/articles/loops.md", "Round", "Round [and](ride:no/where)");
    site.edit(BARON, "'Baron 1898'", "'Baron'");
    site.write("templates/ride.html", "mine");
    site.remove("content/companies/vekoma.md");
    site.fails().exit(1);
    assert_eq!(site.output().touched_since(&before), Vec::<String>::new());
    site.edit("content/articles/loops.md", "(ride:no/where)", "(ride:efteling/baron-1898)");
    site.build();
    assert!(!site.has("/companies/vekoma/"));
}

#[test]
fn only_the_output_and_the_state_are_written() {
    let site = small();
    site.build();
    let mut found: Vec<String> = fs::read_dir(site.path(""))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    found.sort();
    assert_eq!(found, [".lifthill", "content", "lifthill.toml", "output"]);
    assert!(!site.output().files().any(|file| file.ends_with(".tmp")));
}

#[test]
fn templates_with_mistakes() {
    let site = small();
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}\n<p>{{ ride.nmae }}</p>\n{% endblock main %}",
    );
    let built = site.fails();
    built.exit(1).failed(1);
    assert_snapshot!(built.problems(), @r"
    error: page /parks/efteling/rides/baron-1898/ cannot be made
    error: Field `nmae` is not defined. Available fields: acceleration, area, body_html, capacity_per_hour, cars_per_train, category, category_name, closed, cost_text, description, designers, drop_m, duration_s, extra, features, former_names, gforce, height_m, history, inversions, key, kinds, latitude, launch, layout, length_m, longitude, manufacturers, max_angle_deg, max_height_cm, min_age, min_height_cm, model, name, native_names, next, of, opened, park, photo, photos, position, previous, rating, replaced, replaced_by, restraint, reviews, riders_per_train, seats_per_car, sources, speed_kmh, status, status_name, theme, track, track_name, trains, url, video, water_name, website
     --> ride.html:3:12
      |
    3 | <p>{{ ride.nmae }}</p>
      |            ^^^^
      --> content/parks/efteling/rides/baron-1898.md
    ");

    let site = small();
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}{{ url(to='ride:efteling/baron') }}{% endblock main %}",
    );
    site.fails().failed(1).says("ride:efteling/baron").says("ride.html:2:");
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}{{ rides(sort='sped') }}{% endblock main %}",
    );
    site.fails().failed(1).says("did you mean `speed`?");
    site.write(
        "templates/ride.html",
        "{% extends \"base.html\" %}\n{% block main %}{{ asset(path='css/sight.css') }}{% endblock main %}",
    );
    site.fails().failed(1).says("did you mean `css/site.css`?");
    site.write("templates/ride.html", "{% extends \"bass.html\" %}");
    site.fails().exit(1).says("ride.html").says("bass.html");
    site.write("templates/ride.html", b"\xff");
    site.fails().exit(1).says("templates/ride.html").says("UTF-8");
    site.write("templates/ride.html", "{% extends \"ride.html\" %}");
    site.fails().exit(1).says("ride.html");
}

#[test]
fn odd_files_that_are_fine() {
    let site = small();
    site.write(BARON, "\u{feff}+++\r\nname = 'Baron'\r\ncategory = 'other'\r\n+++\r\n\r\nA *mine*.\r\n");
    site.write("content/articles/empty.md", "+++\ntitle = 'Empty'\ndate = 2024-01-01\n+++");
    site.write("content/parks/efteling/reviews.jsonl", "\n\n");
    site.write("content/parks/efteling/areas.toml", "");
    site.write("content/parks/efteling/photos.toml", "");
    site.build();
    assert!(site.page("/parks/efteling/rides/baron-1898/").contains("<em>mine</em>"));
    assert!(site.has("/articles/empty/"));
}

#[test]
fn names_of_any_kind_are_escaped_and_make_safe_urls() {
    let name = "AC/DC # 100% & \"Fun\" <b>'…?";
    let quoted = format!("name = '''{name}'''");
    let site = Site::new()
        .company("a & b", &quoted)
        .park("Ça & là #1", &format!("{quoted}\ncity = '''{name}'''\ncountry = 'NL'\ndescription = '''{name}'''"))
        .ride("Ça & là #1/50% off?", &format!("{quoted}\ncategory = 'other'\nopened = 2020\nstatus = 'operating'\nkinds = ['''{name}''']\nmanufacturers = ['a-and-b']"))
        .ride("Ça & là #1/قطار الموت", "name = 'قطار الموت'\ncategory = 'roller_coaster'\nnative_names = [{ name = '\u{202e}<i>', lang = 'ar', dir = 'rtl' }]")
        .file("content/parks/Ça & là #1/photos/a b?#.JPG", b"a picture")
        .file("content/parks/Ça & là #1/reviews.jsonl", "{\"author\":\"<b>Mia\",\"title\":\"<b>\",\"text\":\"<b>x</b> & y\",\"rating\":8,\"created\":\"2024-01-01\"}\n")
        .article("über/..".replace('/', "-").as_str(), &format!("title = '''{name}'''\ndate = 2024-01-01\ndescription = '''{name}'''\n+++\n<park:ca-and-la-1> <script>alert(1)</script>"));
    site.build();
    let output = site.output();
    let mut pages = 0;
    for file in output.files() {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
        assert!(file.chars().all(safe), "a file that makes a bad URL: {file}");
        if ![".html", ".xml", ".txt"].iter().any(|end| file.ends_with(end)) {
            continue;
        }
        pages += 1;
        let text = site.page(file);
        for forbidden in ["<b>'", "<b>x", "<b>Mia", "<script", "<i>", "& ", "#1 "] {
            let written = text.contains(forbidden);
            assert!(!written || (forbidden == "& " && file.ends_with(".txt")), "{file} holds {forbidden}:\n{text}");
        }
        for link in text.split("href=").skip(1) {
            let link = link.trim_start_matches('"').split(['"', '>', ' ']).next().unwrap_or_default();
            assert!(link.chars().all(|c| safe(c) || ":#".contains(c)), "{file} links to {link}");
        }
    }
    assert!(pages > 15, "{pages}");
    assert!(site.has("/parks/ca-and-la-1/rides/50-off/"));
    let fallback = output.files().filter(|file| file.starts_with("parks/ca-and-la-1/rides/n-")).count();
    assert_eq!(fallback, 1, "a name without Latin letters has a URL of its own");
    assert!(site.page("/parks/ca-and-la-1/").contains("قطار الموت"));
}

#[test]
fn a_ride_may_be_named_like_the_program_s_own_pages() {
    let site = small()
        .ride("efteling/page", "name = 'Page'\ncategory = 'other'")
        .article("page", "title = 'Page'\ndate = 2024-01-01")
        .park("page", "name = 'Page'")
        .company("index", "name = 'Index'");
    site.build();
    // The second page of the parks is not the park called "page".
    site.edit("lifthill.toml", "title", "lists.parks = 1\nlists.articles = 1\ntitle");
    site.build();
    assert!(site.page("/parks/page/").contains(">Page</h1>"));
    assert!(site.has("/parks/page/2/"));
}

#[test]
fn a_file_moved_by_hand_between_parks() {
    let site = small().park("toverland", "name = 'Toverland'");
    site.build();
    site.rename(BARON, &ride_file("toverland/baron-1898"));
    site.build().removed(1);
    assert!(site.has("/parks/toverland/rides/baron-1898/"));
}
