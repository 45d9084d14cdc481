//! What a request to do something means: whose wallet, where, and exactly what.

mod amount;
mod asset;
mod call;
mod nft;

use primitives::{Address, AddressError, AmountError, Chain, ChainId, Network, WalletId};
use sha2::{Digest, Sha256};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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

impl Resolved {
    /// Understands a request. What a token is, the registry or the chain says.
    pub(super) async fn resolve(
        app: &App,
        agent: &Agent,
        request: OrderRequest,
    ) -> Result<Self, OrderError> {
        let wallet = choose_wallet(agent, request.wallet.as_deref())?.clone();
        if wallet.status != WalletStatus::Active {
            return Err(OrderError::WalletInactive(wallet.status));
        }
        let named = request.network.as_deref().or_else(|| request.deed.network());
        let network = choose_network(&app.networks, &wallet, named)?.clone();
        let reader = Reader { app, network: &network };
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
        Ok(Self { wallet, network, order })
    }

    /// SHA-256 of everything that makes it this order and no other.
    pub(super) fn digest(&self) -> [u8; 32] {
        digest(self.wallet.id, &self.order)
    }
}

impl Reader<'_> {
    /// Understands a call as far as that takes no node: its ABI and arguments, which may be large, are
    /// let go before one is asked.
    fn part(self, request: DeedRequest) -> Result<Part, OrderError> {
        match request {
            DeedRequest::Call(call) if self.network.chain() == Chain::Evm => {
                self.contract_call(&call).map(|call| Part::Known(Deed::Call(call)))
            }
            request => Ok(Part::Asked(request)),
        }
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

/// Of the order's own JSON, without what the registry of tokens says of decimals and symbols: it may
/// say something else when the same order is repeated.
fn digest(wallet: WalletId, order: &Order) -> [u8; 32] {
    let Order { network, deed, gas_condition }: &Order = order;
    let mut said = serde_json::json!({ "deed": deed, "gasCondition": gas_condition });
    forget_units(&mut said);
    let network: &ChainId = network;
    let digest = Sha256::new().chain_update(format!("{wallet} {network} "));
    digest.chain_update(said.to_string()).finalize().into()
}

fn forget_units(value: &mut serde_json::Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.retain(|name, _| name != "decimals" && name != "symbol");
        fields.values_mut().for_each(forget_units);
    } else if let Some(items) = value.as_array_mut() {
        items.iter_mut().for_each(forget_units);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::store::wallets::sample;
    use crate::tx::any_deed::{any_condition, any_deed};

    fn order(deed: Deed, gas_condition: Option<GasCondition>, network: &str) -> Order {
        Order { network: network.parse().unwrap(), deed, gas_condition }
    }

    /// The deed with other decimals and another symbol.
    fn other_unit(deed: &Deed) -> Deed {
        let mut said = serde_json::to_value(deed).unwrap();
        change_units(&mut said);
        serde_json::from_value(said).unwrap()
    }

    fn change_units(value: &mut serde_json::Value) {
        if let Some(fields) = value.as_object_mut() {
            if fields.contains_key("decimals") {
                fields.insert("decimals".to_owned(), 77.into());
                fields.insert("symbol".to_owned(), "OTHER".into());
            }
            fields.values_mut().for_each(change_units);
        } else if let Some(items) = value.as_array_mut() {
            items.iter_mut().for_each(change_units);
        }
    }

    proptest! {
        #[test]
        fn the_digest_is_another_for_anything_else_that_is_ordered(
            one in any_deed(),
            other in any_deed(),
            condition in any_condition(),
        ) {
            let wallet = sample(1).id;
            let first = digest(wallet, &order(one.clone(), None, "eip155:1"));
            prop_assert_eq!(digest(wallet, &order(other_unit(&one), None, "eip155:1")), first);
            let same = other_unit(&one) == other_unit(&other);
            let second = digest(wallet, &order(other, None, "eip155:1"));
            prop_assert_eq!(first == second, same);
            prop_assert_ne!(digest(wallet, &order(one.clone(), None, "eip155:10")), first);
            prop_assert_ne!(digest(sample(2).id, &order(one.clone(), None, "eip155:1")), first);
            prop_assert_ne!(digest(wallet, &order(one, Some(condition), "eip155:1")), first);
        }

        #[test]
        fn the_digest_depends_on_every_field(deed in any_deed(), which in any::<usize>()) {
            let wallet = sample(1).id;
            let changed = change(&deed, which);
            let [first, second] =
                [deed, changed].map(|deed| digest(wallet, &order(deed, None, "eip155:1")));
            prop_assert_ne!(first, second);
        }
    }

    /// The deed with one of its fields changed; not its decimals and symbols.
    fn change(deed: &Deed, which: usize) -> Deed {
        let mut said = serde_json::to_value(deed).unwrap();
        let mut places = Vec::new();
        leaves(&said, String::new(), &mut places);
        let mut changed = Vec::new();
        for start in 0..places.len() {
            let place = &places[(which + start) % places.len()];
            let found = said.pointer_mut(place).unwrap();
            let before = found.take();
            for value in others(&before) {
                *said.pointer_mut(place).unwrap() = value;
                if let Ok(deed) = serde_json::from_value::<Deed>(said.clone()) {
                    changed.push(deed);
                    break;
                }
            }
            if let Some(deed) = changed.pop() {
                return deed;
            }
            *said.pointer_mut(place).unwrap() = before;
        }
        Deed::Batch(vec![])
    }

    fn leaves(value: &serde_json::Value, place: String, places: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, field) in fields {
                    if name != "decimals" && name != "symbol" {
                        leaves(field, format!("{place}/{name}"), places);
                    }
                }
            }
            serde_json::Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    leaves(item, format!("{place}/{index}"), places);
                }
            }
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::String(_) => places.push(place),
        }
    }

    /// Values that may stand in that one's place.
    fn others(value: &serde_json::Value) -> Vec<serde_json::Value> {
        let words = [
            "7",
            "8",
            "ab",
            "ERC-721",
            "ERC-1155",
            "0x7777777777777777777777777777777777777777",
            "native",
            "11111111111111111111111111111111",
        ];
        let mut others: Vec<serde_json::Value> = words.map(Into::into).to_vec();
        others.extend([true.into(), false.into()]);
        others.retain(|other| other != value);
        others
    }
}
