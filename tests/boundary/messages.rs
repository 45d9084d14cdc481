//! Messages are not a way round the ceilings.

use primitives::{Amount, Chain};
use protocol::{RefusalCode, Request};
use txcodec::solana::system;

use crate::bench::{Bench, MAINNET, SOLANA_BOB, Wallet, message, transfer};

fn sign_text(bench: &Bench, wallet: Wallet, text: &[u8]) -> Result<usize, RefusalCode> {
    let request = Request::SignMessage { wallet: wallet.id, text: text.to_vec() };
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
