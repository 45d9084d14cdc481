//! What `waiaasctl doctor` says of real daemons.

use std::fs;

use serde_json::Value;
use tests::daemons::{Gatewayd, Place, Signerd, init_vault, unlock};
use tests::process::give_to_ordinary_user;
use tests::tool::run;

/// The grades of a check, and what was found.
fn graded(place: &Place, check: &str) -> Vec<(String, String)> {
    let report: Value = serde_json::from_slice(&run(place, &["doctor"]).stdout).unwrap();
    let text = |finding: &Value, key: &str| finding[key].as_str().unwrap().to_owned();
    let checks = report["checks"].as_array().unwrap();
    let of_check = checks.iter().filter(|finding| finding["check"] == check);
    of_check.map(|finding| (text(finding, "grade"), text(finding, "found"))).collect()
}

#[test]
fn a_witness_that_says_something_else_is_a_problem() {
    let place = Place::new();
    let elsewhere = place.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    give_to_ordinary_user(&elsewhere);
    let witness = elsewhere.join("witness");
    let mut signerd = Signerd::start(&place, &format!("witness = {witness:?}\n"));
    init_vault(&place);
    assert_eq!(graded(&place, "witness")[0].0, "ok");
    signerd.process().stop();
    fs::write(&witness, "something else\n").unwrap();
    signerd.start_again(&place);
    unlock(&place);
    let [(grade, found)] = &graded(&place, "witness")[..] else { panic!("one finding") };
    assert_eq!(grade, "problem", "{found}");
    assert!(found.contains("waits for an operator to resume signing"), "{found}");
}

#[test]
fn both_daemons_are_judged_by_what_confines_them() {
    let place = Place::new();
    let _signerd = Signerd::start(&place, "");
    let gatewayd = Gatewayd::start(&place, "");
    let findings = graded(&place, "sandbox");
    let [(_, signerd), (_, of_gatewayd)] = &findings[..] else { panic!("{findings:?}") };
    assert!(signerd.starts_with("signerd: ") && of_gatewayd.starts_with("gatewayd: "));
    assert!(findings.iter().all(|(grade, _)| grade == "ok"), "{findings:?}");
    drop(gatewayd);
    assert_eq!(graded(&place, "sandbox")[1].0, "unseen");
}
