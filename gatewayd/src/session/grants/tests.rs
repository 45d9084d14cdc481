//! Each grant refuses what it does not allow, and lets its neighbour pass.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use api::ErrorCode;
use primitives::{Chain, EvmAddress};
use proptest::prelude::*;
use txcodec::evm::erc20;
use txcodec::{Decoded, evm, message};

use super::*;

const OWN: EvmAddress = EvmAddress([1; 20]);
const FRIEND: EvmAddress = EvmAddress([2; 20]);
const STRANGER: EvmAddress = EvmAddress([3; 20]);
const TOKEN: EvmAddress = EvmAddress([0xaa; 20]);
/// Of every transaction below, in wei.
const FEE: u64 = 1;

fn mainnet() -> ChainId {
    "eip155:1".parse().unwrap()
}

fn call(to: Option<EvmAddress>, value: u64, data: Vec<u8>) -> Decoded {
    let transaction = evm::Transaction {
        kind: evm::Kind::Legacy { gas_price: Amount::from(FEE) },
        chain_id: NonZeroU64::MIN,
        nonce: 0,
        gas_limit: 1,
        to,
        value: value.into(),
        data,
    };
    evm::decode(&transaction.to_unsigned_bytes(), OWN).unwrap()
}

fn native(wei: u64) -> Decoded {
    call(Some(FRIEND), wei, Vec::new())
}

fn token(amount: u64) -> Decoded {
    call(Some(TOKEN), 0, erc20::transfer(FRIEND, amount.into()))
}

fn approve(spender: EvmAddress, amount: u64) -> Decoded {
    call(Some(TOKEN), 0, erc20::approve(spender, amount.into()))
}

fn unknown_call(value: u64) -> Decoded {
    call(Some(TOKEN), value, vec![1, 2, 3, 4])
}

fn text() -> Decoded {
    message::decode_text(Chain::Evm, b"hello").unwrap()
}

fn nothing_spent() -> Spent {
    Spent { assets: BTreeMap::new(), usd: Some(UsdMicros::ZERO), transactions: 0 }
}

fn asked(decoded: &Decoded, kind: Kind) -> Asked<'_> {
    Asked { decoded, kind, network: Some(mainnet()), worth: Some(UsdMicros::new(5)) }
}

fn allows(grants: &Grants, decoded: &Decoded, kind: Kind) -> bool {
    match grants.denial(&asked(decoded, kind), &nothing_spent()) {
        None => true,
        Some(denial) => {
            assert_eq!(denial.code, ErrorCode::ConstraintViolated);
            assert!(!denial.reason.is_empty() && !denial.remedy.is_empty());
            false
        }
    }
}

fn operations(kinds: &[Kind]) -> Grants {
    Grants { operations: Some(kinds.iter().copied().collect()), ..Grants::default() }
}

fn limit(asset: Asset, one: Option<u64>, all: Option<u64>) -> AssetLimit {
    let (per_transaction, total) = (one.map(Amount::from), all.map(Amount::from));
    AssetLimit { network: mainnet(), asset, per_transaction, total }
}

fn limits(limits: &[AssetLimit]) -> Grants {
    Grants { limits: Some(limits.to_vec()), ..Grants::default() }
}

#[test]
fn a_session_without_limits_asks_for_everything_and_one_that_reads_for_nothing() {
    for (decoded, kind) in [
        (native(5), Kind::Transfer),
        (token(5), Kind::TokenTransfer),
        (unknown_call(5), Kind::ContractCall),
        (text(), Kind::SignMessage),
    ] {
        assert!(allows(&Grants::default(), &decoded, kind));
        for role in [Role::Viewer, Role::Auditor] {
            assert!(!allows(&Grants { role, ..Grants::default() }, &decoded, kind), "{role}");
        }
    }
}

