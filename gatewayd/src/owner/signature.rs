//! An owner's signature over one of the forms of a question (`docs/approval.md`).

use ed25519_dalek::VerifyingKey as Ed25519Key;
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use primitives::{Address, EvmAddress, SolanaAddress};
use protocol::{OwnerSignature, SignedForm};
use sha3::{Digest, Keccak256};
use txcodec::approval::Rendered;

/// True if the owner that the signature names made it, over the form that it names.
pub fn is_valid(rendered: &Rendered, signature: &OwnerSignature) -> bool {
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

/// Who signed: `r ‖ s ‖ v` with v as 0 or 1, or as 27 or 28, and the smaller s (EIP-2).
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
    let recovery = RecoveryId::new(is_y_odd, false);
    let key = VerifyingKey::recover_from_prehash(&digest, &signature, recovery).ok()?;
    Some(address(&key))
}

/// The last twenty bytes of Keccak-256 of the point's coordinates.
pub(super) fn address(key: &VerifyingKey) -> EvmAddress {
    let point = key.to_sec1_point(false);
    let coordinates = point.as_bytes().get(1..).unwrap_or_default();
    let hash: [u8; 32] = Keccak256::digest(coordinates).into();
    let mut address = [0; 20];
    address.iter_mut().zip(hash.into_iter().skip(12)).for_each(|(to, from)| *to = from);
    EvmAddress(address)
}

/// Ed25519 (RFC 8032), strictly: one signature has one form.
fn is_signed(owner: SolanaAddress, message: &[u8], bytes: &[u8]) -> bool {
    let (Ok(key), Ok(signature)) =
        (Ed25519Key::from_bytes(&owner.0), ed25519_dalek::Signature::from_slice(bytes))
    else {
        return false;
    };
    key.verify_strict(message, &signature).is_ok()
}

#[cfg(test)]
mod tests {
    use primitives::{Amount, WalletId};
    use txcodec::approval::{Matter, Question};

    use super::super::testing::TestOwner;
    use super::*;

    /// The question whether to sign on, which differs by its nonce.
    fn question(nonce: u8, owner: Address) -> Rendered {
        let question = Question {
            instance: [1; 16],
            wallet: WalletId::from_bytes([2; 16]),
            address: owner,
            guard_version: 3,
            fee_ceiling: Amount::ZERO,
            expires_at: 4,
            nonce: [nonce; 16],
            matter: Matter::Resume { from: txcodec::approval::Stop::Locked },
        };
        question.render().unwrap()
    }

    #[test]
    fn an_owner_signs_one_form_of_one_question() {
        use SignedForm::{Text, TypedData};
        for (owner, forms) in [
            (TestOwner::evm(1), [Some(Text), Some(TypedData)]),
            (TestOwner::solana(1), [Some(Text), None]),
        ] {
            for form in forms.into_iter().flatten() {
                let asked = question(1, owner.address());
                let signed = owner.sign(&asked, form);
                assert!(is_valid(&asked, &signed), "{form:?}");
                assert!(!is_valid(&question(2, owner.address()), &signed), "{form:?}");
                let other = if form == Text { TypedData } else { Text };
                assert!(!is_valid(&asked, &OwnerSignature { form: other, ..signed.clone() }));
                let owner = TestOwner::evm(9).address();
                assert!(!is_valid(&asked, &OwnerSignature { owner, ..signed.clone() }));
                for end in 0..signed.bytes.len() {
                    let cut = signed.bytes[..end].to_vec();
                    assert!(!is_valid(&asked, &OwnerSignature { bytes: cut, ..signed.clone() }));
                }
            }
        }
    }

    #[test]
    fn the_other_s_of_the_same_signature_does_not_count() {
        let owner = TestOwner::evm(1);
        let asked = question(1, owner.address());
        let signed = owner.sign(&asked, SignedForm::Text);
        let (numbers, v) = signed.bytes.split_last_chunk::<1>().unwrap();
        let (r, s) = Signature::from_slice(numbers).unwrap().split_scalars();
        let high = Signature::from_scalars(r, -*s).unwrap();
        let bytes = [high.to_bytes().as_slice(), &[v[0] ^ 1]].concat();
        assert!(!is_valid(&asked, &OwnerSignature { bytes, ..signed }));
    }
}
