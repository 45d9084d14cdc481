//! Bodies of the HTTP interface and its error codes. The OpenAPI document derives from these types;
//! clients written in Rust read the same ones.
//!
//! On the wire: camelCase, ids are UUIDs, times are Unix seconds, amounts are decimal strings in
//! base units of their asset.
#![forbid(unsafe_code)]

mod admin;
mod admin_transactions;
mod admin_wallets;
mod agents;
mod approvals;
mod audit;
mod autostop;
mod connect;
mod decimal;
mod error;
mod kill_switch;
mod linked;
mod metrics;
mod object;
mod owners;
mod policies;
mod policy_types;
mod prices;
mod rpc;
mod send;
mod session_constraints;
mod session_requests;
mod sessions;
mod tokens;
mod transactions;
mod utils;
mod wallet;
mod wallets;

pub use admin::{
    AdminStatus, ChangeMasterPassword, DatabaseTakenOver, MasterPasswordChanged, RecentTransaction,
    SecretRotated, ShuttingDown,
};
pub use admin_transactions::{AdminTransaction, AdminTransactionPage};
pub use admin_wallets::{
    AdminHolding, AdminNetworkBalance, AdminWalletBalance, AdminWalletTransactions,
};
pub use agents::{AgentPrompt, IssueMcpToken, McpTokenIssued, WriteAgentPrompt};
pub use approvals::{
    Approval, ApprovalLine, ApprovalSignature, ApprovalSigner, ApprovalTerms, Approve, Approved,
    Rejected,
};
pub use audit::{AuditLog, AuditLogPage, ShortenTrail, TrailPlace, TrailShortened};
pub use autostop::{AutoStopRule, AutoStopRules, SetAutoStopRule};
pub use connect::{
    ConnectInfo, ConnectedSession, ConnectedWallet, Daemon, DefaultDeny, Health, Nonce,
};
pub use decimal::{Decimal, DecimalError};
pub use error::{ErrorBody, ErrorCode};
pub use kill_switch::{
    ActivateKillSwitch, KillSwitch, KillSwitchActivated, KillSwitchEffect, KillSwitchEscalated,
    Recover, Recovered, SessionEnded,
};
pub use linked::{ApprovalEffect, ApprovalFee, ApprovalReason, LinkedApproval};
pub use metrics::{Metric, MetricList};
pub use owners::{OwnerMessage, OwnerSet, OwnerVerified, SetOwner, WriteOwnerMessage};
pub use policies::{
    CreatePolicy, DescribedTransaction, PartTested, PoliciesTested, Policy, PolicyDeleted,
    PolicyDenial, PolicyPage, PolicyVerdict, TestAction, TestFacts, TestPolicies, UpdatePolicy,
};
pub use policy_types::{PolicyType, PolicyTypeList};
pub use prices::{
    AssetPrice, CrossValidation, ForexRate, ForexRates, OracleStatus, PriceCache, PriceSource,
    PriceSources, QuotedPrice,
};
pub use rpc::{RpcEndpoint, RpcIncident, RpcStatus, RpcTested, TestRpc};
pub use send::{
    ApproveSpender, Batch, BatchPart, BodyError, ContractCall, ContractDeploy, GasCondition,
    Instruction, InstructionAccount, NftItem, NftReference, NftTransfer, SendRequest,
    TokenReference, TokenTransfer, Transfer,
};
pub use session_constraints::{AssetConstraint, SessionConstraints};
pub use session_requests::{
    CollectSession, LinkedLimit, LinkedSessionRequest, LinkedWallet, RequestSession,
    SessionCollected, SessionRequest, SessionRequestDecided, SessionRequestList, SessionRequested,
    WriteGrantMessage,
};
pub use sessions::{
    AddSessionWallet, CreateSession, SessionCreated, SessionItem, SessionPage, SessionReissued,
    SessionRenewed, SessionRevoked, SessionRotated, SessionWallet, SessionWalletAdded,
    SessionWallets, WalletName,
};
pub use tokens::{
    AddToken, RemoveToken, ResolvedToken, Token, TokenAdded, TokenList, TokenRemoved,
};
pub use transactions::{
    BalanceChange, CumulativeWarning, DryRun, DryRunMeta, DryRunPart, FeeEstimate, GasOutcome,
    Operation, PendingTransactions, PolicyOutcome, SignMessage, SignPolicy, SignTransaction,
    SignedMessage, SignedTransaction, SimulationOutcome, Transaction, TransactionPage,
    TransactionState, Warning,
};
pub use utils::{EncodeCalldata, EncodedCalldata};
pub use wallet::{
    AllAssets, AllBalances, AssetBalance, NetworkAssets, NetworkBalance, WalletAddress,
    WalletAssets, WalletBalance,
};
pub use wallets::{
    AvailableNetwork, CreateWallet, CreatedWallet, FirstSession, RenameWallet, SuspendWallet,
    Wallet, WalletDetail, WalletList, WalletNetworks, WalletPurged, WalletResumed, WalletSuspended,
    WalletTerminated, Withdrawal, WithdrawalResult,
};
