//! The keys: the only part of the wallet that has secret bytes.
//!
//! # On disk
//! A directory of mode 0700, its files of mode 0600, JSON, each replaced in one step:
//!
//! - `vault.json`: the instance id, and a random *master key* sealed with AES-256-GCM under
//!   Argon2id of the passphrase.
//! - `keys/<wallet id>.json`: a private key (secp256k1: the scalar, Ed25519: the seed of RFC 8032)
//!   sealed under the master key. The seal also covers the vault's instance id and the key's id,
//!   chain, environment and public key, so none of these can be exchanged. The file repeats
//!   `kdfparams` and the sealed master key: with its passphrase, one key file alone gives the key
//!   back. `metadata` is not covered: nothing is decided by it.
//! - `throttle.json`: wrong passphrases in a row.
//! - `unattended.json`, where it is wanted: the master key under a credential of the service manager.
//!
//! A key out of one file, by hand: `K = Argon2id(passphrase, kdfparams)`; open `crypto.masterKey`
//! with `K` and the associated data `"waiaas master key 1\0" ‖ vault`; open `crypto.ciphertext` with
//! that and `"waiaas key 1\0" ‖ vault ‖ id ‖ chain ‖ 0 ‖ environment ‖ 0 ‖ publicKey`, ids and keys
//! being their bytes and words their text. `opslimit` is Argon2's passes, `memlimit` its memory in
//! bytes; byte strings are hexadecimal, times Unix seconds.
//!
//! # In memory
//! While the vault is open, master key and private keys are in [`crate::sys::SecretRegion`]s, which
//! can be read only while one of them is used. What is computed with them is on the stack, which
//! [`crate::sys::on_secret_stack`] makes secret memory too. Passphrases are in `protocol::Secret`.
//!
//! # What it does not do
//! Destroying a key unlinks its file and wipes its slot. The blocks of the file may stay on the
//! medium until it reuses them, and in backups: both hold the key sealed, and the passphrase is what
//! protects it there.

mod backup;
mod cipher;
mod curve;
mod error;
mod files;
mod hex;
mod hkdf;
mod kdf;
mod key;
mod keys;
mod receipt;
mod record;
mod slots;
mod state;
mod throttle;
mod unattended;
mod unlock;

pub use backup::{BackupMaster, BackupPart, OpenArchive};
#[cfg(test)]
pub(crate) use curve::address;
pub use error::VaultError;
pub(crate) use files::VAULT_FILE;
pub use kdf::{KdfCost, MINIMUM_PASSPHRASE};
pub use key::{NewKey, PublicKey};
pub use state::{MAX_KEYS, Vault};
pub use unattended::{Credential, Wrapping};

#[cfg(test)]
mod tests;
