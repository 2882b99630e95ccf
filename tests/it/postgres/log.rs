//! The change log: what is read because of it, who holds it, and what makes it doubtful.

use super::cluster::Server;
use super::{fill, keeps_the_secret, site_on, site_with};

#[test]
fn a_change_costs_what_it_changes() {
    let server = Server::primary_with(&["log_statement=all", "log_min_duration_statement=-1"]);
    let site = site_on(&server);
    fill(&site, &server);
    site.build();
    let quiet = site.run(&[]);
    quiet.rendered([]).exit(0);
    assert_eq!(quiet.number("/rows/read"), 0);

    server.sql("UPDATE lifthill.rides SET body = 'Five *inversions*.' WHERE slug = 'python'");
    let built = site.build();
    built.rendered(["/parks/efteling/rides/python/"]).wrote(1);
    assert_eq!((built.number("/rows/read"), built.number("/rows/changed")), (1, 1));
    let few = built.number("/rows/statements");

    // A transaction that is taken back, and an update that changes nothing, are nothing.
    server.sql("BEGIN; DELETE FROM lifthill.reviews; ROLLBACK; UPDATE lifthill.rides SET name = name");
    assert_eq!(site.run(&[]).number("/rows/read"), 0);

    server.sql("UPDATE lifthill.reviews SET state = 'approved' WHERE id = 'd'");
    let built = site.build();
    assert_eq!(built.number("/rows/read"), 3, "the reviews of one ride");
    server.sql("UPDATE lifthill.history SET title = 'A newer track'");
    assert!(site.build().rendered_files().contains(&"parks/efteling/rides/python/index.html".to_owned()));
    server.sql("UPDATE lifthill.parks SET slug = 'de-efteling' WHERE slug = 'efteling'; UPDATE lifthill.articles SET body = ''; \
                UPDATE lifthill.rides SET body = '' WHERE slug = 'droomvlucht'");
    site.build();
    assert!(
        site.has("/parks/de-efteling/rides/python/")
            && site.page("/parks/de-efteling/rides/python/").contains("A newer track")
    );
    server.sql("TRUNCATE lifthill.reviews");
    site.build();
    server.sql("DELETE FROM lifthill.parks WHERE slug = 'toverland'");
    site.build();
    assert!(!site.has("/parks/toverland/rides/troy/"));

    // The number of statements does not grow with the rows.
    server.sql(
        "INSERT INTO lifthill.rides (park, slug, name, category, draft) \
         SELECT 'de-efteling', 'draft-' || n, 'Draft', 'other', true FROM generate_series(1, 5000) AS n",
    );
    let built = site.run(&[]);
    built.exit(0);
    assert_eq!((built.number("/rows/read"), built.number("/rows/statements")), (5000, few));
    let all = site.run(&["--full-scan"]);
    all.rendered([]).exit(0);
    assert!(all.number("/rows/statements") <= few + 8 && all.number("/rows/read") > 5000);
    keeps_the_secret(&site, &server.log().replace(super::PASSWORD, ""));
}

