//! Everything that a wallet holds goes to its owner, who is locked in.
//!
//! The operator orders it, and it goes to the owner alone; so the policies, which bind agents, have no
//! say. The signer's guard does: what it does not let go by itself waits, or is put to the owner.

mod turns;

use std::time::Duration;

use primitives::{Address, Amount, Asset, Chain, Network, WalletId};

use crate::app::App;
use crate::chains::{ChainError, DraftRequest};
use crate::clock::UnixSeconds;
use crate::session::Master;
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::wallets::{Wallet, WalletOwner, WalletStatus};
use crate::store::{StoreError, TransactionId, Writing};
use crate::tx::{self, Deed, Intent, Order, Status, Transaction, Transfer};
use crate::usecase::balances::{BalanceError, Holding, every_asset};
use crate::usecase::wallets::WalletError;

pub use turns::Turns;

/// What became of one asset.
#[derive(Clone, Debug)]
pub struct Withdrawn {
    /// The network's name.
    pub network: String,
    /// `native`, or the token's address.
    pub asset: String,
    /// In base units; zero where nobody knows.
    pub amount: Amount,
    /// The payment as it stands, or why there is none.
    pub payment: Result<Transaction, String>,
}

/// Why nothing is withdrawn.
#[derive(Debug, thiserror::Error)]
pub enum WithdrawError {
    /// There is no such wallet, it is not in use, or the database fails.
    #[error(transparent)]
    Wallet(#[from] WalletError),
    /// Nobody owns it.
    #[error("the wallet has no owner to whom it could go")]
    NoOwner,
    /// Nobody has proved to be its owner.
    #[error("the owner has not proved to hold the key of {0}")]
    NotLocked(Address),
    /// It is on its way already.
    #[error("a withdrawal of this wallet is under way")]
    UnderWay,
    /// Nothing could be sent.
    #[error("nothing could be withdrawn: {0}")]
    Failed(String),
}

impl From<StoreError> for WithdrawError {
    fn from(error: StoreError) -> Self {
        WalletError::from(error).into()
    }
}

/// How long to wait for the payments to leave, so that their hashes can be told.
const PATIENCE: Duration = Duration::from_secs(10);
/// What an account on Solana keeps, so that it may exist: rent exemption of no data, in lamports.
const SOLANA_RENT: Amount = Amount::from_u128(890_880);
/// Of any asset.
const LEAST: Amount = Amount::from_u128(1);
const TOO_LITTLE: &str = "it is less than the fees take";

/// Sends everything that a wallet holds to its owner: of each network the coin but for the fees, and the
/// tokens that the registry or the chain knows, as far as the coin pays for them. What became of each.
///
/// # Errors
/// When the wallet has no owner who is locked in, is not in use, is being emptied already, or nothing at
/// all could be sent.
pub async fn withdraw(
    app: &App,
    _master: &Master,
    id: WalletId,
) -> Result<Vec<Withdrawn>, WithdrawError> {
    let now = app.clock.now();
    let _turn = app.emptying.enter(id).ok_or(WithdrawError::UnderWay)?;
    let (wallet, owner) = app.store.write(move |db| begin(db, id, now)).await?;
    let mut ordered = Vec::new();
    for (network, holdings) in every_asset(app, &wallet).await {
        sweep(app, (&wallet, owner), network, holdings, &mut ordered).await;
    }
    let unswept = ordered.iter().any(|one| one.payment.is_err());
    app.store.write(move |db| db.set_unswept(id, unswept)).await?;
    let deadline = app.clock.deadline(PATIENCE);
    let mut withdrawn = Vec::new();
    for mut one in ordered {
        if let Ok(payment) = &one.payment {
            let found = tx::wait_until_final(app, payment.id, app.clock.until(deadline)).await?;
            one.payment = Ok(found.unwrap_or_else(|| payment.clone()));
        }
        withdrawn.push(one);
    }
    match withdrawn.iter().find_map(Withdrawn::failure) {
        Some(reason) if withdrawn.iter().all(|one| one.failure().is_some()) => {
            Err(WithdrawError::Failed(reason))
        }
        Some(_) | None => Ok(withdrawn),
    }
}

impl Withdrawn {
    /// Why it does not leave; `None` for what has left or still may.
    pub fn failure(&self) -> Option<String> {
        match &self.payment {
            Err(reason) => Some(reason.clone()),
            Ok(payment) => match payment.status {
                Status::Failed | Status::Cancelled | Status::Expired | Status::PartialFailure => {
                    let problem = payment.problem.as_ref().map(ToString::to_string);
                    Some(problem.unwrap_or_else(|| payment.status.to_string()))
                }
                Status::Pending
                | Status::Queued
                | Status::GasWaiting
                | Status::Executing
                | Status::Submitted
                | Status::Confirmed
                | Status::Signed => None,
            },
        }
    }
}

/// The wallet and its owner, if it may be emptied now.
fn begin(
    db: &Writing<'_>,
    id: WalletId,
    now: UnixSeconds,
) -> Result<(Wallet, Address), WithdrawError> {
    let wallet = db.wallet(id)?.ok_or(WalletError::Unknown(id))?;
    let owner = match wallet.owner {
        None => return Err(WithdrawError::NoOwner),
        Some(WalletOwner { address, verified_at: None }) => {
            return Err(WithdrawError::NotLocked(address));
        }
        Some(WalletOwner { address, verified_at: Some(_) }) => address,
    };
    match wallet.status {
        WalletStatus::Active | WalletStatus::Terminating => {}
        WalletStatus::Terminated => return Err(WalletError::Terminated(id).into()),
        WalletStatus::Creating | WalletStatus::Suspended => {
            return Err(WalletError::WrongState(id, wallet.status).into());
        }
    }
    if db.has_open_withdrawal(id)? {
        return Err(WithdrawError::UnderWay);
    }
    // By the last one a termination is judged.
    db.forget_withdrawals(id)?;
    db.set_unswept(id, true)?;
    let entry = AuditEntry::new(now, "WALLET_WITHDRAWN", Actor::Operator).wallet(id);
    let entry = entry.detail("to", owner);
    db.audit(&AuditEntry { severity: Severity::Warning, ..entry })?;
    Ok((wallet, owner))
}

/// Orders the payments of one network.
async fn sweep(
    app: &App,
    (wallet, owner): (&Wallet, Address),
    network: &Network,
    holdings: Result<Vec<Holding>, BalanceError>,
    ordered: &mut Vec<Withdrawn>,
) {
    let row = |asset: Asset, amount, payment| Withdrawn {
        network: network.name.to_string(),
        asset: match asset {
            Asset::Native => "native".to_owned(),
            Asset::Token(address) => address.to_string(),
        },
        amount,
        payment,
    };
    let holdings = match holdings {
        Ok(holdings) => holdings,
        Err(error) => {
            let unknown = format!("what the wallet holds there is not known: {error}");
            return ordered.push(row(Asset::Native, Amount::ZERO, Err(unknown)));
        }
    };
    let (coins, tokens): (Vec<_>, Vec<_>) = holdings
        .into_iter()
        .filter(|holding| !holding.amount.is_zero())
        .partition(|holding| holding.asset == Asset::Native);
    let coin = coins.into_iter().next();
    let own = match &coin {
        Some(coin) => own_cost(app, wallet, network, (coin, owner)).await,
        None => Err("the wallet has none of it".to_owned()),
    };
    let held = coin.as_ref().map_or(Amount::ZERO, |coin| coin.amount);
    // Something of the coin is left to be sent, if any of it is.
    let set_aside = own.as_ref().ok().and_then(|cost| cost.checked_add(LEAST));
    let spare = set_aside.map_or(held, |cost| held.checked_sub(cost).unwrap_or(Amount::ZERO));
    let mut priced = Vec::new();
    for token in tokens {
        let transfer = transfer(token, owner);
        match fee(app, wallet, network, &transfer).await {
            Ok(cost) => priced.push((cost, transfer)),
            Err(error) => {
                ordered.push(row(transfer.asset, transfer.amount, Err(error.to_string())));
            }
        }
    }
    let Shared { paid, cost, unpaid } = share(spare, priced);
    // First of all: no token uses it up.
    if let Some(coin) = coin {
        let payment = match own.map(|own| own.checked_add(cost).and_then(|it| held.checked_sub(it)))
        {
            Ok(Some(amount)) => {
                order(app, wallet, network, Transfer { amount, ..transfer(coin, owner) }).await
            }
            Ok(None) => Err(TOO_LITTLE.to_owned()),
            Err(reason) => Err(reason),
        };
        let sent = payment.as_ref().ok().and_then(|payment| payment.intent.shown().amount);
        ordered.push(row(Asset::Native, sent.map_or(held, |sent| sent.amount), payment));
    }
    for transfer in paid {
        let (asset, amount) = (transfer.asset, transfer.amount);
        ordered.push(row(asset, amount, order(app, wallet, network, transfer).await));
    }
    for (cost, transfer) in unpaid {
        let units = |amount: Amount| amount.to_units(network.native.decimals);
        let reason = format!(
            "its transfer takes up to {} {}, and {} are left for it: it stays in the wallet",
            units(cost),
            network.native.symbol,
            units(spare),
        );
        ordered.push(row(transfer.asset, transfer.amount, Err(reason)));
    }
}

/// Which tokens a network's coin pays for.
#[derive(Debug, PartialEq, Eq)]
struct Shared {
    paid: Vec<Transfer>,
    /// What those take.
    cost: Amount,
    /// The others, with what each would take.
    unpaid: Vec<(Amount, Transfer)>,
}

/// The cheapest first: rent of accounts for what somebody strewed about is the dearest.
fn share(spare: Amount, mut priced: Vec<(Amount, Transfer)>) -> Shared {
    priced.sort_by_key(|(cost, _)| *cost);
    let mut shared = Shared { paid: Vec::new(), cost: Amount::ZERO, unpaid: Vec::new() };
    for (cost, transfer) in priced {
        match shared.cost.checked_add(cost).filter(|sum| *sum <= spare) {
            Some(sum) => {
                shared.cost = sum;
                shared.paid.push(transfer);
            }
            None => shared.unpaid.push((cost, transfer)),
        }
    }
    shared
}

/// What sending the coin itself takes of it, with what has to stay.
async fn own_cost(
    app: &App,
    wallet: &Wallet,
    network: &Network,
    (coin, owner): (&Holding, Address),
) -> Result<Amount, String> {
    let held = coin.amount;
    // Half of it, to see what a payment costs: all of it would leave nothing for the fee.
    let amount = held.checked_div(Amount::from_u128(2)).unwrap_or(held);
    let half = Transfer { amount, ..transfer(coin.clone(), owner) };
    let fee = fee(app, wallet, network, &half).await.map_err(|error| error.to_string())?;
    let kept = match network.chain() {
        Chain::Evm => Amount::ZERO,
        Chain::Solana => SOLANA_RENT,
    };
    fee.checked_add(kept).filter(|cost| *cost < held).ok_or_else(|| TOO_LITTLE.to_owned())
}

fn transfer(holding: Holding, to: Address) -> Transfer {
    let Holding { asset, amount, decimals, symbol, .. } = holding;
    let symbol = Some(symbol).filter(|symbol| !symbol.is_empty());
    Transfer { asset, to, amount, decimals, symbol, memo: None }
}

/// The most that the network may take for it by the time it is signed, rent included.
async fn fee(
    app: &App,
    wallet: &Wallet,
    network: &Network,
    transfer: &Transfer,
) -> Result<Amount, ChainError> {
    let client = app.chains.client(&network.name);
    let client = client.ok_or(ChainError::Invalid("the network is not served"))?;
    let deed = Deed::Transfer(transfer.clone());
    let draft = client.draft(&DraftRequest { from: wallet.address, deed, nonce: None }).await?;
    let decoded = tx::decode(&draft.unsigned, wallet.address);
    let decoded =
        decoded.map_err(|_malformed| ChainError::Invalid("the transaction cannot be read"))?;
    let layer_1 = decoded.layer_1_fee(network.chain_id.layer_1_fee_per_byte());
    let most = layer_1.and_then(|layer_1| draft.approvable_fee.checked_add(layer_1));
    most.ok_or(ChainError::Invalid("the fee is above 256 bits"))
}

async fn order(
    app: &App,
    wallet: &Wallet,
    network: &Network,
    transfer: Transfer,
) -> Result<Transaction, String> {
    let now = app.clock.now();
    let (network, deed) = (network.chain_id, Deed::Transfer(transfer));
    let order = Order { network, deed, gas_condition: None };
    let intent = Intent::Send(Box::new(order));
    let id = TransactionId::new(&app.clock);
    let transaction = Transaction::new(id, wallet.id, None, intent, now);
    let stored = transaction.clone();
    let stored = app.store.write(move |db| {
        db.insert_transaction(&stored)?;
        db.mark_withdrawal(stored.id, stored.wallet)?;
        tx::audit(db, &stored, Actor::Operator, now)
    });
    stored.await.map_err(|error: StoreError| error.to_string())?;
    app.signals.changed(id);
    Ok(transaction)
}

#[cfg(test)]
mod tests;
