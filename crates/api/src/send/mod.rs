//! What is sent: `POST /v1/transactions/send` and `/simulate`.
//!
//! The body is told apart by its `type`; without one it is a transfer of the native coin in the
//! older form `{to, amount, memo?}`. A field that does not belong to the type is refused: it would
//! be dropped silently, and the caller would believe that it counted.

mod batch;
mod contracts;
mod transfers;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use batch::{Batch, BatchPart};
pub use contracts::{ContractCall, ContractDeploy, Instruction, InstructionAccount};
pub use transfers::{
    ApproveSpender, NftItem, NftReference, NftTransfer, TokenReference, TokenTransfer, Transfer,
};

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SendRequest {
    /// The native coin.
    Transfer(Transfer),
    /// A token.
    TokenTransfer(TokenTransfer),
    /// A contract or program is called.
    ContractCall(Box<ContractCall>),
    /// Leave to take tokens.
    Approve(ApproveSpender),
    /// Several.
    Batch(Batch),
    /// A collectible.
    NftTransfer(NftTransfer),
    /// A new contract.
    ContractDeploy(ContractDeploy),
}

/// Prices of gas that a transaction waits for; at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GasCondition {
    /// For one unit of gas, in wei.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub max_gas_price: Option<String>,
    /// For one unit of gas in wei, or for a compute unit in millionths of a lamport.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub max_priority_fee: Option<String>,
    /// How long it waits, in seconds; an hour if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 60, maximum = 86400)]
    pub timeout: Option<u32>,
}

/// Why a body is not one that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// No JSON, a missing field, one of another type, or one that does not belong there.
    Malformed(String),
    /// A batch of too many.
    BatchTooLong {
        /// How many there may be.
        most: usize,
    },
}

#[derive(Deserialize)]
struct Discriminator {
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

impl SendRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON object of a known type with that type's fields and no others.
    pub fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        let found: Discriminator = read(body)?;
        match found.kind.as_deref() {
            None | Some("TRANSFER") => read(body).map(Self::Transfer),
            Some("TOKEN_TRANSFER") => read(body).map(Self::TokenTransfer),
            Some("CONTRACT_CALL") => read(body).map(Self::ContractCall),
            Some("APPROVE") => read(body).map(Self::Approve),
            Some("BATCH") => Batch::from_json(body).map(Self::Batch),
            Some("NFT_TRANSFER") => read(body).map(Self::NftTransfer),
            Some("CONTRACT_DEPLOY") => read(body).map(Self::ContractDeploy),
            Some(other) => Err(BodyError::Malformed(format!(
                "type: unknown type {other:?}; expected TRANSFER, TOKEN_TRANSFER, CONTRACT_CALL, \
                 APPROVE, BATCH, NFT_TRANSFER or CONTRACT_DEPLOY"
            ))),
        }
    }
}

