//! What a transaction does, as far as its bytes tell.

use primitives::{Address, EvmAddress};

use super::erc20::Call;
use super::erc721::OperatorCall;
use super::transaction::Transaction;
use crate::{AuthorityKind, Effect};

/// The effects of `transaction` on `wallet`, which signs it, in the order of the bytes.
pub(super) fn of(transaction: &Transaction, wallet: EvmAddress) -> Vec<Effect> {
    let payment = payment(transaction, wallet);
    let action = match transaction.to {
        None => Some(Effect::Deploy),
        Some(_) if transaction.data.is_empty() => None,
        Some(contract) => Some(call(contract, &transaction.data)),
    };
    payment.into_iter().chain(action).collect()
}

/// The coins that go along. A bare payment of nothing is told too, for the sake of its recipient,
/// unless that is the wallet itself: such a transaction only uses up its nonce.
fn payment(transaction: &Transaction, wallet: EvmAddress) -> Option<Effect> {
    let Transaction { to, value, data, .. } = transaction;
    let told = match to {
        Some(to) => data.is_empty() && *to != wallet,
        None => false,
    };
    (told || !value.is_zero()).then(|| Effect::NativeOut {
        to: Address::Evm(to.unwrap_or(EvmAddress::ZERO)),
        amount: *value,
    })
}

fn call(contract: EvmAddress, data: &[u8]) -> Effect {
    let token_call = || Call::from_data(data).map(|call| token_effect(contract, call));
    let operator_call = || OperatorCall::from_data(data).map(|call| operator(contract, call));
    token_call()
        .or_else(operator_call)
        .unwrap_or_else(|| Effect::Call { contract, selector: data.first_chunk().copied() })
}

/// Tokens that the wallet takes from another account, by that one's allowance, count as its own: the
/// bytes cannot say for whom it holds them.
fn token_effect(token: EvmAddress, call: Call) -> Effect {
    let token = Address::Evm(token);
    match call {
        Call::Transfer { to, amount } | Call::TransferFrom { from: _, to, amount } => {
            Effect::TokenOut { token, to: Address::Evm(to), amount }
        }
        Call::Approve { spender, amount } | Call::IncreaseAllowance { spender, amount } => {
            Effect::Allowance { token, spender: Address::Evm(spender), amount }
        }
    }
}

fn operator(contract: EvmAddress, call: OperatorCall) -> Effect {
    let to = match call {
        OperatorCall::Approve(operator) => Some(Address::Evm(operator)),
        OperatorCall::Revoke(_) => None,
    };
    Effect::AuthorityChange { kind: AuthorityKind::Operator, subject: Address::Evm(contract), to }
}
