//! `/v1/policies`.

use std::sync::Arc;

use api::{CreatePolicy, ErrorCode, PolicyDeleted, PolicyPage, UpdatePolicy};
use axum::extract::State;

use super::body::{Created, Done, Json, Path, Query};
use super::problem::Problem;
use super::words::{PageQuery, id, seconds, uuid, word};
use crate::app::App;
use crate::session::{Caller, Master};
use crate::store::policies::StoredPolicy;
use crate::usecase::policies::{
    NewPolicy, PolicyChange, PolicyError, change_policy, create_policy, delete_policy,
    list_policies, show_policy,
};

pub(super) async fn create(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<CreatePolicy>,
) -> Result<Created<api::Policy>, Problem> {
    let policy = create_policy(&app, &master, new_policy(asked)?).await?;
    Ok(Created(body(&app, &policy)))
}

pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(query): Query<PageQuery>,
) -> Result<Done<PolicyPage>, Problem> {
    let page = query.page()?;
    let wallet = query.wallet_id.as_deref().filter(|word| *word != "default");
    let wallet = wallet.map(|text| word("walletId", text)).transpose()?;
    let (policies, total) = list_policies(&app, &caller, wallet, page).await?;
    let data = policies.iter().map(|policy| body(&app, policy)).collect();
    Ok(Done(PolicyPage { data, total, limit: page.limit, offset: page.offset }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<api::Policy>, Problem> {
    let policy = show_policy(&app, &master, path.read("id")?).await?;
    Ok(Done(body(&app, &policy)))
}

pub(super) async fn change(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
    Json(asked): Json<UpdatePolicy>,
) -> Result<Done<api::Policy>, Problem> {
    let UpdatePolicy { rules, priority, enabled } = asked;
    let change = PolicyChange { rules, priority, enabled };
    let policy = change_policy(&app, &master, path.read("id")?, change).await?;
    Ok(Done(body(&app, &policy)))
}

pub(super) async fn delete(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<PolicyDeleted>, Problem> {
    let id = path.read("id")?;
    delete_policy(&app, &master, id).await?;
    Ok(Done(PolicyDeleted { id: uuid(id), deleted: true }))
}

/// What a body asks for.
pub(super) fn new_policy(asked: CreatePolicy) -> Result<NewPolicy, Problem> {
    Ok(NewPolicy {
        wallet: asked.wallet_id.map(|uuid| id("walletId", uuid)).transpose()?,
        network: asked.network,
        kind: asked.kind,
        rules: asked.rules,
        priority: asked.priority,
        enabled: asked.enabled,
    })
}

/// The policy as the bodies have it.
pub(super) fn body(app: &App, policy: &StoredPolicy) -> api::Policy {
    let name = policy.network.map(|chain_id| {
        let network = app.networks.by_chain_id(chain_id);
        network.map_or_else(|| chain_id.to_string(), |network| network.name.to_string())
    });
    api::Policy {
        id: uuid(policy.id),
        wallet_id: policy.wallet.map(uuid),
        kind: policy.kind.clone(),
        rules: policy.rules.clone(),
        priority: policy.priority,
        enabled: policy.enabled,
        network: name,
        created_at: seconds(policy.created_at),
        updated_at: seconds(policy.updated_at),
    }
}

impl From<PolicyError> for Problem {
    fn from(error: PolicyError) -> Self {
        let message = error.to_string();
        match error {
            PolicyError::Unknown(_) => {
                Self::new(ErrorCode::PolicyNotFound, message).hint("GET /v1/policies lists them")
            }
            PolicyError::UnknownWallet(_) => Self::new(ErrorCode::WalletNotFound, message),
            PolicyError::AccessDenied(_) => Self::new(ErrorCode::WalletAccessDenied, message),
            PolicyError::UnknownNetwork(_) | PolicyError::Rules(_) | PolicyError::TooLong => {
                Self::invalid(message)
            }
            PolicyError::Store(error) => error.into(),
        }
    }
}
