//! Requests of all classes at all guards: no more leaves than was printed beforehand.

use tests::redteam::engine;
use tests::redteam::report::Plan;

use crate::bench::Bench;

#[test]
fn twenty_thousand_requests_take_no_more_than_was_printed() {
    let bench = Bench::new();
    let report = engine::run(&bench.place, Plan { requests: 20_000, seed: 1 });
    report.expect_no_mistakes();
}
