//! Numbers as Prometheus reads them: its own text format, version 0.0.4, and `OpenMetrics` 1.0.

use std::fmt::Write as _;

use super::family::{Family, Kind};
use super::scrape::{Sample, Scrape};

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// <https://prometheus.io/docs/instrumenting/exposition_formats/>
    Prometheus,
    /// <https://prometheus.io/docs/specs/om/open_metrics_spec/>
    OpenMetrics,
}

impl Format {
    /// The better one of those that a header `Accept` names; the older one for whoever names none.
    pub fn accepted(accept: &str) -> Self {
        let mut kinds = accept.split(',').filter_map(|kind| kind.split(';').next());
        if kinds.any(|kind| kind.trim() == "application/openmetrics-text") {
            Self::OpenMetrics
        } else {
            Self::Prometheus
        }
    }

    /// What a header `Content-Type` says.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Writes the numbers.
    pub fn write(self, scrape: &Scrape) -> String {
        let mut text = String::new();
        for (family, samples) in scrape.families() {
            self.write_head(&mut text, family);
            for sample in samples {
                write_sample(&mut text, family, sample);
            }
        }
        if self == Self::OpenMetrics {
            text.push_str("# EOF\n");
        }
        text
    }

    fn write_head(self, text: &mut String, family: &Family) {
        let (name, kind) = match (self, family.kind) {
            (Self::OpenMetrics, Kind::Counter) => {
                (family.name.strip_suffix("_total").unwrap_or(family.name).to_owned(), "counter")
            }
            (Self::OpenMetrics, Kind::Info) => (family.name.to_owned(), "info"),
            // The older format knows no such kind.
            (Self::Prometheus, Kind::Info) => (format!("{}_info", family.name), "gauge"),
            (_, kind) => (family.name.to_owned(), kind.as_str()),
        };
        line(text, format_args!("# HELP {name} {}", family.help));
        line(text, format_args!("# TYPE {name} {kind}"));
    }
}

fn write_sample(text: &mut String, family: &Family, sample: &Sample) {
    let labels: Vec<String> = sample
        .labels
        .iter()
        .map(|(name, value)| format!("{name}=\"{}\"", escaped(value)))
        .collect();
    let labels =
        if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
    line(text, format_args!("{}{labels} {}", sample.name(family), sample.number));
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes everything");
}

/// The value of a label between its quotation marks.
fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Histogram, family};
    use super::*;

    fn scrape() -> Scrape {
        let mut scrape = Scrape::default();
        scrape.put(family::HTTP_REQUESTS, ["GET", "/a\\\"b\n", "2xx"], 7_u64);
        scrape.put(family::BUILD, ["0.1.0"], 1_u64);
        let histogram = Histogram::default();
        histogram.observe(Duration::from_micros(300));
        histogram.observe(Duration::from_secs(11));
        scrape.put_histogram(family::HTTP_DURATION, ["GET", "/health"], &histogram);
        scrape
    }

    #[test]
    fn what_stands_in_a_label_cannot_end_it() {
        let text = Format::Prometheus.write(&scrape());
        let line = r#"waiaas_http_requests_total{method="GET",route="/a\\\"b\n",code="2xx"} 7"#;
        assert!(text.lines().any(|found| found == line), "{text}");
    }

    #[test]
    fn a_histogram_ends_with_all_of_them() {
        let text = Format::Prometheus.write(&scrape());
        let of =
            |name: &str| text.lines().filter(|line| line.starts_with(name)).collect::<Vec<_>>();
        let buckets = of("waiaas_http_request_duration_seconds_bucket");
        let ends = |line: &&str, end: &str| line.ends_with(end);
        assert!(ends(&buckets[0], r#"le="0.00025"} 0"#), "{buckets:?}");
        assert!(ends(&buckets[1], r#"le="0.0005"} 1"#), "{buckets:?}");
        assert!(ends(buckets.last().unwrap(), r#"le="+Inf"} 2"#), "{buckets:?}");
        assert!(of("waiaas_http_request_duration_seconds_sum")[0].ends_with(" 11.0003"));
        assert!(of("waiaas_http_request_duration_seconds_count")[0].ends_with(" 2"));
    }

    #[test]
    fn both_formats_say_the_same_numbers_and_call_families_as_each_has_it() {
        let [older, newer] =
            [Format::Prometheus, Format::OpenMetrics].map(|format| format.write(&scrape()));
        let numbers = |text: &str| -> Vec<String> {
            text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
        };
        assert_eq!(numbers(&older), numbers(&newer));
        for (text, lines) in [
            (
                &older,
                ["# TYPE waiaas_http_requests_total counter", "# TYPE waiaas_build_info gauge"],
            ),
            (&newer, ["# TYPE waiaas_http_requests counter", "# TYPE waiaas_build info"]),
        ] {
            assert!(lines.iter().all(|line| text.lines().any(|found| found == *line)), "{text}");
        }
        assert!(newer.ends_with("\n# EOF\n") && !older.contains("EOF"));
    }

    #[test]
    fn the_newer_format_is_for_whoever_accepts_it() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.2,*/*;q=0.1";
        for (accept, format) in [
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("text/plain;version=0.0.4", Format::Prometheus),
            ("application/openmetrics-text", Format::OpenMetrics),
            (prometheus, Format::OpenMetrics),
        ] {
            assert_eq!(Format::accepted(accept), format, "{accept}");
        }
    }
}
