//! Looks whether a rule fires, whenever a transaction changed and now and again, and suspends the
//! wallet then: at the signer first.

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::WalletId;
use tracing::{error, warn};

use super::{Facts, Kind, Rule};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::prices::Worths;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::wallets::{Suspension, Wallet, WalletStatus};
use crate::store::{Reading, StoreError, Writing};
use crate::tx::{self, Known, Standing};

/// The longest between two looks: idleness changes no transaction.
const LONGEST: Duration = Duration::from_secs(15);
/// The shortest, so that a busy gateway does not look all the time.
const SHORTEST: Duration = Duration::from_millis(250);

/// A rule that fires on a wallet.
struct Fired {
    wallet: WalletId,
    rule: Rule,
    reason: String,
}

/// Looks until the program ends.
pub async fn run(app: &App) {
    let mut changes = app.signals.subscribe();
    loop {
        if let Err(error) = look(app).await {
            error!(%error, "the rules that suspend wallets were not looked at");
        }
        app.clock.sleep(SHORTEST).await;
        tokio::select! {
            biased;
            // One that fell behind looks at everything anyway.
            _changed = changes.recv() => {}
            () = app.clock.sleep(LONGEST) => {}
        }
        changes = app.signals.subscribe();
    }
}

/// Looks once, and suspends the wallets on which a rule fires.
///
/// # Errors
/// When the database fails.
pub async fn look(app: &App) -> Result<(), StoreError> {
    let now = app.clock.now();
    for fired in app.store.read(move |db| fired(db, now)).await? {
        suspend(app, fired).await?;
    }
    Ok(())
}

fn fired(db: &Reading<'_>, now: UnixSeconds) -> Result<Vec<Fired>, StoreError> {
    let rules = db.autostop_rules()?;
    if !rules.iter().any(|rule| rule.enabled) {
        return Ok(Vec::new());
    }
    let mut fired = Vec::new();
    for wallet in db.wallets()?.iter().filter(|wallet| wallet.status == WalletStatus::Active) {
        for kind in Kind::ALL {
            let rule = rule_of(&rules, *kind, wallet.id).filter(|rule| rule.enabled);
            let Some(rule) = rule else { continue };
            let facts = facts(db, wallet, rule, now)?;
            if let Some(reason) = rule.limit.fires(&facts) {
                fired.push(Fired { wallet: wallet.id, rule: rule.clone(), reason });
                break;
            }
        }
    }
    Ok(fired)
}

/// A wallet's own rule of a kind goes before everybody's.
fn rule_of(rules: &[Rule], kind: Kind, wallet: WalletId) -> Option<&Rule> {
    let of_kind = || rules.iter().filter(move |rule| rule.id.kind == kind);
    let own = of_kind().find(|rule| rule.id.wallet == Some(wallet));
    own.or_else(|| of_kind().find(|rule| rule.id.wallet.is_none()))
}

fn facts(
    db: &Reading<'_>,
    wallet: &Wallet,
    rule: &Rule,
    now: UnixSeconds,
) -> Result<Facts, StoreError> {
    let since = wallet.updated_at.unwrap_or(wallet.created_at).max(rule.changed_at);
    let mut facts = Facts { now, since, ..Facts::default() };
    match rule.id.kind {
        Kind::ConsecutiveFailures => facts.ended = db.ended_after(wallet.id, since)?,
        Kind::ThresholdProximity => facts.nearest_permille = nearest(db, wallet, now)?,
        Kind::UnusualHours | Kind::RapidFire | Kind::Idle => {
            facts.asked = db.asked_after(wallet.id, since)?;
        }
    }
    Ok(facts)
}

/// How much of the nearest cap is used by what was let pass until now.
fn nearest(
    db: &Reading<'_>,
    wallet: &Wallet,
    now: UnixSeconds,
) -> Result<Option<u128>, StoreError> {
    let known = Known {
        wallet: wallet.id,
        environment: wallet.environment,
        network: None,
        decimals: BTreeMap::new(),
        worths: Worths::NOTHING,
        standing: Standing::default(),
        transaction: None,
        asked_by: None,
        now,
    };
    Ok(tx::nearing(db, &known)?.map(|near| near.permille()))
}

