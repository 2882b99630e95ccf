//! Rows and files say the same: what one makes the other makes, and each can be turned into the other.

use std::path::Path;

use super::cluster::Server;
use super::{fill, is_the_same_from_rows, keeps_the_secret, migrate, site_on};
use crate::site::{Site, copy};
use crate::tree::Tree;

/// The content of the repository, which is a real site.
fn real_content() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("content")
}

#[test]
fn the_real_site_is_the_same_from_rows_and_from_files() {
    let server = Server::primary();
    let files = site_on(&server);
    copy(&real_content(), &files.path("content"), &[]);
    let from_files = files.run(&["--source", "files"]);
    from_files.exit(0);
    let (rows, from_rows) = is_the_same_from_rows(&files, &from_files, &server);
    keeps_the_secret(&rows, from_rows.stderr());

    // Changing the source changes nothing.
    files.run(&["--source", "postgres"]).wrote(0).removed(0).exit(0);
    files.run(&["--source", "files"]).wrote(0).removed(0).exit(0);

    // Files → rows → files: byte for byte.
    let exported = rows.outside().join("exported");
    let (code, _, said) = rows.command(&["db", "export", "--to", &exported.to_string_lossy()]);
    assert_eq!(code, 0, "{said}");
    let left_out = ["_DATA.md"];
    let differences = Tree::of(&exported).differences(&Tree::without(&real_content(), &left_out));
    assert!(differences.is_empty(), "an export (left) is not what was imported:\n{}", differences.join("\n"));
    let (_, said, _) = files.command(&["db", "import", "--json"]);
    assert!(said.contains("\"rows\":0,\"removed\":0"), "importing again changes something: {said}");

    // Without the layouts an export still says the same.
    server.sql("TRUNCATE lifthill.layouts");
    let plain = site_on(&server);
    let (code, _, said) = plain.command(&["db", "export"]);
    assert_eq!(code, 0, "{said}");
    plain.run(&["--source", "files"]).exit(0);
    let differences = plain.output().differences(&files.output());
    assert!(differences.is_empty(), "what was written anew says something else:\n{}", differences.join("\n"));
    let (_, said, _) = plain.command(&["db", "import", "--json"]);
    assert!(said.contains("\"rows\":0,\"removed\":0"), "what was written anew is imported otherwise: {said}");
}

#[test]
fn everything_that_a_file_can_say_survives_the_journey() {
    let server = Server::primary();
    let site = Site::new()
        .company("vekoma", "name = 'Vekoma'\nroles = ['manufacturer']\nfounded = '1920s'\naliases = ['/vekoma.html']")
        .company("b-and-m", "name = \"B \\\"&\\\" M\"\nparent = 'company:vekoma'\nperson = false")
        .model("vekoma/boomerang", "name = 'Boomerang'")
        .park(
            "efteling",
            "name = 'Efteling'\ncountry = 'nl'\nopened = 1952-05-31\nlatitude = 51.648\nlongitude = 5\n# a remark\n\
             native_names = [{ name = 'エフテリング', lang = 'ja' }]\nformer_slugs = ['sprookjesbos']\n\
             [[history]]\ndate = '1951'\ntype = 'start'\ntitle = 'Begun'\n[extra]\nfloat = 3.0\nwhole = 3\nlist = [1, 'two', [3]]\n\
             day = 2001-02-03\n\"odd key\" = { deep = true }",
        )
        .file("content/parks/efteling/areas.toml", "[[area]]\nname = 'Ruigrijk'\n\n[[area]]\nslug = 'marerijk'\nname = 'Mare Rijk'\n")
        .ride("efteling/python", "name = 'Python'\ncategory = 'Roller-Coaster'\nmodel = 'vekoma/boomerang'\nheight_m = 29.0\nopened = 1981\nreplaced_by = 'Nothing yet'")
        .ride("efteling/later", "name = 'Later'\ncategory = 'other'\npublish_on = '2030-01-01T09:00:00+01:00'\ndraft = true")
        .file(
            "content/parks/efteling/rides/yaml.md",
            "---\nname: Yaml\ncategory: dark_ride\nslug: from-yaml\nkinds: [a, b]\n---\n\r\n  Windows\r\nline ends\n\n\n",
        )
        .file(
            "content/parks/efteling/reviews.jsonl",
            "{\"ride\":\"python\",\"author\":\"Ann \\\"A\\\"\",\"rating\":7.5,\"created\":\"2024-01-02T03:04:05Z\",\"text\":\"Two\\n\\nparagraphs\"}\n\n\
             {\"author\":\"Bob\",\"rating\":3,\"created\":\"2024-01-03\",\"state\":\"rejected\",\"id\":\"x\"}\n",
        )
        .file("content/parks/efteling/photos.toml", "[[photo]]\nfile = 'a.jpg'\nride = 'python'\nprimary = true\n[[photo]]\nfile = 'b.jpg'\napproved = false\n")
        .file("content/parks/efteling/photos/a.jpg", crate::postgres::exchange::PICTURE)
        .article("hello", "title = 'Hello'\ndate = 2024-01-01\ntags = ['a']\n+++\n+++ in a body is +++ no fence");
    let settings =
        format!("title = 'Parks'\nbase_url = 'https://parks.example'\n[postgres]\nurl = '{}'\n", server.address());
    let site = site.file("lifthill.toml", settings);
    site.run(&[]).exit(0);
    migrate(&site);
    let (code, _, said) = site.command(&["db", "import"]);
    assert_eq!(code, 0, "{said}");
    let built = site.run(&["--source", "postgres"]);
    built.exit(0).wrote(0).removed(0);
    for layouts in ["kept", "gone"] {
        let folder = site.outside().join(layouts);
        let (code, _, said) = site.command(&["db", "export", "--to", &folder.to_string_lossy()]);
        assert_eq!(code, 0, "{said}");
        if layouts == "kept" {
            let differences = Tree::of(&folder).differences(&Tree::of(&site.path("content")));
            let differences: Vec<_> = differences.into_iter().filter(|one| !one.contains(".jpg")).collect();
            assert!(differences.is_empty(), "{}", differences.join("\n"));
            server.sql("TRUNCATE lifthill.layouts");
            continue;
        }
        copy(&folder, &site.path("content"), &[]);
        site.remove("content/parks/efteling/rides/yaml.md");
        let (code, said, _) = site.command(&["db", "import", "--json"]);
        assert_eq!(code, 0, "{said}");
        assert!(said.contains("\"rows\":0,\"removed\":0"), "written anew, it says something else: {said}");
        site.run(&["--source", "files"]).exit(0).wrote(0).removed(0);
    }
}

