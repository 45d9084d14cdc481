//! Owners over HTTP: messages that they sign, and every way in which one does not count.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use primitives::Address;

use super::*;
use crate::owner::testing::TestOwner;
use crate::owner::{Action, Site};
use crate::store::TransactionId;
use crate::store::wallets::WalletOwner;
use crate::usecase::write_owner_message::write_owner_message;

const HOST: &str = "127.0.0.1:3100";

pub(super) type Headers = Vec<(&'static str, String)>;

impl Gateway {
    /// Makes the first wallet of its kind of chain that owner's.
    pub(super) async fn own(&self, owner: &TestOwner) {
        let wallet = match owner.address() {
            Address::Evm(_) => sample(1).id,
            Address::Solana(_) => sample(3).id,
        };
        let owner = WalletOwner { address: owner.address(), verified_at: None };
        let set = self.app.store.write(move |db| db.set_owner(wallet, Some(owner), START));
        assert!(set.await.unwrap());
    }

    /// What an owner sends who signed for that action at this site.
    pub(super) async fn signed(&self, owner: &TestOwner, action: Action) -> Headers {
        let text = self.message(owner, action).await;
        headers(owner, &text)
    }

    async fn message(&self, owner: &TestOwner, action: Action) -> String {
        let site = Site::Host(HOST.to_owned());
        let network = Some(match owner.address() {
            Address::Evm(_) => "ethereum-sepolia".to_owned(),
            Address::Solana(_) => "solana-devnet".to_owned(),
        });
        let written = write_owner_message(&self.app, &site, owner.address(), action, network);
        written.await.unwrap().to_string()
    }

    async fn reject(&self, id: TransactionId, headers: Headers) -> Answer {
        let path = format!("/v1/transactions/{id}/reject");
        self.ask(Ask { method: "POST", path: &path, headers, ..Ask::default() }).await
    }

    /// A payment of the first wallet, which waits for nobody yet and can be called off.
    async fn payment(&self) -> TransactionId {
        let body = json!({ "to": sample(2).address.to_string(), "humanAmount": "0.5",
            "network": "base-sepolia" });
        let key = vec![
            ("authorization", format!("Bearer {}", self.one.token)),
            ("idempotency-key", format!("key-{}", self.app.clock.now_ms())),
        ];
        let (method, path) = ("POST", "/v1/transactions/send");
        let ask =
            Ask { method, path, body: Some(body.to_string()), headers: key, by_socket: false };
        self.ask(ask).await.body["id"].as_str().unwrap().parse().unwrap()
    }

    async fn cancel(&self, id: TransactionId, headers: Headers) -> Answer {
        let path = format!("/v1/transactions/{id}/cancel");
        self.ask(Ask { method: "POST", path: &path, headers, ..Ask::default() }).await
    }
}

fn headers(owner: &TestOwner, text: &str) -> Headers {
    let signature = owner.sign_text(text.as_bytes());
    let signature = match owner.address() {
        Address::Evm(_) => format!("0x{}", primitives::encode_hex(&signature)),
        Address::Solana(_) => BASE64.encode(signature),
    };
    vec![
        ("x-owner-address", owner.address().to_string()),
        ("x-owner-message", BASE64.encode(text)),
        ("x-owner-signature", signature),
    ]
}

fn nobody() -> TransactionId {
    sample(9).id.to_string().parse().unwrap()
}

#[tokio::test]
async fn an_owner_calls_a_payment_off_by_a_message_that_names_it_once() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    gateway.own(&owner).await;
    let (id, other) = (gateway.payment().await, nobody());
    let signed = gateway.signed(&owner, Action::Cancel(other)).await;
    let wrong = gateway.cancel(id, signed).await;
    assert_eq!((wrong.status, wrong.code()), (401, "INVALID_SIGNATURE"), "{wrong:?}");
    assert!(
        wrong.body["message"].as_str().unwrap().contains(&format!("Call off transaction {id}."))
    );
    let rejection = gateway.signed(&owner, Action::Reject(id)).await;
    assert_eq!(gateway.cancel(id, rejection).await.status, 401, "another action");
    let signed = gateway.signed(&owner, Action::Cancel(id)).await;
    let cancelled = gateway.cancel(id, signed.clone()).await;
    assert_eq!((cancelled.status, &cancelled.body["status"]), (200, &json!("CANCELLED")));
    let again = gateway.cancel(id, signed).await;
    assert_eq!((again.status, again.code()), (401, "INVALID_NONCE"), "{again:?}");
}

