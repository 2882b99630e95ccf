//! Standbys and poolers: who is read, what when one is behind or lost, and what a failover means.

use super::cluster::Server;
use super::{fill, keeps_the_secret, site_with};

#[test]
fn reads_go_to_the_nearest_replica_that_is_fit() {
    let server = Server::primary_with(&["synchronous_commit=off"]);
    let mut standby = server.standby();
    let mut second = server.standby();
    let site = site_with(&server, &format!("replicas = ['{}', '{}']", standby.address(), second.address()));
    fill(&site, &server);
    standby.catch_up(&server);
    second.catch_up(&server);
    let built = site.run(&[]);
    built.exit(0);
    assert_eq!(built.text("/rows/server"), Some("replica 1"));
    built.says("Rows from replica 1");
    site.run(&[]).rendered([]).exit(0);

    server.sql("UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
    standby.catch_up(&server);
    second.catch_up(&server);
    let built = site.run(&[]);
    built.exit(0);
    assert_eq!((built.number("/rows/read"), built.text("/rows/server")), (1, Some("replica 1")));

    // One that does not replay is behind what the primary has shown us, and is passed over.
    standby.sql("SELECT pg_wal_replay_pause()");
    server.sql("UPDATE lifthill.rides SET name = 'Mamba' WHERE slug = 'python'");
    second.catch_up(&server);
    site.edit("lifthill.toml", "[postgres]", "[postgres]\nmax_lag_s = 1");
    std::thread::sleep(std::time::Duration::from_millis(1500));
    server.sql("UPDATE lifthill.rides SET body = 'New.' WHERE slug = 'python'");
    second.catch_up(&server);
    let built = site.run(&[]);
    built.exit(0).says("replica 1 was passed over");
    assert_eq!(built.text("/rows/server"), Some("replica 2"));
    assert!(site.page("/parks/efteling/rides/python/").contains("Mamba"));
    standby.sql("SELECT pg_wal_replay_resume()");

    // Lost replicas are replaced, in the end by the primary.
    standby.stop();
    second.stop();
    server.sql("UPDATE lifthill.rides SET name = 'Viper' WHERE slug = 'python'");
    let built = site.run(&[]);
    built.exit(0).says("replica 1 was passed over").says("replica 2 was passed over");
    assert_eq!(built.text("/rows/server"), Some("primary"));
    assert!(site.page("/parks/efteling/rides/python/").contains("Viper"));
    keeps_the_secret(&site, built.stderr());
}

#[test]
fn a_replica_that_dies_while_it_is_read_is_replaced() {
    let server = Server::primary();
    let standby = server.standby();
    let site = site_with(&server, &format!("replicas = ['{}']", standby.address()));
    fill(&site, &server);
    server.sql(
        "INSERT INTO lifthill.parks (slug, name, draft, body) \
         SELECT 'park-' || n, 'Park ' || n, true, repeat('word ', 20000) FROM generate_series(1, 1500) AS n",
    );
    standby.catch_up(&server);
    let stop = std::sync::atomic::AtomicBool::new(false);
    let built = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut cutter = standby.session();
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                cutter.run(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lifthill' \
                     AND query LIKE '%q.\"operator\"%' AND state = 'active'; SELECT pg_sleep(0.005)",
                );
            }
        });
        let built = site.run(&[]);
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        built
    });
    built.exit(0).says("replica 1 was lost");
    assert_eq!(built.text("/rows/server"), Some("primary"));
    assert!(site.has("/parks/efteling/rides/python/"));
}

#[test]
fn after_a_failover_everything_is_compared() {
    let mut server = Server::primary();
    let standby = server.standby();
    let site = site_with(&server, "");
    fill(&site, &server);
    site.run(&[]).exit(0);
    standby.catch_up(&server);
    server.stop();
    standby.promote();
    standby.sql("UPDATE lifthill.rides SET name = 'Cobra' WHERE slug = 'python'");
    let (old, new) = (server.folder().join("url"), standby.url());
    std::fs::write(old, new).expect("a file");
    let built = site.run(&[]);
    built.exit(0).says("a failover or a restore");
    assert!(site.page("/parks/efteling/rides/python/").contains("Cobra"));
    assert_eq!(site.run(&[]).number("/rows/read"), 0);
}
