//! One request to gatewayd, before it is sent.

use std::fmt;
use std::path::Path;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE};
use hyper::http::uri::PathAndQuery;
use hyper::{Method, Request};
use serde::Serialize;

use super::GatewayError;

/// One request to gatewayd.
#[derive(Clone, Debug)]
pub struct Call {
    method: Method,
    path: String,
    body: Option<Vec<u8>>,
    token: Option<Token>,
    idempotency_key: Option<String>,
    owner: Option<[(&'static str, String); 3]>,
}

/// The token of a session; never printed by accident.
#[derive(Clone)]
pub struct Token(String);

impl Call {
    /// Reads `path`, which starts with a slash.
    pub fn get(path: impl Into<String>) -> Self {
        Self::new(Method::GET, path)
    }

    /// Does `path`, without a body.
    pub fn post(path: impl Into<String>) -> Self {
        Self::new(Method::POST, path)
    }

    /// Replaces what is at `path`.
    pub fn put(path: impl Into<String>) -> Self {
        Self::new(Method::PUT, path)
    }

    /// Removes what is at `path`.
    pub fn delete(path: impl Into<String>) -> Self {
        Self::new(Method::DELETE, path)
    }

    fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            body: None,
            token: None,
            idempotency_key: None,
            owner: None,
        }
    }

    /// Adds `name=value` to the path.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        self.path.push(separator);
        self.path.push_str(name);
        self.path.push('=');
        self.path.push_str(&encoded(value));
        self
    }

    /// Adds a body.
    #[must_use]
    pub fn body(self, body: &impl Serialize) -> Self {
        Self { body: Some(json(body)), ..self }
    }

    /// Asks as the session of this token, and not as an operator.
    #[must_use]
    pub fn session(self, token: &Token) -> Self {
        Self { token: Some(token.clone()), ..self }
    }

    /// Asks as an owner who signed a message, which stands here in base64.
    #[must_use]
    pub fn owner(self, address: String, message: String, signature: String) -> Self {
        let headers = [
            ("X-Owner-Address", address),
            ("X-Owner-Message", message),
            ("X-Owner-Signature", signature),
        ];
        Self { owner: Some(headers), ..self }
    }

    /// The same key is done once.
    #[must_use]
    pub fn idempotency_key(self, key: Option<String>) -> Self {
        Self { idempotency_key: key, ..self }
    }
}

impl Call {
    /// What is asked, for messages.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The request as it is sent to `socket`.
    pub(super) fn into_request(self, socket: &Path) -> Result<Request<Full<Bytes>>, GatewayError> {
        let unaskable = GatewayError::Unaskable { path: self.path.clone() };
        // `hyperlocal::Uri` panics on a path that is none.
        if self.path.parse::<PathAndQuery>().is_err() {
            return Err(unaskable);
        }
        let mut request = Request::builder()
            .method(self.method)
            .uri(hyperlocal::Uri::new(socket, &self.path))
            .header(CONTENT_TYPE, "application/json");
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {}", token.reveal()));
        }
        if let Some(key) = &self.idempotency_key {
            request = request.header("Idempotency-Key", key);
        }
        for (name, value) in self.owner.iter().flatten() {
            request = request.header(*name, value);
        }
        let body = Full::from(self.body.unwrap_or_default());
        request.body(body).map_err(|_bad_header| unaskable)
    }
}

impl Token {
    /// Takes over the token's text.
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for the file or terminal that it is meant for.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Token")
    }
}

fn json(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("the bodies of `api` have names for keys")
}

/// Percent-encodes everything but the unreserved characters of RFC 3986.
pub fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            encoded.push_str(&primitives::encode_hex(&[byte]).to_uppercase());
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_person_types_stays_one_value_of_the_query() {
        let call = Call::get("/v1/wallet/balance").query("network", "a&b=c d/é").query("x", "1");
        assert_eq!(call.path(), "/v1/wallet/balance?network=a%26b%3Dc%20d%2F%C3%A9&x=1");
    }

    #[test]
    fn what_cannot_be_a_request_is_refused_and_does_not_panic() {
        let socket = Path::new("/run/waiaas/gateway.sock");
        assert!(Call::get("/a b").into_request(socket).is_err());
        let key = Some("line\nfeed".to_owned());
        assert!(Call::get("/").idempotency_key(key).into_request(socket).is_err());
        assert!(Call::get("/").into_request(socket).is_ok());
    }

    #[test]
    fn a_token_is_never_printed() {
        assert_eq!(format!("{:?}", Token::new("wai_sess_x".to_owned())), "Token");
    }
}
