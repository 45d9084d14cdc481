//! Owners: whether one signed what was asked, and how one says who they are.
//!
//! About approvals the signer decides; to check them here saves asking it in vain, and tells who
//! signed something else at once. What only stops something, and what the gateway alone decides, an
//! owner asks for with a signed message: its words are an [`Action`]'s, its form [`SignIn`], and its
//! nonce is used once.

mod action;
mod nonces;
mod sign_in;
mod signature;
mod site;
#[cfg(test)]
pub(crate) mod testing;

pub use action::Action;
pub use nonces::{Nonce, NonceError, Nonces, is_nonce};
pub use sign_in::{LONGEST, MAX_TEXT, Moment, SignIn, SignInError};
pub use signature::is_valid;
pub use site::{NAMES, Site};
