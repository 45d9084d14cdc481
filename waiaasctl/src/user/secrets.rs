//! The secrets of one user's daemons, and the file that `init --auto-provision` writes them to.

use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use zeroize::Zeroizing;

use super::UserError;
use crate::environment::Environment;
use crate::exit::Failure;
use crate::files;
use crate::passphrase::{Passphrase, read_file};
use crate::place::DataDir;

/// Bytes of randomness in each secret.
const STRENGTH: usize = 32;
/// The longest recovery file that is read, in bytes.
const MAX_RECOVERY: usize = 16 * 1024;
/// The bits that let others read a file.
const READABLE_BY_OTHERS: u32 = 0o077;

/// What opens the vault, and what proves a master to gatewayd.
#[derive(Debug)]
pub(crate) enum Secrets {
    /// One password is both.
    One(Passphrase),
    /// Each has its own.
    Two {
        /// Opens the vault.
        vault_passphrase: Passphrase,
        /// Is asked for in `X-Master-Password`.
        master_password: Passphrase,
    },
}

impl Secrets {
    /// What opens the vault.
    pub(super) const fn vault_passphrase(&self) -> &Passphrase {
        match self {
            Self::One(password) => password,
            Self::Two { vault_passphrase, .. } => vault_passphrase,
        }
    }

    /// What proves a master to gatewayd.
    pub(super) const fn master_password(&self) -> &Passphrase {
        match self {
            Self::One(password) => password,
            Self::Two { master_password, .. } => master_password,
        }
    }
}

/// What was given in advance: the environment's password, else its file's, else the recovery file.
///
/// # Errors
/// When a file that is named cannot be read, or the recovery file is not as it should be.
pub(super) fn given(data: &DataDir, environment: &Environment) -> Result<Option<Secrets>, Failure> {
    if let Some(password) = &environment.master_password {
        return Ok(Some(Secrets::One(Passphrase::new(password.reveal().to_owned()))));
    }
    if let Some(path) = &environment.master_password_file {
        return Ok(Some(Secrets::One(read_file(path, "the master password")?)));
    }
    let recovery = data.recovery_key();
    if recovery.exists() { recover(&recovery).map(Some) } else { Ok(None) }
}

/// The vault's passphrase from a recovery file.
///
/// # Errors
/// When others may read it, or the secrets are not in it.
pub(crate) fn recovered_passphrase(path: &Path) -> Result<Passphrase, Failure> {
    Ok(match recover(path)? {
        Secrets::One(passphrase) => passphrase,
        Secrets::Two { vault_passphrase, .. } => vault_passphrase,
    })
}

/// Reads a recovery file.
///
/// # Errors
/// When others may read it, or the secrets are not in it.
pub(crate) fn recover(path: &Path) -> Result<Secrets, Failure> {
    let name = path.display().to_string();
    let metadata = path.metadata().map_err(|source| Failure::File {
        action: "cannot read",
        path: name.clone(),
        source,
    })?;
    if metadata.mode() & READABLE_BY_OTHERS != 0 {
        return Err(UserError::Exposed { path: name }.into());
    }
    let text = Zeroizing::new(files::read(path, MAX_RECOVERY)?);
    parse(&text).ok_or_else(|| UserError::BadRecovery { path: name }.into())
}

/// Makes two random secrets and writes the recovery file before anything is encrypted with them. `used_by`
/// says for whoever reads the file what it is good for.
///
/// # Errors
/// When there is such a file already, it cannot be written, or the kernel gives no random bytes.
pub(crate) fn provision(path: &Path, used_by: &str) -> Result<Secrets, Failure> {
    let (vault_passphrase, master_password) = (random()?, random()?);
    let text = Zeroizing::new(format!(
        "# The secrets of this wallet, made by `init --auto-provision`. Whoever reads this file\n\
         # can spend what the wallet may spend. Without it, and without a copy of it, the keys are lost.\n\
         # {used_by}.\n\
         \n\
         # Opens the vault: waiaasctl unlock.\n\
         vault_passphrase = \"{}\"\n\
         # The HTTP header X-Master-Password.\n\
         master_password = \"{}\"\n",
        vault_passphrase.reveal(),
        master_password.reveal(),
    ));
    files::write_new(path, text.as_bytes())?;
    Ok(Secrets::Two { vault_passphrase, master_password })
}