async fn suspend(app: &App, fired: Fired) -> Result<(), StoreError> {
    let Fired { wallet, rule, reason } = fired;
    let words = format!("{}: {reason}", rule.id.kind.as_str());
    if let Err(error) = app.signer.suspend(wallet, words.clone()).await {
        warn!(%error, %wallet, "suspended at the gateway alone");
    }
    error!(%wallet, reason = words, "a rule has suspended a wallet");
    let at = app.clock.now();
    let suspended = app.store.write(move |db: &Writing<'_>| {
        let found = db.wallet(wallet)?.filter(|found| found.status == WalletStatus::Active);
        if found.is_none() {
            return Ok(());
        }
        db.suspend_wallet(wallet, &Suspension { at, reason: words.clone() })?;
        let fired = AuditEntry::new(at, "AUTO_STOP_TRIGGERED", Actor::System).wallet(wallet);
        let fired = fired.detail("rule", rule.id).detail("reason", &reason);
        db.audit(&AuditEntry { severity: Severity::Critical, ..fired })?;
        let entry = AuditEntry::new(at, "WALLET_SUSPENDED", Actor::System).wallet(wallet);
        let entry = entry.detail("reason", &words);
        db.audit(&AuditEntry { severity: Severity::Warning, ..entry })
    });
    suspended.await
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::autostop::RuleId;
    use crate::session::Master;
    use crate::store::wallets::sample;
    use crate::tx::Status;
    use crate::tx::testing::{NodeMood, Scene, SignerMood};
    use crate::usecase::autostop::{Change, set_rule};

    async fn enable(scene: &Scene, id: RuleId, config: serde_json::Value) {
        let change = Change { enabled: Some(true), config: Some(config) };
        set_rule(&scene.app, &Master::operator(), id, change).await.unwrap();
    }

    fn everybody(kind: Kind) -> RuleId {
        RuleId { kind, wallet: None }
    }

    async fn status(scene: &Scene) -> WalletStatus {
        scene.app.store.read(|db| db.wallet(sample(1).id)).await.unwrap().unwrap().status
    }

    async fn use_again(scene: &Scene) {
        let now = scene.app.clock.now();
        let active = WalletStatus::Active;
        scene.write(move |db| db.set_wallet_status(sample(1).id, active, now).map(drop)).await;
    }

    #[tokio::test]
    async fn failures_in_a_row_suspend_the_wallet_at_the_signer_too_and_it_sends_nothing() {
        let scene = Scene::start().await;
        enable(&scene, everybody(Kind::ConsecutiveFailures), json!({ "failures": 3 })).await;
        scene.clock.advance(Duration::from_secs(1));
        scene.feel(NodeMood::Good, SignerMood::Refuses);
        for _failure in 0..2 {
            let id = scene.ask(1_000).await;
            assert_eq!(scene.settle(id).await.status, Status::Failed);
            look(&scene.app).await.unwrap();
        }
        assert_eq!(status(&scene).await, WalletStatus::Active, "two are not three");
        let id = scene.ask(1_000).await;
        scene.settle(id).await;
        // What a restart finds is what was there before it.
        let scene = scene.restart().await;
        look(&scene.app).await.unwrap();
        assert_eq!(status(&scene).await, WalletStatus::Suspended);
        assert!(scene.world.lock().unwrap().guard.suspended.contains(&sample(1).id));
        scene.feel(NodeMood::Good, SignerMood::Good);
        let id = scene.ask(1_000).await;
        assert_eq!(scene.settle(id).await.problem.unwrap().code, "WALLET_SUSPENDED");
        assert!(scene.mined().is_empty());

        scene.clock.advance(Duration::from_secs(1));
        use_again(&scene).await;
        look(&scene.app).await.unwrap();
        assert_eq!(status(&scene).await, WalletStatus::Active, "what was before does not count");
    }

    #[tokio::test]
    async fn a_wallet_goes_by_its_own_rule_where_it_has_one() {
        let scene = Scene::start().await;
        let own = RuleId { kind: Kind::RapidFire, wallet: Some(sample(1).id) };
        let fast = |transactions: u32| json!({ "transactions": transactions, "seconds": 10 });
        enable(&scene, everybody(Kind::RapidFire), fast(2)).await;
        enable(&scene, own, fast(4)).await;
        scene.clock.advance(Duration::from_secs(1));
        for _payment in 0..3 {
            scene.ask(1_000).await;
        }
        look(&scene.app).await.unwrap();
        assert_eq!(status(&scene).await, WalletStatus::Active);
        scene.ask(1_000).await;
        look(&scene.app).await.unwrap();
        assert_eq!(status(&scene).await, WalletStatus::Suspended);
    }

    #[tokio::test]
    async fn a_rule_that_is_not_enabled_suspends_nothing_and_idleness_fires_at_its_second() {
        let scene = Scene::start().await;
        scene.clock.advance(Duration::from_hours(24 * 365));
        look(&scene.app).await.unwrap();
        assert_eq!(status(&scene).await, WalletStatus::Active);
        enable(&scene, everybody(Kind::Idle), json!({ "seconds": 60 })).await;
        scene.clock.advance(Duration::from_secs(59));
        look(&scene.app).await.unwrap();
        assert_eq!(status(&scene).await, WalletStatus::Active);
        scene.clock.advance(Duration::from_secs(1));
        look(&scene.app).await.unwrap();
        assert_eq!(status(&scene).await, WalletStatus::Suspended);
    }
}
