//! Owners allow what the guard does not: they themselves, for just that, once.

use primitives::{Address, SolanaAddress};
use proptest::prelude::*;
use protocol::wire::{read_all, to_bytes};
use protocol::{Approval, KeyInfo, OwnerSignature, Owners, OwnersState, SignedForm, Terms};
use txcodec::Decoded;
use txcodec::approval::{Matter, Question, Rendered, Stop};
use txcodec::solana::{self, Message, Version};

use super::*;
use crate::clock::testing::Machine;

mod approvals;
mod enrolment;

const NOW: u64 = 1_800_000_000;
/// More than leaves by itself.
const MUCH: u64 = 2 * CEILING;
const BAD: Option<RefusalCode> = Some(RefusalCode::BadApproval);

/// Somebody with a key of their own.
pub(super) enum Owner {
    Evm(k256::ecdsa::SigningKey),
    Solana(ed25519_dalek::SigningKey),
}

impl Owner {
    pub(super) fn evm(seed: u8) -> Self {
        Self::Evm(k256::ecdsa::SigningKey::from_slice(&[seed; 32]).unwrap())
    }

    fn solana(seed: u8) -> Self {
        Self::Solana(ed25519_dalek::SigningKey::from_bytes(&[seed; 32]))
    }

    fn address(&self) -> Address {
        match self {
            Self::Evm(key) => {
                let public = key.verifying_key().to_sec1_point(true);
                crate::vault::address(Chain::Evm, public.as_bytes()).unwrap()
            }
            Self::Solana(key) => SolanaAddress(key.verifying_key().to_bytes()).into(),
        }
    }

    fn sign(&self, rendered: &Rendered, form: SignedForm) -> OwnerSignature {
        use ed25519_dalek::Signer as _;
        let bytes = match self {
            Self::Evm(key) => {
                let digest = match form {
                    SignedForm::Text => rendered.text_digest(),
                    SignedForm::TypedData => rendered.typed_data().digest(),
                };
                let (signature, recovery) = key.sign_prehash_recoverable(&digest);
                [&signature.to_bytes()[..], &[27 + u8::from(recovery.is_y_odd())]].concat()
            }
            Self::Solana(key) => key.sign(rendered.text().as_bytes()).to_bytes().to_vec(),
        };
        OwnerSignature { owner: self.address(), form, bytes }
    }
}

pub(super) fn owners(threshold: u8, members: &[&Owner]) -> Owners {
    let mut members: Vec<_> = members.iter().map(|owner| owner.address()).collect();
    members.sort();
    Owners { threshold, members }
}

pub(super) fn terms() -> Terms {
    let fee_ceiling = Amount::from(FEE);
    Terms { guard_version: 1, fee_ceiling, expires_at: NOW + 3600, nonce: [1; 16] }
}

/// What is asked of the owners of `key` with these terms.
fn question<'a>(
    signer: &mut Signer,
    key: &KeyInfo,
    terms: Terms,
    matter: Matter<'a>,
) -> Question<'a> {
    let hello = gateway(signer, Request::Hello { version: protocol::VERSION });
    let Reply::Hello { instance, .. } = hello else { panic!("a hello") };
    let Terms { guard_version, fee_ceiling, expires_at, nonce } = terms;
    let (wallet, address) = (key.wallet, key.address);
    Question { instance, wallet, address, guard_version, fee_ceiling, expires_at, nonce, matter }
}

pub(super) fn approve(
    signer: &mut Signer,
    key: &KeyInfo,
    terms: Terms,
    matter: Matter<'_>,
    signers: &[&Owner],
) -> Approval {
    let rendered = question(signer, key, terms, matter).render().unwrap();
    let signatures = signers.iter().map(|owner| owner.sign(&rendered, SignedForm::Text)).collect();
    Approval { terms, signatures }
}

fn much(nonce: u64) -> Decoded {
    txcodec::evm::decode(&transfer(nonce, MUCH), EvmAddress([0; 20])).unwrap()
}

pub(super) fn to_sign(decoded: &Decoded) -> Matter<'_> {
    Matter::Sign { decoded, environment: Environment::Mainnet }
}

pub(super) fn approved(wallet: WalletId, transaction: Vec<u8>, approval: &Approval) -> Request {
    let warrant = Warrant::Approved(approval.clone());
    Request::Sign { wallet, payload: Payload::Transaction(transaction), warrant }
}

pub(super) fn confirm(wallet: WalletId, from_version: u64, owners: &Owners) -> Request {
    let (owners, approval) = (owners.clone(), None);
    Request::ConfirmOwners { wallet, from_version, owners, passphrase: passphrase(), approval }
}

fn show(signer: &mut Signer, wallet: WalletId) -> OwnersState {
    let shown = gateway(signer, Request::ShowOwners { wallet });
    let Reply::Owners(state) = shown else { panic!("owners") };
    state
}

/// A wallet with these owners, at [`NOW`] on a machine of ours.
fn owned(threshold: u8, members: &[&Owner]) -> (Machine, TempDir, Signer, KeyInfo) {
    let machine = Machine::new(NOW);
    let (state, mut signer, key) = with_wallet_on(machine.source());
    let confirmed = operator(&mut signer, confirm(key.wallet, 0, &owners(threshold, members)));
    assert!(matches!(confirmed, Reply::Owners(_)), "{confirmed:?}");
    (machine, state, signer, key)
}

/// The state of a signer whose passphrase was just given.
fn restarted(state: &TempDir, machine: &Machine) -> Signer {
    let mut signer = start_on(state.path(), machine.source());
    operator(&mut signer, Request::Unlock { passphrase: passphrase() });
    signer
}

fn solana_wallet(signer: &mut Signer) -> KeyInfo {
    let (chain, environment) = (Chain::Solana, Environment::Mainnet);
    let create = Request::CreateKey { chain, environment, agent_id: None };
    let Reply::Key(key) = gateway(signer, create) else { panic!("a key") };
    key
}
