//! Whether a signature is an owner's, over one of the forms of a question.

use ed25519_dalek::VerifyingKey as Ed25519Key;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use primitives::{Address, Chain, EvmAddress, SolanaAddress};
use protocol::{OwnerSignature, SignedForm};
use txcodec::approval::Rendered;

use crate::vault;

/// True if the owner that it names made it, over the form that it names.
pub(super) fn is_valid(rendered: &Rendered, signature: &OwnerSignature) -> bool {
    let OwnerSignature { owner, form, bytes } = signature;
    match (owner, form) {
        (Address::Evm(owner), SignedForm::Text) => {
            recover(rendered.text_digest(), bytes) == Some(*owner)
        }
        (Address::Evm(owner), SignedForm::TypedData) => {
            recover(rendered.typed_data().digest(), bytes) == Some(*owner)
        }
        (Address::Solana(owner), SignedForm::Text) => {
            is_signed(*owner, rendered.text().as_bytes(), bytes)
        }
        (Address::Solana(_), SignedForm::TypedData) => false,
    }
}

/// Who signed the digest: `r ‖ s ‖ v`, with v as 0 or 1, or as 27 or 28, and the smaller of the two
/// values that s can have (EIP-2). `None` for bytes that are no such signature.
fn recover(digest: [u8; 32], bytes: &[u8]) -> Option<EvmAddress> {
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
    match vault::address(Chain::Evm, key.to_sec1_point(true).as_bytes())? {
        Address::Evm(address) => Some(address),
        Address::Solana(_) => None,
    }
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
