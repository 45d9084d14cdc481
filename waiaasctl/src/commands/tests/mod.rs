//! Commands, against sockets that answer as told.

mod approval;
mod audit;
mod audit_trail;
mod autostop;
mod guard;
mod kill_switch;
mod latch;
mod leaving;
mod metrics;
mod owner;
mod policy;
mod rpc;
mod session;
mod session_token;
mod transaction;

use clap::Parser;
use primitives::{Amount, Asset};
use protocol::{
    BackupKey, Ceiling, Exposure, ExposureLine, JournalReport, KeyInfo, KeyState, OpenedBackup,
    Reply, Request, VaultCopy,
};

use super::*;
use crate::args::{BackupArgs, KEEP, Operator};
use crate::table::Style;
use crate::testing::{Peers, journal, key};

const WALLET: &str = "07070707-0707-0707-0707-070707070707";

/// Does what a command line says; `{}` in it is the directory of the peers.
fn command(line: &str, peers: &Peers) -> Result<View, Failure> {
    let line = line.replace("{}", &peers.path().display().to_string());
    let words = std::iter::once("waiaasctl").chain(line.split_whitespace());
    run(Operator::try_parse_from(words).unwrap().command, &peers.operation())
}

fn text_of(view: &View) -> String {
    view.render(Format::Text, Style::Plain)
}

fn json_of(view: &View) -> Value {
    serde_json::from_str(&view.render(Format::Json, Style::Plain)).unwrap()
}

fn wallets(names: &[&str]) -> (u16, String) {
    let items: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({
                "id": WALLET, "name": name, "chain": "solana", "network": "solana-devnet",
                "environment": "testnet", "publicKey": "x", "status": "ACTIVE",
                "ownerAddress": null, "ownerState": "NONE", "monitorIncoming": false,
                "accountType": "eoa", "signerKey": null, "deployed": true, "createdAt": 1,
            })
        })
        .collect();
    (200, json!({ "items": items }).to_string())
}

#[test]
fn a_backup_is_written_once_and_read_back() {
    let peers = Peers::new();
    let archive = vec![7; 1000];
    let records = journal(3);
    let journal = JournalReport { records: 3, head: records[2].hash, keys: 1 };
    let key = BackupKey::new([5; 32]);
    let copy = VaultCopy { archive: archive.clone(), key: key.clone(), journal: journal.clone() };
    let asked = peers.signer(vec![
        Reply::Backup(copy),
        Reply::Records(records[..1].to_vec()),
        Reply::Records(records),
        Reply::OpenedBackup(OpenedBackup { key, journal }),
    ]);
    let file = peers.path().join("backup");
    let command = || {
        Command::Backup(BackupArgs {
            command: None,
            file: Some(peers.path().join("backup")),
            auto: false,
            dir: None,
            keep: KEEP,
            keys_only: true,
        })
    };
    let view = run(command(), &peers.operation()).unwrap();
    assert_eq!(json_of(&view)["keys"], 1);
    assert_eq!(json_of(&view)["database"], Value::Null);
    let written = std::fs::read(&file).unwrap();
    assert_eq!(archive::signer_part(&mut written.as_slice()).unwrap(), archive);
    let last = asked.iter().nth(4).unwrap();
    assert!(matches!(&last, Request::VerifyBackup { archive: sent, .. } if *sent == archive));
    let failure = run(command(), &peers.operation()).unwrap_err();
    assert!(failure.to_string().contains("exists already"), "{failure}");
}

#[test]
fn exposure_covers_every_wallet_that_still_signs() {
    let peers = Peers::new();
    let line = ExposureLine {
        network: None,
        asset: Asset::Native,
        at_once: Ceiling::AtMost(Amount::from(100_000_000_u64)),
        per_hour: Ceiling::Unlimited,
        per_day: Ceiling::Unlimited,
        per_month: Ceiling::Unlimited,
    };
    let exposure = Exposure { wallet: key(7).wallet, lines: vec![line], remarks: vec![] };
    let retired = KeyInfo { state: KeyState::Retired, ..key(8) };
    let _asked = peers.signer(vec![
        Reply::Keys(vec![key(7), retired]),
        Reply::Keys(vec![]),
        Reply::Exposure(exposure),
    ]);
    let view =
        run(Command::Exposure(crate::args::ExposureArgs { wallet: None }), &peers.operation());
    let json = json_of(&view.unwrap());
    assert_eq!(json["exposure"].as_array().unwrap().len(), 1);
    assert_eq!(json["exposure"][0]["walletId"], WALLET);
}

