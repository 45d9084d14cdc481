//! What metrics cost: counting a request, and a scrape with so many wallets that have caps. Prints medians in
//! nanoseconds, as JSON. `cargo xtask bench` runs it in a release build.

#![expect(clippy::print_stdout, reason = "what it measures is its output")]

mod parts;

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
use gatewayd::store::policies::StoredPolicy;
use gatewayd::store::{PolicyId, Store};
use primitives::Environment;
use serde_json::json;

use parts::middle;

type Failure = Box<dyn Error>;

/// More than have their caps shown.
const WALLETS: u32 = 300;
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
        (0..WALLETS).try_for_each(|number| {
            db.insert_wallet(&parts::wallet(number, Environment::Testnet))
        })?;
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
                "scrape_with_the_database": middle(looked_up),
                "scrape_again": middle(again),
            },
            "metrics_bytes": bytes,
        })
    );
    Ok(())
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
