//! An owner's signature over one of the forms of a question (`docs/approval.md`).

use protocol::{OwnerSignature, SignedForm};
use txcodec::approval::Rendered;

/// True if the owner that the signature names made it, over the form that it names.
pub fn is_valid(rendered: &Rendered, signature: &OwnerSignature) -> bool {
    let OwnerSignature { owner, form, bytes } = signature;
    match form {
        SignedForm::Text => rendered.text_is_signed_by(*owner, bytes),
        SignedForm::TypedData => rendered.typed_data_is_signed_by(*owner, bytes),
    }
}

#[cfg(test)]
mod tests {
    use k256::ecdsa::Signature;
    use primitives::{Address, Amount, WalletId};
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
