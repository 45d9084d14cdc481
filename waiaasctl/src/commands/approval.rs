//! What owners approve: the file that goes to them and comes back.

use std::path::Path;

use protocol::Approval;

use crate::approval::{Draft, MAX_APPROVAL};
use crate::exit::{Exit, Failure};
use crate::files;

/// The approval in a file, for the command that needs it.
pub(super) fn read(file: &Path) -> Result<Approval, Failure> {
    draft(file).map(Draft::into_approval)
}

fn draft(file: &Path) -> Result<Draft, Failure> {
    let text = files::read(file, MAX_APPROVAL)?;
    Draft::from_json(&text).map_err(|error| {
        let why = std::error::Error::source(&error).map(|why| format!(": {why}"));
        let what = format!("{}: {error}{}", file.display(), why.unwrap_or_default());
        Failure::new(Exit::Failed, what, "`waiaasctl approval` makes such a file")
    })
}

/// A change that the owners have to approve first, and the command that asks them.
pub(super) fn needed(why: &str, command: &str) -> Failure {
    let what = format!("{why}, so the wallet's owners have to approve it");
    let advice = format!("ask them: {command}; then do this with --approval approval.json");
    Failure::new(Exit::Refused, what, advice)
}
