//! The audit trail, against a gatewayd that hands out entries as told.

use api::AuditLog;
use protocol::Status;
use protocol::journal::Record;
use serde_json::value::RawValue;

use super::*;
use crate::testing::{hello, status};

/// A whole trail of so many entries, of which the second saw the signer's journal like this.
fn trail(count: u64, seen: (usize, &[Record])) -> Vec<AuditLog> {
    let mut previous = AuditLog::GENESIS;
    let entry = |id: u64| {
        let (event, details) = match (id, seen) {
            (2, (records, journal)) => (
                "SIGNER_JOURNAL_SEEN",
                json!({
                    "records": records.to_string(),
                    "head": primitives::encode_hex(&journal[records - 1].hash),
                }),
            ),
            _other => ("TX_SUBMITTED", json!({ "to": "0x1", "say": "two words" })),
        };
        AuditLog {
            id,
            timestamp: 1_800_000_000,
            event_type: event.to_owned(),
            actor: "master".to_owned(),
            wallet_id: Some(WALLET.to_owned()),
            session_id: None,
            tx_id: None,
            details: RawValue::from_string(details.to_string()).unwrap(),
            severity: if id == 3 { "critical" } else { "info" }.to_owned(),
            ip_address: None,
            peer_uid: Some(1_000),
            request_id: None,
            hash: String::new(),
            intact: true,
        }
    };
    let chain = |id| {
        let entry = entry(id);
        previous = entry.hash_after(previous);
        AuditLog { hash: primitives::encode_hex(&previous), ..entry }
    };
    (1..=count).map(chain).collect()
}

fn page(entries: &[AuditLog], next: Option<u64>) -> (u16, String) {
    let page = json!({ "data": entries, "nextCursor": next, "hasMore": next.is_some() });
    (200, page.to_string())
}

/// As gatewayd answers who reads all of it: the newest, then all in two pages.
fn read_all(entries: &[AuditLog]) -> Vec<(u16, String)> {
    let (first, second) = entries.split_at(entries.len() / 2);
    let newest = page(&entries[entries.len().saturating_sub(1)..], None);
    vec![newest, page(first, first.last().map(|entry| entry.id)), page(second, None)]
}

/// Listens as a signer with this journal.
#[must_use]
fn signer(peers: &Peers, records: Vec<Record>) -> std::sync::mpsc::Receiver<Request> {
    peers.raw_signer(move |id, request| {
        let message = if let Request::ReadJournal { from, limit } = request {
            let wanted = records.iter().filter(|it| it.entry().unwrap().number >= *from);
            Reply::Records(wanted.take(usize::from(*limit)).cloned().collect())
        } else if matches!(request, Request::Hello { .. }) {
            hello()
        } else {
            Reply::Status(Status {
                journal_records: u64::try_from(records.len()).unwrap(),
                journal_head: records.last().unwrap().hash,
                ..status()
            })
        };
        Some(protocol::Frame { id, message }.to_bytes())
    })
}

#[test]
fn trail_and_journal_are_checked_together_and_bear_each_other_out() {
    for line in ["audit verify", "audit verify --trail"] {
        let peers = Peers::new();
        let entries = trail(5, (4, &journal(10)));
        let _asked = peers.gateway(read_all(&entries));
        let _signer = signer(&peers, journal(10));
        let view = command(line, &peers).unwrap();
        let json = json_of(&view);
        assert_eq!(
            (&json["trail"]["entries"], &json["trail"]["head"]),
            (&json!(5), &json!(entries[4].hash))
        );
        assert_eq!(json["verified"], true);
        assert!(text_of(&view).contains("fits the signer's journal at 1 places"), "{view:?}");
    }
}

#[test]
fn a_journal_that_is_not_the_one_that_was_seen_is_found() {
    let mut other = journal(10);
    other[3].hash[0] ^= 1;
    for (entries, said) in [
        (trail(5, (4, &other)), "record 3 of the signer's journal is not the one"),
        (trail(5, (12, &journal(12))), "has 10 records, and had 12"),
    ] {
        let peers = Peers::new();
        let _asked = peers.gateway(read_all(&entries));
        let _signer = signer(&peers, journal(10));
        let failure = command("audit verify", &peers).unwrap_err();
        assert!(failure.to_string().contains(said), "{failure}");
        assert_eq!(failure.exit(), Exit::Failed);
    }
}

