//! From a transfer to an unsigned EVM transaction that would go through now.

use primitives::{Address, Amount, Asset, EvmAddress};
use txcodec::evm::{Transaction, erc20};

use super::fees::Fees;
use super::{Call, Evm, evm_address, went_through};
use crate::chains::{ChainError, Draft, DraftRequest, NOT_BUILT};
use crate::tx::{Deed, Transfer};

/// What the wallet has of what the transfer takes.
struct Holdings {
    native: Amount,
    /// `None` where no token is transferred.
    token: Option<Amount>,
}

pub(super) async fn draft(evm: &Evm, request: &DraftRequest) -> Result<Draft, ChainError> {
    let Deed::Transfer(transfer) = &request.deed else { return Err(NOT_BUILT) };
    let call = call_of(request.from, transfer)?;
    let (holdings, nonce, fees) = tokio::try_join!(
        holdings(evm, transfer, call.from),
        nonce(evm, request, call.from),
        Fees::now(&evm.rpc),
    )?;
    check_amount(transfer, &call, &holdings)?;
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
    check_fee(holdings.native.saturating_sub(transaction.value), fee_ceiling)?;
    Ok(Draft {
        unsigned: transaction.to_unsigned_bytes(),
        fee_ceiling,
        approvable_fee: fee_ceiling.checked_mul(PRICE_MARGIN.into()).ok_or(TOO_LARGE)?,
        fee_estimate,
        token_account_rent: None,
        last_valid_block_height: None,
        simulation: went_through(gas),
    })
}

/// How often over the price of gas may rise until owners have approved; twice the base fee is in the
/// ceiling already.
const PRICE_MARGIN: u64 = 3;
const TOO_LARGE: ChainError = ChainError::Invalid("the fee is above 256 bits");

fn call_of(from: Address, transfer: &Transfer) -> Result<Call, ChainError> {
    let from = evm_address(from)?;
    let to = evm_address(transfer.to)?;
    Ok(match transfer.asset {
        Asset::Native => Call { from, to: Some(to), value: transfer.amount, data: Vec::new() },
        Asset::Token(token) => Call {
            from,
            to: Some(evm_address(token)?),
            value: Amount::ZERO,
            data: erc20::transfer(to, transfer.amount),
        },
    })
}

async fn holdings(
    evm: &Evm,
    transfer: &Transfer,
    from: EvmAddress,
) -> Result<Holdings, ChainError> {
    let token = async {
        match transfer.asset {
            Asset::Native => Ok(None),
            Asset::Token(token) => evm.token_balance(from, evm_address(token)?).await.map(Some),
        }
    };
    let (native, token) = tokio::try_join!(evm.balance(from), token)?;
    Ok(Holdings { native, token })
}

async fn nonce(evm: &Evm, request: &DraftRequest, from: EvmAddress) -> Result<u64, ChainError> {
    match request.nonce {
        Some(nonce) => Ok(nonce),
        None => evm.next_nonce(from).await,
    }
}

fn check_amount(transfer: &Transfer, call: &Call, holdings: &Holdings) -> Result<(), ChainError> {
    if call.value > holdings.native {
        return Err(ChainError::InsufficientBalance {
            needed: call.value,
            available: holdings.native,
        });
    }
    match holdings.token {
        Some(available) if available < transfer.amount => {
            Err(ChainError::InsufficientTokenBalance { needed: transfer.amount, available })
        }
        Some(_) | None => Ok(()),
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
fn with_reserve(gas: u64) -> Result<u64, ChainError> {
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
