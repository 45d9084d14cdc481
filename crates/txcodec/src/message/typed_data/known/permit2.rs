//! Permit2: allowances and transfers of any token. `UniswapX` signs its orders as witnesses of them.

use primitives::{Amount, EvmAddress};

use super::super::value::{Struct, Value};
use super::{Known, Signed, allowance, opaque};
use crate::Effect;
use crate::evm::PERMIT2;

/// `AllowanceTransfer`, one token.
const SINGLE: &str = "PermitSingle(PermitDetails details,address spender,\
    uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)";
/// `AllowanceTransfer`, several tokens.
const BATCH: &str = "PermitBatch(PermitDetails[] details,address spender,\
    uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)";
/// `SignatureTransfer`, one token.
const TRANSFER: &str = "PermitTransferFrom(TokenPermissions permitted,address spender,\
    uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)";
/// `SignatureTransfer`, several tokens.
const BATCH_TRANSFER: &str = "PermitBatchTransferFrom(TokenPermissions[] permitted,\
    address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)";
/// The same two with a witness: data of a type that the spender says, and Permit2 does not look at.
const WITNESS: &str = "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,\
    uint256 nonce,uint256 deadline,";
const BATCH_WITNESS: &str = "PermitBatchWitnessTransferFrom(TokenPermissions[] permitted,\
    address spender,uint256 nonce,uint256 deadline,";
/// What Permit2 takes the permissions for, whatever the witness.
const PERMISSIONS: &str = "TokenPermissions(address token,uint256 amount)";

pub(super) const TYPES: &[Known] = &[
    Known::Exact(SINGLE, permit),
    Known::Exact(BATCH, permit),
    Known::Exact(TRANSFER, permit),
    Known::Exact(BATCH_TRANSFER, permit),
    Known::Begins(WITNESS, permit_with_witness),
    Known::Begins(BATCH_WITNESS, permit_with_witness),
];

fn permit(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    if signed.contract != PERMIT2 {
        return Some(vec![opaque("it is a permit of Permit2, for another contract")]);
    }
    let [permitted, spender, ..] = signed.first::<3>()?;
    let spender = spender.address()?;
    elements(permitted).into_iter().map(|permit| permitted_to(permit, spender)).collect()
}

fn permit_with_witness(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    if signed.encoded_type.contains(PERMISSIONS) { permit(signed) } else { None }
}

/// The structs of a field that holds one or several.
fn elements(field: &Value) -> Vec<&Struct> {
    match field {
        Value::Struct(one) => vec![one],
        Value::List(values) | Value::FixedList(values) => {
            values.iter().flat_map(elements).collect()
        }
        Value::Unsigned(_) | Value::Signed(_) | Value::FixedBytes(_) | Value::Bytes(_) => vec![],
    }
}

/// An allowance for a token and an amount; the largest `uint160` stands for no limit.
fn permitted_to(permit: &Struct, spender: EvmAddress) -> Option<Effect> {
    let [token, amount, ..] = permit.fields.as_slice() else { return None };
    let unlimited = matches!(amount, Value::Unsigned(bytes) if *bytes == [0xff; 20]);
    let amount = if unlimited { Amount::MAX } else { amount.amount()? };
    Some(allowance(token.address()?, spender, amount))
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From Permit2's `PermitHash.sol` as it is deployed.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[
            (SINGLE, "f3841cd1ff0085026a6327b620b67997ce40f282c88a8e905a7a5626e310f3d0"),
            (BATCH, "af1b0d30d2cab0380e68f0689007e3254993c596f2fdd0aaa7f4d04f79440863"),
            (TRANSFER, "939c21a48a8dbe3a9a2404a1d46691e4d39f6583d6ec6b35714604c986d80106"),
            (BATCH_TRANSFER, "fcf35f5ac6a2c28868dc44c302166470266239195f02b0ee408334829333b766"),
        ]);
    }
}
