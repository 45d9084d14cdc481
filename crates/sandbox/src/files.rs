//! Landlock: the listed places alone, no TCP that is not wanted, and no signals and no abstract
//! sockets to the outside.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;

pub use landlock::AccessFs as FileRight;
use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd,
    RestrictionStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
    Scope,
};

use crate::{SandboxError, in_force};

/// The newest form of Landlock that this was tested with (Linux 6.15); older kernels enforce what
/// they have of it.
const LANDLOCK: ABI = ABI::V7;

/// A file, or a directory and all that is below it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What may be done there.
    pub rights: &'a [FileRight],
}

/// What a process may do with TCP, on a kernel whose Landlock knows of it (Linux 6.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tcp {
    /// Nothing: no `bind(2)`, no `connect(2)`.
    Nothing,
    /// Connect to others. What it listens on is bound before.
    Connect,
}

impl Tcp {
    fn forbidden(self) -> BitFlags<AccessNet> {
        match self {
            Self::Nothing => AccessNet::BindTcp | AccessNet::ConnectTcp,
            Self::Connect => AccessNet::BindTcp.into(),
        }
    }
}

/// The word for what is in force; `None` where the kernel has no Landlock.
pub(crate) fn allow_only(
    places: &[Place<'_>],
    tcp: Tcp,
) -> Result<Option<&'static str>, SandboxError> {
    let mut rules = Vec::new();
    for place in places {
        let path = PathFd::new(place.path).map_err(SandboxError::Place)?;
        let rights: BitFlags<AccessFs> = place.rights.iter().copied().collect();
        rules.push(Ok::<_, RulesetError>(PathBeneath::new(path, rights)));
    }
    let status = restrict(rules, tcp).map_err(refused)?;
    let Some(word) = word(&status)? else { return Ok(None) };
    let outside = fs::read_dir("/").map(drop).map_err(|error| error.kind());
    in_force("Landlock", Ok(outside == Err(ErrorKind::PermissionDenied)))?;
    Ok(Some(word))
}

fn restrict(
    rules: Vec<Result<PathBeneath<PathFd>, RulesetError>>,
    tcp: Tcp,
) -> Result<RestrictionStatus, RulesetError> {
    Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(tcp.forbidden())?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(rules)?
        .restrict_self()
}

fn word(status: &RestrictionStatus) -> Result<Option<&'static str>, SandboxError> {
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

fn refused(error: RulesetError) -> SandboxError {
    SandboxError::Refused { layer: "Landlock", source: io::Error::other(error) }
}
