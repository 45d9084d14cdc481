//! What an owner's link to a session request leads to: what is asked for, who can decide, and what
//! became of it.

use std::collections::BTreeMap;

use primitives::{Address, Asset, ChainId};

use super::{SessionRequestError, ShownRequest, show_session_request};
use crate::app::App;
use crate::session::link::Subject;
use crate::store::sessions::Session;
use crate::store::wallets::{OwnerState, Wallet};
use crate::store::{SessionRequestId, StoreError};
use crate::tx::{Unit, listed_units};

/// A request as an owner is shown it.
#[derive(Clone, Debug)]
pub struct LinkedRequest {
    /// The request.
    pub shown: ShownRequest,
    /// Who can decide by a signature; `None` where operators alone can.
    pub owner: Option<Address>,
    /// How amounts of the tokens that it limits are written, as far as the gateway knows by itself.
    pub units: BTreeMap<(ChainId, Asset), Unit>,
    /// The session, once it was collected.
    pub session: Option<Session>,
}

/// Shows a request to who has its link.
///
/// # Errors
/// When it is no link to it, or it is forgotten.
pub async fn show_linked_session_request(
    app: &App,
    id: SessionRequestId,
    right: &str,
) -> Result<LinkedRequest, SessionRequestError> {
    if !app.link_key.is_right(Subject::SessionRequest(id), right) {
        return Err(SessionRequestError::NotARight);
    }
    let shown = show_session_request(app, id).await?;
    let session = match shown.request.session {
        Some(session) => app.store.read(move |db| db.session(session)).await?,
        None => None,
    };
    let units = units(app, &shown).await?;
    Ok(LinkedRequest { owner: decider(&shown.wallets), units, session, shown })
}

/// The verified owner of all wallets. A message is for one kind of chain and one environment, so that
/// nobody decides about wallets of several.
fn decider(wallets: &[Wallet]) -> Option<Address> {
    let first = wallets.first()?;
    let owner = first.owner?.address;
    let is_theirs = |wallet: &Wallet| {
        wallet.owner_state() == OwnerState::Locked
            && wallet.owner.is_some_and(|found| found.address == owner)
            && (wallet.chain, wallet.environment) == (first.chain, first.environment)
    };
    wallets.iter().all(is_theirs).then_some(owner)
}

/// No chain is asked for the sake of a link.
async fn units(
    app: &App,
    shown: &ShownRequest,
) -> Result<BTreeMap<(ChainId, Asset), Unit>, StoreError> {
    let mut units = BTreeMap::new();
    for limit in shown.request.asked.grants.limits.iter().flatten() {
        let Some(network) = app.networks.by_chain_id(limit.network) else { continue };
        let unit = match limit.asset {
            Asset::Native => {
                let native = &network.native;
                Some(Unit { decimals: native.decimals, symbol: Some(native.symbol.to_string()) })
            }
            Asset::Token(token) => {
                listed_units(app, network, vec![token]).await?.0.remove(&limit.asset)
            }
        };
        units.extend(unit.map(|unit| ((limit.network, limit.asset), unit)));
    }
    Ok(units)
}
