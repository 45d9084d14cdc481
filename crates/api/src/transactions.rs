//! `/v1/transactions`, but for what is sent: see `send`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Where a transaction stands, right after it was asked for or changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionState {
    /// Its id.
    pub id: Uuid,
    /// Such as `PENDING`.
    pub status: String,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// Its id.
    pub id: Uuid,
    /// Whose.
    pub wallet_id: Uuid,
    /// Such as `TRANSFER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// `PENDING`, `QUEUED`, `GAS_WAITING`, `EXECUTING`, `SUBMITTED`, `CONFIRMED`, `FAILED`,
    /// `CANCELLED`, `EXPIRED`, `PARTIAL_FAILURE` or `SIGNED`.
    pub status: String,
    /// `INSTANT`, `NOTIFY`, `DELAY` or `APPROVAL`, once that is known.
    pub tier: Option<String>,
    /// `ethereum` or `solana`.
    pub chain: String,
    /// The network's name.
    pub network: Option<String>,
    /// Who gets it.
    pub to_address: Option<String>,
    /// In base units.
    pub amount: Option<String>,
    /// On its chain.
    pub tx_hash: Option<String>,
    /// Why it is not done, or not yet.
    pub error: Option<String>,
    /// Unix seconds.
    pub created_at: Option<u64>,
    /// What it was worth when it was let pass, without its fee.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_amount: Option<String>,
    /// The currency of that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_currency: Option<String>,
    /// In whole units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_formatted: Option<String>,
    /// Decimals of the asset.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_decimals: Option<u8>,
    /// The asset's symbol.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount_symbol: Option<String>,
    /// CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain_id: Option<String>,
    /// Of a batch: whether it is one transaction on the chain, so that all of it happens or nothing
    /// (Solana), or its parts go one after another (EVM).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub atomic: Option<bool>,
    /// Of a part of such a batch: the batch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent_id: Option<Uuid>,
}

/// Some of the transactions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransactionPage {
    /// Newest first.
    pub items: Vec<Transaction>,
    /// Where the next page begins.
    pub cursor: Option<String>,
    /// Whether there is a next page.
    pub has_more: bool,
}

/// The transactions that are not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PendingTransactions {
    /// Newest first.
    pub items: Vec<Transaction>,
}

/// A transaction made elsewhere, to be signed here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignTransaction {
    /// Unsigned. EVM: `0x` and hexadecimal digits. Solana: base64 of the transaction or its message.
    pub transaction: String,
    /// `ethereum` or `solana`; must be the wallet's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
}

/// A signed transaction. It was not sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedTransaction {
    /// The id under which it is kept.
    pub id: Uuid,
    /// In the form in which it came.
    pub signed_transaction: String,
    /// On its chain.
    pub tx_hash: Option<String>,
    /// What it does.
    pub operations: Vec<Operation>,
    /// What the policies say.
    pub policy_result: SignPolicy,
}

/// What the policies say of a transaction that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignPolicy {
    /// `INSTANT` or `NOTIFY`: everything else is not signed at once.
    pub tier: String,
}

/// One thing that a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Operation {
    /// Such as `NATIVE_TRANSFER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Who gets something, or is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// In base units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<String>,
    /// Contract or mint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// On Solana.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program_id: Option<String>,
    /// The selector of an EVM call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// A message to be signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignMessage {
    /// A text; with `signType` `personal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// `personal` (as if absent) or `typedData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sign_type: Option<String>,
    /// EIP-712; with `signType` `typedData`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub typed_data: Option<serde_json::Value>,
    /// Name or CAIP-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network: Option<String>,
    /// Which wallet; may be left out by a session of one wallet.
    #[serde(default, alias = "wallet_id", skip_serializing_if = "Option::is_none")]
    pub wallet_id: Option<String>,
}

/// A signed message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedMessage {
    /// The id under which it is kept.
    pub id: Uuid,
    /// EVM: `0x` and 65 bytes in hexadecimal. Solana: base58 of 64 bytes.
    pub signature: String,
    /// `personal` or `typedData`.
    pub sign_type: String,
}

