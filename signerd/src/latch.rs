//! What stops signing: the latch of the whole signer, a latch for each wallet, and the dead man's
//! switch.
//!
//! A latch is ACTIVE, SUSPENDED or LOCKED. Anybody may make it stricter; only an operator loosens it.
//! A wallet's own latch stands in its [`crate::journal::WalletSnapshot`], so that a backup keeps it;
//! the words for it are here.

use primitives::WalletId;
use protocol::wire::Item;
use protocol::{Latch, Refusal, RefusalCode};

use crate::clock::UnixSeconds;

/// The signer's latch, the reasons of all latches, and when the dead man's switch was renewed.
#[derive(Debug)]
pub struct Latches {
    latch: Latch,
    reason: String,
    wallets: Vec<WalletReason>,
    renewed_at: Option<UnixSeconds>,
    /// Of the dead man's switch; 0 for none.
    dead_man_seconds: u32,
}

/// Why a wallet is halted.
#[derive(Debug)]
struct WalletReason {
    wallet: WalletId,
    reason: String,
}

/// Whom a latch stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stops {
    /// The whole signer.
    Signer,
    /// One wallet.
    Wallet(WalletId),
}

protocol::wire_fields!(Latches { latch, reason, wallets, renewed_at, dead_man_seconds });
protocol::wire_fields!(WalletReason { wallet, reason });
impl Item for WalletReason {}

impl Default for Latches {
    fn default() -> Self {
        let (reason, wallets) = (String::new(), Vec::new());
        Self { latch: Latch::Active, reason, wallets, renewed_at: None, dead_man_seconds: 0 }
    }
}

impl Latches {
    /// The signer's own.
    pub fn latch(&self) -> Latch {
        self.latch
    }

    /// Why the signer's is where it is; empty where nobody ever set it.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Why a wallet's is where it is; empty where nobody set it since the wallet came here.
    pub fn reason_of(&self, wallet: WalletId) -> &str {
        let known = self.wallets.iter().find(|known| known.wallet == wallet);
        known.map_or("", |known| &known.reason)
    }

    /// Takes up that the signer's latch was set at `at`. Who lets it sign again is there: the dead
    /// man's switch is renewed by it.
    pub fn set(&mut self, latch: Latch, reason: String, at: UnixSeconds) {
        self.latch = latch;
        self.reason = reason;
        if latch == Latch::Active {
            self.renew(at);
        }
    }

    /// Takes up why a wallet's latch was set.
    pub fn set_reason(&mut self, wallet: WalletId, reason: String) {
        self.forget(wallet);
        self.wallets.push(WalletReason { wallet, reason });
    }

    /// Drops what it knows of a wallet that is gone.
    pub fn forget(&mut self, wallet: WalletId) {
        self.wallets.retain(|known| known.wallet != wallet);
    }

    /// Drops what it knows of wallets.
    pub fn forget_wallets(&mut self) {
        self.wallets.clear();
    }

    /// How long the dead man's switch waits, in seconds; 0 where there is none.
    pub fn dead_man_seconds(&self) -> u32 {
        self.dead_man_seconds
    }

    /// Takes up that the switch has another time since `at`. Who can change it could end it: that an
    /// operator was there is in it. A start that finds the time as it was puts nothing off.
    pub fn set_dead_man(&mut self, seconds: u32, at: UnixSeconds) {
        self.dead_man_seconds = seconds;
        self.renewed_at = self.renewed_at.map(|_before| at);
    }

    /// Takes up that an operator was there at `at`.
    pub fn renew(&mut self, at: UnixSeconds) {
        self.renewed_at = Some(at);
    }

    /// When the dead man's switch suspends signing: its time after it was renewed last. Never where it
    /// has none, before there is a vault, or where nothing is signed anyhow.
    pub fn suspends_at(&self) -> Option<UnixSeconds> {
        let waits = self.dead_man_seconds > 0 && self.latch == Latch::Active;
        let renewed_at = self.renewed_at.filter(|_| waits)?;
        Some(renewed_at.saturating_add(self.dead_man_seconds.into()))
    }
}

