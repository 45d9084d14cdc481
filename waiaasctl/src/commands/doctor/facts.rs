//! What `doctor` knows: everything that it could see, and why it could not see the rest.

use primitives::Environment;
use protocol::Status;

use super::{daemons, files, host};
use crate::commands::Operation;
use crate::place::Place;
use crate::systemd::{self, Stored};

/// Something that was seen, or why it was not.
pub(super) type Seen<T> = Result<T, String>;

/// Everything that is judged.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) place: Place,
    /// Of this program.
    pub(super) version: &'static str,
    pub(super) units: Seen<Vec<Unit>>,
    pub(super) signer: Seen<Status>,
    pub(super) gateway: Seen<String>,
    /// What confines gatewayd.
    pub(super) gateway_sandbox: Seen<Vec<String>>,
    pub(super) files: Vec<FileFact>,
    pub(super) processes: Seen<Vec<Process>>,
    pub(super) kernel: Kernel,
    /// Whether the system's clock is kept by a time server.
    pub(super) synchronised: Seen<bool>,
    pub(super) disks: Vec<Disk>,
    pub(super) networks: Seen<Vec<Reached>>,
    pub(super) credential: Stored,
    /// Recovery files that lie about.
    pub(super) recovery_files: Vec<String>,
    /// When the newest backup was made, by its name; `None` where there is none.
    pub(super) newest_backup: Seen<Option<Made>>,
    /// Why the last automatic backup failed, if it did.
    pub(super) backup_failure: Option<String>,
    /// Records of a journal that verifies.
    pub(super) journal: Seen<Result<u64, String>>,
    pub(super) wallets: Seen<Vec<Guarded>>,
}

/// When something was made, by the system's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Made {
    /// So many seconds ago.
    Ago(u64),
    /// In so many seconds: a clock was wrong then, or is now.
    Ahead(u64),
}

/// A unit of systemd.
#[derive(Clone, Debug, Default)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) load: String,
    pub(super) enabled: String,
    pub(super) active: String,
    pub(super) result: String,
    pub(super) restarts: u32,
    pub(super) pid: u32,
}

/// A file or directory, and how it should be.
#[derive(Clone, Debug)]
pub(super) struct FileFact {
    pub(super) path: String,
    pub(super) expected: Expected,
    /// Mode and owner; `None` where there is none.
    pub(super) found: Seen<Option<(u32, String)>>,
}

/// How a file or directory should be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// Bits that the mode may have at most.
    pub(super) mode: u32,
    /// The name of its owner; whoever asks if absent.
    pub(super) owner: Option<&'static str>,
    pub(super) must_exist: bool,
}

/// A daemon as `/proc` shows it.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) unit: String,
    /// What it can do that it should not be able to, in words.
    pub(super) loose: Vec<&'static str>,
    /// The AppArmor profile with its mode, such as `waiaas-signerd (enforce)`.
    pub(super) apparmor: Option<String>,
}

/// What the kernel has.
#[derive(Clone, Debug)]
pub(super) struct Kernel {
    pub(super) release: String,
    /// Security modules in force.
    pub(super) modules: Seen<String>,
    pub(super) seccomp: Seen<String>,
    pub(super) core_pattern: Seen<String>,
    pub(super) has_swap: Seen<bool>,
    pub(super) can_hibernate: Seen<bool>,
}

/// A file system that state is on.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    pub(super) path: String,
    pub(super) space: Seen<Space>,
}

/// What is free.
#[derive(Clone, Copy, Debug)]
pub(super) struct Space {
    pub(super) free_mib: u64,
    pub(super) free_inodes: u64,
    /// File systems without a number of inodes have none to run out of.
    pub(super) has_inodes: bool,
}

/// A network, and why it was not reached.
#[derive(Clone, Debug)]
pub(super) struct Reached {
    pub(super) network: String,
    pub(super) error: Option<String>,
}

/// A wallet, and how it is guarded.
#[derive(Clone, Debug)]
pub(super) struct Guarded {
    pub(super) name: String,
    /// Whether its coins are worth money.
    pub(super) environment: Environment,
    pub(super) has_owners: bool,
    /// Something can leave it without a ceiling.
    pub(super) is_open: bool,
}

/// Looks at everything; what cannot be seen is part of the answer.
pub(super) fn gather(operation: &Operation) -> Facts {
    let place = operation.place.clone();
    let units = host::units(&place);
    let processes = host::processes(&units);
    let daemons = daemons::ask(operation);
    Facts {
        version: env!("CARGO_PKG_VERSION"),
        files: files::look(&place),
        processes,
        kernel: host::kernel(),
        synchronised: host::synchronised(),
        disks: files::disks(&place),
        credential: if place.is_installed() { systemd::stored() } else { Stored::Absent },
        recovery_files: files::recovery_files(&place),
        newest_backup: files::newest_backup(&place),
        backup_failure: files::backup_failure(&place),
        signer: daemons.signer,
        gateway: daemons.gateway,
        gateway_sandbox: daemons.gateway_sandbox,
        networks: daemons.networks,
        journal: daemons.journal,
        wallets: daemons.wallets,
        units,
        place,
    }
}
