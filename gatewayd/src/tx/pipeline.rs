//! The road from a stored request to a confirmed payment.

use primitives::Network;

use super::halt::{self, Halt, Pace};
use super::{
    Announced, Drafted, Intent, Order, Problem, Progress, Question, Signed, Stage, Status, Tier,
    Transaction, Version, Wish, announce, stop, withdrawal,
};
use crate::app::App;
use crate::chains::ChainClient;
use crate::clock::UnixSeconds;
use crate::store::wallets::Wallet;
use crate::store::{Reading, StoreError, TransactionId, Writing};

/// A payment and everything that it passes by.
pub(super) struct Road<'a> {
    pub(super) app: &'a App,
    pub(super) transaction: Transaction,
    pub(super) order: Box<Order>,
    pub(super) announced: Option<Announced>,
    pub(super) question: Option<Question>,
    /// Once the network may have it.
    pub(super) versions: Vec<Version>,
    pub(super) wish: Option<Wish>,
    /// Whether somebody wants it to offer more for gas, besides that wish.
    pub(super) hurry: bool,
    pub(super) wallet: Wallet,
    pub(super) network: &'a Network,
    pub(super) client: &'a ChainClient,
    /// How often the kill switch had fallen before all of this was looked up.
    pub(super) falls: u64,
}

/// Takes a transaction as far as it goes now, and stores why it goes no further. Of the
/// transactions of one wallet on one network only one may be on its way at a time.
///
/// # Errors
/// When the database fails; the transaction stands as before then.
pub async fn advance(app: &App, id: TransactionId) -> Result<(), StoreError> {
    advance_past(app, id, || ()).await
}

/// As [`advance`]; calls `signed` once the transaction has its nonce and its signature, so that the
/// next one of the wallet may be on its way.
///
/// # Errors
/// As [`advance`].
pub(crate) async fn advance_past(
    app: &App,
    id: TransactionId,
    signed: impl FnOnce(),
) -> Result<(), StoreError> {
    // The road is long, and those who call this are many: it stands beside them.
    match Box::pin(travel(app, id, signed)).await {
        Ok(()) => Ok(()),
        Err(halt) => halt::store(app, id, halt).await,
    }
}

/// Each step takes what the one before has made; what is stored already is not made again.
async fn travel(app: &App, id: TransactionId, is_signed: impl FnOnce()) -> Result<(), Halt> {
    let road = Road::find(app, id).await?;
    road.lead().await?;
    road.wait().await?;
    let drafted = match road.known_draft() {
        Some(drafted) if road.known_signature().is_none() => {
            road.check_age(&drafted).await?;
            drafted
        }
        Some(drafted) => drafted,
        None => road.clear(road.draft().await?, road.gas_before().await?).await?,
    };
    let signed = match road.known_signature() {
        Some(signed) => signed,
        None => road.sign(&drafted).await?,
    };
    is_signed();
    let untouched = road.versions.is_empty() && road.wish.is_none();
    if road.transaction.status != Status::Submitted && untouched {
        match road.send(&drafted, &signed).await {
            Err(Halt::Withheld(problem)) if road.known_signature().is_none() => {
                return Err(road.withhold(&drafted, &signed, problem).await?);
            }
            // An attempt before this one may have sent it.
            Err(Halt::Withheld(_)) => {}
            sent => sent?,
        }
    }
    road.follow(&drafted, &signed).await
}

impl<'a> Road<'a> {
    /// Looks up everything that belongs to a transaction.
    async fn find(app: &'a App, id: TransactionId) -> Result<Self, Halt> {
        let falls = app.switch.falls();
        let Found { transaction, wallet, refusal, announced, question, versions, wish, hurry } =
            app.store.read(move |db| Found::read(db, id)).await?.ok_or(Halt::Stored)?;
        if announced.as_ref().is_some_and(|announced| announced.stage == Stage::CalledOff) {
            announce::call_off(app, &transaction).await?;
        }
        if transaction.status.is_final() {
            return Err(Halt::Stored);
        }
        let Intent::Send(order) = transaction.intent.clone() else {
            // Its asker waits for the answer, and did not get one before the program ended.
            return Err(Halt::Failed(Problem::new("SHUTTING_DOWN", "interrupted; ask again")));
        };
        let signed = matches!(transaction.progress, Progress::Signed(..));
        if !signed {
            // Who let it fall calls this off.
            app.switch.check().map_err(stop::again)?;
        }
        if let Some(problem) = refusal.filter(|_problem| !signed) {
            return Err(Halt::Failed(problem));
        }
        let network = app.networks.by_chain_id(order.network);
        let client = network.and_then(|network| app.chains.client(&network.name));
        let (network, client) = network.zip(client).ok_or_else(|| {
            let problem = Problem::new("CHAIN_NOT_SUPPORTED", "the settings lack its network");
            // What is signed may be on the chain, and only that network can tell.
            if signed { Halt::Again(Pace::BackOff, Some(problem)) } else { Halt::Failed(problem) }
        })?;
        Ok(Self {
            app,
            transaction,
            order,
            announced,
            question,
            versions,
            wish,
            hurry,
            wallet,
            network,
            client,
            falls,
        })
    }

