//! What the contract calls what can go wrong with transactions.

use api::ErrorCode;

use crate::http::problem::Problem;
use crate::policy::Denial;
use crate::store::wallets::WalletStatus;
use crate::usecase::cancel_transaction::CancelError;
use crate::usecase::order::OrderError;
use crate::usecase::read_transactions::ReadError;
use crate::usecase::sign_message::SignMessageError;
use crate::usecase::sign_transaction::{SignTransactionError, SigningError};
use crate::usecase::speed_up_transaction::SpeedUpError;
use crate::usecase::submit_transaction::SubmitError;

impl From<OrderError> for Problem {
    fn from(error: OrderError) -> Self {
        let message = error.to_string();
        match error {
            OrderError::Choice(error) => error.into(),
            OrderError::WalletInactive(status) => inactive(status),
            OrderError::Address { .. } => Self::new(ErrorCode::InvalidAddress, message),
            OrderError::NftStandard(_) => Self::new(ErrorCode::UnsupportedNftStandard, message),
            OrderError::Calldata(error) => error.into(),
            OrderError::TokenUnclear
            | OrderError::Decimals { .. }
            | OrderError::NotAToken
            | OrderError::Amount { .. }
            | OrderError::Field { .. }
            | OrderError::OtherChain { .. }
            | OrderError::NothingToPay
            | OrderError::MemoTooLong => Self::invalid(message),
            OrderError::Chain(error) => error.into(),
            OrderError::Store(error) => error.into(),
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        let message = error.to_string();
        match error {
            SubmitError::Order(error) => error.into(),
            SubmitError::NotGranted(denial) => denied(denial),
            SubmitError::KeyReused => Self::new(ErrorCode::IdempotencyKeyReused, message),
            SubmitError::Stopped(stopped) => stopped.into(),
            SubmitError::TooManyOpen { .. } | SubmitError::TooMuchOpen { .. } => {
                Self::new(ErrorCode::RateLimited, message).retry_after(1)
            }
            SubmitError::Store(error) => error.into(),
        }
    }
}

impl From<ReadError> for Problem {
    fn from(error: ReadError) -> Self {
        let message = error.to_string();
        match error {
            ReadError::NotFound(_) => Self::new(ErrorCode::TxNotFound, message)
                .hint("GET /v1/transactions lists those of the session's wallets"),
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<CancelError> for Problem {
    fn from(error: CancelError) -> Self {
        let message = error.to_string();
        match error {
            CancelError::NotFound(_) => Self::new(ErrorCode::TxNotFound, message),
            CancelError::NotTheirs => Self::new(ErrorCode::WalletAccessDenied, message),
            CancelError::TooLate(_) => Self::new(ErrorCode::TxAlreadyProcessed, message),
            CancelError::Owner(error) => error.into(),
            CancelError::Store(error) => error.into(),
        }
    }
}

impl From<SpeedUpError> for Problem {
    fn from(error: SpeedUpError) -> Self {
        let message = error.to_string();
        match error {
            SpeedUpError::NotFound(_) => Self::new(ErrorCode::TxNotFound, message),
            SpeedUpError::NotWaiting(_) => Self::new(ErrorCode::InvalidStateTransition, message),
            SpeedUpError::TooOften(_) => Self::new(ErrorCode::TxAlreadyProcessed, message),
            SpeedUpError::Store(error) => error.into(),
        }
    }
}

impl From<SigningError> for Problem {
    fn from(error: SigningError) -> Self {
        let message = error.to_string();
        match error {
            SigningError::Denied(denial) => denied(denial),
            SigningError::NeedsWaiting(_) => Self::new(ErrorCode::PolicyDenied, message)
                .hint("POST /v1/transactions/send can wait for a delay or an approval"),
            SigningError::WalletInactive(status) => inactive(status),
            SigningError::SessionOver => Self::new(ErrorCode::SessionRevoked, message),
            SigningError::Stopped(stopped) => stopped.into(),
            SigningError::Signer(error) => error.into(),
            SigningError::Store(error) => error.into(),
        }
    }
}

impl From<SignTransactionError> for Problem {
    fn from(error: SignTransactionError) -> Self {
        let message = error.to_string();
        match error {
            SignTransactionError::Choice(error) => error.into(),
            SignTransactionError::Undecodable(_) => {
                Self::new(ErrorCode::InvalidTransaction, message)
            }
            SignTransactionError::OtherNetwork { .. } => {
                Self::new(ErrorCode::ChainIdMismatch, message)
            }
            SignTransactionError::Chain(error) => error.into(),
            SignTransactionError::Signing(error) => error.into(),
        }
    }
}

impl From<SignMessageError> for Problem {
    fn from(error: SignMessageError) -> Self {
        let message = error.to_string();
        match error {
            SignMessageError::Choice(error) => error.into(),
            SignMessageError::TypedDataOnSolana
            | SignMessageError::TypedData(_)
            | SignMessageError::Undecodable(_) => Self::invalid(message),
            SignMessageError::Chain(error) => error.into(),
            SignMessageError::Signing(error) => error.into(),
        }
    }
}

/// A denial names the policy, and what an operator would have to do.
fn denied(denial: Denial) -> Problem {
    Problem::new(denial.code, denial.reason)
        .details(serde_json::json!({ "policy": denial.rule }))
        .hint(denial.remedy)
}

fn inactive(status: WalletStatus) -> Problem {
    let (code, message) = match status {
        WalletStatus::Terminated => (ErrorCode::WalletTerminated, "the wallet is terminated"),
        WalletStatus::Terminating => (ErrorCode::WalletTerminated, "the wallet is given up"),
        WalletStatus::Creating => {
            (ErrorCode::InvalidStateTransition, "the wallet is being made; try again in a moment")
        }
        WalletStatus::Suspended | WalletStatus::Active => {
            (ErrorCode::WalletSuspended, "the wallet is suspended")
        }
    };
    Problem::new(code, message)
}
