//! Random histories on somebody else's tables, read through SQL files: whatever is written and
//! whatever is defined anew, a build makes what a clean one makes, and so does a server that watches.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::cluster::Server;
use super::{PASSWORD, site_with};
use crate::dice::{Dice, asked};
use crate::serving::Served;
use crate::site::Site;

const TABLES: &str = "
CREATE TYPE state AS ENUM ('operating', 'closed', 'removed');
CREATE TABLE park (slug text PRIMARY KEY, title text NOT NULL);
CREATE TABLE ride (park text NOT NULL REFERENCES park ON DELETE CASCADE, slug text, title text NOT NULL, state state NOT NULL DEFAULT 'operating',
    hidden boolean NOT NULL DEFAULT false, PRIMARY KEY (park, slug));
CREATE TABLE labels (slug text PRIMARY KEY, label text NOT NULL);
CREATE TABLE review (id serial PRIMARY KEY, park text, ride text, words text NOT NULL, FOREIGN KEY (park, ride) REFERENCES ride ON DELETE CASCADE);
CREATE TABLE news (slug text PRIMARY KEY, title text NOT NULL, due timestamptz NOT NULL);
CREATE TABLE maker (slug text PRIMARY KEY, title text NOT NULL);
INSERT INTO park VALUES ('efteling', 'Efteling'), ('toverland', 'Toverland');
INSERT INTO ride (park, slug, title) SELECT p.slug, 'ride-' || n, 'Ride ' || n FROM park AS p, generate_series(1, 4) AS n;
INSERT INTO labels SELECT 'ride-' || n, 'Label ' || n FROM generate_series(1, 4) AS n;
INSERT INTO review (park, ride, words) SELECT park, slug, 'Good' FROM ride;
INSERT INTO news VALUES ('hello', 'Hello', '2020-01-01');
INSERT INTO maker VALUES ('vekoma', 'Vekoma');
CREATE FUNCTION lab(x text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT label FROM labels WHERE slug = x $$;
CREATE FUNCTION deco(x text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN '<' || coalesce(lab(x), 'none') || '>'; END $$;
CREATE VIEW shown AS SELECT park, slug, title || ' ' || deco(slug) AS title, state FROM ride;
CREATE MATERIALIZED VIEW makers AS SELECT slug, title FROM maker;
ALTER TABLE ride ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON ride USING (NOT hidden);
CREATE ROLE visitor LOGIN PASSWORD 'v1sitor';
GRANT USAGE ON SCHEMA public, lifthill TO visitor;
ALTER VIEW shown OWNER TO visitor;
GRANT SELECT ON ALL TABLES IN SCHEMA public, lifthill TO visitor;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO visitor;
";

const LOGGED: [&str; 6] = ["park", "ride", "labels", "review", "news", "maker"];

/// What is written and defined in turn.
fn statement(dice: &mut Dice, serial: usize) -> String {
    let n = dice.below(4) + 1;
    let park = ["efteling", "toverland"][dice.below(2)];
    match dice.below(26) {
        0 => format!("INSERT INTO ride (park, slug, title) VALUES ('{park}', 'new-{serial}', 'New {serial}')"),
        1 => format!("UPDATE ride SET title = 'Renamed {serial}' WHERE park = '{park}' AND slug = 'ride-{n}'"),
        2 => format!("DELETE FROM ride WHERE park = '{park}' AND slug LIKE 'new-%'"),
        3 | 4 => format!(
            "INSERT INTO labels VALUES ('ride-{n}', 'Label {serial}') ON CONFLICT (slug) DO UPDATE SET label = excluded.label"
        ),
        5 => format!("DELETE FROM labels WHERE slug = 'ride-{n}'"),
        6 => format!(
            "INSERT INTO review (park, ride, words) SELECT park, slug, 'Words {serial}' FROM ride WHERE slug = 'ride-{n}'"
        ),
        7 => ["TRUNCATE review", "DELETE FROM review WHERE id % 3 = 0"][dice.below(2)].to_owned(),
        8 => format!("UPDATE ride SET hidden = NOT hidden WHERE slug = 'ride-{n}'"),
        9 => format!("UPDATE ride SET state = '{}' WHERE slug = 'ride-{n}'", ["operating", "closed"][dice.below(2)]),
        10 => format!(
            "CREATE OR REPLACE VIEW shown AS SELECT park, slug, title || ' {serial} ' || coalesce({}(slug), 'none') AS title, state FROM ride{}",
            ["lab", "deco"][dice.below(2)],
            ["", " WHERE slug <> 'ride-1'"][dice.below(2)]
        ),
        11 => format!(
            "CREATE OR REPLACE FUNCTION lab(x text) RETURNS text LANGUAGE sql STABLE AS $$ SELECT {} FROM labels WHERE slug = x $$",
            ["label".to_owned(), format!("label || ' {serial}'"), format!("'Fixed {serial}'::text")][dice.below(3)]
        ),
        12 => format!(
            "CREATE OR REPLACE FUNCTION deco(x text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN '{serial} ' || coalesce({}, 'none'); END $$",
            [
                "lab(x)",
                "(SELECT string_agg(label, ' ' ORDER BY label) FROM labels)",
                "(SELECT p.title FROM park AS p ORDER BY slug LIMIT 1)"
            ][dice.below(3)]
        ),
        13 => format!("ALTER TABLE labels ALTER COLUMN label TYPE text USING label || '.{serial}'"),
        14 => format!(
            "ALTER POLICY seen ON ride USING ({})",
            [
                "true",
                "NOT hidden",
                "slug <> 'ride-2'",
                "current_user = 'visitor'",
                "EXISTS (SELECT FROM labels AS l WHERE l.slug = ride.slug)"
            ][dice.below(5)]
        ),
        15 => format!("INSERT INTO news VALUES ('news-{serial}', 'News', now() + interval '{} ms')", dice.below(1500)),
        16 => "DELETE FROM news WHERE slug LIKE 'news-%'".to_owned(),
        17 => format!("UPDATE maker SET title = 'Maker {serial}'; REFRESH MATERIALIZED VIEW makers"),
        18 => format!("UPDATE maker SET title = 'Unseen {serial}'"),
        19 => format!(
            "BEGIN; UPDATE ride SET title = 'Gone'; CREATE OR REPLACE FUNCTION lab(x text) RETURNS text LANGUAGE sql AS $$ SELECT 'no' $$; ROLLBACK; UPDATE park SET title = 'Park {serial}' WHERE slug = '{park}'"
        ),
        20 => format!(
            "SET session_replication_role = replica; UPDATE ride SET title = 'Copied {serial}' WHERE slug = 'ride-{n}'"
        ),
        21 => format!(
            "ALTER TABLE labels DISABLE TRIGGER lifthill_log_change; UPDATE labels SET label = 'Quiet {serial}' WHERE slug = 'ride-{n}'"
        ),
        22 => "ALTER TABLE labels ENABLE ALWAYS TRIGGER lifthill_log_change".to_owned(),
        23 => format!(
            "ALTER TYPE state RENAME VALUE 'removed' TO 'taken-{serial}'; ALTER TYPE state RENAME VALUE 'taken-{serial}' TO 'removed'; ANALYZE; CREATE TABLE beside_{serial} (a int)"
        ),
        24 => format!(
            "ALTER TABLE park ALTER COLUMN title TYPE varchar(99) USING title || '+'; ALTER TABLE park ALTER COLUMN title TYPE text; UPDATE park SET title = left(title, 9) || {serial}"
        ),
        _ => format!(
            "ALTER TABLE park RENAME TO park_{serial}; ALTER TABLE park_{serial} RENAME TO park; UPDATE park SET title = 'Back {serial}' WHERE slug = '{park}'"
        ),
    }
}

fn site(server: &Server, more: &str) -> Site {
    let site = site_with(server, &format!("sql = 'sql'\n{more}"))
        .file("sql/parks.sql", "SELECT slug, title AS name FROM park;")
        .file(
            "sql/rides.sql",
            "SELECT park, slug, title AS name, state AS status, 'other' AS category FROM shown -- and no more",
        )
        .file(
            "sql/reviews.sql",
            "SELECT v.park, v.ride, v.id::text AS id, 'Ann' AS author, 8 AS rating, v.words AS text, 2024 AS created \
             FROM review AS v JOIN shown AS s ON s.park = v.park AND s.slug = v.ride",
        )
        .file("sql/articles.sql", "SELECT slug, title, date '2024-01-01' AS date FROM news WHERE due <= now()")
        .file("sql/companies.sql", "SELECT slug, title AS name FROM makers");
    super::migrate(&site);
    server.sql(TABLES);
    for table in LOGGED {
        let (code, sql, said) = site.command(&["db", "triggers", "--for", table]);
        assert_eq!(code, 0, "{said}");
        server.sql(&sql);
    }
    // The policies hold for it, and not for the owner.
    let url = server.url().replace(&format!("keeper:{PASSWORD}"), "visitor:v1sitor");
    std::fs::write(server.folder().join("url"), url).expect("a file");
    site
}

#[test]
fn any_history_of_somebodys_tables_is_built_as_a_clean_build_would() {
    let (seed, steps) = (asked("LIFTHILL_SEED", 1952), asked("LIFTHILL_EDITS", 40));
    let mut dice = Dice(seed);
    let server = Server::primary();
    let site = site(&server, "");
    site.run(&[]).exit(0);
    let mut story = vec![format!("LIFTHILL_SEED={seed}")];
    let mut unread = 0;
    for step in 0..steps {
        let sql = statement(&mut dice, step);
        story.push(sql.clone());
        server.sql(&sql);
        let told = || story.join("\n");
        let build = || {
            let built = site.run(&[]);
            assert_eq!(built.code(), 0, "{}\n{}", built.stderr(), told());
            let (clean, expected) = site.build_elsewhere(&[]);
            assert_eq!(clean.code(), 0, "{}\n{}", clean.stderr(), told());
            (site.output().differences(&expected), built)
        };
        let (mut differences, built) = build();
        let compared = built.number("/rows/read");
        unread += usize::from(compared < 12);
        // What became due between the two is seen by the next; what was not noticed never is.
        for _ in 0..3 {
            if !differences.is_empty() {
                (differences, _) = build();
            }
        }
        assert!(differences.is_empty(), "not as a clean build (right):\n{}\n{}", differences.join("\n"), told());
    }
    assert!(unread > 0, "in no build was a part left unread");
}

#[test]
fn any_history_of_somebodys_tables_is_served_as_a_clean_build_would() {
    let (seed, steps) = (asked("LIFTHILL_SEED", 1978), asked("LIFTHILL_EDITS", 12));
    let mut dice = Dice(seed);
    let server = Server::primary();
    let site = site(&server, "poll_s = 1");
    let mut served = Served::start(&site, &["--watch"]).built();
    for step in 0..steps {
        let sql = statement(&mut dice, step);
        println!("{sql}");
        server.sql(&sql);
        becomes_clean(&site);
    }
    assert_eq!(served.stop(), Some(0));
}

/// Waits until the output is what a clean build makes just then: what is due changes it as well.
#[track_caller]
fn becomes_clean(site: &Site) {
    let end = Instant::now() + Duration::from_secs(30);
    loop {
        let (clean, expected) = site.build_elsewhere(&[]);
        assert_eq!(clean.code(), 0, "{}", clean.stderr());
        // A file may go while the folder is read; then it is not over yet.
        let looked = catch_unwind(AssertUnwindSafe(|| site.output().differences(&expected)));
        let found = looked.unwrap_or_else(|_| vec!["it is being changed".to_owned()]);
        if found.is_empty() {
            return;
        }
        assert!(Instant::now() < end, "not as a clean build (right) makes it:\n{}", found.join("\n"));
    }
}
