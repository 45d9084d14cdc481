//! Orders of Seaport: what is offered leaves to whoever fulfils the order.

use primitives::{Address, EvmAddress};

use super::super::value::{Struct, Value};
use super::{Known, Signed, opaque, token_out};
use crate::Effect;

const ORDER: &str = "OrderComponents(address offerer,address zone,OfferItem[] offer,\
    ConsiderationItem[] consideration,uint8 orderType,uint256 startTime,uint256 endTime,\
    bytes32 zoneHash,uint256 salt,bytes32 conduitKey,uint256 counter)\
    ConsiderationItem(uint8 itemType,address token,uint256 identifierOrCriteria,\
    uint256 startAmount,uint256 endAmount,address recipient)\
    OfferItem(uint8 itemType,address token,uint256 identifierOrCriteria,uint256 startAmount,\
    uint256 endAmount)";

/// Seaport's `ItemType`.
const NATIVE: u64 = 0;
const ERC20: u64 = 1;
const ERC721: u64 = 2;
const ERC1155: u64 = 3;

pub(super) const TYPES: &[Known] =
    &[Known::Exact(ORDER, order), Known::Opaque("BulkOrder", "it is a tree of orders")];

fn order(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [_offerer, _zone, Value::List(offer), ..] = signed.first::<11>()? else { return None };
    offer.iter().map(item).collect()
}

/// The amount slides from one to the other while the order is valid, so the larger one counts.
fn item(value: &Value) -> Option<Effect> {
    let Value::Struct(Struct { fields, .. }) = value else { return None };
    let [item_type, token, id, start, end] = fields.as_slice() else { return None };
    let (token, id) = (token.address()?, id.amount()?);
    let amount = start.amount()?.max(end.amount()?);
    let whoever = EvmAddress::ZERO;
    match item_type.amount()?.to_u64()? {
        NATIVE => Some(Effect::NativeOut { to: Address::Evm(whoever), amount }),
        ERC20 => Some(token_out(token, whoever, amount)),
        ERC721 | ERC1155 => {
            Some(Effect::CollectibleOut { contract: token, to: whoever, id, amount })
        }
        _ => Some(opaque("it offers whichever collectible the other side chooses")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From Seaport's `ConsiderationConstants.sol`.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[(
            ORDER,
            "fa445660b7e21515a59617fcd68910b487aa5808b8abda3d78bc85df364b2c2f",
        )]);
    }
}
