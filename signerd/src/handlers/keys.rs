//! Wallets come, are replaced, and go.

use primitives::{Address, Chain, Environment, Network, WalletId};
use protocol::{Latch, Owners, Refusal, RefusalCode, Reply, Secret};

use super::{check_journal, done, unknown_wallet, vault_refusal};
use crate::guard::Guard;
use crate::journal::{Event, Origin, WalletSnapshot};
use crate::signer::{Signer, Step};
use crate::vault::{NewKey, PublicKey, VaultError};

/// Wallets in one reply: it fits in a frame whatever they were halted for, and what many requests for
/// the list make together still fits in memory.
const MAX_PAGE: usize = 192;
const MAX_AGENT_ID: usize = 64;

/// What holds for a wallet.
struct Rules {
    guard: String,
    owners: Owners,
    owners_version: u64,
    latch: Latch,
}

impl Rules {
    /// Those of a wallet that replaces no other.
    fn new(guard: String) -> Self {
        Self { guard, owners: Owners::NONE, owners_version: 0, latch: Latch::Active }
    }
}

pub(super) fn list(signer: &Signer, after: Option<WalletId>, limit: u16) -> Step {
    let now = signer.clock.now();
    let limit = usize::from(limit).min(MAX_PAGE);
    let state = signer.journal.state();
    let wallets = state.wallets_after(after).take(limit);
    Step::Answer(Reply::Keys(wallets.map(|wallet| state.key_info(wallet, now)).collect()))
}

pub(super) fn create(
    signer: &mut Signer,
    chain: Chain,
    environment: Environment,
    agent_id: Option<String>,
) -> Result<Step, Refusal> {
    let new = new_key(signer, chain, environment, agent_id)?;
    let key = signer.vault.create(new.clone()).map_err(vault_refusal)?;
    let guard = default_guard(signer, chain, environment);
    Ok(add_wallet(signer, Origin::Created, &new, &key, Rules::new(guard)))
}

pub(super) fn import(
    signer: &mut Signer,
    chain: Chain,
    environment: Environment,
    secret: &Secret,
    agent_id: Option<String>,
) -> Result<Step, Refusal> {
    let new = new_key(signer, chain, environment, agent_id)?;
    let key = signer.vault.import(new.clone(), secret).map_err(vault_refusal)?;
    if signer.journal.state().wallets().any(|wallet| wallet.snapshot().address == key.address) {
        signer.vault.destroy(new.wallet).map_err(vault_refusal)?;
        return Err(Refusal::new(RefusalCode::BadKey, "a wallet has this key already"));
    }
    if owns_a_wallet(signer, key.address) {
        signer.vault.destroy(new.wallet).map_err(vault_refusal)?;
        let message = "this key owns a wallet: the gateway could have it approve for itself";
        return Err(Refusal::new(RefusalCode::BadKey, message));
    }
    let guard = default_guard(signer, chain, environment);
    Ok(add_wallet(signer, Origin::Imported, &new, &key, Rules::new(guard)))
}

/// The new wallet has the old one's guard, owners and latch; the old one signs until the grace period is over, so that
/// what it holds can be moved.
pub(super) fn rotate(
    signer: &mut Signer,
    from: WalletId,
    grace_seconds: u32,
) -> Result<Step, Refusal> {
    let old = signer.journal.state().wallet(from).ok_or_else(unknown_wallet)?.snapshot().clone();
    if old.retires_at.is_some() {
        return Err(Refusal::new(RefusalCode::WalletRetired, "the wallet was replaced already"));
    }
    let new = new_key(signer, old.chain, old.environment, None)?;
    let key = signer.vault.create(new.clone()).map_err(vault_refusal)?;
    let now = signer.clock.now();
    signer.vault.mark_rotated(from, now).map_err(vault_refusal)?;
    let until = now.saturating_add(u64::from(grace_seconds));
    // In this order: a crash in between leaves a wallet too many, never one without a successor.
    let WalletSnapshot { guard, owners, owners_version, latch, .. } = old;
    let rules = Rules { guard, owners, owners_version, latch };
    let added = add_wallet(signer, Origin::Rotated { from }, &new, &key, rules);
    signer.note(Event::WalletRetiring { wallet: from, until });
    Ok(added)
}

/// The key goes first, so that a crash in between leaves a wallet that signs nothing, and never a key
/// that nobody knows. Asked again, this finds the key gone and notes that the wallet is.
pub(super) fn destroy(
    signer: &mut Signer,
    wallet: WalletId,
    passphrase: &Secret,
) -> Result<Step, Refusal> {
    check_journal(signer)?;
    signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let now_ms = signer.clock.now_ms();
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    match signer.vault.destroy(wallet) {
        Ok(()) | Err(VaultError::UnknownWallet(_)) => {}
        Err(error) => return Err(vault_refusal(error)),
    }
    signer.note(Event::WalletDestroyed { wallet });
    Ok(done())
}

/// Whether a wallet has an owner with that address, or may get one.
fn owns_a_wallet(signer: &Signer, address: Address) -> bool {
    signer.journal.state().wallets().any(|wallet| {
        let confirmed = &wallet.snapshot().owners;
        let owners = [Some(confirmed), wallet.owners().proposed()];
        owners.into_iter().flatten().any(|owners| owners.members.contains(&address))
    })
}

fn new_key(
    signer: &Signer,
    chain: Chain,
    environment: Environment,
    agent_id: Option<String>,
) -> Result<NewKey, Refusal> {
    check_journal(signer)?;
    if agent_id.as_ref().is_some_and(|id| id.chars().count() > MAX_AGENT_ID) {
        let message = format!("an agent id has at most {MAX_AGENT_ID} characters");
        return Err(Refusal::new(RefusalCode::LimitReached, message));
    }
    let mut random = [0; 10];
    getrandom::fill(&mut random)
        .map_err(|error| Refusal::new(RefusalCode::Internal, error.to_string()))?;
    let wallet = WalletId::new_v7(signer.clock.now_ms(), random);
    Ok(NewKey { wallet, chain, environment, agent_id, created_at: signer.clock.now() })
}

fn default_guard(signer: &Signer, chain: Chain, environment: Environment) -> String {
    let of_environment =
        |network: &&Network| network.chain() == chain && network.environment == environment;
    let networks: Vec<_> = signer.settings.networks.iter().filter(of_environment).collect();
    Guard::default_for(environment, &networks).to_toml()
}

fn add_wallet(
    signer: &mut Signer,
    origin: Origin,
    new: &NewKey,
    key: &PublicKey,
    Rules { guard, owners, owners_version, latch }: Rules,
) -> Step {
    let snapshot = WalletSnapshot {
        id: new.wallet,
        chain: new.chain,
        environment: new.environment,
        public_key: key.bytes.clone(),
        address: key.address,
        created_at: new.created_at,
        retires_at: None,
        guard_version: 1,
        guard,
        owners,
        owners_version,
        latch,
    };
    signer.note(Event::WalletCreated { origin, wallet: snapshot });
    signer.touched();
    let now = signer.clock.now();
    let state = signer.journal.state();
    let wallet = state.wallet(new.wallet).expect("it was added above");
    Step::AfterCommit(Reply::Key(state.key_info(wallet, now)))
}
