//! SPL Token and Token-2022: token accounts, and what their owners let happen to them.
//!
//! Layouts are those of `TokenInstruction` in `spl-token-interface` and
//! `spl-token-2022-interface`; the two share what is read here. Only the form with a single
//! authority is read: further accounts are the signers of a multisig, or those of a transfer hook.

use primitives::{Amount, SolanaAddress};

use super::instruction::{AccountMeta, Call, Instruction};
use super::well_known;
use crate::{AuthorityKind, Effect, OpaqueReason};

const TRANSFER: u8 = 3;
const APPROVE: u8 = 4;
const REVOKE: u8 = 5;
const SET_AUTHORITY: u8 = 6;
const BURN: u8 = 8;
const CLOSE_ACCOUNT: u8 = 9;
const TRANSFER_CHECKED: u8 = 12;
const APPROVE_CHECKED: u8 = 13;
const BURN_CHECKED: u8 = 15;
const SYNC_NATIVE: u8 = 17;
/// Token-2022: the transfer fee extension, whose own instruction follows.
const TRANSFER_FEE_EXTENSION: u8 = 26;
const TRANSFER_CHECKED_WITH_FEE: u8 = 1;

/// One of the two programs that rule tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TokenProgram {
    /// SPL Token.
    Token,
    /// Token-2022, also called Token Extensions.
    Token2022,
}

/// A transfer that says which mint it means; the program refuses another, or other decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransferChecked {
    /// Which program rules the mint.
    pub program: TokenProgram,
    /// The token account that the tokens leave.
    pub source: SolanaAddress,
    /// The mint.
    pub mint: SolanaAddress,
    /// The token account that gets them.
    pub destination: SolanaAddress,
    /// The owner of `source`.
    pub authority: SolanaAddress,
    /// Base units.
    pub amount: u64,
    /// The mint's decimals.
    pub decimals: u8,
}

/// A delegate of a token account, who may take tokens from it later; the one before is one no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApproveChecked {
    /// Which program rules the mint.
    pub program: TokenProgram,
    /// The token account that the tokens may be taken from.
    pub source: SolanaAddress,
    /// The mint.
    pub mint: SolanaAddress,
    /// Who may take them.
    pub delegate: SolanaAddress,
    /// The owner of `source`.
    pub authority: SolanaAddress,
    /// Base units.
    pub amount: u64,
    /// The mint's decimals.
    pub decimals: u8,
}

impl TokenProgram {
    /// The program's address.
    pub const fn address(self) -> SolanaAddress {
        match self {
            Self::Token => well_known(b"TokenkegQfeZyiNwAJbNbGKPFXCWuBvf9Ss623VQ5DA"),
            Self::Token2022 => well_known(b"TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"),
        }
    }

    /// The program with that address, such as the owner of a mint's account.
    pub fn from_address(address: SolanaAddress) -> Option<Self> {
        [Self::Token, Self::Token2022].into_iter().find(|program| program.address() == address)
    }
}

impl TransferChecked {
    /// The instruction.
    pub fn instruction(&self) -> Instruction {
        let amount = self.amount.to_le_bytes();
        Instruction {
            program_id: self.program.address(),
            accounts: vec![
                AccountMeta::writable(self.source),
                AccountMeta::readonly(self.mint),
                AccountMeta::writable(self.destination),
                AccountMeta::readonly_signer(self.authority),
            ],
            data: [&[TRANSFER_CHECKED][..], &amount, &[self.decimals]].concat(),
        }
    }
}

impl ApproveChecked {
    /// The instruction.
    pub fn instruction(&self) -> Instruction {
        let amount = self.amount.to_le_bytes();
        Instruction {
            program_id: self.program.address(),
            accounts: vec![
                AccountMeta::writable(self.source),
                AccountMeta::readonly(self.mint),
                AccountMeta::readonly(self.delegate),
                AccountMeta::readonly_signer(self.authority),
            ],
            data: [&[APPROVE_CHECKED][..], &amount, &[self.decimals]].concat(),
        }
    }
}

