//! `wallet create`, `list`, `show`, `rename`, `rotate`, `destroy`.

use std::collections::BTreeMap;

use api::{CreateWallet, CreatedWallet, RenameWallet, Wallet, WalletDetail, WalletTerminated};
use primitives::WalletId;
use protocol::{KeyInfo, KeyState, Latch, Request};
use serde_json::{Value, json};
use uuid::Uuid;

use super::import::import;
use super::status::latch_words;
use super::{Operation, leaving, live_wallets, to_json, uuid};
use crate::args::{WalletCommand, WalletKind};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway, GatewayError};
use crate::progress::Progress;
use crate::table::{Column, Table};
use crate::terminal;
use crate::time::utc;
use crate::view::View;

/// Creates, imports, lists, shows, rotates or destroys wallets.
pub(super) fn run(command: WalletCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        WalletCommand::Create { name, kind } => create(name, kind, operation),
        WalletCommand::Import(arguments) => import(arguments, operation),
        WalletCommand::List => list(operation),
        WalletCommand::Show { wallet } => show(&wallet, operation),
        WalletCommand::Rename { wallet, name } => {
            let id = operation.wallet(&wallet)?;
            rename(&operation.gateway()?, id, name.clone())?;
            Ok(View::said(format!("{wallet} is called {name} now")))
        }
        WalletCommand::Rotate { wallet, grace } => rotate(&wallet, grace, operation),
        WalletCommand::Withdraw { wallet } => leaving::withdraw(&wallet, operation),
        WalletCommand::Terminate { wallet, sweep, yes } => {
            if !yes {
                confirm(&wallet, "gives up")?;
            }
            leaving::terminate(&wallet, sweep, operation)
        }
        WalletCommand::Purge { wallet, yes } => leaving::purge(&wallet, yes, operation),
        WalletCommand::Destroy { wallet, yes } => destroy(&wallet, yes, operation),
    }
}

fn create(name: String, kind: WalletKind, operation: &Operation) -> Result<View, Failure> {
    let created: CreatedWallet = operation.gateway()?.ask(new_wallet(name, kind))?;
    Ok(made(&created.wallet, operation))
}

/// Asks gatewayd for a wallet with a new key, and for no session.
pub(crate) fn new_wallet(name: String, kind: WalletKind) -> Call {
    Call::post("/v1/wallets").body(&CreateWallet {
        name,
        chain: Some(kind.chain.to_string()),
        environment: Some(kind.environment.to_string()),
        create_session: Some(false),
        account_type: None,
    })
}

fn made(wallet: &Wallet, operation: &Operation) -> View {
    let session = operation.place.command(&format!("session create {}", wallet.id));
    View::new(to_json(wallet))
        .fields(vec![
            ("id", wallet.id.to_string()),
            ("name", wallet.name.clone()),
            ("chain", wallet.chain.clone()),
            ("environment", wallet.environment.clone()),
            ("address", wallet.public_key.clone()),
        ])
        .line(format!("let an agent use it: {session}"))
}

/// Lists the keys of signerd with the names that gatewayd has for them. Either daemon alone is
/// enough for its part: this is what one looks at when something is wrong.
fn list(operation: &Operation) -> Result<View, Failure> {
    let wallets = live_wallets(&operation.gateway()?);
    let keys = operation.signer().and_then(|mut signer| Ok(signer.keys()?));
    let (wallets, keys, missing) = match (wallets, keys) {
        (Ok(wallets), Ok(keys)) => (wallets, keys, None),
        (Ok(wallets), Err(failure)) => (wallets, Vec::new(), Some(failure)),
        (Err(error), Ok(keys)) => (Vec::new(), keys, Some(error.into())),
        (Err(_), Err(failure)) => return Err(failure),
    };
    let rows = joined(wallets, keys);
    let mut view = View::new(json!({ "wallets": rows.iter().map(Row::json).collect::<Vec<_>>() }));
    view = match rows.as_slice() {
        [] => view.line(format!(
            "no wallets; make one: {}",
            operation.place.command("wallet create NAME --chain ethereum")
        )),
        [_, ..] => view.table(table(&rows)),
    };
    Ok(match missing {
        Some(failure) => view.line(format!("incomplete: {failure}")),
        None => view,
    })
}

