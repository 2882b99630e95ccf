//! What goes wrong is said clearly, ends with the right exit code, and leaves the site as it was.

use super::cluster::{PASSWORD, Server};
use super::{fill, keeps_the_secret, migrate, site_on, site_with};
use crate::site::Site;

/// Builds, which must end with `code`, say `words`, and leave the output as it was.
#[track_caller]
fn fails(site: &Site, code: i32, words: &str) {
    let before = site.output();
    let built = site.run(&[]);
    built.exit(code).says(words);
    let touched = site.output().touched_since(&before);
    assert!(touched.is_empty(), "the old site was touched: {touched:#?}");
    keeps_the_secret(site, built.stderr());
}

#[test]
fn no_server_no_password_no_database() {
    let mut server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    site.build();

    let file = server.folder().join("url");
    let url = server.url();
    std::fs::write(&file, url.replace(PASSWORD, "wr0ng-passw0rd")).expect("a file");
    let built = site.run(&[]);
    built.exit(4).says("password authentication failed").never_says("wr0ng-passw0rd");
    for command in [&["db", "migrate"][..], &["db", "status"], &["db", "import"], &["db", "export"]] {
        let (code, said, talk) = site.command(command);
        assert_eq!(code, 4, "{command:?}: {talk}");
        assert!(talk.contains("password authentication failed"), "{command:?}: {talk}");
        assert!(!format!("{said}{talk}").contains("wr0ng-passw0rd"), "{command:?} tells the password: {talk}");
    }
    std::fs::write(&file, url.replace("/parks", "/nowhere")).expect("a file");
    fails(&site, 4, "there is no such database");
    std::fs::write(&file, "mysql://somewhere").expect("a file");
    fails(&site, 2, "is not a URL such as postgres://");
    std::fs::write(&file, &url).expect("a file");
    site.run(&[]).exit(0).rendered([]);

    server.stop();
    fails(&site, 4, "is the server running");
    server.restart();
    site.run(&[]).exit(0).rendered([]);

    site.edit("lifthill.toml", "url = 'file:", "url = 'postgres:");
    fails(&site, 2, "a URL may hold a password");
}

#[test]
fn tables_and_columns_that_are_not_as_they_must_be() {
    let server = Server::primary();
    let site = site_on(&server);
    let built = site.run(&[]);
    built.exit(4).says("lifthill db migrate");
    fill(&site, &server);
    site.build();
    server.sql("ALTER TABLE lifthill.rides RENAME COLUMN height_m TO hoehe");
    fails(&site, 4, "lifthill.rides has no column `height_m`");
    server.sql("ALTER TABLE lifthill.rides RENAME COLUMN hoehe TO height_m");
    server.sql("ALTER TABLE lifthill.rides ALTER COLUMN height_m TYPE text");
    fails(&site, 4, "`height_m` must be a number, and is text");
    server.sql("ALTER TABLE lifthill.rides ALTER COLUMN height_m TYPE float8 USING height_m::float8");
    server.sql("ALTER TABLE lifthill.photos RENAME TO pictures");
    fails(&site, 4, "there is no table lifthill.photos");
    server.sql("ALTER TABLE lifthill.pictures RENAME TO photos");
    site.run(&[]).exit(0).rendered([]);
}

#[test]
fn rows_that_break_a_rule_are_all_told() {
    let server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    site.build();
    let before = site.output();
    server.sql(
        "UPDATE lifthill.rides SET category = 'coaster' WHERE slug = 'troy'; \
         ALTER TABLE lifthill.rides ALTER COLUMN speed_kmh TYPE float8; \
         ALTER TABLE lifthill.rides ALTER COLUMN drop_m TYPE float8; \
         UPDATE lifthill.rides SET speed_kmh = 'NaN', drop_m = '-Infinity', manufacturers = '{vekomma}' WHERE slug = 'python'; \
         UPDATE lifthill.parks SET country = 'XX' WHERE slug = 'toverland'",
    );
    let built = site.fails();
    built.exit(1);
    for words in [
        "postgres: rides toverland/troy",
        "`coaster` is not a known `category`",
        "postgres: rides efteling/python",
        "`speed_kmh` must be between 0 and 500, found NaN",
        "`drop_m` must be between 0 and 400, found -inf",
        "there is no company `vekomma`",
        "did you mean `vekoma`?",
        "`XX` is not an ISO 3166-1 country code",
    ] {
        built.says(words);
    }
    assert!(site.output().touched_since(&before).is_empty());
    server.sql(
        "UPDATE lifthill.rides SET category = 'roller_coaster' WHERE slug = 'troy'; \
         UPDATE lifthill.rides SET speed_kmh = NULL, drop_m = NULL, manufacturers = '{vekoma}' WHERE slug = 'python'; \
         UPDATE lifthill.parks SET country = 'NL' WHERE slug = 'toverland'",
    );
    site.build().rendered([]);
    // What is named goes: that is a mistake of those who name it.
    server.sql("DELETE FROM lifthill.areas");
    site.fails().exit(1).says("there is no area `efteling/ruigrijk`").says("postgres: rides efteling/python");
    server.sql("UPDATE lifthill.rides SET area = NULL");
    site.build();
}

