//! Slices of the budget that were taken ahead, so that many small signatures need no `fdatasync` each.
//!
//! A lease counts as spent in full from its record on, until a window after its end. What is signed
//! under it needs a record, but not one that is on the disk yet: a crash loses such records and the
//! rest of the lease, and counts too much. What is left at its end is given back by another record:
//! whatever is spent of that stands behind it in the chain, so that no crash keeps the one without
//! the other. Leases are kept in memory alone.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Scope, WalletId};

use super::{Event, SpendLine};
use crate::clock::UnixSeconds;
use crate::guard::LEAD_SECONDS;

/// Signatures that it may be used for.
const LEASE_SIGNATURES: u32 = 1000;

/// Something was paid from a lease. Its fields are private and only [`super::Journal::pay`] makes
/// one, so that nothing is taken for paid that is not.
///
/// ```compile_fail,E0451
/// fn forge(wallet: primitives::WalletId) -> signerd::journal::Paid {
///     signerd::journal::Paid { wallet, intent: [0; 32] } // its fields are private
/// }
/// ```
#[derive(Debug)]
pub struct Paid {
    wallet: WalletId,
    intent: [u8; 32],
}

impl Paid {
    /// Whether it was paid for this.
    pub fn is_for(&self, wallet: WalletId, intent: [u8; 32]) -> bool {
        (self.wallet, self.intent) == (wallet, intent)
    }
}

/// Whether the record of a lease is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stands {
    OnDisk,
    InMemory,
}

/// What is left of a lease.
#[derive(Debug)]
struct Lease {
    left: BTreeMap<Asset, Amount>,
    signatures: u32,
    until: UnixSeconds,
    stands: Stands,
}

/// The leases of all wallets: one for each scope at most.
#[derive(Debug, Default)]
pub(super) struct Leases(BTreeMap<(WalletId, Scope), Lease>);

impl Leases {
    /// The record of a new lease, and its rest once `spend` is paid from it.
    pub(super) fn take(
        &mut self,
        (wallet, scope): (WalletId, Scope),
        ahead: BTreeMap<Asset, Amount>,
        spend: &BTreeMap<Asset, Amount>,
        now: UnixSeconds,
    ) -> Event {
        let until = now.saturating_add(LEAD_SECONDS);
        let lines =
            ahead.iter().map(|(asset, amount)| SpendLine { asset: *asset, amount: *amount });
        let event = Event::Leased {
            wallet,
            scope,
            until,
            spend: lines.collect(),
            signatures: LEASE_SIGNATURES,
        };
        let (signatures, stands) = (LEASE_SIGNATURES, Stands::InMemory);
        let mut lease = Lease { left: ahead, signatures, until, stands };
        lease.pay(spend, now);
        self.0.insert((wallet, scope), lease);
        event
    }

    /// Takes `spend` out of the wallet's lease, if it holds that much.
    pub(super) fn pay(
        &mut self,
        (wallet, scope): (WalletId, Scope),
        spend: &BTreeMap<Asset, Amount>,
        intent: [u8; 32],
        now: UnixSeconds,
    ) -> Option<Paid> {
        let lease = self.0.get_mut(&(wallet, scope))?;
        lease.pay(spend, now).then_some(Paid { wallet, intent })
    }

    /// The records that end the leases whose time is over.
    pub(super) fn over(&self, now: UnixSeconds) -> Vec<Event> {
        let over = self.0.iter().filter(|(_, lease)| now >= lease.until);
        over.map(|(of, lease)| lease.ended(*of)).collect()
    }

    /// The record that ends a lease, if there is one.
    pub(super) fn ended(&self, of: (WalletId, Scope)) -> Option<Event> {
        self.0.get(&of).map(|lease| lease.ended(of))
    }

    /// What the leases of a wallet still hold: it is paid from them, or given back.
    pub(super) fn left(&self, wallet: WalletId) -> impl Iterator<Item = ((Scope, Asset), Amount)> {
        let of_wallet = self.0.iter().filter(move |((of, _), _lease)| *of == wallet);
        of_wallet.flat_map(|((_, scope), lease)| {
            lease.left.iter().map(|(asset, amount)| ((*scope, *asset), *amount))
        })
    }

    /// Whether the wallet's lease is on the disk.
    pub(super) fn stands(&self, wallet: WalletId, scope: Option<Scope>) -> Stands {
        let lease = scope.and_then(|scope| self.0.get(&(wallet, scope)));
        lease.map_or(Stands::InMemory, |lease| lease.stands)
    }

