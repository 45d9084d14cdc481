//! Solana messages against bytes that @solana/kit, @solana/web3.js and solders made.
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of it is a test, the helpers too")]

use std::fs;
use std::path::{Path, PathBuf};

use primitives::{SolanaAddress, decode_hex};
use serde_json::{Value, json};
use txcodec::solana::token::{TokenProgram, TransferChecked};
use txcodec::solana::{
    AccountMeta, Instruction, Message, Version, assemble, associated_token, compute_budget, decode,
    memo, system,
};
use txcodec::{AuthorityKind, Decoded, Effect, OpaqueReason, SigningInput, Subject};

const OTHER: SolanaAddress = SolanaAddress([2; 32]);
const MINT: SolanaAddress = SolanaAddress([3; 32]);
const ACCOUNT: SolanaAddress = SolanaAddress([4; 32]);
const BLOCKHASH: [u8; 32] = [9; 32];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/vectors/solana")
}

/// Every vector with its file's name.
fn vectors() -> Vec<(String, Value)> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    let read = |name: String| (name.clone(), read(&name));
    names.into_iter().map(read).collect()
}

fn read(file_name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder().join(file_name)).unwrap()).unwrap()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

fn bytes(value: &Value) -> Vec<u8> {
    decode_hex(text(value).strip_prefix("0x").unwrap()).unwrap()
}

fn address(value: &Value) -> SolanaAddress {
    text(value).parse().unwrap()
}

fn meaning_in_words(decoded: &Decoded) -> Value {
    let Subject::SolanaTransaction { fee_payer } = decoded.subject() else {
        panic!("{decoded:?} is no Solana transaction");
    };
    json!({
        "fee_payer": fee_payer.to_string(),
        "fee_ceiling": decoded.fee_ceiling().to_string(),
        "effects": decoded.effects().iter().map(effect_in_words).collect::<Vec<_>>(),
    })
}

fn effect_in_words(effect: &Effect) -> Value {
    let mut words = serde_json::Map::new();
    let mut put = |word: &str, value: &dyn ToString| {
        words.insert(word.to_owned(), Value::String(value.to_string()));
    };
    match effect {
        Effect::NativeOut { to, amount } => {
            put("effect", &"native_out");
            put("to", to);
            put("amount", amount);
        }
        Effect::TokenOut { token, to, amount } => {
            put("effect", &"token_out");
            put("token", token);
            put("to", to);
            put("amount", amount);
        }
        Effect::Allowance { token, spender, amount } => {
            put("effect", &"allowance");
            put("token", token);
            put("spender", spender);
            put("amount", amount);
        }
        Effect::Rent { account, amount } => {
            put("effect", &"rent");
            put("account", account);
            put("amount", amount);
        }
        Effect::AuthorityChange { kind, subject, to } => {
            put("effect", &"authority_change");
            put("kind", &kind_in_words(*kind));
            put("subject", subject);
            words.insert("to".to_owned(), json!(to.map(|to| to.to_string())));
        }
        Effect::Memo { text } => {
            put("effect", &"memo");
            put("text", text);
        }
        Effect::Opaque(reason) => return opaque_in_words(reason),
        Effect::Call { .. } | Effect::Deploy | Effect::Text { .. } | Effect::TypedData { .. } => {
            panic!("{effect:?} is no effect of a Solana transaction")
        }
    }
    Value::Object(words)
}

fn kind_in_words(kind: AuthorityKind) -> &'static str {
    match kind {
        AuthorityKind::AccountProgram => "account_program",
        AuthorityKind::TokenAccount => "token_account",
        AuthorityKind::Mint => "mint",
        AuthorityKind::Operator => "operator",
    }
}

fn opaque_in_words(reason: &OpaqueReason) -> Value {
    let (reason, fact) = match reason {
        OpaqueReason::UnknownProgram(program) => {
            ("unknown_program", Some(("program", program.to_string())))
        }
        OpaqueReason::UnknownInstruction { program, tag } => {
            let program = program.to_string();
            let reason = "unknown_instruction";
            return json!({ "effect": "opaque", "reason": reason, "program": program, "tag": tag });
        }
        OpaqueReason::UnknownToken { from } => ("unknown_token", Some(("from", from.to_string()))),
        OpaqueReason::LookupTables => ("lookup_tables", None),
        OpaqueReason::DurableNonce => ("durable_nonce", None),
        OpaqueReason::OtherSigners => ("other_signers", None),
    };
    let mut words = json!({ "effect": "opaque", "reason": reason });
    if let Some((word, value)) = fact {
        words[word] = Value::String(value);
    }
    words
}

