//! `send`, `tx list`, `tx show`, `tx wait`, `tx cancel`.

use std::time::{Duration, Instant};

use api::{
    AdminTransaction, AdminTransactionPage, TokenReference, TokenTransfer, Transaction,
    TransactionState, Transfer,
};
use serde_json::json;
use uuid::Uuid;

use super::decision::{self, Form};
use super::session::{as_session, open_for};
use super::{Operation, to_json, uuid};
use crate::args::{SendArgs, TransactionCommand, TransactionListArgs};
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

/// Until when a transaction is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Until {
    /// Nothing more happens without a person or a delay.
    Settled,
    /// Nothing more happens at all.
    Over,
}

impl Until {
    fn is_reached(self, status: &str) -> bool {
        match status {
            "PENDING" | "EXECUTING" | "SUBMITTED" => false,
            "QUEUED" | "GAS_WAITING" => self == Self::Settled,
            _over => true,
        }
    }
}

/// Does something with transactions.
pub(super) fn run(command: TransactionCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        TransactionCommand::List(arguments) => list(&arguments, operation),
        TransactionCommand::Show { id } => show(&id, operation),
        TransactionCommand::Wait { id, timeout } => wait(&id, timeout, operation),
        TransactionCommand::Question { id, text, typed_data } => {
            let form = match (text, typed_data) {
                (true, _) => Form::Text,
                (false, true) => Form::TypedData,
                (false, false) => Form::Shown,
            };
            decision::question(&id, form, operation)
        }
        TransactionCommand::Approve(arguments) => decision::approve(arguments, operation),
        TransactionCommand::Reject { id } => decision::reject(&id, operation),
        TransactionCommand::SpeedUp { id } => decision::speed_up(&id, operation),
        TransactionCommand::Cancel { id } => cancel(&id, operation),
    }
}

/// Sends a transfer.
pub(super) fn send(arguments: SendArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = uuid(operation.wallet(&arguments.wallet)?);
    let gateway = operation.gateway()?;
    let seconds = arguments.wait.unwrap_or(0).saturating_add(A_MINUTE);
    // It is not revoked: that would call off a payment that has to wait.
    let (_session, token) = open_for(&gateway, vec![wallet], seconds)?;
    let sent: TransactionState = gateway.ask(send_call(&arguments, wallet).session(&token))?;
    match arguments.wait {
        None => Ok(View::new(to_json(&sent))
            .line(format!("{} is {}", sent.id, sent.status))
            .line(format!("see {}", operation.place.command(&format!("tx show {}", sent.id))))),
        Some(seconds) => {
            let transaction =
                wait_for(&gateway, &token, sent.id, (Until::Settled, seconds), operation)?;
            settled(&transaction, operation)
        }
    }
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

/// Waits until it is so, so many seconds at most.
fn wait_for(
    gateway: &Gateway,
    token: &Token,
    id: Uuid,
    (until, seconds): (Until, u32),
    operation: &Operation,
) -> Result<Transaction, Failure> {
    let _progress = Progress::start("waiting for the transaction");
    let started = Instant::now();
    let patience = Duration::from_secs(seconds.into());
    loop {
        let transaction: Transaction = gateway.ask(transaction_call(id).session(token))?;
        if until.is_reached(&transaction.status) {
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
        Some("APPROVAL") => {
            let approve = operation.place.command(&format!("tx approve {}", transaction.id));
            format!("it waits for an owner, who signs where {approve} says")
        }
        Some(_) | None => "it waits for its delay, and goes out by itself then".to_owned(),
    };
    let cancel = operation.place.command(&format!("tx cancel {}", transaction.id));
    one(transaction).line(format!("{reason}; to stop it: {cancel}"))
}

fn list(arguments: &TransactionListArgs, operation: &Operation) -> Result<View, Failure> {
    let TransactionListArgs { wallet, status, kind, network, search, limit, offset } = arguments;
    let wallet = wallet.as_deref().map(|reference| operation.wallet(reference).map(uuid));
    let wallet = wallet.transpose()?.map(|id| id.to_string());
    let mut call = Call::get("/v1/admin/transactions")
        .query("limit", &limit.to_string())
        .query("offset", &offset.to_string());
    for (name, value) in [
        ("wallet_id", &wallet),
        ("status", &status.as_ref().map(|status| status.to_uppercase())),
        ("type", &kind.as_ref().map(|kind| kind.to_uppercase())),
        ("network", network),
        ("search", search),
    ] {
        if let Some(value) = value {
            call = call.query(name, value);
        }
    }
    let page: AdminTransactionPage = operation.gateway()?.ask(call)?;
    let view = View::new(json!({ "transactions": to_json(&page.items), "total": page.total }));
    if page.items.is_empty() {
        return Ok(view.line("no transactions"));
    }
    let shown = u64::try_from(page.items.len()).unwrap_or(u64::MAX).saturating_add(page.offset);
    let view = view.table(table(&page.items));
    Ok(if shown < page.total {
        view.line(format!(
            "{} of {}; the next ones: --offset {shown}",
            page.items.len(),
            page.total
        ))
    } else {
        view
    })
}

fn wait(id: &str, seconds: u32, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let id = transaction_id(id)?;
    let lifetime = seconds.saturating_add(A_MINUTE);
    as_session(&gateway, operation.all_wallets()?, lifetime, |token| {
        let over = wait_for(&gateway, token, id, (Until::Over, seconds), operation)?;
        settled(&over, operation)
    })
}

fn show(id: &str, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let id = transaction_id(id)?;
    as_session(&gateway, operation.all_wallets()?, A_MINUTE, |token| {
        Ok(one(&gateway.ask(transaction_call(id).session(token))?))
    })
}

fn cancel(id: &str, operation: &Operation) -> Result<View, Failure> {
    let call = Call::post(format!("/v1/admin/transactions/{}/cancel", encoded(id)));
    let state: TransactionState = operation.gateway()?.ask(call)?;
    let view = View::new(to_json(&state)).line(format!("{} is {}", state.id, state.status));
    Ok(if state.status == "CANCELLED" {
        view
    } else {
        let wait = operation.place.command(&format!("tx wait {id}"));
        view.line(format!("the network has it: whether it could be called off says {wait}"))
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

fn table(items: &[AdminTransaction]) -> Table {
    let mut table = Table::new([
        Column::left("ID"),
        Column::left("CREATED"),
        Column::left("WALLET"),
        Column::left("TYPE"),
        Column::left("STATUS"),
        Column::left("TIER"),
        Column::left("NETWORK"),
        Column::right("AMOUNT"),
        Column::left("TO"),
    ]);
    for item in items {
        let base_units = item.amount.as_ref().map(|amount| format!("{amount} base units"));
        table.row([
            item.id.clone(),
            item.created_at.map(utc).unwrap_or_default(),
            item.wallet_name.clone().unwrap_or_else(|| item.wallet_id.clone()),
            item.kind.clone(),
            item.status.clone(),
            item.tier.clone().unwrap_or_default(),
            item.network.clone().unwrap_or_default(),
            item.formatted_amount.clone().or(base_units).unwrap_or_default(),
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
