//! What is stopped through the gateway is stopped at the signer first, and started there.

use primitives::Chain;
use protocol::{Latch, Payload, RefusalCode, Reply, Request, Warrant};
use serde_json::json;
use tests::daemons::{hostile_gateway, operator};
use tests::signer::passphrase;
use tests::stage::Stage;

use crate::payments::transfer;

#[test]
fn a_wallet_suspended_over_http_signs_nothing_until_an_operator_resumes_it_at_the_signer() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let id = wallet.id.parse().unwrap();
    let route = |verb: &str| format!("/v1/wallets/{}/{verb}", wallet.id);
    stage.operator().post(&route("suspend"), &json!({ "reason": "odd" })).expect(200);
    let sign = || Request::Sign {
        wallet: id,
        payload: Payload::Text(b"hello".to_vec()),
        warrant: Warrant::None,
    };
    let refused = hostile_gateway(&stage.place).signature(sign());
    assert_eq!(refused, Err(RefusalCode::Suspended));
    let early = stage.operator().post(&route("resume"), &json!({}));
    assert_eq!(early.code(), "WALLET_SUSPENDED", "{early}");

    let resumed = operator(&stage.place).ask(Request::Resume {
        wallet: Some(id),
        from: Latch::Suspended,
        passphrase: passphrase(),
        approval: None,
    });
    assert_eq!(resumed, Reply::Done);
    stage.operator().post(&route("resume"), &json!({})).expect(200);
    stage.agent(&[&wallet]).pay(&transfer(Chain::Evm, "1000"));
}

#[test]
fn what_is_signed_at_once_or_not_at_all_names_what_the_signer_wants() {
    let stage = Stage::start();
    let wallet = stage.funded_wallet(Chain::Evm);
    let guard = |text: String| text.replace("messages = \"text\"", "messages = \"owner\"");
    tests::daemons::change_guard(&stage.place, wallet.id.parse().unwrap(), guard);
    let agent = stage.agent(&[&wallet]);
    let body = json!({ "message": "hello" });
    let refused = agent.http().post("/v1/transactions/sign-message", &body);
    assert_eq!((refused.status, refused.code().as_str()), (403, "POLICY_DENIED"), "{refused}");
    assert_eq!(refused.expect(403)["details"]["signer"], "NEEDS_OWNER");
}
