//! What metrics cost: counting a request, and a scrape with so many wallets that have caps. Prints medians in
//! nanoseconds, as JSON. `cargo xtask bench` runs it in a release build.

#![expect(clippy::print_stdout, reason = "what it measures is its output")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gatewayd::app::App;
use gatewayd::clock::{Clock, UnixSeconds};
use gatewayd::config::Settings;
use gatewayd::metrics::{Format, scrape};
use gatewayd::signer::Signer;
use gatewayd::store::PolicyId;
use gatewayd::store::Store;
use gatewayd::store::policies::StoredPolicy;
use gatewayd::store::wallets::{Wallet, WalletStatus};
use primitives::{Address, Chain, Environment, EvmAddress, WalletId};
use serde_json::json;

type Failure = Box<dyn Error>;

/// More than have their caps shown.
const WALLETS: u16 = 300;
const COUNTS: u32 = 1_000_000;
const SCRAPES: usize = 21;
/// Longer than what was looked up is good for.
const STALE: Duration = Duration::from_secs(6);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let store = Store::open(&directory.path().join("gateway.db"))?;
    let (clock, setter) = Clock::settable(UnixSeconds::new(1_800_000_000));
    let cap = cap(&clock);
    let insert = store.write(move |db| {
        (0..WALLETS).try_for_each(|number| db.insert_wallet(&wallet(number)))?;
        db.insert_policy(&cap)
    });
    insert.await?;
    let nobody = Signer::new(Path::new("/nonexistent/signer.sock"));
    let app = Arc::new(App::new(Settings::default(), clock, store, nobody).await?);

    let started = Instant::now();
    for _request in 0..COUNTS {
        let route = (black_box("GET"), Some(black_box("/v1/wallets/{id}")));
        app.metrics.requests.answered(route, black_box(200), black_box(Duration::from_micros(700)));
    }
    let count_ns = started.elapsed().as_nanos() / u128::from(COUNTS);

    let (mut looked_up, mut again) = (Vec::new(), Vec::new());
    for _scrape in 0..SCRAPES {
        setter.advance(STALE);
        for times in [&mut looked_up, &mut again] {
            let started = Instant::now();
            black_box(Format::Prometheus.write(&scrape(&app).await));
            times.push(u64::try_from(started.elapsed().as_nanos())?);
        }
    }
    let bytes = Format::Prometheus.write(&scrape(&app).await).len();
    println!(
        "{:#}",
        json!({
            "metrics_ns": {
                "count_a_request": u64::try_from(count_ns)?,
                "scrape_with_the_database": median(looked_up),
                "scrape_again": median(again),
            },
            "metrics_bytes": bytes,
        })
    );
    Ok(())
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// A cap of every wallet.
fn cap(clock: &Clock) -> StoredPolicy {
    StoredPolicy {
        id: PolicyId::new(clock),
        wallet: None,
        network: None,
        kind: "CUMULATIVE_USD_LIMIT".to_owned(),
        rules: json!({ "daily_limit_usd": 500, "monthly_limit_usd": 5_000 }),
        priority: 0,
        enabled: true,
        created_at: clock.now(),
        updated_at: clock.now(),
    }
}

fn wallet(number: u16) -> Wallet {
    let mut id = [1; 16];
    let [high, low] = number.to_be_bytes();
    (id[0], id[1]) = (high, low);
    Wallet {
        id: WalletId::from_bytes(id),
        name: format!("wallet {number}"),
        chain: Chain::Evm,
        environment: Environment::Testnet,
        address: Address::Evm(EvmAddress([1; 20])),
        public_key: vec![2; 33],
        status: WalletStatus::Active,
        suspension: None,
        owner: None,
        approval_method: None,
        wallet_type: None,
        created_at: UnixSeconds::new(1),
        updated_at: None,
    }
}
