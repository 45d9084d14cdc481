//! What a verdict costs by 100 policies, alone and with the database, and what else is asked of the
//! database and written to it for a payment: in one of 200 payments, and with a million transactions of one
//! wallet that were carried out before, and 10,000 wallets. Prints medians in nanoseconds, as JSON,
//! beside what one row costs that is found by its key. `cargo xtask bench` runs it in a release build.

#![expect(clippy::print_stdout, reason = "what it measures is its output")]

mod parts;

use std::collections::BTreeMap;
use std::error::Error;
use std::hint::black_box;
use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use gatewayd::clock::{Clock, UnixSeconds};
use gatewayd::policy::{self, Facts, Policy, UsdMicros, Verdict, rules};
use gatewayd::prices::Worths;
use gatewayd::store::policies::StoredPolicy;
use gatewayd::store::reservations::{Settlement, Worth};
use gatewayd::store::settings::Setting;
use gatewayd::store::transactions::Page;
use gatewayd::store::{PolicyId, Store, StoreError, TransactionId, Writing};
use gatewayd::tx::{
    self, Deed, Intent, Known, Order, Standing, Status, Tier, Transaction, Transfer,
};
use primitives::{Address, Amount, Asset, ChainId, EvmAddress, Network, WalletId, builtin_by_name};
use serde_json::{Value, json};
use txcodec::{Decoded, evm};

use parts::middle;

type Failure = Box<dyn Error>;

const POLICIES: usize = 100;
const TRANSACTIONS: u64 = 1_000_000;
/// Transactions that are stored together.
const AT_ONCE: u64 = 2_000;
/// Seconds over which they are spread: more than the longest window.
const HISTORY: u64 = 60 * 24 * 60 * 60;
/// Wallets besides.
const WALLETS: u32 = 10_000;
const ROUNDS: usize = 1_000;
const COMMITS: usize = 200;

/// 2026-01-05 12:00 UTC, a Monday.
const NOW: UnixSeconds = UnixSeconds::new(1_767_614_400);
const OWN: EvmAddress = parts::address(0);
const OTHER: EvmAddress = EvmAddress([2; 20]);
const WALLET: WalletId = parts::wallet_id(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let network = builtin_by_name("ethereum-mainnet").ok_or("the network is built in")?;
    let directory = tempfile::tempdir()?;
    let store = Store::open(&directory.path().join("gateway.db"))?;
    let decoded = payment()?;
    let known = known(network);
    let policies = policies(network, &decoded, &known);
    let measured = parts::wallet(0, network.environment);
    store.write(move |db| db.insert_wallet(&measured)).await?;
    let (clock, _setter) = Clock::settable(NOW);
    let stored: Vec<_> = policies.iter().map(|written| written.stored(&clock)).collect();
    store.write(move |db| stored.iter().try_for_each(|stored| db.insert_policy(stored))).await?;
    let evaluated = without_storage(&store, &policies, &decoded, &known).await?;
    let small = with_storage(&store, network, &decoded, &known).await?;
    fill(&store, network).await?;
    let large = with_storage(&store, network, &decoded, &known).await?;
    println!(
        "{:#}",
        json!({
            "policies": POLICIES,
            "past_transactions": TRANSACTIONS,
            "wallets": WALLETS,
            "without_storage_ns": evaluated,
            "small_ns": small,
            "large_ns": large,
        })
    );
    Ok(())
}

