//! Step 6 and 7: what is known besides the bytes, and the verdict.

use std::collections::BTreeMap;
use std::time::Duration;

use primitives::{Address, Amount, Asset, Environment, Network, WalletId};
use txcodec::Decoded;

use super::session_limits::{self, AskedBy};
use super::standing::{self, Standing};
use crate::clock::UnixSeconds;
use crate::policy::{self, Before, Facts, Nearing, Policy, UsdMicros, Verdict};
use crate::prices::Worths;
use crate::store::policies::StoredPolicy;
use crate::store::{Reading, StoreError, TransactionId};

/// What a verdict needs that is not in the database.
#[derive(Clone, Debug)]
pub struct Known {
    /// Whose key shall sign.
    pub wallet: WalletId,
    /// Whether the wallet's coins are worth money.
    pub environment: Environment,
    /// Where; `None` for messages.
    pub network: Option<Network>,
    /// Decimals of tokens, as the chain or the registry says.
    pub decimals: BTreeMap<Asset, u8>,
    /// What it lets go, in dollars.
    pub worths: Worths,
    /// What stands of the allowances that it adds to.
    pub standing: Standing,
    /// The transaction that is judged, if it is stored: its own reservation does not count.
    pub transaction: Option<TransactionId>,
    /// Which session asks; `None` where none does.
    pub asked_by: Option<AskedBy>,
    /// What the time is.
    pub now: UnixSeconds,
}

/// What a verdict needs that is in the database.
#[derive(Debug)]
pub struct Gathered {
    policies: Vec<Policy>,
    spent_in_day: Option<UsdMicros>,
    spent_in_month: Option<UsdMicros>,
    passed: BTreeMap<u64, u64>,
    standing: BTreeMap<(Address, Address), Amount>,
}

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);

/// The verdict as of this moment of the database: what the session that asks may do comes first, and
/// the policies say the rest.
///
/// # Errors
/// When the database cannot be read.
pub fn judged(db: &Reading<'_>, decoded: &Decoded, known: &Known) -> Result<Verdict, StoreError> {
    match session_limits::denial(db, decoded, known)? {
        Some(denial) => Ok(Verdict::Deny(denial)),
        None => with_facts(db, known, |facts| policy::judge(decoded, facts)),
    }
}

/// Whether it is denied by what it names, whatever it is worth, as of this moment of the database.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn is_denied_unpriced(
    db: &Reading<'_>,
    decoded: &Decoded,
    known: &Known,
) -> Result<bool, StoreError> {
    with_facts(db, known, |facts| policy::is_denied_unpriced(decoded, facts))
}

/// The cap in dollars that would nearly be reached, as of this moment of the database.
///
/// # Errors
/// When the database cannot be read.
pub fn nearing(db: &Reading<'_>, known: &Known) -> Result<Option<Nearing>, StoreError> {
    with_facts(db, known, policy::nearing)
}

/// The caps in dollars of which four fifths are passed by what is let pass now; to be asked before it
/// is reserved.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn crossed(
    db: &Reading<'_>,
    known: &Known,
    worth: Option<UsdMicros>,
) -> Result<Vec<Nearing>, StoreError> {
    let counted = |window| db.spent_usd(known.wallet, known.now.minus(window), None);
    let before = Before { in_day: counted(DAY)?, in_month: counted(MONTH)? };
    with_facts(db, known, |facts| policy::crossed(&Facts { worth, ..*facts }, before))
}

fn with_facts<T>(
    db: &Reading<'_>,
    known: &Known,
    judge: impl FnOnce(&Facts<'_>) -> T,
) -> Result<T, StoreError> {
    let chain_id = known.network.as_ref().map(|network| network.chain_id);
    let policies = db.policies_for(known.wallet, chain_id)?.into_iter().map(Policy::from).collect();
    let gathered = gathered(db, policies, known)?;
    Ok(judge(&gathered.facts(known)))
}

/// What is in the database, as far as `policies` need it.
///
/// # Errors
/// When the database cannot be read.
pub fn gathered(
    db: &Reading<'_>,
    policies: Vec<Policy>,
    known: &Known,
) -> Result<Gathered, StoreError> {
    let spent_since =
        |window: Duration| db.spent_usd(known.wallet, known.now.minus(window), known.transaction);
    Ok(Gathered {
        spent_in_day: spent_since(DAY)?,
        spent_in_month: spent_since(MONTH)?,
        passed: passed(db, &policies, known)?,
        standing: standing::with_what_is_under_way(db, known)?,
        policies,
    })
}

impl Gathered {
    /// With what is known besides.
    pub fn facts<'a>(&'a self, known: &'a Known) -> Facts<'a> {
        Facts {
            wallet: known.wallet,
            environment: known.environment,
            network: known.network.as_ref(),
            policies: &self.policies,
            decimals: &known.decimals,
            worth: known.worths.whole,
            spent_in_day: self.spent_in_day,
            spent_in_month: self.spent_in_month,
            now: known.now,
            passed: &self.passed,
            standing: &self.standing,
            action: None,
            destination: None,
            reputation: None,
        }
    }
}

/// How many other transactions were let pass in each window in which policies count them. One that
/// was let pass before was counted then.
fn passed(
    db: &Reading<'_>,
    policies: &[Policy],
    known: &Known,
) -> Result<BTreeMap<u64, u64>, StoreError> {
    let windows = policy::windows(policies);
    if windows.is_empty() {
        return Ok(BTreeMap::new());
    }
    let own = known.transaction.map(|id| db.transaction(id)).transpose()?.flatten();
    let is_counted = own.is_some_and(|own| own.tier.is_some());
    let count = |window: u64| {
        let since = known.now.minus(Duration::from_secs(window));
        let passed = if is_counted {
            0
        } else {
            db.transactions_since(known.wallet, since, known.transaction)?
        };
        Ok((window, passed))
    };
    windows.into_iter().map(count).collect()
}

impl From<StoredPolicy> for Policy {
    fn from(stored: StoredPolicy) -> Self {
        let mut policy = Self::new(&stored.kind, stored.rules);
        (policy.wallet, policy.network) = (stored.wallet, stored.network);
        policy.priority = stored.priority;
        policy
    }
}
