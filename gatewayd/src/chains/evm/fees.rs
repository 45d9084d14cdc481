//! What gas costs now.

use primitives::{Amount, ChainId};
use serde_json::json;
use tokio::task::JoinSet;
use txcodec::evm::Kind;

use crate::chains::ChainError;
use crate::chains::answer::{Part, read};
use crate::chains::rpc::{Rpc, RpcError};

/// Endpoints whose prices are compared.
const ASKED: usize = 3;
/// Blocks whose tips are looked at.
const BLOCKS: usize = 10;
/// Of the tips of a block the one in the middle, by gas.
const PERCENTILE: u8 = 50;
const GWEI: u64 = 1_000_000_000;

/// Prices of one unit of gas, in wei.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fees {
    /// What a transaction offers.
    pub(super) kind: Kind,
    /// What it will most likely pay.
    pub(super) estimate: Amount,
}

/// What a node says of the latest blocks.
struct History {
    /// Of the next block.
    base_fee: Amount,
    /// Paid on top by the middle one of the latest blocks that are not empty.
    tip: Option<Amount>,
}

/// What an endpoint asks for a unit of gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Quote {
    /// Of the next block; `None` on a chain without.
    base_fee: Option<Amount>,
    /// What is paid on top of it or, on a chain without, in all.
    offer: Amount,
}

/// Asks prices, none above `most`.
struct Market<'a> {
    rpc: &'a Rpc,
    most: Amount,
}

impl Fees {
    /// By EIP-1559 twice the base fee of the next block, which lasts for five full blocks, and the tip
    /// that was usual in the latest ones; where these were empty the tip that the node suggests, or
    /// what its gas price is above the base fee. On a chain without a base fee the gas price.
    ///
    /// What is offered is paid, so that no endpoint alone says what it is where there are several: of
    /// three the middle one counts, of two the lower one. A price that no block of the chain had
    /// counts as an answer that makes no sense.
    pub(super) async fn now(rpc: &Rpc) -> Result<Self, ChainError> {
        let mut asked = JoinSet::new();
        for alone in rpc.working_one_by_one().into_iter().take(ASKED) {
            asked.spawn(async move { Quote::of(&alone).await });
        }
        let quotes: Vec<Quote> = asked.join_all().await.into_iter().flatten().collect();
        if quotes.is_empty() {
            // Others may answer, or one of these by now; if not, that says why.
            return Quote::of(rpc).await?.fees();
        }
        Quote::middle(quotes).fees()
    }

    fn dynamic(base_fee: Amount, tip: Amount) -> Result<Self, ChainError> {
        let estimate = base_fee.checked_add(tip);
        let max_fee_per_gas = estimate.and_then(|estimate| estimate.checked_add(base_fee));
        let (Some(estimate), Some(max_fee_per_gas)) = (estimate, max_fee_per_gas) else {
            return Err(ChainError::Invalid("the node's gas price is above 256 bits"));
        };
        let kind = Kind::DynamicFee {
            max_fee_per_gas,
            max_priority_fee_per_gas: tip,
            access_list: Vec::new(),
        };
        Ok(Self { kind, estimate })
    }
}

impl Quote {
    /// Of the first endpoint that has one.
    async fn of(rpc: &Rpc) -> Result<Self, ChainError> {
        let market = Market { rpc, most: most_per_gas(rpc.chain_id()) };
        let (base_fee, tip) = match market.history().await? {
            Some(History { base_fee, tip }) => (Some(base_fee), tip),
            None => (market.base_fee().await?, None),
        };
        let Some(base_fee) = base_fee else {
            return Ok(Self { base_fee: None, offer: market.gas_price().await? });
        };
        let suggested = match tip {
            Some(tip) => Some(tip),
            None => market.suggested_tip().await?,
        };
        let offer = match suggested {
            Some(tip) => tip,
            None => market.gas_price().await?.saturating_sub(base_fee),
        };
        Ok(Self { base_fee: Some(base_fee), offer })
    }

