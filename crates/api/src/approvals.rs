//! `/v1/transactions/{id}/approval`, `approve` and `reject`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// What the owners of a wallet are asked about a transaction, in the words and forms that they sign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// The transaction's id.
    pub id: Uuid,
    /// Whose.
    pub wallet_id: Uuid,
    /// The transaction's.
    pub status: String,
    /// Signed by EIP-191 with an EVM owner, as its plain bytes with a Solana owner.
    pub text: String,
    /// The same as typed data (EIP-712), for `eth_signTypedData_v4`.
    #[schema(value_type = Object)]
    pub typed_data: serde_json::Value,
    /// The same line by line.
    pub lines: Vec<ApprovalLine>,
    /// What the signer compares beside what is done.
    pub terms: ApprovalTerms,
    /// What would be signed. EVM: `0x` and hexadecimal digits. Solana: base64 of the message. Nonce,
    /// fee and blockhash may be others then.
    pub transaction: String,
    /// `0x` and the digest of what is done.
    pub intent: String,
    /// Who can approve.
    pub owners: Vec<String>,
    /// How many of them have to.
    pub threshold: u8,
    /// Who has.
    pub signatures: Vec<ApprovalSigner>,
    /// When enough had, Unix seconds.
    pub approved_at: Option<u64>,
    /// Where an owner reads it and signs it in a browser of this machine, such as
    /// `http://127.0.0.1:3100/approve#…`. Who has it may read this, and do nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
}

/// One line of a question.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalLine {
    /// Such as `Effect`.
    pub label: String,
    /// Such as `send 1.5 ETH (…) to 0x…`.
    pub value: String,
}

/// What owners agree to beside what is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalTerms {
    /// `0x` and the signer's instance.
    pub instance: String,
    /// Of the wallet's guard.
    pub guard_version: u64,
    /// The most that the network may take, in base units of the native coin.
    pub fee_ceiling: String,
    /// Unix seconds.
    pub expires_at: u64,
    /// `0x` and 16 random bytes.
    pub nonce: String,
}

/// Somebody who has signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalSigner {
    /// The owner's address.
    pub owner: String,
    /// `text` or `typedData`.
    pub form: String,
}

/// Signatures of owners. Each is its giver's credential.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Approve {
    /// One an owner; others can follow in another request.
    #[serde(default)]
    pub signatures: Vec<ApprovalSignature>,
}

/// An owner's signature.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalSignature {
    /// The owner's address.
    pub owner: String,
    /// `text` (as if absent) or `typedData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
    /// EVM: `0x` and 65 bytes in hexadecimal. Solana: base64 or base58 of 64 bytes.
    pub signature: String,
}

/// How far an approval got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approved {
    /// The transaction's id.
    pub id: Uuid,
    /// The transaction's.
    pub status: String,
    /// When enough owners had signed, Unix seconds; `null` until then.
    pub approved_at: Option<u64>,
    /// How many have.
    pub signatures: usize,
    /// How many have to.
    pub threshold: u8,
}

/// A transaction that will not be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rejected {
    /// The transaction's id.
    pub id: Uuid,
    /// `CANCELLED`
    pub status: String,
    /// Unix seconds.
    pub rejected_at: u64,
}
