//! Whether an address signed a text or a digest. The one check: the signer decides by it, and the
//! gateway knows by it who asks.

use ed25519_dalek::VerifyingKey as Ed25519Key;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use primitives::{Address, EvmAddress, SolanaAddress};

use super::text::personal_digest;
use crate::evm::address_of;

/// True if `signature` is by the key behind `address`, over the text: by EIP-191 with an EVM key,
/// 65 bytes; over its bytes with a Solana key, 64 bytes. A signature has one form: the smaller `s`
/// (EIP-2), a canonical one of Ed25519, and no key of small order.
pub fn is_signed_by(address: Address, text: &[u8], signature: &[u8]) -> bool {
    match address {
        Address::Evm(address) => recover(personal_digest(text), signature) == Some(address),
        Address::Solana(address) => is_signed(address, text, signature),
    }
}

/// Who signed the digest: `r ‖ s ‖ v`, with v as 0 or 1, or as 27 or 28, and the smaller of the two
/// values that s can have (EIP-2). `None` for bytes that are no such signature.
pub(crate) fn recover(digest: [u8; 32], bytes: &[u8]) -> Option<EvmAddress> {
    let (numbers, v) = bytes.split_last_chunk::<1>()?;
    let is_y_odd = match v {
        [0 | 27] => false,
        [1 | 28] => true,
        _ => return None,
    };
    let signature = Signature::from_slice(numbers).ok()?;
    if signature.normalize_s() != signature {
        return None;
    }
    // That r lost its carry has a chance of 2^-128, and no v for it.
    let recovery = RecoveryId::new(is_y_odd, false);
    let key = VerifyingKey::recover_from_prehash(&digest, &signature, recovery).ok()?;
    address_of(&key.into())
}

/// Ed25519 (RFC 8032), strictly: one signature has one form, and keys of small order have none.
fn is_signed(owner: SolanaAddress, message: &[u8], bytes: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) =
        (Ed25519Key::from_bytes(&owner.0), ed25519_dalek::Signature::from_slice(bytes))
    else {
        return false;
    };
    key.verify_strict(message, &signature).is_ok()
}
