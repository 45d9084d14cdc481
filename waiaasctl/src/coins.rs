//! Amounts, coins and networks as people read them.

use primitives::{Amount, Asset, ChainId, NativeCoin, builtin_by_chain_id, builtin_by_name};

/// The coin of a network that needs no settings; without a network, that of every cluster of Solana.
pub(crate) fn native_coin(network: Option<ChainId>) -> Option<&'static NativeCoin> {
    let network = match network {
        Some(chain_id) => builtin_by_chain_id(chain_id),
        None => builtin_by_name("solana-mainnet"),
    };
    network.map(|network| &network.native)
}

/// A network's name, or its identifier; without a network, all clusters of Solana.
pub(crate) fn network_name(network: Option<ChainId>) -> String {
    let Some(chain_id) = network else { return "solana, all clusters together".to_owned() };
    builtin_by_chain_id(chain_id)
        .map_or_else(|| chain_id.to_string(), |network| network.name.to_string())
}

/// What an asset is called, and its decimals where they are known. Those of a token are not: what a
/// contract says of itself is not believed.
pub(crate) fn asset_name(network: Option<ChainId>, asset: Asset) -> (String, Option<u8>) {
    match (asset, native_coin(network)) {
        (Asset::Native, Some(coin)) => (coin.symbol.to_string(), Some(coin.decimals)),
        (Asset::Native, None) => ("native coin, base units".to_owned(), None),
        (Asset::Token(token), _) => (format!("{token}, base units"), None),
    }
}

/// An amount in coins where their decimals are known, else in base units.
pub(crate) fn in_units(amount: Amount, decimals: Option<u8>) -> String {
    decimals.map_or_else(|| amount.to_string(), |decimals| amount.to_units(decimals))
}
