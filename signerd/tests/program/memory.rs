//! The running program, looked into from outside: what of its secrets stands in its memory.
//!
//! Crates say that they wipe what they leave behind; the evidence is a search of the program that
//! used them. It needs `memfd_secret(2)`: locked pages can be read by root.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::FileExt;
use std::path::Path;

use aes_gcm::aead::Aead;
use aes_gcm::{Aes256Gcm, KeyInit};
use argon2::{Algorithm, Argon2, Params, Version};
use primitives::{Address, Amount, Chain, Environment, EvmAddress, SolanaAddress, decode_hex};
use protocol::{KeyInfo, Payload, Reply, Request, Secret, SecretMemory, Warrant};
use serde_json::Value;
use sha2::{Digest, Sha512};
use txcodec::{evm, solana};

use crate::harness::{Connection, PASSPHRASE, Signer, passphrase};

/// The search finds nothing by chance with fewer bytes.
const SHORTEST_PATTERN: usize = 16;

fn import(control: &mut Connection, chain: Chain, key: &[u8]) -> KeyInfo {
    let (environment, key) = (Environment::Testnet, Secret::new(key.to_vec()));
    let reply = control.ask(Request::ImportKey { chain, environment, key, agent_id: None });
    let Reply::Key(key) = reply else { panic!("{reply:?}") };
    key
}

fn sign(gateway: &mut Connection, key: &KeyInfo, number: u64) {
    let unsigned = match key.address {
        Address::Evm(_) => evm_payment(number),
        Address::Solana(from) => solana_payment(from, number),
    };
    let reply = gateway.ask(Request::Sign {
        wallet: key.wallet,
        payload: Payload::Transaction(unsigned),
        warrant: Warrant::None,
    });
    assert!(matches!(reply, Reply::Signature(_)), "{reply:?}");
}

fn evm_payment(nonce: u64) -> Vec<u8> {
    evm::Transaction {
        kind: evm::Kind::Legacy { gas_price: Amount::from(1_u64) },
        chain_id: 11_155_111.try_into().unwrap(),
        nonce,
        gas_limit: 21_000,
        to: Some(EvmAddress([0xb0; 20])),
        value: Amount::from(1_u64),
        data: Vec::new(),
    }
    .to_unsigned_bytes()
}

fn solana_payment(from: SolanaAddress, lamports: u64) -> Vec<u8> {
    let payment = solana::system::transfer(from, SolanaAddress([2; 32]), lamports);
    let message = solana::Message::compile(from, &[payment], [9; 32], solana::Version::V0);
    message.unwrap().to_bytes()
}

/// Its memory as root sees it; `None` for whom it is closed to.
fn memory(signer: &Signer) -> Option<Memory> {
    let process = Path::new("/proc").join(signer.process.id().to_string());
    match File::open(process.join("mem")) {
        Ok(content) => {
            let maps = fs::read_to_string(process.join("maps")).unwrap();
            Some(Memory { maps, content })
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::PermissionDenied);
            None
        }
    }
}

/// A process's memory.
struct Memory {
    maps: String,
    content: File,
}

impl Memory {
    /// In which mappings `pattern` stands.
    fn find(&self, pattern: &[u8]) -> Vec<&str> {
        assert!(pattern.len() >= SHORTEST_PATTERN);
        self.maps.lines().filter(|line| self.contains(line, pattern)).collect()
    }

    fn contains(&self, line: &str, pattern: &[u8]) -> bool {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let hex = |text| u64::from_str_radix(text, 16).unwrap();
        let mut content = vec![0; usize::try_from(hex(end) - hex(start)).unwrap()];
        // Guard pages and secret pages cannot be read at all, which is the point of them.
        if self.content.read_exact_at(&mut content, hex(start)).is_err() {
            return false;
        }
        let starts = content.iter().enumerate().filter(|(_, byte)| **byte == pattern[0]);
        starts.into_iter().any(|(at, _)| content[at..].starts_with(pattern))
    }
}

/// What must not be found, and what each is.
fn patterns(state: &Path, seed: &[u8; 32], scalar: &[u8; 32]) -> Vec<(&'static str, Vec<u8>)> {
    let key = ed25519_dalek::SigningKey::from_bytes(seed);
    let expanded = Sha512::digest(seed);
    let (passphrase_key, master_key) = vault_keys(state);
    vec![
        ("the passphrase", PASSPHRASE.to_vec()),
        ("the key of the passphrase", passphrase_key),
        ("the master key", master_key),
        ("the seed", seed.to_vec()),
        ("the clamped scalar of Ed25519", expanded[1..31].to_vec()),
        ("the reduced scalar of Ed25519", key.to_scalar().to_bytes().to_vec()),
        ("the prefix of Ed25519", expanded[32..].to_vec()),
        ("the scalar of secp256k1", scalar.to_vec()),
        ("the scalar of secp256k1, little-endian", scalar.iter().rev().copied().collect()),
    ]
}

/// The keys that the vault works with, by way of its file.
fn vault_keys(state: &Path) -> (Vec<u8>, Vec<u8>) {
    let text = fs::read_to_string(state.join("vault/vault.json")).unwrap();
    let vault: Value = serde_json::from_str(&text).unwrap();
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
    argon2.hash_password_into(PASSPHRASE, &bytes(&kdf["salt"]), &mut key).unwrap();
    let associated = [b"waiaas master key 1\0", bytes(&vault["instance"]).as_slice()].concat();
    let content = [bytes(&sealed["ciphertext"]), bytes(&sealed["tag"])].concat();
    let iv: [u8; 12] = bytes(&sealed["iv"]).try_into().unwrap();
    let payload = aes_gcm::aead::Payload { msg: &content, aad: &associated };
    let master = Aes256Gcm::new(&key.into()).decrypt(&iv.into(), payload).unwrap();
    (key.to_vec(), master)
}

#[test]
fn a_signer_that_signed_has_no_secret_in_memory_that_root_can_read() {
    let mut signer = Signer::start();
    let (mut seed, mut scalar) = ([0; 32], [0; 32]);
    getrandom::fill(&mut seed).unwrap();
    getrandom::fill(&mut scalar).unwrap();

    let mut control = signer.connect("control.sock");
    assert_eq!(control.ask(Request::InitVault { passphrase: passphrase() }), Reply::Done);
    let keys =
        [import(&mut control, Chain::Solana, &seed), import(&mut control, Chain::Evm, &scalar)];
    let mut gateway = signer.connect("signer.sock");
    for number in 1..=20 {
        for key in &keys {
            sign(&mut gateway, key, number);
        }
    }
    assert_eq!(control.ask(Request::Lock), Reply::Done);
    assert_eq!(control.ask(Request::Unlock { passphrase: passphrase() }), Reply::Done);
    for key in &keys {
        sign(&mut gateway, key, 21);
    }
    let Reply::Status(status) = control.ask(Request::Status) else { panic!("a status") };

    let Some(memory) = memory(&signer) else { return };
    assert!(!memory.find(&keys[0].public_key).is_empty(), "the search finds what is there");
    if status.secret_memory == SecretMemory::Locked {
        return;
    }
    for (what, pattern) in patterns(&signer.directory.path().join("state"), &seed, &scalar) {
        assert_eq!(memory.find(&pattern), [""; 0], "{what} is in memory");
    }
}
