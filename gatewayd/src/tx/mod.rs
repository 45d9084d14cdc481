//! Transactions: their states, and the one road from a request to a confirmed payment.

mod state;

pub use state::{Status, Tier, UnknownStatus};
