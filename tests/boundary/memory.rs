//! The signer's memory as root sees it: what of its secrets stands in it.
//!
//! Where the kernel has `memfd_secret(2)`, nothing; elsewhere pages are locked, root reads them, and the
//! search shows that it finds.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use primitives::{Amount, Chain, Environment};
use protocol::{KeyInfo, Payload, Reply, Request, Secret, SecretMemory, Warrant};
use sha2::{Digest as _, Sha256};
use tests::daemons::unlock;
use tests::process::has_root_for;
use tests::secrets::{self, Pattern};
use tests::signer::{PASSPHRASE, SignerClient};
use txcodec::solana::system;

use crate::bench::{Bench, SOLANA_BOB, Wallet, message_at, transfer};

/// A network for tests, whose guard lets everything go.
const SEPOLIA: u64 = 11_155_111;

fn import(bench: &Bench, chain: Chain, key: &[u8]) -> KeyInfo {
    let (environment, key) = (Environment::Testnet, Secret::new(key.to_vec()));
    let reply =
        bench.operator().ask(Request::ImportKey { chain, environment, key, agent_id: None });
    let Reply::Key(key) = reply else { panic!("{reply:?}") };
    key
}

fn sign(gateway: &mut SignerClient, key: &KeyInfo, number: u8) {
    let unsigned = match key.chain {
        Chain::Evm => transfer(SEPOLIA, number.into(), Amount::from(1_u64)).to_unsigned_bytes(),
        Chain::Solana => {
            let payer = Wallet { id: key.wallet, address: key.address }.solana();
            message_at(number, payer, &[system::transfer(payer, SOLANA_BOB, number.into())])
        }
    };
    let payload = Payload::Transaction(unsigned);
    let reply = gateway.ask(Request::Sign { wallet: key.wallet, payload, warrant: Warrant::None });
    assert!(matches!(reply, Reply::Signature(_)), "{reply:?}");
}

/// Its memory as root sees it.
fn memory(process: &Path) -> Memory {
    let content = File::open(process.join("mem")).expect("root reads a process's memory");
    Memory { maps: fs::read_to_string(process.join("maps")).unwrap(), content }
}

/// A process's memory.
struct Memory {
    maps: String,
    content: File,
}

impl Memory {
    /// What of `patterns` stands in it, and in which mapping.
    fn find(&self, patterns: &[Pattern]) -> Vec<String> {
        let of = |line: &str| {
            let found = secrets::found(patterns, &self.read(line)).join(", ");
            (!found.is_empty()).then(|| format!("{found} in {line}"))
        };
        self.maps.lines().filter_map(of).collect()
    }

    fn read(&self, line: &str) -> Vec<u8> {
        let (start, end) = line.split(' ').next().unwrap().split_once('-').unwrap();
        let hex = |text| u64::from_str_radix(text, 16).unwrap();
        let mut content = vec![0; usize::try_from(hex(end) - hex(start)).unwrap()];
        // Guard pages and secret pages cannot be read at all, which is the point of them.
        let read = self.content.read_exact_at(&mut content, hex(start));
        if read.is_ok() { content } else { Vec::new() }
    }
}

#[test]
fn a_signer_that_signed_has_no_secret_in_memory_that_root_can_read() {
    if !has_root_for("another process's memory") {
        return;
    }
    let mut bench = Bench::new();
    let [seed, scalar] =
        ["a seed", "a scalar"].map(|name| <[u8; 32]>::from(Sha256::digest(name.as_bytes())));
    let keys = [import(&bench, Chain::Solana, &seed), import(&bench, Chain::Evm, &scalar)];
    let mut gateway = bench.gateway();
    for number in 1..=20 {
        for key in &keys {
            sign(&mut gateway, key, number);
        }
    }
    assert_eq!(bench.operator().ask(Request::Lock), Reply::Done);
    unlock(&bench.place);
    for key in &keys {
        sign(&mut gateway, key, 21);
    }
    let status = bench.status();

    let process = PathBuf::from(format!("/proc/{}", bench.signerd.process().id()));
    let memory = memory(&process);
    let public = Pattern::new("the public key", &keys[0].public_key);
    assert!(!memory.find(&[public]).is_empty(), "the search finds what is there");
    let file = fs::read_to_string(bench.place.path("signer/vault/vault.json")).unwrap();
    let mut patterns = secrets::of_vault(&file, PASSPHRASE.as_bytes());
    patterns.extend(secrets::of_solana_key(&seed));
    patterns.extend(secrets::of_evm_key(&scalar));
    match status.secret_memory {
        SecretMemory::MemfdSecret => assert_eq!(memory.find(&patterns), [""; 0]),
        // The control: it is found where root can read it.
        SecretMemory::Locked => assert_ne!(memory.find(&patterns), [""; 0]),
    }
}
