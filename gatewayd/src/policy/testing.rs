//! What the tests of the policies judge.

use std::collections::BTreeMap;
use std::num::NonZeroU64;
use std::sync::LazyLock;

use primitives::{Amount, Asset, EvmAddress, Network, WalletId, builtin_by_name};
use serde_json::Value;
use txcodec::evm::{Kind, Transaction, erc20};
use txcodec::{Decoded, evm};

use super::{Facts, Policy, UsdMicros, Verdict, judge};
use crate::clock::UnixSeconds;
use crate::tx::Tier;

pub(super) const WALLET: WalletId = WalletId::from_bytes([1; 16]);
pub(super) const TOKEN: EvmAddress = EvmAddress([0xaa; 20]);
/// 2026-01-05 12:00 UTC.
pub(super) const NOON_ON_MONDAY: i64 = 1_767_614_400;
const OWN: EvmAddress = EvmAddress([1; 20]);
const OTHER: EvmAddress = EvmAddress([2; 20]);

pub(super) fn mainnet() -> &'static Network {
    builtin_by_name("ethereum-mainnet").unwrap()
}

/// A transaction of ethereum-mainnet whose fee is one wei.
pub(super) fn call(to: Option<EvmAddress>, value: Amount, data: Vec<u8>) -> Decoded {
    let transaction = Transaction {
        kind: Kind::Legacy { gas_price: Amount::from(1_u64) },
        chain_id: NonZeroU64::MIN,
        nonce: 0,
        gas_limit: 1,
        to,
        value,
        data,
    };
    evm::decode(&transaction.to_unsigned_bytes(), OWN).unwrap()
}

pub(super) fn native(amount: Amount) -> Decoded {
    call(Some(OTHER), amount, Vec::new())
}

pub(super) fn token(amount: u64) -> Decoded {
    call(Some(TOKEN), Amount::ZERO, erc20::transfer(OTHER, amount.into()))
}

/// A policy for every wallet and network.
pub(super) fn policy(kind: &str, rules: &Value) -> Policy {
    Policy::new(kind, rules.clone())
}

/// The token has 6 decimals.
static DECIMALS: LazyLock<BTreeMap<Asset, u8>> =
    LazyLock::new(|| BTreeMap::from([(Asset::Token(TOKEN.into()), 6)]));

static NONE_COUNTED: BTreeMap<u64, u64> = BTreeMap::new();

/// What is known on ethereum-mainnet when nobody knows a price.
pub(super) fn facts(policies: &[Policy]) -> Facts<'_> {
    Facts {
        wallet: WALLET,
        environment: mainnet().environment,
        network: Some(mainnet()),
        policies,
        decimals: &DECIMALS,
        worth: None,
        spent_in_day: Some(UsdMicros::ZERO),
        spent_in_month: Some(UsdMicros::ZERO),
        now: UnixSeconds::new(NOON_ON_MONDAY),
        passed: &NONE_COUNTED,
        action: None,
        destination: None,
        reputation: None,
    }
}

pub(super) fn verdict(decoded: &Decoded, policies: &[Policy]) -> Verdict {
    judge(decoded, &facts(policies))
}

/// The tier, or the rule that denies.
pub(super) fn outcome(verdict: Verdict) -> Result<Tier, &'static str> {
    match verdict {
        Verdict::Allow(allowed) => Ok(allowed.tier),
        Verdict::Deny(denial) => Err(denial.rule),
    }
}
