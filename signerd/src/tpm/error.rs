//! What can be wrong with a TPM, and what to do then.

use std::fmt;
use std::io;

use protocol::wire::WireError;

/// Why the TPM did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum TpmError {
    /// It cannot be opened.
    #[error(
        "it cannot be opened: is there a TPM 2.0, switched on in the firmware, and may the signer's \
         user open it?"
    )]
    Unreachable(#[source] io::Error),
    /// It was asked, and did not answer.
    #[error("it does not answer")]
    Silent(#[source] io::Error),
    /// What came back is no answer.
    #[error("what answers there is no TPM 2.0")]
    Nonsense(#[from] WireError),
    /// It said no.
    #[error("it refuses {asked}: {refusal}")]
    Refused {
        /// The command's name in the specification.
        asked: &'static str,
        /// Why.
        refusal: Refusal,
    },
    /// What is in the counter's place is none, or none that can be counted and read.
    #[error(
        "something else is at the NV index {index:#x}: give the counter another place by \
         witness_tpm_index"
    )]
    Foreign {
        /// The place.
        index: u32,
    },
    /// A new counter has no name without them.
    #[error("no random bytes for a new counter: {0}")]
    Random(getrandom::Error),
}

/// Why a TPM says no: TPM 2.0 Library, part 2, `TPM_RC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `TPM_RC_HANDLE`: nothing is there.
    NothingThere,
    /// `TPM_RC_BAD_AUTH`, `TPM_RC_AUTH_FAIL`: a password is set.
    Password,
    /// `TPM_RC_LOCKOUT`: too many wrong passwords.
    Lockout,
    /// `TPM_RC_NV_SPACE`: no room.
    Full,
    /// `TPM_RC_NV_RATE`, `TPM_RC_RETRY` and others: not now.
    Busy,
    /// `TPM_RC_INITIALIZE`, `TPM_RC_FAILURE`, `TPM_RC_DISABLED`, `TPM_RC_HIERARCHY`: it is not in use.
    Out,
    /// Another code.
    Other(u32),
}

impl TpmError {
    /// Whether the same may go well a little later.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Refused { refusal: Refusal::Busy, .. })
    }
}

impl Refusal {
    /// What an answer's code means; `None` for done.
    pub(super) fn of(code: u32) -> Option<Self> {
        /// Codes with this bit say to which handle or parameter they belong, in the bits of the other
        /// mask.
        const WITH_PLACE: u32 = 1 << 7;
        const PLACE: u32 = 0xf40;
        let known = if code & WITH_PLACE == 0 { code } else { code & !PLACE };
        Some(match known {
            0 => return None,
            0x08b => Self::NothingThere,
            0x08e | 0x0a2 => Self::Password,
            0x921 => Self::Lockout,
            0x14b => Self::Full,
            0x908 | 0x90a | 0x920 | 0x922 | 0x923 => Self::Busy,
            0x085 | 0x100 | 0x101 | 0x120 => Self::Out,
            _ => Self::Other(code),
        })
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::NothingThere => "the counter is gone; somebody deleted it, or cleared the TPM",
            Self::Password => {
                "its owner has a password, which the signer is never told; make the counter by hand: \
                 docs/journal.md says how"
            }
            Self::Lockout => {
                "it is locked after too many wrong passwords; wait, or reset it by \
                 `tpm2_dictionarylockout --clear-lockout`"
            }
            Self::Full => {
                "it has no room left; `tpm2_getcap handles-nv-index` lists what is in it"
            }
            Self::Busy => "it is busy, or spares its memory; try again in a minute",
            Self::Out => "it is not in use; look into the firmware's settings for it",
            Self::Other(code) => return write!(formatter, "TPM_RC {code:#05x}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_mean_the_same_whatever_handle_or_parameter_they_are_about() {
        assert_eq!(Refusal::of(0), None);
        for (code, refusal) in [
            (0x18b, Refusal::NothingThere),
            (0x28b, Refusal::NothingThere),
            (0x9a2, Refusal::Password),
            (0x98e, Refusal::Password),
            (0x921, Refusal::Lockout),
            (0x14b, Refusal::Full),
            (0x922, Refusal::Busy),
            (0x920, Refusal::Busy),
            (0x185, Refusal::Out),
            (0x100, Refusal::Out),
            (0x14c, Refusal::Other(0x14c)),
            (0x0bf, Refusal::Other(0x0bf)),
        ] {
            assert_eq!(Refusal::of(code), Some(refusal), "{code:#x}");
        }
        assert_eq!(Refusal::Other(0x1d5).to_string(), "TPM_RC 0x1d5");
    }
}
