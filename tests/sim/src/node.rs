//! What a node says: the chain as it is; or nothing, nonsense, old news and lies.

use bytes::Bytes;
use gatewayd::net::NetError;
use serde_json::{Value, json};

use crate::chain::{Chain, GWEI, NotTaken, Sent};
use crate::dice::Dice;
use crate::post::{ToNode, broken};
use crate::world::Known;

/// Whether nodes do as they should.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Nodes {
    Good,
    Bad,
}

/// A node, as it answers one question.
pub(crate) struct Node<'a> {
    pub(crate) chain: &'a mut Chain,
    pub(crate) known: &'a Known,
    pub(crate) dice: &'a mut Dice,
    pub(crate) mood: Nodes,
    /// What a node took and has not looked at yet.
    pub(crate) late: &'a mut Vec<Sent>,
}

impl Node<'_> {
    /// Answers; says how.
    pub(crate) fn answer(&mut self, asked: ToNode) -> &'static str {
        let (answer, how) = self.react(&asked);
        // Who asked may be gone.
        drop(asked.answer.send(answer));
        how
    }

    fn react(&mut self, asked: &ToNode) -> (Result<Bytes, NetError>, &'static str) {
        if self.is_bad(3) {
            return (self.fault(asked), "does not hear");
        }
        let method = asked.question["method"].as_str().unwrap_or_default();
        let result = self.result(method, &asked.question["params"]);
        if self.is_bad(3) {
            return (self.fault(asked), "does, and does not answer");
        }
        let id = &asked.question["id"];
        let envelope = match result {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(message) => {
                let error = json!({"code": -32000, "message": message});
                json!({"jsonrpc": "2.0", "id": id, "error": error})
            }
        };
        (Ok(envelope.to_string().into()), "answers")
    }

    fn fault(&mut self, asked: &ToNode) -> Result<Bytes, NetError> {
        match self.dice.below(5) {
            0 => Err(NetError::Status(503)),
            1 => Err(NetError::Status(429)),
            2 => Err(NetError::Timeout(asked.wait)),
            3 => Err(broken()),
            _ => Ok(Bytes::from_static(b"<html>")),
        }
    }

    fn is_bad(&mut self, in_hundred: u64) -> bool {
        self.mood == Nodes::Bad && self.dice.in_hundred(in_hundred)
    }

    fn result(&mut self, method: &str, params: &Value) -> Result<Value, &'static str> {
        let text = |place: usize| params[place].as_str().unwrap_or_default();
        Ok(match method {
            "eth_chainId" => json!("0xaa36a7"),
            "eth_getBalance" => json!("0x21e19e0c9bab24000000"),
            "eth_getTransactionCount" => self.next_nonce(text(1)),
            "eth_blockNumber" => quantity(self.height()),
            "eth_getBlockByNumber" => {
                let number = quantity(self.height());
                json!({"number": number, "baseFeePerGas": quantity(self.chain.base_fee)})
            }
            "eth_maxPriorityFeePerGas" => quantity(GWEI),
            "eth_gasPrice" => quantity(self.chain.base_fee + GWEI),
            "eth_estimateGas" => json!("0x5208"),
            "eth_sendRawTransaction" => return self.take(text(0)),
            "eth_getTransactionReceipt" => self.receipt(text(0)),
            "eth_getTransactionByHash" => {
                let known = self.chain.knows(text(0)) && !self.is_bad(6);
                if known { json!({"hash": text(0)}) } else { Value::Null }
            }
            _ => Value::Null,
        })
    }

    fn height(&mut self) -> u64 {
        let behind = if self.is_bad(5) { self.dice.below(4) } else { 0 };
        self.chain.height() - behind
    }

    /// A bad node is wrong by a few, now and then.
    fn next_nonce(&mut self, block: &str) -> Value {
        let right = match block {
            "pending" => self.chain.pending(),
            "latest" => self.chain.mined(),
            _ => self.chain.finalized(),
        };
        if !self.is_bad(5) {
            return quantity(right);
        }
        quantity(match self.dice.below(4) {
            0 => right + 1 + self.dice.below(6),
            1 => 0,
            _ => right.saturating_sub(self.dice.below(6)),
        })
    }

    /// It may say that it has it and lose it, or look at it much later.
    fn take(&mut self, raw: &str) -> Result<Value, &'static str> {
        let bytes = primitives::decode_hex(raw.trim_start_matches("0x")).unwrap_or_default();
        let sent = self.known.get(&bytes).ok_or("invalid sender")?.clone();
        let hash = json!(sent.hash);
        if self.is_bad(3) {
            return Err("insufficient funds for gas * price + value");
        }
        if self.is_bad(3) {
            return Ok(hash);
        }
        if self.is_bad(3) {
            self.late.push(sent);
            return Ok(hash);
        }
        self.chain.take(sent).map(|()| hash).map_err(NotTaken::words)
    }

    fn receipt(&mut self, hash: &str) -> Value {
        let block = match self.chain.block_of(hash) {
            Some(block) if !self.is_bad(6) => block,
            None if self.is_bad(2) => self.chain.height(),
            Some(_) | None => return Value::Null,
        };
        json!({"transactionHash": hash, "blockNumber": quantity(block), "status": "0x1"})
    }
}

fn quantity(number: u64) -> Value {
    json!(format!("{number:#x}"))
}
