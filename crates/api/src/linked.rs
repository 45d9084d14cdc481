//! `/v1/approvals/{id}`: what an owner's link leads to.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Approval, Transaction};

/// A transaction that waits for owners, or did, as a page shows it to one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LinkedApproval {
    /// Where it stands.
    pub transaction: Transaction,
    /// The wallet's name.
    pub wallet_name: String,
    /// On its chain.
    pub wallet_address: String,
    /// Who may refuse it by a message that they sign (`POST /v1/owners/messages`, `reject`); `null` where
    /// the gateway was told no owner of the wallet.
    pub refuser: Option<String>,
    /// The gateway's time, Unix seconds.
    pub now: u64,
    /// What owners sign, while it waits for them and they were asked.
    pub approval: Option<Approval>,
    /// What it does, in order; empty where `approval` is `null`.
    pub effects: Vec<ApprovalEffect>,
    /// The most that the network may take; `null` where `approval` is.
    pub fee: Option<ApprovalFee>,
    /// Who wants owners to decide; empty where `approval` is `null`, or nobody wants it any more.
    pub reasons: Vec<ApprovalReason>,
}

/// One thing that a transaction does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalEffect {
    /// Such as `NATIVE_TRANSFER`.
    #[serde(rename = "type")]
    pub kind: String,
    /// In the words that owners sign.
    pub text: String,
    /// Who gets something, may take something, or is called.
    pub to: Option<String>,
    /// In base units.
    pub amount: Option<String>,
    /// In whole units, where their decimals are known.
    pub amount_formatted: Option<String>,
    /// Such as `USDC`, where the registry or the chain says one. Other tokens may have the same.
    pub symbol: Option<String>,
    /// Contract or mint; `null` for the native coin.
    pub token: Option<String>,
}

/// The most that the network may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalFee {
    /// In base units of the native coin.
    pub amount: String,
    /// In coins; `null` on a network that is not known.
    pub amount_formatted: Option<String>,
    /// Of the native coin; `null` on a network that is not known.
    pub symbol: Option<String>,
    /// Of the native coin; `null` on a network that is not known.
    pub decimals: Option<u8>,
}

/// Who wants owners to decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalReason {
    /// `guard` (the signer's), `policy` (an operator wrote it) or `default` (holds where nobody wrote
    /// one).
    pub source: String,
    /// The policy's type, such as `SPENDING_LIMIT`.
    pub policy: Option<String>,
    /// What the guard says.
    pub message: Option<String>,
}
