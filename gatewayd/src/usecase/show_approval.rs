//! What the owners of a wallet are asked about a transaction, in the words and forms that they sign.

use primitives::Address;
use protocol::{OwnerSignature, Owners};
use txcodec::approval::Rendered;

use super::read_transactions::{ReadError, show_transaction};
use crate::app::App;
use crate::session::{Caller, OwnerError};
use crate::signer::SignerError;
use crate::store::wallets::Wallet;
use crate::store::{Reading, StoreError, TransactionId};
use crate::tx::{Asker, Question, QuestionError, Status, Tier, Transaction};

/// A question as owners are shown it.
#[derive(Clone, Debug)]
pub struct Asked {
    /// What waits for them.
    pub transaction: Transaction,
    /// The question, and who has answered.
    pub question: Question,
    /// Its words and forms.
    pub rendered: Rendered,
    /// What it does, as the signer knows it.
    pub intent: [u8; 32],
    /// Who can answer.
    pub owners: Owners,
}

/// Why there is nothing to approve, or not this.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// There is no such transaction, or the caller may not see it.
    #[error("there is no transaction {0}")]
    NotFound(TransactionId),
    /// It does not wait for its owners.
    #[error("the transaction is {0} and waits for no owner")]
    NotWaiting(Status),
    /// The owners were not asked yet.
    #[error("the owners are about to be asked; look again in a moment")]
    NotAsked,
    /// The time for an answer is over.
    #[error("the time for an approval is over")]
    TimeOver,
    /// The question is another one by now.
    #[error("the wallet's guard or the signer changed meanwhile: the owners are asked anew")]
    Changed,
    /// The wallet has no owners at the signer.
    #[error("the wallet has no confirmed owners, so that nobody can approve it")]
    NoOwners,
    /// Nobody signed.
    #[error("an approval is one signature of an owner, or several")]
    NothingSigned,
    /// Somebody signed who is no owner.
    #[error("{0} is no owner of this wallet")]
    NotAnOwner(Address),
    /// The signature is for something else, or by somebody else.
    #[error("the signature of {0} is not for this question")]
    BadSignature(Address),
    /// The owner signed for something else.
    #[error(transparent)]
    Owner(#[from] OwnerError),
    /// The question cannot be shown.
    #[error(transparent)]
    Question(#[from] QuestionError),
    /// The signer cannot be asked.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shows what the owners are asked; puts the question anew where the signer would ask another.
///
/// # Errors
/// When the caller sees no such transaction, or it waits for no owner.
pub async fn show_approval(
    app: &App,
    caller: &Caller,
    id: TransactionId,
) -> Result<Asked, ApprovalError> {
    match show_transaction(app, caller, id).await {
        Ok(_seen) => {}
        Err(ReadError::NotFound(id)) => return Err(ApprovalError::NotFound(id)),
        Err(ReadError::Store(error)) => return Err(error.into()),
    }
    ask_now(app, id).await
}

/// What the owners are asked, whoever wants to know.
pub(super) async fn ask_now(app: &App, id: TransactionId) -> Result<Asked, ApprovalError> {
    let waiting = Waiting::find(app, id).await?;
    let asker = Asker::ask(app, &waiting.wallet).await?;
    let question = waiting.up_to_date(app, &asker).await?;
    waiting.asked(question, asker.owners)
}

/// A transaction that waits for its owners, who were asked.
pub(super) struct Waiting {
    pub(super) transaction: Transaction,
    pub(super) wallet: Wallet,
    pub(super) question: Question,
}

impl Waiting {
    pub(super) async fn find(app: &App, id: TransactionId) -> Result<Self, ApprovalError> {
        let now = app.clock.now();
        let found = app.store.read(move |db| Self::read(db, id)).await?;
        if found.question.expires_at() <= now {
            return Err(ApprovalError::TimeOver);
        }
        Ok(found)
    }

    fn read(db: &Reading<'_>, id: TransactionId) -> Result<Self, ApprovalError> {
        let transaction = db.transaction(id)?.ok_or(ApprovalError::NotFound(id))?;
        if !waits_for_owners(&transaction) {
            return Err(ApprovalError::NotWaiting(transaction.status));
        }
        let wallet = db.wallet(transaction.wallet)?.ok_or(ApprovalError::NotFound(id))?;
        let question = db.question(id)?.ok_or(ApprovalError::NotAsked)?;
        Ok(Self { transaction, wallet, question })
    }

    /// The question as the signer would ask it now: the stored one, or the same once more.
    pub(super) async fn up_to_date(
        &self,
        app: &App,
        asker: &Asker,
    ) -> Result<Question, ApprovalError> {
        if self.question.is_asked_by(asker) || self.question.approved_at.is_some() {
            return Ok(self.question.clone());
        }
        let (id, stale) = (self.transaction.id, self.question.clone());
        let fresh = stale.again(asker);
        let stored = fresh.clone();
        app.store
            .write(move |db| {
                // Somebody else may have put it anew.
                if db.question(id)?.as_ref() != Some(&stale) {
                    return Err(ApprovalError::Changed);
                }
                Ok(db.put_question(id, &stored)?)
            })
            .await?;
        Ok(fresh)
    }

    pub(super) fn asked(self, question: Question, owners: Owners) -> Result<Asked, ApprovalError> {
        let rendered = question.rendered(&self.wallet)?;
        let decoded = question.decoded(&self.wallet).map_err(QuestionError::from)?;
        let intent = decoded.intent();
        Ok(Asked { transaction: self.transaction, question, rendered, intent, owners })
    }
}

/// Whether only the owners can let it go on.
pub(super) fn waits_for_owners(transaction: &Transaction) -> bool {
    transaction.status == Status::Queued && transaction.tier == Some(Tier::Approval)
}

impl Asked {
    /// Who has answered so far.
    pub fn answers(&self) -> &[OwnerSignature] {
        &self.question.signatures
    }
}
