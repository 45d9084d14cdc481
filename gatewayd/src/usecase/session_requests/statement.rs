//! The sentence that an owner signs to grant a session: everything that it may do and until when, in
//! one line of plain ASCII.

use primitives::{Amount, Asset, ChainId};

use crate::app::App;
use crate::clock::UnixSeconds;
use crate::networks::Networks;
use crate::owner::Moment;
use crate::policy::UsdMicros;
use crate::session::grants::{AssetLimit, Grants};
use crate::store::session_requests::SessionRequest;
use crate::store::wallets::Wallet;

/// What the owner of `wallets` signs for this request. Two requests never have the same, as each
/// names its id.
pub(super) fn statement(app: &App, request: &SessionRequest, wallets: &[Wallet]) -> String {
    let asked = &request.asked;
    let wallets = wallets.iter().map(|wallet| format!("{} ({})", wallet.address, wallet.id));
    let mut parts = vec![format!("use {}", list(wallets))];
    parts.extend(granted(&app.networks, &asked.grants));
    parts.push(match asked.expires_at {
        Some(end) => format!("until {}", moment(end)),
        None => "without an end".to_owned(),
    });
    if asked.expires_at.is_some() {
        parts.push(match asked.max_renewals {
            Some(most) => format!("renewed at most {most} times"),
            None => "renewed at will".to_owned(),
        });
    }
    if let Some(last) = asked.absolute_expires_at {
        parts.push(format!("never after {}", moment(last)));
    }
    format!("Let the agent {} {}. Session request {}.", request.agent, parts.join("; "), request.id)
}

fn granted(networks: &Networks, grants: &Grants) -> Vec<String> {
    let name = |network: ChainId| {
        let known = networks.by_chain_id(network);
        known.map_or_else(|| network.to_string(), |network| network.name.to_string())
    };
    let mut parts = vec![format!("as {}", grants.role)];
    if let Some(operations) = &grants.operations {
        parts.push(format!("only to {}", list(operations.iter().map(|kind| kind.as_str()))));
    }
    if let Some(allowed) = &grants.networks {
        parts.push(format!("only on {}", list(allowed.iter().map(|network| name(*network)))));
    }
    if let Some(recipients) = &grants.recipients {
        parts.push(format!("only to pay {}", list(recipients)));
    }
    if let Some(limits) = &grants.limits {
        let limits = limits.iter().map(|limit| {
            let of = |amount: Amount| written(networks, limit, amount);
            let place = name(limit.network);
            match (limit.per_transaction, limit.total) {
                (Some(one), Some(all)) => {
                    format!("{} on {place} at once and {} in all", of(one), of(all))
                }
                (Some(one), None) => format!("{} on {place} at once", of(one)),
                (None, all) => {
                    format!("{} on {place} in all", of(all.unwrap_or_default()))
                }
            }
        });
        parts.push(format!("at most {}", list(limits)));
    }
    let dollars = |worth: UsdMicros, when: &str| format!("at most {worth} {when}");
    parts.extend(grants.per_transaction_usd.map(|worth| dollars(worth, "at once")));
    parts.extend(grants.total_usd.map(|worth| dollars(worth, "in all")));
    parts.extend(grants.max_transactions.map(|most| format!("at most {most} transactions")));
    parts
}

/// In whole coins where the network says what one is, else in the token's base units.
fn written(networks: &Networks, limit: &AssetLimit, amount: Amount) -> String {
    match (limit.asset, networks.by_chain_id(limit.network)) {
        (Asset::Native, Some(network)) => {
            format!("{} {}", amount.to_units(network.native.decimals), network.native.symbol)
        }
        (asset @ (Asset::Native | Asset::Token(_)), _) => format!("{amount} base units of {asset}"),
    }
}

fn moment(at: UnixSeconds) -> String {
    Moment::new(at).to_string()
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    let items: Vec<String> = items.into_iter().map(|item| item.to_string()).collect();
    items.join(", ")
}
