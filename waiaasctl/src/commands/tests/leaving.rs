//! Owners named in gatewayd, what they sign, and wallets that are given up.

use super::*;

const OWNER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

fn detail(state: &str) -> Value {
    let (_status, list) = wallets(&["shop"]);
    let mut wallet: Value = serde_json::from_str::<Value>(&list).unwrap()["items"][0].take();
    let more = json!({
        "ownerAddress": OWNER, "ownerState": state, "ownerVerified": state == "LOCKED",
        "approvalMethod": null, "walletType": null, "suspendedAt": null,
        "suspensionReason": null, "updatedAt": null,
    });
    wallet.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wallet
}

fn message() -> (u16, String) {
    let message = json!({
        "message": "127.0.0.1:3100 wants you", "header": "MTI3", "statement": "Confirm that.",
        "nonce": "00", "expiresAt": 1_800_000_000,
    });
    (200, message.to_string())
}

#[test]
fn an_owner_is_named_with_what_is_left_to_do() {
    let peers = Peers::new();
    let mut set = detail("GRACE");
    set["warning"] = json!("an operator confirms them");
    let requests = peers.gateway(vec![(200, set.to_string())]);
    let text = text_of(&command(&format!("owner set {WALLET} {OWNER}"), &peers).unwrap());
    assert!(text.contains(&format!("owner message verify {WALLET} --owner {OWNER}")), "{text}");
    assert!(text.contains(&format!("owner confirm {WALLET} {OWNER}")), "{text}");
    let request = requests.recv().unwrap();
    assert!(request.starts_with(&format!("PUT /v1/wallets/{WALLET}/owner ")), "{request}");
    assert!(request.contains(&format!("\"owner_address\":\"{OWNER}\"")), "{request}");
}

#[test]
fn what_an_owner_signed_is_sent_with_the_message_that_was_written() {
    for (line, method, path) in [
        (format!("verify {WALLET}"), "POST", format!("/v1/wallets/{WALLET}/owner/verify")),
        (
            format!("replace {WALLET} --new-owner {OWNER}"),
            "PUT",
            format!("/v1/wallets/{WALLET}/owner"),
        ),
        (format!("remove {WALLET}"), "DELETE", format!("/v1/wallets/{WALLET}/owner")),
        (format!("reject {WALLET}"), "POST", format!("/v1/transactions/{WALLET}/reject")),
        (format!("cancel {WALLET}"), "POST", format!("/v1/transactions/{WALLET}/cancel")),
    ] {
        let peers = Peers::new();
        let requests = peers.gateway(vec![message(), (200, "{}".to_owned())]);
        let write = format!("owner message {line} --owner {OWNER} --output {{}}/asked.json");
        let text = text_of(&command(&write, &peers).unwrap());
        assert!(text.contains("127.0.0.1:3100 wants you"), "{text}");
        command("owner send {}/asked.json --signature 0x12", &peers).unwrap();
        let sent = requests.iter().nth(1).unwrap();
        assert!(sent.starts_with(&format!("{method} {path} ")), "{sent}");
        let sent = sent.to_lowercase();
        for header in [
            format!("x-owner-address: {}", OWNER.to_lowercase()),
            "x-owner-message: mti3".to_owned(),
            "x-owner-signature: 0x12".to_owned(),
        ] {
            assert!(sent.contains(&header), "{sent}");
        }
    }
}

#[test]
fn a_file_that_was_not_written_for_an_owner_is_not_sent() {
    let peers = Peers::new();
    std::fs::write(peers.path().join("odd.json"), "{}").unwrap();
    let failure = command("owner send {}/odd.json --signature 0x12", &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage);
}

#[test]
fn a_wallet_that_is_given_up_says_what_did_not_leave_it() {
    let swept = json!({
        "total": 2, "succeeded": 1, "failed": 1, "results": [
            { "network": "base-sepolia", "asset": "native", "amount": "5", "status": "success",
              "txHash": "0xab", "transactionId": WALLET, "transactionStatus": "CONFIRMED" },
            { "network": "bnb-testnet", "asset": "native", "amount": "0", "status": "failed",
              "error": "nobody answers" },
        ],
    });
    let peers = Peers::new();
    let body = json!({ "id": WALLET, "status": "TERMINATING", "swept": swept });
    let requests = peers.gateway(vec![(200, body.to_string())]);
    let view = command(&format!("wallet terminate {WALLET} --sweep --yes"), &peers).unwrap();
    let text = text_of(&view);
    for part in ["0xab", "nobody answers", "TERMINATING", &format!("wallet withdraw {WALLET}")] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(
        requests.recv().unwrap().starts_with(&format!("DELETE /v1/wallets/{WALLET}?sweep=true "))
    );
    let failure = command(&format!("wallet terminate {WALLET}"), &peers).unwrap_err();
    assert_eq!(failure.exit(), Exit::Usage, "nobody confirmed it");
}

#[test]
fn a_terminated_wallet_is_purged_by_its_name() {
    let peers = Peers::new();
    let (_status, list) = wallets(&["shop"]);
    let list = list.replace("ACTIVE", "TERMINATED");
    let purged = json!({ "id": WALLET, "status": "PURGED" });
    let requests = peers.gateway(vec![(200, list), (200, purged.to_string())]);
    command("wallet purge shop --yes", &peers).unwrap();
    let asked = requests.iter().nth(1).unwrap();
    assert!(asked.starts_with(&format!("DELETE /v1/wallets/{WALLET}/purge ")), "{asked}");
}
