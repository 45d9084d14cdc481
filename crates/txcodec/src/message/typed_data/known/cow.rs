//! Orders of the `CoW` protocol (`GPv2Order.sol`): what is sold leaves to whoever settles them.

use primitives::EvmAddress;

use super::{Known, Signed, token_out};
use crate::Effect;

const ORDER: &str = "Order(address sellToken,address buyToken,address receiver,uint256 sellAmount,\
    uint256 buyAmount,uint32 validTo,bytes32 appData,uint256 feeAmount,string kind,\
    bool partiallyFillable,string sellTokenBalance,string buyTokenBalance)";

pub(super) const TYPES: &[Known] = &[Known::Exact(ORDER, order)];

/// An order to buy sells no more than its amount either; the fee is taken besides.
fn order(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [token, _, _, amount, _, _, _, fee, ..] = signed.first::<12>()?;
    let (token, fee) = (token.address()?, fee.amount()?);
    let sold = token_out(token, EvmAddress::ZERO, amount.amount()?);
    let paid = (!fee.is_zero()).then(|| token_out(token, EvmAddress::ZERO, fee));
    Some([sold].into_iter().chain(paid).collect())
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From `GPv2Order.sol`.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[(
            ORDER,
            "d5a25ba2e97094ad7d83dc28a6572da797d6b3e7fc6663bd93efb789fc17e489",
        )]);
    }
}
