//! Connections that break: at any byte of what the server says, when it is restarted, when a
//! standby's recovery takes precedence. No cut leaves half a build.

use super::cluster::Server;
use super::proxy::Proxy;
use super::{eventually, fill, keeps_the_secret, migrate, site_on, site_with};
use crate::site::Site;

/// A site that reaches a server through a proxy.
fn site_through(proxy: &Proxy, server: &Server) -> Site {
    let site = site_on(server);
    std::fs::write(server.folder().join("url"), through(proxy, server)).expect("a file");
    site
}

/// The URL of a server's proxy.
fn through(proxy: &Proxy, server: &Server) -> String {
    server.url().replace(&format!(":{}/", server.port()), &format!(":{}/", proxy.port()))
}

/// Every single byte where that is asked for, else some twenty.
fn cuts(all: usize) -> Vec<usize> {
    if std::env::var_os("LIFTHILL_EVERY_BYTE").is_some() {
        return (0..all).collect();
    }
    let spread = (0..all).step_by(all / 16 + 1);
    spread.chain([1, all - 6, all - 1]).collect()
}

#[test]
fn a_connection_cut_at_any_byte() {
    let server = Server::primary();
    let proxy = Proxy::before(server.port());
    let site = site_through(&proxy, &server);
    fill(&site, &server);

    // The first build: before there is anything.
    proxy.mend();
    let (whole, expected) = site.build_elsewhere(&[]);
    whole.exit(0);
    let mut failed = 0;
    for bytes in cuts(proxy.passed()) {
        let new = site_through(&proxy, &server);
        proxy.cut_after(bytes);
        let built = new.run(&[]);
        if built.code() == 0 {
            // What remained to be said was of no use to the build: it is a whole one.
            let differences = new.output().differences(&expected);
            assert!(differences.is_empty(), "cut after {bytes} bytes:\n{}", differences.join("\n"));
            continue;
        }
        failed += 1;
        built.exit(4).says("database (primary, ");
        assert!(!new.path("output/index.html").exists(), "cut after {bytes} bytes, half a site stands there");
        keeps_the_secret(&new, built.stderr());
    }
    assert!(failed > 10, "only {failed} cuts were noticed");

    // An edit: the old site stays, and the edit is not lost.
    proxy.mend();
    site.build();
    let edit = |number: usize| {
        server.sql(&format!(
            "UPDATE lifthill.rides SET name = 'Python {number}', body = 'Number {number}.' WHERE slug = 'python'; \
             UPDATE lifthill.reviews SET text = 'Number {number}.' WHERE id = 'a'"
        ));
    };
    edit(0);
    proxy.mend();
    site.run(&[]).exit(0);
    let mut failed = 0;
    for (number, bytes) in cuts(proxy.passed()).into_iter().enumerate() {
        edit(number + 1);
        let before = site.output();
        proxy.cut_after(bytes);
        let built = site.run(&[]);
        if built.code() != 0 {
            failed += 1;
            built.exit(4).says("database (primary, ");
            let touched = site.output().touched_since(&before);
            assert!(touched.is_empty(), "cut after {bytes} bytes, the old site was touched: {touched:#?}");
        }
        proxy.mend();
        site.run(&[]).exit(0);
        let (_, expected) = site.build_elsewhere(&[]);
        let differences = site.output().differences(&expected);
        assert!(differences.is_empty(), "after a cut at {bytes} bytes:\n{}", differences.join("\n"));
    }
    assert!(failed > 10, "only {failed} cuts were noticed");
}

/// More rows than fit between a server and a reader that is held up.
const MUCH: &str = "INSERT INTO lifthill.parks (slug, name, draft, body) \
     SELECT 'park-' || n, 'Park ' || n, true, repeat(md5(n::text), 3000) FROM generate_series(1, 400) AS n";

/// So much that the parks are being read.
const AMONG_THE_PARKS: usize = 2 << 20;

