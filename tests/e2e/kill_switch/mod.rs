//! The kill switch with real daemons under load: thrown and lifted at random moments, by everybody who
//! may, while daemons are killed at random steps of it.

mod siege;
mod throws;

use std::time::Duration;

use protocol::Latch;
use serde_json::json;
use tests::redteam::dice::Dice;
use tests::tool;

use siege::{Crash, Siege, Victim};
use throws::{Thrower, Told};

/// Rounds where nothing else is asked for.
const ROUNDS: u64 = 10;
/// The longest that agents pay before the switch is thrown: by then some payments are through, and some
/// are not begun.
const LONGEST_LOAD: u64 = 300;
/// The longest after which a daemon is killed while the switch falls, in milliseconds.
const LONGEST_FALL: u64 = 400;
/// The same while it is lifted, which takes a passphrase.
const LONGEST_LIFT: u64 = 1_500;

/// A number that the environment asks for.
#[expect(clippy::disallowed_methods, reason = "a long run is asked for by hand")]
fn asked_for(name: &str, usual: u64) -> u64 {
    std::env::var(name).map_or(usual, |text| text.parse().unwrap())
}

fn below(dice: &mut Dice, limit: u64) -> Duration {
    Duration::from_millis(dice.below(limit))
}

/// Nobody is killed in half of the cases.
fn crash(dice: &mut Dice, earliest: Duration, longest: u64) -> Crash {
    let victims = [Victim::Nobody, Victim::Nobody, Victim::Gateway, Victim::Signer];
    let victim = *dice.pick(&victims);
    Crash { victim, moment: earliest + below(dice, longest) }
}

/// Throws the switch under load. Afterwards it is where it was thrown to.
fn throw(siege: &mut Siege, dice: &mut Dice, to: Latch) {
    let ready = dice.pick(Thrower::ALL).ready(siege, to);
    let moment = below(dice, LONGEST_LOAD);
    let crash = crash(dice, moment, LONGEST_FALL);
    let told = siege.under_load(moment, crash, |place| ready.send(place));
    let before = siege.broadcast();
    siege.check(told, to);
    let agreed = siege.agreed();
    if told.gateway || told.signer || agreed >= to {
        assert!(agreed >= to, "it is {agreed}: {told:?}");
        return siege.check_silence(before, told);
    }
    // It was killed before anybody was told.
    let again = Thrower::Tool.ready(siege, to).send(&siege.stage.place);
    assert!(again.gateway && again.signer, "{again:?}");
    assert_eq!(siege.agreed(), to);
    siege.check_silence(siege.broadcast(), Told::default());
}

/// Lifts it, in two attempts if a daemon is killed in the first.
fn lift(siege: &mut Siege, dice: &mut Dice) {
    let crash = crash(dice, Duration::ZERO, LONGEST_LIFT);
    let recover = ["kill-switch", "recover"];
    let lifted = siege.beside(crash, |place| tool::run(place, &recover).status.success());
    let (gateway, signer) = (siege.gateway(), siege.signer());
    assert!(signer <= gateway, "the gateway is {gateway}, the signer {signer}");
    if lifted {
        assert_eq!((gateway, signer), (Latch::Active, Latch::Active));
    } else {
        tool::done(&siege.stage.place, &recover);
        assert_eq!(siege.agreed(), Latch::Active);
    }
}

/// `WAIAAS_KILL_SWITCH_ROUNDS=1000` asks for a long run; `WAIAAS_KILL_SWITCH_SEED=N` repeats a seed.
#[test]
#[expect(clippy::print_stderr, reason = "a long run says how far it is")]
fn nothing_leaves_after_the_switch_fell_and_it_stays_where_it_was_whoever_is_killed_meanwhile() {
    let seed = asked_for("WAIAAS_KILL_SWITCH_SEED", 1);
    let rounds = asked_for("WAIAAS_KILL_SWITCH_ROUNDS", ROUNDS);
    let mut dice = Dice::new(seed);
    let mut siege = Siege::start();
    for round in 0..rounds {
        let lasting = siege.lasting();
        throw(&mut siege, &mut dice, Latch::Suspended);
        let is_locked = dice.percent(50);
        if is_locked {
            throw(&mut siege, &mut dice, Latch::Locked);
        }
        lift(&mut siege, &mut dice);
        if is_locked {
            siege.agree();
        }
        assert_eq!(siege.lasting(), lasting, "seed {seed}, round {round}");
        siege.check_alive();
        siege.check_rows();
        eprintln!("seed {seed}, round {round}: {:?}", siege.ended);
    }
    let ended = |status: &str| siege.ended.get(status).copied().unwrap_or_default();
    let (confirmed, cancelled) = (ended("CONFIRMED"), ended("CANCELLED"));
    let in_time = confirmed > siege.proofs && cancelled > 0;
    assert!(in_time, "it fell too early or late: {:?}, {} after it", siege.ended, siege.proofs);
    assert_eq!(siege.stage.operator().post("/v1/admin/recover", &json!({})).status, 409);
}
