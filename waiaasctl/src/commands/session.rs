//! `session create`, `list`, `rotate`, `revoke`, and what agents ask for.

use std::path::Path;

use api::{
    AssetConstraint, CreateSession, Decimal, SecretRotated, SessionConstraints, SessionCreated,
    SessionItem, SessionPage, SessionRequestDecided, SessionRequestList, SessionRevoked,
    SessionRotated,
};
use primitives::Address;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Operation, session_words, to_json, uuid};
use crate::args::{ConstraintArgs, SessionCommand, SessionCreateArgs, SessionRotateArgs};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::gateway::{Call, Gateway, Token, encoded};
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// Sessions read at once; the HTTP contract's most.
const PAGE: usize = 200;
/// Seconds that a session lasts at least, by the HTTP contract.
const SHORTEST: u64 = 300;

/// Creates, lists, rotates or revokes sessions, and decides about those that are asked for.
pub(super) fn run(command: SessionCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        SessionCommand::Create(arguments) => create(&arguments, operation),
        SessionCommand::Prompt { wallets, ttl } => session_words::prompt(&wallets, ttl, operation),
        SessionCommand::Mcp { wallet, ttl } => session_words::mcp(&wallet, ttl, operation),
        SessionCommand::List { all, owner } => list(all, owner, operation),
        SessionCommand::Rotate(arguments) => rotate(&arguments, operation),
        SessionCommand::RotateSecret => rotate_secret(operation),
        SessionCommand::Requests => requests(operation),
        SessionCommand::Approve { request } => decide(&request, "approve", operation),
        SessionCommand::Reject { request } => decide(&request, "reject", operation),
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
    body.absolute_lifetime = arguments.absolute_lifetime.map(u64::from);
    body.constraints = Some(constraints(&arguments.constraints)?);
    let created: SessionCreated =
        operation.gateway()?.ask(Call::post("/v1/sessions").body(&body))?;
    let told = Told { id: created.id, token: &created.token, expires_at: created.expires_at };
    told.once(arguments.token_file.as_deref(), to_json(&created))
}

fn rotate(arguments: &SessionRotateArgs, operation: &Operation) -> Result<View, Failure> {
    let call = Call::post(format!("/v1/sessions/{}/rotate", encoded(&arguments.id)));
    let rotated: SessionRotated = operation.gateway()?.ask(call)?;
    let told = Told { id: rotated.id, token: &rotated.token, expires_at: rotated.expires_at };
    told.once(arguments.token_file.as_deref(), to_json(&rotated))
}

fn rotate_secret(operation: &Operation) -> Result<View, Failure> {
    let rotated: SecretRotated = operation.gateway()?.ask(Call::post("/v1/admin/rotate-secret"))?;
    Ok(View::new(to_json(&rotated)).line(rotated.message.clone()))
}

/// A token that is told this once.
struct Told<'a> {
    id: Uuid,
    token: &'a str,
    expires_at: u64,
}

/// How long a session lasts, in words; 0 for one without an end.
pub(super) fn until(expires_at: u64) -> String {
    match expires_at {
        0 => "without an end".to_owned(),
        end => format!("until {}", utc(end)),
    }
}

impl Told<'_> {
    /// Prints it, or writes it to a file.
    fn once(&self, file: Option<&Path>, json: Value) -> Result<View, Failure> {
        let Self { id, token, expires_at } = self;
        let until = until(*expires_at);
        let Some(file) = file else {
            let line = format!("session {id}, {until}; the token is not shown again");
            return Ok(View::new(json).line(*token).line(line));
        };
        files::replace(file, format!("{token}\n").as_bytes())?;
        let file = file.display().to_string();
        let json = json!({ "id": id, "expiresAt": expires_at, "tokenFile": file });
        Ok(View::new(json).line(format!("session {id}, {until}; its token is in {file}")))
    }
}

fn constraints(given: &ConstraintArgs) -> Result<SessionConstraints, Failure> {
    let some = |items: &[String]| (!items.is_empty()).then(|| items.to_vec());
    let limits: Vec<_> = given.limit.iter().map(|text| limit(text)).collect::<Result<_, _>>()?;
    Ok(SessionConstraints {
        role: given.role.clone(),
        allowed_operations: some(&given.operations),
        allowed_networks: some(&given.networks),
        allowed_recipients: some(&given.recipients),
        limits: (!limits.is_empty()).then_some(limits),
        per_transaction_usd: dollars(given.per_transaction_usd.as_deref())?,
        total_usd: dollars(given.total_usd.as_deref())?,
        max_transactions: given.max_transactions,
    })
}

