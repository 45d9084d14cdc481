//! Solana messages against bytes that @solana/kit, @solana/web3.js and solders made.

use primitives::SolanaAddress;
use serde_json::{Value, json};
use txcodec::solana::token::{ApproveChecked, TokenProgram, TransferChecked};
use txcodec::solana::{
    AccountMeta, Instruction, Message, Version, assemble, associated_token, compute_budget, decode,
    memo, system,
};
use txcodec::{Decoded, SigningInput, Subject};

use crate::vector::{self, bytes, text};
use crate::words;

const OTHER: SolanaAddress = SolanaAddress([2; 32]);
const MINT: SolanaAddress = SolanaAddress([3; 32]);
const ACCOUNT: SolanaAddress = SolanaAddress([4; 32]);
const BLOCKHASH: [u8; 32] = [9; 32];

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
        "effects": words::effects(decoded),
    })
}

#[test]
fn every_vector_is_read_as_what_it_means_or_refused() {
    for (name, vector) in vector::all("solana") {
        let unsigned = bytes(&vector["unsigned"]);
        let outcome = decode(&unsigned, address(&vector["wallet"]));
        let Some(decoded) = vector::accepted(&name, &vector, outcome) else { continue };
        assert_eq!(meaning_in_words(&decoded), vector["meaning"], "{name}");
        assert_eq!(decoded.signing_input(), &SigningInput::Bytes(unsigned.clone()));
        assert_eq!(Message::from_bytes(&unsigned).unwrap().to_bytes(), unsigned, "{name}");
    }
}

#[test]
fn instructions_are_compiled_into_the_same_message_as_by_kit() {
    let mut compared = 0;
    for (name, vector) in vector::all("solana") {
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
    for (name, vector) in vector::all("solana") {
        let Some(signed) = vector.get("signed") else { continue };
        let signature = bytes(&vector["signature"]).try_into().unwrap();
        let assembled = assemble(&bytes(&vector["unsigned"]), &signature);
        assert_eq!(assembled, bytes(signed), "{name}");
    }
}

#[test]
fn the_builders_write_what_the_clients_of_the_programs_write() {
    let wallet = address(&vector::read("solana", "payment.json")["wallet"]);
    let pay = system::transfer(wallet, OTHER, 5);
    let budget =
        [compute_budget::set_compute_unit_limit(300), compute_budget::set_compute_unit_price(1)];
    let transfer = |program, destination| {
        let source = associated_token::derive(wallet, MINT, program);
        let (mint, authority, amount, decimals) = (MINT, wallet, 7, 6);
        TransferChecked { program, source, mint, destination, authority, amount, decimals }
    };
    let send = |program, destination| transfer(program, destination).instruction();
    let create = |program| associated_token::create_idempotent(wallet, OTHER, MINT, program);
    let theirs = |program| associated_token::derive(OTHER, MINT, program);
    let send_anew = |program| vec![create(program), send(program, theirs(program))];
    let approve = |program, delegate, amount| {
        let source = associated_token::derive(wallet, MINT, program);
        let (mint, authority, decimals) = (MINT, wallet, 6);
        ApproveChecked { program, source, mint, delegate, authority, amount, decimals }
            .instruction()
    };
    let token = TokenProgram::Token;
    let more = TransferChecked { amount: 8, ..transfer(token, theirs(token)) };
    let item = TransferChecked { amount: 1, decimals: 0, ..transfer(token, theirs(token)) };
    let batch = vec![
        pay.clone(),
        create(token),
        send(token, theirs(token)),
        approve(token, ACCOUNT, 3),
        more.instruction(),
    ];
    let table = [
        ("payment-with-a-priority-fee", [&budget[..], std::slice::from_ref(&pay)].concat()),
        ("payment-with-a-memo", vec![pay, memo::memo("grüße, 世界")]),
        ("token-transfer", vec![send(TokenProgram::Token, ACCOUNT)]),
        ("token-transfer-to-a-new-account", send_anew(TokenProgram::Token)),
        ("token-2022-transfer-to-a-new-account", send_anew(TokenProgram::Token2022)),
        ("token-approval", vec![approve(token, OTHER, 7)]),
        ("token-2022-approval", vec![approve(TokenProgram::Token2022, OTHER, 7)]),
        ("collectible-sent", vec![create(token), item.instruction()]),
        ("batch-of-payments-tokens-and-an-approval", batch),
    ];
    for (name, instructions) in table {
        let message = Message::compile(wallet, &instructions, BLOCKHASH, Version::V0).unwrap();
        assert_eq!(
            message.to_bytes(),
            bytes(&vector::read("solana", &format!("{name}.json"))["unsigned"]),
            "{name}"
        );
    }
}
