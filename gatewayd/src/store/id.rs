//! Names of what the database holds.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::clock::Clock;

/// The text is not a UUID in its usual form of 36 characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID such as 01926f3c-7d4e-7abc-8def-0123456789ab")]
pub struct IdError;

/// Declares identifiers: UUIDs of version 7 (RFC 9562), so that their order is that of time.
macro_rules! ids {
    ($($(#[$doc:meta])+ $name:ident;)+) => {$(
        $(#[$doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// A new one, after all that were made before: the clock's milliseconds and random bits.
            pub fn new(clock: &Clock) -> Self {
                let [_, _, _, _, _, _, random @ ..] = Uuid::new_v4().into_bytes();
                Self(uuid::Builder::from_unix_timestamp_millis(clock.stamp_ms(), &random).into_uuid())
            }

            /// Its 16 bytes.
            pub fn to_bytes(self) -> [u8; 16] {
                self.0.into_bytes()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, formatter)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let parsed = if text.len() == 36 { Uuid::try_parse(text).ok() } else { None };
                parsed.map(Self).ok_or(IdError)
            }
        }
    )+};
}

ids! {
    /// Names a policy.
    PolicyId;
    /// Names a session of an agent.
    SessionId;
    /// Names a session that an agent asks for.
    SessionRequestId;
    /// Names an entry of the token registry.
    TokenId;
    /// Names a transaction, or a signature that was asked for.
    TransactionId;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::UnixSeconds;

    #[test]
    fn an_id_is_a_version_7_uuid_of_the_clocks_time() {
        let (clock, _setter) = Clock::settable(UnixSeconds::new(1_645_557_742));
        let id = TransactionId::new(&clock).to_string();
        assert!(id.starts_with("017f22e2-79b0-7"), "{id}");
        assert_eq!(id.parse::<TransactionId>().unwrap().to_string(), id);
        assert!(TransactionId::new(&clock).to_string() > id, "made later");
    }

    #[test]
    fn other_forms_of_a_uuid_are_refused() {
        for text in
            ["", "017f22e279b07cc398c4dc0c0c07398f", "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}"]
        {
            assert_eq!(text.parse::<TransactionId>(), Err(IdError), "{text}");
        }
    }
}