/// What a call of `program` does to `wallet`; `None` when it is not read. `holder` says who is to
/// be named as the one who gets what arrives in a token account of a mint.
pub(super) fn effects(
    call: &Call<'_>,
    wallet: SolanaAddress,
    program: TokenProgram,
    holder: impl Fn(SolanaAddress, SolanaAddress) -> SolanaAddress,
) -> Option<Vec<Effect>> {
    let accounts = call.accounts.as_deref()?;
    let (authority, others) = accounts.split_last()?;
    let (tag, fields) = call.data.split_first()?;
    let effect = match (*tag, others) {
        (TRANSFER_CHECKED, [_, mint, to]) => out(*mint, holder(*to, *mint), checked(fields)?),
        (TRANSFER_FEE_EXTENSION, [_, mint, to]) if program == TokenProgram::Token2022 => {
            out(*mint, holder(*to, *mint), checked_with_fee(fields)?)
        }
        (APPROVE_CHECKED, [_, mint, delegate]) => Effect::Allowance {
            token: (*mint).into(),
            spender: (*delegate).into(),
            amount: checked(fields)?,
        },
        (BURN, [_, mint]) => out(*mint, NOBODY, unchecked(fields)?),
        (BURN_CHECKED, [_, mint]) => out(*mint, NOBODY, checked(fields)?),
        (TRANSFER | APPROVE, [from, _]) => {
            unchecked(fields)?;
            Effect::Opaque(OpaqueReason::UnknownToken { from: *from })
        }
        (SET_AUTHORITY, [subject]) => authority_change(*subject, fields, program)?,
        // What they do is in the owner's favour: an allowance ends, the lamports of an account
        // come home, wrapped lamports are counted.
        (REVOKE, [_]) | (SYNC_NATIVE, []) if fields.is_empty() => return Some(Vec::new()),
        (CLOSE_ACCOUNT, [_, to]) if fields.is_empty() && *to == wallet => return Some(Vec::new()),
        _ => return None,
    };
    Some(if *authority == wallet { vec![effect] } else { Vec::new() })
}

/// Who gets burnt tokens, written like the recipient of a burn on an EVM chain.
const NOBODY: SolanaAddress = SolanaAddress([0; 32]);

fn out(token: SolanaAddress, to: SolanaAddress, amount: Amount) -> Effect {
    Effect::TokenOut { token: token.into(), to: to.into(), amount }
}

/// An amount.
fn unchecked(fields: &[u8]) -> Option<Amount> {
    fields.try_into().ok().map(u64::from_le_bytes).map(Amount::from)
}

/// An amount, and the mint's decimals.
fn checked(fields: &[u8]) -> Option<Amount> {
    let (_decimals, amount) = fields.split_last()?;
    unchecked(amount)
}

/// The extension's own tag, an amount, the mint's decimals, and the fee, which is taken out of the
/// amount.
fn checked_with_fee(fields: &[u8]) -> Option<Amount> {
    let fields = fields.strip_prefix(&[TRANSFER_CHECKED_WITH_FEE])?;
    let (rest, _fee) = fields.split_last_chunk::<8>()?;
    checked(rest)
}

/// Which authority, and the new one behind a byte that says whether there is one.
fn authority_change(
    subject: SolanaAddress,
    fields: &[u8],
    program: TokenProgram,
) -> Option<Effect> {
    let (authority_type, new) = fields.split_first()?;
    let kind = match (*authority_type, program) {
        (2 | 3, _) => AuthorityKind::TokenAccount,
        (0 | 1, _) | (_, TokenProgram::Token2022) => AuthorityKind::Mint,
        (_, TokenProgram::Token) => return None,
    };
    let to = match new.split_first()? {
        (0, []) => None,
        (1, address) => Some(SolanaAddress(address.try_into().ok()?).into()),
        _ => return None,
    };
    Some(Effect::AuthorityChange { kind, subject: subject.into(), to })
}