/// A wallet as both daemons know it.
struct Row {
    id: Uuid,
    wallet: Option<Wallet>,
    key: Option<KeyInfo>,
}

fn joined(wallets: Vec<Wallet>, keys: Vec<KeyInfo>) -> Vec<Row> {
    let mut halves: BTreeMap<Uuid, (Option<Wallet>, Option<KeyInfo>)> = BTreeMap::new();
    for wallet in wallets {
        let id = wallet.id;
        halves.entry(id).or_default().0 = Some(wallet);
    }
    for key in keys {
        let id = uuid(key.wallet);
        halves.entry(id).or_default().1 = Some(key);
    }
    halves.into_iter().map(|(id, (wallet, key))| Row { id, wallet, key }).collect()
}

impl Row {
    fn name(&self) -> &str {
        self.wallet.as_ref().map_or("-", |wallet| &wallet.name)
    }

    fn chain(&self) -> String {
        match (&self.key, &self.wallet) {
            (Some(key), _) => key.chain.to_string(),
            (None, Some(wallet)) => wallet.chain.clone(),
            (None, None) => String::new(),
        }
    }

    fn environment(&self) -> String {
        match (&self.key, &self.wallet) {
            (Some(key), _) => key.environment.to_string(),
            (None, Some(wallet)) => wallet.environment.clone(),
            (None, None) => String::new(),
        }
    }

    fn address(&self) -> String {
        match (&self.key, &self.wallet) {
            (Some(key), _) => key.address.to_string(),
            (None, Some(wallet)) => wallet.public_key.clone(),
            (None, None) => String::new(),
        }
    }

    fn key_state(&self) -> String {
        match &self.key {
            None => "unknown".to_owned(),
            Some(KeyInfo { latch: Latch::Active, state: key, .. }) => state(*key),
            Some(KeyInfo { latch, state: key, .. }) => format!("{}, {latch}", state(*key)),
        }
    }

    fn json(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.wallet.as_ref().map(|wallet| &wallet.name),
            "chain": self.chain(),
            "environment": self.environment(),
            "address": self.address(),
            "status": self.wallet.as_ref().map(|wallet| &wallet.status),
            "key": self.key.as_ref().map(|key| state(key.state)),
        })
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new([
        Column::left("NAME"),
        Column::left("CHAIN"),
        Column::left("ENVIRONMENT"),
        Column::left("ADDRESS"),
        Column::left("KEY"),
        Column::left("ID"),
    ]);
    for row in rows {
        table.row([
            row.name().to_owned(),
            row.chain(),
            row.environment(),
            row.address(),
            row.key_state(),
            row.id.to_string(),
        ]);
    }
    table
}

fn state(state: KeyState) -> String {
    match state {
        KeyState::Active => "active".to_owned(),
        KeyState::Retiring { until } => format!("replaced, signs until {}", utc(until)),
        KeyState::Retired => "retired".to_owned(),
    }
}

fn show(reference: &str, operation: &Operation) -> Result<View, Failure> {
    let id = operation.wallet(reference)?;
    let detail: WalletDetail = operation.gateway()?.ask(Call::get(format!("/v1/wallets/{id}")))?;
    let mut signer = operation.signer()?;
    let key = signer.keys()?.into_iter().find(|key| key.wallet == id);
    let guard = signer.guard(Request::ShowGuard { wallet: id })?.version;
    let signing = key.as_ref().map(latch_words);
    let (latch, reason) =
        key.as_ref().map(|key| (key.latch.to_string(), key.latch_reason.clone())).unzip();
    let row = Row { id: detail.wallet.id, wallet: Some(detail.wallet.clone()), key };
    let json = json!({
        "wallet": to_json(&detail),
        "key": row.key_state(),
        "latch": latch,
        "latchReason": reason,
        "guardVersion": guard,
    });
    Ok(View::new(json).fields(vec![
        ("id", row.id.to_string()),
        ("name", row.name().to_owned()),
        ("chain", row.chain()),
        ("environment", row.environment()),
        ("address", row.address()),
        ("status", detail.wallet.status),
        ("owner", owner_words(detail.wallet.owner_address.as_deref(), &detail.wallet.owner_state)),
        ("key", row.key_state()),
        ("signing", signing.unwrap_or_else(|| "unknown".to_owned())),
        ("guard", format!("version {guard}")),
        ("created", utc(detail.wallet.created_at)),
    ]))
}