#[test]
fn a_wallet_is_found_by_its_name_if_only_one_has_it() {
    for (names, exit) in [
        (vec!["shop"], None),
        (vec!["till"], Some(Exit::NotFound)),
        (vec!["shop", "shop"], Some(Exit::Usage)),
    ] {
        let peers = Peers::new();
        let _asked = peers.gateway(vec![wallets(&names)]);
        let found = peers.operation().wallet("shop");
        assert_eq!(found.as_ref().err().map(Failure::exit), exit, "{names:?}");
        assert!(exit.is_some() || found.unwrap().to_string() == WALLET);
    }
}

#[test]
fn wallets_are_listed_while_gatewayd_is_down() {
    let peers = Peers::new();
    let _asked = peers.signer(vec![Reply::Keys(vec![key(7)]), Reply::Keys(vec![])]);
    let view = run(Command::Wallet(crate::args::WalletCommand::List), &peers.operation()).unwrap();
    let json = json_of(&view);
    assert_eq!(json["wallets"][0]["id"], WALLET);
    assert_eq!(json["wallets"][0]["name"], Value::Null);
    let text = view.render(Format::Text, Style::Plain);
    assert!(text.contains("incomplete: gatewayd cannot be reached"), "{text}");
}

#[test]
fn status_shows_the_daemon_that_answers_and_ends_with_the_code_of_the_other() {
    let peers = Peers::new();
    let health = json!({
        "status": "ok", "version": "0.1.0", "latestVersion": null, "updateAvailable": false,
        "schemaVersion": 1, "uptime": 5, "timestamp": 1,
    });
    let _asked = peers.gateway(vec![(200, health.to_string())]);
    let view = run(Command::Status, &peers.operation()).unwrap();
    assert_eq!(view.exit(), Some(Exit::Unreachable));
    let json = json_of(&view);
    assert_eq!((&json["signer"], &json["gateway"]["uptime"]), (&Value::Null, &json!(5)));
}

fn transaction(status: &str) -> (u16, String) {
    let body = json!({
        "id": WALLET, "walletId": WALLET, "type": "TRANSFER", "status": status,
        "tier": "INSTANT", "chain": "solana", "network": "solana-devnet", "toAddress": "y",
        "amount": "5", "txHash": null, "error": "POLICY_DENIED: no", "createdAt": 1,
    });
    (200, body.to_string())
}

fn session() -> (u16, String) {
    let body = json!({
        "id": WALLET, "token": "wai_sess_x", "expiresAt": 1, "walletId": WALLET, "wallets": [],
    });
    (201, body.to_string())
}

fn revoked() -> (u16, String) {
    (200, json!({ "id": WALLET, "status": "REVOKED" }).to_string())
}

#[test]
fn a_transfer_is_waited_for_until_it_is_settled() {
    for (last, exit) in [
        ("CONFIRMED", None),
        ("QUEUED", None),
        ("CANCELLED", Some(Exit::Refused)),
        ("FAILED", Some(Exit::Failed)),
    ] {
        let peers = Peers::new();
        let sent = (201, json!({ "id": WALLET, "status": "PENDING" }).to_string());
        let asked = peers.gateway(vec![
            session(),
            sent,
            transaction("EXECUTING"),
            transaction(last),
            revoked(),
        ]);
        let line = ["waiaasctl", "send", WALLET, "y", "5", "--base-units", "--wait"];
        let Command::Send(arguments) = Operator::parse_from(line).command else {
            panic!("expected a send")
        };
        let outcome = run(Command::Send(arguments), &peers.operation());
        assert_eq!(outcome.as_ref().err().map(Failure::exit), exit, "{last}");
        let send = asked.iter().nth(1).unwrap();
        assert!(send.contains(r#""amount":"5""#) && !send.contains("humanAmount"), "{send}");
        assert!(send.to_lowercase().contains("authorization: bearer wai_sess_x"), "{send}");
    }
}

#[test]
fn a_session_that_was_made_to_ask_is_revoked_after_it() {
    let peers = Peers::new();
    let asked =
        peers.gateway(vec![wallets(&["shop"]), session(), transaction("CONFIRMED"), revoked()]);
    let command = crate::args::TransactionCommand::Show { id: WALLET.to_owned() };
    let view = run(Command::Tx(command), &peers.operation()).unwrap();
    assert_eq!(json_of(&view)["status"], "CONFIRMED");
    let lines: Vec<String> =
        asked.iter().take(4).map(|request| request.lines().next().unwrap().to_owned()).collect();
    assert_eq!(
        lines,
        [
            "GET /v1/wallets HTTP/1.1".to_owned(),
            "POST /v1/sessions HTTP/1.1".to_owned(),
            format!("GET /v1/transactions/{WALLET} HTTP/1.1"),
            format!("DELETE /v1/sessions/{WALLET} HTTP/1.1"),
        ]
    );
}
