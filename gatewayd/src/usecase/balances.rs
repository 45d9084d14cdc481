//! What a wallet holds, asked of its chain.

use std::collections::BTreeMap;

use primitives::{Address, Amount, Asset, Network};

use crate::app::App;
use crate::chains::{Balance, ChainClient, ChainError};
use crate::store::StoreError;
use crate::store::tokens::Token;
use crate::store::wallets::Wallet;

/// What a wallet holds of one asset, in words too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holding {
    /// Of what.
    pub asset: Asset,
    /// How much, in base units.
    pub amount: Amount,
    /// Decimals of one unit.
    pub decimals: u8,
    /// Such as `USDC`; empty where nobody has named the token.
    pub symbol: String,
    /// Such as `USD Coin`; empty as above.
    pub name: String,
}

/// Why a balance is not known.
#[derive(Debug, thiserror::Error)]
pub enum BalanceError {
    /// The chain does not say.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How much a wallet holds of a network's coin, in base units.
///
/// # Errors
/// When the chain does not say.
pub async fn held_balance(
    app: &App,
    wallet: &Wallet,
    network: &Network,
) -> Result<Amount, BalanceError> {
    Ok(client(app, network)?.balance(wallet.address).await?)
}

/// How much a wallet holds of each network's coin: all networks are asked at once.
pub async fn every_balance<'a>(
    app: &'a App,
    wallet: &Wallet,
) -> Vec<(&'a Network, Result<Amount, BalanceError>)> {
    let networks = app.networks.of(wallet.chain, wallet.environment);
    at_once(networks.map(async |network| (network, held_balance(app, wallet, network).await))).await
}

/// What a wallet holds on a network: its coin, then the tokens of the registry, and those that the
/// chain itself lists for the wallet.
///
/// # Errors
/// When the chain does not say, or the database fails.
pub async fn held_assets(
    app: &App,
    wallet: &Wallet,
    network: &Network,
) -> Result<Vec<Holding>, BalanceError> {
    let chain_id = network.chain_id;
    let tokens = app.store.read(move |db| db.tokens(chain_id)).await?;
    let tokens: BTreeMap<Address, Token> =
        tokens.into_iter().map(|token| (token.address, token)).collect();
    let addresses: Vec<Address> = tokens.keys().copied().collect();
    let balances = client(app, network)?.assets(wallet.address, &addresses).await?;
    Ok(balances.into_iter().filter_map(|found| holding(found, network, &tokens)).collect())
}

/// What a wallet holds on each of its networks: all networks are asked at once.
pub async fn every_asset<'a>(
    app: &'a App,
    wallet: &Wallet,
) -> Vec<(&'a Network, Result<Vec<Holding>, BalanceError>)> {
    let networks = app.networks.of(wallet.chain, wallet.environment);
    at_once(networks.map(async |network| (network, held_assets(app, wallet, network).await))).await
}

fn client<'a>(app: &'a App, network: &Network) -> Result<&'a ChainClient, ChainError> {
    app.chains.client(&network.name).ok_or(ChainError::Invalid("the network is not served"))
}

/// Nothing where neither the registry nor the chain knows what the token's units are.
fn holding(
    found: Balance,
    network: &Network,
    tokens: &BTreeMap<Address, Token>,
) -> Option<Holding> {
    let (decimals, symbol, name) = match found.asset {
        Asset::Native => {
            let coin = &network.native;
            (coin.decimals, coin.symbol.to_string(), coin.name.to_string())
        }
        Asset::Token(address) => match tokens.get(&address) {
            Some(token) => (token.decimals, token.symbol.clone(), token.name.clone()),
            None => (found.decimals?, String::new(), String::new()),
        },
    };
    Some(Holding { asset: found.asset, amount: found.amount, decimals, symbol, name })
}

impl Holding {
    /// What its worth depends on.
    pub const fn counted(&self) -> (Asset, Amount, u8) {
        (self.asset, self.amount, self.decimals)
    }
}

/// Waits for all of them at the same time; the answers are in the order of the questions.
pub async fn at_once<T>(questions: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = questions.map(|question| (Box::pin(question), None)).collect();
    std::future::poll_fn(|context| {
        for (question, answer) in &mut waiting {
            if answer.is_none()
                && let std::task::Poll::Ready(found) = question.as_mut().poll(context)
            {
                *answer = Some(found);
            }
        }
        if waiting.iter().all(|(_, answer)| answer.is_some()) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    waiting.into_iter().filter_map(|(_, answer)| answer).collect()
}
