//! Rows of a database, served as they change.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use super::Served;
use super::watching::becomes_a_clean_build;
use crate::postgres::cluster::Server;
use crate::postgres::{fill, keeps_the_secret, site_with};
use crate::site::Site;

const PYTHON: &str = "/parks/efteling/rides/python/";

fn filled(server: &Server) -> Site {
    let site = site_with(server, "poll_s = 1");
    fill(&site, server);
    site
}

#[test]
fn a_row_is_served_as_it_changes() {
    let server = Server::primary();
    let site = filled(&server);
    let mut served = Served::start(&site, &["--watch"]).built();
    served.get(PYTHON).is(200);
    server.sql("UPDATE lifthill.rides SET body = 'Painted yellow.' WHERE slug = 'python'");
    served.shows(PYTHON, "Painted yellow.");
    served.hears("/rides/python/");
    server.sql("INSERT INTO lifthill.rides (park, slug, name, category, status) VALUES ('efteling', 'baron', 'Baron', 'roller_coaster', 'operating')");
    served.shows("/parks/efteling/", "Baron");
    server.sql("DELETE FROM lifthill.rides WHERE slug = 'baron'");
    becomes_a_clean_build(&site);
    served.get("/parks/efteling/rides/baron/").is(404);
    // Files beside it are watched as ever.
    site.write("templates/robots.txt", "# our own\n");
    served.shows("/robots.txt", "# our own");
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}

#[test]
fn a_pooler_passes_no_notice_on_and_polling_sees_it_all_the_same() {
    let server = Server::primary();
    let pooler = server.pooler();
    let site = filled(&server);
    let settings = std::fs::read_to_string(site.path("lifthill.toml")).expect("the settings");
    site.write("lifthill.toml", settings.replace(&server.address(), &pooler.address()));
    let served = Served::start(&site, &["--watch"]).built();
    server.sql("UPDATE lifthill.rides SET body = 'Painted yellow.' WHERE slug = 'python'");
    served.shows(PYTHON, "Painted yellow.");
}

#[test]
fn a_server_that_goes_is_a_mistake_until_it_is_back() {
    let mut server = Server::primary();
    let site = filled(&server);
    let mut served = Served::start(&site, &["--watch"]).built();
    server.stop();
    let said = served.hears("database");
    let overlay = format!("/__lifthill/overlay?token={}", served.token());
    served.shows(&overlay, "database");
    served.get(PYTHON).is(200);
    keeps_the_secret(&site, &(said + &served.get(&overlay).text()));
    server.restart();
    served.hears("No more mistakes.");
    server.sql("UPDATE lifthill.rides SET body = 'Painted yellow.' WHERE slug = 'python'");
    served.shows(PYTHON, "Painted yellow.");
    becomes_a_clean_build(&site);
}

#[test]
fn settings_change_the_source_while_it_is_served() {
    let server = Server::primary();
    let site = filled(&server);
    let settings = std::fs::read_to_string(site.path("lifthill.toml")).expect("the settings");
    site.write("lifthill.toml", settings.replace("source = 'postgres'", "source = 'files'"));
    let mut served = Served::start(&site, &["--watch"]).built();
    served.get(PYTHON).is(404);
    site.write("lifthill.toml", &settings);
    served.shows(PYTHON, "Python");
    server.sql("UPDATE lifthill.rides SET body = 'Painted yellow.' WHERE slug = 'python'");
    served.shows(PYTHON, "Painted yellow.");
    site.write("lifthill.toml", settings.replace("source = 'postgres'", "source = 'files'"));
    becomes_a_clean_build(&site);
    served.get(PYTHON).is(404);
    assert_eq!(served.stop(), Some(0));
    // What was said when it was started goes before the settings, every time.
    let mut served = Served::start(&site, &["--watch", "--source", "postgres"]).built();
    served.get(PYTHON).is(200);
    server.sql("UPDATE lifthill.rides SET body = 'Painted red.' WHERE slug = 'python'");
    served.shows(PYTHON, "Painted red.");
    assert_eq!(served.stop(), Some(0));
}

