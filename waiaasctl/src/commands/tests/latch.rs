//! What stops signing, and what lets it go on.

use primitives::EvmAddress;
use protocol::{Latch, Owners, OwnersState, Status, VaultPhase};

use super::*;
use crate::testing::status;

fn at(latch: Latch) -> Reply {
    Reply::Status(Status { latch, ..status() })
}

fn halted(latch: Latch) -> [Reply; 2] {
    let latch_reason = "a drill".to_owned();
    [Reply::Keys(vec![KeyInfo { latch, latch_reason, ..key(7) }]), Reply::Keys(vec![])]
}

#[test]
fn one_wallet_or_the_whole_signer_is_suspended_or_locked() {
    for (line, wallet, to) in [
        ("suspend".to_owned(), None, Latch::Suspended),
        ("suspend --locked".to_owned(), None, Latch::Locked),
        (format!("suspend {WALLET}"), Some(key(7).wallet), Latch::Suspended),
    ] {
        let peers = Peers::new();
        let asked = peers.signer(vec![Reply::Done]);
        let view = command(&line, &peers).unwrap();
        assert_eq!(json_of(&view)["latch"], to.to_string());
        let asked = asked.iter().nth(1).unwrap();
        let Request::Halt { wallet: halted, from: None, to: latch, .. } = asked else {
            panic!("{asked:?}")
        };
        assert_eq!((halted, latch), (wallet, to), "{line}");
    }
}

#[test]
fn signing_goes_on_from_where_it_stopped() {
    let peers = Peers::new();
    let asked = peers.signer(vec![at(Latch::Locked), Reply::Done, at(Latch::Active)]);
    command("resume", &peers).unwrap();
    let resumed = asked.iter().find(|it| matches!(it, Request::Resume { .. })).unwrap();
    assert!(matches!(resumed, Request::Resume { wallet: None, from: Latch::Locked, .. }));
}

#[test]
fn no_passphrase_is_asked_for_where_nothing_had_stopped() {
    for (line, replies) in [
        ("resume".to_owned(), vec![at(Latch::Active)]),
        (format!("resume {WALLET}"), halted(Latch::Active).to_vec()),
    ] {
        let peers = Peers::new();
        let _asked = peers.signer(replies);
        std::fs::remove_file(peers.path().join("passphrase")).unwrap();
        let view = command(&line, &peers).unwrap();
        assert!(text_of(&view).contains("had not stopped"), "{view:?}");
    }
}

#[test]
fn no_passphrase_is_asked_for_where_the_vault_is_open() {
    for (vault, is_asked) in [(VaultPhase::Open, false), (VaultPhase::Locked, true)] {
        let peers = Peers::new();
        let _asked = peers.signer(vec![Reply::Status(Status { vault, ..status() })]);
        std::fs::remove_file(peers.path().join("passphrase")).unwrap();
        let outcome = command("unlock", &peers);
        assert_eq!(outcome.is_err(), is_asked, "{vault}: {outcome:?}");
    }
}

#[test]
fn a_locked_wallet_with_owners_goes_on_with_their_approval_alone() {
    let owners = |members: Vec<primitives::Address>| {
        let confirmed = Owners { threshold: 1, members };
        Reply::Owners(OwnersState { confirmed, proposed: None, version: 1 })
    };
    for (latch, members, resumed) in [
        (Latch::Locked, Some(vec![EvmAddress([4; 20]).into()]), false),
        (Latch::Locked, Some(vec![]), true),
        (Latch::Suspended, None, true),
    ] {
        let peers = Peers::new();
        let replies = halted(latch).into_iter().chain(members.map(owners));
        let asked = peers.signer(replies.chain([Reply::Done, at(Latch::Active)]).collect());
        let outcome = command(&format!("resume {WALLET}"), &peers);
        assert_eq!(outcome.as_ref().err().map(Failure::exit), (!resumed).then_some(Exit::Refused));
        assert_eq!(asked.try_iter().any(|it| matches!(it, Request::Resume { .. })), resumed);
    }
}

#[test]
fn what_still_stops_signing_is_said_after_a_resumption() {
    let peers = Peers::new();
    let still = Status { wallets_halted: 2, ..status() };
    let _asked = peers.signer(vec![at(Latch::Suspended), Reply::Done, Reply::Status(still)]);
    let text = text_of(&command("resume", &peers).unwrap());
    assert!(text.contains("a latch of their own: 2"), "{text}");

    let peers = Peers::new();
    let replies = halted(Latch::Suspended).into_iter().chain([Reply::Done, at(Latch::Locked)]);
    let _asked = peers.signer(replies.collect());
    let text = text_of(&command(&format!("resume {WALLET}"), &peers).unwrap());
    assert!(text.contains("the whole signer is LOCKED"), "{text}");
}

#[test]
fn a_renewal_says_until_when_it_lasts() {
    for (suspends_at, said) in [
        (Some(status().now + 7200), "unless it is renewed again: in 2 h 0 min"),
        (None, "no dead man's switch is set"),
    ] {
        let peers = Peers::new();
        let renewed = Status { suspends_at, ..status() };
        let _asked = peers.signer(vec![Reply::Done, Reply::Status(renewed)]);
        let text = text_of(&command("renew", &peers).unwrap());
        assert!(text.contains(said), "{text}");
    }
}

#[test]
fn the_time_is_accepted_only_where_the_clock_is_behind() {
    for (behind_seconds, asked_for) in [(0, false), (90_000, true)] {
        let peers = Peers::new();
        let behind = Status { behind_seconds, ..status() };
        let asked = peers.signer(vec![Reply::Status(behind), Reply::Done, Reply::Status(status())]);
        let view = command("time accept", &peers).unwrap();
        assert_eq!(json_of(&view)["acceptedSeconds"], behind_seconds);
        assert_eq!(asked.try_iter().any(|it| matches!(it, Request::AcceptTime { .. })), asked_for);
    }
}

#[test]
fn status_names_the_wallets_that_are_halted() {
    let peers = Peers::new();
    let behind = Status { wallets_halted: 1, behind_seconds: 100, ..status() };
    let replies = std::iter::once(Reply::Status(behind)).chain(halted(Latch::Suspended));
    let _asked = peers.signer(replies.collect());
    let view = command("status", &peers).unwrap();
    let json = json_of(&view);
    assert_eq!(json["signer"]["halted"][0]["walletId"], WALLET);
    assert_eq!(json["signer"]["halted"][0]["latchReason"], "a drill");
    assert_eq!(json["signer"]["behindSeconds"], 100);
    let text = text_of(&view);
    assert!(text.contains(&format!("resume {WALLET}\n")), "{text}");
    assert!(text.contains("SUSPENDED: a drill\n"), "{text}");
    assert!(text.contains("time accept\n"), "{text}");
    assert!(text.contains("1 min 40 s behind the system's clock"), "{text}");
}
