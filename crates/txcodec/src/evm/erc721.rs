//! Collectibles (ERC-721 and ERC-1155): the one call that gives all of them into other hands.

use primitives::EvmAddress;

use super::abi;
use crate::Selector;

const SET_APPROVAL_FOR_ALL: Selector = [0xa2, 0x2c, 0xb4, 0x65];

/// What `setApprovalForAll(address,bool)` does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperatorCall {
    /// The operator may move everything that the wallet has in the contract, now and later.
    Approve(EvmAddress),
    /// The operator may no longer.
    Revoke(EvmAddress),
}

impl OperatorCall {
    /// Reads call data. `None` when it is no such call, or not in its exact form.
    pub fn from_data(data: &[u8]) -> Option<Self> {
        let [operator, approved] = abi::arguments(data, SET_APPROVAL_FOR_ALL)?;
        let operator = abi::read_address(operator)?;
        match abi::read_amount(approved).to_u64() {
            Some(0) => Some(Self::Revoke(operator)),
            Some(1) => Some(Self::Approve(operator)),
            Some(_) | None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::keccak256;

    #[test]
    fn the_selector_is_the_hash_of_the_signature() {
        assert_eq!(keccak256(b"setApprovalForAll(address,bool)")[..4], SET_APPROVAL_FOR_ALL);
    }
}
