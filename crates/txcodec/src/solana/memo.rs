//! The Memo program: words for the record.

use primitives::SolanaAddress;

use super::instruction::{Call, Instruction};
use super::well_known;
use crate::Effect;

/// The program that the wallet writes memos with.
pub const PROGRAM: SolanaAddress = well_known(b"MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr");
/// Its first version, which is still in use.
pub const PROGRAM_V1: SolanaAddress = well_known(b"Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo");

/// Puts `text` on the record.
pub fn memo(text: &str) -> Instruction {
    Instruction { program_id: PROGRAM, accounts: Vec::new(), data: text.as_bytes().to_vec() }
}

/// What a call of the program does; `None` when it is not read.
pub(super) fn effects(call: &Call<'_>) -> Option<Vec<Effect>> {
    let text = str::from_utf8(call.data).ok()?;
    Some(vec![Effect::Memo { text: text.to_owned() }])
}