/// The smallest picture: a GIF of one pixel.
pub const PICTURE: &[u8] = b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

#[test]
fn mistakes_in_files_are_all_told_and_nothing_is_imported() {
    let server = Server::primary();
    let site = site_on(&server)
        .park("efteling", "nam = 'Efteling'")
        .ride("efteling/python", "name = 'Python'\ncategory = 'coaster'");
    migrate(&site);
    let (code, _, said) = site.command(&["db", "import"]);
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("unknown key `nam`") && said.contains("`coaster` is not a known `category`"), "{said}");
    assert_eq!(server.sql("SELECT count(*) FROM lifthill.parks"), "0");
}

#[test]
fn articles_from_files_and_parks_from_rows() {
    let server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    let site = site.article("news", "title = 'News'\ndate = '2024-02-02'\n+++\nOn <ride:efteling/python>.");
    site.edit("lifthill.toml", "'postgres'", "'mixed'");
    site.build();
    assert!(site.has("/articles/news/") && site.has("/articles/hello/") && site.has("/parks/efteling/rides/python/"));

    // One key in both is a mistake that names both.
    let site = site.ride("efteling/python", "name = 'Another'\ncategory = 'other'");
    let failed = site.fails();
    failed.exit(1).says("content/parks/efteling/rides/python.md").says("postgres: rides efteling/python");
    site.remove("content/parks/efteling/rides/python.md");
    site.build().rendered([]);
    // The file takes over where the row goes.
    server.sql("DELETE FROM lifthill.reviews WHERE ride = 'python'; DELETE FROM lifthill.rides WHERE slug = 'python'");
    let site = site.ride("efteling/python", "name = 'Python'\ncategory = 'roller_coaster'");
    site.build();
    assert!(site.has("/parks/efteling/rides/python/"));
}

#[test]
fn reviews_and_photos_of_one_record_stand_in_one_place() {
    let server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    let site = site.file("content/parks/efteling/photos/a.gif", PICTURE);
    site.edit("lifthill.toml", "'postgres'", "'mixed'");
    site.build();
    let review = |ride: &str| format!("{{{ride}\"author\":\"Eve\",\"rating\":5,\"created\":\"2024-07-01\"}}\n");
    let reviews = "content/parks/efteling/reviews.jsonl";

    // Rows hold those of Python and of the park; those of Droomvlucht may stand in a file.
    site.write(reviews, review("\"ride\":\"python\","));
    let failed = site.fails();
    failed.exit(1).says("reviews of ride:efteling/python stand both in content/parks/efteling/reviews.jsonl and in postgres: reviews efteling/python");
    failed.says("keep all reviews of one record in one of the two");
    site.write(reviews, review(""));
    site.fails().exit(1).says("reviews of park:efteling stand both in").says("postgres: reviews efteling");
    site.write(reviews, review("\"ride\":\"droomvlucht\","));
    site.build();
    assert!(site.page("/parks/efteling/rides/droomvlucht/").contains("Eve"));
    // The other way round: a row that comes.
    server.sql("INSERT INTO lifthill.reviews (park, ride, id, author, rating, created, state) VALUES ('efteling', 'droomvlucht', 'e', 'Flo', 9, '2024-08-01', 'approved')");
    site.fails().exit(1).says("reviews of ride:efteling/droomvlucht stand both in");
    // The file takes over where rows go, and rows where the file goes.
    server.sql("DELETE FROM lifthill.reviews WHERE ride = 'droomvlucht' OR ride = 'python'");
    site.write(reviews, review("\"ride\":\"droomvlucht\",") + &review("\"ride\":\"python\","));
    site.build();
    assert!(site.page("/parks/efteling/rides/python/").contains("Eve"));
    server.sql("INSERT INTO lifthill.reviews (park, ride, id, author, rating, created, state) VALUES ('efteling', 'python', 'f', 'Gus', 9, '2024-08-01', 'approved')");
    site.remove(reviews);
    site.build();
    assert!(site.page("/parks/efteling/rides/python/").contains("Gus"));

    // Photos likewise.
    server.sql("INSERT INTO lifthill.photos (park, position, file, ride, alt) VALUES ('efteling', 0, 'a.gif', 'python', 'A loop')");
    site.build();
    let photos = "content/parks/efteling/photos.toml";
    site.write(photos, "[[photo]]\nfile = 'a.gif'\nride = 'python'\nalt = 'Two loops'\n");
    site.fails().exit(1).says("photos of ride:efteling/python stand both in content/parks/efteling/photos.toml and in postgres: photos efteling");
    server.sql("DELETE FROM lifthill.photos");
    site.build();
    assert!(site.page("/parks/efteling/rides/python/").contains("Two loops"));
}
