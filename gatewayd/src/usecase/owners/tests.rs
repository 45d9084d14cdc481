//! Owners are named, proved, changed and removed.

use primitives::EvmAddress;

use super::*;
use crate::owner::testing::TestOwner;
use crate::store::trail::{TrailSearch, Walk};
use crate::store::wallets::sample;
use crate::tx::testing::{NodeMood, Scene, SignerMood};

fn wallet() -> WalletId {
    sample(1).id
}

async fn set(
    scene: &Scene,
    address: Address,
    present: Option<&Owner>,
) -> Result<OwnerSet, OwnerChangeError> {
    let new = NewOwner { address, approval_method: None, wallet_type: None };
    set_owner(&scene.app, &Master::operator(), wallet(), new, present).await
}

async fn verify(scene: &Scene, owner: &TestOwner) -> Result<Wallet, OwnerChangeError> {
    let signed = owner.asks(&scene.app, Action::Verify(wallet())).await?;
    verify_owner(&scene.app, &signed, wallet()).await
}

#[tokio::test]
async fn an_owner_is_named_proposed_to_the_signer_and_locked_in_by_a_signature() {
    let scene = Scene::start().await;
    let owner = TestOwner::evm(5);
    let named = set(&scene, owner.address(), None).await.unwrap();
    assert_eq!(named.wallet.owner_state(), OwnerState::Grace);
    assert!(named.warning.unwrap().contains("waiaasctl owner confirm"));
    let proposed = Owners { threshold: 1, members: vec![owner.address()] };
    assert_eq!(scene.world.lock().unwrap().guard.proposed, Some(proposed));
    let wrong = owner.asks(&scene.app, Action::KillSwitch).await.unwrap();
    let refused = verify_owner(&scene.app, &wrong, wallet()).await;
    assert!(matches!(refused, Err(OwnerChangeError::Signature(_))), "{refused:?}");
    assert_eq!(verify(&scene, &owner).await.unwrap().owner_state(), OwnerState::Locked);
    let again = verify(&scene, &owner).await.unwrap();
    assert_eq!(again.owner_state(), OwnerState::Locked);
    let same = set(&scene, owner.address(), None).await.unwrap();
    assert_eq!(same.wallet.owner_state(), OwnerState::Locked, "nothing was changed");
}

#[tokio::test]
async fn the_master_changes_an_owner_in_grace_and_the_owners_signature_a_locked_one() {
    let scene = Scene::start().await;
    let (first, second, third) = (TestOwner::evm(5), TestOwner::evm(6), TestOwner::evm(7));
    set(&scene, first.address(), None).await.unwrap();
    set(&scene, second.address(), None).await.unwrap();
    assert!(verify(&scene, &first).await.is_err(), "no owner any more");
    verify(&scene, &second).await.unwrap();
    let by = third.address();
    let alone = set(&scene, by, None).await;
    assert!(matches!(alone, Err(OwnerChangeError::Locked { .. })), "{alone:?}");
    let master = Master::operator();
    let alone = remove_owner(&scene.app, &master, wallet(), None).await;
    assert!(matches!(alone, Err(OwnerChangeError::Locked { .. })), "{alone:?}");
    let other = first.address();
    let for_other = Action::Replace { wallet: wallet(), by: other };
    let for_other = second.asks(&scene.app, for_other).await.unwrap();
    let refused = set(&scene, by, Some(&for_other)).await;
    assert!(matches!(refused, Err(OwnerChangeError::Signature(_))), "{refused:?}");
    let agreed = Action::Replace { wallet: wallet(), by };
    let agreed = second.asks(&scene.app, agreed).await.unwrap();
    let changed = set(&scene, by, Some(&agreed)).await.unwrap().wallet;
    assert_eq!(changed.owner_state(), OwnerState::Grace);
    assert_eq!(changed.owner.unwrap().address, by);
    verify(&scene, &third).await.unwrap();
    let agreed = third.asks(&scene.app, Action::Remove(wallet())).await.unwrap();
    let removed = remove_owner(&scene.app, &master, wallet(), Some(&agreed)).await.unwrap();
    assert_eq!(removed.owner_state(), OwnerState::None);
    let nobody = remove_owner(&scene.app, &master, wallet(), None).await;
    assert!(matches!(nobody, Err(OwnerChangeError::NoOwner)));
}

