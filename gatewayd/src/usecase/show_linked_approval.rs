//! What an owner's link leads to: what is asked, who wants it asked, and what becomes of it.

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::{Asset, Network};
use txcodec::Decoded;

use super::show_approval::{ApprovalError, Asked, ask_now, waits_for_owners};
use crate::app::App;
use crate::policy::{self, Policy, Verdict};
use crate::session::link::Subject;
use crate::store::wallets::Wallet;
use crate::store::{StoreError, TransactionId};
use crate::tx::{self, AskedBy, Asking, Intent, Tier, Transaction, Unit};

/// For how long a link still shows how a transaction ended.
pub const SHOWN_AFTERWARDS: Duration = Duration::from_hours(24);

/// A transaction as an owner is shown it.
#[derive(Clone, Debug)]
pub struct Linked {
    /// Where it stands.
    pub transaction: Transaction,
    /// Whose.
    pub wallet: Wallet,
    /// What is asked; `None` when nothing is, any more or yet.
    pub question: Option<LinkedQuestion>,
}

/// What is asked.
#[derive(Clone, Debug)]
pub struct LinkedQuestion {
    /// The question.
    pub asked: Asked,
    /// What it is about.
    pub decoded: Decoded,
    /// How amounts of its tokens are written, as far as that is known.
    pub units: BTreeMap<Asset, Unit>,
    /// Who wants owners to decide.
    pub reasons: Vec<Reason>,
}

