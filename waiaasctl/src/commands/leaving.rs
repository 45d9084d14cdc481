//! `wallet withdraw`, `terminate`, `purge`.

use api::{WalletList, WalletPurged, WalletTerminated, Withdrawal};
use primitives::WalletId;

use super::wallet::confirm;
use super::{Operation, to_json};
use crate::exit::{Exit, Failure};
use crate::gateway::Call;
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::view::View;

/// Sends everything to the owner.
pub(super) fn withdraw(reference: &str, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let _progress = Progress::start("asking the networks what the wallet holds");
    let call = Call::post(format!("/v1/wallets/{wallet}/withdraw"));
    let withdrawal: Withdrawal = operation.gateway()?.ask(call)?;
    Ok(shown(View::new(to_json(&withdrawal)), &withdrawal))
}

/// Gives the wallet up.
pub(super) fn terminate(
    reference: &str,
    sweep: bool,
    operation: &Operation,
) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let call = Call::delete(format!("/v1/wallets/{wallet}"));
    let call = if sweep { call.query("sweep", "true") } else { call };
    let _progress = Progress::start("giving the wallet up");
    let terminated: WalletTerminated = operation.gateway()?.ask(call)?;
    let view = View::new(to_json(&terminated));
    let view = match &terminated.swept {
        Some(swept) => shown(view, swept),
        None => view,
    };
    let view = view.line(format!("{reference} is {}", terminated.status));
    if terminated.status == "TERMINATED" {
        let destroy = operation.place.command(&format!("wallet destroy {wallet}"));
        return Ok(view.line(format!("its key is still there; to destroy it: {destroy}")));
    }
    let again = operation.place.command(&format!("wallet withdraw {reference}"));
    let stay = operation.place.command(&format!("wallet terminate {reference}"));
    Ok(view.line(format!("what did not leave: {again}; to leave it where it is: {stay}")))
}

/// Deletes what gatewayd knows of it.
pub(super) fn purge(reference: &str, yes: bool, operation: &Operation) -> Result<View, Failure> {
    let wallet = terminated(reference, operation)?;
    if !yes {
        confirm(reference, "deletes what gatewayd knows of")?;
    }
    let call = Call::delete(format!("/v1/wallets/{wallet}/purge"));
    let purged: WalletPurged = operation.gateway()?.ask(call)?;
    Ok(View::new(to_json(&purged)).line(format!("{reference} is deleted; its key is still there")))
}

/// The wallet of that id, or of that name among all that gatewayd has.
fn terminated(reference: &str, operation: &Operation) -> Result<WalletId, Failure> {
    if let Ok(id) = reference.parse() {
        return Ok(id);
    }
    let list: WalletList = operation.gateway()?.ask(Call::get("/v1/wallets"))?;
    let named = list.items.iter().filter(|wallet| wallet.name == reference);
    match named.collect::<Vec<_>>().as_slice() {
        [wallet] => Ok(WalletId::from_bytes(wallet.id.into_bytes())),
        found => {
            let what = format!("{} wallets are called {reference}", found.len());
            let list = operation.place.command("wallet list");
            Err(Failure::new(Exit::NotFound, what, format!("use its id; see {list}")))
        }
    }
}

fn shown(view: View, withdrawal: &Withdrawal) -> View {
    if withdrawal.results.is_empty() {
        return view.line("the wallet holds nothing that is known here");
    }
    let mut table = Table::new([
        Column::left("NETWORK"),
        Column::left("ASSET"),
        Column::left("AMOUNT"),
        Column::left("STATUS"),
        Column::left("TRANSACTION"),
    ]);
    for result in &withdrawal.results {
        let id = result.transaction_id.map(|id| id.to_string());
        let status = result.transaction_status.clone().unwrap_or_else(|| result.status.clone());
        table.row([
            result.network.clone(),
            result.asset.clone(),
            result.amount.clone(),
            status,
            result.tx_hash.clone().or(id).unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let mut view = view.table(table);
    for result in &withdrawal.results {
        if let Some(error) = &result.error {
            view = view.line(format!("{} on {}: {error}", result.asset, result.network));
        }
    }
    if withdrawal.failed > 0 { view.ending(Exit::Failed) } else { view }
}
