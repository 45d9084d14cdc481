//! The forms of the vault's files.

use primitives::{Chain, Environment, WalletId, decode_hex, encode_hex};
use serde::{Deserialize, Serialize};

use super::cipher::Sealed;
use super::curve;
use super::hex::Hex;
use super::kdf::KdfParams;
use super::key::{NewKey, PublicKey};
use super::slots::SECRET_LENGTH;

/// The version of both forms that is written and read.
const VERSION: u32 = 1;
/// The longest name of an agent, in characters.
pub(super) const MAX_AGENT_ID: usize = 64;

/// `vault.json`: who the vault is, and its master key under the passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct VaultRecord {
    version: u32,
    pub(super) instance: Hex<16>,
    /// Unix seconds.
    created_at: u64,
    pub(super) kdf: Kdf,
    pub(super) kdfparams: KdfParams,
    pub(super) cipher: Cipher,
    pub(super) master_key: Sealed,
}

/// `keys/<wallet id>.json`: a private key under the master key, and the master key under the
/// passphrase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct KeyRecord {
    version: u32,
    pub(super) id: WalletId,
    #[serde(rename = "type")]
    kind: KeyType,
    chain: Chain,
    environment: Environment,
    public_key: String,
    /// The instance id of the vault that it belongs to.
    vault: Hex<16>,
    crypto: Crypto,
    metadata: Metadata,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Crypto {
    cipher: Cipher,
    cipherparams: CipherParams,
    ciphertext: Hex<SECRET_LENGTH>,
    tag: Hex<16>,
    kdf: Kdf,
    kdfparams: KdfParams,
    master_key: Sealed,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CipherParams {
    iv: Hex<12>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Metadata {
    created_at: u64,
    last_used_at: Option<u64>,
    rotated_at: Option<u64>,
    agent_id: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum KeyType {
    Secp256k1,
    Ed25519,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Cipher {
    #[serde(rename = "aes-256-gcm")]
    Aes256Gcm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kdf {
    #[serde(rename = "argon2id")]
    Argon2id,
}

impl VaultRecord {
    /// The record of a new vault.
    pub(super) fn new(
        instance: Hex<16>,
        created_at: u64,
        kdfparams: KdfParams,
        master_key: Sealed,
    ) -> Self {
        let (kdf, cipher) = (Kdf::Argon2id, Cipher::Aes256Gcm);
        Self { version: VERSION, instance, created_at, kdf, kdfparams, cipher, master_key }
    }

    /// Reads a record; the error says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        check_version(record.version)?;
        record.kdfparams.checked()?;
        Ok(record)
    }

    /// The record as it stands in its file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// What the master key's seal also covers.
    pub(super) fn associated(instance: &Hex<16>) -> Vec<u8> {
        [b"waiaas master key 1\0", instance.as_bytes().as_slice()].concat()
    }
}

impl KeyRecord {
    /// The record of a new key of `vault`, whose private key `seal` seals, given what the seal is to
    /// cover besides.
    pub(super) fn new<E>(
        vault: &VaultRecord,
        new: NewKey,
        public_key: &[u8],
        seal: impl FnOnce(&[u8]) -> Result<Sealed, E>,
    ) -> Result<Self, E> {
        let associated = associated(&vault.instance, &new, public_key);
        let sealed = seal(&associated)?;
        Ok(Self {
            version: VERSION,
            id: new.wallet,
            kind: KeyType::of(new.chain),
            chain: new.chain,
            environment: new.environment,
            public_key: encode_hex(public_key),
            vault: vault.instance,
            crypto: Crypto {
                cipher: vault.cipher,
                cipherparams: CipherParams { iv: sealed.iv },
                ciphertext: sealed.ciphertext,
                tag: sealed.tag,
                kdf: vault.kdf,
                kdfparams: vault.kdfparams.clone(),
                master_key: vault.master_key.clone(),
            },
            metadata: Metadata {
                created_at: new.created_at,
                last_used_at: None,
                rotated_at: None,
                agent_id: new.agent_id,
            },
        })
    }

    /// Reads a record and its public part; the error says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, PublicKey), String> {
        let record: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        check_version(record.version)?;
        record.crypto.kdfparams.checked()?;
        if record.kind != KeyType::of(record.chain) {
            return Err("the key's type is not that of its chain".to_owned());
        }
        let public = record.public()?;
        Ok((record, public))
    }

    /// The record as it stands in its file.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        to_json(self)
    }

    /// True for a key of that vault, under its present passphrase.
    pub(super) fn belongs_to(&self, vault: &VaultRecord) -> bool {
        self.vault == vault.instance
            && self.crypto.kdfparams == vault.kdfparams
            && self.crypto.master_key == vault.master_key
    }

    /// The sealed private key, and what its seal also covers.
    pub(super) fn sealed(&self, public: &PublicKey) -> (Sealed, Vec<u8>) {
        let crypto = &self.crypto;
        let sealed =
            Sealed { iv: crypto.cipherparams.iv, ciphertext: crypto.ciphertext, tag: crypto.tag };
        let new = NewKey {
            wallet: self.id,
            chain: self.chain,
            environment: self.environment,
            agent_id: None,
            created_at: 0,
        };
        (sealed, associated(&self.vault, &new, &public.bytes))
    }

    /// Notes when the key was replaced, in Unix seconds.
    pub(super) fn set_rotated_at(&mut self, at: u64) {
        self.metadata.rotated_at = Some(at);
    }

    /// Notes when the key last signed, in Unix seconds.
    pub(super) fn set_last_used_at(&mut self, at: u64) {
        self.metadata.last_used_at = Some(at);
    }

    /// The public part.
    pub(super) fn public(&self) -> Result<PublicKey, String> {
        let bytes = decode_hex(&self.public_key).map_err(|error| format!("publicKey: {error}"))?;
        let address = curve::address(self.chain, &bytes)
            .ok_or_else(|| format!("publicKey: not a public key of {}", self.chain))?;
        let metadata = &self.metadata;
        if metadata.agent_id.as_ref().is_some_and(|id| id.chars().count() > MAX_AGENT_ID) {
            return Err(format!("agentId: longer than {MAX_AGENT_ID} characters"));
        }
        Ok(PublicKey {
            wallet: self.id,
            chain: self.chain,
            environment: self.environment,
            bytes,
            address,
            agent_id: metadata.agent_id.clone(),
            created_at: metadata.created_at,
            last_used_at: metadata.last_used_at,
            rotated_at: metadata.rotated_at,
        })
    }
}

impl KeyType {
    fn of(chain: Chain) -> Self {
        match chain {
            Chain::Evm => Self::Secp256k1,
            Chain::Solana => Self::Ed25519,
        }
    }
}

/// Ties a sealed key to what the file says it is. The words have no zero byte in them, so no two
/// keys have the same bytes here.
fn associated(vault: &Hex<16>, key: &NewKey, public_key: &[u8]) -> Vec<u8> {
    let words = format!("{}\0{}\0", key.chain, key.environment);
    let id = key.wallet.to_bytes();
    [b"waiaas key 1\0", vault.as_bytes().as_slice(), &id, words.as_bytes(), public_key].concat()
}

pub(super) fn check_version(version: u32) -> Result<(), String> {
    if version == VERSION { Ok(()) } else { Err(format!("version {version} is not known here")) }
}

pub(super) fn to_json(record: &impl Serialize) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(record).expect("records have text keys only");
    bytes.push(b'\n');
    bytes
}