#[test]
fn every_vector_is_read_as_what_it_means_or_refused() {
    for (name, vector) in vectors() {
        let unsigned = bytes(&vector["unsigned"]);
        match (vector.get("error"), decode(&unsigned, address(&vector["wallet"]))) {
            (None, Ok(decoded)) => {
                assert_eq!(meaning_in_words(&decoded), vector["meaning"], "{name}");
                assert_eq!(decoded.signing_input(), &SigningInput::Bytes(unsigned.clone()));
                assert_eq!(Message::from_bytes(&unsigned).unwrap().to_bytes(), unsigned, "{name}");
            }
            (Some(expected), Err(error)) => {
                let variant = format!("{error:?}");
                let variant = variant.split('(').next().unwrap();
                assert!(expected.is_null() || text(expected) == variant, "{name}: {error:?}");
            }
            (_, outcome) => panic!("{name}: {outcome:?}"),
        }
    }
}

#[test]
fn instructions_are_compiled_into_the_same_message_as_by_kit() {
    let mut compared = 0;
    for (name, vector) in vectors() {
        let Some(instructions) = vector["instructions"].as_array() else { continue };
        let instructions: Vec<_> = instructions.iter().map(instruction).collect();
        let version = if vector["version"] == "legacy" { Version::Legacy } else { Version::V0 };
        let fee_payer = address(&vector["meaning"]["fee_payer"]);
        let message = Message::compile(fee_payer, &instructions, BLOCKHASH, version).unwrap();
        assert_eq!(message.to_bytes(), bytes(&vector["unsigned"]), "{name}");
        assert_eq!((message.version(), message.recent_blockhash()), (version, BLOCKHASH));
        compared += 1;
    }
    assert!(compared > 40, "only {compared} vectors say what they were compiled from");
}

fn instruction(described: &Value) -> Instruction {
    let account = |account: &Value| AccountMeta {
        address: address(&account["address"]),
        is_signer: account["signer"].as_bool().unwrap(),
        is_writable: account["writable"].as_bool().unwrap(),
    };
    Instruction {
        program_id: address(&described["program"]),
        accounts: described["accounts"].as_array().unwrap().iter().map(account).collect(),
        data: bytes(&described["data"]),
    }
}

#[test]
fn a_message_and_its_signature_make_the_transaction_that_travels() {
    for (name, vector) in vectors() {
        let Some(signed) = vector.get("signed") else { continue };
        let signature = bytes(&vector["signature"]).try_into().unwrap();
        let assembled = assemble(&bytes(&vector["unsigned"]), &signature);
        assert_eq!(assembled, bytes(signed), "{name}");
    }
}

#[test]
fn the_builders_write_what_the_clients_of_the_programs_write() {
    let wallet = address(&read("payment.json")["wallet"]);
    let pay = system::transfer(wallet, OTHER, 5);
    let budget =
        [compute_budget::set_compute_unit_limit(300), compute_budget::set_compute_unit_price(1)];
    let send = |program, destination| {
        let source = associated_token::derive(wallet, MINT, program);
        let (mint, authority, amount, decimals) = (MINT, wallet, 7, 6);
        TransferChecked { program, source, mint, destination, authority, amount, decimals }
            .instruction()
    };
    let send_anew = |program| {
        let create = associated_token::create_idempotent(wallet, OTHER, MINT, program);
        vec![create, send(program, associated_token::derive(OTHER, MINT, program))]
    };
    let table = [
        ("payment-with-a-priority-fee", [&budget[..], std::slice::from_ref(&pay)].concat()),
        ("payment-with-a-memo", vec![pay, memo::memo("grüße, 世界")]),
        ("token-transfer", vec![send(TokenProgram::Token, ACCOUNT)]),
        ("token-transfer-to-a-new-account", send_anew(TokenProgram::Token)),
        ("token-2022-transfer-to-a-new-account", send_anew(TokenProgram::Token2022)),
    ];
    for (name, instructions) in table {
        let message = Message::compile(wallet, &instructions, BLOCKHASH, Version::V0).unwrap();
        assert_eq!(message.to_bytes(), bytes(&read(&format!("{name}.json"))["unsigned"]), "{name}");
    }
}
