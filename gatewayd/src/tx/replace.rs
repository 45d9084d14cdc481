//! What waits at the nodes for too long, or shall not happen any more: another version of it, with
//! the same nonce and higher fees. The chain carries out one of them, and that one decides.
//!
//! The signer counts each version as if it alone were paid, because it cannot know which will be.

use std::time::Duration;

use primitives::Asset;
use protocol::{Payload, Warrant};
use txcodec::Decoded;

use super::halt::{self, Halt, Pace};
use super::judgement::judged;
use super::pipeline::Road;
use super::refusal::{self, Course};
use super::{
    Drafted, Form, Problem, Progress, Purpose, Status, Tier, UnitsError, Version, Wish, codec,
};
use crate::chains::{Category, ChainError, Replacement};
use crate::policy::Verdict;
use crate::prices::Worths;
use crate::signer::SignerError;
use crate::store::{StoreError, TransactionId, Writing};

/// Versions of one transaction: the last one offers for gas some five times what the first one did.
pub(crate) const MOST_VERSIONS: usize = 15;
/// Answers of the same kind, one after the other, before a node is believed.
const ANSWERS: u32 = 6;

impl Road<'_> {
    /// Sees to a transaction that is not on the chain; `waits` says whether a node has it.
    pub(super) async fn see_to(
        &self,
        (drafted, versions): (&Drafted, &[Version]),
        nonce: u64,
        waits: bool,
    ) -> Result<(), Halt> {
        if !waits {
            self.check_nonce(versions, nonce).await?;
        }
        let asked = versions.iter().find(|version| version.form == Form::Asked).cloned();
        let next = match (asked, self.wanted(versions, nonce).await?) {
            (Some(asked), _) => Some(asked),
            (None, Some(purpose)) => Some(self.replace(versions, purpose).await?),
            (None, None) => None,
        };
        match next {
            Some(version) => self.sign_version(drafted, version).await?,
            None if !waits => self.send_newest(drafted, versions).await?,
            None => {}
        }
        Err(Halt::Again(Pace::Block, None))
    }

    /// Which version is wanted, if any is: because somebody wants it, or because the newest one has
    /// been waiting for long although nothing of the wallet is before it.
    async fn wanted(&self, versions: &[Version], nonce: u64) -> Result<Option<Purpose>, Halt> {
        let (Some(newest), Some(last)) = (newest(versions), versions.last()) else {
            return Ok(None);
        };
        match &self.wish {
            Some(Wish::CallOff { .. }) if newest.purpose == Purpose::Pay => {
                return Ok(Some(Purpose::CallOff));
            }
            Some(Wish::SpeedUp) => return Ok(Some(newest.purpose)),
            Some(Wish::CallOff { .. }) | None => {}
        }
        let seconds = self.app.settings.transactions.replace_after_seconds.get();
        let since = last.made_at.plus(Duration::from_secs(seconds.into()));
        if since > self.app.clock.now() || versions.len() >= MOST_VERSIONS {
            return Ok(None);
        }
        Ok(self.is_next(nonce).await?.then_some(newest.purpose))
    }

    /// Whether nothing of the wallet is before it. What was passed over before it, because a node
    /// claimed that somebody else had used it, is given out again if the network waits for it.
    async fn is_next(&self, nonce: u64) -> Result<bool, Halt> {
        let mined = self.client.mined_nonce(self.wallet.address, nonce).await.map_err(again)?;
        if let Some(mined) = mined.filter(|mined| *mined < nonce) {
            let (wallet, network) = (self.wallet.id, self.network.chain_id);
            let give_back =
                move |db: &Writing<'_>| db.return_passed_nonces(wallet, network, (mined, nonce));
            self.app.store.write(give_back).await?;
        }
        Ok(mined == Some(nonce))
    }

    /// Builds another version, and stores it before the signer is asked.
    async fn replace(&self, versions: &[Version], purpose: Purpose) -> Result<Version, Halt> {
        let (Some(newest), Some(last)) = (newest(versions), versions.last()) else {
            return Err(Halt::Stored);
        };
        let replacement = match purpose {
            Purpose::Pay => Replacement::Same,
            Purpose::CallOff => Replacement::Nothing,
        };
        let before = &newest.unsigned;
        let unsigned = self.client.replacement(self.wallet.address, before, replacement).await;
        let unsigned = unsigned.map_err(again)?;
        let (decoded, paid) = (self.decode(&unsigned)?, self.decode(before)?);
        let version = Version {
            number: last.number.saturating_add(1),
            purpose,
            fee_ceiling: decoded.fee_ceiling(),
            unsigned,
            form: Form::Asked,
            made_at: self.app.clock.now(),
        };
        let known = self.known(&decoded).await.map_err(|error| match error {
            UnitsError::Chain(error) => again(error),
            UnitsError::Store(error) => error.into(),
        })?;
        let worths = known.worths.dearest(self.worths(&paid, &known.decimals).await);
        let storing = Storing {
            id: self.transaction.id,
            versions: versions.to_vec(),
            version: version.clone(),
            decoded,
            paid,
            known,
            worths,
            tier: self.transaction.tier,
        };
        let refused = self.app.store.write(move |db| storing.run(db)).await?;
        match refused {
            Some(problem) => Err(Halt::Again(Pace::Block, Some(problem))),
            None => Ok(version),
        }
    }

    /// Has a version signed, and stores the signature before the network sees it.
    async fn sign_version(&self, drafted: &Drafted, version: Version) -> Result<(), Halt> {
        let payload = Payload::Transaction(version.unsigned.clone());
        let signature = match self.app.signer.sign(self.wallet.id, payload, Warrant::None).await {
            Ok(signature) => signature,
            Err(error) => return Err(self.version_unsigned(version, error).await?),
        };
        let signed = codec::signed_transaction(&version.unsigned, &signature, self.wallet.address);
        let signed = signed.map_err(|error| {
            Halt::Again(Pace::BackOff, Some(Problem::new("INVALID_TRANSACTION", error.to_string())))
        })?;
        let drafted = version.drafted(drafted);
        let version = Version { form: Form::Signed(signed.clone()), ..version };
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let progress = Progress::Signed(drafted.clone(), signed.clone());
        let kept = self.app.store.write(move |db| {
            let mut transaction = halt::unfinished(db, id)?.ok_or(Halt::Stored)?;
            if version.purpose == Purpose::Pay {
                transaction.progress = progress;
            }
            (transaction.problem, transaction.attempts) = (None, 0);
            transaction.updated_at = now;
            db.keep_version(id, &version)?;
            Ok::<_, Halt>(db.update_transaction(&transaction)?)
        });
        kept.await?;
        self.app.signals.changed(id);
        self.send(&drafted, &signed).await
    }

    /// What is to be done with a version without a signature: the others stay as they are.
    async fn version_unsigned(
        &self,
        version: Version,
        error: SignerError,
    ) -> Result<Halt, StoreError> {
        let problem = Problem::of_signer(&error);
        let pace = match &error {
            SignerError::Refused(refusal) => match refusal::course(refusal) {
                Course::Again => Some(Pace::BackOff),
                Course::Later(wait) => Some(Pace::after(wait)),
                Course::Demand(_)
                | Course::Wait(_)
                | Course::Unannounced
                | Course::Unapproved
                | Course::Never => None,
            },
            SignerError::NoAnswer { .. }
            | SignerError::Unavailable { .. }
            | SignerError::Locked => Some(Pace::BackOff),
        };
        if let Some(pace) = pace {
            return Ok(Halt::Again(pace, Some(problem)));
        }
        let id = self.transaction.id;
        let refused = Version { form: Form::Refused, ..version };
        self.app.store.write(move |db| refuse(db, id, &refused)).await?;
        Ok(Halt::Again(Pace::Block, Some(problem)))
    }

    async fn send_newest(&self, drafted: &Drafted, versions: &[Version]) -> Result<(), Halt> {
        let Some((version, signed)) = newest(versions).and_then(|it| Some((it, it.signed()?)))
        else {
            return Ok(());
        };
        self.send(&version.drafted(drafted), signed).await
    }

    /// Ends a transaction whose nonce another one has used that is not ours, once that is final and
    /// was said several times. That nodes refuse it for its nonce is another thing, and is not
    /// counted here.
    async fn check_nonce(&self, versions: &[Version], nonce: u64) -> Result<(), Halt> {
        let signed = versions.iter().filter_map(Version::signed);
        let hashes: Vec<&str> = signed.map(|signed| signed.hash.as_str()).collect();
        if !self.client.is_lost(self.wallet.address, nonce, &hashes).await.map_err(again)? {
            return Ok(());
        }
        if self.was_said_often(USED_ELSEWHERE) {
            return Err(Halt::Failed(nonce_used()));
        }
        let message = "another transaction of the wallet has used its nonce, and this one is not \
                       on the chain; it is looked for a few times more";
        Err(Halt::Again(Pace::BackOff, Some(Problem::new(USED_ELSEWHERE, message))))
    }

    /// Whether the network has said the same several times in a row.
    fn was_said_often(&self, code: &str) -> bool {
        let before = self.transaction.problem.as_ref().map(|problem| problem.code.as_str());
        self.transaction.attempts >= ANSWERS && before == Some(code)
    }

    /// What helps when a node does not take a version: it is never skipped, because those after it
    /// would wait for it forever, and never given up as long as it may be carried out.
    pub(super) async fn overcome(&self, drafted: &Drafted, error: &ChainError) -> Result<(), Halt> {
        let Some(nonce) = drafted.nonce else { return Ok(()) };
        // One whose nonce is used is from now on looked for like one that the network has taken.
        let wish = if matches!(error, ChainError::NonceUsed(_)) {
            None
        } else if !self.was_said_often(error.code()) || !self.is_next(nonce).await? {
            return Ok(());
        } else {
            match error.category() {
                Category::Stale if self.versions.len() < MOST_VERSIONS => Some(Wish::SpeedUp),
                Category::Stale | Category::Transient => return Ok(()),
                Category::Permanent => {
                    let problem = Problem::of_chain(error);
                    Some(Wish::CallOff { ends: Status::Failed, problem })
                }
            }
        };
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let first = match (&self.transaction.progress, self.versions.is_empty()) {
            (Progress::Signed(drafted, signed), true) => Some(Version::first(drafted, signed, now)),
            _ => None,
        };
        let store = move |db: &Writing<'_>| {
            if halt::unfinished(db, id)?.is_none() {
                return Ok(());
            }
            first.iter().try_for_each(|first| db.keep_version(id, first))?;
            wish.iter().try_for_each(|wish| db.make_wish(id, wish, now))
        };
        Ok(self.app.store.write(store).await?)
    }
}

