//! Prices in decimals: what one whole unit of an asset is worth, never a float on the way.

use std::fmt;

use primitives::Amount;

use crate::policy::UsdMicros;

/// Dollars for one whole unit of an asset, in 10^-18 of one. Above zero, and below 10^12 dollars.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Price(Amount);

/// Why a number is not a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PriceError {
    /// `NaN`, a word, an empty text.
    #[error("it is not a number")]
    NotANumber,
    /// Zero, or below.
    #[error("it is not above zero")]
    NotPositive,
    /// Nothing is worth that much.
    #[error("it is absurdly large")]
    Absurd,
}

/// Places of a price.
pub(super) const PLACES: u8 = 18;
/// Places of [`UsdMicros`].
const MICROS: u8 = 6;
/// More digits than any source writes.
const LONGEST: usize = 96;
/// From here on a price is a mistake: 10^12 dollars, for one unit of anything.
const ABSURD: Amount = Amount::from_u128(1_000_000_000_000_000_000_000_000_000_000);

impl Price {
    /// One dollar.
    pub const ONE: Self = Self(Amount::from_u128(1_000_000_000_000_000_000));

    /// Reads a number as JSON writes it: `1893.24`, `2.04e-05`. What is finer than 10^-18 is
    /// rounded up.
    ///
    /// # Errors
    /// When it is no number, not above zero, or absurd.
    pub fn from_number(text: &str) -> Result<Self, PriceError> {
        if text.len() > LONGEST {
            return Err(PriceError::NotANumber);
        }
        let (digits, exponent) = match text.split_once(['e', 'E']) {
            Some((digits, exponent)) => (digits, read_exponent(exponent)?),
            None => (text, 0),
        };
        Self::from_parts(digits, exponent)
    }

    /// `digits` times ten to the power of `exponent`, as Pyth writes it; `digits` may have a point.
    ///
    /// # Errors
    /// As [`Self::from_number`].
    pub fn from_parts(digits: &str, exponent: i32) -> Result<Self, PriceError> {
        let scaled = scaled(digits, exponent)?;
        match scaled {
            Some(scaled) if scaled < ABSURD => Self::new(scaled),
            Some(_) | None => Err(PriceError::Absurd),
        }
    }

    fn new(scaled: Amount) -> Result<Self, PriceError> {
        if scaled.is_zero() { Err(PriceError::NotPositive) } else { Ok(Self(scaled)) }
    }

    /// What `amount` base units are worth, for an asset with `decimals`, rounded up; `None` when it
    /// is more than can be counted.
    pub fn worth(self, amount: Amount, decimals: u8) -> Option<UsdMicros> {
        let unit = power_of_ten(decimals.checked_add(PLACES.checked_sub(MICROS)?)?)?;
        let micros = amount.checked_mul(self.0)?.checked_div_ceil(unit)?;
        micros.to_u64().map(UsdMicros::new)
    }

    /// How many units of what this is the price of make one dollar; `None` when that is not a price
    /// either.
    pub fn inverse(self) -> Option<Self> {
        let scaled = Self::ONE.0.checked_mul(Self::ONE.0)?.checked_div(self.0)?;
        Self::new(scaled).ok().filter(|inverse| inverse.0 < ABSURD)
    }

    /// How many millionths of what this is the price of the dollars buy, rounded down; for showing.
    pub fn bought_by(self, dollars: UsdMicros) -> Option<Amount> {
        Amount::from(dollars.get()).checked_mul(Self::ONE.0)?.checked_div(self.0)
    }

    /// Whether the two are further apart than `percent` of the lower one.
    pub fn differs(self, other: Self, percent: u32) -> bool {
        let (low, high) = (self.min(other), self.max(other));
        let spread = high.0.saturating_sub(low.0).checked_mul(Amount::from(100_u64));
        let allowed = low.0.checked_mul(Amount::from(u64::from(percent)));
        match (spread, allowed) {
            (Some(spread), Some(allowed)) => spread > allowed,
            (None, _) | (_, None) => true,
        }
    }

    /// Whether an interval of `half_width` on both sides is wider than `percent` of the price.
    pub fn is_uncertain(self, half_width: Amount, percent: u32) -> bool {
        let width = half_width.checked_mul(Amount::from(100_u64));
        let allowed = self.0.checked_mul(Amount::from(u64::from(percent)));
        width.zip(allowed).is_none_or(|(width, allowed)| width > allowed)
    }

