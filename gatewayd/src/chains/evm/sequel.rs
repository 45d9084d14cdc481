//! Several transactions of a wallet tried one after the other: `eth_simulateV1` of the Ethereum
//! execution API, which not every node has.

use serde_json::json;

use super::Evm;
use super::plan::Plan;
use crate::chains::answer::{Part, readable};
use crate::chains::rpc::{NodeError, RpcError};
use crate::chains::{ChainError, DraftRequest, Sequel, Simulation};

/// Codes of calls that cannot go one after the other: those that the API has for them, such as -38014
/// for a wallet that has too little, and "transaction rejected" of EIP-1474. Any other error says
/// something about the node alone.
fn is_refusal(code: i64) -> bool {
    (-38_999..=-38_000).contains(&code) || code == -32_003
}

/// What the chain says of deeds, each tried with what those before it have changed. Fees are not
/// counted.
pub(super) async fn sequel(evm: &Evm, requests: &[DraftRequest]) -> Result<Sequel, ChainError> {
    let calls: Result<Vec<_>, ChainError> = requests
        .iter()
        .map(|request| Ok(Plan::of(request.from, &request.deed)?.call.to_json()))
        .collect();
    let params = json!([{"blockStateCalls": [{"calls": calls?}], "validation": false}, "latest"]);
    let read = |part: Part<'_>| {
        let [block] = part.array()?;
        let calls = block.field("calls")?.items()?;
        if calls.len() != requests.len() {
            return Err(part.bad("another number of calls"));
        }
        calls.into_iter().map(read_call).collect()
    };
    match evm.rpc.call("eth_simulateV1", params, read).await {
        Ok(tried) => Ok(Sequel::Tried(tried)),
        Err(RpcError::Node(NodeError { code, message, .. })) if is_refusal(code) => {
            Ok(Sequel::Refused(message))
        }
        Err(RpcError::Node(_) | RpcError::Chain(ChainError::BadAnswer { .. })) => {
            Ok(Sequel::Unsaid)
        }
        Err(RpcError::Chain(error)) => Err(error),
    }
}

fn read_call(call: Part<'_>) -> Result<Simulation, ChainError> {
    let units_consumed = Some(call.field("gasUsed")?.small_quantity()?);
    let status = call.field("status")?;
    let failure = match status.small_quantity()? {
        0 => Some(failure(call)?),
        1 => None,
        _ => return Err(status.bad("a status other than 0 and 1")),
    };
    Ok(Simulation { failure, logs: Vec::new(), units_consumed })
}

fn failure(call: Part<'_>) -> Result<String, ChainError> {
    let said = call.optional("error").and_then(|error| error.optional("message"));
    said.map_or(Ok("execution reverted".to_owned()), |message| message.text().map(readable))
}

#[cfg(test)]
mod tests {
    use primitives::{Asset, EvmAddress};
    use serde_json::Value;

    use super::super::tests::{evm_with, node};
    use super::*;
    use crate::chains::testing::{Reaction, transfer};
    use crate::tx::Deed;

    fn requests() -> [DraftRequest; 2] {
        [1_u64, 2].map(|amount| {
            let [from, to] = [EvmAddress([0x11; 20]), EvmAddress([0x22; 20])];
            let deed = Deed::Transfer(transfer(Asset::Native, to.into(), amount.into()));
            DraftRequest { from: from.into(), deed, nonce: None }
        })
    }

    async fn asked(answer: Reaction) -> Result<Sequel, ChainError> {
        let node = node(move |method, params| {
            (method == "eth_simulateV1").then(|| {
                let calls = params[0]["blockStateCalls"][0]["calls"].as_array().unwrap();
                let values: Vec<_> = calls.iter().map(|call| call["value"].clone()).collect();
                assert_eq!(
                    (values, &params[1]),
                    (vec![json!("0x1"), json!("0x2")], &json!("latest"))
                );
                answer.clone()
            })
        })
        .await;
        sequel(&evm_with(&node, 1), &requests()).await
    }

    fn block(calls: Value) -> Reaction {
        Reaction::Result(json!([{ "number": "0x65", "calls": calls }]))
    }

    #[tokio::test]
    async fn each_is_told_after_those_before_it() {
        let good = json!({"status": "0x1", "gasUsed": "0x5208", "returnData": "0x", "logs": []});
        let bad = json!({"status": "0x0", "gasUsed": "0x10", "returnData": "0x", "logs": [],
                         "error": {"code": 3, "message": "execution reverted: paused"}});
        let mute = json!({"status": "0x0", "gasUsed": "0x10"});
        let simulation = |failure: Option<&str>, units| Simulation {
            failure: failure.map(str::to_owned),
            logs: Vec::new(),
            units_consumed: Some(units),
        };
        for (second, expected) in [
            (&good, simulation(None, 21_000)),
            (&bad, simulation(Some("execution reverted: paused"), 16)),
            (&mute, simulation(Some("execution reverted"), 16)),
        ] {
            let found = asked(block(json!([good.clone(), second]))).await;
            assert_eq!(found, Ok(Sequel::Tried(vec![simulation(None, 21_000), expected])));
        }
    }

    #[tokio::test]
    async fn a_node_without_the_method_says_nothing_and_one_that_refuses_says_why() {
        let good = json!({"status": "0x1", "gasUsed": "0x5208"});
        for answer in [
            Reaction::Error(-32601, "the method eth_simulateV1 does not exist"),
            Reaction::Error(-32602, "invalid params"),
            block(json!([good])),
            block(json!([good, {"status": "0x2", "gasUsed": "0x0"}])),
            Reaction::Result(json!(null)),
            Reaction::Raw(503, String::new()),
        ] {
            assert_eq!(asked(answer.clone()).await, Ok(Sequel::Unsaid), "{answer:?}");
        }
        let poor = "insufficient funds for gas * price + value";
        for code in [-38_014, -32_003] {
            let found = asked(Reaction::Error(code, poor)).await;
            assert_eq!(found, Ok(Sequel::Refused(poor.to_owned())), "{code}");
        }
    }
}
