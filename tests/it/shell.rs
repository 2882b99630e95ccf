//! The program as somebody at a shell meets it: pipes that close early, folders that are no site, where
//! one stands, and what things may be called.

use serde_json::Value;

use crate::site::Site;

fn efteling() -> Site {
    Site::new()
        .park("efteling", "name = 'Efteling'\ncountry = 'NL'\nformer_slugs = ['sprookjesbos']")
        .park("toverland", "name = 'Toverland'\ncountry = 'NL'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'")
        .article("mack-rides", "title = 'Mack Rides'\ndate = 2025-05-01")
        .file("content/parks/efteling/areas.toml", "[[area]]\nslug = 'ruigrijk'\nname = 'Ruigrijk'\n")
}

#[test]
fn whoever_stops_reading_is_not_told_of_it() {
    let site = efteling().file(
        "lifthill.toml",
        "title = 'Parks'\nbase_url = 'https://parks.example'\n[publish.live]\nto = 'file:///nowhere/at/all'\n",
    );
    site.build();
    site.edit("content/parks/efteling/index.md", "'Efteling'", "'De Efteling'");
    for command in [
        &["impact", "park:efteling"][..],
        &["impact", "park:efteling", "--json"],
        &["why", "/parks/efteling/"],
        &["why", "/parks/efteling/", "--json"],
        &["build", "--dry-run"],
        &["check", "--json"],
        &["cache", "stat"],
        &["cache", "gc", "--json"],
        &["cache", "stat", "--json"],
        &["publish", "--list"],
        &["build", "--json"],
    ] {
        let (code, stderr) = site.command_unread(command, true);
        assert_eq!(code, Some(0), "{command:?}: {stderr}");
        assert!(!stderr.to_lowercase().contains("pipe") && !stderr.contains("panicked"), "{command:?}: {stderr}");
    }
}

#[test]
fn what_a_command_came_to_is_told_even_where_nobody_reads() {
    let site = efteling();
    site.edit("content/parks/efteling/index.md", "country", "contry");
    assert_eq!(site.command_unread(&["build", "--json"], true).0, Some(1));
    assert_eq!(site.command_unread(&["build"], false).0, Some(1));
    std::os::unix::fs::symlink(site.outside(), site.path("templates")).expect("a link");
    assert_eq!(site.command_unread(&["build"], false).0, Some(3), "a link is not followed");
}

/// Every command that is about a site.
const OF_A_SITE: [&[&str]; 13] = [
    &["build"],
    &["build", "--dry-run"],
    &["serve", "--port", "0"],
    &["check"],
    &["check", "--history", "1"],
    &["why", "/"],
    &["impact", "title"],
    &["diff"],
    &["publish"],
    &["publish", "--list"],
    &["cache", "stat"],
    &["cache", "gc"],
    &["clean"],
];

#[test]
fn a_folder_that_is_no_site_is_told_from_one_by_every_command() {
    let site = Site::new().file("nothing/.keep", "").file("notes/todo.txt", "").file("odd/content", "a file");
    for folder in ["nothing", "notes", "odd"] {
        let before = crate::tree::Tree::of(&site.path(folder));
        for command in OF_A_SITE {
            let named = [command, &["--root", folder]].concat();
            let (code, stdout, stderr) = site.command_in("", &named);
            assert_eq!(code, 2, "{command:?} in {folder}: {stdout}{stderr}");
            assert!(stderr.contains(&format!("there is no site in {folder}")), "{command:?} in {folder}: {stderr}");
            assert!(stdout.is_empty(), "{command:?} in {folder}: {stdout}");
        }
        let touched = crate::tree::Tree::of(&site.path(folder)).touched_since(&before);
        assert!(touched.is_empty(), "{folder}: {touched:?}");
    }
    assert_eq!(site.command_in("", &["check", "--root", "not/there"]).0, 2);
    let (code, _, stderr) = site.command_in("", &["db", "import", "--root", "nothing"]);
    assert!(code == 2 && stderr.contains("there is no site"), "{stderr}");
}

#[test]
fn content_that_was_moved_away_is_missed_by_whatever_reads_it() {
    let site = efteling();
    site.build();
    site.rename("content", "content.off");
    for command in [&["check"][..], &["build"], &["why", "/parks/efteling/"], &["impact", "title"], &["db", "import"]] {
        let (code, _, stderr) = site.command(command);
        assert!(code == 2 && stderr.contains("no folder `content`"), "{command:?}: {code} {stderr}");
    }
    assert_eq!(site.command(&["cache", "stat"]).0, 0, "what is kept can be looked at all the same");
    assert!(site.has("/parks/efteling/"));
}

