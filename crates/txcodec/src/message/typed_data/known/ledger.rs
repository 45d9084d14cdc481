//! Networks, exchanges and accounts that take typed data for a transaction of theirs.

use super::Known;

const TRANSACTION: &str = "it is a transaction of a network of zkSync";
const EXCHANGE: &str = "it orders, moves or gives away what is held at Hyperliquid";
const CALLS: &str = "it is a list of calls for an account with code (EIP-7702)";

pub(super) const TYPES: &[Known] = &[
    Known::Opaque("Transaction", TRANSACTION),
    Known::Opaque("HyperliquidTransaction", EXCHANGE), // a colon and what it does follow
    Known::Opaque("Agent", EXCHANGE),
    Known::Opaque("SignedBatchedCall", CALLS), // Uniswap's Calibur
    Known::Opaque("Intent", CALLS),            // Porto
    Known::Opaque("Execute", CALLS),           // Porto, and Solady's accounts
];
