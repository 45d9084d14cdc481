//! `balance`.

use api::{AllAssets, AllBalances, AssetBalance, NetworkAssets, NetworkBalance};
use api::{WalletAssets, WalletBalance};
use primitives::Amount;
use serde_json::Value;
use uuid::Uuid;

use super::session::as_session;
use super::{Operation, to_json, uuid};
use crate::args::BalanceArgs;
use crate::exit::Failure;
use crate::gateway::{Call, Gateway, Token};
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::view::View;

/// What a session lives for while nodes are asked, in seconds.
const LIFETIME: u32 = 300;

/// Shows what a wallet holds.
pub(super) fn balance(arguments: &BalanceArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = uuid(operation.wallet(&arguments.wallet)?);
    let gateway = operation.gateway()?;
    let _progress = Progress::start("asking the networks");
    as_session(&gateway, vec![wallet], LIFETIME, |token| {
        let question = Question { gateway: &gateway, wallet, token };
        let network = arguments.network.as_deref();
        if arguments.assets { question.assets(network) } else { question.coins(network) }
    })
}

/// What a wallet has on each of its networks, or why that is not known.
pub(super) fn of_all_networks(
    gateway: &Gateway,
    wallet: Uuid,
) -> Result<Vec<NetworkBalance>, Failure> {
    as_session(gateway, vec![wallet], LIFETIME, |token| {
        let question = Question { gateway, wallet, token };
        let all: AllBalances = gateway.ask(question.call("balance", "all"))?;
        Ok(all.balances)
    })
}

struct Question<'a> {
    gateway: &'a Gateway,
    wallet: Uuid,
    token: &'a Token,
}

impl Question<'_> {
    fn coins(&self, network: Option<&str>) -> Result<View, Failure> {
        let (json, lines) = match network {
            None => {
                let all: AllBalances = self.gateway.ask(self.call("balance", "all"))?;
                (to_json(&all), all.balances)
            }
            Some(network) => {
                let one: WalletBalance = self.gateway.ask(self.call("balance", network))?;
                (to_json(&one), vec![line_of(one)])
            }
        };
        Ok(coins(json, &lines))
    }

    fn assets(&self, network: Option<&str>) -> Result<View, Failure> {
        let (json, networks, currency) = match network {
            None => {
                let all: AllAssets = self.gateway.ask(self.call("assets", "all"))?;
                (to_json(&all), all.network_assets, all.display_currency)
            }
            Some(network) => {
                let one: WalletAssets = self.gateway.ask(self.call("assets", network))?;
                let json = to_json(&one);
                (
                    json,
                    vec![NetworkAssets {
                        network: one.network,
                        assets: Some(one.assets),
                        error: None,
                    }],
                    one.display_currency,
                )
            }
        };
        Ok(assets(json, &networks, currency.as_deref()))
    }

    fn call(&self, what: &str, network: &str) -> Call {
        Call::get(format!("/v1/wallet/{what}"))
            .query("walletId", &self.wallet.to_string())
            .query("network", network)
            .session(self.token)
    }
}

fn line_of(one: WalletBalance) -> NetworkBalance {
    NetworkBalance {
        network: one.network,
        balance: Some(one.balance),
        decimals: Some(one.decimals),
        symbol: Some(one.symbol),
        display_balance: one.display_balance,
        display_currency: one.display_currency,
        worth_unknown: one.worth_unknown,
        error: None,
    }
}

fn coins(json: Value, lines: &[NetworkBalance]) -> View {
    let mut table = Table::new([
        Column::left("NETWORK"),
        Column::right("BALANCE"),
        Column::left("COIN"),
        Column::right("WORTH"),
    ]);
    for line in lines {
        let balance = match (&line.balance, line.decimals, &line.error) {
            (_, _, Some(error)) => error.clone(),
            (Some(balance), Some(decimals), None) => units(balance, decimals),
            (Some(balance), None, None) => balance.clone(),
            (None, _, None) => String::new(),
        };
        let worth = worth(
            line.display_balance.as_deref(),
            line.display_currency.as_deref(),
            line.worth_unknown.is_some(),
        );
        let coin = line.symbol.clone().unwrap_or_default();
        table.row([line.network.clone(), balance, coin, worth]);
    }
    View::new(json).table(table)
}

fn assets(json: Value, networks: &[NetworkAssets], currency: Option<&str>) -> View {
    let mut table = Table::new([
        Column::left("NETWORK"),
        Column::right("BALANCE"),
        Column::left("ASSET"),
        Column::right("WORTH"),
        Column::left("CONTRACT OR MINT"),
    ]);
    for network in networks {
        for asset in network.assets.iter().flatten() {
            table.row([
                network.network.clone(),
                units(&asset.balance, asset.decimals),
                asset.symbol.clone(),
                worth(asset.display_value.as_deref(), currency, asset.worth_unknown.is_some()),
                contract(asset),
            ]);
        }
        if let Some(error) = &network.error {
            table.row([network.network.clone(), error.clone()]);
        }
    }
    View::new(json).table(table)
}

/// As the gateway shows it. What is not known is never left out as if it were nothing.
fn worth(shown: Option<&str>, currency: Option<&str>, unknown: bool) -> String {
    match shown {
        Some(shown) => format!("{shown} {}", currency.unwrap_or_default()),
        None if unknown => "unknown".to_owned(),
        None => String::new(),
    }
}

fn contract(asset: &AssetBalance) -> String {
    if asset.is_native { String::new() } else { asset.mint.clone() }
}

/// Base units as whole units; a text that is no amount stays as it is.
fn units(base_units: &str, decimals: u8) -> String {
    base_units
        .parse::<Amount>()
        .map_or_else(|_not_an_amount| base_units.to_owned(), |amount| amount.to_units(decimals))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Style;
    use crate::view::Format;

    #[test]
    fn a_network_that_does_not_answer_does_not_hide_the_others() {
        let line = |network: &str, balance: Option<&str>, error: Option<&str>| NetworkBalance {
            network: network.to_owned(),
            balance: balance.map(str::to_owned),
            decimals: balance.map(|_| 9),
            symbol: balance.map(|_| "SOL".to_owned()),
            display_balance: None,
            display_currency: None,
            worth_unknown: balance.map(|_| "no price".to_owned()),
            error: error.map(str::to_owned),
        };
        let lines = [
            line("solana-devnet", Some("1500000000"), None),
            line("solana-testnet", None, Some("no node answers")),
        ];
        let text = coins(Value::Null, &lines).render(Format::Text, Style::Plain);
        let words: Vec<&str> = text.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "NETWORK",
                "BALANCE",
                "COIN",
                "WORTH",
                "solana-devnet",
                "1.5",
                "SOL",
                "unknown",
                "solana-testnet",
                "no",
                "node",
                "answers",
            ]
        );
    }
}
