//! Guards are shown, tried and set, and exposure.

use primitives::{Chain, Environment, Network, WalletId};
use protocol::{
    Approval, Demand, Exposure, GuardChange, GuardCheck, GuardOrder, GuardText, Payload, Refusal,
    RefusalCode, Reply, Secret,
};
use sha2::{Digest, Sha256};
use txcodec::approval::Matter;

use super::sign::decode;
use super::{growth, unknown_wallet, vault_refusal};
use crate::clock::{Moment, UnixSeconds};
use crate::guard::{self, Confirmed, Guard, Outlook};
use crate::journal::{Event, WalletState};
use crate::owners::{Agreed, Asker, agree};
use crate::signer::{Signer, Step};

pub(super) fn show(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let snapshot = state.snapshot();
    let (version, text) = (snapshot.guard_version, snapshot.guard.clone());
    Ok(Step::Answer(Reply::Guard(GuardText { version, text })))
}

pub(super) fn exposure(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let now = signer.clock.now();
    let mut exposure = match state.guard() {
        Some(guard) => exposure_under(guard, state, now),
        None => Exposure { wallet, lines: Vec::new(), remarks: Vec::new() },
    };
    for (what, amount) in signer.journal.leased(wallet) {
        guard::add_leased(&mut exposure.lines, what, amount);
    }
    Ok(Step::Answer(Reply::Exposure(exposure)))
}

/// What could leave a wallet, were this its guard.
fn exposure_under(guard: &Guard, state: &WalletState, now: UnixSeconds) -> Exposure {
    let snapshot = state.snapshot();
    let announced = state.announcements().list(snapshot.id, guard.delay_seconds(), now);
    let owners = if snapshot.owners.members.is_empty() { Confirmed::No } else { Confirmed::Yes };
    let outlook = Outlook { windows: state.windows(), announced: &announced, owners, now };
    let lines = guard::exposure(guard, &outlook);
    let mut remarks = guard::remarks(guard, owners);
    remarks.push(growth::remark(guard));
    Exposure { wallet: snapshot.id, lines, remarks }
}

/// A guard that lets nothing more pass is set by whoever may ask at all; any other takes more.
pub(super) fn set(
    signer: &mut Signer,
    wallet: WalletId,
    from_version: u64,
    text: &str,
    agreement: (Option<&Secret>, Option<&Approval>),
) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let current = state.snapshot().guard_version;
    if from_version != current {
        let message = format!(
            "the guard is at version {current}, yours was made from version {from_version}; \
             look at `waiaasctl guard show` and set it again"
        );
        return Err(Refusal::new(RefusalCode::GuardChanged, message));
    }
    let guard = read(signer, state, text)?;
    let text = guard.to_toml();
    match compare(&guard, state).0 {
        GuardOrder::Same | GuardOrder::Tighter => {}
        GuardOrder::Looser => {
            if let Some(agreed) = may_loosen(signer, wallet, &text, agreement)? {
                signer.note(agreed.into_event());
            }
        }
    }
    let version = current.saturating_add(1);
    let reply = GuardText { version, text: text.clone() };
    signer.note(Event::GuardSet { wallet, version, text });
    Ok(Step::AfterCommit(Reply::Guard(reply)))
}

/// Whether this guard may let more pass than the one that stands: the passphrase says so, and the
/// wallet's owners, if it has any.
fn may_loosen(
    signer: &mut Signer,
    wallet: WalletId,
    text: &str,
    (passphrase, approval): (Option<&Secret>, Option<&Approval>),
) -> Result<Option<Agreed>, Refusal> {
    let passphrase = passphrase.ok_or_else(|| {
        let message = "this guard lets more pass: that takes the vault's passphrase";
        Refusal::new(RefusalCode::WrongPassphrase, message)
    })?;
    let now_ms = signer.clock.now_ms();
    signer.vault.check(passphrase, now_ms).map_err(vault_refusal)?;
    let state = signer.journal.state();
    let known = state.wallet(wallet).ok_or_else(unknown_wallet)?;
    let from_version = known.snapshot().guard_version;
    let matter = Matter::Guard { from_version, sha256: Sha256::digest(text).into() };
    agree(Asker::new(state, known, signer.clock.moment()), matter, approval)
}

/// What a guard would change, and what it would say to a payload.
pub(super) fn check(
    signer: &Signer,
    wallet: WalletId,
    text: &str,
    payload: Option<&Payload>,
) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let guard = read(signer, state, text)?;
    let moment = signer.clock.moment();
    let verdict = payload.map(|payload| verdict(&guard, state, payload, moment)).transpose()?;
    let (order, changes) = compare(&guard, state);
    Ok(Step::Answer(Reply::GuardCheck(GuardCheck {
        from_version: state.snapshot().guard_version,
        text: guard.to_toml(),
        order,
        changes,
        exposure: exposure_under(&guard, state, moment.now),
        verdict,
    })))
}

/// A guard to begin with.
pub(super) fn template(
    signer: &Signer,
    chain: Chain,
    environment: Environment,
    name: &str,
) -> Result<Step, Refusal> {
    let is_one =
        |network: &&Network| network.chain() == chain && network.environment == environment;
    let networks: Vec<_> = signer.settings.networks.iter().filter(is_one).collect();
    let guard = Guard::template(name, environment, &networks).ok_or_else(|| {
        let names: Vec<_> = Guard::templates().collect();
        let message = format!(
            "no template {name:?} for {environment}; there are {} (open for testnet alone)",
            names.join(", ")
        );
        Refusal::new(RefusalCode::BadGuard, message)
    })?;
    Ok(Step::Answer(Reply::Guard(GuardText { version: 0, text: guard.to_toml() })))
}

fn read(signer: &Signer, state: &WalletState, text: &str) -> Result<Guard, Refusal> {
    Guard::from_operator(text, state.snapshot().chain, &signer.settings.networks)
        .map_err(|error| Refusal::new(RefusalCode::BadGuard, error.to_string()))
}

/// One that cannot be read let nothing pass.
fn compare(guard: &Guard, state: &WalletState) -> (GuardOrder, Vec<GuardChange>) {
    state.guard().map_or_else(|| (GuardOrder::Looser, Vec::new()), |before| guard.compare(before))
}

fn verdict(
    guard: &Guard,
    state: &WalletState,
    payload: &Payload,
    moment: Moment,
) -> Result<Demand, Refusal> {
    let snapshot = state.snapshot();
    let decoded = decode(payload, snapshot.address)?;
    let judged = guard::judge(guard, state.windows(), decoded, snapshot.id, moment);
    Ok(match judged {
        Ok(judged) => judged.demand().clone(),
        Err(refusal) => Demand::Never(refusal.message),
    })
}
