//! `cargo xtask redteam`: shoots at a real signer with requests of all classes, and prints what left
//! beside what was printed beforehand.

use std::process::ExitCode;

use tests::process::Build;
use tests::redteam::engine;
use tests::redteam::report::{Plan, Report};
use tests::redteam::victim::Victim;

use crate::shell::{Failure, call, cargo};

/// Where no number is given.
const REQUESTS: u64 = 20_000;
/// As above; of more requests, one in [`REQUESTS`].
const FEWEST_KILLS: u64 = 3;

/// How the report is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// A few lines for people.
    Lines,
    /// All of it, as JSON.
    Json,
}

/// Does what the command line says: `--requests N`, `--kills K`, `--seed S`, `--json`.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    let outcome = read(words).and_then(|(plan, form)| Ok((shoot(plan)?, form)));
    match outcome {
        Ok((report, form)) => {
            show(&report, form);
            ExitCode::from(u8::from(!report.tally.mistakes.is_empty()))
        }
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn read(words: &[&str]) -> Result<(Plan, Form), Failure> {
    let seed = tests::redteam::dice::any_seed();
    let mut plan = Plan { requests: REQUESTS, kills: 0, seed };
    let mut kills = None;
    let mut form = Form::Lines;
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut number = || {
            let text = words.next().ok_or_else(|| format!("a number is missing after {word}"))?;
            text.parse::<u64>().map_err(|error| format!("{word} {text}: {error}"))
        };
        match *word {
            "--requests" => plan.requests = number()?,
            "--kills" => kills = Some(number()?),
            "--seed" => plan.seed = number()?,
            "--json" => form = Form::Json,
            other => return Err(format!("unknown option {other}")),
        }
    }
    plan.kills = kills.unwrap_or_else(|| FEWEST_KILLS.max(plan.requests / REQUESTS));
    Ok((plan, form))
}

fn shoot(plan: Plan) -> Result<Report, Failure> {
    let arguments = "build --quiet --release --package signerd --locked";
    call(&mut cargo(arguments)).map_err(|why| format!("the signer does not build: {why}"))?;
    Ok(engine::run(&mut Victim::new(Build::Release), plan))
}

fn show(report: &Report, form: Form) {
    let json = report.json();
    match form {
        Form::Json => println!("{json:#}"),
        Form::Lines => {
            for line in &report.lines {
                println!("{line}");
            }
            for field in [
                "seed",
                "requests",
                "signed",
                "approvals_used",
                "kills",
                "requests_per_second",
                "mistakes",
            ] {
                println!("{field}: {}", json[field]);
            }
        }
    }
}
