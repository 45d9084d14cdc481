//! Amounts in base units: whole numbers of 256 bits, checked arithmetic only.

use std::fmt;
use std::str::FromStr;

use ruint::aliases::U256;

/// A quantity in base units of its asset (wei, lamports, a token's smallest unit), below 2^256.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(U256);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// There is nothing to read.
    #[error("the amount is empty")]
    Empty,
    /// A sign, a space, a letter, an exponent, or a second decimal point.
    #[error("the amount is not a plain decimal number")]
    NotDecimal,
    /// `007` would mean different things to different readers.
    #[error("the amount has leading zeros")]
    LeadingZero,
    /// 2^256 or more.
    #[error("the amount does not fit in 256 bits")]
    TooLarge,
    /// More digits after the point than the asset has decimals.
    #[error("the amount has more than {decimals} decimals")]
    TooPrecise {
        /// Decimals of the asset.
        decimals: u8,
    },
}

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(U256::ZERO);
    /// 2^256 - 1, which is also what "unlimited" looks like in an allowance.
    pub const MAX: Self = Self(U256::MAX);

    /// `const` form of `From<u128>`, for tables.
    pub const fn from_u128(value: u128) -> Self {
        let bytes = value.to_le_bytes();
        let (low, high) = bytes.split_at(8);
        match (low.first_chunk(), high.first_chunk()) {
            (Some(low), Some(high)) => {
                Self(U256::from_limbs([u64::from_le_bytes(*low), u64::from_le_bytes(*high), 0, 0]))
            }
            _ => Self::ZERO,
        }
    }

    /// Reads a big-endian number.
    pub const fn from_be_bytes(bytes: [u8; 32]) -> Self {
        Self(U256::from_be_bytes(bytes))
    }

    /// Reads a big-endian number of at most 32 bytes; longer input is `None`, whatever it holds.
    pub fn from_be_slice(bytes: &[u8]) -> Option<Self> {
        (bytes.len() <= 32).then(|| U256::try_from_be_slice(bytes).map(Self)).flatten()
    }

    /// The number in 32 bytes, big-endian.
    pub const fn to_be_bytes(self) -> [u8; 32] {
        self.0.to_be_bytes()
    }

    /// The number in as few bytes as it needs, big-endian; zero is no bytes (as RLP wants it).
    pub fn to_be_bytes_trimmed(self) -> Vec<u8> {
        self.0.to_be_bytes_trimmed_vec()
    }

    /// The number, if it fits in 64 bits.
    pub fn to_u64(self) -> Option<u64> {
        u64::try_from(self.0).ok()
    }

    /// The number, if it fits in 128 bits.
    pub fn to_u128(self) -> Option<u128> {
        u128::try_from(self.0).ok()
    }

    /// True for nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// The sum, unless it does not fit in 256 bits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, unless it would be below zero.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum modulo 2^256, and whether it did not fit.
    pub fn overflowing_add(self, other: Self) -> (Self, bool) {
        let (sum, carried) = self.0.overflowing_add(other.0);
        (Self(sum), carried)
    }

    /// The difference modulo 2^256, and whether it would be below zero.
    pub fn overflowing_sub(self, other: Self) -> (Self, bool) {
        let (difference, borrowed) = self.0.overflowing_sub(other.0);
        (Self(difference), borrowed)
    }

    /// The product, unless it does not fit in 256 bits.
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        self.0.checked_mul(other.0).map(Self)
    }

    /// The quotient rounded down; `None` for a divisor of zero.
    pub fn checked_div(self, divisor: Self) -> Option<Self> {
        self.0.checked_div(divisor.0).map(Self)
    }

    /// The quotient rounded up; `None` for a divisor of zero.
    pub fn checked_div_ceil(self, divisor: Self) -> Option<Self> {
        (!divisor.is_zero()).then(|| Self(self.0.div_ceil(divisor.0)))
    }

    /// The difference, or nothing when `other` is larger.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The sum of all `amounts`, unless it does not fit in 256 bits.
    pub fn sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(Self::ZERO, Self::checked_add)
    }

    /// Reads what a person writes: whole units with an optional fraction (`1.5`), for an asset with
    /// `decimals`. Nothing is rounded.
    ///
    /// # Errors
    /// When the text is no plain decimal number, is finer than one base unit, or too large.
    pub fn from_units(text: &str, decimals: u8) -> Result<Self, AmountError> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        if fraction.is_empty() || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(AmountError::NotDecimal);
        }
        let whole: Self = whole.parse()?;
        let fraction = fraction.trim_end_matches('0');
        let missing = usize::from(decimals)
            .checked_sub(fraction.len())
            .ok_or(AmountError::TooPrecise { decimals })?;
        let digits = format!("{fraction}{}", "0".repeat(missing));
        let fraction = match digits.trim_start_matches('0') {
            "" => Self::ZERO,
            digits => digits.parse()?,
        };
        power_of_ten(decimals)
            .and_then(|unit| whole.checked_mul(unit))
            .and_then(|whole| whole.checked_add(fraction))
            .ok_or(AmountError::TooLarge)
    }

    /// Writes whole units with as many decimals as it takes (`1.5`), for an asset with `decimals`.
    pub fn to_units(self, decimals: u8) -> String {
        let digits = self.to_string();
        let places = usize::from(decimals);
        let padded = format!("{digits:0>width$}", width = places.saturating_add(1));
        let (whole, fraction) = padded.split_at(padded.len().saturating_sub(places));
        match fraction.trim_end_matches('0') {
            "" => whole.to_owned(),
            fraction => format!("{whole}.{fraction}"),
        }
    }
}

