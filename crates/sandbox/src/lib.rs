//! What the process does to confine itself, on top of what its unit does from outside.
//!
//! [`Hardened::new`] comes first of all, before a secret is in memory; [`Hardened::confine`] once
//! every file outside the state directory is open. Both read back what they set. No switch turns
//! any of it off.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

use caps::{CapSet, Capability};
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope,
};
use nix::errno::Errno;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};

/// The newest form of Landlock that this was tested with (Linux 6.15); older kernels enforce what
/// they have of it.
const LANDLOCK: ABI = ABI::V7;

/// Why the process is not confined. It must not serve then.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The kernel refused a layer.
    #[error("the kernel refused {layer}")]
    Refused {
        /// Which one.
        layer: &'static str,
        /// Its reason.
        source: io::Error,
    },
    /// The kernel refused a part of Landlock.
    #[error("the kernel refused Landlock")]
    Landlock(#[from] RulesetError),
    /// The state directory cannot be used.
    #[error("the state directory cannot be opened")]
    StateDirectory(#[source] landlock::PathFdError),
    /// A layer was set, and is not in force.
    #[error("{0} was set and is not in force")]
    NotInForce(&'static str),
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
        prctl::set_dumpable(false).map_err(refused("PR_SET_DUMPABLE"))?;
        prctl::set_no_new_privs().map_err(refused("no_new_privs"))?;
        setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(refused("RLIMIT_CORE"))?;
        umask(Mode::S_IRWXG | Mode::S_IRWXO);

        in_force("PR_SET_DUMPABLE", prctl::get_dumpable().map(|dumpable| !dumpable))?;
        in_force("no_new_privs", prctl::get_no_new_privs())?;
        in_force("RLIMIT_CORE", getrlimit(Resource::RLIMIT_CORE).map(|limits| limits == (0, 0)))?;
        Ok(Self(()))
    }

    /// Gives up all capabilities, and everything in the file system but the state directory. Gives
    /// a word for each layer that is in force. Both are the calling thread's and its descendants':
    /// there must be no other thread.
    ///
    /// # Errors
    /// When a layer that the kernel has was refused, or is not in force. A kernel without Landlock
    /// is no error: the word is missing then.
    pub fn confine(self, state_directory: &Path) -> Result<Vec<&'static str>, SandboxError> {
        drop_capabilities()?;
        let mut words =
            vec!["not_dumpable", "no_new_privs", "no_core", "umask_077", "no_capabilities"];
        words.extend(restrict_files(state_directory)?);
        Ok(words)
    }
}

/// Empties all five sets of the calling thread.
fn drop_capabilities() -> Result<(), SandboxError> {
    // Effective before permitted: the one may not exceed the other. The bounding set matters to
    // programs that are started alone, of which there are none, and needs a capability to change.
    if has_capability(CapSet::Effective, Capability::CAP_SETPCAP)? {
        clear(CapSet::Bounding)?;
    }
    let sets = [CapSet::Ambient, CapSet::Effective, CapSet::Permitted, CapSet::Inheritable];
    for set in sets {
        // A set that is empty already is left alone: the unit does not allow capset(2).
        if !is_empty(set)? {
            clear(set)?;
        }
    }
    for set in sets {
        in_force("the loss of capabilities", Ok(is_empty(set)?))?;
    }
    Ok(())
}

fn clear(set: CapSet) -> Result<(), SandboxError> {
    caps::clear(None, set).map_err(capabilities)
}

fn is_empty(set: CapSet) -> Result<bool, SandboxError> {
    caps::read(None, set).map(|held| held.is_empty()).map_err(capabilities)
}

fn has_capability(set: CapSet, capability: Capability) -> Result<bool, SandboxError> {
    caps::has_cap(None, set, capability).map_err(capabilities)
}

/// Landlock: files of the state directory alone, no TCP, no signals and no abstract sockets to the
/// outside.
fn restrict_files(state_directory: &Path) -> Result<Option<&'static str>, SandboxError> {
    let directory = PathFd::new(state_directory).map_err(SandboxError::StateDirectory)?;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rule(PathBeneath::new(directory, state_rights()))?
        .restrict_self()?;
    let Some(word) = landlock_word(&status)? else { return Ok(None) };
    let outside = fs::read_dir("/").map(drop).map_err(|error| error.kind());
    in_force("Landlock", Ok(outside == Err(ErrorKind::PermissionDenied)))?;
    Ok(Some(word))
}

/// What the vault and the journal do with their files: nothing is executed, linked or made that is
/// not a file or a directory.
fn state_rights() -> BitFlags<AccessFs> {
    AccessFs::ReadFile
        | AccessFs::ReadDir
        | AccessFs::WriteFile
        | AccessFs::Truncate
        | AccessFs::MakeReg
        | AccessFs::MakeDir
        | AccessFs::RemoveFile
        | AccessFs::RemoveDir
}

fn landlock_word(status: &RestrictionStatus) -> Result<Option<&'static str>, SandboxError> {
    match (&status.ruleset, &status.landlock) {
        (RulesetStatus::FullyEnforced, _) => Ok(Some("landlock")),
        (RulesetStatus::PartiallyEnforced, _) => Ok(Some("landlock_partial")),
        (
            RulesetStatus::NotEnforced,
            LandlockStatus::NotEnabled | LandlockStatus::NotImplemented,
        ) => Ok(None),
        (RulesetStatus::NotEnforced, _) => Err(SandboxError::NotInForce("Landlock")),
    }
}

fn in_force(layer: &'static str, state: Result<bool, Errno>) -> Result<(), SandboxError> {
    match state {
        Ok(true) => Ok(()),
        Ok(false) => Err(SandboxError::NotInForce(layer)),
        Err(errno) => Err(refused(layer)(errno)),
    }
}

fn refused(layer: &'static str) -> impl FnOnce(Errno) -> SandboxError {
    move |errno| SandboxError::Refused { layer, source: errno.into() }
}

fn capabilities(error: caps::errors::CapsError) -> SandboxError {
    SandboxError::Refused { layer: "the loss of capabilities", source: io::Error::other(error) }
}
