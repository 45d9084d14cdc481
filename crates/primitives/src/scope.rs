//! Where a ceiling holds.

use std::fmt;

use crate::ChainId;

/// What a transaction's bytes say about where it is valid, and so where it counts as spend.
///
/// The bytes of an EVM transaction name its network. Those of a Solana transaction do not name its
/// cluster, so all clusters of the wallet's environment share one set of ceilings: a gateway that
/// lies about the cluster gains nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// One EVM network.
    Evm(ChainId),
    /// Every Solana cluster.
    Solana,
}

impl Scope {
    /// The scope that holds for a network.
    pub fn of(chain_id: ChainId) -> Self {
        match chain_id {
            ChainId::Eip155(_) => Self::Evm(chain_id),
            ChainId::Solana(_) => Self::Solana,
        }
    }

    /// The network, where the scope is one.
    pub fn network(self) -> Option<ChainId> {
        match self {
            Self::Evm(chain_id) => Some(chain_id),
            Self::Solana => None,
        }
    }
}

/// CAIP-2 for an EVM network, `solana` for all clusters.
impl fmt::Display for Scope {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evm(chain_id) => chain_id.fmt(formatter),
            Self::Solana => formatter.write_str("solana"),
        }
    }
}
