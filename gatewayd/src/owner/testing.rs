//! Owners with keys, for tests.

use ed25519_dalek::Signer;
use k256::ecdsa::{SigningKey, VerifyingKey};
use primitives::{Address, EvmAddress, SolanaAddress};
use protocol::{OwnerSignature, SignedForm};
use sha3::{Digest, Keccak256};
use txcodec::approval::Rendered;

/// Somebody who signs with a key of their own.
pub(crate) enum TestOwner {
    Evm(Box<SigningKey>),
    Solana(Box<ed25519_dalek::SigningKey>),
}

impl TestOwner {
    /// With an EVM key made of that byte.
    pub(crate) fn evm(byte: u8) -> Self {
        Self::Evm(Box::new(SigningKey::from_slice(&[byte; 32]).unwrap()))
    }

    /// With a Solana key made of that byte.
    pub(crate) fn solana(byte: u8) -> Self {
        Self::Solana(Box::new(ed25519_dalek::SigningKey::from_bytes(&[byte; 32])))
    }

    pub(crate) fn address(&self) -> Address {
        match self {
            Self::Evm(key) => address(key.verifying_key()).into(),
            Self::Solana(key) => SolanaAddress(key.verifying_key().to_bytes()).into(),
        }
    }

    /// Its signature over a text: EIP-191, or Ed25519.
    pub(crate) fn sign_text(&self, text: &[u8]) -> Vec<u8> {
        match self {
            Self::Evm(key) => {
                let digest = txcodec::message::personal_digest(text);
                let (signature, recovery) = key.sign_prehash_recoverable(&digest);
                [signature.to_bytes().as_slice(), &[27 + recovery.to_byte()]].concat()
            }
            Self::Solana(key) => key.sign(text).to_bytes().to_vec(),
        }
    }

    /// What its wallet makes of the question.
    pub(crate) fn sign(&self, rendered: &Rendered, form: SignedForm) -> OwnerSignature {
        let bytes = match self {
            Self::Evm(key) => {
                let digest = match form {
                    SignedForm::Text => rendered.text_digest(),
                    SignedForm::TypedData => rendered.typed_data().digest(),
                };
                let (signature, recovery) = key.sign_prehash_recoverable(&digest);
                [signature.to_bytes().as_slice(), &[27 + recovery.to_byte()]].concat()
            }
            Self::Solana(key) => key.sign(rendered.text().as_bytes()).to_bytes().to_vec(),
        };
        OwnerSignature { owner: self.address(), form, bytes }
    }
}

/// The last twenty bytes of Keccak-256 of the point's coordinates.
fn address(key: &VerifyingKey) -> EvmAddress {
    let point = key.to_sec1_point(false);
    let hash: [u8; 32] = Keccak256::digest(&point.as_bytes()[1..]).into();
    EvmAddress(*hash.last_chunk().unwrap())
}
