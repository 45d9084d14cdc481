//! What a request to pay means: whose money, where, to whom, how much.

use primitives::{Address, AddressError, Amount, AmountError, Asset, ChainId, Network};
use sha2::{Digest, Sha256};

use super::choice::{ChoiceError, choose_network, choose_wallet};
use crate::app::App;
use crate::chains::ChainError;
use crate::session::Agent;
use crate::store::StoreError;
use crate::store::wallets::{Wallet, WalletStatus};
use crate::tx::{Deed, Order, Transfer};

/// A payment as an agent describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentRequest {
    /// Which wallet; may be left out by a session of one wallet.
    pub wallet: Option<String>,
    /// Name or CAIP-2.
    pub network: Option<String>,
    /// Who gets it.
    pub to: String,
    /// What.
    pub asset: AssetRequest,
    /// How much.
    pub amount: AmountRequest,
    /// Words for the record.
    pub memo: Option<String>,
}

/// What is paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssetRequest {
    /// The network's own coin.
    Native,
    /// A token.
    Token {
        /// Contract or mint; may be left out with `asset_id`.
        address: Option<String>,
        /// CAIP-19.
        asset_id: Option<String>,
        /// What the agent believes; refused where the chain says otherwise.
        decimals: Option<u8>,
    },
}

/// How much is paid, in digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AmountRequest {
    /// Wei, lamports, a token's smallest unit.
    BaseUnits(String),
    /// Whole units with decimals, such as `0.5`.
    Units(String),
}

/// Why a payment is not understood, or not possible at all.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// Wallet or network are not clear, or not the session's.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The wallet is not used now.
    #[error("the wallet is {0}")]
    WalletInactive(WalletStatus),
    /// The recipient is no address there.
    #[error("to: {0}")]
    Recipient(AddressError),
    /// The token is no address there.
    #[error("token.address: {0}")]
    TokenAddress(AddressError),
    /// The token is not named, or in two ways that do not agree.
    #[error("token: give its address, or its CAIP-19 assetId on this network")]
    TokenUnclear,
    /// The chain says otherwise.
    #[error("token.decimals is {claimed}, and the token has {actual}")]
    Decimals {
        /// What the request says.
        claimed: u8,
        /// What the chain or the registry says.
        actual: u8,
    },
    /// The amount cannot be read.
    #[error("amount: {0}")]
    Amount(AmountError),
    /// Nothing would be paid.
    #[error("amount: must be more than zero")]
    NothingToPay,
    /// The memo is too long.
    #[error("memo: longer than {MAX_MEMO} bytes")]
    MemoTooLong,
    /// The chain says no, or nothing.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A payment that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Payment {
    pub(super) wallet: Wallet,
    pub(super) network: Network,
    pub(super) transfer: Transfer,
}

/// Bytes of a memo.
const MAX_MEMO: usize = 256;

impl Payment {
    /// Understands a request. What a token is, the registry or the chain says.
    pub(super) async fn resolve(
        app: &App,
        agent: &Agent,
        request: PaymentRequest,
    ) -> Result<Self, PaymentError> {
        let wallet = choose_wallet(agent, request.wallet.as_deref())?.clone();
        if wallet.status != WalletStatus::Active {
            return Err(PaymentError::WalletInactive(wallet.status));
        }
        let asset_id = request.asset.asset_id();
        let named = request.network.as_deref().or(asset_id.map(|(network, _token)| network));
        let network = choose_network(&app.networks, &wallet, named)?.clone();
        let to = Address::parse_for(wallet.chain, &request.to).map_err(PaymentError::Recipient)?;
        let unit = unit(app, &request.asset, &network).await?;
        if request.memo.as_ref().is_some_and(|memo| memo.len() > MAX_MEMO) {
            return Err(PaymentError::MemoTooLong);
        }
        let amount = request.amount.read(unit.decimals)?;
        let transfer = Transfer {
            asset: unit.asset,
            to,
            amount,
            decimals: unit.decimals,
            symbol: unit.symbol,
            memo: request.memo.filter(|memo| !memo.is_empty()),
        };
        Ok(Self { wallet, network, transfer })
    }

