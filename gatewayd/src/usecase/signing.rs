//! What signing a transaction made elsewhere and signing a message have in common: both are judged
//! like a payment, and handed back at once or not at all.

use std::sync::Arc;
use std::time::Duration;

use api::ErrorCode;
use primitives::{Amount, Asset};
use std::collections::BTreeMap;
use txcodec::Decoded;

use crate::app::App;
use crate::policy::{Denial, Verdict};
use crate::signer::SignerError;
use crate::store::audit::Actor;
use crate::store::reservations::Settlement;
use crate::store::wallets::WalletStatus;
use crate::store::{StoreError, TransactionId, Writing};
use crate::switch::Stopped;
use crate::tx::{self, Known, Problem, Status, Tier, Transaction};

/// Why nothing was signed.
#[derive(Debug, thiserror::Error)]
pub enum SigningError {
    /// A policy does not allow it.
    #[error("{}", .0.message())]
    Denied(Denial),
    /// It would have to wait, and what is signed is handed back at once.
    #[error("it would be of the tier {0}, and only INSTANT and NOTIFY are signed at once")]
    NeedsWaiting(Tier),
    /// The wallet is not used now.
    #[error("the wallet is {0}")]
    WalletInactive(WalletStatus),
    /// The session was revoked, or lost the wallet, since it was let in.
    #[error("the session was revoked, or may not use the wallet any more")]
    SessionOver,
    /// Nothing is begun, or handed out.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// The signer did not sign.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// How long a signature may take; what is left over after a crash fails then.
const PATIENCE: Duration = Duration::from_mins(1);

/// Stores what shall be signed, with its spend reserved, if the policies allow it at once. Returns
/// the tier.
pub(super) async fn begin(
    app: &App,
    transaction: Transaction,
    decoded: Decoded,
    known: Known,
) -> Result<Tier, SigningError> {
    let (switch, decisions) = (app.switch.clone(), Arc::clone(&app.metrics.decisions));
    let begun = app.store.write(move |db| {
        if let Err(stopped) = switch.check() {
            return Ok(Err(stopped.into()));
        }
        let verdict = tx::judged(db, &decoded, &known)?;
        let wallet = db.wallet(transaction.wallet)?.map(|wallet| wallet.status);
        if let Some(status) = wallet.filter(|status| *status != WalletStatus::Active) {
            return Ok(Err(SigningError::WalletInactive(status)));
        }
        if let Some(session) = transaction.session
            && !db.stands_by(session, transaction.wallet)?
        {
            return Ok(Err(SigningError::SessionOver));
        }
        let Some(spend) = decoded.spend() else {
            return Ok(Err(SigningError::Denied(too_much())));
        };
        Ok::<_, StoreError>(match verdict {
            Verdict::Deny(denial) => {
                decisions.denied(denial.rule);
                audit_denial(db, &transaction, &denial, &known)?;
                Err(SigningError::Denied(denial))
            }
            Verdict::Allow(allowed) => match allowed.tier {
                tier @ (Tier::Instant | Tier::Notify) => {
                    let allowed = Transaction { tier: Some(tier), ..transaction };
                    store(db, allowed, (&decoded, &spend), &known)?;
                    decisions.allowed(tier);
                    Ok(tier)
                }
                tier @ (Tier::Delay | Tier::Approval) => Err(SigningError::NeedsWaiting(tier)),
            },
        })
    });
    begun.await?
}

fn store(
    db: &Writing<'_>,
    mut transaction: Transaction,
    spent: (&Decoded, &BTreeMap<Asset, Amount>),
    known: &Known,
) -> Result<(), StoreError> {
    transaction.status = Status::Executing;
    transaction.next_attempt_at = Some(known.now.plus(PATIENCE));
    db.insert_transaction(&transaction)?;
    let named = (transaction.id, transaction.wallet, transaction.intent.network());
    tx::reserve(db, named, spent, known.worths.into(), known)?;
    db.keep_worth(transaction.id, known.worths.amount)?;
    tx::audit(db, &transaction, actor(&transaction), known.now)
}

/// Amounts that cannot be added up cannot be counted either.
fn too_much() -> Denial {
    Denial {
        rule: "SPENDING_LIMIT",
        code: ErrorCode::SpendingLimitExceeded,
        reason: "the amounts add up to more than 256 bits".to_owned(),
        remedy: "ask for less at once".to_owned(),
    }
}

fn audit_denial(
    db: &Writing<'_>,
    transaction: &Transaction,
    denial: &Denial,
    known: &Known,
) -> Result<(), StoreError> {
    let denied = Transaction {
        status: Status::Cancelled,
        problem: Some(Problem::new(tx::POLICY_DENIED, denial.message())),
        ..transaction.clone()
    };
    tx::audit(db, &denied, actor(transaction), known.now)
}

fn actor(transaction: &Transaction) -> Actor {
    transaction.session.map_or(Actor::Operator, Actor::Session)
}

/// Ends it: signed and counted as spent, or not signed and released.
pub(super) async fn end(
    app: &App,
    id: TransactionId,
    signed: Result<tx::Progress, Problem>,
) -> Result<(), StoreError> {
    let now = app.clock.now();
    let ended = app.store.write(move |db| {
        let Some(mut transaction) = db.transaction(id)? else { return Ok(()) };
        let (status, settlement) = match signed {
            Ok(progress) => {
                transaction.progress = progress;
                (Status::Signed, Settlement::Post)
            }
            Err(problem) => {
                transaction.problem = Some(problem);
                (Status::Failed, Settlement::Release)
            }
        };
        tx::finish(db, transaction, status, settlement, now)
    });
    ended.await?;
    app.signals.changed(id);
    Ok(())
}

/// The last look before a signature is handed out: what has the asker's hands cannot be called back.
pub(super) fn last_look<E: From<SigningError>>(app: &App) -> Result<(), (Problem, E)> {
    let stopped = |stopped: Stopped| (stopped.problem(), SigningError::from(stopped).into());
    app.switch.check().map_err(stopped)
}

/// What the signer's no means for what is stored.
pub(super) fn problem(error: &SignerError) -> Problem {
    let code = match error {
        SignerError::Unavailable { .. } | SignerError::NoAnswer { .. } => "ADAPTER_NOT_AVAILABLE",
        SignerError::Locked => "KEYSTORE_LOCKED",
        SignerError::Refused(_) => "SIGNER_REFUSED",
    };
    Problem::new(code, error.to_string())
}