#[test]
fn what_makes_the_log_doubtful_costs_a_full_comparison() {
    let server = Server::primary();
    let site = site_with(&server, "audit_every_s = 86400");
    fill(&site, &server);
    site.build();

    // Triggers off: the log says nothing, a full scan and an audit find it.
    server
        .sql("SET session_replication_role = replica; UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
    site.run(&[]).rendered([]).exit(0);
    let built = site.run(&["--full-scan"]);
    built.exit(0).says("a full scan was asked for");
    assert!(site.page("/parks/efteling/rides/python/").contains("Cobra"));
    server.sql(
        "SET session_replication_role = replica; UPDATE lifthill.rides SET name = 'Mamba' WHERE slug = 'python'; \
                DELETE FROM lifthill.rides WHERE slug = 'troy'",
    );
    site.edit("lifthill.toml", "audit_every_s = 86400", "audit_every_s = 0");
    let built = site.build();
    built.says("the audit found changes that were not logged, in rides");
    assert!(site.page("/parks/efteling/rides/python/").contains("Mamba") && !site.has("/parks/toverland/rides/troy/"));
    // An audit that finds nothing reads no row, and a logged change is not taken for an unlogged one.
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
    server.sql("UPDATE lifthill.rides SET name = 'Viper' WHERE slug = 'python'");
    let built = site.build();
    assert_eq!(built.number("/rows/read"), 1);
    site.edit("lifthill.toml", "audit_every_s = 0", "audit_every_s = 86400");

    // Another log, and a pruned one.
    server.sql("UPDATE lifthill.log_state SET epoch = gen_random_uuid()");
    site.run(&[]).exit(0).says("the change log is another one");
    server.sql(
        "UPDATE lifthill.rides SET name = 'Adder' WHERE slug = 'python'; DELETE FROM lifthill.change_log; \
                UPDATE lifthill.log_state SET pruned = pg_snapshot_xmax(pg_current_snapshot())",
    );
    let built = site.build();
    built.says("the change log was pruned beyond the last build");
    assert!(site.page("/parks/efteling/rides/python/").contains("Adder"));
}

#[test]
fn a_restored_database_is_compared() {
    let mut server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    site.build();
    // A copy of the cluster's files is put back after a build that saw more: neither the server nor its timeline
    // is another one, and the log knows nothing of what was lost.
    server.stop();
    server.copy_data("data", "copy");
    server.restart();
    server.sql("UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
    site.build();
    server.stop();
    server.copy_data("copy", "data");
    server.restart();
    let built = site.run(&[]);
    built.exit(0).says("the server has gone back in time");
    assert!(site.page("/parks/efteling/rides/python/").contains("Python"));

    // The same where the restored server has written more than the lost one had.
    server.sql("UPDATE lifthill.rides SET name = 'Mamba' WHERE slug = 'python'");
    site.build();
    server.stop();
    server.copy_data("copy", "data");
    server.restart();
    for _ in 0..20 {
        server.sql("UPDATE lifthill.rides SET body = repeat(md5(random()::text), 1000) WHERE slug = 'troy'; SELECT pg_switch_wal()");
    }
    let built = site.run(&[]);
    built.exit(0).says("the list of readers is not as this one left it");
    assert!(site.page("/parks/efteling/rides/python/").contains("Python"));
}

#[test]
fn the_log_is_kept_for_the_slowest_reader_and_not_for_one_that_is_gone() {
    let server = Server::primary();
    let (one, two) = (site_on(&server), site_on(&server));
    fill(&one, &server);
    one.run(&[]).exit(0);
    two.run(&[]).exit(0);
    let entries = || {
        server.sql("SELECT count(*) FROM lifthill.change_log WHERE xid >= (SELECT oldest FROM lifthill.readers ORDER BY oldest LIMIT 1)")
    };
    for name in ["Cobra", "Mamba"] {
        server.sql(&format!("UPDATE lifthill.rides SET name = '{name}' WHERE slug = 'python'"));
        one.run(&[]).exit(0);
    }
    assert_ne!(entries(), "0", "the other has not seen them");
    assert_eq!(two.run(&[]).number("/rows/read"), 1);
    assert_eq!(server.sql("SELECT count(*) FROM lifthill.readers"), "2");
    server.sql("UPDATE lifthill.rides SET name = 'Viper' WHERE slug = 'python'");
    two.run(&[]).exit(0);
    // The first does not come back for forty days.
    server.sql("UPDATE lifthill.readers SET seen_at = now() - interval '40 days' WHERE seen_at = (SELECT min(seen_at) FROM lifthill.readers); \
                UPDATE lifthill.rides SET name = 'Adder' WHERE slug = 'python'");
    two.run(&[]).exit(0).says("has not been seen for 40 days and holds it no more");
    assert_eq!(server.sql("SELECT count(*) FROM lifthill.readers"), "1");
    assert_eq!(server.sql("SELECT count(*) FROM lifthill.change_log"), entries(), "what nobody needs is pruned");
    one.run(&[]).exit(0).says("the list of readers is not as this one left it: a restore, or a long absence");
    let differences = one.output().differences(&two.output());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

/// Tables with very many rows: nothing may read them from end to end for a small change.
const LARGE: [&str; 11] = [
    "companies",
    "models",
    "parks",
    "areas",
    "rides",
    "articles",
    "reviews",
    "photos",
    "history",
    "redirects",
    "change_log",
];

/// A hundred thousand rows where a catalogue has them, and ten thousand elsewhere.
const MANY: &str = "SET session_replication_role = replica;
    INSERT INTO lifthill.companies (slug, name, draft) SELECT 'company-' || n, 'C', true FROM generate_series(1, 10000) AS n;
    INSERT INTO lifthill.models (company, slug, name, draft) SELECT 'company-' || n, 'model', 'M', true FROM generate_series(1, 10000) AS n;
    INSERT INTO lifthill.parks (slug, name, draft) SELECT 'park-' || n, 'P', n > 10 FROM generate_series(1, 10000) AS n;
    INSERT INTO lifthill.articles (slug, title, date, draft) SELECT 'article-' || n, 'A', '2020', true FROM generate_series(1, 10000) AS n;
    INSERT INTO lifthill.rides (park, slug, name, category, draft)
        SELECT 'park-' || n % 10000 + 1, 'ride-' || n, 'R', 'other', true FROM generate_series(1, 100000) AS n;
    INSERT INTO lifthill.reviews (park, ride, id, author, rating, created, state)
        SELECT 'park-' || n % 10000 + 1, 'ride-' || n % 100000 + 1, 'r' || n, 'Ann', 7, '2024-01-01', 'pending' FROM generate_series(0, 99999) AS n;
    INSERT INTO lifthill.areas (park, slug, position, name)
        SELECT 'efteling', 'area-' || n, n, 'Area ' || n FROM generate_series(1, 10) AS n;
    INSERT INTO lifthill.photos (park, position, file, approved)
        SELECT 'park-' || n, 0, 'a.jpg', false FROM generate_series(1, 10000) AS n;
    INSERT INTO lifthill.history (part, key, position, date, title)
        SELECT 'rides', 'park-' || n % 10000 + 1 || '/ride-' || n, 0, '2001', 'Begun' FROM generate_series(1, 20000) AS n;
    INSERT INTO lifthill.redirects (part, key, position, alias)
        SELECT 'rides', 'park-' || n % 10000 + 1 || '/ride-' || n, 0, '/old/' || n FROM generate_series(1, 20000) AS n;
    INSERT INTO lifthill.areas (park, slug, position, name)
        SELECT 'park-' || n % 10 + 1, 'area-' || n, n, 'Area' FROM generate_series(1, 10000) AS n;
    INSERT INTO lifthill.readers (name, oldest) VALUES ('slow', '1');
    INSERT INTO lifthill.change_log (xid, part, key, op)
        SELECT '10', 'rides', 'park-1/ride-' || n, 'U' FROM generate_series(1, 100000) AS n;";

#[test]
fn no_statement_reads_a_large_table_for_a_small_change() {
    let server = Server::primary_with(&[
        "shared_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_nested_statements=off",
        "log_line_prefix=%a|",
    ]);
    let site = site_on(&server);
    fill(&site, &server);
    server.sql(MANY);
    server.sql("ANALYZE");
    site.run(&[]).exit(0);
    let edit = |name: &str| {
        server.sql(&format!(
            "UPDATE lifthill.rides SET name = '{name}' WHERE slug IN ('python', 'ride-5', 'ride-6'); \
             UPDATE lifthill.reviews SET title = '{name}' WHERE id IN ('a', 'c', 'r7'); \
             UPDATE lifthill.parks SET description = '{name}' WHERE slug = 'efteling'; \
             UPDATE lifthill.companies SET description = '{name}' WHERE slug = 'vekoma'; \
             UPDATE lifthill.models SET description = '{name}' WHERE company = 'vekoma'; \
             UPDATE lifthill.articles SET description = '{name}' WHERE slug = 'hello'; \
             UPDATE lifthill.areas SET description = '{name}' WHERE slug = 'ruigrijk'; \
             UPDATE lifthill.photos SET caption = '{name}' WHERE park = 'park-1'; \
             UPDATE lifthill.history SET title = '{name}' WHERE key = 'efteling/python'; \
             UPDATE lifthill.redirects SET position = position + 1 WHERE key = 'efteling/python'"
        ));
    };
    // The plans of a build's statements, and those lines in them that read a large table from end to end.
    let plans = || -> (String, Vec<String>) {
        let mark = server.log().len();
        site.run(&[]).exit(0);
        let log = server.log();
        let is_slow = |line: &&str| {
            let scanned =
                line.split_once("Seq Scan on ").map(|(_, rest)| rest.split([' ', '(']).next().unwrap_or_default());
            scanned.is_some_and(|table| LARGE.contains(&table))
        };
        (log[mark..].to_owned(), log[mark..].lines().filter(is_slow).map(str::to_owned).collect())
    };
    edit("One");
    let (said, slow) = plans();
    for part in ["companies", "models", "parks", "areas", "rides", "articles", "reviews", "photos"] {
        assert!(said.contains(&format!("FROM lifthill.{part} AS t")), "the statement on {part} is among the plans");
    }
    assert!(said.contains("FROM lifthill.change_log"), "and that on the log");
    assert!(slow.is_empty(), "read from end to end: {slow:#?}\n{said}");
    // Nothing to do, and a reader that is struck off the list, so that the log is pruned.
    let (_, slow) = plans();
    assert!(slow.is_empty(), "read from end to end for nothing: {slow:#?}");

    // The test would notice: without its index a table is read from end to end.
    server.sql("DROP INDEX lifthill.change_log_xid");
    edit("Two");
    let (_, slow) = plans();
    assert!(slow.iter().any(|line| line.contains("Seq Scan on change_log")), "an index is gone and nobody noticed");
}