#[test]
fn what_the_bytes_do_needs_its_operation_whatever_it_was_asked_for_as() {
    use Kind::{
        Approve, Batch, ContractCall, ContractDeploy, NftTransfer, Sign, SignMessage,
        TokenTransfer, Transfer,
    };
    let deploy = call(None, 0, vec![0]);
    let transfer_of_one_of_a_kind = {
        let words = [OWN.0, FRIEND.0, [9; 20]].map(|address| [&[0; 12][..], &address].concat());
        call(Some(TOKEN), 0, [&[0x42, 0x84, 0x2e, 0x0e][..], &words.concat()].concat())
    };
    let rows: &[(&Decoded, Kind, &[Kind], bool)] = &[
        (&native(5), Transfer, &[Transfer], true),
        (&native(5), Transfer, &[TokenTransfer], false),
        (&native(5), Sign, &[Transfer], false),
        (&native(5), Sign, &[Sign], false),
        (&native(5), Sign, &[Sign, Transfer], true),
        (&native(5), Batch, &[Transfer], false),
        (&native(5), Batch, &[Batch, Transfer], true),
        (&token(5), TokenTransfer, &[TokenTransfer], true),
        (&token(5), ContractCall, &[ContractCall], false),
        (&token(5), ContractCall, &[ContractCall, TokenTransfer], true),
        (&approve(FRIEND, 5), Approve, &[Approve], true),
        (&approve(FRIEND, 5), ContractCall, &[ContractCall], false),
        (&approve(FRIEND, 5), ContractCall, &[ContractCall, Approve], true),
        (&unknown_call(0), ContractCall, &[ContractCall], true),
        (&unknown_call(5), ContractCall, &[ContractCall], true),
        (&unknown_call(5), Transfer, &[Transfer], false),
        (&deploy, ContractDeploy, &[ContractDeploy], true),
        (&deploy, ContractDeploy, &[ContractCall], false),
        (&transfer_of_one_of_a_kind, NftTransfer, &[NftTransfer], true),
        (&transfer_of_one_of_a_kind, ContractCall, &[ContractCall], false),
        (&text(), SignMessage, &[SignMessage], true),
        (&text(), SignMessage, &[Transfer], false),
    ];
    for (decoded, kind, allowed, expected) in rows {
        let found = allows(&operations(allowed), decoded, *kind);
        assert_eq!(found, *expected, "{kind:?} with {allowed:?}: {:?}", decoded.effects());
    }
}

#[test]
fn a_session_stays_on_its_networks_also_where_only_the_bytes_name_one() {
    let on = |network: &str| Grants {
        networks: Some(BTreeSet::from([network.parse().unwrap()])),
        ..Grants::default()
    };
    assert!(allows(&on("eip155:1"), &native(5), Kind::Transfer));
    assert!(!allows(&on("eip155:8453"), &native(5), Kind::Transfer));
    let decoded = native(5);
    let unnamed = Asked { network: None, ..asked(&decoded, Kind::Sign) };
    assert!(on("eip155:8453").denial(&unnamed, &nothing_spent()).is_some());
    assert!(on("eip155:1").denial(&unnamed, &nothing_spent()).is_none());
    let text = text();
    let nowhere = Asked { network: None, ..asked(&text, Kind::SignMessage) };
    assert!(on("eip155:1").denial(&nowhere, &nothing_spent()).is_none());
}

#[test]
fn only_the_recipients_get_something_now_or_later() {
    let friends = Grants { recipients: Some(BTreeSet::from([FRIEND.into()])), ..Grants::default() };
    let to_stranger = call(Some(STRANGER), 5, Vec::new());
    let token_to_stranger = call(Some(TOKEN), 0, erc20::transfer(STRANGER, 5_u64.into()));
    for (decoded, kind, expected) in [
        (native(5), Kind::Transfer, true),
        (to_stranger, Kind::Transfer, false),
        (token(5), Kind::TokenTransfer, true),
        (token_to_stranger, Kind::TokenTransfer, false),
        (approve(FRIEND, 5), Kind::Approve, true),
        (approve(STRANGER, 5), Kind::Approve, false),
        (approve(STRANGER, 0), Kind::Approve, true),
        (unknown_call(5), Kind::ContractCall, false),
        (unknown_call(0), Kind::ContractCall, false), // nobody knows who gets what
        (text(), Kind::SignMessage, true),
    ] {
        assert_eq!(allows(&friends, &decoded, kind), expected, "{:?}", decoded.effects());
    }
    let operations = Some(BTreeSet::from([Kind::ContractCall]));
    let named = Grants { operations, ..friends };
    assert!(allows(&named, &unknown_call(0), Kind::ContractCall));
}

