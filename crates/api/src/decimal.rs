//! Numbers that are written as their digits say.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

/// A JSON number that is never held as a float: dollars, rates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decimal(String);

/// The text is not a plain decimal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecimalError;

impl Decimal {
    /// The number that `text` writes: digits, with a point and digits after it where there is a
    /// fraction.
    ///
    /// # Errors
    /// When it is anything else.
    pub fn new(text: &str) -> Result<Self, DecimalError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits =
            |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        let leading = whole.len() > 1 && whole.starts_with('0');
        if digits(whole) && digits(fraction) && !leading {
            Ok(Self(text.to_owned()))
        } else {
            Err(DecimalError)
        }
    }

    /// As it is written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let raw = RawValue::from_string(self.0.clone()).map_err(serde::ser::Error::custom)?;
        raw.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Self::new(raw.get()).map_err(serde::de::Error::custom)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl fmt::Display for DecimalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("not a plain decimal number such as 12.5")
    }
}

impl std::error::Error for DecimalError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_and_read_as_its_digits_say() {
        for text in ["0", "12", "12.50", "0.000001", "99999999999999999999.123456789012345678"] {
            let decimal = Decimal::new(text).unwrap();
            assert_eq!(serde_json::to_string(&decimal).unwrap(), text);
            assert_eq!(serde_json::from_str::<Decimal>(text).unwrap(), decimal);
        }
        for text in ["", ".5", "5.", "-1", "01", "1e3", "NaN", "\"1\"", "null"] {
            assert_eq!(Decimal::new(text), Err(DecimalError), "{text}");
            assert!(serde_json::from_str::<Decimal>(text).is_err(), "{text}");
        }
    }
}
