//! Transactions: their states, and the one road from a request to a confirmed payment.

mod state;
mod transaction;

pub use state::{Status, Tier, UnknownStatus};
pub use transaction::{Drafted, Intent, Kind, Problem, Progress, Signed, Transaction, Transfer};
