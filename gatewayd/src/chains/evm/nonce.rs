//! Which nonces of a wallet the network has seen.

use primitives::EvmAddress;
use serde_json::{Value, json};

use super::Evm;
use crate::chains::ChainError;
use crate::chains::answer::read;
use crate::chains::rpc::RpcError;

/// Blocks back that no reorganisation reaches: two epochs of Ethereum.
const DEEP: u64 = 64;

impl Evm {
    /// The next nonce by the node, transactions that wait there counted. One beyond `known` counts
    /// once a second endpoint gives it too, where there is one.
    pub(in crate::chains) async fn next_nonce(
        &self,
        owner: EvmAddress,
        known: u64,
    ) -> Result<u64, ChainError> {
        self.nonce_beyond(owner, "pending", known).await
    }

    /// How many transactions of the wallet are on the chain; `known` as above.
    pub(in crate::chains) async fn mined_nonce(
        &self,
        owner: EvmAddress,
        known: u64,
    ) -> Result<u64, ChainError> {
        self.nonce_beyond(owner, "latest", known).await
    }

    /// How many transactions of the wallet are on the chain, whatever the number is what a second endpoint
    /// says, too, where there is one.
    pub(in crate::chains) async fn mined_nonce_by_two(
        &self,
        owner: EvmAddress,
    ) -> Result<u64, ChainError> {
        let params = json!([owner.to_string(), "latest"]);
        let method = "eth_getTransactionCount";
        self.rpc.agreed(method, params, read::small_quantity, |_any| true).await
    }

    async fn nonce_beyond(
        &self,
        owner: EvmAddress,
        block: &str,
        known: u64,
    ) -> Result<u64, ChainError> {
        let params = json!([owner.to_string(), block]);
        let is_beyond = |nonce: &u64| *nonce > known;
        let method = "eth_getTransactionCount";
        self.rpc.agreed(method, params, read::small_quantity, is_beyond).await
    }

    /// How many transactions of the wallet are on the chain so deep that they stay there: by the
    /// node's finalized block, or [`DEEP`] blocks back where it has none.
    pub(super) async fn final_nonce(&self, owner: EvmAddress) -> Result<u64, ChainError> {
        let params = json!([owner.to_string(), "finalized"]);
        let asked = self.rpc.call("eth_getTransactionCount", params, read::small_quantity).await;
        match asked {
            Ok(nonce) => Ok(nonce),
            Err(RpcError::Chain(error)) => Err(error),
            Err(RpcError::Node(_)) => {
                let newest = self.newest_block().await?;
                self.nonce_at(owner, json!(format!("{:#x}", newest.saturating_sub(DEEP)))).await
            }
        }
    }

    async fn nonce_at(&self, owner: EvmAddress, block: Value) -> Result<u64, ChainError> {
        let params = json!([owner.to_string(), block]);
        self.rpc.ask("eth_getTransactionCount", params, read::small_quantity).await
    }
}
