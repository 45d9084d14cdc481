//! Writes the corpus of what is read from files and from requests: guards, a journal, a vault, and bodies
//! in JSON. Run as `seeds`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use primitives::{BUILTIN, Chain, Environment, WalletId};
use protocol::Latch;
use signerd::clock::Moment;
use signerd::guard::Guard;
use signerd::journal::{Event, Journal};

/// Bodies, by the first byte that the target takes for their kind.
const BODIES: &[(u8, &str, &str)] = &[
    (
        0,
        "transfer",
        r#"{"type":"TRANSFER","to":"0xB0B0b0B0B0B0B0b0B0B0B0b0b0b0b0B0b0b0B0B0","amount":"1","memo":"m","network":"eip155:1","gasCondition":{"maxGasPrice":"9","timeout":60}}"#,
    ),
    (0, "old", r#"{"to":"0xB0B0b0B0B0B0B0b0B0B0B0b0b0b0b0B0b0b0B0B0","humanAmount":"0.001"}"#),
    (
        0,
        "token",
        r#"{"type":"TOKEN_TRANSFER","to":"a","amount":"1","token":{"address":"b","decimals":6,"symbol":"T"}}"#,
    ),
    (
        0,
        "call",
        r#"{"type":"CONTRACT_CALL","to":"a","calldata":"0xa9059cbb","value":"0","abi":[{"name":"f"}]}"#,
    ),
    (0, "approve", r#"{"type":"APPROVE","spender":"a","amount":"1","token":{"address":"b"}}"#),
    (0, "batch", r#"{"type":"BATCH","instructions":[{"type":"TRANSFER","to":"a","amount":"1"}]}"#),
    (
        0,
        "nft",
        r#"{"type":"NFT_TRANSFER","to":"a","token":{"address":"b","tokenId":"1","standard":"ERC-721"}}"#,
    ),
    (0, "deploy", r#"{"type":"CONTRACT_DEPLOY","bytecode":"0x6001"}"#),
    (1, "message", r#"{"message":"Sign in.","signType":"personal"}"#),
    (2, "transaction", r#"{"transaction":"0x02f8"}"#),
    (3, "session", r#"{"walletIds":["0190a5b2-0000-7000-8000-000000000000"],"ttl":3600}"#),
    (4, "policy", r#"{"type":"SPENDING_LIMIT","rules":{"instant_max_usd":10},"priority":1}"#),
    (5, "change", r#"{"enabled":false}"#),
    (
        6,
        "calldata",
        r#"{"abi":[{"type":"function","name":"f","inputs":[]}],"functionName":"f","args":[]}"#,
    ),
];

fn main() -> io::Result<()> {
    for (letter, chain, name) in [(0, Chain::Evm, "evm"), (1, Chain::Solana, "solana")] {
        for environment in [Environment::Mainnet, Environment::Testnet] {
            let of_it = |network: &&primitives::Network| {
                network.environment == environment && network.chain_id.chain() == chain
            };
            let networks: Vec<_> = BUILTIN.iter().filter(of_it).collect();
            for template in Guard::templates() {
                let Some(guard) = Guard::template(template, environment, &networks) else {
                    continue;
                };
                let seed = [&[letter], guard.to_toml().as_bytes()].concat();
                write("guard", &format!("{name}-{environment}-{template}"), &seed)?;
            }
        }
    }
    write("journal", "short", &journal()?)?;
    let vault = folder().join("../../signerd/src/vault/testdata");
    let key = fs::read(vault.join("keys/017f22e2-79b0-7cc3-98c4-dc0c0c07398f.json"))?;
    let files = [&fs::read(vault.join("vault.json"))?, &[0][..], &key].concat();
    write("vault_files", "vault-and-key", &files)?;
    for (kind, name, json) in BODIES {
        write("bodies", name, &[&[*kind], json.as_bytes()].concat())?;
    }
    Ok(())
}

/// A journal of a few records.
fn journal() -> io::Result<Vec<u8>> {
    let directory = fuzz::Scratch::new();
    let mut journal = Journal::open(&directory.path("")).map_err(io::Error::other)?;
    let wallet = WalletId::from_bytes([7; 16]);
    let events = [
        Event::Started { version: "0.1.0".to_owned(), boot: [1; 16], uptime_ms: 1 },
        Event::VaultCreated { instance: [2; 16] },
        Event::LatchSet { wallet: Some(wallet), latch: Latch::Suspended, reason: "why".to_owned() },
        Event::Renewed {},
    ];
    for (now, event) in (1_800_000_000..).zip(events) {
        journal.append(Moment { now, wall: now }, event);
    }
    journal.commit().map_err(io::Error::other)?;
    fs::read(directory.path("segment-00000000000000000000"))
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn write(target: &str, name: &str, seed: &[u8]) -> io::Result<()> {
    let corpus = folder().join("corpus").join(target);
    fs::create_dir_all(&corpus)?;
    fs::write(corpus.join(name), seed)
}
