//! `/v1/wallets`.

use std::sync::Arc;

use api::{
    AvailableNetwork, CreateWallet, CreatedWallet, ErrorCode, FirstSession, RenameWallet,
    SuspendWallet, WalletDetail, WalletList, WalletNetworks, WalletPurged, WalletResumed,
    WalletSuspended, WalletTerminated, Withdrawal, WithdrawalResult,
};
use axum::extract::State;
use primitives::{Chain, Environment};
use serde::Deserialize;

use super::body::{Created, Done, Json, OptionalJson, Path, Query};
use super::problem::Problem;
use super::words::{end, seconds, uuid, word};
use crate::app::App;
use crate::session::{Caller, Master};
use crate::store::wallets::{Wallet, WalletStatus};
use crate::tx::Transaction;
use crate::usecase::choice::shown_network;
use crate::usecase::create_wallet::{
    FirstSession as Opens, NewWallet, NewWalletError, create_wallet,
};
use crate::usecase::purge_wallet::purge_wallet;
use crate::usecase::terminate_wallet::{Leftovers, terminate_wallet};
use crate::usecase::wallets::{
    WalletError, list_wallets, rename_wallet, resume_wallet, show_wallet, suspend_wallet,
};
use crate::usecase::withdraw::{WithdrawError, Withdrawn, withdraw};

pub(super) async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Done<WalletList>, Problem> {
    let wallets = list_wallets(&app, &caller).await?;
    Ok(Done(WalletList { items: wallets.iter().map(|wallet| body(&app, wallet)).collect() }))
}

pub(super) async fn create(
    State(app): State<Arc<App>>,
    master: Master,
    Json(asked): Json<CreateWallet>,
) -> Result<Created<CreatedWallet>, Problem> {
    let (wallet, opened) = create_wallet(&app, &master, new_wallet(asked)?).await?;
    let session = opened.map(|opened| FirstSession {
        id: uuid(opened.session.id),
        token: opened.token,
        expires_at: end(opened.session.expires_at),
    });
    Ok(Created(CreatedWallet { wallet: body(&app, &wallet), session }))
}

