//! The signer's own rules: what may leave a wallet at once, what after a wait, and what with its
//! owners' approval.
//!
//! A [`Guard`] belongs to one wallet. It believes nothing but the bytes, what the operator wrote,
//! and the spend that the journal holds. [`judge`] says what something demands, and
//! [`Judged::clear`], which takes the reason why it is met, is the only maker of [`Cleared`], which
//! the journal uses up; see `docs/guard.md` for the rules in words.

mod ceilings;
mod demand;
mod exposure;
mod judge;
#[cfg(test)]
mod tests;
mod text;
mod window;

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Environment, Network, Scope};

use ceilings::Ceilings;
pub(crate) use demand::Clearance;
pub use demand::{Cleared, Judged, Permit};
pub use exposure::exposure;
pub use judge::judge;
pub use text::GuardError;
pub use window::{DAY_SECONDS, Ledger, Span, Windows};

/// Seconds that an announcement waits where the guard does not say.
const DEFAULT_DELAY_SECONDS: u32 = 600;

/// What one wallet may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    messages: Messages,
    delay_seconds: u32,
    networks: BTreeMap<Scope, NetworkRule>,
}

/// Which texts are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Messages {
    /// None, and no typed data either.
    None,
    /// With the owners' approval.
    Owner,
    /// At once.
    Text,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum NetworkRule {
    /// Whatever can be read is signed: for networks whose coins are worth nothing.
    Open,
    /// What is listed, up to its ceilings, and everything else with the owners' approval.
    Limited(Limits),
}

/// What leaves a network without its owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Limits {
    assets: BTreeMap<Asset, AssetRule>,
}

/// How much of an asset leaves, and on whose word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct AssetRule {
    /// At once.
    immediate: Ceilings,
    /// After a wait, together with what left at once; nothing more than that if absent.
    delay: Option<Ceilings>,
    /// What not even the owners' approval exceeds.
    owner: Ceilings,
}

impl Guard {
    /// The guard of a new wallet: on networks with coins of worth the ceiling of the NOTIFY tier at
    /// once in one transaction, that of the DELAY tier in a day, and after a wait in one; test
    /// networks are open; texts are signed.
    pub fn default_for(environment: Environment, networks: &[&Network]) -> Self {
        let rule = |network: &Network| match environment {
            Environment::Testnet => NetworkRule::Open,
            Environment::Mainnet => NetworkRule::Limited(Limits::default_of(network)),
        };
        let networks =
            networks.iter().map(|network| (Scope::of(network.chain_id), rule(network))).collect();
        Self { messages: Messages::Text, delay_seconds: DEFAULT_DELAY_SECONDS, networks }
    }

    /// Seconds that an announcement waits.
    pub fn delay_seconds(&self) -> u32 {
        self.delay_seconds
    }
}

impl Limits {
    fn default_of(network: &Network) -> Self {
        let tiers = network.default_tiers;
        if tiers.delay.is_zero() {
            return Self::default();
        }
        let up_to = |transaction: Amount| Ceilings {
            transaction: Some(transaction),
            day: Some(tiers.delay),
            ..Ceilings::default()
        };
        let rule = AssetRule {
            immediate: up_to(tiers.notify),
            delay: Some(up_to(tiers.delay)).filter(|_| tiers.notify < tiers.delay),
            owner: Ceilings::default(),
        };
        Self { assets: BTreeMap::from([(Asset::Native, rule)]) }
    }
}
