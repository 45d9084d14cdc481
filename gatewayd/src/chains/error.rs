//! What can go wrong between the gateway and a chain, sorted by what helps.

use std::time::Duration;

use primitives::Amount;

/// Why a chain did not do, or could not say, what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The wallet holds less of the network's coin than the transfer takes.
    #[error("the wallet holds {available} and the transfer takes {needed}, in base units")]
    InsufficientBalance {
        /// What the transfer takes, without the fee.
        needed: Amount,
        /// What the wallet holds.
        available: Amount,
    },
    /// The wallet holds less of the token than the transfer takes.
    #[error(
        "the wallet holds {available} of the token and the transfer takes {needed}, in base units"
    )]
    InsufficientTokenBalance {
        /// What the transfer takes.
        needed: Amount,
        /// What the wallet holds.
        available: Amount,
    },
    /// The wallet holds the amount, but not the fee (and rent) on top.
    #[error("the fee takes up to {needed} and {available} would be left for it, in base units")]
    InsufficientForFee {
        /// The most that the fee and rent take.
        needed: Amount,
        /// What would be left for them.
        available: Amount,
    },
    /// The chain would run the transaction and it would fail.
    #[error("the transaction would fail: {reason}")]
    ExecutionFailed {
        /// What the contract or program says.
        reason: String,
        /// The programs' log, where the chain has one.
        logs: Vec<String>,
    },
    /// The address is not that of a token on this network.
    #[error("there is no token at {address}: {reason}")]
    NotAToken {
        /// The address that was asked for.
        address: String,
        /// What is there instead.
        reason: String,
    },
    /// The address is not that of a lookup table in use.
    #[error("{address} is no address lookup table: {reason}")]
    NotALookupTable {
        /// The address that was named.
        address: String,
        /// What is there instead.
        reason: &'static str,
    },
    /// There is no code at the address that was to be called: nothing would happen there.
    #[error(
        "there is no contract at {address} on this network; compare the address and the network"
    )]
    NotAContract {
        /// The address.
        address: String,
    },
    /// The contract keeps no collectibles of that standard.
    #[error("the contract {address} keeps no such collectibles: {reason}")]
    NotACollection {
        /// The contract.
        address: String,
        /// What is there instead.
        reason: &'static str,
    },
    /// The request cannot become a transaction of this network.
    #[error("{0}")]
    Invalid(&'static str),
    /// The node refuses the signed transaction, and another time will not change it.
    #[error("the node refuses the transaction: {0}")]
    Rejected(String),
    /// The node refuses the signed transaction because the wallet holds too little.
    #[error("the node says that the wallet cannot pay for the transaction: {0}")]
    Unaffordable(String),
    /// No endpoint answered in time.
    #[error("no RPC endpoint of {network} answered within {} s", .wait.as_secs())]
    Timeout {
        /// The network that was asked.
        network: String,
        /// How long was waited in all.
        wait: Duration,
    },
    /// No endpoint could be reached.
    #[error(
        "no RPC endpoint of {network} can be reached; name one that can in the gateway's settings, \
         [rpc] {setting} = \"https://…\", and have them read again"
    )]
    Unreachable {
        /// The network that was asked.
        network: String,
        /// What its endpoints are called in the settings.
        setting: String,
    },
    /// Every endpoint that answers is one of another network.
    #[error(
        "every RPC endpoint of {network} that answers belongs to another chain; correct [rpc] \
         {setting} in the gateway's settings, and have them read again"
    )]
    WrongChain {
        /// The network that was asked.
        network: String,
        /// What its endpoints are called in the settings.
        setting: String,
    },
    /// The endpoints take no more requests now.
    #[error("the RPC endpoints of {network} take no more requests now")]
    RateLimited {
        /// The network that was asked.
        network: String,
    },
    /// The node does not know the newest state yet.
    #[error("the RPC node is behind the chain")]
    NodeBehind,
    /// The node answered something that no node answers.
    #[error("the RPC node's answer to {method} makes no sense: {reason}")]
    BadAnswer {
        /// What was asked.
        method: &'static str,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The node gave an error to a question that needs an answer.
    #[error("the RPC node answered {method} with error {code}: {message}")]
    Node {
        /// What was asked.
        method: &'static str,
        /// The node's number for it.
        code: i64,
        /// The node's words for it, cut to a readable length.
        message: String,
    },
    /// Endpoints contradict each other about something that money depends on.
    #[error(
        "the RPC endpoints of {network} contradict each other about {method}: not known yet; \
         `waiaasctl rpc status` shows which"
    )]
    NodesDisagree {
        /// The network that was asked.
        network: String,
        /// What was asked.
        method: &'static str,
    },
    /// A transaction with this nonce, or a later one, is on the chain already.
    #[error("the nonce is used already: {0}")]
    NonceUsed(String),
    /// Another transaction with this nonce waits at the node, and this one pays too little to
    /// replace it.
    #[error("another transaction with this nonce is waiting: {0}")]
    NonceTaken(String),
    /// The node asks for more per unit of gas than the transaction offers.
    #[error("the transaction offers too little for gas: {0}")]
    FeeTooLow(String),
    /// The blockhash is too old, so the transaction can no longer be accepted.
    #[error("the blockhash has expired")]
    BlockhashExpired,
    /// A Solana transaction was sent so long ago that no node can say that it is not on the chain.
    #[error(
        "no RPC node reaches back to when it was sent, so none can say that it was not carried out; \
         name one that keeps its history in the gateway's settings"
    )]
    HistoryTooShort,
}

