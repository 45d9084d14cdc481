//! What an agent orders: one deed of its wallet on one network.

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::{Address, Amount, Asset, Chain, ChainId, EvmAddress, NativeCoin, SolanaAddress};
use serde::{Deserialize, Serialize};

use super::{Kind, Unit};

/// Something that the gateway builds, has signed and sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Where.
    pub network: ChainId,
    /// What.
    pub deed: Deed,
    /// Prices of gas that are waited for; `None` for whatever it costs.
    pub gas_condition: Option<GasCondition>,
}

/// What is done. Its JSON is kept with the transaction, and read back exactly.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Deed {
    /// A payment in one asset.
    Transfer(Transfer),
    /// A contract is called, on an EVM chain.
    Call(Call),
    /// Programs are called, on Solana: one transaction, in this order.
    Instructions(Vec<Instruction>),
    /// Somebody may take something later.
    Approve(Approve),
    /// A collectible goes to somebody.
    NftTransfer(NftTransfer),
    /// A contract is created, on an EVM chain.
    Deploy(Deploy),
    /// Several in this order: one transaction on Solana, one after the other on an EVM chain.
    Batch(Vec<Deed>),
}

/// A payment in one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transfer {
    /// Of what.
    pub asset: Asset,
    /// To whom; on Solana the owner, not the token account.
    pub to: Address,
    /// In base units.
    pub amount: Amount,
    /// Decimals of the asset, as the chain or the registry says.
    pub decimals: u8,
    /// The asset's symbol, as the chain or the registry says.
    pub symbol: Option<String>,
    /// Words for the record.
    pub memo: Option<String>,
}

/// A call of a contract.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Call {
    /// The contract.
    pub to: EvmAddress,
    /// Wei that go along.
    pub value: Amount,
    /// Call data.
    #[serde(with = "hex")]
    pub data: Vec<u8>,
}

/// A call of a Solana program, with the accounts of lookup tables already found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Instruction {
    /// The program.
    pub program_id: SolanaAddress,
    /// What the program reads.
    #[serde(with = "hex")]
    pub data: Vec<u8>,
    /// The accounts that it gets, in the program's own order.
    pub accounts: Vec<Account>,
}

/// An account that an instruction uses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The account.
    pub pubkey: SolanaAddress,
    /// It must sign the transaction.
    pub signer: bool,
    /// The program may change it.
    pub writable: bool,
}

/// Somebody may take something of the wallet later.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approve {
    /// The contract or mint.
    pub token: Address,
    /// Who may take it.
    pub spender: Address,
    /// What may be taken.
    pub allowance: Allowance,
}

/// What may be taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Allowance {
    /// So much of a token; nothing takes an allowance back.
    Amount {
        /// In base units.
        amount: Amount,
        /// Decimals of the token, as the chain or the registry says.
        decimals: u8,
        /// The token's symbol, as the chain or the registry says.
        symbol: Option<String>,
    },
    /// A collectible: this one by ERC-721, all of the contract by ERC-1155.
    Item {
        /// Which one.
        token_id: Amount,
        /// By which standard.
        standard: NftStandard,
    },
}

/// A collectible goes to somebody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NftTransfer {
    /// Who gets it.
    pub to: Address,
    /// The contract, or the mint.
    pub contract: Address,
    /// Which one; zero where the mint says it.
    pub token_id: Amount,
    /// By which standard.
    pub standard: NftStandard,
    /// How many of it.
    pub amount: Amount,
}

/// How a collectible is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NftStandard {
    /// One of a kind, in an EVM contract.
    #[serde(rename = "ERC-721")]
    Erc721,
    /// One or more of a kind, in an EVM contract.
    #[serde(rename = "ERC-1155")]
    Erc1155,
    /// A Solana mint of one.
    #[serde(rename = "METAPLEX")]
    Metaplex,
}

