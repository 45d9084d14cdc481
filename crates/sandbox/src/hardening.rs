//! What a process sets about itself: not to be looked into, and to gain nothing.

use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::{Mode, umask};

use crate::{SandboxError, in_force, refused};

/// The layers of [`harden`].
pub(crate) const WORDS: [&str; 4] = ["not_dumpable", "no_new_privs", "no_core", "umask_077"];

pub(crate) fn harden() -> Result<(), SandboxError> {
    let own_alone = Mode::S_IRWXG | Mode::S_IRWXO;
    prctl::set_dumpable(false).map_err(refused("PR_SET_DUMPABLE"))?;
    prctl::set_no_new_privs().map_err(refused("no_new_privs"))?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(refused("RLIMIT_CORE"))?;
    umask(own_alone);

    in_force("PR_SET_DUMPABLE", prctl::get_dumpable().map(|dumpable| !dumpable))?;
    in_force("no_new_privs", prctl::get_no_new_privs())?;
    in_force("RLIMIT_CORE", getrlimit(Resource::RLIMIT_CORE).map(|limits| limits == (0, 0)))?;
    in_force("the umask", Ok(umask(own_alone) == own_alone))
}
