//! When a transaction counts as expired, whatever nodes that lag, forget or lie say.

use super::*;
use crate::chains::testing::dead_endpoint;

/// The last block that can hold the transaction.
const LAST_VALID: u64 = 1_000;
/// The least height at which it can have expired.
const SETTLED: u64 = LAST_VALID + 33;

/// What a node says of itself and of the transaction.
#[derive(Clone, Copy, Debug)]
struct Witness {
    /// Its newest finalized block; the slot of it is 10,000 more.
    height: u64,
    /// The slot that it has reached.
    slot: u64,
    /// Whether it knows the transaction.
    commitment: Option<&'static str>,
    /// The oldest block that it has kept; `None` for the first one of all.
    oldest: Option<u64>,
}

/// It has seen all there is, and knows nothing of the transaction.
const SEES_ALL: Witness = at(SETTLED);

const fn at(height: u64) -> Witness {
    Witness { height, slot: height + 10_000, commitment: None, oldest: None }
}

async fn start(witness: Witness) -> FakeNode {
    let Witness { height, slot, commitment, oldest } = witness;
    let known = commitment.map(|commitment| {
        json!({"slot": 10_900, "confirmations": 1, "err": null, "confirmationStatus": commitment})
    });
    node(Accounts::new(), move |method, params| {
        Some(Reaction::Result(match method {
            "getEpochInfo" => json!({"absoluteSlot": height + 10_000, "blockHeight": height}),
            "getSignatureStatuses" => json!({"context": {"slot": slot}, "value": [known.clone()]}),
            "getFirstAvailableBlock" => json!(oldest.map_or(0, |oldest| oldest + 10_000)),
            "getBlock" => {
                assert_eq!(params[0], json!(oldest.unwrap() + 10_000));
                json!({"blockHeight": oldest})
            }
            _ => return None,
        }))
    })
    .await
}

async fn outcome(witnesses: &[Witness]) -> Result<Outcome, &'static str> {
    let mut endpoints = Vec::new();
    for witness in witnesses {
        endpoints.push(start(*witness).await.endpoint());
    }
    let found = solana_of(&endpoints).outcome(HASH, Some(LAST_VALID)).await;
    found.map_err(|error| error.code())
}

#[tokio::test]
async fn only_a_node_that_saw_every_block_can_say_that_a_transaction_expired() {
    let rows = [
        (SEES_ALL, Ok(Outcome::Expired)),
        (at(400), Ok(Outcome::Unknown)),
        (at(LAST_VALID), Ok(Outcome::Unknown)),
        (at(LAST_VALID + 1), Ok(Outcome::Unknown)),
        (at(SETTLED - 1), Ok(Outcome::Unknown)),
        // The answer is from before the block that was asked about.
        (Witness { slot: SETTLED + 9_999, ..SEES_ALL }, Ok(Outcome::Unknown)),
        (Witness { commitment: Some("processed"), ..SEES_ALL }, Ok(Outcome::Pending)),
        (Witness { commitment: Some("finalized"), ..SEES_ALL }, Ok(Outcome::Confirmed)),
    ];
    for (witness, expected) in rows {
        assert_eq!(outcome(&[witness]).await, expected, "{witness:?}");
    }
    let node = start(SEES_ALL).await;
    assert_eq!(solana(&node).outcome(HASH, None).await, Ok(Outcome::Unknown));
}

#[tokio::test]
async fn a_node_that_has_forgotten_those_blocks_proves_nothing() {
    const LATER: u64 = LAST_VALID + 101;
    let oldest = |height, oldest| Witness { oldest: Some(oldest), ..at(height) };
    for (witness, expected) in [
        (oldest(LATER - 1, LATER - 2), Ok(Outcome::Expired)),
        (oldest(LATER, LAST_VALID - 150), Ok(Outcome::Expired)),
        (oldest(LATER, LAST_VALID - 149), Err("RPC_HISTORY_TOO_SHORT")),
        (oldest(LATER, LATER - 2), Err("RPC_HISTORY_TOO_SHORT")),
        (at(1_000_000), Ok(Outcome::Expired)),
    ] {
        assert_eq!(outcome(&[witness]).await, expected, "{witness:?}");
    }
}

