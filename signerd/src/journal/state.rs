//! What the events add up to.

use std::collections::BTreeMap;

use primitives::{Chain, Scope, WalletId};
use protocol::journal::UsedApproval;
use protocol::wire::{Reader, Wire, WireError};
use protocol::{Announcement, KeyInfo, KeyState, Latch, Owners};
use txcodec::SigningInput;

use super::counter::Count;
use super::paying::digest_of;
use super::recent::{Recent, Repeat};
use super::{Event, Grant, Origin, SpendLine, WalletSnapshot};
use crate::announce::Announcements;
use crate::clock::{Seen, UnixSeconds};
use crate::guard::{Guard, Ledger, Windows};
use crate::latch::Latches;
use crate::owners::OwnersLedger;

/// The signer's state: the fold of its journal.
#[derive(Debug, Default)]
pub struct State {
    instance: [u8; 16],
    wallets: BTreeMap<WalletId, WalletState>,
    signed: Recent,
    latches: Latches,
    seen: Option<Seen>,
    counted: Option<Count>,
}

/// A wallet as the journal knows it.
#[derive(Debug)]
pub struct WalletState {
    snapshot: WalletSnapshot,
    guard: Option<Guard>,
    windows: Windows,
    announcements: Announcements,
    owners: OwnersLedger,
}

protocol::wire_fields!(State { instance, wallets, signed, latches, seen, counted });

/// The guard is read from its text again.
impl Wire for WalletState {
    fn write(&self, out: &mut Vec<u8>) {
        let Self { snapshot, guard: _, windows, announcements, owners } = self;
        snapshot.write(out);
        windows.write(out);
        announcements.write(out);
        owners.write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, WireError> {
        let snapshot: WalletSnapshot = Wire::read(input)?;
        let guard = parse_guard(&snapshot.guard, snapshot.chain);
        let (windows, announcements) = (Wire::read(input)?, Wire::read(input)?);
        Ok(Self { snapshot, guard, windows, announcements, owners: Wire::read(input)? })
    }
}

impl State {
    /// Whether anything may be signed, and why it may not.
    pub fn latches(&self) -> &Latches {
        &self.latches
    }

    /// Which signer it is, for what is signed for it: random, made with the vault and again when a
    /// backup is taken over; all zero before.
    pub fn instance(&self) -> [u8; 16] {
        self.instance
    }

    /// What the records say of time; `None` while there is none.
    pub fn seen(&self) -> Option<Seen> {
        self.seen
    }

    /// What the counter in the TPM shows; `None` while there was none.
    pub(super) fn counted(&self) -> Option<Count> {
        self.counted
    }

    /// The wallet of that id, if its key was not destroyed.
    pub fn wallet(&self, id: WalletId) -> Option<&WalletState> {
        self.wallets.get(&id)
    }

    /// Whether a wallet signed `input` within the last day: the same signature comes out again, and
    /// counts once.
    pub fn repeat(
        &self,
        wallet: WalletId,
        input: &SigningInput,
        now: UnixSeconds,
    ) -> Option<Repeat> {
        self.signed.repeat((wallet, digest_of(input)), now)
    }

    /// All wallets in order of id.
    pub fn wallets(&self) -> impl Iterator<Item = &WalletState> {
        self.wallets.values()
    }

    /// Wallets after `after`, in order of id.
    pub fn wallets_after(&self, after: Option<WalletId>) -> impl Iterator<Item = &WalletState> {
        use std::ops::Bound;
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.wallets.range((from, Bound::Unbounded)).map(|(_, wallet)| wallet)
    }

    /// What the world may know of one of its wallets.
    pub fn key_info(&self, wallet: &WalletState, now: UnixSeconds) -> KeyInfo {
        let WalletSnapshot {
            id, chain, environment, public_key, address, created_at, latch, ..
        } = &wallet.snapshot;
        KeyInfo {
            wallet: *id,
            chain: *chain,
            environment: *environment,
            public_key: public_key.clone(),
            address: *address,
            state: wallet.key_state(now),
            latch: *latch,
            latch_reason: self.halted_for(wallet).to_owned(),
            created_at: *created_at,
        }
    }

    /// Why one of its wallets is halted; empty where it is not, and then nothing is looked through.
    pub fn halted_for(&self, wallet: &WalletState) -> &str {
        match wallet.snapshot.latch {
            Latch::Active => "",
            Latch::Suspended | Latch::Locked => self.latches.reason_of(wallet.snapshot.id),
        }
    }

