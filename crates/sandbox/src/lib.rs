//! How a process of ours confines itself, on top of what its unit does from outside, and proves it; and
//! whom its sockets let in ([`Door`]).
//!
//! [`Hardened::new`] comes first of all, before a secret is in memory; [`Hardened::limit_calls`] may
//! narrow what the start itself can do; [`Hardened::confine`] comes once every file outside the
//! listed places is open, and before the first byte of a peer is read. Layers are a thread's own and
//! its descendants': all of it happens while there is one thread, and the threads made later inherit
//! it. No switch turns any of it off. What a daemon may do is a table of its own; how it is held to
//! that is here.

mod calls;
mod capabilities;
mod door;
mod files;
mod hardening;
mod proc_status;

use std::io;

use nix::errno::Errno;

pub use calls::{Argument, Call};
pub use door::{Door, DoorError};
pub use files::{FileRight, Place, Tcp};
/// Numbers of system calls and their flags, for tables.
pub use libc;

use proc_status::ProcStatus;

/// What a process may do once it is confined.
#[derive(Clone, Copy, Debug)]
pub struct Rules<'a> {
    /// The files and directories that it may reach.
    pub places: &'a [Place<'a>],
    /// What it may do with TCP.
    pub tcp: Tcp,
    /// The system calls that it may make; any other ends it.
    pub calls: &'a [Call],
    /// What a library tries and does without: it is answered as by a kernel that does not have the
    /// call. This goes before `calls`.
    pub unavailable: &'a [Call],
}

/// The layers of a confined process, a word each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layers {
    /// Set, read back, and tried where trying is possible.
    pub in_force: Vec<&'static str>,
    /// What this kernel does not have.
    pub missing: Vec<&'static str>,
}

/// Why the process is not confined. It must not serve then.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel refused a layer.
    #[error(
        "the kernel refused {layer}; nothing is served without it: see which rule of the unit, the \
         container or the kernel's settings takes it away"
    )]
    Refused {
        /// Which one.
        layer: &'static str,
        /// Its reason.
        source: io::Error,
    },
    /// A place that the process may reach cannot be opened.
    #[error("{0}")]
    Place(#[source] landlock::PathFdError),
    /// A layer was set, and is not in force.
    #[error("{0} was set and is not in force; nothing is served without it")]
    NotInForce(&'static str),
    /// Layers are a thread's own.
    #[error("there are {0} threads already, and the others would stay unconfined")]
    Threads(u32),
    /// A table names something that cannot be.
    #[error("the table of system calls cannot be used: {0}")]
    Table(seccompiler::BackendError),
}

/// A process that other processes of its user cannot look into.
#[derive(Debug)]
#[must_use = "the process is not confined yet"]
pub struct Hardened(());

impl Hardened {
    /// Makes the process undumpable (`ptrace`, `/proc/PID/mem` and core dumps are closed to its own
    /// user), bars it from new privileges, and makes its files its own alone.
    ///
    /// # Errors
    /// When the kernel refuses one of these, or says afterwards that it is not in force.
    pub fn new() -> Result<Self, SandboxError> {
        hardening::harden()?;
        Ok(Self(()))
    }

    /// Ends the process at any system call that is in none of `tables`, from here on; what
    /// [`Hardened::confine`] takes is allowed beside them.
    ///
    /// # Errors
    /// When the kernel refuses, or there is another thread.
    pub fn limit_calls(self, tables: &[&[Call]]) -> Result<Self, SandboxError> {
        calls::limit(&ProcStatus::of_only_thread()?, tables)?;
        Ok(self)
    }

    /// Gives up all capabilities, and everything that `rules` do not name.
    ///
    /// # Errors
    /// When a layer that the kernel has was refused or is not in force, or there is another thread.
    /// What the kernel does not have is no error, and is named in the result.
    pub fn confine(self, rules: &Rules<'_>) -> Result<Layers, SandboxError> {
        let status = ProcStatus::of_only_thread()?;
        let mut layers = Layers { in_force: hardening::WORDS.to_vec(), missing: Vec::new() };
        capabilities::drop_all()?;
        layers.in_force.push("no_capabilities");
        layers.note("landlock", files::allow_only(rules.places, rules.tcp)?);
        layers.note("seccomp", calls::allow_only(&status, rules.calls, rules.unavailable)?);
        Ok(layers)
    }
}

impl Layers {
    fn note(&mut self, layer: &'static str, word: Option<&'static str>) {
        match word {
            Some(word) => self.in_force.push(word),
            None => self.missing.push(layer),
        }
    }
}

fn in_force(layer: &'static str, state: Result<bool, Errno>) -> Result<(), SandboxError> {
    match state {
        Ok(true) => Ok(()),
        Ok(false) => Err(SandboxError::NotInForce(layer)),
        Err(errno) => Err(refused(layer)(errno)),
    }
}

fn refused<E: Into<io::Error>>(layer: &'static str) -> impl FnOnce(E) -> SandboxError {
    move |error| SandboxError::Refused { layer, source: error.into() }
}
