//! The journal and receipts, against a signer that hands out records as told.

use std::sync::mpsc::Receiver;

use ed25519_dalek::{Signer as _, SigningKey};
use protocol::journal::{Receipt, Record};
use protocol::{Frame, Status};

use super::*;
use crate::testing::{hello, journal, status};

/// Listens as a signer with this journal.
#[must_use]
fn serve(peers: &Peers, records: Vec<Record>) -> Receiver<Request> {
    let claimed = Status {
        journal_records: u64::try_from(records.len()).unwrap(),
        journal_head: records.last().unwrap().hash,
        ..status()
    };
    serve_claim(peers, records, claimed)
}

/// As above, whatever it says that its journal is.
#[must_use]
fn serve_claim(peers: &Peers, records: Vec<Record>, claimed: Status) -> Receiver<Request> {
    peers.raw_signer(move |id, request| {
        let message = if let Request::ReadJournal { from, limit } = request {
            let wanted = records.iter().filter(|it| it.entry().unwrap().number >= *from);
            Reply::Records(wanted.take(usize::from(*limit)).cloned().collect())
        } else if matches!(request, Request::Hello { .. }) {
            hello()
        } else {
            Reply::Status(claimed.clone())
        };
        Some(Frame { id, message }.to_bytes())
    })
}

#[test]
fn a_whole_journal_verifies_and_so_does_its_export_without_a_signer() {
    let peers = Peers::new();
    let records = journal(10_000);
    let head = primitives::encode_hex(&records.last().unwrap().hash);
    let _asked = serve(&peers, records);
    let json = json_of(&command("audit verify", &peers).unwrap());
    assert_eq!((&json["records"], &json["head"]), (&json!(10_000), &json!(head)));
    command("audit export {}/export", &peers).unwrap();
    std::fs::remove_file(peers.place().control_socket()).unwrap();
    let json = json_of(&command("audit verify --file {}/export", &peers).unwrap());
    assert_eq!((&json["records"], &json["head"]), (&json!(10_000), &json!(head)));
}

#[test]
fn a_journal_that_was_changed_or_cut_off_does_not_verify() {
    let changed = |change: fn(&mut Vec<Record>)| {
        let mut records = journal(10);
        let last = records.last().unwrap().hash;
        change(&mut records);
        (records, Status { journal_records: 10, journal_head: last, ..status() })
    };
    for ((records, claimed), said) in [
        (changed(|it| it[3].hash[0] ^= 1), "record 3 was changed"),
        (changed(|it| drop(it.remove(3))), "record 3 was changed"),
        (changed(|it| it.truncate(9)), "it ends at 9 of 10 records"),
    ] {
        let peers = Peers::new();
        let _asked = serve_claim(&peers, records, claimed);
        for line in ["audit verify", "audit export {}/export"] {
            let failure = command(line, &peers).unwrap_err();
            assert!(failure.to_string().contains(said), "{failure}");
            assert!(!peers.path().join("export").exists());
        }
    }
    let peers = Peers::new();
    let (records, claimed) = changed(|_| {});
    let _asked = serve_claim(&peers, records, Status { journal_head: [1; 32], ..claimed });
    let failure = command("audit verify", &peers).unwrap_err();
    assert!(failure.to_string().contains("ends in another hash"), "{failure}");
}

#[test]
fn a_journal_that_is_whole_up_to_a_damage_does_not_verify() {
    let peers = Peers::new();
    let records = journal(10);
    let claimed = Status {
        journal_records: 10,
        journal_head: records.last().unwrap().hash,
        journal_damage: Some("record 10 at byte 4000 was changed".to_owned()),
        ..status()
    };
    let _asked = serve_claim(&peers, records, claimed);
    for line in ["audit verify", "audit export {}/export"] {
        let failure = command(line, &peers).unwrap_err();
        assert!(failure.to_string().contains("record 10 at byte 4000"), "{failure}");
        assert!(!peers.path().join("export").exists());
    }
}

#[test]
fn a_journal_whose_beginning_was_moved_away_verifies_from_there_on() {
    let peers = Peers::new();
    let _asked = serve_claim(&peers, journal(10).split_off(4), {
        let head = journal(10).last().unwrap().hash;
        Status { journal_records: 10, journal_head: head, ..status() }
    });
    command("audit export {}/export", &peers).unwrap();
    for line in ["audit verify", "audit verify --file {}/export"] {
        let view = command(line, &peers).unwrap();
        let json = json_of(&view);
        assert_eq!((&json["first"], &json["records"]), (&json!(4), &json!(6)), "{line}");
        assert!(text_of(&view).contains("records before 4 were moved away"), "{view:?}");
    }
}

