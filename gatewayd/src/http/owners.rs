//! `/v1/owners`, and the owners of `/v1/wallets`.

use std::sync::Arc;

use api::{ErrorCode, OwnerMessage, WriteOwnerMessage};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use primitives::Address;

use super::auth::site;
use super::body::{Done, Json};
use super::problem::Problem;
use super::serve::Peer;
use super::words::{id, word};
use crate::app::App;
use crate::owner::Action;
use crate::usecase::write_owner_message::{MessageError, write_owner_message};

pub(super) async fn message(
    State(app): State<Arc<App>>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
    Json(asked): Json<WriteOwnerMessage>,
) -> Result<Done<OwnerMessage>, Problem> {
    let site = site(&app, Some(peer), &headers)?;
    let address: Address = word("address", &asked.address)?;
    let action = action(&asked)?;
    let written = write_owner_message(&app, &site, address, action, asked.network).await?;
    let message = written.to_string();
    Ok(Done(OwnerMessage {
        header: BASE64.encode(&message),
        message,
        statement: written.statement,
        nonce: written.nonce,
        expires_at: u64::try_from(written.expires_at.unix_seconds()).unwrap_or(0),
    }))
}

fn action(asked: &WriteOwnerMessage) -> Result<Action, Problem> {
    let about = || asked.id.ok_or_else(|| Problem::invalid("id: say what the action is about"));
    let action = match asked.action.as_str() {
        "verify" => Action::Verify(id("id", about()?)?),
        "replace" => {
            let by = asked.new_owner.as_deref();
            let by = by.ok_or_else(|| Problem::invalid("newOwner: say who is the new owner"))?;
            Action::Replace { wallet: id("id", about()?)?, by: word("newOwner", by)? }
        }
        "remove" => Action::Remove(id("id", about()?)?),
        "reject" => Action::Reject(id("id", about()?)?),
        "cancel" => Action::Cancel(id("id", about()?)?),
        "revoke" => Action::Revoke(id("id", about()?)?),
        "kill-switch" => Action::KillSwitch,
        "escalate" => Action::Escalate,
        _ => {
            return Err(Problem::invalid(
                "action: expected verify, replace, remove, reject, cancel, revoke, kill-switch or \
                 escalate",
            ));
        }
    };
    Ok(action)
}

impl From<MessageError> for Problem {
    fn from(error: MessageError) -> Self {
        let message = error.to_string();
        match error {
            MessageError::Network(..) => Self::new(ErrorCode::UnsupportedChain, message),
            MessageError::Store(error) => error.into(),
        }
    }
}
