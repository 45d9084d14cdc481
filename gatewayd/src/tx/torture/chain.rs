//! A chain of blocks with a pool of transactions, behind a node that drops, repeats, forgets and lies.

use std::collections::BTreeMap;

use primitives::Amount;
use serde_json::{Value, json};
use txcodec::evm::{Kind, Transaction};

use super::dice::Dice;
use crate::chains::testing::Reaction;
use crate::tx::testing::FIRST_NONCE;

/// A transaction as the node got it.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) hash: String,
    pub(crate) transaction: Transaction,
}

/// The chain, its node, and how they behave.
#[derive(Debug)]
pub(crate) struct TestChain {
    dice: Dice,
    /// Whether the node is a bad one.
    pub(crate) bad: bool,
    /// Everything that was ever sent, by nonce: any of it may turn up again.
    sent: BTreeMap<u64, Vec<Sent>>,
    pool: BTreeMap<u64, Sent>,
    pub(crate) blocks: Vec<Vec<Sent>>,
    /// Wei for one unit of gas.
    pub(crate) base_fee: u64,
}

/// The first block of a test, so that there are some to be behind by.
const FIRST_BLOCK: usize = 100;
const GWEI: u64 = 1_000_000_000;
/// The most blocks that a reorganisation takes back.
const REORGANISED: usize = 2;
/// The most transactions of one block.
const BLOCK: usize = 60;

impl TestChain {
    pub(crate) fn new(seed: u64) -> Self {
        let blocks = vec![Vec::new(); FIRST_BLOCK];
        let (sent, pool) = (BTreeMap::new(), BTreeMap::new());
        Self { dice: Dice::new(seed), bad: false, sent, pool, blocks, base_fee: GWEI }
    }

    /// The node's answer.
    pub(crate) fn react(
        &mut self,
        method: &str,
        params: &Value,
        known: &BTreeMap<Vec<u8>, (String, Transaction)>,
    ) -> Reaction {
        if self.is_bad(3) {
            return self.fault();
        }
        let answer = match method {
            "eth_chainId" => json!("0xaa36a7"),
            "eth_getBalance" => json!("0x21e19e0c9bab2400000"),
            "eth_getTransactionCount" => self.count(params[1].as_str().unwrap_or_default()),
            "eth_blockNumber" => quantity(self.height()),
            "eth_getBlockByNumber" => {
                let number = quantity(self.height());
                json!({"number": number, "baseFeePerGas": quantity(self.base_fee)})
            }
            "eth_maxPriorityFeePerGas" => quantity(GWEI),
            "eth_gasPrice" => quantity(self.base_fee + GWEI),
            "eth_estimateGas" => json!("0x5208"),
            "eth_sendRawTransaction" => return self.take(params[0].as_str().unwrap(), known),
            "eth_getTransactionReceipt" => self.receipt(params[0].as_str().unwrap()),
            "eth_getTransactionByHash" => self.by_hash(params[0].as_str().unwrap()),
            _ => json!(null),
        };
        if self.is_bad(2) { self.fault() } else { Reaction::Result(answer) }
    }

    /// Time goes by: a block, perhaps with what it must not forget forgotten.
    pub(crate) fn tick(&mut self) {
        if self.bad {
            self.base_fee = match self.dice.below(12) {
                0 => 40 * GWEI,
                1..4 => GWEI,
                _ => (self.base_fee * 9 / 10).max(GWEI),
            };
            if self.dice.in_hundred(6) {
                self.reorganise();
            }
            if self.dice.in_hundred(10) {
                self.forget();
            }
            if self.dice.in_hundred(15) {
                self.remember();
            }
            if self.dice.in_hundred(30) {
                return;
            }
        }
        let mut block = Vec::new();
        let mut nonce = self.mined();
        while let Some(sent) = self.pool.get(&nonce).filter(|sent| self.pays(sent)) {
            block.push(sent.clone());
            self.pool.remove(&nonce);
            nonce += 1;
            if block.len() == BLOCK {
                break;
            }
        }
        self.blocks.push(block);
    }

    /// Everything on the chain, in order.
    pub(crate) fn carried_out(&self) -> impl Iterator<Item = &Sent> {
        self.blocks.iter().flatten()
    }

    /// The first nonce that is not on the chain.
    pub(crate) fn mined(&self) -> u64 {
        let mined = self.carried_out().count();
        FIRST_NONCE + u64::try_from(mined).unwrap()
    }

    /// Somebody else who has the key sends something, with the next nonce.
    pub(crate) fn used_elsewhere(&mut self) {
        let nonce = self.mined();
        let number = Amount::from(nonce);
        let transaction = Transaction {
            kind: Kind::Legacy { gas_price: Amount::from(u64::MAX) },
            chain_id: 11_155_111.try_into().unwrap(),
            nonce,
            gas_limit: 21_000,
            to: None,
            value: number,
            data: vec![1],
        };
        self.pool.remove(&nonce);
        self.blocks.push(vec![Sent { hash: format!("{nonce}"), transaction }]);
    }

    fn is_bad(&mut self, in_hundred: u64) -> bool {
        self.bad && self.dice.in_hundred(in_hundred)
    }

    fn fault(&mut self) -> Reaction {
        match self.dice.below(5) {
            0 => Reaction::Raw(503, String::new()),
            1 => Reaction::Raw(429, String::new()),
            2 => Reaction::Raw(200, "<html>".to_owned()),
            3 => Reaction::Result(json!({"unexpected": true})),
            _ => Reaction::Error(-32603, "internal error"),
        }
    }

    fn height(&mut self) -> u64 {
        let behind = if self.is_bad(5) { self.dice.below(4) } else { 0 };
        u64::try_from(self.blocks.len()).unwrap() - behind
    }

