//! How far each endpoint is on the chain, and which of them are far behind the others.

use std::sync::Arc;

use primitives::ChainId;
use serde_json::{Value, json};

use super::node::Node;
use super::{Rpc, RpcError};
use crate::chains::ChainError;
use crate::chains::answer::{Part, read};

/// Blocks that endpoints differ by without a fault: they are not asked at the same moment, and the
/// fastest chains make four a second.
const BLOCKS_APART: u64 = 100;
/// The same on Solana, in slots: a minute.
const SLOTS_APART: u64 = 150;

impl Rpc {
    /// Asks every endpoint that does not rest how far it is, and puts those aside that are far behind.
    pub(in crate::chains) async fn survey(self: &Arc<Self>) {
        let mut questions = tokio::task::JoinSet::new();
        for node in self.nodes().into_iter().filter(|node| node.rest_left(&self.clock).is_zero()) {
            let rpc = Arc::clone(self);
            questions.spawn(async move {
                let height = rpc.height_of(&node).await?;
                node.stands_at(height, &rpc.clock);
                Some((node, height))
            });
        }
        let found: Vec<(Arc<Node>, u64)> =
            questions.join_all().await.into_iter().flatten().collect();
        let heights = found.iter().map(|(_, height)| *height).collect();
        let Some(usual) = usual_height(heights) else { return };
        for (node, height) in &found {
            let behind = usual.saturating_sub(*height);
            if node.is_behind(behind > self.apart(), &self.clock) {
                tracing::warn!(
                    network = %self.network,
                    endpoint = %node.endpoint.origin(),
                    height,
                    behind,
                    "RPC endpoint is behind the others, which are asked before it"
                );
            }
            let ahead = height.saturating_sub(usual);
            if ahead > self.apart() {
                node.contradicted("it claims blocks that most others do not have", &self.clock);
                tracing::warn!(
                    network = %self.network,
                    endpoint = %node.endpoint.origin(),
                    height,
                    ahead,
                    "RPC endpoint claims blocks that most others do not have"
                );
            }
        }
    }

    async fn height_of(&self, node: &Node) -> Option<u64> {
        let (method, params) = height_question(self.chain_id);
        let read = read_height(self.chain_id);
        let answer = self.ask_node(node, (method, &params), self.waits.answer, &read).await;
        // One that refuses the question works, and its height stays unknown.
        answer.ok()?.map_err(|_refused: RpcError| ()).ok()
    }

    const fn apart(&self) -> u64 {
        match self.chain_id {
            ChainId::Eip155(_) => BLOCKS_APART,
            ChainId::Solana(_) => SLOTS_APART,
        }
    }
}

/// How a node is asked how far it is.
pub(super) fn height_question(chain_id: ChainId) -> (&'static str, Value) {
    match chain_id {
        ChainId::Eip155(_) => ("eth_blockNumber", json!([])),
        ChainId::Solana(_) => ("getSlot", json!([{"commitment": "confirmed"}])),
    }
}

/// How its answer is read.
pub(super) fn read_height(chain_id: ChainId) -> impl Fn(Part<'_>) -> Result<u64, ChainError> {
    move |part| match chain_id {
        ChainId::Eip155(_) => read::small_quantity(part),
        ChainId::Solana(_) => part.number(),
    }
}

/// What most endpoints have: the height in the middle, so that one alone cannot claim another; the
/// greater of two, as nodes stand still more often than they run ahead.
fn usual_height(mut heights: Vec<u64>) -> Option<u64> {
    heights.sort_unstable();
    heights.get(heights.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{block_number, node, rpc};
    use super::*;
    use crate::chains::testing::{FakeNode, Reaction, dead_endpoint};

    async fn at(height: u64) -> FakeNode {
        node(Reaction::Result(json!(format!("{height:#x}")))).await
    }

    #[tokio::test]
    async fn a_node_far_behind_the_others_is_asked_after_them() {
        for (height, first_asked) in
            [(1_000_000 - BLOCKS_APART, 1_000_000 - BLOCKS_APART), (999_899, 1_000_000)]
        {
            let (slow, fresh) = (at(height).await, at(1_000_000).await);
            let endpoints = [slow.endpoint(), dead_endpoint().await, fresh.endpoint()];
            let (rpc, _setter) = rpc(&endpoints);
            let rpc = Arc::new(rpc);
            rpc.survey().await;
            assert_eq!(block_number(&rpc).await, Ok(first_asked), "{height}");
            let status = rpc.status();
            assert_eq!(status[0].is_behind, first_asked != height);
            assert_eq!((status[0].height, status[1].height), (Some(height), None));
        }
    }

    #[tokio::test]
    async fn a_node_that_caught_up_is_asked_first_again() {
        let height = Arc::new(std::sync::atomic::AtomicU64::new(1));
        let now = Arc::clone(&height);
        let slow = FakeNode::start(move |method, _| {
            Reaction::Result(match method {
                "eth_chainId" => json!("0x1"),
                _ => json!(format!("{:#x}", now.load(std::sync::atomic::Ordering::Relaxed))),
            })
        })
        .await;
        let fresh = at(1_000).await;
        let (rpc, _setter) = rpc(&[slow.endpoint(), fresh.endpoint()]);
        let rpc = Arc::new(rpc);
        rpc.survey().await;
        assert_eq!(block_number(&rpc).await, Ok(1_000));
        height.store(999, std::sync::atomic::Ordering::Relaxed);
        rpc.survey().await;
        assert_eq!(block_number(&rpc).await, Ok(999));
    }

    #[tokio::test]
    async fn one_node_that_claims_blocks_puts_nobody_else_aside() {
        let (liar, honest, other) = (at(u64::MAX).await, at(100).await, at(101).await);
        let (rpc, _setter) = rpc(&[honest.endpoint(), other.endpoint(), liar.endpoint()]);
        let rpc = Arc::new(rpc);
        rpc.survey().await;
        let status = rpc.status();
        assert!(status.iter().all(|node| !node.is_behind), "{status:?}");
        let contradictions: Vec<u64> =
            status.iter().map(|node| node.history.contradictions).collect();
        assert_eq!(contradictions, [0, 0, 1]);
    }

    #[test]
    fn one_endpoint_of_three_cannot_say_how_high_the_chain_is() {
        for (heights, usual) in [
            (vec![], None),
            (vec![7], Some(7)),
            (vec![7, 900], Some(900)),
            (vec![7, u64::MAX, 8], Some(8)),
            (vec![0, 7, 8], Some(7)),
            (vec![0, 7, 8, u64::MAX], Some(8)),
        ] {
            assert_eq!(usual_height(heights.clone()), usual, "{heights:?}");
        }
    }
}