#[test]
fn a_trail_that_was_changed_or_cut_off_does_not_verify() {
    let changed = |change: fn(&mut Vec<AuditLog>)| {
        let mut entries = trail(6, (1, &journal(1)));
        change(&mut entries);
        entries
    };
    for (entries, said) in [
        (changed(|it| it[3].actor = "session:1".to_owned()), "entry 4 was changed"),
        (changed(|it| it[3].timestamp += 1), "entry 4 was changed"),
        (changed(|it| it[3].hash = it[2].hash.clone()), "entry 4 was changed"),
        (changed(|it| drop(it.remove(3))), "entry 5 was changed"),
        (changed(|it| drop(it.remove(0))), "entry 2 was changed"),
        (changed(|it| it.swap(1, 2)), "entry 3 was changed"),
        (changed(|it| it[3] = it[2].clone()), "entry 3 stands behind a later one"),
    ] {
        let peers = Peers::new();
        let _asked = peers.gateway(read_all(&entries));
        let failure = command("audit verify --trail", &peers).unwrap_err();
        assert!(failure.to_string().contains(said), "{said}: {failure}");
    }
    let peers = Peers::new();
    let entries = trail(6, (1, &journal(1)));
    let _asked = peers.gateway(vec![
        page(&entries[5..], None),
        page(&entries[..4], Some(4)),
        page(&[], None),
    ]);
    let failure = command("audit verify --trail", &peers).unwrap_err();
    assert!(failure.to_string().contains("ends at entry 4, and had 6"), "{failure}");
}

#[test]
fn without_gatewayd_the_journal_is_checked_and_that_is_said() {
    let peers = Peers::new();
    let _signer = signer(&peers, journal(3));
    let view = command("audit verify", &peers).unwrap();
    assert_eq!((&json_of(&view)["records"], &json_of(&view)["trail"]), (&json!(3), &Value::Null));
    assert!(text_of(&view).contains("gatewayd does not answer"), "{view:?}");
    let failure = command("audit verify --trail", &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Unreachable);
}

