//! What a rollup of the OP stack takes for publishing a transaction on its layer 1, by its own word
//! (`GasPriceOracle`, <https://specs.optimism.io/protocol/predeploys.html#gaspriceoracle>).
//!
//! It is no part of a transaction's bytes: the rollup takes it from the sender on top of the gas. On
//! Arbitrum it is in the gas that `eth_estimateGas` says.

use primitives::{Amount, ChainId, EvmAddress};
use serde_json::json;

use super::{Evm, check_hash, hex};
use crate::chains::ChainError;
use crate::chains::answer::Part;
use crate::chains::rpc::RpcError;

/// Where the oracle is on every network of the OP stack.
const ORACLE: EvmAddress =
    EvmAddress([0x42, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x0f]);
/// `getL1Fee(bytes)`, of an unsigned transaction; the oracle adds the signature.
const GET_L1_FEE: [u8; 4] = [0x49, 0x94, 0x8e, 0x0e];
/// Bytes of a word of the ABI.
const WORD: usize = 32;
/// Bytes that a signature adds to a transaction, with room.
const SIGNATURE: u64 = 96;

/// What `unsigned` will most likely cost on the layer 1; nothing where the network has none.
pub(super) async fn fee(evm: &Evm, unsigned: &[u8]) -> Result<Amount, ChainError> {
    let per_byte = ChainId::Eip155(evm.chain_id).layer_1_fee_per_byte();
    if per_byte == Amount::ZERO {
        return Ok(Amount::ZERO);
    }
    let length = u64::try_from(unsigned.len()).unwrap_or(u64::MAX).saturating_add(SIGNATURE);
    let most = per_byte.checked_mul(Amount::from(length)).unwrap_or(Amount::MAX);
    let call = json!([{"to": ORACLE.to_string(), "data": hex(&call_data(unsigned))}, "latest"]);
    let read = |part: Part<'_>| match part.data()?.as_slice() {
        // A chain without the oracle, such as a local one that uses the id.
        [] => Ok(Amount::ZERO),
        word => {
            let word: [u8; WORD] = word.try_into().map_err(|_short| part.bad("not one word"))?;
            let fee = Amount::from_be_bytes(word);
            // The signer counts no more than that: a higher claim could not be paid anyway.
            let is_plausible = fee <= most;
            is_plausible.then_some(fee).ok_or_else(|| {
                part.bad(format!("a layer 1 fee of {fee} wei, above {most}, which is the most"))
            })
        }
    };
    match evm.rpc.call("eth_call", call, read).await {
        Ok(fee) => Ok(fee),
        // What the oracle does not say, the network says when the transaction is sent.
        Err(RpcError::Node(_)) => Ok(Amount::ZERO),
        Err(RpcError::Chain(error)) => Err(error),
    }
}

impl Evm {
    /// What the transaction called `hash` has cost on the layer 1, by its receipt; `None` where no
    /// receipt says so. A second endpoint has to say the same, where there is one.
    pub(in crate::chains) async fn layer_1_paid(
        &self,
        hash: &str,
    ) -> Result<Option<Amount>, ChainError> {
        let read = |part: Part<'_>| {
            if part.is_null() {
                return Ok(None);
            }
            check_hash(part.field("transactionHash")?, hash)?;
            part.optional("l1Fee").map(Part::quantity).transpose()
        };
        let decides = Option::is_some;
        self.rpc.agreed("eth_getTransactionReceipt", json!([hash]), read, decides).await
    }
}

