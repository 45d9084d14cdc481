//! Signatures by which somebody else acts for the wallet: forwarded calls, delegations, operations
//! of accounts that are contracts.

use primitives::{Address, Amount, EvmAddress};

use super::super::value::Value;
use super::{Known, Signed};
use crate::evm::{Invocation, of_call};
use crate::{AuthorityKind, Effect};

/// Calls of the contract itself in the wallet's name (`NativeMetaTransaction.sol` of Polygon).
const META_TRANSACTION: &str =
    "MetaTransaction(uint256 nonce,address from,bytes functionSignature)";
/// Calls of contracts that trust the forwarder (ERC-2771, `OpenZeppelin` 4 and 5).
const FORWARD: &str = "ForwardRequest(address from,address to,uint256 value,uint256 gas,\
    uint256 nonce,bytes data)";
const FORWARD_UNTIL: &str = "ForwardRequest(address from,address to,uint256 value,uint256 gas,\
    uint256 nonce,uint48 deadline,bytes data)";
/// `MetaMask`'s delegation framework.
const DELEGATION: &str = "Delegation(address delegate,address delegator,bytes32 authority,\
    Caveat[] caveats,uint256 salt)Caveat(address enforcer,bytes terms)";
/// Morpho.
const AUTHORIZATION: &str = "Authorization(address authorizer,address authorized,\
    bool isAuthorized,uint256 nonce,uint256 deadline)";

const OPERATION: &str = "it is an operation of an account that is a contract (ERC-4337)";

pub(super) const TYPES: &[Known] = &[
    Known::Exact(META_TRANSACTION, meta_transaction),
    Known::Exact(FORWARD, forward),
    Known::Exact(FORWARD_UNTIL, forward),
    Known::Exact(DELEGATION, delegation),
    Known::Exact(AUTHORIZATION, authorization),
    Known::Opaque("PackedUserOperation", OPERATION),
    Known::Opaque("UserOperation", OPERATION),
    Known::Opaque("DelegationWithSig", "it lets somebody borrow (Aave)"),
];

fn meta_transaction(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [_nonce, from, Value::Bytes(data)] = signed.first()? else { return None };
    let call = Invocation { contract: signed.contract, value: Amount::ZERO, data };
    Some(of_call(call, from.address()?))
}

/// The coins come from whoever forwards, and count as the wallet's all the same.
fn forward(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let ([from, to, value, ..], Some(Value::Bytes(data))) =
        (signed.first::<6>()?, signed.fields.last())
    else {
        return None;
    };
    let call = Invocation { contract: to.address()?, value: value.amount()?, data };
    Some(of_call(call, from.address()?))
}

fn delegation(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [delegate, delegator, ..] = signed.first::<5>()?;
    Some(vec![acts_for(delegator.address()?, Some(delegate.address()?), AuthorityKind::Contract)])
}

fn authorization(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [_wallet, manager, is_authorized, ..] = signed.first::<5>()?;
    let to = (!is_authorized.amount()?.is_zero()).then_some(manager.address()?);
    Some(vec![acts_for(signed.contract, to, AuthorityKind::Operator)])
}

fn acts_for(subject: EvmAddress, to: Option<EvmAddress>, kind: AuthorityKind) -> Effect {
    Effect::AuthorityChange { kind, subject: Address::Evm(subject), to: to.map(Address::Evm) }
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From the delegation framework's `Constants.sol`, and Morpho's `ConstantsLib.sol`.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[
            (DELEGATION, "88c1d2ecf185adf710588203a5f263f0ff61be0d33da39792cde19ba9aa4331e"),
            (AUTHORIZATION, "81d0284fb0e2cde18d0553b06189d6f7613c96a01bb5b5e7828eade6a0dcac91"),
        ]);
    }
}
