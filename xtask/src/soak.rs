//! `cargo xtask soak`: hours of a busy installation in as little time as it takes. Payments in rounds, each
//! with a session, a policy and an approval of its own, and the daemons started again in between. Memory and
//! descriptors must not grow, and what the store and the journal grow by a payment is said.

use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

use primitives::{Address, Amount, Chain};
use serde_json::{Map, Value, json};
use tests::daemons::{operator, unlock};
use tests::owner::{Form, Owner};
use tests::stage::{Stage, Wallet, World};
use tests::wait;

use crate::rig::{self, Agent, descriptors, resident, size, stage, wallet};
use crate::shell::Failure;

/// What eight hours of a busy installation are: three and a half a second.
const SENDS: u64 = 100_000;
const WALLETS: u64 = 4;
/// Payments of each connection in a round, and of all; a wallet's agent has two.
const EACH: u64 = 50;
const ROUND: u64 = EACH * WALLETS * 2;
/// Rounds after which the gateway is started again, and the signer.
const GATEWAY_RESTARTS: u64 = 8;
const SIGNER_RESTARTS: u64 = 20;
/// For how long a round's payments may be under way.
const PATIENCE: Duration = Duration::from_mins(10);
/// Per cent of what was in the first third that may be in the last: what caches take.
const MOST_PERCENT: u64 = 125;
/// More than the default guard lets go without owners, in wei.
const TO_BE_APPROVED: u64 = 1_000_000_000_000_000_000;
/// Payments of a busy agent in a year: a thousand a day.
const YEAR: u64 = 365_000;

/// Does what the command line says: `--sends N`, `--json`.
pub(crate) fn run(words: &[&str]) -> ExitCode {
    if cfg!(debug_assertions) {
        return ended(rig::in_release("soak", words).map(|()| true));
    }
    let outcome = read(words).and_then(|(sends, is_json)| {
        let report = Report::of(sends)?;
        if is_json {
            println!("{:#}", report.to_json());
        } else {
            print!("{}", report.to_text());
        }
        Ok(report.complaints.is_empty())
    });
    ended(outcome)
}

fn ended(outcome: Result<bool, Failure>) -> ExitCode {
    match outcome {
        Ok(is_well) => ExitCode::from(u8::from(!is_well)),
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn read(words: &[&str]) -> Result<(u64, bool), Failure> {
    let (mut sends, mut is_json) = (SENDS, false);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--json" => is_json = true,
            "--sends" => {
                let number = words.next().ok_or("--sends needs a number")?;
                sends = number.parse().map_err(|why| format!("--sends {number}: {why}"))?;
            }
            other => return Err(format!("soak knows `--sends N` and `--json`, and not `{other}`")),
        }
    }
    Ok((sends, is_json))
}

/// What must be flat: its name, what it is of a sample, and by how much more of it is nothing.
type Flat = (&'static str, fn(&Sample) -> u64, u64);

const FLAT: [Flat; 4] = [
    ("signerd_memory", |sample| sample.signerd_memory, 4 << 20),
    ("gatewayd_memory", |sample| sample.gatewayd_memory, 4 << 20),
    ("signerd_descriptors", |sample| sample.signerd_descriptors, 8),
    ("gatewayd_descriptors", |sample| sample.gatewayd_descriptors, 8),
];

/// How things stand after a round.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    sends: u64,
    signerd_memory: u64,
    gatewayd_memory: u64,
    signerd_descriptors: u64,
    gatewayd_descriptors: u64,
    store: u64,
    journal: u64,
}

struct Report {
    samples: Vec<Sample>,
    took: Duration,
    complaints: Vec<String>,
}

impl Report {
    fn of(sends: u64) -> Result<Self, Failure> {
        let world = World::start();
        let settings = world.settings();
        let mut soak = Soak::start(stage(world, &settings))?;
        let started = Instant::now();
        let mut samples = Vec::new();
        for round in 1..=sends.div_ceil(ROUND) {
            soak.round(round)?;
            let sample = soak.sample()?;
            eprintln!("{} payments, {} s", sample.sends, started.elapsed().as_secs());
            samples.push(sample);
        }
        soak.check()?;
        let mut report = Self { samples, took: started.elapsed(), complaints: Vec::new() };
        report.complain();
        Ok(report)
    }

