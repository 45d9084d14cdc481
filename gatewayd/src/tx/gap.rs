//! A number that the network waits for and that nobody has: what was given it never left, or somebody
//! else was said to have used it. What comes after it would wait forever, so that a transfer of nothing
//! from the wallet to itself uses it up, unless a payment takes it before.
//!
//! It goes the road of a payment, and so is signed, counted and replaced like one. Policies are for what
//! agents want: they have no say, as over what calls a payment off, while its fee is usual.

use std::time::Duration;

use primitives::{Amount, Asset, ChainId};
use txcodec::Decoded;

use super::halt::Halt;
use super::pipeline::Road;
use super::renewal::fee_unasked;
use super::{Deed, Drafted, Intent, Order, Problem, Tier, Transaction, Transfer};
use crate::clock::UnixSeconds;
use crate::policy::{Allowed, Verdict};
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::fillers::Filler;
use crate::store::looks_back::LookBack;
use crate::store::{Reading, StoreError, TransactionId, Writing};

/// How long one that came to nothing is not followed by another.
const PATIENCE: Duration = Duration::from_mins(10);
/// Nothing but the signer makes it wait.
const ALLOWED: Allowed = Allowed {
    tier: Tier::Instant,
    delay: Duration::ZERO,
    approval_timeout: Duration::from_hours(24),
};

impl Road<'_> {
    /// Has the number used up that the network waits for before `nonce`, if nobody has it. That so few of
    /// the wallet's transactions are on the chain is what two endpoints say, where there are two.
    pub(super) async fn fill_gap(&self, nonce: u64) -> Result<(), Halt> {
        let mined = self.client.mined_nonce_by_two(self.wallet.address).await;
        let mined = mined.map_err(super::replace::again)?;
        let Some(missing) = mined.filter(|mined| *mined < nonce) else { return Ok(()) };
        let filler = Filler { nonce: missing, fee_unasked: fee_unasked(&self.versions) };
        let (now, id) = (self.app.clock.now(), TransactionId::new(&self.app.clock));
        let intent = nothing(self.network.chain_id, self.wallet.address);
        let transaction = Transaction::new(id, self.wallet.id, None, intent, now);
        let network = self.network.chain_id;
        let write = move |db: &Writing<'_>| fill(db, &transaction, (network, filler), now);
        if self.app.store.write(write).await? {
            tracing::warn!(
                wallet = %self.wallet.id,
                network = %self.network.name,
                nonce = missing,
                "the network waits for a number that nobody has: it is used up by a transfer of nothing"
            );
            self.app.signals.changed(id);
        }
        Ok(())
    }
}

/// Stores a filler, unless the number is seen to already. Says whether it did.
fn fill(
    db: &Writing<'_>,
    transaction: &Transaction,
    (network, filler): (ChainId, Filler),
    now: UnixSeconds,
) -> Result<bool, StoreError> {
    let place = (transaction.wallet, network);
    if let Some(ended) = db.ended_with_nonce(place, filler.nonce)? {
        // The chain has taken it back, so it seems.
        if db.look_back(ended)?.is_none_or(|look| look.next_look_at > now && look.missed == 0) {
            db.keep_look_back(&LookBack {
                id: ended,
                ended_at: now,
                next_look_at: now,
                missed: 0,
            })?;
        }
        return Ok(false);
    }
    if db.is_seen_to(place, filler.nonce, now.minus(PATIENCE))? {
        return Ok(false);
    }
    db.return_nonce(place.0, place.1, filler.nonce)?;
    db.insert_transaction(transaction)?;
    db.mark_filler(transaction.id, place, filler, now)?;
    let entry = AuditEntry::new(now, "NONCE_GAP_FOUND", Actor::System).wallet(transaction.wallet);
    let details = [
        ("network".to_owned(), network.to_string().into()),
        ("nonce".to_owned(), filler.nonce.into()),
    ];
    db.audit(&AuditEntry {
        transaction: Some(transaction.id),
        severity: Severity::Warning,
        details: details.into_iter().collect(),
        ..entry
    })?;
    Ok(true)
}

/// A transfer of nothing from a wallet to itself.
fn nothing(network: ChainId, wallet: primitives::Address) -> Intent {
    let deed = Deed::Transfer(Transfer {
        asset: Asset::Native,
        to: wallet,
        amount: Amount::ZERO,
        decimals: 18,
        symbol: None,
        memo: None,
    });
    Intent::Send(Box::new(Order { network, deed, gas_condition: None }))
}

