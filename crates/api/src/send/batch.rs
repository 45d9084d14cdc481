//! Several in one request.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{ApproveSpender, BodyError, ContractCall, GasCondition, TokenTransfer, Transfer, read};

/// Several, in this order: one transaction on Solana, one after the other on an EVM network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Batch {
    /// `BATCH`.
    #[serde(rename = "type")]
    #[schema(example = "BATCH")]
    pub kind: String,
    /// Two to twenty. Network, wallet and `gasCondition` are those of the batch.
    #[schema(min_items = 2, max_items = 20)]
    pub instructions: Vec<BatchPart>,
    /// Name or CAIP-2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Prices of gas that are waited for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasCondition>,
}

/// One of several. Its `type` may be left out: `spender`, `token` and `amount` tell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum BatchPart {
    /// The native coin.
    Transfer(Transfer),
    /// A token.
    TokenTransfer(TokenTransfer),
    /// A contract or program.
    ContractCall(Box<ContractCall>),
    /// Leave to take tokens.
    Approve(ApproveSpender),
}

/// How many there may be.
const SIZE: std::ops::RangeInclusive<usize> = 2..=20;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Unread<'a> {
    #[serde(rename = "type")]
    kind: String,
    #[serde(borrow)]
    instructions: Vec<&'a RawValue>,
    #[serde(default)]
    network: Option<String>,
    #[serde(default, alias = "wallet_id")]
    wallet_id: Option<String>,
    #[serde(default)]
    gas_condition: Option<GasCondition>,
}

/// What tells the kinds apart.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Marks {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    spender: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    token: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    amount: Option<serde::de::IgnoredAny>,
    #[serde(default)]
    human_amount: Option<serde::de::IgnoredAny>,
}

impl Batch {
    pub(super) fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        let Unread { kind, instructions, network, wallet_id, gas_condition } = read(body)?;
        if instructions.len() > *SIZE.end() {
            return Err(BodyError::BatchTooLong { most: *SIZE.end() });
        }
        if !SIZE.contains(&instructions.len()) {
            let few = "instructions: a batch has two at least; send one by itself";
            return Err(BodyError::Malformed(few.to_owned()));
        }
        let mut parts = Vec::with_capacity(instructions.len());
        for (place, part) in instructions.into_iter().enumerate() {
            let read = BatchPart::from_json(part.get().as_bytes(), network.as_deref());
            parts.push(read.map_err(|error| error.within(place))?);
        }
        Ok(Self { kind, instructions: parts, network, wallet_id, gas_condition })
    }
}

impl BatchPart {
    fn from_json(body: &[u8], network: Option<&str>) -> Result<Self, BodyError> {
        let Marks { kind, spender, token, amount, human_amount } = read(body)?;
        let kind = kind.as_deref().unwrap_or({
            if spender.is_some() {
                "APPROVE"
            } else if token.is_some() {
                "TOKEN_TRANSFER"
            } else if amount.is_some() || human_amount.is_some() {
                "TRANSFER"
            } else {
                "CONTRACT_CALL"
            }
        });
        let part = match kind {
            "TRANSFER" => Self::Transfer(read(body)?),
            "TOKEN_TRANSFER" => Self::TokenTransfer(read(body)?),
            "CONTRACT_CALL" => Self::ContractCall(Box::new(read(body)?)),
            "APPROVE" => Self::Approve(read(body)?),
            other => {
                return Err(BodyError::Malformed(format!(
                    "type: {other:?} is no part of a batch; TRANSFER, TOKEN_TRANSFER, \
                     CONTRACT_CALL and APPROVE are"
                )));
            }
        };
        let (named, wallet, gas) = match &part {
            Self::Transfer(part) => (&part.network, &part.wallet_id, &part.gas_condition),
            Self::TokenTransfer(part) => (&part.network, &part.wallet_id, &part.gas_condition),
            Self::ContractCall(part) => (&part.network, &part.wallet_id, &part.gas_condition),
            Self::Approve(part) => (&part.network, &part.wallet_id, &part.gas_condition),
        };
        let elsewhere = named.is_some() && named.as_deref() != network;
        if elsewhere || wallet.is_some() || gas.is_some() {
            let whole = "network, walletId and gasCondition are those of the whole batch";
            return Err(BodyError::Malformed(whole.to_owned()));
        }
        Ok(part)
    }
}
