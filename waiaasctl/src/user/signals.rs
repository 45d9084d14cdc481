//! Signals as something to wait for with a deadline, instead of handlers.

use std::io;
use std::os::fd::AsFd;
use std::time::Instant;

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::UserError;

/// The signals that this process takes from a queue.
#[derive(Debug)]
pub(super) struct Signals(SignalFd);

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
    /// Keeps SIGTERM, SIGINT, SIGHUP and SIGCHLD from their usual effect. Children are started with
    /// no signal blocked all the same: the standard library sees to it.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn take() -> Result<Self, UserError> {
        let mut set = SigSet::empty();
        for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGCHLD] {
            set.add(signal);
        }
        set.thread_block()
            .and_then(|()| {
                SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
            })
            .map(Self)
            .map_err(failed)
    }

    /// Waits for a signal until `deadline`, or without an end.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Result<Event, UserError> {
        let mut queue = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        match poll(&mut queue, timeout(deadline)) {
            Ok(0) => Ok(Event::Deadline),
            Ok(_) => self.next(),
            Err(nix::Error::EINTR) => Ok(Event::Child),
            Err(error) => Err(failed(error)),
        }
    }

    fn next(&self) -> Result<Event, UserError> {
        let Some(signal) = self.0.read_signal().map_err(failed)? else {
            return Ok(Event::Child);
        };
        let number = i32::try_from(signal.ssi_signo).ok();
        match number.and_then(|number| Signal::try_from(number).ok()) {
            Some(Signal::SIGTERM | Signal::SIGINT | Signal::SIGHUP) => Ok(Event::Stop),
            Some(_) | None => Ok(Event::Child),
        }
    }
}

fn timeout(deadline: Option<Instant>) -> PollTimeout {
    let Some(deadline) = deadline else { return PollTimeout::NONE };
    let left = deadline.saturating_duration_since(Instant::now());
    // Rounded up: a wait that ends early would spin until the deadline.
    let milliseconds = u16::try_from(left.as_millis().saturating_add(1)).unwrap_or(u16::MAX);
    PollTimeout::from(milliseconds)
}

fn failed(error: nix::Error) -> UserError {
    UserError::System { what: "signals cannot be waited for", source: io::Error::from(error) }
}
