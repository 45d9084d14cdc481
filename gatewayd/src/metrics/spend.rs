//! What wallets spent of the caps that policies set.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use primitives::{ChainId, Network};

use super::Scrape;
use super::family::{SPEND, SPEND_LEFT_OUT, SPEND_LIMIT};
use crate::clock::UnixSeconds;
use crate::networks::Networks;
use crate::policy::{Facts, Policy, UsdMicros, used};
use crate::store::sessions::Page;
use crate::store::wallets::{Wallet, WalletStatus};
use crate::store::{Reading, StoreError};

/// Wallets whose caps are shown, those that were made first: each is up to four numbers a cap.
const MOST_WALLETS: usize = 256;
/// Policies that are looked through. Where there are more, no caps are shown: one that is not seen may
/// be the one that counts.
const MOST_POLICIES: u64 = 2_000;
/// What holds wherever the wallet spends.
const EVERY_NETWORK: &str = "all";

const DAY: Duration = Duration::from_hours(24);
const MONTH: Duration = Duration::from_hours(30 * 24);

/// Adds the caps that count for each wallet. Those that count on one network alone are told with its name.
pub(super) fn put(
    scrape: &mut Scrape,
    db: &Reading<'_>,
    networks: &Networks,
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let mut wallets = db.wallets()?;
    wallets.retain(|wallet| wallet.status != WalletStatus::Terminated);
    let too_many = db.policy_count(None)? > MOST_POLICIES;
    let shown = if too_many { 0 } else { MOST_WALLETS };
    let left_out = wallets.len().saturating_sub(shown);
    scrape.put(SPEND_LEFT_OUT, [], u64::try_from(left_out).unwrap_or(u64::MAX));
    if too_many {
        return Ok(());
    }
    let stored = db.policies(None, Page { limit: MOST_POLICIES, offset: 0 })?;
    let enabled = stored.into_iter().filter(|policy| policy.enabled);
    let policies: Vec<Policy> = enabled.map(Policy::from).collect();
    let named: BTreeSet<ChainId> = policies.iter().filter_map(|policy| policy.network).collect();
    let named = named.into_iter().filter_map(|id| networks.by_chain_id(id)).map(Some);
    let places: Vec<Option<&Network>> = std::iter::once(None).chain(named).collect();
    for wallet in wallets.iter().take(shown) {
        put_wallet(scrape, db, (wallet, &policies), &places, now)?;
    }
    Ok(())
}

fn put_wallet(
    scrape: &mut Scrape,
    db: &Reading<'_>,
    (wallet, policies): (&Wallet, &[Policy]),
    places: &[Option<&Network>],
    now: UnixSeconds,
) -> Result<(), StoreError> {
    let (nothing, nothing_counted, nothing_stands) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut facts = Facts {
        wallet: wallet.id,
        environment: wallet.environment,
        network: None,
        policies,
        decimals: &nothing,
        worth: None,
        spent_in_day: None,
        spent_in_month: None,
        now,
        passed: &nothing_counted,
        standing: &nothing_stands,
        action: None,
        destination: None,
        reputation: None,
    };
    if places.iter().all(|network| used(&Facts { network: *network, ..facts }).is_empty()) {
        return Ok(());
    }
    facts.spent_in_day = db.spent_usd(wallet.id, now.minus(DAY), None)?;
    facts.spent_in_month = db.spent_usd(wallet.id, now.minus(MONTH), None)?;
    let everywhere = used(&facts);
    let id = wallet.id.to_string();
    for network in places {
        let caps = used(&Facts { network: *network, ..facts });
        let name = network.map_or(EVERY_NETWORK, |network| &network.name);
        for cap in caps.iter().filter(|cap| network.is_none() || !everywhere.contains(cap)) {
            let labels = [id.as_str(), cap.rule, cap.window.as_str(), name];
            scrape.put_known(SPEND, labels, cap.spent.map(UsdMicros::get));
            scrape.put(SPEND_LIMIT, labels, cap.limit.get());
        }
    }
    Ok(())
}
