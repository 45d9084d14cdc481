//! What ended on an EVM chain is looked for a while longer: a block that is taken back after as many
//! others as the settings wait for takes what was confirmed in it along. It is on its way again then,
//! with its spend reserved as before.
//!
//! No other step leads out of a state that is final. The same bytes are sent again, so that nothing is
//! paid twice; and whoever was told that it was confirmed finds in the trail that it was not.

use std::time::Duration;

use primitives::Network;
use tracing::{error, warn};
use txcodec::Decoded;

use super::renewal::{most, withdrawn};
use super::session_limits::reserve;
use super::{
    AskedBy, Asking, Drafted, Known, Order, PartOf, Problem, Progress, Status, Transaction,
    Version, Wish, sequence,
};
use crate::app::App;
use crate::chains::{ChainClient, Ending};
use crate::clock::UnixSeconds;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::looks_back::LookBack;
use crate::store::wallets::Wallet;
use crate::store::{Reading, StoreError, TransactionId, Writing};

/// Until the first look; each next one is as long after the one before as that was after the end.
const FIRST: Duration = Duration::from_mins(1);
/// Between looks while something is missed, and while nobody answers.
const MISSED: Duration = Duration::from_secs(15);
/// Looks in a row that must not find it.
const LOOKS: u32 = 3;
/// How often it is seen what is due.
const PACE: Duration = Duration::from_secs(5);
/// Looks at a time; the others are due the next time.
const AT_ONCE: u16 = 64;

/// What a look needs.
struct Found {
    look: LookBack,
    transaction: Transaction,
    order: Box<Order>,
    wallet: Wallet,
    versions: Vec<Version>,
}

/// The first look at what ended now.
pub(super) fn first(id: TransactionId, now: UnixSeconds) -> LookBack {
    LookBack { id, ended_at: now, next_look_at: now.plus(FIRST), missed: 0 }
}

/// Looks until the program ends.
pub(crate) async fn run(app: &App) {
    loop {
        if let Err(error) = look(app).await {
            error!(%error, "it was not looked whether blocks were taken back");
        }
        app.clock.sleep(PACE).await;
    }
}

/// Looks for what is due.
///
/// # Errors
/// When the database fails.
async fn look(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    for look in app.store.read(move |db| db.looks_back(now, AT_ONCE)).await? {
        let found = app.store.read(move |db| Found::read(db, look)).await?;
        let Some(found) = found else {
            app.store.write(move |db| db.forget_look_back(look.id)).await?;
            continue;
        };
        found.look(app).await?;
    }
    Ok(())
}

impl Found {
    /// `None` for what is not over, or never was on a chain.
    fn read(db: &Reading<'_>, look: LookBack) -> Result<Option<Self>, StoreError> {
        let Some(transaction) = db.transaction(look.id)? else { return Ok(None) };
        let Some(wallet) = db.wallet(transaction.wallet)? else { return Ok(None) };
        let versions = db.versions(look.id)?;
        let order = transaction.intent.order().cloned().map(Box::new);
        let ended = transaction.status.is_final() && transaction.hash().is_some();
        let Some(order) = order.filter(|_order| ended && !versions.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(Self { look, transaction, order, wallet, versions }))
    }

