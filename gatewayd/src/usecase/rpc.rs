//! The RPC endpoints: how they are, and whether one that somebody names would do.

use std::collections::BTreeMap;

use primitives::Chain;

use crate::app::App;
use crate::chains::{NodeStatus, Surveyed, Trial, try_endpoint};
use crate::net::Reach;
use crate::net::{Endpoint, EndpointError, HttpClient};
use crate::session::Master;

/// Whether the endpoints are asked how they are, or what is known already is enough.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Nothing is asked.
    Known,
    /// Those that are not put aside are asked for their height.
    Again,
}

/// Why nothing can be said about endpoints.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcError {
    /// There is no such network.
    #[error("unknown network {0:?}")]
    UnknownNetwork(String),
    /// The URL is none.
    #[error("url: {0}")]
    Url(#[from] EndpointError),
}

/// How the endpoints of `network`, or of every network, are.
///
/// # Errors
/// When there is no such network.
pub async fn rpc_status(
    app: &App,
    _master: &Master,
    network: Option<&str>,
    look: Look,
) -> Result<BTreeMap<String, Vec<NodeStatus>>, RpcError> {
    let unknown = |name: &str| RpcError::UnknownNetwork(name.to_owned());
    let network = network.map(|name| app.networks.find(name).ok_or_else(|| unknown(name)));
    let name = network.transpose()?.map(|network| network.name.to_string());
    match (look, name.as_deref().and_then(|name| app.chains.client(name))) {
        (Look::Known, _) => {}
        (Look::Again, Some(client)) => client.survey().await,
        (Look::Again, None) => app.chains.survey(Surveyed::All).await,
    }
    let mut status = app.chains.status();
    if let Some(name) = name {
        status.retain(|found, _| *found == name);
    }
    Ok(status)
}

/// Tries the endpoint at `url`. What is wrong with it is an answer.
///
/// # Errors
/// When the URL is none.
pub async fn test_rpc(
    app: &App,
    _master: &Master,
    url: &str,
    chain: Option<Chain>,
) -> Result<Result<Trial, String>, RpcError> {
    let endpoint: Endpoint = url.parse()?;
    let stranger = HttpClient::reaching(Reach::Named);
    Ok(try_endpoint(&endpoint, chain, &stranger, &app.clock).await)
}
