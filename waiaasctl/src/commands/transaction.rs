//! `send`, `tx list`, `tx show`, `tx cancel`.

use std::time::{Duration, Instant};

use api::{
    TokenReference, TokenTransfer, Transaction, TransactionPage, TransactionState, Transfer,
};
use serde_json::json;
use uuid::Uuid;

use super::session::as_session;
use super::{Operation, to_json, uuid};
use crate::args::{SendArgs, TransactionCommand};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway, Token, encoded};
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// How often a transaction is looked at while it is waited for.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// What the session of one question lasts, in seconds; gatewayd makes more of it.
const A_MINUTE: u32 = 60;

/// Lists, shows or cancels transactions.
pub(super) fn run(command: TransactionCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        TransactionCommand::List { wallet, limit } => list(wallet.as_deref(), limit, operation),
        TransactionCommand::Show { id } => show(&id, operation),
        TransactionCommand::Cancel { id } => cancel(&id, operation),
    }
}

/// Sends a transfer.
pub(super) fn send(arguments: SendArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = uuid(operation.wallet(&arguments.wallet)?);
    let gateway = operation.gateway()?;
    let seconds = arguments.wait.unwrap_or(0).saturating_add(A_MINUTE);
    as_session(&gateway, vec![wallet], seconds, |token| {
        let call = send_call(&arguments, wallet).session(token);
        let sent: TransactionState = gateway.ask(call)?;
        match arguments.wait {
            None => Ok(View::new(to_json(&sent))
                .line(format!("{} is {}", sent.id, sent.status))
                .line(format!("see {}", operation.place.command(&format!("tx show {}", sent.id))))),
            Some(seconds) => {
                let transaction = wait_for(&gateway, token, sent.id, seconds, operation)?;
                settled(&transaction, operation)
            }
        }
    })
}

fn send_call(arguments: &SendArgs, wallet: Uuid) -> Call {
    let (amount, human_amount) = if arguments.base_units {
        (Some(arguments.amount.clone()), None)
    } else {
        (None, Some(arguments.amount.clone()))
    };
    let (to, memo, network) =
        (arguments.to.clone(), arguments.memo.clone(), arguments.network.clone());
    let wallet_id = Some(wallet.to_string());
    let call = Call::post("/v1/transactions/send");
    let call = match &arguments.token {
        None => call.body(&Transfer {
            kind: Some("TRANSFER".to_owned()),
            to,
            amount,
            human_amount,
            memo,
            network,
            wallet_id,
            gas_condition: None,
        }),
        Some(token) => call.body(&TokenTransfer {
            kind: Some("TOKEN_TRANSFER".to_owned()),
            to,
            amount,
            human_amount,
            token: token_reference(token),
            memo,
            network,
            wallet_id,
            gas_condition: None,
        }),
    };
    call.idempotency_key(arguments.idempotency_key.clone())
}

/// A CAIP-19 asset id has a slash; an address has none.
fn token_reference(token: &str) -> TokenReference {
    let (address, asset_id) = if token.contains('/') {
        (None, Some(token.to_owned()))
    } else {
        (Some(token.to_owned()), None)
    };
    TokenReference { address, decimals: None, symbol: None, asset_id }
}

/// Waits until nothing more happens without a person or a delay.
fn wait_for(
    gateway: &Gateway,
    token: &Token,
    id: Uuid,
    seconds: u32,
    operation: &Operation,
) -> Result<Transaction, Failure> {
    let _progress = Progress::start("waiting for the transaction");
    let started = Instant::now();
    let patience = Duration::from_secs(seconds.into());
    loop {
        let transaction: Transaction = gateway.ask(transaction_call(id).session(token))?;
        if !matches!(transaction.status.as_str(), "PENDING" | "EXECUTING" | "SUBMITTED") {
            return Ok(transaction);
        }
        if started.elapsed() >= patience {
            let error = transaction.error.map(|error| format!(": {error}")).unwrap_or_default();
            return Err(Failure::new(
                Exit::TimedOut,
                format!("{id} is {} after {seconds} seconds{error}", transaction.status),
                format!("it goes on; see {}", operation.place.command(&format!("tx show {id}"))),
            ));
        }
        gateway.pause(LOOK_AGAIN);
    }
}

/// A transaction that was waited for: a view if it is confirmed or queued, a failure otherwise.
fn settled(transaction: &Transaction, operation: &Operation) -> Result<View, Failure> {
    let error = transaction.error.as_deref().unwrap_or("no reason is given");
    let exit = match transaction.status.as_str() {
        "QUEUED" => return Ok(queued(transaction, operation)),
        "CONFIRMED" | "SIGNED" | "GAS_WAITING" => return Ok(one(transaction)),
        "CANCELLED" => Exit::Refused,
        "FAILED" if error.starts_with("SIGNER_REFUSED") => Exit::Refused,
        _ => Exit::Failed,
    };
    Err(Failure::new(
        exit,
        format!("{} is {}: {error}", transaction.id, transaction.status),
        format!("see {}", operation.place.command(&format!("tx show {}", transaction.id))),
    ))
}

