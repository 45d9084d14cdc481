//! All capabilities of the process, given up.

use std::io;

use caps::{CapSet, Capability};

use crate::{SandboxError, in_force};

/// Empties all five sets of the calling thread.
pub(crate) fn drop_all() -> Result<(), SandboxError> {
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
    caps::clear(None, set).map_err(refused)
}

fn is_empty(set: CapSet) -> Result<bool, SandboxError> {
    caps::read(None, set).map(|held| held.is_empty()).map_err(refused)
}

fn has_capability(set: CapSet, capability: Capability) -> Result<bool, SandboxError> {
    caps::has_cap(None, set, capability).map_err(refused)
}

fn refused(error: caps::errors::CapsError) -> SandboxError {
    SandboxError::Refused { layer: "the loss of capabilities", source: io::Error::other(error) }
}
