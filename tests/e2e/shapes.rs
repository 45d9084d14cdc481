//! The keys of what `waiaasctl --json` prints: scripts go by them, so none of them changes unnoticed.

use std::collections::BTreeSet;
use std::fs;

use primitives::{BUILTIN, Chain, Environment};
use protocol::{Payload, Request, Warrant};
use serde_json::Value;
use tests::daemons::{Gatewayd, Place, Signerd, create_wallet, hostile_gateway, init_vault};
use tests::process::give_to_ordinary_user;
use tests::tool::run;

/// A command of which `WALLET` is a wallet, and the keys of what it prints: `a.b` is `b` in `a`, `[]` any
/// element of a list.
const SHAPES: &[(&str, &str)] = &[
    (
        "status",
        "gateway.latestVersion gateway.schemaVersion gateway.status gateway.timestamp \
         gateway.updateAvailable gateway.uptime gateway.version gatewaySandbox[] \
         signer.behindSeconds signer.halted signer.idleLockSeconds signer.journalDamage \
         signer.journalHead signer.journalRecords signer.latch signer.latchReason signer.now \
         signer.sandbox[] signer.secretMemory signer.suspendsAt signer.unattended signer.vault \
         signer.version signer.wallets signer.witnesses",
    ),
    (
        "doctor",
        "checks[].advice checks[].check checks[].found checks[].grade problems unseen \
         warnings",
    ),
    ("metrics waiaas_signer_up", "metrics[].labels metrics[].name metrics[].value"),
    (
        "exposure",
        "exposure[].assets[].atOnce exposure[].assets[].decimals \
         exposure[].assets[].network exposure[].assets[].perDay exposure[].assets[].perHour \
         exposure[].assets[].perMonth exposure[].assets[].symbol exposure[].assets[].token \
         exposure[].remarks[] exposure[].walletId",
    ),
    (
        "exposure WALLET",
        "exposure[].assets[].atOnce exposure[].assets[].decimals \
         exposure[].assets[].network exposure[].assets[].perDay exposure[].assets[].perHour \
         exposure[].assets[].perMonth exposure[].assets[].symbol exposure[].assets[].token \
         exposure[].remarks[] exposure[].walletId",
    ),
    ("guard show WALLET", "text version walletId"),
    (
        "owner confirm WALLET 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F",
        "confirmed.members[] confirmed.threshold proposed version walletId",
    ),
    (
        "owner show WALLET",
        "confirmed.members[] confirmed.threshold gatewayOwner proposed version walletId",
    ),
    ("approval guard WALLET OUT/guard.toml --output OUT/approval", "file text"),
    (
        "approval show OUT/approval",
        "approval.address approval.instance approval.kind approval.matter.fromVersion \
         approval.matter.kind approval.matter.text approval.signatures \
         approval.terms.expiresAt approval.terms.feeCeiling approval.terms.guardVersion \
         approval.terms.nonce approval.walletId text",
    ),
    ("approval text OUT/approval", "text"),
    (
        "approval add OUT/approval --owner 0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F \
         --signature SIGNATURE",
        "file signatures",
    ),
    (
        "audit show",
        "records[].digest records[].hash records[].intent records[].kind records[].number \
         records[].says records[].scope records[].signerTime.unix records[].signerTime.utc \
         records[].spend records[].systemTime.unix records[].systemTime.utc \
         records[].walletId",
    ),
    (
        "audit verify",
        "first head instance records trail.beginsAfter trail.entries trail.head \
         trail.journalSeen trail.last verified",
    ),
    (
        "audit verify --trail",
        "trail.beginsAfter trail.entries trail.head trail.journalSeen trail.last verified",
    ),
    (
        "audit log --event GATEWAY_STARTED",
        "entries[].actor entries[].details.version entries[].eventType entries[].hash \
         entries[].id entries[].intact entries[].ipAddress entries[].peerUid \
         entries[].requestId entries[].sessionId entries[].severity entries[].timestamp \
         entries[].txId entries[].walletId",
    ),
    (
        "audit export --trail OUT/trail",
        "trail.beginsAfter trail.entries trail.head trail.journalSeen trail.last verified",
    ),
    (
        "audit verify --file OUT/trail",
        "trail.beginsAfter trail.entries trail.head trail.journalSeen trail.last verified",
    ),
    ("audit archive --before 9999999999 --to OUT/archive", "beginsAfter entries file last"),
    (
        "audit verify --archive OUT/archive",
        "archives[].beginsAfter archives[].entries archives[].file archives[].last \
         trail.beginsAfter trail.entries trail.head trail.journalSeen trail.last verified",
    ),
    ("audit export OUT/journal", "first head instance records verified"),
    ("audit verify --file OUT/journal", "first head instance records verified"),
    ("receipt get 1", "before content hash instance kind publicKey signature"),
    ("receipt get 1 --output OUT/receipt", "file publicKey record"),
    (
        "receipt verify OUT/receipt",
        "instance keyWasNamed publicKey record.hash record.kind record.number record.says \
         record.signerTime.unix record.signerTime.utc record.systemTime.unix \
         record.systemTime.utc record.walletId verified",
    ),
    (
        "backup --auto --dir OUT/backups",
        "bytes database.bytes file journal.first journal.head journal.records keys madeAt \
         program",
    ),
    (
        "backup list --dir OUT/backups",
        "backups[].bytes backups[].file backups[].madeAt lastFailure",
    ),
];