    pub(super) fn apply(&mut self, at: UnixSeconds, event: Event) {
        self.see(at, &event);
        match event {
            Event::OwnersProposed { wallet, owners } => {
                self.change(wallet, |state| state.owners.propose(owners));
            }
            Event::OwnersConfirmed { wallet, owners } => {
                self.change(wallet, |state| state.set_owners(owners));
            }
            Event::ApprovalUsed { wallet, nonce, expires_at } => {
                let used = UsedApproval { nonce, expires_at };
                self.change(wallet, |state| state.owners.use_up(used, at));
            }
            Event::Started { .. }
            | Event::TimeAccepted { .. }
            | Event::CredentialSet { .. }
            | Event::Refused { .. }
            | Event::Continued { .. } => {}
            // A new vault has no keys: what is known of wallets is of one that is gone, or of a restore
            // that was cut short. Nothing is freed by forgetting them, as no key is left that could
            // spend; a wallet that comes back comes by a restore, with its budget used up. What stops
            // signing stays, and so does the time that was seen.
            Event::VaultCreated { instance } => {
                self.instance = instance;
                self.wallets.clear();
                self.signed = Recent::default();
                self.latches.forget_wallets();
                self.latches.renew(at);
            }
            Event::Renewed {} => self.latches.renew(at),
            Event::DeadManSet { seconds } => self.latches.set_dead_man(seconds, at),
            Event::Counted { counter, value } => self.counted = Some(Count { counter, value }),
            Event::WalletCreated { origin, wallet } => {
                self.wallets.insert(wallet.id, WalletState::new(wallet, origin, at));
            }
            Event::WalletRetiring { wallet, until } => {
                self.change(wallet, |state| state.snapshot.retires_at = Some(until));
            }
            Event::WalletDestroyed { wallet } => {
                self.wallets.remove(&wallet);
                self.latches.forget(wallet);
            }
            Event::GuardSet { wallet, version, text } => {
                self.change(wallet, |state| state.set_guard(version, text));
            }
            Event::Signed { wallet, digest, intent: _, by, scope, spend } => {
                self.remember((wallet, digest), by, &spend, at);
                self.change(wallet, |state| {
                    state.count_signed(at, by, (scope, &spend));
                    state.use_up(by, at);
                });
            }
            // It can be spent until then, and so counts for a window from then on.
            Event::Leased { wallet, scope, until, spend, signatures: _ } => {
                self.change(wallet, |state| {
                    state.count(Ledger::Alone, Some(scope), &spend, until.max(at));
                });
            }
            Event::LeaseEnded { wallet, scope, until, unused } => {
                self.change(wallet, |state| state.give_back(scope, &unused, until));
            }
            Event::LatchSet { wallet: None, latch, reason } => self.latches.set(latch, reason, at),
            Event::LatchSet { wallet: Some(wallet), latch, reason } => {
                self.change(wallet, |state| state.set_latch(latch));
                self.latches.set_reason(wallet, reason);
            }
            Event::Announced { wallet, id, intent, ready_at, expires_at } => {
                let announced = Announcement { wallet, id, intent, ready_at, expires_at };
                self.change(wallet, |state| state.announce(at, &announced));
            }
            Event::Cancelled { wallet, id } => {
                self.change(wallet, |state| state.announcements.close(id));
            }
            Event::Restored { instance, from_head: _ } => self.restore(instance, at),
        }
    }

    /// Nobody knows what left since the backup was made.
    fn restore(&mut self, instance: [u8; 16], at: UnixSeconds) {
        self.instance = instance;
        for wallet in self.wallets.values_mut() {
            wallet.windows.fill(at);
        }
    }

    /// Takes up what a record says of time.
    fn see(&mut self, at: UnixSeconds, event: &Event) {
        let before_all = Seen { last: at, at, boot: [0; 16], uptime_ms: 0 };
        let seen = self.seen.get_or_insert(before_all);
        seen.last = seen.last.max(at);
        if let Event::Started { version: _, boot, uptime_ms } = event {
            (seen.at, seen.boot, seen.uptime_ms) = (at, *boot, *uptime_ms);
        }
        if let Event::TimeAccepted { from } = event {
            seen.at = seen.at.saturating_add(at.saturating_sub(*from));
        }
    }

    /// What a wallet signed is known when it comes again.
    fn remember(
        &mut self,
        (wallet, digest): (WalletId, [u8; 32]),
        by: Grant,
        spend: &[SpendLine],
        at: UnixSeconds,
    ) {
        if self.wallets.contains_key(&wallet) && is_remembered(by, spend) {
            self.signed.add((wallet, digest), at);
        }
    }

