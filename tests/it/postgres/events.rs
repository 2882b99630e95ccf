//! Events: who watches hears of every change, soon where the server notifies, and at the latest with
//! the next poll.

use std::time::Duration;

use lifthill::config::{Address, Postgres};
use lifthill::source::postgres::{Event, Events};

use super::cluster::Server;
use super::{PASSWORD, fill, site_on};

/// Longer than any of these takes; nothing is measured by it.
const LONG: Duration = Duration::from_secs(60);

const RENAME: &str = "UPDATE lifthill.rides SET name = name || ' II' WHERE slug = 'python'";

fn address(server: &Server) -> Address {
    Address::parse(&server.address()).expect("where a URL stands")
}

/// Watches a server, asking every `poll`; the change that everybody hears of at the start is heard.
fn watch(settings: &Postgres) -> Events {
    let events = Events::watch(settings, std::path::Path::new("/")).expect("right settings");
    for _ in 0..=settings.replicas.len() {
        assert_eq!(events.next(LONG), Some(Event::Changed), "nobody knows what was before");
    }
    events
}

fn asking(server: &Server, poll: Duration) -> Postgres {
    Postgres { url: address(server), acquire_timeout: Duration::from_secs(1), poll, ..Postgres::default() }
}

/// Nothing more comes although the server is asked again, for which somebody must notify.
#[track_caller]
fn hears_nothing_more(events: &Events, server: &Server) {
    server.sql("SELECT pg_notify('lifthill', '')");
    assert_eq!(events.next(Duration::from_millis(500)), None, "nothing has changed");
}

#[test]
fn a_notification_is_heard_at_once() {
    let server = Server::primary();
    fill(&site_on(&server), &server);
    // Within an hour nobody asks by himself.
    let events = watch(&asking(&server, Duration::from_secs(3600)));
    for _ in 0..3 {
        server.sql(RENAME);
        assert_eq!(events.next(LONG), Some(Event::Changed));
    }
    hears_nothing_more(&events, &server);
    server.sql("BEGIN; UPDATE lifthill.rides SET body = 'Gone'; ROLLBACK");
    hears_nothing_more(&events, &server);
    // Dropped, it lets go of the server.
    drop(events);
    super::eventually(|| {
        server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lifthill'") == "0"
    });
}

#[test]
fn through_a_pooler_nobody_listens_and_polling_goes_on() {
    let server = Server::primary_with(&["log_statement=all"]);
    fill(&site_on(&server), &server);
    let pooler = server.pooler();
    let events = watch(&asking(&pooler, Duration::from_secs(1)));
    for _ in 0..2 {
        server.sql(RENAME);
        assert_eq!(events.next(LONG), Some(Event::Changed));
    }
    assert!(!server.log().contains("LISTEN"), "a pooler's connection was left listening");
    assert_eq!(pooler.sql("SELECT count(*) FROM pg_listening_channels()"), "0");
    // On the server itself it would.
    let direct = watch(&asking(&server, Duration::from_secs(3600)));
    assert!(server.log().contains("LISTEN \"lifthill\""));
    drop((events, direct));
}

#[test]
fn a_lost_server_is_asked_until_it_is_back() {
    let mut server = Server::primary();
    fill(&site_on(&server), &server);
    let events = watch(&asking(&server, Duration::from_secs(3600)));
    server.stop();
    match events.next(LONG) {
        Some(Event::Lost(why)) => {
            assert!(why.contains("is the server running") && !why.contains(PASSWORD), "{why}");
        }
        other => panic!("{other:?} instead of a lost server"),
    }
    server.restart();
    assert_eq!(events.next(LONG), Some(Event::Back));
    // It listens again: within an hour nobody would ask by himself.
    super::eventually(|| {
        server.sql("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'lifthill' AND query LIKE 'LISTEN%'")
            == "1"
    });
    server.sql(RENAME);
    assert_eq!(events.next(LONG), Some(Event::Changed));
}

#[test]
fn a_replica_has_events_of_its_own() {
    let server = Server::primary();
    fill(&site_on(&server), &server);
    let standby = server.standby();
    standby.catch_up(&server);
    let settings = Postgres { replicas: vec![address(&standby)], ..asking(&server, Duration::from_secs(3600)) };
    let events = watch(&settings);
    // What the primary shows a replica need not have replayed yet: it says so when it has.
    server.sql(RENAME);
    assert_eq!(events.next(LONG), Some(Event::Changed), "by the primary");
    assert_eq!(events.next(LONG), Some(Event::Changed), "by the replica");
}

#[test]
fn without_a_log_every_write_may_be_a_change() {
    let server = Server::primary();
    server.sql("CREATE TABLE things (name text)");
    let events = watch(&asking(&server, Duration::from_secs(1)));
    server.sql("INSERT INTO things VALUES ('one')");
    assert_eq!(events.next(LONG), Some(Event::Changed));
    server.sql("SELECT * FROM things");
    assert_eq!(events.next(Duration::from_millis(2500)), None, "nobody has written");

    // Tables without triggers beside a log are such tables too.
    let site = site_on(&server).file("sql/parks.sql", "SELECT name AS slug, name FROM things");
    super::migrate(&site);
    let settings = Postgres { sql: Some("sql".to_owned()), ..asking(&server, Duration::from_secs(1)) };
    let events = Events::watch(&settings, &site.path("")).expect("right settings");
    assert_eq!(events.next(LONG), Some(Event::Changed));
    server.sql("INSERT INTO things VALUES ('two')");
    assert_eq!(events.next(LONG), Some(Event::Changed));
}

#[test]
fn connections_are_not_kept_for_ever() {
    let server = Server::primary();
    fill(&site_on(&server), &server);
    let pids = || {
        server.sql(
            "SELECT string_agg(pid::text, ' ' ORDER BY pid) FROM pg_stat_activity \
             WHERE application_name = 'lifthill' AND query NOT LIKE 'LISTEN%'",
        )
    };
    // One that is of age is replaced.
    let second = Duration::from_secs(1);
    let events = watch(&Postgres { max_lifetime: second, ..asking(&server, second) });
    let first = pids();
    super::eventually(|| !pids().is_empty() && pids() != first);
    drop(events);
    super::eventually(|| pids().is_empty());
    // One that is idle is given back.
    let events = watch(&Postgres { idle_timeout: second, ..asking(&server, Duration::from_secs(3600)) });
    super::eventually(|| pids().is_empty());
    server.sql(RENAME);
    assert_eq!(events.next(LONG), Some(Event::Changed), "and taken again");
}
