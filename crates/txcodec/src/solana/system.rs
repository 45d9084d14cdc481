//! The System program: moves lamports, makes accounts and gives them away.
//!
//! Layouts are those of `SystemInstruction` in `solana-system-interface`: a tag of 32 bits and the
//! fields, little-endian, a text behind a length of 64 bits.

use primitives::{Amount, SolanaAddress};

use super::fields::Fields;
use super::instruction::{AccountMeta, Call, Instruction};
use super::well_known;
use crate::{AuthorityKind, Effect, OpaqueReason};

/// The program; its address is zero.
pub const PROGRAM: SolanaAddress = well_known(b"11111111111111111111111111111111");

const CREATE_ACCOUNT: u32 = 0;
const ASSIGN: u32 = 1;
const TRANSFER: u32 = 2;
const CREATE_ACCOUNT_WITH_SEED: u32 = 3;
const ADVANCE_NONCE_ACCOUNT: u32 = 4;
const WITHDRAW_NONCE_ACCOUNT: u32 = 5;
const INITIALIZE_NONCE_ACCOUNT: u32 = 6;
const AUTHORIZE_NONCE_ACCOUNT: u32 = 7;
const ALLOCATE_WITH_SEED: u32 = 9;
const ASSIGN_WITH_SEED: u32 = 10;
const TRANSFER_WITH_SEED: u32 = 11;
const UPGRADE_NONCE_ACCOUNT: u32 = 12;

/// Moves `lamports` from one account to another.
pub fn transfer(from: SolanaAddress, to: SolanaAddress, lamports: u64) -> Instruction {
    Instruction {
        program_id: PROGRAM,
        accounts: vec![AccountMeta::writable_signer(from), AccountMeta::writable(to)],
        data: [&TRANSFER.to_le_bytes()[..], &lamports.to_le_bytes()].concat(),
    }
}

/// What a call of the program does to `wallet`; `None` when it is not read.
///
/// A new account takes its lamports with it, to the program that rules it: that is a coin going
/// out, and control that somebody else has, whatever the lamports are meant for.
pub(super) fn effects(call: &Call<'_>, wallet: SolanaAddress) -> Option<Vec<Effect>> {
    let (tag, mut data) = Fields::new(call.data)?;
    let effects = match (tag, call.accounts.as_deref()?) {
        (TRANSFER, [from, to]) => out_if(*from == wallet, *to, data.number()?),
        (CREATE_ACCOUNT, [from, account]) => {
            let (lamports, _space) = (data.number()?, data.number()?);
            let mut effects = out_if(*from == wallet, *account, lamports);
            effects.push(given_away(*account, data.address()?));
            effects
        }
        (CREATE_ACCOUNT_WITH_SEED, [from, account] | [from, account, _]) => {
            data.base_and_seed()?;
            let (lamports, _space) = (data.number()?, data.number()?);
            let mut effects = out_if(*from == wallet, *account, lamports);
            effects.push(given_away(*account, data.address()?));
            effects
        }
        (ASSIGN, [account]) => vec![given_away(*account, data.address()?)],
        (ASSIGN_WITH_SEED, [account, _base]) => {
            data.base_and_seed()?;
            vec![given_away(*account, data.address()?)]
        }
        (ALLOCATE_WITH_SEED, [account, _base]) => {
            data.base_and_seed()?;
            let _space = data.number()?;
            vec![given_away(*account, data.address()?)]
        }
        (TRANSFER_WITH_SEED, [_from, base, to]) => {
            let lamports = data.number()?;
            data.seed()?;
            let _owner = data.address()?;
            out_if(*base == wallet, *to, lamports)
        }
        (WITHDRAW_NONCE_ACCOUNT, [_nonce, to, _blockhashes, _rent, authority]) => {
            out_if(*authority == wallet, *to, data.number()?)
        }
        (INITIALIZE_NONCE_ACCOUNT, [nonce, _blockhashes, _rent]) => {
            vec![nonce_given(*nonce, data.address()?)]
        }
        (AUTHORIZE_NONCE_ACCOUNT, [nonce, authority]) => {
            let change = nonce_given(*nonce, data.address()?);
            if *authority == wallet { vec![change] } else { Vec::new() }
        }
        // Anybody may, and it only ends the use of a nonce as a blockhash of the old form.
        (UPGRADE_NONCE_ACCOUNT, [_nonce]) => Vec::new(),
        (ADVANCE_NONCE_ACCOUNT, [_nonce, _blockhashes, _authority]) => {
            vec![Effect::Opaque(OpaqueReason::DurableNonce)]
        }
        _ => return None,
    };
    data.finish()?;
    Some(effects)
}

fn out_if(is_ours: bool, to: SolanaAddress, lamports: u64) -> Vec<Effect> {
    let out = Effect::NativeOut { to: to.into(), amount: Amount::from(lamports) };
    is_ours.then_some(out).into_iter().collect()
}

fn nonce_given(nonce: SolanaAddress, to: SolanaAddress) -> Effect {
    Effect::AuthorityChange {
        kind: AuthorityKind::NonceAccount,
        subject: nonce.into(),
        to: Some(to.into()),
    }
}

fn given_away(account: SolanaAddress, program: SolanaAddress) -> Effect {
    Effect::AuthorityChange {
        kind: AuthorityKind::AccountProgram,
        subject: account.into(),
        to: Some(program.into()),
    }
}
