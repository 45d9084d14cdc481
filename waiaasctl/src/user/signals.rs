//! Signals as something to wait for with a deadline.

use std::io;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::UserError;

/// The signals that this process does not die of. They are handled, not blocked: what is blocked
/// stays blocked in a child, which could then not be asked to end.
#[derive(Debug)]
pub(super) struct Signals {
    runtime: Runtime,
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
    child: Signal,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Somebody asked this process to end.
    Stop,
    /// A child ended, or changed otherwise.
    Child,
    /// Nothing, until the deadline.
    Deadline,
}

impl Signals {
    /// Takes SIGTERM, SIGINT, SIGHUP and SIGCHLD, for as long as this process runs.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn take() -> Result<Self, UserError> {
        let build = || -> io::Result<Self> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            let guard = runtime.enter();
            let [terminate, interrupt, hang_up, child] = [
                signal(SignalKind::terminate())?,
                signal(SignalKind::interrupt())?,
                signal(SignalKind::hangup())?,
                signal(SignalKind::child())?,
            ];
            drop(guard);
            Ok(Self { runtime, terminate, interrupt, hang_up, child })
        };
        let what = "signals cannot be waited for";
        build().map_err(|source| UserError::System { what, source })
    }

    /// Waits for a signal until `deadline`, or without an end.
    pub(super) fn wait(&mut self, deadline: Option<Instant>) -> Event {
        let Self { runtime, terminate, interrupt, hang_up, child } = self;
        let too_late = async {
            match deadline {
                Some(deadline) => tokio::time::sleep_until(deadline.into()).await,
                None => std::future::pending().await,
            }
        };
        runtime.block_on(async {
            tokio::select! {
                _ = terminate.recv() => Event::Stop,
                _ = interrupt.recv() => Event::Stop,
                _ = hang_up.recv() => Event::Stop,
                _ = child.recv() => Event::Child,
                () = too_late => Event::Deadline,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;
    use std::time::Duration;

    #[test]
    fn a_child_can_be_asked_to_end_and_its_end_is_an_event() {
        let mut signals = Signals::take().unwrap();
        let mut child = Command::new("sleep").arg("60").spawn().unwrap();
        let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
        nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGTERM).unwrap();
        let deadline = Instant::now().checked_add(Duration::from_secs(30));
        assert_eq!(signals.wait(deadline), Event::Child);
        assert!(child.try_wait().unwrap().is_some());
    }

    #[test]
    fn a_wait_ends_at_its_deadline() {
        let mut signals = Signals::take().unwrap();
        let deadline = Instant::now();
        assert_eq!(signals.wait(Some(deadline)), Event::Deadline);
    }
}