#[test]
fn locks_timeouts_and_too_many_connections() {
    let server = Server::primary_with(&["max_connections=8", "superuser_reserved_connections=1", "max_wal_senders=0"]);
    let site = site_with(&server, "lock_timeout_s = 1\nstatement_timeout_s = 3");
    fill(&site, &server);
    site.build();

    server.sql("UPDATE lifthill.rides SET name = 'Python II' WHERE slug = 'python'");
    let mut holder = server.session();
    holder.run("BEGIN; LOCK TABLE lifthill.rides IN ACCESS EXCLUSIVE MODE");
    fails(&site, 4, "somebody holds a lock on a table");
    holder.run("ROLLBACK");
    server.sql(
        "CREATE FUNCTION public.slow(text) RETURNS text LANGUAGE sql AS 'SELECT $1 FROM (SELECT pg_sleep(9)) AS s'; \
         ALTER TABLE lifthill.rides RENAME TO slow_rides; \
         CREATE VIEW lifthill.rides AS SELECT park, slug, public.slow(name) AS name, description, category, kinds, area, status, opened, \
         closed, manufacturers, designers, model, track, launch, height_m, drop_m, length_m, speed_kmh, inversions, max_angle_deg, gforce, \
         duration_s, capacity_per_hour, acceleration, layout, restraint, trains, cars_per_train, seats_per_car, riders_per_train, \
         min_height_cm, max_height_cm, min_age, single_rider, fast_pass, indoor, vr, kiddie, wheelchair_transfer, water, cost, currency, \
         theme, replaced, replaced_by, latitude, longitude, website, video, updated, former_names, sources, photo, native_names, draft, \
         publish_on, expires_on, extra, body FROM lifthill.slow_rides",
    );
    fails(&site, 4, "statement timeout");
    server.sql("DROP VIEW lifthill.rides; ALTER TABLE lifthill.slow_rides RENAME TO rides");

    let others: Vec<_> = (0..6).map(|_| server.session()).collect();
    let mut others = others;
    others.iter_mut().for_each(|one| one.run("SELECT 1"));
    // The tests' own user may use the reserved connection; another one may not.
    drop(holder);
    let mut last = server.session();
    last.run("SELECT 1");
    let mut reserved = server.session();
    reserved.run("SELECT 1");
    fails(&site, 4, "too many clients");
    drop((others, last, reserved));
    assert_eq!(site.build().number("/rows/changed"), 1);
}

#[test]
fn a_connection_cut_while_rows_are_read() {
    let server = Server::primary();
    let site = site_on(&server);
    migrate(&site);
    server.sql(
        "INSERT INTO lifthill.parks (slug, name) SELECT 'park-' || n, 'Park ' || n FROM generate_series(1, 2000) AS n; \
         UPDATE lifthill.parks SET draft = true, body = repeat('word ', 20000) WHERE slug <> 'park-1'",
    );
    for cut in ["pg_terminate_backend", "pg_cancel_backend"] {
        let url = server.url();
        let stop = std::sync::atomic::AtomicBool::new(false);
        let built = std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut cutter = server.session();
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    cutter.run(&format!(
                        "SELECT {cut}(pid) FROM pg_stat_activity WHERE application_name = 'lifthill' AND query LIKE '%q.\"operator\"%' AND state = 'active'; SELECT pg_sleep(0.005)"
                    ));
                }
            });
            let built = site.run(&[]);
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
            built
        });
        built.exit(4).says("reading parks");
        assert!(!site.path("output/index.html").exists(), "{url}");
        keeps_the_secret(&site, built.stderr());
    }
    site.run(&[]).exit(0);
    assert!(site.has("/parks/park-1/"));
}
