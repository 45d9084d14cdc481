//! What agents were promised, and what became of it: a few sums over what was accepted, what was signed
//! and what the chain has.

use std::collections::{BTreeMap, BTreeSet};

use gatewayd::store::TransactionId;
use gatewayd::tx::{Status, Transaction};
use primitives::Amount;
use txcodec::evm;

use crate::chain::Chain;

/// Wei of the smallest payment, of one that still leaves at once, and of one that has to wait.
const KINDS: [u64; 3] = [1_000_000, 4_000_000_000_000_000, 30_000_000_000_000_000];
/// The most that a payment's fee can be, in wei.
const MOST_FEE: u64 = 20_000_000_000_000_000;

/// An order of the agent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Payment {
    /// No other payment is of so many wei.
    pub(crate) wei: u64,
    /// As what the agent knows it.
    pub(crate) accepted: Option<TransactionId>,
    /// Whether somebody listens for the answer.
    pub(crate) is_asked: bool,
}

/// All orders, and what was signed.
#[derive(Debug, Default)]
pub(crate) struct Payments {
    pub(crate) orders: Vec<Payment>,
    /// For whom a nonce was used last, where it was for an order.
    by_nonce: BTreeMap<u64, usize>,
    /// The fees of what was signed for an order, in wei: the payment, its replacements, its withdrawals.
    fees: BTreeMap<usize, BTreeSet<Amount>>,
    /// The highest nonce that was signed.
    last_nonce: Option<u64>,
}

impl Payments {
    /// A new order; its place.
    pub(crate) fn order(&mut self, kind: usize) -> usize {
        let place = self.orders.len();
        let wei = KINDS[kind % KINDS.len()] + u64::try_from(place).unwrap_or_default();
        self.orders.push(Payment { wei, accepted: None, is_asked: true });
        place
    }

    /// The agent hears of an order. The same order is one payment, however often it is asked for.
    pub(crate) fn hear(&mut self, place: usize, id: Option<TransactionId>) -> Result<(), String> {
        let Some(payment) = self.orders.get_mut(place) else { return Ok(()) };
        payment.is_asked = false;
        let Some(id) = id else { return Ok(()) };
        match payment.accepted.replace(id) {
            Some(before) if before != id => Err(format!("order {place} was accepted twice")),
            Some(_) | None => Ok(()),
        }
    }

    /// Those that nobody has an answer to.
    pub(crate) fn unheard(&self) -> Vec<usize> {
        let orders = self.orders.iter().enumerate();
        let unheard = orders.filter(|(_, order)| order.accepted.is_none() && !order.is_asked);
        unheard.map(|(place, _)| place).collect()
    }

    /// The gateway is gone, and who waited for it hears nothing.
    pub(crate) fn hang_up(&mut self) {
        self.orders.iter_mut().for_each(|order| order.is_asked = false);
    }

    /// A signature left the signer. A node that lies may have had a nonce left out, which is to be filled.
    pub(crate) fn sign(&mut self, transaction: &evm::Transaction) {
        self.last_nonce = self.last_nonce.max(Some(transaction.nonce));
        let wei = transaction.value.to_u64().unwrap_or_default();
        if let Some(place) = self.orders.iter().position(|order| order.wei == wei) {
            self.by_nonce.insert(transaction.nonce, place);
        }
        if let Some(place) = self.by_nonce.get(&transaction.nonce) {
            let fee = transaction.fee_ceiling().unwrap_or(Amount::MAX);
            self.fees.entry(*place).or_default().insert(fee);
        }
    }

    /// How often the chain has each order: never twice.
    pub(crate) fn paid(&self, chain: &Chain) -> Result<BTreeSet<usize>, String> {
        let mut paid = BTreeSet::new();
        for (nonce, sent) in (0_u64..).zip(chain.carried_out()) {
            if sent.transaction.nonce != nonce {
                return Err(format!("the chain has {} as {nonce}", sent.transaction.nonce));
            }
            let wei = sent.transaction.value.to_u64().unwrap_or_default();
            if let Some(place) = self.orders.iter().position(|order| order.wei == wei)
                && !paid.insert(place)
            {
                return Err(format!("order {place} was paid twice"));
            }
        }
        Ok(paid)
    }

    /// What the wallet counts as spent is what was paid or still may be.
    pub(crate) fn weigh(&self, found: &[Transaction], spent: Amount) -> Result<(), String> {
        let (mut least, mut most) = (Amount::ZERO, Amount::ZERO);
        for transaction in found {
            let Some(place) = self.place(transaction.id) else { continue };
            let [low, high] = self.counts(place, transaction.status);
            let sums = least.checked_add(low).zip(most.checked_add(high));
            (least, most) = sums.ok_or("the model is above 256 bits")?;
        }
        if least <= spent && spent <= most {
            return Ok(());
        }
        Err(format!("{spent} wei count as spent; by the model it is {least} to {most}"))
    }

    /// What a payment counts as at least and at most, by where it stands.
    fn counts(&self, place: usize, status: Status) -> [Amount; 2] {
        let wei = Amount::from(self.orders.get(place).map_or(0, |order| order.wei));
        let fees = self.fees.get(&place);
        let bounds = fees.and_then(|fees| fees.first().copied().zip(fees.last().copied()));
        let [low, high] = match (status, bounds) {
            (Status::Pending, None) => return [Amount::ZERO; 2],
            // A replacement is reserved before it is signed, and stays so where the signer refuses it.
            (Status::Confirmed, Some((low, high))) => [low, with_half(high)],
            (Status::Failed | Status::Cancelled | Status::Expired, bounds) => {
                return [Amount::ZERO, bounds.map_or(Amount::ZERO, |(_, high)| with_half(high))];
            }
            (_, bounds) => [bounds.map_or(Amount::ZERO, |(low, _)| low), MOST_FEE.into()],
        };
        [low, high].map(|fee| wei.checked_add(fee).unwrap_or(Amount::MAX))
    }

    pub(crate) fn place(&self, id: TransactionId) -> Option<usize> {
        self.orders.iter().position(|order| order.accepted == Some(id))
    }

    /// Everything is over: each order has ended once, as it is told, and no nonce is left out.
    pub(crate) fn settle(&self, found: &[Transaction], chain: &Chain) -> Result<(), String> {
        let paid = self.paid(chain)?;
        for (place, order) in self.orders.iter().enumerate() {
            let Some(id) = order.accepted else {
                return Err(format!("order {place} was never accepted"));
            };
            let Some(transaction) = found.iter().find(|transaction| transaction.id == id) else {
                return Err(format!("order {place} was accepted, and is gone"));
            };
            let is_confirmed = transaction.status == Status::Confirmed;
            if !transaction.status.is_final() || is_confirmed != paid.contains(&place) {
                let on_chain = if paid.contains(&place) { "" } else { "not " };
                let status = transaction.status;
                return Err(format!("order {place} is {status}, and {on_chain}on the chain"));
            }
        }
        let next = self.last_nonce.map_or(0, |last| last + 1);
        if chain.mined() < next {
            return Err(format!(
                "of {next} nonces that were signed the chain has {}",
                chain.mined()
            ));
        }
        Ok(())
    }
}

/// More than the fee of the replacements that follow: each is an eighth higher.
fn with_half(fee: Amount) -> Amount {
    let half = fee.checked_div(2_u64.into()).unwrap_or_default();
    fee.checked_add(half).unwrap_or(Amount::MAX)
}
