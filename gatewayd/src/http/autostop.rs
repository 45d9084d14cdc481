//! `/v1/admin/autostop/rules`.

use std::sync::Arc;

use api::{AutoStopRule, AutoStopRules, ErrorCode, SetAutoStopRule};
use axum::extract::State;

use super::body::{Done, Json, Path};
use super::problem::Problem;
use super::words::{seconds, uuid};
use crate::app::App;
use crate::autostop::{Rule, RuleId};
use crate::session::Master;
use crate::usecase::autostop::{Change, RuleError, list_rules, set_rule};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    master: Master,
) -> Result<Done<AutoStopRules>, Problem> {
    let rules = list_rules(&app, &master).await?;
    let rules = rules.iter().map(body).collect::<Result<_, Problem>>()?;
    Ok(Done(AutoStopRules { rules }))
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
    Json(asked): Json<SetAutoStopRule>,
) -> Result<Done<AutoStopRule>, Problem> {
    let id: RuleId = path.text("id").parse().map_err(|_unknown| unknown(path.text("id")))?;
    let change = Change { enabled: asked.enabled, config: asked.config };
    Ok(Done(body(&set_rule(&app, &master, id, change).await?)?))
}

fn body(rule: &Rule) -> Result<AutoStopRule, Problem> {
    let config = serde_json::to_value(rule.limit);
    Ok(AutoStopRule {
        id: rule.id.to_string(),
        kind: rule.id.kind.as_str().to_owned(),
        wallet_id: rule.id.wallet.map(uuid),
        enabled: rule.enabled,
        config: config.map_err(|error| Problem::internal(&error))?,
        meaning: rule.id.kind.meaning().to_owned(),
        updated_at: seconds(rule.changed_at),
    })
}

fn unknown(id: &str) -> Problem {
    Problem::new(ErrorCode::RuleNotFound, format!("there is no rule {id}"))
        .hint("GET /v1/admin/autostop/rules lists them; a wallet's own is TYPE:WALLET")
}

impl From<RuleError> for Problem {
    fn from(error: RuleError) -> Self {
        let message = error.to_string();
        match error {
            RuleError::Unknown(id) => unknown(&id.to_string()),
            RuleError::Limit(_) => Self::invalid(message),
            RuleError::Store(error) => error.into(),
        }
    }
}