/// What is to be done with a draft of a filler.
pub(super) enum Filling {
    /// It is none.
    None,
    /// It does nothing but what it is for.
    Allowed(Verdict),
    /// A payment has taken the number meanwhile.
    Closed(Problem),
}

/// Looks whether a transaction is a filler, and is one still, by its bytes.
pub(super) fn filling(
    db: &Reading<'_>,
    id: TransactionId,
    (drafted, decoded): (&Drafted, &Decoded),
) -> Result<Filling, StoreError> {
    let Some(filler) = db.filler(id)? else { return Ok(Filling::None) };
    if drafted.nonce != Some(filler.nonce) {
        let message = "a payment has the number by now that was missing: nothing is left to fill";
        return Ok(Filling::Closed(Problem::new("NONCE_GAP_CLOSED", message)));
    }
    let is_nothing = decoded.effects().is_empty();
    let is_usual = decoded.fee_ceiling() <= filler.fee_unasked;
    Ok(if is_nothing && is_usual {
        Filling::Allowed(Verdict::Allow(ALLOWED))
    } else {
        Filling::None
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::replacing::{PATIENCE as BEFORE_REPLACED, WEI, chain, mine, paid, scene};
    use super::super::testing::{FIRST_NONCE, Scene, sepolia, word};
    use super::super::tests::set_policy;
    use super::super::torture::chain::TestChain;
    use super::super::{Progress, Status};
    use super::*;
    use crate::chains::testing::Reaction;
    use crate::store::wallets::sample;

    /// A number is given to something that is never heard of again.
    async fn lose_number(scene: &Scene, nonce: u64) {
        let (wallet, network) = (sample(1).id, sepolia().chain_id);
        let claim = move |db: &Writing<'_>| db.claim_nonce(wallet, network, nonce, nonce);
        assert!(scene.app.store.write(claim).await.unwrap());
    }

    async fn fillers(scene: &Scene) -> Vec<Transaction> {
        let read = |db: &Reading<'_>| {
            let mut fillers = Vec::new();
            for id in db.unfinished_after(None, 100)? {
                if db.filler(id)?.is_some() {
                    fillers.extend(db.transaction(id)?);
                }
            }
            Ok::<_, StoreError>(fillers)
        };
        scene.app.store.read(read).await.unwrap()
    }

    /// A payment that the network keeps, after a number that nobody has.
    async fn behind_a_gap() -> (Scene, TransactionId) {
        let scene = scene().await;
        lose_number(&scene, FIRST_NONCE).await;
        let id = scene.ask(WEI).await;
        let waiting = scene.advance(id).await;
        assert_eq!(nonce(&waiting), Some(FIRST_NONCE + 1));
        assert_eq!(mine(&scene, id).await.status, Status::Submitted);
        assert!(fillers(&scene).await.is_empty(), "it may have it yet");
        (scene, id)
    }

    fn nonce(transaction: &Transaction) -> Option<u64> {
        match &transaction.progress {
            Progress::Asked => None,
            Progress::Drafted(drafted) | Progress::Signed(drafted, _) => drafted.nonce,
        }
    }

    async fn look_later(scene: &Scene, id: TransactionId) {
        scene.clock.advance(BEFORE_REPLACED);
        scene.advance(id).await;
    }

    #[tokio::test]
    async fn a_number_that_nobody_has_is_used_up_by_nothing_and_what_waits_is_paid() {
        let (scene, id) = behind_a_gap().await;
        look_later(&scene, id).await;
        let [filler] = &fillers(&scene).await[..] else { panic!("one filler") };
        look_later(&scene, id).await;
        assert_eq!(fillers(&scene).await.len(), 1, "one is enough");
        assert_eq!(scene.advance(filler.id).await.status, Status::Submitted);
        assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
        assert_eq!(paid(&scene), [Amount::ZERO, WEI.into()]);
        let filler = scene.rest(filler.id).await;
        assert_eq!((word(&filler), nonce(&filler)), ((Status::Confirmed, None), Some(FIRST_NONCE)));
        let next = scene.ask(WEI).await;
        assert_eq!(nonce(&scene.advance(next).await), Some(FIRST_NONCE + 2));
    }

    #[tokio::test]
    async fn a_payment_that_comes_before_takes_the_number_and_the_filler_ends() {
        let (scene, id) = behind_a_gap().await;
        look_later(&scene, id).await;
        let [filler] = &fillers(&scene).await[..] else { panic!("one filler") };
        let other = scene.ask(7).await;
        assert_eq!(nonce(&scene.advance(other).await), Some(FIRST_NONCE));
        let closed = scene.rest(filler.id).await;
        assert_eq!(word(&closed), (Status::Cancelled, Some("NONCE_GAP_CLOSED")));
        assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
        assert_eq!(paid(&scene), [7_u64.into(), Amount::from(WEI)]);
    }

    #[tokio::test]
    async fn a_number_that_a_payment_has_is_left_to_it() {
        let scene = scene().await;
        let first = scene.ask(7).await;
        scene.advance(first).await;
        chain(&scene, |chain| chain.lose(FIRST_NONCE));
        let id = scene.ask(WEI).await;
        scene.advance(id).await;
        look_later(&scene, id).await;
        assert!(fillers(&scene).await.is_empty());
        scene.rest(first).await;
        assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
        assert_eq!(paid(&scene), [7_u64.into(), Amount::from(WEI)]);
    }

    #[tokio::test]
    async fn one_node_that_says_that_a_number_is_missing_is_not_believed_where_another_answers() {
        for (lie, expected) in [(Some("0x0"), 0), (Some("0x3"), 0), (None, 1)] {
            let (scene, id) = behind_a_gap().await;
            let says = move |method: &str, params: &serde_json::Value| {
                let latest = method == "eth_getTransactionCount" && params[1] == json!("latest");
                lie.filter(|_lie| latest).map(|lie| Reaction::Result(json!(lie)))
            };
            let (liar, honest) = (scene.node(says).await, scene.node(|_, _| None).await);
            scene.ask_nodes(&[liar.endpoint(), honest.endpoint()]);
            look_later(&scene, id).await;
            assert_eq!(fillers(&scene).await.len(), expected, "{lie:?}");
        }
    }

    #[tokio::test]
    async fn one_that_came_to_nothing_is_tried_again_later_and_not_at_once() {
        let (scene, id) = behind_a_gap().await;
        look_later(&scene, id).await;
        let [filler] = &fillers(&scene).await[..] else { panic!("one filler") };
        let (problem, now) = (Problem::new("X", "it could not be sent"), scene.app.clock.now());
        let (filler, gone) = (filler.clone(), filler.id);
        scene.write(move |db| super::super::call_off(db, filler, problem, now)).await;
        look_later(&scene, id).await;
        assert!(fillers(&scene).await.is_empty());
        scene.clock.advance(PATIENCE);
        look_later(&scene, id).await;
        assert!(fillers(&scene).await.iter().any(|again| again.id != gone));
    }

    #[tokio::test]
    async fn several_numbers_that_nobody_has_are_used_up_one_after_the_other() {
        let scene = scene().await;
        for number in 0..3 {
            lose_number(&scene, FIRST_NONCE + number).await;
        }
        let id = scene.ask(WEI).await;
        assert_eq!(nonce(&scene.advance(id).await), Some(FIRST_NONCE + 3));
        for number in 0..3 {
            look_later(&scene, id).await;
            let [filler] = &fillers(&scene).await[..] else { panic!("one filler") };
            let filler = scene.advance(filler.id).await;
            assert_eq!(nonce(&filler), Some(FIRST_NONCE + number));
            chain(&scene, TestChain::tick);
            assert_eq!(scene.rest(filler.id).await.status, Status::Confirmed);
        }
        assert_eq!(mine(&scene, id).await.status, Status::Confirmed);
        assert_eq!(paid(&scene).last(), Some(&WEI.into()));
    }

    /// A cap of no fee at all denies every payment.
    #[tokio::test]
    async fn policies_have_no_say_while_its_fee_is_usual_and_have_one_beyond() {
        for (base_fee, expected) in [(1, Status::Submitted), (200, Status::Cancelled)] {
            let (scene, id) = behind_a_gap().await;
            look_later(&scene, id).await;
            let [filler] = &fillers(&scene).await[..] else { panic!("one filler") };
            set_policy(&scene, "MAX_GAS", json!({ "max_fee": "1" })).await;
            chain(&scene, |chain: &mut TestChain| chain.base_fee = base_fee * 1_000_000_000);
            let found = scene.advance(filler.id).await;
            assert_eq!(found.status, expected, "{base_fee} gwei: {:?}", found.problem);
        }
    }
}