#[tokio::test]
async fn nothing_has_expired_that_any_node_knows() {
    let lags = at(400);
    let knows = Witness { commitment: Some("confirmed"), ..SEES_ALL };
    let sees = Witness { commitment: Some("processed"), ..SEES_ALL };
    let forgets = Witness { oldest: Some(5_000), ..at(6_000) };
    for (witnesses, expected) in [
        ([SEES_ALL, lags, SEES_ALL], Ok(Outcome::Expired)),
        ([SEES_ALL, forgets, SEES_ALL], Ok(Outcome::Expired)),
        ([SEES_ALL, lags, lags], Ok(Outcome::Unknown)),
        ([SEES_ALL, lags, forgets], Err("RPC_HISTORY_TOO_SHORT")),
        ([SEES_ALL, knows, lags], Err("RPC_DISAGREEMENT")),
        ([SEES_ALL, lags, sees], Err("RPC_DISAGREEMENT")),
        ([forgets, knows, SEES_ALL], Err("RPC_DISAGREEMENT")),
        ([forgets, knows, lags], Ok(Outcome::Confirmed)),
        ([forgets, sees, forgets], Ok(Outcome::Pending)),
        ([forgets, forgets, forgets], Err("RPC_HISTORY_TOO_SHORT")),
        // Nobody is asked more than the first, who says that there is time left.
        ([lags, SEES_ALL, SEES_ALL], Ok(Outcome::Unknown)),
        // What ends it needs two who say so.
        ([knows, knows, lags], Ok(Outcome::Confirmed)),
        ([knows, SEES_ALL, SEES_ALL], Err("RPC_DISAGREEMENT")),
    ] {
        assert_eq!(outcome(&witnesses).await, expected, "{witnesses:?}");
    }
}

/// One of two may lie, and the other may be out of reach because it is asked too often.
#[tokio::test]
async fn nothing_has_expired_by_the_word_of_one_where_there_are_two() {
    let busy = || {
        node(Accounts::new(), |method, _| {
            (method != "getGenesisHash").then(|| Reaction::Raw(429, String::new()))
        })
    };
    let here = [start(SEES_ALL).await.endpoint(), start(SEES_ALL).await.endpoint()];
    let forgets = start(Witness { oldest: Some(5_000), ..at(6_000) }).await.endpoint();
    for (endpoints, expected) in [
        (vec![here[0].clone(), busy().await.endpoint()], Err("RATE_LIMITED")),
        (vec![here[0].clone(), dead_endpoint().await], Err("RPC_CONNECTION_ERROR")),
        (vec![here[0].clone(), forgets], Err("RPC_HISTORY_TOO_SHORT")),
        (vec![here[0].clone(), start(at(400)).await.endpoint()], Ok(Outcome::Unknown)),
        (vec![here[0].clone(), here[1].clone()], Ok(Outcome::Expired)),
        (vec![here[0].clone(), dead_endpoint().await, here[1].clone()], Ok(Outcome::Expired)),
        (vec![here[0].clone()], Ok(Outcome::Expired)),
    ] {
        let found = solana_of(&endpoints).outcome(HASH, Some(LAST_VALID)).await;
        assert_eq!(found.map_err(|error| error.code()), expected, "{endpoints:?}");
    }
}

#[tokio::test]
async fn with_finalized_a_block_that_was_voted_for_is_not_enough() {
    use Commitment::{Confirmed, Finalized};
    for (said, wanted, expected) in [
        ("processed", Confirmed, Outcome::Pending),
        ("processed", Finalized, Outcome::Pending),
        ("confirmed", Confirmed, Outcome::Confirmed),
        ("confirmed", Finalized, Outcome::Included),
        ("finalized", Confirmed, Outcome::Confirmed),
        ("finalized", Finalized, Outcome::Confirmed),
    ] {
        let node = start(Witness { commitment: Some(said), ..at(400) }).await;
        let solana = Solana { commitment: wanted, ..solana(&node) };
        assert_eq!(solana.outcome(HASH, Some(LAST_VALID)).await, Ok(expected), "{said} {wanted:?}");
    }
}