/// What a queued transaction waits for, which its tier says.
fn queued(transaction: &Transaction, operation: &Operation) -> View {
    let reason = match transaction.tier.as_deref() {
        Some("APPROVAL") => "it waits for the owner's approval",
        Some(_) | None => "it waits for its delay, and goes out by itself then",
    };
    let cancel = operation.place.command(&format!("tx cancel {}", transaction.id));
    one(transaction).line(format!("{reason}; to stop it: {cancel}"))
}

fn list(wallet: Option<&str>, limit: u8, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let wallets = match wallet {
        Some(reference) => vec![uuid(operation.wallet(reference)?)],
        None => operation.all_wallets()?,
    };
    let items = if wallets.is_empty() {
        Vec::new()
    } else {
        as_session(&gateway, wallets, A_MINUTE, |token| {
            let call = Call::get("/v1/transactions").query("limit", &limit.to_string());
            let page: TransactionPage = gateway.ask(call.session(token))?;
            Ok(page.items)
        })?
    };
    let view = View::new(json!({ "transactions": to_json(&items) }));
    Ok(if items.is_empty() { view.line("no transactions") } else { view.table(table(&items)) })
}

fn show(id: &str, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let id = transaction_id(id)?;
    as_session(&gateway, operation.all_wallets()?, A_MINUTE, |token| {
        Ok(one(&gateway.ask(transaction_call(id).session(token))?))
    })
}

fn cancel(id: &str, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let path = format!("/v1/transactions/{}/cancel", encoded(id));
    as_session(&gateway, operation.all_wallets()?, A_MINUTE, |token| {
        let state: TransactionState = gateway.ask(Call::post(path).session(token))?;
        Ok(View::new(to_json(&state)).line(format!("{} is {}", state.id, state.status)))
    })
}

fn transaction_id(text: &str) -> Result<Uuid, Failure> {
    text.parse().map_err(|_not_a_uuid| {
        Failure::new(Exit::NotFound, format!("{text} is no transaction's id"), "see tx list")
    })
}

fn transaction_call(id: Uuid) -> Call {
    Call::get(format!("/v1/transactions/{id}"))
}

fn table(items: &[Transaction]) -> Table {
    let mut table = Table::new([
        Column::left("ID"),
        Column::left("CREATED"),
        Column::left("STATUS"),
        Column::left("TIER"),
        Column::left("NETWORK"),
        Column::right("AMOUNT"),
        Column::left("TO"),
    ]);
    for item in items {
        table.row([
            item.id.to_string(),
            item.created_at.map(utc).unwrap_or_default(),
            item.status.clone(),
            item.tier.clone().unwrap_or_default(),
            item.network.clone().unwrap_or_default(),
            amount(item),
            item.to_address.clone().unwrap_or_default(),
        ]);
    }
    table
}

fn one(transaction: &Transaction) -> View {
    let mut fields = vec![
        ("id", transaction.id.to_string()),
        ("status", transaction.status.clone()),
        ("type", transaction.kind.clone()),
        ("wallet", transaction.wallet_id.to_string()),
        ("amount", amount(transaction)),
    ];
    for (name, value) in [
        ("tier", &transaction.tier),
        ("network", &transaction.network),
        ("to", &transaction.to_address),
        ("hash", &transaction.tx_hash),
        ("error", &transaction.error),
    ] {
        fields.extend(value.clone().map(|value| (name, value)));
    }
    fields.extend(transaction.created_at.map(|created| ("created", utc(created))));
    View::new(to_json(transaction)).fields(fields)
}

/// In coins or tokens where gatewayd knows their decimals, else in base units.
fn amount(transaction: &Transaction) -> String {
    match (&transaction.amount_formatted, &transaction.amount_symbol, &transaction.amount) {
        // Some gateways write the symbol behind the number already.
        (Some(formatted), Some(symbol), _) if !formatted.ends_with(symbol.as_str()) => {
            format!("{formatted} {symbol}")
        }
        (Some(formatted), _, _) => formatted.clone(),
        (None, _, Some(base_units)) => format!("{base_units} base units"),
        (None, _, None) => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_an_address_or_an_asset_id() {
        let reference = token_reference("0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        assert!(reference.address.is_some() && reference.asset_id.is_none());
        let reference =
            token_reference("eip155:1/erc20:0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed");
        assert!(reference.address.is_none() && reference.asset_id.is_some());
    }
}
