//! Intents are announced, listed and called off: what waits, waits by the signer's own clock.

use primitives::WalletId;
use protocol::{Announcement, AnnouncementId, Demand, Payload, Refusal, RefusalCode, Reply};

use super::sign::{decode, signing_wallet};
use super::{done, unknown_wallet};
use crate::announce::Wish;
use crate::guard;
use crate::journal::Event;
use crate::signer::{Signer, Step};

/// Starts the wait of what the guard would sign after it. What it would sign at once waits as well:
/// who announces it has reasons of his own.
pub(super) fn announce(
    signer: &mut Signer,
    wallet: WalletId,
    id: AnnouncementId,
    payload: &Payload,
) -> Result<Step, Refusal> {
    let wish = wish(signer, wallet, id, payload).inspect_err(|refusal| {
        if signer.journal.state().wallet(wallet).is_some() {
            signer.refused(wallet, refusal.code);
        }
    })?;
    let announcement = match wish {
        Wish::Known(announcement) => announcement,
        Wish::New(announcement) => {
            let Announcement { wallet, id, intent, ready_at, expires_at } = announcement;
            signer.note(Event::Announced { wallet, id, intent, ready_at, expires_at });
            announcement
        }
    };
    Ok(Step::AfterCommit(Reply::Announced(announcement)))
}

fn wish(
    signer: &Signer,
    wallet: WalletId,
    id: AnnouncementId,
    payload: &Payload,
) -> Result<Wish, Refusal> {
    let moment = signer.clock.moment();
    let (state, guard) = signing_wallet(signer, wallet, moment.now)?;
    let decoded = decode(payload, state.snapshot().address)?;
    let judged = guard::judge(guard, state.windows(), decoded, wallet, moment)?;
    match judged.demand() {
        Demand::Immediate | Demand::Delay(_) => {}
        Demand::Owner(why) => {
            let message =
                format!("no wait is enough, the wallet's owners have to approve it: {why}");
            return Err(Refusal::new(RefusalCode::NeedsOwner, message));
        }
        Demand::Never(why) => return Err(Refusal::new(RefusalCode::EffectNotAllowed, why)),
    }
    let delay_seconds = guard.delay_seconds();
    let announcements = state.announcements();
    let wish = announcements.wish((wallet, id), judged.intent(), delay_seconds, moment.now)?;
    match wish {
        Wish::Known(_) => {}
        Wish::New(_) => guard.check_pace(state.windows(), moment.now)?,
    }
    Ok(wish)
}

/// What was called off is signed by nothing but another announcement, which waits anew.
pub(super) fn cancel(
    signer: &mut Signer,
    wallet: WalletId,
    id: AnnouncementId,
) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    state.announcements().check(id, signer.clock.now())?;
    signer.note(Event::Cancelled { wallet, id });
    Ok(done())
}

/// In the order of their announcing.
pub(super) fn list(signer: &Signer, wallet: WalletId) -> Result<Step, Refusal> {
    let state = signer.journal.state().wallet(wallet).ok_or_else(unknown_wallet)?;
    // Without a guard that can be read nothing is signed, whatever it waited.
    let delay_seconds = state.guard().map_or(0, guard::Guard::delay_seconds);
    let now = signer.clock.now();
    Ok(Step::Answer(Reply::Announcements(state.announcements().list(wallet, delay_seconds, now))))
}