#[tokio::test]
async fn a_draft_is_over_when_two_have_the_blocks_that_show_it_and_fresh_while_time_is_left() {
    let fresh = LAST_VALID - 30;
    for (heights, expected) in [
        (vec![0], Ok(Age::Fresh)),
        (vec![fresh], Ok(Age::Fresh)),
        (vec![fresh + 1], Ok(Age::Old)),
        (vec![LAST_VALID + 1], Ok(Age::Old)),
        (vec![SETTLED - 1], Ok(Age::Old)),
        (vec![SETTLED], Ok(Age::Over)),
        (vec![SETTLED, SETTLED], Ok(Age::Over)),
        (vec![SETTLED, SETTLED - 1], Ok(Age::Old)),
        (vec![SETTLED, fresh], Ok(Age::Old)),
        (vec![SETTLED, fresh, SETTLED], Ok(Age::Over)),
    ] {
        let mut endpoints = Vec::new();
        for height in &heights {
            endpoints.push(start(at(*height)).await.endpoint());
        }
        assert_eq!(solana_of(&endpoints).age(LAST_VALID).await, expected, "{heights:?}");
    }
    let alone = [start(SEES_ALL).await.endpoint(), dead_endpoint().await];
    let found = solana_of(&alone).age(LAST_VALID).await;
    assert_eq!(found.map_err(|error| error.code()), Err("RPC_CONNECTION_ERROR"));
}

/// One that hands out a good blockhash and says that it counts up to `claim` only, and one that names the
/// block that it has reached.
async fn draft_of(claim: u64, heights: &[u64]) -> Result<Draft, &'static str> {
    let mut endpoints = Vec::new();
    for height in heights {
        let height = *height;
        let node = node(accounts(TokenProgram::Token), move |method, _| {
            let blockhash = SolanaAddress([9; 32]).to_string();
            let value = json!({"blockhash": blockhash, "lastValidBlockHeight": claim});
            Some(Reaction::Result(match method {
                "getLatestBlockhash" => json!({"context": {"slot": 500}, "value": value}),
                "getEpochInfo" => json!({"absoluteSlot": height + 10_000, "blockHeight": height}),
                _ => return None,
            }))
        });
        endpoints.push(node.await.endpoint());
    }
    let draft = solana_of(&endpoints).draft(&request(Asset::Native, 7)).await;
    draft.map_err(|error| error.code())
}

#[tokio::test]
async fn one_endpoint_alone_does_not_make_a_draft_end_early() {
    for (claim, heights, expected) in [
        (LAST_VALID, vec![LAST_VALID - 150], LAST_VALID),
        (LAST_VALID, vec![LAST_VALID - 149], LAST_VALID + 1),
        // A node that is ahead of the one that answers behind the same address is believed.
        (LAST_VALID, vec![LAST_VALID - 151], LAST_VALID),
        (0, vec![0, LAST_VALID - 150], LAST_VALID),
        (0, vec![LAST_VALID - 150, 0], LAST_VALID),
        (LAST_VALID - 150, vec![0, 0, LAST_VALID - 150], LAST_VALID),
        (LAST_VALID, vec![0, 0], LAST_VALID),
        (LAST_VALID, vec![1 << 48, LAST_VALID - 149], LAST_VALID + 1),
    ] {
        let draft = draft_of(claim, &heights).await.unwrap();
        assert_eq!(draft.last_valid_block_height, Some(expected), "{claim} {heights:?}");
    }
}

#[tokio::test]
async fn a_draft_whose_end_nobody_can_confirm_is_none() {
    let mute = node(accounts(TokenProgram::Token), |method, _| {
        (method == "getEpochInfo").then_some(Reaction::Error(-32603, "internal error"))
    });
    let mute = mute.await.endpoint();
    let speaks = node(accounts(TokenProgram::Token), nothing).await.endpoint();
    for (endpoints, expected) in
        [(vec![mute.clone()], Err("RPC_ERROR")), (vec![mute.clone(), speaks], Ok(Some(650)))]
    {
        let draft = solana_of(&endpoints).draft(&request(Asset::Native, 7)).await;
        let end = draft.map(|draft| draft.last_valid_block_height);
        assert_eq!(end.map_err(|error| error.code()), expected, "{endpoints:?}");
    }
}
