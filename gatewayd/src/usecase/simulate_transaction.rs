//! What would happen to an order, were it given now. Nothing is stored or signed.

use std::collections::BTreeMap;
use std::fmt;

use primitives::{Amount, Asset, EvmAddress, Network};
use txcodec::{Decoded, Effect};

use super::order::{OrderError, OrderRequest, Resolved};
use super::simulate_sequence::{Sequence, simulate_sequence};
use super::warnings::{Warning, warnings};
use crate::app::App;
use crate::chains::{Category, ChainClient, ChainError, Draft, DraftRequest, GasPrice, Simulation};
use crate::policy::{Nearing, UsdMicros, Verdict};
use crate::session::Agent;
use crate::store::{Reading, StoreError};
use crate::tx::{self, AskedBy, Asking, GasCondition, Kind, Unit};

/// What would happen.
#[derive(Clone, Debug)]
pub struct DryRun {
    /// Where.
    pub network: Network,
    /// What kind of order.
    pub kind: Kind,
    /// How it would go, or why the chain would not take it.
    pub trial: Result<Trial, ChainError>,
    /// What the policies say; `None` where there is no transaction to judge.
    pub verdict: Option<Verdict>,
    /// What of it is counted in dollars.
    pub dollars: Dollars,
    /// What would change in the wallet; nothing where there is no transaction.
    pub changes: Vec<BalanceChange>,
    /// What to look at before.
    pub warnings: Vec<Warning>,
    /// The prices of gas that it would wait for, and those of now.
    pub gas: Option<(GasCondition, GasPrice)>,
    /// Of a sequence, which is one transaction after the other.
    pub sequence: Option<Sequence>,
}

/// How a transaction would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// What the network will most likely take, in wei or lamports.
    pub fee_estimate: Amount,
    /// What opening the recipient's token account costs, in lamports; `None` where it is open.
    pub token_account_rent: Option<Amount>,
    /// What the chain said when it tried the transaction.
    pub simulation: Simulation,
}

/// What of a dry run is counted in dollars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dollars {
    /// What the network will most likely take; `None` when nobody knows a price.
    pub fee: Option<UsdMicros>,
    /// A cap that would nearly be reached.
    pub nearing: Option<Nearing>,
}

/// What would change of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BalanceChange {
    /// Of what.
    pub of: Thing,
    /// Its symbol, where it is known.
    pub symbol: Option<String>,
    /// Its decimals.
    pub decimals: u8,
    /// What the wallet has, in base units.
    pub before: Amount,
    /// The most that leaves, in base units.
    pub leaves: Amount,
}

/// Something that a wallet has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A coin or token.
    Asset(Asset),
    /// A collectible.
    Collectible {
        /// The contract that keeps it.
        contract: EvmAddress,
        /// Which one.
        id: Amount,
    },
}

impl fmt::Display for Thing {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asset(asset) => write!(formatter, "{asset}"),
            Self::Collectible { contract, id } => write!(formatter, "{contract}/{id}"),
        }
    }
}

/// Builds and judges an order.
///
/// # Errors
/// When it is not understood, or the network does not answer.
pub async fn simulate_transaction(
    app: &App,
    agent: &Agent,
    request: OrderRequest,
) -> Result<DryRun, OrderError> {
    let resolved = Resolved::resolve(app, agent, request).await?;
    let client = app.chains.client(&resolved.network.name);
    let client = client.ok_or(ChainError::Invalid("the network is not served before a restart"))?;
    let request = DraftRequest {
        from: resolved.wallet.address,
        deed: resolved.order.deed.clone(),
        nonce: None,
    };
    let gas = match resolved.order.gas_condition.clone() {
        Some(condition) => Some((condition, client.gas_price(request.from).await?)),
        None => None,
    };
    let mut dry_run = DryRun {
        network: resolved.network.clone(),
        kind: resolved.order.deed.kind(),
        trial: Err(ChainError::Invalid("the amounts of all parts cannot be added up")),
        verdict: None,
        dollars: Dollars::default(),
        changes: Vec::new(),
        warnings: Vec::new(),
        gas,
        sequence: None,
    };
    if resolved.order.sequence().is_some() {
        // It is long, and most orders are none: it stands beside them.
        return Box::pin(simulate_sequence(app, agent, (&resolved, client), dry_run)).await;
    }
    let draft = client.draft(&request).await;
    dry_run.trial = draft.clone().map(Trial::from);
    match &draft {
        Ok(draft) => {
            let malformed = |_error| ChainError::Invalid("the transaction cannot be read");
            let wallet = resolved.wallet.address;
            let decoded = tx::decode(&draft.unsigned, wallet).map_err(malformed)?;
            let deed = Some(&resolved.order.deed);
            let units = tx::units(app, &resolved.network, &decoded, deed).await?;
            dry_run.changes = changes(client, &resolved, &decoded, &units).await?;
            dry_run.warnings = warnings(&decoded, wallet, |asset| units.contains_key(&asset));
            let (verdict, nearing) = judge(app, agent, &resolved, decoded, &units).await?;
            let fee = app.prices.fee(&resolved.network, draft.fee_estimate).await;
            dry_run.dollars = Dollars { fee, nearing };
            dry_run.verdict = Some(verdict);
        }
        Err(error) if error.category() == Category::Permanent => {}
        Err(error) => return Err(error.clone().into()),
    }
    Ok(dry_run)
}

