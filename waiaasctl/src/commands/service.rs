//! `start`, `stop`.

use std::process::Command;

use super::Operation;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::progress::Progress;
use crate::user;
use crate::view::View;

/// The unit that holds both daemons.
const UNIT: &str = "waiaas.target";

/// Starts both daemons: systemd's, or one user's in the foreground.
pub(super) fn start(operation: &Operation) -> Result<View, Failure> {
    match &operation.place {
        Place::Sockets(_) => systemctl("start", &operation.place),
        Place::User(data) => {
            user::start(data, &Environment::read().without_secrets(), operation.format)
        }
    }
}

/// Stops both daemons.
pub(super) fn stop(operation: &Operation) -> Result<View, Failure> {
    match &operation.place {
        Place::Sockets(_) => systemctl("stop", &operation.place),
        Place::User(data) => user::stop(data),
    }
}

fn systemctl(verb: &'static str, place: &Place) -> Result<View, Failure> {
    if !place.is_installed() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "the daemons of this directory are not systemd's, {verb} them as they were made"
            ),
            "systemd has those of /run/waiaas, `waiaas` those of a --data-dir",
        ));
    }
    let _progress = Progress::start("waiting for systemd");
    let outcome = Command::new("systemctl").args([verb, UNIT]).status();
    match outcome {
        Ok(status) if status.success() => Ok(View::said(format!("systemctl {verb} {UNIT}: done"))),
        Ok(status) => Err(Failure::new(
            Exit::Failed,
            format!("systemctl {verb} {UNIT}: {status}"),
            format!("see systemctl status {UNIT} and journalctl -u signerd -u gatewayd"),
        )),
        Err(source) => {
            Err(Failure::File { action: "cannot run", path: "systemctl".to_owned(), source })
        }
    }
}
