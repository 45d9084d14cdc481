//! What the tests of the policies judge.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use primitives::{Amount, Asset, EvmAddress, Network, WalletId, builtin_by_name};
use serde_json::Value;
use txcodec::evm::{Kind, Transaction, erc20};
use txcodec::{Decoded, evm};

use super::{Facts, Policy, UsdMicros, Verdict, judge};
use crate::tx::Tier;

pub(super) const WALLET: WalletId = WalletId::from_bytes([1; 16]);
pub(super) const TOKEN: EvmAddress = EvmAddress([0xaa; 20]);
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
    Policy { wallet: None, network: None, kind: kind.to_owned(), rules: rules.clone(), priority: 0 }
}

/// What is known when nobody knows a price; the token has 6 decimals.
pub(super) fn verdict(decoded: &Decoded, policies: &[Policy]) -> Verdict {
    verdict_worth(decoded, policies, None, UsdMicros::ZERO)
}

pub(super) fn verdict_worth(
    decoded: &Decoded,
    policies: &[Policy],
    worth: Option<UsdMicros>,
    spent: UsdMicros,
) -> Verdict {
    let facts = Facts {
        wallet: WALLET,
        environment: mainnet().environment,
        network: Some(mainnet()),
        policies,
        decimals: &BTreeMap::from([(Asset::Token(TOKEN.into()), 6)]),
        worth,
        spent_in_day: Some(spent),
        spent_in_month: Some(spent),
    };
    judge(decoded, &facts)
}

/// The tier, or the rule that denies.
pub(super) fn outcome(verdict: Verdict) -> Result<Tier, &'static str> {
    match verdict {
        Verdict::Allow(allowed) => Ok(allowed.tier),
        Verdict::Deny(denial) => Err(denial.rule),
    }
}
