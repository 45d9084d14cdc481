//! The registry of tokens: list, add, remove, ask the chain.

use primitives::{Address, AddressError, Network};

use crate::app::App;
use crate::chains::{ChainError, TokenMetadata};
use crate::session::{Caller, Master};
use crate::store::tokens::Token;
use crate::store::{StoreError, TokenId};

/// Tokens of one network.
const MAX_TOKENS: usize = 1_000;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// On which network, by name or CAIP-2.
    pub network: String,
    /// Contract or mint.
    pub address: String,
    /// Such as `USDC`.
    pub symbol: String,
    /// Such as `USD Coin`.
    pub name: String,
    /// What the asker believes; it must be what the chain says.
    pub decimals: u8,
}

/// Why the registry is not what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// There is no such network.
    #[error("unknown network {0:?}")]
    UnknownNetwork(String),
    /// The address is none of the network.
    #[error("address: {0}")]
    Address(#[from] AddressError),
    /// Symbol or name are empty, endless or cannot be printed.
    #[error("a token's symbol is 1 to 32 printable characters, its name 1 to 64")]
    Words,
    /// The chain says otherwise. Amounts would be wrong by powers of ten.
    #[error("the token has {chain} decimals, not {given}")]
    Decimals {
        /// What the chain says.
        chain: u8,
        /// What was given.
        given: u8,
    },
    /// More tokens than the gateway keeps.
    #[error("a network has at most {MAX_TOKENS} tokens: remove some")]
    TooMany,
    /// The chain does not say.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A network's tokens, by symbol.
///
/// # Errors
/// When there is no such network, or the database fails.
pub async fn list_tokens<'a>(
    app: &'a App,
    _caller: &Caller,
    network: &str,
) -> Result<(&'a Network, Vec<Token>), TokenError> {
    let network = find(app, network)?;
    let chain_id = network.chain_id;
    Ok((network, app.store.read(move |db| db.tokens(chain_id)).await?))
}

/// Lists a token, once the chain has said that its decimals are those.
///
/// # Errors
/// When network, address or words are none, the chain says otherwise or nothing.
pub async fn add_token<'a>(
    app: &'a App,
    master: &Master,
    new: NewToken,
) -> Result<(&'a Network, Token), TokenError> {
    check_words(&new)?;
    let (network, found) = resolve_token(app, master, &new.network, &new.address).await?;
    if found.decimals != new.decimals {
        return Err(TokenError::Decimals { chain: found.decimals, given: new.decimals });
    }
    let token = Token {
        id: TokenId::new(&app.clock),
        network: network.chain_id,
        address: found.address,
        symbol: new.symbol,
        name: new.name,
        decimals: found.decimals,
        created_at: app.clock.now(),
    };
    let kept = token.clone();
    let write = app.store.write(move |db| {
        if db.tokens(kept.network)?.len() >= MAX_TOKENS {
            return Err(TokenError::TooMany);
        }
        Ok(db.put_token(&kept)?)
    });
    write.await?;
    Ok((network, token))
}

/// Takes a token off the list. Whether it was on it.
///
/// # Errors
/// When there is no such network, the address is none of it, or the database fails.
pub async fn remove_token<'a>(
    app: &'a App,
    _master: &Master,
    network: &str,
    address: &str,
) -> Result<(&'a Network, Address, bool), TokenError> {
    let network = find(app, network)?;
    let address = Address::parse_for(network.chain(), address)?;
    let chain_id = network.chain_id;
    let removed = app.store.write(move |db| db.remove_token(chain_id, address)).await?;
    Ok((network, address, removed))
}

/// What the chain says of a token.
///
/// # Errors
/// When there is no such network, no token at the address, or the chain does not say.
pub async fn resolve_token<'a>(
    app: &'a App,
    _master: &Master,
    network: &str,
    address: &str,
) -> Result<(&'a Network, TokenMetadata), TokenError> {
    let network = find(app, network)?;
    let address = Address::parse_for(network.chain(), address)?;
    let client = app.chains.client(&network.name);
    let client = client.ok_or_else(|| TokenError::UnknownNetwork(network.name.to_string()))?;
    Ok((network, client.token_metadata(address).await?))
}

fn find<'a>(app: &'a App, given: &str) -> Result<&'a Network, TokenError> {
    let network = app.networks.find(given);
    network.ok_or_else(|| TokenError::UnknownNetwork(given.chars().take(64).collect()))
}

fn check_words(new: &NewToken) -> Result<(), TokenError> {
    let readable = |text: &str, most: usize| {
        (1..=most).contains(&text.chars().count()) && !text.chars().any(char::is_control)
    };
    if readable(&new.symbol, 32) && readable(&new.name, 64) {
        Ok(())
    } else {
        Err(TokenError::Words)
    }
}
