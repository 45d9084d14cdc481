//! The codec of the wallet's kind of chain. What is on each side is `txcodec`'s.

use primitives::{Address, Amount, ChainId, encode_hex};
use txcodec::{DecodeError, Decoded, evm, solana};

use super::Signed;

/// What an unsigned transaction of `wallet` does. Its fee ceiling holds what a rollup takes for its
/// layer 1 at most, as the signer counts it where a guard says nothing else.
///
/// # Errors
/// When the bytes are malformed or not canonical.
pub fn decode(unsigned: &[u8], wallet: Address) -> Result<Decoded, DecodeError> {
    let decoded = match wallet {
        Address::Evm(wallet) => evm::decode(unsigned, wallet)?,
        Address::Solana(wallet) => solana::decode(unsigned, wallet)?,
    };
    let per_byte = decoded.chain_id().map_or(Amount::ZERO, ChainId::layer_1_fee_per_byte);
    decoded.with_layer_1_fee(per_byte).ok_or(DecodeError::Invalid("fee"))
}

/// A transaction with its signature, as the network takes it.
///
/// # Errors
/// When the bytes are no transaction, or the signature has the wrong length or values.
pub fn signed_transaction(
    unsigned: &[u8],
    signature: &[u8],
    wallet: Address,
) -> Result<Signed, DecodeError> {
    match wallet {
        Address::Evm(_) => {
            let signed = evm::assemble(unsigned, sized(signature)?)?;
            Ok(Signed { bytes: signed.bytes, hash: format!("0x{}", encode_hex(&signed.hash)) })
        }
        Address::Solana(_) => {
            let bytes = solana::assemble(unsigned, sized(signature)?);
            Ok(Signed { bytes, hash: bs58::encode(signature).into_string() })
        }
    }
}

/// A message's signature as wallets of its chain write it: `0x` and 65 bytes `r ‖ s ‖ v` with `v`
/// 27 or 28 (EIP-191), or base58 of 64 bytes.
///
/// # Errors
/// When the signature has the wrong length or values.
pub fn signed_message(signature: &[u8], wallet: Address) -> Result<String, DecodeError> {
    match wallet {
        Address::Evm(_) => {
            let [rest @ .., parity] = sized::<65>(signature)?;
            let v = match parity {
                0 => 27,
                1 => 28,
                _ => return Err(DecodeError::Invalid("signature")),
            };
            Ok(format!("0x{}{}", encode_hex(rest), encode_hex(&[v])))
        }
        Address::Solana(_) => Ok(bs58::encode(sized::<64>(signature)?).into_string()),
    }
}

fn sized<const N: usize>(signature: &[u8]) -> Result<&[u8; N], DecodeError> {
    signature.try_into().map_err(|_length| DecodeError::Invalid("signature"))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use primitives::{Asset, EvmAddress};
    use txcodec::evm::{Kind, Transaction};

    use super::*;

    const WALLET: EvmAddress = EvmAddress([1; 20]);

    #[test]
    fn what_a_rollup_takes_for_its_layer_1_is_fee_and_spend_and_nothing_elsewhere() {
        let per_byte = ChainId::layer_1_fee_per_byte;
        for (chain_id, is_rollup) in [(1, false), (42_161, false), (10, true), (8_453, true)] {
            let chain_id = NonZeroU64::new(chain_id).unwrap();
            let unsigned = Transaction {
                kind: Kind::Legacy { gas_price: 3_u64.into() },
                chain_id,
                nonce: 0,
                gas_limit: 7,
                to: Some(EvmAddress([2; 20])),
                value: 1_000_u64.into(),
                data: vec![9; 100],
            }
            .to_unsigned_bytes();
            let bytes = evm::decode(&unsigned, WALLET).unwrap();
            let layer_1 = bytes.layer_1_fee(per_byte(ChainId::Eip155(chain_id))).unwrap();
            assert_eq!(layer_1.is_zero(), !is_rollup);
            let fee = layer_1.checked_add(21_u64.into()).unwrap();
            let decoded = decode(&unsigned, Address::Evm(WALLET)).unwrap();
            assert_eq!((decoded.fee_ceiling(), decoded.network_takes()), (fee, Some(fee)));
            let spend = fee.checked_add(1_000_u64.into());
            assert_eq!(decoded.spend().unwrap().get(&Asset::Native).copied(), spend);
            assert_eq!(decoded.intent(), bytes.intent(), "what is approved is the same");
        }
    }

    #[test]
    fn a_fee_that_has_no_number_with_layer_1_is_no_transaction() {
        let unsigned = |chain_id| {
            Transaction {
                kind: Kind::Legacy { gas_price: Amount::MAX },
                chain_id: NonZeroU64::new(chain_id).unwrap(),
                nonce: 0,
                gas_limit: 1,
                to: Some(WALLET),
                value: Amount::ZERO,
                data: Vec::new(),
            }
            .to_unsigned_bytes()
        };
        assert!(decode(&unsigned(1), Address::Evm(WALLET)).is_ok());
        let refused = decode(&unsigned(10), Address::Evm(WALLET));
        assert_eq!(refused.unwrap_err(), DecodeError::Invalid("fee"));
    }
}
