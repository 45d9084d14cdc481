//! Collectibles (ERC-721 and ERC-1155): the one call that gives all of them into other hands, those
//! that give one away, and questions about them (ERC-165 for what a contract is).

use primitives::{Amount, EvmAddress};

use super::abi::{self, Word};
use crate::Selector;

pub(super) const SET_APPROVAL_FOR_ALL: Selector = [0xa2, 0x2c, 0xb4, 0x65];
/// ERC-721, without data for the receiver.
const SAFE_TRANSFER: Selector = [0x42, 0x84, 0x2e, 0x0e];
/// ERC-1155.
const SAFE_TRANSFER_OF: Selector = [0xf2, 0x42, 0x43, 0x2a];
const SUPPORTS_INTERFACE: Selector = [0x01, 0xff, 0xc9, 0xa7];
/// ERC-721.
const OWNER_OF: Selector = [0x63, 0x52, 0x21, 0x1e];
/// ERC-1155.
const BALANCE_OF: Selector = [0x00, 0xfd, 0xd5, 0x8e];

/// ERC-721 by its ERC-165 identifier.
pub const ERC_721: Selector = [0x80, 0xac, 0x58, 0xcd];
/// ERC-1155 by its ERC-165 identifier.
pub const ERC_1155: Selector = [0xd9, 0xb6, 0x7a, 0x26];

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

    /// Call data.
    pub fn to_data(self) -> Vec<u8> {
        let (operator, approved) = match self {
            Self::Approve(operator) => (operator, 1_u64),
            Self::Revoke(operator) => (operator, 0),
        };
        let words = [abi::address(operator), Amount::from(approved).to_be_bytes()];
        abi::call(SET_APPROVAL_FOR_ALL, &words)
    }
}

/// Call data that gives one collectible of ERC-721 from one to another.
pub fn safe_transfer([from, to]: [EvmAddress; 2], id: Amount) -> Vec<u8> {
    abi::call(SAFE_TRANSFER, &[abi::address(from), abi::address(to), id.to_be_bytes()])
}

/// Call data that gives so many of one collectible of ERC-1155 from one to another, without data
/// for the receiver.
pub fn safe_transfer_of([from, to]: [EvmAddress; 2], id: Amount, amount: Amount) -> Vec<u8> {
    let behind_the_head = Amount::from(5 * 32_u64);
    let words = [
        abi::address(from),
        abi::address(to),
        id.to_be_bytes(),
        amount.to_be_bytes(),
        behind_the_head.to_be_bytes(),
        Amount::ZERO.to_be_bytes(),
    ];
    abi::call(SAFE_TRANSFER_OF, &words)
}

/// Call data that asks whether a contract is one of that interface (ERC-165).
pub fn supports_interface(interface: Selector) -> Vec<u8> {
    let mut word: Word = [0; 32];
    if let Some(first) = word.first_chunk_mut() {
        *first = interface;
    }
    abi::call(SUPPORTS_INTERFACE, &[word])
}

/// Call data that asks who has a collectible of ERC-721; the answer is for [`read_owner`].
pub fn owner_of(id: Amount) -> Vec<u8> {
    abi::call(OWNER_OF, &[id.to_be_bytes()])
}

/// Call data that asks how many of a collectible of ERC-1155 `owner` has.
pub fn balance_of(owner: EvmAddress, id: Amount) -> Vec<u8> {
    abi::call(BALANCE_OF, &[abi::address(owner), id.to_be_bytes()])
}

/// Reads an answer that is an address. `None` when it is not exactly that.
pub fn read_owner(answer: &[u8]) -> Option<EvmAddress> {
    match answer.as_chunks() {
        ([word], []) => abi::read_address(word),
        (_, _) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Effect;
    use crate::evm::{Invocation, of_call};
    use crate::hash::keccak256;

    const FROM: EvmAddress = EvmAddress([0x11; 20]);
    const TO: EvmAddress = EvmAddress([0x22; 20]);
    const CONTRACT: EvmAddress = EvmAddress([0x33; 20]);

    #[test]
    fn the_selectors_are_the_hashes_of_the_signatures() {
        for (signature, selector) in [
            ("setApprovalForAll(address,bool)", SET_APPROVAL_FOR_ALL),
            ("safeTransferFrom(address,address,uint256)", SAFE_TRANSFER),
            ("safeTransferFrom(address,address,uint256,uint256,bytes)", SAFE_TRANSFER_OF),
            ("supportsInterface(bytes4)", SUPPORTS_INTERFACE),
            ("ownerOf(uint256)", OWNER_OF),
            ("balanceOf(address,uint256)", BALANCE_OF),
        ] {
            assert_eq!(keccak256(signature.as_bytes())[..4], selector, "{signature}");
        }
    }

    #[test]
    fn what_is_written_is_read_as_what_it_does() {
        let (id, amount) = (Amount::from(7_u64), Amount::from(5_u64));
        let out = |amount| [Effect::CollectibleOut { contract: CONTRACT, to: TO, id, amount }];
        let effects = |data: Vec<u8>| {
            let call = Invocation { contract: CONTRACT, value: Amount::ZERO, data: &data };
            of_call(call, FROM)
        };
        assert_eq!(effects(safe_transfer([FROM, TO], id)), out(1_u64.into()));
        assert_eq!(effects(safe_transfer_of([FROM, TO], id, amount)), out(amount));
        for call in [OperatorCall::Approve(TO), OperatorCall::Revoke(TO)] {
            assert_eq!(OperatorCall::from_data(&call.to_data()), Some(call));
        }
    }

    #[test]
    fn an_owner_is_one_address_and_nothing_else() {
        let word = abi::address(FROM);
        assert_eq!(read_owner(&word), Some(FROM));
        for answer in [vec![], vec![0xff; 32], [word, word].concat(), word[..31].to_vec()] {
            assert_eq!(read_owner(&answer), None, "{answer:?}");
        }
    }
}
