//! What waits at the nodes for too long, or shall not happen any more: another version of it, with
//! the same nonce and higher fees. The chain carries out one of them, and that one decides.
//!
//! The signer counts each version as if it alone were paid, because it cannot know which will be.

use std::time::Duration;

use protocol::{Payload, Warrant};

use super::halt::{self, Halt, Pace};
use super::pipeline::Road;
use super::refusal::{self, Course};
use super::renewal::{self, Renewal};
use super::version::signed_count;
use super::{
    Drafted, Form, Problem, Progress, Purpose, Signed, Status, UnitsError, Version, Wish, codec,
};
use crate::chains::{Category, ChainError, Replacement};
use crate::signer::SignerError;
use crate::store::{Reading, StoreError, Writing};

/// Signed versions of one transaction: the last one offers for gas some five times what the first one did.
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
        self.check_switch()?;
        if !waits {
            self.check_nonce(versions, nonce).await?;
        }
        match self.renewed((drafted, versions), nonce).await {
            Ok(Some((drafted, signed))) => self.send(&drafted, &signed).await?,
            Ok(None) if !waits => self.send_newest(drafted, versions).await?,
            Ok(None) => {}
            Err(Halt::Again(pace, problem)) => {
                // There is no other version yet, and the network has lost the one that there is.
                if !waits {
                    self.send_newest(drafted, versions).await?;
                }
                return Err(Halt::Again(pace, problem));
            }
            Err(halt) => return Err(halt),
        }
        Err(Halt::Again(Pace::Block, None))
    }

    /// Another version with its signature, if one is wanted.
    async fn renewed(
        &self,
        (drafted, versions): (&Drafted, &[Version]),
        nonce: u64,
    ) -> Result<Option<(Drafted, Signed)>, Halt> {
        let asked = versions.iter().find(|version| version.form == Form::Asked);
        let version = match asked {
            Some(asked) => asked.clone(),
            None => match self.wanted(versions, nonce).await? {
                Some(purpose) => self.replace(versions, purpose).await?,
                None => return Ok(None),
            },
        };
        self.sign_version(drafted, version).await.map(Some)
    }

    /// Which version is wanted, if any is: because somebody wants it, or because the newest one has
    /// been waiting for long although nothing of the wallet is before it. What is to be called off
    /// is not sped up, and one that was refused is tried again after as long a wait.
    async fn wanted(&self, versions: &[Version], nonce: u64) -> Result<Option<Purpose>, Halt> {
        let (Some(newest), Some(last)) = (newest(versions), versions.last()) else {
            return Ok(None);
        };
        let seconds = self.app.settings.transactions.replace_after_seconds.get();
        let since = last.made_at.plus(Duration::from_secs(seconds.into()));
        let has_waited = since <= self.app.clock.now();
        if self.is_called_off() && newest.purpose == Purpose::Pay {
            let refused = (last.purpose, &last.form) == (Purpose::CallOff, &Form::Refused);
            let is_due = !refused || has_waited || self.hurry;
            return Ok(is_due.then_some(Purpose::CallOff));
        }
        if self.hurry {
            return Ok(Some(newest.purpose));
        }
        if !has_waited || signed_count(versions) >= MOST_VERSIONS {
            return Ok(None);
        }
        Ok(self.is_next(nonce).await?.then_some(newest.purpose))
    }

    pub(super) fn is_called_off(&self) -> bool {
        matches!(self.wish, Some(Wish::CallOff { .. }))
    }

    /// Whether nothing of the wallet is before it. What was passed over before it, because a node
    /// claimed that somebody else had used it, is given out again if the network waits for it; where
    /// nobody takes it, it is filled.
    async fn is_next(&self, nonce: u64) -> Result<bool, Halt> {
        let mined = self.client.mined_nonce(self.wallet.address, nonce).await.map_err(again)?;
        if let Some(mined) = mined.filter(|mined| *mined < nonce) {
            let (wallet, network) = (self.wallet.id, self.network.chain_id);
            let give_back =
                move |db: &Writing<'_>| db.return_passed_nonces(wallet, network, (mined, nonce));
            self.app.store.write(give_back).await?;
            self.fill_gap(nonce).await?;
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
        let decode = |unsigned: &[u8]| self.decode(unsigned).map_err(not_over);
        let decoded = decode(&unsigned)?;
        let signed = versions.iter().filter(|version| version.signed().is_some());
        let signed: Vec<_> =
            signed.map(|version| decode(&version.unsigned)).collect::<Result<_, _>>()?;
        let version = Version {
            // One that is refused was never sent, and the next one takes its place.
            number: last.number.saturating_add(u32::from(last.form != Form::Refused)),
            purpose,
            fee_ceiling: decoded.fee_ceiling(),
            unsigned,
            form: Form::Asked,
            made_at: self.app.clock.now(),
        };
        let known = self.asking().priced(&decoded).await.map_err(|error| match error {
            UnitsError::Chain(error) => again(error),
            UnitsError::Store(error) => error.into(),
        })?;
        let worths = self.asking().dearest(&known, &signed).await;
        let renewal = Renewal {
            id: self.transaction.id,
            versions: versions.to_vec(),
            version: version.clone(),
            decoded,
            signed,
            worths,
            known,
            tier: self.transaction.tier,
        };
        match self.app.store.write(move |db| renewal.run(db)).await? {
            Some(problem) => Err(Halt::Again(Pace::Block, Some(problem))),
            None => Ok(version),
        }
    }

    /// Has a version signed, and stores the signature before the network sees it.
    async fn sign_version(
        &self,
        drafted: &Drafted,
        version: Version,
    ) -> Result<(Drafted, Signed), Halt> {
        self.check_asked(&version).await?;
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
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let kept = (drafted.clone(), signed.clone());
        let withdrawn = self.app.store.write(move |db| {
            let mut transaction = halt::unfinished(db, id)?.ok_or(Halt::Stored)?;
            if !renewal::is_asked(db, id, &version)? {
                return Err(Halt::Stored);
            }
            if version.purpose == Purpose::Pay {
                if let Some(problem) = renewal::withdrawn(db, &transaction)? {
                    renewal::refuse(db, id, version, now)?;
                    return Ok(Some(problem));
                }
                transaction.progress = Progress::Signed(kept.0, kept.1.clone());
            }
            (transaction.problem, transaction.attempts) = (None, 0);
            transaction.updated_at = now;
            db.keep_version(id, &Version { form: Form::Signed(kept.1), ..version })?;
            db.update_transaction(&transaction)?;
            Ok::<_, Halt>(None)
        });
        if let Some(problem) = withdrawn.await? {
            return Err(Halt::Again(Pace::Block, Some(problem)));
        }
        self.app.signals.changed(id);
        Ok((drafted, signed))
    }

    /// Asks the signer for no dearer payment that nobody stands by any more. If it has a signature
    /// already, that has not left.
    async fn check_asked(&self, version: &Version) -> Result<(), Halt> {
        if version.purpose == Purpose::CallOff {
            return Ok(());
        }
        let transaction = self.transaction.clone();
        let read = move |db: &Reading<'_>| renewal::withdrawn(db, &transaction);
        let Some(problem) = self.app.store.read(read).await? else { return Ok(()) };
        self.refuse(version.clone()).await?;
        Err(Halt::Again(Pace::Block, Some(problem)))
    }

    async fn refuse(&self, version: Version) -> Result<(), StoreError> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        let refuse = move |db: &Writing<'_>| {
            if renewal::is_asked(db, id, &version)? {
                renewal::refuse(db, id, version, now)?;
            }
            Ok(())
        };
        self.app.store.write(refuse).await
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
        self.refuse(version).await?;
        Ok(Halt::Again(Pace::Block, Some(problem)))
    }

    /// Sends what the network has lost: the newest version or, in turn, one before it while the wallet
    /// cannot pay for that. What is to be called off is not paid in the meantime.
    async fn send_newest(&self, drafted: &Drafted, versions: &[Version]) -> Result<(), Halt> {
        let Some(newest) = newest(versions) else { return Ok(()) };
        if newest.purpose == Purpose::Pay && self.is_called_off() {
            return Ok(());
        }
        let alike = |it: &&Version| it.signed().is_some() && it.purpose == newest.purpose;
        let alike: Vec<_> = versions.iter().rev().filter(alike).collect();
        let problem = self.transaction.problem.as_ref();
        let is_poor = problem.is_some_and(|problem| problem.code == TOO_POOR);
        let turn = if is_poor { self.transaction.attempts } else { 0 };
        let place = usize::try_from(turn).ok().and_then(|turn| turn.checked_rem(alike.len()));
        let version = place.and_then(|place| alike.get(place)).copied().unwrap_or(newest);
        match version.signed() {
            Some(signed) => self.send(&version.drafted(drafted), signed).await,
            None => Ok(()),
        }
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
                Category::Stale if signed_count(&self.versions) < MOST_VERSIONS => {
                    Some(Wish::SpeedUp)
                }
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

/// The newest version that the network may have.
fn newest(versions: &[Version]) -> Option<&Version> {
    versions.iter().rfind(|version| version.signed().is_some())
}

pub(super) fn again(error: ChainError) -> Halt {
    Halt::Again(Pace::BackOff, Some(Problem::of_chain(&error)))
}

/// A transaction that the network may have is not over because something is wrong with another.
fn not_over(halt: Halt) -> Halt {
    if let Halt::Failed(problem) = halt { Halt::Again(Pace::BackOff, Some(problem)) } else { halt }
}

/// What nodes say of a version for which the wallet holds too little.
const TOO_POOR: &str = "INSUFFICIENT_BALANCE";
/// While it is looked for.
const USED_ELSEWHERE: &str = "NONCE_USED_ELSEWHERE";

fn nonce_used() -> Problem {
    Problem::new(
        "NONCE_ALREADY_USED",
        "another transaction of the wallet, which was not sent from here, has used its nonce, and \
         that is final: nothing was paid and never will be; ask again, and see who else has the key",
    )
}