/// A contract that is created.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deploy {
    /// Its creation code, with the arguments of its constructor.
    #[serde(with = "hex")]
    pub code: Vec<u8>,
    /// Wei that go along.
    pub value: Amount,
}

/// Prices of gas that a transaction waits for. At least one is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GasCondition {
    /// Wei for one unit of gas.
    pub max_gas_price: Option<Amount>,
    /// Wei for one unit of gas; on Solana millionths of a lamport for a compute unit.
    pub max_priority_fee: Option<Amount>,
    /// How long it waits, from [`Self::SHORTEST`] to [`Self::LONGEST`].
    #[serde(with = "seconds")]
    pub timeout: Duration,
}

/// What lists and records show of a transaction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown<'a> {
    /// Who gets something, may take something, or is called.
    pub to: Option<Address>,
    /// What leaves or may be taken.
    pub amount: Option<ShownAmount<'a>>,
}

/// An amount and how it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShownAmount<'a> {
    /// Of what.
    pub asset: Asset,
    /// In base units.
    pub amount: Amount,
    /// Decimals; `None` for the native coin's.
    pub decimals: Option<u8>,
    /// The symbol, where it is known; that of the native coin is the network's.
    pub symbol: Option<&'a str>,
}

impl GasCondition {
    /// The shortest time that is waited for.
    pub const SHORTEST: Duration = Duration::from_mins(1);
    /// The longest time that is waited for.
    pub const LONGEST: Duration = Duration::from_hours(24);
}

impl Order {
    /// What goes one after the other, each by a transaction of its own: an EVM chain has none that
    /// does several things for a plain account.
    pub fn sequence(&self) -> Option<&[Deed]> {
        match (&self.deed, self.network.chain()) {
            (Deed::Batch(parts), Chain::Evm) => Some(parts),
            (_, Chain::Evm | Chain::Solana) => None,
        }
    }
}

impl Deed {
    /// What it is called in the HTTP contract.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Transfer(Transfer { asset: Asset::Native, .. }) => Kind::Transfer,
            Self::Transfer(Transfer { asset: Asset::Token(_), .. }) => Kind::TokenTransfer,
            Self::Call(_) | Self::Instructions(_) => Kind::ContractCall,
            Self::Approve(_) => Kind::Approve,
            Self::NftTransfer(_) => Kind::NftTransfer,
            Self::Deploy(_) => Kind::ContractDeploy,
            Self::Batch(_) => Kind::Batch,
        }
    }

    /// What is shown of it.
    pub fn shown(&self) -> Shown<'_> {
        match self {
            Self::Transfer(transfer) => Shown {
                to: Some(transfer.to),
                amount: Some(ShownAmount {
                    asset: transfer.asset,
                    amount: transfer.amount,
                    decimals: Some(transfer.decimals),
                    symbol: transfer.symbol.as_deref(),
                }),
            },
            Self::Call(call) => {
                Shown { to: Some(call.to.into()), amount: Some(native(call.value)) }
            }
            Self::Instructions(instructions) => {
                let program = instructions.first().map(|first| Address::Solana(first.program_id));
                Shown { to: program, amount: None }
            }
            Self::Approve(approve) => Shown {
                to: Some(approve.spender),
                amount: match &approve.allowance {
                    Allowance::Amount { amount, decimals, symbol } => Some(ShownAmount {
                        asset: Asset::Token(approve.token),
                        amount: *amount,
                        decimals: Some(*decimals),
                        symbol: symbol.as_deref(),
                    }),
                    Allowance::Item { .. } => None,
                },
            },
            Self::NftTransfer(transfer) => Shown {
                to: Some(transfer.to),
                amount: Some(ShownAmount {
                    asset: Asset::Token(transfer.contract),
                    amount: transfer.amount,
                    decimals: Some(0),
                    symbol: None,
                }),
            },
            Self::Deploy(deploy) => Shown { to: None, amount: Some(native(deploy.value)) },
            Self::Batch(_) => Shown::default(),
        }
    }

    /// Words for the record.
    pub fn memo(&self) -> Option<&str> {
        match self {
            Self::Transfer(transfer) => transfer.memo.as_deref(),
            Self::Call(_)
            | Self::Instructions(_)
            | Self::Approve(_)
            | Self::NftTransfer(_)
            | Self::Deploy(_)
            | Self::Batch(_) => None,
        }
    }

    /// The units of the tokens that it names, as the chain or the registry says.
    pub fn units(&self) -> BTreeMap<Asset, Unit> {
        let parts = if let Self::Batch(parts) = self { parts } else { std::slice::from_ref(self) };
        let named = parts.iter().filter_map(|part| part.shown().amount);
        let unit = |shown: ShownAmount<'_>| {
            let (decimals, symbol) = (shown.decimals?, shown.symbol.map(str::to_owned));
            Some((shown.asset, Unit { decimals, symbol }))
        };
        named.filter_map(unit).collect()
    }
}

