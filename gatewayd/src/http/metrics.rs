//! `/metrics` and `/v1/admin/metrics`: what the gateway measures of itself, for Prometheus and for
//! people.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{Metric, MetricList};
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use super::body::Done;
use super::{Shared, envelope};
use crate::app::App;
use crate::metrics::{Format, scrape};
use crate::session::Master;

pub(super) async fn text(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let format = Format::accepted(accept.unwrap_or_default());
    let mut response = format.write(&scrape(&app).await).into_response();
    let kind = HeaderValue::from_static(format.content_type());
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

pub(super) async fn list(State(app): State<Arc<App>>, _master: Master) -> Done<MetricList> {
    let scrape = scrape(&app).await;
    let metrics = scrape.samples().map(|(name, labels, number)| {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
        Metric { name, labels: labels.collect::<BTreeMap<_, _>>(), value: number.to_string() }
    });
    Done(MetricList { metrics: metrics.collect() })
}

/// Serves `GET /metrics` and nothing else, to whoever asks by a name of this machine.
pub fn router(shared: Shared) -> Router {
    let router = Router::new().route("/metrics", get(text));
    router.layer(from_fn_with_state(shared.clone(), envelope::wrap)).with_state(shared)
}
