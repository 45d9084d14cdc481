//! What is sent: `POST /v1/transactions/send` and `/simulate`.
//!
//! The body is told apart by its `type`; without one it is a transfer of the native coin in the
//! older form `{to, amount, memo?}`. A field that does not belong to the type is refused: it would
//! be dropped silently, and the caller would believe that it counted.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Something to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(untagged)]
pub enum SendRequest {
    /// The native coin.
    Transfer(Transfer),
    /// A token.
    TokenTransfer(TokenTransfer),
}

/// A transfer of the native coin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Transfer {
    /// `TRANSFER`; may be left out.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "TRANSFER")]
    pub kind: Option<String>,
    /// Who gets it.
    pub to: String,
    /// In base units. Either this or `humanAmount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub amount: Option<String>,
    /// In whole units, such as `0.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_amount: Option<String>,
    /// At most 256 bytes, for the record on the chain where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Only `null`: waiting for cheap gas is not served.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub gas_condition: Option<()>,
}

/// A transfer of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenTransfer {
    /// `TOKEN_TRANSFER`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schema(example = "TOKEN_TRANSFER")]
    pub kind: Option<String>,
    /// Who gets it.
    pub to: String,
    /// In base units. Either this or `humanAmount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub amount: Option<String>,
    /// In whole units, such as `0.5`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_amount: Option<String>,
    /// Which token.
    pub token: TokenReference,
    /// At most 256 bytes, for the record on the chain where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memo: Option<String>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
    /// Only `null`: waiting for cheap gas is not served.
    #[serde(default, skip_serializing)]
    #[schema(ignore)]
    pub gas_condition: Option<()>,
}

/// Which token. Decimals and symbol are only compared: the chain or the registry says what they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenReference {
    /// Contract or mint. Either this or `assetId`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What the caller believes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 18)]
    pub decimals: Option<u8>,
    /// What the caller believes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub symbol: Option<String>,
    /// CAIP-19.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset_id: Option<String>,
}

/// Why a body is not one that can be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BodyError {
    /// No JSON, a missing field, one of another type, or one that does not belong there.
    Malformed(String),
    /// A type that existing clients know and this gateway does not serve yet.
    UnsupportedType(String),
}

/// Types of the contract that are not served yet.
const UNSUPPORTED: &[&str] =
    &["APPROVE", "BATCH", "CONTRACT_CALL", "CONTRACT_DEPLOY", "NFT_TRANSFER"];

#[derive(Deserialize)]
struct Discriminator {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default, rename = "gasCondition")]
    gas_condition: Option<serde::de::IgnoredAny>,
}

impl SendRequest {
    /// Reads a body.
    ///
    /// # Errors
    /// When it is no JSON object of a known type with that type's fields and no others.
    pub fn from_json(body: &[u8]) -> Result<Self, BodyError> {
        let found: Discriminator = read(body)?;
        match found.kind.as_deref() {
            Some(kind) if UNSUPPORTED.contains(&kind) => {
                Err(BodyError::UnsupportedType(kind.to_owned()))
            }
            _ if found.gas_condition.is_some() => Err(BodyError::Malformed(
                "gasCondition is not supported: the transaction would not wait for it".to_owned(),
            )),
            None | Some("TRANSFER") => read(body).map(Self::Transfer),
            Some("TOKEN_TRANSFER") => read(body).map(Self::TokenTransfer),
            Some(other) => Err(BodyError::Malformed(format!(
                "type: unknown type {other:?}; expected TRANSFER or TOKEN_TRANSFER"
            ))),
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
            r#"{"type":"TRANSFER","to":"x","amount":"1","gasCondition":{"maxGasPrice":"1"}}"#,
            r#"{"type":"TOKEN_TRANSFER","to":"x","amount":"1"}"#,
            r#"{"type":"TOKEN_TRANSFER","to":"x","amount":"1","token":{"mint":"y"}}"#,
            r#"{"type":"TOKEN_TRANSFER","to":"x","amount":"1","token":{"decimals":-1}}"#,
        ] {
            let found = SendRequest::from_json(body.as_bytes());
            assert!(matches!(found, Err(BodyError::Malformed(_))), "{body}: {found:?}");
        }
    }

    #[test]
    fn types_that_are_not_served_yet_say_so_whatever_their_fields() {
        for kind in UNSUPPORTED {
            let body = format!(r#"{{"type":"{kind}","instructions":[]}}"#);
            let found = SendRequest::from_json(body.as_bytes());
            assert_eq!(found, Err(BodyError::UnsupportedType((*kind).to_owned())));
        }
    }
}
