//! What an answer means.

use protocol::{Refusal, RefusalCode, Reply, Warrant};

use super::engine::{Engine, Sent, What};
use super::given::Lie;
use super::rules::Feature;
use super::{Fate, Shot, Target};

/// Announcements that are remembered for later.
const MOST_ANNOUNCED: usize = 512;
/// Signed requests that are remembered and asked for again.
const MOST_REMEMBERED: usize = 256;

impl Engine<'_> {
    /// Counts what an answer means.
    pub(super) fn count(&mut self, sent: Sent, reply: Reply) {
        self.tally.requests += 1;
        let Sent { class, target, what } = sent;
        let at = self.elapsed();
        let name = class.map_or("something remembered", |class| class.name);
        let guard = target.rules.name;
        match (what, reply) {
            (What::Shot(shot), Reply::Signature(signature)) => {
                if let Some(class) = class {
                    self.tally.classes.entry(class.name).or_default()[0] += 1;
                }
                if let Fate::Refused(codes) = shot.fate {
                    self.tally.mistake(format!("{name} under {guard:?} was signed, not {codes:?}"));
                }
                self.tally.signed(target.wallet, signature, &shot.takes, at);
                self.remember(target, shot);
            }
            (What::Shot(shot), Reply::Refused(Refusal { code, message, .. })) => {
                if let Some(class) = class {
                    self.tally.classes.entry(class.name).or_default()[1] += 1;
                }
                self.tally.refused(code);
                if !is_expected(&shot, &target, code) {
                    self.tally.mistake(format!("{name} under {guard:?}: {code}: {message}"));
                }
            }
            (What::Approved(number, shot), reply) => self.count_approved(number, &shot, reply),
            (What::Pretended(lie, shot), reply) => {
                self.count_pretended(lie, &target, &shot, &reply);
            }
            (What::Announced(id, shot), Reply::Announced(_)) => {
                if self.announced.len() == MOST_ANNOUNCED {
                    let gone = self.dice.index(MOST_ANNOUNCED);
                    self.announced.swap_remove(gone);
                }
                self.announced.push((target, id, shot));
            }
            (What::Announced(..) | What::Allowed, Reply::Refused(refusal)) => {
                self.tally.refused(refusal.code);
            }
            (What::Forbidden, Reply::Refused(refusal))
                if refusal.code == RefusalCode::NotPermitted =>
            {
                self.tally.refused(refusal.code);
            }
            (What::Allowed, _) => {}
            (What::Shot(_) | What::Announced(..) | What::Forbidden, reply) => {
                self.tally.mistake(format!("{name} under {guard:?} was answered by {reply:?}"));
            }
        }
    }

    /// An approval as it was given: it leads to one signature, of what the owners read.
    fn count_approved(&mut self, number: u64, shot: &Shot, reply: Reply) {
        const ANY_TIME: &[RefusalCode] =
            &[RefusalCode::OverOwnerCeiling, RefusalCode::LimitReached, RefusalCode::Suspended];
        let (at, now) = (self.elapsed(), self.now());
        let Some(given) = self.given.get_mut(&number) else { return };
        let guard = given.target.rules.name;
        if let Reply::Signature(signature) = reply {
            if let Some(taken) = given.exceeded(&shot.takes) {
                self.tally.mistake(format!("{guard}: more than owners allowed: {taken:?}"));
            }
            let is_new = self.tally.approved(given.target.wallet, signature, &shot.takes, at);
            if is_new && given.is_used {
                self.tally.mistake(format!("{guard}: an approval was used twice"));
            }
            given.is_used = true;
        } else if let Reply::Refused(Refusal { code, message, .. }) = reply {
            self.tally.refused(code);
            // What was sent before may have been signed, by whoever was killed then too.
            let is_expected = ANY_TIME.contains(&code)
                || (code == RefusalCode::ApprovalUsed && given.sent > 1)
                || (code == RefusalCode::ApprovalExpired && given.is_over(now));
            if !is_expected {
                self.tally.mistake(format!("{guard}: what owners gave: {code}: {message}"));
            }
        } else {
            self.tally.mistake(format!("{guard}: an approval: {reply:?}"));
        }
    }

    /// What only looks as if owners had approved it leads to nothing.
    fn count_pretended(&mut self, lie: Lie, target: &Target, shot: &Shot, reply: &Reply) {
        const EXPECTED: &[RefusalCode] = &[
            RefusalCode::BadApproval,
            RefusalCode::ApprovalUsed,
            RefusalCode::ApprovalExpired,
            RefusalCode::GuardChanged,
            RefusalCode::LimitReached,
            RefusalCode::EffectNotAllowed,
            RefusalCode::NetworkNotAllowed,
            RefusalCode::Suspended,
        ];
        let guard = target.rules.name;
        if let Reply::Refused(Refusal { code, .. }) = &reply
            && EXPECTED.contains(code)
        {
            self.tally.refused(*code);
        } else {
            let takes = &shot.takes;
            let what =
                format!("{guard}: {lie:?}, which takes {takes:?}, was answered by {reply:?}");
            self.tally.mistake(what);
        }
    }

    fn remember(&mut self, target: Target, shot: Shot) {
        if self.remembered.len() == MOST_REMEMBERED {
            let gone = self.dice.index(MOST_REMEMBERED);
            self.remembered.swap_remove(gone);
        }
        self.remembered.push((target, shot));
    }
}

/// Whether a refusal is one of those that the class knows, or one that can meet everybody.
fn is_expected(shot: &Shot, target: &Target, code: RefusalCode) -> bool {
    const ANYBODY: &[RefusalCode] = &[RefusalCode::Suspended, RefusalCode::TooManyRequests];
    const NO_ROOM: &[RefusalCode] = &[RefusalCode::NeedsOwner, RefusalCode::NeedsDelay];
    const OF_WAITS: &[RefusalCode] = &[RefusalCode::NotYet, RefusalCode::UnknownAnnouncement];
    let is_message = !matches!(shot.payload, protocol::Payload::Transaction(_));
    let is_announced = matches!(shot.warrant, Warrant::Announced(_));
    ANYBODY.contains(&code)
        || (is_message
            && target.rules.has(Feature::Silent)
            && code == RefusalCode::EffectNotAllowed)
        || (is_announced && OF_WAITS.contains(&code))
        || match shot.fate {
            Fate::Refused(codes) => codes.contains(&code),
            // A sum of more than 256 bits is not counted, and so never signed; bytes of another
            // wallet may be those of another chain, or name another payer.
            Fate::Counted if is_announced => true,
            Fate::Counted => NO_ROOM.contains(&code) || code == RefusalCode::EffectNotAllowed,
        }
}
