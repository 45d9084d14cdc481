//! Rules about the sources that no compiler checks: who may use what, what every file must have,
//! what must be registered, and that the documents tell the truth about each other.
//!
//! Each rule is a row of a table or a function from sources to findings, so that its own test can
//! show that it fires.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod docs;
mod files;
mod manifests;
mod ownership;
mod packaging;
mod secrets;
mod source;

use source::Source;

/// Fails with every finding, a line each.
#[track_caller]
fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
}
