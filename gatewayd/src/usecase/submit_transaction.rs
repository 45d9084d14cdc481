//! An agent gives an order: it is stored, and the work goes on without the asker.

use std::time::Duration;

use super::order::{OrderError, OrderRequest, Resolved};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::policy::Denial;
use crate::session::Agent;
use crate::store::audit::Actor;
use crate::store::idempotency::{IdempotencyKey, Remembered};
use crate::store::loads::{Load, Loads};
use crate::store::{Reading, SessionId, StoreError, TransactionId, Writing};
use crate::switch::{Stopped, Switch};
use crate::tx::{self, Intent, Status, Transaction};

/// An order that is given.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What is to be done.
    pub order: OrderRequest,
    /// What the agent calls this request, so that it may repeat it.
    pub idempotency_key: Option<IdempotencyKey>,
    /// How long to wait for a final state; longer than [`LONGEST_WAIT`] is that.
    pub wait: Option<Duration>,
}

/// Why an order is not taken on.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// It is not understood, or not possible.
    #[error(transparent)]
    Order(#[from] OrderError),
    /// The session may not do that.
    #[error("{}", .0.message())]
    NotGranted(Denial),
    /// The key was used for something else.
    #[error("this idempotency key was used for another request; use a new key for a new order")]
    KeyReused,
    /// Nothing is begun.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Too many transactions are under way.
    #[error("{whose} has {most} transactions under way; wait until some are over")]
    TooManyOpen {
        /// Whose.
        whose: &'static str,
        /// How many may be.
        most: u64,
    },
    /// What is under way would take too much room.
    #[error(
        "with this, {whose} would have more than {most} bytes under way; wait until some of it is over"
    )]
    TooMuchOpen {
        /// Whose.
        whose: &'static str,
        /// How many bytes it may be.
        most: u64,
    },
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The longest that a request waits for a final state.
pub const LONGEST_WAIT: Duration = Duration::from_mins(2);
/// How long an agent's key stands for its order.
const KEY_LIFETIME: Duration = Duration::from_hours(24);
/// How long the same order without a key is taken for a repetition: the clients in use wait thirty
/// seconds for each of [`TRIES`], and a few seconds in between.
const REPETITION_WINDOW: Duration = Duration::from_secs(150);
/// How often a client sends a request that it has no answer to.
const TRIES: u32 = 4;

/// What may be under way at once.
struct Bound {
    whose: &'static str,
    most: Load,
}

const OF_WALLET: Bound =
    Bound { whose: "the wallet", most: Load { transactions: 10_000, bytes: 64 << 20 } };
/// Half of it, so that one session leaves room on a wallet for others.
const OF_SESSION: Bound =
    Bound { whose: "the session", most: Load { transactions: 5_000, bytes: 32 << 20 } };

/// Stores an order and returns it as it stands. The same request again returns what became of the
/// first one.
///
/// # Errors
/// When it is not understood, the key was used for something else, or too much is under way.
pub async fn submit_transaction(
    app: &App,
    agent: &Agent,
    submission: Submission,
) -> Result<Transaction, SubmitError> {
    let arrived = app.clock.now();
    let Submission { order, idempotency_key, wait } = submission;
    let wait = wait.map(|wait| wait.min(LONGEST_WAIT));
    let (wallet, network) = order.place(app, agent).map_err(OrderError::from)?;
    let request = Request {
        session: agent.session_id(),
        digest: order.digest(wallet.id, network.chain_id),
        key: idempotency_key,
        arrived,
        patience: wait.unwrap_or_default(),
        switch: app.switch.clone(),
    };
    let asked = request.clone();
    let stored = match app.store.read(move |db| asked.first(db)).await? {
        Some(first) => first,
        None => begin(app, agent, order, request).await?,
    };
    match wait {
        Some(wait) if !stored.status.is_final() => {
            let found = tx::wait_until_final(app, stored.id, wait).await?;
            Ok(found.unwrap_or(stored))
        }
        Some(_) | None => Ok(stored),
    }
}