    /// What must be flat, and is not.
    fn complain(&mut self) {
        for (name, figure, slack) in FLAT {
            let [first, last] = self.thirds(figure);
            if last > first * MOST_PERCENT / 100 + slack {
                self.complaints.push(format!("{name} grew from {first} to {last}"));
            }
        }
    }

    /// The median of the first third, and of the last.
    fn thirds(&self, figure: fn(&Sample) -> u64) -> [u64; 2] {
        let third = self.samples.len().div_ceil(3);
        let median = |samples: &[Sample]| {
            let mut figures: Vec<u64> = samples.iter().map(figure).collect();
            figures.sort_unstable();
            figures.get(figures.len() / 2).copied().unwrap_or_default()
        };
        let last = self.samples.len().saturating_sub(third);
        [&self.samples[..third], &self.samples[last..]].map(median)
    }

    /// Bytes that a payment adds, from the first round's end to the last's.
    fn growth(&self, figure: fn(&Sample) -> u64) -> u64 {
        let (Some(first), Some(last)) = (self.samples.first(), self.samples.last()) else {
            return 0;
        };
        let sends = last.sends.saturating_sub(first.sends).max(1);
        figure(last).saturating_sub(figure(first)) / sends
    }

    fn to_json(&self) -> Value {
        let flat = FLAT.map(|(name, figure, _slack)| {
            let [first, last] = self.thirds(figure);
            (name.to_owned(), json!({ "first_third": first, "last_third": last }))
        });
        let [store, journal] = [self.growth(|it| it.store), self.growth(|it| it.journal)];
        json!({
            "sends": self.samples.last().map(|sample| sample.sends),
            "seconds": self.took.as_secs(),
            "flat": Map::from_iter(flat),
            "bytes_of_a_send": { "store": store, "journal": journal },
            "bytes_of_a_year": { "sends": YEAR, "store": store * YEAR, "journal": journal * YEAR },
            "complaints": self.complaints,
        })
    }

    fn to_text(&self) -> String {
        let flat = FLAT.iter().map(|(name, figure, _slack)| {
            let [first, last] = self.thirds(*figure);
            format!("{name}: {first} in the first third, {last} in the last\n")
        });
        let [store, journal] = [self.growth(|it| it.store), self.growth(|it| it.journal)];
        let [store_mb, journal_mb] = [store, journal].map(|bytes| bytes * YEAR / 1_000_000);
        let grown = format!(
            "a payment adds {store} bytes to the store and {journal} to the journal\n\
             a year of {YEAR} payments: {store_mb} MB and {journal_mb} MB\n"
        );
        let complaints = self.complaints.iter().map(|complaint| format!("NOT FLAT: {complaint}\n"));
        flat.chain([grown]).chain(complaints).collect()
    }
}

/// An installation under way.
struct Soak {
    stage: Stage,
    wallets: Vec<Wallet>,
    sends: u64,
}

impl Soak {
    fn start(stage: Stage) -> Result<Self, Failure> {
        let made = (0..WALLETS).map(|_| {
            let made = wallet(&stage, Chain::Evm)?;
            let Address::Evm(address) = made.address else { return Err("no EVM wallet".into()) };
            // All of its approvals, and their fees.
            let plenty = Amount::from_units("1000000", 18).map_err(|why| why.to_string())?;
            stage.evm.fund(address, plenty);
            stage.confirm_owner(&made, Owner::new(Chain::Evm, 1, &stage.evm).address());
            Ok(made)
        });
        let wallets = made.collect::<Result<_, Failure>>()?;
        Ok(Self { stage, wallets, sends: 0 })
    }

