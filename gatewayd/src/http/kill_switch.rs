//! `/v1/admin/kill-switch`, `/v1/admin/recover` and `/v1/kill-switch`; and what is not served while
//! the switch has fallen.

use std::sync::Arc;

use api::{
    ActivateKillSwitch, ErrorCode, KillSwitchActivated, KillSwitchEffect, KillSwitchEscalated,
    Recover, Recovered, SessionEnded,
};
use axum::extract::State;
use protocol::Latch;

use super::body::{Done, OptionalJson};
use super::problem::Problem;
use super::routes::Route;
use super::words::{seconds, uuid};
use crate::app::App;
use crate::owner::Action;
use crate::session::{Agent, Caller, Master};
use crate::store::kill_switch::SignerKnows;
use crate::switch::Stopped;
use crate::usecase::end_session::end_session;
use crate::usecase::kill_switch::{
    KillSwitchError, Stop, Stopping, activate, escalate, show_kill_switch,
};
use crate::usecase::recover::{RecoverError, recover};

/// What is served to nobody while the switch has fallen, besides what moves money: who stops
/// everything does not want anybody else to be let in.
const CLOSED: &[(&str, &str)] = &[
    ("POST", "/v1/wallets"),
    ("POST", "/v1/wallets/{id}/resume"),
    ("POST", "/v1/wallets/{id}/withdraw"),
    ("POST", "/v1/sessions"),
    ("POST", "/v1/sessions/requests/{id}/approve"),
    ("POST", "/v1/sessions/requests/{id}/token"),
    ("POST", "/v1/sessions/{id}/rotate"),
    ("POST", "/v1/admin/sessions/{id}/reissue"),
    ("POST", "/v1/admin/agent-prompt"),
    ("POST", "/v1/mcp/tokens"),
];

/// What only stops or tries something, and goes on beside it.
const OPEN: &[&str] =
    &["/v1/transactions/simulate", "/v1/transactions/{id}/cancel", "/v1/transactions/{id}/reject"];

/// What a session may ask while its holders are shut out.
const LAST_RESORT: &str = "/v1/kill-switch";

/// Whether a request waits for better times.
///
/// # Errors
/// With the answer to it, while the switch has fallen.
pub(super) fn admit(app: &App, route: &Route, caller: Option<&Caller>) -> Result<(), Problem> {
    let latch = app.switch.latch();
    let is_closed = match latch {
        Latch::Active => false,
        Latch::Suspended => closes(route),
        Latch::Locked => closes(route) || is_shut_out(route, caller),
    };
    if is_closed { Err(Stopped(latch).into()) } else { Ok(()) }
}

fn closes(route: &Route) -> bool {
    (route.moves_money() && !OPEN.contains(&route.path))
        || CLOSED.contains(&(route.method, route.path))
}

/// Sessions are frozen: they are as before when the switch is lifted.
fn is_shut_out(route: &Route, caller: Option<&Caller>) -> bool {
    matches!(caller, Some(Caller::Agent(_))) && route.path != LAST_RESORT
}

pub(super) async fn show(State(app): State<Arc<App>>) -> Result<Done<api::KillSwitch>, Problem> {
    let stored = show_kill_switch(&app).await?;
    // What is not stored yet counts too.
    let latch = app.switch.latch().max(stored.as_ref().map_or(Latch::Active, |it| it.latch));
    Ok(Done(api::KillSwitch {
        state: latch.to_string(),
        activated_at: stored.as_ref().map(|stored| seconds(stored.activated_at)),
        activated_by: stored.map(|stored| stored.actor),
    }))
}

pub(super) async fn activate_it(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalJson(asked): OptionalJson<ActivateKillSwitch>,
) -> Result<Done<KillSwitchActivated>, Problem> {
    let stopping = activate(&app, stop(&caller, Action::KillSwitch, asked)?).await?;
    Ok(Done(KillSwitchActivated {
        state: stopping.switch.latch.to_string(),
        activated_at: seconds(stopping.switch.activated_at),
        effect: effect(&stopping),
    }))
}