#[tokio::test]
async fn an_owner_ends_a_session_of_an_own_wallet_and_no_other() {
    let gateway = Gateway::new().await;
    let (owner, other) = (TestOwner::evm(5), TestOwner::solana(5));
    gateway.own(&owner).await;
    let id = gateway.one.session.id;
    let path = format!("/v1/sessions/{id}");
    let ask = |headers| Ask { method: "DELETE", path: &path, headers, ..Ask::default() };
    let nonce = gateway.signed(&owner, Action::KillSwitch).await;
    assert_eq!(gateway.ask(ask(nonce)).await.code(), "INVALID_SIGNATURE", "another action");
    let ended = gateway.signed(&owner, Action::Revoke(id)).await;
    assert_eq!(gateway.ask(ask(ended)).await.status, 200);
    let after = gateway.by_agent("GET", "/v1/transactions", None).await;
    assert_eq!((after.status, after.code()), (401, "SESSION_REVOKED"));
    gateway.own(&other).await;
    let foreign = gateway.signed(&other, Action::Revoke(id)).await;
    assert_eq!(gateway.ask(ask(foreign)).await.code(), "SESSION_NOT_FOUND");
}

/// A page at another port has its own visitors sign for that.
#[tokio::test]
async fn a_message_for_another_port_of_this_machine_is_not_for_this_gateway() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    gateway.own(&owner).await;
    for (host, expected) in
        [("127.0.0.1:5173", "HOST_NOT_ALLOWED"), ("localhost:3100", "TX_NOT_FOUND")]
    {
        let text = gateway.message(&owner, Action::Reject(nobody())).await.replace(HOST, host);
        let mut headers = headers(&owner, &text);
        headers.push(("host", host.to_owned()));
        assert_eq!(gateway.reject(nobody(), headers).await.code(), expected, "{host}");
    }
}

#[tokio::test]
async fn an_owner_sees_the_transactions_of_the_own_wallets_alone() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::solana(5);
    gateway.own(&owner).await;
    let id = gateway.payment().await;
    let signed = gateway.signed(&owner, Action::Cancel(id)).await;
    let unseen = gateway.cancel(id, signed).await;
    assert_eq!((unseen.status, unseen.code()), (404, "TX_NOT_FOUND"));
}

#[tokio::test]
async fn a_signed_nonce_alone_rejects_and_calls_off_whichever_way_it_is_signed() {
    let gateway = Gateway::new().await;
    let nonce = |_n: ()| gateway.app.owner_nonces.issue(START).text;
    for owner in [TestOwner::evm(5), TestOwner::solana(5)] {
        gateway.own(&owner).await;
        let digits = nonce(());
        let bytes = nonce(());
        for (nonce, signed) in [
            (&digits, digits.as_bytes().to_vec()),
            (&bytes, primitives::decode_hex(&bytes).unwrap()),
        ] {
            let claim = |signature: String| {
                vec![
                    ("x-owner-address", owner.address().to_string()),
                    ("x-owner-message", nonce.clone()),
                    ("x-owner-signature", signature),
                ]
            };
            let foreign = BASE64.encode(owner.sign_text(&[&signed[..], b" "].concat()));
            assert_eq!(gateway.reject(nobody(), claim(foreign)).await.code(), "INVALID_SIGNATURE");
            let good = BASE64.encode(owner.sign_text(&signed));
            assert_eq!(gateway.reject(nobody(), claim(good.clone())).await.code(), "TX_NOT_FOUND");
            assert_eq!(gateway.reject(nobody(), claim(good)).await.code(), "INVALID_NONCE");
        }
    }
}

#[tokio::test]
async fn who_claims_to_be_an_owner_too_often_is_not_looked_at_and_others_are() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    gateway.own(&owner).await;
    let mut limits = gateway.app.limits.borrow().clone();
    limits.owner_claims_per_minute = 3.try_into().unwrap();
    gateway.app.limits.send_replace(limits);
    let id = gateway.payment().await;
    let good = gateway.signed(&owner, Action::Reject(id)).await;
    let mut forged = good.clone();
    forged[2].1 = format!("0x{}", "11".repeat(65));
    for _claim in 0..3 {
        assert_eq!(gateway.reject(id, forged.clone()).await.code(), "INVALID_SIGNATURE");
    }
    let verify = format!("/v1/wallets/{}/owner/verify", sample(1).id);
    let approve = format!("/v1/transactions/{id}/approve");
    for path in [verify.as_str(), approve.as_str()] {
        let headers = forged.clone();
        let held = gateway.ask(Ask { method: "POST", path, headers, ..Ask::default() }).await;
        assert_eq!((held.status, held.code()), (429, "RATE_LIMITED"), "{path}");
    }
    let held = gateway.reject(id, good.clone()).await;
    assert_eq!((held.status, held.code()), (429, "RATE_LIMITED"), "{held:?}");
    assert_eq!(held.headers["retry-after"], "20");

    assert_eq!(gateway.by_agent("GET", "/v1/connect-info", None).await.status, 200);
    let stopped = gateway.by_master("POST", "/v1/admin/kill-switch", Some(json!({}))).await;
    assert_eq!(stopped.status, 200, "the master stops everything all the same: {stopped:?}");
    let at_socket = gateway
        .ask(Ask { method: "POST", path: &verify, headers: forged, by_socket: true, body: None })
        .await;
    assert_eq!((at_socket.status, at_socket.code()), (401, "INVALID_SIGNATURE"), "{at_socket:?}");

    gateway.clock.advance(Duration::from_secs(19));
    assert_eq!(gateway.reject(id, good.clone()).await.status, 429);
    gateway.clock.advance(Duration::from_secs(1));
    let looked_at = gateway.reject(id, good).await;
    assert!(!["RATE_LIMITED", "INVALID_NONCE"].contains(&looked_at.code()), "{looked_at:?}");
}