    /// Everything that was appended is on the disk.
    pub(super) fn committed(&mut self) {
        for lease in self.0.values_mut() {
            lease.stands = Stands::OnDisk;
        }
    }

    /// What changes the rules, or stops signing, ends the leases that it is about.
    pub(super) fn end_by(&mut self, event: &Event) {
        match event {
            Event::Signed { .. }
            | Event::Leased { .. }
            | Event::Refused { .. }
            | Event::WalletCreated { .. }
            | Event::Announced { .. }
            | Event::Cancelled { .. }
            | Event::Renewed {}
            | Event::DeadManSet { .. }
            | Event::CredentialSet { .. }
            | Event::Continued { .. }
            | Event::Counted { .. } => {}
            Event::LeaseEnded { wallet, scope, .. } => {
                self.0.remove(&(*wallet, *scope));
            }
            Event::WalletRetiring { wallet, .. }
            | Event::WalletDestroyed { wallet }
            | Event::GuardSet { wallet, .. }
            | Event::OwnersProposed { wallet, .. }
            | Event::OwnersConfirmed { wallet, .. }
            | Event::ApprovalUsed { wallet, .. }
            | Event::LatchSet { wallet: Some(wallet), .. } => {
                self.0.retain(|(of, _), _| of != wallet);
            }
            Event::Started { .. }
            | Event::VaultCreated { .. }
            | Event::LatchSet { wallet: None, .. }
            | Event::Restored { .. }
            | Event::TimeAccepted { .. } => self.0.clear(),
        }
    }
}

impl Lease {
    /// The record of its end, by which the rest of it is given back.
    fn ended(&self, (wallet, scope): (WalletId, Scope)) -> Event {
        let left = self.left.iter().filter(|(_, amount)| !amount.is_zero());
        let unused = left.map(|(asset, amount)| SpendLine { asset: *asset, amount: *amount });
        Event::LeaseEnded { wallet, scope, until: self.until, unused: unused.collect() }
    }

