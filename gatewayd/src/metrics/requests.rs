//! Requests over HTTP, by route.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::Scrape;
use super::count::Histogram;
use super::family::{HTTP_DURATION, HTTP_REQUESTS};
use crate::http::ROUTES;

/// What requests for routes that do not exist are counted under.
const NO_ROUTE: (&str, &str) = ("none", "none");
/// The class of a status, by its first digit.
const CLASSES: [&str; 5] = ["1xx", "2xx", "3xx", "4xx", "5xx"];

/// Counts requests: two or three atomic additions each.
#[derive(Debug)]
pub struct Requests {
    by_route: BTreeMap<(&'static str, &'static str), Route>,
    of_no_route: Route,
}

#[derive(Debug, Default)]
struct Route {
    by_class: [AtomicU64; CLASSES.len()],
    took: Histogram,
}

impl Default for Requests {
    fn default() -> Self {
        let key = |route: &crate::http::Route| (route.path, route.method);
        let by_route = ROUTES.iter().map(|route| (key(route), Route::default())).collect();
        Self { by_route, of_no_route: Route::default() }
    }
}

impl Requests {
    /// A request was answered after so long, with this status; `path` is that of its route.
    pub fn answered(&self, (method, path): (&str, Option<&str>), status: u16, took: Duration) {
        // A HEAD is answered by the route of the GET.
        let method = if method == "HEAD" { "GET" } else { method };
        let known = path.and_then(|path| self.by_route.get(&(path, method)));
        let route = known.unwrap_or(&self.of_no_route);
        let class = usize::from((status / 100).clamp(1, 5)).saturating_sub(1);
        if let Some(counted) = route.by_class.get(class) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
        route.took.observe(took);
    }

    /// Adds what was counted of every route that was asked for.
    pub(super) fn put(&self, scrape: &mut Scrape) {
        let none = (NO_ROUTE, &self.of_no_route);
        for ((path, method), route) in
            self.by_route.iter().map(|(key, it)| (*key, it)).chain([none])
        {
            let counts = route.by_class.each_ref().map(|counted| counted.load(Ordering::Relaxed));
            let asked = CLASSES.iter().zip(counts).filter(|(_, count)| *count > 0);
            for (class, count) in asked {
                scrape.put(HTTP_REQUESTS, [method, path, class], count);
            }
            if counts.iter().any(|count| *count > 0) {
                scrape.put_histogram(HTTP_DURATION, [method, path], &route.took);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Format;

    #[test]
    fn a_request_is_counted_by_its_route_and_never_by_its_path() {
        let requests = Requests::default();
        for (method, path, status) in [
            ("GET", Some("/v1/wallets/{id}"), 200),
            ("HEAD", Some("/v1/wallets/{id}"), 404),
            ("PATCH", Some("/v1/wallets/{id}"), 405),
            ("GET", Some("/v1/wallets/somebody's"), 404),
            ("GET", None, 404),
        ] {
            requests.answered((method, path), status, Duration::from_millis(3));
        }
        let mut scrape = Scrape::default();
        requests.put(&mut scrape);
        let text = Format::Prometheus.write(&scrape);
        for line in [
            r#"waiaas_http_requests_total{method="GET",route="/v1/wallets/{id}",code="2xx"} 1"#,
            r#"waiaas_http_requests_total{method="GET",route="/v1/wallets/{id}",code="4xx"} 1"#,
            r#"waiaas_http_requests_total{method="none",route="none",code="4xx"} 3"#,
            r#"waiaas_http_request_duration_seconds_count{method="none",route="none"} 3"#,
        ] {
            assert!(text.lines().any(|found| found == line), "{line}\n{text}");
        }
        assert!(!text.contains("somebody"));
    }
}
