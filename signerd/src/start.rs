//! From the command line to the loop that serves, in the order that safety needs.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;
use std::process::ExitCode;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::geteuid;
use sandbox::SandboxError;

use crate::clock::SystemTimeSource;
use crate::config::{
    Arguments, Command, ConfigError, Notices, Settings, USAGE, credentials_directory,
    parse_command_line, socket_names,
};
use crate::handlers::vault::open_unattended;
use crate::journal::{Journal, JournalError, Witness};
use crate::listen::{self, ListenError};
use crate::sandbox::Tables;
use crate::service_manager::ServiceManager;
use crate::signer::Signer;
use crate::tpm::{Tpm, TpmError};
use crate::vault::{KdfCost, Vault, VaultError};
use crate::{log, sys};

/// Bytes; the deepest path is the reading of a backup.
const STACK_SIZE: NonZeroUsize = NonZeroUsize::new(1024 * 1024).expect("it is not zero");

/// Bits of a mode that are of a group and others.
const OTHERS: u32 = 6;

/// Why the signer does not run.
#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("{0}: {1}; the signer's user must be able to write there (--state-dir)")]
    StateDir(String, io::Error),
    #[error(
        "{0}: it must belong to the signer's user, user id {1}, and to nobody else: chown {1} and chmod 700"
    )]
    StateDirOpen(String, u32),
    #[error("another signer uses {0}; stop it first")]
    Running(String),
    #[error("the witness must be outside of the state directory: it would be put back with it")]
    WitnessInside,
    #[error("the TPM {0} that witness_tpm names")]
    Tpm(String, #[source] TpmError),
    #[error("the TPM does not count this start: {0}")]
    Uncounted(String),
    #[error("signals: {0}")]
    Signals(nix::errno::Errno),
    #[error(transparent)]
    Journal(#[from] JournalError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    #[error("secret memory for the stack: {0}")]
    Stack(sys::MemoryError),
    #[error(transparent)]
    Listen(#[from] ListenError),
}

impl StartError {
    /// As [`USAGE`] says.
    fn exit_status(&self) -> u8 {
        match self {
            Self::Config(ConfigError::CommandLine(_)) => 2,
            Self::Listen(ListenError::Wait(_)) | Self::Signals(_) => 1,
            Self::Config(_)
            | Self::StateDir(..)
            | Self::StateDirOpen(..)
            | Self::Running(_)
            | Self::WitnessInside
            | Self::Tpm(..)
            | Self::Uncounted(_)
            | Self::Journal(_)
            | Self::Vault(_)
            | Self::Sandbox(_)
            | Self::Stack(_)
            | Self::Listen(_) => 78,
        }
    }
}

/// Runs the program with `arguments` (without its name) until a signal ends it, held to `tables`.
pub fn run(arguments: impl IntoIterator<Item = OsString>, tables: &Tables<'_>) -> ExitCode {
    log::open();
    let served = match parse_command_line(arguments) {
        Ok(Command::Help) => return print(USAGE),
        Ok(Command::Version) => {
            return print(concat!("signerd ", env!("CARGO_PKG_VERSION"), "\n"));
        }
        Ok(Command::Run(arguments)) => start(&arguments, tables),
        Err(error) => Err(error.into()),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error(format_args!("{}", log::with_causes(&error)));
            ExitCode::from(error.exit_status())
        }
    }
}

fn print(text: &str) -> ExitCode {
    match io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_closed) => ExitCode::FAILURE,
    }
}

/// Confines itself before the first byte of a peer is read.
fn start(arguments: &Arguments, tables: &Tables<'_>) -> Result<(), StartError> {
    let hardened = tables.start()?;
    let mut manager = ServiceManager::connect(&Notices::from_environment());
    let settings = arguments.read_settings()?;
    let stop = take_signals().map_err(StartError::Signals)?;
    let _lock = lock_state(&arguments.state_dir)?;
    let journal = open_journal(&arguments.state_dir, &settings)?;
    if let Some(damage) = journal.damage() {
        log::error(format_args!("signing is suspended, the journal does not verify: {damage}"));
    }
    let time = Box::new(SystemTimeSource::new());
    let mut vault = Vault::open(&arguments.state_dir.join("vault"), KdfCost::DEFAULT)?;
    let taken = vault.take_credential(credentials_directory().as_deref());
    let credential = taken.unwrap_or_else(|error| {
        log::warning(format_args!("{error}"));
        None
    });
    let listeners = listen::open(socket_names().as_deref(), &arguments.runtime_dir)?;
    sys::on_secret_stack(STACK_SIZE, || {
        let layers = tables.confine(hardened, &arguments.state_dir)?;
        for missing in &layers.missing {
            log::warning(format_args!("this kernel has no {missing}; see `waiaasctl status`"));
        }
        let mut signer = Signer::start(vault, journal, time, settings, layers.in_force);
        signer.begin().map_err(StartError::Uncounted)?;
        open_unattended(&mut signer, credential);
        log::notice(format_args!("version {} is ready", env!("CARGO_PKG_VERSION")));
        manager.ready();
        let served = listen::serve(&mut signer, &listeners, &stop, &mut manager);
        manager.stopping();
        signer.stop();
        served.map_err(StartError::Listen)
    })
    .map_err(StartError::Stack)??;
    log::notice(format_args!("stopped by a signal"));
    Ok(())
}

/// The witnesses are out of the sandbox: they are opened once.
fn open_journal(state_dir: &Path, settings: &Settings) -> Result<Journal, StartError> {
    let mut journal =
        Journal::open(&state_dir.join("journal"))?.with_segments_of(settings.journal_segment_bytes);
    if let Some(path) = &settings.witness_tpm {
        let tpm = Tpm::open(path, settings.witness_tpm_index);
        let counted = tpm.and_then(|tpm| journal.with_counter(tpm));
        journal = counted.map_err(|error| StartError::Tpm(path.display().to_string(), error))?;
    }
    match &settings.witness {
        None => Ok(journal),
        Some(path) if path.starts_with(state_dir) => Err(StartError::WitnessInside),
        Some(path) => Ok(journal.with_witness(Witness::open(path)?)),
    }
}

/// From here on these signals wait in a descriptor; the threads made later inherit that.
fn take_signals() -> nix::Result<SignalFd> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        signals.add(signal);
    }
    signals.thread_block()?;
    SignalFd::with_flags(&signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}

/// Two signers on one state would both count spend from the same start.
fn lock_state(directory: &Path) -> Result<File, StartError> {
    let name = || directory.display().to_string();
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .and_then(|()| std::fs::metadata(directory))
        .map_err(|source| StartError::StateDir(name(), source))
        .and_then(|found| {
            let user = geteuid().as_raw();
            let is_closed = found.mode().trailing_zeros() >= OTHERS;
            if is_closed && found.uid() == user {
                Ok(())
            } else {
                Err(StartError::StateDirOpen(name(), user))
            }
        })?;
    let file = File::create(directory.join("lock"))
        .map_err(|source| StartError::StateDir(name(), source))?;
    file.try_lock().map_err(|_held| StartError::Running(name()))?;
    Ok(file)
}
