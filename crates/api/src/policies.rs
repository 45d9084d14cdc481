//! `/v1/policies`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Operation;

/// A policy to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CreatePolicy {
    /// Whom it binds; every wallet if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<Uuid>,
    /// Such as `SPENDING_LIMIT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says; the type fixes the fields.
    #[schema(value_type = Object)]
    pub rules: serde_json::Value,
    /// Among policies of one scope the highest counts.
    #[serde(default)]
    pub priority: i64,
    /// Whether it counts at all.
    #[serde(default = "enabled")]
    pub enabled: bool,
    /// On which network; on every one if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
}

fn enabled() -> bool {
    true
}

/// What to change of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdatePolicy {
    /// New rules, as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub rules: Option<serde_json::Value>,
    /// A new priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<i64>,
    /// Switched on or off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
}

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Policy {
    /// Its id.
    pub id: Uuid,
    /// Whom it binds; every wallet if `null`.
    pub wallet_id: Option<Uuid>,
    /// Such as `SPENDING_LIMIT`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What it says.
    #[schema(value_type = Object)]
    pub rules: serde_json::Value,
    /// Among policies of one scope the highest counts.
    pub priority: i64,
    /// Whether it counts at all.
    pub enabled: bool,
    /// On which network; on every one if `null`.
    pub network: Option<String>,
    /// Unix seconds.
    pub created_at: u64,
    /// Unix seconds.
    pub updated_at: u64,
}

/// Some of the policies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyPage {
    /// Newest first.
    pub data: Vec<Policy>,
    /// How many there are.
    pub total: u64,
    /// How many were asked for.
    pub limit: u64,
    /// How many were left out before.
    pub offset: u64,
}

/// A policy is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyDeleted {
    /// Its id.
    pub id: Uuid,
    /// `true`.
    pub deleted: bool,
}

/// A what-if: what the policies would say. Nothing is stored, signed or sent.
///
/// One of `transaction`, `typedData`, `message` and `request` says what is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestPolicies {
    /// Whose key would sign.
    pub wallet_id: Uuid,
    /// Name or CAIP-2; an EVM transaction and typed data say it themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// An unsigned transaction. EVM: `0x` and hexadecimal digits. Solana: base64 of the transaction
    /// or its message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Typed data (EIP-712).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub typed_data: Option<serde_json::Value>,
    /// A text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// A transaction in words; it is built without asking the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<DescribedTransaction>,
    /// Policies to try, beside those that are stored or in place of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<CreatePolicy>,
    /// Whether the policies that are stored count too.
    #[serde(default = "enabled")]
    pub stored: bool,
    /// What shall be taken for known, in place of what is known now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub facts: Option<TestFacts>,
}

/// A transaction in words.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DescribedTransaction {
    /// `TRANSFER` (also where it is left out), `TOKEN_TRANSFER`, `NFT_TRANSFER`, `APPROVE`,
    /// `CONTRACT_CALL`, `CONTRACT_DEPLOY` or `BATCH`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// Who gets it, or which contract is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// In base units; how many of an ERC-1155 collectible, one if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub amount: Option<String>,
    /// Contract or mint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// Which collectible (EVM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub token_id: Option<String>,
    /// `ERC-721` (also where it is left out), `ERC-1155` or `METAPLEX`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standard: Option<String>,
    /// Who may take it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spender: Option<String>,
    /// Data of a call: `0x` and hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calldata: Option<String>,
    /// Code of a contract: `0x` and hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytecode: Option<String>,
    /// Wei that go along with a call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub value: Option<String>,
    /// A Solana program that is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_id: Option<String>,
    /// The most gas (EVM); none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_limit: Option<u64>,
    /// Wei for each unit of gas (EVM); none if left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(pattern = r"^\d+$")]
    pub gas_price: Option<String>,
    /// What a `BATCH` does, in this order: one transaction on Solana, one after the other on an EVM
    /// network.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(no_recursion)]
    pub instructions: Vec<DescribedTransaction>,
}

