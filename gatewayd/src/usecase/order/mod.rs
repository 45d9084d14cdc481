//! What a request to do something means: whose wallet, where, and exactly what.

mod amount;
mod asset;
mod call;
mod digest;
mod nft;

use primitives::{Address, AddressError, AmountError, Chain, Network};
use serde::Serialize;

pub use amount::AmountRequest;
pub use asset::AssetRequest;
pub use call::{AccountRequest, CallRequest, DeployRequest, InstructionRequest};
pub use nft::NftRequest;

use super::choice::{ChoiceError, choose_network, choose_wallet};
use super::encode_calldata::CalldataError;
use crate::app::App;
use crate::chains::{ChainClient, ChainError};
use crate::session::Agent;
use crate::store::StoreError;
use crate::store::wallets::{Wallet, WalletStatus};
use crate::tx::{Allowance, Approve, Deed, GasCondition, Order, Transfer, UnitsError};

/// Something to be done, as an agent describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderRequest {
    /// Which wallet; may be left out by a session of one wallet.
    pub wallet: Option<String>,
    /// Name or CAIP-2.
    pub network: Option<String>,
    /// What.
    pub deed: DeedRequest,
    /// Prices of gas that are waited for.
    pub gas_condition: Option<GasCondition>,
}

/// What is done, as an agent describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub enum DeedRequest {
    /// A payment.
    Transfer {
        /// Who gets it.
        to: String,
        /// What.
        asset: AssetRequest,
        /// How much.
        amount: AmountRequest,
        /// Words for the record.
        memo: Option<String>,
    },
    /// A contract or program is called.
    Call(Box<CallRequest>),
    /// Somebody may take tokens later.
    Approve {
        /// Who.
        spender: String,
        /// Which token.
        token: AssetRequest,
        /// How much.
        amount: AmountRequest,
    },
    /// Somebody may take a collectible later.
    ApproveNft {
        /// Who.
        spender: String,
        /// Which one.
        nft: NftRequest,
    },
    /// A collectible goes to somebody.
    NftTransfer {
        /// Who gets it.
        to: String,
        /// Which one.
        nft: NftRequest,
        /// How many of it; one if absent.
        amount: Option<String>,
    },
    /// A contract is created.
    Deploy(DeployRequest),
    /// Several, in this order.
    Batch(Vec<DeedRequest>),
}

/// Why a request is not understood, or not possible at all.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// Wallet or network are not clear, or not the session's.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// The wallet is not used now.
    #[error("the wallet is {0}")]
    WalletInactive(WalletStatus),
    /// What stands there is no address of the network.
    #[error("{field}: {error}")]
    Address {
        /// Where it stands.
        field: &'static str,
        /// What is wrong with it.
        error: AddressError,
    },
    /// The token is not named, or in two ways that do not agree.
    #[error("token: give its address, or its CAIP-19 assetId on this network")]
    TokenUnclear,
    /// The native coin is no token.
    #[error("token: the native coin cannot be approved; it is not a token")]
    NotAToken,
    /// The chain says otherwise.
    #[error("token.decimals is {claimed}, and the token has {actual}")]
    Decimals {
        /// What the request says.
        claimed: u8,
        /// What the chain or the registry says.
        actual: u8,
    },
    /// The amount cannot be read.
    #[error("{field}: {error}")]
    Amount {
        /// Where it stands.
        field: &'static str,
        /// What is wrong with it.
        error: AmountError,
    },
    /// Nothing would be paid.
    #[error("amount: must be more than zero")]
    NothingToPay,
    /// The memo is too long.
    #[error("memo: longer than {MAX_MEMO} bytes")]
    MemoTooLong,
    /// A field is not what belongs there.
    #[error("{field}: {problem}")]
    Field {
        /// Where it stands.
        field: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A field that is for the other kind of chain.
    #[error("{field}: is not for wallets of {chain}")]
    OtherChain {
        /// Which field.
        field: &'static str,
        /// The wallet's chain.
        chain: Chain,
    },
    /// The kind of collectible is not known, or not on this chain.
    #[error("standard: {0:?} is none of ERC-721 and ERC-1155 on EVM networks, METAPLEX on Solana")]
    NftStandard(String),
    /// Function, arguments and ABI do not agree.
    #[error(transparent)]
    Calldata(#[from] CalldataError),
    /// The chain says no, or nothing.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<UnitsError> for OrderError {
    fn from(error: UnitsError) -> Self {
        match error {
            UnitsError::Chain(error) => error.into(),
            UnitsError::Store(error) => error.into(),
        }
    }
}

/// A request that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Resolved {
    pub(super) wallet: Wallet,
    pub(super) network: Network,
    pub(super) order: Order,
}

/// What a request is read with.
#[derive(Clone, Copy)]
struct Reader<'a> {
    app: &'a App,
    network: &'a Network,
}

/// A part of a batch.
enum Part {
    /// It is understood.
    Known(Deed),
    /// A node may have to be asked.
    Asked(DeedRequest),
}