/// The paths of all that is no object and no list with something in it.
fn keys(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) if !fields.is_empty() => {
            for (name, field) in fields {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                keys(field, &path, found);
            }
        }
        Value::Array(elements) if !elements.is_empty() => {
            for element in elements {
                keys(element, &format!("{path}[]"), found);
            }
        }
        Value::Object(_)
        | Value::Array(_)
        | Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_) => drop(found.insert(path.to_owned())),
    }
}

#[test]
fn the_keys_of_what_is_printed_for_programs_stay_as_they_are() {
    let place = Place::new();
    let _signerd = Signerd::start(&place, "");
    init_vault(&place);
    // No network is asked.
    let rpc = |it: &primitives::Network| format!("{} = 'http://127.0.0.1:9'\n", it.rpc_key());
    let rpc: String = BUILTIN.iter().map(rpc).collect();
    let _gatewayd = Gatewayd::start(&place, &format!("[rpc]\n{rpc}"));
    let wallet = create_wallet(&place, Chain::Evm, Environment::Testnet).wallet;
    let payload = Payload::Text(b"hello".to_vec());
    hostile_gateway(&place).ask(Request::Sign { wallet, payload, warrant: Warrant::None });
    let directory = place.path("out");
    fs::create_dir(&directory).unwrap();
    give_to_ordinary_user(&directory);
    let mut wrong = Vec::new();
    for (line, expected) in SHAPES {
        let words: Vec<String> = line
            .split(' ')
            .map(|word| match word {
                "WALLET" => wallet.to_string(),
                "SIGNATURE" => "11".repeat(65),
                file if file.starts_with("OUT/") => {
                    file.replace("OUT", directory.to_str().unwrap())
                }
                word => word.to_owned(),
            })
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let output = run(&place, &words);
        let printed: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{line}: {error}: {output:?}"));
        if line.starts_with("guard show") {
            let file = directory.join("guard.toml");
            fs::write(&file, printed["text"].as_str().unwrap()).unwrap();
            give_to_ordinary_user(&file);
        }
        let mut found = BTreeSet::new();
        keys(&printed, "", &mut found);
        let expected: BTreeSet<String> = expected.split_whitespace().map(str::to_owned).collect();
        if found != expected {
            let found: Vec<String> = found.into_iter().collect();
            wrong.push(format!("    (\"{line}\", \"{}\"),", found.join(" ")));
        }
    }
    assert!(wrong.is_empty(), "another shape:\n{}", wrong.join("\n"));
}
