//! Another version of a transaction in the database: whether it may be, what it may spend together
//! with those before it, and what becomes of one that is not to be.

use std::collections::BTreeMap;

use primitives::{Amount, Asset};
use txcodec::Decoded;

use super::halt::{self, Halt, Pace};
use super::judgement::judged;
use super::session_limits::reserve;
use super::withdrawal;
use super::{Form, Known, POLICY_DENIED, Problem, Purpose, Tier, Transaction, Version, Wish};
use crate::clock::UnixSeconds;
use crate::policy::Verdict;
use crate::prices::Worths;
use crate::store::{Reading, StoreError, TransactionId, Writing};

/// How many times the fee that the policies have let pass a call-off may cost unasked: networks do
/// become so much dearer within minutes, and the wallet stands still until it is through.
const CALL_OFF_FEES: u64 = 32;

/// What the closure that stores another version needs.
pub(super) struct Renewal {
    pub(super) id: TransactionId,
    /// Those before it, as they were read.
    pub(super) versions: Vec<Version>,
    pub(super) version: Version,
    /// What it does.
    pub(super) decoded: Decoded,
    /// What each of the signed ones does.
    pub(super) signed: Vec<Decoded>,
    pub(super) known: Known,
    /// What the dearest of all is worth.
    pub(super) worths: Worths,
    pub(super) tier: Option<Tier>,
}

impl Renewal {
    /// Stores the version with what it may spend; or why it is not to be.
    pub(super) fn run(self, db: &Writing<'_>) -> Result<Option<Problem>, Halt> {
        let transaction = halt::unfinished(db, self.id)?.ok_or(Halt::Stored)?;
        let stored = db.versions(self.id)?;
        if stored.is_empty() {
            self.versions.iter().try_for_each(|first| db.keep_version(self.id, first))?;
        } else if stored != self.versions {
            return Err(Halt::Again(Pace::Block, None));
        }
        let problem = match self.version.purpose {
            Purpose::Pay => withdrawn(db, &transaction)?,
            Purpose::CallOff => None,
        };
        let problem = if problem.is_some() { problem } else { self.denial(db)? };
        if let Some(problem) = problem {
            refuse(db, self.id, self.version, self.known.now)?;
            return Ok(Some(problem));
        }
        let versions = self.signed.iter().chain([&self.decoded]);
        let spend = most(versions).ok_or(Halt::Store(StoreError::Overflow))?;
        let network = transaction.intent.network().ok_or(Halt::Stored)?;
        let named = (self.id, transaction.wallet, Some(network));
        reserve(db, named, (&self.decoded, &spend), self.worths.into(), &self.known)?;
        db.keep_version(self.id, &self.version)?;
        db.forget_wish(self.id, Purpose::Pay)?;
        Ok(None)
    }

    /// Why the policies of now do not let it go. To call off pays nobody but the network, and is
    /// judged like a payment where its fee is many times the one that was let pass.
    fn denial(&self, db: &Writing<'_>) -> Result<Option<Problem>, StoreError> {
        let fee = self.version.fee_ceiling;
        let said = match self.version.purpose {
            Purpose::CallOff if fee <= fee_unasked(&self.versions) => return Ok(None),
            Purpose::CallOff => "not called off at the network's fee of now",
            Purpose::Pay if db.filler(self.id)?.is_some_and(|it| fee <= it.fee_unasked) => {
                return Ok(None);
            }
            Purpose::Pay => "not sent again with a higher fee",
        };
        Ok(match judged(db, &self.decoded, &self.known)? {
            Verdict::Deny(denial) => {
                let message = format!("{said}: {}", denial.message());
                Some(Problem::new(POLICY_DENIED, message))
            }
            Verdict::Allow(allowed)
                if allowed.tier > self.tier.unwrap_or(Tier::Notify).max(Tier::Notify) =>
            {
                let message = format!("{said}: with that fee it would be {}", allowed.tier);
                Some(Problem::new(POLICY_DENIED, message))
            }
            Verdict::Allow(_) => None,
        })
    }
}

/// What is spent at most. Any one of the versions is carried out, so that as much is reserved of each
/// asset as the one takes that takes most of it.
pub(super) fn most<'a>(
    versions: impl IntoIterator<Item = &'a Decoded>,
) -> Option<BTreeMap<Asset, Amount>> {
    let mut most = BTreeMap::new();
    for decoded in versions {
        for (asset, amount) in decoded.spend()? {
            let known = most.entry(asset).or_insert(amount);
            *known = (*known).max(amount);
        }
    }
    Some(most)
}

/// What a transfer of nothing may cost without being judged: the policies have judged the fee of each
/// payment among `versions`.
pub(super) fn fee_unasked(versions: &[Version]) -> Amount {
    let paying = versions.iter().filter(|it| it.purpose == Purpose::Pay);
    let judged = paying.filter(|it| it.signed().is_some()).map(|it| it.fee_ceiling).max();
    let judged = judged.unwrap_or(Amount::ZERO);
    judged.checked_mul(CALL_OFF_FEES.into()).unwrap_or(Amount::MAX)
}

/// Why a transaction is not to be paid by another version: nobody stands by it any more.
pub(super) fn withdrawn(
    db: &Reading<'_>,
    transaction: &Transaction,
) -> Result<Option<Problem>, StoreError> {
    if let Some(Wish::CallOff { problem, .. }) = db.wish(transaction.id)? {
        return Ok(Some(problem));
    }
    let wallet = db.wallet(transaction.wallet)?;
    if let Some(wallet) = wallet
        && !withdrawal::is_let_go(db, &wallet, transaction)?
    {
        let message = format!("not sent again with a higher fee: the wallet is {}", wallet.status);
        return Ok(Some(Problem::new("WALLET_SUSPENDED", message)));
    }
    let Some(session) = transaction.session else { return Ok(None) };
    if db.stands_by(session, transaction.wallet)? {
        return Ok(None);
    }
    let disowned = Problem::disowned();
    let message = format!("not sent again with a higher fee: {}", disowned.message);
    Ok(Some(Problem { message, ..disowned }))
}

/// Stores that a version is not to be, as of `now`. A payment is not sped up then; who wants it called
/// off goes on wanting that.
pub(super) fn refuse(
    db: &Writing<'_>,
    id: TransactionId,
    version: Version,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    db.keep_version(id, &Version { form: Form::Refused, made_at: now, ..version })?;
    db.forget_wish(id, Purpose::Pay)
}

/// Whether the signer is still asked for just this version.
pub(super) fn is_asked(
    db: &Reading<'_>,
    id: TransactionId,
    version: &Version,
) -> Result<bool, StoreError> {
    let mut stored = db.versions(id)?.into_iter();
    Ok(stored.any(|it| it.form == Form::Asked && it.unsigned == version.unsigned))
}
