//! Accounts of Safe: a transaction that the account then makes, when enough of its owners signed.

use super::super::value::Value;
use super::{Known, Signed, opaque};
use crate::evm::{Invocation, of_call};
use crate::{Effect, OpaqueReason};

const TRANSACTION: &str = "SafeTx(address to,uint256 value,bytes data,uint8 operation,\
    uint256 safeTxGas,uint256 baseGas,uint256 gasPrice,address gasToken,address refundReceiver,\
    uint256 nonce)";

pub(super) const TYPES: &[Known] = &[
    Known::Exact(TRANSACTION, transaction),
    Known::Opaque("SafeMessage", "it is signed for an account of Safe"),
    Known::Opaque("SafeOp", "it is an operation of an account of Safe"),
    Known::Opaque("CreateProxy", "it makes an account of Safe, and pays"),
];

/// What the account does, as if it were the wallet: an owner of it is as good as the account.
fn transaction(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [to, value, Value::Bytes(data), operation, _, _, gas_price, ..] = signed.first::<10>()?
    else {
        return None;
    };
    let (contract, value) = (to.address()?, value.amount()?);
    let mut effects = if operation.amount()?.is_zero() {
        of_call(Invocation { contract, value, data }, signed.contract)
    } else {
        vec![Effect::Opaque(OpaqueReason::DelegateCall { code: contract })]
    };
    if !gas_price.amount()?.is_zero() {
        effects.push(opaque("it pays for gas back, and nothing says how much"));
    }
    Some(effects)
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From `Safe.sol`.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[(
            TRANSACTION,
            "bb8310d486368db6bd6f849402fdd73ad53d316b5a4b2644ad6efe0f941286d8",
        )]);
    }
}
