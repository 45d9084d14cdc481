//! Whether an approval answers the question that the signer would ask now.

use std::collections::BTreeSet;

use primitives::Amount;
use protocol::journal::UsedApproval;
use protocol::{Approval, OwnerSignature, Owners, Refusal, RefusalCode, SignedForm, Terms};
use txcodec::approval::{Matter, Question, Rendered};

use super::{MAX_AHEAD_SECONDS, no_owners};
use crate::clock::Moment;
use crate::guard::{Enrolment, Guard};
use crate::journal::{State, WalletSnapshot, WalletState};

/// What the network may take is not in the intent: the owners' ceiling is the bound.
pub(super) fn check_fee(most: Amount, ceiling: Amount) -> Result<(), Refusal> {
    if most <= ceiling {
        return Ok(());
    }
    Err(bad(format!("the network may take {most}, where the owners allowed {ceiling}")))
}

/// True if the owner that the signature names made it, over the form that it names.
fn is_valid(rendered: &Rendered, signature: &OwnerSignature) -> bool {
    let OwnerSignature { owner, form, bytes } = signature;
    match form {
        SignedForm::Text => rendered.text_is_signed_by(*owner, bytes),
        SignedForm::TypedData => rendered.typed_data_is_signed_by(*owner, bytes),
    }
}

/// Who asks, and when.
#[derive(Clone, Copy)]
pub(crate) struct Asker<'a> {
    instance: [u8; 16],
    pub(super) wallet: &'a WalletState,
    moment: Moment,
}

/// Whether owners were confirmed, or are by their first use.
#[derive(Clone, Copy)]
pub(super) enum Standing {
    Confirmed,
    Proposed,
}

impl<'a> Asker<'a> {
    /// The signer for one of its wallets.
    pub(crate) fn new(state: &State, wallet: &'a WalletState, moment: Moment) -> Self {
        Self { instance: state.instance(), wallet, moment }
    }

    /// Those whose signatures count for a signature: the confirmed ones, and where there are none and
    /// the guard says so those who were proposed.
    pub(super) fn who_answers(self) -> Result<(&'a Owners, Standing), Refusal> {
        let confirmed = &self.wallet.snapshot().owners;
        if *confirmed != Owners::NONE {
            return Ok((confirmed, Standing::Confirmed));
        }
        let enrolment = self.wallet.guard().map(Guard::owner_enrolment);
        match (enrolment, self.wallet.owners().proposed()) {
            (Some(Enrolment::FirstUse), Some(proposed)) => Ok((proposed, Standing::Proposed)),
            (Some(Enrolment::FirstUse), None) | (Some(Enrolment::Operator) | None, _) => {
                Err(no_owners())
            }
        }
    }

    /// Checks terms and signatures of an approval that `owners` should have given.
    pub(super) fn verify(
        self,
        owners: &Owners,
        matter: Matter<'_>,
        approval: &Approval,
    ) -> Result<UsedApproval, Refusal> {
        let Approval { terms, signatures } = approval;
        check_terms(self.wallet, terms, self.moment)?;
        check_signers(owners, approval)?;
        let rendered = self.question(terms, matter).render();
        let rendered = rendered.map_err(|error| bad(error.to_string()))?;
        match signatures.iter().find(|signature| !is_valid(&rendered, signature)) {
            None => Ok(UsedApproval { nonce: terms.nonce, expires_at: terms.expires_at }),
            Some(wrong) => Err(bad(format!("the signature of {} is not for this", wrong.owner))),
        }
    }

    fn question(self, terms: &Terms, matter: Matter<'a>) -> Question<'a> {
        let WalletSnapshot { id, address, .. } = *self.wallet.snapshot();
        let Terms { guard_version, fee_ceiling, expires_at, nonce } = *terms;
        let (instance, wallet) = (self.instance, id);
        Question {
            instance,
            wallet,
            address,
            guard_version,
            fee_ceiling,
            expires_at,
            nonce,
            matter,
        }
    }
}

fn check_terms(wallet: &WalletState, terms: &Terms, moment: Moment) -> Result<(), Refusal> {
    let current = wallet.snapshot().guard_version;
    if terms.guard_version != current {
        let message = format!("the guard is at version {current}; ask the owners anew");
        return Err(Refusal::new(RefusalCode::GuardChanged, message));
    }
    let now = moment.latest();
    if terms.expires_at <= now {
        let message = "the approval's time is over; ask the owners anew";
        return Err(Refusal::new(RefusalCode::ApprovalExpired, message));
    }
    if terms.expires_at.saturating_sub(now) > MAX_AHEAD_SECONDS {
        return Err(bad("an approval holds for seven days at most; ask for a shorter time"));
    }
    wallet.owners().check_unused(terms.nonce, moment.now)
}

/// Enough of the owners, each once, and nobody else.
fn check_signers(owners: &Owners, approval: &Approval) -> Result<(), Refusal> {
    let Approval { terms: _, signatures } = approval;
    let (given, needed) = (signatures.len(), usize::from(owners.threshold.max(1)));
    if given < needed {
        return Err(bad(format!("{given} signatures, where {needed} owners have to sign")));
    }
    let mut signers = BTreeSet::new();
    for signature in signatures {
        let owner = signature.owner;
        if !owners.members.contains(&owner) {
            return Err(bad(format!("{owner} is no owner of this wallet")));
        }
        if !signers.insert(owner) {
            return Err(bad(format!("{owner} signed twice, which counts once; leave one out")));
        }
    }
    Ok(())
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(RefusalCode::BadApproval, message)
}
