//! What the owners of a wallet are asked about a transaction that waits for them.

use std::time::Duration;

use protocol::{Approval, OwnerSignature, Owners, Terms};
use txcodec::approval::{ApprovalError, Matter, Rendered};
use txcodec::{DecodeError, Decoded};

use primitives::Amount;

use super::codec;
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::random_bytes;
use crate::signer::SignerError;
use crate::store::wallets::Wallet;

/// A question, and the answers so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Bytes that do the same as those that will be signed.
    pub unsigned: Vec<u8>,
    /// Which signer asks.
    pub instance: [u8; 16],
    /// What the owners agree to beside what is done.
    pub terms: Terms,
    /// When enough of them had signed.
    pub approved_at: Option<UnixSeconds>,
    /// Their signatures, in the order of their addresses.
    pub signatures: Vec<OwnerSignature>,
}

/// What the signer has that questions name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Which signer it is.
    pub instance: [u8; 16],
    /// The version of the wallet's guard.
    pub guard_version: u64,
    /// What the guard says.
    pub guard: String,
    /// Who can answer.
    pub owners: Owners,
}

/// Why a question cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum QuestionError {
    /// What is asked about cannot be read.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// It is more than people are asked.
    #[error(transparent)]
    Render(#[from] ApprovalError),
}

/// The longest that an owner may take: the signer takes no approval for longer than seven days.
pub const LONGEST_QUESTION: Duration = Duration::from_hours(6 * 24);

impl Asker {
    /// The signer as it is now, for one wallet.
    ///
    /// # Errors
    /// When it cannot be asked or refuses.
    pub async fn ask(app: &App, wallet: &Wallet) -> Result<Self, SignerError> {
        let guard = app.signer.guard(wallet.id).await?;
        Ok(Self {
            instance: app.signer.instance().await?,
            guard_version: guard.version,
            guard: guard.text,
            owners: app.signer.owners(wallet.id).await?,
        })
    }
}

impl Question {
    /// A new question about `unsigned`.
    pub fn new(
        unsigned: Vec<u8>,
        asker: &Asker,
        fee_ceiling: Amount,
        expires_at: UnixSeconds,
    ) -> Self {
        let terms = Terms {
            guard_version: asker.guard_version,
            fee_ceiling,
            expires_at: u64::try_from(expires_at.get()).unwrap_or_default(),
            nonce: random_bytes(),
        };
        let (approved_at, signatures) = (None, Vec::new());
        Self { unsigned, instance: asker.instance, terms, approved_at, signatures }
    }

    /// The same question once more, to be answered anew.
    #[must_use]
    pub fn again(&self, asker: &Asker) -> Self {
        let expires_at = self.expires_at();
        Self::new(self.unsigned.clone(), asker, self.terms.fee_ceiling, expires_at)
    }

    /// Until when the answer counts.
    pub fn expires_at(&self) -> UnixSeconds {
        UnixSeconds::new(i64::try_from(self.terms.expires_at).unwrap_or(i64::MAX))
    }

    /// Whether enough owners have signed, and what they signed still counts.
    pub fn is_approved(&self, now: UnixSeconds) -> bool {
        self.approved_at.is_some() && now < self.expires_at()
    }

    /// Whether the signer would still ask it in these words.
    pub fn is_asked_by(&self, asker: &Asker) -> bool {
        self.instance == asker.instance && self.terms.guard_version == asker.guard_version
    }

    /// What is asked about.
    ///
    /// # Errors
    /// When the bytes cannot be read.
    pub fn decoded(&self, wallet: &Wallet) -> Result<Decoded, DecodeError> {
        codec::decode(&self.unsigned, wallet.address)
    }

    /// The words and forms that owners sign.
    ///
    /// # Errors
    /// When it is not to be shown.
    pub fn rendered(&self, wallet: &Wallet) -> Result<Rendered, QuestionError> {
        let decoded = self.decoded(wallet)?;
        let question = txcodec::approval::Question {
            instance: self.instance,
            wallet: wallet.id,
            address: wallet.address,
            guard_version: self.terms.guard_version,
            fee_ceiling: self.terms.fee_ceiling,
            expires_at: self.terms.expires_at,
            nonce: self.terms.nonce,
            matter: Matter::Sign { decoded: &decoded, environment: wallet.environment },
        };
        Ok(question.render()?)
    }

    /// Takes up an answer; a second one of the same owner replaces the first.
    pub fn answer(&mut self, signature: OwnerSignature) {
        self.signatures.retain(|given| given.owner != signature.owner);
        self.signatures.push(signature);
        self.signatures.sort_by_key(|given| given.owner);
    }

    /// What the signer is shown, once enough owners have signed.
    pub fn approval(&self) -> Option<Approval> {
        self.approved_at
            .map(|_at| Approval { terms: self.terms, signatures: self.signatures.clone() })
    }
}
