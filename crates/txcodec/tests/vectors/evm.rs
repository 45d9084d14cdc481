//! EVM transactions against bytes that viem, ethers and eth-account made.

use std::num::NonZeroU64;

use primitives::EvmAddress;
use serde_json::{Value, json};
use txcodec::evm::{AccessListEntry, Kind, Transaction, assemble, decode};
use txcodec::{Decoded, SigningInput, Subject};

use crate::vector::{self, array, bytes, text};
use crate::words;

fn meaning_in_words(decoded: &Decoded) -> Value {
    let Subject::EvmTransaction { chain_id, nonce } = decoded.subject() else {
        panic!("{decoded:?} is no EVM transaction");
    };
    json!({
        "chain_id": words::eip155(chain_id),
        "nonce": nonce.to_string(),
        "fee_ceiling": decoded.fee_ceiling().to_string(),
        "effects": words::effects(decoded),
    })
}

#[test]
fn every_vector_is_read_as_what_it_means_or_refused() {
    for (name, vector) in vector::all("evm") {
        let outcome = decode(&bytes(&vector["unsigned"]), text(&vector["wallet"]).parse().unwrap());
        let Some(decoded) = vector::accepted(&name, &vector, outcome) else { continue };
        assert_eq!(meaning_in_words(&decoded), vector["meaning"], "{name}");
        let digest = SigningInput::Digest(array(&vector["digest"]));
        assert_eq!(decoded.signing_input(), &digest, "{name}");
    }
}

#[test]
fn a_transaction_and_its_signature_make_the_bytes_that_are_broadcast() {
    let mut compared = 0;
    for (name, vector) in vector::all("evm") {
        let Some(signed) = vector.get("signed") else { continue };
        let signature = array(&vector["signature"]);
        let assembled = assemble(&bytes(&vector["unsigned"]), &signature).unwrap();
        assert_eq!(assembled.bytes, bytes(signed), "{name}");
        assert_eq!(assembled.hash, array(&vector["hash"]), "{name}");
        compared += 1;
    }
    assert!(compared > 30, "only {compared} vectors are signed");
}

#[test]
fn fields_are_written_as_the_bytes_that_viem_writes() {
    let mut compared = 0;
    for (name, vector) in vector::all("evm") {
        let Some(described) = vector.get("transaction") else { continue };
        let unsigned = bytes(&vector["unsigned"]);
        assert_eq!(transaction(described).to_unsigned_bytes(), unsigned, "{name}");
        assert_eq!(Transaction::from_unsigned_bytes(&unsigned), Ok(transaction(described)));
        compared += 1;
    }
    assert!(compared > 30, "only {compared} vectors say what was encoded");
}

#[test]
fn every_flip_of_a_bit_is_refused_or_another_transaction() {
    for (name, vector) in vector::all("evm") {
        let Some(described) = vector.get("transaction") else { continue };
        let bytes = bytes(&vector["unsigned"]);
        for position in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[position] ^= 1 << bit;
                let Ok(other) = Transaction::from_unsigned_bytes(&flipped) else { continue };
                assert_ne!(other, transaction(described), "{name}");
                assert_eq!(other.to_unsigned_bytes(), flipped, "{name}");
            }
        }
    }
}

fn transaction(described: &Value) -> Transaction {
    Transaction {
        kind: kind(described),
        chain_id: NonZeroU64::new(number(&described["chainId"])).unwrap(),
        nonce: number(&described["nonce"]),
        gas_limit: number(&described["gasLimit"]),
        to: described["to"].as_str().map(address),
        value: text(&described["value"]).parse().unwrap(),
        data: bytes(&described["data"]),
    }
}

fn kind(described: &Value) -> Kind {
    let price = |name: &str| text(&described[name]).parse().unwrap();
    match text(&described["type"]) {
        "legacy" => Kind::Legacy { gas_price: price("gasPrice") },
        "eip2930" => Kind::AccessList {
            gas_price: price("gasPrice"),
            access_list: access_list(&described["accessList"]),
        },
        "eip1559" => Kind::DynamicFee {
            max_fee_per_gas: price("maxFeePerGas"),
            max_priority_fee_per_gas: price("maxPriorityFeePerGas"),
            access_list: access_list(&described["accessList"]),
        },
        other => panic!("{other} is no kind of transaction"),
    }
}

fn access_list(described: &Value) -> Vec<AccessListEntry> {
    let entry = |entry: &Value| AccessListEntry {
        address: address(text(&entry["address"])),
        storage_keys: entry["storageKeys"].as_array().unwrap().iter().map(array).collect(),
    };
    described.as_array().into_iter().flatten().map(entry).collect()
}

fn address(text: &str) -> EvmAddress {
    text.parse().unwrap()
}

/// A number, or its decimal digits where JavaScript's numbers end.
fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| text(value).parse().unwrap())
}
