//! Guards are tried before they are set, and set by what they change.

use protocol::{Demand, GuardOrder};

use super::*;

const TIGHTER: &str = "messages = \"none\"";
const LOOSER: &str = "[network.\"eip155:1\"]\nopen = true";

fn set(wallet: WalletId, text: &str, passphrase: Option<Secret>) -> Request {
    let text = text.to_owned();
    Request::SetGuard { wallet, from_version: 1, text, passphrase, approval: None }
}

#[test]
fn what_only_tightens_is_set_without_the_passphrase_and_what_loosens_is_not() {
    let (_state, mut signer, key) = with_wallet();
    let refused = operator(&mut signer, set(key.wallet, LOOSER, None));
    assert_eq!(code(refused), Some(RefusalCode::WrongPassphrase));
    assert_eq!(
        code(gateway(&mut signer, set(key.wallet, TIGHTER, None))),
        Some(RefusalCode::NotPermitted)
    );
    assert_eq!(code(operator(&mut signer, set(key.wallet, TIGHTER, None))), None);
    let refused = gateway(&mut signer, sign(key.wallet, 0, 1));
    assert_eq!(code(refused), Some(RefusalCode::NetworkNotAllowed));
}

#[track_caller]
fn checked(reply: Reply) -> protocol::GuardCheck {
    if let Reply::GuardCheck(check) = reply { check } else { panic!("{reply:?}") }
}

#[test]
fn a_guard_is_tried_without_being_set() {
    let (_state, mut signer, key) = with_wallet();
    let wallet = key.wallet;
    let (records, _) = signer.journal.head();
    let mut check = |text: &str| {
        let payload = Some(Payload::Transaction(transfer(0, CEILING)));
        let request = Request::CheckGuard { wallet, text: text.to_owned(), payload };
        operator(&mut signer, request)
    };
    let looser = checked(check(LOOSER));
    assert_eq!((looser.order, looser.from_version), (GuardOrder::Looser, 1));
    assert_eq!(looser.verdict, Some(Demand::Immediate));
    assert_eq!(looser.exposure.lines.len(), 1);
    let tighter = checked(check(TIGHTER));
    assert_eq!(tighter.order, GuardOrder::Tighter);
    assert!(matches!(tighter.verdict, Some(Demand::Never(_))), "{:?}", tighter.verdict);
    assert!(tighter.exposure.lines.is_empty() && !tighter.changes.is_empty());
    let closed = checked(check("[network.\"eip155:1\"]"));
    assert!(matches!(closed.verdict, Some(Demand::Owner(_))), "{:?}", closed.verdict);
    let Reply::Refused(refusal) = check("\nopn = true") else { panic!("a refusal") };
    assert_eq!(refusal.code, RefusalCode::BadGuard);
    assert!(refusal.message.contains("line 2"), "{}", refusal.message);
    assert_eq!(signer.journal.head().0, records, "nothing is written");
}

#[test]
fn a_template_is_a_guard_that_can_be_set() {
    let (_state, mut signer, key) = with_wallet();
    let mut template = |name: &str| {
        let (chain, environment) = (Chain::Evm, Environment::Mainnet);
        operator(&mut signer, Request::GuardTemplate { chain, environment, name: name.to_owned() })
    };
    for name in ["nothing", "open"] {
        assert_eq!(code(template(name)), Some(RefusalCode::BadGuard), "{name}");
    }
    let Reply::Guard(closed) = template("closed") else { panic!("a guard") };
    assert_eq!(closed.version, 0);
    assert_eq!(code(operator(&mut signer, set(key.wallet, &closed.text, None))), None);
    let refused = gateway(&mut signer, sign(key.wallet, 0, 1));
    assert_eq!(code(refused), Some(RefusalCode::NeedsOwner));
}

#[test]
fn the_limit_of_an_hour_holds_for_signatures() {
    let (_state, mut signer, key) = with_wallet();
    let shown = operator(&mut signer, Request::ShowGuard { wallet: key.wallet });
    let Reply::Guard(guard) = shown else { panic!("a guard") };
    let slow = guard.text.replace("requests_per_hour = 3600", "requests_per_hour = 2");
    assert_eq!(code(operator(&mut signer, set(key.wallet, &slow, None))), None);
    for nonce in [0, 1] {
        assert_eq!(code(gateway(&mut signer, sign(key.wallet, nonce, 1))), None);
    }
    let Reply::Refused(refusal) = gateway(&mut signer, sign(key.wallet, 2, 1)) else {
        panic!("a refusal")
    };
    assert_eq!(refusal.code, RefusalCode::TooManyRequests);
    assert!(refusal.retry_after_seconds > 3000, "{}", refusal.retry_after_seconds);
}