    /// The dollars as a plain decimal number with at most so many places, the rest cut off.
    pub fn rounded(self, places: u8) -> String {
        let cut = PLACES.saturating_sub(places);
        let unit = power_of_ten(cut).unwrap_or(Amount::ZERO);
        self.0.checked_div(unit).unwrap_or(Amount::ZERO).to_units(PLACES.saturating_sub(cut))
    }
}

/// Half the width of a confidence interval, on the scale of [`Price`]: zero is fine.
///
/// # Errors
/// As [`Price::from_parts`], but for zero.
pub(super) fn half_width(digits: &str, exponent: i32) -> Result<Amount, PriceError> {
    scaled(digits, exponent)?.ok_or(PriceError::Absurd)
}

/// `None` when it does not fit.
fn scaled(digits: &str, exponent: i32) -> Result<Option<Amount>, PriceError> {
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let (negative, whole) = whole.strip_prefix('-').map_or((false, whole), |whole| (true, whole));
    let all = format!("{whole}{fraction}");
    let plain =
        !whole.is_empty() && all.len() <= LONGEST && all.bytes().all(|b| b.is_ascii_digit());
    if !plain || (digits.contains('.') && fraction.is_empty()) {
        return Err(PriceError::NotANumber);
    }
    let mantissa = match all.trim_start_matches('0') {
        "" => return Ok(Some(Amount::ZERO)),
        _ if negative => return Err(PriceError::NotPositive),
        digits => digits.parse::<Amount>().ok(),
    };
    let places = i32::try_from(fraction.len()).map_err(|_long| PriceError::NotANumber)?;
    let shift = exponent.saturating_sub(places).saturating_add(i32::from(PLACES));
    let unit = u8::try_from(shift.unsigned_abs()).ok().and_then(power_of_ten);
    Ok(match (mantissa, unit, shift >= 0) {
        (Some(mantissa), Some(unit), true) => mantissa.checked_mul(unit),
        (Some(mantissa), Some(unit), false) => mantissa.checked_div_ceil(unit),
        // A number so small that nothing of it is left but that it is not zero.
        (Some(_), None, false) => Some(Amount::from(1_u64)),
        (None, ..) | (_, None, true) => None,
    })
}

fn read_exponent(text: &str) -> Result<i32, PriceError> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !plain {
        return Err(PriceError::NotANumber);
    }
    text.parse().map_err(|_large| PriceError::Absurd)
}

fn power_of_ten(exponent: u8) -> Option<Amount> {
    Amount::from_units("1", exponent).ok()
}

impl fmt::Display for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.to_units(PLACES))
    }
}

impl fmt::Debug for Price {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_price_is_a_number_above_zero_and_not_absurd() {
        use PriceError::{Absurd, NotANumber, NotPositive};
        let long = "9".repeat(97);
        let many = "9".repeat(90);
        let rows = [
            ("1893.24", Ok("1893.24")),
            ("2.04e-05", Ok("0.0000204")),
            ("2E3", Ok("2000")),
            ("0.000000000000000001", Ok("0.000000000000000001")),
            ("0.0000000000000000001", Ok("0.000000000000000001")),
            ("1e-300", Ok("0.000000000000000001")),
            ("999999999999", Ok("999999999999")),
            ("1000000000000", Err(Absurd)),
            ("1e30", Err(Absurd)),
            ("1e2147483648", Err(Absurd)),
            (many.as_str(), Err(Absurd)),
            ("0", Err(NotPositive)),
            ("0.000", Err(NotPositive)),
            ("0e5", Err(NotPositive)),
            ("-0", Err(NotPositive)),
            ("-1893.24", Err(NotPositive)),
            ("NaN", Err(NotANumber)),
            ("Infinity", Err(NotANumber)),
            ("null", Err(NotANumber)),
            ("", Err(NotANumber)),
            ("-", Err(NotANumber)),
            (".5", Err(NotANumber)),
            ("5.", Err(NotANumber)),
            ("1.2.3", Err(NotANumber)),
            ("1e", Err(NotANumber)),
            ("1e+-5", Err(NotANumber)),
            ("0x10", Err(NotANumber)),
            ("1,893.24", Err(NotANumber)),
            (long.as_str(), Err(NotANumber)),
        ];
        for (text, expected) in rows {
            let found = Price::from_number(text).map(|price| price.to_string());
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
        assert_eq!(Price::from_parts("184136023127", -8).unwrap().to_string(), "1841.36023127");
        assert_eq!(Price::from_parts("1", i32::MAX), Err(Absurd));
        assert_eq!(Price::from_parts("1", i32::MIN).unwrap().0, Amount::from(1_u64));
    }

