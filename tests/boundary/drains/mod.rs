//! Ways to drain a wallet through what it signs.

mod evm;
mod solana;

use primitives::{Amount, Chain};
use protocol::RefusalCode;
use txcodec::solana::system;

use crate::bench::{Bench, MAINNET, SOLANA_BOB, Wallet, message, sign, transfer};

/// What it is called, its bytes, and why they are refused.
type Drain = (&'static str, Vec<u8>, RefusalCode);

/// Asks for each, and shows what was not refused, or for another reason.
#[track_caller]
fn refuse_all(bench: &Bench, wallet: Wallet, drains: impl IntoIterator<Item = Drain>) {
    let before = bench.exposure(wallet);
    let mut gateway = bench.gateway();
    let wrong: Vec<_> = drains
        .into_iter()
        .map(|(name, unsigned, expected)| (name, sign(&mut gateway, wallet, unsigned), expected))
        .filter(|(_, signed, expected)| signed != &Err(*expected))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(bench.exposure(wallet), before);
}

#[test]
fn a_wallet_signs_for_its_own_kind_of_chain_alone() {
    let bench = Bench::new();
    let (evm, solana) = (bench.wallet(Chain::Evm), bench.wallet(Chain::Solana));
    let mut gateway = bench.gateway();
    let ether = transfer(MAINNET, 0, Amount::from(1_u64)).to_unsigned_bytes();
    assert_eq!(sign(&mut gateway, solana, ether), Err(RefusalCode::Undecodable));
    let sol = message(solana.solana(), &[system::transfer(solana.solana(), SOLANA_BOB, 1)]);
    assert_eq!(sign(&mut gateway, evm, sol), Err(RefusalCode::Undecodable));
}

#[test]
fn a_wallet_does_not_sign_what_another_wallet_pays() {
    let bench = Bench::new();
    let (one, other) = (bench.wallet(Chain::Solana), bench.wallet(Chain::Solana));
    let unsigned = message(one.solana(), &[system::transfer(one.solana(), SOLANA_BOB, 1)]);
    assert!(sign(&mut bench.gateway(), other, unsigned).is_err());
}
