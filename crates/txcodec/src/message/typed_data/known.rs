//! Typed data that is known to allow or move tokens. A type counts as known when it is the same to
//! the letter; anything else is left to whoever allowed the contract that it is for.

use primitives::{Address, Amount, EvmAddress};

use super::TypedData;
use super::value::{Struct, Value};
use crate::Effect;

/// EIP-2612.
const PERMIT: &str =
    "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
/// DAI's own, from before EIP-2612 (dss, `Dai.sol`).
const DAI_PERMIT: &str =
    "Permit(address holder,address spender,uint256 nonce,uint256 expiry,bool allowed)";
/// EIP-3009.
const TRANSFER: &str = "TransferWithAuthorization(address from,address to,uint256 value,\
    uint256 validAfter,uint256 validBefore,bytes32 nonce)";
/// EIP-3009.
const RECEIVE: &str = "ReceiveWithAuthorization(address from,address to,uint256 value,\
    uint256 validAfter,uint256 validBefore,bytes32 nonce)";
/// Permit2's `AllowanceTransfer`, one token.
const PERMIT_SINGLE: &str = "PermitSingle(PermitDetails details,address spender,\
    uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)";
/// Permit2's `AllowanceTransfer`, several tokens.
const PERMIT_BATCH: &str = "PermitBatch(PermitDetails[] details,address spender,\
    uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)";
/// Permit2's `SignatureTransfer`, one token.
const PERMIT_TRANSFER: &str = "PermitTransferFrom(TokenPermissions permitted,address spender,\
    uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)";
/// Permit2's `SignatureTransfer`, several tokens.
const PERMIT_BATCH_TRANSFER: &str = "PermitBatchTransferFrom(TokenPermissions[] permitted,\
    address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)";

/// Permit2, at the same address on every network (Uniswap's deployments).
const PERMIT2: EvmAddress = EvmAddress([
    0x00, 0x00, 0x00, 0x00, 0x00, 0x22, 0xd4, 0x73, 0x03, 0x0f, 0x11, 0x6d, 0xde, 0xe9, 0xf6, 0xb4,
    0x3a, 0xc7, 0x8b, 0xa3,
]);

/// The effects of typed data of a known type; none where the type is not known.
pub(super) fn effects(data: &TypedData) -> Vec<Effect> {
    data.verifying_contract()
        .and_then(|contract| read(contract, &data.types.encode(data.primary_type()), data))
        .unwrap_or_default()
}

fn read(contract: EvmAddress, encoded_type: &str, data: &TypedData) -> Option<Vec<Effect>> {
    let [first, second, third, ..] = data.message.fields.as_slice() else { return None };
    match encoded_type {
        PERMIT => Some(vec![allowance(contract, second.address()?, third.amount()?)]),
        DAI_PERMIT => {
            let allowed = data.message.fields.last()?.amount()?;
            let amount = if allowed.is_zero() { Amount::ZERO } else { Amount::MAX };
            Some(vec![allowance(contract, second.address()?, amount)])
        }
        TRANSFER | RECEIVE => Some(vec![Effect::TokenOut {
            token: Address::Evm(contract),
            to: Address::Evm(second.address()?),
            amount: third.amount()?,
        }]),
        PERMIT_SINGLE | PERMIT_BATCH | PERMIT_TRANSFER | PERMIT_BATCH_TRANSFER => {
            let spender = second.address()?;
            let permitted = elements(first).into_iter().map(|permit| permitted(permit, spender));
            permitted.collect::<Option<_>>().filter(|_| contract == PERMIT2)
        }
        _ => None,
    }
}

fn allowance(token: EvmAddress, spender: EvmAddress, amount: Amount) -> Effect {
    Effect::Allowance { token: Address::Evm(token), spender: Address::Evm(spender), amount }
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

/// An allowance of Permit2 for a token and an amount; the largest `uint160` stands for no limit.
fn permitted(permit: &Struct, spender: EvmAddress) -> Option<Effect> {
    let [token, amount, ..] = permit.fields.as_slice() else { return None };
    let unlimited = matches!(amount, Value::Unsigned(bytes) if *bytes == [0xff; 20]);
    let amount = if unlimited { Amount::MAX } else { amount.amount()? };
    Some(allowance(token.address()?, spender, amount))
}

#[cfg(test)]
mod tests {
    use primitives::encode_hex;

    use super::*;
    use crate::hash::keccak256;

    /// From the EIPs and from `Dai.sol`.
    #[test]
    fn known_types_have_the_hashes_that_contracts_have() {
        for (encoded_type, hash) in [
            (PERMIT, "6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9"),
            (DAI_PERMIT, "ea2aa0a1be11a07ed86d755c93467f4f82362b452371d1ba94d1715123511acb"),
            (TRANSFER, "7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267"),
            (RECEIVE, "d099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8"),
        ] {
            assert_eq!(encode_hex(&keccak256(encoded_type.as_bytes())), hash, "{encoded_type}");
        }
    }
}