fn call_data(unsigned: &[u8]) -> Vec<u8> {
    let word = |value: u64| Amount::from(value).to_be_bytes();
    let length = u64::try_from(unsigned.len()).unwrap_or(u64::MAX);
    let mut data = GET_L1_FEE.to_vec();
    data.extend(word(32));
    data.extend(word(length));
    data.extend(unsigned);
    let padded = unsigned.len().next_multiple_of(WORD).saturating_sub(unsigned.len());
    data.extend(std::iter::repeat_n(0, padded));
    data
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use serde_json::Value;
    use sha3::{Digest, Keccak256};

    use super::*;
    use crate::chains::rpc::{Rpc, Waits};
    use crate::chains::testing::{FakeNode, Reaction};
    use crate::clock::Clock;
    use crate::config::Transactions;
    use crate::net::HttpClient;

    async fn fee_of(chain_id: u64, reaction: Reaction) -> (Result<Amount, ChainError>, usize) {
        let node = FakeNode::start(move |method, _| match method {
            "eth_chainId" => Reaction::Result(json!(format!("{chain_id:#x}"))),
            _ => reaction.clone(),
        })
        .await;
        let tools = (HttpClient::new(), Clock::system(), Waits::USUAL);
        let id = NonZeroU64::new(chain_id).unwrap();
        let rpc = Rpc::new("x".to_owned(), ChainId::Eip155(id), &[node.endpoint()], tools);
        let evm = Evm::new(rpc, id, &Transactions::default());
        let fee = fee(&evm, &[7; 4]).await;
        (fee, node.methods().len())
    }

    fn word(value: u128) -> Value {
        json!(format!("{value:#066x}"))
    }

    #[tokio::test]
    async fn a_rollup_says_what_its_layer_1_takes_and_no_other_chain_is_asked() {
        let most = 100 * (4 + u128::from(SIGNATURE)) * 1_000_000_000;
        for (chain_id, reaction, expected) in [
            (1, Reaction::Result(word(5)), Some(0)),
            (8_453, Reaction::Result(word(5)), Some(5)),
            (10, Reaction::Result(word(most)), Some(most)),
            (10, Reaction::Result(word(most + 1)), None),
            (10, Reaction::Result(json!("0x05")), None),
            (10, Reaction::Result(json!("0x")), Some(0)),
            (10, Reaction::Error(3, "execution reverted"), Some(0)),
        ] {
            let (fee, questions) = fee_of(chain_id, reaction.clone()).await;
            let expected = expected.map(Amount::from_u128);
            assert_eq!(fee.ok(), expected, "{chain_id}: {reaction:?}");
            assert_eq!(questions == 0, chain_id == 1);
        }
    }

    #[tokio::test]
    async fn a_receipt_says_what_layer_1_took_or_nothing() {
        let hash = "0x1111111111111111111111111111111111111111111111111111111111111111";
        for (receipt, expected) in [
            (json!(null), Ok(None)),
            (json!({"transactionHash": hash}), Ok(None)),
            (json!({"transactionHash": hash, "l1Fee": null}), Ok(None)),
            (json!({"transactionHash": hash, "l1Fee": "0x0"}), Ok(Some(0_u64))),
            (json!({"transactionHash": hash, "l1Fee": "0x1f4"}), Ok(Some(500))),
            (json!({"transactionHash": hash, "l1Fee": 500}), Err(())),
            (json!({"transactionHash": "0x22", "l1Fee": "0x1f4"}), Err(())),
        ] {
            let answer = receipt.clone();
            let node = FakeNode::start(move |method, _| {
                Reaction::Result(if method == "eth_chainId" {
                    json!("0xa")
                } else {
                    answer.clone()
                })
            })
            .await;
            let tools = (HttpClient::new(), Clock::system(), Waits::USUAL);
            let id = NonZeroU64::new(10).unwrap();
            let rpc = Rpc::new("x".to_owned(), ChainId::Eip155(id), &[node.endpoint()], tools);
            let evm = Evm::new(rpc, id, &Transactions::default());
            let paid = evm.layer_1_paid(hash).await.map_err(|_error| ());
            assert_eq!(paid, expected.map(|fee| fee.map(Amount::from)), "{receipt}");
        }
    }

    #[test]
    fn the_oracle_is_asked_by_its_abi() {
        assert_eq!(&Keccak256::digest("getL1Fee(bytes)")[..4], GET_L1_FEE);
        assert_eq!(ORACLE.to_string().to_lowercase(), "0x420000000000000000000000000000000000000f");
        for (length, words) in [(0, 2), (1, 3), (32, 3), (33, 4)] {
            let data = call_data(&vec![7; length]);
            assert_eq!(data.len(), 4 + words * WORD, "{length}");
            assert_eq!(data[4 + 31], 32);
            assert_eq!(usize::from(data[4 + 63]), length);
            assert!(data[4 + 2 * WORD..].iter().take(length).all(|byte| *byte == 7));
        }
    }
}
