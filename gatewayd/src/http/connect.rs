//! `/health`, `/v1/nonce`, `/v1/connect-info`.

use std::collections::BTreeMap;
use std::sync::Arc;

use api::{ConnectInfo, ConnectedSession, ConnectedWallet, Daemon, DefaultDeny, Health, Nonce};
use axum::extract::State;

use super::body::Done;
use super::problem::Problem;
use super::words::{end, seconds, uuid};
use super::{constraints, policies};
use crate::app::App;
use crate::session::Agent;
use crate::store::Store;
use crate::usecase::connect_info::{BoundWallet, base_url, connect_info, networks_of, prompt};

pub(super) async fn health(State(app): State<Arc<App>>) -> Done<Health> {
    let now = app.clock.now();
    Done(Health {
        status: "ok".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        latest_version: None,
        update_available: false,
        schema_version: u32::try_from(Store::schema_version()).unwrap_or(u32::MAX),
        uptime: now.since(app.started_at).as_secs(),
        timestamp: seconds(now),
    })
}

pub(super) async fn nonce(State(app): State<Arc<App>>) -> Done<Nonce> {
    let nonce = app.owner_nonces.issue(app.clock.now());
    Done(Nonce { nonce: nonce.text, expires_at: seconds(nonce.expires_at) })
}

pub(super) async fn info(
    State(app): State<Arc<App>>,
    agent: Agent,
) -> Result<Done<ConnectInfo>, Problem> {
    let bound = connect_info(&app, &agent).await?;
    let session = agent.session();
    let policies = bound.iter().map(|bound| {
        let policies = bound.policies.iter().map(|policy| policies::body(&app, policy));
        (bound.wallet.id.to_string(), policies.collect())
    });
    Ok(Done(ConnectInfo {
        session: ConnectedSession {
            id: uuid(session.id),
            expires_at: end(session.expires_at),
            source: session.source.to_string(),
            constraints: constraints::body(&app, agent.grants()),
        },
        policies: policies.collect::<BTreeMap<_, _>>(),
        wallets: bound.iter().map(|bound| wallet(&app, bound)).collect(),
        capabilities: ["transfer", "token_transfer", "balance", "assets", "sign"]
            .map(str::to_owned)
            .to_vec(),
        // None of them can be switched off: what no policy allows is denied.
        default_deny: DefaultDeny {
            token_transfers: true,
            contract_calls: true,
            token_approvals: true,
            x402_domains: true,
        },
        daemon: Daemon { version: env!("CARGO_PKG_VERSION").to_owned(), base_url: base_url(&app) },
        supported_chain_ids: chain_ids(&app, &bound),
        prompt: prompt(&app, bound.iter().map(|bound| &bound.wallet)),
    }))
}

fn wallet(app: &App, bound: &BoundWallet) -> ConnectedWallet {
    let wallet = &bound.wallet;
    ConnectedWallet {
        id: uuid(wallet.id),
        name: wallet.name.clone(),
        chain: wallet.chain.to_string(),
        environment: wallet.environment.to_string(),
        address: wallet.address.to_string(),
        owner_state: wallet.owner_state().to_string(),
        available_networks: networks_of(app, wallet),
    }
}

fn chain_ids(app: &App, bound: &[BoundWallet]) -> Vec<String> {
    let networks = bound.iter().flat_map(|bound| {
        app.networks
            .of(bound.wallet.chain, bound.wallet.environment)
            .map(|network| network.chain_id)
    });
    let distinct: std::collections::BTreeSet<_> = networks.collect();
    distinct.into_iter().map(|chain_id| chain_id.to_string()).collect()
}