#[test]
fn check_counts_pages_as_a_build_does() {
    let site = efteling();
    let (code, _, before) = site.command(&["check"]);
    let (_, json, _) = site.command(&["check", "--json"]);
    let report: Value = serde_json::from_str(&json).expect("one JSON object");
    let built = site.build();
    assert_eq!(code, 0, "{before}");
    assert!(
        before.starts_with(&format!("{} pages from 5 files, 0 warnings", built.number("/pages/total"))),
        "{before}"
    );
    assert_eq!(report["pages"]["total"], built.number("/pages/total"));
    let files = site.output();
    let pages = files.files().filter(|file| file.ends_with(".html")).count() as u64;
    assert_eq!(built.number("/pages/total"), pages);
    assert_eq!(
        built.number("/others/total") + built.number("/compression/files"),
        files.files().count() as u64 - pages
    );
}

#[test]
fn the_site_is_found_from_any_folder_in_it() {
    let site = efteling().file("templates/_notes/x.txt", "");
    let (code, _, stderr) = site.command_in("content/parks/efteling/rides", &["build"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(site.has("/parks/efteling/rides/python/") && !site.path("content/parks/efteling/rides/output").exists());
    for folder in ["", "content", "content/parks/efteling", "templates/_notes", "output/parks/efteling", ".lifthill"] {
        let (code, _, stderr) = site.command_in(folder, &["build"]);
        assert!(code == 0 && stderr.contains(" 0 rendered"), "in {folder}: {stderr}");
        let (code, _, stderr) = site.command_in(folder, &["check"]);
        assert_eq!(code, 0, "in {folder}: {stderr}");
    }
    let (code, _, stderr) = site.command_in("content", &["build", "--root", "."]);
    assert!(code == 2 && stderr.contains("there is no site in ."), "a folder that is named is meant: {stderr}");
    site.command_in("content", &["clean"]);
    assert!(!site.path(".lifthill").exists() && !site.has("/"));
}

#[test]
fn a_page_called_content_makes_no_site_of_the_output() {
    let site = efteling().article("content", "title = 'Content'\ndate = 2025-05-01");
    site.build();
    let (code, _, stderr) = site.command_in("output/articles", &["build"]);
    assert!(code == 0 && stderr.contains(" 0 rendered"), "{stderr}");
    assert!(!site.path("output/articles/output").exists());
}

#[test]
fn a_path_is_one_from_where_one_stands() {
    let site = efteling();
    site.build();
    let kind = |folder: &str, arguments: &[&str]| {
        let (code, stdout, stderr) = site.command_in(folder, &[arguments, &["--json"]].concat());
        assert_eq!(code, 0, "{arguments:?} in {folder}: {stderr}");
        serde_json::from_str::<Value>(&stdout).expect("one JSON object")
    };
    for (folder, named) in [
        ("content/parks/efteling", "index.md"),
        ("content/parks/toverland", "../efteling/index.md"),
        ("content/parks", "./efteling/index.md"),
        ("content/parks", "efteling"),
        ("", "content/parks/efteling/index.md"),
        ("content", "content/parks/efteling/index.md"),
        ("output/parks/efteling", "index.html"),
    ] {
        assert_eq!(kind(folder, &["why", named])["page"], "/parks/efteling/", "{named} in {folder}");
        let of = &kind(folder, &["impact", named])["of"];
        let of: Vec<&str> = of.as_array().expect("a list").iter().filter_map(Value::as_str).collect();
        assert!(of.contains(&"park:efteling"), "{named} in {folder}: {of:?}");
    }
    let of = &kind("content/..", &["impact", "./lifthill.toml"])["of"];
    assert!(of.as_array().expect("a list").iter().any(|one| one == "setting compress.assets"), "{of}");
    site.remove("content/articles/mack-rides.md");
    assert_eq!(kind("content/articles", &["impact", "mack-rides.md"])["of"][0], "article:mack-rides");
    let whole = site.path("content/parks/efteling/index.md");
    assert_eq!(kind("", &["why", whole.to_str().expect("UTF-8")])["page"], "/parks/efteling/");
}

#[test]
fn a_page_is_known_by_every_name_it_has() {
    let site = efteling();
    site.build();
    let park = "/parks/efteling/";
    for (named, page) in [
        ("parks/efteling", park),
        ("/parks/efteling", park),
        ("parks/efteling/", park),
        ("//parks//efteling//", park),
        ("parks/efteling/index.html", park),
        ("https://parks.example/parks/efteling/", park),
        ("http://PARKS.example/parks/efteling", park),
        ("https://parks.example/parks/efteling/?utm=1#rides", park),
        ("parks.example/parks/efteling/", park),
        ("http://127.0.0.1:1111/parks/efteling/", park),
        ("http://localhost:1111/parks/efteling/", park),
        ("content/parks/efteling/index.md", park),
        ("./content/parks/efteling/index.md", park),
        ("content/parks/efteling/", park),
        ("content/parks/efteling/areas.toml", park),
        ("park:efteling", park),
        ("park:efteling#rides", park),
        ("area:efteling/ruigrijk", park),
        ("output/parks/efteling/index.html", park),
        ("output/parks/efteling/", park),
        ("parks/efteling/#rides", park),
        ("ride:efteling/python", "/parks/efteling/rides/python/"),
        ("content/parks/efteling/rides/python.md", "/parks/efteling/rides/python/"),
        ("article:mack-rides", "/articles/mack-rides/"),
        ("articles/mack%2Drides", "/articles/mack-rides/"),
        ("country:NL", "/countries/nl/"),
        ("feed.xml", "/feed.xml"),
        ("/feed.xml/", "/feed.xml"),
        ("404.html", "/404.html"),
        ("https://parks.example", "/"),
        ("/", "/"),
        ("parks/sprookjesbos", "/parks/sprookjesbos/"),
    ] {
        let (code, stdout, stderr) = site.command(&["why", named, "--json"]);
        assert_eq!(code, 0, "why {named}: {stderr}");
        let why: Value = serde_json::from_str(&stdout).expect("one JSON object");
        assert_eq!(why["page"], page, "why {named}");
        if !["/", "/feed.xml", "/404.html"].contains(&page) {
            let (code, _, stderr) = site.command(&["impact", named, "--json"]);
            assert_eq!(code, 0, "impact {named}: {stderr}");
        }
    }
    let sheet = site.command(&["why", "assets/css/site.css", "--json"]).1;
    let sheet: Value = serde_json::from_str(&sheet).expect("one JSON object");
    assert!(sheet["page"].as_str().is_some_and(|page| page.starts_with("/assets/css/site.")), "{sheet}");
    assert_eq!(site.command(&["why", "output/assets/manifest.json"]).0, 0);
}

#[test]
fn a_new_page_is_known_by_its_names_before_it_is_built() {
    let site = efteling();
    site.build();
    site.write("content/parks/phantasialand/index.md", "+++\nname = 'Phantasialand'\n+++\n");
    for named in ["park:phantasialand", "content/parks/phantasialand/index.md", "parks/phantasialand"] {
        let (code, stdout, stderr) = site.command(&["why", named]);
        assert_eq!(code, 0, "{named}: {stderr}");
        assert!(stdout.contains("/parks/phantasialand/ (park)") && stdout.contains("it is a new page"), "{stdout}");
    }
}

#[test]
fn a_name_that_nothing_has_is_told_with_what_was_meant() {
    let site = efteling();
    site.build();
    for (named, meant) in [
        ("parks/eftelling", "did you mean /parks/efteling/?"),
        ("https://parks.example/parks/eftelling/", "did you mean /parks/efteling/?"),
        ("park:eftelling", "did you mean"),
        ("content/parks/efteling/rides/pyton.md", "did you mean"),
        ("output/parks/eftelling/index.html", "did you mean /parks/efteling/?"),
        ("https://elsewhere.example/parks/efteling/", "no address of this site, which is at https://parks.example"),
    ] {
        for verb in ["why", "impact"] {
            let (code, _, stderr) = site.command(&[verb, named]);
            assert_eq!(code, 2, "{verb} {named}");
            assert!(
                stderr.contains(meant) || verb == "impact" && stderr.contains("did you mean"),
                "{verb} {named}: {stderr}"
            );
        }
    }
    for wrong in ["../../etc/passwd", "/%2e%2e/", "parks/../../x", "\u{7}"] {
        assert_eq!(site.command(&["why", wrong]).0, 2, "{wrong}");
    }
}

#[test]
fn a_folder_has_the_impact_of_what_is_in_it() {
    let site = efteling();
    site.build();
    let of = |named: &str| {
        let (code, stdout, stderr) = site.command(&["impact", named, "--json"]);
        assert_eq!(code, 0, "{named}: {stderr}");
        let impact: Value = serde_json::from_str(&stdout).expect("one JSON object");
        impact["of"].as_array().expect("a list").iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let all: Vec<String> = of("content/parks/efteling");
    assert_eq!(all, ["area:efteling/ruigrijk", "park:efteling", "ride:efteling/python"]);
    let rides: Vec<String> = of("content/parks/efteling/rides/");
    assert_eq!(rides, ["ride:efteling/python"]);
}
