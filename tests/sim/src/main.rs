//! Deterministic simulation: both daemons, their disks, the chain and its nodes in one thread, by a seed.
//!
//! The gateway is the real one but for its HTTP listeners: pipeline, scheduler, store, watchers. The signer
//! is the real core on a real vault and journal. Nodes answer within the process, and the signer through its
//! real socket, when and in which order the seed says. What is simulated, and what is not, says
//! `docs/simulation.md`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "talks to a developer's terminal")]

mod chain;
mod dice;
mod disk;
mod gateway;
mod guard;
mod log;
mod machine;
mod node;
mod payments;
mod post;
mod run;
mod signer;
mod world;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use sha2::{Digest, Sha256};

use self::log::{Show, hex};
use self::run::{Broken, Outcome};

const USAGE: &str = "usage: sim [--ops N] [--seed S] [--events] [--json]\n";
/// Acts of a run; what is more are runs of the next seeds.
const RUN: u64 = 2_000;
/// A disk that is no disk: syncing costs nothing there, and nothing is lost but by the seed.
const MEMORY: &str = "/dev/shm";

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Plan {
    acts: u64,
    seed: u64,
    show: Show,
    form: Form,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Text,
    Json,
}

/// What all runs came to.
#[derive(Debug, Default)]
struct Total {
    runs: u64,
    acts: u64,
    events: u64,
    orders: usize,
    paid: usize,
    lives: u64,
    records: u64,
    digest: Sha256,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(plan) = Plan::read(&arguments) else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    say_seed_of_panic();
    match simulate(plan) {
        Ok(total) => {
            println!("{}", total.show(plan));
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("{}", broken.show(plan));
            ExitCode::FAILURE
        }
    }
}

/// The run that is under way.
static SEED: AtomicU64 = AtomicU64::new(0);

/// A panic ends the process: what the seed is, is said before.
fn say_seed_of_panic() {
    std::panic::set_hook(Box::new(|panic| {
        println!("BROKEN in a run of seed {}: {panic}", SEED.load(Ordering::Relaxed));
    }));
}

impl Plan {
    fn read(arguments: &[String]) -> Option<Self> {
        let mut plan = Self { acts: RUN, seed: 1, show: Show::Last, form: Form::Text };
        let mut words = arguments.iter().map(String::as_str);
        while let Some(word) = words.next() {
            match word {
                "--ops" => plan.acts = words.next()?.parse().ok().filter(|acts| *acts > 0)?,
                "--seed" => plan.seed = words.next()?.parse().ok()?,
                "--events" => plan.show = Show::All,
                "--json" => plan.form = Form::Json,
                _ => return None,
            }
        }
        Some(plan)
    }

    /// The runs, each by its seed with its acts.
    fn runs(self) -> impl Iterator<Item = (u64, u64)> {
        let starts = (0..self.acts).step_by(usize::try_from(RUN).unwrap_or(usize::MAX));
        (self.seed..).zip(starts.map(move |start| RUN.min(self.acts - start)))
    }
}

/// One run after another, until something breaks.
fn simulate(plan: Plan) -> Result<Total, Broken> {
    let mut total = Total::default();
    for (seed, acts) in plan.runs() {
        total.add(&once((seed, acts), plan.show)?);
    }
    Ok(total)
}

/// A run in a directory that ends with it.
fn once((seed, acts): (u64, u64), show: Show) -> Result<Outcome, Broken> {
    let broken = |what| Broken { seed, act: 0, what, last: Vec::new() };
    SEED.store(seed, Ordering::Relaxed);
    disk::outlive_full_disks().map_err(broken)?;
    let place = Some(PathBuf::from(MEMORY)).filter(|memory| memory.is_dir());
    let directory = tempfile::tempdir_in(place.unwrap_or_else(std::env::temp_dir));
    let directory = directory.map_err(|error| broken(error.to_string()))?;
    let path: &Path = directory.path();
    run::run((seed, acts), path, show)
}

impl Total {
    fn add(&mut self, outcome: &Outcome) {
        self.runs += 1;
        self.acts += outcome.acts;
        self.events += outcome.events;
        self.orders += outcome.orders;
        self.paid += outcome.paid;
        self.lives += outcome.lives;
        self.records += outcome.records;
        self.digest.update(outcome.digest);
    }

    fn show(self, plan: Plan) -> String {
        let Self { runs, acts, events, orders, paid, lives, records, digest } = self;
        let digest = hex(digest.finalize().into());
        match plan.form {
            Form::Json => json!({
                "seed": plan.seed, "ops": plan.acts, "runs": runs, "acts": acts, "events": events,
                "orders": orders, "paid": paid, "gatewayLives": lives, "journalRecords": records,
                "digest": digest, "broken": null,
            })
            .to_string(),
            Form::Text => format!(
                "{acts} acts in {runs} runs from seed {}: {orders} orders, {paid} paid, {lives} lives \
                 of the gateway, {records} records of the journal; everything held\n\
                 digest of {events} events: {digest}",
                plan.seed
            ),
        }
    }
}

impl Broken {
    fn show(&self, plan: Plan) -> String {
        let Self { seed, act, what, last } = self;
        let acts = plan.runs().find(|(run, _)| run == seed).map_or(RUN, |(_, acts)| acts);
        let again = format!("cargo xtask sim --seed {seed} --ops {acts}");
        match plan.form {
            Form::Json => json!({
                "seed": seed, "ops": acts, "again": again,
                "broken": {"act": act, "what": what, "last": last},
            })
            .to_string(),
            Form::Text => format!(
                "{}\nBROKEN at act {act} of seed {seed}: {what}\nthe same again: {again}",
                last.join("\n")
            ),
        }
    }
}

#[cfg(test)]
mod tests;
