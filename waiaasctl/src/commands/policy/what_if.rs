//! `policy test`: what the policies would say.

use std::collections::BTreeMap;
use std::path::Path;

use api::{
    CreatePolicy, DescribedTransaction, PartTested, PoliciesTested, PolicyVerdict, ResolvedToken,
    TestFacts, TestPolicies,
};
use primitives::{Amount, ChainId, builtin_by_chain_id, builtin_by_name};
use serde::de::DeserializeOwned;
use serde_json::{Number, Value};

use crate::args::{PolicySubjectArgs, PolicyTestArgs};
use crate::commands::{Operation, to_json, uuid};
use crate::exit::{Exit, Failure};
use crate::files;
use crate::gateway::{Call, Gateway};
use crate::table::{Column, Table};
use crate::time::span;
use crate::view::View;

/// The longest file, in bytes.
const MAX_FILE: usize = 256 << 10;

/// Asks what the policies would say; ends with a refusal where they deny it.
pub(super) fn run(arguments: &PolicyTestArgs, operation: &Operation) -> Result<View, Failure> {
    let wallet_id = uuid(operation.wallet(&arguments.wallet)?);
    let gateway = operation.gateway()?;
    let mut facts = facts(arguments)?;
    let mut body = TestPolicies {
        wallet_id,
        network: arguments.network.clone(),
        stored: !arguments.only,
        policies: match &arguments.with {
            Some(file) => given(file)?,
            None => Vec::new(),
        },
        ..TestPolicies::default()
    };
    let PolicySubjectArgs { transaction, text, typed_data, .. } = &arguments.subject;
    match (transaction, text, typed_data) {
        (Some(bytes), _, _) => body.transaction = Some(bytes.clone()),
        (None, Some(text), _) => body.message = Some(text.clone()),
        (None, None, Some(file)) => body.typed_data = Some(json_of(file)?),
        (None, None, None) => body.request = Some(described(arguments, &gateway, &mut facts)?),
    }
    body.facts = (facts != TestFacts::default()).then_some(facts);
    let tested: PoliciesTested = gateway.ask(Call::post("/v1/policies/test").body(&body))?;
    Ok(view(&tested))
}

/// A transaction in words.
fn described(
    arguments: &PolicyTestArgs,
    gateway: &Gateway,
    facts: &mut TestFacts,
) -> Result<DescribedTransaction, Failure> {
    let PolicySubjectArgs { to, spender, contract, batch, .. } = &arguments.subject;
    if let Some(file) = batch {
        let (kind, instructions) = (Some("BATCH".to_owned()), json_of(file)?);
        return Ok(DescribedTransaction { kind, instructions, ..DescribedTransaction::default() });
    }
    // A call takes the native coin along, whatever token is named.
    let token = arguments.token.as_deref().filter(|_| contract.is_none());
    let amount = match &arguments.amount {
        Some(text) => Some(base_units(text, token, arguments, gateway, facts)?),
        None => None,
    };
    let request = DescribedTransaction::default();
    let kind = |name: &str| Some(name.to_owned());
    Ok(match (to, spender, contract) {
        (Some(to), _, _) => DescribedTransaction {
            kind: kind(if token.is_some() { "TOKEN_TRANSFER" } else { "TRANSFER" }),
            to: Some(to.clone()),
            amount,
            token: token.map(str::to_owned),
            ..request
        },
        (None, Some(spender), _) => DescribedTransaction {
            kind: kind("APPROVE"),
            spender: Some(spender.clone()),
            amount,
            token: token.map(str::to_owned),
            ..request
        },
        (None, None, contract) => DescribedTransaction {
            kind: kind("CONTRACT_CALL"),
            to: contract.clone(),
            calldata: arguments.calldata.clone(),
            value: amount,
            ..request
        },
    })
}

/// What is typed, in base units; the decimals are those of the network's coin, or the token's by its
/// own word.
fn base_units(
    text: &str,
    token: Option<&str>,
    arguments: &PolicyTestArgs,
    gateway: &Gateway,
    facts: &mut TestFacts,
) -> Result<String, Failure> {
    if arguments.base_units {
        return Ok(text.to_owned());
    }
    let unknown = |what: String| Failure::new(Exit::Usage, what, "say it with --base-units");
    let network = arguments.network.as_deref();
    let decimals = match (token, network) {
        (None, network) => native_decimals(network).ok_or_else(|| {
            unknown("the decimals of the network's coin are not known".to_owned())
        })?,
        (Some(_), None) => {
            let what = "the token's decimals are not known without --network".to_owned();
            return Err(unknown(what));
        }
        (Some(token), Some(network)) => {
            let call = Call::get("/v1/tokens/resolve").query("network", network);
            let found: ResolvedToken = gateway.ask(call.query("address", token))?;
            facts.decimals = BTreeMap::from([(found.address, found.decimals)]);
            found.decimals
        }
    };
    let amount = Amount::from_units(text, decimals).map_err(|error| {
        let what = format!("{text} is no amount: {error}");
        Failure::new(Exit::Usage, what, "write it such as 0.25, or use --base-units")
    })?;
    Ok(amount.to_string())
}