    /// What the middle ones say of those that know the same kind of chain.
    fn middle(mut quotes: Vec<Self>) -> Self {
        let count = quotes.len();
        let with_base_fee = quotes.iter().filter(|quote| quote.base_fee.is_some()).count();
        let is_dynamic = with_base_fee >= count.saturating_sub(with_base_fee);
        quotes.retain(|quote| quote.base_fee.is_some() == is_dynamic);
        let base_fees = quotes.iter().filter_map(|quote| quote.base_fee).collect();
        let offers = quotes.iter().map(|quote| quote.offer).collect();
        Self { base_fee: lower_middle(base_fees), offer: lower_middle(offers).unwrap_or_default() }
    }

    fn fees(self) -> Result<Fees, ChainError> {
        match self {
            Self { base_fee: Some(base_fee), offer } => Fees::dynamic(base_fee, offer),
            Self { base_fee: None, offer } => {
                Ok(Fees { kind: Kind::Legacy { gas_price: offer }, estimate: offer })
            }
        }
    }
}

fn lower_middle(mut amounts: Vec<Amount>) -> Option<Amount> {
    amounts.sort_unstable();
    amounts.get(amounts.len().checked_sub(1)? / 2).copied()
}

impl Market<'_> {
    /// `eth_feeHistory`; `None` where the node does not know it, or the chain has no base fee.
    async fn history(&self) -> Result<Option<History>, ChainError> {
        let params = json!([format!("{BLOCKS:#x}"), "latest", [PERCENTILE]]);
        match self.rpc.call("eth_feeHistory", params, |part| self.read_history(part)).await {
            Ok(history) => Ok(history),
            Err(RpcError::Node(_)) => Ok(None),
            Err(RpcError::Chain(error)) => Err(error),
        }
    }

    fn read_history(&self, part: Part<'_>) -> Result<Option<History>, ChainError> {
        if part.is_null() {
            return Ok(None);
        }
        let blocks = part.field("baseFeePerGas")?;
        let fees: Vec<Amount> =
            blocks.items()?.into_iter().map(|fee| self.price(fee)).collect::<Result<_, _>>()?;
        let (Some(base_fee), true) = (fees.last().copied(), fees.len() <= BLOCKS.saturating_add(1))
        else {
            return Err(blocks.bad("it is about other blocks than were asked for"));
        };
        // Zero stands for a block from before EIP-1559, and for a chain that takes nothing.
        if base_fee == Amount::ZERO {
            return Ok(None);
        }
        let before = fees.iter().rev().nth(1).copied().filter(|before| *before > Amount::ZERO);
        if before.and_then(|before| base_fee.checked_sub(before)) > before {
            return Err(blocks.bad("the base fee more than doubles from a block to the next"));
        }
        let tip = match part.optional("reward") {
            Some(rewards) => self.usual_tip(rewards)?,
            None => None,
        };
        Ok(Some(History { base_fee, tip }))
    }

    /// The middle one of the tips of blocks that are not empty.
    fn usual_tip(&self, rewards: Part<'_>) -> Result<Option<Amount>, ChainError> {
        let mut tips = Vec::new();
        for block in rewards.items()?.into_iter().take(BLOCKS) {
            let [tip] = block.array()?;
            tips.push(self.price(tip)?);
        }
        tips.retain(|tip| *tip > Amount::ZERO);
        tips.sort_unstable();
        Ok(tips.get(tips.len() / 2).copied())
    }

    /// That of the latest block; `None` where the chain has none.
    async fn base_fee(&self) -> Result<Option<Amount>, ChainError> {
        let read = |block: Part<'_>| {
            block.field("number")?.small_quantity()?;
            block.optional("baseFeePerGas").map(|fee| self.price(fee)).transpose()
        };
        self.rpc.ask("eth_getBlockByNumber", json!(["latest", false]), read).await
    }

    /// What the node suggests; `None` where it has no suggestions.
    async fn suggested_tip(&self) -> Result<Option<Amount>, ChainError> {
        let read = |part: Part<'_>| self.price(part);
        match self.rpc.call("eth_maxPriorityFeePerGas", json!([]), read).await {
            Ok(tip) => Ok(Some(tip)),
            Err(RpcError::Node(_)) => Ok(None),
            Err(RpcError::Chain(error)) => Err(error),
        }
    }

    async fn gas_price(&self) -> Result<Amount, ChainError> {
        self.rpc.ask("eth_gasPrice", json!([]), |part| self.price(part)).await
    }

    /// A price that is one.
    fn price(&self, part: Part<'_>) -> Result<Amount, ChainError> {
        let price = read::quantity(part)?;
        if price <= self.most {
            return Ok(price);
        }
        Err(part.bad(format!(
            "{price} wei for a unit of gas, above {}, which is the most that this network may claim",
            self.most
        )))
    }
}

