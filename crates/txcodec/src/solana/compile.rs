//! From instructions to a message: which accounts it names, and in which order.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use primitives::SolanaAddress;

use super::instruction::{AccountMeta, Instruction};
use super::message::{CompiledInstruction, Header, Message, Version};
use crate::DecodeError;

/// What any of the instructions needs of an account.
#[derive(Clone, Copy, Debug, Default)]
struct Role {
    is_signer: bool,
    is_writable: bool,
}

impl Message {
    /// Puts `instructions` into a message that `fee_payer` pays for, and that is valid while
    /// `recent_blockhash` is recent.
    ///
    /// # Errors
    /// When the result would be no message that [`Message::from_bytes`] reads: too large for a
    /// packet, or the fee payer is called as a program.
    pub fn compile(
        fee_payer: SolanaAddress,
        instructions: &[Instruction],
        recent_blockhash: [u8; 32],
        version: Version,
    ) -> Result<Self, DecodeError> {
        let roles = roles(fee_payer, instructions);
        let accounts = in_order(fee_payer, &roles);
        let compiled = instructions.iter().map(|call| compile_instruction(call, &accounts));
        Self {
            version,
            header: Header {
                required_signatures: count(&roles, |role| role.is_signer)?,
                readonly_signed: count(&roles, |role| role.is_signer && !role.is_writable)?,
                readonly_unsigned: count(&roles, |role| !role.is_signer && !role.is_writable)?,
            },
            instructions: compiled.collect::<Result<_, _>>()?,
            accounts,
            recent_blockhash,
            lookups: Vec::new(),
        }
        .checked()
    }
}

/// Every account with the most that an instruction needs of it.
fn roles(fee_payer: SolanaAddress, instructions: &[Instruction]) -> BTreeMap<SolanaAddress, Role> {
    let programs = instructions.iter().map(|call| AccountMeta::readonly(call.program_id));
    let accounts = instructions.iter().flat_map(|call| call.accounts.iter().copied());
    let payer = AccountMeta::writable_signer(fee_payer);
    let mut roles = BTreeMap::<_, Role>::new();
    for meta in programs.chain(accounts).chain([payer]) {
        let role = roles.entry(meta.address).or_default();
        role.is_signer |= meta.is_signer;
        role.is_writable |= meta.is_writable;
    }
    roles
}

/// The fee payer, then by role as the header counts them; among equals the order of
/// `@solana/kit`, which is that of a dictionary: by base58 text, digits before letters, case
/// deciding last and lower case first.
fn in_order(fee_payer: SolanaAddress, roles: &BTreeMap<SolanaAddress, Role>) -> Vec<SolanaAddress> {
    let mut accounts: Vec<_> = roles.iter().collect();
    accounts.sort_by_cached_key(|(account, role)| {
        let text = account.to_string();
        let by_role = (**account != fee_payer, !role.is_signer, !role.is_writable);
        (by_role, text.to_ascii_lowercase(), Reverse(text))
    });
    accounts.into_iter().map(|(account, _)| *account).collect()
}

fn count(
    roles: &BTreeMap<SolanaAddress, Role>,
    wanted: fn(&Role) -> bool,
) -> Result<u8, DecodeError> {
    let count = roles.values().filter(|role| wanted(role)).count();
    u8::try_from(count).map_err(|_above| DecodeError::TooMany("accounts"))
}

fn compile_instruction(
    instruction: &Instruction,
    accounts: &[SolanaAddress],
) -> Result<CompiledInstruction, DecodeError> {
    let index = |address| {
        let position = accounts.iter().position(|account| *account == address);
        let position = position.expect("every account of an instruction is in the list");
        u8::try_from(position).map_err(|_above| DecodeError::TooMany("accounts"))
    };
    Ok(CompiledInstruction {
        program_index: index(instruction.program_id)?,
        accounts: instruction
            .accounts
            .iter()
            .map(|meta| index(meta.address))
            .collect::<Result<_, _>>()?,
        data: instruction.data.clone(),
    })
}
