//! Whether an owner signed what was asked. The signer decides; this saves asking it in vain, and
//! tells who signed something else at once.

mod signature;
#[cfg(test)]
pub(crate) mod testing;

pub use signature::is_valid;
