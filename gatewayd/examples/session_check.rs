//! What it costs to check a session's token that was checked before, among a thousand other sessions,
//! while nothing of them changes. Prints medians in nanoseconds, as JSON, beside what a first check
//! costs, for which the database is read. `cargo xtask bench` runs it in a release build.

#![expect(clippy::print_stdout, reason = "what it measures is its output")]

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use gatewayd::app::App;
use gatewayd::clock::{Clock, UnixSeconds};
use gatewayd::config::Settings;
use gatewayd::session::grants::Grants;
use gatewayd::session::password::{Cost, PasswordHash};
use gatewayd::session::{Agent, Master};
use gatewayd::signer::Signer;
use gatewayd::store::Store;
use gatewayd::store::sessions::Source;
use gatewayd::store::wallets::{Wallet, WalletStatus};
use gatewayd::usecase::create_session::{NewSession, create_session};
use primitives::{Address, Chain, Environment, EvmAddress, WalletId};
use serde_json::json;

type Failure = Box<dyn Error>;

const SESSIONS: usize = 1_000;
const ROUNDS: usize = 20_000;
const PASSWORD: &str = "correct horse battery";
const WALLET: WalletId = WalletId::from_bytes([1; 16]);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let store = Store::open(&directory.path().join("gateway.db"))?;
    store.write(|db| db.insert_wallet(&wallet())).await?;
    let nobody = Signer::new(Path::new("/nonexistent/signer.sock"));
    let app = App::new(Settings::default(), Clock::system(), store, nobody).await?;
    app.master_password.replace(Some(PasswordHash::derive(PASSWORD, Cost::DEFAULT)?)).await;
    let master = Master::from_password(&app, PASSWORD).await?;
    let mut tokens = Vec::with_capacity(SESSIONS);
    for _session in 0..SESSIONS {
        tokens.push(create_session(&app, &master, asked()).await?.token);
    }
    let first = median(&app, &tokens, SESSIONS).await?;
    let again = median(&app, &tokens, ROUNDS).await?;
    println!(
        "{:#}",
        json!({
            "sessions": SESSIONS,
            "session_check_ns": { "of_a_known_token": again, "with_the_database": first },
        })
    );
    Ok(())
}

/// The median of so many checks, of one token after the other.
async fn median(app: &App, tokens: &[String], rounds: usize) -> Result<u64, Failure> {
    let mut times = Vec::with_capacity(rounds);
    for token in tokens.iter().cycle().take(rounds) {
        let started = Instant::now();
        black_box(Agent::from_token(app, black_box(token)).await?);
        times.push(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    times.sort_unstable();
    Ok(times.get(rounds / 2).copied().unwrap_or_default())
}

fn asked() -> NewSession {
    NewSession {
        wallets: vec![WALLET],
        lifetime: Some(Duration::from_hours(24)),
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Api,
        grants: Grants::default(),
    }
}

fn wallet() -> Wallet {
    Wallet {
        id: WALLET,
        name: "measured".to_owned(),
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
