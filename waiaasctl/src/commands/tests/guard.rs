//! Guards: shown, compared, tried and set.

use protocol::{
    Demand, GuardChange, GuardCheck, GuardOrder, GuardText, Owners, OwnersState, Payload, Refusal,
    RefusalCode,
};

use super::*;
use primitives::EvmAddress;

fn check(order: GuardOrder, verdict: Option<Demand>) -> GuardCheck {
    let change = GuardChange {
        key: "messages".to_owned(),
        before: Some("\"text\"".to_owned()),
        after: Some("\"none\"".to_owned()),
        order,
    };
    GuardCheck {
        from_version: 3,
        text: "messages = \"none\"\n".to_owned(),
        order,
        changes: if order == GuardOrder::Same { vec![] } else { vec![change] },
        exposure: exposure(5),
        verdict,
    }
}

fn exposure(amount: u64) -> Exposure {
    let amount = Ceiling::AtMost(Amount::from(amount));
    let line = ExposureLine {
        network: None,
        asset: Asset::Native,
        at_once: amount,
        per_hour: amount,
        per_day: amount,
        per_month: amount,
    };
    Exposure { wallet: key(7).wallet, lines: vec![line], remarks: vec!["so".to_owned()] }
}

fn owners(number: Option<u8>) -> Reply {
    let owner = |number| Owners { threshold: 1, members: vec![EvmAddress([number; 20]).into()] };
    Reply::Owners(OwnersState {
        confirmed: number.map_or(Owners::NONE, owner),
        proposed: None,
        version: 1,
    })
}

fn peers_with_guard() -> Peers {
    let peers = Peers::new();
    std::fs::write(peers.path().join("guard.toml"), "messages = \"none\"\n").unwrap();
    peers
}

/// What was asked to be set, and whether with a passphrase and an approval.
fn set_request(asked: &std::sync::mpsc::Receiver<Request>) -> Option<(u64, bool, bool)> {
    asked.try_iter().find_map(|request| {
        let Request::SetGuard { from_version, passphrase, approval, .. } = request else {
            return None;
        };
        Some((from_version, passphrase.is_some(), approval.is_some()))
    })
}

#[test]
fn a_passphrase_is_asked_for_only_where_a_guard_lets_more_pass() {
    let set = || Reply::Guard(GuardText { version: 4, text: String::new() });
    for (order, replies, expected) in [
        (GuardOrder::Tighter, vec![set()], Some((3, false, false))),
        (GuardOrder::Looser, vec![owners(None), set()], Some((3, true, false))),
        (GuardOrder::Same, vec![], None),
    ] {
        let peers = peers_with_guard();
        let replies = std::iter::once(Reply::GuardCheck(check(order, None))).chain(replies);
        let asked = peers.signer(replies.collect());
        let view = command(&format!("guard set {WALLET} {{}}/guard.toml"), &peers).unwrap();
        assert_eq!(set_request(&asked), expected, "{order:?}");
        assert_eq!(json_of(&view)["version"], if expected.is_some() { 4 } else { 3 });
    }
}

#[test]
fn a_guard_of_a_wallet_with_owners_is_loosened_with_their_approval_alone() {
    let peers = peers_with_guard();
    let looser = || Reply::GuardCheck(check(GuardOrder::Looser, None));
    let set = Reply::Guard(GuardText { version: 4, text: String::new() });
    let asked = peers.signer(vec![looser(), owners(Some(5)), looser(), owners(Some(5)), set]);
    let line = format!("guard set {WALLET} {{}}/guard.toml");
    let failure = command(&line, &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Refused);
    let advice = failure.advice(Some(&peers.place())).unwrap();
    assert!(advice.contains("approval guard"), "{advice}");

    let approval = peers.path().join("approval.json");
    std::fs::write(approval, draft().to_json().to_string()).unwrap();
    command(&format!("{line} --approval {{}}/approval.json"), &peers).unwrap();
    assert_eq!(set_request(&asked), Some((3, true, true)));
}

fn draft() -> crate::approval::Draft {
    crate::approval::Draft {
        instance: [1; 16],
        wallet: key(7).wallet,
        address: key(7).address,
        matter: crate::approval::Matter::Guard { from_version: 3, text: String::new() },
        terms: protocol::Terms {
            guard_version: 3,
            fee_ceiling: Amount::ZERO,
            expires_at: 1,
            nonce: [6; 16],
        },
        signatures: vec![],
    }
}

