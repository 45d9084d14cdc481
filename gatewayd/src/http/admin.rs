//! `/v1/admin`.

use std::sync::Arc;

use api::{
    AdminStatus, ChangeMasterPassword, ErrorCode, MasterPasswordChanged, RecentTransaction,
    SecretRotated, ShuttingDown,
};
use axum::extract::State;
use protocol::{Latch, Refusal, RefusalCode};

use super::body::{Done, Json};
use super::display;
use super::problem::Problem;
use super::words::seconds;
use crate::app::App;
use crate::session::Master;
use crate::session::token::GRACE;
use crate::signer::SignerError;
use crate::tx::Transaction;
use crate::usecase::admin_status::admin_status;
use crate::usecase::change_master_password::{ChangeError, change_master_password};
use crate::usecase::rotate_secret::{RotationError, rotate_secret};
use crate::usecase::shut_down::shut_down;

/// Seconds after which an operator interface logs out.
const ADMIN_TIMEOUT: u64 = 900;

pub(super) async fn status(
    State(app): State<Arc<App>>,
    master: Master,
) -> Result<Done<AdminStatus>, Problem> {
    let overview = admin_status(&app, &master).await?;
    let now = app.clock.now();
    let signers = overview.signer.map_or(Latch::Active, |signer| signer.latch);
    let ids = overview.newest.iter().map(|(found, _name)| found.id.to_string()).collect();
    let worths = display::kept(&app, ids).await?;
    let recent = overview.newest.into_iter().map(|(found, name)| RecentTransaction {
        amount_usd: worths.get(&found.id.to_string()).copied().and_then(display::dollars),
        ..recent(&app, &found, name)
    });
    let recent = recent.collect();
    let vault = overview.signer.map(|signer| signer.vault.to_string());
    Ok(Done(AdminStatus {
        status: "running".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        latest_version: None,
        update_available: false,
        uptime: now.since(app.started_at).as_secs(),
        wallet_count: u64::try_from(overview.wallets).unwrap_or(u64::MAX),
        active_session_count: overview.active_sessions,
        kill_switch_state: app.switch.latch().max(signers).to_string(),
        admin_timeout: ADMIN_TIMEOUT,
        timestamp: seconds(now),
        policy_count: overview.policies,
        recent_tx_count: overview.recent.total,
        failed_tx_count: overview.recent.failed,
        auto_provisioned: !app.master_password.is_set().await,
        recent_transactions: recent,
        signer: vault.unwrap_or_else(|| "unreachable".to_owned()),
        sandbox: app.sandbox.iter().map(|&word| word.to_owned()).collect(),
    }))
}

pub(super) async fn master_password(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<ChangeMasterPassword>,
) -> Result<Done<MasterPasswordChanged>, Problem> {
    change_master_password(&app, &master, asked.new_password).await?;
    Ok(Done(MasterPasswordChanged {
        message: "the master password was changed".to_owned(),
        wallets_re_encrypted: 0,
        settings_re_encrypted: 0,
    }))
}

pub(super) async fn rotate_token_secret(
    State(app): State<Arc<App>>,
    master: Master,
) -> Result<Done<SecretRotated>, Problem> {
    let rotated_at = rotate_secret(&app, &master).await?;
    let message = format!(
        "tokens are made with another secret; those made until now are taken for {} s",
        GRACE.as_secs()
    );
    Ok(Done(SecretRotated { rotated_at: seconds(rotated_at), message }))
}

pub(super) async fn shutdown(State(app): State<Arc<App>>, master: Master) -> Done<ShuttingDown> {
    shut_down(&app, &master).await;
    Done(ShuttingDown { message: "the gateway ends once what it is doing is done".to_owned() })
}

fn recent(app: &App, found: &Transaction, wallet_name: Option<String>) -> RecentTransaction {
    let network = found.intent.network().and_then(|id| app.networks.by_chain_id(id));
    let shown = found.intent.shown();
    let amount = shown.amount.map(|shown| shown.amount);
    let unit = shown.amount.and_then(|shown| shown.unit(network.map(|network| &network.native)));
    RecentTransaction {
        id: found.id.to_string(),
        wallet_id: found.wallet.to_string(),
        wallet_name,
        kind: found.intent.kind().as_str().to_owned(),
        status: found.status.to_string(),
        to_address: shown.to.map(|to| to.to_string()),
        amount: amount.map(|amount| amount.to_string()),
        formatted_amount: amount.zip(unit).map(|(amount, (decimals, symbol))| {
            format!("{} {}", amount.to_units(decimals), symbol.unwrap_or_default())
        }),
        amount_usd: None,
        network: network.map(|network| network.name.to_string()),
        tx_hash: found.hash().map(str::to_owned),
        created_at: Some(seconds(found.created_at)),
    }
}