impl<'a> ShownAmount<'a> {
    /// Its decimals and symbol on the network with that coin; `None` where those of a native amount
    /// are not known.
    pub fn unit(self, native: Option<&'a NativeCoin>) -> Option<(u8, Option<&'a str>)> {
        match self.decimals {
            Some(decimals) => Some((decimals, self.symbol)),
            None => native.map(|coin| (coin.decimals, Some(coin.symbol.as_ref()))),
        }
    }
}

const fn native<'a>(amount: Amount) -> ShownAmount<'a> {
    ShownAmount { asset: Asset::Native, amount, decimals: None, symbol: None }
}

/// Bytes as hexadecimal digits.
mod hex {
    use primitives::{decode_hex, encode_hex};
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&encode_hex(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        decode_hex(&String::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// A time as whole seconds.
mod seconds {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(time.as_secs())
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::super::any_deed::{any_condition, any_deed};
    use super::*;

    proptest! {
        #[test]
        fn a_deed_comes_back_from_its_json_as_it_was(deed in any_deed(), when in any_condition()) {
            let text = serde_json::to_string(&deed).unwrap();
            prop_assert_eq!(serde_json::from_str::<Deed>(&text).unwrap(), deed);
            let text = serde_json::to_string(&when).unwrap();
            prop_assert_eq!(serde_json::from_str::<GasCondition>(&text).unwrap(), when);
        }
    }

    #[test]
    fn the_json_of_a_deed_is_that_of_the_databases_that_exist() {
        let contract = "0x3333333333333333333333333333333333333333";
        let program = "11111111111111111111111111111111";
        for deed in [
            json!({"transfer": {"asset": "native", "to": contract, "amount": "1", "decimals": 18,
                                "symbol": null, "memo": "rent"}}),
            json!({"call": {"to": contract, "value": "0", "data": "deadbeef"}}),
            json!({"instructions": [{"programId": program, "data": "00", "accounts": [
                {"pubkey": program, "signer": true, "writable": false}]}]}),
            json!({"approve": {"token": contract, "spender": contract, "allowance": {"amount":
                {"amount": Amount::MAX.to_string(), "decimals": 6, "symbol": "USDC"}}}}),
            json!({"approve": {"token": contract, "spender": contract, "allowance": {"item":
                {"tokenId": "7", "standard": "ERC-1155"}}}}),
            json!({"nftTransfer": {"to": contract, "contract": contract, "tokenId": "7",
                                   "standard": "ERC-721", "amount": "1"}}),
            json!({"deploy": {"code": "6000", "value": "0"}}),
            json!({"batch": [{"deploy": {"code": "", "value": "0"}}]}),
        ] {
            let read: Deed = serde_json::from_value(deed.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), deed);
            let text = deed.to_string();
            let (place, _brace) = text.match_indices('{').nth(1).unwrap();
            let more = format!("{}{{\"more\":1,{}", &text[..place], &text[place + 1..]);
            assert!(serde_json::from_str::<Deed>(&more).is_err(), "{more}");
        }
    }
}