fn power_of_ten(exponent: u8) -> Option<Amount> {
    U256::from(10_u8).checked_pow(U256::from(exponent)).map(Amount)
}

impl From<u64> for Amount {
    fn from(value: u64) -> Self {
        Self(U256::from(value))
    }
}

impl From<u128> for Amount {
    fn from(value: u128) -> Self {
        Self(U256::from(value))
    }
}

/// Plain decimal digits: no sign, no leading zeros, no separators.
impl FromStr for Amount {
    type Err = AmountError;

    fn from_str(text: &str) -> Result<Self, AmountError> {
        match text.as_bytes() {
            [] => Err(AmountError::Empty),
            digits if !digits.iter().all(u8::is_ascii_digit) => Err(AmountError::NotDecimal),
            [b'0', _, ..] => Err(AmountError::LeadingZero),
            digits if digits.len() > 78 => Err(AmountError::TooLarge),
            _ => {
                U256::from_str_radix(text, 10).map(Self).map_err(|_overflow| AmountError::TooLarge)
            }
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_TO_256: &str =
        "115792089237316195423570985008687907853269984665640564039457584007913129639936";

    #[test]
    fn only_plain_decimal_digits_are_an_amount() {
        let refused = [
            ("", AmountError::Empty),
            ("-1", AmountError::NotDecimal),
            ("+1", AmountError::NotDecimal),
            ("1.0", AmountError::NotDecimal),
            ("1e3", AmountError::NotDecimal),
            ("0x10", AmountError::NotDecimal),
            (" 1", AmountError::NotDecimal),
            ("1_000", AmountError::NotDecimal),
            ("00", AmountError::LeadingZero),
            ("01", AmountError::LeadingZero),
            (TWO_TO_256, AmountError::TooLarge),
        ];
        for (text, error) in refused {
            assert_eq!(text.parse::<Amount>(), Err(error), "{text}");
        }
        assert_eq!("0".parse(), Ok(Amount::ZERO));
        assert_eq!(Amount::MAX.to_string().parse(), Ok(Amount::MAX));
    }

    #[test]
    fn units_are_exact_or_refused() {
        let read = [
            ("1", 18, Ok("1000000000000000000")),
            ("0.000000000000000001", 18, Ok("1")),
            ("1.50", 1, Ok("15")),
            ("0", 0, Ok("0")),
            ("3.0", 0, Ok("3")),
            ("1.5", 0, Err(AmountError::TooPrecise { decimals: 0 })),
            ("0.0000000000000000001", 18, Err(AmountError::TooPrecise { decimals: 18 })),
            (".5", 18, Err(AmountError::Empty)),
            ("5.", 18, Err(AmountError::NotDecimal)),
            ("1.2.3", 18, Err(AmountError::NotDecimal)),
            ("01.5", 18, Err(AmountError::LeadingZero)),
            (TWO_TO_256, 0, Err(AmountError::TooLarge)),
            ("1", 255, Err(AmountError::TooLarge)),
        ];
        for (text, decimals, expected) in read {
            let amount = Amount::from_units(text, decimals).map(|amount| amount.to_string());
            assert_eq!(amount, expected.map(str::to_owned), "{text} with {decimals} decimals");
        }
    }

    #[test]
    fn units_are_written_without_padding() {
        for (base, decimals, text) in
            [(1_u64, 18, "0.000000000000000001"), (1_500, 3, "1.5"), (0, 9, "0"), (42, 0, "42")]
        {
            assert_eq!(Amount::from(base).to_units(decimals), text);
        }
    }

    #[test]
    fn sums_that_do_not_fit_are_none() {
        assert_eq!(Amount::MAX.checked_add(Amount::from(1_u64)), None);
        assert_eq!(Amount::sum([Amount::MAX, Amount::ZERO]), Some(Amount::MAX));
        assert_eq!(Amount::ZERO.checked_sub(Amount::from(1_u64)), None);
        assert_eq!(Amount::from(7_u64).checked_div_ceil(Amount::from(2_u64)), Some(4_u64.into()));
        assert_eq!(Amount::from(7_u64).checked_div_ceil(Amount::ZERO), None);
    }

    #[test]
    fn the_const_maker_agrees_with_the_conversion() {
        for value in [0, 1, u128::from(u64::MAX), u128::from(u64::MAX) + 1, u128::MAX] {
            assert_eq!(Amount::from_u128(value), Amount::from(value));
        }
    }
}
