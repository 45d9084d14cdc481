//! Around every request: its id, who asks, the checks against other sites' pages, and the body of
//! refusals.
//!
//! A page of another site can make a browser send requests here. It can neither read the answers
//! nor set the headers that carry credentials; a name that resolves to this machine (DNS rebinding)
//! would let it. So `Host` must be a name of this machine, and `Origin`, where a browser sends one,
//! the gateway's own. Not every request has an `Origin`; `Sec-Fetch-Site` (Fetch Metadata Request
//! Headers, W3C), which no page can set, says of the others who sent them. A link elsewhere may lead
//! to a page of ours, and to nothing else.

use std::sync::Arc;

use api::ErrorCode;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use uuid::Uuid;

use super::problem::Problem;
use super::serve::Peer;
use super::{Shared, pages};
use crate::asker::Asker;
use crate::owner::NAMES;
use crate::usecase::record_refusal::record_refusal;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
/// Characters of a request id that a client chose.
const MAX_REQUEST_ID: usize = 128;

/// Serves `request` through `next`, with everything around it.
pub(super) async fn wrap(State(shared): State<Shared>, request: Request, next: Next) -> Response {
    let id = request_id(request.headers());
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let (route, since) =
        (request.extensions().get::<MatchedPath>().cloned(), shared.app.clock.moment());
    let asker = request.extensions().get::<Peer>().map(|peer| {
        Asker::new(peer.connection(), shared.app.clock.now(), &id, (method.as_str(), &path))
    });
    let served = async {
        match check_site(&request) {
            Ok(()) => next.run(request).await,
            Err(problem) => problem.into_response(),
        }
    };
    let mut response = match &asker {
        Some(asker) => Arc::clone(asker).carry(served).await,
        None => served.await,
    };
    let route = (method.as_str(), route.as_ref().map(MatchedPath::as_str));
    let took = shared.app.clock.elapsed(since);
    shared.app.metrics.requests.answered(route, response.status().as_u16(), took);
    tracing::debug!(%id, %method, path, status = response.status().as_u16(), "served");
    if let Some(problem) = problem_of(&mut response) {
        if let Some(asker) = asker.filter(|_| problem.is_refusal()) {
            record_refusal(&shared.app, asker, problem.code()).await;
        }
        *response.body_mut() = problem.into_body(&id);
        let json = HeaderValue::from_static("application/json");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
    let id = HeaderValue::from_str(&id).expect("only letters, digits and -._ are in it");
    response.headers_mut().insert(REQUEST_ID, id);
    let no_store = HeaderValue::from_static("no-store");
    response.headers_mut().insert(header::CACHE_CONTROL, no_store);
    let no_sniff = HeaderValue::from_static("nosniff");
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, no_sniff);
    response
}

/// The client's id for the request, if it is one that can be logged, or a new one.
fn request_id(headers: &HeaderMap) -> String {
    let harmless = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    let given = headers.get(REQUEST_ID).and_then(|value| value.to_str().ok());
    let given = given.filter(|id| (1..=MAX_REQUEST_ID).contains(&id.len()));
    match given.filter(|id| id.bytes().all(harmless)) {
        Some(id) => id.to_owned(),
        None => Uuid::new_v4().to_string(),
    }
}

/// A refusal that has no body yet, its own or one that the router made.
fn problem_of(response: &mut Response) -> Option<Problem> {
    let own = response.extensions_mut().remove::<Problem>();
    let status = response.status();
    let of_router = [StatusCode::NOT_FOUND, StatusCode::METHOD_NOT_ALLOWED].contains(&status);
    own.or_else(|| of_router.then(|| Problem::of_status(status)))
}

fn check_site(request: &Request) -> Result<(), Problem> {
    if let Some(Peer::Operator(_)) = request.extensions().get::<Peer>() {
        // No browser can open a Unix socket.
        return Ok(());
    }
    let host = host(request.headers(), request.uri()).ok_or_else(|| {
        Problem::new(ErrorCode::HostNotAllowed, "the Host header names no address of this machine")
            .hint("use http://127.0.0.1 or http://localhost, with the gateway's port")
    })?;
    let origin = request.headers().get(header::ORIGIN);
    let own = origin.is_none_or(|origin| origin.as_bytes() == format!("http://{host}").as_bytes());
    if own && (!is_of_other_site(request.headers()) || is_followed_link(request)) {
        Ok(())
    } else {
        Err(Problem::new(ErrorCode::OriginNotAllowed, "pages of other sites are not served"))
    }
}

/// Whether a page of another site, or at another port of this machine, made a browser send this.
pub(super) fn is_of_other_site(headers: &HeaderMap) -> bool {
    let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
    sites.any(|site| ![b"same-origin".as_slice(), b"none"].contains(&site.as_bytes()))
}

/// Whether somebody follows a link, and looks at what is behind it.
fn is_followed_link(request: &Request) -> bool {
    let says = |name, value: &str| request.headers().get(name).is_some_and(|it| it == value);
    request.method() == Method::GET
        && says(SEC_FETCH_MODE, "navigate")
        && says(SEC_FETCH_DEST, "document")
        && pages::is_page(request.uri().path())
}