/// What is asked of the database, and what is written to it for a payment.
async fn with_storage(
    store: &Store,
    network: &Network,
    decoded: &Decoded,
    known: &Known,
) -> Result<Value, Failure> {
    let chain_id = network.chain_id;
    let (decoded, known) = (decoded.clone(), known.clone());
    // First, so that a small store has a page of them as well.
    let taken_on = taken_on(store, chain_id).await?;
    let read = store.read(move |db| {
        let day = NOW.minus(Duration::from_hours(24));
        let page = Page { before: None, limit: 50 };
        let spent = || db.spent((WALLET, chain_id, Asset::Native), day, None).map(drop);
        Ok::<_, StoreError>(json!({
            // A whole verdict: policies are read and facts gathered, every time.
            "with_storage": median(|| tx::judged(db, &decoded, &known).map(drop))?,
            "spent_in_a_day": median(spent)?,
            "newest_50": median(|| db.transactions_of(&[WALLET], page).map(drop))?,
            "under_way": median(|| db.unfinished_transactions_of(&[WALLET], page).map(drop))?,
            "indexed_row": median(|| db.setting(Setting::RestoredFrom).map(drop))?,
        }))
    });
    let mut measured: Value = read.await?;
    measured["taken_on"] = taken_on.into();
    Ok(measured)
}

/// A payment's row and what it reserves, on the disk.
async fn taken_on(store: &Store, network: ChainId) -> Result<u64, Failure> {
    let mut times = Vec::with_capacity(COMMITS);
    for _commit in 0..COMMITS {
        let started = Instant::now();
        store.write(move |db| spend(db, network, NOW)).await?;
        times.push(u64::try_from(started.elapsed().as_nanos())?);
    }
    Ok(middle(times))
}

/// Facts are there already, and policies are read.
async fn without_storage(
    store: &Store,
    written: &[Written],
    decoded: &Decoded,
    known: &Known,
) -> Result<u64, Failure> {
    let policies: Vec<Policy> = written.iter().map(Written::policy).collect();
    let wanted = known.clone();
    let gathered = store.read(move |db| tx::gathered(db, policies, &wanted)).await?;
    let facts = gathered.facts(known);
    let allowed = matches!(policy::judge(decoded, &facts), Verdict::Allow(_));
    if !allowed {
        return Err("a denial would end the evaluation early".into());
    }
    median(|| {
        drop(black_box(policy::judge(black_box(decoded), &facts)));
        Ok::<_, Failure>(())
    })
}

