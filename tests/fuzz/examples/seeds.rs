//! Writes the corpus that fuzzing starts from: the test vectors, and a frame of every kind.
//!
//! Run in the repository's root, so that it is built without instrumentation:
//! `cargo run --manifest-path tests/fuzz/Cargo.toml --example seeds`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use primitives::{Amount, Asset, Chain, Environment, EvmAddress, WalletId, decode_hex};
use protocol::wire::Wire;
use protocol::{
    BackupKey, Ceiling, Exposure, ExposureLine, Frame, GuardText, JournalReport, KeyInfo, KeyState, Latch,
    OpenedBackup, Payload, Refusal, RefusalCode, Reply, Request, Secret, SecretMemory, Status, VaultCopy, VaultPhase,
    Warrant,
};
use serde_json::Value;
use txcodec::message::TypedData;

fn main() -> io::Result<()> {
    for (name, vector) in vectors("evm")? {
        write("evm_transaction", &name, &bytes(&vector["unsigned"]))?;
        if let Some(transaction) = vector.get("transaction") {
            write("evm_call_data", &name, &bytes(&transaction["data"]))?;
        }
    }
    for (name, vector) in vectors("solana")? {
        write("solana_message", &name, &bytes(&vector["unsigned"]))?;
    }
    for (name, vector) in vectors("message")? {
        match vector["kind"].as_str().expect("a message has a kind") {
            "evm_text" => write("text", &name, &[&[0], &bytes(&vector["bytes"])[..]].concat())?,
            "solana_text" => write("text", &name, &[&[1], &bytes(&vector["bytes"])[..]].concat())?,
            _ => write("typed_data", &name, &typed_data(&vector["typed_data"]))?,
        }
    }
    for (number, request) in (1..).zip(requests()) {
        write_frame("request", number, request)?;
    }
    for (number, reply) in (1..).zip(replies()) {
        write_frame("reply", number, reply)?;
    }
    Ok(())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn vectors(kind: &str) -> io::Result<Vec<(String, Value)>> {
    let entries = fs::read_dir(folder().join("../vectors").join(kind))?;
    let read = |entry: io::Result<fs::DirEntry>| {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((name, serde_json::from_slice(&fs::read(&path)?)?))
    };
    entries.map(read).collect()
}

fn bytes(hexadecimal: &Value) -> Vec<u8> {
    let digits = hexadecimal.as_str().and_then(|text| text.strip_prefix("0x"));
    decode_hex(digits.expect("bytes begin with 0x")).expect("bytes are hexadecimal")
}

fn typed_data(json: &Value) -> Vec<u8> {
    TypedData::from_json(json).expect("vectors hold typed data").to_bytes()
}

fn write(target: &str, name: &str, seed: &[u8]) -> io::Result<()> {
    let corpus = folder().join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    fs::write(corpus.join(name), seed)
}

fn write_frame(kind: &str, number: u32, message: impl Wire) -> io::Result<()> {
    let frame = Frame { id: number, message }.to_bytes();
    write("signer_frame", &format!("{kind}-{number:02}"), &frame)
}

fn requests() -> Vec<Request> {
    let wallet = WalletId::from_bytes([7; 16]);
    let passphrase = || Secret::new(b"correct horse".to_vec());
    let (chain, environment) = (Chain::Solana, Environment::Testnet);
    let agent_id = Some("agent".to_owned());
    vec![
        Request::Hello { version: protocol::VERSION },
        Request::Status,
        Request::ListKeys { after: Some(wallet), limit: 10 },
        Request::CreateKey { chain, environment, agent_id: None },
        Request::Sign {
            wallet,
            payload: Payload::Transaction(vec![1, 2, 3]),
            warrant: Warrant::None,
        },
        Request::Sign { wallet, payload: Payload::Text(b"hello".to_vec()), warrant: Warrant::None },
        Request::Sign { wallet, payload: Payload::TypedData(vec![1]), warrant: Warrant::None },
        Request::ShowGuard { wallet },
        Request::Exposure { wallet },
        Request::Halt {
            wallet: None,
            from: None,
            to: Latch::Suspended,
            reason: "seen something odd".to_owned(),
        },
        Request::InitVault { passphrase: passphrase() },
        Request::Unlock { passphrase: passphrase() },
        Request::Lock,
        Request::Resume {
            wallet: None,
            from: Latch::Suspended,
            passphrase: passphrase(),
            approval: None,
        },
        Request::ImportKey { chain, environment, key: passphrase(), agent_id },
        Request::RotateKey { wallet, grace_seconds: 60 },
        Request::DestroyKey { wallet, passphrase: passphrase() },
        Request::SetGuard {
            wallet,
            from_version: 3,
            text: "x = 1".to_owned(),
            passphrase: Some(passphrase()),
            approval: None,
        },
        Request::Backup { passphrase: Some(passphrase()) },
        Request::VerifyBackup { passphrase: Some(passphrase()), archive: vec![9; 10] },
        Request::Restore { passphrase: passphrase(), archive: vec![9; 10] },
    ]
}

fn replies() -> Vec<Reply> {
    let wallet = WalletId::from_bytes([7; 16]);
    let key = KeyInfo {
        wallet,
        chain: Chain::Evm,
        environment: Environment::Mainnet,
        public_key: vec![2; 33],
        address: EvmAddress([3; 20]).into(),
        state: KeyState::Retiring { until: 1_900_000_000 },
        latch: Latch::Active,
        latch_reason: "a drill".to_owned(),
        created_at: 1_800_000_000,
    };
    let line = ExposureLine {
        network: "eip155:1".parse().ok(),
        asset: Asset::Token(EvmAddress([4; 20]).into()),
        at_once: Ceiling::AtMost(Amount::from(5_u64)),
        per_hour: Ceiling::Unlimited,
        per_day: Ceiling::Unlimited,
        per_month: Ceiling::Unlimited,
    };
    vec![
        Reply::Hello { version: protocol::VERSION, instance: [1; 16] },
        Reply::Done,
        Reply::Status(status()),
        Reply::Keys(vec![key.clone(), key.clone()]),
        Reply::Key(key),
        Reply::Signature(vec![1; 65]),
        Reply::Guard(GuardText { version: 2, text: "[networks]".to_owned() }),
        Reply::Exposure(Exposure { wallet, lines: vec![line], remarks: vec![] }),
        Reply::Backup(VaultCopy { archive: vec![0; 10], key: backup_key(), journal: report() }),
        Reply::OpenedBackup(OpenedBackup { key: backup_key(), journal: report() }),
        Reply::Journal(report()),
        Reply::Refused(Refusal::new(RefusalCode::Internal, "why")),
    ]
}

fn report() -> JournalReport {
    JournalReport { records: 3, head: [0; 32], keys: 1 }
}

fn backup_key() -> BackupKey {
    BackupKey::new([5; 32])
}

fn status() -> Status {
    Status {
        version: "0.1.0".to_owned(),
        vault: VaultPhase::Open,
        latch: Latch::Suspended,
        latch_reason: "an operator said so".to_owned(),
        journal_damage: Some("a bit is another".to_owned()),
        wallets_halted: 1,
        suspends_at: Some(1_900_000_000),
        secret_memory: SecretMemory::MemfdSecret,
        wallets: 2,
        journal_records: 40,
        journal_head: [9; 32],
        witnesses: Vec::new(),
        now: 1_800_000_000,
        behind_seconds: 0,
        unattended: protocol::Unattended::Held,
        idle_lock_seconds: 0,
        sandbox: vec!["no_new_privs".to_owned()],
    }
}
