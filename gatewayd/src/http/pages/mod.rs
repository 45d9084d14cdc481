//! Pages for people: files that are compiled in and served as they are (`docs/pages.md`). They load nothing from
//! anywhere else, and what they may do is what [`POLICY`] says.

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse, Response};

use api::ErrorCode;

use super::body::Path;
use super::problem::Problem;
use crate::app::App;
use crate::session::link::Subject;
use crate::usecase::connect_info::base_url;

/// No script, style or request that is not the gateway's own, no markup of others; wallets' icons
/// come as `data:`, and no other page frames these.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// A file: its name, its type, what is in it.
struct File(&'static str, &'static str, &'static str);

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";

/// The page at `/approve`.
static APPROVE: File = File("approve.html", HTML, include_str!("../../../pages/approve.html"));

/// The page at `/sessions`.
static SESSIONS: File = File("sessions.html", HTML, include_str!("../../../pages/sessions.html"));

/// What pages are made of, at `/pages/{file}`.
static PARTS: &[File] = &[
    File("acts.js", SCRIPT, include_str!("../../../pages/acts.js")),
    File("approve.js", SCRIPT, include_str!("../../../pages/approve.js")),
    File("approve_parts.js", SCRIPT, include_str!("../../../pages/approve_parts.js")),
    File("dom.js", SCRIPT, include_str!("../../../pages/dom.js")),
    File("evm.js", SCRIPT, include_str!("../../../pages/evm.js")),
    File("gateway.js", SCRIPT, include_str!("../../../pages/gateway.js")),
    File("mark.svg", SVG, include_str!("../../../pages/mark.svg")),
    File("page.css", CSS, include_str!("../../../pages/page.css")),
    File("parts.js", SCRIPT, include_str!("../../../pages/parts.js")),
    File("refusals.js", SCRIPT, include_str!("../../../pages/refusals.js")),
    File("sessions.js", SCRIPT, include_str!("../../../pages/sessions.js")),
    File("sessions_parts.js", SCRIPT, include_str!("../../../pages/sessions_parts.js")),
    File("sessions_words.js", SCRIPT, include_str!("../../../pages/sessions_words.js")),
    File("solana.js", SCRIPT, include_str!("../../../pages/solana.js")),
    File("wallets.js", SCRIPT, include_str!("../../../pages/wallets.js")),
    File("words.js", SCRIPT, include_str!("../../../pages/words.js")),
];

/// Whether people open it by a link.
pub(super) fn is_page(path: &str) -> bool {
    ["/approve", "/sessions"].contains(&path)
}

/// Where owners read and sign what waits for them. What it shows it asks for by its link.
pub(super) async fn approve() -> Response {
    APPROVE.serve()
}

/// Where owners read and decide what agents ask for. What it shows it asks for by its link.
pub(super) async fn sessions() -> Response {
    SESSIONS.serve()
}

/// Where an owner reads and signs it in a browser of this machine: the page, and in its fragment the
/// right to read what it is about.
pub(super) fn address(app: &App, subject: Subject) -> String {
    let (base, right) = (base_url(app), app.link_key.right(subject));
    match subject {
        Subject::Approval(id) => format!("{base}/approve#{id}.{right}"),
        Subject::SessionRequest(id) => format!("{base}/sessions#{id}.{right}"),
    }
}

/// A part of a page.
pub(super) async fn part(path: Path) -> Result<Response, Problem> {
    let name = path.text("file");
    let found = PARTS.iter().find(|File(known, ..)| *known == name).map(File::serve);
    found.ok_or_else(|| Problem::new(ErrorCode::NotFound, "no page has such a part"))
}

impl File {
    fn serve(&self) -> Response {
        let File(_name, kind, text) = *self;
        let headers = [
            (header::CONTENT_TYPE, kind),
            (header::CONTENT_SECURITY_POLICY, POLICY),
            (header::REFERRER_POLICY, "no-referrer"),
            (header::X_FRAME_OPTIONS, "DENY"),
            (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
            (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
        ];
        let headers = headers.map(|(name, value)| (name, HeaderValue::from_static(value)));
        (headers, text).into_response()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const PAGES: [&File; 2] = [&APPROVE, &SESSIONS];

    /// What stands between `"` and `"` or `/pages/` and `"` in a text, and is a file's name.
    fn named(text: &str) -> BTreeSet<&str> {
        let names = text.split('"').filter_map(|quoted| {
            quoted.strip_prefix("/pages/").or_else(|| quoted.strip_prefix("./"))
        });
        names.collect()
    }

    #[test]
    fn every_part_is_asked_for_by_another_and_every_name_is_a_part() {
        let files = PARTS.iter().chain(PAGES);
        let asked: BTreeSet<_> = files.flat_map(|File(_, _, text)| named(text)).collect();
        let served: BTreeSet<_> = PARTS.iter().map(|File(name, ..)| *name).collect();
        assert_eq!(asked, served);
    }

    #[test]
    fn nothing_is_fetched_from_elsewhere_or_made_of_text() {
        let elsewhere = ["http://", "https://", "//cdn", "url("];
        let markup =
            ["innerHTML", "outerHTML", "insertAdjacent", "document.write", "eval(", "style="];
        for File(name, _, text) in PARTS.iter().chain(PAGES) {
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for word in elsewhere.iter().chain(&markup) {
                assert!(!text.contains(word), "{name} has {word}");
            }
        }
        for File(name, _, text) in PAGES {
            assert!(!text.contains("<script>") && !text.contains("<style"), "{name}");
        }
    }

    #[test]
    fn a_page_may_run_its_own_scripts_alone_and_is_framed_by_nobody() {
        for page in PAGES {
            let response = page.serve();
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self'"));
            assert!(!policy.contains("unsafe") && !policy.contains('*') && !policy.contains("  "));
            assert!(policy.contains("frame-ancestors 'none'"));
            assert_eq!(response.headers()[header::REFERRER_POLICY], "no-referrer");
        }
    }
}
