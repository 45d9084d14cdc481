//! What a request is answered that is not served.

use api::{ErrorBody, ErrorCode};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// A refusal: a stable code, what happened, and what to do next.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    code: ErrorCode,
    message: String,
    hint: Option<String>,
    details: Option<serde_json::Value>,
    retry_after_seconds: Option<u64>,
}

impl Problem {
    /// A refusal with that code. `message` is read by people.
    pub(crate) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message, hint: None, details: None, retry_after_seconds: None }
    }

    /// What was given is not right; the message names it.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::ValidationFailed, message)
    }

    /// Something failed in here. The reason is for the log alone.
    pub(crate) fn internal(reason: &dyn std::error::Error) -> Self {
        tracing::error!(reason = %chain(reason), "a request failed");
        Self::new(ErrorCode::InternalError, "the gateway could not do this; its log says why")
    }

    /// With what to do next.
    #[must_use]
    pub(crate) fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(hint.into()), ..self }
    }

    /// With facts for programs.
    #[must_use]
    pub(crate) fn details(self, details: serde_json::Value) -> Self {
        Self { details: Some(details), ..self }
    }

    /// With the time after which the same request may be served.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        Self { retry_after_seconds: Some(seconds), ..self }
    }

    /// The code.
    pub(crate) fn code(&self) -> ErrorCode {
        self.code
    }

    /// Whether somebody wanted what is not theirs, or too much of it, or at a time when nobody is
    /// served: the audit trail tells of it.
    pub(crate) fn is_refusal(&self) -> bool {
        let status = StatusCode::from_u16(self.code.status());
        let refused =
            [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN, StatusCode::TOO_MANY_REQUESTS];
        status.is_ok_and(|status| refused.contains(&status))
            || [ErrorCode::KillSwitchActive, ErrorCode::SystemLocked].contains(&self.code)
    }

    /// The refusal that an answer without a body stands for, made by the router itself.
    pub(crate) fn of_status(status: StatusCode) -> Self {
        if status == StatusCode::NOT_FOUND {
            Self::new(ErrorCode::NotFound, "there is nothing at this path")
                .hint("GET /doc lists every path")
        } else if status == StatusCode::METHOD_NOT_ALLOWED {
            Self::new(ErrorCode::MethodNotAllowed, "this path is not served with that method")
                .hint("GET /doc lists every path with its methods")
        } else {
            Self::invalid(format!("the request was not understood ({status})"))
        }
    }

    /// The answer's body, once the request has its id.
    pub(crate) fn into_body(self, request_id: &str) -> Body {
        let body = ErrorBody {
            code: self.code.as_str().to_owned(),
            message: self.message,
            request_id: request_id.to_owned(),
            retryable: self.code.retryable(),
            details: self.details,
            hint: self.hint,
        };
        Body::from(serde_json::to_vec(&body).expect("texts and JSON values are JSON"))
    }
}

/// The head of the answer; `envelope` writes the body.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status());
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status.expect("the codes' statuses are statuses");
        if let Some(seconds) = self.retry_after_seconds {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// An error and what is behind it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text = format!("{text}: {error}");
        source = error.source();
    }
    text
}
