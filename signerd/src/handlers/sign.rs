//! The sign path: bytes → [`txcodec::Decoded`] → [`crate::guard::Cleared`] →
//! [`crate::journal::Recorded`] → signature. Each value is used up by the next step, and only the
//! step before can make it.

use primitives::{Address, WalletId};
use protocol::{KeyState, Payload, Refusal, RefusalCode, Warrant};
use txcodec::{DecodeError, Decoded, evm, message, solana};

use super::unknown_wallet;
use crate::guard::{self, Guard};
use crate::journal::{Unsynced, WalletState};
use crate::latch::{self, Stops};
use crate::signer::{Signer, Step};

/// Everything up to the disk; the batch's commit and the vault do the rest.
pub(super) fn sign(
    signer: &mut Signer,
    wallet: WalletId,
    payload: &Payload,
    _warrant: &Warrant,
) -> Result<Step, Refusal> {
    record(signer, wallet, payload).map(Step::Sign).inspect_err(|refusal| {
        if signer.journal.state().wallet(wallet).is_some() {
            signer.refused(wallet, refusal.code);
        }
    })
}

fn record(signer: &mut Signer, wallet: WalletId, payload: &Payload) -> Result<Unsynced, Refusal> {
    let moment = signer.clock.moment();
    let now = moment.now;
    let (state, guard) = signing_wallet(signer, wallet, now)?;
    let decoded = decode(payload, state.snapshot().address)?;
    let windows = state.windows_for(decoded.signing_input(), now);
    let cleared = guard::clear(wallet, guard, windows, decoded, now)?;
    Ok(signer.journal.record(moment, cleared))
}

/// The wallet, if it signs at all at the moment.
fn signing_wallet(
    signer: &Signer,
    wallet: WalletId,
    now: u64,
) -> Result<(&WalletState, &Guard), Refusal> {
    let (latch, reason) = signer.latch();
    latch::check(Stops::Signer, latch, reason)?;
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let reason = signer.journal.state().latches().reason_of(wallet);
    latch::check(Stops::Wallet(wallet), state.snapshot().latch, reason)?;
    match state.key_state(now) {
        KeyState::Active | KeyState::Retiring { .. } => {}
        KeyState::Retired => {
            return Err(Refusal::new(
                RefusalCode::WalletRetired,
                "the wallet was replaced by another and its grace period is over",
            ));
        }
    }
    let guard = state.guard().ok_or_else(|| {
        Refusal::new(RefusalCode::BadGuard, "the wallet's guard cannot be read; set it anew")
    })?;
    Ok((state, guard))
}

/// Reads what is to be signed, as a key with `address` would sign it.
fn decode(payload: &Payload, address: Address) -> Result<Decoded, Refusal> {
    let decoded = match (payload, address) {
        (Payload::Transaction(unsigned), Address::Evm(address)) => evm::decode(unsigned, address),
        (Payload::Transaction(unsigned), Address::Solana(address)) => {
            solana::decode(unsigned, address)
        }
        (Payload::Text(text), _) => message::decode_text(address.chain(), text),
        (Payload::TypedData(data), Address::Evm(_)) => message::decode_typed_data(data),
        (Payload::TypedData(_), Address::Solana(_)) => {
            Err(DecodeError::Unsupported("typed data with a Solana key"))
        }
    };
    decoded.map_err(|error| Refusal::new(RefusalCode::Undecodable, error.to_string()))
}
