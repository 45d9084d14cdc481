//! The Associated Token Account program: the one token account of an owner and a mint whose
//! address anybody can derive.

use curve25519_dalek::edwards::CompressedEdwardsY;
use primitives::{Amount, SolanaAddress};
use sha2::{Digest, Sha256};

use super::instruction::{AccountMeta, Call, Instruction};
use super::token::TokenProgram;
use super::{system, well_known};
use crate::Effect;

/// The program.
pub const PROGRAM: SolanaAddress = well_known(b"ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL");

const CREATE: u8 = 0;
const CREATE_IDEMPOTENT: u8 = 1;

/// What one byte of an account costs for as long as it exists: two years of 3480 lamports.
const LAMPORTS_PER_BYTE: u64 = 6960;
/// What an account takes beside its content, as rent counts it.
const ACCOUNT_OVERHEAD: u64 = 128;

/// A token account that a message makes, or makes sure of: its address was derived here, and the
/// program fails unless the account then belongs to `owner`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Creation {
    funder: SolanaAddress,
    pub(super) account: SolanaAddress,
    pub(super) owner: SolanaAddress,
    pub(super) mint: SolanaAddress,
    pub(super) program: TokenProgram,
}

/// The address of `owner`'s token account for `mint`.
pub fn derive(
    owner: SolanaAddress,
    mint: SolanaAddress,
    token_program: TokenProgram,
) -> SolanaAddress {
    derived_address(&[owner.0, token_program.address().0, mint.0], PROGRAM)
}

/// Whether `account` is `owner`'s token account for `mint`, under whichever program rules the mint.
pub fn is_of(account: SolanaAddress, owner: SolanaAddress, mint: SolanaAddress) -> bool {
    [TokenProgram::Token, TokenProgram::Token2022]
        .into_iter()
        .any(|program| account == derive(owner, mint, program))
}

/// Makes `owner`'s token account for `mint` at the expense of `funder`, unless it exists.
pub fn create_idempotent(
    funder: SolanaAddress,
    owner: SolanaAddress,
    mint: SolanaAddress,
    token_program: TokenProgram,
) -> Instruction {
    Instruction {
        program_id: PROGRAM,
        accounts: vec![
            AccountMeta::writable_signer(funder),
            AccountMeta::writable(derive(owner, mint, token_program)),
            AccountMeta::readonly(owner),
            AccountMeta::readonly(mint),
            AccountMeta::readonly(system::PROGRAM),
            AccountMeta::readonly(token_program.address()),
        ],
        data: vec![CREATE_IDEMPOTENT],
    }
}

/// The most that a new token account costs, in lamports.
///
/// An account of SPL Token has 165 bytes. One of Token-2022 has besides those the extensions that
/// its mint asks for (account type, immutable owner, transfer fee, transfer hook, not transferable,
/// pausable: 195 bytes in all today); 256 leave room for more.
pub fn rent_ceiling(token_program: TokenProgram) -> Amount {
    let bytes: u64 = match token_program {
        TokenProgram::Token => 165,
        TokenProgram::Token2022 => 256,
    };
    Amount::from(bytes.saturating_add(ACCOUNT_OVERHEAD).saturating_mul(LAMPORTS_PER_BYTE))
}

/// The account that a call makes; `None` when it does something else, or when its accounts are not
/// the derived ones, so that nobody knows what another token program would do.
pub(super) fn creation(call: &Call<'_>) -> Option<Creation> {
    if call.program != PROGRAM || !matches!(call.data, [] | [CREATE | CREATE_IDEMPOTENT]) {
        return None;
    }
    let [funder, account, owner, mint, system, token_program] = call.accounts.as_deref()? else {
        return None;
    };
    let program = TokenProgram::from_address(*token_program)?;
    let is_derived = *system == system::PROGRAM && *account == derive(*owner, *mint, program);
    is_derived.then_some(Creation {
        funder: *funder,
        account: *account,
        owner: *owner,
        mint: *mint,
        program,
    })
}

/// What a call of the program does to `wallet`; `None` when it is not read.
pub(super) fn effects(call: &Call<'_>, wallet: SolanaAddress) -> Option<Vec<Effect>> {
    let creation = creation(call)?;
    let rent = Effect::Rent {
        account: creation.account,
        owner: Some(creation.owner).filter(|owner| *owner != wallet),
        amount: rent_ceiling(creation.program),
    };
    Some(if creation.funder == wallet { vec![rent] } else { Vec::new() })
}

/// `find_program_address` of Solana's documentation: the first hash, over a counter from 255 down,
/// that is no point on the curve and so belongs to nobody's key.
fn derived_address(seeds: &[[u8; 32]], program: SolanaAddress) -> SolanaAddress {
    (0..=u8::MAX)
        .rev()
        .map(|bump| hash_of(seeds, bump, program))
        .find(|hash| CompressedEdwardsY(*hash).decompress().is_none())
        .map(SolanaAddress)
        .expect("of 256 hashes about half are no point on the curve")
}

fn hash_of(seeds: &[[u8; 32]], bump: u8, program: SolanaAddress) -> [u8; 32] {
    let mut hash = Sha256::new();
    for seed in seeds {
        hash.update(seed);
    }
    hash.update([bump]);
    hash.update(program.0);
    hash.update(b"ProgramDerivedAddress");
    hash.finalize().into()
}