    /// Takes all of `spend`, or nothing.
    fn pay(&mut self, spend: &BTreeMap<Asset, Amount>, now: UnixSeconds) -> bool {
        if now >= self.until || self.signatures == 0 {
            return false;
        }
        let mut left = self.left.clone();
        for (asset, amount) in spend {
            let Some(rest) = left.get(asset).and_then(|left| left.checked_sub(*amount)) else {
                return false;
            };
            left.insert(*asset, rest);
        }
        self.left = left;
        self.signatures = self.signatures.saturating_sub(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;

    fn wallet(number: u8) -> WalletId {
        WalletId::from_bytes([number; 16])
    }

    fn coins(amount: u64) -> BTreeMap<Asset, Amount> {
        BTreeMap::from([(Asset::Native, Amount::from(amount))])
    }

    fn token(amount: u64) -> BTreeMap<Asset, Amount> {
        let token = primitives::SolanaAddress([7; 32]).into();
        BTreeMap::from([(Asset::Token(token), Amount::from(amount))])
    }

    #[test]
    fn what_was_paid_is_for_its_wallet_and_its_intent_alone() {
        let paid = Paid { wallet: wallet(1), intent: [1; 32] };
        assert!(paid.is_for(wallet(1), [1; 32]));
        assert!(!paid.is_for(wallet(2), [1; 32]));
        assert!(!paid.is_for(wallet(1), [2; 32]));
    }

    /// A lease of 100 coins of which 10 are paid.
    fn leases() -> Leases {
        let mut leases = Leases::default();
        let event = leases.take((wallet(1), Scope::Solana), coins(100), &coins(10), NOW);
        let spend = vec![SpendLine { asset: Asset::Native, amount: Amount::from(100_u64) }];
        let (wallet, scope, until) = (wallet(1), Scope::Solana, NOW + 60);
        assert_eq!(event, Event::Leased { wallet, scope, until, spend, signatures: 1000 });
        leases
    }

    fn pays(
        leases: &mut Leases,
        of: (WalletId, Scope),
        spend: &BTreeMap<Asset, Amount>,
        now: UnixSeconds,
    ) -> bool {
        leases.pay(of, spend, [0; 32], now).is_some()
    }

    #[test]
    fn a_lease_pays_what_it_holds_for_its_wallet_scope_and_asset_until_its_end() {
        let mainnet = Scope::Evm("eip155:1".parse().unwrap());
        let solana = (wallet(1), Scope::Solana);
        for (what, of, spend, now, paid) in [
            ("all of the rest", solana, coins(90), NOW + 59, true),
            ("one more", solana, coins(91), NOW, false),
            ("at its end", solana, coins(1), NOW + 60, false),
            ("another wallet", (wallet(2), Scope::Solana), coins(1), NOW, false),
            ("another network", (wallet(1), mainnet), coins(1), NOW, false),
            ("another asset", solana, token(1), NOW, false),
        ] {
            assert_eq!(pays(&mut leases(), of, &spend, now), paid, "{what}");
        }
        let mut leases = leases();
        let both: BTreeMap<_, _> = coins(50).into_iter().chain(token(1)).collect();
        assert!(!pays(&mut leases, solana, &both, NOW));
        let left = |leases: &Leases, of| leases.left(wallet(of)).collect::<Vec<_>>();
        let rest = ((Scope::Solana, Asset::Native), Amount::from(90_u64));
        assert_eq!(left(&leases, 1), [rest]);
        assert_eq!(left(&leases, 2), []);
        assert!(pays(&mut leases, solana, &coins(90), NOW), "nothing was taken for a part");
        assert!(!pays(&mut leases, solana, &coins(1), NOW));
        assert!((1..999).all(|_| pays(&mut leases, solana, &coins(0), NOW)));
        assert!(!pays(&mut leases, solana, &coins(0), NOW), "it was used a thousand times");
    }

    #[test]
    fn what_is_left_is_given_back_when_a_lease_is_over_and_once() {
        let mut leases = leases();
        assert!(pays(&mut leases, (wallet(1), Scope::Solana), &coins(20), NOW));
        assert_eq!(leases.over(NOW + 59), []);
        let (wallet, scope, until) = (wallet(1), Scope::Solana, NOW + 60);
        let unused = vec![SpendLine { asset: Asset::Native, amount: Amount::from(70_u64) }];
        let ended = Event::LeaseEnded { wallet, scope, until, unused };
        assert_eq!(leases.over(NOW + 60), std::slice::from_ref(&ended));
        assert_eq!(leases.ended((wallet, scope)), Some(ended.clone()));
        leases.end_by(&ended);
        assert!(!pays(&mut leases, (wallet, scope), &coins(1), NOW));
        assert_eq!((leases.over(NOW + 60), leases.ended((wallet, scope))), (vec![], None));
    }

    #[test]
    fn nothing_is_given_back_of_what_was_used_up() {
        let mut leases = leases();
        let of = (wallet(1), Scope::Solana);
        assert!(pays(&mut leases, of, &coins(90), NOW));
        let (wallet, scope) = of;
        let ended = Event::LeaseEnded { wallet, scope, until: NOW + 60, unused: vec![] };
        assert_eq!(leases.ended(of), Some(ended));
    }

    #[test]
    fn a_lease_stands_once_it_is_committed() {
        let mut leases = leases();
        let stands = |leases: &Leases| leases.stands(wallet(1), Some(Scope::Solana));
        assert_eq!(stands(&leases), Stands::InMemory);
        leases.committed();
        assert_eq!(stands(&leases), Stands::OnDisk);
        assert_eq!(leases.stands(wallet(2), Some(Scope::Solana)), Stands::InMemory);
        assert_eq!(leases.stands(wallet(1), None), Stands::InMemory);
    }

    #[test]
    fn what_stops_signing_or_changes_the_guard_ends_a_lease() {
        let latch = |wallet| Event::LatchSet {
            wallet,
            latch: protocol::Latch::Suspended,
            reason: String::new(),
        };
        let guard = |wallet| Event::GuardSet { wallet, version: 2, text: String::new() };
        for (event, ends) in [
            (latch(None), true),
            (latch(Some(wallet(1))), true),
            (latch(Some(wallet(2))), false),
            (guard(wallet(1)), true),
            (guard(wallet(2)), false),
            (Event::TimeAccepted { from: NOW }, true),
            (Event::Renewed {}, false),
        ] {
            let mut leases = leases();
            leases.end_by(&event);
            let paid = pays(&mut leases, (wallet(1), Scope::Solana), &coins(1), NOW);
            assert_eq!(paid, !ends, "{event:?}");
        }
    }
}