    /// The next nonce as of a block; a bad node is wrong by a few, now and then.
    fn count(&mut self, block: &str) -> Value {
        let mined = self.mined();
        let right = match block {
            "pending" => {
                let ready = (mined..u64::MAX).zip(self.pool.range(mined..));
                mined + count(ready.take_while(|(nonce, (pooled, _))| nonce == *pooled).count())
            }
            "latest" => mined,
            _ => {
                let deep = self.blocks.len().saturating_sub(64);
                let settled = self.blocks[..deep].iter().flatten().count();
                FIRST_NONCE + u64::try_from(settled).unwrap()
            }
        };
        let told = match self.dice.below(4) {
            _ if !self.is_bad(6) => right,
            0 => right + 1 + self.dice.below(6),
            1 => 0,
            _ => right.saturating_sub(self.dice.below(6)),
        };
        quantity(told)
    }

    fn take(&mut self, raw: &str, known: &BTreeMap<Vec<u8>, (String, Transaction)>) -> Reaction {
        let bytes = primitives::decode_hex(raw.trim_start_matches("0x")).unwrap();
        let (hash, transaction) = known[&bytes].clone();
        let sent = Sent { hash: hash.clone(), transaction };
        if self.is_bad(3) {
            return Reaction::Error(-32000, "insufficient funds for gas * price + value");
        }
        let nonce = sent.transaction.nonce;
        if nonce < self.mined() {
            return Reaction::Error(-32000, "nonce too low");
        }
        if !self.pays(&sent) && self.dice.in_hundred(50) {
            return Reaction::Error(-32000, "max fee per gas less than block base fee");
        }
        if let Some(there) = self.pool.get(&nonce) {
            if there.hash == hash {
                return Reaction::Error(-32000, "already known");
            }
            if !replaces(&sent, there) {
                return Reaction::Error(-32000, "replacement transaction underpriced");
            }
        }
        let all = self.sent.entry(nonce).or_default();
        if all.iter().all(|one| one.hash != hash) {
            all.push(sent.clone());
        }
        // It may say that it has it and lose it, or have it and say that it went wrong.
        if !self.is_bad(5) {
            self.pool.insert(nonce, sent);
        }
        if self.is_bad(5) { self.fault() } else { Reaction::Result(json!(hash)) }
    }

    fn receipt(&mut self, hash: &str) -> Value {
        let place = self.blocks.iter().position(|block| block.iter().any(|it| it.hash == hash));
        match place {
            Some(place) if !self.is_bad(6) => {
                let block = quantity(u64::try_from(place).unwrap() + 1);
                json!({"transactionHash": hash, "blockNumber": block, "status": "0x1"})
            }
            None if self.is_bad(2) => {
                let block = quantity(u64::try_from(self.blocks.len()).unwrap());
                json!({"transactionHash": hash, "blockNumber": block, "status": "0x1"})
            }
            _ => json!(null),
        }
    }

    fn by_hash(&mut self, hash: &str) -> Value {
        let pooled = self.pool.values().any(|sent| sent.hash == hash);
        let known = pooled || self.carried_out().any(|sent| sent.hash == hash);
        if known && !self.is_bad(6) { json!({ "hash": hash }) } else { json!(null) }
    }

    fn pays(&self, sent: &Sent) -> bool {
        sent.transaction.max_fee_per_gas() >= Amount::from(self.base_fee)
    }

    /// The last blocks are taken back, and what was in them is waiting again or lost.
    fn reorganise(&mut self) {
        for _block in 0..=self.dice.below(u64::try_from(REORGANISED).unwrap()) {
            if self.blocks.len() <= FIRST_BLOCK {
                return;
            }
            for sent in self.blocks.pop().unwrap_or_default() {
                if self.dice.in_hundred(70) {
                    self.pool.insert(sent.transaction.nonce, sent);
                }
            }
        }
    }

    /// Something that waits is lost.
    fn forget(&mut self) {
        let place = usize::try_from(self.dice.below(20)).unwrap();
        if let Some(nonce) = self.pool.keys().nth(place).copied() {
            self.pool.remove(&nonce);
        }
    }

    /// What waits with a nonce is lost.
    pub(crate) fn lose(&mut self, nonce: u64) {
        self.pool.remove(&nonce);
    }

    /// What was sent first with a nonce is what waits now.
    pub(crate) fn remember_first(&mut self, nonce: u64) {
        let first = self.sent[&nonce][0].clone();
        self.pool.insert(nonce, first);
    }

    /// Something that was sent once turns up again, in place of what waits.
    fn remember(&mut self) {
        let nonce = self.mined();
        let many = self.sent.get(&nonce).map_or(0, Vec::len);
        if many > 0 {
            let one = usize::try_from(self.dice.below(u64::try_from(many).unwrap())).unwrap();
            self.pool.insert(nonce, self.sent[&nonce][one].clone());
        }
    }
}

/// Whether a node takes the one in place of the other: each fee a tenth higher.
fn replaces(new: &Sent, old: &Sent) -> bool {
    let tip = |sent: &Sent| match &sent.transaction.kind {
        Kind::Legacy { gas_price } | Kind::AccessList { gas_price, .. } => *gas_price,
        Kind::DynamicFee { max_priority_fee_per_gas, .. } => *max_priority_fee_per_gas,
    };
    let enough = |new: Amount, old: Amount| {
        let [new, old] = [(new, 10_u64), (old, 11)].map(|(fee, by)| fee.checked_mul(by.into()));
        new >= old
    };
    enough(new.transaction.max_fee_per_gas(), old.transaction.max_fee_per_gas())
        && enough(tip(new), tip(old))
}

fn count(things: usize) -> u64 {
    u64::try_from(things).unwrap()
}

fn quantity(number: u64) -> Value {
    json!(format!("{number:#x}"))
}
