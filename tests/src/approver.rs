//! Owners of wallets who sign what the signer would ask them, with keys of their own.

use ed25519_dalek::Signer;
use primitives::{Address, EvmAddress, SolanaAddress, WalletId};
use protocol::{Approval, OwnerSignature, Owners, Reply, Request, SignedForm, Terms};
use sha3::{Digest, Keccak256};
use txcodec::approval::{Matter, Question, Rendered};

use crate::signer::{SignerClient, passphrase};

/// Somebody with a key of their own.
#[derive(Debug)]
pub enum Owner {
    /// Who signs with secp256k1, as EVM wallets do.
    Evm(k256::ecdsa::SigningKey),
    /// Who signs with Ed25519, as wallets on Solana do.
    Solana(ed25519_dalek::SigningKey),
}

/// Whom an approval is asked for, and on which terms.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The signer's instance: [`instance`].
    pub instance: [u8; 16],
    /// The wallet.
    pub wallet: WalletId,
    /// The wallet's address.
    pub address: Address,
    /// What the asker chose.
    pub terms: Terms,
}

impl Owner {
    /// An owner of EVM wallets; `seed` is not zero.
    pub fn evm(seed: u8) -> Self {
        Self::Evm(k256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    /// An owner of wallets on Solana.
    pub fn solana(seed: u8) -> Self {
        Self::Solana(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    /// What it is known by.
    pub fn address(&self) -> Address {
        match self {
            Self::Evm(key) => {
                let point = key.verifying_key().to_sec1_point(false);
                let hash: [u8; 32] = Keccak256::digest(&point.as_bytes()[1..]).into();
                EvmAddress(*hash.last_chunk().unwrap()).into()
            }
            Self::Solana(key) => SolanaAddress(key.verifying_key().to_bytes()).into(),
        }
    }

    /// Signs what is asked, in that form.
    pub fn sign(&self, asked: &Rendered, form: SignedForm) -> OwnerSignature {
        let bytes = match self {
            Self::Evm(key) => {
                let digest = match form {
                    SignedForm::Text => asked.text_digest(),
                    SignedForm::TypedData => asked.typed_data().digest(),
                };
                let (signature, recovery) = key.sign_prehash_recoverable(&digest);
                [&signature.to_bytes()[..], &[27 + u8::from(recovery.is_y_odd())]].concat()
            }
            Self::Solana(key) => key.sign(asked.text().as_bytes()).to_bytes().to_vec(),
        };
        OwnerSignature { owner: self.address(), form, bytes }
    }
}

/// So many of these, in order.
pub fn owners(threshold: u8, members: &[&Owner]) -> Owners {
    let mut members: Vec<_> = members.iter().map(|owner| owner.address()).collect();
    members.sort();
    Owners { threshold, members }
}

/// Which signer it is.
pub fn instance(client: &mut SignerClient) -> [u8; 16] {
    let hello = client.ask(Request::Hello { version: protocol::VERSION });
    let Reply::Hello { instance, .. } = hello else { panic!("no hello: {hello:?}") };
    instance
}

/// Gives a wallet that has no owners its first ones, at `control.sock`.
pub fn confirm(operator: &mut SignerClient, wallet: WalletId, owners: Owners) {
    let (from_version, passphrase, approval) = (0, passphrase(), None);
    let request = Request::ConfirmOwners { wallet, from_version, owners, passphrase, approval };
    let reply = operator.ask(request);
    assert!(matches!(reply, Reply::Owners(_)), "{reply:?}");
}

impl Asked {
    /// What the owners read.
    pub fn render(&self, matter: Matter<'_>) -> Rendered {
        let Self { instance, wallet, address, terms } = *self;
        let Terms { guard_version, fee_ceiling, expires_at, nonce } = terms;
        let question = Question {
            instance,
            wallet,
            address,
            guard_version,
            fee_ceiling,
            expires_at,
            nonce,
            matter,
        };
        question.render().unwrap()
    }

    /// The approval of these owners, each by a signature in that form.
    pub fn approve(&self, matter: Matter<'_>, signers: &[&Owner], form: SignedForm) -> Approval {
        let rendered = self.render(matter);
        let signatures = signers.iter().map(|owner| owner.sign(&rendered, form)).collect();
        Approval { terms: self.terms, signatures }
    }
}
