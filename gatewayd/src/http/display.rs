//! `displayAmount` and `amountUsd`: what transactions were worth when they were let pass; and what
//! balances are worth now.

use std::collections::BTreeMap;

use api::{CumulativeWarning, Decimal};
use primitives::{Amount, Asset, Network};

use super::problem::Problem;
use crate::app::App;
use crate::policy::{Nearing, UsdMicros};
use crate::prices::currencies;
use crate::store::{StoreError, TransactionId};

/// Places of dollars.
const MICROS: u8 = 6;

/// The currency that a request means; that of the settings where it names none.
pub(super) fn currency<'a>(app: &'a App, asked: Option<&'a str>) -> Result<&'a str, Problem> {
    let Some(asked) = asked.filter(|asked| !asked.is_empty()) else {
        return Ok(&app.settings.prices.display_currency);
    };
    let found = currencies().chain(["USD"]).find(|code| code.eq_ignore_ascii_case(asked));
    found.ok_or_else(|| {
        let known: Vec<&str> = currencies().chain(["USD"]).collect();
        Problem::invalid(format!("display_currency is one of {}", known.join(", ")))
    })
}

/// Adds to each transaction what it was worth, in that currency.
pub(super) async fn add(
    app: &App,
    mut items: Vec<api::Transaction>,
    currency: &str,
) -> Result<Vec<api::Transaction>, Problem> {
    let worths = kept(app, items.iter().map(|item| item.id.to_string()).collect()).await?;
    for item in &mut items {
        show(app, item, worths.get(&item.id.to_string()), currency).await;
    }
    Ok(items)
}

/// The same for one.
pub(super) async fn add_one(
    app: &App,
    mut item: api::Transaction,
    currency: &str,
) -> Result<api::Transaction, Problem> {
    let id = item.id.to_string();
    let worths = kept(app, vec![id.clone()]).await?;
    show(app, &mut item, worths.get(&id), currency).await;
    Ok(item)
}

async fn show(app: &App, item: &mut api::Transaction, worth: Option<&UsdMicros>, currency: &str) {
    let Some(worth) = worth else { return };
    item.display_amount = app.prices.shown(*worth, currency).await;
    item.display_currency = item.display_amount.is_some().then(|| currency.to_owned());
}

/// What transactions were worth in dollars, by id.
pub(super) async fn kept(
    app: &App,
    ids: Vec<String>,
) -> Result<BTreeMap<String, UsdMicros>, Problem> {
    let read = app.store.read(move |db| {
        let mut worths = BTreeMap::new();
        for text in ids {
            if let Ok(id) = text.parse::<TransactionId>()
                && let Some(worth) = db.worth(id)?
            {
                worths.insert(text, worth);
            }
        }
        Ok::<_, StoreError>(worths)
    });
    Ok(read.await?)
}

/// What something that is held is worth, or why nobody knows.
#[derive(Debug, Default)]
pub(super) struct Valued {
    pub(super) usd: Option<Decimal>,
    /// In the currency that is asked for.
    pub(super) shown: Option<String>,
    pub(super) unknown: Option<String>,
}

/// What holdings on a network are worth, each with its amount and decimals, in that order.
pub(super) async fn value(
    app: &App,
    network: &Network,
    held: &[(Asset, Amount, u8)],
    currency: &str,
) -> Vec<Valued> {
    let mut valued = Vec::with_capacity(held.len());
    for worth in app.prices.worth_of_each(network, held).await {
        valued.push(match worth {
            Ok(worth) => {
                let shown = app.prices.shown(worth, currency).await;
                let unknown = shown.is_none().then(|| format!("nobody knows a rate of {currency}"));
                Valued { usd: dollars(worth), shown, unknown }
            }
            Err(unknown) => Valued { unknown: Some(unknown.to_string()), ..Valued::default() },
        });
    }
    valued
}

/// The same of one.
pub(super) async fn value_one(
    app: &App,
    network: &Network,
    held: (Asset, Amount, u8),
    currency: &str,
) -> Valued {
    value(app, network, &[held], currency).await.pop().unwrap_or_default()
}

/// A cap that is nearly reached, as the body has it.
pub(super) fn cumulative_warning(near: Nearing) -> Option<CumulativeWarning> {
    let kind = near.window.as_str();
    // A cap of nothing is reached by anything: no ratio says how far.
    let ratio = Amount::from(near.permille()).to_units(3);
    let ratio = Decimal::new(if near.limit == UsdMicros::ZERO { "1" } else { &ratio }).ok()?;
    let (spent, limit) = (dollars(near.spent)?, dollars(near.limit)?);
    Some(CumulativeWarning { kind: kind.to_owned(), ratio, spent, limit })
}

/// Dollars as a JSON number.
pub(super) fn dollars(worth: UsdMicros) -> Option<Decimal> {
    Decimal::new(&Amount::from(worth.get()).to_units(MICROS)).ok()
}
