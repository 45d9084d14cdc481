//! `waiaas stop`: ends what runs in a data directory, and waits until it has ended.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::poll::{PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::sys::socket::{getsockopt, sockopt::PeerCredentials};
use nix::unistd::Pid;

use super::{UserError, lock};
use crate::exit::Failure;
use crate::place::{DataDir, Place};
use crate::progress::Progress;
use crate::view::View;

/// How long to wait for the end; `waiaas start` needs at most five seconds.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often to look.
const LOOK_AGAIN: u16 = 50;

/// Ends the `waiaas` that runs the daemons, or daemons whose `waiaas` was killed.
///
/// # Errors
/// When nothing runs, or something does not end.
pub fn stop(data: &DataDir) -> Result<View, Failure> {
    let _progress = Progress::start("waiting for the daemons to end");
    let supervisor = lock::holder(data)?;
    if let Some(pid) = supervisor {
        end(pid, || Ok(lock::holder(data)? != Some(pid)))?;
    }
    let place = Place::User(data.clone());
    let mut orphans = 0_u8;
    for socket in [place.gateway_socket(), place.control_socket()] {
        if let Some(pid) = listener(&socket) {
            end(pid, || Ok(listener(&socket) != Some(pid)))?;
            orphans = orphans.saturating_add(1);
        }
    }
    if supervisor.is_none() && orphans == 0 {
        let directory = data.path().display().to_string();
        return Err(UserError::NotRunning { directory }.into());
    }
    Ok(View::said("both daemons have ended"))
}

/// Asks a process to end and waits until `ended`.
fn end(pid: i32, ended: impl Fn() -> Result<bool, UserError>) -> Result<(), UserError> {
    let asked = kill(Pid::from_raw(pid), Signal::SIGTERM);
    let deadline = Instant::now().checked_add(PATIENCE);
    while !ended()? {
        if asked.is_err() || deadline.is_none_or(|deadline| Instant::now() >= deadline) {
            let seconds = PATIENCE.as_secs();
            return Err(UserError::NotStopped { pid: pid.to_string(), seconds });
        }
        pause()?;
    }
    Ok(())
}

/// The process that listens at a socket, by what the kernel says of its peer (unix(7)).
fn listener(socket: &Path) -> Option<i32> {
    let stream = UnixStream::connect(socket).ok()?;
    Some(getsockopt(&stream, PeerCredentials).ok()?.pid()).filter(|pid| *pid > 0)
}

/// Another process's end is no event for this one, so it looks again after a while.
fn pause() -> Result<(), UserError> {
    match poll(&mut [], PollTimeout::from(LOOK_AGAIN)) {
        Ok(_) | Err(nix::Error::EINTR) => Ok(()),
        Err(error) => {
            Err(UserError::System { what: "cannot wait", source: io::Error::from(error) })
        }
    }
}
