//! The message by which an owner asks for something, ready to be signed.

use primitives::{Address, Chain, Environment, Network, WalletId};

use crate::app::App;
use crate::owner::{Action, Moment, SignIn, Site};
use crate::store::{Reading, StoreError};

/// Why there is no such message.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// The network is none for that address.
    #[error("no network {0} is known that the address {1} is for")]
    Network(String, Address),
    /// The database fails.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes the message that `address` signs for `action` at `site`, with a new nonce; it names
/// `network`, or one of the wallet that it is about.
///
/// # Errors
/// When there is no such network, or the database fails.
pub async fn write_owner_message(
    app: &App,
    site: &Site,
    address: Address,
    action: Action,
    network: Option<String>,
) -> Result<SignIn, MessageError> {
    let network = if let Some(name) = network {
        let found = app.networks.find(&name);
        let found = found.filter(|network| network.chain() == address.chain());
        found.ok_or(MessageError::Network(name, address))?
    } else {
        let read = app.store.read(move |db| environment(db, address, action));
        usual(app, address.chain(), read.await?)?
    };
    Ok(sign_in(app, site, address, action.to_string(), network))
}

/// The same for a sentence that is no [`Action`]'s, about a wallet of `environment`.
pub(super) fn write_statement(
    app: &App,
    site: &Site,
    address: Address,
    statement: String,
    environment: Option<Environment>,
) -> Result<SignIn, MessageError> {
    let environment = environment.unwrap_or(Environment::Mainnet);
    let network = usual(app, address.chain(), environment)?;
    Ok(sign_in(app, site, address, statement, network))
}

fn sign_in(
    app: &App,
    site: &Site,
    address: Address,
    statement: String,
    network: &Network,
) -> SignIn {
    let now = app.clock.now();
    let nonce = app.owner_nonces.issue(now);
    let domain = site.domain();
    SignIn {
        uri: format!("http://{domain}"),
        domain,
        address,
        statement,
        chain_id: match network.chain_id {
            primitives::ChainId::Eip155(id) => id.to_string(),
            primitives::ChainId::Solana(_) => {
                let cluster = network.name.strip_prefix("solana-").unwrap_or_default();
                cluster.to_owned()
            }
        },
        nonce: nonce.text,
        issued_at: Moment::new(now),
        expires_at: Moment::new(nonce.expires_at),
        not_before: None,
        request_id: None,
        resources: Vec::new(),
    }
}

/// Of the wallet that it is about, or of one of the owner's.
fn environment(
    db: &Reading<'_>,
    owner: Address,
    action: Action,
) -> Result<Environment, StoreError> {
    let wallet: Option<WalletId> = match action {
        Action::Verify(wallet) | Action::Remove(wallet) | Action::Replace { wallet, .. } => {
            Some(wallet)
        }
        Action::Reject(transaction) | Action::Cancel(transaction) => {
            db.transaction(transaction)?.map(|found| found.wallet)
        }
        Action::Revoke(session) => {
            let linked = db.session_wallets(session)?;
            let owned = linked
                .into_iter()
                .find(|linked| linked.wallet.owner.is_some_and(|found| found.address == owner));
            owned.map(|linked| linked.wallet.id)
        }
        Action::Sessions | Action::KillSwitch | Action::Escalate => None,
    };
    let found = match wallet {
        Some(wallet) => db.wallet(wallet)?,
        None => db.wallets_of_owner(owner)?.into_iter().next(),
    };
    Ok(found.map_or(Environment::Mainnet, |wallet| wallet.environment))
}

fn usual(app: &App, chain: Chain, environment: Environment) -> Result<&Network, MessageError> {
    let ethereum = match environment {
        Environment::Mainnet => "ethereum-mainnet",
        Environment::Testnet => "ethereum-sepolia",
    };
    let found = app.networks.default_for(chain, environment);
    let found = found.or_else(|| app.networks.by_name(ethereum));
    found.ok_or_else(|| StoreError::Corrupt { what: "network" }.into())
}
