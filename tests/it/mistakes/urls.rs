//! Slugs, aliases and names that meet, and names that are hard to write in a URL.

use insta::assert_snapshot;

use super::*;
use crate::site::{Site, markdown, picture, ride_file};

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
fn names_of_any_kind_are_escaped_and_make_safe_urls() {
    let name = "AC/DC # 100% & \"Fun\" <b>'…?";
    let quoted = format!("name = '''{name}'''");
    let site = Site::new()
        .company("a & b", &quoted)
        .park("Ça & là #1", &format!("{quoted}\ncity = '''{name}'''\ncountry = 'NL'\ndescription = '''{name}'''"))
        .ride("Ça & là #1/50% off?", &format!("{quoted}\ncategory = 'other'\nopened = 2020\nstatus = 'operating'\nkinds = ['''{name}''']\nmanufacturers = ['a-and-b']"))
        .ride("Ça & là #1/قطار الموت", "name = 'قطار الموت'\ncategory = 'roller_coaster'\nnative_names = [{ name = '\u{202e}<i>', lang = 'ar', dir = 'rtl' }]")
        .file("content/parks/Ça & là #1/photos/a b?#.JPG", picture(1))
        .file("content/parks/Ça & là #1/photos.toml", "[[photo]]\nfile = 'a b?#.JPG'\nalt = '<b>'\n")
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
    assert!(site.has("/parks/ca-and-la-1/rides/qtr-lmwt/"), "a name without Latin letters is transliterated");
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