impl From<ChangeError> for Problem {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Password(error) => error.into(),
            ChangeError::Store(error) => error.into(),
        }
    }
}

impl From<RotationError> for Problem {
    fn from(error: RotationError) -> Self {
        let message = error.to_string();
        match error {
            RotationError::TooRecent { retry_after_seconds } => {
                Self::new(ErrorCode::RotationTooRecent, message).retry_after(retry_after_seconds)
            }
            RotationError::Store(error) => error.into(),
        }
    }
}

impl From<SignerError> for Problem {
    fn from(error: SignerError) -> Self {
        let message = error.to_string();
        match error {
            SignerError::Unavailable { .. } | SignerError::NoAnswer { .. } => {
                Self::new(ErrorCode::KeystoreLocked, message)
                    .hint("waiaasctl status says how the signer is")
            }
            SignerError::Locked => Self::new(ErrorCode::KeystoreLocked, message)
                .hint("an operator opens it with waiaasctl unlock"),
            SignerError::Refused(refusal) => refused(&refusal, message),
        }
    }
}

/// A no of the signer, with its own word for it.
fn refused(refusal: &Refusal, message: String) -> Problem {
    let word = refusal.code.to_string();
    let problem = Problem::new(refusal_code(refusal.code), message)
        .details(serde_json::json!({ "signer": word }));
    let problem = match u64::from(refusal.retry_after_seconds) {
        0 => problem,
        seconds => problem.retry_after(seconds),
    };
    if [RefusalCode::NeedsDelay, RefusalCode::NeedsOwner].contains(&refusal.code) {
        return problem.hint("POST /v1/transactions/send can wait for a delay or an approval");
    }
    problem
}

/// What the contract calls a refusal of the signer.
fn refusal_code(code: RefusalCode) -> ErrorCode {
    match code {
        RefusalCode::Suspended | RefusalCode::Locked => ErrorCode::KillSwitchActive,
        RefusalCode::OverOwnerCeiling => ErrorCode::SpendingLimitExceeded,
        RefusalCode::NetworkNotAllowed
        | RefusalCode::EffectNotAllowed
        | RefusalCode::NeedsDelay
        | RefusalCode::NeedsOwner
        | RefusalCode::NotYet
        | RefusalCode::BadApproval
        | RefusalCode::ApprovalExpired
        | RefusalCode::ApprovalUsed => ErrorCode::PolicyDenied,
        RefusalCode::TooManyRequests => ErrorCode::RateLimited,
        RefusalCode::Undecodable | RefusalCode::WrongChain => ErrorCode::InvalidTransaction,
        RefusalCode::UnknownWallet => ErrorCode::WalletNotFound,
        RefusalCode::WalletRetired => ErrorCode::WalletTerminated,
        RefusalCode::LimitReached | RefusalCode::BadOwners => ErrorCode::ConstraintViolated,
        RefusalCode::VaultUninitialised | RefusalCode::VaultLocked | RefusalCode::Throttled => {
            ErrorCode::KeystoreLocked
        }
        RefusalCode::NotPermitted
        | RefusalCode::UnknownVersion
        | RefusalCode::VaultExists
        | RefusalCode::VaultOpen
        | RefusalCode::WrongPassphrase
        | RefusalCode::WeakPassphrase
        | RefusalCode::BadGuard
        | RefusalCode::GuardChanged
        | RefusalCode::BadKey
        | RefusalCode::BadBackup
        | RefusalCode::JournalFailed
        | RefusalCode::UnknownAnnouncement
        | RefusalCode::OwnersChanged
        | RefusalCode::LatchChanged
        | RefusalCode::UnknownRecord
        | RefusalCode::Internal => ErrorCode::InternalError,
    }
}
