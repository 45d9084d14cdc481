//! `policy list`, `show`, `types`, `test`, `add`, `edit`, `remove`, `enable`, `disable`, `template`.

mod rules;
mod templates;
mod types;
mod what_if;

use std::collections::BTreeMap;

use api::{CreatePolicy, Policy, PolicyDeleted, PolicyPage, UpdatePolicy};
use serde_json::json;
use uuid::Uuid;

use super::{Operation, live_wallets, to_json, uuid};
use crate::args::{PolicyAddArgs, PolicyCommand, PolicyEditArgs};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway, GatewayError, encoded};
use crate::table::{Column, Table};
use crate::time::utc;
use crate::view::View;

/// Policies read at once; the HTTP contract's most.
const PAGE: usize = 200;
/// Letters of rules in a table.
const SHORT: usize = 60;

/// Does something with policies.
pub(super) fn run(command: PolicyCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        PolicyCommand::List { wallet } => list(wallet.as_deref(), operation),
        PolicyCommand::Show { id } => show(&id, operation),
        PolicyCommand::Types { kind } => types::run(kind.as_deref(), operation),
        PolicyCommand::Add(arguments) => add(arguments, operation),
        PolicyCommand::Edit(arguments) => edit(&arguments, operation),
        PolicyCommand::Test(arguments) => what_if::run(&arguments, operation),
        PolicyCommand::Remove { id } => remove(&id, operation),
        PolicyCommand::Enable { id } => switch(&id, true, operation),
        PolicyCommand::Disable { id } => switch(&id, false, operation),
        PolicyCommand::Template(arguments) => templates::run(&arguments, operation),
    }
}

fn list(wallet: Option<&str>, operation: &Operation) -> Result<View, Failure> {
    let wallet = wallet.map(|reference| operation.wallet(reference).map(uuid)).transpose()?;
    let gateway = operation.gateway()?;
    let policies = policies(&gateway, wallet)?;
    let view = View::new(json!({ "policies": to_json(&policies) }));
    if policies.is_empty() {
        let template = operation.place.command("policy template");
        return Ok(view
            .line("no policies: what holds then is in docs/policies.md")
            .line(format!("ready sets: {template}")));
    }
    let names = names(&gateway);
    let mut table = Table::new([
        Column::left("ID"),
        Column::left("TYPE"),
        Column::left("WALLET"),
        Column::left("NETWORK"),
        Column::right("PRIORITY"),
        Column::left("COUNTS"),
        Column::left("RULES"),
    ]);
    for policy in &policies {
        table.row([
            policy.id.to_string(),
            policy.kind.clone(),
            whose(policy, &names),
            policy.network.clone().unwrap_or_else(|| "every".to_owned()),
            policy.priority.to_string(),
            if policy.enabled { "yes" } else { "no" }.to_owned(),
            shortened(&policy.rules.to_string()),
        ]);
    }
    Ok(view.table(table))
}

fn show(id: &str, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let policy: Policy = gateway.ask(Call::get(path(id)))?;
    Ok(one(&policy, &names(&gateway)))
}

fn add(arguments: PolicyAddArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet = arguments.wallet.as_deref().map(|wallet| operation.wallet(wallet).map(uuid));
    let body = CreatePolicy {
        wallet_id: wallet.transpose()?,
        kind: arguments.kind.to_uppercase(),
        rules: rules::read(&arguments.rules)?,
        priority: arguments.priority,
        enabled: !arguments.disabled,
        network: arguments.network,
    };
    let policy = create(&operation.gateway()?, &body)?;
    let disable = operation.place.command(&format!("policy disable {}", policy.id));
    let state = if policy.enabled { "counts from now on" } else { "does not count yet" };
    Ok(View::new(to_json(&policy))
        .line(format!("{} {} {state}", policy.kind, policy.id))
        .line(format!("to let it not count: {disable}")))
}

