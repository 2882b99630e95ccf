//! A good guest: limits hold for a transaction and no longer, nothing is written while reading, and
//! a pooler's connections are left as they were.

use super::cluster::Server;
use super::{fill, keeps_the_secret, site_on, site_with};

/// What a session was left with: limits, prepared statements, advisory locks, channels, tables.
const LEFT: &str = "SELECT current_setting('statement_timeout'), current_setting('lock_timeout'), \
    current_setting('idle_in_transaction_session_timeout'), current_setting('search_path'), \
    (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'), \
    (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_class WHERE relpersistence = 't')";

#[test]
fn a_pooler_is_left_as_it_was() {
    let server = Server::primary();
    let pooler = server.pooler();
    let site = site_on(&pooler);
    let left = pooler.sql(LEFT);
    fill(&site, &server);
    site.build();
    for command in [&["db", "status"][..], &["db", "export"], &["db", "import"], &["db", "migrate"]] {
        let (code, _, said) = site.command(command);
        assert_eq!(code, 0, "{command:?}: {said}");
        assert_eq!(pooler.sql(LEFT), left, "after {command:?}");
    }
    server.sql("UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
    site.build();
    assert_eq!(pooler.sql(LEFT), left);
    // Two at once share its one connection.
    let other = site_on(&pooler);
    std::thread::scope(|scope| {
        let one = scope.spawn(|| site.run(&["--full-scan"]));
        other.run(&[]).exit(0);
        one.join().expect("a build").exit(0);
    });
    assert!(site.output().differences(&other.output()).is_empty());
}

#[test]
fn limits_hold_for_everything_that_is_read() {
    let server = Server::primary_with(&["log_statement=all", "log_line_prefix=%a|"]);
    let limits = "statement_timeout_s = 77\nlock_timeout_s = 7\nidle_in_transaction_timeout_s = 55\nsql = 'sql'";
    let site = site_with(&server, limits).file(
        "sql/parks.sql",
        "SELECT 'limits' AS slug, concat_ws(' ', current_setting('statement_timeout'), current_setting('lock_timeout'), \
         current_setting('idle_in_transaction_session_timeout'), current_setting('application_name'), \
         current_setting('transaction_read_only'), current_setting('transaction_isolation')) AS name",
    );
    site.run(&[]).exit(0);
    let page = site.page("/parks/limits/");
    assert!(page.contains("77s 7s 55s lifthill on repeatable read"), "{page}");

    // What an SQL file would write is refused.
    server.sql("CREATE SEQUENCE visits");
    site.write("sql/parks.sql", "SELECT 'p-' || nextval('visits') AS slug, 'Park' AS name");
    let built = site.run(&[]);
    built.exit(4).says("cannot execute nextval() in a read-only transaction");
    assert_eq!(server.sql("SELECT is_called FROM visits"), "f");
    keeps_the_secret(&site, built.stderr());

    // Whatever was said was said within a transaction.
    let log = server.log();
    let ours: Vec<&str> = log.lines().filter(|line| line.starts_with("lifthill|") && line.contains("LOG:")).collect();
    let mut inside = false;
    for line in &ours {
        let begins = line.contains(" BEGIN ISOLATION LEVEL");
        assert!(inside || begins, "outside of a transaction: {line}");
        inside = (inside || begins) && !line.ends_with("ROLLBACK") && !line.ends_with("COMMIT");
        assert!(!line.contains("execute sqlx"), "a named statement: {line}");
    }
    assert!(ours.len() > 10, "the statements are logged: {log}");
}

#[test]
fn a_role_that_may_only_read_builds_the_same_site() {
    let server = Server::primary();
    let site = site_on(&server);
    fill(&site, &server);
    server.sql(
        "CREATE ROLE reader LOGIN PASSWORD 'reader-s3cret'; GRANT USAGE ON SCHEMA lifthill TO reader; \
         GRANT SELECT ON ALL TABLES IN SCHEMA lifthill TO reader",
    );
    let url = server.url().replace(&format!("keeper:{}", super::PASSWORD), "reader:reader-s3cret");
    std::fs::write(server.folder().join("url"), url).expect("a file");
    let built = site.run(&[]);
    built.exit(0).says("This reader could not be registered").never_says("reader-s3cret");
    server.sql("UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
    let built = site.run(&[]);
    built.exit(0);
    assert_eq!(built.number("/rows/read"), 1);
    site.write("content/parks/phantasialand/index.md", crate::site::markdown("name = 'Phantasialand'"));
    let (code, _, said) = site.command(&["db", "import"]);
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("grant the right to this user") && !said.contains("reader-s3cret"), "{said}");
}