/// `NETWORK/ASSET=ONE:TOTAL`, of which one amount may be left out.
fn limit(text: &str) -> Result<AssetConstraint, Failure> {
    let read = || {
        let (place, amounts) = text.split_once('=')?;
        let (network, asset) = place.split_once('/')?;
        let (one, total) = amounts.split_once(':').unwrap_or((amounts, ""));
        let amount = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Some(AssetConstraint {
            network: network.to_owned(),
            asset: asset.to_owned(),
            per_transaction: amount(one),
            total: amount(total),
        })
    };
    read().ok_or_else(|| {
        let what = format!("--limit {text} is not NETWORK/ASSET=ONE:TOTAL");
        let advice = "such as base-sepolia/native=1000000000000000:5000000000000000";
        Failure::new(Exit::Usage, what, advice)
    })
}

fn dollars(text: Option<&str>) -> Result<Option<Decimal>, Failure> {
    let read = |text: &str| {
        Decimal::new(text).map_err(|_odd| {
            let what = format!("{text} is no amount of dollars");
            Failure::new(Exit::Usage, what, "write it like 12.50")
        })
    };
    text.map(read).transpose()
}

/// Lists what agents ask for.
fn requests(operation: &Operation) -> Result<View, Failure> {
    let found: SessionRequestList = operation.gateway()?.ask(Call::get("/v1/sessions/requests"))?;
    let mut view = View::new(to_json(&found));
    if found.requests.is_empty() {
        return Ok(view.line("no agent asks for a session"));
    }
    for request in &found.requests {
        let until = utc(request.expires_at);
        view = view.line(format!("{}  {}, until {until}", request.id, request.status));
        view = view.line(format!("  {}", request.statement));
        if let Some(page) = &request.page {
            view = view.line(format!("  its owner decides at {page}"));
        }
    }
    let approve = operation.place.command("session approve REQUEST");
    Ok(view.line(format!("nobody has checked what an agent calls itself; grant one: {approve}")))
}

fn decide(request: &str, decision: &str, operation: &Operation) -> Result<View, Failure> {
    let call = Call::post(format!("/v1/sessions/requests/{}/{decision}", encoded(request)));
    let decided: SessionRequestDecided = operation.gateway()?.ask(call)?;
    let line = match decided.status.as_str() {
        "GRANTED" => {
            format!("request {} is granted: the agent can collect its token now", decided.id)
        }
        _ => format!("request {} is refused", decided.id),
    };
    Ok(View::new(to_json(&decided)).line(line))
}

/// Lists sessions. This program's own are over when it ends, so they are not among the usable ones.
fn list(all: bool, owner: Option<Address>, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let mut sessions: Vec<SessionItem> = Vec::new();
    loop {
        let call = Call::get("/v1/sessions")
            .query("limit", &PAGE.to_string())
            .query("offset", &sessions.len().to_string());
        let call = owner.into_iter().fold(call, |call, it| call.query("owner", &it.to_string()));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_names_network_and_asset_and_one_amount_or_both() {
        let amounts = |one: Option<&str>, total: Option<&str>| {
            Some((one.map(str::to_owned), total.map(str::to_owned)))
        };
        for (text, expected) in [
            ("a/native=1:2", amounts(Some("1"), Some("2"))),
            ("a/native=1", amounts(Some("1"), None)),
            ("a/native=1:", amounts(Some("1"), None)),
            ("a/native=:2", amounts(None, Some("2"))),
            ("eip155:1/0xab=1:2", amounts(Some("1"), Some("2"))),
            ("native=1:2", None),
            ("a/native", None),
            ("", None),
        ] {
            let read = limit(text).ok().map(|limit| (limit.per_transaction, limit.total));
            assert_eq!(read, expected, "{text}");
        }
        let read = limit("eip155:1/0xab=1:2").unwrap();
        assert_eq!((read.network.as_str(), read.asset.as_str()), ("eip155:1", "0xab"));
    }

    #[test]
    fn options_that_were_not_given_limit_nothing() {
        assert_eq!(constraints(&ConstraintArgs::default()).unwrap(), SessionConstraints::default());
        let given = ConstraintArgs { total_usd: Some("1e3".to_owned()), ..Default::default() };
        assert!(constraints(&given).is_err());
    }
}
