//! Load: many connections that ask as fast as they are answered. What comes is counted, not timed;
//! `LIFTHILL_LOAD=30s` is the long form.

use std::process::Command;

use super::{Served, park_site};

#[test]
fn sixty_four_connections_meet_no_error() {
    let site = park_site();
    let mut served = Served::start(&site, &[]).built();
    let time = std::env::var("LIFTHILL_LOAD").unwrap_or_else(|_| "2s".to_owned());
    let url = format!("http://{}/parks/efteling/", served.address());
    let done = Command::new("wrk").args(["-t2", "-c64", &format!("-d{time}"), &url]).output();
    let done = done.expect("wrk runs; ./test installs it");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    eprintln!("{said}");
    let requests = said.split(" requests in ").next().and_then(|head| head.split_whitespace().last());
    let requests: u64 = requests.and_then(|count| count.parse().ok()).expect("a number of requests");
    assert!(requests > 64, "{said}");
    assert!(!said.contains("Socket errors") && !said.contains("Non-2xx"), "{said}");
    let counted = served.get("/metrics").text();
    let line = "lifthill_http_requests_total{method=\"GET\",endpoint=\"park\",status=\"200\"} ";
    let counted = counted.lines().find_map(|found| found.strip_prefix(line)).expect("requests are counted");
    assert!(counted.parse::<u64>().expect("a number") >= requests, "{counted} of {requests} were counted");
    assert_eq!(served.stop(), Some(0));
}
