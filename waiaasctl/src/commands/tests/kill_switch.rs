//! Everything is stopped and goes on, whichever of the daemons runs.

use protocol::{KILL_SWITCH, Latch, Status};

use super::*;
use crate::testing::status;

fn at(latch: Latch) -> Reply {
    Reply::Status(Status { latch, ..status() })
}

fn shown(state: &str) -> (u16, String) {
    let by = (state != "ACTIVE").then_some("master");
    let at = by.map(|_| 1);
    (200, json!({ "state": state, "activatedAt": at, "activatedBy": by }).to_string())
}

fn fallen(state: &str) -> (u16, String) {
    let body = json!({
        "state": state, "activatedAt": 1, "escalatedAt": 1, "signerStopped": true, "calledOff": 2,
        "mayHaveLeft": 1,
    });
    (200, body.to_string())
}

fn refused(status: u16, code: &str) -> (u16, String) {
    let body = json!({ "code": code, "message": "no", "requestId": "x", "retryable": false });
    (status, body.to_string())
}

#[test]
fn the_signer_is_stopped_first_and_then_the_gateway() {
    for (line, latch, gateway) in [
        ("kill-switch activate --reason odd", Latch::Suspended, vec![fallen("SUSPENDED")]),
        (
            "kill-switch escalate --reason odd",
            Latch::Locked,
            vec![shown("SUSPENDED"), fallen("LOCKED")],
        ),
    ] {
        let peers = Peers::new();
        let told = peers.signer(vec![Reply::Done]);
        let asked = peers.gateway(gateway);
        let view = command(line, &peers).unwrap();
        let json = json_of(&view);
        assert_eq!(json["state"], latch.to_string());
        assert_eq!((&json["calledOff"], &json["gatewayStopped"]), (&json!(2), &json!(true)));
        assert_eq!(view.exit(), None);
        let halt = told.iter().nth(1).unwrap();
        let Request::Halt { wallet: None, from: None, to, reason } = halt else {
            panic!("{halt:?}")
        };
        assert_eq!((to, reason), (latch, format!("{KILL_SWITCH}odd")));
        assert!(asked.iter().any(|asked| asked.contains(r#""reason":"odd""#)));
    }
}

#[test]
fn each_daemon_is_stopped_though_the_other_does_not_run() {
    let peers = Peers::new();
    let _told = peers.signer(vec![Reply::Done]);
    let view = command("kill-switch activate", &peers).unwrap();
    assert_eq!(view.exit(), Some(Exit::Unreachable));
    assert!(text_of(&view).contains("takes this up from the signer"), "{view:?}");
    assert_eq!(json_of(&view)["signerStopped"], true);

    let peers = Peers::new();
    let mut effect = fallen("SUSPENDED");
    effect.1 = effect.1.replace("\"signerStopped\":true", "\"signerStopped\":false");
    let _asked = peers.gateway(vec![effect]);
    let view = command("kill-switch activate", &peers).unwrap();
    assert_eq!(view.exit(), Some(Exit::Unreachable));
    assert_eq!(json_of(&view)["gatewayStopped"], true);

    let failure = command("kill-switch activate", &Peers::new()).unwrap_err();
    assert_eq!(failure.exit(), Exit::Unreachable);
}

#[test]
fn what_is_stopped_already_is_well_and_what_is_not_is_not_locked() {
    let peers = Peers::new();
    let _told = peers.signer(vec![Reply::Done]);
    let _asked = peers.gateway(vec![refused(409, "KILL_SWITCH_ALREADY_ACTIVE")]);
    let view = command("kill-switch activate", &peers).unwrap();
    assert_eq!((view.exit(), &json_of(&view)["gatewayStopped"]), (None, &json!(true)));

    let peers = Peers::new();
    let told = peers.signer(vec![Reply::Done]);
    let _asked = peers.gateway(vec![shown("ACTIVE")]);
    let failure = command("kill-switch escalate", &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Refused);
    assert!(told.try_iter().all(|told| !matches!(told, Request::Halt { .. })));
}

#[test]
fn the_signer_is_resumed_with_the_passphrase_before_the_gateway_is_asked() {
    let recovered = (200, json!({ "state": "ACTIVE", "recoveredAt": 1 }).to_string());
    for (latch, is_resumed) in [(Latch::Locked, true), (Latch::Active, false)] {
        let peers = Peers::new();
        let replies = match latch {
            Latch::Active => vec![at(latch), at(Latch::Active)],
            Latch::Suspended | Latch::Locked => vec![at(latch), Reply::Done, at(Latch::Active)],
        };
        let told = peers.signer(replies);
        let _asked = peers.gateway(vec![recovered.clone()]);
        let view = command("kill-switch recover", &peers).unwrap();
        assert_eq!(json_of(&view)["recoveredAt"], 1);
        let resumed = told.try_iter().any(|it| matches!(it, Request::Resume { wallet: None, .. }));
        assert_eq!(resumed, is_resumed);
    }
    let peers = Peers::new();
    let halted = Reply::Status(Status { wallets_halted: 2, ..status() });
    let _told = peers.signer(vec![at(Latch::Locked), Reply::Done, halted]);
    let _asked = peers.gateway(vec![recovered]);
    let text = text_of(&command("kill-switch recover", &peers).unwrap());
    assert!(text.contains("a latch of their own: 2"), "{text}");
}

#[test]
fn what_was_not_stopped_is_no_failure_and_what_the_gateway_refuses_is() {
    let peers = Peers::new();
    let _told = peers.signer(vec![at(Latch::Active), at(Latch::Active)]);
    let _asked = peers.gateway(vec![refused(409, "KILL_SWITCH_NOT_ACTIVE")]);
    let text = text_of(&command("kill-switch recover", &peers).unwrap());
    assert!(text.contains("nothing was stopped"), "{text}");
    let peers = Peers::new();
    let _told = peers.signer(vec![at(Latch::Active)]);
    let _asked = peers.gateway(vec![refused(409, "INVALID_STATE_TRANSITION")]);
    assert!(command("kill-switch recover", &peers).is_err());
}

#[test]
fn status_shows_both_and_ends_with_the_code_of_the_one_that_is_missing() {
    let peers = Peers::new();
    let _told = peers.signer(vec![at(Latch::Suspended)]);
    let _asked = peers.gateway(vec![shown("SUSPENDED")]);
    let view = command("kill-switch status", &peers).unwrap();
    let json = json_of(&view);
    assert_eq!(
        (&json["state"], &json["signer"]["latch"]),
        (&json!("SUSPENDED"), &json!("SUSPENDED"))
    );
    let text = text_of(&view);
    assert!(text.contains("by master") && text.contains("kill-switch recover"), "{text}");

    let peers = Peers::new();
    let _told = peers.signer(vec![at(Latch::Active)]);
    let view = command("kill-switch status", &peers).unwrap();
    assert_eq!(view.exit(), Some(Exit::Unreachable));
    assert_eq!(json_of(&view)["signer"]["latch"], "ACTIVE");
}