#[test]
fn an_open_page_shows_the_row() {
    let server = Server::primary();
    let site = filled(&server);
    let served = Served::start(&site, &["--watch"]).built();
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    if !folder.join("node_modules/playwright-core").exists() {
        let install = ["install", "--no-audit", "--no-fund", "--no-package-lock", "--silent"];
        let installed = Command::new("npm").args(install).current_dir(&folder).status().expect("npm runs");
        assert!(installed.success(), "the browser tests' packages can be installed");
    }
    let page = format!("http://{}{PYTHON}", served.address());
    let mut browser = Command::new("node");
    browser.args(["row.mjs", &page, "Painted yellow."]).current_dir(&folder).stdout(Stdio::piped());
    let mut browser = browser.spawn().expect("node runs");
    let mut lines = BufReader::new(browser.stdout.take().expect("its output")).lines().map_while(Result::ok);
    assert_eq!(lines.next().as_deref(), Some("open"));
    server.sql("UPDATE lifthill.rides SET body = 'Painted yellow.' WHERE slug = 'python'");
    assert_eq!(lines.next().as_deref(), Some("shown"));
    assert!(browser.wait().expect("it ends").success());
}

/// A site on somebody else's tables, read through SQL files.
fn of_their_own(server: &Server, rides: &str) -> Site {
    server.sql(
        "CREATE TABLE park (slug text PRIMARY KEY, name text); INSERT INTO park VALUES ('efteling', 'Efteling'); \
         CREATE TABLE ride (park text, slug text PRIMARY KEY, title text, due timestamptz NOT NULL DEFAULT '2020-01-01'); \
         INSERT INTO ride VALUES ('efteling', 'python', 'Python'); \
         CREATE TABLE labels (slug text, label text); INSERT INTO labels VALUES ('python', 'Snake'); \
         CREATE FUNCTION lab(x text) RETURNS text LANGUAGE sql AS $$ SELECT label FROM labels WHERE slug = x $$; \
         CREATE VIEW shown AS SELECT park, slug, title || ' ' || lab(slug) AS name, due FROM ride",
    );
    let site = site_with(server, "poll_s = 1\nsql = 'sql'")
        .file("sql/parks.sql", "SELECT slug, name FROM park;")
        .file("sql/rides.sql", rides);
    let (code, _, said) = site.command(&["db", "migrate"]);
    assert_eq!(code, 0, "{said}");
    for table in ["park", "ride", "labels"] {
        let (code, sql, said) = site.command(&["db", "triggers", "--for", table]);
        assert_eq!(code, 0, "{said}");
        server.sql(&sql);
    }
    site
}

#[test]
fn rows_that_somebodys_sql_reaches_are_served_as_they_change() {
    let server = Server::primary();
    let site = of_their_own(&server, "SELECT park, slug, name, 'other' AS category FROM shown");
    let mut served = Served::start(&site, &["--watch"]).built();
    served.shows(PYTHON, "Python Snake");
    // What a function reads; a definition, of which no trigger tells; a table's values by way of its type.
    server.sql("UPDATE labels SET label = 'Cobra'");
    served.shows(PYTHON, "Python Cobra");
    server.sql("CREATE OR REPLACE FUNCTION lab(x text) RETURNS text LANGUAGE sql AS $$ SELECT 'Mamba' $$");
    served.shows(PYTHON, "Python Mamba");
    server.sql(
        "DROP VIEW shown; ALTER TABLE ride ALTER COLUMN title TYPE text USING upper(title); \
                CREATE VIEW shown AS SELECT park, slug, title AS name FROM ride",
    );
    served.shows(PYTHON, "PYTHON");
    // And the query itself.
    site.write("sql/rides.sql", "SELECT park, slug, 'Boa' AS name, 'other' AS category FROM shown");
    served.shows(PYTHON, "Boa");
    becomes_a_clean_build(&site);
    assert_eq!(served.stop(), Some(0));
    site.build().rendered([]);
}

#[test]
fn a_row_that_is_due_is_served_although_nothing_is_written() {
    let server = Server::primary();
    let site = of_their_own(&server, "SELECT park, slug, name, 'other' AS category FROM shown WHERE due <= now()");
    server.sql("UPDATE ride SET due = now() + interval '5 s'");
    let served = Served::start(&site, &["--watch"]).built();
    served.shows(PYTHON, "Python Snake");
    becomes_a_clean_build(&site);
}