/// What would happen, were it sent now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRun {
    /// Whether it would be executed and succeed.
    pub success: bool,
    /// What the policies say.
    pub policy: PolicyOutcome,
    /// What the network would take for it, if it got that far.
    pub fee: Option<FeeEstimate>,
    /// What would change in the wallet.
    pub balance_changes: Vec<BalanceChange>,
    /// What to look at before sending.
    pub warnings: Vec<Warning>,
    /// What the chain says.
    pub simulation: SimulationOutcome,
    /// Of a sequence: `TOGETHER` where each part was tried after those before it, `ALONE` where no node
    /// of the network can do so, and each was tried as if nothing came before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts_tried: Option<String>,
    /// Of a sequence: each part, in order, up to one that makes no transaction.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<DryRunPart>,
    /// What was looked at.
    pub meta: DryRunMeta,
    /// Whether it would wait for cheaper gas, where it has a `gasCondition`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gas_condition: Option<GasOutcome>,
}

/// What would happen to a part of a sequence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRunPart {
    /// Which one, from 1.
    pub part: u8,
    /// Such as `APPROVE`.
    #[serde(rename = "type")]
    pub transaction_type: String,
    /// What the policies say of it, with the others counted.
    pub policy: PolicyOutcome,
    /// What the network would take for it, if it got that far.
    pub fee: Option<FeeEstimate>,
    /// What the chain says.
    pub simulation: SimulationOutcome,
}

/// Prices of gas: those of now, and those that a transaction waits for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct GasOutcome {
    /// Whether it would go on at once.
    pub met: bool,
    /// In wei for one unit of gas, or millionths of a lamport for a compute unit.
    pub current_gas_price: String,
    /// In the same unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_priority_fee: Option<String>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_gas_price: Option<String>,
    /// What was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_priority_fee: Option<String>,
}

/// What the policies say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PolicyOutcome {
    /// `INSTANT`, `NOTIFY`, `DELAY` or `APPROVAL`.
    pub tier: String,
    /// Whether it may happen at all.
    pub allowed: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// How long it would wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_seconds: Option<u64>,
    /// A cap of a day or of 30 days that is reached to four fifths or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cumulative_warning: Option<CumulativeWarning>,
}

/// A rolling cap that is nearly reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CumulativeWarning {
    /// `daily` or `monthly`.
    #[serde(rename = "type")]
    pub kind: String,
    /// How much of it is reached, 1 being all.
    #[schema(value_type = f64)]
    pub ratio: crate::Decimal,
    /// US dollars that count in the window, with what leaves now.
    #[schema(value_type = f64)]
    pub spent: crate::Decimal,
    /// US dollars that may.
    #[schema(value_type = f64)]
    pub limit: crate::Decimal,
}

/// What the network would take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FeeEstimate {
    /// At most, in base units of the native coin.
    pub estimated_fee: String,
    /// Of the native coin.
    pub fee_symbol: String,
    /// Decimals of the native coin.
    pub fee_decimals: u8,
    /// In US dollars; `null` without a price.
    #[schema(value_type = Option<f64>)]
    pub fee_usd: Option<crate::Decimal>,
    /// Whether the recipient's token account is opened, on Solana.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs_ata_creation: Option<bool>,
    /// What that costs, in lamports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ata_rent_cost: Option<String>,
}

/// What would change of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BalanceChange {
    /// `native`, or contract or mint.
    pub asset: String,
    /// Its symbol.
    pub symbol: String,
    /// Its decimals.
    pub decimals: u8,
    /// In base units, now.
    pub current_balance: String,
    /// In base units, with a sign.
    pub change_amount: String,
    /// In base units, afterwards.
    pub after_balance: String,
}

/// Something to look at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Warning {
    /// Stable.
    pub code: String,
    /// For people.
    pub message: String,
    /// `info`, `warning` or `error`.
    pub severity: String,
}

/// What the chain says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SimulationOutcome {
    /// Whether it would succeed.
    pub success: bool,
    /// What its programs say.
    pub logs: Vec<String>,
    /// Gas, or compute units.
    pub units_consumed: Option<String>,
    /// Why it would not.
    pub error: Option<String>,
}

/// What was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DryRunMeta {
    /// `ethereum` or `solana`.
    pub chain: String,
    /// The network's name.
    pub network: String,
    /// Such as `TRANSFER`.
    pub transaction_type: String,
    /// How long it took.
    pub duration_ms: u64,
}