/// Stores an order that nobody has asked for yet, as far as is known.
async fn begin(
    app: &App,
    agent: &Agent,
    order: OrderRequest,
    request: Request,
) -> Result<Transaction, SubmitError> {
    let resolved = Resolved::resolve(app, agent, order).await?;
    if let Some(denial) = agent.grants().denial_of_order(&resolved.order) {
        return Err(SubmitError::NotGranted(denial));
    }
    let transaction = Transaction::new(
        TransactionId::new(&app.clock),
        resolved.wallet.id,
        Some(request.session),
        Intent::Send(Box::new(resolved.order)),
        request.arrived,
    );
    let clock = app.clock.clone();
    let stored = app.store.write(move |db| take_on(db, transaction, &request, clock.now())).await?;
    app.signals.changed(stored.id);
    Ok(stored)
}

#[derive(Clone)]
struct Request {
    session: SessionId,
    digest: [u8; 32],
    key: Option<IdempotencyKey>,
    /// When it came. Until it is written down nodes are asked, and the disk may stall.
    arrived: UnixSeconds,
    /// How long its sender waits for a final state.
    patience: Duration,
    switch: Switch,
}

impl Request {
    /// What stands for the order, and how long it does once it is written down.
    fn key(&self) -> (IdempotencyKey, Duration) {
        self.key.as_ref().map_or_else(
            || {
                let later = self.patience.saturating_mul(TRIES - 1);
                (IdempotencyKey::from_request(self.digest), REPETITION_WINDOW + later)
            },
            |key| (key.clone(), KEY_LIFETIME),
        )
    }

    /// What it repeats, if it repeats something. That needs neither a chain nor a wallet in use: a
    /// client that hears of an error instead takes what was paid for not paid.
    fn first(&self, db: &Reading<'_>) -> Result<Option<Transaction>, SubmitError> {
        let (key, _lifetime) = self.key();
        let Some(found) = db.remembered(self.session, &key, self.arrived)? else {
            return Ok(None);
        };
        if found.request_digest != self.digest {
            return Err(SubmitError::KeyReused);
        }
        let first = db.transaction(found.transaction)?;
        Ok(first.filter(|first| self.key.is_some() || may_be_paid(first)))
    }
}

/// Writes an order down at `now`, unless it is one that was written down before it arrived, or while
/// it was on its way.
fn take_on(
    db: &Writing<'_>,
    transaction: Transaction,
    request: &Request,
    now: UnixSeconds,
) -> Result<Transaction, SubmitError> {
    if let Some(first) = request.first(db)? {
        return Ok(first);
    }
    let (key, lifetime) = request.key();
    // Looked at here, so that what is stored before it falls is called off when it falls.
    request.switch.check()?;
    db.insert_transaction(&transaction)?;
    let Loads { wallet, session } = db.loads(transaction.wallet, request.session)?;
    OF_WALLET.check(wallet)?;
    OF_SESSION.check(session)?;
    let remembered = Remembered { request_digest: request.digest, transaction: transaction.id };
    db.remember(request.session, &key, remembered, (now, now.plus(lifetime)))?;
    tx::audit(db, &transaction, Actor::Session(request.session), now)?;
    Ok(transaction)
}

impl Bound {
    fn check(&self, load: Load) -> Result<(), SubmitError> {
        let Self { whose, most } = *self;
        if load.transactions > most.transactions {
            return Err(SubmitError::TooManyOpen { whose, most: most.transactions });
        }
        if load.bytes > most.bytes {
            return Err(SubmitError::TooMuchOpen { whose, most: most.bytes });
        }
        Ok(())
    }
}