/// Bytes of a memo.
const MAX_MEMO: usize = 256;

impl OrderRequest {
    /// Whose wallet and which network it means.
    pub(super) fn place<'a>(
        &self,
        app: &'a App,
        agent: &'a Agent,
    ) -> Result<(&'a Wallet, &'a Network), ChoiceError> {
        let wallet = choose_wallet(agent, self.wallet.as_deref())?;
        let named = self.network.as_deref().or_else(|| self.deed.network());
        Ok((wallet, choose_network(&app.networks, wallet, named)?))
    }
}

impl Resolved {
    /// Understands a request. What a token is, the registry or the chain says.
    pub(super) async fn resolve(
        app: &App,
        agent: &Agent,
        request: OrderRequest,
    ) -> Result<Self, OrderError> {
        let (wallet, network) = request.place(app, agent)?;
        if wallet.status != WalletStatus::Active {
            return Err(OrderError::WalletInactive(wallet.status));
        }
        let reader = Reader { app, network };
        let deed = if let DeedRequest::Batch(parts) = request.deed {
            let parts: Result<Vec<Part>, _> =
                parts.into_iter().map(|part| reader.part(part)).collect();
            let mut deeds = Vec::new();
            for part in parts? {
                deeds.push(match part {
                    Part::Known(deed) => deed,
                    Part::Asked(request) => reader.deed(request).await?,
                });
            }
            Deed::Batch(deeds)
        } else {
            reader.deed(request.deed).await?
        };
        let chain_id = network.chain_id;
        let order = Order { network: chain_id, deed, gas_condition: request.gas_condition };
        Ok(Self { wallet: wallet.clone(), network: network.clone(), order })
    }
}

impl Reader<'_> {
    /// Understands a call as far as that takes no node: its ABI and arguments, which may be large, are
    /// let go before one is asked.
    fn part(self, request: DeedRequest) -> Result<Part, OrderError> {
        if let DeedRequest::Call(call) = &request
            && self.network.chain() == Chain::Evm
        {
            return self.contract_call(call).map(|call| Part::Known(Deed::Call(call)));
        }
        Ok(Part::Asked(request))
    }

    async fn deed(self, request: DeedRequest) -> Result<Deed, OrderError> {
        Ok(match request {
            DeedRequest::Transfer { to, asset, amount, memo } => {
                let to = self.address("to", &to)?;
                let unit = self.unit(&asset).await?;
                if memo.as_ref().is_some_and(|memo| memo.len() > MAX_MEMO) {
                    return Err(OrderError::MemoTooLong);
                }
                let amount = amount.read(unit.decimals)?;
                if amount.is_zero() {
                    return Err(OrderError::NothingToPay);
                }
                let memo = memo.filter(|memo| !memo.is_empty());
                let (decimals, symbol) = (unit.decimals, unit.symbol);
                Deed::Transfer(Transfer { asset: unit.asset, to, amount, decimals, symbol, memo })
            }
            DeedRequest::Call(call) => self.call(*call).await?,
            DeedRequest::Approve { spender, token, amount } => {
                let spender = self.address("spender", &spender)?;
                let token_address = self.token(&token)?.ok_or(OrderError::NotAToken)?;
                let unit = self.unit(&token).await?;
                let amount = amount.read(unit.decimals)?;
                let (decimals, symbol) = (unit.decimals, unit.symbol);
                let allowance = Allowance::Amount { amount, decimals, symbol };
                Deed::Approve(Approve { token: token_address, spender, allowance })
            }
            DeedRequest::ApproveNft { spender, nft } => self.approve_nft(&spender, &nft)?,
            DeedRequest::NftTransfer { to, nft, amount } => {
                self.nft_transfer(&to, &nft, amount.as_deref())?
            }
            DeedRequest::Deploy(deploy) => self.deploy(&deploy)?,
            DeedRequest::Batch(_) => {
                let problem = "a batch holds no batch";
                return Err(OrderError::Field { field: "instructions", problem });
            }
        })
    }

    fn client(&self) -> Result<&ChainClient, ChainError> {
        let client = self.app.chains.client(&self.network.name);
        client.ok_or(ChainError::Invalid("the network is not served before a restart"))
    }

    fn address(self, field: &'static str, text: &str) -> Result<Address, OrderError> {
        let address = Address::parse_for(self.network.chain(), text);
        address.map_err(|error| OrderError::Address { field, error })
    }
}

impl DeedRequest {
    /// The network that a CAIP-19 identifier names.
    fn network(&self) -> Option<&str> {
        match self {
            Self::Transfer { asset, .. } | Self::Approve { token: asset, .. } => asset.network(),
            Self::ApproveNft { nft, .. } | Self::NftTransfer { nft, .. } => nft.token.network(),
            Self::Batch(parts) => parts.iter().find_map(Self::network),
            Self::Call(_) | Self::Deploy(_) => None,
        }
    }
}
