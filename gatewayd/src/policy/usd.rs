//! Dollars, in whole millionths.

use std::fmt;

use primitives::Amount;
use serde::Deserialize;

/// An amount of US dollars in millionths of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct UsdMicros(u64);

/// The number cannot be an amount of dollars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an amount of dollars: expected a number from 0 with at most six decimals")]
pub struct UsdError;

impl UsdMicros {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// That many millionths of a dollar.
    pub const fn new(micros: u64) -> Self {
        Self(micros)
    }

    /// Millionths of a dollar.
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The sum, unless it does not fit.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }
}

/// Exactly what the digits say; a number that only a power of ten can write is refused.
impl TryFrom<serde_json::Number> for UsdMicros {
    type Error = UsdError;

    fn try_from(number: serde_json::Number) -> Result<Self, UsdError> {
        let micros = Amount::from_units(&number.to_string(), 6).map_err(|_not_exact| UsdError)?;
        micros.to_u64().map(Self).ok_or(UsdError)
    }
}

impl<'de> Deserialize<'de> for UsdMicros {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = serde_json::Number::deserialize(deserializer)?;
        Self::try_from(number).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for UsdMicros {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} USD", Amount::from(self.0).to_units(6))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_exact_or_refused() {
        let rows = [
            ("0", Some(0)),
            ("10", Some(10_000_000)),
            ("0.1", Some(100_000)),
            ("0.000001", None), // printed as 1e-6
            ("0.0001", Some(100)),
            ("2.5", Some(2_500_000)),
            ("-1", None),
            ("1e20", None),
            ("18446744073709551615", None),
        ];
        for (text, micros) in rows {
            let read = serde_json::from_str::<UsdMicros>(text).ok();
            assert_eq!(read, micros.map(UsdMicros::new), "{text}");
        }
    }

    #[test]
    fn dollars_are_written_as_dollars() {
        assert_eq!(UsdMicros::new(2_500_000).to_string(), "2.5 USD");
    }
}