/// Whether a payment was made, or still may be. One that ended otherwise may be asked for again.
fn may_be_paid(transaction: &Transaction) -> bool {
    match transaction.status {
        Status::Pending
        | Status::Queued
        | Status::GasWaiting
        | Status::Executing
        | Status::Submitted
        | Status::Confirmed
        | Status::PartialFailure
        | Status::Signed => true,
        Status::Failed | Status::Cancelled | Status::Expired => false,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use primitives::{Amount, EvmAddress};

    use super::super::order::{AmountRequest, AssetRequest, DeedRequest};
    use super::*;
    use crate::scheduler;
    use crate::store::TokenId;
    use crate::store::tokens::Token;
    use crate::store::wallets::sample;
    use crate::tx::testing::{NodeMood, Scene, SignerMood, sepolia};

    const SECOND: Duration = Duration::from_secs(1);
    const TO: &str = "0x2222222222222222222222222222222222222222";

    fn submission(amount: &str, key: Option<&str>) -> Submission {
        Submission {
            order: OrderRequest {
                wallet: None,
                network: Some("ethereum-sepolia".to_owned()),
                deed: DeedRequest::Transfer {
                    to: TO.to_owned(),
                    asset: AssetRequest::Native,
                    amount: AmountRequest::BaseUnits(amount.to_owned()),
                    memo: None,
                },
                gas_condition: None,
            },
            idempotency_key: key.map(|key| IdempotencyKey::from_client(key).unwrap()),
            wait: None,
        }
    }

    async fn submit(
        app: &App,
        agent: &Agent,
        amount: &str,
        key: Option<&str>,
    ) -> Result<TransactionId, SubmitError> {
        let stored = submit_transaction(app, agent, submission(amount, key)).await;
        stored.map(|stored| stored.id)
    }

    #[tokio::test]
    async fn a_key_stands_for_one_payment_of_one_session_until_it_is_forgotten() {
        let scene = Scene::start().await;
        let agents = [scene.agent().await, scene.agent().await];
        let first = submit(&scene.app, &agents[0], "5", Some("a")).await.unwrap();
        assert_eq!(submit(&scene.app, &agents[0], "5", Some("a")).await.unwrap(), first);
        let reused = submit(&scene.app, &agents[0], "6", Some("a")).await;
        assert!(matches!(reused, Err(SubmitError::KeyReused)));
        assert_ne!(submit(&scene.app, &agents[0], "5", Some("b")).await.unwrap(), first);
        assert_ne!(submit(&scene.app, &agents[1], "5", Some("a")).await.unwrap(), first);
        scene.clock.advance(KEY_LIFETIME.saturating_sub(SECOND));
        assert_eq!(submit(&scene.app, &agents[0], "5", Some("a")).await.unwrap(), first);
        scene.clock.advance(SECOND);
        assert_ne!(submit(&scene.app, &agents[0], "5", Some("a")).await.unwrap(), first);
    }

    #[test]
    fn what_is_under_way_is_bounded_in_number_and_in_bytes() {
        for bound in [OF_WALLET, OF_SESSION] {
            let Load { transactions, bytes } = bound.most;
            assert!(bound.check(Load::default()).is_ok());
            assert!(bound.check(bound.most).is_ok(), "{}", bound.whose);
            let many = bound.check(Load { transactions: transactions + 1, bytes: 0 });
            assert!(matches!(many, Err(SubmitError::TooManyOpen { .. })), "{}", bound.whose);
            let much = bound.check(Load { transactions: 1, bytes: bytes + 1 });
            assert!(matches!(much, Err(SubmitError::TooMuchOpen { .. })), "{}", bound.whose);
        }
    }

    /// One session fills its half of a wallet, and others go on.
    #[tokio::test]
    async fn what_a_session_has_under_way_leaves_room_for_others() {
        let scene = Scene::start().await;
        let agents = [scene.agent().await, scene.agent().await];
        let deed = tx::Deed::Call(tx::Call {
            to: EvmAddress([0x99; 20]),
            value: Amount::ZERO,
            data: vec![0; 17 << 20],
        });
        let network = sepolia().chain_id;
        let order = Box::new(tx::Order { network, deed, gas_condition: None });
        let (id, now) = (TransactionId::new(&scene.app.clock), scene.app.clock.now());
        let (wallet, session) = (sample(1).id, Some(agents[0].session_id()));
        let mut large = Transaction::new(id, wallet, session, Intent::Send(order), now);
        let waiting = large.clone();
        scene.write(move |db| db.insert_transaction(&waiting)).await;
        let refused = submit(&scene.app, &agents[0], "5", None).await;
        assert!(matches!(refused, Err(SubmitError::TooMuchOpen { .. })), "{refused:?}");
        let open = scene.app.store.read(|db| db.open_transactions(sample(1).id)).await.unwrap();
        assert_eq!(open, 1, "nothing is left of what was refused");
        submit(&scene.app, &agents[1], "5", None).await.unwrap();
        (large.status, large.next_attempt_at) = (Status::Cancelled, None);
        scene.write(move |db| db.update_transaction(&large)).await;
        submit(&scene.app, &agents[0], "5", None).await.unwrap();
    }

    #[tokio::test]
    async fn a_repetition_without_a_key_is_the_same_payment_within_the_window() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let first = submit(&scene.app, &agent, "5", None).await.unwrap();
        assert_ne!(submit(&scene.app, &agent, "6", None).await.unwrap(), first);
        scene.clock.advance(REPETITION_WINDOW.saturating_sub(SECOND));
        assert_eq!(submit(&scene.app, &agent, "5", None).await.unwrap(), first);
        scene.clock.advance(SECOND);
        assert_ne!(submit(&scene.app, &agent, "5", None).await.unwrap(), first);
    }

    #[tokio::test]
    async fn a_client_that_waits_for_each_try_repeats_it_that_much_later() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let patient = Submission { wait: Some(LONGEST_WAIT), ..submission("5", None) };
        let (app, of) = (Arc::clone(&scene.app), agent.clone());
        let first = tokio::spawn(async move { submit_transaction(&app, &of, patient).await });
        while scene.app.store.read(|db| db.open_transactions(sample(1).id)).await.unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        while !first.is_finished() {
            scene.clock.advance(SECOND);
            tokio::task::yield_now().await;
        }
        let first = first.await.unwrap().unwrap().id;
        let start = UnixSeconds::new(tx::testing::START);
        let window = REPETITION_WINDOW + 3 * LONGEST_WAIT;
        scene.clock.set(start.plus(window.saturating_sub(SECOND)));
        assert_eq!(submit(&scene.app, &agent, "5", None).await.unwrap(), first);
        scene.clock.advance(SECOND);
        assert_ne!(submit(&scene.app, &agent, "5", None).await.unwrap(), first);
    }

    /// A client gives up after thirty seconds and asks again, while its first request still waits for
    /// the disk.
    #[tokio::test]
    async fn a_disk_that_stalls_makes_no_second_payment_of_a_retry() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let spawn = || {
            let (app, agent) = (Arc::clone(&scene.app), agent.clone());
            tokio::spawn(async move { submit(&app, &agent, "5", None).await.unwrap() })
        };
        let disk = stall(&scene);
        let first = spawn();
        settle().await;
        scene.clock.advance(31 * SECOND);
        let second = spawn();
        settle().await;
        scene.clock.advance(10 * SECOND);
        drop(disk);
        let first = first.await.unwrap();
        assert_eq!(second.await.unwrap(), first);
        scene.clock.advance(REPETITION_WINDOW.saturating_sub(SECOND));
        assert_eq!(submit(&scene.app, &agent, "5", None).await.unwrap(), first);
        scene.clock.advance(SECOND);
        assert_ne!(submit(&scene.app, &agent, "5", None).await.unwrap(), first);
    }

    #[tokio::test]
    async fn what_counts_is_when_a_repetition_arrived_and_not_when_it_was_its_turn() {
        for (late, is_repetition) in [(SECOND, true), (Duration::ZERO, false)] {
            let scene = Scene::start().await;
            let agent = scene.agent().await;
            let first = submit(&scene.app, &agent, "5", None).await.unwrap();
            scene.clock.advance(REPETITION_WINDOW.saturating_sub(late));
            let disk = stall(&scene);
            let (app, of) = (Arc::clone(&scene.app), agent.clone());
            let other = tokio::spawn(async move { submit(&app, &of, "6", None).await.unwrap() });
            let (app, of) = (Arc::clone(&scene.app), agent.clone());
            let again = tokio::spawn(async move { submit(&app, &of, "5", None).await.unwrap() });
            settle().await;
            scene.clock.advance(20 * SECOND);
            drop(disk);
            other.await.unwrap();
            assert_eq!(again.await.unwrap() == first, is_repetition, "{late:?}");
        }
    }

    /// Nothing is written until what is returned is dropped.
    fn stall(scene: &Scene) -> std::sync::mpsc::Sender<()> {
        let (disk, works) = std::sync::mpsc::channel::<()>();
        let app = Arc::clone(&scene.app);
        let stalls = async move {
            let until = move |_db: &Writing<'_>| {
                let _ended = works.recv();
                Ok::<_, StoreError>(())
            };
            app.store.write(until).await.unwrap();
        };
        tokio::spawn(stalls);
        disk
    }

    /// Lets what was spawned come as far as it can.
    async fn settle() {
        for _turn in 0..1_000 {
            tokio::task::yield_now().await;
        }
    }

    /// The registry or a node may say another number of decimals, or nothing, when it is asked again.
    #[tokio::test]
    async fn a_repetition_has_its_answer_whatever_is_said_of_the_token() {
        const TOKEN: &str = "0x3333333333333333333333333333333333333333";
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let network = primitives::builtin_by_name("ethereum-sepolia").unwrap().chain_id;
        let token: primitives::Address = EvmAddress([0x33; 20]).into();
        let list = async |decimals| {
            let listed = Token {
                id: TokenId::new(&scene.app.clock),
                network,
                address: token,
                symbol: "T".to_owned(),
                name: "Token".to_owned(),
                decimals,
                created_at: scene.app.clock.now(),
            };
            scene.write(move |db| db.put_token(&listed)).await;
        };
        let ask = async |units: &str, key: Option<&str>| {
            let asset = AssetRequest::Token {
                address: Some(TOKEN.to_owned()),
                asset_id: None,
                decimals: None,
            };
            let (to, amount) = (TO.to_owned(), AmountRequest::Units(units.to_owned()));
            let deed = DeedRequest::Transfer { to, asset, amount, memo: None };
            let asked = submission("5", key);
            let order = OrderRequest { deed, ..asked.order.clone() };
            let asked = Submission { order, ..asked };
            submit_transaction(&scene.app, &agent, asked).await.map(|stored| stored.id)
        };
        for key in [Some("key"), None] {
            list(6).await;
            let first = ask("1", key).await.unwrap();
            list(8).await;
            assert_eq!(ask("1", key).await.unwrap(), first, "{key:?}");
            scene.write(move |db| db.remove_token(network, token).map(|_found| ())).await;
            scene.feel(NodeMood::Down, SignerMood::Good);
            assert_eq!(ask("1", key).await.unwrap(), first, "{key:?}");
            let other = ask("2", key).await;
            match key {
                Some(_) => assert!(matches!(other, Err(SubmitError::KeyReused)), "{other:?}"),
                None => assert!(matches!(other, Err(SubmitError::Order(_))), "{other:?}"),
            }
            scene.feel(NodeMood::Good, SignerMood::Good);
        }
    }

    #[tokio::test]
    async fn what_surely_was_not_paid_may_be_asked_for_again_at_once() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        scene.feel(NodeMood::Good, SignerMood::Refuses);
        let first = submit(&scene.app, &agent, "5", None).await.unwrap();
        assert_eq!(scene.advance(first).await.status, Status::Failed);
        assert_ne!(submit(&scene.app, &agent, "5", None).await.unwrap(), first);
        let keyed = submit(&scene.app, &agent, "5", Some("key")).await.unwrap();
        scene.advance(keyed).await;
        let again = submit(&scene.app, &agent, "5", Some("key")).await.unwrap();
        assert_eq!(again, keyed, "a key has one answer for good");
    }

    #[tokio::test]
    async fn twenty_retries_at_once_are_one_payment() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let mut retries = tokio::task::JoinSet::new();
        for _number in 0..20 {
            let (app, agent) = (Arc::clone(&scene.app), agent.clone());
            retries.spawn(async move {
                submit_transaction(&app, &agent, submission("5", None)).await.unwrap().id
            });
        }
        let ids: std::collections::BTreeSet<_> = retries.join_all().await.into_iter().collect();
        assert_eq!(ids.len(), 1);
    }

    #[tokio::test]
    async fn who_waits_hears_the_final_state() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let scheduler = tokio::spawn(scheduler::run(Arc::clone(&scene.app)));
        let patient = Submission { wait: Some(LONGEST_WAIT), ..submission("5", None) };
        let done = submit_transaction(&scene.app, &agent, patient).await.unwrap();
        assert_eq!(done.status, Status::Confirmed);
        scene.app.ending.send_replace(true);
        scheduler.await.unwrap();
    }

    #[tokio::test]
    async fn a_payment_of_a_session_that_was_revoked_is_not_signed_any_more() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let id = submit(&scene.app, &agent, "5", None).await.unwrap();
        let (session, now) = (agent.session_id(), scene.app.clock.now());
        scene.write(move |db| db.revoke_session(session, now).map(|_found| ())).await;
        let found = scene.advance(id).await;
        assert_eq!(found.status, Status::Cancelled);
        assert_eq!(found.problem.unwrap().code, "SESSION_REVOKED");
        assert!(scene.mined().is_empty());
    }

    #[tokio::test]
    async fn what_is_not_understood_is_not_stored() {
        let scene = Scene::start().await;
        let agent = scene.agent().await;
        let transfer = |to: &str, amount, memo: Option<String>| DeedRequest::Transfer {
            to: to.to_owned(),
            asset: AssetRequest::Native,
            amount,
            memo,
        };
        let base_units = |digits: &str| AmountRequest::BaseUnits(digits.to_owned());
        let units = |text: &str| AmountRequest::Units(text.to_owned());
        let order = submission("5", None).order;
        let of = |deed| OrderRequest { deed, ..order.clone() };
        let on = |network: Option<&str>| OrderRequest {
            network: network.map(str::to_owned),
            ..order.clone()
        };
        for order in [
            of(transfer(TO, base_units("0"), None)),
            of(transfer(TO, base_units("-1"), None)),
            of(transfer(TO, base_units("1.5"), None)),
            of(transfer(TO, units("0.0000000000000000001"), None)),
            of(transfer("0x22", base_units("5"), None)),
            of(transfer("11111111111111111111111111111111", base_units("5"), None)),
            of(transfer(TO, base_units("5"), Some("m".repeat(257)))),
            of(DeedRequest::Batch(vec![order.deed.clone(), DeedRequest::Batch(vec![])])),
            on(Some("ethereum-mainnet")),
            on(None),
        ] {
            let submission = Submission { order, ..submission("5", None) };
            let shown = format!("{:?}", submission.order);
            let refused = submit_transaction(&scene.app, &agent, submission).await;
            assert!(matches!(refused, Err(SubmitError::Order(_))), "{shown}");
        }
        let open = scene.app.store.read(|db| db.open_transactions(sample(1).id)).await.unwrap();
        assert_eq!(open, 0);
    }
}