/// What is taken for known. What is left out is as it is now.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestFacts {
    /// Unix seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<i64>,
    /// What leaves is worth this many dollars.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub worth_usd: Option<serde_json::Number>,
    /// What other transactions of the last 24 hours are worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub spent_in_day_usd: Option<serde_json::Number>,
    /// As above, in the last 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub spent_in_month_usd: Option<serde_json::Number>,
    /// How many other transactions were let pass in whichever window policies count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions: Option<u64>,
    /// Decimals of tokens, by address.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub decimals: BTreeMap<String, u8>,
    /// The server that is paid by x402.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x402_domain: Option<String>,
    /// The server that a request is signed for (ERC-8128).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub erc8128_domain: Option<String>,
    /// How many other requests to it were signed in the last minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_minute: Option<u64>,
    /// What a protocol is asked to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<TestAction>,
    /// `unrated`, or the score from 0 to 100 of whom it goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reputation: Option<String>,
}

/// What a protocol is asked to do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestAction {
    /// Such as `swap` or `lending`.
    pub category: String,
    /// Such as `borrow`.
    #[serde(default)]
    pub name: String,
    /// Who carries it out, where that is not on a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<String>,
    /// Which market.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub market: Option<String>,
    /// Which asset is lent, borrowed or taken out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asset: Option<String>,
    /// The loan-to-value afterwards, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub ltv: Option<serde_json::Number>,
    /// The leverage afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub leverage: Option<serde_json::Number>,
    /// The size of the position afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub position_usd: Option<serde_json::Number>,
    /// What it is worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub worth_usd: Option<serde_json::Number>,
    /// What other actions of the category in the last 24 hours are worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub spent_in_day_usd: Option<serde_json::Number>,
    /// As above, in the last 30 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<f64>)]
    pub spent_in_month_usd: Option<serde_json::Number>,
}

/// What the policies would say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoliciesTested {
    /// Whether it may happen, with whatever care.
    pub allowed: bool,
    /// With how much care; `null` where it may not.
    pub tier: Option<String>,
    /// How long the tier `DELAY` waits.
    pub delay_seconds: Option<u64>,
    /// How long the tier `APPROVAL` waits for the owner.
    pub approval_timeout: Option<u64>,
    /// Why it may not happen.
    pub denial: Option<PolicyDenial>,
    /// What each type of policy says, in the order in which they are asked.
    pub verdicts: Vec<PolicyVerdict>,
    /// What the bytes do.
    pub operations: Vec<Operation>,
    /// Of a batch that goes one after the other: what is said of each part, with the worth of the others
    /// counted as spent. The whole is allowed only if each of them is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<PartTested>,
}

/// What the policies would say of a part of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PartTested {
    /// Which one, from 1.
    pub part: u8,
    /// Whether it may happen.
    pub allowed: bool,
    /// With how much care; `null` where it may not.
    pub tier: Option<String>,
    /// Why it may not happen.
    pub denial: Option<PolicyDenial>,
    /// What its bytes do.
    pub operations: Vec<Operation>,
}

/// Why something may not happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyDenial {
    /// The type of policy that says so, whether one was written or not.
    pub rule: String,
    /// The error code that an agent would get.
    pub code: String,
    /// What is not allowed.
    pub reason: String,
    /// What would satisfy it.
    pub remedy: String,
}

/// What one type of policy says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyVerdict {
    /// The type.
    pub rule: String,
    /// `stored`, `given` (of the test) or `default` (what holds without a policy).
    pub source: String,
    /// Which stored policy says it.
    pub policy_id: Option<Uuid>,
    /// Which of the test's policies says it, from zero.
    pub position: Option<usize>,
    /// The least care that it asks for; `null` where it denies.
    pub tier: Option<String>,
    /// Why it denies.
    pub denial: Option<PolicyDenial>,
    /// What would let it ask for less care; `null` where it asks for none.
    pub remedy: Option<String>,
}
