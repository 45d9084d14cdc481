//! Instructions before they are compiled into a message, and as they are read out of one.

use primitives::SolanaAddress;

/// One call of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The program.
    pub program_id: SolanaAddress,
    /// The accounts that it gets, in the program's own order.
    pub accounts: Vec<AccountMeta>,
    /// What the program reads.
    pub data: Vec<u8>,
}

/// An account that an instruction uses, and what it needs of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccountMeta {
    /// The account.
    pub address: SolanaAddress,
    /// It must sign the transaction.
    pub is_signer: bool,
    /// The program may change it.
    pub is_writable: bool,
}

impl AccountMeta {
    /// An account that is changed, without its signature.
    pub const fn writable(address: SolanaAddress) -> Self {
        Self { address, is_signer: false, is_writable: true }
    }

    /// An account that is changed, and signs.
    pub const fn writable_signer(address: SolanaAddress) -> Self {
        Self { address, is_signer: true, is_writable: true }
    }

    /// An account that is only read.
    pub const fn readonly(address: SolanaAddress) -> Self {
        Self { address, is_signer: false, is_writable: false }
    }

    /// An account that is only read, and signs.
    pub const fn readonly_signer(address: SolanaAddress) -> Self {
        Self { address, is_signer: true, is_writable: false }
    }
}

/// An instruction as a message holds it, its indices followed.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// The program: always an account that stands in the message itself.
    pub(super) program: SolanaAddress,
    /// The accounts; `None` when one of them stands in a lookup table.
    pub(super) accounts: Option<Vec<SolanaAddress>>,
    /// What the program reads.
    pub(super) data: &'a [u8],
}
