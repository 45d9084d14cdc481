//! The clients of all networks.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use primitives::Network;
use tokio::task::JoinSet;

use super::client::ChainClient;
use super::rpc::NodeStatus;
use crate::clock::Clock;
use crate::config::Transactions;
use crate::net::HttpClient;
use crate::networks::Networks;

/// How long endpoints are left alone between two questions for their height.
const BETWEEN_SURVEYS: Duration = Duration::from_secs(30);

/// Which networks are surveyed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Surveyed {
    /// Every one.
    All,
    /// Those that were asked something since the last survey, and have a choice of endpoints.
    Used,
}

/// A client for every network, by its name.
#[derive(Debug)]
pub struct Chains {
    by_name: BTreeMap<String, ChainClient>,
}

impl Chains {
    /// A client for every network; nothing is asked yet.
    pub fn new(
        networks: &Networks,
        settings: &Transactions,
        http: &HttpClient,
        clock: &Clock,
    ) -> Self {
        let client = |network: &Network| {
            let client = ChainClient::new(network, networks, settings, (http, clock));
            (network.name.to_string(), client)
        };
        Self { by_name: networks.iter().map(client).collect() }
    }

    /// The client of the network of that name.
    pub fn client(&self, network: &str) -> Option<&ChainClient> {
        self.by_name.get(network)
    }

    /// What is known of the endpoints of each network, by its name.
    pub fn status(&self) -> BTreeMap<String, Vec<NodeStatus>> {
        let status = |client: &ChainClient| client.rpc().status();
        self.by_name.iter().map(|(name, client)| (name.clone(), status(client))).collect()
    }

    /// Asks the endpoints of every network how far they are, or of those that were asked something
    /// since the last time.
    pub async fn survey(&self, which: Surveyed) {
        let mut surveys = JoinSet::new();
        for client in self.by_name.values() {
            let rpc = Arc::clone(client.rpc());
            if which == Surveyed::All || rpc.was_used() {
                surveys.spawn(async move { rpc.survey().await });
            }
        }
        surveys.join_all().await;
    }

    /// Surveys the networks that are used, now and again; never ends.
    pub async fn watch(&self, clock: &Clock) {
        loop {
            clock.sleep(BETWEEN_SURVEYS).await;
            self.survey(Surveyed::Used).await;
        }
    }

    /// Asks the endpoints of `networks` from now on. Networks that are new are not served before a
    /// restart.
    pub fn set_endpoints(&self, networks: &Networks) {
        for (name, client) in &self.by_name {
            match networks.endpoints(name) {
                [] => {}
                endpoints => client.rpc().set_endpoints(endpoints),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use primitives::{Address, Amount, Asset, EvmAddress, SolanaAddress};
    use serde_json::json;

    use super::*;
    use crate::chains::testing::{FakeNode, Reaction, transfer};
    use crate::chains::{ChainError, DraftRequest};
    use crate::tx::Deed;

    const EVM: Address = Address::Evm(EvmAddress([1; 20]));
    const SOLANA: Address = Address::Solana(SolanaAddress([1; 32]));

    fn chains(networks: &Networks) -> Chains {
        Chains::new(networks, &Transactions::default(), &HttpClient::new(), &Clock::system())
    }

    #[test]
    fn every_network_has_a_client() {
        let networks = Networks::builtin();
        let chains = chains(&networks);
        assert!(networks.iter().all(|network| chains.client(&network.name).is_some()));
        assert!(chains.client("nowhere").is_none());
    }

    #[tokio::test]
    async fn an_address_of_the_other_kind_of_chain_is_refused_before_anybody_is_asked() {
        let chains = chains(&Networks::builtin());
        for (network, ours, theirs) in
            [("base-mainnet", EVM, SOLANA), ("solana-mainnet", SOLANA, EVM)]
        {
            let client = chains.client(network).unwrap();
            let request = |asset, to| DraftRequest {
                from: ours,
                deed: Deed::Transfer(transfer(asset, to, 1_u64.into())),
                nonce: Some(0),
            };
            for error in [
                client.balance(theirs).await.unwrap_err(),
                client.token_balance(ours, theirs).await.unwrap_err(),
                client.token_metadata(theirs).await.unwrap_err(),
                client.allowance(theirs, ours, ours).await.unwrap_err(),
                client.allowance(ours, theirs, ours).await.unwrap_err(),
                client.allowance(ours, ours, theirs).await.unwrap_err(),
                client.draft(&request(Asset::Native, theirs)).await.unwrap_err(),
                client.draft(&request(Asset::Token(theirs), ours)).await.unwrap_err(),
            ] {
                assert!(matches!(error, ChainError::Invalid(_)), "{network}: {error}");
            }
        }
    }

    #[tokio::test]
    async fn new_endpoints_are_asked_from_then_on() {
        let mut networks = Networks::builtin();
        let chains = chains(&networks);
        let node = FakeNode::start(|method, _| match method {
            "eth_chainId" => Reaction::Result(json!("0x2105")),
            _ => Reaction::Result(json!("0x7")),
        })
        .await;
        assert_eq!(networks.set_endpoints("evm_base_mainnet", vec![node.endpoint()]), Ok(true));
        chains.set_endpoints(&networks);
        let client = chains.client("base-mainnet").unwrap();
        assert_eq!(client.balance(EVM).await, Ok(Amount::from(7_u64)));
        assert_eq!(client.next_nonce(EVM, 0).await, Ok(Some(7)));
        assert_eq!(chains.client("solana-devnet").unwrap().next_nonce(SOLANA, 0).await, Ok(None));
    }
}