#[test]
fn an_export_that_was_changed_or_cut_off_does_not_verify() {
    let peers = Peers::new();
    let _asked = serve(&peers, journal(10));
    command("audit export {}/export", &peers).unwrap();
    let good = std::fs::read(peers.path().join("export")).unwrap();
    let file = peers.path().join("changed");
    // Who the signer is, is what it says; everything else is tied together.
    let instance = 33..49;
    for position in (0..good.len()).step_by(13).filter(|it| !instance.contains(it)) {
        let mut changed = good.clone();
        changed[position] ^= 1;
        std::fs::write(&file, changed).unwrap();
        assert!(command("audit verify --file {}/changed", &peers).is_err(), "{position}");
    }
    for length in (0..good.len()).step_by(13) {
        std::fs::write(&file, &good[..length]).unwrap();
        assert!(command("audit verify --file {}/changed", &peers).is_err(), "{length}");
    }
    std::fs::write(&file, good).unwrap();
    assert!(command("audit verify --file {}/changed", &peers).is_ok());
}

#[test]
fn the_latest_records_are_shown_or_those_from_a_number_on() {
    for (line, numbers) in [
        ("audit show --limit 3", vec![7, 8, 9]),
        ("audit show --limit 3 --since 2", vec![2, 3, 4]),
        ("audit show --since 8", vec![8, 9]),
        ("audit show --since 10", vec![]),
        ("audit show --limit 2 --wallet 07070707-0707-0707-0707-070707070707", vec![8, 9]),
        ("audit show --wallet 08080808-0808-0808-0808-080808080808", vec![]),
    ] {
        let peers = Peers::new();
        let _asked = serve(&peers, journal(10));
        let json = json_of(&command(line, &peers).unwrap());
        let records = json["records"].as_array().unwrap().iter();
        let shown: Vec<u64> = records.map(|it| it["number"].as_u64().unwrap()).collect();
        assert_eq!(shown, numbers, "{line}");
    }
}

#[test]
fn records_are_shown_in_plain_words() {
    let peers = Peers::new();
    let _asked = serve(&peers, journal(3));
    let text = text_of(&command("audit show", &peers).unwrap());
    for part in [
        "signerd 0.1.0 started",
        "signed on solana, all clusters together (let go at once): at most 0.000005 SOL",
        "refused to sign: over owner ceiling",
        "2027-01-15 08:00:01Z",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn a_receipt_is_got_once_and_checked_without_a_signer() {
    let peers = Peers::new();
    let records = journal(3);
    let signing_key = SigningKey::from_bytes(&[9; 32]);
    let signed = Receipt::signed_bytes([1; 16], records[2].hash);
    let receipt = Receipt {
        instance: [1; 16],
        before: records[1].hash,
        record: records[2].clone(),
        public_key: signing_key.verifying_key().to_bytes(),
        signature: signing_key.sign(&signed).to_bytes(),
    };
    let worthless = Receipt { signature: [0; 64], ..receipt.clone() };
    let _asked = peers.signer(vec![Reply::Receipt(receipt), Reply::Receipt(worthless)]);
    let json = json_of(&command("receipt get 2 --output {}/receipt.json", &peers).unwrap());
    let known = json["publicKey"].as_str().unwrap();
    let failure = command("receipt get 2", &peers).unwrap_err();
    assert!(failure.to_string().contains("signerd's answer proves nothing"), "{failure}");

    let line = "receipt verify {}/receipt.json";
    let view = command(&format!("{line} --key {known}"), &peers).unwrap();
    assert_eq!(json_of(&view)["record"]["number"], 2);
    assert!(text_of(&view).contains("refused to sign: over owner ceiling"), "{view:?}");
    let text = text_of(&command(line, &peers).unwrap());
    assert!(text.contains("whose key it is, this does not say"), "{text}");
    let failure = command(&format!("{line} --key {}", "0".repeat(64)), &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Failed);
    assert_eq!(command(&format!("{line} --key 00"), &peers).unwrap_err().exit(), Exit::Usage);
}