    async fn look(self, app: &App) -> Result<(), StoreError> {
        let LookBack { id, ended_at, missed, .. } = self.look;
        let now = app.clock.now();
        let network = app.networks.by_chain_id(self.order.network);
        let client = network.and_then(|network| app.chains.client(&network.name));
        let gone = match client {
            Some(client) => self.is_gone(client).await,
            None => None,
        };
        let window = Duration::from_secs(app.settings.transactions.look_back_seconds.get().into());
        let (last, patience) = (ended_at.plus(window), ended_at.plus(window.saturating_mul(2)));
        let again = match gone {
            Some(true) if missed.saturating_add(1) >= LOOKS => {
                let reopened = match network {
                    Some(network) => self.reopen(app, network).await?,
                    None => false,
                };
                if reopened {
                    warn!(transaction = %id, "the chain has taken back what had ended");
                    return Ok(());
                }
                (now < patience).then_some((missed, now.plus(MISSED)))
            }
            Some(true) => Some((missed.saturating_add(1), now.plus(MISSED))),
            None if now < patience => Some((missed, now.plus(MISSED))),
            Some(false) if now < last => {
                let next = now.plus(now.since(ended_at).max(FIRST));
                Some((0, next.min(last)))
            }
            Some(false) | None => None,
        };
        let keep = move |db: &Writing<'_>| match again {
            Some((missed, next_look_at)) => {
                db.keep_look_back(&LookBack { id, ended_at, next_look_at, missed })
            }
            None => db.forget_look_back(id),
        };
        app.store.write(keep).await
    }

    /// Whether it is not on the chain as it ended; `None` where too few can say.
    async fn is_gone(&self, client: &ChainClient) -> Option<bool> {
        let ending = match self.transaction.status {
            Status::Confirmed => Ending::Done,
            Status::Failed if self.has_reverted() => Ending::Reverted,
            Status::Pending
            | Status::Queued
            | Status::GasWaiting
            | Status::Executing
            | Status::Submitted
            | Status::Failed
            | Status::Cancelled
            | Status::Expired
            | Status::PartialFailure
            | Status::Signed => Ending::Either,
        };
        let Progress::Signed(Drafted { nonce: Some(nonce), .. }, _) = &self.transaction.progress
        else {
            return None;
        };
        let (number, hash) = ((self.wallet.address, *nonce), self.transaction.hash()?);
        let signed =
            self.versions.iter().filter_map(|version| Some(version.signed()?.hash.as_str()));
        let others: Vec<_> = signed.filter(|other| *other != hash).collect();
        client.is_gone(number, (hash, &others), ending).await.ok()
    }

    fn has_reverted(&self) -> bool {
        let problem = self.transaction.problem.as_ref();
        problem.is_some_and(|problem| problem.code == super::follow::REVERTED)
    }

    /// Has it followed again, as what the network may have. False where what it may spend cannot be read,
    /// or it is on its way already.
    async fn reopen(&self, app: &App, network: &Network) -> Result<bool, StoreError> {
        let signed = self.versions.iter().filter(|version| version.signed().is_some());
        let decoded = signed.map(|it| super::decode(&it.unsigned, self.wallet.address));
        let Ok(decoded) = decoded.collect::<Result<Vec<_>, _>>() else { return Ok(false) };
        let (Some(spend), Some(newest)) = (most(&decoded), decoded.last().cloned()) else {
            return Ok(false);
        };
        let known = self.known(app, network, &newest, &decoded).await;
        let (id, now) = (self.transaction.id, known.now);
        let reopened = app.store.write(move |db| {
            let found = db.transaction(id)?.filter(|found| found.status.is_final());
            let Some(before) = found else { return Ok(false) };
            db.forget_look_back(id)?;
            db.unsettle(id)?;
            let named = (id, before.wallet, known.network.as_ref().map(|it| it.chain_id));
            reserve(db, named, (&newest, &spend), known.worths.into(), &known)?;
            let after = Transaction {
                status: Status::Submitted,
                problem: None,
                attempts: 0,
                next_attempt_at: Some(now),
                updated_at: now,
                ..before.clone()
            };
            db.reopen_transaction(&after)?;
            sequence::part_reopened(db, &after, now)?;
            if let Some(wish) = unwanted(db, &before, &after)? {
                db.make_wish(id, &wish, now)?;
            }
            note(db, &before, now)?;
            Ok::<_, StoreError>(true)
        });
        let reopened = reopened.await?;
        app.signals.changed(id);
        if let Some(PartOf { whole, .. }) = self.transaction.part_of {
            app.signals.changed(whole);
        }
        Ok(reopened)
    }

    /// What is known of the dearest of its versions. Where nobody says how its tokens are counted, it
    /// is worth more than any line: what may be paid counts, and what waits after it goes on.
    async fn known(
        &self,
        app: &App,
        network: &Network,
        newest: &Decoded,
        decoded: &[Decoded],
    ) -> Known {
        let asking = Asking {
            app,
            wallet: &self.wallet,
            network: Some(network),
            deed: Some(&self.order.deed),
            transaction: Some(self.transaction.id),
            asked_by: AskedBy::of(&self.transaction),
        };
        let Ok(known) = asking.priced(newest).await else { return asking.unpriced() };
        let worths = asking.dearest(&known, decoded).await;
        Known { worths, ..known }
    }
}

/// That it be called off, where nobody expects it to be paid any more: it had failed or was called off,
/// or nobody stands by it.
fn unwanted(
    db: &Reading<'_>,
    before: &Transaction,
    after: &Transaction,
) -> Result<Option<Wish>, StoreError> {
    if before.status == Status::Confirmed {
        let problem = withdrawn(db, after)?;
        return Ok(problem.map(|problem| Wish::CallOff { ends: Status::Cancelled, problem }));
    }
    let message = "the chain has taken back what had ended without a payment";
    let unsaid = || Problem::new("CANCELLED", message);
    let problem = before.problem.clone().unwrap_or_else(unsaid);
    Ok(Some(Wish::CallOff { ends: before.status, problem }))
}

/// Notes that what had ended so has not.
pub(super) fn note(
    db: &Writing<'_>,
    before: &Transaction,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let entry = AuditEntry::new(now, "TX_TAKEN_BACK", Actor::System).wallet(before.wallet);
    let hash = before.hash().map(str::to_owned);
    let network = before.intent.network().map(|network| network.to_string());
    let details = [
        ("was".to_owned(), before.status.to_string().into()),
        ("txHash".to_owned(), hash.into()),
        ("network".to_owned(), network.into()),
    ];
    db.audit(&AuditEntry {
        transaction: Some(before.id),
        severity: Severity::Critical,
        details: details.into_iter().collect(),
        ..entry
    })
}

#[cfg(test)]
mod tests;