pub(super) async fn escalate_it(
    State(app): State<Arc<App>>,
    caller: Caller,
    OptionalJson(asked): OptionalJson<ActivateKillSwitch>,
) -> Result<Done<KillSwitchEscalated>, Problem> {
    let stopping = escalate(&app, stop(&caller, Action::Escalate, asked)?).await?;
    let since = stopping.switch.escalated_at.unwrap_or(stopping.switch.activated_at);
    Ok(Done(KillSwitchEscalated {
        state: stopping.switch.latch.to_string(),
        escalated_at: seconds(since),
        effect: effect(&stopping),
    }))
}

pub(super) async fn recover_it(
    State(app): State<Arc<App>>,
    master: Master,
    OptionalJson(_not_needed): OptionalJson<Recover>,
) -> Result<Done<Recovered>, Problem> {
    let since = recover(&app, &master).await?;
    Ok(Done(Recovered { state: Latch::Active.to_string(), recovered_at: seconds(since) }))
}

pub(super) async fn end_own_session(
    State(app): State<Arc<App>>,
    agent: Agent,
) -> Result<Done<SessionEnded>, Problem> {
    let (since, swept) = end_session(&app, &agent).await?;
    Ok(Done(SessionEnded {
        id: uuid(agent.session_id()),
        status: "REVOKED".to_owned(),
        revoked_at: seconds(since),
        called_off: swept.called_off,
        may_have_left: swept.may_have_left,
    }))
}

/// Who stops everything; of an owner's message only if it is for that.
fn stop(caller: &Caller, action: Action, asked: ActivateKillSwitch) -> Result<Stop, Problem> {
    if let Caller::Owner(owner) = caller {
        owner.wants(action)?;
    }
    let reason = asked.reason.unwrap_or_else(|| "no reason was given".to_owned());
    Ok(Stop { actor: caller.actor(), reason })
}

fn effect(stopping: &Stopping) -> KillSwitchEffect {
    KillSwitchEffect {
        signer_stopped: stopping.switch.signer == SignerKnows::Yes,
        called_off: stopping.swept.called_off,
        may_have_left: stopping.swept.may_have_left,
    }
}

impl From<Stopped> for Problem {
    fn from(stopped: Stopped) -> Self {
        Self::new(ErrorCode::KillSwitchActive, stopped.to_string())
            .details(serde_json::json!({ "state": stopped.0.to_string() }))
            .hint("an operator lifts it with waiaasctl kill-switch recover")
    }
}

impl From<KillSwitchError> for Problem {
    fn from(error: KillSwitchError) -> Self {
        let message = error.to_string();
        match error {
            KillSwitchError::Already(_) => Self::new(ErrorCode::KillSwitchAlreadyActive, message)
                .hint("GET /v1/admin/kill-switch says since when and by whom"),
            KillSwitchError::NotActive => Self::new(ErrorCode::KillSwitchNotActive, message)
                .hint("POST /v1/admin/kill-switch suspends, and this then locks"),
            KillSwitchError::Reason => Self::invalid(message),
            KillSwitchError::Store(error) => error.into(),
        }
    }
}

impl From<RecoverError> for Problem {
    fn from(error: RecoverError) -> Self {
        let message = error.to_string();
        match error {
            RecoverError::NotActive => Self::new(ErrorCode::KillSwitchNotActive, message),
            RecoverError::SignerStopped(latch) => {
                Self::new(ErrorCode::InvalidStateTransition, message)
                    .details(serde_json::json!({ "signer": latch.to_string() }))
                    .hint("waiaasctl kill-switch recover does both, with the vault's passphrase")
            }
            RecoverError::Signer(error) => error.into(),
            RecoverError::Store(error) => error.into(),
        }
    }
}
