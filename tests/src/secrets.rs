//! What of a wallet's secrets may stand nowhere, and the search for it.
//!
//! Crates say that they wipe what they leave behind; the evidence is a search of the program that
//! used them.

use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use memchr::memmem;
use primitives::{decode_hex, encode_hex};
use serde_json::Value;
use sha2::{Digest, Sha512};

/// The search finds nothing by chance with fewer bytes.
const SHORTEST_PATTERN: usize = 16;

/// Bytes that must not be found, and what they are.
#[derive(Clone, Debug)]
pub struct Pattern {
    /// In words.
    pub what: String,
    /// As they would stand in memory or in a file.
    pub bytes: Vec<u8>,
}

impl Pattern {
    /// A pattern that is long enough to be found for what it is alone.
    pub fn new(what: &str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= SHORTEST_PATTERN, "{what} is too short");
        Self { what: what.to_owned(), bytes: bytes.to_vec() }
    }

    /// The same as hexadecimal digits.
    #[must_use]
    pub fn as_text(&self) -> Self {
        Self::new(&format!("{} as text", self.what), encode_hex(&self.bytes).as_bytes())
    }
}

/// What of `patterns` stands in `content`.
pub fn found<'a>(patterns: &'a [Pattern], content: &[u8]) -> Vec<&'a str> {
    let stands = |pattern: &&Pattern| memmem::find(content, &pattern.bytes).is_some();
    patterns.iter().filter(stands).map(|pattern| pattern.what.as_str()).collect()
}

/// A key for Ed25519 by its seed, and what is computed from it to sign.
pub fn of_solana_key(seed: &[u8; 32]) -> Vec<Pattern> {
    let key = ed25519_dalek::SigningKey::from_bytes(seed);
    let expanded = Sha512::digest(seed);
    vec![
        Pattern::new("the seed", seed),
        Pattern::new("the clamped scalar of Ed25519", &expanded[1..31]),
        Pattern::new("the reduced scalar of Ed25519", &key.to_scalar().to_bytes()),
        Pattern::new("the prefix of Ed25519", &expanded[32..]),
    ]
}

/// A key for secp256k1.
pub fn of_evm_key(scalar: &[u8; 32]) -> Vec<Pattern> {
    let reversed: Vec<u8> = scalar.iter().rev().copied().collect();
    vec![
        Pattern::new("the scalar of secp256k1", scalar),
        Pattern::new("the scalar of secp256k1, little-endian", &reversed),
    ]
}

/// A passphrase, and the keys that it opens the vault by, computed from the vault's file.
pub fn of_vault(file: &str, passphrase: &[u8]) -> Vec<Pattern> {
    let vault: Value = serde_json::from_str(file).unwrap();
    let bytes = |value: &Value| decode_hex(value.as_str().unwrap()).unwrap();
    let number = |value: &Value| u32::try_from(value.as_u64().unwrap()).unwrap();
    let (kdf, sealed) = (&vault["kdfparams"], &vault["masterKey"]);
    let params = Params::new(
        number(&kdf["memlimit"]) / 1024,
        number(&kdf["opslimit"]),
        number(&kdf["parallelism"]),
        Some(32),
    );
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.unwrap());
    let mut key = [0; 32];
    argon2.hash_password_into(passphrase, &bytes(&kdf["salt"]), &mut key).unwrap();
    let associated = [b"waiaas master key 1\0", bytes(&vault["instance"]).as_slice()].concat();
    let content = [bytes(&sealed["ciphertext"]), bytes(&sealed["tag"])].concat();
    let iv: [u8; 12] = bytes(&sealed["iv"]).try_into().unwrap();
    let payload = aes_gcm::aead::Payload { msg: &content, aad: &associated };
    let master = Aes256Gcm::new(&key.into()).decrypt(&iv.into(), payload).unwrap();
    vec![
        Pattern::new("the passphrase", passphrase),
        Pattern::new("the key of the passphrase", &key),
        Pattern::new("the master key", &master),
    ]
}