/// Who wants owners to decide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The signer's guard, and why.
    Guard(String),
    /// A policy of that type that an operator wrote.
    Policy(&'static str),
    /// What holds where no policy of that type was written.
    Default(&'static str),
}

/// Why a link leads nowhere.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// It is none of this gateway's, or not whole.
    #[error("this link is not whole, or another gateway made it")]
    NotARight,
    /// The transaction ended long ago.
    #[error("the transaction ended more than a day ago")]
    Over,
    /// What is asked cannot be shown.
    #[error(transparent)]
    Approval(#[from] ApprovalError),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Shows a transaction to who has its link.
///
/// # Errors
/// When it is no link to it, or it ended more than [`SHOWN_AFTERWARDS`] ago.
pub async fn show_linked_approval(
    app: &App,
    id: TransactionId,
    right: &str,
) -> Result<Linked, LinkError> {
    if !app.link_key.is_right(Subject::Approval(id), right) {
        return Err(LinkError::NotARight);
    }
    let found = app.store.read(move |db| {
        let Some(transaction) = db.transaction(id)? else { return Ok(None) };
        let wallet = db.wallet(transaction.wallet)?;
        Ok::<_, StoreError>(wallet.map(|wallet| (transaction, wallet)))
    });
    let (transaction, wallet) = found.await?.ok_or(LinkError::NotARight)?;
    let until = transaction.updated_at.plus(SHOWN_AFTERWARDS);
    if transaction.status.is_final() && until <= app.clock.now() {
        return Err(LinkError::Over);
    }
    if !waits_for_owners(&transaction) {
        return Ok(Linked { transaction, wallet, question: None });
    }
    match ask_now(app, id).await {
        Ok(asked) => {
            let question = LinkedQuestion::about(app, asked, &wallet).await?;
            let transaction = question.asked.transaction.clone();
            Ok(Linked { transaction, wallet, question: Some(question) })
        }
        // It will be asked in a moment, or went on or ended in this one.
        Err(ApprovalError::NotAsked | ApprovalError::NotWaiting(_) | ApprovalError::TimeOver) => {
            Ok(Linked { transaction, wallet, question: None })
        }
        Err(error) => Err(error.into()),
    }
}

impl LinkedQuestion {
    async fn about(app: &App, asked: Asked, wallet: &Wallet) -> Result<Self, LinkError> {
        let decoded = asked.question.decoded(wallet).map_err(tx::QuestionError::from);
        let decoded = decoded.map_err(ApprovalError::from)?;
        let network = asked.transaction.intent.network();
        let network = network.and_then(|chain_id| app.networks.by_chain_id(chain_id)).cloned();
        let mut reasons = guard(&asked.transaction);
        let mut units = BTreeMap::new();
        // A chain that does not answer hides no question: its amounts stand in base units then.
        if let Some(network) = network
            && let Ok(found) = units_of(app, &network, &asked.transaction, &decoded).await
        {
            reasons.extend(policies(app, (wallet, network), &asked, &decoded, &found).await?);
            units = found;
        }
        Ok(Self { asked, decoded, units, reasons })
    }
}

async fn units_of(
    app: &App,
    network: &Network,
    transaction: &Transaction,
    decoded: &Decoded,
) -> Result<BTreeMap<Asset, Unit>, tx::UnitsError> {
    let deed = match &transaction.intent {
        Intent::Send(order) => Some(&order.deed),
        Intent::SignTransaction { .. } | Intent::SignMessage => None,
    };
    tx::units(app, network, decoded, deed).await
}

/// Whether the signer sent it back for its owners to approve.
fn guard(transaction: &Transaction) -> Vec<Reason> {
    let demanded = transaction.demanded == Some(Tier::Approval);
    let problem = transaction.problem.as_ref().filter(|_| demanded);
    problem.map(|problem| Reason::Guard(problem.message.clone())).into_iter().collect()
}

/// Which policies want owners to decide, as things are now.
async fn policies(
    app: &App,
    (wallet, network): (&Wallet, Network),
    asked: &Asked,
    decoded: &Decoded,
    units: &BTreeMap<Asset, Unit>,
) -> Result<Vec<Reason>, StoreError> {
    let decimals = tx::decimals(units);
    let asking = Asking {
        app,
        wallet,
        network: Some(&network),
        deed: None,
        transaction: Some(asked.transaction.id),
        asked_by: AskedBy::of(&asked.transaction),
    };
    let known = asking.priced_with(decoded, decimals).await;
    let decoded = decoded.clone();
    let read = app.store.read(move |db| {
        let chain_id = known.network.as_ref().map(|network| network.chain_id);
        let stored = db.policies_for(known.wallet, chain_id)?;
        let stored = stored.into_iter().map(Policy::from).collect();
        let gathered = tx::gathered(db, stored, &known)?;
        let facts = gathered.facts(&known);
        let opinions = policy::opinions(&decoded, &facts);
        let asking = opinions.filter(|opinion| match &opinion.verdict {
            Verdict::Allow(allowed) => allowed.tier == Tier::Approval,
            Verdict::Deny(_) => false,
        });
        let reasons = asking.map(|opinion| match opinion.policy {
            Some(_) => Reason::Policy(opinion.rule),
            None => Reason::Default(opinion.rule),
        });
        Ok::<_, StoreError>(reasons.collect())
    });
    read.await
}

#[cfg(test)]
mod tests {
    use primitives::Address;
    use protocol::{Owners, SignedForm};

    use super::super::approve_transaction::approve_transaction;
    use super::*;
    use crate::owner::testing::TestOwner;
    use crate::tx::Status;
    use crate::tx::testing::Scene;

    /// A payment that waits for the one owner of a wallet.
    async fn waiting() -> (Scene, TestOwner, TransactionId) {
        let (scene, owner) = (Scene::start().await, TestOwner::evm(1));
        let members: Vec<Address> = vec![owner.address()];
        {
            let mut world = scene.world.lock().unwrap();
            (world.guard.at_once, world.guard.after_wait) = (0, 0);
            world.guard.owners = Owners { threshold: 1, members };
        }
        let id = scene.ask(1_000).await;
        assert_eq!(scene.rest(id).await.status, Status::Queued);
        (scene, owner, id)
    }

    #[tokio::test]
    async fn a_link_shows_what_is_asked_and_how_it_ended_for_a_day() {
        let (scene, owner, id) = waiting().await;
        let right = scene.app.link_key.right(Subject::Approval(id));
        let read = || show_linked_approval(&scene.app, id, &right);
        let question = read().await.unwrap().question.unwrap();
        let rendered = &question.asked.rendered;
        assert!(rendered.text().contains("1000 base units"), "{}", rendered.text());
        let [Reason::Guard(why)] = &question.reasons[..] else { panic!("{:?}", question.reasons) };
        assert!(why.starts_with("NEEDS_OWNER: "), "{why}");

        let signed = owner.sign(rendered, SignedForm::Text);
        approve_transaction(&scene.app, id, vec![signed]).await.unwrap();
        assert_eq!(scene.rest(id).await.status, Status::Confirmed);
        let Linked { transaction, question, .. } = read().await.unwrap();
        assert!(transaction.hash().is_some() && question.is_none());
        let second = Duration::from_secs(1);
        scene.clock.set(transaction.updated_at.plus(SHOWN_AFTERWARDS).minus(second));
        assert!(read().await.is_ok());
        scene.clock.advance(second);
        assert!(matches!(read().await, Err(LinkError::Over)));
    }

    #[tokio::test]
    async fn a_link_shows_one_transaction_and_no_other() {
        let (scene, _owner, id) = waiting().await;
        let other = scene.ask(2_000).await;
        let of_other = scene.app.link_key.right(Subject::Approval(other));
        for (id, right) in [(id, of_other.as_str()), (id, ""), (id, "AAAAAAAAAAAAAAAAAAAAAA")] {
            let refused = show_linked_approval(&scene.app, id, right).await;
            assert!(matches!(refused, Err(LinkError::NotARight)), "{right}");
        }
        assert!(show_linked_approval(&scene.app, other, &of_other).await.is_ok());
        let nothing = TransactionId::new(&scene.app.clock);
        let right = scene.app.link_key.right(Subject::Approval(nothing));
        let refused = show_linked_approval(&scene.app, nothing, &right).await;
        assert!(matches!(refused, Err(LinkError::NotARight)));
    }
}
