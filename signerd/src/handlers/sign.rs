//! The sign path: bytes → [`txcodec::Decoded`] → [`crate::guard::Judged`] →
//! [`crate::guard::Cleared`] → [`crate::journal::Recorded`] → signature. Each value is used up by
//! the next step, and only the step before can make it.

use primitives::{Address, WalletId};
use protocol::{KeyState, Payload, Refusal, RefusalCode, Warrant};
use txcodec::{DecodeError, Decoded, evm, message, solana};

use super::unknown_wallet;
use crate::clock::Moment;
use crate::guard::{self, Guard, Judged, Permit};
use crate::journal::{Noted, WalletState};
use crate::latch::{self, Stops};
use crate::owners::{self, Asker};
use crate::signer::{Signer, Step};

/// Everything up to the disk; the batch's commit and the vault do the rest.
pub(super) fn sign(
    signer: &mut Signer,
    wallet: WalletId,
    payload: &Payload,
    warrant: &Warrant,
) -> Result<Step, Refusal> {
    record(signer, wallet, payload, warrant).map(Step::Sign).inspect_err(|refusal| {
        if signer.journal.state().wallet(wallet).is_some() {
            signer.refused(wallet, refusal.code);
        }
    })
}

fn record(
    signer: &mut Signer,
    wallet: WalletId,
    payload: &Payload,
    warrant: &Warrant,
) -> Result<Noted, Refusal> {
    let moment = signer.clock.moment();
    let (state, guard) = signing_wallet(signer, wallet, moment.now)?;
    guard.check_pace(state.windows(), moment.now)?;
    let decoded = decode(payload, state.snapshot().address)?;
    let repeat = signer.journal.state().repeat(wallet, decoded.signing_input(), moment.now);
    let judged = guard::judge(guard, state.windows(), decoded, wallet, moment)?;
    let permit = match repeat {
        Some(repeat) => Permit::Again(repeat),
        None => permit(signer, wallet, warrant, &judged, moment)?,
    };
    let enrolment = permit.enrolment();
    let cleared = judged.clear(permit)?;
    if let Some(event) = enrolment {
        signer.note(event);
    }
    Ok(signer.journal.record(moment, cleared))
}

/// What the warrant is worth.
fn permit(
    signer: &mut Signer,
    wallet: WalletId,
    warrant: &Warrant,
    judged: &Judged,
    moment: Moment,
) -> Result<Permit, Refusal> {
    match warrant {
        Warrant::None => {
            Ok(signer.journal.pay(judged, moment.now).map_or(Permit::None, Permit::Leased))
        }
        Warrant::Announced(id) => {
            let (state, guard) = signing_wallet(signer, wallet, moment.now)?;
            let (intent, delay_seconds) = (judged.intent(), guard.delay_seconds());
            let waited = state.announcements().redeem(*id, intent, delay_seconds, moment.now);
            waited.map(Permit::Waited)
        }
        Warrant::Approved(approval) => {
            let (state, _guard) = signing_wallet(signer, wallet, moment.now)?;
            let asker = Asker::new(signer.journal.state(), state, moment);
            owners::approve(asker, judged, approval).map(Permit::Approved)
        }
    }
}

/// The wallet, if it signs at all at the moment.
pub(super) fn signing_wallet(
    signer: &Signer,
    wallet: WalletId,
    now: u64,
) -> Result<(&WalletState, &Guard), Refusal> {
    let (latch, reason) = signer.latch();
    latch::check(Stops::Signer, latch, reason)?;
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    let reason = signer.journal.state().halted_for(state);
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
pub(super) fn decode(payload: &Payload, address: Address) -> Result<Decoded, Refusal> {
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
