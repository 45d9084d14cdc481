//! What was announced: intents whose wait runs by the signer's own clock.
//!
//! An announcement is for one intent, may be used from the end of its wait on for a day, and is used
//! once: the record of the signature closes it. The wait is the longer one of what the guard asked
//! for when it was announced and what it asks for now. [`Announcements::redeem`] is the only maker of
//! [`Waited`], which the guard takes for a wait.

use primitives::WalletId;
use protocol::wire::Item;
use protocol::{Announcement, AnnouncementId, Refusal, RefusalCode};

use crate::clock::UnixSeconds;

/// The most that one wallet may have open.
pub const MAX_OPEN: usize = 256;
/// For how long an announcement may be used once its wait is over.
pub const USABLE_SECONDS: u64 = 24 * 60 * 60;

/// What a wallet has announced and not signed, in the order of its announcing.
#[derive(Debug, Default)]
pub struct Announcements {
    open: Vec<Open>,
}

/// One announced intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Open {
    id: AnnouncementId,
    intent: [u8; 32],
    announced_at: UnixSeconds,
    ready_at: UnixSeconds,
    expires_at: UnixSeconds,
}

/// What comes of a wish to announce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Wish {
    /// It is announced already: nothing changes.
    Known(Announcement),
    /// It is to be announced like this.
    New(Announcement),
}

/// An intent was announced, its wait is over, and nobody called it off. Its fields are private and
/// only [`Announcements::redeem`] makes one, so nothing passes for waited that has not.
///
/// ```compile_fail,E0451
/// fn forge(id: protocol::AnnouncementId) -> signerd::announce::Waited {
///     signerd::announce::Waited { id, intent: [0; 32] } // its fields are private
/// }
/// ```
#[derive(Debug)]
pub struct Waited {
    id: AnnouncementId,
    intent: [u8; 32],
}

protocol::wire_fields!(Announcements { open });
protocol::wire_fields!(Open { id, intent, announced_at, ready_at, expires_at });
impl Item for Open {}

impl Waited {
    /// What it was announced as: the record of the signature closes it.
    pub fn id(&self) -> AnnouncementId {
        self.id
    }

    /// What was announced, and nothing else may be signed by it.
    pub fn intent(&self) -> [u8; 32] {
        self.intent
    }
}

impl Open {
    /// From when on it may be signed, under a guard with this wait.
    fn ready_at(&self, delay_seconds: u32) -> UnixSeconds {
        self.ready_at.max(self.announced_at.saturating_add(delay_seconds.into()))
    }

    fn is_over(&self, now: UnixSeconds) -> bool {
        now >= self.expires_at
    }

    /// As the world may know it, under a guard with this wait.
    fn announcement(&self, wallet: WalletId, delay_seconds: u32) -> Announcement {
        let Self { id, intent, announced_at: _, ready_at: _, expires_at } = *self;
        Announcement { wallet, id, intent, ready_at: self.ready_at(delay_seconds), expires_at }
    }
}

impl Announcements {
    /// What comes of announcing `intent` of a wallet as `id` at `now`, under a guard with this wait.
    ///
    /// # Errors
    /// When something else is announced as `id`, or too much is announced.
    pub fn wish(
        &self,
        (wallet, id): (WalletId, AnnouncementId),
        intent: [u8; 32],
        delay_seconds: u32,
        now: UnixSeconds,
    ) -> Result<Wish, Refusal> {
        match self.find(id, now) {
            Some(open) if open.intent == intent => {
                return Ok(Wish::Known(open.announcement(wallet, delay_seconds)));
            }
            Some(_) => return Err(something_else()),
            None => {}
        }
        let open = || self.open.iter().filter(|open| !open.is_over(now));
        if open().count() >= MAX_OPEN {
            let first = open().map(|open| open.expires_at).min().unwrap_or(now);
            let message = format!("{MAX_OPEN} announcements are open; cancel some, or sign them");
            let retry_after_seconds = seconds_until(first, now);
            return Err(Refusal { code: RefusalCode::LimitReached, message, retry_after_seconds });
        }
        let ready_at = now.saturating_add(delay_seconds.into());
        let expires_at = ready_at.saturating_add(USABLE_SECONDS);
        Ok(Wish::New(Announcement { wallet, id, intent, ready_at, expires_at }))
    }

    /// Takes up what was announced at `at`, and forgets what is over then.
    pub fn add(&mut self, at: UnixSeconds, announced: &Announcement) {
        let Announcement { wallet: _, id, intent, ready_at, expires_at } = *announced;
        self.open.retain(|open| open.id != id && !open.is_over(at));
        self.open.push(Open { id, intent, announced_at: at, ready_at, expires_at });
    }

