//! The codec of the wallet's kind of chain. What is on each side is `txcodec`'s.

use primitives::{Address, encode_hex};
use txcodec::{DecodeError, Decoded, evm, solana};

use super::Signed;

/// What an unsigned transaction of `wallet` does.
///
/// # Errors
/// When the bytes are malformed or not canonical.
pub fn decode(unsigned: &[u8], wallet: Address) -> Result<Decoded, DecodeError> {
    match wallet {
        Address::Evm(wallet) => evm::decode(unsigned, wallet),
        Address::Solana(wallet) => solana::decode(unsigned, wallet),
    }
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
