//! What this program asks of systemd: its units, and its seal on a credential.

use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::place::Place;

/// The unit that holds both daemons.
pub(crate) const TARGET: &str = "waiaas.target";
/// The credential that opens the vault at a start: its name, and its place when it is sealed.
const CREDENTIAL: &str = "waiaas-vault";
/// Where systemd looks for it.
pub(crate) const CREDENTIAL_FILE: &str = "/etc/credstore.encrypted/waiaas-vault";
/// Bytes of the credential.
pub(crate) const CREDENTIAL_LENGTH: usize = 32;
/// The bits of a mode that belong to others than the owner.
const OTHERS: u32 = 6;
/// What systemd leaves where it runs, from `sd_booted(3)`.
const BOOTED: &str = "/run/systemd/system";
/// How a credential begins that the host's key alone seals: the start of `CRED_AES256_GCM_BY_HOST` of
/// systemd's `creds-util.h` in Base64.
const BY_HOST: &str = "Whxqht+dQJax1aZeCGLx";

/// What seals a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// The machine's TPM.
    Tpm,
    /// A key in a file of this machine.
    Host,
}

impl Seal {
    /// A word for programs.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tpm => "tpm2",
            Self::Host => "host",
        }
    }

    /// What it protects against, for people.
    pub(crate) const fn meaning(self) -> &'static str {
        match self {
            Self::Tpm => {
                "sealed by this machine's TPM: a stolen disk or copy of it does not open the vault, this \
                 machine does"
            }
            Self::Host => {
                "sealed by a key on this machine's disk: a stolen copy of /etc or a backup of it does not \
                 open the vault, the whole disk does; a TPM would protect that too"
            }
        }
    }

    /// What sealed this credential.
    pub(crate) fn of(sealed: &[u8]) -> Self {
        if sealed.starts_with(BY_HOST.as_bytes()) { Self::Host } else { Self::Tpm }
    }

    /// A TPM where systemd can use one, else the host's key.
    pub(crate) fn best() -> Self {
        let outcome = Command::new("systemd-creds").args(["has-tpm2", "--quiet"]).output();
        match outcome {
            Ok(output) if output.status.success() => Self::Tpm,
            Ok(_) | Err(_) => Self::Host,
        }
    }
}

/// Refuses where systemd does not run the daemons, or this is not root.
///
/// # Errors
/// Each says what to do there.
pub(crate) fn require(place: &Place, command: &str) -> Result<(), Failure> {
    if !place.is_installed() {
        return Err(Failure::new(
            Exit::Usage,
            format!(
                "{command} is for the daemons that systemd runs, and those of this directory are not"
            ),
            "start these with `waiaas start`, which opens their vault with the recovery.key of the \
             directory, a file that WAIAAS_MASTER_PASSWORD_FILE names, or a typed passphrase",
        ));
    }
    if !Path::new(BOOTED).is_dir() {
        return Err(Failure::new(
            Exit::Failed,
            format!("{command} needs systemd, which does not run here"),
            "for one user without systemd: waiaas init, then waiaas start",
        ));
    }
    if !nix::unistd::geteuid().is_root() {
        return Err(Failure::new(
            Exit::Failed,
            format!("{command} needs root, as it changes what systemd starts"),
            format!("sudo waiaasctl {command}"),
        ));
    }
    Ok(())
}

/// Runs `systemctl` and waits for what it does.
///
/// # Errors
/// When it does not succeed; what it printed is told.
pub(crate) fn systemctl(arguments: &[&str]) -> Result<(), Failure> {
    let output = run("systemctl", arguments)?;
    if output.status.success() {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failed,
        format!("systemctl {}: {}", arguments.join(" "), said(&output)),
        format!("see systemctl status {TARGET} and journalctl -u 'waiaas-*'"),
    ))
}

/// Whether `systemctl` says yes, such as to `is-enabled`.
pub(crate) fn is(arguments: &[&str]) -> bool {
    run("systemctl", arguments).is_ok_and(|output| output.status.success())
}

/// Seals a credential, and checks that the seal opens again. Both go through pipes.
///
/// # Errors
/// When systemd does not seal it, or not so that it opens.
pub(crate) fn seal(secret: &[u8; CREDENTIAL_LENGTH], seal: Seal) -> Result<Vec<u8>, Failure> {
    let key = format!("--with-key={}", seal.name());
    let sealed = piped(&["encrypt", &name(), &key, "-", "-"], secret)?;
    if *unseal(&sealed)? != *secret {
        return Err(Failure::new(
            Exit::Failed,
            "systemd-creds opened something else than it sealed",
            "nothing was changed; see journalctl -b",
        ));
    }
    Ok(sealed)
}

/// Opens a sealed credential.
///
/// # Errors
/// When this machine cannot, or it has not its length.
pub(crate) fn unseal(sealed: &[u8]) -> Result<Zeroizing<[u8; CREDENTIAL_LENGTH]>, Failure> {
    let opened = Zeroizing::new(piped(&["decrypt", &name(), "-", "-"], sealed)?);
    let bytes: Result<[u8; CREDENTIAL_LENGTH], _> = opened.as_slice().try_into();
    bytes.map(Zeroizing::new).map_err(|_length| {
        Failure::new(
            Exit::Failed,
            "the sealed credential is not one of this program",
            "make it anew: waiaasctl unattended enable",
        )
    })
}

