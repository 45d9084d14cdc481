//! What would happen to a payment, were it asked for now. Nothing is stored or signed.

use std::collections::BTreeMap;

use primitives::{Amount, Asset, Network};

use super::payment::{Payment, PaymentError, PaymentRequest};
use crate::app::App;
use crate::chains::{Category, ChainClient, ChainError, Draft, DraftRequest};
use crate::policy::Verdict;
use crate::session::Agent;
use crate::tx::{self, Deed, Kind, Known};

/// What would happen.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// Where.
    pub network: Network,
    /// What kind of payment.
    pub kind: Kind,
    /// The transaction, or why the chain would not take it.
    pub draft: Result<Draft, ChainError>,
    /// What the policies say; `None` where there is no transaction to judge.
    pub verdict: Option<Verdict>,
    /// What would change in the wallet; nothing where there is no transaction.
    pub changes: Vec<BalanceChange>,
}

/// What would change of one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// Which.
    pub asset: Asset,
    /// Its symbol, where it is known.
    pub symbol: Option<String>,
    /// Its decimals.
    pub decimals: u8,
    /// What the wallet has, in base units.
    pub before: Amount,
    /// The most that leaves, in base units.
    pub leaves: Amount,
}

/// Builds and judges a payment.
///
/// # Errors
/// When it is not understood, or the network does not answer.
pub async fn simulate_transaction(
    app: &App,
    agent: &Agent,
    request: PaymentRequest,
) -> Result<DryRun, PaymentError> {
    let payment = Payment::resolve(app, agent, request).await?;
    let client = app.chains.client(&payment.network.name);
    let client = client.ok_or(ChainError::Invalid("the network is not served before a restart"))?;
    let request = DraftRequest {
        from: payment.wallet.address,
        deed: Deed::Transfer(payment.transfer.clone()),
        nonce: None,
    };
    let draft = client.draft(&request).await;
    if let Err(error) = &draft
        && error.category() != Category::Permanent
    {
        return Err(error.clone().into());
    }
    let (verdict, changes) = match &draft {
        Ok(draft) => {
            let (verdict, leaves) = judge(app, &payment, draft).await?;
            (Some(verdict), changes(client, &payment, leaves).await?)
        }
        Err(_) => (None, Vec::new()),
    };
    let kind = request.deed.kind();
    Ok(DryRun { network: payment.network, kind, draft, verdict, changes })
}

async fn judge(
    app: &App,
    payment: &Payment,
    draft: &Draft,
) -> Result<(Verdict, BTreeMap<Asset, Amount>), PaymentError> {
    let malformed = |_error| ChainError::Invalid("the transaction cannot be read");
    let decoded = tx::decode(&draft.unsigned, payment.wallet.address).map_err(malformed)?;
    let leaves = decoded.spend().ok_or(ChainError::Invalid("the amounts are too large"))?;
    let known = Known {
        wallet: payment.wallet.id,
        environment: payment.wallet.environment,
        network: Some(payment.network.clone()),
        decimals: BTreeMap::from([(payment.transfer.asset, payment.transfer.decimals)]),
        transaction: None,
        now: app.clock.now(),
    };
    let verdict = app.store.read(move |db| tx::judged(db, &decoded, &known)).await?;
    Ok((verdict, leaves))
}

async fn changes(
    client: &ChainClient,
    payment: &Payment,
    leaves: BTreeMap<Asset, Amount>,
) -> Result<Vec<BalanceChange>, ChainError> {
    let owner = payment.wallet.address;
    let mut changes = Vec::new();
    for (asset, leaves) in leaves {
        let native = &payment.network.native;
        changes.push(match asset {
            Asset::Native => BalanceChange {
                asset,
                symbol: Some(native.symbol.to_string()),
                decimals: native.decimals,
                before: client.balance(owner).await?,
                leaves,
            },
            Asset::Token(token) => BalanceChange {
                asset,
                symbol: payment.transfer.symbol.clone(),
                decimals: payment.transfer.decimals,
                before: client.token_balance(owner, token).await?,
                leaves,
            },
        });
    }
    Ok(changes)
}
