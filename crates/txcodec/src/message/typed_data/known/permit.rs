//! Permits: an allowance in the form of a signature, kept by the token itself.

use primitives::{Address, Amount};

use super::{Known, Signed, allowance};
use crate::{AuthorityKind, Effect};

/// EIP-2612.
const PERMIT: &str =
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
/// DAI's own, from before EIP-2612 (dss, `Dai.sol`).
const DAI_PERMIT: &str =
    "Permit(address holder,address spender,uint256 nonce,uint256 expiry,bool allowed)";
/// ERC-4494: one collectible.
const COLLECTIBLE_PERMIT: &str =
    "Permit(address spender,uint256 tokenId,uint256 nonce,uint256 deadline)";

pub(super) const TYPES: &[Known] = &[
    Known::Exact(PERMIT, permit),
    Known::Exact(DAI_PERMIT, dai_permit),
    Known::Exact(COLLECTIBLE_PERMIT, collectible_permit),
    Known::Opaque("PermitForAll", "it gives every collectible away"),
];

fn permit(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [_owner, spender, amount, ..] = signed.first::<5>()?;
    Some(vec![allowance(signed.contract, spender.address()?, amount.amount()?)])
}

fn dai_permit(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [_holder, spender, _nonce, _expiry, allowed] = signed.first()?;
    let amount = if allowed.amount()?.is_zero() { Amount::ZERO } else { Amount::MAX };
    Some(vec![allowance(signed.contract, spender.address()?, amount)])
}

fn collectible_permit(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [spender, ..] = signed.first::<4>()?;
    Some(vec![Effect::AuthorityChange {
        kind: AuthorityKind::Operator,
        subject: Address::Evm(signed.contract),
        to: Some(Address::Evm(spender.address()?)),
    }])
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From EIP-2612, `Dai.sol`, and Uniswap's `ERC721Permit.sol`.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[
            (PERMIT, "6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9"),
            (DAI_PERMIT, "ea2aa0a1be11a07ed86d755c93467f4f82362b452371d1ba94d1715123511acb"),
            (
                COLLECTIBLE_PERMIT,
                "49ecf333e5b8c95c40fdafc95c1ad136e8914a8fb55e9dc8bb01eaa83a2df9ad",
            ),
        ]);
    }
}