fn random() -> Result<Passphrase, UserError> {
    let mut bytes = Zeroizing::new([0; STRENGTH]);
    getrandom::fill(&mut *bytes).map_err(|error| UserError::System {
        what: "the kernel gives no random bytes",
        source: io::Error::other(error),
    })?;
    Ok(Passphrase::new(primitives::encode_hex(&*bytes)))
}

fn parse(text: &[u8]) -> Option<Secrets> {
    let table: toml::Table = str::from_utf8(text).ok()?.parse().ok()?;
    let secret = |name: &str| {
        let text = table.get(name)?.as_str()?;
        (!text.is_empty()).then(|| Passphrase::new(text.to_owned()))
    };
    Some(Secrets::Two {
        vault_passphrase: secret("vault_passphrase")?,
        master_password: secret("master_password")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    const USED_BY: &str = "a test reads it";

    fn directory() -> (tempfile::TempDir, DataDir) {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        (parent, data)
    }

    #[test]
    fn provisioned_secrets_are_two_and_read_back() {
        let (_parent, data) = directory();
        let made = provision(&data.recovery_key(), USED_BY).unwrap();
        assert_ne!(made.vault_passphrase().reveal(), made.master_password().reveal());
        assert_eq!(made.vault_passphrase().reveal().len(), 64);
        let mode = data.recovery_key().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
        let read = given(&data, &Environment::default()).unwrap().unwrap();
        assert_eq!(read.vault_passphrase().reveal(), made.vault_passphrase().reveal());
        assert_eq!(read.master_password().reveal(), made.master_password().reveal());
    }

    #[test]
    fn secrets_that_exist_are_never_overwritten() {
        let (_parent, data) = directory();
        let made = provision(&data.recovery_key(), USED_BY).unwrap();
        assert!(provision(&data.recovery_key(), USED_BY).is_err());
        let read = recover(&data.recovery_key()).unwrap();
        assert_eq!(read.vault_passphrase().reveal(), made.vault_passphrase().reveal());
    }

    #[test]
    fn the_environment_goes_before_its_file_before_the_recovery_file() {
        let (parent, data) = directory();
        let file = parent.path().join("password");
        fs::write(&file, "from the file\n").unwrap();
        let mut environment = Environment::default();
        assert!(given(&data, &environment).unwrap().is_none());
        provision(&data.recovery_key(), USED_BY).unwrap();
        environment.master_password_file = Some(file);
        let secrets = given(&data, &environment).unwrap().unwrap();
        assert_eq!(secrets.vault_passphrase().reveal(), "from the file");
        environment.master_password = Some(Passphrase::new("from the variable".to_owned()));
        let secrets = given(&data, &environment).unwrap().unwrap();
        assert_eq!(secrets.vault_passphrase().reveal(), "from the variable");
        assert_eq!(secrets.master_password().reveal(), "from the variable");
    }

    #[test]
    fn a_recovery_file_that_others_can_read_is_refused() {
        let (_parent, data) = directory();
        provision(&data.recovery_key(), USED_BY).unwrap();
        fs::set_permissions(data.recovery_key(), fs::Permissions::from_mode(0o640)).unwrap();
        let failure = recover(&data.recovery_key()).unwrap_err();
        assert!(matches!(failure, Failure::User(UserError::Exposed { .. })), "{failure}");
    }

    #[test]
    fn a_damaged_recovery_file_is_refused() {
        for text in ["", "vault_passphrase = \"x\"", "master_password", "\u{0}"] {
            assert!(parse(text.as_bytes()).is_none(), "{text:?}");
        }
    }
}
