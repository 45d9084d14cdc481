//! Owners and announcements.

use primitives::EvmAddress;
use protocol::{Announcement, AnnouncementId, Owners, OwnersState};

use super::*;
use crate::testing::status;

const OWNER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

fn state(confirmed: Owners) -> Reply {
    Reply::Owners(OwnersState { confirmed, proposed: Some(owners()), version: 4 })
}

fn owners() -> Owners {
    Owners { threshold: 1, members: vec![OWNER.parse().unwrap()] }
}

#[test]
fn proposed_owners_come_with_the_command_that_confirms_them() {
    let peers = Peers::new();
    let _asked = peers.signer(vec![state(Owners::NONE)]);
    let view = command(&format!("owner show {WALLET}"), &peers).unwrap();
    assert_eq!(json_of(&view)["confirmed"]["members"], json!([]));
    assert_eq!(json_of(&view)["proposed"]["members"], json!([OWNER]));
    assert_eq!(json_of(&view)["gatewayOwner"], Value::Null, "gatewayd does not answer");
    let text = text_of(&view);
    assert!(text.contains("owners: none\n"), "{text}");
    assert!(text.contains(&format!("owner confirm {WALLET} {OWNER} --threshold 1")), "{text}");
}

/// The wallet as gatewayd describes it with that owner.
fn owned_by(owner: &str) -> (u16, String) {
    let mut list: Value = serde_json::from_str(&wallets(&["shop"]).1).unwrap();
    let wallet = list["items"][0].as_object_mut().unwrap();
    wallet.insert("ownerAddress".to_owned(), json!(owner));
    wallet.insert("ownerVerified".to_owned(), json!(true));
    (200, json!(wallet).to_string())
}

#[test]
fn an_owner_whom_gatewayd_alone_knows_is_told_apart_from_those_who_approve() {
    let stranger = EvmAddress([9; 20]).to_string();
    for (confirmed, owner, says) in [
        (owners(), OWNER, "who stops things at gatewayd, and gets what is withdrawn: 0x5aAeb6053F"),
        (
            Owners::NONE,
            OWNER,
            "who stops things at gatewayd, and gets what is withdrawn: 0x5aAeb6053F",
        ),
        (owners(), stranger.as_str(), "gets what is withdrawn, and approves nothing"),
    ] {
        let peers = Peers::new();
        let _asked = peers.signer(vec![state(confirmed)]);
        let _gateway = peers.gateway(vec![owned_by(owner)]);
        let view = command(&format!("owner show {WALLET}"), &peers).unwrap();
        assert_eq!(json_of(&view)["gatewayOwner"], owner);
        assert!(text_of(&view).contains(says), "{}", text_of(&view));
    }
}

#[test]
fn owners_are_confirmed_from_the_version_that_is_there() {
    let peers = Peers::new();
    let asked = peers.signer(vec![state(Owners::NONE), state(owners())]);
    command(&format!("owner confirm {WALLET} {OWNER}"), &peers).unwrap();
    let confirmed = asked.try_iter().find_map(|request| {
        let Request::ConfirmOwners { from_version, owners, approval: None, .. } = request else {
            return None;
        };
        Some((from_version, owners))
    });
    assert_eq!(confirmed, Some((4, owners())));
}

#[test]
fn owners_are_replaced_and_removed_with_their_approval_alone() {
    let other = Owners { threshold: 1, members: vec![EvmAddress([9; 20]).into()] };
    for line in [format!("owner confirm {WALLET} {OWNER}"), format!("owner remove {WALLET}")] {
        let peers = Peers::new();
        let asked = peers.signer(vec![state(other.clone())]);
        let failure = command(&line, &peers).unwrap_err();
        assert_eq!(failure.exit(), Exit::Refused, "{line}");
        let advice = failure.advice(Some(&peers.place())).unwrap();
        assert!(advice.contains("approval owners"), "{advice}");
        assert!(!asked.try_iter().any(|it| matches!(it, Request::ConfirmOwners { .. })));
    }
}

#[test]
fn the_owners_that_are_there_are_not_confirmed_again() {
    let peers = Peers::new();
    let _asked = peers.signer(vec![state(owners())]);
    let view = command(&format!("owner confirm {WALLET} {OWNER}"), &peers).unwrap();
    assert!(text_of(&view).contains("nothing to change"), "{view:?}");
}

fn announcement(number: u8, ready_at: u64) -> Announcement {
    Announcement {
        wallet: key(7).wallet,
        id: AnnouncementId([number; 16]),
        intent: [3; 32],
        ready_at,
        expires_at: ready_at + 86_400,
    }
}

#[test]
fn announcements_are_ready_by_the_clock_of_the_signer() {
    let peers = Peers::new();
    let now = status().now;
    let announced = vec![announcement(1, now), announcement(2, now + 61)];
    let _asked = peers.signer(vec![Reply::Announcements(announced), Reply::Status(status())]);
    let view = command(&format!("announcement list {WALLET}"), &peers).unwrap();
    let json = json_of(&view);
    let ready = |index: usize| json["announcements"][index]["ready"].clone();
    assert_eq!((ready(0), ready(1)), (json!(true), json!(false)));
    let text = text_of(&view);
    assert!(text.contains("  now  ") && text.contains("  in 1 min 1 s  "), "{text}");
}

#[test]
fn one_announcement_is_called_off_or_all_of_a_wallet() {
    let announced = vec![announcement(1, 5), announcement(2, 5)];
    for (line, replies, expected) in [
        ("02020202-0202-0202-0202-020202020202", vec![Reply::Done], vec![AnnouncementId([2; 16])]),
        (
            "",
            vec![Reply::Announcements(announced), Reply::Done, Reply::Done],
            vec![AnnouncementId([1; 16]), AnnouncementId([2; 16])],
        ),
    ] {
        let peers = Peers::new();
        let asked = peers.signer(replies);
        let view = command(&format!("announcement cancel {WALLET} {line}"), &peers).unwrap();
        assert_eq!(json_of(&view)["cancelled"].as_array().unwrap().len(), expected.len());
        let cancelled: Vec<AnnouncementId> = asked
            .try_iter()
            .filter_map(
                |request| {
                    if let Request::Cancel { id, .. } = request { Some(id) } else { None }
                },
            )
            .collect();
        assert_eq!(cancelled, expected);
    }
}
