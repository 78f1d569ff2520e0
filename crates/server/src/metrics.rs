//! What the server counts, in the text format of Prometheus.
//!
//! Written by hand because a request's part of it must be a few atomic additions: the libraries look a series up by its
//! labels under a lock, request by request. A route's series are found once, by its path.

mod read_side;

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::Method;
pub(crate) use read_side::read_side;
use scrip_engine::Stats;

/// Upper ends of the latency buckets, in microseconds.
const BUCKETS: [u64; 14] =
    [50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000];
const METHODS: [&str; 4] = ["GET", "POST", "DELETE", "other"];
/// The statuses that are answered; the last stands for any other.
const STATUSES: [u16; 20] =
    [200, 201, 202, 400, 401, 402, 403, 404, 405, 406, 408, 409, 413, 422, 423, 429, 431, 500, 503, 0];
/// The path of requests that match none.
const UNMATCHED: &str = "unmatched";

/// Counts by route and status.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// Where a path's series begin.
    paths: HashMap<Box<str>, usize>,
    /// By path, then by method.
    routes: Vec<Route>,
    /// Webhooks whose signature was none of ours.
    bad_signatures: AtomicU64,
    /// Webhooks whose signature was of another time.
    stale_signatures: AtomicU64,
}

/// One method of one path.
#[derive(Debug)]
struct Route {
    path: Box<str>,
    method: &'static str,
    by_status: [OnceLock<Box<Series>>; STATUSES.len()],
}

#[derive(Debug, Default)]
struct Series {
    buckets: [AtomicU64; BUCKETS.len()],
    count: AtomicU64,
    micros: AtomicU64,
}

/// One method of one path, by its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RouteIndex(usize);

impl Metrics {
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a str>) -> Self {
        let mut metrics = Self {
            paths: HashMap::new(),
            routes: Vec::new(),
            bad_signatures: AtomicU64::new(0),
            stale_signatures: AtomicU64::new(0),
        };
        for path in std::iter::once(UNMATCHED).chain(paths) {
            let routes = &mut metrics.routes;
            metrics.paths.entry(path.into()).or_insert_with(|| {
                let start = routes.len();
                routes.extend(METHODS.map(|method| Route {
                    path: path.into(),
                    method,
                    by_status: std::array::from_fn(|_| OnceLock::new()),
                }));
                start
            });
        }
        metrics
    }

    pub(crate) fn route(&self, method: &Method, path: Option<&str>) -> RouteIndex {
        let start = path.and_then(|path| self.paths.get(path)).copied().unwrap_or(0);
        RouteIndex(
            start + METHODS.iter().position(|known| method.as_str() == *known).unwrap_or(METHODS.len() - 1),
        )
    }

    pub(crate) fn count(&self, route: RouteIndex, status: u16, took: Duration) {
        let at = STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        let Some(series) = self.routes.get(route.0).and_then(|route| route.by_status.get(at)) else { return };
        let series = series.get_or_init(Box::default);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        if let Some(bucket) =
            BUCKETS.iter().position(|end| micros <= *end).and_then(|at| series.buckets.get(at))
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        series.count.fetch_add(1, Ordering::Relaxed);
        series.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// A webhook came that nobody we know has signed.
    pub(crate) fn bad_signature(&self) {
        self.bad_signatures.fetch_add(1, Ordering::Relaxed);
    }

    /// A webhook came that was signed at another time.
    pub(crate) fn stale_signature(&self) {
        self.stale_signatures.fetch_add(1, Ordering::Relaxed);
    }

    /// The page that Prometheus reads.
    pub(crate) fn page(&self, stats: &Stats, healthy: bool) -> String {
        let mut page = String::with_capacity(16 << 10);
        engine(&mut page, stats, healthy);
        let name = "scrip_webhooks_rejected_total";
        help(&mut page, name, "counter", "Webhooks of payment providers that were not taken.");
        for (reason, count) in
            [("bad_signature", &self.bad_signatures), ("stale_signature", &self.stale_signatures)]
        {
            let labels = format!("provider=\"stripe\",reason=\"{reason}\"");
            let count = count.load(Ordering::Relaxed);
            let _infallible = writeln!(page, "{name}{{{labels}}} {count}");
        }
        help(&mut page, "scrip_http_request_duration_seconds", "histogram", "Requests by route and status.");
        for route in &self.routes {
            for (status, series) in STATUSES.iter().zip(&route.by_status) {
                if let Some(series) = series.get() {
                    let labels =
                        format!("method=\"{}\",path=\"{}\",status=\"{status}\"", route.method, route.path);
                    series.write(&mut page, &labels);
                }
            }
        }
        page
    }
}