#[tokio::test]
async fn a_signed_nonce_approves_nothing_and_headers_carry_a_signature_over_the_question() {
    let gateway = Gateway::new().await;
    let owner = TestOwner::evm(5);
    gateway.own(&owner).await;
    let path = format!("/v1/transactions/{}/approve", nobody());
    let approve = |headers: Headers| {
        gateway.ask(Ask { method: "POST", path: &path, headers, ..Ask::default() })
    };
    let nothing = approve(vec![]).await;
    assert_eq!((nothing.status, nothing.code()), (401, "INVALID_SIGNATURE"));
    let nonce = gateway.app.owner_nonces.issue(START).text;
    let mut claim = headers(&owner, &nonce);
    claim[1].1.clone_from(&nonce);
    let refused = approve(claim).await;
    assert_eq!((refused.status, refused.code()), (401, "INVALID_SIGNATURE"), "{refused:?}");
    assert!(refused.body["message"].as_str().unwrap().contains("approves nothing"), "{refused:?}");
    let message = gateway.signed(&owner, Action::Reject(nobody())).await;
    let refused = approve(message).await;
    assert_eq!((refused.status, refused.code()), (401, "INVALID_SIGNATURE"), "{refused:?}");
    let question = format!("{}\n\nAllows: something", txcodec::approval::HEADING);
    let unknown = approve(headers(&owner, &question)).await;
    assert_eq!((unknown.status, unknown.code()), (404, "TX_NOT_FOUND"), "{unknown:?}");
}

#[tokio::test]
async fn what_is_not_for_this_gateway_now_by_its_owner_is_refused_with_its_code() {
    let gateway = Gateway::new().await;
    for owner in [TestOwner::evm(5), TestOwner::solana(5)] {
        gateway.own(&owner).await;
        let text = gateway.message(&owner, Action::Reject(nobody())).await;
        for (from, to) in [
            (HOST, "evil.example"),
            (HOST, "localhost:3100"),
            ("URI: http://127.0.0.1:3100", "URI: http://evil.example"),
            ("Version: 1", "Version: 2"),
            ("Chain ID: ", "Chain ID: 9"),
        ] {
            let other = text.replace(from, to);
            assert_ne!(other, text);
            let refused = gateway.reject(nobody(), headers(&owner, &other)).await;
            assert_eq!((refused.status, refused.code()), (401, "INVALID_SIGNATURE"), "{other}");
        }
        let foreign = crate::owner::Nonces::new().issue(START).text;
        let nonce = text.lines().find_map(|line| line.strip_prefix("Nonce: ")).unwrap();
        let refused = gateway.reject(nobody(), headers(&owner, &text.replace(nonce, &foreign)));
        let refused = refused.await;
        assert_eq!((refused.status, refused.code()), (401, "INVALID_NONCE"));
        let mut mixed = headers(&owner, &text);
        mixed[0].1 = mixed[0].1.replace(|c: char| c.is_ascii_lowercase(), "A");
        let refused = gateway.reject(nobody(), mixed).await;
        assert_eq!((refused.status, refused.code()), (401, "INVALID_SIGNATURE"), "{refused:?}");
        let mut twice = headers(&owner, &text);
        twice.push(twice[2].clone());
        assert_eq!(gateway.reject(nobody(), twice).await.status, 401);
        for missing in 0..3 {
            let mut headers = headers(&owner, &text);
            headers.remove(missing);
            assert_eq!(gateway.reject(nobody(), headers).await.status, 401);
        }
        assert_eq!(gateway.reject(nobody(), headers(&owner, &text)).await.code(), "TX_NOT_FOUND");
    }
}

#[tokio::test]
async fn a_message_counts_until_its_last_second() {
    for (late, code) in [(299, "TX_NOT_FOUND"), (300, "INVALID_SIGNATURE")] {
        let gateway = Gateway::new().await;
        let owner = TestOwner::evm(5);
        gateway.own(&owner).await;
        let signed = gateway.signed(&owner, Action::Reject(nobody())).await;
        gateway.clock.advance(Duration::from_secs(late));
        assert_eq!(gateway.reject(nobody(), signed).await.code(), code, "{late}");
    }
}

