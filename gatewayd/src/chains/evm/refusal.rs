//! Reads why a node refuses, from words that no standard fixes.

use primitives::decode_hex;
use serde_json::Value;
use txcodec::evm::erc20;

use crate::chains::ChainError;
use crate::chains::answer::readable;
use crate::chains::rpc::{NodeError, RpcError};

/// `Error(string)` of Solidity.
const ERROR: [u8; 4] = [0x08, 0xc3, 0x79, 0xa0];
/// `Panic(uint256)` of Solidity.
const PANIC: [u8; 4] = [0x4e, 0x48, 0x7b, 0x71];

/// Codes of a call that ran and failed: geth's, geth's general one, Parity's and Nethermind's.
const EXECUTION_CODES: [i64; 3] = [3, -32000, -32015];

/// Words of nodes (geth, erigon, reth, nethermind, besu, anvil), in lower case, and what they mean.
/// The first row that fits counts.
const WORDS: &[(&str, Refusal)] = &[
    ("already known", Refusal::AlreadyKnown),
    ("alreadyknown", Refusal::AlreadyKnown),
    ("known transaction", Refusal::AlreadyKnown),
    ("already imported", Refusal::AlreadyKnown),
    ("already exists", Refusal::AlreadyKnown),
    ("existing tx with same hash", Refusal::AlreadyKnown),
    ("nonce too low", Refusal::NonceUsed),
    ("nonce is too low", Refusal::NonceUsed),
    ("oldnonce", Refusal::NonceUsed),
    ("replacement transaction underpriced", Refusal::NonceTaken),
    ("replacementnotallowed", Refusal::NonceTaken),
    ("could not replace", Refusal::NonceTaken),
    ("underpriced", Refusal::FeeTooLow),
    ("less than block base fee", Refusal::FeeTooLow),
    ("fee too low", Refusal::FeeTooLow),
    ("feetoolow", Refusal::FeeTooLow),
    ("insufficient funds", Refusal::Unaffordable),
    ("insufficientfunds", Refusal::Unaffordable),
    ("upfront cost exceeds account balance", Refusal::Unaffordable),
    ("upfrontcostexceedsbalance", Refusal::Unaffordable),
    ("intrinsic gas", Refusal::Invalid),
    ("exceeds block gas limit", Refusal::Invalid),
    ("invalid sender", Refusal::Invalid),
    ("invalid signature", Refusal::Invalid),
    ("invalid chain id", Refusal::Invalid),
    ("higher than max fee per gas", Refusal::Invalid),
    ("oversized data", Refusal::Invalid),
    ("initcode size", Refusal::Invalid),
    ("transaction type not supported", Refusal::Invalid),
];

/// Why a node does not take a signed transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has it.
    AlreadyKnown,
    /// One with this nonce is on the chain.
    NonceUsed,
    /// One with this nonce waits, and this one does not pay enough more to replace it.
    NonceTaken,
    /// It pays less for gas than is asked now.
    FeeTooLow,
    /// The wallet holds less than it takes.
    Unaffordable,
    /// No block can hold it.
    Invalid,
}

impl Refusal {
    /// `None` for words that are not known: they may be about the node, or pass.
    pub(super) fn read(message: &str) -> Option<Self> {
        let message = message.to_lowercase();
        let row = WORDS.iter().find(|(words, _)| message.contains(words));
        row.map(|(_, refusal)| *refusal)
    }

    pub(super) fn into_error(self, message: String) -> ChainError {
        match self {
            Self::NonceUsed => ChainError::NonceUsed(message),
            Self::NonceTaken => ChainError::NonceTaken(message),
            Self::FeeTooLow => ChainError::FeeTooLow(message),
            Self::Unaffordable => ChainError::Unaffordable(message),
            Self::AlreadyKnown | Self::Invalid => ChainError::Rejected(message),
        }
    }
}

/// What a node's error to `eth_call` or `eth_estimateGas` means: the call would fail, or the node
/// cannot say.
pub(super) fn execution_failed(error: NodeError) -> ChainError {
    let revert = error.data.as_ref().and_then(revert_data);
    let ran = EXECUTION_CODES.contains(&error.code)
        || revert.is_some()
        || error.message.to_lowercase().contains("revert");
    if !ran {
        return RpcError::Node(error).into();
    }
    let reason = revert.and_then(|data| revert_reason(&data)).unwrap_or(error.message);
    ChainError::ExecutionFailed { reason, logs: Vec::new() }
}

/// What the contract returned: the data itself, or within an object as some nodes have it.
fn revert_data(data: &Value) -> Option<Vec<u8>> {
    let text = data.as_str().or_else(|| data.get("data")?.as_str())?;
    decode_hex(text.strip_prefix("0x")?).ok()
}

/// The contract's own words.
fn revert_reason(data: &[u8]) -> Option<String> {
    let (selector, arguments) = data.split_first_chunk::<4>()?;
    match *selector {
        ERROR => erc20::read_text(arguments).ok().map(|text| readable(&text)),
        PANIC => erc20::read_amount(arguments).ok().map(|code| format!("panic {code}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_words_of_nodes_are_understood() {
        for (message, expected) in [
            ("already known", Refusal::AlreadyKnown),
            ("AlreadyKnown", Refusal::AlreadyKnown),
            ("ALREADY_EXISTS: already exists", Refusal::AlreadyKnown),
            ("transaction already imported", Refusal::AlreadyKnown),
            ("nonce too low: address 0x00, tx: 3 state: 4", Refusal::NonceUsed),
            ("OldNonce, Current nonce: 4, nonce of rejected tx: 3", Refusal::NonceUsed),
            ("replacement transaction underpriced", Refusal::NonceTaken),
            ("transaction underpriced: tip needed 1, tip permitted 0", Refusal::FeeTooLow),
            ("max fee per gas less than block base fee", Refusal::FeeTooLow),
            ("insufficient funds for gas * price + value", Refusal::Unaffordable),
            ("intrinsic gas too low: have 1, want 21000", Refusal::Invalid),
        ] {
            assert_eq!(Refusal::read(message), Some(expected), "{message}");
        }
        for message in
            ["", "internal error", "txpool is full", "nonce too high", "method not found"]
        {
            assert_eq!(Refusal::read(message), None, "{message}");
        }
    }

    #[test]
    fn the_contracts_own_words_are_shown() {
        let word = |text: &str| format!("{text:0>64}");
        let text = format!("{:0<64}", "6e6f2066756e6473");
        let error = format!("0x08c379a0{}{}{text}", word("20"), word("8"));
        let panic = format!("0x4e487b71{}", word("11"));
        for (code, data, expected) in [
            (3, json!(error), Some("no funds")),
            (-32603, json!({"data": error}), Some("no funds")),
            (3, json!(panic), Some("panic 17")),
            (3, json!("0x"), Some("execution failed")),
            (3, json!("0x12345678"), Some("execution failed")),
            (-32000, json!(null), Some("execution failed")),
            (-32603, json!(null), None),
        ] {
            let message = "execution failed".to_owned();
            let error = NodeError { method: "eth_call", code, message, data: Some(data) };
            let failed = execution_failed(error);
            let said = matches!(&failed, ChainError::ExecutionFailed { reason, .. }
                if Some(reason.as_str()) == expected);
            assert!(said || expected.is_none() && failed.code() == "RPC_ERROR", "{failed:?}");
        }
    }
}