/// Of the coin of a network that needs no settings; without a name, of Solana.
fn native_decimals(network: Option<&str>) -> Option<u8> {
    let Some(name) = network else { return native_decimals(Some("solana-mainnet")) };
    let by_id = || builtin_by_chain_id(name.parse::<ChainId>().ok()?);
    builtin_by_name(name).or_else(by_id).map(|network| network.native.decimals)
}

fn facts(arguments: &PolicyTestArgs) -> Result<TestFacts, Failure> {
    Ok(TestFacts {
        now: arguments.at,
        worth_usd: dollars(arguments.worth_usd.as_deref())?,
        spent_in_day_usd: dollars(arguments.spent_today_usd.as_deref())?,
        transactions: arguments.transactions,
        ..TestFacts::default()
    })
}

fn dollars(text: Option<&str>) -> Result<Option<Number>, Failure> {
    let read = |text: &str| {
        text.parse::<Number>().map_err(|_no_number| {
            let what = format!("{text} is no amount of dollars");
            Failure::new(Exit::Usage, what, "write it such as 12.50")
        })
    };
    text.map(read).transpose()
}

/// Policies of a file: one, or a list.
fn given(file: &Path) -> Result<Vec<CreatePolicy>, Failure> {
    let json: Value = json_of(file)?;
    let list = if let Value::Array(list) = json { list } else { vec![json] };
    let read = |one| {
        serde_json::from_value(one).map_err(|error: serde_json::Error| {
            let what = format!("{} holds no policy: {error}", file.display());
            Failure::new(Exit::Usage, what, "write them as waiaasctl policy template NAME prints")
        })
    };
    list.into_iter().map(read).collect()
}

fn json_of<T: DeserializeOwned>(file: &Path) -> Result<T, Failure> {
    let bytes = files::read(file, MAX_FILE)?;
    serde_json::from_slice(&bytes).map_err(|error| {
        let what = format!("{} is no JSON: {error}", file.display());
        Failure::new(Exit::Usage, what, "write it as JSON")
    })
}

fn view(tested: &PoliciesTested) -> View {
    let mut table = Table::new([
        Column::left("TYPE"),
        Column::left("POLICY"),
        Column::left("SAYS"),
        Column::left("WHY"),
    ]);
    for verdict in &tested.verdicts {
        table.row(row(verdict));
    }
    let view = View::new(to_json(tested)).table(table);
    let view = tested.parts.iter().fold(view, |view, part| view.line(line(part)));
    match (&tested.denial, &tested.tier) {
        (Some(denial), _) => view
            .line(format!("denied by {}: {} ({})", denial.rule, denial.reason, denial.code))
            .line(format!("what would satisfy it: {}", denial.remedy))
            .ending(Exit::Refused),
        (None, Some(tier)) => {
            let waits = match (tier.as_str(), tested.delay_seconds, tested.approval_timeout) {
                ("DELAY", Some(seconds), _) => format!(": it waits {}", span(seconds)),
                ("APPROVAL", _, Some(seconds)) => {
                    format!(": the owner has {} to approve it", span(seconds))
                }
                _ => String::new(),
            };
            view.line(format!("allowed with the tier {tier}{waits}"))
        }
        (None, None) => view.line("denied").ending(Exit::Refused),
    }
}

/// What is said of a part of a batch.
fn line(part: &PartTested) -> String {
    let number = part.part;
    match (&part.denial, &part.tier) {
        (Some(denial), _) => {
            format!("part {number}: denied by {}: {} ({})", denial.rule, denial.reason, denial.code)
        }
        (None, Some(tier)) => format!("part {number}: allowed with the tier {tier}"),
        (None, None) => format!("part {number}: denied"),
    }
}

fn row(verdict: &PolicyVerdict) -> [String; 4] {
    let policy = match (verdict.policy_id, verdict.position) {
        (Some(id), _) => id.to_string(),
        (None, Some(position)) => format!("given, number {}", position.saturating_add(1)),
        (None, None) => "none".to_owned(),
    };
    let (says, why) = match (&verdict.denial, &verdict.tier) {
        (Some(denial), _) => ("DENIED".to_owned(), denial.reason.clone()),
        (None, tier) => {
            (tier.clone().unwrap_or_default(), verdict.remedy.clone().unwrap_or_default())
        }
    };
    [verdict.rule.clone(), policy, says, why]
}