impl Series {
    fn write(&self, page: &mut String, labels: &str) {
        let name = "scrip_http_request_duration_seconds";
        let mut up_to = 0;
        for (end, bucket) in BUCKETS.iter().zip(&self.buckets) {
            up_to += bucket.load(Ordering::Relaxed);
            let end = Seconds(*end);
            let _infallible = writeln!(page, "{name}_bucket{{{labels},le=\"{end}\"}} {up_to}");
        }
        // Counted after its bucket: never below the buckets' sum, as readers expect.
        let count = self.count.load(Ordering::Relaxed).max(up_to);
        let sum = Seconds(self.micros.load(Ordering::Relaxed));
        let _infallible = writeln!(page, "{name}_bucket{{{labels},le=\"+Inf\"}} {count}");
        let _infallible = writeln!(page, "{name}_sum{{{labels}}} {sum}");
        let _infallible = writeln!(page, "{name}_count{{{labels}}} {count}");
    }
}

/// Microseconds, printed as seconds.
struct Seconds(u64);

impl std::fmt::Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:06}", self.0 / 1_000_000, self.0 % 1_000_000)
    }
}

fn engine(page: &mut String, stats: &Stats, healthy: bool) {
    let counters = [
        ("scrip_commands_accepted_total", "Commands that were recorded.", stats.accepted()),
        ("scrip_commands_refused_total", "Commands that the rules refused.", stats.refused()),
        (
            "scrip_commands_replayed_total",
            "Repeated keys that got their first answer again.",
            stats.replayed(),
        ),
        ("scrip_commands_overloaded_total", "Commands turned away.", stats.overloaded()),
        (
            "scrip_conflicts_total",
            "Commands decided again because another writer came first.",
            stats.conflicts(),
        ),
        ("scrip_events_total", "Events that were written.", stats.events()),
        ("scrip_batches_total", "Batches that were written, each with one sync.", stats.batches()),
        ("scrip_cold_loads_total", "Accounts that were folded from the store.", stats.cold_loads()),
        (
            "scrip_call_metadata_written_total",
            "What providers said of calls: rows that were written apart from the log.",
            stats.call_metadata_written(),
        ),
        (
            "scrip_call_metadata_purged_total",
            "Rows of them that were deleted because their time was over.",
            stats.call_metadata_purged(),
        ),
        (
            "scrip_call_metadata_lost_total",
            "Rows of them that could not be written.",
            stats.call_metadata_lost(),
        ),
        (
            "scrip_call_metadata_failures_total",
            "Times that they could not be read or purged.",
            stats.call_metadata_failures(),
        ),
    ];
    for (name, what, value) in counters {
        help(page, name, "counter", what);
        let _infallible = writeln!(page, "{name} {value}");
    }
    let name = "scrip_append_seconds_total";
    help(page, name, "counter", "Time spent in writing and syncing batches.");
    let _infallible = writeln!(page, "{name} {}", Seconds(stats.append_micros()));
    let gauges = [
        ("scrip_commands_in_flight", "Commands waiting or being decided.", stats.in_flight()),
        ("scrip_resident_accounts", "Accounts in memory.", stats.resident_accounts()),
        ("scrip_indexed_position", "Events that the index has taken in.", stats.indexed_position()),
        ("scrip_healthy", "1 while the store takes commands.", u64::from(healthy)),
    ];
    for (name, what, value) in gauges {
        help(page, name, "gauge", what);
        let _infallible = writeln!(page, "{name} {value}");
    }
}

fn help(page: &mut String, name: &str, kind: &str, what: &str) {
    let _infallible = writeln!(page, "# HELP {name} {what}\n# TYPE {name} {kind}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_add_up() {
        let metrics = Metrics::new(["/v1/noop"].into_iter());
        let route = metrics.route(&Method::GET, Some("/v1/noop"));
        for micros in [10, 60, 60, 7_000_000] {
            metrics.count(route, 200, Duration::from_micros(micros));
        }
        let page = metrics.page(&Stats::default(), true);
        for line in [
            r#"scrip_http_request_duration_seconds_bucket{method="GET",path="/v1/noop",status="200",le="0.000050"} 1"#,
            r#"scrip_http_request_duration_seconds_bucket{method="GET",path="/v1/noop",status="200",le="0.000100"} 3"#,
            r#"scrip_http_request_duration_seconds_bucket{method="GET",path="/v1/noop",status="200",le="+Inf"} 4"#,
            r#"scrip_http_request_duration_seconds_sum{method="GET",path="/v1/noop",status="200"} 7.000130"#,
            "scrip_healthy 1",
        ] {
            assert!(page.lines().any(|have| have == line), "{line}\nin\n{page}");
        }
    }
}
