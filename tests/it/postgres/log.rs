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
    one.run(&[]).exit(0).says("the change log was pruned beyond the last build");
    let differences = one.output().differences(&two.output());
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn no_statement_reads_a_large_table_for_a_small_change() {
    let server = Server::primary_with(&[
        "shared_preload_libraries=auto_explain",
        "auto_explain.log_min_duration=0",
        "auto_explain.log_nested_statements=off",
        "work_mem=16MB",
    ]);
    let site = site_on(&server);
    fill(&site, &server);
    server.sql(
        "SET session_replication_role = replica; \
         INSERT INTO lifthill.rides (park, slug, name, category, draft) \
         SELECT 'efteling', 'ride-' || n, 'Ride ' || n, 'other', true FROM generate_series(1, 100000) AS n; \
         INSERT INTO lifthill.reviews (park, ride, id, author, rating, created, state) \
         SELECT 'efteling', 'ride-' || n, 'r' || n, 'Ann', 7, '2024-01-01', 'pending' FROM generate_series(1, 100000) AS n; \
         INSERT INTO lifthill.history (part, key, position, date, title) \
         SELECT 'rides', 'efteling/ride-' || n, 0, '2001', 'Begun' FROM generate_series(1, 20000) AS n",
    );
    server.sql("ANALYZE");
    site.run(&[]).exit(0);
    let before = server.log().len();
    server.sql(
        "UPDATE lifthill.rides SET name = 'Cobra' WHERE slug IN ('python', 'ride-5', 'ride-6'); \
         UPDATE lifthill.reviews SET rating = 3 WHERE id IN ('a', 'r7'); UPDATE lifthill.parks SET name = 'The Efteling' WHERE slug = 'efteling'; \
         UPDATE lifthill.companies SET name = 'Vekoma Rides'; UPDATE lifthill.models SET name = 'Boomer'; UPDATE lifthill.areas SET name = 'Ruig Rijk', slug = 'ruig-rijk'; \
         UPDATE lifthill.rides SET area = 'Ruig Rijk' WHERE area IS NOT NULL",
    );
    let mark = server.log().len();
    let built = site.run(&[]);
    built.exit(0);
    let log = server.log();
    assert!(mark > before, "plans are logged");
    let plans = &log[mark..];
    assert!(plans.contains("lifthill.rides AS t"), "the statements are among the plans");
    let large = ["rides", "reviews", "history"];
    let slow: Vec<&str> = plans
        .lines()
        .filter(|line| {
            line.contains("Seq Scan on") && large.iter().any(|table| line.contains(&format!("Seq Scan on {table} ")))
        })
        .collect();
    assert!(slow.is_empty(), "read from end to end: {slow:#?}\n{plans}");
}
