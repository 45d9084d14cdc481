//! What a session may do: its role, and limits of its own.
//!
//! They hold besides the policies of its wallets and loosen none of them. They are judged in the
//! same database transaction in which the spend is reserved, so that two payments at once cannot
//! both fit into what is left.

mod judge;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use primitives::{Address, Amount, Asset, ChainId, UnknownWord};
use serde::{Deserialize, Serialize};

pub use judge::{Asked, Spent};

use crate::policy::UsdMicros;
use crate::tx::Kind;

/// What a session may do. Nothing is limited where nothing is said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Grants {
    /// Whether it acts or only reads.
    pub role: Role,
    /// What it may ask for.
    pub operations: Option<BTreeSet<Kind>>,
    /// Where.
    pub networks: Option<BTreeSet<ChainId>>,
    /// Who may get something.
    pub recipients: Option<BTreeSet<Address>>,
    /// What it may spend of each asset; nothing of those that are not listed.
    pub limits: Option<Vec<AssetLimit>>,
    /// What one transaction may be worth.
    #[serde(with = "micros")]
    pub per_transaction_usd: Option<UsdMicros>,
    /// What all its transactions may be worth together.
    #[serde(with = "micros")]
    pub total_usd: Option<UsdMicros>,
    /// How many transactions and signatures it may have.
    pub max_transactions: Option<u64>,
}

/// What a session may spend of one asset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AssetLimit {
    /// Where.
    pub network: ChainId,
    /// Of what.
    pub asset: Asset,
    /// Base units in one transaction.
    pub per_transaction: Option<Amount>,
    /// Base units in the session's whole life.
    pub total: Option<Amount>,
}

/// Whether a session acts or only reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// It asks for transactions and signatures, within its limits.
    #[default]
    Agent,
    /// It reads what belongs to its wallets.
    Viewer,
    /// It reads what a viewer reads, and the audit trail of its wallets.
    Auditor,
}

/// Why grants are none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantsError {
    /// A list that allows nothing would be taken for one that does not count.
    #[error("{0} is empty; name at least one, or leave it out")]
    Empty(&'static str),
    /// A list is longer than anybody reads.
    #[error("{0} has more than {MOST_ITEMS} items")]
    TooLong(&'static str),
    /// An asset stands twice.
    #[error("limits names {asset} on {network} twice")]
    Twice {
        /// Where.
        network: ChainId,
        /// What.
        asset: Asset,
    },
    /// A limit without a number.
    #[error("limits: {asset} on {network} needs perTransaction, total, or both")]
    NoAmount {
        /// Where.
        network: ChainId,
        /// What.
        asset: Asset,
    },
    /// A token of another kind of chain.
    #[error("limits: {asset} is no address of {network}")]
    OtherChain {
        /// Where.
        network: ChainId,
        /// What.
        asset: Asset,
    },
    /// More in one transaction than in all of them.
    #[error("{0} is above the total: one of the two would mean nothing")]
    AboveTotal(&'static str),
    /// A session that asks for nothing has nothing to be limited.
    #[error("a {0} only reads: leave the other constraints out")]
    ReadsOnly(Role),
    /// Nothing could be asked for.
    #[error("maxTransactions is at least 1; a session that only reads is a viewer")]
    NoTransactions,
}

/// Items of a list.
const MOST_ITEMS: usize = 100;

impl Grants {
    /// Checks that the grants say what they seem to say.
    ///
    /// # Errors
    /// When a list is empty or endless, an asset stands twice, or numbers contradict each other.
    pub fn checked(self) -> Result<Self, GrantsError> {
        if self.role != Role::Agent && self != (Self { role: self.role, ..Self::default() }) {
            return Err(GrantsError::ReadsOnly(self.role));
        }
        let lists = [
            ("allowedOperations", self.operations.as_ref().map(BTreeSet::len)),
            ("allowedNetworks", self.networks.as_ref().map(BTreeSet::len)),
            ("allowedRecipients", self.recipients.as_ref().map(BTreeSet::len)),
            ("limits", self.limits.as_ref().map(Vec::len)),
        ];
        for (name, length) in lists {
            match length {
                Some(0) => return Err(GrantsError::Empty(name)),
                Some(length) if length > MOST_ITEMS => return Err(GrantsError::TooLong(name)),
                Some(_) | None => {}
            }
        }
        let mut seen = BTreeSet::new();
        for limit in self.limits.iter().flatten() {
            let AssetLimit { network, asset, per_transaction, total } = *limit;
            if !seen.insert((network, asset)) {
                return Err(GrantsError::Twice { network, asset });
            }
            if matches!(asset, Asset::Token(token) if token.chain() != network.chain()) {
                return Err(GrantsError::OtherChain { network, asset });
            }
            match (per_transaction, total) {
                (None, None) => return Err(GrantsError::NoAmount { network, asset }),
                (Some(one), Some(all)) if one > all => {
                    return Err(GrantsError::AboveTotal("perTransaction"));
                }
                (Some(_) | None, Some(_)) | (Some(_), None) => {}
            }
        }
        if let (Some(one), Some(all)) = (self.per_transaction_usd, self.total_usd)
            && one > all
        {
            return Err(GrantsError::AboveTotal("perTransactionUsd"));
        }
        if self.max_transactions == Some(0) {
            return Err(GrantsError::NoTransactions);
        }
        Ok(self)
    }

    /// Whether what the session has spent before counts.
    pub fn has_totals(&self) -> bool {
        self.total_usd.is_some()
            || self.max_transactions.is_some()
            || self.limits.iter().flatten().any(|limit| limit.total.is_some())
    }

    /// The assets of which a total is limited on a network.
    pub fn totals_on(&self, network: ChainId) -> impl Iterator<Item = Asset> {
        let on = self.limits.iter().flatten().filter(move |limit| limit.network == network);
        on.filter(|limit| limit.total.is_some()).map(|limit| limit.asset)
    }

    fn limit(&self, network: ChainId, asset: Asset) -> Option<&AssetLimit> {
        let mut limits = self.limits.iter().flatten();
        limits.find(|limit| (limit.network, limit.asset) == (network, asset))
    }
}

impl Role {
    /// Every role.
    pub const ALL: &[Self] = &[Self::Agent, Self::Viewer, Self::Auditor];

    /// The word of the HTTP interface.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agent => "agent",
            Self::Viewer => "viewer",
            Self::Auditor => "auditor",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.iter().copied().find(|role| role.as_str() == text);
        found.ok_or(UnknownWord { expected: "agent, viewer or auditor" })
    }
}

/// Dollars as whole millionths, as the database keeps them.
mod micros {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use crate::policy::UsdMicros;

    #[expect(clippy::ref_option, reason = "the form that serde calls")]
    pub(super) fn serialize<S: Serializer>(
        worth: &Option<UsdMicros>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        worth.map(UsdMicros::get).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<UsdMicros>, D::Error> {
        Ok(Option::<u64>::deserialize(deserializer)?.map(UsdMicros::new))
    }
}

#[cfg(test)]
mod tests;
