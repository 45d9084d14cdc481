//! The secrets of one user's daemons, as they were given in advance.

use crate::environment::Environment;
use crate::exit::Failure;
use crate::passphrase::{self, Given, Passphrase, Wanted};
use crate::place::DataDir;
use crate::recovery::Recovery;

/// What opens the vault, and what proves a master to gatewayd.
#[derive(Debug)]
pub(super) enum Secrets {
    /// One password is both.
    One(Passphrase),
    /// Each has its own.
    Two(Recovery),
}

impl Secrets {
    /// What opens the vault.
    pub(super) const fn vault_passphrase(&self) -> &Passphrase {
        match self {
            Self::One(password) => password,
            Self::Two(recovery) => &recovery.vault_passphrase,
        }
    }

    /// What proves a master to gatewayd.
    pub(super) const fn master_password(&self) -> &Passphrase {
        match self {
            Self::One(password) => password,
            Self::Two(recovery) => &recovery.master_password,
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
        return Ok(Some(match passphrase::open(path, Wanted::Master)? {
            Given::Line(password) => Secrets::One(password),
            Given::Recovery(recovery) => Secrets::Two(recovery),
        }));
    }
    let recovery = data.recovery_key();
    if recovery.exists() {
        return Ok(Some(Secrets::Two(passphrase::recover(&recovery)?)));
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const USED_BY: &str = "a test reads it";

    fn directory() -> (tempfile::TempDir, DataDir) {
        let parent = tempfile::tempdir().unwrap();
        let data = DataDir::new(parent.path()).unwrap();
        (parent, data)
    }

    #[test]
    fn the_environment_goes_before_its_file_before_the_recovery_file() {
        let (parent, data) = directory();
        let file = parent.path().join("password");
        fs::write(&file, "from the file\n").unwrap();
        let mut environment = Environment::default();
        assert!(given(&data, &environment).unwrap().is_none());
        let made = Recovery::make(&data.recovery_key(), USED_BY).unwrap();
        let secrets = given(&data, &environment).unwrap().unwrap();
        assert_eq!(secrets.vault_passphrase().reveal(), made.vault_passphrase.reveal());
        assert_eq!(secrets.master_password().reveal(), made.master_password.reveal());
        environment.master_password_file = Some(file);
        let secrets = given(&data, &environment).unwrap().unwrap();
        assert_eq!(secrets.vault_passphrase().reveal(), "from the file");
        environment.master_password = Some(Passphrase::new("from the variable".to_owned()));
        let secrets = given(&data, &environment).unwrap().unwrap();
        assert_eq!(secrets.vault_passphrase().reveal(), "from the variable");
        assert_eq!(secrets.master_password().reveal(), "from the variable");
    }

    #[test]
    fn the_file_that_the_environment_names_may_be_a_recovery_file() {
        let (parent, data) = directory();
        let file = parent.path().join("elsewhere");
        let made = Recovery::make(&file, USED_BY).unwrap();
        let environment =
            Environment { master_password_file: Some(file), ..Environment::default() };
        let secrets = given(&data, &environment).unwrap().unwrap();
        assert_eq!(secrets.vault_passphrase().reveal(), made.vault_passphrase.reveal());
        assert_eq!(secrets.master_password().reveal(), made.master_password.reveal());
    }
}
