//! Ratios, multiples and scores: decimals that are compared and never rounded.

use std::fmt;
use std::str::FromStr;

use primitives::Amount;
use serde::Deserialize;
use serde_json::Value;

/// A number from zero with at most nine decimals.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Decimal(Amount);

/// Something is no such number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a number from 0 with at most nine decimals")]
pub struct DecimalError;

const PLACES: u8 = 9;

impl Decimal {
    /// One.
    pub const ONE: Self = Self(Amount::from_u128(1_000_000_000));
    /// A hundred.
    pub const HUNDRED: Self = Self(Amount::from_u128(100_000_000_000));
}

impl FromStr for Decimal {
    type Err = DecimalError;

    fn from_str(text: &str) -> Result<Self, DecimalError> {
        Amount::from_units(text, PLACES).map(Self).map_err(|_not_exact| DecimalError)
    }
}

/// Exactly what the digits of a number or a text say.
impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = match Value::deserialize(deserializer)? {
            Value::Number(number) => number.to_string().parse(),
            Value::String(text) => text.parse(),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => Err(DecimalError),
        };
        read.map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_units(PLACES))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact_or_refused() {
        for (text, read) in [
            ("0", Some("0")),
            ("0.8", Some("0.8")),
            ("\"0.123456789\"", Some("0.123456789")),
            ("20", Some("20")),
            ("-1", None),
            ("1e30", None),
            ("\"1e3\"", None),
            ("\"0.1234567891\"", None),
            ("\"NaN\"", None),
            ("true", None),
            ("null", None),
        ] {
            let found = serde_json::from_str::<Decimal>(text).ok().map(|found| found.to_string());
            assert_eq!(found.as_deref(), read, "{text}");
        }
    }
}
