//! The road from a stored request to a confirmed payment.

use primitives::Network;

use super::halt::{self, Halt, Pace};
use super::{Drafted, Intent, Problem, Progress, Signed, Status, Tier, Transaction, Transfer};
use crate::app::App;
use crate::chains::ChainClient;
use crate::clock::UnixSeconds;
use crate::store::reservations::Settlement;
use crate::store::wallets::{Wallet, WalletStatus};
use crate::store::{StoreError, TransactionId, Writing};

/// A payment and everything that it passes by.
pub(super) struct Road<'a> {
    pub(super) app: &'a App,
    pub(super) transaction: Transaction,
    pub(super) transfer: Transfer,
    pub(super) wallet: Wallet,
    pub(super) network: &'a Network,
    pub(super) client: &'a ChainClient,
}

/// Takes a transaction as far as it goes now, and stores why it goes no further. Of the
/// transactions of one wallet on one network only one may be on its way at a time.
///
/// # Errors
/// When the database fails; the transaction stands as before then.
pub async fn advance(app: &App, id: TransactionId) -> Result<(), StoreError> {
    match travel(app, id).await {
        Ok(()) => Ok(()),
        Err(halt) => halt::store(app, id, halt).await,
    }
}

/// Each step takes what the one before has made; what is stored already is not made again.
async fn travel(app: &App, id: TransactionId) -> Result<(), Halt> {
    let road = Road::find(app, id).await?;
    let drafted = match road.known_draft() {
        Some(drafted) => drafted,
        None => road.clear(road.draft().await?).await?,
    };
    let signed = match road.known_signature() {
        Some(signed) => signed,
        None => road.sign(&drafted).await?,
    };
    if road.transaction.status != Status::Submitted {
        road.send(&drafted, &signed).await?;
    }
    road.follow(&drafted, &signed).await
}

impl<'a> Road<'a> {
    /// Looks up everything that belongs to a transaction.
    async fn find(app: &'a App, id: TransactionId) -> Result<Self, Halt> {
        let (transaction, wallet) = app
            .store
            .read(move |db| {
                let transaction = db.transaction(id)?;
                let wallet =
                    transaction.as_ref().map(|found| db.wallet(found.wallet)).transpose()?;
                Ok::<_, StoreError>(transaction.zip(wallet.flatten()))
            })
            .await?
            .ok_or(Halt::Stored)?;
        if transaction.status.is_final() {
            return Err(Halt::Stored);
        }
        let Intent::Transfer(transfer) = transaction.intent.clone() else {
            // Its asker waits for the answer, and did not get one before the program ended.
            return Err(Halt::Failed(Problem::new("SHUTTING_DOWN", "interrupted; ask again")));
        };
        let signed = matches!(transaction.progress, Progress::Signed(..));
        if wallet.status != WalletStatus::Active && !signed {
            let message = format!("the wallet is {}", wallet.status);
            return Err(Halt::Failed(Problem::new("WALLET_SUSPENDED", message)));
        }
        let network = app.networks.by_chain_id(transfer.network);
        let client = network.and_then(|network| app.chains.client(&network.name));
        let (network, client) = network.zip(client).ok_or_else(|| {
            let problem = Problem::new("CHAIN_NOT_SUPPORTED", "the settings lack its network");
            // What is signed may be on the chain, and only that network can tell.
            if signed { Halt::Again(Pace::BackOff, Some(problem)) } else { Halt::Failed(problem) }
        })?;
        let road = Self { app, transaction, transfer, wallet, network, client };
        road.stay_queued().await?;
        Ok(road)
    }

    /// What waits goes on when its time has come; what waits for the owner expires then.
    async fn stay_queued(&self) -> Result<(), Halt> {
        let (transaction, now) = (&self.transaction, self.app.clock.now());
        let over = transaction.waits_until.is_some_and(|until| until <= now);
        match (transaction.status, transaction.tier) {
            (Status::Queued, _) if !over => Err(Halt::Stored),
            (Status::Queued, Some(Tier::Approval)) => self.expire(now).await,
            (_, _) => Ok(()),
        }
    }

    async fn expire(&self, now: UnixSeconds) -> Result<(), Halt> {
        let id = self.transaction.id;
        let expire = move |db: &Writing<'_>| {
            let Some(mut expired) = halt::unfinished(db, id)? else { return Ok(()) };
            expired.problem =
                Some(Problem::new("APPROVAL_TIMEOUT", "the owner did not approve it in time"));
            halt::finish(db, expired, Status::Expired, Settlement::Release, now)
        };
        self.app.store.write(expire).await?;
        self.app.signals.changed(id);
        Err(Halt::Stored)
    }

    fn known_draft(&self) -> Option<Drafted> {
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