#[test]
fn a_server_restarted_while_it_is_read() {
    let mut server = Server::primary();
    let proxy = Proxy::before(server.port());
    let site = site_through(&proxy, &server);
    fill(&site, &server);
    site.build();
    server.sql(MUCH);
    server.sql("UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
    let before = site.output();
    let held = proxy.hold_after(AMONG_THE_PARKS);
    let built = std::thread::scope(|scope| {
        let building = scope.spawn(|| site.run(&[]));
        held.wait();
        server.stop();
        server.restart();
        drop(held);
        building.join().expect("a build")
    });
    built.exit(4).says("reading parks");
    assert!(site.output().touched_since(&before).is_empty(), "the old site was touched");
    keeps_the_secret(&site, built.stderr());
    site.build();
    assert!(site.page("/parks/efteling/rides/python/").contains("Cobra"));
}

#[test]
fn a_table_that_is_filled_anew_while_rows_are_read_is_read_again() {
    let server = Server::primary();
    let proxy = Proxy::before(server.port());
    let site = site_through(&proxy, &server);
    fill(&site, &server);
    site.build();
    server.sql(MUCH);
    server.sql("UPDATE lifthill.articles SET body = 'Changed.'");
    let held = proxy.hold_after(AMONG_THE_PARKS);
    let built = std::thread::scope(|scope| {
        let building = scope.spawn(|| site.run(&[]));
        held.wait();
        // Who reads by an older snapshot finds an empty table.
        server.sql(
            "BEGIN; CREATE TEMP TABLE kept AS SELECT * FROM lifthill.articles; TRUNCATE lifthill.articles; \
             INSERT INTO lifthill.articles SELECT * FROM kept; COMMIT",
        );
        drop(held);
        building.join().expect("a build")
    });
    built.exit(0);
    assert!(site.page("/articles/hello/").contains("Changed."), "{}", built.stderr());
    site.build().rendered([]);
}

#[test]
fn a_standby_whose_recovery_takes_precedence_is_replaced() {
    let server = Server::primary();
    let standby = server.standby_with(&["max_standby_streaming_delay=0", "max_standby_archive_delay=0"]);
    let proxy = Proxy::before(standby.port());
    let file = server.folder().join("replica");
    std::fs::write(&file, through(&proxy, &standby)).expect("a file");
    let site = site_with(&server, &format!("replicas = ['file:{}']", file.display()));
    migrate(&site);
    fill_and_more(&server);
    standby.catch_up(&server);
    let held = proxy.hold_after(AMONG_THE_PARKS);
    let built = std::thread::scope(|scope| {
        let building = scope.spawn(|| site.run(&[]));
        held.wait();
        // Rows that the standby's reader may still want are cleaned away.
        server.sql("UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
        server.sql("VACUUM lifthill.rides");
        let end = server.sql("SELECT pg_switch_wal(); SELECT pg_current_wal_lsn()");
        let end = end.lines().last().unwrap_or_default().to_owned();
        // Either the reader is in the way, and will be told so, or it has been told.
        eventually(|| standby.sql(&format!("SELECT pg_last_wal_receive_lsn() >= '{end}'")) == "t");
        eventually(|| {
            standby.log().contains("conflict with recovery")
                || standby.sql(&format!("SELECT pg_last_wal_replay_lsn() < '{end}'")) == "t"
        });
        drop(held);
        building.join().expect("a build")
    });
    built.exit(0).says("replica 1 was lost");
    assert_eq!(built.text("/rows/server"), Some("primary"));
    assert!(site.page("/parks/efteling/rides/python/").contains("Cobra"), "the snapshot was read again");
    assert!(standby.log().contains("conflict with recovery"), "{}", standby.log());
}

fn fill_and_more(server: &Server) {
    server.sql(super::CATALOGUE);
    server.sql(MUCH);
}

#[test]
fn an_import_that_is_cut_leaves_nothing() {
    let server = Server::primary();
    let proxy = Proxy::before(server.port());
    let mut site = site_through(&proxy, &server);
    for number in 0..40 {
        site = site.park(&format!("park-{number}"), "name = 'Park'\ncountry = 'NL'");
    }
    migrate(&site);
    proxy.mend();
    let (code, _, said) = site.command(&["db", "import"]);
    assert_eq!(code, 0, "{said}");
    let all = proxy.passed();
    server.sql("TRUNCATE lifthill.parks, lifthill.layouts CASCADE");
    proxy.cut_after(all / 2);
    let (code, _, said) = site.command(&["db", "import"]);
    assert_eq!(code, 4, "{said}");
    assert_eq!(
        server.sql("SELECT (SELECT count(*) FROM lifthill.parks) + (SELECT count(*) FROM lifthill.layouts)"),
        "0"
    );
    keeps_the_secret(&site, &said);
    proxy.mend();
    let (code, _, said) = site.command(&["db", "import"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(server.sql("SELECT count(*) FROM lifthill.parks"), "40");
}
