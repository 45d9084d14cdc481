//! Deeds of every kind, for tests of what must hold for all of them.

use std::time::Duration;

use primitives::{Address, Amount, Asset, EvmAddress, SolanaAddress};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::{
    Account, Allowance, Approve, Call, Deed, Deploy, GasCondition, Instruction, NftStandard,
    NftTransfer, Transfer,
};

/// Any deed.
pub(crate) fn any_deed() -> impl Strategy<Value = Deed> {
    prop_oneof![single(), vec(single(), 2..5).prop_map(Deed::Batch)]
}

/// Any condition.
pub(crate) fn any_condition() -> impl Strategy<Value = GasCondition> {
    (option::of(amount()), option::of(amount()), 60..=86_400_u64).prop_map(
        |(max_gas_price, max_priority_fee, seconds)| GasCondition {
            max_gas_price,
            max_priority_fee,
            timeout: Duration::from_secs(seconds),
        },
    )
}

fn single() -> impl Strategy<Value = Deed> {
    prop_oneof![
        transfer().prop_map(Deed::Transfer),
        call().prop_map(Deed::Call),
        vec(instruction(), 1..4).prop_map(Deed::Instructions),
        approve().prop_map(Deed::Approve),
        nft_transfer().prop_map(Deed::NftTransfer),
        (bytes(), amount()).prop_map(|(code, value)| Deed::Deploy(Deploy { code, value })),
    ]
}

fn transfer() -> impl Strategy<Value = Transfer> {
    (asset(), address(), amount(), any::<u8>(), option::of(".*"), option::of(".*")).prop_map(
        |(asset, to, amount, decimals, symbol, memo)| Transfer {
            asset,
            to,
            amount,
            decimals,
            symbol,
            memo,
        },
    )
}

fn call() -> impl Strategy<Value = Call> {
    (evm(), amount(), bytes()).prop_map(|(to, value, data)| Call { to, value, data })
}

fn instruction() -> impl Strategy<Value = Instruction> {
    let account = (solana(), any::<bool>(), any::<bool>())
        .prop_map(|(pubkey, signer, writable)| Account { pubkey, signer, writable });
    (solana(), bytes(), vec(account, 0..3)).prop_map(|(program_id, data, accounts)| Instruction {
        program_id,
        data,
        accounts,
    })
}

fn approve() -> impl Strategy<Value = Approve> {
    let allowance = prop_oneof![
        (amount(), any::<u8>(), option::of(".*")).prop_map(|(amount, decimals, symbol)| {
            Allowance::Amount { amount, decimals, symbol }
        }),
        (amount(), standard())
            .prop_map(|(token_id, standard)| Allowance::Item { token_id, standard }),
    ];
    (address(), address(), allowance).prop_map(|(token, spender, allowance)| Approve {
        token,
        spender,
        allowance,
    })
}

fn nft_transfer() -> impl Strategy<Value = NftTransfer> {
    (address(), address(), amount(), standard(), amount()).prop_map(
        |(to, contract, token_id, standard, amount)| NftTransfer {
            to,
            contract,
            token_id,
            standard,
            amount,
        },
    )
}

fn standard() -> impl Strategy<Value = NftStandard> {
    prop::sample::select(vec![NftStandard::Erc721, NftStandard::Erc1155, NftStandard::Metaplex])
}

fn amount() -> impl Strategy<Value = Amount> {
    any::<[u8; 32]>().prop_map(Amount::from_be_bytes)
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..40)
}

fn asset() -> impl Strategy<Value = Asset> {
    prop_oneof![Just(Asset::Native), address().prop_map(Asset::Token)]
}

fn address() -> impl Strategy<Value = Address> {
    prop_oneof![evm().prop_map(Address::Evm), solana().prop_map(Address::Solana)]
}

fn evm() -> impl Strategy<Value = EvmAddress> {
    any::<[u8; 20]>().prop_map(EvmAddress)
}

fn solana() -> impl Strategy<Value = SolanaAddress> {
    any::<[u8; 32]>().prop_map(SolanaAddress)
}
