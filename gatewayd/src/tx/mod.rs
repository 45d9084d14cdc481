//! Transactions: their states, and the one road from a request to a confirmed payment.
//!
//! [`advance`] takes a stored transaction as far as it goes now. Everything that it needs to go on
//! after a crash is in the database before the next step begins.

mod announce;
mod asking;
mod clear;
mod codec;
mod divided;
mod draft;
mod follow;
mod gap;
mod gas;
mod halt;
mod judgement;
mod layer_1;
pub(crate) mod look_back;
mod nonce;
mod order;
mod owners;
mod pipeline;
mod question;
mod refusal;
mod renewal;
mod replace;
mod restored;
mod send;
mod sequence;
mod session_limits;
mod sign;
mod signals;
mod standing;
mod state;
mod stop;
mod transaction;
mod units;
mod version;
mod withdrawal;

pub(crate) use halt::{POLICY_DENIED, audit, call_off, finish};
pub(crate) use replace::MOST_VERSIONS;
pub(crate) use restored::settle as settle_restored;
pub(crate) use sequence::first_to_call_off;
pub(crate) use signals::wait_until_final;

pub use asking::Asking;
pub use codec::{decode, signed_message, signed_transaction};
pub use divided::{SequenceVerdicts, sequence_verdicts, together};
pub use judgement::{Gathered, Known, gathered, judged, nearing};
pub use order::{
    Account, Allowance, Approve, Call, Deed, Deploy, GasCondition, Instruction, NftStandard,
    NftTransfer, Order, Shown, ShownAmount, Transfer,
};
pub use pipeline::advance;
pub(crate) use pipeline::advance_past;
pub use question::{Asker, LONGEST_QUESTION, Question, QuestionError};
pub use session_limits::AskedBy;
pub(crate) use session_limits::reserve;
pub use signals::Signals;
pub use standing::Standing;
pub use state::{Status, Tier, UnknownStatus};
pub use stop::Swept;
pub(crate) use stop::{Whose, call_off_all};
pub use transaction::{
    Announced, Drafted, Intent, Kind, PartOf, Problem, Progress, Signed, Stage, Transaction,
};
pub use units::{Unit, UnitsError, decimals, listed as listed_units, unit, units};
pub(crate) use version::signed_count;
pub use version::{Form, Purpose, Version, Wish};

#[cfg(test)]
mod accounting;
#[cfg(test)]
pub(crate) mod any_deed;
#[cfg(test)]
mod calling_off;
#[cfg(test)]
pub(crate) mod fake_signer;
#[cfg(test)]
mod lies;
#[cfg(test)]
mod replacing;
#[cfg(test)]
mod sequences;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod torture;
#[cfg(test)]
mod waiting;
