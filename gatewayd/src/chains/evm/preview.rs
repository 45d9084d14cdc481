//! The bytes of what can only go through after something else.

use txcodec::evm::Transaction;

use super::Evm;
use super::draft::{draft, nonce};
use super::fees::Fees;
use super::plan::Plan;
use crate::chains::{ChainError, DraftRequest, Preview};

/// Gas that is reserved for what cannot be estimated yet; the estimate of when it goes counts.
const GUESSED_GAS: u64 = 300_000;

/// Makes bytes of a deed, whether it would go through now or not.
pub(super) async fn preview(evm: &Evm, request: &DraftRequest) -> Result<Preview, ChainError> {
    match draft(evm, request).await {
        Ok(draft) => Ok(Preview { unsigned: draft.unsigned.clone(), alone: Ok(draft) }),
        Err(
            error @ (ChainError::ExecutionFailed { .. }
            | ChainError::InsufficientBalance { .. }
            | ChainError::InsufficientTokenBalance { .. }
            | ChainError::InsufficientForFee { .. }),
        ) => Ok(Preview { unsigned: unestimated(evm, request).await?, alone: Err(error) }),
        Err(error) => Err(error),
    }
}

async fn unestimated(evm: &Evm, request: &DraftRequest) -> Result<Vec<u8>, ChainError> {
    let Plan { call, .. } = Plan::of(request.from, &request.deed)?;
    let (nonce, fees) = tokio::try_join!(nonce(evm, request, call.from), Fees::now(&evm.rpc))?;
    let transaction = Transaction {
        kind: fees.kind,
        chain_id: evm.chain_id,
        nonce,
        gas_limit: GUESSED_GAS,
        to: call.to,
        value: call.value,
        data: call.data,
    };
    Ok(transaction.to_unsigned_bytes())
}
