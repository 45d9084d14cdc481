//! Step 9: the signer signs, or says why not.

use protocol::{Refusal, RefusalCode};

use super::codec;
use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::{Drafted, Problem, Progress, Signed};
use crate::signer::SignerError;
use crate::store::StoreError;

/// Attempts with the same bytes while the signer gives no answer; then others are drafted, as fees
/// and blockhashes age.
const ATTEMPTS_WITH_SAME_BYTES: u32 = 4;

impl Road<'_> {
    /// Has the stored bytes signed, and stores the signature before the network sees it.
    pub(super) async fn sign(&self, drafted: &Drafted) -> Result<Signed, Halt> {
        let unsigned = drafted.unsigned.clone();
        let signature = match self.app.signer.sign_transaction(self.wallet.id, unsigned).await {
            Ok(signature) => signature,
            Err(error) => return Err(self.unsigned(drafted, error).await?),
        };
        let signed = codec::signed_transaction(&drafted.unsigned, &signature, self.wallet.address);
        let signed = signed.map_err(|error| {
            Halt::Failed(Problem::new("INVALID_TRANSACTION", error.to_string()))
        })?;
        self.keep(drafted, &signed).await?;
        Ok(signed)
    }

    async fn keep(&self, drafted: &Drafted, signed: &Signed) -> Result<(), Halt> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let (drafted, signed) = (drafted.clone(), signed.clone());
        let kept = self.app.store.write(move |db| {
            let before = Progress::Drafted(drafted.clone());
            let found = halt::unfinished(db, id)?.filter(|found| found.progress == before);
            let mut transaction = found.ok_or(Halt::Stored)?;
            transaction.progress = Progress::Signed(drafted, signed);
            (transaction.problem, transaction.attempts) = (None, 0);
            transaction.updated_at = now;
            Ok(db.update_transaction(&transaction)?)
        });
        kept.await
    }

    /// What is to be done without a signature.
    async fn unsigned(&self, drafted: &Drafted, error: SignerError) -> Result<Halt, StoreError> {
        let message = error.to_string();
        match error {
            SignerError::Refused(refusal) if is_passing(&refusal) => {
                Ok(Halt::Again(Pace::BackOff, Some(refused(&refusal))))
            }
            SignerError::Refused(refusal) => Ok(Halt::Failed(refused(&refusal))),
            SignerError::NoAnswer { .. }
                if self.transaction.attempts < ATTEMPTS_WITH_SAME_BYTES =>
            {
                Ok(Halt::Again(Pace::BackOff, Some(Problem::new(UNAVAILABLE, message))))
            }
            SignerError::NoAnswer { .. } | SignerError::Unavailable { .. } => {
                self.drop_draft(drafted).await?;
                Ok(Halt::Again(Pace::BackOff, Some(Problem::new(UNAVAILABLE, message))))
            }
            SignerError::Locked => {
                self.drop_draft(drafted).await?;
                Ok(Halt::Again(Pace::BackOff, Some(Problem::new("KEYSTORE_LOCKED", message))))
            }
        }
    }

    /// Forgets bytes that have no signature, so that others of the wallet need not wait for them.
    /// A signature that was made and not heard of is never sent; the signer has counted it.
    async fn drop_draft(&self, drafted: &Drafted) -> Result<(), StoreError> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let before = Progress::Drafted(drafted.clone());
        let dropped = self.app.store.write(move |db| {
            let found = halt::unfinished(db, id)?.filter(|found| found.progress == before);
            let Some(mut transaction) = found else { return Ok(()) };
            halt::return_unused_nonce(db, &mut transaction)?;
            transaction.progress = Progress::Asked;
            transaction.updated_at = now;
            db.update_transaction(&transaction)
        });
        dropped.await
    }
}

const UNAVAILABLE: &str = "ADAPTER_NOT_AVAILABLE";

/// Whether the signer has not signed for a reason that is not the transaction's.
fn is_passing(refusal: &Refusal) -> bool {
    [RefusalCode::JournalFailed, RefusalCode::Internal].contains(&refusal.code)
}

fn refused(refusal: &Refusal) -> Problem {
    Problem::new("SIGNER_REFUSED", format!("{}: {}", refusal.code, refusal.message))
}
