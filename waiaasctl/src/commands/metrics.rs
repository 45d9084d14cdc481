//! `metrics`: what the gateway measures of itself.

use api::{Metric, MetricList};

use super::{Operation, to_json};
use crate::args::MetricsArgs;
use crate::exit::Failure;
use crate::gateway::Call;
use crate::table::{Column, Table};
use crate::view::View;

/// Shows every number, or those whose names begin as asked for.
pub(super) fn metrics(arguments: &MetricsArgs, operation: &Operation) -> Result<View, Failure> {
    let mut found: MetricList = operation.gateway()?.ask(Call::get("/v1/admin/metrics"))?;
    let start = arguments.name.as_deref().unwrap_or_default();
    found.metrics.retain(|metric| metric.name.starts_with(start));
    let mut table =
        Table::new([Column::left("NAME"), Column::left("LABELS"), Column::right("VALUE")]);
    // Buckets are for programs.
    let shown = found.metrics.iter().filter(|metric| !metric.labels.contains_key("le"));
    for metric in shown {
        table.row([metric.name.clone(), labels(metric), metric.value.clone()]);
    }
    let view = View::new(to_json(&found));
    if found.metrics.is_empty() {
        return Ok(view.line(format!("nothing has a name that begins with {start}")));
    }
    Ok(view.table(table))
}

fn labels(metric: &Metric) -> String {
    let labels = metric.labels.iter().map(|(name, value)| format!("{name}={value}"));
    labels.collect::<Vec<_>>().join(" ")
}
