//! What the examples that measure share: wallets, and medians of what they do.

use gatewayd::clock::UnixSeconds;
use gatewayd::store::wallets::{Wallet, WalletStatus};
use primitives::{Address, Chain, Environment, EvmAddress, WalletId};

/// The id of the wallet of that number.
pub(crate) const fn wallet_id(number: u32) -> WalletId {
    let [a, b, c, d] = number.to_be_bytes();
    WalletId::from_bytes([a, b, c, d, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
}

/// The address of the wallet of that number.
pub(crate) const fn address(number: u32) -> EvmAddress {
    let [a, b, c, d] = number.to_be_bytes();
    EvmAddress([a, b, c, d, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1])
}

/// A wallet of EVM networks that is in use.
pub(crate) fn wallet(number: u32, environment: Environment) -> Wallet {
    Wallet {
        id: wallet_id(number),
        name: format!("wallet {number}"),
        chain: Chain::Evm,
        environment,
        address: Address::Evm(address(number)),
        public_key: vec![2; 33],
        status: WalletStatus::Active,
        suspension: None,
        owner: None,
        approval_method: None,
        wallet_type: None,
        created_at: UnixSeconds::new(1),
        updated_at: None,
    }
}

/// The middle one of so many nanoseconds; 0 of none.
pub(crate) fn middle(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}
