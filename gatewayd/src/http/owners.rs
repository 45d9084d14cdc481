//! `/v1/owners`, and the owners of `/v1/wallets`.

use std::sync::Arc;

use api::{ErrorCode, OwnerMessage, OwnerVerified, SetOwner, WalletDetail, WriteOwnerMessage};
use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use primitives::Address;

use super::auth::{CoSigner, site};
use super::body::{Done, Json, Path};
use super::problem::Problem;
use super::serve::Peer;
use super::wallets::detail;
use super::words::{id, word};
use crate::app::App;
use crate::owner::{Action, SignIn};
use crate::session::{Master, Owner};
use crate::signer::SignerError;
use crate::usecase::owners::{
    ApprovalMethod, NewOwner, OwnerChangeError, remove_owner, set_owner, verify_owner,
};
use crate::usecase::write_owner_message::{MessageError, write_owner_message};

/// How owners can like to approve.
const METHODS: [&str; 5] = ["sdk_push", "sdk_telegram", "walletconnect", "telegram_bot", "rest"];

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
    Ok(Done(to_sign(written)))
}

/// A message for an owner to sign, with the header that carries it.
pub(super) fn to_sign(written: SignIn) -> OwnerMessage {
    let message = written.to_string();
    OwnerMessage {
        header: BASE64.encode(&message),
        message,
        statement: written.statement,
        nonce: written.nonce,
        expires_at: u64::try_from(written.expires_at.unix_seconds()).unwrap_or(0),
    }
}

pub(super) async fn set(
    State(app): State<Arc<App>>,
    master: Master,
    CoSigner(present): CoSigner,
    path: Path,
    Json(asked): Json<SetOwner>,
) -> Result<Done<api::OwnerSet>, Problem> {
    let new = NewOwner {
        address: word("owner_address", &asked.owner_address)?,
        approval_method: asked.approval_method.as_deref().map(approval_method).transpose()?,
        wallet_type: match asked.wallet_type {
            Some(word) if word != "dcent" => {
                return Err(Problem::invalid("wallet_type: expected dcent"));
            }
            other => other,
        },
    };
    let set = set_owner(&app, &master, path.read("id")?, new, present.as_ref()).await?;
    let wallet = detail(&app, &set.wallet);
    Ok(Done(api::OwnerSet { wallet, warning: set.warning }))
}

pub(super) async fn remove(
    State(app): State<Arc<App>>,
    master: Master,
    CoSigner(present): CoSigner,
    path: Path,
) -> Result<Done<WalletDetail>, Problem> {
    let wallet = remove_owner(&app, &master, path.read("id")?, present.as_ref()).await?;
    Ok(Done(detail(&app, &wallet)))
}

pub(super) async fn verify(
    State(app): State<Arc<App>>,
    owner: Owner,
    path: Path,
) -> Result<Done<OwnerVerified>, Problem> {
    let wallet = verify_owner(&app, &owner, path.read("id")?).await?;
    Ok(Done(OwnerVerified {
        owner_state: wallet.owner_state().to_string(),
        owner_address: wallet.owner.map(|owner| owner.address.to_string()),
        owner_verified: wallet.owner.is_some_and(|owner| owner.verified_at.is_some()),
    }))
}

fn approval_method(word: &str) -> Result<ApprovalMethod, Problem> {
    let known = METHODS.into_iter().find(|known| *known == word);
    known.map(ApprovalMethod::Said).ok_or_else(|| {
        Problem::invalid(format!("approval_method: expected one of {}", METHODS.join(", ")))
    })
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
        "sessions" => Action::Sessions,
        "kill-switch" => Action::KillSwitch,
        "escalate" => Action::Escalate,
        _ => {
            return Err(Problem::invalid(
                "action: expected verify, replace, remove, reject, cancel, revoke, sessions, \
                 kill-switch or escalate",
            ));
        }
    };
    Ok(action)
}

impl From<OwnerChangeError> for Problem {
    fn from(error: OwnerChangeError) -> Self {
        let message = error.to_string();
        match error {
            OwnerChangeError::Wallet(error) => error.into(),
            OwnerChangeError::OtherChain(_) | OwnerChangeError::OwnWallet(_) => {
                Self::new(ErrorCode::InvalidAddress, message)
            }
            OwnerChangeError::Locked { .. } => Self::new(ErrorCode::OwnerAlreadyConnected, message)
                .hint("send X-Owner-Address, X-Owner-Message and X-Owner-Signature along"),
            OwnerChangeError::NotTheOwner(_) => Self::new(ErrorCode::OwnerAddressMismatch, message),
            OwnerChangeError::OtherOwners(_) => {
                Self::new(ErrorCode::OwnerAlreadyConnected, message)
                    .hint("an operator changes them there: waiaasctl owner confirm")
            }
            OwnerChangeError::Changed => Self::new(ErrorCode::InvalidStateTransition, message),
            OwnerChangeError::NoOwner => Self::new(ErrorCode::OwnerNotFound, message)
                .hint("PUT /v1/wallets/{id}/owner names one"),
            OwnerChangeError::Signature(error) => error.into(),
            OwnerChangeError::Signer(SignerError::Refused(refusal)) => {
                let message = format!("the signer does not take this owner: {}", refusal.message);
                Self::new(ErrorCode::ValidationFailed, message)
            }
            OwnerChangeError::Signer(error) => error.into(),
        }
    }
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