#[test]
fn a_guard_is_set_from_the_version_that_is_named() {
    let peers = peers_with_guard();
    let changed = Refusal::new(RefusalCode::GuardChanged, "the guard is at version 3");
    let replies =
        vec![Reply::GuardCheck(check(GuardOrder::Tighter, None)), Reply::Refused(changed)];
    let asked = peers.signer(replies);
    let line = format!("guard set {WALLET} {{}}/guard.toml --from-version 2");
    let failure = command(&line, &peers).unwrap_err();
    assert_eq!(failure.code(), "GUARD_CHANGED");
    assert_eq!(set_request(&asked), Some((2, false, false)));
}

#[test]
fn a_guard_is_printed_as_it_is() {
    let peers = Peers::new();
    let text = "[networks]\n# a comment\n";
    let _asked = peers.signer(vec![Reply::Guard(GuardText { version: 3, text: text.to_owned() })]);
    let view = command(&format!("guard show {WALLET}"), &peers).unwrap();
    assert_eq!(text_of(&view), text);
}

#[test]
fn a_difference_shows_what_changes_which_way_and_what_could_leave_then() {
    let peers = peers_with_guard();
    let _asked = peers.signer(vec![
        Reply::GuardCheck(check(GuardOrder::Tighter, None)),
        Reply::Exposure(exposure(1_000_000_000)),
    ]);
    let view = command(&format!("guard diff {WALLET} {{}}/guard.toml"), &peers).unwrap();
    let text = text_of(&view);
    for part in [
        "from version 3: tighter",
        "tighter    messages  \"text\"  \"none\"",
        "1 → 0.000000005",
        "also: so",
        "setting it takes no passphrase",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let json = json_of(&view);
    assert_eq!(json["order"], "tighter");
    assert_eq!(json["changes"][0]["key"], "messages");
    assert_eq!(json["needs"], json!([]));
    let at_once = |side: &str| json[side]["assets"][0]["atOnce"].clone();
    assert_eq!((at_once("before"), at_once("after")), (json!("1000000000"), json!("5")));
}

#[test]
fn a_guard_is_tried_with_a_transaction_a_text_or_typed_data() {
    let typed_data = json!({
        "types": {
            "EIP712Domain": [{ "name": "name", "type": "string" }],
            "Order": [{ "name": "price", "type": "uint256" }],
        },
        "primaryType": "Order",
        "domain": { "name": "Market" },
        "message": { "price": "5" },
    });
    for (option, verdict, payload, said) in [
        ("--transaction 0x0102", Demand::Immediate, Some(vec![1, 2]), "signed at once"),
        ("--text hello", Demand::Delay(600), Some(b"hello".to_vec()), "signed 600 seconds after"),
        ("--typed-data {}/order", Demand::Owner("why".to_owned()), None, "needs the owners: why"),
        ("--transaction 01", Demand::Never("why".to_owned()), Some(vec![1]), "never signed: why"),
    ] {
        let peers = peers_with_guard();
        std::fs::write(peers.path().join("order"), typed_data.to_string()).unwrap();
        let reply = check(GuardOrder::Same, Some(verdict));
        let asked = peers.signer(vec![Reply::GuardCheck(reply)]);
        let line = format!("guard test {WALLET} {{}}/guard.toml {option}");
        let text = text_of(&command(&line, &peers).unwrap());
        assert!(text.contains(&format!("verdict: {said}")), "{text}");
        let Some(Request::CheckGuard { payload: Some(asked), .. }) = asked.iter().nth(1) else {
            panic!("{option}");
        };
        let (Payload::Transaction(bytes) | Payload::Text(bytes) | Payload::TypedData(bytes)) =
            asked;
        assert!(payload.is_none_or(|payload| payload == bytes), "{option}");
    }
}

#[test]
fn what_cannot_be_tried_is_said_before_anybody_is_asked() {
    let peers = peers_with_guard();
    std::fs::write(peers.path().join("order"), "{}").unwrap();
    for option in ["--transaction 0", "--transaction xy", "--typed-data {}/order"] {
        let line = format!("guard test {WALLET} {{}}/guard.toml {option}");
        assert_eq!(command(&line, &peers).unwrap_err().exit(), Exit::Usage, "{option}");
    }
}
