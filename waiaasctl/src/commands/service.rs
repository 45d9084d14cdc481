//! `start`, `stop`.

use super::Operation;
use crate::args::BackupSchedule;
use crate::environment::Environment;
use crate::exit::{Exit, Failure};
use crate::place::Place;
use crate::progress::Progress;
use crate::systemd::{self, TARGET};
use crate::user;
use crate::view::View;

/// Starts both daemons: systemd's, or one user's in the foreground.
pub(super) fn start(operation: &Operation) -> Result<View, Failure> {
    match &operation.place {
        Place::Sockets(_) => systemctl("start", &operation.place),
        Place::User(data) => {
            let environment = Environment::read().without_secrets();
            user::start(data, &environment, operation.format, BackupSchedule::DEFAULT)
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
    systemd::systemctl(&[verb, TARGET])?;
    Ok(View::said(format!("systemctl {verb} {TARGET}: done")))
}