    #[test]
    fn worth_is_rounded_up_and_never_wraps() {
        let price = Price::from_number("1893.24").unwrap();
        let rows = [
            (Amount::ZERO, 18, Some(0)),
            (Amount::from(1_u64), 18, Some(1)),
            (Amount::from_units("1", 18).unwrap(), 18, Some(1_893_240_000)),
            (Amount::from_units("0.5", 9).unwrap(), 9, Some(946_620_000)),
            (Amount::from(3_u64), 0, Some(5_679_720_000)),
            (Amount::MAX, 18, None),
            (Amount::from(u128::MAX), 6, None),
            (Amount::from(1_u64), 255, None),
        ];
        for (amount, decimals, expected) in rows {
            let found = price.worth(amount, decimals).map(UsdMicros::get);
            assert_eq!(found, expected, "{amount} of {decimals} decimals");
        }
    }

    #[test]
    fn prices_differ_by_a_share_of_the_lower_one() {
        let price = |text| Price::from_number(text).unwrap();
        for (one, other, percent, expected) in [
            ("100", "105", 5, false),
            ("100", "105.000001", 5, true),
            ("105", "100", 5, false),
            ("100", "100", 0, false),
            ("0.00002", "0.0000211", 5, true),
            ("1", "999999999999", 5, true),
        ] {
            assert_eq!(price(one).differs(price(other), percent), expected, "{one} {other}");
        }
        assert!(!price("100").is_uncertain(half_width("2", 0).unwrap(), 2));
        assert!(price("100").is_uncertain(half_width("200000001", -8).unwrap(), 2));
        assert!(price("100").is_uncertain(Amount::MAX, 2));
    }

    #[test]
    fn an_inverse_is_a_price_or_nothing() {
        let inverse = |text| Price::from_number(text).unwrap().inverse();
        assert_eq!(inverse("1.25").unwrap().to_string(), "0.8");
        assert_eq!(inverse("0.0064").unwrap().rounded(4), "156.25");
        assert_eq!(inverse("0.000000000000000001"), None);
    }

    proptest! {
        #[test]
        fn worth_is_the_product_rounded_up(amount: u64, cents in 1_u64..1 << 40, decimals in 0_u8..=18) {
            let price = Price::from_parts(&cents.to_string(), -2).unwrap();
            let unit = 10_u128.pow(u32::from(decimals));
            let exact = u128::from(amount) * u128::from(cents) * 10_000;
            let expected = u64::try_from(exact.div_ceil(unit)).ok();
            prop_assert_eq!(price.worth(amount.into(), decimals).map(UsdMicros::get), expected);
        }

        #[test]
        fn more_is_never_worth_less(one: u128, other: u128, mantissa in 1_u64.., exponent in -18_i32..0) {
            prop_assume!(Price::from_parts(&mantissa.to_string(), exponent).is_ok());
            let price = Price::from_parts(&mantissa.to_string(), exponent).unwrap();
            let (less, more) = (one.min(other), one.max(other));
            let worth = |amount: u128| price.worth(amount.into(), 18).map_or(u64::MAX, UsdMicros::get);
            prop_assert!(worth(less) <= worth(more));
            prop_assert!(less == 0 || worth(less) > 0, "something is never worth nothing");
        }

        #[test]
        fn any_text_is_a_price_or_refused(text in "\\PC{0,40}") {
            if let Ok(price) = Price::from_number(&text) {
                prop_assert!(!price.0.is_zero() && price.0 < ABSURD);
            }
        }

        #[test]
        fn what_is_written_is_read_again(mantissa in 1_u64.., exponent in -18_i32..=-9) {
            let price = Price::from_parts(&mantissa.to_string(), exponent).unwrap();
            prop_assert_eq!(Price::from_number(&price.to_string()), Ok(price));
        }
    }
}
