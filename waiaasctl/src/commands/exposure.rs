//! `exposure`: what could leave without the owners, in coins for people and base units for programs.

use std::collections::BTreeMap;

use api::Wallet;
use primitives::{Amount, Asset, WalletId};
use protocol::{Ceiling, Exposure, ExposureLine, KeyInfo, KeyState};
use serde_json::{Value, json};

use super::{Operation, live_wallets};
use crate::coins::{asset_name, in_units, native_coin, network_name};
use crate::exit::Failure;
use crate::table::{Column, Table};
use crate::view::View;

/// Shows what could leave of one wallet, or of all.
pub(super) fn exposure(wallet: Option<&str>, operation: &Operation) -> Result<View, Failure> {
    let wallet = wallet.map(|reference| operation.wallet(reference)).transpose()?;
    let mut signer = operation.signer()?;
    let keys: Vec<KeyInfo> = signer
        .keys()?
        .into_iter()
        .filter(|key| wallet.map_or(key.state != KeyState::Retired, |one| key.wallet == one))
        .collect();
    let mut exposures = Vec::new();
    for key in &keys {
        exposures.push(signer.exposure(key.wallet)?);
    }
    if let (Some(wallet), []) = (wallet, exposures.as_slice()) {
        exposures.push(signer.exposure(wallet)?);
    }
    Ok(view(&exposures, &names(operation)))
}

/// Names of the wallets, if gatewayd can be asked: exposure is for when it should not be trusted.
pub(super) fn names(operation: &Operation) -> BTreeMap<WalletId, String> {
    let wallets = operation.gateway().and_then(|gateway| Ok(live_wallets(&gateway)?));
    let named = |wallet: Wallet| (WalletId::from_bytes(wallet.id.into_bytes()), wallet.name);
    wallets.unwrap_or_default().into_iter().map(named).collect()
}

/// A wallet's name and id, or its id alone.
pub(super) fn label(wallet: WalletId, names: &BTreeMap<WalletId, String>) -> String {
    names.get(&wallet).map_or(wallet.to_string(), |name| format!("{name} ({wallet})"))
}

fn view(exposures: &[Exposure], names: &BTreeMap<WalletId, String>) -> View {
    let json: Vec<Value> = exposures.iter().map(to_json).collect();
    let mut view = View::new(json!({ "exposure": json }));
    if exposures.is_empty() {
        view = view.line("nothing can leave: there is no wallet that signs");
    }
    for (position, exposure) in exposures.iter().enumerate() {
        if position > 0 {
            view = view.line("");
        }
        view = lines(view, exposure, &label(exposure.wallet, names));
    }
    view
}

/// Adds what could leave under a heading.
pub(super) fn lines(view: View, exposure: &Exposure, heading: &str) -> View {
    let view = if exposure.lines.is_empty() {
        view.line(format!("{heading}: nothing can leave without the owners"))
    } else {
        view.line(heading).table(table(&exposure.lines))
    };
    remarks(view, &exposure.remarks)
}

/// What no number says, below the numbers.
pub(super) fn remarks(view: View, remarks: &[String]) -> View {
    remarks.iter().fold(view, |view, remark| view.line(format!("  also: {remark}")))
}

/// The spans of an exposure, as headings.
const SPANS: [&str; 4] = ["AT ONCE", "IN AN HOUR", "IN A DAY", "IN 30 DAYS"];

fn spans(line: &ExposureLine) -> [Ceiling; 4] {
    [line.at_once, line.per_hour, line.per_day, line.per_month]
}

fn columns() -> impl Iterator<Item = Column> {
    let names = ["NETWORK", "ASSET"].map(Column::left);
    names.into_iter().chain(SPANS.map(Column::right))
}

fn table(lines: &[ExposureLine]) -> Table {
    let mut table = Table::new(columns());
    for line in lines {
        let (asset, decimals) = asset_name(line.network, line.asset);
        let amounts = spans(line).map(|ceiling| amount(ceiling, decimals));
        table.row([network_name(line.network), asset].into_iter().chain(amounts));
    }
    table
}

/// What could leave before and after a change: one amount where both are the same.
pub(super) fn compared(before: &Exposure, after: &Exposure) -> Table {
    let mut rows: BTreeMap<_, [Option<&ExposureLine>; 2]> = BTreeMap::new();
    for (side, exposure) in [before, after].into_iter().enumerate() {
        for line in &exposure.lines {
            let row = rows.entry((line.network.map(|id| id.to_string()), line.asset)).or_default();
            if let Some(place) = row.get_mut(side) {
                *place = Some(line);
            }
        }
    }
    let mut table = Table::new(columns());
    for sides in rows.into_values() {
        let Some(line) = sides.iter().flatten().next() else { continue };
        let (asset, decimals) = asset_name(line.network, line.asset);
        let [then, now] = sides.map(|line| {
            line.map_or([Ceiling::AtMost(Amount::ZERO); 4], spans)
                .map(|ceiling| amount(ceiling, decimals))
        });
        let cells = then
            .into_iter()
            .zip(now)
            .map(|(then, now)| if then == now { now } else { format!("{then} → {now}") });
        table.row([network_name(line.network), asset].into_iter().chain(cells));
    }
    table
}

