//! nginx in front of three others that hold the site, one of which is stopped while visitors ask.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::servers::free_ports;
use super::{Daemon, site};

/// Visitors at a time.
const VISITORS: usize = 4;
/// How often each of them asks.
const ASKS: usize = 150;

#[test]
fn a_server_that_is_stopped_costs_no_visitor_a_page() {
    let [front, ports @ ..] = free_ports::<4>();
    let backends = ports.map(|port| format!("'127.0.0.1:{port}'")).join(", ");
    let site = site(&format!("[hosting]\nfiles = ['nginx']\n[hosting.balancer]\nbackends = [{backends}]\n"));
    site.build();
    let place = |path: &str| site.path(path).display().to_string();
    let http = format!("include {};", place(".lifthill/hosting/nginx/http.conf"));
    let mut servers: Vec<Daemon> = (0..3)
        .map(|number| {
            let server = format!(
                "root {};\ninclude {};\nadd_header X-Server {number} always;\nadd_header X-Connection $connection always;",
                place("output"),
                place(".lifthill/hosting/nginx/server.conf")
            );
            Daemon::nginx(&site.outside().join(format!("nginx-{number}")), ports[number], &http, &server)
        })
        .collect();
    let balancer = Daemon::nginx(
        &site.outside().join("balancer"),
        front,
        &format!("include {};", place(".lifthill/hosting/balancer/http.conf")),
        &format!("include {};", place(".lifthill/hosting/balancer/server.conf")),
    );

    let paths = ["/", "/parks/efteling/", "/parks/efteling/rides/python/", "/feed.xml"];
    let expected = paths.map(|path| servers[0].get(path).is(200).body);
    let answered = AtomicUsize::new(0);
    let seen: Mutex<BTreeMap<String, (usize, BTreeSet<String>)>> = Mutex::default();
    let ask = |number: usize| {
        let answer = balancer.get(paths[number % 4]).is(200);
        assert!(answer.body == expected[number % 4], "another page than that of {}", paths[number % 4]);
        let header = |name: &str| answer.header(name).expect("which server it was").to_owned();
        let mut seen = seen.lock().expect("nobody has panicked");
        let of_server = seen.entry(header("x-server")).or_default();
        of_server.0 += 1;
        of_server.1.insert(header("x-connection"));
        answered.fetch_add(1, Ordering::SeqCst);
    };
    std::thread::scope(|scope| {
        let ask = &ask;
        let visit = |visitor| scope.spawn(move || (0..ASKS).for_each(|number| ask(visitor + number)));
        let visitors: Vec<_> = (0..VISITORS).map(visit).collect();
        let any_left = || visitors.iter().any(|visitor| visitor.is_finished());
        // Which server is asked next is the balancer's to say: the one that is stopped has had its share.
        let share = || seen.lock().expect("nobody has panicked").get("1").map_or(0, |one| one.0);
        while (answered.load(Ordering::SeqCst) < VISITORS * ASKS / 3 || share() < VISITORS * ASKS / 12) && !any_left() {
            std::thread::yield_now();
        }
        servers[1].stop();
    });
    let mut seen = std::mem::take(&mut *seen.lock().expect("nobody has panicked"));
    assert_eq!(answered.load(Ordering::SeqCst), VISITORS * ASKS, "everybody was answered");
    assert_eq!(seen.len(), 3, "all three have answered: {seen:?}");
    for (server, (answers, connections)) in &seen {
        assert!(*answers >= VISITORS * ASKS / 12, "{server} answered only {answers}");
        assert!(connections.len() * 2 < *answers, "{server}: {} connections for {answers} answers", connections.len());
    }
    let before = seen.remove("1").expect("it has answered").0;
    assert!(before < VISITORS * ASKS / 2, "it was stopped");
    for (path, expected) in paths.iter().zip(&expected) {
        let answer = balancer.get(path).is(200);
        assert!(answer.header("x-server") != Some("1") && answer.body == *expected);
    }
}