    /// Takes up that it was called off, or signed.
    pub fn close(&mut self, id: AnnouncementId) {
        self.open.retain(|open| open.id != id);
    }

    /// Shows that `intent` was announced as `id` and has waited, under a guard with this wait.
    ///
    /// # Errors
    /// When it was not, or has not.
    pub fn redeem(
        &self,
        id: AnnouncementId,
        intent: [u8; 32],
        delay_seconds: u32,
        now: UnixSeconds,
    ) -> Result<Waited, Refusal> {
        let open = self.find(id, now).ok_or_else(gone)?;
        if open.intent != intent {
            return Err(something_else());
        }
        let ready_at = open.ready_at(delay_seconds);
        if now < ready_at {
            let retry_after_seconds = seconds_until(ready_at, now);
            let message = format!("its wait is over in {retry_after_seconds} s; ask again then");
            return Err(Refusal { code: RefusalCode::NotYet, message, retry_after_seconds });
        }
        Ok(Waited { id, intent })
    }

    /// Whether something is announced as `id`, and could be called off.
    ///
    /// # Errors
    /// When nothing is.
    pub fn check(&self, id: AnnouncementId, now: UnixSeconds) -> Result<(), Refusal> {
        self.find(id, now).map(|_open| ()).ok_or_else(gone)
    }

    /// What is announced, under a guard with this wait.
    pub fn list(
        &self,
        wallet: WalletId,
        delay_seconds: u32,
        now: UnixSeconds,
    ) -> Vec<Announcement> {
        let open = self.open.iter().filter(|open| !open.is_over(now));
        open.map(|open| open.announcement(wallet, delay_seconds)).collect()
    }

    fn find(&self, id: AnnouncementId, now: UnixSeconds) -> Option<&Open> {
        self.open.iter().find(|open| open.id == id && !open.is_over(now))
    }
}

fn seconds_until(then: UnixSeconds, now: UnixSeconds) -> u32 {
    u32::try_from(then.saturating_sub(now)).unwrap_or(u32::MAX)
}

fn something_else() -> Refusal {
    let message = "something else is announced as this; cancel that, or take another id";
    Refusal::new(RefusalCode::UnknownAnnouncement, message)
}

fn gone() -> Refusal {
    let message = "nothing is announced as this: it was used, called off or is over; announce it";
    Refusal::new(RefusalCode::UnknownAnnouncement, message)
}

#[cfg(test)]
mod tests {
    use protocol::wire::{read_all, to_bytes};

    use super::*;

    const NOW: UnixSeconds = 1_800_000_000;
    const DELAY: u32 = 600;
    const READY: UnixSeconds = NOW + 600;
    const OVER: UnixSeconds = READY + USABLE_SECONDS;
    const INTENT: [u8; 32] = [7; 32];

    fn wallet() -> WalletId {
        WalletId::from_bytes([1; 16])
    }

    fn id(number: u16) -> AnnouncementId {
        let mut bytes = [0; 16];
        bytes[..2].copy_from_slice(&number.to_be_bytes());
        AnnouncementId(bytes)
    }

    fn announce(to: &mut Announcements, number: u16, at: UnixSeconds) -> Result<Wish, Refusal> {
        let wish = to.wish((wallet(), id(number)), INTENT, DELAY, at)?;
        if let Wish::New(announcement) = wish {
            to.add(at, &announcement);
        }
        Ok(wish)
    }

    fn sample() -> Announcements {
        let mut announcements = Announcements::default();
        assert!(matches!(announce(&mut announcements, 1, NOW), Ok(Wish::New(_))));
        announcements
    }

    /// The refusal's code and wait, or nothing where it may be signed.
    fn redeem(from: &Announcements, delay: u32, at: UnixSeconds) -> Option<(RefusalCode, u32)> {
        let waited = from.redeem(id(1), INTENT, delay, at);
        waited.err().map(|refusal| (refusal.code, refusal.retry_after_seconds))
    }

    #[test]
    fn an_intent_may_be_signed_from_the_end_of_its_wait_on_for_a_day() {
        use RefusalCode::{NotYet, UnknownAnnouncement};
        let announcements = sample();
        for (at, refused) in [
            (NOW, Some((NotYet, 600))),
            (READY - 1, Some((NotYet, 1))),
            (READY, None),
            (OVER - 1, None),
            (OVER, Some((UnknownAnnouncement, 0))),
            (u64::MAX, Some((UnknownAnnouncement, 0))),
        ] {
            assert_eq!(redeem(&announcements, DELAY, at), refused, "{at}");
        }
        let waited = announcements.redeem(id(1), INTENT, DELAY, READY).unwrap();
        assert_eq!((waited.id(), waited.intent()), (id(1), INTENT));
    }