/// Writes a policy; what is wrong with its rules is answered with where to read how they are.
fn create(gateway: &Gateway, body: &CreatePolicy) -> Result<Policy, Failure> {
    let asked = gateway.ask(Call::post("/v1/policies").body(body));
    asked.map_err(|error: GatewayError| {
        if error.exit() == Exit::Usage {
            let see = format!("waiaasctl policy types {} shows rules of it", body.kind);
            Failure::new(Exit::Usage, error.to_string(), see)
        } else {
            error.into()
        }
    })
}

fn edit(arguments: &PolicyEditArgs, operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let changes_rules = !arguments.rules.rules.is_empty()
        || arguments.rules.file.is_some()
        || !arguments.unset.is_empty();
    if !changes_rules && arguments.priority.is_none() {
        let what = "nothing is to be changed";
        let advice = "name rules as KEY=VALUE, --unset KEY, --file or --priority";
        return Err(Failure::new(Exit::Usage, what, advice));
    }
    let rules = if changes_rules {
        let now: Policy = gateway.ask(Call::get(path(&arguments.id)))?;
        Some(rules::changed(now.rules, &arguments.rules, &arguments.unset)?)
    } else {
        None
    };
    let change = UpdatePolicy { rules, priority: arguments.priority, enabled: None };
    let policy: Policy = gateway.ask(Call::put(path(&arguments.id)).body(&change))?;
    Ok(one(&policy, &names(&gateway)))
}

fn switch(id: &str, enabled: bool, operation: &Operation) -> Result<View, Failure> {
    let change = UpdatePolicy { rules: None, priority: None, enabled: Some(enabled) };
    let policy: Policy = operation.gateway()?.ask(Call::put(path(id)).body(&change))?;
    let state = if policy.enabled { "counts from now on" } else { "does not count any more" };
    Ok(View::new(to_json(&policy)).line(format!("{} {} {state}", policy.kind, policy.id)))
}

fn remove(id: &str, operation: &Operation) -> Result<View, Failure> {
    let deleted: PolicyDeleted = operation.gateway()?.ask(Call::delete(path(id)))?;
    Ok(View::new(to_json(&deleted)).line(format!("policy {} is deleted", deleted.id)))
}

/// Every policy, or those that bind a wallet.
fn policies(gateway: &Gateway, wallet: Option<Uuid>) -> Result<Vec<Policy>, Failure> {
    let mut policies: Vec<Policy> = Vec::new();
    loop {
        let mut call = Call::get("/v1/policies")
            .query("limit", &PAGE.to_string())
            .query("offset", &policies.len().to_string());
        if let Some(wallet) = wallet {
            call = call.query("walletId", &wallet.to_string());
        }
        let page: PolicyPage = gateway.ask(call)?;
        let last = page.data.len() < PAGE;
        policies.extend(page.data);
        if last {
            return Ok(policies);
        }
    }
}

fn one(policy: &Policy, names: &BTreeMap<Uuid, String>) -> View {
    View::new(to_json(policy))
        .fields(vec![
            ("id", policy.id.to_string()),
            ("type", policy.kind.clone()),
            ("wallet", whose(policy, names)),
            ("network", policy.network.clone().unwrap_or_else(|| "every".to_owned())),
            ("priority", policy.priority.to_string()),
            ("counts", if policy.enabled { "yes" } else { "no" }.to_owned()),
            ("written", utc(policy.created_at)),
            ("changed", utc(policy.updated_at)),
        ])
        .verbatim(format!("{:#}", policy.rules))
}

/// What the wallets are called; nothing where gatewayd does not say.
fn names(gateway: &Gateway) -> BTreeMap<Uuid, String> {
    let wallets = live_wallets(gateway).unwrap_or_default();
    wallets.into_iter().map(|wallet| (wallet.id, wallet.name)).collect()
}

fn whose(policy: &Policy, names: &BTreeMap<Uuid, String>) -> String {
    match policy.wallet_id {
        None => "every".to_owned(),
        Some(id) => names.get(&id).cloned().unwrap_or_else(|| id.to_string()),
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHORT {
        return text.to_owned();
    }
    text.chars().take(SHORT).chain(['…']).collect()
}

fn path(id: &str) -> String {
    format!("/v1/policies/{}", encoded(id))
}