/// The most wei that a unit of gas may be said to cost: above every price that the network had, and
/// so low that a node cannot have a wallet burn what it holds. Networks of the settings may have
/// coins of little worth.
fn most_per_gas(chain_id: ChainId) -> Amount {
    let id = match chain_id {
        ChainId::Eip155(id) => id.get(),
        ChainId::Solana(_) => 0, // nobody asks there
    };
    let gwei: u64 = match id {
        // Arbitrum, Base, Optimism, and their test networks.
        10 | 8_453 | 42_161 | 84_532 | 421_614 | 11_155_420 => 1_000,
        // Polygon and its test network.
        137 | 80_002 => 100_000,
        // Ethereum, BNB Smart Chain, Gnosis, HyperEVM, Avalanche, and their test networks.
        1 | 56 | 97 | 100 | 998 | 999 | 10_200 | 43_113 | 43_114 | 11_155_111 => 10_000,
        _ => 10_000_000,
    };
    Amount::from(GWEI.saturating_mul(gwei))
}

#[cfg(test)]
mod tests {
    use primitives::BUILTIN;
    use serde_json::Value;

    use super::*;
    use crate::chains::rpc::Waits;
    use crate::chains::testing::{FakeNode, Reaction};
    use crate::clock::Clock;
    use crate::net::HttpClient;

    /// A node of Ethereum with these prices: of the latest blocks, the suggested tip, of gas.
    async fn node(history: Value, tip: Value, gas_price: Value) -> FakeNode {
        FakeNode::start(move |method, _| {
            Reaction::Result(match method {
                "eth_chainId" => json!("0x1"),
                "eth_feeHistory" => history.clone(),
                "eth_maxPriorityFeePerGas" => tip.clone(),
                "eth_gasPrice" => gas_price.clone(),
                "eth_getBlockByNumber" => json!({"number": "0x1"}),
                other => panic!("nobody should ask {other}"),
            })
        })
        .await
    }

    async fn fees(nodes: &[&FakeNode]) -> Result<Fees, ChainError> {
        let tools = (HttpClient::new(), Clock::system(), Waits::USUAL);
        let chain_id = "eip155:1".parse().unwrap();
        let endpoints: Vec<_> = nodes.iter().map(|node| node.endpoint()).collect();
        let rpc = Rpc::new("ethereum-mainnet".to_owned(), chain_id, &endpoints, tools);
        Fees::now(&rpc).await
    }

    fn gwei(amount: u64) -> Value {
        json!(format!("{:#x}", GWEI * amount))
    }

    fn history(base_fees: &[u64], tips: &[u64]) -> Value {
        let base_fees: Vec<Value> = base_fees.iter().copied().map(gwei).collect();
        let tips: Vec<Value> = tips.iter().map(|tip| json!([gwei(*tip)])).collect();
        json!({"oldestBlock": "0x1", "baseFeePerGas": base_fees, "reward": tips})
    }

    fn dynamic(base_fee: u64, tip: u64) -> Fees {
        Fees::dynamic(Amount::from(base_fee * GWEI), Amount::from(tip * GWEI)).unwrap()
    }

    #[tokio::test]
    async fn the_next_block_and_the_usual_tip_say_the_price() {
        for (history, expected) in [
            (history(&[9, 10, 11], &[1, 5]), dynamic(11, 5)),
            (history(&[9, 10, 11], &[0, 0, 2, 4, 3]), dynamic(11, 3)),
            // Empty blocks say nothing, and neither do nodes without rewards.
            (history(&[9, 10], &[0, 0]), dynamic(10, 7)),
            (json!({"baseFeePerGas": [gwei(9), gwei(10)]}), dynamic(10, 7)),
            // A base fee may fall as it likes, and double.
            (history(&[900, 10], &[1]), dynamic(10, 1)),
            (history(&[5, 10], &[1]), dynamic(10, 1)),
            (history(&[10], &[]), dynamic(10, 7)),
        ] {
            let node = node(history.clone(), gwei(7), gwei(12)).await;
            assert_eq!(fees(&[&node]).await, Ok(expected), "{history}");
        }
    }

