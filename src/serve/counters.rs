//! Numbers for Prometheus. Every label is from a fixed list, so that the number of series does not
//! grow with the site. Knows nothing of who asks for them.

use std::fmt::Write;
use std::sync::atomic::AtomicU64;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::engine::Look;
use crate::report::Report;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    method: &'static str,
    endpoint: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Endpoint {
    endpoint: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Phase {
    phase: &'static str,
}

type Seconds = Gauge<f64, AtomicU64>;

/// All numbers of one run.
pub struct Counters {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Endpoint, Histogram, fn() -> Histogram>,
    builds: Family<Outcome, Counter>,
    pages: Family<Outcome, Counter>,
    build_seconds: Histogram,
    phases: Family<Phase, Seconds>,
    looks: Family<Outcome, Counter>,
    memory: Family<Outcome, Counter>,
    /// Events that were a reason to look.
    pub watch_events: Counter,
    clients: Gauge,
}

/// From a tenth of a millisecond to ten seconds.
const BUCKETS: [f64; 11] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0];

fn histogram() -> Histogram {
    Histogram::new(BUCKETS)
}

impl Default for Counters {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("lifthill");
        let requests = Family::default();
        let seconds = Family::new_with_constructor(histogram as fn() -> Histogram);
        let builds = Family::default();
        let pages = Family::default();
        let build_seconds = histogram();
        let phases = Family::default();
        let looks = Family::default();
        let memory = Family::default();
        let watch_events = Counter::default();
        let clients = Gauge::default();
        registry.register("http_requests", "Requests answered", Family::clone(&requests));
        registry.register_with_unit("response_time", "Time to the answer", Unit::Seconds, Family::clone(&seconds));
        registry.register("builds", "Builds by outcome", Family::clone(&builds));
        registry.register("build_pages", "Pages by what builds did to them", Family::clone(&pages));
        registry.register_with_unit("build_duration", "Time of a build", Unit::Seconds, build_seconds.clone());
        registry.register_with_unit(
            "build_phase",
            "Time of each phase of the last build",
            Unit::Seconds,
            Family::clone(&phases),
        );
        registry.register("looks", "Builds by how much they looked at", Family::clone(&looks));
        registry.register(
            "memory_requests",
            "Files asked for, by whether they were held in memory",
            Family::clone(&memory),
        );
        registry.register("watch_events", "Events that were a reason to look", watch_events.clone());
        registry.register("reload_clients", "Open pages", clients.clone());
        Self { registry, requests, seconds, builds, pages, build_seconds, phases, looks, memory, watch_events, clients }
    }
}

impl Counters {
    /// A request was answered.
    pub fn answered(&self, method: &'static str, endpoint: &'static str, status: u16, seconds: f64) {
        self.requests.get_or_create(&Request { method, endpoint, status }).inc();
        self.seconds.get_or_create(&Endpoint { endpoint }).observe(seconds);
    }

    /// A file was asked for.
    pub fn asked(&self, held: bool) {
        let outcome = if held { "hit" } else { "miss" };
        self.memory.get_or_create(&Outcome { outcome }).inc();
    }

    /// A build begins.
    pub fn looked(&self, look: &Look) {
        let outcome = if matches!(look, Look::Everything) { "everything" } else { "touched" };
        self.looks.get_or_create(&Outcome { outcome }).inc();
    }

    /// A build is over.
    pub fn built(&self, report: &Report) {
        let outcome = if report.has_errors() { "mistakes" } else { "done" };
        self.builds.get_or_create(&Outcome { outcome }).inc();
        let pages = &report.pages;
        for (outcome, count) in [
            ("rendered", pages.rendered),
            ("written", pages.written),
            ("removed", pages.removed),
            ("failed", pages.failed),
        ] {
            self.pages.get_or_create(&Outcome { outcome }).inc_by(count);
        }
        self.build_seconds.observe(report.seconds);
        for (phase, seconds) in &report.phases {
            self.phases.get_or_create(&Phase { phase }).set(*seconds);
        }
    }

    /// All numbers in Prometheus' classic text format.
    pub fn text(&self, clients: usize) -> String {
        self.clients.set(clients as i64);
        let mut open = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut open, &self.registry);
        classic(&open)
    }
}

/// From OpenMetrics, which not every collector reads, to the classic format: a counter is described
/// under the name that its samples have, and there are neither units nor an end mark.
fn classic(open: &str) -> String {
    let counters: Vec<&str> =
        open.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
    let mut text = String::with_capacity(open.len());
    for line in open.lines() {
        let mut words = line.splitn(4, ' ');
        let (mark, what, name, rest) = (words.next(), words.next(), words.next(), words.next());
        if mark != Some("#") {
            let _ = writeln!(text, "{line}");
            continue;
        }
        if let (Some(what @ ("HELP" | "TYPE")), Some(name)) = (what, name) {
            let total = if counters.contains(&name) { "_total" } else { "" };
            let _ = writeln!(text, "# {what} {name}{total} {}", rest.unwrap_or_default());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_the_classic_format() {
        let counters = Counters::default();
        counters.answered("GET", "ride", 200, 0.002);
        let text = counters.text(3);
        for line in [
            "# TYPE lifthill_http_requests_total counter",
            "lifthill_http_requests_total{method=\"GET\",endpoint=\"ride\",status=\"200\"} 1",
            "# TYPE lifthill_response_time_seconds histogram",
            "lifthill_response_time_seconds_bucket{le=\"0.005\",endpoint=\"ride\"} 1",
            "lifthill_reload_clients 3",
        ] {
            assert!(text.lines().any(|found| found == line), "no `{line}` in\n{text}");
        }
        assert!(!text.contains("# EOF") && !text.contains("# UNIT"), "{text}");
    }
}
