//! `session create`, `list`, `revoke`.

use api::{CreateSession, SessionCreated, SessionItem, SessionPage, SessionRevoked};
use serde_json::json;
use uuid::Uuid;

use super::{Operation, to_json, uuid};
use crate::args::{SessionCommand, SessionCreateArgs};
use crate::exit::Failure;
use crate::files;
use crate::gateway::{Call, Gateway, Token, encoded};
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// Sessions read at once; the HTTP contract's most.
const PAGE: usize = 200;
/// Seconds that a session lasts at least, by the HTTP contract.
const SHORTEST: u64 = 300;

/// Creates, lists or revokes sessions.
pub(super) fn run(command: SessionCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        SessionCommand::Create(arguments) => create(&arguments, operation),
        SessionCommand::List { all } => list(all, operation),
        SessionCommand::Revoke { id } => revoke(&id, operation),
    }
}

fn create(arguments: &SessionCreateArgs, operation: &Operation) -> Result<View, Failure> {
    let mut wallets = Vec::new();
    for wallet in &arguments.wallets {
        wallets.push(uuid(operation.wallet(wallet)?));
    }
    let mut body = over(wallets);
    body.ttl = arguments.ttl.map(u64::from);
    body.max_renewals = arguments.max_renewals;
    let created: SessionCreated =
        operation.gateway()?.ask(Call::post("/v1/sessions").body(&body))?;
    let until = match created.expires_at {
        0 => "without an end".to_owned(),
        end => format!("until {}", utc(end)),
    };
    let Some(file) = &arguments.token_file else {
        return Ok(View::new(to_json(&created))
            .line(&created.token)
            .line(format!("session {}, {until}; the token is not shown again", created.id)));
    };
    files::replace(file, format!("{}\n", created.token).as_bytes())?;
    let file = file.display().to_string();
    let json = json!({ "id": created.id, "expiresAt": created.expires_at, "tokenFile": file });
    Ok(View::new(json).line(format!("session {}, {until}; its token is in {file}", created.id)))
}

/// Lists sessions. This program's own are over when it ends, so they are not among the usable ones.
fn list(all: bool, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let mut sessions: Vec<SessionItem> = Vec::new();
    loop {
        let call = Call::get("/v1/sessions")
            .query("limit", &PAGE.to_string())
            .query("offset", &sessions.len().to_string());
        let page: SessionPage = gateway.ask(call)?;
        let last = page.data.len() < PAGE;
        sessions.extend(page.data);
        if last {
            break;
        }
    }
    sessions.retain(|session| all || session.status == "ACTIVE");
    let mut table = Table::new([
        Column::left("ID"),
        Column::left("STATUS"),
        Column::left("WALLETS"),
        Column::left("EXPIRES"),
        Column::right("RENEWED"),
        Column::left("SOURCE"),
    ]);
    for session in &sessions {
        let wallets: Vec<&str> = session.wallets.iter().map(|one| one.name.as_str()).collect();
        table.row([
            session.id.to_string(),
            session.status.clone(),
            wallets.join(", "),
            if session.expires_at == 0 { "never".to_owned() } else { utc(session.expires_at) },
            session.renewal_count.to_string(),
            session.source.clone(),
        ]);
    }
    let view = View::new(json!({ "sessions": to_json(&sessions) }));
    let create = operation.place.command("session create WALLET");
    Ok(if sessions.is_empty() {
        view.line(format!("no sessions; make one: {create}"))
    } else {
        view.table(table)
    })
}

fn revoke(id: &str, operation: &Operation) -> Result<View, Failure> {
    let revoked: SessionRevoked = operation.gateway()?.ask(delete(id))?;
    Ok(View::new(to_json(&revoked)).line(format!("session {} is revoked", revoked.id)))
}

/// Does `act` as a session over `wallets` that lives for it alone, at most `seconds`: transactions
/// and balances are a session's to ask for, whoever asks.
pub(super) fn as_session<T>(
    gateway: &Gateway,
    wallets: Vec<Uuid>,
    seconds: u32,
    act: impl FnOnce(&Token) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (id, token) = open_for(gateway, wallets, seconds)?;
    let outcome = act(&token);
    // What was done counts: a session that could not be revoked ends by itself.
    match gateway.ask::<SessionRevoked>(delete(&id.to_string())) {
        Ok(_) | Err(_) => outcome,
    }
}

/// A session over `wallets` that ends by itself after `seconds`. What it asked for in time goes on
/// then, and would be called off were it revoked.
pub(super) fn open_for(
    gateway: &Gateway,
    wallets: Vec<Uuid>,
    seconds: u32,
) -> Result<(Uuid, Token), Failure> {
    let ttl = Some(u64::from(seconds).max(SHORTEST));
    let body = CreateSession { ttl, absolute_lifetime: ttl, ..over(wallets) };
    let created: SessionCreated = gateway.ask(Call::post("/v1/sessions").body(&body))?;
    Ok((created.id, Token::new(created.token)))
}

/// A session over these wallets, with everything else as gatewayd chooses.
pub(crate) fn over(wallets: Vec<Uuid>) -> CreateSession {
    CreateSession {
        wallet_id: None,
        wallet_ids: Some(wallets),
        ttl: None,
        max_renewals: None,
        absolute_lifetime: None,
        constraints: None,
        source: None,
    }
}

fn delete(id: &str) -> Call {
    Call::delete(format!("/v1/sessions/{}", encoded(id)))
}
