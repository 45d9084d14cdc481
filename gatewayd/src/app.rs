//! What every request and every task of the gateway shares.

use primitives::{decode_hex, encode_hex};
use protocol::Latch;
use sandbox::Layers;
use tokio::sync::{Semaphore, watch};

use crate::chains::Chains;
use crate::clock::{Clock, UnixSeconds};
use crate::config::{Keeping, Limits, Settings};
use crate::metrics::{Metrics, OwnProcess};
use crate::net::HttpClient;
use crate::networks::Networks;
use crate::owner::Nonces;
use crate::prices::Prices;
use crate::refusals::Refusals;
use crate::session::known::KnownSessions;
use crate::session::link::LinkKey;
use crate::session::password::{MasterPassword, PasswordHash};
use crate::session::random_bytes;
use crate::session::token::{Secret, Secrets, TokenKey, is_graced};
use crate::session::uses::SessionUses;
use crate::signer::Signer;
use crate::state::McpTokens;
use crate::store::settings::Setting;
use crate::store::{Store, StoreError, Writing};
use crate::switch::Switch;
use crate::tx::Signals;
use crate::usecase::withdraw::Turns;

/// The parts of the running gateway; passed around as `Arc<App>`.
#[derive(Debug)]
pub struct App {
    /// What the time is.
    pub clock: Clock,
    /// When the program was started.
    pub started_at: UnixSeconds,
    /// The settings of the start.
    pub settings: Settings,
    /// What one client may take; changes with the settings.
    pub limits: watch::Sender<Limits>,
    /// The networks that are known.
    pub networks: Networks,
    /// The database.
    pub store: Store,
    /// Who holds the keys.
    pub signer: Signer,
    /// The networks as they can be asked.
    pub chains: Chains,
    /// What things are worth.
    pub prices: Prices,
    /// What owners sign, so that it is used once.
    pub owner_nonces: Nonces,
    /// Tells who waits for a transaction.
    pub signals: Signals,
    /// Whether anything may leave.
    pub switch: Switch,
    /// What session tokens are made with.
    pub token_key: TokenKey,
    /// Where tokens for servers of the Model Context Protocol go, if they go anywhere.
    pub mcp_tokens: Option<McpTokens>,
    /// What owners' links are made with.
    pub link_key: LinkKey,
    /// Tokens that were checked.
    pub known_sessions: KnownSessions,
    /// When sessions were used, until the database has it.
    pub session_uses: SessionUses,
    /// The password of `X-Master-Password`.
    pub master_password: MasterPassword,
    /// The refusals of the last minute, and what was told of those of the day.
    pub refusals: Refusals,
    /// What is counted.
    pub metrics: Metrics,
    /// Lets one auditor at a time look through the trail, whatever the other readers do.
    pub auditors: Semaphore,
    /// Wallets that are being emptied.
    pub emptying: Turns,
    /// Turns true once the program shall end.
    pub ending: watch::Sender<bool>,
    /// What confines the program, a word a layer.
    pub sandbox: Vec<&'static str>,
}

impl App {
    /// Puts the parts together; makes the keys of tokens and links where there are none yet.
    ///
    /// # Errors
    /// When the database fails, or keeps something that is no password hash or key.
    pub async fn new(
        settings: Settings,
        clock: Clock,
        store: Store,
        signer: Signer,
    ) -> Result<Self, StoreError> {
        Self::asking(HttpClient::new(), settings, clock, store, signer).await
    }