    fn change(&mut self, id: WalletId, change: impl FnOnce(&mut WalletState)) {
        // A record about a wallet that is gone changes nothing.
        if let Some(wallet) = self.wallets.get_mut(&id) {
            change(wallet);
        }
    }
}

impl WalletState {
    /// From its own record on, what was restored has no budget until its windows are over: of a
    /// restore that was cut short there may be no other.
    fn new(snapshot: WalletSnapshot, origin: Origin, at: UnixSeconds) -> Self {
        let guard = parse_guard(&snapshot.guard, snapshot.chain);
        let mut windows = Windows::default();
        match origin {
            Origin::Restored => windows.fill(at),
            Origin::Created | Origin::Imported | Origin::Rotated { from: _ } => {}
        }
        let (announcements, owners) = (Announcements::default(), OwnersLedger::default());
        Self { snapshot, guard, windows, announcements, owners }
    }

    fn set_guard(&mut self, version: u64, text: String) {
        self.guard = parse_guard(&text, self.snapshot.chain);
        self.snapshot.guard_version = version;
        self.snapshot.guard = text;
    }

    /// A lock is a new version of the guard too: what owners approved before it is void, so that an
    /// answer which was meant for an earlier lock does not end this one.
    fn set_latch(&mut self, latch: Latch) {
        if latch == Latch::Locked && self.snapshot.latch != Latch::Locked {
            self.snapshot.guard_version = self.snapshot.guard_version.saturating_add(1);
        }
        self.snapshot.latch = latch;
    }

    fn set_owners(&mut self, owners: Owners) {
        self.snapshot.owners = owners;
        self.snapshot.owners_version = self.snapshot.owners_version.saturating_add(1);
        self.owners.confirm();
    }

    fn announce(&mut self, at: UnixSeconds, announced: &Announcement) {
        self.windows.add_request(at);
        self.announcements.add(at, announced);
    }

    fn count_signed(
        &mut self,
        at: UnixSeconds,
        by: Grant,
        (scope, spend): (Option<Scope>, &[SpendLine]),
    ) {
        self.windows.add_request(at);
        match by {
            Grant::Guard | Grant::Announced(_) => self.count(Ledger::Alone, scope, spend, at),
            Grant::Approved(_) => self.count(Ledger::Approved, scope, spend, at),
            // It was counted when it was first signed, or when the lease was taken.
            Grant::Again | Grant::Lease => {}
        }
    }

    fn count(
        &mut self,
        ledger: Ledger,
        scope: Option<Scope>,
        spend: &[SpendLine],
        at: UnixSeconds,
    ) {
        let Some(scope) = scope else { return };
        // What is not limited is compared with nothing, and may be of any number of tokens.
        let is_open = self.guard.as_ref().is_some_and(|guard| guard.is_open(scope));
        if is_open && ledger == Ledger::Alone {
            return;
        }
        for SpendLine { asset, amount } in spend {
            self.windows.add(ledger, (scope, *asset), *amount, at);
        }
    }

    /// Takes off what a lease that ended did not pay for, and was counted as of `until`.
    fn give_back(&mut self, scope: Scope, unused: &[SpendLine], until: UnixSeconds) {
        for SpendLine { asset, amount } in unused {
            self.windows.give_back((scope, *asset), *amount, until);
        }
    }

    /// What let a signature go is used up by it.
    fn use_up(&mut self, by: Grant, at: UnixSeconds) {
        match by {
            Grant::Approved(used) => self.owners.use_up(used, at),
            Grant::Announced(id) => self.announcements.close(id),
            Grant::Guard | Grant::Again | Grant::Lease => {}
        }
    }

    /// What it has announced.
    pub fn announcements(&self) -> &Announcements {
        &self.announcements
    }

    /// The wallet without its secret.
    pub fn snapshot(&self) -> &WalletSnapshot {
        &self.snapshot
    }

    /// Its rules; `None` where the journal's text is none, and then nothing is signed.
    pub fn guard(&self) -> Option<&Guard> {
        self.guard.as_ref()
    }

    /// Who was proposed to own it, and which approvals were used.
    pub fn owners(&self) -> &OwnersLedger {
        &self.owners
    }

    /// What left it lately.
    pub fn windows(&self) -> &Windows {
        &self.windows
    }

    /// Whether it signs at `now`.
    pub fn key_state(&self, now: UnixSeconds) -> KeyState {
        match self.snapshot.retires_at {
            None => KeyState::Active,
            Some(until) if now < until => KeyState::Retiring { until },
            Some(_) => KeyState::Retired,
        }
    }
}

/// Whether the same bytes are known when they come again.
fn is_remembered(by: Grant, spend: &[SpendLine]) -> bool {
    match by {
        // A message that anybody gets at any time need not be known again.
        Grant::Guard => !spend.is_empty(),
        Grant::Again => false,
        Grant::Announced(_) | Grant::Approved(_) | Grant::Lease => true,
    }
}

/// What was written was checked before; a text that does not parse any more lets nothing pass.
fn parse_guard(text: &str, chain: Chain) -> Option<Guard> {
    Guard::from_toml(text, chain).ok()
}
