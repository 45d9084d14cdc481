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

#[cfg(test)]
mod tests {
    use primitives::{Amount, Environment, WalletId, decode_hex};
    use serde::Deserialize;
    use txcodec::approval::{Matter, Question};
    use txcodec::{evm, solana};

    use super::*;

    /// Approvals that owners gave with viem and @solana/kit.
    const GIVEN_ELSEWHERE: [&str; 5] = [
        include_str!("../../../tests/vectors/approval/evm-payment-as-text.json"),
        include_str!("../../../tests/vectors/approval/evm-payment-as-typed-data.json"),
        include_str!("../../../tests/vectors/approval/guard-change-as-text.json"),
        include_str!("../../../tests/vectors/approval/guard-change-as-typed-data.json"),
        include_str!("../../../tests/vectors/approval/solana-payment-as-text.json"),
    ];

    #[derive(Deserialize)]
    struct Vector {
        kind: String,
        owner: Address,
        question: Asked,
        signature: String,
    }

    #[derive(Deserialize)]
    struct Asked {
        instance: String,
        wallet: WalletId,
        address: Address,
        guard_version: u64,
        fee_ceiling: Amount,
        expires_at: u64,
        nonce: String,
        #[serde(flatten)]
        about: About,
    }

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum About {
        Payment { unsigned: String },
        Guard { from_version: u64, sha256: String },
    }

    fn bytes(hex: &str) -> Vec<u8> {
        decode_hex(hex.strip_prefix("0x").unwrap()).unwrap()
    }

    fn array<const N: usize>(hex: &str) -> [u8; N] {
        bytes(hex).try_into().unwrap()
    }

    fn render(asked: &Asked) -> Rendered {
        let ask = |matter| {
            let question = Question {
                instance: array(&asked.instance),
                wallet: asked.wallet,
                address: asked.address,
                guard_version: asked.guard_version,
                fee_ceiling: asked.fee_ceiling,
                expires_at: asked.expires_at,
                nonce: array(&asked.nonce),
                matter,
            };
            question.render().unwrap()
        };
        match &asked.about {
            About::Payment { unsigned } => {
                let decoded = match asked.address {
                    Address::Evm(wallet) => evm::decode(&bytes(unsigned), wallet).unwrap(),
                    Address::Solana(wallet) => solana::decode(&bytes(unsigned), wallet).unwrap(),
                };
                ask(Matter::Sign { decoded: &decoded, environment: Environment::Mainnet })
            }
            About::Guard { from_version, sha256 } => {
                ask(Matter::Guard { from_version: *from_version, sha256: array(sha256) })
            }
        }
    }

    #[test]
    fn what_owners_signed_elsewhere_is_theirs_and_with_any_byte_changed_it_is_not() {
        for text in GIVEN_ELSEWHERE {
            let Vector { kind, owner, question, signature } = serde_json::from_str(text).unwrap();
            let rendered = render(&question);
            let form = match kind.as_str() {
                "typed_data" => SignedForm::TypedData,
                _ => SignedForm::Text,
            };
            let given = OwnerSignature { owner, form, bytes: bytes(&signature) };
            assert!(is_valid(&rendered, &given), "{text}");
            for place in 0..given.bytes.len() {
                let mut changed = given.clone();
                changed.bytes[place] ^= 1;
                assert!(!is_valid(&rendered, &changed), "byte {place} of {text}");
            }
        }
    }
}