/// What helps against a [`ChainError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Category {
    /// Nothing: the same request fails again.
    Permanent,
    /// Waiting.
    Transient,
    /// Building the transaction anew.
    Stale,
}

impl ChainError {
    /// What helps.
    pub const fn category(&self) -> Category {
        match self {
            Self::InsufficientBalance { .. }
            | Self::InsufficientTokenBalance { .. }
            | Self::InsufficientForFee { .. }
            | Self::ExecutionFailed { .. }
            | Self::NotAToken { .. }
            | Self::NotAContract { .. }
            | Self::NotACollection { .. }
            | Self::NotALookupTable { .. }
            | Self::Invalid(_)
            | Self::Unaffordable(_)
            | Self::Rejected(_) => Category::Permanent,
            Self::Timeout { .. }
            | Self::Unreachable { .. }
            | Self::WrongChain { .. }
            | Self::RateLimited { .. }
            | Self::NodeBehind
            | Self::BadAnswer { .. }
            | Self::HistoryTooShort
            | Self::Node { .. }
            | Self::NodesDisagree { .. } => Category::Transient,
            Self::NonceUsed(_)
            | Self::NonceTaken(_)
            | Self::FeeTooLow(_)
            | Self::BlockhashExpired => Category::Stale,
        }
    }

    /// The stable code that clients compare.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::InsufficientBalance { .. } | Self::Unaffordable(_) => "INSUFFICIENT_BALANCE",
            Self::InsufficientTokenBalance { .. } => "INSUFFICIENT_TOKEN_BALANCE",
            Self::InsufficientForFee { .. } => "INSUFFICIENT_FOR_FEE",
            Self::ExecutionFailed { .. } => "CONTRACT_EXECUTION_FAILED",
            Self::NotAToken { .. } => "TOKEN_NOT_FOUND",
            Self::NotAContract { .. } => "INVALID_ADDRESS",
            Self::NotACollection { .. } => "UNSUPPORTED_NFT_STANDARD",
            Self::NotALookupTable { .. } | Self::Invalid(_) | Self::Rejected(_) => {
                "INVALID_TRANSACTION"
            }
            Self::Timeout { .. } => "RPC_TIMEOUT",
            Self::Unreachable { .. } => "RPC_CONNECTION_ERROR",
            Self::WrongChain { .. } => "RPC_WRONG_CHAIN",
            Self::RateLimited { .. } => "RATE_LIMITED",
            Self::NodeBehind => "NODE_BEHIND",
            Self::BadAnswer { .. } => "RPC_INVALID_RESPONSE",
            Self::Node { .. } => "RPC_ERROR",
            Self::NodesDisagree { .. } => "RPC_DISAGREEMENT",
            Self::NonceUsed(_) => "NONCE_TOO_LOW",
            Self::NonceTaken(_) => "NONCE_ALREADY_USED",
            Self::FeeTooLow(_) => "GAS_PRICE_TOO_LOW",
            Self::BlockhashExpired => "BLOCKHASH_EXPIRED",
            Self::HistoryTooShort => "RPC_HISTORY_TOO_SHORT",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_categories_are_those_that_clients_know() {
        let network = || "base-mainnet".to_owned();
        let setting = || "evm_base_mainnet".to_owned();
        for (error, category, code) in [
            (ChainError::NodeBehind, Category::Transient, "NODE_BEHIND"),
            (ChainError::BlockhashExpired, Category::Stale, "BLOCKHASH_EXPIRED"),
            (ChainError::HistoryTooShort, Category::Transient, "RPC_HISTORY_TOO_SHORT"),
            (ChainError::NonceUsed(String::new()), Category::Stale, "NONCE_TOO_LOW"),
            (ChainError::NonceTaken(String::new()), Category::Stale, "NONCE_ALREADY_USED"),
            (ChainError::Rejected(String::new()), Category::Permanent, "INVALID_TRANSACTION"),
            (ChainError::Unaffordable(String::new()), Category::Permanent, "INSUFFICIENT_BALANCE"),
            (
                ChainError::WrongChain { network: network(), setting: setting() },
                Category::Transient,
                "RPC_WRONG_CHAIN",
            ),
            (
                ChainError::NodesDisagree { network: network(), method: "eth_call" },
                Category::Transient,
                "RPC_DISAGREEMENT",
            ),
            (
                ChainError::Unreachable { network: network(), setting: setting() },
                Category::Transient,
                "RPC_CONNECTION_ERROR",
            ),
            (
                ChainError::Timeout { network: network(), wait: Duration::from_secs(25) },
                Category::Transient,
                "RPC_TIMEOUT",
            ),
            (
                ChainError::InsufficientForFee { needed: Amount::MAX, available: Amount::ZERO },
                Category::Permanent,
                "INSUFFICIENT_FOR_FEE",
            ),
        ] {
            assert_eq!((error.category(), error.code()), (category, code), "{error}");
        }
    }
}