    #[test]
    fn a_longer_wait_of_the_guard_holds_for_what_waits_and_a_shorter_one_does_not() {
        let announcements = sample();
        let not_yet = |seconds| Some((RefusalCode::NotYet, seconds));
        for (delay, at, refused) in [
            (0, READY - 1, not_yet(1)),
            (0, READY, None),
            (601, READY, not_yet(1)),
            (601, READY + 1, None),
            (u32::MAX, OVER - 1, not_yet(u32::MAX - 600 - 86_400 + 1)),
        ] {
            assert_eq!(redeem(&announcements, delay, at), refused, "{delay} s at {at}");
        }
        let [listed] = announcements.list(wallet(), 601, NOW)[..] else { panic!("one") };
        assert_eq!((listed.ready_at, listed.expires_at), (READY + 1, OVER));
    }

    #[test]
    fn nothing_but_what_was_announced_is_let_go_by_it() {
        let announcements = sample();
        let code = |id, intent| announcements.redeem(id, intent, DELAY, READY).unwrap_err().code;
        assert_eq!(code(id(1), [8; 32]), RefusalCode::UnknownAnnouncement);
        assert_eq!(code(id(2), INTENT), RefusalCode::UnknownAnnouncement);
    }

    #[test]
    fn what_was_used_or_called_off_is_used_no_more_and_waits_anew_when_announced_again() {
        let mut announcements = sample();
        announcements.close(id(2));
        assert_eq!(announcements.check(id(1), READY), Ok(()));
        announcements.close(id(1));
        assert!(announcements.check(id(1), READY).is_err());
        let gone = Some((RefusalCode::UnknownAnnouncement, 0));
        assert_eq!(redeem(&announcements, DELAY, READY), gone);
        assert!(matches!(announce(&mut announcements, 1, READY), Ok(Wish::New(_))));
        assert_eq!(redeem(&announcements, DELAY, READY), Some((RefusalCode::NotYet, 600)));
    }

    #[test]
    fn announcing_the_same_again_changes_nothing_and_something_else_is_refused() {
        let mut announcements = sample();
        let Ok(Wish::Known(known)) = announce(&mut announcements, 1, NOW + 5) else {
            panic!("it is known")
        };
        assert_eq!((known.ready_at, known.expires_at), (READY, OVER));
        let wish = |at| announcements.wish((wallet(), id(1)), [8; 32], DELAY, at);
        assert_eq!(wish(OVER - 1).unwrap_err().code, RefusalCode::UnknownAnnouncement);
        assert!(matches!(wish(OVER), Ok(Wish::New(_))), "what is over is in nobody's way");
    }

    #[test]
    fn so_many_may_be_open_and_those_that_are_over_do_not_count() {
        let mut announcements = Announcements::default();
        for number in 0..256 {
            let at = NOW + u64::from(number);
            assert!(matches!(announce(&mut announcements, number, at), Ok(Wish::New(_))));
        }
        let refusal = announce(&mut announcements, 256, NOW + 256).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::LimitReached);
        assert_eq!(u64::from(refusal.retry_after_seconds), OVER - (NOW + 256));
        assert!(matches!(announce(&mut announcements, 0, NOW + 256), Ok(Wish::Known(_))));
        assert!(matches!(announce(&mut announcements, 256, OVER), Ok(Wish::New(_))));
        assert_eq!(announcements.open.len(), 256, "the one that is over was forgotten");
        assert_eq!(announcements.list(wallet(), DELAY, OVER + 1).len(), 255);
        announcements.close(id(3));
        assert!(matches!(announce(&mut announcements, 300, OVER), Ok(Wish::New(_))));
    }

    #[test]
    fn no_time_is_too_late_and_no_wait_too_long() {
        let announcements = Announcements::default();
        let wish = announcements.wish((wallet(), id(1)), INTENT, u32::MAX, u64::MAX - 5);
        let Ok(Wish::New(announcement)) = wish else { panic!("a new one") };
        assert_eq!(announcement.ready_at, u64::MAX);
    }

    #[test]
    fn what_it_knows_survives_being_written() {
        let mut announcements = sample();
        assert!(matches!(announce(&mut announcements, 2, NOW + 3), Ok(Wish::New(_))));
        let read: Announcements = read_all(&to_bytes(&announcements)).unwrap();
        assert_eq!(read.open, announcements.open);
    }
}
