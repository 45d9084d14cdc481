//! Worth in the currency that people count in. For showing only: nothing is decided by it.

use primitives::Amount;

use super::Prices;
use crate::policy::UsdMicros;

/// Currencies without smaller coins.
const WHOLE: &[&str] = &["JPY", "KRW"];
/// Places of a millionth.
const MICROS: u8 = 6;

impl Prices {
    /// Dollars in a currency, such as `12.34`; `None` when the exchange rate is not known.
    pub async fn shown(&self, dollars: UsdMicros, currency: &str) -> Option<String> {
        let micros = self.currency(currency).await?.bought_by(dollars)?;
        Some(written(micros, currency))
    }
}

/// With the places that the currency has, and with more for what is less than its smallest coin.
fn written(micros: Amount, currency: &str) -> String {
    let places: u8 = if WHOLE.contains(&currency) { 0 } else { 2 };
    let coin = Amount::from(if places == 0 { 1_000_000_u64 } else { 10_000 });
    let coins = micros.checked_div(coin).unwrap_or_default();
    if coins.is_zero() {
        return micros.to_units(MICROS);
    }
    let text = coins.to_units(places);
    match text.split_once('.') {
        Some((whole, cents)) => format!("{whole}.{cents:0<2}"),
        None if places == 0 => text,
        None => format!("{text}.00"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_the_places_of_their_currency() {
        for (micros, currency, expected) in [
            (12_345_678_u64, "USD", "12.34"),
            (12_300_000, "EUR", "12.30"),
            (12_000_000, "EUR", "12.00"),
            (12_999_999, "JPY", "12"),
            (999_999, "JPY", "0.999999"),
            (9_999, "USD", "0.009999"),
            (10_000, "USD", "0.01"),
            (0, "USD", "0"),
        ] {
            assert_eq!(written(Amount::from(micros), currency), expected, "{micros} {currency}");
        }
    }
}
