//! `guard show`, `guard set`, `exposure`.

use std::collections::BTreeMap;
use std::path::Path;

use api::Wallet;
use primitives::{Asset, ChainId, Network, WalletId, builtin_by_chain_id};
use protocol::wire::MAX_TEXT;
use protocol::{Ceiling, Exposure, ExposureLine, KeyInfo, KeyState, Request};
use serde_json::{Value, json};

use super::{Operation, live_wallets};
use crate::args::GuardCommand;
use crate::exit::{Exit, Failure};
use crate::files;
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::view::View;

/// Shows or replaces a guard.
pub(super) fn run(command: GuardCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        GuardCommand::Show { wallet } => show(&wallet, operation),
        GuardCommand::Set { wallet, file, from_version } => {
            set(&wallet, &file, from_version, operation)
        }
    }
}

fn show(wallet: &str, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(wallet)?;
    let guard = operation.signer()?.guard(Request::ShowGuard { wallet })?;
    let json = json!({ "walletId": wallet, "version": guard.version, "text": guard.text });
    Ok(View::new(json).verbatim(guard.text))
}

fn set(
    wallet: &str,
    file: &Path,
    from_version: Option<u64>,
    operation: &Operation,
) -> Result<View, Failure> {
    let wallet = operation.wallet(wallet)?;
    let text = guard_text(file)?;
    let mut signer = operation.signer()?;
    let from_version = match from_version {
        Some(version) => version,
        None => signer.guard(Request::ShowGuard { wallet })?.version,
    };
    let passphrase = operation.secret()?;
    let _progress = Progress::start("checking the passphrase");
    let guard = signer.guard(Request::SetGuard {
        wallet,
        from_version,
        text,
        passphrase: Some(passphrase),
        approval: None,
    })?;
    let json = json!({ "walletId": wallet, "version": guard.version });
    let exposure = operation.place.command(&format!("exposure {wallet}"));
    Ok(View::new(json)
        .line(format!("the guard of {wallet} is now at version {}", guard.version))
        .line(format!("what can leave under it: {exposure}")))
}

fn guard_text(file: &Path) -> Result<String, Failure> {
    String::from_utf8(files::read(file, MAX_TEXT)?).map_err(|_not_utf8| {
        let what = format!("{} is not UTF-8 text", file.display());
        Failure::new(Exit::Failed, what, "start from what `waiaasctl guard show` prints")
    })
}

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
    Ok(exposure_view(&exposures, &names(operation)))
}

/// Names of the wallets, if gatewayd can be asked: exposure is for when it should not be trusted.
fn names(operation: &Operation) -> BTreeMap<WalletId, String> {
    let wallets = operation.gateway().and_then(|gateway| Ok(live_wallets(&gateway)?));
    let named = |wallet: Wallet| (WalletId::from_bytes(wallet.id.into_bytes()), wallet.name);
    wallets.unwrap_or_default().into_iter().map(named).collect()
}

fn exposure_view(exposures: &[Exposure], names: &BTreeMap<WalletId, String>) -> View {
    let mut table = Table::new([
        Column::left("WALLET"),
        Column::left("NETWORK"),
        Column::left("ASSET"),
        Column::right("AT ONCE"),
        Column::right("PER DAY"),
    ]);
    let mut json = Vec::new();
    for exposure in exposures {
        let id = exposure.wallet.to_string();
        let label = names.get(&exposure.wallet).map_or(id.clone(), |name| format!("{name} {id}"));
        for line in &exposure.lines {
            table.row(cells(&label, line));
            json.push(line_json(exposure.wallet, line));
        }
    }
    let view = View::new(json!({ "exposure": json }));
    if json.is_empty() {
        view.line("nothing can leave: no wallet, or guards that allow nothing")
    } else {
        view.table(table)
    }
}

fn cells(wallet: &str, line: &ExposureLine) -> [String; 5] {
    let native = native_coin(line);
    let (asset, decimals) = match (line.asset, native) {
        (Asset::Native, Some(network)) => {
            (network.native.symbol.to_string(), Some(network.native.decimals))
        }
        (Asset::Native, None) => ("native coin, base units".to_owned(), None),
        (Asset::Token(token), _) => (format!("{token}, base units"), None),
    };
    [
        wallet.to_owned(),
        network_name(line.network),
        asset,
        amount(line.at_once, decimals),
        amount(line.per_day, decimals),
    ]
}

