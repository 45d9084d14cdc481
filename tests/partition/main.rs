//! Wallets partitioned over hosts, as `docs/capacity.md` plans it: a simulation of what is agreed, under
//! hosts that fall and return, networks that part, and packages that are lost, late or doubled.
//!
//! A model: no daemon runs here. Every rule of the plan can be left out, and a run shows then what it is
//! for: the tests would not notice a plan that is safe by chance.

mod plan;

use plan::{Rule, World};

/// Steps of one history.
const STEPS: u64 = 2_000;
/// Histories of the plan as it is.
const HISTORIES: u64 = 1_000;

/// The first seed whose history breaks a promise, and which.
fn broken_without(left_out: Option<Rule>) -> Option<(u64, String)> {
    (0..HISTORIES).find_map(|seed| {
        let mut world = World::new(seed, left_out);
        (0..STEPS).find_map(|_| world.step().err()).map(|why| (seed, why))
    })
}

#[test]
fn limits_hold_over_all_hosts_and_nothing_is_signed_after_the_switch_and_a_lease() {
    assert_eq!(broken_without(None), None);
}

#[test]
fn the_work_goes_on_wherever_a_host_is_left() {
    let mut signed = 0;
    let mut moved = 0;
    for seed in 0..20 {
        let mut world = World::new(seed, None);
        for _ in 0..STEPS {
            world.step().unwrap();
        }
        signed += world.signed();
        moved += world.moved();
    }
    assert!(signed > 150 && moved > 150, "{signed} signatures, {moved} moves");
}

#[test]
fn a_restored_wallet_has_to_wait_until_the_lost_host_cannot_sign() {
    assert!(broken_without(Some(Rule::WaitForTheLease)).is_some());
}

#[test]
fn what_was_spent_has_to_go_along_with_the_key() {
    assert!(broken_without(Some(Rule::TakeTheSpendAlong)).is_some());
}

#[test]
fn an_old_package_must_not_be_taken_for_a_new_one() {
    assert!(broken_without(Some(Rule::KnowTheEpoch)).is_some());
}

#[test]
fn a_host_that_hears_nothing_has_to_stop() {
    assert!(broken_without(Some(Rule::StopWithoutALease)).is_some());
}
