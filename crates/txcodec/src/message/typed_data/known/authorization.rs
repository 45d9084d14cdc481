//! Transfers in the form of a signature (EIP-3009).

use super::{Known, Signed, token_out};
use crate::Effect;

const TRANSFER: &str = "TransferWithAuthorization(address from,address to,uint256 value,\
    uint256 validAfter,uint256 validBefore,bytes32 nonce)";
const RECEIVE: &str = "ReceiveWithAuthorization(address from,address to,uint256 value,\
    uint256 validAfter,uint256 validBefore,bytes32 nonce)";

pub(super) const TYPES: &[Known] =
    &[Known::Exact(TRANSFER, transfer), Known::Exact(RECEIVE, transfer)];

fn transfer(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [_from, to, amount, ..] = signed.first::<6>()?;
    Some(vec![token_out(signed.contract, to.address()?, amount.amount()?)])
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From EIP-3009.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[
            (TRANSFER, "7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267"),
            (RECEIVE, "d099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8"),
        ]);
    }
}
