//! `/v1/approvals/{id}`: what an owner's link leads to.

use std::sync::Arc;

use api::{ApprovalEffect, ApprovalFee, ApprovalReason, ErrorCode, LinkedApproval};
use axum::extract::State;
use primitives::{Asset, Network};
use txcodec::Effect;
use txcodec::approval::Label;

use super::{approval, reading};
use crate::app::App;
use crate::http::auth::LinkRight;
use crate::http::body::{Done, Path};
use crate::http::display;
use crate::http::problem::Problem;
use crate::http::words::seconds;
use crate::usecase::show_linked_approval::{
    LinkError, Linked, LinkedQuestion, Reason, show_linked_approval,
};

pub(in crate::http) async fn linked_approval(
    State(app): State<Arc<App>>,
    LinkRight(right): LinkRight,
    path: Path,
) -> Result<Done<LinkedApproval>, Problem> {
    let linked = show_linked_approval(&app, path.read("id")?, &right).await?;
    let Linked { transaction, wallet, question } = linked;
    let network = transaction.intent.network();
    let network = network.and_then(|chain_id| app.networks.by_chain_id(chain_id));
    let shown = reading::body_of(&app, Some(&wallet), &transaction);
    let currency = display::currency(&app, None)?;
    let question = question.as_ref();
    Ok(Done(LinkedApproval {
        transaction: display::add_one(&app, shown, currency).await?,
        wallet_name: wallet.name,
        wallet_address: wallet.address.to_string(),
        refuser: wallet.owner.map(|owner| owner.address.to_string()),
        now: seconds(app.clock.now()),
        approval: question.map(|question| approval::body(&question.asked)),
        effects: question.map_or_else(Vec::new, |question| effects(question, network)),
        fee: question.map(|question| fee(question, network)),
        reasons: question.map_or_else(Vec::new, |found| found.reasons.iter().map(reason).collect()),
    }))
}

fn effects(question: &LinkedQuestion, network: Option<&Network>) -> Vec<ApprovalEffect> {
    let lines = question.asked.rendered.lines().iter();
    let texts = lines.filter(|line| line.label == Label::Effect).map(|line| &line.value);
    let effects = question.decoded.effects().iter().zip(texts);
    effects.map(|(effect, text)| self::effect(effect, text, question, network)).collect()
}

fn effect(
    effect: &Effect,
    text: &str,
    question: &LinkedQuestion,
    network: Option<&Network>,
) -> ApprovalEffect {
    let (asset, amount) = match effect {
        Effect::NativeOut { amount, .. } | Effect::Rent { amount, .. } => {
            (Some(Asset::Native), Some(*amount))
        }
        Effect::TokenOut { token, amount, .. } | Effect::Allowance { token, amount, .. } => {
            (Some(Asset::Token(*token)), Some(*amount))
        }
        Effect::CollectibleOut { .. }
        | Effect::AuthorityChange { .. }
        | Effect::Call { .. }
        | Effect::Deploy
        | Effect::Text { .. }
        | Effect::TypedData { .. }
        | Effect::Memo { .. }
        | Effect::Opaque(_) => (None, None),
    };
    let unit = asset.and_then(|asset| match asset {
        Asset::Native => network
            .map(|network| (network.native.decimals, Some(network.native.symbol.to_string()))),
        Asset::Token(_) => {
            question.units.get(&asset).map(|unit| (unit.decimals, unit.symbol.clone()))
        }
    });
    let operation = reading::operation(effect);
    ApprovalEffect {
        kind: operation.kind,
        text: text.to_owned(),
        to: operation.to,
        amount: operation.amount,
        amount_formatted: amount.zip(unit.as_ref()).map(|(amount, unit)| amount.to_units(unit.0)),
        symbol: unit.and_then(|(_decimals, symbol)| symbol),
        token: operation.token,
    }
}

fn fee(question: &LinkedQuestion, network: Option<&Network>) -> ApprovalFee {
    let ceiling = question.asked.question.terms.fee_ceiling;
    let native = network.map(|network| &network.native);
    ApprovalFee {
        amount: ceiling.to_string(),
        amount_formatted: native.map(|native| ceiling.to_units(native.decimals)),
        symbol: native.map(|native| native.symbol.to_string()),
        decimals: native.map(|native| native.decimals),
    }
}

fn reason(reason: &Reason) -> ApprovalReason {
    let (source, policy, message) = match reason {
        Reason::Guard(message) => ("guard", None, Some(message.clone())),
        Reason::Policy(kind) => ("policy", Some(*kind), None),
        Reason::Default(kind) => ("default", Some(*kind), None),
    };
    ApprovalReason { source: source.to_owned(), policy: policy.map(str::to_owned), message }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        let message = error.to_string();
        match error {
            LinkError::NotARight => Self::new(ErrorCode::InvalidToken, message)
                .hint("ask for a new one: waiaasctl tx approve prints it"),
            LinkError::Over => Self::new(ErrorCode::TxExpired, message),
            LinkError::Approval(error) => error.into(),
            LinkError::Store(error) => error.into(),
        }
    }
}
