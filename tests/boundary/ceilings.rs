//! Amounts: what one transaction may move, what a day may, and what counts.

use primitives::{Amount, Chain};
use protocol::{Ceiling, RefusalCode};
use tests::daemons::change_guard;
use txcodec::evm::{Kind, Transaction, erc20};
use txcodec::solana::system;

use crate::bench::{
    BOB, Bench, ETHER_CEILING, LAMPORTS_CEILING, MAINNET, SOLANA_BOB, TRANSFER_FEE, message_at,
    sign, transfer,
};

/// What still may leave without the fee of one transfer.
const MOST: u128 = ETHER_CEILING - TRANSFER_FEE;

fn wei(amount: u128) -> Amount {
    Amount::from(amount)
}

#[test]
fn one_transaction_moves_at_most_its_ceiling_with_its_fee() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let mut gateway = bench.gateway();
    for (amount, expected) in [
        (wei(MOST + 1), Err(RefusalCode::NeedsOwner)),
        (Amount::MAX, Err(RefusalCode::EffectNotAllowed)), // with its fee there is no such amount
        (wei(u128::MAX), Err(RefusalCode::NeedsOwner)),
        (wei(MOST), Ok(65)),
        (wei(1), Err(RefusalCode::NeedsOwner)),
    ] {
        let unsigned = transfer(MAINNET, 0, amount).to_unsigned_bytes();
        let signed = sign(&mut gateway, wallet, unsigned).map(|signature| signature.len());
        assert_eq!(signed, expected, "{amount}");
    }
}

#[test]
fn many_small_ones_stop_at_the_ceiling_of_the_day_and_a_restart_forgets_nothing() {
    let mut bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let tenth = wei(ETHER_CEILING / 10 - TRANSFER_FEE);
    let pay = |bench: &Bench, nonce| {
        sign(&mut bench.gateway(), wallet, transfer(MAINNET, nonce, tenth).to_unsigned_bytes())
    };
    for nonce in 0..5 {
        pay(&bench, nonce).unwrap();
    }
    bench.crash_and_restart();
    for nonce in 5..10 {
        pay(&bench, nonce).unwrap();
    }
    assert_eq!(pay(&bench, 10), Err(RefusalCode::NeedsOwner));
    bench.crash_and_restart();
    assert_eq!(pay(&bench, 10), Err(RefusalCode::NeedsOwner));
}

#[test]
fn the_same_bytes_count_once_and_get_the_same_signature() {
    let mut bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let all = transfer(MAINNET, 0, wei(MOST)).to_unsigned_bytes();
    let first = sign(&mut bench.gateway(), wallet, all.clone()).unwrap();
    assert_eq!(sign(&mut bench.gateway(), wallet, all.clone()), Ok(first.clone()));
    bench.crash_and_restart();
    assert_eq!(sign(&mut bench.gateway(), wallet, all), Ok(first));
}

#[test]
fn a_fee_cannot_burn_more_than_the_ceiling() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let fees = [
        (wei(ETHER_CEILING / 21_000 + 1), 21_000),
        (wei(1), u64::MAX),
        (wei(u128::MAX), 21_000),
        (Amount::MAX, u64::MAX),
    ];
    for (gas_price, gas_limit) in fees {
        let kind = Kind::Legacy { gas_price };
        let fields = Transaction { kind, gas_limit, ..transfer(MAINNET, 0, Amount::ZERO) };
        let refused = sign(&mut bench.gateway(), wallet, fields.to_unsigned_bytes()).unwrap_err();
        let expected = [RefusalCode::NeedsOwner, RefusalCode::Undecodable];
        assert!(expected.contains(&refused), "{gas_price} × {gas_limit}: {refused:?}");
    }
}

#[test]
fn a_network_that_the_guard_does_not_name_is_closed() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    for chain_id in [5, 31_337, 11_155_111, u64::MAX / 2 - 36] {
        let unsigned = transfer(chain_id, 0, wei(1)).to_unsigned_bytes();
        let refused = sign(&mut bench.gateway(), wallet, unsigned);
        assert_eq!(refused, Err(RefusalCode::NetworkNotAllowed), "{chain_id}");
    }
}