    fn round(&mut self, number: u64) -> Result<(), Failure> {
        let wallets: Vec<&Wallet> = self.wallets.iter().collect();
        let token = self.stage.open_session(&wallets);
        let policy = json!({ "type": "RATE_LIMIT", "rules": { "max_requests": 1_000_000, "window_seconds": 60 } });
        let policy = self.stage.operator().post("/v1/policies", &policy).expect(201);
        self.pay(&token)?;
        self.wallets.rotate_left(1);
        let payer = self.wallets.first().ok_or("no wallet")?;
        self.approve(&token, payer)?;
        self.settle(&token)?;
        let id = policy["id"].as_str().ok_or("a policy without an id")?;
        self.stage.operator().delete(&format!("/v1/policies/{id}"));
        if number.is_multiple_of(GATEWAY_RESTARTS) {
            self.stage.gatewayd.process().stop();
            self.stage.gatewayd.start_again(&self.stage.place);
        }
        if number.is_multiple_of(SIGNER_RESTARTS) {
            self.stage.signerd.process().stop();
            self.stage.signerd.start_again(&self.stage.place);
            unlock(&self.stage.place);
        }
        Ok(())
    }

    /// A round's payments, of each wallet on several connections.
    fn pay(&mut self, token: &str) -> Result<(), Failure> {
        let (first, stage) = (self.sends, &self.stage);
        let connections = (0..)
            .map(|place: u64| first + place * EACH)
            .zip(self.wallets.iter().flat_map(|it| [it, it]));
        let pay = |(first, wallet): (u64, &Wallet)| {
            let mut agent = Agent::new(stage, token)?.of(&wallet.id);
            let mut own = first..first + EACH;
            own.try_for_each(|number| agent.send(Chain::Evm, 1 + number).map(drop))
        };
        let pay = &pay;
        thread::scope(|scope| {
            let payers: Vec<_> =
                connections.map(|connection| scope.spawn(move || pay(connection))).collect();
            payers.into_iter().try_for_each(|payer| {
                payer.join().map_err(|_panic| "a thread ended early".to_owned()).flatten()
            })
        })?;
        self.sends += ROUND;
        Ok(())
    }

    /// A payment that its owner has to sign.
    fn approve(&self, token: &str, wallet: &Wallet) -> Result<(), Failure> {
        let mut agent = Agent::new(&self.stage, token)?.of(&wallet.id);
        let id = agent.send(Chain::Evm, TO_BE_APPROVED + self.sends)?;
        agent.until(&id, |found| found["tier"] == "APPROVAL")?;
        let path = format!("/v1/transactions/{id}");
        let asked = wait::until("a question to the owners", || {
            agent.ask("GET", &format!("{path}/approval"), "", 200).ok()
        });
        let owner = Owner::new(Chain::Evm, 1, &self.stage.evm);
        let signed = owner.approve(&asked, Form::TypedData);
        let approved = self.stage.stranger().post(&format!("{path}/approve"), &signed);
        if approved.status != 200 {
            return Err(approved.to_string());
        }
        Ok(())
    }

    /// Waits until nothing is under way.
    fn settle(&self, token: &str) -> Result<(), Failure> {
        let mut agent = Agent::new(&self.stage, token)?;
        let over = wait::within(PATIENCE, || {
            let pending = agent.ask("GET", "/v1/transactions/pending", "", 200).ok()?;
            pending["items"].as_array().is_some_and(Vec::is_empty).then_some(())
        });
        over.ok_or_else(|| "some payments stay as they are".to_owned())
    }

    fn sample(&mut self) -> Result<Sample, Failure> {
        let (signerd, gatewayd) =
            (self.stage.signerd.process().id(), self.stage.gatewayd.process().id());
        Ok(Sample {
            sends: self.sends,
            signerd_memory: resident(signerd)?,
            gatewayd_memory: resident(gatewayd)?,
            signerd_descriptors: descriptors(signerd)?,
            gatewayd_descriptors: descriptors(gatewayd)?,
            store: size(&self.stage.place.path("gateway"))?,
            journal: size(&self.stage.place.path("signer/journal"))?,
        })
    }

    /// Each payment was made once, and the journal verifies.
    fn check(&self) -> Result<(), Failure> {
        let paid = self.wallets.iter().map(|wallet| self.stage.nonce(wallet));
        let paid = Amount::sum(paid).ok_or("too many")?;
        let approved = self.sends / ROUND;
        let expected = Amount::from(self.sends + approved);
        if paid != expected {
            return Err(format!("{paid} transactions are on the chain, and not {expected}"));
        }
        operator(&self.stage.place).read_journal().map(drop)
    }
}
