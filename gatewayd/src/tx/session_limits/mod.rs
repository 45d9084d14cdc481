//! What the session that asks for something may do, and what it has spent: asked and reserved in the
//! caller's database transaction, beside the policies and the wallet's reservations.

use std::collections::BTreeMap;

use api::ErrorCode;
use primitives::{Amount, Asset, ChainId, WalletId};
use txcodec::Decoded;

use super::{Kind, Known, Transaction, judgement};
use crate::clock::UnixSeconds;
use crate::policy::{Denial, Nearing};
use crate::session::grants::{Asked, Grants, Spent};
use crate::store::audit::{Actor, AuditEntry, Severity};
use crate::store::reservations::Worth;
use crate::store::{Reading, SessionId, StoreError, TransactionId, Writing};

/// Which session asks, and what it calls what it asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AskedBy {
    /// The session.
    pub session: SessionId,
    /// What it asks for.
    pub kind: Kind,
}

impl AskedBy {
    /// Who asks for a transaction; `None` where it is no session, which nothing limits here.
    pub fn of(transaction: &Transaction) -> Option<Self> {
        let kind = transaction.intent.kind();
        transaction.session.map(|session| Self { session, kind })
    }
}

/// Why the session that asks for it may not do this, if it may not.
pub(super) fn denial(
    db: &Reading<'_>,
    decoded: &Decoded,
    known: &Known,
) -> Result<Option<Denial>, StoreError> {
    let Some(AskedBy { session, kind }) = known.asked_by else { return Ok(None) };
    let Some(found) = db.session(session)? else { return Ok(Some(unknown())) };
    let network = network(decoded, known);
    let spent = spent(db, (session, &found.grants), network, known.transaction)?;
    let asked = Asked { decoded, kind, network, worth: known.worths.whole };
    Ok(found.grants.denial(&asked, &spent))
}

/// Reserves what a transaction may spend, for its wallet and for the session that asks for it, in
/// place of what was reserved for it before.
///
/// # Errors
/// When the database cannot be written, or what was reserved is settled already.
pub(crate) fn reserve(
    db: &Writing<'_>,
    named: (TransactionId, WalletId, Option<ChainId>),
    (decoded, spend): (&Decoded, &BTreeMap<Asset, Amount>),
    worth: Worth,
    known: &Known,
) -> Result<(), StoreError> {
    let crossed = judgement::crossed(db, known, worth.whole)?;
    db.reserve(named, spend, worth, known.now)?;
    for near in crossed {
        db.audit(&warning(named, near, known.now))?;
    }
    let Some(AskedBy { session, .. }) = known.asked_by else { return Ok(()) };
    let Some(found) = db.session(session)?.filter(|found| found.grants.has_totals()) else {
        return Ok(());
    };
    let counted = network(decoded, known).into_iter().flat_map(|network| {
        let totals = found.grants.totals_on(network);
        totals.filter_map(move |asset| Some(((network, asset), *spend.get(&asset)?)))
    });
    db.reserve_for_session((named.0, session), &counted.collect(), worth, known.now)
}

/// Four fifths of a cap in dollars are passed.
fn warning(
    (transaction, wallet, _network): (TransactionId, WalletId, Option<ChainId>),
    near: Nearing,
    now: UnixSeconds,
) -> AuditEntry {
    let [spent, limit] = [near.spent, near.limit].map(|dollars| dollars.to_string());
    let window = near.window.as_str();
    tracing::warn!(%wallet, window, %spent, %limit, "a limit in dollars is nearly reached");
    let entry = AuditEntry::new(now, "CUMULATIVE_LIMIT_WARNING", Actor::System).wallet(wallet);
    let entry = entry.detail("type", window).detail("spent", spent).detail("limit", limit);
    let entry = entry.detail("ratio", Amount::from(near.permille()).to_units(3));
    AuditEntry { transaction: Some(transaction), severity: Severity::Warning, ..entry }
}

/// Where it spends something; typed data for a network that is not known here too.
fn network(decoded: &Decoded, known: &Known) -> Option<ChainId> {
    let network = known.network.as_ref().map(|network| network.chain_id);
    network.or_else(|| decoded.chain_id())
}

fn spent(
    db: &Reading<'_>,
    (session, grants): (SessionId, &Grants),
    network: Option<ChainId>,
    except: Option<TransactionId>,
) -> Result<Spent, StoreError> {
    if !grants.has_totals() {
        return Ok(Spent { assets: BTreeMap::new(), usd: None, transactions: 0 });
    }
    let (transactions, usd) = db.had_by_session(session, except)?;
    let of = |network: ChainId| grants.totals_on(network).map(move |asset| (network, asset));
    let counted = network.into_iter().flat_map(of).map(|(network, asset)| {
        Ok((asset, db.spent_by_session((session, network, asset), except)?))
    });
    Ok(Spent { assets: counted.collect::<Result<_, StoreError>>()?, usd, transactions })
}

fn unknown() -> Denial {
    Denial {
        rule: "SESSION",
        code: ErrorCode::ConstraintViolated,
        reason: "the session that asks is not known any more".to_owned(),
        remedy: "ask for another session".to_owned(),
    }
}

#[cfg(test)]
mod tests;
