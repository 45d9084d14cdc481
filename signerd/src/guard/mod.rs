//! The signer's own rules: what may leave a wallet at once, what after a wait, and what with its
//! owners' approval.
//!
//! A [`Guard`] belongs to one wallet. It believes nothing but the bytes, what the operator wrote,
//! and the spend that the journal holds. [`judge()`] says what something demands, and
//! [`Judged::clear`], which takes the reason why it is met, is the only maker of [`Cleared`], which
//! the journal uses up; see `docs/guard.md` for the rules in words.

mod ceilings;
mod demand;
mod effects;
mod exposure;
mod judge;
mod lease;
mod order;
mod pace;
mod room;
mod schedule;
mod template;
#[cfg(test)]
mod tests;
mod text;
mod window;

use std::collections::{BTreeMap, BTreeSet};

use primitives::{Address, Amount, Asset, Environment, EvmAddress, Network, Scope};
use txcodec::Selector;

use ceilings::Ceilings;
pub(crate) use demand::Clearance;
pub use demand::{Cleared, Judged, Permit};
pub use exposure::{Confirmed, Outlook, exposure, remarks};
pub use judge::judge;
pub use lease::add_leased;
use pace::Pace;
use schedule::Schedule;
pub use text::GuardError;
pub(crate) use window::LEAD_SECONDS;
pub use window::{DAY_SECONDS, Ledger, Span, Windows};

/// Seconds that an announcement waits where the guard does not say.
const DEFAULT_DELAY_SECONDS: u32 = 600;

/// What one wallet may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guard {
    messages: Messages,
    delay_seconds: u32,
    pace: Pace,
    owner_enrolment: Enrolment,
    schedule: Schedule,
    lease_percent: Option<u8>,
    networks: BTreeMap<Scope, NetworkRule>,
}

/// Which texts are signed; from the tightest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Messages {
    /// None, and no typed data either.
    None,
    /// With the owners' approval.
    Owner,
    /// At once.
    Text,
}

/// Who confirms a wallet's first owners; from the tightest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Enrolment {
    /// An operator, with the passphrase.
    Operator,
    /// Whoever was proposed and signs first.
    FirstUse,
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
    /// Who may get coins, tokens and collectibles; anybody if absent.
    recipients: Option<BTreeSet<Address>>,
    /// The most that one transaction's fee and rent may be, in base units of the native coin.
    fee: Option<Amount>,
    /// What the network takes for each byte on top, in base units of the native coin; what is known
    /// of the network if absent.
    fee_per_byte: Option<Amount>,
    assets: BTreeMap<Asset, AssetRule>,
    /// Which functions of which contracts may be called.
    contracts: BTreeMap<EvmAddress, Listed<Selector>>,
    /// Which types of typed data for which contracts may be signed.
    typed_data: BTreeMap<EvmAddress, Listed<String>>,
}

/// How much of an asset leaves, and on whose word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct AssetRule {
    /// At once.
    immediate: Ceilings,
    /// After a wait, together with what left at once; nothing more than that if absent.
    delay: Option<Ceilings>,
    /// What not even the owners' approval exceeds.
    owner: Ceilings,
    /// Who may be given allowances, and the most of one; anybody if absent.
    spenders: Option<BTreeMap<Address, Amount>>,
}

/// Some, or all.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Listed<T> {
    Any,
    These(BTreeSet<T>),
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
        let networks = networks.iter().map(|network| (Scope::of(network.chain_id), rule(network)));
        Self::with_networks(networks.collect())
    }

    fn with_networks(networks: BTreeMap<Scope, NetworkRule>) -> Self {
        Self {
            messages: Messages::Text,
            delay_seconds: DEFAULT_DELAY_SECONDS,
            pace: Pace::default(),
            owner_enrolment: Enrolment::Operator,
            schedule: Schedule::default(),
            lease_percent: None,
            networks,
        }
    }

    /// Seconds that an announcement waits.
    pub fn delay_seconds(&self) -> u32 {
        self.delay_seconds
    }

    /// Whether whatever can be read is signed there.
    pub fn is_open(&self, scope: Scope) -> bool {
        self.networks.get(&scope) == Some(&NetworkRule::Open)
    }

    /// Who confirms the wallet's first owners.
    pub fn owner_enrolment(&self) -> Enrolment {
        self.owner_enrolment
    }

    /// How much of what leaves at once may be leased; `None` where nothing is.
    pub fn lease_percent(&self) -> Option<u8> {
        self.lease_percent
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
            ..AssetRule::default()
        };
        Self { assets: BTreeMap::from([(Asset::Native, rule)]), ..Self::default() }
    }

    /// The most that the network takes for each byte on top of its fee.
    fn fee_per_byte(&self, scope: Scope) -> Amount {
        let known = || scope.network().map(primitives::ChainId::layer_1_fee_per_byte);
        self.fee_per_byte.or_else(known).unwrap_or_default()
    }
}

impl<T: Ord> Listed<T> {
    fn has(&self, item: &T) -> bool {
        match self {
            Self::Any => true,
            Self::These(items) => items.contains(item),
        }
    }
}