    /// What is asked of the chain.
    pub(super) fn order(&self) -> Order {
        let deed = Deed::Transfer(self.transfer.clone());
        Order { network: self.network.chain_id, deed, gas_condition: None }
    }

    /// SHA-256 of everything that makes it this payment and no other.
    pub(super) fn digest(&self) -> [u8; 32] {
        let Transfer { asset, to, amount, memo, .. } = &self.transfer;
        let network = self.network.chain_id;
        let head = format!("{} {network} {asset} {to} {amount} ", self.wallet.id);
        let digest = Sha256::new().chain_update(head);
        digest.chain_update(memo.as_deref().unwrap_or_default()).finalize().into()
    }
}

impl AssetRequest {
    /// Network and address of a CAIP-19 identifier.
    fn asset_id(&self) -> Option<(&str, &str)> {
        let Self::Token { asset_id: Some(asset_id), .. } = self else { return None };
        let (network, asset) = asset_id.split_once('/')?;
        let (_namespace, token) = asset.split_once(':')?;
        Some((network, token))
    }

    fn token(&self, network: &Network) -> Result<Option<Address>, PaymentError> {
        let Self::Token { address, asset_id, .. } = self else { return Ok(None) };
        let parse = |text: &str| {
            Address::parse_for(network.chain(), text).map_err(PaymentError::TokenAddress)
        };
        let address = address.as_deref().map(parse).transpose()?;
        let by_id = match (asset_id, self.asset_id()) {
            (None, _) => None,
            (Some(_), Some((named, token))) if named.parse() == Ok(network.chain_id) => {
                Some(parse(token)?)
            }
            (Some(_), _) => return Err(PaymentError::TokenUnclear),
        };
        match (address, by_id) {
            (Some(address), Some(by_id)) if address != by_id => Err(PaymentError::TokenUnclear),
            (Some(token), _) | (None, Some(token)) => Ok(Some(token)),
            (None, None) => Err(PaymentError::TokenUnclear),
        }
    }
}

impl AmountRequest {
    fn read(&self, decimals: u8) -> Result<Amount, PaymentError> {
        let amount = match self {
            Self::BaseUnits(digits) => digits.parse(),
            Self::Units(text) => Amount::from_units(text, decimals),
        };
        let amount = amount.map_err(PaymentError::Amount)?;
        if amount.is_zero() { Err(PaymentError::NothingToPay) } else { Ok(amount) }
    }
}

/// An asset and how its amounts are written.
struct Unit {
    asset: Asset,
    decimals: u8,
    symbol: Option<String>,
}

async fn unit(app: &App, request: &AssetRequest, network: &Network) -> Result<Unit, PaymentError> {
    let Some(token) = request.token(network)? else {
        let (decimals, symbol) = (network.native.decimals, network.native.symbol.to_string());
        return Ok(Unit { asset: Asset::Native, decimals, symbol: Some(symbol) });
    };
    let unit = token_unit(app, token, network).await?;
    match request {
        AssetRequest::Token { decimals: Some(claimed), .. } if *claimed != unit.decimals => {
            Err(PaymentError::Decimals { claimed: *claimed, actual: unit.decimals })
        }
        AssetRequest::Token { .. } | AssetRequest::Native => Ok(unit),
    }
}

async fn token_unit(app: &App, token: Address, network: &Network) -> Result<Unit, PaymentError> {
    let (asset, chain_id): (Asset, ChainId) = (Asset::Token(token), network.chain_id);
    if let Some(listed) = app.store.read(move |db| db.token(chain_id, token)).await? {
        return Ok(Unit { asset, decimals: listed.decimals, symbol: Some(listed.symbol) });
    }
    let client = app.chains.client(&network.name);
    let client = client.ok_or(ChainError::Invalid("the network is not served before a restart"))?;
    let metadata = client.token_metadata(token).await?;
    Ok(Unit { asset, decimals: metadata.decimals, symbol: metadata.symbol })
}