/// What the closure that stores another version needs.
struct Storing {
    id: TransactionId,
    versions: Vec<Version>,
    version: Version,
    /// What it does.
    decoded: Decoded,
    /// What the newest one does.
    paid: Decoded,
    known: super::Known,
    /// What the dearer of both is worth.
    worths: Worths,
    tier: Option<Tier>,
}

impl Storing {
    /// Stores the version with what it may spend; or why the policies do not let it go.
    fn run(self, db: &Writing<'_>) -> Result<Option<Problem>, Halt> {
        let transaction = halt::unfinished(db, self.id)?.ok_or(Halt::Stored)?;
        let stored = db.versions(self.id)?;
        let asked = stored.iter().any(|version| version.form == Form::Asked);
        if asked || stored.len() > self.versions.len() {
            return Err(Halt::Again(Pace::Block, None));
        }
        if stored.is_empty() {
            self.versions.iter().try_for_each(|first| db.keep_version(self.id, first))?;
        }
        if let Some(problem) = self.denial(db)? {
            let refused = Version { form: Form::Refused, ..self.version };
            refuse(db, self.id, &refused)?;
            return Ok(Some(problem));
        }
        // One of them is paid: as much is reserved as the dearest takes.
        let (Some(spend), Some(mut paid)) = (self.decoded.spend(), self.paid.spend()) else {
            return Err(Halt::Store(StoreError::Overflow));
        };
        for (asset, amount) in spend {
            let most = paid.entry(asset).or_insert(amount);
            *most = (*most).max(amount);
        }
        paid.entry(Asset::Native).or_insert(self.version.fee_ceiling);
        let network = transaction.intent.network().ok_or(Halt::Stored)?;
        let named = (self.id, transaction.wallet, Some(network));
        db.reserve(named, &paid, self.worths.into(), self.known.now)?;
        db.keep_version(self.id, &self.version)?;
        db.forget_wish(self.id, Purpose::Pay)?;
        Ok(None)
    }

