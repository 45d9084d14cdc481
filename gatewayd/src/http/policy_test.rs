//! `POST /v1/policies/test`.

use std::sync::Arc;

use api::{ErrorCode, PolicyDenial, PolicyVerdict, TestAction, TestFacts, TestPolicies};
use axum::extract::State;
use primitives::{Address, decode_hex};
use serde_json::Number;

use super::body::{Done, Json};
use super::policies::new_policy;
use super::problem::Problem;
use super::transactions::operation;
use super::words::{id, uuid, word};
use crate::app::App;
use crate::clock::UnixSeconds;
use crate::policy::{
    Action, Decimal, Denial, Destination, Opinion, Purpose, Reputation, UsdMicros, Verdict, rules,
};
use crate::session::Master;
use crate::tx::Tier;
use crate::usecase::described::Described;
use crate::usecase::sign_message::Message;
use crate::usecase::test_policies::{
    Hypotheses, PartTested, PoliciesTested, PolicyTest, PolicyTestError, Source, Subject,
    test_policies,
};

pub(super) async fn test(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<TestPolicies>,
) -> Result<Done<api::PoliciesTested>, Problem> {
    let wallet = id("walletId", asked.wallet_id)?;
    let test = PolicyTest {
        wallet,
        network: asked.network.clone(),
        subject: subject(&asked)?,
        policies: asked.policies.into_iter().map(new_policy).collect::<Result<_, _>>()?,
        stored: asked.stored,
        facts: asked.facts.map_or(Ok(Hypotheses::default()), hypotheses)?,
    };
    let tested = test_policies(&app, &master, test).await?;
    Ok(Done(body(&tested)))
}

fn subject(asked: &TestPolicies) -> Result<Subject, Problem> {
    let TestPolicies { transaction, typed_data, message, request, .. } = asked;
    match (transaction, typed_data, message, request) {
        (Some(text), None, None, None) => Ok(Subject::Unsigned(unsigned(text)?)),
        (None, Some(data), None, None) => Ok(Subject::Message(Message::TypedData(data.clone()))),
        (None, None, Some(text), None) => {
            Ok(Subject::Message(Message::Text(text.clone().into_bytes())))
        }
        (None, None, None, Some(request)) => {
            Ok(Subject::Described(Box::new(described(request.clone()))))
        }
        _ => Err(Problem::invalid("give one of transaction, typedData, message and request")),
    }
}

/// Hexadecimal digits are those of an EVM transaction; base64 has no `x` after a `0` that begins a
/// Solana message.
fn unsigned(text: &str) -> Result<Vec<u8>, Problem> {
    let bytes = match text.strip_prefix("0x") {
        Some(digits) => decode_hex(digits).ok(),
        None => super::transactions::from_base64(text),
    };
    let form = "transaction: expected 0x and hexadecimal digits (EVM), or base64 (Solana)";
    bytes.ok_or_else(|| Problem::new(ErrorCode::InvalidTransaction, form))
}

fn described(request: api::DescribedTransaction) -> Described {
    Described {
        kind: request.kind,
        to: request.to,
        amount: request.amount,
        token: request.token,
        token_id: request.token_id,
        standard: request.standard,
        spender: request.spender,
        calldata: request.calldata,
        bytecode: request.bytecode,
        value: request.value,
        program_id: request.program_id,
        gas_limit: request.gas_limit,
        gas_price: request.gas_price,
        instructions: request.instructions.into_iter().map(described).collect(),
    }
}

fn hypotheses(facts: TestFacts) -> Result<Hypotheses, Problem> {
    let destination = match (facts.x402_domain, facts.erc8128_domain) {
        (None, None) => None,
        (Some(domain), None) => Some((Purpose::Payment, domain)),
        (None, Some(domain)) => Some((Purpose::Signature, domain)),
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("give one of facts.x402Domain and facts.erc8128Domain"));
        }
    };
    let signed_in_minute = facts.signed_in_minute;
    Ok(Hypotheses {
        now: facts.now.map(UnixSeconds::new),
        worth: dollars("facts.worthUsd", facts.worth_usd)?,
        spent_in_day: dollars("facts.spentInDayUsd", facts.spent_in_day_usd)?,
        spent_in_month: dollars("facts.spentInMonthUsd", facts.spent_in_month_usd)?,
        transactions: facts.transactions,
        decimals: facts.decimals,
        destination: destination.map(|(purpose, domain)| Destination {
            purpose,
            domain,
            signed_in_minute,
        }),
        action: facts.action.map(action).transpose()?,
        reputation: facts.reputation.map(|text| reputation(&text)).transpose()?,
    })
}

