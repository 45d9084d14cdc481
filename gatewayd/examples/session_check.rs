//! What it costs to check a session's token that was checked before, while nothing of it changes, and a
//! first check, for which the database is read; with few sessions and with very many. Prints medians in
//! nanoseconds, as JSON. `cargo xtask bench` runs it in a release build.

#![expect(clippy::print_stdout, reason = "what it measures is its output")]

mod parts;

use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::time::{Duration, Instant};

use gatewayd::app::App;
use gatewayd::clock::Clock;
use gatewayd::config::Settings;
use gatewayd::session::grants::Grants;
use gatewayd::session::password::{Cost, PasswordHash};
use gatewayd::session::{Agent, Master};
use gatewayd::signer::Signer;
use gatewayd::store::sessions::{Session, SessionStatus, Source};
use gatewayd::store::{SessionId, Store, StoreError, Writing};
use gatewayd::usecase::create_session::{NewSession, create_session};
use primitives::{Environment, WalletId};
use serde_json::{Value, json};

type Failure = Box<dyn Error>;

/// Sessions whose tokens are checked.
const SESSIONS: usize = 1_000;
/// Others that are stored besides in the end: as many as may be open, and those that were revoked.
const OTHERS: usize = 99_000;
const OPEN: usize = 9_000;
const ROUNDS: usize = 20_000;
const PASSWORD: &str = "correct horse battery";
const WALLET: WalletId = parts::wallet_id(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let directory = tempfile::tempdir()?;
    let store = Store::open(&directory.path().join("gateway.db"))?;
    store.write(|db| db.insert_wallet(&parts::wallet(0, Environment::Testnet))).await?;
    let nobody = Signer::new(Path::new("/nonexistent/signer.sock"));
    let app = App::new(Settings::default(), Clock::system(), store, nobody).await?;
    app.master_password.replace(Some(PasswordHash::derive(PASSWORD, Cost::DEFAULT)?)).await;
    let master = Master::from_password(&app, PASSWORD).await?;
    let mut tokens = Vec::with_capacity(SESSIONS);
    for _session in 0..SESSIONS {
        tokens.push(create_session(&app, &master, asked()).await?.token);
    }
    let small = measured(&app, &tokens).await?;
    app.store.write(|db| (0..OTHERS).try_for_each(|number| insert_other(db, number))).await?;
    app.known_sessions.forget();
    let large = measured(&app, &tokens).await?;
    println!(
        "{:#}",
        json!({ "sessions": SESSIONS + OTHERS, "small_ns": small, "large_ns": large })
    );
    Ok(())
}

/// The first check of each token, and many that follow.
async fn measured(app: &App, tokens: &[String]) -> Result<Value, Failure> {
    let first = median(app, tokens, SESSIONS).await?;
    let known = median(app, tokens, ROUNDS).await?;
    Ok(json!({ "known": known, "with_the_database": first }))
}

/// A session whose token nobody has.
fn insert_other(db: &Writing<'_>, number: usize) -> Result<(), StoreError> {
    let now = Clock::system().now();
    let id = SessionId::new(&Clock::system());
    let mut token_hash = [0; 32];
    let (own, _rest) = token_hash.split_at_mut(8);
    own.copy_from_slice(&number.to_be_bytes());
    db.insert_session(&Session {
        id,
        status: if number < OPEN { SessionStatus::Active } else { SessionStatus::Revoked },
        source: Source::Api,
        token_hash,
        token_issued_count: 1,
        renewal_count: 0,
        max_renewals: None,
        expires_at: Some(now.plus(Duration::from_hours(24))),
        absolute_expires_at: None,
        created_at: now,
        last_renewed_at: None,
        grants: Grants::default(),
    })?;
    db.link_wallet(id, WALLET, now).map(drop)
}

/// The median of so many checks, of one token after the other.
async fn median(app: &App, tokens: &[String], rounds: usize) -> Result<u64, Failure> {
    let mut times = Vec::with_capacity(rounds);
    for token in tokens.iter().cycle().take(rounds) {
        let started = Instant::now();
        black_box(Agent::from_token(app, black_box(token)).await?);
        times.push(u64::try_from(started.elapsed().as_nanos()).unwrap_or(u64::MAX));
    }
    Ok(parts::middle(times))
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