fn median<E>(mut work: impl FnMut() -> Result<(), E>) -> Result<u64, E> {
    let mut times = Vec::with_capacity(ROUNDS);
    for _round in 0..ROUNDS {
        let started = Instant::now();
        work()?;
        times.push(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(middle(times))
}

/// A policy as it is written.
struct Written {
    kind: &'static str,
    rules: Value,
    wallet: bool,
    network: Option<ChainId>,
    priority: i64,
}

impl Written {
    fn policy(&self) -> Policy {
        let mut policy = Policy::new(self.kind, self.rules.clone());
        policy.wallet = self.wallet.then_some(WALLET);
        (policy.network, policy.priority) = (self.network, self.priority);
        policy
    }

    fn stored(&self, clock: &Clock) -> StoredPolicy {
        StoredPolicy {
            id: PolicyId::new(clock),
            wallet: self.wallet.then_some(WALLET),
            network: self.network,
            kind: self.kind.to_owned(),
            rules: self.rules.clone(),
            priority: self.priority,
            enabled: true,
            created_at: NOW,
            updated_at: NOW,
        }
    }
}

/// The examples of all types that let a payment pass, in all scopes.
fn policies(network: &Network, decoded: &Decoded, known: &Known) -> Vec<Written> {
    let whitelist = json!({ "allowed_addresses": [OTHER.to_string()] });
    let examples = rules::ALL.iter().filter_map(|rule| {
        let rules = match rule.name {
            "WHITELIST" => whitelist.clone(),
            "RATE_LIMIT" => json!({ "max_requests": TRANSACTIONS, "window_seconds": 3600 }),
            "DAILY_LIMIT" => json!({ "max_transactions": TRANSACTIONS }),
            _ => serde_json::from_str(rule.example).ok()?,
        };
        Some((rule.name, rules))
    });
    let passes = |(kind, rules): &(&str, Value)| {
        let policies = [Policy::new(kind, rules.clone())];
        let passed = policy::windows(&policies).into_iter().map(|window| (window, 0)).collect();
        let facts = Facts {
            wallet: WALLET,
            environment: network.environment,
            network: Some(network),
            policies: &policies,
            decimals: &known.decimals,
            standing: &BTreeMap::new(),
            worth: Some(UsdMicros::ZERO),
            spent_in_day: Some(UsdMicros::ZERO),
            spent_in_month: Some(UsdMicros::ZERO),
            now: NOW,
            passed: &passed,
            action: None,
            destination: None,
            reputation: None,
        };
        matches!(policy::judge(decoded, &facts), Verdict::Allow(_))
    };
    let kinds: Vec<_> = examples.filter(passes).collect();
    let scopes = [(false, false), (false, true), (true, false), (true, true)];
    let scoped = (0_i64..).flat_map(|priority| {
        let chain_id = network.chain_id;
        scopes.map(|(wallet, there)| (wallet, there.then_some(chain_id), priority))
    });
    let written = scoped.flat_map(|(wallet, network, priority)| {
        kinds.iter().map(move |(kind, rules)| {
            let rules = rules.clone();
            Written { kind, rules, wallet, network, priority }
        })
    });
    written.take(POLICIES).collect()
}

fn known(network: &Network) -> Known {
    Known {
        wallet: WALLET,
        environment: network.environment,
        network: Some(network.clone()),
        decimals: BTreeMap::new(),
        worths: Worths::NOTHING,
        standing: Standing::default(),
        transaction: None,
        asked_by: None,
        now: NOW,
    }
}

fn payment() -> Result<Decoded, Failure> {
    let transaction = evm::Transaction {
        kind: evm::Kind::Legacy { gas_price: Amount::from(1_u64) },
        chain_id: NonZeroU64::MIN,
        nonce: 0,
        gas_limit: 21_000,
        to: Some(OTHER),
        value: Amount::from(1_u64),
        data: Vec::new(),
    };
    Ok(evm::decode(&transaction.to_unsigned_bytes(), OWN)?)
}

/// Stores what was carried out before, in the order of time, and further wallets.
async fn fill(store: &Store, network: &Network) -> Result<(), StoreError> {
    let environment = network.environment;
    let others = move |db: &Writing<'_>| {
        (1..=WALLETS).try_for_each(|number| db.insert_wallet(&parts::wallet(number, environment)))
    };
    store.write(others).await?;
    let begin = NOW.minus(Duration::from_secs(HISTORY));
    let network = network.chain_id;
    for first in (0..TRANSACTIONS).step_by(usize::try_from(AT_ONCE).unwrap_or(1)) {
        let some = move |db: &Writing<'_>| {
            for number in first..first.saturating_add(AT_ONCE) {
                let seconds = number.saturating_mul(HISTORY) / TRANSACTIONS;
                spend(db, network, begin.plus(Duration::from_secs(seconds)))?;
            }
            Ok::<_, StoreError>(())
        };
        store.write(some).await?;
    }
    Ok(())
}

fn spend(db: &Writing<'_>, network: ChainId, at: UnixSeconds) -> Result<(), StoreError> {
    let (clock, _setter) = Clock::settable(at);
    let deed = Deed::Transfer(Transfer {
        asset: Asset::Native,
        to: Address::Evm(OTHER),
        amount: Amount::from(1_u64),
        decimals: 18,
        symbol: None,
        memo: None,
    });
    let intent = Intent::Send(Box::new(Order { network, deed, gas_condition: None }));
    let asked = Transaction::new(TransactionId::new(&clock), WALLET, None, intent, at);
    let transaction = Transaction {
        status: Status::Confirmed,
        tier: Some(Tier::Instant),
        next_attempt_at: None,
        ..asked
    };
    db.insert_transaction(&transaction)?;
    let worth = Worth { whole: Some(UsdMicros::new(1)), fee: Some(UsdMicros::ZERO) };
    let reserved = BTreeMap::from([(Asset::Native, Amount::from(21_001_u64))]);
    db.reserve((transaction.id, WALLET, Some(network)), &reserved, worth, at)?;
    db.settle(transaction.id, Settlement::Post, at)
}