impl BodyError {
    /// The same of a part of a batch.
    fn within(self, place: usize) -> Self {
        match self {
            Self::Malformed(reason) => Self::Malformed(format!("instructions[{place}]: {reason}")),
            Self::BatchTooLong { most } => Self::BatchTooLong { most },
        }
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, BodyError> {
    serde_json::from_slice(body).map_err(|error| BodyError::Malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TO: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    #[test]
    fn a_body_without_a_type_is_a_transfer_with_the_extras_that_clients_send() {
        let body = format!(
            r#"{{"to":"{TO}","amount":"1","memo":"rent","network":"ethereum-sepolia",
                "walletId":"017f22e2-79b0-7cc3-98c4-dc0c0c07398f","gasCondition":null}}"#
        );
        let SendRequest::Transfer(transfer) = SendRequest::from_json(body.as_bytes()).unwrap()
        else {
            panic!("expected a transfer")
        };
        assert_eq!(transfer.amount.as_deref(), Some("1"));
        assert_eq!(transfer.memo.as_deref(), Some("rent"));
        assert_eq!(transfer.network.as_deref(), Some("ethereum-sepolia"));
        assert!(transfer.wallet_id.is_some());
    }

    #[test]
    fn what_would_mislead_is_refused() {
        for body in [
            "",
            "null",
            "[]",
            r#""TRANSFER""#,
            "{}",
            r#"{"to":"x"}{"to":"y"}"#,
            r#"{"to":"x","amount":1}"#,
            r#"{"to":"x","amount":"1","calldata":"0xdeadbeef"}"#,
            r#"{"to":"x","amount":"1","token":{"address":"y"}}"#,
            r#"{"to":"x","to":"y","amount":"1"}"#,
            r#"{"type":"TRANSFER","type":"BATCH","to":"x","amount":"1"}"#,
            r#"{"type":"transfer","to":"x","amount":"1"}"#,
            r#"{"type":"TRANSFER","to":"x","amount":"1","actionProvider":"jupiter"}"#,
            r#"{"type":"TRANSFER","to":"x","amount":"1","gasCondition":{"maxGasPrice":1}}"#,
            r#"{"type":"TRANSFER","to":"x","amount":"1","gasCondition":{"maxPrice":"1"}}"#,
            r#"{"type":"TRANSFER","to":"x","amount":"1","gasCondition":{"timeout":-1}}"#,
            r#"{"type":"TOKEN_TRANSFER","to":"x","amount":"1"}"#,
            r#"{"type":"TOKEN_TRANSFER","to":"x","amount":"1","token":{"mint":"y"}}"#,
            r#"{"type":"TOKEN_TRANSFER","to":"x","amount":"1","token":{"decimals":-1}}"#,
            r#"{"type":"CONTRACT_CALL","calldata":"0x"}"#,
            r#"{"type":"CONTRACT_CALL","to":"x","data":"0x"}"#,
            r#"{"type":"CONTRACT_CALL","to":"x","actionProvider":"jupiter"}"#,
            r#"{"type":"CONTRACT_CALL","to":"x","accounts":[{"pubkey":"y","isSigner":true}]}"#,
            r#"{"type":"APPROVE","spender":"x","amount":"1"}"#,
            r#"{"type":"APPROVE","to":"x","token":{"address":"y"},"amount":"1"}"#,
            r#"{"type":"APPROVE","spender":"x","token":{},"nft":{"tokenId":"1"}}"#,
            r#"{"type":"NFT_TRANSFER","to":"x","token":{"address":"y","tokenId":"1"}}"#,
            r#"{"type":"CONTRACT_DEPLOY","to":"x","bytecode":"0x00"}"#,
            r#"{"type":"CONTRACT_DEPLOY"}"#,
        ] {
            let found = SendRequest::from_json(body.as_bytes());
            assert!(matches!(found, Err(BodyError::Malformed(_))), "{body}: {found:?}");
        }
    }

    #[test]
    fn the_parts_of_a_batch_are_told_apart_by_what_they_have() {
        let body = r#"{"type":"BATCH","network":"base-mainnet","instructions":[
            {"to":"x","amount":"1"},
            {"to":"x","humanAmount":"1","token":{"address":"y"},"network":"base-mainnet"},
            {"spender":"x","amount":"1","token":{"address":"y"}},
            {"to":"x","calldata":"0x00"},
            {"to":"x","value":"1"},
            {"type":"TRANSFER","to":"x","amount":"1"}]}"#;
        let SendRequest::Batch(batch) = SendRequest::from_json(body.as_bytes()).unwrap() else {
            panic!("expected a batch")
        };
        let kinds = batch.instructions.iter().map(|part| match part {
            BatchPart::Transfer(_) => "transfer",
            BatchPart::TokenTransfer(_) => "token",
            BatchPart::ContractCall(_) => "call",
            BatchPart::Approve(_) => "approve",
        });
        let kinds = kinds.collect::<Vec<_>>();
        assert_eq!(kinds, ["transfer", "token", "approve", "call", "call", "transfer"]);
    }

    #[test]
    fn a_batch_has_two_to_twenty_parts_each_whole_and_of_its_kind() {
        let batch = |parts: &[&str]| {
            let body = format!(r#"{{"type":"BATCH","instructions":[{}]}}"#, parts.join(","));
            SendRequest::from_json(body.as_bytes())
        };
        let good = r#"{"to":"x","amount":"1"}"#;
        for (count, expected) in [(2, true), (20, true), (0, false), (1, false), (21, false)] {
            assert_eq!(batch(&vec![good; count]).is_ok(), expected, "{count}");
        }
        assert_eq!(batch(&[good; 21]), Err(BodyError::BatchTooLong { most: 20 }));
        for bad in [
            r#"{"to":"x","to":"y","amount":"1"}"#,
            r#"{"to":"x","amount":"1","token":"y"}"#,
            r#"{"to":"x","amount":"1","calldata":"0x"}"#,
            r#"{"to":"x","amount":"1","network":"base-mainnet"}"#,
            r#"{"to":"x","amount":"1","walletId":"y"}"#,
            r#"{"to":"x","amount":"1","gasCondition":{"maxGasPrice":"1"}}"#,
            r#"{"type":"BATCH","instructions":[]}"#,
            r#"{"type":"APPROVE","to":"x","amount":"1"}"#,
            r#"{"type":"NFT_TRANSFER","to":"x","token":{}}"#,
            "null",
            "7",
        ] {
            let found = batch(&[good, bad]);
            let Err(BodyError::Malformed(reason)) = found else { panic!("{bad}: {found:?}") };
            assert!(reason.starts_with("instructions[1]"), "{reason}");
        }
    }

    #[test]
    fn nulls_are_as_good_as_nothing() {
        let body = r#"{"type":"CONTRACT_CALL","to":"x","calldata":"0x00","abi":null,"value":null,
            "programId":null,"accounts":null,"network":null,"walletId":null,"gasCondition":null}"#;
        assert!(SendRequest::from_json(body.as_bytes()).is_ok());
    }
}
