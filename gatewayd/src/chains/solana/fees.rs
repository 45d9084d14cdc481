//! What is offered on top of the base fee, so that a leader takes the transaction now.

use std::collections::BTreeSet;

use primitives::SolanaAddress;
use serde_json::json;
use txcodec::solana::Instruction;
use txcodec::solana::compute_budget::MAX_UNITS;

use super::texts;
use crate::chains::answer::Part;
use crate::chains::rpc::{Rpc, RpcError};
use crate::chains::{ChainError, Simulation};

/// The most that is offered on top of the base fee, in lamports.
pub(super) const MAX_PRIORITY_FEE: u64 = 100_000;
const MICRO_LAMPORTS: u64 = 1_000_000;
/// Compute units beside the fifth that is added to what the simulation used.
const SPARE_UNITS: u64 = 1_000;
/// The most accounts that a node takes in the question (`MAX_TX_ACCOUNT_LOCKS`).
const MOST_ACCOUNTS: usize = 128;
/// The most blocks that a node remembers (`MAX_NUM_RECENT_BLOCKS`).
const MOST_BLOCKS: usize = 150;

/// What three of four recent blocks asked at most of a transaction that locks what these
/// instructions and their payer lock, in millionths of a lamport for a compute unit; nothing where
/// the node does not say.
pub(super) async fn priority_price(
    rpc: &Rpc,
    payer: SolanaAddress,
    instructions: &[Instruction],
) -> Result<u64, ChainError> {
    let metas = instructions.iter().flat_map(|instruction| &instruction.accounts);
    let writable = metas.filter(|meta| meta.is_writable).map(|meta| meta.address);
    let others: BTreeSet<_> = writable.filter(|address| *address != payer).collect();
    let locked: Vec<_> = std::iter::once(payer).chain(others).take(MOST_ACCOUNTS).collect();
    let read = |part: Part<'_>| {
        let blocks = part.items()?.into_iter().take(MOST_BLOCKS);
        blocks
            .map(|block| block.field("prioritizationFee")?.number())
            .collect::<Result<Vec<_>, _>>()
    };
    match rpc.call("getRecentPrioritizationFees", json!([texts(&locked)]), read).await {
        Ok(fees) => Ok(third_quartile(fees)),
        Err(RpcError::Node(_)) => Ok(0),
        Err(RpcError::Chain(error)) => Err(error),
    }
}

/// The least of these that three of four do not exceed.
fn third_quartile(mut fees: Vec<u64>) -> u64 {
    fees.sort_unstable();
    let place = fees.len().saturating_mul(3).div_ceil(4).saturating_sub(1);
    fees.get(place).copied().unwrap_or_default()
}

/// The most that is offered for a unit of so many, so that all of them stay within the limit.
pub(super) fn price_within_limit(price: u64, units: u32) -> u64 {
    let limit = MAX_PRIORITY_FEE.saturating_mul(MICRO_LAMPORTS).checked_div(units.into());
    price.min(limit.unwrap_or_default())
}

/// A simulation that fails is the end of the draft, else a fifth more than it used is asked for.
pub(super) fn unit_limit(simulation: &Simulation) -> Result<u32, ChainError> {
    if let Some(reason) = &simulation.failure {
        let (reason, logs) = (reason.clone(), simulation.logs.clone());
        return Err(ChainError::ExecutionFailed { reason, logs });
    }
    let units = simulation
        .units_consumed
        .and_then(|units| units.checked_mul(6))
        .and_then(|six_fold| six_fold.div_ceil(5).checked_add(SPARE_UNITS))
        .and_then(|units| u32::try_from(units).ok());
    Ok(units.unwrap_or(MAX_UNITS).min(MAX_UNITS))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_of_four_blocks_asked_no_more_than_that() {
        for (fees, expected) in [
            (vec![], 0),
            (vec![7], 7),
            (vec![9, 1], 9),
            (vec![9, 1, 5], 9),
            (vec![9, 1, 5, 7], 7),
            (vec![0, 0, 0, u64::MAX], 0),
            (vec![0, 0, u64::MAX, u64::MAX], u64::MAX),
            ((1..=100).rev().collect(), 75),
        ] {
            assert_eq!(third_quartile(fees.clone()), expected, "{fees:?}");
        }
    }

    #[test]
    fn the_price_of_all_units_stays_within_the_limit() {
        for (price, units, expected) in [
            (0, 200_000, 0),
            (500_000, 200_000, 500_000),
            (500_001, 200_000, 500_000),
            (u64::MAX, MAX_UNITS, 71_428),
            (u64::MAX, 1, 100_000_000_000),
            (u64::MAX, 0, 0),
        ] {
            assert_eq!(price_within_limit(price, units), expected, "{price} {units}");
        }
    }

    #[test]
    fn a_fifth_more_units_than_were_used_are_asked_for_but_never_more_than_there_are() {
        let used = |units_consumed| Simulation { failure: None, logs: vec![], units_consumed };
        for (units, expected) in [
            (Some(0), 1_000),
            (Some(1), 1_002),
            (Some(10_000), 13_000),
            (Some(1_165_833), 1_400_000),
            (Some(1_400_000), 1_400_000),
            (Some(u64::MAX), 1_400_000),
            (None, 1_400_000),
        ] {
            assert_eq!(unit_limit(&used(units)), Ok(expected), "{units:?}");
        }
    }
}
