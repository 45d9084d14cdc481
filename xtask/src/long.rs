//! `cargo xtask long`: the runs that are too long for every day, and how long each took.

use std::process::{Command, ExitCode};

use crate::report::Report;
use crate::shell::{Failure, call, cargo, output};

/// A long test, or one that does more when the environment asks for it.
struct Run {
    name: &'static str,
    what: &'static str,
    /// Of `cargo test`.
    place: &'static str,
    test: &'static str,
    asked_for: Option<(&'static str, &'static str)>,
}

#[rustfmt::skip]
static RUNS: &[Run] = &[
    Run {
        name: "wallet",
        what: "1,000 payments of one wallet at once, on an EVM node",
        place: "-p tests --test e2e",
        test: "many::parallel_payments_of_one_wallet_are_each_confirmed_once",
        asked_for: Some(("WAIAAS_MANY", "1")),
    },
    Run {
        name: "wallets",
        what: "100 payments of each of 50 wallets at once, on an EVM node",
        place: "-p tests --test e2e",
        test: "many::payments_of_many_wallets_at_once_are_each_confirmed_once",
        asked_for: Some(("WAIAAS_MANY", "1")),
    },
    Run {
        name: "solana",
        what: "500 payments of one Solana wallet",
        place: "-p tests --test e2e",
        test: "solana_many::very_many_payments_from_one_solana_wallet_are_each_made_once",
        asked_for: None,
    },
    Run {
        name: "torture",
        what: "10,000 payments through a node that drops, delays, reorders, lies and reorganises",
        place: "-p gatewayd --lib",
        test: "tx::torture::payments_through_a_bad_node_end_once_each_as_told",
        asked_for: Some(("WAIAAS_TORTURE_PAYMENTS", "10000")),
    },
    Run {
        name: "kill-switch",
        what: "1,000 falls of the kill switch under load, with daemons that are killed meanwhile",
        place: "-p tests --test e2e",
        test: "kill_switch::nothing_leaves_after_the_switch_fell_and_it_stays_where_it_was_whoever_is_killed_meanwhile",
        asked_for: Some(("WAIAAS_KILL_SWITCH_ROUNDS", "1000")),
    },
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
    call(&mut cargo("test --quiet --no-run --locked -p gatewayd --lib"))
}

impl Run {
    fn run(&self) -> Result<(), Failure> {
        let mut command = self.command();
        // Without a test of that name it would pass.
        let listed = output(self.command().arg("--list"))?;
        if !listed.contains(&format!("{}: test", self.test)) {
            return Err(format!("there is no test {}", self.test));
        }
        call(command.arg("--nocapture").envs(self.asked_for))
    }

    fn command(&self) -> Command {
        let mut command = cargo(&format!("test --quiet --locked {}", self.place));
        command.args([self.test, "--", "--exact"]);
        command
    }
}
