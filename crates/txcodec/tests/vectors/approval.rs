//! What owners are asked against digests and signatures that other libraries made of it.

use primitives::{Address, Environment};
use serde_json::Value;
use txcodec::approval::{Matter, Question, Rendered};
use txcodec::{evm, solana};

use crate::vector::{self, array, bytes, text};

fn render(question: &Value) -> Rendered {
    let address = text(&question["address"]).parse().unwrap();
    let decoded = question.get("unsigned").map(|unsigned| match address {
        Address::Evm(wallet) => evm::decode(&bytes(unsigned), wallet).unwrap(),
        Address::Solana(wallet) => solana::decode(&bytes(unsigned), wallet).unwrap(),
    });
    let matter = match &decoded {
        Some(decoded) => Matter::Sign { decoded, environment: Environment::Mainnet },
        None => Matter::Guard {
            from_version: question["from_version"].as_u64().unwrap(),
            sha256: array(&question["sha256"]),
        },
    };
    let question = Question {
        instance: array(&question["instance"]),
        wallet: text(&question["wallet"]).parse().unwrap(),
        address,
        guard_version: question["guard_version"].as_u64().unwrap(),
        fee_ceiling: text(&question["fee_ceiling"]).parse().unwrap(),
        expires_at: question["expires_at"].as_u64().unwrap(),
        nonce: array(&question["nonce"]),
        matter,
    };
    question.render().unwrap()
}

#[test]
fn what_owners_signed_elsewhere_is_what_they_are_asked_here() {
    for (name, vector) in vector::all("approval") {
        let rendered = render(&vector["question"]);
        let (shown, digest) = match text(&vector["kind"]) {
            "evm_text" => (rendered.text().into(), Some(rendered.text_digest())),
            "typed_data" => (rendered.typed_data_json(), Some(rendered.typed_data().digest())),
            "solana_text" => (rendered.text().into(), None),
            other => panic!("{other} is no form of a question"),
        };
        let signed = vector.get("text").unwrap_or(&vector["typed_data"]);
        assert_eq!(&shown, signed, "{name}");
        assert_eq!(digest, vector.get("digest").map(array), "{name}");
    }
}

#[test]
fn what_owners_signed_elsewhere_is_theirs_and_with_any_byte_changed_it_is_not() {
    for (name, vector) in vector::all("approval") {
        let rendered = render(&vector["question"]);
        let owner = text(&vector["owner"]).parse().unwrap();
        let is_theirs = |signature: &[u8]| match text(&vector["kind"]) {
            "typed_data" => rendered.typed_data_is_signed_by(owner, signature),
            _ => rendered.text_is_signed_by(owner, signature),
        };
        let given = bytes(&vector["signature"]);
        assert!(is_theirs(&given), "{name}");
        for place in 0..given.len() {
            let mut changed = given.clone();
            changed[place] ^= 1;
            assert!(!is_theirs(&changed), "byte {place} of {name}");
        }
    }
}