    /// What waits goes on when its time has come; what waits for the owner expires then. A part of a
    /// sequence waits for those before it, too.
    async fn wait(&self) -> Result<(), Halt> {
        match (self.transaction.status, self.transaction.tier) {
            (Status::Queued, Some(Tier::Delay)) => self.wait_for_delay().await?,
            (Status::Queued, Some(Tier::Approval)) => self.wait_for_owners().await?,
            (Status::GasWaiting, _) => self.wait_for_gas().await?,
            (_, _) => {}
        }
        self.wait_for_turn().await
    }

    /// Lets pass what has waited until then, and has the others looked at again then.
    pub(super) async fn rest_until(&self, until: UnixSeconds) -> Result<(), Halt> {
        let (id, now) = (self.transaction.id, self.app.clock.now());
        if until <= now {
            return Ok(());
        }
        if self.transaction.next_attempt_at != Some(until) {
            let rest = move |db: &Writing<'_>| {
                let Some(mut resting) = halt::unfinished(db, id)? else { return Ok(()) };
                resting.next_attempt_at = Some(until);
                db.update_transaction(&resting)
            };
            self.app.store.write(rest).await?;
        }
        Err(Halt::Stored)
    }

    pub(super) fn known_draft(&self) -> Option<Drafted> {
        match &self.transaction.progress {
            Progress::Asked => None,
            Progress::Drafted(drafted) | Progress::Signed(drafted, _) => Some(drafted.clone()),
        }
    }

    fn known_signature(&self) -> Option<Signed> {
        match &self.transaction.progress {
            Progress::Asked | Progress::Drafted(_) => None,
            Progress::Signed(_, signed) => Some(signed.clone()),
        }
    }
}

/// What the database has of a transaction.
struct Found {
    transaction: Transaction,
    wallet: Wallet,
    /// Why nothing of it is signed any more, if that is so.
    refusal: Option<Problem>,
    announced: Option<Announced>,
    question: Option<Question>,
    versions: Vec<Version>,
    wish: Option<Wish>,
    hurry: bool,
}

impl Found {
    fn read(db: &Reading<'_>, id: TransactionId) -> Result<Option<Self>, StoreError> {
        let Some(transaction) = db.transaction(id)? else { return Ok(None) };
        let Some(wallet) = db.wallet(transaction.wallet)? else { return Ok(None) };
        let refusal = refusal(db, &wallet, &transaction)?;
        // Only what waits, or has waited, was announced.
        let waits = transaction.tier >= Some(Tier::Delay);
        let announced = if waits { db.announced(id)? } else { None };
        let asked = transaction.tier >= Some(Tier::Approval);
        let question = if asked { db.question(id)? } else { None };
        let signed = matches!(transaction.progress, Progress::Signed(..));
        let versions = if signed { db.versions(id)? } else { Vec::new() };
        let wish = if signed { db.wish(id)? } else { None };
        let hurry = wish.is_some() && db.is_hurried(id)?;
        Ok(Some(Self { transaction, wallet, refusal, announced, question, versions, wish, hurry }))
    }
}

/// Why nothing more of a transaction is signed: its wallet does not let it go, or nobody stands by
/// what was drafted. What has no bytes yet is judged first, and called off then.
fn refusal(
    db: &Reading<'_>,
    wallet: &Wallet,
    transaction: &Transaction,
) -> Result<Option<Problem>, StoreError> {
    if !withdrawal::is_let_go(db, wallet, transaction)? {
        let message = format!("the wallet is {}", wallet.status);
        return Ok(Some(Problem::new("WALLET_SUSPENDED", message)));
    }
    let Some(session) = transaction.session else { return Ok(None) };
    let is_drafted = matches!(transaction.progress, Progress::Drafted(_));
    if !is_drafted || db.stands_by(session, transaction.wallet)? {
        return Ok(None);
    }
    Ok(Some(Problem::disowned()))
}
