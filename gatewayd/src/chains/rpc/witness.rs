//! Answers on which money depends: one endpoint's word is checked with another's.

use std::sync::Arc;

use serde_json::Value;

use super::node::{Node, Trouble};
use super::{Rpc, RpcError};
use crate::chains::ChainError;
use crate::chains::answer::Part;

/// Endpoints that are asked besides the first.
const FURTHER: usize = 2;

impl Rpc {
    /// As [`Rpc::ask`]; an answer that `decides` counts once a second endpoint gives it too, where
    /// there is one that answers. While the second does not know yet, its answer is the one given.
    ///
    /// # Errors
    /// As [`Rpc::ask`], and [`ChainError::NodesDisagree`] when endpoints decide differently and no
    /// two of three agree.
    pub(in crate::chains) async fn agreed<T: PartialEq>(
        &self,
        method: &'static str,
        params: Value,
        read: impl Fn(Part<'_>) -> Result<T, ChainError>,
        decides: impl Fn(&T) -> bool,
    ) -> Result<T, ChainError> {
        Ok(self.agreed_call(method, params, read, decides).await?)
    }

    /// As [`Self::agreed`], for what a node may refuse.
    ///
    /// # Errors
    /// As [`Rpc::call`], and as above.
    pub(in crate::chains) async fn agreed_call<T: PartialEq>(
        &self,
        method: &'static str,
        params: Value,
        read: impl Fn(Part<'_>) -> Result<T, ChainError>,
        decides: impl Fn(&T) -> bool,
    ) -> Result<T, RpcError> {
        let (first, answer) = self.first_answer(method, &params, &read).await?;
        if !decides(&answer) {
            return Ok(answer);
        }
        let mut others: Vec<(Arc<Node>, T)> = Vec::new();
        for node in self.witnesses(&first) {
            let Ok(Ok(word)) =
                self.ask_node(&node, (method, &params), self.waits.answer, &read).await
            else {
                continue;
            };
            if word == answer {
                self.outvote(method, &others, &decides);
                return Ok(answer);
            }
            let outvotes = others.iter().any(|(_, other)| *other == word) && decides(&word);
            if outvotes {
                self.outvote(method, &[(first, answer)], &decides);
                return Ok(word);
            }
            others.push((node, word));
            if others.len() == FURTHER {
                break;
            }
        }
        let Some(place) = others.iter().position(|(_, word)| decides(word)) else {
            // Nobody was there to ask, or nobody else knows it yet.
            return Ok(others.into_iter().next().map_or(answer, |(_, word)| word));
        };
        let (other, _) = others.swap_remove(place);
        Err(RpcError::Chain(self.disagreement(method, &first, &other)))
    }

    /// Endpoints that can be asked besides `first`.
    fn witnesses(&self, first: &Arc<Node>) -> Vec<Arc<Node>> {
        let mut nodes = self.nodes_by_health();
        nodes.retain(|node| !Arc::ptr_eq(node, first) && node.is_witness(&self.clock));
        nodes
    }

    /// Puts those aside that decided otherwise than two others.
    fn outvote<T>(
        &self,
        method: &'static str,
        outvoted: &[(Arc<Node>, T)],
        decides: &impl Fn(&T) -> bool,
    ) {
        for (node, _) in outvoted.iter().filter(|(_, word)| decides(word)) {
            node.contradicted(&about(method), &self.clock);
            self.put_aside(node, &Trouble::Outvoted);
        }
    }

    /// Notes of the endpoints of this one that others answer `method` differently.
    pub(in crate::chains) fn is_contradicted(&self, method: &'static str) {
        for node in self.nodes() {
            node.contradicted(&about(method), &self.clock);
        }
    }

    /// As [`Self::is_contradicted`], and puts them aside: two others agree.
    pub(in crate::chains) fn is_outvoted(&self, method: &'static str) {
        self.is_contradicted(method);
        for node in self.nodes() {
            self.put_aside(&node, &Trouble::Outvoted);
        }
    }

    fn disagreement(&self, method: &'static str, first: &Node, other: &Node) -> ChainError {
        for node in [first, other] {
            node.contradicted(&about(method), &self.clock);
        }
        tracing::warn!(
            network = %self.network,
            first = %first.endpoint.origin(),
            other = %other.endpoint.origin(),
            method,
            "RPC endpoints contradict each other: what they say does not count"
        );
        ChainError::NodesDisagree { network: self.network.clone(), method }
    }
}

fn about(method: &str) -> String {
    format!("another node answers {method} differently")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::super::node::LONGEST_REST;
    use super::super::tests::{node, rpc};
    use super::*;
    use crate::chains::testing::{FakeNode, Reaction, dead_endpoint};
    use crate::net::Endpoint;

    /// What nodes say about a payment: 1 it was done, 2 it failed, nothing they know nothing.
    async fn asked(nodes: &[Endpoint]) -> (Result<Option<u64>, ChainError>, Vec<u64>, Rpc) {
        let (rpc, setter) = rpc(nodes);
        let outcome = receipt(&rpc).await;
        let contradictions = rpc.status().iter().map(|node| node.history.contradictions).collect();
        drop(setter);
        (outcome, contradictions, rpc)
    }

    async fn receipt(rpc: &Rpc) -> Result<Option<u64>, ChainError> {
        let read = |part: Part<'_>| {
            if part.is_null() { Ok(None) } else { part.small_quantity().map(Some) }
        };
        rpc.agreed("eth_getTransactionReceipt", json!([]), read, Option::is_some).await
    }

    async fn nodes(words: &[Option<u64>]) -> Vec<FakeNode> {
        let mut nodes = Vec::new();
        for word in words {
            let word = word.map(|word| format!("{word:#x}"));
            nodes.push(node(Reaction::Result(json!(word))).await);
        }
        nodes
    }

    #[tokio::test]
    async fn money_depends_on_what_two_nodes_say() {
        let disagree = || {
            let method = "eth_getTransactionReceipt";
            Err(ChainError::NodesDisagree { network: "ethereum-mainnet".to_owned(), method })
        };
        for (words, expected, contradictions) in [
            (vec![Some(1)], Ok(Some(1)), vec![0]),
            (vec![Some(1), Some(1)], Ok(Some(1)), vec![0, 0]),
            (vec![None, Some(1)], Ok(None), vec![0, 0]),
            (vec![Some(1), None], Ok(None), vec![0, 0]),
            (vec![Some(1), Some(2)], disagree(), vec![1, 1]),
            (vec![Some(2), Some(1)], disagree(), vec![1, 1]),
            (vec![Some(1), None, None], Ok(None), vec![0, 0, 0]),
            (vec![Some(1), None, Some(1)], Ok(Some(1)), vec![0, 0, 0]),
            (vec![Some(1), Some(2), Some(1)], Ok(Some(1)), vec![0, 1, 0]),
            (vec![Some(2), Some(1), Some(1)], Ok(Some(1)), vec![1, 0, 0]),
            (vec![Some(1), Some(2), Some(3)], disagree(), vec![1, 0, 1]),
            (vec![Some(1), None, Some(2)], disagree(), vec![1, 0, 1]),
        ] {
            let nodes = nodes(&words).await;
            let endpoints: Vec<_> = nodes.iter().map(FakeNode::endpoint).collect();
            let (outcome, mut found, _rpc) = asked(&endpoints).await;
            // Of three that say three things any two are named.
            found.sort_unstable();
            let mut contradictions = contradictions;
            contradictions.sort_unstable();
            assert_eq!(outcome, expected, "{words:?}");
            assert_eq!(found, contradictions, "{words:?}");
        }
    }

    #[tokio::test]
    async fn a_witness_that_does_not_answer_is_none() {
        let nodes = nodes(&[Some(1)]).await;
        for other in [
            dead_endpoint().await,
            node(Reaction::Error(-32601, "no such method")).await.endpoint(),
        ] {
            let (outcome, _, _rpc) = asked(&[nodes[0].endpoint(), other]).await;
            assert_eq!(outcome, Ok(Some(1)));
        }
    }

    #[tokio::test]
    async fn a_node_of_another_chain_is_no_witness() {
        let honest = nodes(&[Some(1)]).await;
        let stranger = FakeNode::start(|_, _| Reaction::Result(json!("0x2"))).await;
        let (outcome, _, rpc) = asked(&[honest[0].endpoint(), stranger.endpoint()]).await;
        assert_eq!(outcome, Ok(Some(1)));
        assert_eq!(stranger.methods(), ["eth_chainId"]);
        assert_eq!(rpc.status()[1].serves_the_chain, Some(false));
    }

    #[tokio::test]
    async fn who_was_outvoted_is_put_aside() {
        let nodes = nodes(&[Some(2), Some(1), Some(1)]).await;
        let endpoints: Vec<_> = nodes.iter().map(FakeNode::endpoint).collect();
        let (rpc, setter) = rpc(&endpoints);
        assert_eq!(receipt(&rpc).await, Ok(Some(1)));
        let asked = nodes[0].methods().len();
        assert_eq!(receipt(&rpc).await, Ok(Some(1)));
        assert_eq!(nodes[0].methods().len(), asked, "it rests");
        assert_eq!(rpc.status()[0].rest_left, LONGEST_REST);
        setter.advance(LONGEST_REST);
        assert_eq!(receipt(&rpc).await, Ok(Some(1)));
        assert!(nodes[0].methods().len() > asked, "it is asked again");
    }

    #[tokio::test]
    async fn a_node_that_stands_still_far_behind_is_a_witness_only_for_a_while() {
        let fresh = FakeNode::start(|method, _| {
            Reaction::Result(match method {
                "eth_chainId" | "eth_getTransactionReceipt" => json!("0x1"),
                _ => json!("0x10000"),
            })
        })
        .await;
        let stuck = FakeNode::start(|method, _| match method {
            "eth_chainId" => Reaction::Result(json!("0x1")),
            "eth_getTransactionReceipt" => Reaction::Result(json!(null)),
            _ => Reaction::Result(json!("0x5")),
        })
        .await;
        let (rpc, setter) = rpc(&[fresh.endpoint(), stuck.endpoint()]);
        let rpc = Arc::new(rpc);
        rpc.survey().await;
        assert_eq!(receipt(&rpc).await, Ok(None), "it may still get there");
        setter.advance(LONGEST_REST.saturating_sub(Duration::from_secs(1)));
        rpc.survey().await;
        assert_eq!(receipt(&rpc).await, Ok(None));
        setter.advance(Duration::from_secs(1));
        assert_eq!(receipt(&rpc).await, Ok(Some(1)), "it stands still");
    }
}