#[test]
fn an_amount_is_allowed_up_to_its_last_unit_and_unlisted_assets_not_at_all() {
    let coin = |one, all| limits(&[limit(Asset::Native, one, all)]);
    for (grants, wei, expected) in [
        (coin(Some(10), None), 10 - FEE, true),
        (coin(Some(10), None), 11 - FEE, false),
        (coin(None, Some(10)), 10 - FEE, true),
        (coin(None, Some(10)), 11 - FEE, false),
        (coin(Some(5), Some(10)), 9, false),
    ] {
        assert_eq!(allows(&grants, &native(wei), Kind::Transfer), expected, "{wei} {grants:?}");
    }
    let of_token = Asset::Token(TOKEN.into());
    let only_token = limits(&[limit(of_token, Some(5), None)]);
    assert!(!allows(&only_token, &token(5), Kind::TokenTransfer), "the fee is in coins");
    let both = limits(&[limit(of_token, Some(5), None), limit(Asset::Native, Some(FEE), None)]);
    assert!(allows(&both, &token(5), Kind::TokenTransfer));
    assert!(!allows(&both, &token(6), Kind::TokenTransfer));
    assert!(!allows(&both, &native(1), Kind::Transfer));
    assert!(!allows(&coin(Some(10), None), &approve(FRIEND, 1), Kind::Approve));
}

#[test]
fn what_was_spent_before_counts_against_a_total_and_not_against_one_transaction() {
    let grants = limits(&[limit(Asset::Native, Some(8), Some(10))]);
    let decoded = native(5);
    let after = |wei: u64| {
        let assets = BTreeMap::from([(Asset::Native, Amount::from(wei))]);
        let spent = Spent { assets, ..nothing_spent() };
        grants.denial(&asked(&decoded, Kind::Transfer), &spent).is_none()
    };
    assert!(after(4), "six more make ten");
    assert!(!after(5));
    assert!(!after(u64::MAX));
    let most = Spent { assets: BTreeMap::from([(Asset::Native, Amount::MAX)]), ..nothing_spent() };
    assert!(grants.denial(&asked(&decoded, Kind::Transfer), &most).is_some(), "no wrap");
}

#[test]
fn what_costs_no_amount_needs_its_name_where_amounts_are_limited() {
    let wide = limit(Asset::Native, Some(1_000), None);
    for grants in [
        limits(&[wide]),
        Grants { total_usd: Some(UsdMicros::new(1_000)), ..Grants::default() },
        Grants { per_transaction_usd: Some(UsdMicros::new(1_000)), ..Grants::default() },
    ] {
        assert!(allows(&grants, &native(5), Kind::Transfer));
        assert!(!allows(&grants, &unknown_call(5), Kind::ContractCall));
        let named = Grants { operations: Some(BTreeSet::from([Kind::ContractCall])), ..grants };
        assert!(allows(&named, &unknown_call(5), Kind::ContractCall));
    }
}

