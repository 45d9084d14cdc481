//! The environment, read once.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::passphrase::Passphrase;

/// Names that start so are settings of gatewayd; no other daemon sees them.
const FOR_GATEWAYD: &[&str] = &["WAIAAS_DAEMON_", "WAIAAS_RPC_"];
/// What both daemons need of their surroundings: logging and the time zone, never a secret.
const FOR_BOTH: &[&str] = &["JOURNAL_STREAM", "LANG", "NO_COLOR", "RUST_LOG", "TZ"];

/// What the programs take from their environment.
#[derive(Debug, Default)]
pub struct Environment {
    /// `WAIAAS_DATA_DIR`.
    pub data_dir: Option<PathBuf>,
    /// `HOME`.
    pub home: Option<PathBuf>,
    /// `WAIAAS_MASTER_PASSWORD`: gatewayd's master password and the vault's passphrase in one.
    pub master_password: Option<Passphrase>,
    /// `WAIAAS_MASTER_PASSWORD_FILE`: where that stands.
    pub master_password_file: Option<PathBuf>,
    /// What both daemons inherit.
    pub for_both: Vec<(OsString, OsString)>,
    /// What gatewayd inherits too.
    pub for_gatewayd: Vec<(OsString, OsString)>,
}

impl Environment {
    /// Reads the process's environment.
    pub fn read() -> Self {
        Self::from_variables(std::env::vars_os())
    }

    /// Picks what is known from `variables`. An empty value counts as none.
    pub fn from_variables(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let mut environment = Self::default();
        for (name, value) in variables {
            if !value.is_empty() {
                environment.take(name, value);
            }
        }
        environment
    }

    /// The same without the master password, for a program that takes secrets from a terminal or a
    /// file alone.
    #[must_use]
    pub fn without_secrets(self) -> Self {
        Self { master_password: None, master_password_file: None, ..self }
    }

    fn take(&mut self, name: OsString, value: OsString) {
        match name.to_str() {
            Some("WAIAAS_DATA_DIR") => self.data_dir = Some(value.into()),
            Some("HOME") => self.home = Some(value.into()),
            Some("WAIAAS_MASTER_PASSWORD") => {
                self.master_password = Some(Passphrase::new(lossless(value)));
            }
            Some("WAIAAS_MASTER_PASSWORD_FILE") => self.master_password_file = Some(value.into()),
            Some(known) if FOR_GATEWAYD.iter().any(|prefix| known.starts_with(prefix)) => {
                self.for_gatewayd.push((name, value));
            }
            Some(known) if FOR_BOTH.contains(&known) => self.for_both.push((name, value)),
            Some(_) | None => {}
        }
    }
}

/// A password that is not UTF-8 keeps its readable part, which then opens nothing: the same answer
/// as for any other wrong password.
fn lossless(value: OsString) -> String {
    value.into_string().unwrap_or_else(|bytes| OsStr::to_string_lossy(&bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Environment {
        Environment::from_variables(
            variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))),
        )
    }

    #[test]
    fn rpc_settings_are_for_gatewayd_alone() {
        let environment = read(&[
            ("WAIAAS_RPC_EVM_BASE_SEPOLIA", "http://127.0.0.1:8545"),
            ("TZ", "UTC"),
            ("PATH", "/usr/bin"),
        ]);
        let names = |variables: &[(OsString, OsString)]| -> Vec<OsString> {
            variables.iter().map(|(name, _)| name.clone()).collect()
        };
        assert_eq!(names(&environment.for_gatewayd), ["WAIAAS_RPC_EVM_BASE_SEPOLIA"]);
        assert_eq!(names(&environment.for_both), ["TZ"]);
    }

    #[test]
    fn a_password_is_passed_on_to_nobody_and_never_printed() {
        let environment = read(&[
            ("WAIAAS_MASTER_PASSWORD", "correct horse battery"),
            ("WAIAAS_MASTER_PASSWORD_FILE", "/run/secrets/waiaas"),
        ]);
        assert!(environment.for_both.is_empty() && environment.for_gatewayd.is_empty());
        assert!(environment.master_password.is_some());
        assert!(!format!("{environment:?}").contains("horse"));
        let without = environment.without_secrets();
        assert!(without.master_password.is_none() && without.master_password_file.is_none());
    }

    #[test]
    fn an_empty_value_counts_as_none() {
        let environment = read(&[("WAIAAS_DATA_DIR", ""), ("WAIAAS_MASTER_PASSWORD", "")]);
        assert!(environment.data_dir.is_none() && environment.master_password.is_none());
    }
}