/// Whether a latch lets sign.
///
/// # Errors
/// A refusal that names who stopped it, why, and who can lift it.
pub fn check(stops: Stops, latch: Latch, reason: &str) -> Result<(), Refusal> {
    let (who, of_it) = match stops {
        Stops::Signer => ("signing".to_owned(), String::new()),
        Stops::Wallet(wallet) => (format!("wallet {wallet}"), format!(" {wallet}")),
    };
    let because = if reason.is_empty() { String::new() } else { format!(" ({reason})") };
    let (code, word, also) = match (latch, stops) {
        (Latch::Active, _) => return Ok(()),
        (Latch::Suspended, _) => (RefusalCode::Suspended, "suspended", ""),
        (Latch::Locked, Stops::Signer) => {
            (RefusalCode::Locked, "locked", "; each wallet that has owners then waits for theirs")
        }
        (Latch::Locked, Stops::Wallet(_)) => {
            (RefusalCode::Locked, "locked", " and, where the wallet has owners, their approval")
        }
    };
    let lift = format!("an operator lifts it with `waiaasctl resume{of_it}`{also}");
    Err(Refusal::new(code, format!("{who} is {word}{because}; {lift}")))
}

#[cfg(test)]
mod tests {
    use protocol::wire::{read_all, to_bytes};

    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;

    fn wallet() -> WalletId {
        WalletId::from_bytes([1; 16])
    }

    #[test]
    fn the_switch_waits_from_the_last_time_that_an_operator_was_there() {
        let mut latches = Latches::default();
        latches.set_dead_man(60, NOW - 1);
        assert_eq!(latches.suspends_at(), None, "there is no vault");
        latches.renew(NOW);
        assert_eq!(latches.suspends_at(), Some(NOW + 60));
        latches.renew(NOW + 50);
        assert_eq!(latches.suspends_at(), Some(NOW + 110));
        latches.set(Latch::Suspended, "a drill".to_owned(), NOW + 60);
        assert_eq!(latches.suspends_at(), None, "nothing is signed anyhow");
        latches.set(Latch::Active, "resumed".to_owned(), NOW + 70);
        assert_eq!(latches.suspends_at(), Some(NOW + 130));
        latches.set_dead_man(0, NOW + 80);
        assert_eq!(latches.suspends_at(), None, "it is off");
        latches.set_dead_man(u32::MAX, NOW + 90);
        assert_eq!(latches.suspends_at(), Some(NOW + 90 + u64::from(u32::MAX)));
    }

    #[test]
    fn a_wallet_has_the_reason_that_was_given_last_until_it_is_gone() {
        let mut latches = Latches::default();
        assert_eq!(latches.reason_of(wallet()), "");
        latches.set_reason(wallet(), "one".to_owned());
        latches.set_reason(WalletId::from_bytes([2; 16]), "another's".to_owned());
        latches.set_reason(wallet(), "two".to_owned());
        assert_eq!(latches.reason_of(wallet()), "two");
        latches.forget(wallet());
        assert_eq!(latches.reason_of(wallet()), "");
        assert_eq!(latches.reason_of(WalletId::from_bytes([2; 16])), "another's");
        assert_eq!(latches.wallets.len(), 1);
    }

    #[test]
    fn a_refusal_names_who_can_lift_it() {
        use Latch::{Active, Locked, Suspended};
        let of_wallet = Stops::Wallet(wallet());
        for stops in [Stops::Signer, of_wallet] {
            assert_eq!(check(stops, Active, "resumed"), Ok(()));
        }
        let (by_operator, with_wallet) = ("`waiaasctl resume`", "`waiaasctl resume 0101");
        for (stops, latch, code, words) in [
            (Stops::Signer, Suspended, RefusalCode::Suspended, [by_operator, "(a drill)"]),
            (Stops::Signer, Locked, RefusalCode::Locked, [by_operator, "has owners then"]),
            (of_wallet, Suspended, RefusalCode::Suspended, [with_wallet, "(a drill)"]),
            (of_wallet, Locked, RefusalCode::Locked, [with_wallet, "their approval"]),
        ] {
            let refusal = check(stops, latch, "a drill").unwrap_err();
            assert_eq!(refusal.code, code);
            for word in words {
                assert!(refusal.message.contains(word), "{word}: {}", refusal.message);
            }
        }
        let refusal = check(of_wallet, Suspended, "").unwrap_err();
        assert!(refusal.message.contains("is suspended; an operator"), "{}", refusal.message);
    }

    #[test]
    fn what_it_knows_survives_being_written() {
        let mut latches = Latches::default();
        latches.set(Latch::Active, "resumed".to_owned(), NOW);
        latches.set(Latch::Locked, "a drill".to_owned(), NOW);
        latches.set_reason(wallet(), "one".to_owned());
        latches.set_dead_man(60, NOW);
        let read: Latches = read_all(&to_bytes(&latches)).unwrap();
        assert_eq!(format!("{read:?}"), format!("{latches:?}"));
    }
}