    /// The same, with everybody outside asked through `http`.
    ///
    /// # Errors
    /// As [`App::new`].
    pub async fn asking(
        http: HttpClient,
        settings: Settings,
        clock: Clock,
        store: Store,
        signer: Signer,
    ) -> Result<Self, StoreError> {
        let now = clock.now();
        let keeping = settings.sessions.token_secret;
        let read = move |db: &Writing<'_>| {
            Ok::<_, StoreError>((Kept::read(db, keeping, now)?, db.end_of_trail()?.id))
        };
        let (kept, trail_end) = store.write(read).await?;
        let refusals = store.read(move |db| Refusals::read(db, now)).await?;
        let chains = Chains::new(&settings.networks, &settings.transactions, &http, &clock);
        Ok(Self {
            started_at: now,
            limits: watch::Sender::new(settings.limits.clone()),
            networks: settings.networks.clone(),
            prices: Prices::new(&settings.prices, &chains, &http, &clock),
            settings,
            store,
            signer,
            chains,
            owner_nonces: Nonces::new(),
            signals: Signals::new(),
            switch: Switch::new(kept.latch),
            token_key: TokenKey::new(&kept.token_secrets),
            mcp_tokens: None,
            link_key: LinkKey::new(kept.link_key),
            known_sessions: KnownSessions::default(),
            session_uses: SessionUses::default(),
            master_password: MasterPassword::new(clock.clone(), kept.master_password),
            refusals,
            metrics: Metrics::new(trail_end),
            auditors: Semaphore::new(1),
            emptying: Turns::default(),
            ending: watch::Sender::new(false),
            sandbox: Vec::new(),
            clock,
        })
    }

    /// The same in a process that is confined like this.
    #[must_use]
    pub fn confined(self, layers: Layers) -> Self {
        Self { sandbox: layers.in_force, ..self }
    }

    /// The same in a process that can be looked at.
    #[must_use]
    pub fn observing(mut self, process: Option<OwnProcess>) -> Self {
        self.metrics.process = process;
        self
    }

    /// The same with a place for the tokens of servers of the Model Context Protocol.
    #[must_use]
    pub fn handing_out(self, tokens: McpTokens) -> Self {
        Self { mcp_tokens: Some(tokens), ..self }
    }
}

impl App {
    /// Goes by what the database keeps now, after another one took its place.
    ///
    /// # Errors
    /// As [`App::new`].
    pub async fn read_again(&self) -> Result<(), StoreError> {
        let (keeping, now) = (self.settings.sessions.token_secret, self.clock.now());
        let kept = self.store.write(move |db| Kept::read(db, keeping, now)).await?;
        if kept.latch != Latch::Active {
            self.switch.fall(kept.latch).await;
        }
        self.token_key.replace(&kept.token_secrets);
        self.link_key.replace(kept.link_key);
        self.known_sessions.forget();
        self.master_password.replace(kept.master_password).await;
        Ok(())
    }
}

/// What the database keeps for the program itself.
struct Kept {
    latch: Latch,
    token_secrets: Secrets,
    link_key: Secret,
    master_password: Option<PasswordHash>,
}

impl Kept {
    fn read(db: &Writing<'_>, keeping: Keeping, now: UnixSeconds) -> Result<Self, StoreError> {
        let hash = db.setting(Setting::MasterPassword)?;
        let hash = hash.map(|kept| serde_json::from_str(&kept)).transpose();
        Ok(Self {
            latch: db.latch()?,
            token_secrets: token_secrets(db, keeping, now)?,
            link_key: key(db, Setting::LinkKey, "link key", now)?,
            master_password: hash
                .map_err(|_malformed| StoreError::Corrupt { what: "master password hash" })?,
        })
    }
}

/// The secrets of tokens that are kept, of which the old one is forgotten once it is over. Where none
/// are to be kept, what was kept before is forgotten: it shall not come back either.
fn token_secrets(
    db: &Writing<'_>,
    keeping: Keeping,
    now: UnixSeconds,
) -> Result<Secrets, StoreError> {
    let what = "token key";
    match keeping {
        Keeping::Ephemeral => {
            db.forget_setting(Setting::TokenKey)?;
            db.forget_setting(Setting::OldTokenKey)?;
            Ok(Secrets { current: random_bytes(), old: None })
        }
        Keeping::Persistent => {
            let rotated_at = db.token_key_rotated_at()?;
            if rotated_at.is_none_or(|at| !is_graced(at, now)) {
                db.forget_setting(Setting::OldTokenKey)?;
            }
            let old = kept_key(db, Setting::OldTokenKey, what)?;
            let current = key(db, Setting::TokenKey, what, now)?;
            Ok(Secrets { current, old: old.zip(rotated_at) })
        }
    }
}

/// The key that is kept there, if one is.
fn kept_key(
    db: &Writing<'_>,
    setting: Setting,
    what: &'static str,
) -> Result<Option<Secret>, StoreError> {
    let read = |kept: String| {
        let kept = decode_hex(&kept).ok().and_then(|bytes| bytes.try_into().ok());
        kept.ok_or(StoreError::Corrupt { what })
    };
    db.setting(setting)?.map(read).transpose()
}

/// The key that is kept there; a new one where there is none yet.
fn key(
    db: &Writing<'_>,
    setting: Setting,
    what: &'static str,
    now: UnixSeconds,
) -> Result<Secret, StoreError> {
    if let Some(kept) = kept_key(db, setting, what)? {
        return Ok(kept);
    }
    let fresh = random_bytes();
    db.keep_setting(setting, &encode_hex(&fresh), now)?;
    Ok(fresh)
}