#[tokio::test]
async fn a_message_that_the_gateway_wrote_is_one_that_it_takes() {
    let gateway = Gateway::new().await;
    for owner in [TestOwner::evm(5), TestOwner::solana(5)] {
        gateway.own(&owner).await;
        let body = json!({ "address": owner.address().to_string(), "action": "reject",
            "id": nobody().to_string() });
        let (method, path) = ("POST", "/v1/owners/messages");
        let body = Some(body.to_string());
        let written = gateway.ask(Ask { method, path, body, ..Ask::default() }).await;
        assert_eq!(written.status, 200, "{written:?}");
        let text = written.body["message"].as_str().unwrap();
        assert_eq!(written.body["header"], BASE64.encode(text));
        assert_eq!(written.body["expiresAt"], json!(START.get() + 300));
        assert_eq!(gateway.reject(nobody(), headers(&owner, text)).await.code(), "TX_NOT_FOUND");
    }
    for (body, code) in [
        (json!({ "address": "nobody", "action": "kill-switch" }), "VALIDATION_FAILED"),
        (json!({ "address": "0x00", "action": "kill-switch" }), "VALIDATION_FAILED"),
        (
            json!({ "address": sample(1).address.to_string(), "action": "dance" }),
            "VALIDATION_FAILED",
        ),
        (
            json!({ "address": sample(1).address.to_string(), "action": "reject" }),
            "VALIDATION_FAILED",
        ),
        (
            json!({ "address": sample(1).address.to_string(), "action": "escalate",
                "network": "solana-devnet" }),
            "UNSUPPORTED_CHAIN",
        ),
    ] {
        let (method, path) = ("POST", "/v1/owners/messages");
        let body = Some(body.to_string());
        let refused = gateway.ask(Ask { method, path, body, ..Ask::default() }).await;
        assert_eq!(refused.code(), code, "{refused:?}");
    }
}

#[tokio::test]
async fn fifty_thousand_mutations_of_what_an_evm_owner_signed_are_all_refused() {
    refuse_mutations(&TestOwner::evm(5)).await;
}

#[tokio::test]
async fn fifty_thousand_mutations_of_what_a_solana_owner_signed_are_all_refused() {
    refuse_mutations(&TestOwner::solana(5)).await;
}

/// One to three bytes of the message or the signature are others, are missing, or stand there twice.
async fn refuse_mutations(owner: &TestOwner) {
    use crate::session::{Claim, Owner};
    let gateway = Gateway::new().await;
    let site = Site::Host(HOST.to_owned());
    let mut dice: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut roll = |sides: usize| {
        // xorshift64: the same run every time.
        dice ^= dice << 13;
        dice ^= dice >> 7;
        dice ^= dice << 17;
        usize::try_from(dice % u64::try_from(sides).unwrap()).unwrap()
    };
    gateway.own(owner).await;
    let good = gateway.signed(owner, Action::KillSwitch).await;
    let [text, signature] = [1, 2].map(|place| match good[place].1.strip_prefix("0x") {
        Some(digits) => primitives::decode_hex(digits).unwrap(),
        None => BASE64.decode(&good[place].1).unwrap(),
    });
    for _case in 0..50_000 {
        let mut changed = [text.clone(), signature.clone()];
        for _change in 0..=roll(3) {
            let part = &mut changed[roll(2)];
            let place = roll(part.len());
            match roll(4) {
                0 => part[place] ^= 1 << roll(8),
                1 => part[place] = b"\n :0aZ1\x00"[roll(8)],
                2 => drop(part.remove(place)),
                _ => part.insert(place, part[place]),
            }
        }
        // v is 0 or 1 as well as 27 or 28: the same signature.
        let same_v = |v: u8| if v < 2 { v + 27 } else { v };
        let is_same_signature = changed[1] == signature
            || matches!(owner.address(), Address::Evm(_))
                && changed[1].len() == 65
                && changed[1][..64] == signature[..64]
                && same_v(changed[1][64]) == signature[64];
        if changed[0] == text && is_same_signature {
            continue;
        }
        let (message, signature) = (BASE64.encode(&changed[0]), BASE64.encode(&changed[1]));
        let claim = Claim { address: &good[0].1, message: &message, signature: &signature };
        let taken = Owner::from_claim(&gateway.app, &site, claim).await;
        assert!(taken.is_err(), "{:?}", String::from_utf8_lossy(&changed[0]));
    }
    let claim = Claim { address: &good[0].1, message: &good[1].1, signature: &good[2].1 };
    assert!(Owner::from_claim(&gateway.app, &site, claim).await.is_ok(), "the original is good");
}
