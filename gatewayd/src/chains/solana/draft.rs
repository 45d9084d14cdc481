//! From a deed to an unsigned Solana message that would go through now.

use primitives::{Amount, Asset};
use serde_json::json;
use txcodec::solana::{Message, Version, compute_budget};
use txcodec::{DecodeError, Decoded};

use super::account::read_address;
use super::fees::{MAX_PRIORITY_FEE, price_within_limit, priority_price, unit_limit};
use super::plan::{Funds, Plan, plan};
use super::{Solana, confirmed, outcome, send, solana_address};
use crate::chains::answer::Part;
use crate::chains::rpc::Rpc;
use crate::chains::{ChainError, Draft, DraftRequest};

/// A blockhash and how long it counts.
struct Lifetime {
    blockhash: [u8; 32],
    last_valid_block_height: u64,
}

/// What the network takes of the native coin at most.
struct Price {
    fee: Amount,
    /// Of token accounts that are opened.
    rent: Amount,
}

pub(super) async fn draft(solana: &Solana, request: &DraftRequest) -> Result<Draft, ChainError> {
    let plan = plan(solana, solana_address(request.from)?, &request.deed).await?;
    let (lifetime, price) = tokio::try_join!(
        lifetime(&solana.rpc),
        priority_price(&solana.rpc, plan.from, &plan.instructions),
    )?;
    let trial = plan.message(&lifetime, compute_budget::MAX_UNITS, 0)?;
    plan.check(&trial)?;
    let simulation = send::simulate(&solana.rpc, &trial).await.map_err(just_made)?;
    let units = unit_limit(&simulation)?;
    let unsigned = plan.message(&lifetime, units, price_within_limit(price, units))?;
    let Price { fee, rent } = plan.check(&unsigned)?;
    let most = Amount::sum([fee, MAX_PRIORITY_FEE.into(), rent]);
    Ok(Draft {
        unsigned,
        fee_ceiling: fee,
        approvable_fee: most.ok_or(ABOVE_256_BITS)?,
        fee_estimate: fee,
        token_account_rent: Some(rent).filter(|rent| !rent.is_zero()),
        last_valid_block_height: Some(lifetime.last_valid_block_height),
        simulation,
    })
}

impl Plan {
    /// The message with this compute budget.
    fn message(&self, lifetime: &Lifetime, units: u32, price: u64) -> Result<Vec<u8>, ChainError> {
        let mut instructions = vec![compute_budget::set_compute_unit_limit(units)];
        if price > 0 {
            instructions.push(compute_budget::set_compute_unit_price(price));
        }
        instructions.extend_from_slice(&self.instructions);
        Message::compile(self.from, &instructions, lifetime.blockhash, Version::V0)
            .map(|message| message.to_bytes())
            .map_err(no_transaction)
    }

    /// The most that `message` costs, which the wallet has beside what leaves.
    fn check(&self, message: &[u8]) -> Result<Price, ChainError> {
        let decoded = txcodec::solana::decode(message, self.from).map_err(no_transaction)?;
        let (leaves, price) = native(&decoded).ok_or(ABOVE_256_BITS)?;
        let (needed, available) = match self.funds {
            Funds::AsTheyAre if leaves > self.available => {
                let available = self.available;
                return Err(ChainError::InsufficientBalance { needed: leaves, available });
            }
            Funds::AsTheyAre => {
                (price.fee.checked_add(price.rent), self.available.saturating_sub(leaves))
            }
            Funds::AsTriedOut => (Some(price.fee), self.available),
        };
        match needed {
            Some(needed) if needed <= available => Ok(price),
            Some(needed) => Err(ChainError::InsufficientForFee { needed, available }),
            None => Err(ABOVE_256_BITS),
        }
    }
}

/// What leaves of the native coin, and what the network takes; `None` above 256 bits.
fn native(decoded: &Decoded) -> Option<(Amount, Price)> {
    let fee = decoded.fee_ceiling();
    let takes = decoded.network_takes()?;
    let all = decoded.spend()?.remove(&Asset::Native).unwrap_or_default();
    Some((all.saturating_sub(takes), Price { fee, rent: takes.saturating_sub(fee) }))
}

const ABOVE_256_BITS: ChainError = ChainError::Invalid("the amounts are above 256 bits");

fn no_transaction(error: DecodeError) -> ChainError {
    ChainError::Invalid(match error {
        DecodeError::TooMany(_) => {
            "it does not fit into one transaction of Solana, which has 1232 bytes. All accounts are \
             written out, those of lookup tables too, as the signer signs nothing that it cannot \
             read. Ask for less at once"
        }
        DecodeError::Invalid(reason) => reason,
        DecodeError::Truncated
        | DecodeError::TrailingBytes
        | DecodeError::NotCanonical(_)
        | DecodeError::Unsupported(_)
        | DecodeError::NoChainId
        | DecodeError::TransactionAsMessage => "the instructions make no transaction",
    })
}

/// A blockhash that was given out now. How long it counts, no endpoint alone can make less: whoever
/// believes that a payment's time is over while it is not may make it twice.
async fn lifetime(rpc: &Rpc) -> Result<Lifetime, ChainError> {
    let read = |part: Part<'_>| {
        let value = part.field("value")?;
        Ok(Lifetime {
            blockhash: read_address(value.field("blockhash")?)?.0,
            last_valid_block_height: value.field("lastValidBlockHeight")?.number()?,
        })
    };
    let claimed = rpc.ask("getLatestBlockhash", json!([confirmed()]), read).await?;
    // Asked for afterwards, so that whoever is honest has reached the block of that hash.
    let least = outcome::last_valid_of_new(rpc).await?;
    let last_valid_block_height = claimed.last_valid_block_height.max(least);
    Ok(Lifetime { last_valid_block_height, ..claimed })
}

/// A blockhash that was given out a moment ago is not old, so the node that misses it is behind.
fn just_made(error: ChainError) -> ChainError {
    if error == ChainError::BlockhashExpired { ChainError::NodeBehind } else { error }
}
