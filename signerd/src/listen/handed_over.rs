//! Sockets that the service manager opened and handed over (`sd_listen_fds(3)`).

use listenfd::ListenFd;

use super::{ListenError, Listener};
use crate::dispatch::Role;

/// The sockets that the environment tells of, by their `names`; `None` if it tells of none.
pub(super) fn take(names: Option<&str>) -> Result<Option<[Listener; 2]>, ListenError> {
    take_from(ListenFd::from_env(), names)
}

fn take_from(
    mut sockets: ListenFd,
    names: Option<&str>,
) -> Result<Option<[Listener; 2]>, ListenError> {
    if sockets.len() == 0 {
        return Ok(None);
    }
    let names: Vec<&str> = names.unwrap_or_default().split(':').collect();
    let mut take = |role, name: &str| {
        let wrong = |reason: String| ListenError::HandedOver(format!("`{name}` {reason}"));
        let place = names.iter().position(|given| *given == name);
        let place = place.ok_or_else(|| wrong("is missing".to_owned()))?;
        let taken = sockets.take_unix_listener(place).map_err(|error| wrong(error.to_string()))?;
        let socket = taken.ok_or_else(|| wrong("is missing".to_owned()))?;
        Listener::new(role, socket).map_err(|error| wrong(format!("cannot be used: {error}")))
    };
    let listeners = [take(Role::Gateway, "signer")?, take(Role::Operator, "control")?];
    if names.len() != listeners.len() || sockets.len() != listeners.len() {
        return Err(ListenError::HandedOver(format!("there are {}", sockets.len())));
    }
    Ok(Some(listeners))
}