pub(super) async fn show(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<WalletDetail>, Problem> {
    let wallet = find(&app, &caller, &path).await?;
    Ok(Done(detail(&app, &wallet)))
}

/// Everything about a wallet.
pub(super) fn detail(app: &App, wallet: &Wallet) -> WalletDetail {
    WalletDetail {
        wallet: body(app, wallet),
        owner_verified: wallet.owner.map(|owner| owner.verified_at.is_some()),
        approval_method: wallet.approval_method.clone(),
        wallet_type: wallet.wallet_type.clone(),
        suspended_at: wallet.suspension.as_ref().map(|suspension| seconds(suspension.at)),
        suspension_reason: wallet.suspension.as_ref().map(|found| found.reason.clone()),
        updated_at: wallet.updated_at.map(seconds),
    }
}

pub(super) async fn rename(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
    Json(asked): Json<RenameWallet>,
) -> Result<Done<api::Wallet>, Problem> {
    let wallet = rename_wallet(&app, &master, path.read("id")?, asked.name).await?;
    Ok(Done(body(&app, &wallet)))
}

pub(super) async fn terminate(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
    Query(query): Query<TerminateQuery>,
) -> Result<Done<WalletTerminated>, Problem> {
    let id = path.read("id")?;
    let leftovers = match query.sweep.as_deref() {
        None | Some("false") => Leftovers::Stay,
        Some("true") => Leftovers::ToOwner,
        Some(_) => return Err(Problem::invalid("sweep: expected true or false")),
    };
    let terminated = terminate_wallet(&app, &master, id, leftovers).await?;
    let swept = (leftovers == Leftovers::ToOwner).then(|| withdrawal(&terminated.withdrawn));
    Ok(Done(WalletTerminated { id: uuid(id), status: terminated.status.to_string(), swept }))
}

/// Whether what the wallet holds goes to its owner.
#[derive(Debug, Deserialize)]
pub(super) struct TerminateQuery {
    sweep: Option<String>,
}

pub(super) async fn purge(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<WalletPurged>, Problem> {
    let id = path.read("id")?;
    purge_wallet(&app, &master, id).await?;
    Ok(Done(WalletPurged { id: uuid(id), status: "PURGED".to_owned() }))
}

pub(super) async fn withdraw_all(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<Withdrawal>, Problem> {
    Ok(Done(withdrawal(&withdraw(&app, &master, path.read("id")?).await?)))
}

fn withdrawal(withdrawn: &[Withdrawn]) -> Withdrawal {
    let result = |one: &Withdrawn| {
        let error = one.failure();
        let payment = one.payment.as_ref().ok();
        WithdrawalResult {
            network: one.network.clone(),
            asset: one.asset.clone(),
            amount: one.amount.to_string(),
            tx_hash: payment.and_then(Transaction::hash).map(str::to_owned),
            status: if error.is_none() { "success" } else { "failed" }.to_owned(),
            error,
            transaction_id: payment.map(|payment| uuid(payment.id)),
            transaction_status: payment.map(|payment| payment.status.to_string()),
        }
    };
    let results: Vec<_> = withdrawn.iter().map(result).collect();
    let failed = results.iter().filter(|result| result.error.is_some()).count();
    let total = results.len();
    Withdrawal { total, succeeded: total.saturating_sub(failed), failed, results }
}

pub(super) async fn suspend(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
    OptionalJson(asked): OptionalJson<SuspendWallet>,
) -> Result<Done<WalletSuspended>, Problem> {
    let id = path.read("id")?;
    let reason = asked.reason.unwrap_or_else(|| "suspended by the operator".to_owned());
    let suspension = suspend_wallet(&app, &master, id, reason).await?;
    Ok(Done(WalletSuspended {
        id: uuid(id),
        status: "SUSPENDED".to_owned(),
        suspended_at: seconds(suspension.at),
        suspension_reason: suspension.reason,
    }))
}

pub(super) async fn resume(
    State(app): State<Arc<App>>,
    master: Master,
    path: Path,
) -> Result<Done<WalletResumed>, Problem> {
    let id = path.read("id")?;
    resume_wallet(&app, &master, id).await?;
    Ok(Done(WalletResumed { id: uuid(id), status: "ACTIVE".to_owned() }))
}

pub(super) async fn networks(
    State(app): State<Arc<App>>,
    caller: Caller,
    path: Path,
) -> Result<Done<WalletNetworks>, Problem> {
    let wallet = find(&app, &caller, &path).await?;
    let default = app.networks.default_for(wallet.chain, wallet.environment);
    let networks = app.networks.of(wallet.chain, wallet.environment);
    let networks = networks.map(|network| AvailableNetwork {
        network: network.name.to_string(),
        chain_id: network.chain_id.to_string(),
        native_symbol: network.native.symbol.to_string(),
        is_default: default == Some(network),
    });
    let networks: Vec<_> = networks.collect();
    Ok(Done(WalletNetworks {
        id: uuid(wallet.id),
        chain: wallet.chain.to_string(),
        environment: wallet.environment.to_string(),
        available_networks: networks.clone(),
        networks,
    }))
}

async fn find(app: &App, caller: &Caller, path: &Path) -> Result<Wallet, Problem> {
    match (path.text("id"), caller) {
        ("default", Caller::Agent(agent)) => {
            Ok(crate::usecase::choice::choose_wallet(agent, None)?.clone())
        }
        _ => Ok(show_wallet(app, caller, path.read("id")?).await?),
    }
}

/// The wallet as the bodies have it.
pub(super) fn body(app: &App, wallet: &Wallet) -> api::Wallet {
    let network = shown_network(&app.networks, wallet);
    api::Wallet {
        id: uuid(wallet.id),
        name: wallet.name.clone(),
        chain: wallet.chain.to_string(),
        network: network.map_or_else(String::new, |network| network.name.to_string()),
        environment: wallet.environment.to_string(),
        public_key: wallet.address.to_string(),
        status: wallet.status.to_string(),
        owner_address: wallet.owner.map(|owner| owner.address.to_string()),
        owner_state: wallet.owner_state().to_string(),
        monitor_incoming: false,
        account_type: "eoa".to_owned(),
        signer_key: None,
        deployed: true,
        created_at: seconds(wallet.created_at),
    }
}

fn new_wallet(asked: CreateWallet) -> Result<NewWallet, Problem> {
    let chain = match asked.chain.as_deref() {
        Some("ripple") => {
            return Err(Problem::new(
                ErrorCode::ChainNotSupported,
                "the XRP Ledger is not served; the chains are ethereum and solana",
            ));
        }
        Some(chain) => word("chain", chain)?,
        None => Chain::Solana,
    };
    let environment = match asked.environment.as_deref() {
        Some(environment) => word("environment", environment)?,
        None => Environment::Mainnet,
    };
    if asked.account_type.is_some_and(|kind| kind != "eoa") {
        return Err(Problem::invalid(
            "accountType: only eoa is served, an account with its own key",
        ));
    }
    let session = match asked.create_session {
        Some(false) => Opens::No,
        Some(true) | None => Opens::Yes,
    };
    Ok(NewWallet { name: asked.name, chain, environment, session })
}

impl From<WalletError> for Problem {
    fn from(error: WalletError) -> Self {
        let message = error.to_string();
        match error {
            WalletError::Unknown(_) => {
                Self::new(ErrorCode::WalletNotFound, message).hint("GET /v1/wallets lists them")
            }
            WalletError::AccessDenied(_) => Self::new(ErrorCode::WalletAccessDenied, message)
                .hint("GET /v1/connect-info lists the session's wallets"),
            WalletError::Terminated(_) => Self::new(ErrorCode::WalletTerminated, message),
            WalletError::WrongState(_, WalletStatus::Suspended) => {
                Self::new(ErrorCode::WalletSuspended, message)
            }
            WalletError::WrongState(
                _,
                WalletStatus::Creating
                | WalletStatus::Active
                | WalletStatus::Terminating
                | WalletStatus::Terminated,
            )
            | WalletError::StillUnderWay(_) => {
                Self::new(ErrorCode::InvalidStateTransition, message)
            }
            WalletError::NotTerminated(..) => Self::new(ErrorCode::WalletNotTerminated, message)
                .hint("DELETE /v1/wallets/{id} terminates it"),
            WalletError::HeldBySigner(id) => Self::new(ErrorCode::WalletSuspended, message)
                .hint(format!("waiaasctl resume {id}, then this again")),
            WalletError::Name | WalletError::Reason => Self::invalid(message),
            WalletError::Store(error) => error.into(),
        }
    }
}

impl From<WithdrawError> for Problem {
    fn from(error: WithdrawError) -> Self {
        let message = error.to_string();
        match error {
            WithdrawError::Wallet(error) => error.into(),
            WithdrawError::NoOwner => {
                Self::new(ErrorCode::NoOwner, message).hint("PUT /v1/wallets/{id}/owner names one")
            }
            WithdrawError::NotLocked(_) => Self::new(ErrorCode::WithdrawLockedOnly, message)
                .hint("the owner signs: POST /v1/wallets/{id}/owner/verify"),
            WithdrawError::UnderWay => Self::new(ErrorCode::InvalidStateTransition, message)
                .hint("GET /v1/admin/transactions lists its transactions"),
            WithdrawError::Failed(_) => Self::new(ErrorCode::SweepTotalFailure, message),
        }
    }
}

impl From<NewWalletError> for Problem {
    fn from(error: NewWalletError) -> Self {
        match error {
            NewWalletError::Wallet(error) => error.into(),
            NewWalletError::Session(error) => error.into(),
            NewWalletError::Signer(error) => error.into(),
        }
    }
}
