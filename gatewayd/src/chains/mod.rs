//! What the gateway asks of a chain: balances, drafts of transactions, broadcast, outcomes.
//!
//! A node is not believed further than it must be: every endpoint shows that it serves the right
//! chain before it is used, its answers are read strictly and within bounds, and what is signed is
//! decoded again from the bytes by who judges it.

mod answer;
mod client;
mod clients;
mod error;
mod evm;
mod rpc;
mod solana;
#[cfg(test)]
pub(crate) mod testing;

use primitives::{Address, Amount, Asset};

use crate::tx::Deed;

pub use client::ChainClient;
pub use clients::{Chains, Surveyed};
pub use error::{Category, ChainError};
pub use rpc::{History, Incident, NodeStatus, Trial, try_endpoint};

/// A deed that shall become a transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DraftRequest {
    /// The wallet that pays.
    pub from: Address,
    /// What it does.
    pub deed: Deed,
    /// The nonce of an EVM transaction; `None` for the next one by the node. Ignored on Solana.
    pub nonce: Option<u64>,
}

/// An unsigned transaction that would go through now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The bytes that a signer decodes and signs.
    pub unsigned: Vec<u8>,
    /// The most that the network takes as a fee, in wei or lamports; neither rent nor what a rollup
    /// takes for its layer 1 is in it.
    pub fee_ceiling: Amount,
    /// What owners are asked to allow the network to take, rent included, in wei or lamports: enough
    /// for the time that they need. What a rollup takes for its layer 1 comes on top.
    pub approvable_fee: Amount,
    /// What the network will most likely take, in wei or lamports.
    pub fee_estimate: Amount,
    /// What opening the recipient's token account costs, in lamports; `None` where it is open.
    pub token_account_rent: Option<Amount>,
    /// The block height after which a Solana transaction can no longer be accepted.
    pub last_valid_block_height: Option<u64>,
    /// What the chain said when it tried the transaction.
    pub simulation: Simulation,
}

/// What the chain says that a transaction would do, without doing it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulation {
    /// Why it would fail; `None` when it would not.
    pub failure: Option<String>,
    /// The programs' log; empty on EVM chains.
    pub logs: Vec<String>,
    /// Gas, or compute units.
    pub units_consumed: Option<u64>,
}

/// The bytes of what goes after others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    /// The transaction; with a guess of its gas where it does not go through alone.
    pub unsigned: Vec<u8>,
    /// What it would be if nothing came before it, or why it would not go through.
    pub alone: Result<Draft, ChainError>,
}

/// What a chain says of several transactions that are to go one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sequel {
    /// Each was tried after those before it.
    Tried(Vec<Simulation>),
    /// All of them together would not go through, for this reason.
    Refused(String),
    /// No node can say.
    Unsaid,
}

/// Where a transaction stands that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The node does not know it; it may still be accepted, perhaps after another broadcast.
    Unknown,
    /// The node knows it, and it waits there.
    Pending,
    /// It is on the chain, and may not stay there yet.
    Included,
    /// It was done.
    Confirmed,
    /// It is on the chain and did nothing but cost its fee.
    Failed {
        /// What the chain says.
        reason: String,
    },
    /// It is not on the chain and can never get there.
    Expired,
}

/// How much time a draft has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Age {
    /// Enough to sign and to send it.
    Fresh,
    /// The network may still take it, and more likely does not.
    Old,
    /// The network cannot take it any more, whoever has it.
    Over,
}

/// How a transaction ended that was sent, as far as that is to be found again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It was done.
    Done,
    /// It did nothing but cost its fee.
    Reverted,
    /// It does not matter which.
    Either,
}

/// What the network asks for gas now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GasPrice {
    /// What a transaction most likely pays: wei for one unit of gas; as [`Self::priority`] on Solana.
    pub gas: Amount,
    /// What goes to the block's proposer: wei for one unit of gas, millionths of a lamport for a
    /// compute unit on Solana.
    pub priority: Amount,
}

/// What takes the place of a transaction that waits at the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replacement {
    /// The same deed.
    Same,
    /// Nothing: a transfer of nothing to itself.
    Nothing,
}

/// What a token is, by the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenMetadata {
    /// The contract or mint.
    pub address: Address,
    /// Decimals of one unit.
    pub decimals: u8,
    /// Such as `USDC`; `None` where the chain has none, or none that can be shown.
    pub symbol: Option<String>,
    /// Such as `USD Coin`; `None` as above.
    pub name: Option<String>,
}

/// What a wallet holds of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Of what.
    pub asset: Asset,
    /// How much, in base units.
    pub amount: Amount,
    /// Decimals of one unit, where the chain's answer has them.
    pub decimals: Option<u8>,
}