#[test]
fn an_export_is_checked_without_gatewayd_and_found_again_in_a_longer_trail() {
    let peers = Peers::new();
    let entries = trail(7, (1, &journal(1)));
    // An export reads to where the trail ended, and then the same again.
    let again = read_all(&entries[..5]).into_iter().skip(1);
    let answers = read_all(&entries[..5]).into_iter().chain(again);
    let mut other = trail(7, (1, &journal(1)));
    let mut previous = AuditLog::GENESIS;
    for entry in &mut other {
        entry.actor = "system".to_owned();
        previous = entry.hash_after(previous);
        entry.hash = primitives::encode_hex(&previous);
    }
    let longer = read_all(&entries).into_iter().chain(read_all(&other));
    let _asked = peers.gateway(answers.chain(longer).collect());
    command("audit export --trail {}/trail", &peers).unwrap();
    let view = command("audit verify --file {}/trail", &peers).unwrap();
    assert_eq!(json_of(&view)["trail"]["entries"], 5);
    let view = command("audit verify --trail --against {}/trail", &peers).unwrap();
    assert!(text_of(&view).contains("goes on where"), "{view:?}");
    assert!(text_of(&view).contains("signerd does not answer"), "{view:?}");
    let failure = command("audit verify --trail --against {}/trail", &peers).unwrap_err();
    assert!(failure.to_string().contains("goes another way than the export"), "{failure}");

    let file = peers.path().join("trail");
    let good = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<&str> = good.lines().collect();
    let cut = lines[..4].join("\n") + "\n";
    for (content, said) in [
        (cut, "ends after 3 of 5 entries"),
        (good.replacen("master", "masher", 1), "entry 1 was changed"),
        (good.replacen("two words", "one word ", 1), "entry 1 was changed"),
        (good.replacen(r#""entries":5"#, r#""entries":4"#, 1), "ends after 5 of 4"),
        (good.replacen("waiaasAuditTrail\":1", "waiaasAuditTrail\":2", 1), "is no export"),
        (format!("{{}}\n{good}"), "is no export"),
        (format!("{good}{{}}\n"), "line 7"),
    ] {
        std::fs::write(&file, content).unwrap();
        let failure = command("audit verify --file {}/trail", &peers).unwrap_err();
        assert!(failure.to_string().contains(said), "{said}: {failure}");
    }
}

/// What is left of a trail once entries up to that one were taken away, as gatewayd answers for the
/// newest entry and then for all.
fn cut_behind(entries: &[AuditLog], id: usize) -> Vec<(u16, String)> {
    let begins_after = json!({ "id": id, "hash": entries[id - 1].hash });
    let page = |entries: &[AuditLog]| {
        let page = json!({
            "data": entries, "nextCursor": null, "hasMore": false, "beginsAfter": begins_after,
        });
        (200, page.to_string())
    };
    vec![page(&entries[entries.len() - 1..]), page(&entries[id..])]
}

/// As gatewayd answers who archives all but the last entries: the newest, all twice, and each step.
fn archived(entries: &[AuditLog], steps: usize) -> Vec<(u16, String)> {
    let all = page(entries, None);
    let shortened = json!({ "entries": 1, "beginsAfter": { "id": 0, "hash": "" } }).to_string();
    let read = [page(&entries[entries.len() - 1..], None), all.clone(), all];
    read.into_iter().chain((0..steps).map(|_step| (200, shortened.clone()))).collect()
}

/// A trail of which entry `id` and those behind it are of 2001, and those before of 1998, but for the
/// first, which a clock that was ahead has written.
fn aged(count: u64, id: u64) -> Vec<AuditLog> {
    let mut previous = AuditLog::GENESIS;
    let age = |mut entry: AuditLog| {
        entry.timestamp = match entry.id {
            young if young >= id => 1_000_000_000,
            1 => 4_000_000_000,
            _old => 900_000_000,
        };
        previous = entry.hash_after(previous);
        AuditLog { hash: primitives::encode_hex(&previous), ..entry }
    };
    trail(count, (1, &journal(1))).into_iter().map(age).collect()
}

const ARCHIVE: &str = "audit archive --before 2001-01-01 --to {}/one";

#[test]
fn old_entries_are_archived_checked_and_only_then_taken_away() {
    let peers = Peers::new();
    let entries = aged(5, 4);
    let asked = peers.gateway(archived(&entries, 1));
    let json = json_of(&command(ARCHIVE, &peers).unwrap());
    assert_eq!((&json["entries"], &json["last"]), (&json!(3), &json!(3)));
    let asked: Vec<String> = asked.try_iter().collect();
    let [.., step] = asked.as_slice() else { panic!("nothing was asked") };
    assert_eq!(asked.len(), 4);
    let body: Value = serde_json::from_str(step.lines().last().unwrap()).unwrap();
    let genesis = json!({ "id": 0, "hash": "0".repeat(64) });
    let third = json!({ "id": 3, "hash": entries[2].hash });
    assert_eq!(body, json!({ "after": genesis, "through": third }));

    let view = command("audit verify --file {}/one", &peers).unwrap();
    assert_eq!(json_of(&view)["trail"]["entries"], 3);
    let failure = command(ARCHIVE, &peers).unwrap_err();
    assert!(failure.to_string().contains("exists already"), "{failure}");
}

#[test]
fn where_nothing_is_old_nothing_is_written() {
    let peers = Peers::new();
    let _asked = peers.gateway(archived(&aged(5, 1), 0));
    let view = command(ARCHIVE, &peers).unwrap();
    assert_eq!(json_of(&view)["entries"], 0);
    assert!(text_of(&view).contains("nothing was written"), "{view:?}");
    assert!(!peers.path().join("one").exists());
}

#[test]
fn a_trail_that_does_not_verify_is_not_archived() {
    let peers = Peers::new();
    let mut entries = aged(5, 4);
    entries[4].actor = "system".to_owned();
    let asked = peers.gateway(archived(&entries, 1));
    let failure = command(ARCHIVE, &peers).unwrap_err();
    assert!(failure.to_string().contains("entry 5 was changed"), "{failure}");
    assert!(!peers.path().join("one").exists());
    assert_eq!(asked.try_iter().count(), 2, "nothing was taken away");
}

#[test]
fn archives_are_checked_together_with_the_trail_that_they_lead_to() {
    let peers = Peers::new();
    let entries = aged(7, 4);
    let read = [cut_behind(&entries, 3), cut_behind(&entries, 5)].into_iter().flatten();
    let _asked = peers.gateway(archived(&entries, 1).into_iter().chain(read).collect());
    command(ARCHIVE, &peers).unwrap();
    let view = command("audit verify --archive {}/one", &peers).unwrap();
    let json = json_of(&view);
    assert_eq!((&json["trail"]["entries"], &json["trail"]["beginsAfter"]), (&json!(4), &json!(3)));
    assert_eq!(json["archives"][0]["last"], 3);
    assert!(text_of(&view).contains("from the first entry of all"), "{view:?}");
    // Of what was taken away since, no archive was named.
    let failure = command("audit verify --archive {}/one", &peers).unwrap_err();
    assert!(failure.to_string().contains("has no entry 5"), "{failure}");
}

#[test]
fn entries_are_shown_by_what_is_asked_for_in_plain_words() {
    let peers = Peers::new();
    let mut entries = trail(3, (1, &journal(1)));
    let asked = peers.gateway(vec![
        wallets(&["shop"]),
        page(&entries[2..], None),
        page(&[entries[2].clone(), entries[0].clone()], None),
    ]);
    let line = format!(
        "audit log --wallet {WALLET} --event tx_submitted --severity WARNING --limit 9 --from 5"
    );
    let view = command(&line, &peers).unwrap();
    let text = text_of(&view);
    for word in ["shop", "operator", "user 1000", "TX_SUBMITTED (critical)", "say=\"two words\""] {
        assert!(text.contains(word), "{word}: {text}");
    }
    let shown = &json_of(&view)["entries"];
    assert_eq!((&shown[0]["id"], &shown[1]["id"]), (&json!(1), &json!(3)), "oldest first");
    assert_eq!(shown[1]["details"]["to"], "0x1");
    let requests: Vec<String> = asked.iter().take(3).collect();
    let line = requests[2].lines().next().unwrap().to_owned();
    for part in ["limit=9", "event_type=TX_SUBMITTED", "severity=warning", "from=5", WALLET] {
        assert!(line.contains(part), "{part}: {line}");
    }

    let peers = Peers::new();
    entries[1].intact = false;
    let _asked = peers.gateway(vec![
        wallets(&["shop"]),
        page(&entries[2..], None),
        page(&entries[1..2], None),
    ]);
    let view = command("audit log --limit 1", &peers).unwrap();
    assert_eq!(view.exit(), Some(Exit::Failed));
    assert!(text_of(&view).contains("entry 2 is not what was written"), "{view:?}");
}