/// Whoever signed something else beside the master has not decided anything.
#[tokio::test]
async fn the_trail_names_an_owner_only_for_what_took_the_owners_signature() {
    let scene = Scene::start().await;
    let (first, second) = (TestOwner::evm(5), TestOwner::evm(6));
    set(&scene, first.address(), None).await.unwrap();
    let beside = first.asks(&scene.app, Action::KillSwitch).await.unwrap();
    set(&scene, second.address(), Some(&beside)).await.unwrap();
    assert_eq!(actor_of_the_newest(&scene).await, "master");
    verify(&scene, &second).await.unwrap();
    let agreed = Action::Replace { wallet: wallet(), by: first.address() };
    let agreed = second.asks(&scene.app, agreed).await.unwrap();
    set(&scene, first.address(), Some(&agreed)).await.unwrap();
    assert_eq!(actor_of_the_newest(&scene).await, format!("owner:{}", second.address()));
}

async fn actor_of_the_newest(scene: &Scene) -> String {
    let search = TrailSearch { event: Some("OWNER_SET".to_owned()), ..TrailSearch::default() };
    let read = scene.app.store.read(move |db| db.trail(&search, Walk::Newest, 1));
    read.await.unwrap().remove(0).actor
}

#[tokio::test]
async fn another_wallets_owner_changes_nothing_here() {
    let scene = Scene::start().await;
    let (here, there) = (TestOwner::evm(5), TestOwner::evm(6));
    set(&scene, here.address(), None).await.unwrap();
    verify(&scene, &here).await.unwrap();
    let (theirs, now) = (there.address(), scene.app.clock.now());
    let insert = scene.app.store.write(move |db| {
        db.insert_wallet(&sample(2))?;
        db.set_owner(sample(2).id, Some(WalletOwner { address: theirs, verified_at: None }), now)
    });
    insert.await.unwrap();
    let signed = there.asks(&scene.app, Action::Remove(wallet())).await.unwrap();
    let removed = remove_owner(&scene.app, &Master::operator(), wallet(), Some(&signed)).await;
    assert!(matches!(removed, Err(OwnerChangeError::NotTheOwner(_))));
    let signed = there.asks(&scene.app, Action::Verify(wallet())).await.unwrap();
    let verified = verify_owner(&scene.app, &signed, wallet()).await;
    assert!(matches!(verified, Err(OwnerChangeError::NotTheOwner(_))));
}

#[tokio::test]
async fn who_cannot_own_the_wallet_is_not_named_and_the_signer_has_the_last_word() {
    let scene = Scene::start().await;
    let solana = set(&scene, TestOwner::solana(5).address(), None).await;
    assert!(matches!(solana, Err(OwnerChangeError::OtherChain(_))));
    let itself = set(&scene, sample(1).address, None).await;
    assert!(matches!(itself, Err(OwnerChangeError::OwnWallet(_))));
    let address: Address = EvmAddress([9; 20]).into();
    scene.feel(NodeMood::Good, SignerMood::Locked);
    let locked = set(&scene, address, None).await;
    assert!(matches!(locked, Err(OwnerChangeError::Signer(_))), "{locked:?}");
    scene.feel(NodeMood::Good, SignerMood::Good);
    let confirmed = Owners { threshold: 1, members: vec![TestOwner::evm(6).address()] };
    scene.world.lock().unwrap().guard.owners = confirmed;
    let other = set(&scene, address, None).await;
    assert!(matches!(other, Err(OwnerChangeError::OtherOwners(_))), "{other:?}");
    let known = set(&scene, TestOwner::evm(6).address(), None).await.unwrap();
    assert_eq!(known.warning, None, "the signer counts them already");
}
