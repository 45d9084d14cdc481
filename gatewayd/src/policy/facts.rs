//! What is known besides the bytes. What nobody could find out is absent, and absent never loosens.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use primitives::{Address, Amount, Asset, Environment, Network, WalletId};

use super::{Decimal, Policy, UsdMicros};
use crate::clock::UnixSeconds;

/// What is known besides the bytes.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Whose key shall sign.
    pub wallet: WalletId,
    /// Whether the wallet's coins are worth money.
    pub environment: Environment,
    /// Where; `None` for what holds on no network, or on one that is not known.
    pub network: Option<&'a Network>,
    /// The policies that are enabled.
    pub policies: &'a [Policy],
    /// Decimals of tokens, as the chain says.
    pub decimals: &'a BTreeMap<Asset, u8>,
    /// What leaves is worth this much; `None` when nobody knows.
    pub worth: Option<UsdMicros>,
    /// What the wallet's other transactions of the last day are worth, those under way included;
    /// `None` when nobody knows.
    pub spent_in_day: Option<UsdMicros>,
    /// As above, in the last thirty days.
    pub spent_in_month: Option<UsdMicros>,
    /// What the time is.
    pub now: UnixSeconds,
    /// How many other transactions of the wallet were let pass in the last so many seconds. A window
    /// that is not there was not counted.
    pub passed: &'a BTreeMap<u64, u64>,
    /// What spenders may take already, by token and spender, where leave is given to take more than
    /// that. What nobody could find out is not there.
    pub standing: &'a BTreeMap<(Address, Address), Amount>,
    /// What a protocol is asked to do; `None` where it is a plain transaction.
    pub action: Option<&'a Action>,
    /// Whom a request over HTTP goes to that is paid or signed; `None` where there is none.
    pub destination: Option<&'a Destination>,
    /// What is said of whom it goes to; `None` when nobody could find out.
    pub reputation: Option<Reputation>,
}

/// What a protocol is asked to do, as the gateway's own code for that protocol says: never as the
/// caller does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// What kind of protocol.
    pub category: Category,
    /// What is done, such as `borrow`.
    pub name: String,
    /// Who carries it out, where that is not on a chain.
    pub venue: Option<String>,
    /// Which market, such as `ETH-USD`.
    pub market: Option<String>,
    /// Which asset is lent, borrowed or taken out.
    pub asset: Option<Address>,
    /// How much would be owed of what is deposited, afterwards.
    pub ltv: Option<Decimal>,
    /// How many times its collateral a position would be, afterwards.
    pub leverage: Option<Decimal>,
    /// How large the position would be, afterwards.
    pub position: Option<UsdMicros>,
    /// What it is worth.
    pub worth: Option<UsdMicros>,
    /// What the wallet's other actions of this category in the last day are worth.
    pub spent_in_day: Option<UsdMicros>,
    /// As above, in the last thirty days.
    pub spent_in_month: Option<UsdMicros>,
}

/// Whom a request over HTTP goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Why it is asked for.
    pub purpose: Purpose,
    /// The host's name.
    pub domain: String,
    /// How many other requests to it were signed in the last minute; `None` when nobody knows.
    pub signed_in_minute: Option<u64>,
}

/// Why a request over HTTP is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// It is paid (x402).
    Payment,
    /// It is signed (ERC-8128).
    Signature,
}

/// What is said of whom it goes to (ERC-8004).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reputation {
    /// Nothing.
    Unrated,
    /// From 0 to 100.
    Score(Decimal),
}

/// Declares [`Category`] and its words.
macro_rules! categories {
    ($($(#[$doc:meta])* $name:ident $word:literal;)+) => {
        /// What kind of protocol an action is of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Category {
            $($(#[$doc])* $name,)+
        }

        impl Category {
            /// Every category.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// How it is written.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }
        }
    };
}

categories! {
    /// One asset for another.
    Swap "swap";
    /// From one network to another.
    Bridge "bridge";
    /// Coins are locked to secure a network.
    Staking "staking";
    /// Assets are lent or borrowed.
    Lending "lending";
    /// Assets are given away for a yield.
    Yield "yield";
    /// Perpetual futures.
    Perp "perp";
    /// Spot orders on an exchange.
    Spot "spot";
    /// Bets on what happens.
    Prediction "prediction";
    /// Collectibles.
    Nft "nft";
    /// Registries of agents.
    Identity "identity";
    /// Whatever has no category of its own.
    Other "other";
}

/// There is no such category.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown category")]
pub struct UnknownCategory;

impl FromStr for Category {
    type Err = UnknownCategory;

    fn from_str(text: &str) -> Result<Self, UnknownCategory> {
        let named = |category: &&Self| category.as_str().eq_ignore_ascii_case(text);
        Self::ALL.iter().find(named).copied().ok_or(UnknownCategory)
    }
}

impl fmt::Display for Category {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
