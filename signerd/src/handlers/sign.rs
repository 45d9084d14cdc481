//! The sign path: bytes → [`txcodec::Decoded`] → [`crate::guard::Cleared`] →
//! [`crate::journal::Recorded`] → signature. Each value is used up by the next step, and only the
//! step before can make it.

use primitives::{Address, Chain, WalletId};
use protocol::{KeyState, Latch, Refusal, RefusalCode};
use txcodec::{DecodeError, Decoded, evm, message, solana};

use super::unknown_wallet;
use crate::guard::{self, Guard};
use crate::journal::{Unsynced, WalletState};
use crate::signer::{Signer, Step};

pub(super) fn transaction(
    signer: &mut Signer,
    wallet: WalletId,
    unsigned: &[u8],
) -> Result<Step, Refusal> {
    sign(signer, wallet, |address| match address {
        Address::Evm(address) => evm::decode(unsigned, address),
        Address::Solana(address) => solana::decode(unsigned, address),
    })
}

pub(super) fn message(signer: &mut Signer, wallet: WalletId, text: &[u8]) -> Result<Step, Refusal> {
    sign(signer, wallet, |address| message::decode_text(address.chain(), text))
}

pub(super) fn typed_data(
    signer: &mut Signer,
    wallet: WalletId,
    typed_data: &[u8],
) -> Result<Step, Refusal> {
    sign(signer, wallet, |address| match address.chain() {
        Chain::Evm => message::decode_typed_data(typed_data),
        Chain::Solana => Err(DecodeError::Unsupported("typed data with a Solana key")),
    })
}

/// Everything up to the disk; the batch's commit and the vault do the rest.
fn sign(
    signer: &mut Signer,
    wallet: WalletId,
    decode: impl FnOnce(Address) -> Result<Decoded, DecodeError>,
) -> Result<Step, Refusal> {
    record(signer, wallet, decode).map(Step::Sign).inspect_err(|refusal| {
        if signer.journal.state().wallet(wallet).is_some() {
            signer.refused(wallet, refusal.code);
        }
    })
}

fn record(
    signer: &mut Signer,
    wallet: WalletId,
    decode: impl FnOnce(Address) -> Result<Decoded, DecodeError>,
) -> Result<Unsynced, Refusal> {
    let now = signer.clock.now();
    let (state, guard) = signing_wallet(signer, wallet, now)?;
    let decoded = decode(state.snapshot().address).map_err(undecodable)?;
    let windows = state.windows_for(decoded.signing_input(), now);
    let cleared = guard::clear(wallet, guard, windows, decoded, now)?;
    Ok(signer.journal.record(now, cleared))
}

/// The wallet, if it signs at all at the moment.
fn signing_wallet(
    signer: &Signer,
    wallet: WalletId,
    now: u64,
) -> Result<(&WalletState, &Guard), Refusal> {
    let (latch, reason) = signer.latch();
    match latch {
        Latch::Active => {}
        Latch::Suspended => {
            return Err(Refusal::new(
                RefusalCode::Suspended,
                format!("signing is suspended ({reason}); an operator can `waiaasctl resume`"),
            ));
        }
    }
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
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

fn undecodable(error: DecodeError) -> Refusal {
    Refusal::new(RefusalCode::Undecodable, error.to_string())
}