fn action(action: TestAction) -> Result<Action, Problem> {
    let asset = action.asset.as_deref();
    let asset = asset.map(|text| word::<Address>("facts.action.asset", text)).transpose()?;
    Ok(Action {
        category: word("facts.action.category", &action.category)?,
        name: action.name,
        venue: action.venue,
        market: action.market,
        asset,
        ltv: decimal("facts.action.ltv", action.ltv)?,
        leverage: decimal("facts.action.leverage", action.leverage)?,
        position: dollars("facts.action.positionUsd", action.position_usd)?,
        worth: dollars("facts.action.worthUsd", action.worth_usd)?,
        spent_in_day: dollars("facts.action.spentInDayUsd", action.spent_in_day_usd)?,
        spent_in_month: dollars("facts.action.spentInMonthUsd", action.spent_in_month_usd)?,
    })
}

fn reputation(text: &str) -> Result<Reputation, Problem> {
    let score: Option<Decimal> = text.parse().ok();
    match (text, score.filter(|score| *score <= Decimal::HUNDRED)) {
        ("unrated", _) => Ok(Reputation::Unrated),
        (_, Some(score)) => Ok(Reputation::Score(score)),
        (_, None) => Err(Problem::invalid("facts.reputation: expected unrated, or 0 to 100")),
    }
}

fn dollars(name: &str, number: Option<Number>) -> Result<Option<UsdMicros>, Problem> {
    let read = number.map(UsdMicros::try_from).transpose();
    read.map_err(|error| Problem::invalid(format!("{name}: {error}")))
}

fn decimal(name: &str, number: Option<Number>) -> Result<Option<Decimal>, Problem> {
    number.map(|number| word(name, &number.to_string())).transpose()
}

fn body(tested: &PoliciesTested) -> api::PoliciesTested {
    let (allowed, denied) = match &tested.verdict {
        Verdict::Allow(allowed) => (Some(allowed), None),
        Verdict::Deny(denial) => (None, Some(denial)),
    };
    let of = |tier| allowed.filter(|allowed| allowed.tier == tier);
    api::PoliciesTested {
        allowed: allowed.is_some(),
        tier: allowed.map(|allowed| allowed.tier.to_string()),
        delay_seconds: of(Tier::Delay).map(|allowed| allowed.delay.as_secs()),
        approval_timeout: of(Tier::Approval).map(|allowed| allowed.approval_timeout.as_secs()),
        denial: denied.map(denial),
        verdicts: tested.opinions.iter().map(|(source, said)| verdict(said, *source)).collect(),
        operations: tested.effects.iter().map(operation).collect(),
        parts: (1_u8..).zip(&tested.parts).map(part).collect(),
    }
}

fn part((part, tested): (u8, &PartTested)) -> api::PartTested {
    let (tier, denied) = match &tested.verdict {
        Verdict::Allow(allowed) => (Some(allowed.tier.to_string()), None),
        Verdict::Deny(denied) => (None, Some(denial(denied))),
    };
    api::PartTested {
        part,
        allowed: tier.is_some(),
        tier,
        denial: denied,
        operations: tested.effects.iter().map(operation).collect(),
    }
}

fn verdict(opinion: &Opinion, source: Source) -> PolicyVerdict {
    let (tier, denied) = match &opinion.verdict {
        Verdict::Allow(allowed) => (Some(allowed.tier), None),
        Verdict::Deny(denied) => (None, Some(denial(denied))),
    };
    let (word, policy_id, position) = match source {
        Source::Default => ("default", None, None),
        Source::Stored(id) => ("stored", Some(uuid(id)), None),
        Source::Given(position) => ("given", None, Some(position)),
    };
    let rule = rules::named(opinion.rule);
    let eased_by = rule.map(|rule| rule.eased_by.to_owned());
    PolicyVerdict {
        rule: opinion.rule.to_owned(),
        source: word.to_owned(),
        policy_id,
        position,
        tier: tier.map(|tier| tier.to_string()),
        remedy: tier.filter(|tier| *tier > Tier::Instant).and(eased_by),
        denial: denied,
    }
}

fn denial(denial: &Denial) -> PolicyDenial {
    PolicyDenial {
        rule: denial.rule.to_owned(),
        code: denial.code.as_str().to_owned(),
        reason: denial.reason.clone(),
        remedy: denial.remedy.clone(),
    }
}

impl From<PolicyTestError> for Problem {
    fn from(error: PolicyTestError) -> Self {
        let message = error.to_string();
        match error {
            PolicyTestError::UnknownWallet(_) => Self::new(ErrorCode::WalletNotFound, message),
            PolicyTestError::Choice(error) => error.into(),
            PolicyTestError::Undecodable(_) => Self::new(ErrorCode::InvalidTransaction, message),
            PolicyTestError::Message(error) => error.into(),
            PolicyTestError::Described(_)
            | PolicyTestError::Decimals(_)
            | PolicyTestError::TooLarge
            | PolicyTestError::Policy(..) => Self::invalid(message),
            PolicyTestError::Store(error) => error.into(),
        }
    }
}