    #[tokio::test]
    async fn a_chain_without_a_base_fee_is_paid_by_its_gas_price() {
        for history in [history(&[0, 0], &[0]), json!(null)] {
            let node = node(history, gwei(7), gwei(12)).await;
            let gas_price = Amount::from(12 * GWEI);
            let legacy = Fees { kind: Kind::Legacy { gas_price }, estimate: gas_price };
            assert_eq!(fees(&[&node]).await, Ok(legacy));
        }
    }

    #[tokio::test]
    async fn a_price_that_the_chain_never_had_is_not_offered() {
        let many = vec![10; BLOCKS + 2];
        for (claim, tip, gas_price) in [
            (history(&[10_001, 10_001], &[1]), gwei(1), gwei(1)),
            (history(&[10, 10], &[10_001]), gwei(1), gwei(1)),
            (history(&[10, 10], &[0]), gwei(10_001), gwei(1)),
            (history(&[0], &[0]), gwei(1), gwei(10_001)),
            (history(&[10, 21], &[1]), gwei(1), gwei(1)),
            (history(&many, &[1]), gwei(1), gwei(1)),
            (history(&[], &[]), gwei(1), gwei(1)),
            (json!({"baseFeePerGas": "0x5"}), gwei(1), gwei(1)),
            (json!({"baseFeePerGas": [gwei(9)], "reward": [[]]}), gwei(1), gwei(1)),
            (json!({"baseFeePerGas": [json!(5.5)]}), gwei(1), gwei(1)),
            (json!({"baseFeePerGas": [format!("0x1{}", "0".repeat(64))]}), gwei(1), gwei(1)),
        ] {
            let liar = node(claim.clone(), tip, gas_price).await;
            let alone = fees(&[&liar]).await;
            assert!(matches!(alone, Err(ChainError::BadAnswer { .. })), "{claim}: {alone:?}");
            let honest = node(history(&[10], &[2]), gwei(1), gwei(1)).await;
            let others = fees(&[&liar, &honest]).await.unwrap();
            assert!(others.estimate <= Amount::from(12 * GWEI), "{claim}: {others:?}");
        }
    }

    #[tokio::test]
    async fn no_endpoint_alone_says_what_is_paid_where_there_are_several() {
        let legacy = |gwei: u64| {
            let gas_price = Amount::from(gwei * GWEI);
            Fees { kind: Kind::Legacy { gas_price }, estimate: gas_price }
        };
        // Base fee and tip of each endpoint; without a base fee its gas price.
        let rows: [(&[(u64, u64)], Fees); 9] = [
            (&[(10, 2)], dynamic(10, 2)),
            (&[(10, 1_900), (10, 2)], dynamic(10, 2)),
            (&[(10, 2), (10, 1_900)], dynamic(10, 2)),
            (&[(10, 1_900), (11, 2), (12, 3)], dynamic(11, 3)),
            (&[(10, 0), (11, 2), (12, 3)], dynamic(11, 2)),
            (&[(900, 2), (11, 3), (12, 1)], dynamic(12, 2)),
            (&[(10, 2), (10, 3), (10, 4), (10, 1_900)], dynamic(10, 3)),
            (&[(0, 1_900), (10, 2), (10, 3)], dynamic(10, 2)),
            (&[(0, 12), (0, 13), (0, 9_000)], legacy(13)),
        ];
        for (words, expected) in rows {
            let mut nodes = Vec::new();
            for (base_fee, offer) in words {
                let history = history(&[*base_fee, *base_fee], &[*offer]);
                nodes.push(node(history, gwei(*offer), gwei(*offer)).await);
            }
            let nodes: Vec<&FakeNode> = nodes.iter().collect();
            assert_eq!(fees(&nodes).await, Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn every_builtin_network_has_a_most_of_its_own() {
        for network in BUILTIN {
            if let ChainId::Eip155(_) = network.chain_id {
                let most = most_per_gas(network.chain_id);
                assert!(most <= Amount::from(100_000 * GWEI), "{}", network.name);
            }
        }
        let other = most_per_gas("eip155:31337".parse().unwrap());
        assert_eq!(other, Amount::from(10_000_000 * GWEI));
    }
}
