//! What a session may do, for an agent that begins its work.

use crate::app::App;
use crate::session::Agent;
use crate::store::StoreError;
use crate::store::policies::StoredPolicy;
use crate::store::sessions::Page;
use crate::store::wallets::Wallet;

/// Policies of one wallet that are told, which is more than anybody writes.
const POLICIES: Page = Page { limit: 1_000, offset: 0 };

/// A wallet and the policies that bind it.
#[derive(Clone, Debug)]
pub struct BoundWallet {
    /// The wallet.
    pub wallet: Wallet,
    /// The policies that bind it, newest first.
    pub policies: Vec<StoredPolicy>,
}

/// The agent's wallets with the policies that bind each.
///
/// # Errors
/// When the database fails.
pub async fn connect_info(app: &App, agent: &Agent) -> Result<Vec<BoundWallet>, StoreError> {
    let wallets = agent.wallets().to_vec();
    let read = app.store.read(move |db| {
        let bound = |wallet: Wallet| {
            let mut policies = db.policies(Some(&[wallet.id]), POLICIES)?;
            policies.retain(|policy| policy.enabled);
            Ok(BoundWallet { wallet, policies })
        };
        wallets.into_iter().map(bound).collect()
    });
    read.await
}

/// The same in words, for a language model.
pub fn prompt<'a>(app: &App, wallets: impl IntoIterator<Item = &'a Wallet>) -> String {
    let lines = wallets.into_iter().map(|wallet| {
        let Wallet { id, name, chain, environment, address, .. } = wallet;
        let networks = networks_of(app, wallet).join(", ");
        format!(
            "- {name:?} ({id}): {chain}, {environment}, address {address}; networks: {networks}"
        )
    });
    let lines: Vec<String> = lines.collect();
    format!(
        "You can use these wallets:\n{}\n\nPOST /v1/transactions/send with {{\"to\", \"amount\"}} \
         sends the network's coin, in base units (or \"humanAmount\" in whole ones); with \
         \"type\": \"TOKEN_TRANSFER\" and \"token\": {{\"address\"}} a token. An EVM wallet needs \
         \"network\"; a session with several wallets needs \"walletId\". The answer is an id: GET \
         /v1/transactions/{{id}} says how it went. Policies may delay or refuse a transaction, \
         and tokens, collectibles, calls and approvals take a policy that allows them; POST /v1/transactions/simulate tells before. Repeat a request that got no answer with the \
         same Idempotency-Key header, and it is not carried out twice.",
        lines.join("\n")
    )
}

/// Where the gateway is reached on its machine.
pub fn base_url(app: &App) -> String {
    let daemon = &app.settings.daemon;
    let address = std::net::SocketAddr::new(daemon.hostname.address(), daemon.port);
    format!("http://{address}")
}

/// Names of the networks that a wallet can be used on.
pub fn networks_of(app: &App, wallet: &Wallet) -> Vec<String> {
    let networks = app.networks.of(wallet.chain, wallet.environment);
    networks.map(|network| network.name.to_string()).collect()
}
