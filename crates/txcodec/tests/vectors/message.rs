//! Texts and typed data against bytes that viem, ethers, eth-account, @solana/kit and solders made.

use primitives::Chain;
use serde_json::{Value, json};
use txcodec::message::{TypedData, decode_text, decode_typed_data};
use txcodec::{DecodeError, Decoded, SigningInput};

use crate::vector::{self, array, bytes, text};
use crate::words;

fn decode(vector: &Value) -> Result<Decoded, DecodeError> {
    match text(&vector["kind"]) {
        "evm_text" => decode_text(Chain::Evm, &bytes(&vector["bytes"])),
        "solana_text" => decode_text(Chain::Solana, &bytes(&vector["bytes"])),
        "typed_data" => {
            decode_typed_data(&TypedData::from_json(&vector["typed_data"]).unwrap().to_bytes())
        }
        other => panic!("{other} is no kind of message"),
    }
}

#[test]
fn every_vector_is_read_as_what_it_means_or_refused() {
    for (name, vector) in vector::all("message") {
        let Some(decoded) = vector::accepted(&name, &vector, decode(&vector)) else { continue };
        let meaning = json!({ "effects": words::effects(&decoded) });
        assert_eq!(meaning, vector["meaning"], "{name}");
        let signed = match vector.get("digest") {
            Some(digest) => SigningInput::Digest(array(digest)),
            None => SigningInput::Bytes(bytes(&vector["bytes"])),
        };
        assert_eq!(decoded.signing_input(), &signed, "{name}");
    }
}

#[test]
fn typed_data_is_the_same_when_its_domain_is_left_to_be_implied() {
    for (name, vector) in vector::all("message") {
        let Some(explicit) = vector.get("typed_data") else { continue };
        let mut implied = explicit.clone();
        implied["types"].as_object_mut().unwrap().remove("EIP712Domain");
        assert_eq!(TypedData::from_json(&implied), TypedData::from_json(explicit), "{name}");
    }
}