/// The one host that the request is for, if it is a name of this machine.
fn host<'a>(headers: &'a HeaderMap, uri: &Uri) -> Option<&'a str> {
    let mut hosts = headers.get_all(header::HOST).iter();
    let (host, second) = (hosts.next()?.to_str().ok()?, hosts.next());
    let agrees = uri.authority().is_none_or(|authority| authority.as_str() == host);
    (second.is_none() && agrees && names_this_machine(host)).then_some(host)
}

fn names_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    };
    NAMES.contains(&name)
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn request(headers: &[(&str, &str)]) -> Request {
        let mut builder = Request::builder().uri("/health");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Body::empty()).unwrap()
    }

    #[test]
    fn only_names_of_this_machine_are_hosts() {
        for (headers, served) in [
            (&[("host", "127.0.0.1:3100")][..], true),
            (&[("host", "localhost")], true),
            (&[("host", "localhost:8080")], true),
            (&[("host", "[::1]:3100")], true),
            (&[], false),
            (&[("host", "")], false),
            (&[("host", "evil.example")], false),
            (&[("host", "127.0.0.1.evil.example:3100")], false),
            (&[("host", "localhost.")], false),
            (&[("host", "evil.example:127.0.0.1")], false),
            (&[("host", "127.0.0.1:evil")], false),
            (&[("host", "127.0.0.1@evil.example")], false),
            (&[("host", "127.0.0.1:3100"), ("host", "evil.example")], false),
        ] {
            let found = check_site(&request(headers)).map_err(|problem| problem.code());
            let expected = if served { Ok(()) } else { Err(ErrorCode::HostNotAllowed) };
            assert_eq!(found, expected, "{headers:?}");
        }
    }

    #[test]
    fn a_host_in_the_request_line_must_agree() {
        let mut other = request(&[("host", "localhost:3100")]);
        *other.uri_mut() = "http://evil.example/health".parse().unwrap();
        assert_eq!(check_site(&other).unwrap_err().code(), ErrorCode::HostNotAllowed);
    }

    #[test]
    fn pages_of_other_origins_are_not_served() {
        for (origin, served) in [
            ("http://localhost:3100", true),
            ("http://localhost:5173", false),
            ("https://localhost:3100", false),
            ("http://127.0.0.1:3100", false),
            ("http://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            let request = request(&[("host", "localhost:3100"), ("origin", origin)]);
            let found = check_site(&request).map_err(|problem| problem.code());
            let expected = if served { Ok(()) } else { Err(ErrorCode::OriginNotAllowed) };
            assert_eq!(found, expected, "{origin}");
        }
    }

    #[test]
    fn other_sites_make_a_browser_open_a_page_by_a_link_and_ask_nothing_else() {
        const LINK: &[(&str, &str)] =
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "document")];
        const FRAME: &[(&str, &str)] =
            &[("sec-fetch-mode", "navigate"), ("sec-fetch-dest", "iframe")];
        const IMAGE: &[(&str, &str)] =
            &[("sec-fetch-mode", "no-cors"), ("sec-fetch-dest", "image")];
        for (method, path, site, how, served) in [
            ("GET", "/approve", "cross-site", LINK, true),
            ("GET", "/sessions", "same-site", LINK, true),
            ("GET", "/sessions", "cross-site", FRAME, false),
            ("GET", "/sessions", "cross-site", IMAGE, false),
            ("GET", "/sessions", "cross-site", &[], false),
            ("POST", "/sessions", "cross-site", LINK, false),
            ("GET", "/v1/nonce", "cross-site", LINK, false),
            ("GET", "/v1/nonce", "cross-site", IMAGE, false),
            ("GET", "/v1/nonce", "same-site", IMAGE, false),
            ("GET", "/v1/nonce", "same-origin", IMAGE, true),
            ("GET", "/v1/nonce", "none", LINK, true),
            ("GET", "/v1/nonce", "anything", IMAGE, false),
        ] {
            let mut headers = vec![("host", "localhost:3100"), ("sec-fetch-site", site)];
            headers.extend(how);
            let mut request = request(&headers);
            *request.method_mut() = method.parse().unwrap();
            *request.uri_mut() = path.parse().unwrap();
            let found = check_site(&request).map_err(|problem| problem.code());
            let expected = if served { Ok(()) } else { Err(ErrorCode::OriginNotAllowed) };
            assert_eq!(found, expected, "{method} {path} {site} {how:?}");
        }
    }

    #[test]
    fn a_well_formed_request_id_is_taken_over() {
        let id = |value| request_id(request(&[("x-request-id", value)]).headers());
        assert_eq!(id("agent-7_of.9"), "agent-7_of.9");
        for odd in ["", "a b", "<script>", "a\tb", &"x".repeat(129)] {
            assert!(id(odd).parse::<Uuid>().is_ok(), "{odd}");
        }
    }
}
