//! Transactions for tests.

use std::num::NonZeroU64;

use primitives::{Amount, EvmAddress};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{AccessListEntry, Kind, Transaction};

/// A payment of one wei on Ethereum, for 21000 gas at 30 gwei at most.
pub(super) fn plain() -> Transaction {
    Transaction {
        kind: Kind::DynamicFee {
            max_fee_per_gas: Amount::from(30_000_000_000_u64),
            max_priority_fee_per_gas: Amount::from(1_000_000_000_u64),
            access_list: vec![],
        },
        chain_id: NonZeroU64::MIN,
        nonce: 0,
        gas_limit: 21_000,
        to: Some(EvmAddress([0x22; 20])),
        value: Amount::from(1_u64),
        data: vec![],
    }
}

/// Any transaction that is valid.
pub(super) fn transactions() -> impl Strategy<Value = Transaction> {
    let chain_id = 1..=u64::MAX / 2 - 36;
    let to = option::of(any::<[u8; 20]>().prop_map(EvmAddress));
    let data = vec(any::<u8>(), 0..120);
    (kinds(), chain_id, 0..u64::MAX, any::<u64>(), to, amounts(), data).prop_map(
        |(kind, chain_id, nonce, gas_limit, to, value, data)| {
            let chain_id = NonZeroU64::new(chain_id).unwrap();
            Transaction { kind, chain_id, nonce, gas_limit, to, value, data }
        },
    )
}

fn kinds() -> impl Strategy<Value = Kind> {
    prop_oneof![
        amounts().prop_map(|gas_price| Kind::Legacy { gas_price }),
        (amounts(), access_lists())
            .prop_map(|(gas_price, access_list)| Kind::AccessList { gas_price, access_list }),
        (amounts(), amounts(), access_lists()).prop_map(|(one, other, access_list)| {
            Kind::DynamicFee {
                max_fee_per_gas: one.max(other),
                max_priority_fee_per_gas: one.min(other),
                access_list,
            }
        }),
    ]
}

fn access_lists() -> impl Strategy<Value = Vec<AccessListEntry>> {
    let entry = (any::<[u8; 20]>(), vec(any::<[u8; 32]>(), 0..3)).prop_map(|(address, keys)| {
        AccessListEntry { address: EvmAddress(address), storage_keys: keys }
    });
    vec(entry, 0..3)
}

/// Amounts of every length.
fn amounts() -> impl Strategy<Value = Amount> {
    vec(any::<u8>(), 0..=32).prop_map(|bytes| Amount::from_be_slice(&bytes).unwrap())
}