#[test]
fn a_token_has_its_own_ceilings_and_an_allowance_counts_as_gone() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let token = primitives::EvmAddress([0x70; 20]);
    let call = |nonce, data: Vec<u8>| {
        let fields = transfer(MAINNET, nonce, Amount::ZERO);
        Transaction { to: Some(token), data, ..fields }.to_unsigned_bytes()
    };
    let units = |amount: u64| Amount::from(amount);
    let pay = |nonce, amount| call(nonce, erc20::transfer(BOB, amount));
    let allow = |nonce, amount| call(nonce, erc20::approve(BOB, amount));

    let mut gateway = bench.gateway();
    let unlisted = sign(&mut gateway, wallet, pay(0, units(1)));
    assert_eq!(unlisted, Err(RefusalCode::NeedsOwner));
    change_guard(&bench.place, wallet.id, |text| {
        let key = format!("[network.\"eip155:1\".token.{token}]");
        let immediate = "{ per_transaction = \"500\", per_day = \"800\" }";
        format!("{text}\n{key}\nimmediate = {immediate}\n")
    });
    for (name, unsigned, expected) in [
        ("over one", pay(0, units(501)), Err(RefusalCode::NeedsOwner)),
        ("unlimited", allow(0, Amount::MAX), Err(RefusalCode::NeedsOwner)),
        ("an allowance over one", allow(0, units(501)), Err(RefusalCode::NeedsOwner)),
        ("an allowance", allow(0, units(400)), Ok(65)),
        ("all but 100", pay(1, units(300)), Ok(65)),
        ("one too many", pay(2, units(101)), Err(RefusalCode::NeedsOwner)),
        ("the rest", pay(2, units(100)), Ok(65)),
        ("nothing is left", pay(3, units(1)), Err(RefusalCode::NeedsOwner)),
    ] {
        let signed = sign(&mut gateway, wallet, unsigned).map(|signature| signature.len());
        assert_eq!(signed, expected, "{name}");
    }
}

#[test]
fn all_solana_clusters_share_one_budget() {
    let mut bench = Bench::new();
    let wallet = bench.wallet(Chain::Solana);
    let pay = |bench: &Bench, blockhash, lamports| {
        let instruction = system::transfer(wallet.solana(), SOLANA_BOB, lamports);
        let unsigned = message_at(blockhash, wallet.solana(), &[instruction]);
        sign(&mut bench.gateway(), wallet, unsigned).map(|signature| signature.len())
    };
    let fee = 5000;
    let half = LAMPORTS_CEILING / 2 - fee;
    assert_eq!(pay(&bench, 1, LAMPORTS_CEILING), Err(RefusalCode::NeedsOwner));
    assert_eq!(pay(&bench, 1, u64::MAX), Err(RefusalCode::NeedsOwner));
    assert_eq!(pay(&bench, 1, half), Ok(64));
    assert_eq!(pay(&bench, 2, half), Ok(64));
    assert_eq!(pay(&bench, 3, 1), Err(RefusalCode::NeedsOwner));
    bench.crash_and_restart();
    assert_eq!(pay(&bench, 3, 1), Err(RefusalCode::NeedsOwner));
}

#[test]
fn exposure_is_what_can_still_leave() {
    let bench = Bench::new();
    let wallet = bench.wallet(Chain::Evm);
    let ether = |bench: &Bench| {
        let chain_id = "eip155:1".parse().unwrap();
        let lines = bench.exposure(wallet).lines;
        lines.into_iter().find(|line| line.network == Some(chain_id)).unwrap().at_once
    };
    assert_eq!(ether(&bench), Ceiling::AtMost(wei(ETHER_CEILING)));
    let most = transfer(MAINNET, 0, wei(MOST - 1000)).to_unsigned_bytes();
    sign(&mut bench.gateway(), wallet, most).unwrap();
    assert_eq!(ether(&bench), Ceiling::AtMost(wei(1000)));
    let rest = transfer(MAINNET, 1, Amount::ZERO).to_unsigned_bytes();
    assert_eq!(sign(&mut bench.gateway(), wallet, rest), Err(RefusalCode::NeedsOwner));
}
