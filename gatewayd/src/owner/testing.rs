//! Owners with keys, for tests.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::Signer;
use k256::ecdsa::{SigningKey, VerifyingKey};
use primitives::{Address, EvmAddress, SolanaAddress};
use protocol::{OwnerSignature, SignedForm};
use sha3::{Digest, Keccak256};
use txcodec::approval::Rendered;

use super::{Action, Site};
use crate::app::App;
use crate::session::{Claim, Owner, OwnerError};
use crate::usecase::write_owner_message::write_owner_message;

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

    /// The owner as the gateway knows them by what they signed for that action, on a test network.
    pub(crate) async fn asks(&self, app: &App, action: Action) -> Result<Owner, OwnerError> {
        let site = Site::Port(app.settings.daemon.port);
        let network = Some(match self.address() {
            Address::Evm(_) => "ethereum-sepolia".to_owned(),
            Address::Solana(_) => "solana-devnet".to_owned(),
        });
        let written = write_owner_message(app, &site, self.address(), action, network).await;
        let text = written.unwrap().to_string();
        let claim = Claim {
            address: &self.address().to_string(),
            message: &BASE64.encode(&text),
            signature: &BASE64.encode(self.sign_text(text.as_bytes())),
        };
        Owner::from_claim(app, &site, claim).await
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
