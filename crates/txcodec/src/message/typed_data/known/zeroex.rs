//! Orders of the 0x protocol, versions 3 and 4: what the maker gives leaves to whoever fills them.

use primitives::{Amount, EvmAddress};

use super::super::value::Value;
use super::{Known, Signed, opaque, token_out};
use crate::Effect;

const LIMIT_ORDER: &str = "LimitOrder(address makerToken,address takerToken,uint128 makerAmount,\
    uint128 takerAmount,uint128 takerTokenFeeAmount,address maker,address taker,address sender,\
    address feeRecipient,bytes32 pool,uint64 expiry,uint256 salt)";
const RFQ_ORDER: &str = "RfqOrder(address makerToken,address takerToken,uint128 makerAmount,\
    uint128 takerAmount,address maker,address taker,address txOrigin,bytes32 pool,uint64 expiry,\
    uint256 salt)";
/// The only one that its taker may sign too.
const OTC_ORDER: &str = "OtcOrder(address makerToken,address takerToken,uint128 makerAmount,\
    uint128 takerAmount,address maker,address taker,address txOrigin,uint256 expiryAndNonce)";
/// Version 3.
const ORDER: &str = "Order(address makerAddress,address takerAddress,address feeRecipientAddress,\
    address senderAddress,uint256 makerAssetAmount,uint256 takerAssetAmount,uint256 makerFee,\
    uint256 takerFee,uint256 expirationTimeSeconds,uint256 salt,bytes makerAssetData,\
    bytes takerAssetData,bytes makerFeeAssetData,bytes takerFeeAssetData)";

/// What stands before the address of a token in the asset data of version 3: the selector of
/// `ERC20Token(address)`, and the rest of the word.
const ERC20_ASSET: [u8; 16] = [0xf4, 0x72, 0x61, 0xb0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

const META: &str = "it is a transaction of the 0x protocol";

pub(super) const TYPES: &[Known] = &[
    Known::Exact(LIMIT_ORDER, given_by_maker),
    Known::Exact(RFQ_ORDER, given_by_maker),
    Known::Exact(OTC_ORDER, given_by_both),
    Known::Exact(ORDER, order),
    Known::Opaque("ZeroExTransaction", META),
    Known::Opaque("MetaTransactionData", META),
    Known::Opaque("MetaTransactionDataV2", META),
];

fn given_by_maker(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [token, _taker_token, amount, ..] = signed.first::<8>()?;
    Some(vec![token_out(token.address()?, EvmAddress::ZERO, amount.amount()?)])
}

/// The bytes do not say on which side the wallet is, so both count.
fn given_by_both(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [token, taker_token, amount, taker_amount, ..] = signed.first::<8>()?;
    Some(vec![
        token_out(token.address()?, EvmAddress::ZERO, amount.amount()?),
        token_out(taker_token.address()?, EvmAddress::ZERO, taker_amount.amount()?),
    ])
}

fn order(signed: &Signed<'_>) -> Option<Vec<Effect>> {
    let [_, _, _, _, amount, _, fee, _, _, _, asset, _, fee_asset, _] = signed.first()?;
    let (amount, fee) = (amount.amount()?, fee.amount()?);
    let paid = (!fee.is_zero()).then(|| asset_out(fee_asset, fee));
    Some([asset_out(asset, amount)].into_iter().chain(paid).collect())
}

fn asset_out(asset: &Value, amount: Amount) -> Effect {
    let token = match asset {
        Value::Bytes(bytes) => bytes.strip_prefix(&ERC20_ASSET),
        Value::Unsigned(_)
        | Value::Signed(_)
        | Value::FixedBytes(_)
        | Value::List(_)
        | Value::FixedList(_)
        | Value::Struct(_) => None,
    };
    match token.and_then(|token| token.try_into().ok()) {
        Some(token) => token_out(EvmAddress(token), EvmAddress::ZERO, amount),
        None => opaque("it offers something other than one token"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::assert_hashes;
    use super::*;

    /// From 0x's `LibNativeOrder.sol` and `LibOrder.sol`.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        assert_hashes(&[
            (LIMIT_ORDER, "ce918627cb55462ddbb85e73de69a8b322f2bc88f4507c52fcad6d4c33c29d49"),
            (RFQ_ORDER, "e593d3fdfa8b60e5e17a1b2204662ecbe15c23f2084b9ad5bae40359540a7da9"),
            (OTC_ORDER, "2f754524de756ae72459efbe1ec88c19a745639821de528ac3fb88f9e65e35c8"),
            (ORDER, "f80322eb8376aafb64eadf8f0d7623f22130fd9491a221e902b713cb984a7534"),
        ]);
    }
}