/// The built-in network whose coin a line is in. Every cluster of Solana has the same coin.
fn native_coin(line: &ExposureLine) -> Option<&'static Network> {
    match line.network {
        Some(chain_id) => builtin_by_chain_id(chain_id),
        None => primitives::builtin_by_name("solana-mainnet"),
    }
}

fn network_name(network: Option<ChainId>) -> String {
    let Some(chain_id) = network else { return "solana, all clusters together".to_owned() };
    builtin_by_chain_id(chain_id)
        .map_or_else(|| chain_id.to_string(), |network| network.name.to_string())
}

fn amount(ceiling: Ceiling, decimals: Option<u8>) -> String {
    match (ceiling, decimals) {
        (Ceiling::AtMost(amount), Some(decimals)) => amount.to_units(decimals),
        (Ceiling::AtMost(amount), None) => amount.to_string(),
        (Ceiling::Unlimited, _) => "everything".to_owned(),
    }
}

fn line_json(wallet: WalletId, line: &ExposureLine) -> Value {
    let base_units = |ceiling| match ceiling {
        Ceiling::AtMost(amount) => json!(amount),
        Ceiling::Unlimited => json!("unlimited"),
    };
    let token = match line.asset {
        Asset::Native => Value::Null,
        Asset::Token(token) => json!(token),
    };
    json!({
        "walletId": wallet,
        "network": line.network,
        "token": token,
        "atOnce": base_units(line.at_once),
        "perDay": base_units(line.per_day),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Style;
    use crate::view::Format;
    use primitives::{Amount, EvmAddress};

    #[test]
    fn exposure_is_in_coins_where_the_coin_is_known() {
        let token = Asset::Token(EvmAddress([4; 20]).into());
        let line = |network: Option<&str>, asset, at_once| ExposureLine {
            network: network.map(|id| id.parse().unwrap()),
            asset,
            at_once,
            per_hour: Ceiling::Unlimited,
            per_day: Ceiling::Unlimited,
            per_month: Ceiling::Unlimited,
        };
        let some = Ceiling::AtMost(Amount::from(5_000_000_000_000_000_u64));
        for (line, expected) in [
            (line(Some("eip155:1"), Asset::Native, some), ["ethereum-mainnet", "ETH", "0.005"]),
            (
                line(Some("eip155:1"), token, some),
                [
                    "ethereum-mainnet",
                    "0x0404040404040404040404040404040404040404, base units",
                    "5000000000000000",
                ],
            ),
            (
                line(Some("eip155:31337"), Asset::Native, some),
                ["eip155:31337", "native coin, base units", "5000000000000000"],
            ),
            (
                line(None, Asset::Native, Ceiling::AtMost(100_000_000_u64.into())),
                ["solana, all clusters together", "SOL", "0.1"],
            ),
        ] {
            let [_, network, asset, at_once, per_day] = cells("shop", &line);
            assert_eq!([network.as_str(), asset.as_str(), at_once.as_str()], expected);
            assert_eq!(per_day, "everything");
        }
    }

    #[test]
    fn programs_get_base_units() {
        let wallet = WalletId::from_bytes([7; 16]);
        let lines = vec![ExposureLine {
            network: None,
            asset: Asset::Native,
            at_once: Ceiling::AtMost(Amount::from(100_000_000_u64)),
            per_hour: Ceiling::Unlimited,
            per_day: Ceiling::Unlimited,
            per_month: Ceiling::Unlimited,
        }];
        let text = exposure_view(&[Exposure { wallet, lines, remarks: vec![] }], &BTreeMap::new())
            .render(Format::Json, Style::Plain);
        let json: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(json["exposure"][0]["atOnce"], "100000000");
        assert_eq!(json["exposure"][0]["perDay"], "unlimited");
        assert_eq!(json["exposure"][0]["token"], Value::Null);
    }
}
