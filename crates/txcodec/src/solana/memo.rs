//! The Memo programs: words for the record.

use primitives::SolanaAddress;

use super::instruction::{Call, Instruction};
use super::well_known;
use crate::Effect;

/// The program that the wallet writes memos with: version 3, which every cluster has and nobody can
/// change.
pub const PROGRAM: SolanaAddress = well_known(b"MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
/// Its first version, which nobody can change either.
pub const PROGRAM_V1: SolanaAddress = well_known(b"Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");
/// The version after [`PROGRAM`]. Its keepers can replace it.
pub const PROGRAM_V4: SolanaAddress = well_known(b"Memo4c2pN8afCj432Lb7RMVKi9PbQnnW7ewFFaV3oAH");

/// Puts `text` on the record.
pub fn memo(text: &str) -> Instruction {
    Instruction { program_id: PROGRAM, accounts: Vec::new(), data: text.as_bytes().to_vec() }
}

/// What a call of a program does that nobody can change; `None` when it is not read.
pub(super) fn effects(call: &Call<'_>) -> Option<Vec<Effect>> {
    let text = str::from_utf8(call.data).ok()?;
    Some(vec![Effect::Memo { text: text.to_owned() }])
}

/// The same for a program that can be replaced: it is read only where it gets no account, so that
/// no successor can do anything with one.
pub(super) fn effects_without_accounts(call: &Call<'_>) -> Option<Vec<Effect>> {
    call.accounts.as_ref()?.is_empty().then(|| effects(call))?
}