impl From<Draft> for Trial {
    fn from(draft: Draft) -> Self {
        let Draft { fee_estimate, token_account_rent, simulation, .. } = draft;
        Self { fee_estimate, token_account_rent, simulation }
    }
}

async fn judge(
    app: &App,
    agent: &Agent,
    resolved: &Resolved,
    decoded: Decoded,
    units: &BTreeMap<Asset, Unit>,
) -> Result<(Verdict, Option<Nearing>), OrderError> {
    let decimals = tx::decimals(units);
    let (wallet, network) = (&resolved.wallet, Some(&resolved.network));
    let kind = resolved.order.deed.kind();
    let asked_by = Some(AskedBy { session: agent.session_id(), kind });
    let asking = Asking { app, wallet, network, deed: None, transaction: None, asked_by };
    let known = asking.known_with(&decoded, decimals).await?;
    let judge = move |db: &Reading<'_>| {
        Ok::<_, StoreError>((tx::judged(db, &decoded, &known)?, tx::nearing(db, &known)?))
    };
    Ok(app.store.read(judge).await?)
}

/// What would change in the wallet because of what was decoded.
pub(super) async fn changes(
    client: &ChainClient,
    resolved: &Resolved,
    decoded: &Decoded,
    units: &BTreeMap<Asset, Unit>,
) -> Result<Vec<BalanceChange>, ChainError> {
    let (owner, native) = (resolved.wallet.address, &resolved.network.native);
    let leaving = leaving(decoded).ok_or(ChainError::Invalid("the amounts are too large"))?;
    let mut changes = Vec::new();
    for (of, leaves) in leaving {
        let (decimals, symbol, before) = match of {
            Thing::Asset(Asset::Native) => {
                let symbol = Some(native.symbol.to_string());
                (native.decimals, symbol, client.balance(owner).await?)
            }
            Thing::Asset(asset @ Asset::Token(token)) => {
                // What is no token has no balance that the number could be taken from.
                let Some(unit) = units.get(&asset) else { continue };
                let before = client.token_balance(owner, token).await?;
                (unit.decimals, unit.symbol.clone(), before)
            }
            Thing::Collectible { contract, id } => {
                match client.collectible_balance(owner, contract, id).await {
                    Ok(before) => (0, None, before),
                    Err(ChainError::NotAToken { .. } | ChainError::NotACollection { .. }) => {
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        changes.push(BalanceChange { of, symbol, decimals, before, leaves });
    }
    Ok(changes)
}

/// The most that leaves at once, the fee with it. What somebody may take later does not leave yet.
fn leaving(decoded: &Decoded) -> Option<BTreeMap<Thing, Amount>> {
    let mut leaving = BTreeMap::new();
    let mut add = |thing, amount: Amount| {
        let sum: &mut Amount = leaving.entry(thing).or_default();
        *sum = sum.checked_add(amount)?;
        Some(())
    };
    for effect in decoded.effects() {
        match effect {
            Effect::NativeOut { amount, .. } | Effect::Rent { amount, .. } => {
                add(Thing::Asset(Asset::Native), *amount)?;
            }
            Effect::TokenOut { token, amount, .. } => {
                add(Thing::Asset(Asset::Token(*token)), *amount)?;
            }
            Effect::CollectibleOut { contract, id, amount, .. } => {
                add(Thing::Collectible { contract: *contract, id: *id }, *amount)?;
            }
            Effect::Allowance { .. }
            | Effect::AuthorityChange { .. }
            | Effect::Call { .. }
            | Effect::Deploy
            | Effect::Text { .. }
            | Effect::TypedData { .. }
            | Effect::Memo { .. }
            | Effect::Opaque(_) => {}
        }
    }
    if !decoded.fee_ceiling().is_zero() {
        add(Thing::Asset(Asset::Native), decoded.fee_ceiling())?;
    }
    Some(leaving)
}
