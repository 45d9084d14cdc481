//! The number that is printed beforehand.

use primitives::{Amount, Asset, ChainId, WalletId};

use crate::wire::Item;
use crate::{wire_fields, wire_variants};

/// What could leave a wallet without its owners, were gatewayd taken over now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exposure {
    /// Whose.
    pub wallet: WalletId,
    /// A line for each network and asset that may leave.
    pub lines: Vec<ExposureLine>,
    /// What no number says: contracts that may be called, messages that may be signed. A sentence
    /// each.
    pub remarks: Vec<String>,
}

/// What could leave of one asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExposureLine {
    /// On which network; `None` for all clusters of a Solana wallet's environment together, as the
    /// bytes of a Solana transaction do not name its cluster.
    pub network: Option<ChainId>,
    /// Of what.
    pub asset: Asset,
    /// Now, in as many transactions as it takes, waits that are over included.
    pub at_once: Ceiling,
    /// In the next hour.
    pub per_hour: Ceiling,
    /// In the next 24 hours.
    pub per_day: Ceiling,
    /// In the next 30 days.
    pub per_month: Ceiling,
}

/// How much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ceiling {
    /// At most this, in base units.
    AtMost(Amount),
    /// Everything that the wallet holds.
    Unlimited,
}

wire_fields!(Exposure { wallet, lines, remarks });
wire_fields!(ExposureLine { network, asset, at_once, per_hour, per_day, per_month });
wire_variants!(Ceiling { 1 AtMost(amount), 2 Unlimited });
impl Item for ExposureLine {}
