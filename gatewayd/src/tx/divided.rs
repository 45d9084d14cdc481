//! What is said of a sequence: of all of it together, and then of each part with the others reserved, as
//! it will be when its turn has come.

use std::collections::BTreeMap;

use primitives::{Amount, Asset};
use txcodec::Decoded;

use super::judgement::{Known, judged, nearing};
use super::session_limits::{AskedBy, reserve};
use super::{Deed, Intent, Order, PartOf, Transaction};
use crate::app::App;
use crate::policy::{Nearing, Verdict};
use crate::store::{StoreError, TransactionId, Writing};

/// A part that is to be stored, and what its bytes would do if it went now.
pub(super) struct Part {
    pub(super) transaction: Transaction,
    pub(super) unsigned: Vec<u8>,
    pub(super) decoded: Decoded,
    pub(super) known: Known,
}

/// A sequence and its parts.
pub(super) struct Divided {
    pub(super) whole: Transaction,
    pub(super) parts: Vec<Part>,
    /// What is known of all of it.
    pub(super) known: Known,
}

/// What would be said of a sequence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SequenceVerdicts {
    /// Of all of it together.
    pub whole: Verdict,
    /// A cap in dollars that all of it would nearly reach.
    pub nearing: Option<Nearing>,
    /// Of each part, with the others reserved.
    pub parts: Vec<Verdict>,
}

impl Transaction {
    /// The part of this sequence at a place, which does `deed`. It waits for its turn.
    pub(super) fn part(&self, id: TransactionId, order: &Order, place: u8, deed: &Deed) -> Self {
        let order = Order { deed: deed.clone(), ..order.clone() };
        let intent = Intent::Send(Box::new(order));
        Self {
            part_of: Some(PartOf { whole: self.id, place }),
            next_attempt_at: None,
            ..Self::new(id, self.wallet, self.session, intent, self.created_at)
        }
    }
}

/// What several transactions of one wallet do together; `None` where fees, gas or amounts cannot be added
/// up.
pub fn together(parts: &[Decoded]) -> Option<Decoded> {
    Decoded::together(parts).filter(|together| together.spend().is_some())
}

impl Divided {
    /// All parts as what they do together; `None` where the amounts cannot be added up.
    pub(super) fn together(&self) -> Option<Decoded> {
        let decoded: Vec<Decoded> = self.parts.iter().map(|part| part.decoded.clone()).collect();
        together(&decoded)
    }

    /// What is said of each part with the others reserved. Stores the parts, and what they spend.
    pub(super) fn judge_parts(&self, db: &Writing<'_>) -> Result<Vec<Verdict>, StoreError> {
        for part in &self.parts {
            let Part { transaction, decoded, .. } = part;
            let spend: BTreeMap<Asset, Amount> = decoded.spend().ok_or(StoreError::Overflow)?;
            db.insert_transaction(transaction)?;
            let named = (transaction.id, transaction.wallet, transaction.intent.network());
            let known = self.known_of(part);
            reserve(db, named, (decoded, &spend), known.worths.into(), &known)?;
        }
        self.parts.iter().map(|part| judged(db, &part.decoded, &self.known_of(part))).collect()
    }

    /// What is known besides the bytes of one part.
    fn known_of(&self, part: &Part) -> Known {
        Known {
            worths: part.known.worths,
            transaction: Some(part.transaction.id),
            asked_by: AskedBy::of(&part.transaction),
            ..self.known.clone()
        }
    }
}

/// Why nothing of it is kept.
enum Undone {
    Judged(Box<SequenceVerdicts>),
    Uncountable,
    Store(StoreError),
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What would be said of a sequence that is not stored, were it asked for now: written down as it would
/// be, judged, and undone. `None` where the amounts cannot be added up.
///
/// # Errors
/// When the database fails.
pub async fn sequence_verdicts(
    app: &App,
    whole: Transaction,
    parts: Vec<(Decoded, Known)>,
    known: Known,
) -> Result<Option<SequenceVerdicts>, StoreError> {
    let Some(order) = whole.intent.order().cloned() else { return Ok(None) };
    let deeds = order.sequence().unwrap_or_default();
    let parts = (0..=u8::MAX).zip(deeds).zip(parts).map(|((place, deed), (decoded, known))| {
        let transaction = whole.part(TransactionId::new(&app.clock), &order, place, deed);
        Part { transaction, unsigned: Vec::new(), decoded, known }
    });
    let parts = parts.collect();
    let known = Known { transaction: Some(whole.id), ..known };
    let divided = Divided { whole, parts, known };
    let judge = move |db: &Writing<'_>| {
        Err::<(), _>(would_be_said(db, &divided).unwrap_or_else(Undone::Store))
    };
    match app.store.write(judge).await {
        Err(Undone::Judged(verdicts)) => Ok(Some(*verdicts)),
        Ok(()) | Err(Undone::Uncountable) => Ok(None),
        Err(Undone::Store(error)) => Err(error),
    }
}

fn would_be_said(db: &Writing<'_>, divided: &Divided) -> Result<Undone, StoreError> {
    let Some(together) = divided.together() else { return Ok(Undone::Uncountable) };
    db.insert_transaction(&divided.whole)?;
    let whole = judged(db, &together, &divided.known)?;
    let nearing = nearing(db, &divided.known)?;
    let parts = divided.judge_parts(db)?;
    Ok(Undone::Judged(Box::new(SequenceVerdicts { whole, nearing, parts })))
}
