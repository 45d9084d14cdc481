//! A short run holds, the same seed is the same run, and what breaks is said.

use super::*;

const ACTS: u64 = 800;

#[test]
fn the_same_seed_is_the_same_run_to_the_last_event() {
    let first = once((1, ACTS), Show::Last).unwrap();
    assert_eq!(once((1, ACTS), Show::Last).unwrap(), first);
    let second = once((2, ACTS), Show::Last).unwrap();
    assert_ne!(second.digest, first.digest);
    for outcome in [first, second] {
        assert!(outcome.paid > 0 && outcome.lives > 1, "{outcome:?}");
    }
}

/// `WAIAAS_SIM_OPS=1000000` asks for a long run; `cargo xtask sim` repeats a seed.
#[test]
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by hand")]
fn as_many_acts_as_are_asked_for() {
    let acts = std::env::var("WAIAAS_SIM_OPS").map_or(ACTS, |acts| acts.parse().unwrap());
    let plan = Plan { acts, seed: 1_000, show: Show::Last, form: Form::Text };
    match simulate(plan) {
        Ok(total) => println!("{}", total.show(plan)),
        Err(broken) => panic!("{}", broken.show(plan)),
    }
}

#[test]
fn words_make_a_plan_or_none() {
    let read = |text: &str| {
        let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Plan::read(&words)
    };
    let usual = Plan { acts: RUN, seed: 1, show: Show::Last, form: Form::Text };
    for (text, expected) in [
        ("", Some(usual)),
        (
            "--ops 5 --seed 7 --json",
            Some(Plan { acts: 5, seed: 7, show: Show::Last, form: Form::Json }),
        ),
        ("--ops 0", None),
        ("--ops", None),
        ("--sed 1", None),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
    let runs: Vec<_> = Plan { acts: 4_001, seed: 7, ..usual }.runs().collect();
    assert_eq!(runs, [(7, RUN), (8, RUN), (9, 1)]);
}
