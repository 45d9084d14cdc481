//! What owners are asked, from the question to the file that a command takes.

use protocol::{GuardCheck, GuardOrder, GuardText, Latch, Owners, OwnersState, SignedForm, Status};

use super::*;
use crate::testing::status;

const OWNER: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
/// SHA-256 of `messages = "none"` and a line feed, by `sha256sum`.
const GUARD_SHA256: &str = "0x246810ecb5ead28b0633307f11b54945f538cb95ccb6d3b15a794a4be13bc6f2";

fn keys(latch: Latch) -> [Reply; 2] {
    [Reply::Keys(vec![KeyInfo { latch, ..key(7) }]), Reply::Keys(vec![])]
}

/// What a signer answers to who asks how it is before a question.
fn terms() -> [Reply; 2] {
    let guard = GuardText { version: 3, text: String::new() };
    [Reply::Guard(guard), Reply::Status(Status { behind_seconds: 100, ..status() })]
}

fn checked(text: &str) -> Reply {
    Reply::GuardCheck(GuardCheck {
        from_version: 3,
        text: text.to_owned(),
        order: GuardOrder::Looser,
        changes: vec![],
        exposure: Exposure { wallet: key(7).wallet, lines: vec![], remarks: vec![] },
        verdict: None,
    })
}

#[test]
fn owners_sign_the_guard_as_the_signer_writes_it() {
    let peers = Peers::new();
    std::fs::write(peers.path().join("guard.toml"), "# mine\nmessages=\"none\"\n").unwrap();
    let checked = checked("messages = \"none\"\n");
    let replies = keys(Latch::Active).into_iter().chain([checked]).chain(terms());
    let _asked = peers.signer(replies.collect());
    let line = format!("approval guard {WALLET} {{}}/guard.toml --output {{}}/a --hours 2");
    let view = command(&line, &peers).unwrap();
    let text = command("approval text {}/a", &peers).unwrap();
    assert_eq!(json_of(&view)["text"], json_of(&text)["text"]);
    let text = text_of(&text);
    let expires_at = status().now + 100 + 2 * 3600;
    for part in [
        "Replaces version: 3",
        &format!("New guard (SHA-256): {GUARD_SHA256}"),
        "Guard version: 3",
        &format!("Expires: {expires_at} "),
        "Instance: 0x00000000000000000000000000000000",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
    let shown = text_of(&command("approval show {}/a", &peers).unwrap());
    assert!(shown.contains("the new guard:\nmessages = \"none\"\n"), "{shown}");
    let typed_data = json_of(&command("approval typed-data {}/a", &peers).unwrap());
    assert_eq!(typed_data["message"]["newGuard"], GUARD_SHA256);
    assert_eq!(typed_data["primaryType"], "AllowGuard");
}

#[test]
fn two_questions_never_have_one_nonce() {
    let peers = Peers::new();
    let mut nonces = Vec::new();
    let asking = || keys(Latch::Locked).into_iter().chain(keys(Latch::Locked)).chain(terms());
    let _asked = peers.signer(asking().chain(asking()).collect());
    for file in ["a", "b"] {
        command(&format!("approval resume {WALLET} --output {{}}/{file}"), &peers).unwrap();
        let shown = json_of(&command(&format!("approval show {{}}/{file}"), &peers).unwrap());
        nonces.push(shown["approval"]["terms"]["nonce"].clone());
    }
    assert_ne!(nonces[0], nonces[1]);
}

#[test]
fn owners_are_asked_about_owners_or_about_nobody() {
    for (arguments, part) in [
        (OWNER, "Signatures needed: 1 of 1\nOwner: 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed\n"),
        ("--nobody", "Owner: nobody\n"),
    ] {
        let peers = Peers::new();
        let state = OwnersState { confirmed: Owners::NONE, proposed: None, version: 4 };
        let replies = keys(Latch::Active).into_iter().chain([Reply::Owners(state)]);
        let _asked = peers.signer(replies.chain(terms()).collect());
        let line = format!("approval owners {WALLET} {arguments} --output {{}}/a");
        command(&line, &peers).unwrap();
        let text = text_of(&command("approval text {}/a", &peers).unwrap());
        assert!(text.contains("Replaces version: 4\n") && text.contains(part), "{text}");
    }
}

#[test]
fn a_signature_is_added_in_place_of_the_one_before() {
    let peers = Peers::new();
    let replies = keys(Latch::Locked).into_iter().chain(keys(Latch::Locked)).chain(terms());
    let _asked = peers.signer(replies.collect());
    command(&format!("approval resume {WALLET} --output {{}}/a"), &peers).unwrap();
    for (signature, form) in [("01", ""), ("02", "--typed-data")] {
        let signature = signature.repeat(65);
        let line = format!("approval add {{}}/a --owner {OWNER} --signature 0x{signature} {form}");
        let view = command(&line, &peers).unwrap();
        assert_eq!(json_of(&view)["signatures"], 1);
    }
    let approval = crate::commands::approval::read(&peers.path().join("a")).unwrap();
    let [signature] = &approval.signatures[..] else { panic!("{approval:?}") };
    assert_eq!((signature.form, signature.bytes[0]), (SignedForm::TypedData, 2));
    let line = format!("approval add {{}}/a --owner {OWNER} --signature 0x01");
    assert_eq!(command(&line, &peers).unwrap_err().exit(), Exit::Usage);
}

#[test]
fn nobody_is_asked_to_let_go_on_what_has_not_stopped() {
    let peers = Peers::new();
    let replies = keys(Latch::Active).into_iter().chain(keys(Latch::Active));
    let _asked = peers.signer(replies.collect());
    let line = format!("approval resume {WALLET} --output {{}}/a");
    assert_eq!(command(&line, &peers).unwrap_err().exit(), Exit::Usage);
    assert!(!peers.path().join("a").exists());
}
