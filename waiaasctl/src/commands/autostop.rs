//! `autostop`: the rules by which gatewayd suspends a wallet without anybody asking.

use api::{AutoStopRule, AutoStopRules, SetAutoStopRule};
use serde_json::{Map, Value};

use super::{Operation, live_wallets, to_json};
use crate::args::{AutostopCommand, RuleArgs};
use crate::exit::{Exit, Failure};
use crate::gateway::Call;
use crate::table::{Column, Table};
use crate::view::View;

const ROUTE: &str = "/v1/admin/autostop/rules";

/// Lists the rules, or changes one.
pub(super) fn run(command: AutostopCommand, operation: &Operation) -> Result<View, Failure> {
    match command {
        AutostopCommand::List => list(operation),
        AutostopCommand::Set { rule, config } => {
            let config = Some(numbers(&config)?);
            set(&rule, SetAutoStopRule { enabled: None, config }, operation)
        }
        AutostopCommand::Enable(rule) => {
            set(&rule, SetAutoStopRule { enabled: Some(true), config: None }, operation)
        }
        AutostopCommand::Disable(rule) => {
            set(&rule, SetAutoStopRule { enabled: Some(false), config: None }, operation)
        }
    }
}

fn list(operation: &Operation) -> Result<View, Failure> {
    let gateway = operation.gateway()?;
    let found: AutoStopRules = gateway.ask(Call::get(ROUTE))?;
    let has_names = found.rules.iter().any(|rule| rule.wallet_id.is_some());
    let wallets = if has_names { live_wallets(&gateway)? } else { Vec::new() };
    let mut table = Table::new([
        Column::left("TYPE"),
        Column::left("WALLET"),
        Column::left("COUNTS"),
        Column::left("LIMIT"),
        Column::left("FIRES WHEN"),
    ]);
    for rule in &found.rules {
        let name = |id| wallets.iter().find(|wallet| wallet.id == id).map(|found| &found.name);
        let wallet = match rule.wallet_id {
            None => "all".to_owned(),
            Some(id) => name(id).cloned().unwrap_or_else(|| id.to_string()),
        };
        let counts = if rule.enabled { "yes" } else { "no" };
        table.row([
            rule.kind.clone(),
            wallet,
            counts.to_owned(),
            limit(rule),
            rule.meaning.clone(),
        ]);
    }
    Ok(View::new(to_json(&found)).table(table))
}

fn set(rule: &RuleArgs, change: SetAutoStopRule, operation: &Operation) -> Result<View, Failure> {
    let wallet = rule.wallet.as_deref().map(|wallet| operation.wallet(wallet)).transpose()?;
    let id = match wallet {
        Some(wallet) => format!("{}:{wallet}", rule.kind),
        None => rule.kind.clone(),
    };
    let path = format!("{ROUTE}/{}", crate::gateway::encoded(&id));
    let set: AutoStopRule = operation.gateway()?.ask(Call::put(path).body(&change))?;
    let counts = if set.enabled { "counts" } else { "does not count" };
    let whose = rule.wallet.as_ref().map(|wallet| format!(" of {wallet}")).unwrap_or_default();
    let view =
        View::new(to_json(&set)).line(format!("{}{whose} {counts}: {}", set.kind, limit(&set)));
    Ok(if set.enabled {
        view
    } else {
        let command = operation.place.command(&format!("autostop enable {}", set.kind));
        view.line(format!("to have it suspend wallets: {command}"))
    })
}

/// The limit as it is typed.
fn limit(rule: &AutoStopRule) -> String {
    let fields = rule.config.as_object().into_iter().flatten();
    let words: Vec<String> = fields.map(|(key, value)| format!("{key}={value}")).collect();
    words.join(" ")
}

fn numbers(words: &[String]) -> Result<Value, Failure> {
    let number = |word: &String| {
        let (key, number) = word.split_once('=')?;
        Some((key.to_owned(), Value::from(number.parse::<u64>().ok()?)))
    };
    let read = |word| {
        number(word).ok_or_else(|| {
            let what = format!("{word} is no limit");
            Failure::new(Exit::Usage, what, "write it as KEY=NUMBER, such as transactions=20")
        })
    };
    Ok(Value::Object(words.iter().map(read).collect::<Result<Map<_, _>, _>>()?))
}
