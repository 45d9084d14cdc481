//! `cargo xtask long`: the runs that are too long for every day, and how long each took.

use std::process::ExitCode;

use crate::report::Report;
use crate::shell::{Failure, call, cargo, output};

/// What takes long.
struct Run {
    name: &'static str,
    what: &'static str,
    work: Work,
}

enum Work {
    /// A test that is long, or does more when the environment asks for it.
    Test {
        /// Of `cargo test`.
        place: &'static str,
        name: &'static str,
        asked_for: Option<(&'static str, &'static str)>,
    },
    /// All of `tests/fuzz`.
    Fuzz,
}

use Work::{Fuzz, Test};

#[rustfmt::skip]
static RUNS: &[Run] = &[
    Run {
        name: "wallet",
        what: "1,000 payments of one wallet at once, on an EVM node",
        work: Test {
            place: "-p tests --test e2e",
            name: "many::parallel_payments_of_one_wallet_are_each_confirmed_once",
            asked_for: Some(("WAIAAS_MANY", "1")),
        },
    },
    Run {
        name: "wallets",
        what: "100 payments of each of 50 wallets at once, on an EVM node",
        work: Test {
            place: "-p tests --test e2e",
            name: "many::payments_of_many_wallets_at_once_are_each_confirmed_once",
            asked_for: Some(("WAIAAS_MANY", "1")),
        },
    },
    Run {
        name: "solana",
        what: "500 payments of one Solana wallet",
        work: Test {
            place: "-p tests --test e2e",
            name: "solana_many::very_many_payments_from_one_solana_wallet_are_each_made_once",
            asked_for: None,
        },
    },
    Run {
        name: "torture",
        what: "10,000 payments through a node that drops, delays, reorders, lies and reorganises",
        work: Test {
            place: "-p gatewayd --lib",
            name: "tx::torture::payments_through_a_bad_node_end_once_each_as_told",
            asked_for: Some(("WAIAAS_TORTURE_PAYMENTS", "10000")),
        },
    },
    Run {
        name: "kill-switch",
        what: "1,000 falls of the kill switch under load, with daemons that are killed meanwhile",
        work: Test {
            place: "-p tests --test e2e",
            name: "kill_switch::nothing_leaves_after_the_switch_fell_and_it_stays_where_it_was_whoever_is_killed_meanwhile",
            asked_for: Some(("WAIAAS_KILL_SWITCH_ROUNDS", "1000")),
        },
    },
    Run {
        name: "sim",
        what: "1,000,000 acts of a simulated world",
        work: Test {
            place: "--release -p sim --example sim",
            name: "tests::as_many_acts_as_are_asked_for",
            asked_for: Some(("WAIAAS_SIM_OPS", "1000000")),
        },
    },
    Run { name: "fuzz", what: "an hour of each fuzz target", work: Fuzz },
];

/// Runs those of these names, or all of them, one after another. The last line is the report as one
/// JSON object.
pub(crate) fn run(names: &[&str]) -> ExitCode {
    if let Some(unknown) = names.iter().find(|name| !RUNS.iter().any(|run| run.name == **name)) {
        let known: Vec<&str> = RUNS.iter().map(|run| run.name).collect();
        eprintln!("no run `{unknown}`; there are {}", known.join(", "));
        return ExitCode::from(2);
    }
    let report = Report::new();
    let built = report.step("build", build);
    if built.is_ok() {
        for run in RUNS.iter().filter(|run| names.is_empty() || names.contains(&run.name)) {
            // The report has it; one that fails does not keep the next from being tried.
            drop(report.step(run.what, || run.run()));
        }
    }
    println!("{}", report.to_json());
    if report.all_passed() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn build() -> Result<(), Failure> {
    call(&mut cargo("build --quiet --workspace --bins --locked"))?;
    call(&mut cargo("test --quiet --no-run --locked -p tests --test e2e"))?;
    call(&mut cargo("test --quiet --no-run --locked -p gatewayd --lib"))?;
    call(&mut cargo("test --quiet --no-run --locked --release -p sim --example sim"))
}

impl Run {
    fn run(&self) -> Result<(), Failure> {
        let (place, name, asked_for) = match self.work {
            Test { place, name, asked_for } => (place, name, asked_for),
            Fuzz => return crate::fuzz::long(),
        };
        let test = || {
            let mut command = cargo(&format!("test --quiet --locked {place}"));
            command.args([name, "--", "--exact"]);
            command
        };
        // Without a test of that name it would pass.
        let listed = output(test().arg("--list"))?;
        if !listed.contains(&format!("{name}: test")) {
            return Err(format!("there is no test {name}"));
        }
        call(test().arg("--nocapture").envs(asked_for))
    }
}
