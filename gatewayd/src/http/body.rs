//! Reading bodies, queries and paths; answering with JSON.

use std::sync::Arc;
use std::time::Duration;

use api::ErrorCode;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Shared;
use super::crowd::Seat;
use super::problem::Problem;
use crate::json;

/// The most memory that the values of a body take: some thousand functions of an ABI, or entries of a
/// policy.
const MOST_MEMORY: usize = 8 << 20;
/// How long a body may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(10);

/// A body of JSON, read as a `T`.
#[derive(Debug)]
pub(super) struct Json<T>(pub(super) T);

/// A body of JSON, read as a `T`; none is the same as an empty object.
#[derive(Debug)]
pub(super) struct OptionalJson<T>(pub(super) T);

/// A body that says that it is JSON, unread.
#[derive(Debug)]
pub(super) struct RawJson(pub(super) Bytes);

/// The query, read as a `T`.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

/// The values in the path, in order.
#[derive(Debug)]
pub(super) struct Path(Vec<(String, String)>);

/// An answer of status 200.
#[derive(Debug)]
pub(super) struct Done<T>(pub(super) T);

/// An answer of status 201.
#[derive(Debug)]
pub(super) struct Created<T>(pub(super) T);

impl Path {
    /// The value of that name, as a word of ours.
    pub(super) fn read<T: std::str::FromStr>(&self, name: &str) -> Result<T, Problem>
    where
        T::Err: std::fmt::Display,
    {
        self.text(name).parse().map_err(|error| Problem::invalid(format!("{name}: {error}")))
    }

    /// The value of that name.
    pub(super) fn text(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl FromRequest<Shared> for RawJson {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        check_content_type(request.headers())?;
        let limit = shared.app.limits.borrow().body_bytes.get();
        // While it arrives, others may need the room more.
        let seat = request.extensions().get::<Arc<Seat>>();
        let _arrival = seat.map(|seat| Arc::clone(seat).arrival());
        let body = read(request.into_body(), limit).await?;
        if json::memory(&body) > MOST_MEMORY {
            let message = "the body has more objects, lists and values than are read at once";
            return Err(Problem::new(ErrorCode::BodyTooLarge, message));
        }
        // Fields would be read from it by position, and those that are left out as absent.
        if body.trim_ascii_start().starts_with(b"[") {
            return Err(Problem::invalid("the body: expected an object, not a list"));
        }
        Ok(Self(body))
    }
}

impl<T: DeserializeOwned> FromRequest<Shared> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        let RawJson(bytes) = RawJson::from_request(request, shared).await?;
        let value = serde_json::from_slice(&bytes);
        value.map(Self).map_err(|error| Problem::invalid(format!("the body: {error}")))
    }
}

impl<T: DeserializeOwned + Default> FromRequest<Shared> for OptionalJson<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Shared) -> Result<Self, Problem> {
        if request.body().is_end_stream() {
            return Ok(Self(T::default()));
        }
        Json::from_request(request, shared).await.map(|Json(value)| Self(value))
    }
}

impl<S: Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Problem> {
        let query = axum::extract::Query::try_from_uri(&parts.uri);
        let query = query.map_err(|error| Problem::invalid(error.body_text()))?;
        Ok(Self(query.0))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Path {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let values = RawPathParams::from_request_parts(parts, state).await;
        let values = values.map_err(|error| Problem::invalid(error.body_text()))?;
        Ok(Self(values.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()))
    }
}

/// A page of another site can send some types without asking; JSON is none of them.
fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let given = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = given.and_then(|value| value.split(';').next()).map(str::trim);
    if essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json")) {
        Ok(())
    } else {
        Err(Problem::invalid("the body's type is not JSON")
            .hint("send Content-Type: application/json"))
    }
}

async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    let arriving = Limited::new(body, limit).collect();
    let arrived = tokio::time::timeout(ARRIVAL, arriving).await.map_err(|_elapsed| {
        Problem::new(ErrorCode::RequestTimeout, "the body did not arrive in time")
    })?;
    match arrived {
        Ok(body) => Ok(body.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Problem::new(
            ErrorCode::BodyTooLarge,
            format!("the body has more than {limit} bytes"),
        )),
        Err(_broken) => Err(Problem::invalid("the body did not arrive whole")),
    }
}

impl<T: Serialize> IntoResponse for Done<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

impl<T: Serialize> IntoResponse for Created<T> {
    fn into_response(self) -> Response {
        (StatusCode::CREATED, axum::Json(self.0)).into_response()
    }
}