/// The owner as people read it.
fn owner_words(address: Option<&str>, state: &str) -> String {
    address.map_or_else(|| "none".to_owned(), |address| format!("{address} ({state})"))
}

/// Makes the new key, then gives it the old one's name.
fn rotate(reference: &str, grace_seconds: u32, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let mut signer = operation.signer()?;
    let progress = Progress::start("making the new key");
    let key = signer.make_key(Request::RotateKey { wallet, grace_seconds })?;
    drop(progress);
    let view = View::new(key_json(&key)).fields(key_fields(&key)).line(format!(
        "{wallet} signs for {grace_seconds} seconds more: move what it holds to the new address, and \
         give the new wallet its sessions and policies",
    ));
    let renamed = operation.gateway().and_then(|it| Ok(pass_name_on(&it, wallet, key.wallet)?));
    Ok(match renamed {
        Ok(()) => view,
        Err(failure) => view.line(format!("the new wallet has no name yet: {failure}")),
    })
}

fn pass_name_on(gateway: &Gateway, old: WalletId, new: WalletId) -> Result<(), GatewayError> {
    let detail: WalletDetail = gateway.ask(Call::get(format!("/v1/wallets/{old}")))?;
    let name = detail.wallet.name;
    rename(gateway, old, format!("{name}-replaced"))?;
    name_wallet(gateway, new, name)
}

/// Names a key that the signer got without gatewayd, which takes it over when it lists its wallets.
pub(super) fn name_wallet(
    gateway: &Gateway,
    wallet: WalletId,
    name: String,
) -> Result<(), GatewayError> {
    live_wallets(gateway)?;
    rename(gateway, wallet, name)
}

fn rename(gateway: &Gateway, wallet: WalletId, name: String) -> Result<(), GatewayError> {
    let call = Call::put(format!("/v1/wallets/{wallet}")).body(&RenameWallet { name });
    gateway.ask::<Wallet>(call).map(drop)
}

fn destroy(reference: &str, yes: bool, operation: &Operation) -> Result<View, Failure> {
    let wallet = operation.wallet(reference)?;
    let mut signer = operation.signer()?;
    if !yes {
        confirm(reference, "destroys the key of")?;
    }
    let passphrase = operation.secret()?;
    let progress = Progress::start("destroying the key");
    signer.do_it(Request::DestroyKey { wallet, passphrase })?;
    drop(progress);
    let view = View::new(json!({ "id": wallet, "destroyed": true }))
        .line(format!("the key of {wallet} is destroyed"));
    Ok(match terminate(&operation.gateway()?, wallet) {
        Ok(()) => view,
        Err(failure) => view.line(format!("gatewayd still lists the wallet: {failure}")),
    })
}

fn terminate(gateway: &Gateway, wallet: WalletId) -> Result<(), Failure> {
    let _gone: WalletTerminated = gateway.ask(Call::delete(format!("/v1/wallets/{wallet}")))?;
    Ok(())
}

/// Asks whoever sits at the terminal to type the wallet's name once more.
pub(super) fn confirm(reference: &str, does: &str) -> Result<(), Failure> {
    let question = format!("This {does} {reference} for good. Its name once more");
    let typed = terminal::ask(&question).map_err(|_no_terminal| {
        let what = format!("nobody confirmed what {does} {reference}, and there is no terminal");
        Failure::new(Exit::Usage, what, "confirm with --yes")
    })?;
    if typed == reference {
        Ok(())
    } else {
        Err(Failure::new(Exit::Usage, "that is another name, nothing was changed", "try again"))
    }
}

/// A key as `--json` prints it.
pub(super) fn key_json(key: &KeyInfo) -> Value {
    json!({
        "id": key.wallet,
        "chain": key.chain,
        "environment": key.environment,
        "address": key.address,
        "publicKey": primitives::encode_hex(&key.public_key),
        "key": state(key.state),
        "createdAt": key.created_at,
    })
}

/// A key for people.
pub(super) fn key_fields(key: &KeyInfo) -> Vec<(&'static str, String)> {
    vec![
        ("id", key.wallet.to_string()),
        ("chain", key.chain.to_string()),
        ("environment", key.environment.to_string()),
        ("address", key.address.to_string()),
        ("key", state(key.state)),
    ]
}
