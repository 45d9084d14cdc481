//! Accounts as a node shows them.

use primitives::SolanaAddress;

use crate::chains::ChainError;
use crate::chains::answer::Part;

/// An account that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// What it holds.
    pub(super) lamports: u64,
    /// The program that may change it.
    pub(super) program: SolanaAddress,
    /// What the program wrote into it.
    pub(super) data: Vec<u8>,
}

/// An account, or `None` for `null`, which is what a node says of one that does not exist.
pub(super) fn read_account(part: Part<'_>) -> Result<Option<Account>, ChainError> {
    if part.is_null() {
        return Ok(None);
    }
    Ok(Some(Account {
        lamports: part.field("lamports")?.number()?,
        program: read_address(part.field("owner")?)?,
        data: part.field("data")?.base64()?,
    }))
}

/// An address, or another value of 32 bytes in base58.
pub(super) fn read_address(part: Part<'_>) -> Result<SolanaAddress, ChainError> {
    part.text()?.parse().map_err(|_malformed| part.bad("not base58 of 32 bytes"))
}