    /// Why the policies of now do not let a dearer version go. To call off pays nobody.
    fn denial(&self, db: &Writing<'_>) -> Result<Option<Problem>, StoreError> {
        if self.version.purpose == Purpose::CallOff {
            return Ok(None);
        }
        Ok(match judged(db, &self.decoded, &self.known)? {
            Verdict::Deny(denial) => {
                let message = format!("not sent again with a higher fee: {}", denial.message());
                Some(Problem::new(super::POLICY_DENIED, message))
            }
            Verdict::Allow(allowed)
                if allowed.tier > self.tier.unwrap_or(Tier::Notify).max(Tier::Notify) =>
            {
                let message = format!(
                    "not sent again with a higher fee: with that fee it would be {}",
                    allowed.tier
                );
                Some(Problem::new(super::POLICY_DENIED, message))
            }
            Verdict::Allow(_) => None,
        })
    }
}

/// Stores that a version is not to be; the wish for it is over.
fn refuse(db: &Writing<'_>, id: TransactionId, refused: &Version) -> Result<(), StoreError> {
    db.keep_version(id, refused)?;
    db.forget_wish(id, refused.purpose)?;
    db.forget_wish(id, Purpose::Pay)
}

/// The newest version that the network may have.
fn newest(versions: &[Version]) -> Option<&Version> {
    versions.iter().rfind(|version| version.signed().is_some())
}

fn again(error: ChainError) -> Halt {
    Halt::Again(Pace::BackOff, Some(Problem::of_chain(&error)))
}

/// While it is looked for.
const USED_ELSEWHERE: &str = "NONCE_USED_ELSEWHERE";

fn nonce_used() -> Problem {
    Problem::new(
        "NONCE_ALREADY_USED",
        "another transaction of the wallet, which was not sent from here, has used its nonce, and \
         that is final: nothing was paid and never will be; ask again, and see who else has the key",
    )
}
