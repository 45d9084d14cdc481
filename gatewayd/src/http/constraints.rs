//! What a session is limited to, between the words of bodies and the grants that are judged.

use api::{AssetConstraint, Decimal, SessionConstraints};
use primitives::{Address, Amount, Asset, ChainId};

use super::problem::Problem;
use super::words::word;
use crate::app::App;
use crate::networks::Networks;
use crate::policy::UsdMicros;
use crate::session::grants::{AssetLimit, Grants, Role};
use crate::tx::Kind;

/// Decimals of a dollar that count.
const MICROS: u8 = 6;

/// The grants that a body asks for. Whether they make sense together, the use-case says.
pub(super) fn grants(app: &App, asked: Option<SessionConstraints>) -> Result<Grants, Problem> {
    let asked = asked.unwrap_or_default();
    let networks = &app.networks;
    let role = asked.role.as_deref().map(|text| word("constraints.role", text)).transpose()?;
    Ok(Grants {
        role: role.unwrap_or_default(),
        operations: each("allowedOperations", asked.allowed_operations, operation)?,
        networks: each("allowedNetworks", asked.allowed_networks, |field, text| {
            network(networks, field, &text)
        })?,
        recipients: each("allowedRecipients", asked.allowed_recipients, |field, text| {
            word::<Address>(field, &text)
        })?,
        limits: each("limits", asked.limits, |field, item| limit(networks, field, &item))?,
        per_transaction_usd: dollars("perTransactionUsd", asked.per_transaction_usd.as_ref())?,
        total_usd: dollars("totalUsd", asked.total_usd.as_ref())?,
        max_transactions: asked.max_transactions,
    })
}

/// The body that says what these grants say.
pub(super) fn body(app: &App, grants: &Grants) -> SessionConstraints {
    let name = |network: ChainId| network_name(app, network);
    let limits = grants.limits.iter().flatten().map(|limit| AssetConstraint {
        network: name(limit.network),
        asset: limit.asset.to_string(),
        per_transaction: limit.per_transaction.map(|amount| amount.to_string()),
        total: limit.total.map(|amount| amount.to_string()),
    });
    SessionConstraints {
        role: (grants.role != Role::Agent).then(|| grants.role.to_string()),
        allowed_operations: words(grants.operations.as_ref(), |kind| kind.as_str().to_owned()),
        allowed_networks: words(grants.networks.as_ref(), |network| name(*network)),
        allowed_recipients: words(grants.recipients.as_ref(), ToString::to_string),
        limits: grants.limits.is_some().then(|| limits.collect()),
        per_transaction_usd: grants.per_transaction_usd.and_then(decimal),
        total_usd: grants.total_usd.and_then(decimal),
        max_transactions: grants.max_transactions,
    }
}

/// What a network is called here, or its CAIP-2 where it is not known any more.
pub(super) fn network_name(app: &App, network: ChainId) -> String {
    let known = app.networks.by_chain_id(network);
    known.map_or_else(|| network.to_string(), |network| network.name.to_string())
}

fn words<'a, T: 'a>(
    items: Option<impl IntoIterator<Item = &'a T>>,
    write: impl Fn(&T) -> String,
) -> Option<Vec<String>> {
    items.map(|items| items.into_iter().map(write).collect())
}

fn each<T, U, C: FromIterator<U>>(
    field: &str,
    items: Option<Vec<T>>,
    read: impl Fn(&str, T) -> Result<U, Problem>,
) -> Result<Option<C>, Problem> {
    let numbered = |(position, item)| read(&format!("constraints.{field}[{position}]"), item);
    let read = items.map(|items| items.into_iter().enumerate().map(numbered).collect());
    read.transpose()
}

fn operation(field: &str, text: String) -> Result<Kind, Problem> {
    let known = Kind::ALL.iter().copied().find(|kind| kind.as_str() == text);
    known.ok_or_else(|| {
        let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.as_str()).collect();
        Problem::invalid(format!("{field}: expected one of {}", words.join(", ")))
    })
}

fn network(networks: &Networks, field: &str, text: &str) -> Result<ChainId, Problem> {
    let known = networks.find(text).map(|network| network.chain_id);
    known.ok_or_else(|| Problem::invalid(format!("{field}: unknown network {text:?}")))
}

fn limit(networks: &Networks, field: &str, item: &AssetConstraint) -> Result<AssetLimit, Problem> {
    let amount = |name: &str, text: &Option<String>| {
        let read = text.as_deref().map(|text| word::<Amount>(&format!("{field}.{name}"), text));
        read.transpose()
    };
    Ok(AssetLimit {
        network: network(networks, &format!("{field}.network"), &item.network)?,
        asset: word::<Asset>(&format!("{field}.asset"), &item.asset)?,
        per_transaction: amount("perTransaction", &item.per_transaction)?,
        total: amount("total", &item.total)?,
    })
}

fn dollars(field: &str, number: Option<&Decimal>) -> Result<Option<UsdMicros>, Problem> {
    let read = |number: &Decimal| {
        let micros = Amount::from_units(number.as_str(), MICROS).ok().and_then(Amount::to_u64);
        micros.map(UsdMicros::new).ok_or_else(|| {
            Problem::invalid(format!(
                "constraints.{field}: dollars have at most six decimals, and there is a largest amount"
            ))
        })
    };
    number.map(read).transpose()
}

fn decimal(worth: UsdMicros) -> Option<Decimal> {
    Decimal::new(&Amount::from(worth.get()).to_units(MICROS)).ok()
}
