//! Messages are not a way round the ceilings.

use primitives::{Amount, Chain};
use protocol::{Payload, RefusalCode, Request, Warrant};
use serde_json::{Value, json};
use txcodec::message::TypedData;
use txcodec::solana::system;

use crate::bench::{Bench, MAINNET, SOLANA_BOB, Wallet, message, transfer};

fn sign_text(bench: &Bench, wallet: Wallet, text: &[u8]) -> Result<usize, RefusalCode> {
    let request = Request::Sign {
        wallet: wallet.id,
        payload: Payload::Text(text.to_vec()),
        warrant: Warrant::None,
    };
    bench.gateway().signature(request).map(|signature| signature.len())
}

#[test]
fn a_text_is_signed() {
    let bench = Bench::new();
    assert_eq!(sign_text(&bench, bench.wallet(Chain::Evm), b"Sign in, please."), Ok(65));
    assert_eq!(sign_text(&bench, bench.wallet(Chain::Solana), b"Sign in, please."), Ok(64));
}

#[test]
fn a_transaction_is_not_signed_as_a_message() {
    let bench = Bench::new();
    let (evm, solana) = (bench.wallet(Chain::Evm), bench.wallet(Chain::Solana));
    let ether = transfer(MAINNET, 0, Amount::from(1_u64)).to_unsigned_bytes();
    let sol = message(solana.solana(), &[system::transfer(solana.solana(), SOLANA_BOB, 1)]);
    let off_chain = [b"\xffsolana offchain".as_slice(), &[0; 8]].concat();
    for (name, wallet, bytes) in [
        ("an EVM transaction", evm, ether.clone()),
        ("a Solana transaction", solana, sol.clone()),
        ("a Solana transaction, by an EVM key", evm, sol),
        ("an EVM transaction, by a Solana key", solana, ether),
        ("the prefix of off-chain messages", solana, off_chain),
        ("bytes that are no text", evm, vec![0xff, 0xfe]),
        ("a digest", evm, vec![0x9c; 32]),
    ] {
        assert_eq!(sign_text(&bench, wallet, &bytes), Err(RefusalCode::Undecodable), "{name}");
    }
}

#[test]
fn messages_can_be_forbidden() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    tests::daemons::change_guard(&bench.place, wallet.id, |text| {
        text.replace("messages = \"text\"", "messages = \"none\"")
    });
    assert_eq!(sign_text(&bench, wallet, b"Sign in."), Err(RefusalCode::EffectNotAllowed));
}

/// Typed data of a contract on Ethereum, with one type of these fields.
fn typed_data(name: &str, fields: &[(&str, &str, Value)]) -> Vec<u8> {
    let types: Vec<_> =
        fields.iter().map(|(field, kind, _)| json!({ "name": field, "type": kind })).collect();
    let values = fields.iter().map(|(field, _, value)| ((*field).to_owned(), value.clone()));
    let message: serde_json::Map<_, _> = values.collect();
    let domain = [("name", "string"), ("chainId", "uint256"), ("verifyingContract", "address")];
    let domain = domain.map(|(field, kind)| json!({ "name": field, "type": kind }));
    let contract = "0x7070707070707070707070707070707070707070";
    let whole = json!({
        "types": { "EIP712Domain": domain, name: types },
        "primaryType": name,
        "domain": { "name": "A", "chainId": 1, "verifyingContract": contract },
        "message": message,
    });
    TypedData::from_json(&whole).unwrap().to_bytes()
}

#[test]
fn typed_data_is_not_signed_without_owners_and_no_way_to_pay() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let bob = json!("0xB0B0b0B0B0B0B0b0B0B0B0b0b0b0b0B0b0b0B0B0");
    let vote = [("who", "address", bob.clone()), ("how", "uint256", json!("1"))];
    let vote = typed_data("Vote", &vote);
    // EIP-2612: an allowance that somebody else writes into the chain.
    let permit = [
        ("owner", "address", json!(wallet.address)),
        ("spender", "address", bob),
        ("value", "uint256", json!("1000000")),
        ("nonce", "uint256", json!("0")),
        ("deadline", "uint256", json!("1900000000")),
    ];
    let permit = typed_data("Permit", &permit);
    let sign = |typed_data: &Vec<u8>| {
        let typed_data = typed_data.clone();
        bench.gateway().signature(Request::Sign {
            wallet: wallet.id,
            payload: Payload::TypedData(typed_data),
            warrant: Warrant::None,
        })
    };
    assert_eq!(sign(&vote), Err(RefusalCode::NeedsOwner));
    assert_eq!(sign(&permit), Err(RefusalCode::NeedsOwner));
    assert_eq!(sign(&vec![0; 100]), Err(RefusalCode::Undecodable));
}