/// Puts a sealed credential where systemd finds it, in place of what was there.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn store(sealed: &[u8]) -> Result<(), Failure> {
    let path = Path::new(CREDENTIAL_FILE);
    if let Some(directory) = path.parent().filter(|directory| !directory.exists()) {
        let mut builder = std::fs::DirBuilder::new();
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(directory).map_err(|source| Failure::File {
            action: "cannot make the directory",
            path: directory.display().to_string(),
            source,
        })?;
    }
    files::replace(path, sealed)
}

/// What is stored, for who may see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    /// Nothing.
    Absent,
    /// A sealed credential.
    Present {
        /// What sealed it.
        seal: Seal,
        /// Its file's mode and owner are right: root's alone.
        is_private: bool,
        /// This machine opens it.
        opens: bool,
    },
    /// This user does not see it.
    Hidden,
}

/// Looks at the stored credential.
pub(crate) fn stored() -> Stored {
    let path = Path::new(CREDENTIAL_FILE);
    match (std::fs::read(path), path.symlink_metadata()) {
        (Ok(sealed), Ok(metadata)) => Stored::Present {
            seal: Seal::of(&sealed),
            is_private: metadata.is_file()
                && metadata.uid() == 0
                && metadata.mode().trailing_zeros() >= OTHERS,
            opens: unseal(&sealed).is_ok(),
        },
        (Err(error), _) | (_, Err(error)) if error.kind() == io::ErrorKind::NotFound => {
            Stored::Absent
        }
        (Err(_), _) | (_, Err(_)) => Stored::Hidden,
    }
}

/// Removes the stored credential; true if there was one.
///
/// # Errors
/// When it cannot be removed.
pub(crate) fn forget() -> Result<bool, Failure> {
    match std::fs::remove_file(CREDENTIAL_FILE) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => {
            Err(Failure::File { action: "cannot remove", path: CREDENTIAL_FILE.to_owned(), source })
        }
    }
}

fn name() -> String {
    format!("--name={CREDENTIAL}")
}

/// What a program printed in place of what it should do, in one line.
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    match text.lines().map(str::trim).rfind(|line| !line.is_empty()) {
        Some(line) => line.to_owned(),
        None => output.status.to_string(),
    }
}

/// Runs a program to its end, with its output captured.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Result<Output, Failure> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    output.map_err(|source| unstartable(program, source))
}

/// Runs `systemd-creds` with `input`; what it prints, which is short.
fn piped(arguments: &[&str], input: &[u8]) -> Result<Vec<u8>, Failure> {
    const PROGRAM: &str = "systemd-creds";
    let broken = |source| unstartable(PROGRAM, source);
    let mut child = Command::new(PROGRAM)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(broken)?;
    if let Some(mut stdin) = child.stdin.take() {
        stdin.write_all(input).map_err(broken)?;
    }
    // The capacity is enough for what it prints, so that no copy of a secret is left behind by growing.
    let mut printed = Zeroizing::new(Vec::with_capacity(16 * 1024));
    if let Some(stdout) = child.stdout.take() {
        stdout.take(16 * 1024).read_to_end(&mut printed).map_err(broken)?;
    }
    let output = child.wait_with_output().map_err(broken)?;
    if output.status.success() {
        return Ok(std::mem::take(&mut *printed));
    }
    Err(Failure::new(
        Exit::Failed,
        format!(
            "systemd-creds {}: {}",
            arguments.first().copied().unwrap_or_default(),
            said(&output)
        ),
        "nothing was changed; without a TPM choose --with-key host",
    ))
}

fn unstartable(program: &str, source: io::Error) -> Failure {
    Failure::File { action: "cannot run", path: program.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_known_by_how_the_credential_begins() {
        // Made by systemd-creds 252 with --with-key=host.
        let host = b"Whxqht+dQJax1aZeCGLxmiAAAAABAAAADAAAABAAAACW42oNKtY/zWEKoucAAAAAta5Eg6l2";
        assert_eq!(Seal::of(host), Seal::Host);
        // CRED_AES256_GCM_BY_TPM2_HMAC.
        assert_eq!(Seal::of(b"DHzAewF2RZGcS8nKCLwg/iAAAAABAAAADAAAABAAAACW42oN"), Seal::Tpm);
    }

    #[test]
    fn only_the_installed_daemons_have_credentials() {
        let elsewhere = Place::of_operator(None, Some(Path::new("/tmp/elsewhere"))).unwrap();
        let failure = require(&elsewhere, "unattended enable").unwrap_err();
        assert_eq!(failure.exit(), Exit::Usage);
        assert!(failure.advice(Some(&elsewhere)).unwrap().contains("waiaas start"));
    }
}
