//! From a deed to an unsigned EVM transaction that would go through now.

use primitives::{Amount, EvmAddress};
use txcodec::evm::Transaction;

use super::fees::Fees;
use super::plan::Plan;
use super::{Evm, layer_1, went_through};
use crate::chains::{ChainError, Draft, DraftRequest};

/// What the wallet has of what the plan takes.
struct Holdings {
    native: Amount,
    /// `None` where no token is taken.
    token: Option<Amount>,
}

pub(super) async fn draft(evm: &Evm, request: &DraftRequest) -> Result<Draft, ChainError> {
    let plan = Plan::of(request.from, &request.deed)?;
    let (holdings, (), nonce, fees) = tokio::try_join!(
        holdings(evm, &plan),
        evm.check_callee(&plan),
        nonce(evm, request, plan.call.from),
        Fees::now(&evm.rpc),
    )?;
    check_amount(&plan, &holdings)?;
    let call = plan.call;
    let gas = evm.estimate_gas(&call).await?;
    let estimate_per_gas = fees.estimate;
    let transaction = Transaction {
        kind: fees.kind,
        chain_id: evm.chain_id,
        nonce,
        gas_limit: with_reserve(gas)?,
        to: call.to,
        value: call.value,
        data: call.data,
    };
    let fee_ceiling = transaction.fee_ceiling().ok_or(TOO_LARGE)?;
    let fee_estimate = Amount::from(gas).checked_mul(estimate_per_gas).ok_or(TOO_LARGE)?;
    let unsigned = transaction.to_unsigned_bytes();
    let layer_1 = layer_1::fee(evm, &unsigned).await?;
    let taken = fee_ceiling.checked_add(layer_1).ok_or(TOO_LARGE)?;
    check_fee(holdings.native.saturating_sub(transaction.value), taken)?;
    Ok(Draft {
        unsigned,
        fee_ceiling,
        approvable_fee: fee_ceiling.checked_mul(PRICE_MARGIN.into()).ok_or(TOO_LARGE)?,
        fee_estimate: fee_estimate.checked_add(layer_1).ok_or(TOO_LARGE)?,
        token_account_rent: None,
        last_valid_block_height: None,
        simulation: went_through(gas),
    })
}

/// How often over the price of gas may rise until owners have approved; twice the base fee is in the
/// ceiling already.
const PRICE_MARGIN: u64 = 3;
const TOO_LARGE: ChainError = ChainError::Invalid("the fee is above 256 bits");

async fn holdings(evm: &Evm, plan: &Plan) -> Result<Holdings, ChainError> {
    let from = plan.call.from;
    let token = async {
        match plan.token {
            None => Ok(None),
            Some((token, _amount)) => evm.token_balance(from, token).await.map(Some),
        }
    };
    let (native, token) = tokio::try_join!(evm.balance(from), token)?;
    Ok(Holdings { native, token })
}

pub(super) async fn nonce(
    evm: &Evm,
    request: &DraftRequest,
    from: EvmAddress,
) -> Result<u64, ChainError> {
    match request.nonce {
        Some(nonce) => Ok(nonce),
        // It is tried and not sent: nothing depends on the number.
        None => evm.next_nonce(from, u64::MAX).await,
    }
}

fn check_amount(plan: &Plan, holdings: &Holdings) -> Result<(), ChainError> {
    let (needed, available) = (plan.call.value, holdings.native);
    if needed > available {
        return Err(ChainError::InsufficientBalance { needed, available });
    }
    match (plan.token, holdings.token) {
        (Some((_token, needed)), Some(available)) if available < needed => {
            Err(ChainError::InsufficientTokenBalance { needed, available })
        }
        (_, _) => Ok(()),
    }
}

fn check_fee(available: Amount, needed: Amount) -> Result<(), ChainError> {
    if needed <= available {
        Ok(())
    } else {
        Err(ChainError::InsufficientForFee { needed, available })
    }
}

/// A fifth more than the estimate, because the state changes until the transaction is run.
pub(super) fn with_reserve(gas: u64) -> Result<u64, ChainError> {
    gas.checked_mul(6)
        .map(|six_fold| six_fold.div_ceil(5))
        .ok_or(ChainError::Invalid("the node's gas estimate is above 64 bits"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_is_added_to_the_gas_and_rounded_up() {
        for (gas, limit) in [(0, Some(0)), (1, Some(2)), (21_000, Some(25_200)), (u64::MAX, None)] {
            assert_eq!(with_reserve(gas).ok(), limit);
        }
    }

    #[test]
    fn the_fee_must_fit_into_what_is_left() {
        let (five, six) = (Amount::from(5_u64), Amount::from(6_u64));
        assert_eq!(check_fee(five, five), Ok(()));
        let error = ChainError::InsufficientForFee { needed: six, available: five };
        assert_eq!(check_fee(five, six), Err(error));
    }
}
