//! Requests of all classes at all guards: no more leaves than was printed beforehand.

use tests::process::Build;
use tests::redteam::engine;
use tests::redteam::report::Plan;
use tests::redteam::victim::Victim;

#[test]
fn twenty_thousand_requests_take_no_more_than_was_printed() {
    let mut victim = Victim::new(Build::Debug);
    let report = engine::run(&mut victim, Plan { requests: 20_000, kills: 3, seed: 1 });
    report.expect_no_mistakes();
    assert!(report.tally.approvals_used > 0 && report.tally.kills.len() == 3);
}
