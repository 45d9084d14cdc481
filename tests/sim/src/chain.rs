//! A chain of blocks with one sender, and a pool of what waits: it forgets, remembers and reorganises.

use std::collections::BTreeMap;

use primitives::Amount;
use txcodec::evm::{Kind, Transaction};

use crate::dice::Dice;

/// A signed transaction.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) hash: String,
    pub(crate) transaction: Transaction,
}

/// The chain.
#[derive(Debug)]
pub(crate) struct Chain {
    /// Everything that was ever sent, by nonce: any of it may turn up again.
    seen: BTreeMap<u64, Vec<Sent>>,
    pool: BTreeMap<u64, Sent>,
    blocks: Vec<Vec<Sent>>,
    /// Wei for one unit of gas.
    pub(crate) base_fee: u64,
}

/// Why a node does not take a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotTaken {
    NonceTooLow,
    AlreadyKnown,
    Underpriced,
}

/// Blocks before the first transaction, so that there are some to be behind by.
const FIRST_BLOCK: usize = 100;
/// How deep a block is that stays.
const FINAL: usize = 64;
pub(crate) const GWEI: u64 = 1_000_000_000;
/// The most blocks that a reorganisation takes back: one less than the gateway waits for.
const REORGANISED: u64 = 2;

impl NotTaken {
    /// As nodes say it.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::NonceTooLow => "nonce too low",
            Self::AlreadyKnown => "already known",
            Self::Underpriced => "replacement transaction underpriced",
        }
    }
}

impl Chain {
    pub(crate) fn new() -> Self {
        let blocks = vec![Vec::new(); FIRST_BLOCK];
        Self { seen: BTreeMap::new(), pool: BTreeMap::new(), blocks, base_fee: GWEI }
    }

    /// Takes a transaction into the pool.
    pub(crate) fn take(&mut self, sent: Sent) -> Result<(), NotTaken> {
        let nonce = sent.transaction.nonce;
        if nonce < self.mined() {
            return Err(NotTaken::NonceTooLow);
        }
        if let Some(there) = self.pool.get(&nonce) {
            if there.hash == sent.hash {
                return Err(NotTaken::AlreadyKnown);
            }
            if !replaces(&sent.transaction, &there.transaction) {
                return Err(NotTaken::Underpriced);
            }
        }
        let seen = self.seen.entry(nonce).or_default();
        if seen.iter().all(|one| one.hash != sent.hash) {
            seen.push(sent.clone());
        }
        self.pool.insert(nonce, sent);
        Ok(())
    }

    /// A block, of what pays for it.
    pub(crate) fn mine(&mut self) {
        let mut block = Vec::new();
        let mut nonce = self.mined();
        while let Some(sent) = self.pool.remove(&nonce) {
            if sent.transaction.max_fee_per_gas() < Amount::from(self.base_fee) {
                self.pool.insert(nonce, sent);
                break;
            }
            block.push(sent);
            nonce += 1;
        }
        self.blocks.push(block);
    }

    /// Something goes wrong; says what.
    pub(crate) fn suffer(&mut self, dice: &mut Dice) -> Option<&'static str> {
        self.base_fee = match dice.below(12) {
            0 => 20 * GWEI,
            1..4 => GWEI,
            _ => (self.base_fee * 9 / 10).max(GWEI),
        };
        match dice.below(16) {
            0 => {
                self.reorganise(dice);
                Some("blocks are taken back")
            }
            1 => {
                let nonce = self.pool.keys().nth(dice.place(20)).copied()?;
                self.pool.remove(&nonce).map(|_lost| "the pool loses one")
            }
            2 => {
                let seen = self.seen.get(&self.mined()).filter(|seen| !seen.is_empty())?;
                let back = seen.get(dice.place(seen.len()))?.clone();
                self.pool.insert(back.transaction.nonce, back);
                Some("an old one turns up again")
            }
            _ => None,
        }
    }

    /// The last blocks are taken back, and what was in them waits again or is lost.
    fn reorganise(&mut self, dice: &mut Dice) {
        for _block in 0..=dice.below(REORGANISED) {
            if self.blocks.len() > FIRST_BLOCK {
                for sent in self.blocks.pop().unwrap_or_default() {
                    if dice.in_hundred(70) {
                        self.pool.insert(sent.transaction.nonce, sent);
                    }
                }
            }
        }
    }

    /// Everything on the chain, in order.
    pub(crate) fn carried_out(&self) -> impl Iterator<Item = &Sent> {
        self.blocks.iter().flatten()
    }

    /// The first nonce that is not on the chain.
    pub(crate) fn mined(&self) -> u64 {
        count(self.carried_out().count())
    }

    /// The first nonce that is not so deep that it stays.
    pub(crate) fn finalized(&self) -> u64 {
        let deep = self.blocks.len().saturating_sub(FINAL);
        count(self.blocks.iter().take(deep).map(Vec::len).sum())
    }

    /// The first nonce that neither is on the chain nor waits directly behind it.
    pub(crate) fn pending(&self) -> u64 {
        let mut nonce = self.mined();
        while self.pool.contains_key(&nonce) {
            nonce += 1;
        }
        nonce
    }

    pub(crate) fn height(&self) -> u64 {
        count(self.blocks.len())
    }

    /// The height of the block that has it.
    pub(crate) fn block_of(&self, hash: &str) -> Option<u64> {
        let place = self.blocks.iter().position(|block| block.iter().any(|it| it.hash == hash))?;
        Some(count(place) + 1)
    }

    pub(crate) fn knows(&self, hash: &str) -> bool {
        self.pool.values().chain(self.carried_out()).any(|sent| sent.hash == hash)
    }
}

/// Whether a node takes the one in place of the other: each fee a tenth higher.
fn replaces(new: &Transaction, old: &Transaction) -> bool {
    let enough = |new: Amount, old: Amount| {
        let [new, old] = [(new, 10_u64), (old, 11)].map(|(fee, by)| fee.checked_mul(by.into()));
        new >= old
    };
    enough(new.max_fee_per_gas(), old.max_fee_per_gas()) && enough(tip(new), tip(old))
}

const fn tip(transaction: &Transaction) -> Amount {
    match &transaction.kind {
        Kind::Legacy { gas_price } | Kind::AccessList { gas_price, .. } => *gas_price,
        Kind::DynamicFee { max_priority_fee_per_gas, .. } => *max_priority_fee_per_gas,
    }
}

pub(crate) fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap_or(u64::MAX)
}