fn amount(ceiling: Ceiling, decimals: Option<u8>) -> String {
    match ceiling {
        Ceiling::AtMost(amount) => in_units(amount, decimals),
        Ceiling::Unlimited => "everything".to_owned(),
    }
}

/// An exposure as `--json` prints it.
pub(super) fn to_json(exposure: &Exposure) -> Value {
    let lines: Vec<Value> = exposure.lines.iter().map(line_json).collect();
    json!({ "walletId": exposure.wallet, "assets": lines, "remarks": exposure.remarks })
}

fn line_json(line: &ExposureLine) -> Value {
    let base_units = |ceiling| match ceiling {
        Ceiling::AtMost(amount) => json!(amount),
        Ceiling::Unlimited => json!("unlimited"),
    };
    let token = match line.asset {
        Asset::Native => Value::Null,
        Asset::Token(token) => json!(token),
    };
    let coin = match line.asset {
        Asset::Native => native_coin(line.network),
        Asset::Token(_) => None,
    };
    json!({
        "network": line.network,
        "token": token,
        "symbol": coin.map(|coin| &coin.symbol),
        "decimals": coin.map(|coin| coin.decimals),
        "atOnce": base_units(line.at_once),
        "perHour": base_units(line.per_hour),
        "perDay": base_units(line.per_day),
        "perMonth": base_units(line.per_month),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Style;
    use crate::view::Format;
    use primitives::EvmAddress;

    fn line(network: Option<&str>, asset: Asset, at_once: Ceiling) -> ExposureLine {
        ExposureLine {
            network: network.map(|id| id.parse().unwrap()),
            asset,
            at_once,
            per_hour: at_once,
            per_day: Ceiling::Unlimited,
            per_month: Ceiling::Unlimited,
        }
    }

    fn exposure(lines: Vec<ExposureLine>) -> Exposure {
        let remarks = vec!["texts are signed at once".to_owned()];
        Exposure { wallet: WalletId::from_bytes([7; 16]), lines, remarks }
    }

    #[test]
    fn exposure_is_in_coins_where_the_coin_is_known() {
        let token = Asset::Token(EvmAddress([4; 20]).into());
        let some = Ceiling::AtMost(Amount::from(5_000_000_000_000_000_u64));
        for (line, expected) in [
            (
                line(Some("eip155:1"), Asset::Native, some),
                "ethereum-mainnet  ETH      0.005       0.005  everything  everything",
            ),
            (
                line(Some("eip155:31337"), token, Ceiling::AtMost(Amount::from(5_u64))),
                "eip155:31337  0x0404040404040404040404040404040404040404, base units        5  \
                 \u{20}        5  everything  everything",
            ),
            (
                line(Some("eip155:31337"), Asset::Native, Ceiling::AtMost(Amount::from(5_u64))),
                "eip155:31337  native coin, base units        5           5  everything  everything",
            ),
            (
                line(None, Asset::Native, Ceiling::AtMost(100_000_000_u64.into())),
                "solana, all clusters together  SOL        0.1         0.1  everything  everything",
            ),
        ] {
            let rendered = table(&[line]).render(Style::Plain);
            assert_eq!(rendered.lines().nth(1), Some(expected), "{rendered}");
        }
    }

    #[test]
    fn what_no_number_says_stands_below_the_numbers() {
        let names = BTreeMap::from([(WalletId::from_bytes([7; 16]), "shop".to_owned())]);
        let text = view(&[exposure(vec![])], &names).render(Format::Text, Style::Plain);
        assert_eq!(
            text,
            "shop (07070707-0707-0707-0707-070707070707): nothing can leave without the owners\n  \
             also: texts are signed at once\n"
        );
    }

    #[test]
    fn programs_get_base_units() {
        let lines = vec![line(None, Asset::Native, Ceiling::AtMost(100_000_000_u64.into()))];
        let text = view(&[exposure(lines)], &BTreeMap::new()).render(Format::Json, Style::Plain);
        let json: Value = serde_json::from_str(&text).unwrap();
        let wallet = &json["exposure"][0];
        assert_eq!(wallet["walletId"], "07070707-0707-0707-0707-070707070707");
        assert_eq!(wallet["remarks"][0], "texts are signed at once");
        let asset = &wallet["assets"][0];
        assert_eq!(asset["atOnce"], "100000000");
        assert_eq!(asset["perHour"], "100000000");
        assert_eq!(asset["perMonth"], "unlimited");
        assert_eq!((&asset["symbol"], &asset["decimals"]), (&json!("SOL"), &json!(9)));
        assert_eq!(asset["token"], Value::Null);
    }

    #[test]
    fn a_change_shows_both_amounts_where_they_differ() {
        let some = |amount: u64| Ceiling::AtMost(Amount::from(amount));
        let token = Asset::Token(EvmAddress([4; 20]).into());
        let before = exposure(vec![line(None, Asset::Native, some(1_000_000_000))]);
        let after = exposure(vec![
            line(None, Asset::Native, some(500_000_000)),
            line(None, token, some(7)),
        ]);
        let rendered = compared(&before, &after).render(Style::Plain);
        assert!(rendered.contains("1 → 0.5     1 → 0.5      everything"), "{rendered}");
        assert!(rendered.contains("0 → 7"), "{rendered}");
        assert!(rendered.contains("0 → everything"), "{rendered}");
    }
}
