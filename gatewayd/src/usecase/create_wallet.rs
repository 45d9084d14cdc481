//! A new wallet: a key that the signer makes, and a name for it.

use std::time::Duration;

use primitives::{Chain, Environment};
use protocol::{KeyInfo, KeyState};

use super::create_session::{NewSession, NewSessionError, OpenedSession, create_session};
use super::wallets::{WalletError, check_name};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::session::Master;
use crate::session::grants::Grants;
use crate::signer::SignerError;
use crate::store::audit::{Actor, AuditEntry};
use crate::store::sessions::Source;
use crate::store::wallets::{Wallet, WalletStatus};
use crate::store::{StoreError, Writing};

/// How long a wallet may take to be made.
const HALF_MADE: Duration = Duration::from_mins(1);

/// What is asked for.
#[derive(Clone, Debug)]
pub struct NewWallet {
    /// People's name for it.
    pub name: String,
    /// Which kind of chain it is for.
    pub chain: Chain,
    /// Which networks it is for.
    pub environment: Environment,
    /// Whether to open a session for it, too.
    pub session: FirstSession,
}

/// Whether to open a session with a wallet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstSession {
    /// One without end.
    Yes,
    /// None.
    No,
}

/// Why there is no new wallet.
#[derive(Debug, thiserror::Error)]
pub enum NewWalletError {
    /// The name is none, or the database fails.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// The signer made no key.
    #[error(transparent)]
    Signer(#[from] SignerError),
    /// The wallet is there, and its session is not.
    #[error(transparent)]
    Session(#[from] NewSessionError),
}

/// Lets the signer make a key and gives it a name, as `master` asks.
///
/// # Errors
/// When the name is none, the signer is locked or makes no key, or the database fails.
pub async fn create_wallet(
    app: &App,
    master: &Master,
    new: NewWallet,
) -> Result<(Wallet, Option<OpenedSession>), NewWalletError> {
    check_name(&new.name)?;
    let key = app.signer.create_key(new.chain, new.environment, None).await?;
    let made = wallet_of(key, new.name);
    let kept = Wallet { status: WalletStatus::Creating, ..made.clone() };
    let keep = app.store.write(move |db| put(db, &kept));
    keep.await.map_err(WalletError::from)?;
    let session = match new.session {
        FirstSession::Yes => Some(open(app, master, &made).await?),
        FirstSession::No => None,
    };
    let (id, now) = (made.id, app.clock.now());
    let ready = app.store.write(move |db| {
        db.set_wallet_status(id, WalletStatus::Active, now)?;
        db.wallet(id)
    });
    let wallet = ready.await.map_err(WalletError::from)?.unwrap_or(made);
    Ok((wallet, session))
}

/// Takes over the signer's keys that have no name here: they were imported, rotated, restored, or
/// made by a request whose answer was lost. Answers how many there were.
///
/// # Errors
/// When the signer cannot be asked, or the database fails.
pub async fn adopt_keys(app: &App) -> Result<usize, NewWalletError> {
    let keys = app.signer.keys().await?;
    let now = app.clock.now();
    let adopt = app.store.write(move |db| {
        let mut adopted: usize = 0;
        for key in keys {
            if !db.knows_key(key.wallet)? {
                let name = name_of(&key);
                insert(db, &wallet_of(key, name), Actor::System)?;
                adopted = adopted.saturating_add(1);
            } else if db.wallet(key.wallet)?.is_some_and(|found| is_half_made(&found, now)) {
                // The program ended while it was made.
                db.set_wallet_status(key.wallet, WalletStatus::Active, now)?;
            }
        }
        Ok::<_, StoreError>(adopted)
    });
    Ok(adopt.await.map_err(WalletError::from)?)
}

/// Whether whoever made it must be gone.
fn is_half_made(wallet: &Wallet, now: UnixSeconds) -> bool {
    wallet.status == WalletStatus::Creating && now.since(wallet.created_at) >= HALF_MADE
}

/// Chain and the beginning of the address, until somebody renames it.
fn name_of(key: &KeyInfo) -> String {
    let address: String = key.address.to_string().chars().take(8).collect();
    format!("{}-{address}", key.chain)
}

/// The key may have been adopted, under another name, since the signer made it.
fn put(db: &Writing<'_>, wallet: &Wallet) -> Result<(), StoreError> {
    if db.wallet(wallet.id)?.is_none() {
        insert(db, wallet, Actor::Operator)
    } else {
        db.rename_wallet(wallet.id, &wallet.name, wallet.created_at).map(drop)
    }
}

fn insert(db: &Writing<'_>, wallet: &Wallet, actor: Actor) -> Result<(), StoreError> {
    db.insert_wallet(wallet)?;
    let made = AuditEntry::new(wallet.created_at, "WALLET_CREATED", actor).wallet(wallet.id);
    db.audit(&made.detail("name", &wallet.name).detail("address", wallet.address))
}

fn wallet_of(key: KeyInfo, name: String) -> Wallet {
    let created_at = i64::try_from(key.created_at).unwrap_or(i64::MAX);
    Wallet {
        id: key.wallet,
        name,
        chain: key.chain,
        environment: key.environment,
        address: key.address,
        public_key: key.public_key,
        status: match key.state {
            KeyState::Active | KeyState::Retiring { .. } => WalletStatus::Active,
            KeyState::Retired => WalletStatus::Terminated,
        },
        suspension: None,
        owner: None,
        approval_method: None,
        wallet_type: None,
        created_at: UnixSeconds::new(created_at),
        updated_at: None,
    }
}

async fn open(
    app: &App,
    master: &Master,
    wallet: &Wallet,
) -> Result<OpenedSession, NewSessionError> {
    let new = NewSession {
        wallets: vec![wallet.id],
        lifetime: None,
        max_renewals: None,
        absolute_lifetime: None,
        source: Source::Api,
        grants: Grants::default(),
    };
    create_session(app, master, new).await
}
