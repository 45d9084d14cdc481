//! What a no of the signer means for a payment.

use std::time::Duration;

use protocol::{Refusal, RefusalCode};

use super::{Problem, Tier};

/// What is to be done after a no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(super) enum Course {
    /// It is given more care: from now on at least this tier.
    Demand(Tier),
    /// The signer's own wait is not over: so long yet.
    Wait(Duration),
    /// What was announced is not known, or not any more.
    Unannounced,
    /// What the owners signed does not count, or not any more.
    Unapproved,
    /// The signer could not do it, for a reason that is not the payment's; the same bytes again.
    Again,
    /// The signer does not do it now; other bytes then, at the earliest after so long.
    Later(Duration),
    /// It will not be signed.
    Never,
}

/// What to do after `refusal`.
pub(super) fn course(refusal: &Refusal) -> Course {
    let wait = Duration::from_secs(refusal.retry_after_seconds.into());
    match refusal.code {
        RefusalCode::NeedsDelay => Course::Demand(Tier::Delay),
        RefusalCode::NeedsOwner => Course::Demand(Tier::Approval),
        RefusalCode::NotYet => Course::Wait(wait.max(Duration::from_secs(1))),
        RefusalCode::UnknownAnnouncement => Course::Unannounced,
        RefusalCode::BadApproval
        | RefusalCode::ApprovalExpired
        | RefusalCode::ApprovalUsed
        | RefusalCode::GuardChanged
        | RefusalCode::OwnersChanged => Course::Unapproved,
        RefusalCode::JournalFailed | RefusalCode::Internal => Course::Again,
        RefusalCode::TooManyRequests
        | RefusalCode::Suspended
        | RefusalCode::Locked
        | RefusalCode::LimitReached
        | RefusalCode::VaultLocked
        | RefusalCode::VaultUninitialised
        | RefusalCode::Throttled => Course::Later(wait),
        RefusalCode::NotPermitted
        | RefusalCode::UnknownVersion
        | RefusalCode::VaultExists
        | RefusalCode::VaultOpen
        | RefusalCode::WrongPassphrase
        | RefusalCode::WeakPassphrase
        | RefusalCode::UnknownWallet
        | RefusalCode::WrongChain
        | RefusalCode::WalletRetired
        | RefusalCode::Undecodable
        | RefusalCode::NetworkNotAllowed
        | RefusalCode::EffectNotAllowed
        | RefusalCode::OverOwnerCeiling
        | RefusalCode::BadGuard
        | RefusalCode::BadKey
        | RefusalCode::BadBackup
        | RefusalCode::LatchChanged
        | RefusalCode::UnknownRecord
        | RefusalCode::BadOwners => Course::Never,
    }
}

/// What the HTTP contract has a word of its own for.
const SHOWN: &[(RefusalCode, &str)] = &[
    (RefusalCode::Suspended, "KILL_SWITCH_ACTIVE"),
    (RefusalCode::Locked, "KILL_SWITCH_ACTIVE"),
    (RefusalCode::TooManyRequests, "RATE_LIMITED"),
    (RefusalCode::VaultLocked, "KEYSTORE_LOCKED"),
    (RefusalCode::VaultUninitialised, "KEYSTORE_LOCKED"),
];

/// The no as the payment's asker reads it.
pub(super) fn problem(refusal: &Refusal) -> Problem {
    let code = SHOWN.iter().find(|(code, _word)| *code == refusal.code);
    let code = code.map_or("SIGNER_REFUSED", |(_code, word)| word);
    Problem::new(code, format!("{}: {}", refusal.code, refusal.message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_no_has_its_course_and_is_shown_with_its_word() {
        use RefusalCode::*;
        let seconds = Duration::from_secs;
        let rows = [
            (NeedsDelay, 0, Course::Demand(Tier::Delay), "SIGNER_REFUSED: NEEDS_DELAY: so"),
            (NeedsOwner, 0, Course::Demand(Tier::Approval), "SIGNER_REFUSED: NEEDS_OWNER: so"),
            (NotYet, 0, Course::Wait(seconds(1)), "SIGNER_REFUSED: NOT_YET: so"),
            (NotYet, 90, Course::Wait(seconds(90)), "SIGNER_REFUSED: NOT_YET: so"),
            (
                UnknownAnnouncement,
                0,
                Course::Unannounced,
                "SIGNER_REFUSED: UNKNOWN_ANNOUNCEMENT: so",
            ),
            (BadApproval, 0, Course::Unapproved, "SIGNER_REFUSED: BAD_APPROVAL: so"),
            (ApprovalExpired, 0, Course::Unapproved, "SIGNER_REFUSED: APPROVAL_EXPIRED: so"),
            (ApprovalUsed, 0, Course::Unapproved, "SIGNER_REFUSED: APPROVAL_USED: so"),
            (GuardChanged, 0, Course::Unapproved, "SIGNER_REFUSED: GUARD_CHANGED: so"),
            (
                TooManyRequests,
                60,
                Course::Later(seconds(60)),
                "RATE_LIMITED: TOO_MANY_REQUESTS: so",
            ),
            (Suspended, 0, Course::Later(seconds(0)), "KILL_SWITCH_ACTIVE: SUSPENDED: so"),
            (Locked, 0, Course::Later(seconds(0)), "KILL_SWITCH_ACTIVE: LOCKED: so"),
            (VaultLocked, 0, Course::Later(seconds(0)), "KEYSTORE_LOCKED: VAULT_LOCKED: so"),
            (JournalFailed, 0, Course::Again, "SIGNER_REFUSED: JOURNAL_FAILED: so"),
            (OverOwnerCeiling, 0, Course::Never, "SIGNER_REFUSED: OVER_OWNER_CEILING: so"),
            (NetworkNotAllowed, 9, Course::Never, "SIGNER_REFUSED: NETWORK_NOT_ALLOWED: so"),
        ];
        for (code, retry_after_seconds, expected, shown) in rows {
            let refusal = Refusal { retry_after_seconds, ..Refusal::new(code, "so") };
            assert_eq!(course(&refusal), expected, "{code}");
            assert_eq!(problem(&refusal).to_string(), shown);
        }
    }
}