#[test]
fn dollars_count_to_the_millionth_and_an_unknown_price_is_above_every_line() {
    let decoded = native(5);
    let said = |grants: &Grants, worth: Option<u64>, spent: Option<u64>| {
        let worth = worth.map(UsdMicros::new);
        let usd = spent.map(UsdMicros::new);
        let asked = Asked { worth, ..asked(&decoded, Kind::Transfer) };
        grants.denial(&asked, &Spent { usd, ..nothing_spent() }).is_none()
    };
    let one = Grants { per_transaction_usd: Some(UsdMicros::new(10)), ..Grants::default() };
    let all = Grants { total_usd: Some(UsdMicros::new(10)), ..Grants::default() };
    assert!(said(&one, Some(10), None));
    assert!(!said(&one, Some(11), None));
    assert!(!said(&one, None, Some(0)));
    assert!(said(&all, Some(4), Some(6)));
    assert!(!said(&all, Some(5), Some(6)));
    assert!(!said(&all, None, Some(0)));
    assert!(!said(&all, Some(0), None));
    assert!(!said(&all, Some(1), Some(u64::MAX)), "no wrap");
    assert!(said(&Grants::default(), None, None));
}

#[test]
fn the_last_transaction_is_the_last() {
    let grants = Grants { max_transactions: Some(2), ..Grants::default() };
    let decoded = native(5);
    for (before, expected) in [(0, true), (1, true), (2, false), (3, false)] {
        let spent = Spent { transactions: before, ..nothing_spent() };
        let denial = grants.denial(&asked(&decoded, Kind::Transfer), &spent);
        assert_eq!(denial.is_none(), expected, "{before}");
    }
}

#[test]
fn grants_that_would_mislead_are_refused() {
    let ok = |grants: Grants| grants.checked().is_ok();
    assert!(ok(Grants::default()));
    assert!(ok(Grants { role: Role::Viewer, ..Grants::default() }));
    assert!(!ok(Grants { role: Role::Viewer, ..operations(&[Kind::Transfer]) }));
    assert!(!ok(operations(&[])));
    assert!(!ok(Grants { networks: Some(BTreeSet::new()), ..Grants::default() }));
    assert!(!ok(Grants { recipients: Some(BTreeSet::new()), ..Grants::default() }));
    assert!(!ok(limits(&[])));
    let coin = limit(Asset::Native, Some(1), Some(1));
    assert!(ok(limits(std::slice::from_ref(&coin))));
    assert!(!ok(limits(&[coin.clone(), coin])));
    assert!(!ok(limits(&[limit(Asset::Native, None, None)])));
    assert!(!ok(limits(&[limit(Asset::Native, Some(2), Some(1))])));
    let solana = Asset::Token(primitives::SolanaAddress([5; 32]).into());
    assert!(!ok(limits(&[limit(solana, Some(1), None)])));
    let usd = |one, all| Grants {
        per_transaction_usd: Some(UsdMicros::new(one)),
        total_usd: Some(UsdMicros::new(all)),
        ..Grants::default()
    };
    assert!(ok(usd(1, 1)));
    assert!(!ok(usd(2, 1)));
    assert!(!ok(Grants { max_transactions: Some(0), ..Grants::default() }));
    let many = (0..=100).map(|byte| EvmAddress([byte; 20]).into()).collect();
    assert!(!ok(Grants { recipients: Some(many), ..Grants::default() }));
}

proptest! {
    /// However many payments a session asks for, those that pass stay within its total.
    #[test]
    fn what_passes_adds_up_to_no_more_than_the_total(
        total in 1..10_000_u64,
        one in 1..10_000_u64,
        payments in prop::collection::vec(0..5_000_u64, 0..40),
    ) {
        let grants = limits(&[limit(Asset::Native, Some(one), Some(total))]);
        let mut sum = 0;
        for wei in payments {
            let assets = BTreeMap::from([(Asset::Native, Amount::from(sum))]);
            let decoded = native(wei);
            let spent = Spent { assets, ..nothing_spent() };
            let denial = grants.denial(&asked(&decoded, Kind::Transfer), &spent);
            let fits = wei + FEE <= one && sum + wei + FEE <= total;
            prop_assert_eq!(denial.is_none(), fits);
            if fits {
                sum += wei + FEE;
            }
        }
        prop_assert!(sum <= total);
    }
}
