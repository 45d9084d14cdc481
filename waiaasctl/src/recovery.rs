//! The recovery file: two random secrets, in a form that every way to give a passphrase knows from a
//! line that somebody typed.

use std::io;
use std::path::Path;

use zeroize::Zeroizing;

use crate::exit::{Exit, Failure};
use crate::files;
use crate::passphrase::Passphrase;
use crate::place::RECOVERY_KEY;

/// Bytes of randomness in each secret.
const STRENGTH: usize = 32;
/// What every recovery file begins with. It is in each of them, so it must never be a passphrase.
const BEGINNING: &str = "# The secrets of this wallet, made by `init --auto-provision`.";

/// What is in a recovery file.
#[derive(Debug)]
pub(crate) struct Recovery {
    /// Opens the vault.
    pub(crate) vault_passphrase: Passphrase,
    /// Is asked for in `X-Master-Password`.
    pub(crate) master_password: Passphrase,
}

impl Recovery {
    /// Makes two random secrets and writes the file before anything is encrypted with them. `used_by`
    /// says for whoever reads the file what it is good for.
    ///
    /// # Errors
    /// When there is such a file already, it cannot be written, or the kernel gives no random bytes.
    pub(crate) fn make(path: &Path, used_by: &str) -> Result<Self, Failure> {
        let (vault_passphrase, master_password) = (random()?, random()?);
        let text = Zeroizing::new(format!(
            "{BEGINNING} Whoever reads this file\n\
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
        Ok(Self { vault_passphrase, master_password })
    }

    /// Its secrets, if they are all there.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let table: toml::Table = text.parse().ok()?;
        let secret = |name: &str| {
            let text = table.get(name)?.as_str()?;
            (!text.is_empty()).then(|| Passphrase::new(text.to_owned()))
        };
        Some(Self {
            vault_passphrase: secret("vault_passphrase")?,
            master_password: secret("master_password")?,
        })
    }
}

/// Whether something is a recovery file, by its name, or by what it says under another name.
pub(crate) fn is_one(path: Option<&Path>, text: &str) -> bool {
    path.and_then(Path::file_name).is_some_and(|name| name == RECOVERY_KEY)
        || text.starts_with(BEGINNING)
        || Recovery::parse(text).is_some()
}

fn random() -> Result<Passphrase, Failure> {
    let mut bytes = Zeroizing::new([0; STRENGTH]);
    getrandom::fill(&mut *bytes).map_err(|error| {
        let what = format!("the kernel gives no random bytes: {}", io::Error::other(error));
        Failure::new(Exit::Failed, what, "try again")
    })?;
    Ok(Passphrase::new(primitives::encode_hex(&*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn secrets_are_two_of_their_users_alone_and_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secrets");
        let made = Recovery::make(&path, "a test reads it").unwrap();
        assert_ne!(made.vault_passphrase.reveal(), made.master_password.reveal());
        assert_eq!(made.vault_passphrase.reveal().len(), 64);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        assert!(Recovery::make(&path, "it is never overwritten").is_err());
        let text = std::fs::read_to_string(&path).unwrap();
        let read = Recovery::parse(&text).unwrap();
        assert_eq!(read.vault_passphrase.reveal(), made.vault_passphrase.reveal());
        assert_eq!(read.master_password.reveal(), made.master_password.reveal());
        assert!(is_one(Some(&path), &text) && is_one(None, &text));
    }

    #[test]
    fn a_damaged_one_has_no_secrets() {
        for text in ["", "vault_passphrase = \"x\"", "master_password", "\u{0}"] {
            assert!(Recovery::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn it_is_known_by_its_name_its_beginning_or_its_secrets() {
        let bare = "vault_passphrase = \"x\"\nmaster_password = \"y\"\n";
        let cut = format!("{BEGINNING} Whoever");
        for (name, text, expected) in [
            ("copy", bare, true),
            ("copy", &cut, true),
            ("recovery.key", "", true),
            ("copy", "correct horse battery", false),
            ("copy", "# correct horse battery", false),
            ("recovery.key.txt", "vault_passphrase = \"x\"", false),
        ] {
            assert_eq!(is_one(Some(Path::new(name)), text), expected, "{name} {text}");
        }
    }
}
