//! Ready sets of policies: listed, printed, written.

use api::{CreatePolicy, Policy};
use serde_json::{Value, json};

use super::{create, path};
use crate::args::PolicyTemplateArgs;
use crate::commands::{Operation, to_json, uuid};
use crate::exit::{Exit, Failure};
use crate::gateway::{Call, Gateway};
use crate::table::{Column, Table};
use crate::view::View;

/// A set of policies that go together.
struct Template {
    name: &'static str,
    about: &'static str,
    /// Types and rules, the rules as JSON.
    policies: &'static [(&'static str, &'static str)],
    /// What it leaves to the operator.
    then: &'static str,
}

/// Every set. The tests write each into a gateway.
const TEMPLATES: &[Template] = &[
    Template {
        name: "conservative",
        about: "small amounts of coins at once, the rest after half an hour or with the owner",
        policies: &[
            (
                "SPENDING_LIMIT",
                r#"{"token_limits":{"native:ethereum":{"instant_max":"0.005","notify_max":"0.02","delay_max":"0.1"},"native:solana":{"instant_max":"0.05","notify_max":"0.2","delay_max":"1"}},"delay_seconds":1800}"#,
            ),
            ("RATE_LIMIT", r#"{"max_requests":20,"window_seconds":3600}"#),
            ("APPROVE_AMOUNT_LIMIT", r#"{"blockUnlimited":true}"#),
            ("APPROVE_TIER_OVERRIDE", r#"{"tier":"APPROVAL"}"#),
        ],
        then: "tokens, contracts and spenders stay forbidden until you name them: ALLOWED_TOKENS, \
               CONTRACT_WHITELIST, APPROVED_SPENDERS",
    },
    Template {
        name: "trading",
        about: "up to 100 dollars at once and 5000 a day, for an agent that swaps",
        policies: &[
            (
                "SPENDING_LIMIT",
                r#"{"instant_max_usd":100,"notify_max_usd":500,"delay_max_usd":2000,"delay_seconds":300,"daily_limit_usd":5000,"monthly_limit_usd":50000}"#,
            ),
            ("RATE_LIMIT", r#"{"max_requests":120,"window_seconds":3600}"#),
            ("APPROVE_AMOUNT_LIMIT", r#"{"blockUnlimited":true}"#),
            ("APPROVE_TIER_OVERRIDE", r#"{"tier":"NOTIFY"}"#),
        ],
        then: "name what it may trade and where: ALLOWED_TOKENS, CONTRACT_WHITELIST, \
               METHOD_WHITELIST, APPROVED_SPENDERS. It counts in dollars: what has no known price \
               needs the owner",
    },
    Template {
        name: "x402",
        about: "cents at once and 20 dollars a day, for an agent that pays for what it calls",
        policies: &[
            (
                "SPENDING_LIMIT",
                r#"{"instant_max_usd":1,"notify_max_usd":5,"delay_max_usd":20,"delay_seconds":300,"daily_limit_usd":20,"monthly_limit_usd":200}"#,
            ),
            ("RATE_LIMIT", r#"{"max_requests":600,"window_seconds":3600}"#),
        ],
        then: "name who may charge and in which token: X402_ALLOWED_DOMAINS, ALLOWED_TOKENS. It \
               counts in dollars: what has no known price needs the owner",
    },
    Template {
        name: "testnet",
        about: "nothing on networks where coins are worth money",
        policies: &[("ENVIRONMENT_TYPE", r#"{"environment":"testnet"}"#)],
        then: "it forbids only; how much may leave on test networks other policies say",
    },
];

/// Lists, prints or writes.
pub(super) fn run(arguments: &PolicyTemplateArgs, operation: &Operation) -> Result<View, Failure> {
    let Some(name) = &arguments.name else { return Ok(list()) };
    let Some(template) = TEMPLATES.iter().find(|template| template.name == name) else {
        let names: Vec<&str> = TEMPLATES.iter().map(|template| template.name).collect();
        let what = format!("there is no set of policies called {name}");
        return Err(Failure::new(Exit::NotFound, what, format!("there are {}", names.join(", "))));
    };
    let bodies = bodies(template, arguments, operation)?;
    if !arguments.apply {
        let json = to_json(&bodies);
        return Ok(View::new(json.clone()).verbatim(format!("{json:#}")));
    }
    let policies = write(&operation.gateway()?, &bodies)?;
    let mut table = Table::new([Column::left("ID"), Column::left("TYPE")]);
    for policy in &policies {
        table.row([policy.id.to_string(), policy.kind.clone()]);
    }
    let json = json!({ "policies": to_json(&policies), "then": template.then });
    Ok(View::new(json).table(table).line(format!("these count from now on; {}", template.then)))
}

fn list() -> View {
    let mut table =
        Table::new([Column::left("NAME"), Column::right("POLICIES"), Column::left("WHAT")]);
    let mut json = Vec::new();
    for template in TEMPLATES {
        let count = template.policies.len();
        table.row([template.name.to_owned(), count.to_string(), template.about.to_owned()]);
        json.push(json!({
            "name": template.name, "about": template.about, "policies": count,
            "then": template.then,
        }));
    }
    View::new(json!({ "templates": json })).table(table)
}

fn bodies(
    template: &Template,
    arguments: &PolicyTemplateArgs,
    operation: &Operation,
) -> Result<Vec<CreatePolicy>, Failure> {
    let wallet = arguments.wallet.as_deref().map(|wallet| operation.wallet(wallet).map(uuid));
    let wallet_id = wallet.transpose()?;
    let body = |(kind, rules): &(&str, &str)| CreatePolicy {
        wallet_id,
        kind: (*kind).to_owned(),
        rules: serde_json::from_str::<Value>(rules).expect("a test reads every set"),
        priority: 0,
        enabled: true,
        network: arguments.network.clone(),
    };
    Ok(template.policies.iter().map(body).collect())
}

/// Writes all of them, or none.
fn write(gateway: &Gateway, bodies: &[CreatePolicy]) -> Result<Vec<Policy>, Failure> {
    let mut written: Vec<Policy> = Vec::new();
    for body in bodies {
        match create(gateway, body) {
            Ok(policy) => written.push(policy),
            Err(failure) => return Err(taken_back(gateway, &written, failure)),
        }
    }
    Ok(written)
}

/// Deletes what was written before the failure; what cannot be deleted is named.
fn taken_back(gateway: &Gateway, written: &[Policy], failure: Failure) -> Failure {
    let delete = |policy: &&Policy| {
        let gone = gateway.ask::<Value>(Call::delete(path(&policy.id.to_string())));
        gone.is_err()
    };
    let left: Vec<String> =
        written.iter().filter(delete).map(|policy| policy.id.to_string()).collect();
    if left.is_empty() {
        return failure;
    }
    let what = format!("{failure}; these were written and could not be deleted");
    Failure::new(failure.exit(), what, format!("delete them: {}", left.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_set_reads_as_json_objects() {
        for template in TEMPLATES {
            for (kind, rules) in template.policies {
                let rules: Value = serde_json::from_str(rules).unwrap();
                assert!(rules.is_object(), "{}: {kind}", template.name);
            }
        }
    }
}
